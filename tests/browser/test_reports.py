"""The manager's phone on a Saturday morning: the report for the operating meeting is read, signed and downloaded."""

from __future__ import annotations

from datetime import date, timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from jobs import outbox
from portal.db import db, transaction
from portal.models.outbox import Outbox, OutboxState
from portal.reports import due
from portal.reports.catalogue import REPORTS
from portal.services import calendars, reports
from tests.browser.conftest import PHONE

SATURDAY = date(2026, 11, 21)


def drawn_up(portal) -> str:
    """What the calendar makes on that morning; the path of the report."""

    def build() -> str:
        with transaction() as writing:
            report, at = REPORTS["RP-03"], portal.clock.now()
            calendar = calendars.current(writing)
            rule = reports.rule_of(writing, report)
            (found,) = due.made_between(rule, SATURDAY - timedelta(days=1), SATURDAY, calendar)
            run = reports.make(writing, report, found, at=at)
            reports.draw_up(writing, run, at=at)
            return f"/records/report-runs/{run.number}"

    return portal.ask(build)


def print_what_waits(portal) -> None:
    """Do what the pdf worker would."""

    def work() -> None:
        waiting = select(Outbox.id).where(Outbox.state == OutboxState.PENDING, Outbox.queue == "pdf")
        numbers = list(db.session.scalars(waiting))
        db.session.rollback()
        for number in numbers:
            outbox.deliver(number, worker="browser")

    portal.ask(work)


IN_LINES = """() => [...document.querySelectorAll(".report-table td:is(.num, .code, .nowrap)")].filter((cell) => {
  const words = document.createRange()
  words.selectNodeContents(cell)
  return new Set([...words.getClientRects()].map((line) => Math.round(line.top))).size > 1
}).map((cell) => cell.textContent)"""
"""Numbers, dates and amounts that stand over more than one line."""


def test_the_manager_signs_and_downloads_saturdays_report_on_the_phone(portal, desk, tmp_path):
    portal.clock.set("2026-11-21 08:30")
    path = drawn_up(portal)
    phone = desk(width=PHONE)
    portal.clock.set("2026-11-21 08:40")
    phone.sign_in("manager")
    page = phone.go(path)
    expect(page.get_by_role("heading", level=1)).to_contain_text("RP-03")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    page.get_by_role("link", name="审签并冻结").first.tap()
    page.get_by_label("下期计划").fill("下周回访滨江花园三户。")
    page.get_by_role("button", name="审签并冻结").first.tap()
    page.wait_for_url(f"**{path}*")
    expect(page.locator("main")).to_contain_text("下周回访滨江花园三户。")
    page = phone.go(path)
    assert page.evaluate(IN_LINES) == []
    page.locator("summary", has_text="打印").tap()
    page.get_by_role("button", name="RP-03").first.tap()
    page.wait_for_url("**/documents/*")
    print_what_waits(portal)
    link = page.get_by_role("link", name="下载")
    expect(link).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    with page.expect_download() as taken:
        link.tap()
    file = tmp_path / "report.pdf"
    taken.value.save_as(file)
    assert file.read_bytes()[:5] == b"%PDF-" and taken.value.suggested_filename.startswith("RP-03")
