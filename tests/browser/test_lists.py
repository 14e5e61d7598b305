"""Lists by keyboard: a word looked for in one field, the menu, groups, conditions of one's own; also without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE

LIST = "/records/complaints?filter="


def test_a_word_is_looked_for_in_one_field_by_arrow_keys(desk):
    page = desk("specialist").go(LIST)
    box = page.locator("#q")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("TS-")
    offers = page.locator("#q-offers")
    expect(offers).to_be_visible()
    expect(offers.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(offers).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "where=" in page.url
    expect(page.locator(".facet", has_text="TS-")).to_have_count(1)
    expect(page.locator("tr.line").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("水")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # everywhere is offered first
    assert "q=%E6%B0%B4" in page.url


def test_a_filter_is_found_by_its_name_and_by_its_code(desk):
    page = desk("specialist").go("/records/tasks?filter=open")
    offers = page.locator("#q-offers")
    page.locator("#q").fill("主管签收")
    expect(offers.get_by_role("option").last).to_have_text("时限DL-10 转部门并由主管签收")
    page.locator("#q").fill("dl-10")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".facet", has_text="DL-10")).to_have_count(1)
    expect(page.locator("tr.line").first).to_contain_text("转部门并由主管签收")


def test_groups_are_chosen_opened_and_closed_by_keyboard(desk):
    page = desk("specialist").go(LIST)
    summary = page.locator(".search-cell > details > summary")
    summary.focus()
    page.keyboard.press("Enter")
    by_state = page.locator(".menu-columns").get_by_role("link", name="状态", exact=True)
    by_state.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    first = page.locator(".group-toggle").first
    expect(first).to_have_attribute("aria-expanded", "false")
    first.focus()
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-expanded", "true")
    expect(first).to_be_focused()
    expect(page.locator("tr.line").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-expanded", "false")
    expect(page.locator("tr.line")).to_have_count(0)
    expect(first).to_be_focused()


def test_conditions_are_put_together_and_what_is_wrong_stays(desk):
    page = desk("specialist").go("/records/complaints/conditions?filter=")
    page.locator("select[name='field.0']").select_option("received")
    page.locator("select[name='op.0']").select_option("between")
    expect(page.locator("input[name='value.0']")).to_have_count(2)
    page.locator("#conditions .btn.primary").click()
    expect(page.locator(".condition .error")).to_contain_text("请填写日期")
    page.locator("input[name='value.0']").first.fill("2026-01-01")
    page.locator("input[name='value.0']").last.fill("2026-12-31")
    page.get_by_role("button", name="再加一个条件").click()
    expect(page.locator("select[name='field.1']")).to_be_focused()
    for chosen in ("已结案", "已登记"):  # one press each, and both stay in sight
        page.get_by_role("group", name="状态").get_by_label(chosen, exact=True).check()
    page.locator("#conditions .btn.primary").click()
    page.wait_for_url(re.compile(r"/records/complaints\?.*where="))
    expect(page.locator(".facet")).to_have_count(2)
    expect(page.locator("tr.line").first).to_be_visible()


def test_all_of_it_works_without_javascript(desk):
    page = desk("specialist", java_script=False).go(LIST)
    page.locator("#q").fill("TS-")
    page.locator("select[name=in]").select_option("number")
    page.locator("#q").press("Enter")
    page.wait_for_url(re.compile("where="))
    page.goto(page.url.split("?")[0] + "?filter=&group=state")
    page.locator(".group-toggle").first.click()
    expect(page.locator("tr.line").first).to_be_visible()
    page.goto(page.url.split("?")[0] + "/conditions?filter=")
    page.locator("select[name='field.0']").select_option("received")
    page.get_by_role("button", name="刷新可选项").click()
    page.locator("select[name='op.0']").select_option("in")
    page.get_by_role("button", name="刷新可选项").click()
    page.locator("select[name='value.0']").select_option("this-year")
    page.locator("#conditions .btn.primary").click()
    page.wait_for_url(re.compile("where="))
    expect(page.locator("tr.line").first).to_be_visible()


def test_a_favourite_is_kept_and_found_with_its_count(desk):
    sitting = desk("specialist")
    page = sitting.go("/records/complaints?filter=open")
    page.locator(".search-cell > details > summary").click()
    page.get_by_role("link", name="收藏当前列表").click()
    page.locator("#name-new").fill("我的未结")
    page.locator("#new .btn.primary").click()
    expect(page.locator(".snack")).to_contain_text("我的未结")
    page.locator(".search-cell > details > summary").click()
    found = page.locator(".menu-columns a", has_text="我的未结")
    expect(found).to_have_attribute("aria-current", "true")
    sitting.go("/records/complaints?filter=")
    page.locator(".search-cell > details > summary").click()
    expect(found.locator(".count")).to_have_text(re.compile(r"\d+"))


def test_the_menu_and_the_form_fit_a_phone(desk):
    page = desk("specialist", width=PHONE).go(LIST)
    page.locator(".search-cell > details > summary").tap()
    expect(page.locator(".menu-columns")).to_be_visible()
    for path in (
        "/records/complaints/conditions?filter=",
        LIST + "&group=state",
        "/records/complaints/favourites?filter=",
    ):
        page.goto(page.url.split("/records")[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, path
