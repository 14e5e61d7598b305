"""Rows chosen and changed together, cells changed on the spot: by keyboard, by touch, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import db, transaction
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from tests.browser.conftest import PHONE

LIST = "/records/complaints?filter="
CUSTOMERS = "/records/customers?filter="


def owners(portal):
    """The owner of each complaint, by number."""
    rows = select(Complaint.number, Complaint.owner_id)
    return portal.ask(lambda: {number: owner for number, owner in db.session.execute(rows)})


def test_three_rows_are_chosen_by_keyboard_and_get_another_owner(desk, portal):
    page = desk("manager").go(LIST)
    before = owners(portal)
    page.keyboard.press("ArrowDown")
    expect(page.locator("tr.line a.who").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-count]")).to_have_text("已选 3 条")
    chosen = page.locator("tr.line[aria-selected=true] td.ref").all_inner_texts()
    button = page.locator("#bulk button[value=owner_id]")
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    field = page.locator("select[name=value]")
    field.select_option(label="沈佳")
    field.focus()
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    expect(page.locator("h1")).to_have_text("更改负责人")
    will = int(re.search(r"\d+", page.locator(".change-sum b").inner_text()).group())
    assert page.locator(".change-lines").first.locator("li").count() >= will
    expect(page.locator("main button.primary")).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".change-sum")).to_contain_text(f"已更改 {will} 条记录")
    after = owners(portal)
    assert {number for number in before if before[number] != after[number]} <= set(chosen)
    assert len({after[number] for number in chosen}) == 1
    with page.expect_navigation():
        page.get_by_role("button", name="恢复原来的值").press("Enter")
    with page.expect_navigation():
        page.locator("main button.primary").press("Enter")
    assert owners(portal) == before


def test_all_that_match_are_changed_and_those_that_are_skipped_are_named(desk, portal):
    page = desk("manager").go(LIST)
    page.locator("tr.line .check input").first.focus()
    page.keyboard.press("Space")
    page.locator("#bulk input[name=all]").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-count]")).to_have_text("已全选")
    expect(page.locator("tr.line:not([aria-selected=true])")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()
    page.locator("tr.line .check input").first.press("Space")
    page.locator("#bulk input[name=all]").press("Space")
    with page.expect_navigation():
        page.locator("#bulk button[value=owner_id]").press("Enter")
    total = len(owners(portal))
    expect(page.locator(".page-intro")).to_contain_text(f"已选 {total} 条记录")
    page.locator("select[name=value]").select_option(label="周晓雯")
    with page.expect_navigation():
        page.locator("main button.primary").press("Enter")
    skipped = page.locator("h2", has_text="已经是这样")
    expect(skipped).to_be_visible()
    counts = [int(text) for text in page.locator("h2 .count").all_inner_texts()]
    assert sum(counts) == total and len(counts) >= 2
    with page.expect_navigation():
        page.get_by_role("button", name="取消").press("Enter")
    assert page.url.endswith("/records/complaints?filter=")


def test_a_range_is_chosen_with_shift(desk):
    page = desk("manager").go(LIST)
    boxes = page.locator("tr.line .check input")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text("已选 4 条")
    page.locator("[data-select-all]").check()
    expect(page.locator("tr.line:not([aria-selected=true])")).to_have_count(0)
    page.locator("[data-clear]").click()
    expect(page.locator("tr.line[aria-selected=true]")).to_have_count(0)


def test_a_cell_is_changed_by_keyboard_and_escape_leaves_it(desk, portal):
    page = desk("specialist").go(CUSTOMERS)
    row = page.locator("tr.line").nth(1)
    number = row.locator("td.ref").inner_text()
    kept = portal.ask(lambda: db.session.scalar(select(Customer.source).where(Customer.number == number)))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("F2")
    field = row.locator("td[data-edit=kind] select")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".cell-form")).to_have_count(0)
    expect(row.locator("td[data-edit=kind] .cell-edit")).to_be_focused()
    page.keyboard.press("F2")
    expect(field).to_be_focused()
    page.keyboard.press("Tab")  # nothing changed: on to the next cell
    source = row.locator("td[data-edit=source] select")
    expect(source).to_be_focused()
    other = source.locator(f"option:not([value='{kept}']):not([value=''])").first.get_attribute("value")
    source.select_option(other)
    row.locator(".cell-form button[type=submit]").press("Enter")
    expect(page.locator(".cell-form")).to_have_count(0)
    assert portal.ask(lambda: db.session.scalar(select(Customer.source).where(Customer.number == number))) == other
    expect(row.locator("td[data-edit=source] .cell-edit")).to_be_focused()


@pytest.mark.parametrize("keeps_mine", [True, False])
def test_after_a_conflict_one_keeps_ones_own_value_or_takes_the_others(desk, portal, keeps_mine):
    page = desk("specialist").go(CUSTOMERS)
    row = page.locator("tr.line").nth(3 if keeps_mine else 4)
    number = row.locator("td.ref").inner_text()

    def somebody():
        with transaction() as writing:
            found = writing.scalars(select(Customer).where(Customer.number == number)).one()
            found.intention = "HIGH" if found.intention != "HIGH" else "LOW"
            found.source = "WEBSITE" if found.source != "WEBSITE" else "STORE"
            return found.source

    row.locator("td[data-edit=source]").dblclick()
    field = row.locator("td[data-edit=source] select")
    expect(field).to_be_focused()
    values = [option.get_attribute("value") for option in field.locator("option").all()]
    theirs = portal.ask(somebody)
    mine = next(value for value in values if value and value != theirs)
    field.select_option(mine)
    row.locator(".cell-form button[type=submit]").click()
    expect(row.locator(".cell-conflict")).to_be_visible()
    expect(field).to_have_value(mine)
    row.get_by_role("button", name="保留我的").click() if keeps_mine else row.get_by_role(
        "link", name="采用对方的"
    ).click()
    expect(page.locator(".cell-form")).to_have_count(0)
    saved = portal.ask(lambda: db.session.scalar(select(Customer.source).where(Customer.number == number)))
    assert saved == (mine if keeps_mine else theirs)


def test_what_cannot_be_taken_is_said_in_the_cell(desk):
    page = desk("specialist").go("/records/contracts?filter=state.SIGNED")
    cell = page.locator("td[data-edit=amount]").first
    before = cell.inner_text()
    cell.dblclick()
    field = cell.locator("input[name=value]")
    expect(field).to_be_focused()
    field.fill("十二")
    page.keyboard.press("Enter")
    expect(cell.locator(".error")).to_contain_text("最多两位小数")
    expect(field).to_have_value("十二")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    assert cell.inner_text() == before


def test_on_a_phone_rows_are_chosen_and_changed_by_touch(desk, portal):
    page = desk("manager", width=PHONE).go(LIST)
    expect(page.locator("tr.line .check").first).to_be_hidden()
    page.get_by_role("button", name="选择记录").tap()
    for place in (0, 2):
        page.locator("tr.line .check").nth(place).tap()
    expect(page.locator("[data-count]")).to_have_text("已选 2 条")
    for target in page.locator("#bulk button:visible, #bulk label, [data-choose]").all():
        assert target.bounding_box()["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    with page.expect_navigation():
        page.locator("#bulk button[value=follow]").tap()
    expect(page.locator(".change-sum")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    with page.expect_navigation():
        page.locator("main button.primary").tap()
    expect(page.locator(".change-sum")).to_contain_text("已更改")
    page.goto(portal.url + LIST)
    cell = page.locator("td[data-edit=owner_id]").nth(1)
    cell.locator(".cell-edit").tap()
    field = cell.locator("select")
    box = page.locator(".cell-form").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE
    field.select_option(index=1)
    cell.locator("button[type=submit]").tap()
    expect(page.locator(".cell-form")).to_have_count(0)


def test_without_javascript_the_boxes_and_the_bar_do_all_of_it(desk):
    page = desk("manager", java_script=False).go(LIST)
    page.locator("tr.line .check input").nth(0).check()
    page.locator("tr.line .check input").nth(1).check()
    page.locator("#bulk button[value=follow]").click()
    expect(page.locator("main")).to_contain_text("条记录")
    page.locator("main form button").first.click()
    page.get_by_role("link", name="返回列表").click()
    page.locator("#bulk input[name=all]").check()
    page.locator("#bulk button[value=owner_id]").click()
    expect(page.locator("select[name=value]")).to_be_visible()
