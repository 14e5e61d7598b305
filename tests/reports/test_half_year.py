"""Half a year of reports over generated business, with two weeks in which nothing runs: each once, on its days, late where late.

`PORTAL_TEST_HALF_YEAR_PROJECTS` says how many projects are generated; their histories reach five years back.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal import queue as portal_queue
from portal import seeding
from portal.db import session, transaction
from portal.metrics import Company, Period
from portal.models.event import Event
from portal.models.org import User
from portal.models.report import ReportRun
from portal.permissions import Role
from portal.processes.report import State, Way
from portal.reports import content, due
from portal.reports.catalogue import REPORTS, Cases
from portal.services import calendars, reports
from tests.reports.test_reports import scheduler, worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROJECTS = int(os.environ.get("PORTAL_TEST_HALF_YEAR_PROJECTS", "500"))
FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
OUTAGE = (date(2026, 3, 9), date(2026, 3, 22))
"""Scheduler and workers stand still on these days, both included; the manager signs nothing that is not there."""
FORGOTTEN = ("RP-02", "RP-08")
"""Signed in time, and handed out only the day after."""
DAY = timedelta(days=1)


@pytest.fixture
def business(app: Any, make: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[User, User]:
    """The company as it stands at the end of June; then the clock goes back to the last evening of the year before."""
    monkeypatch.setattr(portal_queue, "wake", lambda found: None)
    clock.set("2026-06-30 23:00")
    seeding.seed(PROJECTS, tell=lambda _line: None)
    people = make.user(Role.MANAGER, name="陈丽华"), make.user(Role.SPECIALIST, name="周晓雯")
    clock.set("2025-12-31 20:00")
    scheduler(clock)
    return people


def test_half_a_year_makes_every_report_once_on_its_days(business: tuple[User, User], clock: Any) -> None:
    signed: dict[int, Any] = {}
    day = FIRST
    while day <= LAST:
        if not OUTAGE[0] <= day <= OUTAGE[1]:
            clock.set(f"{day} 08:00")
            scheduler(clock)
            worker()
            _hand_out(clock, business[1])
            signed |= _sign(business[0], day)
            clock.set(f"{day} 19:00")
            worker()
        day += DAY
    made = list(session().scalars(select(ReportRun).order_by(ReportRun.id)))
    _each_once(made)
    _late_ones_are_late(made, signed)
    _frozen_is_what_is_measured_again(made, signed)


def _sign(manager: User, day: date) -> dict[int, Any]:
    """The manager signs in the morning what is due today or was due; what is frozen then, by run."""
    found = {}
    for run in _standing(State.DRAFT, State.LATE):
        if portal_clock.today(run.due_at) <= day and not run.is_frozen:
            with transaction() as writing:
                fresh = writing.get_one(ReportRun, run.id)
                plan = reports.WriteWords(plan=f"{fresh.number} 的计划")
                reports.sign(writing, fresh, plan, actor=writing.merge(manager), at=portal_clock.now())
            found[run.id] = session().get_one(ReportRun, run.id).content
            if run.code not in FORGOTTEN:
                _deliver(run.id, manager)
    return found


def _hand_out(clock: Any, specialist: User) -> None:
    """What was left lying since the day before."""
    for run in _standing(State.SIGNED, State.LATE):
        if run.is_frozen:
            _deliver(run.id, specialist)


def _deliver(run_id: int, by: User) -> None:
    with transaction() as writing:
        run = writing.get_one(ReportRun, run_id)
        for each in list(run.deliveries):
            reports.deliver(
                writing,
                run,
                reports.Deliver(each.id, Way.PAPER, "总经办"),
                actor=writing.merge(by),
                at=portal_clock.now(),
            )


def _standing(*states: State) -> list[ReportRun]:
    session().rollback()
    session().expire_all()
    return list(session().scalars(select(ReportRun).where(ReportRun.state.in_(states)).order_by(ReportRun.id)))


def _expected() -> Counter[tuple[str, date, date]]:
    calendar = calendars.current(session())
    return Counter(
        (code, each.period.first, each.period.last)
        for code, report in REPORTS.items()
        for each in due.made_between(reports.rule_of(session(), report), FIRST, LAST, calendar)
    )


def _each_once(made: list[ReportRun]) -> None:
    """Every slot of the half year, outage or not, exactly once and with its own days; nothing else."""
    assert Counter((run.code, run.period_from, run.period_to) for run in made) == _expected()
    counts = Counter(run.code for run in made)
    # By hand: Tuesdays from 01-06 to 06-30, Wednesdays from 01-07 to 06-24, Saturdays from 01-10 to 06-27 (that of 01-03
    # is a holiday, its report was due on 12-31).
    assert [counts[code] for code in ("RP-01", "RP-02", "RP-03", "RP-05", "RP-06")] == [26, 25, 25, 6, 6]
    assert set(counts) == set(REPORTS)
    # Saturday at noon, except where Saturday is a public holiday.
    noons = {f"{portal_clock.local(run.due_at):%H:%M}" for run in made if run.code == "RP-03"}
    assert noons == {"12:00"}
    # All have gone to everybody, but those that are due after the last day.
    open_ones = [run for run in made if run.state != State.SENT]
    assert all(portal_clock.today(run.due_at) >= LAST for run in open_ones), open_ones
    told = session().execute(select(Event.action, Event.record_number).where(Event.record_kind == ReportRun.KIND)).all()
    assert set(Counter(number for action, number in told if action == "make").values()) == {1}


def _late_ones_are_late(made: list[ReportRun], signed: dict[int, Any]) -> None:
    """Late is what was not with its recipients by its time: the outage's, and what was left lying."""
    ended = portal_clock.at_local(OUTAGE[1] + DAY)
    for run in made:
        begun = portal_clock.at_local(OUTAGE[0])
        in_outage = begun <= run.due_at < ended
        assert run.is_late == (in_outage or (run.code in FORGOTTEN and run.id in signed)), (run.code, run.due_at)
        sent: datetime | None = run.sent_at
        assert run.is_late == (sent is not None and sent > run.due_at) or run.state != State.SENT


def _frozen_is_what_is_measured_again(made: list[ReportRun], signed: dict[int, Any]) -> None:
    """What was frozen stands still, and the figures of a period that was over measure the same at the end of June."""
    compared: Counter[str] = Counter()
    for run in made:
        if run.id not in signed:
            continue
        assert run.content == signed[run.id], run.code
        if portal_clock.today(run.signed_at) <= run.period_to or compared[run.code] >= 6:
            continue
        report = REPORTS[run.code]
        period = reports.period_of(session(), report, Period(run.period_from, run.period_to))
        again = content.draw_up(session(), Company(), report, period, at=portal_clock.now(), calendar="1")
        figures = [
            (one, other)
            for part, one, other in zip(
                report.sections, _own(run.content, report), _own(again, report), strict=True
            )
            if not isinstance(part, Cases)
        ]  # fmt: skip
        assert all(one == other for one, other in figures), run.code
        compared[run.code] += 1
    assert set(compared) >= {"RP-01", "RP-02", "RP-03", "RP-04", "RP-05", "RP-09", "RP-13", "RP-15", "RP-16"}
    opening = [run for run in made if run.code == "RP-03" and run.content["blocks"][0]["kind"] == "promised"]
    assert len(opening) >= 24, "each report opens with what the one before promised"


def _own(drawn: dict[str, Any], report: Any) -> list[Any]:
    """The blocks of the sections of a report, without what the report before promised."""
    return drawn["blocks"][-len(report.sections) :]
