"""A list brought in and taken back again, from the button of the list to the record, on a wide screen and on a phone."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from jobs import outbox
from portal.db import db
from portal.models.org import Crew
from portal.models.outbox import Outbox, OutboxState
from tests.browser.conftest import DESKTOP, PHONE


def workbook(*rows: tuple[str, ...]) -> dict[str, Any]:
    """A file as the browser sends it, with the headers of the template."""
    book = openpyxl.Workbook()
    page = book.active
    for row in (("姓名", "联系电话"), *rows):
        page.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "施工队.xlsx", "mimeType": mime, "buffer": buffer.getvalue()}


def deliver(portal) -> None:
    """Do what the worker would."""

    def work() -> None:
        waiting = select(Outbox.id).where(Outbox.state == OutboxState.PENDING, Outbox.kind == "import_run")
        numbers = list(db.session.scalars(waiting))
        db.session.rollback()
        for number in numbers:
            outbox.deliver(number, worker="browser")

    portal.ask(work)


def crews(portal) -> set[str]:
    """The names of all crews."""
    return portal.ask(lambda: set(db.session.scalars(select(Crew.name))))


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_list_is_brought_in_looked_at_first_and_taken_back(desk, portal, width):
    mine = desk("manager", width=width)
    page = mine.go("/records/crews" if width == DESKTOP else "/records/import-runs/new?kind=crews")
    if width == DESKTOP:  # the ways to Excel stand in wide lists only
        with page.expect_navigation():
            page.get_by_role("link", name="导入", exact=False).first.click()
    page.locator("input[type=file]").set_input_files(workbook(("测试甲队", "13800001234"), ("测试乙队", "13800001235")))
    with page.expect_navigation():
        page.get_by_role("button", name="上传并读取").click()
    expect(page.locator("h1")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="检查全部行").click()
    assert "测试甲队" not in crews(portal)  # looked at only
    run = page.url
    with page.expect_navigation():
        page.get_by_role("button", name="立即导入").click()
    deliver(portal)
    page.goto(run)
    assert {"测试甲队", "测试乙队"} <= crews(portal)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    with page.expect_navigation():
        page.get_by_role("link", name="撤销本次导入").click()
    with page.expect_navigation():
        page.locator("main form[method=post] button").last.click()
    assert not {"测试甲队", "测试乙队"} & crews(portal)
