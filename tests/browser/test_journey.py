"""The way through a list in a real browser: from the list to a record, on to the next, and back to the list as it was."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

LIST = "/records/complaints?filter="


def test_a_record_leads_on_to_the_next_and_back_to_the_list_as_it_was(desk):
    page = desk("specialist").go("/records/complaints?filter=open&sort=-received")
    names = page.locator("td.cell-title a.who")
    second, third = (names.nth(place).get_attribute("href") for place in (1, 2))
    names.nth(1).click()
    expect(page).to_have_url(re.compile(re.escape(second) + "$"))
    steps = page.locator("[data-journey-steps]")
    expect(steps).to_contain_text(re.compile(r"2 / \d+"))
    steps.locator("[rel=next]").click()
    expect(page).to_have_url(re.compile(re.escape(third) + "$"))
    page.locator("[data-journey-steps] [rel=prev]").press("Enter")
    expect(page).to_have_url(re.compile(re.escape(second) + "$"))
    page.locator(".crumbs a").first.click()
    expect(page).to_have_url(re.compile(r"/records/complaints\?filter=open&sort=-received$"))


def test_a_record_opened_by_itself_leads_to_the_plain_list(desk):
    page = desk("specialist").go("/records/complaints/TS-2026-0001")
    expect(page.locator("[data-journey-steps]")).to_be_hidden()
    assert page.locator(".crumbs a").first.get_attribute("href") == "/records/complaints"


@pytest.mark.parametrize(
    ("view", "link"),
    [
        ("kanban", ".kanban-card .top a:not(.grip)"),
        ("calendar&span=agenda", ".calendar-entry a"),
        ("timeline", ".timeline-line a.who"),
        ("tasks", ".tasks-matrix th a.who"),
    ],
)
def test_every_view_is_what_its_records_lead_back_to(desk, view, link):
    page = desk("specialist").go("/records/complaints?filter=open&sort=-received")
    page.goto(page.url.split("?")[0] + f"?filter=&view={view}")
    here = page.url
    names = page.locator(link)
    first, second = (names.nth(place).get_attribute("href") for place in (0, 1))
    names.first.click()
    expect(page).to_have_url(re.compile(re.escape(first) + "$"))
    page.locator("[data-journey-steps] [rel=next]").click()
    expect(page).to_have_url(re.compile(re.escape(second) + "$"))
    expect(page.locator("[data-journey-steps]")).to_contain_text(re.compile(r"2 / \d+"))
    page.locator(".crumbs a").first.click()
    expect(page).to_have_url(here)


def test_opened_groups_stay_open_on_the_way_back(desk):
    page = desk("specialist").go(f"{LIST}&group=state")
    heads = page.locator("tr.group")
    for place in (0, 1):
        heads.nth(place).locator("th").click(position={"x": 600, "y": 12})  # not on the link
        expect(heads.nth(place).locator("[aria-expanded]")).to_have_attribute("aria-expanded", "true")
    expect(page).to_have_url(re.compile("open=[A-Z_]+%3B[A-Z_]+$"))
    here, rows = page.url, page.locator("tr.line").count()
    second = page.locator("tr.line a.who").nth(1)
    path = second.get_attribute("href")
    second.click()
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))
    expect(page.locator("[data-journey-steps]")).to_contain_text(f"2 / {rows}")
    assert page.locator(".crumbs a").first.evaluate("link => link.href") == here
    page.go_back()
    expect(page.locator("tr.line")).to_have_count(rows)
    for _fold in range(2):
        page.locator(".group-toggle[aria-expanded=true]").first.click()
        expect(page.locator(".group-toggle[aria-expanded=true]")).to_have_count(1 - _fold)
    expect(page).to_have_url(re.compile("group=state$"))


def test_enter_on_a_box_opens_its_record_and_sends_nothing(desk):
    page = desk("manager").go(LIST)
    page.locator("[data-select-all]").press("Enter")
    expect(page).to_have_url(re.compile(re.escape(LIST) + "$"))
    box, path = page.locator("tr.line .check input").nth(1), page.locator("tr.line a.who").nth(1).get_attribute("href")
    box.press("Space")
    box.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))


def test_a_row_opens_wherever_it_is_pressed(desk):
    page = desk("manager").go(LIST)
    row = page.locator("tr.line").nth(1)
    path = row.locator("a.who").get_attribute("href")
    with page.context.expect_page() as opened:
        row.locator("td.fill").click(modifiers=["Control"])
    opened.value.close()
    page.locator(".search-cell > details > summary").click()
    page.locator("tr.line").last.locator("td.ref").click()  # closes the menu, nothing else
    expect(page.locator(".search-cell > details")).not_to_have_attribute("open", "")
    row.locator(".check").click(position={"x": 3, "y": 3})
    expect(row).to_have_attribute("aria-selected", "true")
    row.locator("td[data-edit=owner_id]").dblclick(position={"x": 4, "y": 4})
    expect(page.locator(".cell-form")).to_be_visible()
    page.wait_for_timeout(500)
    page.keyboard.press("Escape")
    expect(page.locator(".cell-form")).to_have_count(0)
    assert page.url.endswith(LIST)
    row.locator("td[data-edit=owner_id]").click(position={"x": 4, "y": 4})
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))
    page.go_back()
    row.locator("td.fill").click()
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))


def test_a_card_on_a_phone_opens_wherever_it_is_touched(desk):
    page = desk("manager", width=PHONE).go(LIST)
    row = page.locator("tr.line").nth(1)
    path = row.locator("a.who").get_attribute("href")
    page.locator("[data-choose]").tap()
    row.locator("td.fill").tap()
    expect(row).to_have_attribute("aria-selected", "true")
    page.locator("[data-choose]").tap()
    box = row.bounding_box()
    row.tap(position={"x": box["width"] - 24, "y": box["height"] / 2})
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))


@pytest.mark.parametrize("query", ["open&view=kanban", "&q=nothing-fits"])
def test_the_rail_stays_where_the_page_is_scrolled(desk, query):
    page = desk("manager").go(f"/records/complaints?filter={query}")
    page.evaluate("scrollTo({ top: 10000, behavior: 'instant' })")
    rail = page.locator(".rail").bounding_box()
    assert rail["y"] == 0 and rail["height"] >= page.evaluate("innerHeight")
