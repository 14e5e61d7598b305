"""What is done with chosen rows beside changing a value: a file, one PDF, a step with all of them; and tasks in their row."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from jobs.outbox import deliver
from portal import clock
from portal.db import db, transaction
from portal.models.complaint import Complaint
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState
from portal.services import own_tasks
from portal.services.own_tasks import SetTask, Whose
from tests.browser.conftest import PHONE

LIST = "/records/complaints?filter="


def work(portal, kind):
    """Deliver what waits of a kind."""
    waiting = select(Outbox.id).where(Outbox.kind == kind, Outbox.state == OutboxState.PENDING)
    for number in portal.ask(lambda: list(db.session.scalars(waiting))):
        portal.ask(lambda number=number: deliver(number))


def choose(page, count):
    """The first rows of the list, by keyboard."""
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    for _more in range(count - 1):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-count]")).to_have_text(f"已选 {count} 条")


def test_chosen_rows_are_taken_out_by_keyboard(desk, portal):
    page = desk("manager").go(LIST)
    choose(page, 3)
    with page.expect_navigation():
        page.locator("#bulk button[formaction='/records/exports/new']").press("Enter")
    expect(page.locator(".page-intro")).to_contain_text("已选 3 条")
    with page.expect_navigation():
        page.get_by_role("button", name="全部列").press("Enter")
    expect(page.locator("input[name=columns]:not(:checked)")).to_have_count(0)
    with page.expect_navigation():
        page.locator("main button.primary").press("Enter")
    work(portal, "make_export")
    page.reload()
    expect(page.locator("a[download]")).to_contain_text("3 行")


@pytest.mark.pdf
def test_chosen_rows_become_one_pdf_by_keyboard(desk, portal):
    page = desk("manager").go(LIST)
    choose(page, 2)
    page.locator("#bulk summary[aria-label=打印所选]").press("Enter")
    with page.expect_navigation():
        page.locator("#bulk button[name=form][value=F-06]").press("Enter")
    expect(page.locator("h1")).to_contain_text("F-06")
    work(portal, "print_many")
    page.reload()
    expect(page.locator(".change-sum")).to_contain_text("2 张")
    opened = page.get_by_role("link", name="打开打印")
    expect(opened).to_be_focused()
    assert page.request.get(portal.url + opened.get_attribute("href")).body().startswith(b"%PDF")


def test_a_step_is_taken_with_many_on_a_phone(desk, portal):
    page = desk("manager", width=PHONE).go(LIST)
    page.get_by_role("button", name="选择记录").tap()
    page.locator("tr.line .check").first.tap()
    page.locator("#bulk .bulk-all").tap()
    page.locator("#bulk summary").filter(has_text="办理步骤").tap()
    item = page.locator("#bulk button[value=step-hand-over]")
    assert item.bounding_box()["height"] >= 44
    with page.expect_navigation():
        item.tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    page.locator("select[name=head]").select_option(index=1)
    name = page.locator("select[name=head] option:checked").inner_text()
    page.locator("select[name=department]").select_option(label=name.split(" · ")[1])
    page.locator("input[name=copy_left]").check()
    with page.expect_navigation():
        page.locator("main button.primary").tap()
    said = page.locator(".change-sum")
    expect(said).to_contain_text("条保持不变")
    expect(page.locator("main")).to_contain_text("无法撤销")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    will = int(re.search(r"\d+", said.locator("b").inner_text()).group())
    before = portal.ask(lambda: list(db.session.scalars(select(Complaint.id).where(Complaint.state == "HANDED_OVER"))))
    with page.expect_navigation():
        page.locator("main button.primary").tap()
    expect(said).to_contain_text(f"已更改 {will} 条记录")
    after = portal.ask(lambda: list(db.session.scalars(select(Complaint.id).where(Complaint.state == "HANDED_OVER"))))
    assert will >= 1 and len(after) == len(before) + will


def test_tasks_are_renamed_and_done_in_their_row_by_keyboard(desk, portal):
    def set_one():
        with transaction() as writing:
            manager = writing.scalars(select(User).where(User.username == "manager")).one()
            record, at = writing.scalars(select(Complaint).limit(1)).one(), clock.now()
            own_tasks.add(
                writing, record, SetTask("打电话", at + timedelta(days=1), Whose(manager)), actor=manager, at=at
            )

    portal.ask(set_one)
    page = desk("manager").go("/records/tasks?filter=open,kind.HAND")
    cell = page.locator("td[data-edit=title]").first
    row = cell.locator("xpath=..")
    row.locator("a.who").focus()
    page.keyboard.press("F2")
    field = cell.locator("input[name=value]")
    expect(field).to_be_focused()
    field.fill("改过的待办")
    page.keyboard.press("Enter")
    changed = page.locator("tr.line", has_text="改过的待办")
    expect(changed).to_have_count(1)
    changed.locator(".cell-edit.tick").press("Enter")
    result = changed.locator("input[name=result], textarea[name=result]")
    expect(result).to_be_focused()
    result.fill("已办妥")
    page.keyboard.press("Enter")
    expect(changed.locator(".cell-edit")).to_have_count(0)
    expect(changed.locator("td.cell-act")).not_to_be_empty()
