"""The worked example from engineering's list to a home that may be handed over, each step on the page of whom it falls to.

Source: `domain.md` 8.1, rows 06-17 to 06-30.
"""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from portal import clock, i18n
from portal.db import session
from portal.demo import people, worked_example
from portal.demo.stage import Stage
from portal.files.store import Store
from portal.models.pre_acceptance import PreAcceptance
from portal.models.task import DeadlineBreach, Task
from portal.services import documents
from tests import story
from tests.browser.conftest import PHONE
from tests.browser.test_inspection import picture

LISTED = "2026-06-17 10:00"
FAILED = {"瓷砖空鼓率": ("7", "客厅地面 3 块、阳台 2 块"), "无刷痕、滚筒印": (None, "主卧东墙滚筒印")}
"""What was measured and noted of the lines that are not in order."""
COLOURS = itertools.count(40, 8)
"""No two photos are the same."""
FIRST = ("YY-2026-0001-1", "7%", "客厅地面3块、阳台2块", "主卧东墙滚筒印", "不合格", "刘大勇", "王志强")
NOTICE = ("ZG-2026-0001", "06-29", "06-30", "10:00", "7%", "主卧东墙滚筒印", "刘大勇")
SECOND = ("YY-2026-0001-2", "合格", "刘大勇", "王志强")


@pytest.fixture(scope="module")
def demo_template(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """The worked example until the morning of the list: 张建军's works are going on, nothing is inspected yet."""

    def load() -> None:
        stage = Stage(until=clock.now())
        people.enter(stage)
        worked_example.plan(stage)
        stage.play()

    return story.make_template(tmp_path_factory.mktemp("story"), sqlite_template, LISTED, load)


def test_failed_then_passed(portal, desk):
    portal.clock.set(LISTED)
    page = desk("specialist").go("/records/pre-acceptances/new?week=2026-06-22")
    offered = page.locator("select#project option").filter(has_text="张建军")
    page.locator("#project").select_option(value=offered.get_attribute("value"))
    for field, name in (("project_manager", "王志强"), ("foreman", "刘大勇"), ("supervisor", "丁一")):
        page.locator(f"#{field}").select_option(label=name)
    page.get_by_role("button", name="列入名录").click()
    page.wait_for_url(re.compile("/records/pre-acceptances/week"))
    expect(page.locator("main")).to_contain_text("YY-2026-0001")

    portal.clock.set("2026-06-18 15:00")
    page = desk("reviewer").go("/records/pre-acceptances/schedule?week=2026-06-22")
    stop = page.locator(".unplanned .stop").filter(has_text="张建军")
    stop.locator("select[name=day]").select_option("2026-06-25")
    stop.locator("input[name=time]").fill("09:30")
    stop.get_by_role("button", name="安排", exact=True).click()
    page.get_by_role("button", name=re.compile("发布")).click()
    planned = page.locator("[data-day='2026-06-25'] .stop")
    expect(planned).to_contain_text("已排期")
    expect(planned.locator(".time")).to_have_text("09:30")

    portal.clock.set("2026-06-25 09:30")
    on_site = desk("reviewer", width=PHONE)
    on_site.page.clock.install(time="2026-06-25T09:30:00+08:00")
    page = _begin(on_site.go("/records/pre-acceptances/day"))
    for card in page.locator(".check-card").all():
        _judge(card)
    expect(page.locator("#progress")).not_to_contain_text("还差")
    expect(page.locator(".verdict")).to_contain_text("不合格")
    page.get_by_label("整改期限").fill("2026-06-29")
    page.get_by_label("约定复查时间").fill("2026-06-30T10:00")
    _finish(page)
    page.wait_for_url(re.compile("/records/rectification-notices/ZG-2026-0001"))
    expect(page.locator("main")).to_contain_text("瓷砖空鼓率 7 %")
    assert portal.ask(_standing) == ("RECTIFYING_1", "IN_PROGRESS")

    portal.clock.set("2026-06-29 16:30")
    page = desk("specialist").go("/records/rectification-notices/ZG-2026-0001/report")
    page.locator("#note").fill("空鼓砖已更换，墙面已打磨重刷")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(re.compile("/records/rectification-notices/ZG-2026-0001$"))

    portal.clock.set("2026-06-30 10:05")
    on_site.page.clock.set_system_time("2026-06-30T10:05:00+08:00")
    on_site.sign_in("reviewer")
    page = _begin(on_site.go("/records/pre-acceptances/day"))
    expect(page.locator(".check-card")).to_have_count(len(FAILED))
    for card in page.locator(".check-card").all():
        _judge(card, is_mended=True)
    expect(page.locator(".verdict")).to_contain_text("合格")
    _finish(page)
    page.wait_for_url(re.compile("/records/inspections/.*-2$"))
    assert portal.ask(_standing) == ("PASSED", "PRE_ACCEPTED")

    assert portal.ask(_figures) == {
        "number": "YY-2026-0001",
        "inspected": ["2026-06-25 09:30", "2026-06-30 10:05"],
        "held": [(1, "FAIL", set(FAILED)), (2, "PASS", set())],
        "notice": ("ZG-2026-0001", date(2026, 6, 29), "2026-06-30 10:00"),
        "clocks": {"DL-17": ["DONE"], "DL-18": ["DONE"], "DL-19": ["DONE"]},
        "late": [],
    }
    papers = portal.ask(lambda: _papers(Store.of(portal.app.config["PORTAL"])))
    for paper, words in zip(papers, (FIRST, NOTICE, SECOND), strict=True):
        missing = [each for each in words if each not in paper]
        assert not missing, f"{missing} not in {paper}"


# ---- what hands do ------------------------------------------------------------------------------------------------


def _begin(page: Page) -> Page:
    page.locator(".day-sheet li").filter(has_text="张建军").get_by_role("link", name="验收", exact=True).click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    return page


def _judge(card: Locator, *, is_mended: bool = False) -> None:
    """One line: measured where it is measured, with a photo where the page asks for one."""
    failed = next((found for text, found in FAILED.items() if text in card.inner_text()), None)
    measured, is_failed = card.get_by_label("实测值"), failed is not None and not is_mended
    if measured.count():
        measured.fill(failed[0] if is_failed else "6" if "5–8 mm" in card.inner_text() else "2")
    else:
        card.locator(".tap-fail" if is_failed else ".tap-pass").click()
    with card.page.expect_response(re.compile(r"/lines/\d+$")):
        card.get_by_label("说明").fill(failed[1] if is_failed else "符合")
    expect(card.locator(f"input[value={'FAIL' if is_failed else 'PASS'}]")).to_be_checked()
    if failed is not None or "需要照片" in card.inner_text():
        colour = f"#{next(COLOURS):02x}{90 if is_failed else 200:02x}40"
        card.locator("input[type=file]").set_input_files(picture(colour))
        expect(card.locator(".judged .thumbs img")).to_have_count(1)


def _finish(page: Page) -> None:
    for name in ("manager_present", "foreman_present"):
        page.locator(f"#{name}").get_by_text("是").click()
    for name in ("manager_signed", "foreman_signed"):
        page.locator(f"#{name}").get_by_text("已签字").click()
    page.get_by_role("button", name="完成验收").click()


# ---- what is kept -------------------------------------------------------------------------------------------------


def _record() -> PreAcceptance:
    return session().scalars(select(PreAcceptance)).one()


def _standing() -> tuple[str, str]:
    return _record().state, _record().project.stage


def _figures() -> dict[str, object]:
    record = _record()
    notice = record.notices[0]
    about = (Task.record_kind == PreAcceptance.KIND, Task.record_id == record.id)
    clocks: dict[str, list[str]] = {}
    for code, outcome in session().execute(
        select(Task.code, Task.outcome).where(*about, Task.code.is_not(None)).order_by(Task.id)
    ):
        clocks.setdefault(code, []).append(outcome)
    return {
        "number": record.number,
        "inspected": [_local(each.inspected_at) for each in record.inspections],
        "held": [
            (each.round_no, each.result, {item.text for item in each.items if item.result == "FAIL"})
            for each in record.inspections
        ],
        "notice": (notice.number, notice.limit_on, _local(notice.recheck_at)),
        "clocks": clocks,
        "late": session()
        .scalars(select(DeadlineBreach.code).where(DeadlineBreach.code.in_(["DL-17", "DL-18", "DL-19"])))
        .all(),
    }


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"


def _papers(store: Store) -> list[str]:
    """What F-09 no. 1, F-10 and F-09 no. 2 say, without spaces."""
    record = _record()
    first, second = record.inspections
    said = []
    with i18n.use_locale(i18n.DEFAULT):
        for code, about in (("F-09", first), ("F-10", record.notices[0]), ("F-09", second)):
            form = documents.get_form(code)
            draft = documents.drawn_up(session(), form, about, number=None, by="周衡", at=clock.now(), store=store)
            said.append(re.sub(r"<[^>]+>|\s", "", draft.paper(store).html))
    return said
