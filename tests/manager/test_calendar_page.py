"""The calendar page: the year as it is, changes shown before they are saved, open deadlines that follow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal.calendar import Week, parse_hours
from portal.db import transaction
from portal.errors import Invalid, Stale
from portal.i18n import N_
from portal.models.calendar import CalendarDay, CalendarYear
from portal.models.event import Event, EventKind
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.base import Deadline
from portal.services import calendar_changes, calendars, tasks
from portal.services.calendar_changes import ConfirmYear, ImportYear, RemoveDay, SetDays, SetWeek

WORKING = Deadline("DL-15", N_("Visit"), frozenset(), frozenset(), setting="escalated_visit_wd")
WALL = Deadline("DL-10", N_("Hand over"), frozenset(), frozenset(), setting="complaint_handover_hours")
MONDAY = datetime(2026, 5, 11, 2, tzinfo=UTC)
"""10:00 in Shanghai; two working days later is Wednesday 13 May, 18:00."""


@dataclass
class Case:
    """Anything with a number that a task can stand on."""

    id: int
    number: str
    KIND: str = "complaints"
    branch_id: int | None = None


@pytest.fixture(autouse=True)
def year(session, clock):
    with transaction() as writing:
        calendars.seed(writing, [2026, 2027], at=clock.now())


@pytest.fixture
def due(session) -> Callable[..., int]:
    """Start a clock on Monday; its task's id."""

    def start(clock_: Deadline = WORKING, number: int = 1) -> int:
        with transaction() as writing:
            record = Case(number, f"TS-2026-{number:04}")
            return tasks.open_deadline(
                writing, clock_, record, start=MONDAY, at=MONDAY, who=tasks.Responsible(role="MANAGER")
            ).id

    return start


def holiday(day: date = date(2026, 5, 12)) -> SetDays:
    return SetDays(day, day, "公司周年庆", ())


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour - 8, minute, tzinfo=UTC)


def test_a_preview_names_the_deadlines_that_would_move_and_writes_nothing(session, due):
    moving, still = due(), due(WALL, 2)
    preview = calendar_changes.preview_change(session, holiday())
    assert [(move.task.id, move.before, move.after) for move in preview.moves] == [(moving, at(13, 18), at(14, 18))]
    assert preview.looked_at == 1
    assert not session.new and not session.dirty
    assert session.get(Task, still).due_at == at(11, 13)
    assert session.get(CalendarDay, date(2026, 5, 12)) is None


def test_saving_moves_open_deadlines_and_says_so(session, due, make, clock):
    boss, task = make.user(Role.MANAGER), due()
    seen = calendar_changes.version(session)
    with transaction() as writing:
        calendar_changes.apply_change(writing, holiday(), seen_version=seen, actor=boss, at=clock.now())
    moved = session.get(Task, task)
    assert moved.due_at == at(14, 18) and moved.explanation["calendar_version"] == str(seen + 1)
    assert moved.warn_at < moved.due_at and moved.next_check_at == moved.warn_at
    told = session.scalars(select(Event).where(Event.kind == EventKind.TASK)).one()
    assert told.data["changes"]["due_at"] == [at(13, 18).isoformat(), at(14, 18).isoformat()]
    assert session.scalars(select(Event).where(Event.action == "calendar.day")).one().actor_id == boss.id


def test_closed_and_overdue_clocks_keep_their_evidence(session, due, make, clock):
    boss, closed, late = make.user(Role.MANAGER), due(number=1), due(number=2)
    with transaction() as writing:
        tasks.close(writing, writing.get(Task, closed), happened_at=at(12, 9), at=at(12, 9), actor=boss)
        tasks.sweep(writing, at(13, 19))
    before = {id_: (session.get(Task, id_).due_at, session.get(Task, id_).explanation) for id_ in (closed, late)}
    assert session.get(Task, late).breached_at is not None
    with transaction() as writing:
        moved = calendar_changes.apply_change(writing, holiday(), seen_version=1, actor=boss, at=clock.now())
    assert not moved
    assert before == {id_: (session.get(Task, id_).due_at, session.get(Task, id_).explanation) for id_ in before}


def test_pauses_count_when_a_deadline_moves(session, due, make, clock):
    boss, task = make.user(Role.MANAGER), due()
    with transaction() as writing:
        tasks.pause(writing, writing.get(Task, task), "客户出差", actor=boss, at=at(12, 8))
    with transaction() as writing:
        tasks.resume(writing, writing.get(Task, task), actor=boss, at=at(12, 20))
    assert session.get(Task, task).due_at == at(14, 18)
    preview = calendar_changes.preview_change(session, holiday(date(2026, 5, 13)))
    assert [move.after for move in preview.moves] == [at(15, 18)]


def test_removing_a_day_and_another_week_move_them_too(session, due, make, clock):
    boss, task = make.user(Role.MANAGER), due()
    with transaction() as writing:
        calendar_changes.apply_change(writing, holiday(), seen_version=1, actor=boss, at=clock.now())
    with transaction() as writing:
        change = RemoveDay(date(2026, 5, 12))
        calendar_changes.apply_change(writing, change, seen_version=2, actor=boss, at=clock.now())
    assert session.get(Task, task).due_at == at(13, 18)
    office = parse_hours("09:00-12:00, 13:00-17:00")
    week = Week((office, (), office, (), office, office, ()))
    with transaction() as writing:
        calendar_changes.apply_change(writing, SetWeek(week), seen_version=3, actor=boss, at=clock.now())
    assert session.get(Task, task).due_at == at(15, 18)
    assert calendars.current(session).week == week


def test_a_calendar_changed_meanwhile_is_not_overwritten(session, make, clock):
    boss = make.user(Role.MANAGER)
    with transaction() as writing:
        calendar_changes.apply_change(writing, holiday(), seen_version=1, actor=boss, at=clock.now())
    with pytest.raises(Stale), transaction() as writing:
        change = holiday(date(2026, 6, 1))
        calendar_changes.apply_change(writing, change, seen_version=1, actor=boss, at=clock.now())
    assert session.get(CalendarDay, date(2026, 6, 1)) is None


def test_a_year_nobody_knows_is_said_so_until_it_is_confirmed(session, sign_in, clock):
    client = sign_in(Role.MANAGER)
    html = client.get("/manager/calendar?year=2031").text
    assert "节假日资料库尚无 2031 年的调休安排" in html and "载入法定固定节日" in html
    shown = client.post("/manager/calendar/years/2031/import", status=200).text
    client.post("/manager/calendar/years/2031/import", {"seen": _seen(shown)}, status=303)
    assert session.get(CalendarDay, date(2031, 10, 1)).kind == "HOLIDAY"
    html = client.get("/manager/calendar?year=2031").text
    assert "处理办法" in html and "确认 2031 年" in html and "暂定" in html
    shown = client.post("/manager/calendar/years/2031/confirm", status=200).text
    client.post("/manager/calendar/years/2031/confirm", {"seen": _seen(shown)}, status=303)
    assert session.get(CalendarYear, 2031).confirmed
    assert not calendars.current(session).unconfirmed(2031)
    assert "已确认" in client.get("/manager/calendar?year=2031").text
    client.get("/manager/calendar?year=2026", status=200)
    client.post("/manager/calendar/years/1999/confirm", status=404)


def test_importing_a_published_year_keeps_the_days_of_the_company(session, make, clock):
    boss = make.user(Role.MANAGER)
    opened = SetDays(date(2026, 10, 2), date(2026, 10, 2), "国庆值守", parse_hours("09:00-12:00"))
    for version, change in ((1, opened), (2, ImportYear(2026)), (3, ConfirmYear(2026))):
        with transaction() as writing:
            calendar_changes.apply_change(writing, change, seen_version=version, actor=boss, at=clock.now())
    assert session.get(CalendarDay, date(2026, 10, 2)).name == "国庆值守"
    assert session.get(CalendarDay, date(2026, 10, 1)).kind == "HOLIDAY"


def _seen(html: str) -> str:
    return re.search(r'name="seen" value="(\d+)"', html).group(1)


def test_the_page_shows_twelve_months_with_names_and_hours(sign_in):
    page = sign_in(Role.MANAGER).page("/manager/calendar?year=2026&day=2026-10-01")
    said = "".join(page.text)
    for number in range(1, 13):
        assert f"{number} 月" in said
    assert "国庆节" in said and "第 1 版" in said
    named: list[dict[str, Any]] = [given for _tag, given in page.controls if given.get("name") == "on"]
    assert named[0]["value"] == "2026-10-01"


def test_a_day_goes_through_a_preview_in_the_browser(session, sign_in, due):
    client, task = sign_in(Role.MANAGER), due()
    data = {"on": "2026-05-12", "name": "公司周年庆", "closed": "y"}
    shown = client.post("/manager/calendar/days", data, status=200).text
    assert "1 项未完成的时限会变动" in shown and "TS-2026-0001" in shown and "2026-05-12 公司周年庆：休息" in shown
    assert re.search(r'<input[^>]* id="name"[^>]* value="公司周年庆"', shown), "what was typed can still be changed"
    assert session.get(CalendarDay, date(2026, 5, 12)) is None
    client.post("/manager/calendar/days", data | {"until": "2026-05-12", "seen": _seen(shown)}, status=303)
    assert session.get(Task, task).due_at == at(14, 18)
    again = client.post("/manager/calendar/days", data | {"name": "年会", "seen": "1"}, status=409)
    assert "有人修改了工作日历" in again.text and _seen(again.text) == "2"
    shown = client.post("/manager/calendar/days/remove", {"on": "2026-05-12"}, status=200).text
    client.post("/manager/calendar/days/remove", {"on": "2026-05-12", "seen": _seen(shown)}, status=303)
    assert session.get(Task, task).due_at == at(13, 18)


def test_the_week_goes_through_a_preview_in_the_browser(session, sign_in, due):
    client, task = sign_in(Role.MANAGER), due()
    data = {f"day_{number}": "09:00-12:00, 13:00-17:00" for number in (0, 2, 3, 4)}
    shown = client.post("/manager/calendar/week", data, status=200).text
    client.post("/manager/calendar/week", data | {"seen": _seen(shown)}, status=303)
    assert session.get(Task, task).due_at == at(14, 18)
    calendars.forget(session)
    assert not calendars.current(session).is_working_day(date(2026, 5, 12))


@pytest.mark.parametrize(
    ("path", "data", "sentence"),
    [
        ("days", {"on": "2026-05-12", "name": "年会", "hours": "18:00-08:00"}, "请按 08:30-12:00"),
        ("days", {"on": "2026-05-12", "name": "年会", "hours": "08:00-12:00, 11:00-13:00"}, "时段不能重叠"),
        ("days", {"on": "2026-05-12", "name": "年会"}, "请填写工作时段，或勾选全天休息。"),
        ("days", {"on": "2026-05-12", "until": "2026-05-11", "name": "年会", "closed": "y"}, "结束日期早于开始日期。"),
        ("days", {"on": "2026-05-12", "until": "2026-12-31", "name": "年会", "closed": "y"}, "一次最多填写 62 天"),
        ("days", {"on": "2026-02-30", "name": "年会", "closed": "y"}, ""),
        ("days", {"on": "2026-05-12", "closed": "y"}, ""),
        ("week", {}, "一周至少要有一个工作日。"),
        ("week", {"day_0": "all day"}, "请按 08:30-12:00"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(session, sign_in, path, data, sentence):
    answer = sign_in(Role.MANAGER).post(f"/manager/calendar/{path}", data, status=422)
    assert sentence in answer.text
    assert calendar_changes.version(session) == 1


def test_a_calendar_without_any_working_day_is_refused(session):
    with pytest.raises(Invalid):
        calendar_changes.preview_change(session, SetWeek(Week(((),) * 7)))


def test_a_name_cannot_break_the_page(sign_in):
    data = {"on": "2026-05-12", "name": "<script>alert(1)</script>", "closed": "y"}
    shown = sign_in(Role.MANAGER).post("/manager/calendar/days", data, status=200).text
    assert "<script>alert(1)" not in shown and "&lt;script&gt;" in shown


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MANAGER])
def test_only_the_manager_may(sign_in, role):
    client = sign_in(role)
    client.get("/manager/calendar", status=403)
    client.post("/manager/calendar/week", {"day_0": "09:00-12:00"}, status=403)


def test_a_change_that_was_taken_back_is_in_no_calendar(session, make, clock):
    manager, day = make.user(Role.MANAGER), date(2026, 5, 12)
    assert calendars.current(session).is_working_day(day)
    calendars.set_day(session, day, "停工", [], actor=manager, at=clock.now())
    assert not calendars.current(session).is_working_day(day)
    session.rollback()
    calendars.forget(session)
    assert calendars.current(session).is_working_day(day)
