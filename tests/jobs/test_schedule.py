"""Slots: each time once, whatever the outage and whatever the clock. Leading, and the guard against a wrong clock."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from jobs import scheduler, sweeper
from portal import clock as portal_clock
from portal import faults
from portal.db import session, transaction
from portal.i18n import N_
from portal.models.notice import Notice
from portal.models.outbox import Effect, Outbox, Slot, Worker
from portal.models.outbox import Schedule as Mark
from portal.permissions import Role
from portal.schedules import SCHEDULES, Daily, Policy, Schedule, Weekly, Yearly
from portal.services import slots

REPORT = Schedule("weekly-report", N_("Weekly"), "report", Weekly(5), at="18:00")
DIGEST = Schedule("digest", N_("Digest"), "digest", Daily(), at_setting="digest_time", policy=Policy.LATEST_ONLY)


def plan(clock: Any, *schedules: Schedule) -> int:
    planned = 0
    for schedule in schedules:
        with transaction() as current:
            planned += slots.plan(current, schedule, at=clock.now())
    return planned


def found() -> list[tuple[str, str]]:
    session().rollback()
    return [(slot.key, slot.state) for slot in session().scalars(select(Slot).order_by(Slot.due_at))]


def work() -> list[str]:
    session().rollback()
    return list(session().scalars(select(Outbox.key).order_by(Outbox.id)))


def test_five_missed_saturdays_are_five_reports_of_their_own_weeks(app: Flask, clock):
    clock.set("2026-10-16 17:00")  # a Friday
    assert plan(clock, REPORT) == 0
    clock.set("2026-11-14 18:00")  # the fifth Saturday
    assert plan(clock, REPORT) == 5
    assert plan(clock, REPORT) == 0
    assert found() == [(f"2026-W{week}", "DUE") for week in (42, 43, 44, 45, 46)]
    assert work() == [f"slot:weekly-report:2026-W{week}:" for week in (42, 43, 44, 45, 46)]
    session().rollback()
    first = session().get_one(Slot, ("weekly-report", "2026-W42", ""))
    assert (first.period_from, first.period_to) == (date(2026, 10, 11), date(2026, 10, 17))
    assert portal_clock.local(first.due_at).isoformat() == "2026-10-17T18:00:00+08:00"


def test_a_digest_is_made_up_only_for_the_last_morning(app: Flask, clock):
    clock.set("2026-05-11 10:00")
    plan(clock, DIGEST)
    clock.set("2026-05-14 08:15")
    assert plan(clock, DIGEST) == 3
    assert found() == [("2026-05-12", "MERGED"), ("2026-05-13", "MERGED"), ("2026-05-14", "DUE")]
    assert work() == ["slot:digest:2026-05-14:"]


def test_a_minute_too_early_nothing_is_planned(app: Flask, clock):
    clock.set("2026-05-11 10:00")
    plan(clock, DIGEST)
    clock.set("2026-05-12 08:14")
    assert plan(clock, DIGEST) == 0


def test_a_clock_set_back_doubles_nothing_and_misses_nothing(app: Flask, clock):
    clock.set("2026-05-11 10:00")
    plan(clock, REPORT, DIGEST)
    clock.set("2026-05-16 18:00")
    plan(clock, REPORT, DIGEST)
    before = work()
    for hour in range(24):
        clock.set(f"2026-05-15 {hour:02d}:30")
        assert plan(clock, REPORT, DIGEST) == 0
    clock.set("2026-05-17 09:00")
    assert plan(clock, REPORT, DIGEST) == 1
    assert work() == [*before, "slot:digest:2026-05-17:"]


def test_two_schedulers_plan_each_slot_once(app: Flask, clock):
    clock.set("2026-10-16 17:00")
    plan(clock, REPORT)
    clock.set("2026-11-14 18:00")
    start = threading.Barrier(4)
    errors: list[Exception] = []

    def another() -> None:
        start.wait()
        with app.app_context():
            try:
                plan(clock, REPORT)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=another) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(found()) == len(work()) == 5


def test_slots_and_mark_move_together_or_not_at_all(app: Flask, clock):
    clock.set("2026-10-16 17:00")
    plan(clock, REPORT)
    clock.set("2026-11-14 18:00")
    faults.configure("K13=raise")
    try:
        with pytest.raises(faults.InjectedFault):
            plan(clock, REPORT)
    finally:
        faults.configure("")
    assert found() == [] and work() == []
    assert plan(clock, REPORT) == 5


def test_a_slot_that_lost_its_work_gets_it_back(app: Flask, clock):
    clock.set("2026-05-11 10:00")
    plan(clock, REPORT)
    clock.set("2026-05-16 18:00")
    plan(clock, REPORT)
    with transaction() as current:
        current.query(Outbox).delete()
        assert slots.repair(current, [REPORT], at=clock.now()) == ["slot:weekly-report:2026-W20:"]
        assert slots.repair(current, [REPORT], at=clock.now()) == []


def test_the_server_may_live_in_any_zone(app: Flask, clock, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "America/New_York")  # summer time changes on 2026-11-01
    time.tzset()
    try:
        clock.set("2026-10-30 10:00")
        plan(clock, DIGEST, REPORT)
        for day in ("2026-10-31", "2026-11-01", "2026-11-02"):
            clock.set(f"{day} 08:14")
            plan(clock, DIGEST, REPORT)
            clock.set(f"{day} 08:15")
            plan(clock, DIGEST, REPORT)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    session().rollback()
    due = [
        portal_clock.local(slot.due_at).strftime("%d %H:%M")
        for slot in session().scalars(select(Slot).order_by(Slot.due_at))
    ]
    assert due == ["31 08:15", "31 18:00", "01 08:15", "02 08:15"]


def test_yearly_slots_name_their_year():
    after, until = portal_clock.at_local(date(2025, 11, 11)), portal_clock.at_local(date(2027, 11, 11))
    assert [slot.key for slot in Yearly(11, 10).slots(after, until, "09:00")] == ["2026", "2027"]


def test_every_line_of_the_table_has_somebody_to_do_it():
    from jobs.outbox import handlers

    assert {schedule.kind for schedule in SCHEDULES} <= set(handlers())
    assert len({schedule.name for schedule in SCHEDULES}) == len(SCHEDULES)


# The guard and the lead ----------------------------------------------------------------------------------------------


class Hands:
    """Two clocks that a test turns."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 500.0
        self.guard = scheduler.Guard(wall=lambda: self.wall, steady=lambda: self.steady)
        self.guard.look()

    def turn(self, steady: float, wall: float | None = None) -> float | None:
        self.steady += steady
        self.wall += steady if wall is None else wall
        return self.guard.look()


def test_a_steady_clock_never_rests():
    hands = Hands()
    assert all(hands.turn(0.5, 0.5001) is None for _tick in range(5000))
    assert not hands.guard.is_resting


def test_a_year_ahead_for_a_minute_and_back_plans_nothing():
    hands = Hands()
    year = 365 * 86400.0
    assert hands.turn(1, year) == pytest.approx(year - 1)
    for _second in range(59):
        hands.turn(1)
        assert hands.guard.is_resting
    assert hands.turn(1, -year) is not None
    for _second in range(299):
        hands.turn(1)
        assert hands.guard.is_resting
    hands.turn(2)
    assert not hands.guard.is_resting


def test_a_jump_is_found_at_once_and_told_to_the_manager(app: Flask, clock, make):
    make.user(Role.MANAGER)
    hands = Hands()
    looking = scheduler.Scheduler(app, hands.guard)
    seen: list[str] = []
    looking.acts = [(0.0, lambda: seen.append("lead"))]
    looking.keep_lead = looking.acts[0][1]  # type: ignore[method-assign]
    hands.wall += 3600
    looking.tick()
    looking.tick()
    session().rollback()
    assert session().scalars(select(Notice.params)).all() == [{"seconds": 3600}]
    assert not looking._may_plan()


def test_a_long_silence_waits_for_the_managers_word(app: Flask, clock):
    clock.set("2026-05-11 10:00")
    plan(clock, REPORT)
    clock.advance(days=34)
    assert slots.doubt(session(), clock.now()) is None
    clock.advance(days=2)
    assert slots.doubt(session(), clock.now()) == "gap"
    with transaction() as current:
        slots.confirm_clock(current, at=clock.now())
    assert slots.doubt(session(), clock.now()) is None
    clock.set("2026-05-11 09:00")
    assert slots.doubt(session(), clock.now()) == "back"


def test_one_scheduler_leads_until_it_falls_silent(app: Flask, monkeypatch):
    monkeypatch.setattr(scheduler, "_runs", lambda pid: True)
    with transaction() as current:
        assert scheduler.lead(current)
        assert scheduler.lead(current, seen=True)
    monkeypatch.setattr(scheduler.os, "getpid", lambda: 4_000_001)
    with transaction() as current:
        assert not scheduler.lead(current)
        long_ago = portal_clock.machine_now() - timedelta(seconds=31)
        current.execute(update(Worker).values(seen_at=long_ago))
        assert scheduler.lead(current)
    assert session().scalar(select(func.count()).select_from(Worker)) == 1


def test_a_scheduler_that_is_gone_is_followed_at_once(app: Flask, monkeypatch):
    monkeypatch.setattr(scheduler.os, "getpid", lambda: 4_000_001)  # beyond any process number
    with transaction() as current:
        assert scheduler.lead(current)
    monkeypatch.undo()
    with transaction() as current:
        assert scheduler.lead(current)


def test_moved_time_is_looked_at_in_the_next_tick(app: Flask, clock):
    looking = scheduler.Scheduler(app, scheduler.Guard(watches=False))
    looking.tick()
    assert looking.leads
    looked: list[str] = []
    looking.acts = [(3600.0, lambda: looked.append("look"))]
    looking.next = [float("inf")]
    looking.tick()
    clock.advance(hours=30)
    looking.tick()
    looking.tick()
    assert looked == ["look"]


def test_the_sweep_survives_an_empty_house(app: Flask, clock):
    sweeper.sweep()
    assert sweeper.reconcile() == 0
    assert session().scalar(select(func.count()).select_from(Mark)) == 0
    assert session().scalar(select(func.count()).select_from(Effect)) == 0
