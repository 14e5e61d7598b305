"""The plan of calls: windows against a table counted by hand, grades, moved dates, a quarter in which none is lost. Source: 5.

The dates of the table were counted on a calendar from 5.3 (days run through weekends and holidays), not taken from the code.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.clock import ZONE
from portal.db import transaction
from portal.errors import Invalid, NotPermitted
from portal.models.customer import Customer, Property
from portal.models.event import Event
from portal.models.follow_up import FollowUpCall, FollowUpPlan
from portal.models.org import PartyKind, User
from portal.models.project import Project
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.follow_up import OBLIGATORY, CallStage, ItemKind
from portal.processes.follow_up_call import OFF_FOR_GRADE, WAITING, State
from portal.services import call_plan, calls, customers, projects, tasks
from portal.services.call_plan import months_after, periodic_days
from portal.services.calls import queue, scripts

# grade, start, material, concealed, waterproof, mid, accepted, warranty | due: start, material, concealed, waterproof,
# mid, completion | one month: from, due
HAND = """
A 26-01-05 26-01-08 26-01-19 26-01-21 26-02-12 26-03-16 26-03-17 | 26-01-15 26-01-11 26-01-22 26-01-24 26-02-15 26-03-27 26-04-16 26-04-21
B 26-01-28 26-02-01 26-02-12 26-02-15 26-03-08 26-04-15 26-04-17 | 26-02-07 -------- 26-02-15 -------- 26-03-11 26-04-27 26-05-15 26-05-20
C 26-02-09 26-02-14 26-02-25 26-03-01 26-03-21 26-05-04 26-05-07 | 26-02-19 -------- 26-02-28 -------- 26-03-24 26-05-17 26-06-04 26-06-09
A 26-02-21 26-02-27 26-03-10 26-03-15 26-04-03 26-05-23 26-05-27 | 26-03-03 26-03-02 26-03-13 26-03-18 26-04-06 26-06-06 26-06-23 26-06-28
B 26-03-02 26-03-09 26-03-20 26-03-26 26-04-13 26-06-08 26-06-13 | 26-03-12 -------- 26-03-23 -------- 26-04-16 26-06-23 26-07-08 26-07-13
C 26-03-27 26-04-04 26-04-15 26-04-17 26-05-09 26-07-10 26-07-16 | 26-04-06 -------- 26-04-18 -------- 26-05-12 26-07-26 26-08-10 26-08-15
A 26-04-01 26-04-10 26-04-21 26-04-24 26-05-15 26-06-12 26-06-13 | 26-04-11 26-04-13 26-04-24 26-04-27 26-05-18 26-06-23 26-07-12 26-07-17
B 26-04-03 26-04-13 26-04-24 26-04-28 26-05-18 26-06-21 26-06-23 | 26-04-13 -------- 26-04-27 -------- 26-05-21 26-07-03 26-07-21 26-07-26
C 26-04-08 26-04-19 26-04-30 26-05-05 26-05-24 26-07-03 26-07-06 | 26-04-18 -------- 26-05-03 -------- 26-05-27 26-07-16 26-08-03 26-08-08
A 26-04-28 26-05-01 26-05-21 26-05-27 26-06-14 26-07-30 26-08-03 | 26-05-08 26-05-04 26-05-24 26-05-30 26-06-17 26-08-13 26-08-30 26-09-04
B 26-05-06 26-05-10 26-05-30 26-06-01 26-06-23 26-08-14 26-08-19 | 26-05-16 -------- 26-06-02 -------- 26-06-26 26-08-29 26-09-14 26-09-19
C 26-05-18 26-05-23 26-06-01 26-06-04 26-07-06 26-09-02 26-09-08 | 26-05-28 -------- 26-06-04 -------- 26-07-09 26-09-18 26-10-02 26-10-07
A 26-06-09 26-06-15 26-06-24 26-06-28 26-07-29 26-08-31 26-09-01 | 26-06-19 26-06-18 26-06-27 26-07-01 26-08-01 26-09-11 26-09-30 26-10-05
B 26-06-16 26-06-23 26-07-02 26-07-07 26-07-24 26-09-05 26-09-07 | 26-06-26 -------- 26-07-05 -------- 26-07-27 26-09-17 26-10-05 26-10-10
C 26-06-30 26-07-08 26-07-17 26-07-23 26-08-08 26-09-26 26-09-29 | 26-07-10 -------- 26-07-20 -------- 26-08-11 26-10-09 26-10-26 26-10-31
A 26-07-01 26-07-10 26-07-19 26-07-21 26-08-10 26-10-04 26-10-08 | 26-07-11 26-07-13 26-07-22 26-07-24 26-08-13 26-10-18 26-11-04 26-11-09
B 26-07-21 26-07-31 26-08-09 26-08-12 26-08-31 26-10-31 26-11-05 | 26-07-31 -------- 26-08-12 -------- 26-09-03 26-11-15 26-11-30 26-12-05
C 26-08-03 26-08-14 26-08-23 26-08-27 26-09-14 26-11-20 26-11-26 | 26-08-13 -------- 26-08-26 -------- 26-09-17 26-12-06 26-12-20 26-12-25
A 26-08-22 26-08-25 26-09-12 26-09-17 26-10-04 26-11-06 26-11-07 | 26-09-01 26-08-28 26-09-15 26-09-20 26-10-07 26-11-17 26-12-06 26-12-11
B 26-09-15 26-09-19 26-10-07 26-10-13 26-10-29 26-12-07 26-12-09 | 26-09-25 -------- 26-10-10 -------- 26-11-01 26-12-19 27-01-07 27-01-12
C 26-09-21 26-09-26 26-10-14 26-10-16 26-11-05 26-12-20 26-12-23 | 26-10-01 -------- 26-10-17 -------- 26-11-08 27-01-02 27-01-20 27-01-25
A 26-09-28 26-10-04 26-10-22 26-10-25 26-11-13 27-01-03 27-01-07 | 26-10-08 26-10-07 26-10-25 26-10-28 26-11-16 27-01-17 27-02-03 27-02-08
B 26-09-30 26-10-07 26-10-14 26-10-18 26-11-16 27-01-12 27-01-17 | 26-10-10 -------- 26-10-17 -------- 26-11-19 27-01-27 27-02-12 27-02-17
C 26-10-08 26-10-16 26-10-23 26-10-28 26-11-25 26-12-18 26-12-24 | 26-10-18 -------- 26-10-26 -------- 26-11-28 27-01-03 27-01-18 27-01-23
A 26-10-20 26-10-29 26-11-05 26-11-11 26-12-08 27-01-06 27-01-07 | 26-10-30 26-11-01 26-11-08 26-11-14 26-12-11 27-01-17 27-02-06 27-02-11
B 26-11-02 26-11-12 26-11-19 26-11-21 26-12-22 27-01-26 27-01-28 | 26-11-12 -------- 26-11-22 -------- 26-12-25 27-02-07 27-02-26 27-03-03
C 26-11-21 26-12-02 26-12-09 26-12-12 26-12-29 27-02-21 27-02-24 | 26-12-01 -------- 26-12-12 -------- 27-01-01 27-03-06 27-03-21 27-03-26
A 26-12-01 26-12-04 26-12-20 26-12-24 27-01-09 27-03-10 27-03-14 | 26-12-11 26-12-07 26-12-23 26-12-27 27-01-12 27-03-24 27-04-10 27-04-15
B 26-12-22 26-12-26 27-01-11 27-01-16 27-01-31 27-04-07 27-04-12 | 27-01-01 -------- 27-01-14 -------- 27-02-03 27-04-22 27-05-07 27-05-12
C 26-12-29 27-01-03 27-01-19 27-01-25 27-02-08 27-03-31 27-04-06 | 27-01-08 -------- 27-01-22 -------- 27-02-11 27-04-16 27-04-30 27-05-05
A 27-01-04 27-01-10 27-01-26 27-01-28 27-02-15 27-03-25 27-03-26 | 27-01-14 27-01-13 27-01-29 27-01-31 27-02-18 27-04-05 27-04-25 27-04-30
B 27-01-31 27-02-07 27-02-23 27-02-26 27-03-15 27-04-28 27-04-30 | 27-02-10 -------- 27-02-26 -------- 27-03-18 27-05-10 27-05-28 27-06-02
C 27-02-19 27-02-27 27-03-15 27-03-19 27-04-04 27-05-24 27-05-27 | 27-03-01 -------- 27-03-18 -------- 27-04-07 27-06-06 27-06-24 27-06-29
A 27-03-08 27-03-17 27-03-22 27-03-27 27-04-22 27-06-17 27-06-21 | 27-03-18 27-03-20 27-03-25 27-03-30 27-04-25 27-07-01 27-07-17 27-07-22
B 27-04-26 27-05-06 27-05-11 27-05-17 27-06-11 27-08-12 27-08-17 | 27-05-06 -------- 27-05-14 -------- 27-06-14 27-08-27 27-09-12 27-09-17
C 27-09-24 27-10-05 27-10-10 27-10-12 27-11-10 27-12-31 28-01-06 | 27-10-04 -------- 27-10-13 -------- 27-11-13 28-01-16 28-01-31 28-02-05
A 27-12-20 27-12-23 28-01-06 28-01-09 28-02-06 28-03-11 28-03-12 | 27-12-30 27-12-26 28-01-09 28-01-12 28-02-09 28-03-22 28-04-11 28-04-16
B 28-01-18 28-01-22 28-02-05 28-02-09 28-03-07 28-03-30 28-04-01 | 28-01-28 -------- 28-02-08 -------- 28-03-10 28-04-11 28-04-30 28-05-05
C 28-02-19 28-02-24 28-03-09 28-03-14 28-04-09 28-05-25 28-05-28 | 28-02-29 -------- 28-03-12 -------- 28-04-12 28-06-07 28-06-25 28-06-30
A 28-02-28 28-03-05 28-03-19 28-03-25 28-04-06 28-06-10 28-06-14 | 28-03-09 28-03-08 28-03-22 28-03-28 28-04-09 28-06-24 28-07-10 28-07-15
"""
# grade, first day | when the customer does not want it | each try falls on the moment that the try before it set; / the next day
# By hand: again after two hours, then at 18:30, then the next day; called is 09:00-12:00 and 14:00-20:00; the first
# failed try of the third day is the last. Sundays, holidays and leap days count like all days.
LADDERS = """
A 2026-10-01 | -                        | 09:00 11:00 18:30 / 09:00 11:00 18:30 / 09:00
B 2026-10-02 | -                        | 09:30 11:30 18:30 / 09:00 11:00 18:30 / 09:00
C 2026-10-03 | -                        | 09:59 11:59 18:30 / 09:00 11:00 18:30 / 09:00
A 2026-02-16 | -                        | 10:00 14:00 18:30 / 09:00 11:00 18:30 / 09:00
B 2026-02-17 | -                        | 11:59 14:00 18:30 / 09:00 11:00 18:30 / 09:00
C 2026-02-18 | -                        | 14:00 16:00 18:30 / 09:00 11:00 18:30 / 09:00
A 2026-02-27 | -                        | 15:10 17:10 18:30 / 09:00 11:00 18:30 / 09:00
B 2026-12-30 | -                        | 16:29 18:29 18:30 / 09:00 11:00 18:30 / 09:00
C 2026-12-31 | -                        | 16:30 18:30 / 09:00 11:00 18:30 / 09:00
A 2028-02-28 | -                        | 16:45 18:45 / 09:00 11:00 18:30 / 09:00
B 2028-02-29 | -                        | 17:59 19:59 / 09:00 11:00 18:30 / 09:00
C 2026-05-01 | -                        | 18:00 / 09:00 11:00 18:30 / 09:00
A 2026-05-02 | -                        | 19:59 / 09:00 11:00 18:30 / 09:00
B 2026-06-19 | 12:00-14:00              | 10:30 14:00 18:30 / 09:00 11:00 18:30 / 09:00
C 2026-06-20 | 22:00-07:30              | 09:00 11:00 18:30 / 09:00 11:00 18:30 / 09:00
A 2026-06-21 | 09:00-10:00              | 10:00 14:00 18:30 / 10:00 14:00 18:30 / 10:00
B 2026-09-25 | 09:00-09:30              | 09:30 11:30 18:30 / 09:30 11:30 18:30 / 09:30
C 2026-09-26 | 09:00-12:00              | 14:00 16:00 18:30 / 14:00 16:00 18:30 / 14:00
A 2026-09-27 | 10:30-11:30              | 09:00 11:30 18:30 / 09:00 11:30 18:30 / 09:00
B 2026-10-07 | 11:00-12:00              | 09:00 14:00 18:30 / 09:00 14:00 18:30 / 09:00
C 2026-10-08 | 14:00-16:00              | 10:30 16:00 18:30 / 09:00 11:00 18:30 / 09:00
A 2026-10-09 | 14:00-18:30              | 11:15 18:30 / 09:00 11:00 18:30 / 09:00
B 2026-10-10 | 14:00-20:00              | 09:15 11:15 / 09:00 11:00 / 09:00
C 2026-10-11 | 18:00-19:00              | 09:40 11:40 19:00 / 09:00 11:00 19:00 / 09:00
A 2026-11-01 | 18:30-20:00              | 09:00 11:00 / 09:00 11:00 / 09:00
B 2026-11-02 | 18:30-19:30              | 14:20 16:20 19:30 / 09:00 11:00 19:30 / 09:00
C 2026-11-03 | 16:00-17:00              | 14:00 17:00 18:30 / 09:00 11:00 18:30 / 09:00
A 2026-11-04 | 17:30-18:31              | 15:30 18:31 / 09:00 11:00 18:31 / 09:00
B 2026-11-05 | 19:00-20:00              | 17:00 / 09:00 11:00 18:30 / 09:00
C 2026-11-06 | 20:00-22:00              | 17:59 19:59 / 09:00 11:00 18:30 / 09:00
A 2026-11-07 | 09:00-12:00, 14:00-18:00 | 18:10 / 18:00 / 18:00
B 2026-11-08 | 09:00-12:00, 14:00-17:00 | 17:00 19:00 / 17:00 19:00 / 17:00
C 2026-11-09 | 09:00-11:00, 18:00-20:00 | 11:00 14:00 / 11:00 14:00 / 11:00
A 2027-02-05 | 08:00-09:00              | 09:00 11:00 18:30 / 09:00 11:00 18:30 / 09:00
B 2027-02-06 | 12:00-15:00              | 10:05 15:00 18:30 / 09:00 11:00 18:30 / 09:00
C 2027-02-28 | 00:00-10:30              | 10:30 14:00 18:30 / 10:30 14:00 18:30 / 10:30
A 2027-03-01 | 09:00-11:59              | 11:59 14:00 18:30 / 11:59 14:00 18:30 / 11:59
B 2027-04-04 | 21:00-09:30              | 09:45 11:45 18:30 / 09:30 11:30 18:30 / 09:30
C 2027-04-05 | 11:30-14:30              | 09:30 14:30 18:30 / 09:00 11:00 18:30 / 09:00
A 2027-12-31 | 15:00-16:00, 18:30-19:00 | 11:00 14:00 19:00 / 09:00 11:00 19:00 / 09:00
"""
NONE = "--------"
EVENTS = ("START", "MATERIAL", "CONCEALED", "WATERPROOF", "MID")


def when(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def day(text: str) -> date:
    return date.fromisoformat(f"20{text}")


def noon(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 12, tzinfo=ZONE)


def site(writing: Any, number: int, grade: str, owner: User, at: datetime, **fields: Any) -> Project:
    """A project of a customer of this grade, made in the present transaction."""
    kept = {"created_at": at, "updated_at": at}
    customer = Customer(
        number=f"KH-{number}", name=f"客户{number}", phone=f"137{number:08d}", phone_tail=f"{number:04d}", source="STORE",
        kind="SIGNED", grade=grade, owner_id=owner.id, **kept,
    )  # fmt: skip
    writing.add(customer)
    writing.flush()
    home = Property(
        number=f"FW-{number}", customer_id=customer.id, estate="翠湖天地", building="5", unit="1", room=str(number),
        area=Decimal("100"), **kept,
    )  # fmt: skip
    writing.add(home)
    writing.flush()
    given = {"stage": "ARCHIVED", "kind": "FULL"} | fields
    project = Project(number=f"GC-{number}", customer=customer, property_id=home.id, **given, **kept)
    writing.add(project)
    writing.flush()
    return project


def talk(writing: Any, call: FollowUpCall, actor: User, at: datetime) -> None:
    """The customer is reached and content."""
    script = scripts.script_for(writing, call.stage, call.customer.grade, at.date())
    answers = []
    for item in script.items if script else ():
        kind = ItemKind(item["kind"])
        if not item["required"]:
            continue
        if kind in (ItemKind.SCORE, ItemKind.RATE10):
            answers.append(calls.Answer(item["code"], score=5))
        else:
            said = "NO" if item.get("opens") and item.get("when") == "YES" else "YES"
            answers.append(calls.Answer(item["code"], said if kind == ItemKind.YES_NO else "3"))
    command = calls.FinishCall(at, "PHONE", "CUSTOMER", "SATISFIED", tuple(answers), "满意")
    calls.finish(writing, call, command, actor=actor, at=at)


@pytest.mark.sqlite_only
def test_windows_are_those_counted_by_hand_for_forty_projects(make, clock, session):
    """Each call is due on the day of the table and no other; grades B and C are not asked about the extra stages."""
    rows = [line.replace("|", "").split() for line in HAND.strip().splitlines()]
    assert len(rows) == 40 and {row[0] for row in rows} == {"A", "B", "C"}
    owner = make.user(Role.SPECIALIST)
    wrong = []
    with transaction() as writing:
        actor = writing.merge(owner)
        for number, (grade, *days) in enumerate(rows, 1):
            happened, due = days[:7], days[7:]
            begins = noon(day(happened[0]))
            project = site(
                writing, number, grade, actor, begins, actual_start_on=begins.date(), planned_start_on=begins.date()
            )
            call_plan.make_plan(writing, project, at=begins)
            for stage, on in zip(EVENTS, happened, strict=False):
                call_plan.reached(writing, project, stage, on=day(on), event=project, at=noon(day(on)))
            project.stage, project.actual_finish_on = "IN_WARRANTY", day(happened[5])
            call_plan.finished(writing, project, at=noon(day(happened[5])))
            on = day(happened[6])
            call_plan.reached(writing, project, "COMPLETION", on=on, event=project, at=noon(on))
            writing.flush()
            before = noon(day(due[6])) - timedelta(days=1)
            call_plan.open_due(writing, before)
            found = {call.stage: call for call in call_plan.calls_of(writing, project)}
            if found["ONE_MONTH"].window_from is not None:
                wrong.append((number, "one month, too early"))
            call_plan.open_due(writing, noon(day(due[6])))
            expected = dict(zip((*EVENTS, "COMPLETION"), due, strict=False)) | {"ONE_MONTH": due[7]}
            shown = {stage: f"{call.due_on:%y-%m-%d}" for stage, call in found.items() if call.due_on}
            wanted = {stage: text for stage, text in expected.items() if text != NONE}
            if shown != wanted or found["ONE_MONTH"].window_from != day(due[6]):
                wrong.append((number, shown, wanted))
    assert not wrong, wrong


@pytest.mark.sqlite_only
def test_ladders_are_those_written_by_hand_for_forty_projects(make, clock, session):
    """Who is not reached is tried at the moments of the table and no others, then given up (5.2, C-6)."""
    rows = [[part.strip() for part in line.split("|")] for line in LADDERS.strip().splitlines()]
    assert len(rows) == 40 and {row[0][0] for row in rows} == {"A", "B", "C"}
    owner, wrong = make.user(Role.SPECIALIST), []
    with transaction() as writing:
        actor = writing.merge(owner)
        for number, (who, quiet, ladder) in enumerate(rows, 1):
            grade, first = who.split()
            tries = [
                datetime.combine(date.fromisoformat(first) + timedelta(days=after), time.fromisoformat(text), ZONE)
                for after, texts in enumerate(ladder.split("/"))
                for text in texts.split()
            ]
            project = site(writing, number, grade, actor, tries[0], stage="IN_PROGRESS")
            project.customer.avoid_hours = None if quiet == "-" else quiet
            call = calls.open_window(writing, project, CallStage.START, on=tries[0].date(), event=project, at=tries[0])
            shown = []
            for at in tries:
                made = calls.attempt(writing, call, calls.Attempt("NO_ANSWER", at), actor=actor, at=at)
                shown.append(made.next_at)
            if shown != [*tries[1:], None] or call.state != State.UNREACHABLE:
                wrong.append((number, [f"{at:%d %H:%M}" for at in shown if at], call.state))
    assert not wrong, wrong


@pytest.mark.sqlite_only
def test_the_plan_moves_with_the_dates_and_follows_the_grade(make, clock, session):
    """One change of the dates moves all that is not done; grade A adds calls and their caller; nothing is planned twice."""
    at = clock.set("2026-04-01 10:00")
    owner, lead = make.user(Role.SPECIALIST), make.user(Role.SPECIALIST, is_lead=True)
    manager = make.user(Role.MANAGER)
    with transaction() as writing:
        actor, chief = writing.merge(owner), writing.merge(manager)
        dates = {"planned_start_on": date(2026, 4, 8), "planned_finish_on": date(2026, 7, 4), "contract_days": 87}
        project = site(writing, 1, "B", actor, at, **dates)
        plan = call_plan.make_plan(writing, project, at=at)
        assert call_plan.make_plan(writing, project, at=at) is plan
        planned = {call.stage: call.expected_on for call in call_plan.calls_of(writing, project)}
        assert planned == {
            "START": date(2026, 4, 8), "CONCEALED": date(2026, 4, 29), "MID": date(2026, 5, 21),
            "COMPLETION": date(2026, 7, 4), "ONE_MONTH": date(2026, 8, 4),
        }  # fmt: skip
        call_plan.reached(writing, project, "START", on=date(2026, 4, 8), event=project, at=at)
        talk(writing, calls.find(writing, project, CallStage.START), actor, noon(date(2026, 4, 9)))
        moved = {"planned_start_on": date(2026, 5, 8), "planned_finish_on": date(2026, 8, 3)}
        projects.change(writing, project, moved, version=project.version, actor=actor, at=noon(date(2026, 4, 10)))
        assert (plan.start_on, plan.finish_on) == (date(2026, 5, 8), date(2026, 8, 3))
        shown = {call.stage: call.expected_on for call in call_plan.calls_of(writing, project)}
        assert shown["START"] == date(2026, 4, 8), "what is done stays"
        assert (shown["MID"], shown["ONE_MONTH"]) == (date(2026, 6, 20), date(2026, 9, 3))

        customers.change_grade(
            writing, project.customer, grade="A", reason="介绍人", version=project.customer.version, actor=chief, at=at
        )
        found = {call.stage: call for call in call_plan.calls_of(writing, project)}
        assert list(found) == ["START", "MATERIAL", "CONCEALED", "WATERPROOF", "MID", "COMPLETION", "ONE_MONTH"]
        assert found["START"].grade == "B", "frozen at the call"
        assert {stage: call.owner_id for stage, call in found.items() if call.owner_id != owner.id} == {
            "MID": lead.id, "COMPLETION": lead.id,
        }  # fmt: skip
        writing.add(SettingValue(key="call_a_owner", value="MANAGER", updated_at=at, updated_by_id=chief.id))
        writing.flush()
        writing.info.pop("settings", None)
        assert call_plan._owner(writing, project, CallStage.MID) is chief
        customers.change_grade(
            writing, project.customer, grade="C", reason="更正", version=project.customer.version, actor=chief, at=at
        )
        after = call_plan.calls_of(writing, project)
        assert {call.stage for call in after} >= set(OBLIGATORY), "no grade lowers the four"
        assert len({(call.stage, call.occurrence) for call in after}) == len(after) == 7
        state_of = {call.stage: (call.state, call.reason) for call in after}
        dropped = (State.CANCELLED, OFF_FOR_GRADE.message)
        assert (state_of["MATERIAL"], state_of["WATERPROOF"]) == (dropped, dropped), (
            "what C does not ask for is dropped"
        )
        assert {state_of[stage] for stage in ("CONCEALED", "MID", "COMPLETION", "ONE_MONTH")} == {(State.PLANNED, None)}
        assert state_of["START"][0] == State.DONE_SATISFIED, "what was made stays"
        found["WATERPROOF"].reason = "经理取消"
        for grade in ("A", "A", "C", "A"):
            customers.change_grade(
                writing, project.customer, grade=grade, reason="再更正", version=project.customer.version, actor=chief,
                at=at,
            )  # fmt: skip
            after = call_plan.calls_of(writing, project)
            assert len({(call.stage, call.occurrence) for call in after}) == len(after) == 7
            material = State.PLANNED if grade == "A" else State.CANCELLED
            assert (found["MATERIAL"].state, found["WATERPROOF"].state) == (material, State.CANCELLED)
        assert (found["MATERIAL"].grade, found["MATERIAL"].reason) == ("A", None)
        call_plan.reached(writing, project, "MATERIAL", on=date(2026, 4, 20), event=project, at=noon(date(2026, 4, 20)))
        assert found["MATERIAL"].due_on is not None
        clocks = select(func.count()).where(Task.record_kind == FollowUpCall.KIND, Task.closed_at.is_(None))
        assert writing.scalar(clocks) == 1
        customers.change_grade(
            writing, project.customer, grade="C", reason="更正", version=project.customer.version, actor=chief, at=at
        )
        assert (found["MATERIAL"].state, writing.scalar(clocks)) == (State.CANCELLED, 0), "its clock ends with it"

        project.stage = "SUSPENDED"
        call_plan.replan(writing, project, at=at)
        assert {call.expected_on for call in after if call.state == State.PLANNED} == {None}, "nobody knows when"
        project.stage = "IN_PROGRESS"
        call_plan.replan(writing, project, at=at)
        assert calls.find(writing, project, CallStage.MID).expected_on == date(2026, 6, 20)
        call_plan.reached(writing, project, "MID", on=date(2026, 6, 20), event=project, at=noon(date(2026, 6, 20)))
        projects.cancelled(writing, project, at=noon(date(2026, 6, 21)))
        states = {call.stage: call.state for call in call_plan.calls_of(writing, project)}
        assert states.pop("START") == State.DONE_SATISFIED and set(states.values()) == {State.CANCELLED}
        running = select(func.count()).where(Task.record_kind == FollowUpCall.KIND, Task.closed_at.is_(None))
        assert writing.scalar(running) == 0
        call_plan.reached(
            writing, project, "CONCEALED", on=date(2026, 6, 22), event=project, at=noon(date(2026, 6, 22))
        )
        assert calls.find(writing, project, CallStage.CONCEALED).window_from is None, (
            "nobody calls about a cancelled one"
        )


@pytest.mark.sqlite_only
def test_four_are_always_planned_and_more_where_the_setting_asks(make, clock, session):
    at = clock.now()
    manager = make.user(Role.MANAGER)
    for least, extra in ((0, ()), (4, ()), (5, ("MATERIAL",)), (6, ("MATERIAL", "WATERPROOF"))):
        with transaction() as writing:
            row = writing.get(SettingValue, "min_effective_calls")
            if row is None:
                writing.add(
                    SettingValue(key="min_effective_calls", value=least, updated_at=at, updated_by_id=manager.id)
                )
            else:
                row.value = least
            writing.flush()
            writing.info.pop("settings", None)
            for grade in "BC":
                found = call_plan.stages_for(writing, grade)
                assert set(found) == {*OBLIGATORY, "ONE_MONTH", *extra}, (least, grade)
            assert set(call_plan.stages_for(writing, "A")) == {*OBLIGATORY, "ONE_MONTH", "MATERIAL", "WATERPROOF"}


@pytest.mark.sqlite_only
def test_holidays_are_greeted_once_and_the_regular_calls_only_when_switched_on(make, clock, session):
    at = clock.set("2026-09-21 09:00")
    owner, manager = make.user(Role.SPECIALIST), make.user(Role.MANAGER)
    with transaction() as writing:
        actor, chief = writing.merge(owner), writing.merge(manager)
        done = {"actual_start_on": date(2026, 1, 5), "actual_finish_on": date(2026, 6, 25)}
        for number, (grade, stage) in enumerate((("A", "IN_WARRANTY"), ("B", "IN_PROGRESS"), ("A", "CANCELLED")), 1):
            site(writing, number, grade, actor, at, stage=stage, **done)
        given = {"name": "中秋问候", "on": date(2026, 9, 25), "grades": ("A",), "at": at}
        with pytest.raises(NotPermitted):
            call_plan.plan_seasonal(writing, actor=actor, **given)
        for wrong in ({"name": " "}, {"grades": ()}, {"on": date(2026, 9, 20)}):
            with pytest.raises(Invalid):
                call_plan.plan_seasonal(writing, actor=chief, **given | wrong)
        (call,) = call_plan.plan_seasonal(writing, actor=chief, **given)
        assert (call.project.number, call.remarks, call.window_from) == ("GC-1", "中秋问候", None)
        assert call_plan.plan_seasonal(writing, actor=chief, **given) == []
        (second,) = call_plan.plan_seasonal(writing, actor=chief, **given | {"name": "公司周年"})
        assert second.occurrence == 2
        assert call_plan.open_due(writing, when("2026-09-25 07:45")) == 2, "no regular call: it is switched off"
        assert (call.window_from, call.due_on) == (date(2026, 9, 25), None)
        writing.add(SettingValue(key="call_periodic", value=True, updated_at=at, updated_by_id=chief.id))
        writing.flush()
        writing.info.pop("settings", None)
        assert call_plan.open_due(writing, when("2026-09-24 07:45")) == 0
        assert call_plan.open_due(writing, when("2026-09-25 07:45")) == 1
        assert call_plan.open_due(writing, when("2026-09-26 07:45")) == 0
        project = writing.scalars(select(Project).where(Project.number == "GC-1")).one()
        regular = calls.find(writing, project, CallStage.WARRANTY_PERIODIC)
        assert (regular.window_from, regular.due_on) == (date(2026, 9, 25), date(2026, 10, 5))
    series = periodic_days(date(2026, 8, 31))
    assert [next(series).isoformat() for _ in range(8)] == [
        "2026-11-30", "2027-02-28", "2027-05-31", "2027-08-31", "2028-02-29", "2028-08-31", "2029-08-31", "2030-08-31",
    ]  # fmt: skip
    assert months_after(date(2026, 12, 31), 2) == date(2027, 2, 28)


@pytest.mark.sqlite_only
def test_in_a_quarter_of_three_hundred_projects_no_call_is_lost_or_doubled(make, clock, session):
    """Starts, stages, moved dates, customers nobody reaches, jobs that run twice: every due call is there, once, in time.

    And every project that was completed with its plan carried out has at least four effective calls.
    """
    dice = random.Random(2026)
    first, last = date(2026, 7, 1), date(2026, 9, 30)
    owner = make.user(Role.SPECIALIST)
    lead = make.user(Role.SPECIALIST, is_lead=True)
    manager = make.party(PartyKind.PROJECT_MANAGER)
    due: dict[date, list[tuple[int, str]]] = {}
    happened: dict[tuple[int, str], date] = {}
    moved, unreached = set(), set()

    def plans(number: int, stage: str, on: date) -> None:
        if on <= last:
            due.setdefault(on, []).append((number, stage))

    with transaction() as writing:
        actor, at = writing.merge(owner), noon(first - timedelta(days=1))
        keys = {}
        for number in range(1, 301):
            start = first + timedelta(days=number % 75)
            span = 24 + number % 50
            dates = {"planned_start_on": start, "planned_finish_on": start + timedelta(days=span)}
            people = {"project_manager_id": manager.id}
            project = site(writing, number, "ABC"[number % 3], actor, at, **dates, **people)
            call_plan.make_plan(writing, project, at=at)
            keys[number] = project.id
            if number % 13 == 0:
                start += timedelta(days=4)
                later = {"planned_start_on": start, "planned_finish_on": start + timedelta(days=span)}
                projects.change(writing, project, later, version=project.version, actor=actor, at=at)
            for stage, share in (("START", 0), ("MATERIAL", 12), ("CONCEALED", 30), ("WATERPROOF", 38), ("MID", 55)):
                plans(number, stage, start + timedelta(days=span * share // 100))
            plans(number, "ACCEPTED", start + timedelta(days=span))
            plans(number, "COMPLETION", start + timedelta(days=span + 2))
            if number % 7 == 0:
                moved.add(number)
            if number % 11 == 0:
                unreached.add(number)
    today = first
    while today <= last:
        at = clock.set(noon(today))
        with transaction() as writing:
            actor = writing.get(User, owner.id)
            for number, stage in due.get(today, ()):
                project = writing.get(Project, keys[number])
                if stage == "ACCEPTED":
                    project.stage, project.actual_finish_on = "IN_WARRANTY", today
                    for _twice in range(2):
                        call_plan.finished(writing, project, at=at)
                    continue
                if stage == "START":
                    project.stage, project.actual_start_on = "IN_PROGRESS", today
                    if number in moved:
                        later = {"planned_finish_on": project.planned_finish_on + timedelta(days=9)}
                        projects.change(writing, project, later, version=project.version, actor=actor, at=at)
                if stage in OBLIGATORY or project.customer.grade == "A":
                    happened[number, stage] = today
                for _twice in range(2):
                    call_plan.reached(writing, project, stage, on=today, event=project, at=at)
            for _twice in range(2):
                call_plan.open_due(writing, at)
            tasks.sweep(writing, at, limit=1000)
            writing.flush()
            open_calls = select(FollowUpCall).where(
                FollowUpCall.state.in_(sorted(WAITING)), FollowUpCall.window_from.is_not(None)
            )
            for call in writing.scalars(open_calls.order_by(FollowUpCall.id)).all():
                number = int(call.project.number[3:])
                if number in unreached and call.stage == "CONCEALED":
                    calls.attempt(writing, call, calls.Attempt("NO_ANSWER", at), actor=actor, at=at)
                elif dice.random() < 0.7:
                    talk(writing, call, actor, at)
        today += timedelta(days=1)
    session.expire_all()
    made = session.scalars(select(FollowUpCall)).all()
    assert len({(call.project_id, call.stage, call.occurrence) for call in made}) == len(made)
    numbers = {key: number for number, key in keys.items()}
    opened = {
        (numbers[call.project_id], call.stage): call
        for call in made
        if call.window_from is not None and call.stage != CallStage.ONE_MONTH
    }
    assert set(opened) == set(happened), "a window for each event, and for nothing else"
    assert all(opened[key].window_from == on for key, on in happened.items())
    months = {call.project_id for call in made if call.stage == CallStage.ONE_MONTH and call.window_from is not None}
    accepted = session.scalars(select(Project).where(Project.actual_finish_on.is_not(None))).all()
    assert months == {one.id for one in accepted if months_after(one.actual_finish_on, 1) <= last} and months
    clocks = set(
        session.scalars(select(Task.record_id).where(Task.record_kind == FollowUpCall.KIND, Task.closed_at.is_(None)))
    )
    waiting = {call.id for call in made if call.window_from is not None and call.state in WAITING and call.due_on}
    assert waiting == clocks, "every call that waits has its clock, and no other has one"
    offered = {line.record.id for one in (owner, lead) for line in queue.queue(session, session.merge(one), at=at)}
    assert {call.id for call in made if call.window_from is not None and call.state in WAITING} == offered
    gone = {numbers[call.project_id] for call in made if call.state == State.UNREACHABLE}
    assert gone and gone <= unreached
    plans_made = session.scalar(select(func.count()).select_from(FollowUpPlan))
    assert plans_made == 300
    finished = [
        one.id for one in accepted if all(call.state not in WAITING for call in made if call.project_id == one.id)
    ]
    effective = {key: sum(call.is_effective for call in made if call.project_id == key) for key in finished}
    assert len(finished) > 40 and {key for key, count in effective.items() if count < 4} <= {keys[n] for n in unreached}
    assert session.scalar(select(func.count()).where(Event.record_kind == FollowUpCall.KIND)) > len(made)


@pytest.mark.sqlite_only
def test_the_manager_has_customers_greeted_through_the_page(make, clock, session, sign_in):
    at = clock.set("2026-09-21 09:00")
    owner = make.user(Role.SPECIALIST)
    with transaction() as writing:
        done = {"actual_start_on": date(2026, 1, 5), "stage": "IN_PROGRESS"}
        for number, grade in enumerate("AABC", 1):
            site(writing, number, grade, writing.merge(owner), at, **done)
    manager, path = sign_in(Role.MANAGER), "/records/follow-up-calls/seasonal"
    assert "节日回访" in manager.get(path, status=200).text
    sent = {"name": "国庆问候", "on": "2026-10-01", "grades": ["0", "1"], "client_key": "k"}
    assert "已过" in manager.post(path, sent | {"on": "2026-09-01"}, status=422).text
    for _twice in range(2):
        manager.post(path, sent, status=303)
    found = session.scalars(select(FollowUpCall)).all()
    assert sorted((call.grade, call.remarks, call.expected_on) for call in found) == [
        (grade, "国庆问候", date(2026, 10, 1)) for grade in "AAB"
    ]  # fmt: skip
    colleague = sign_in(Role.SPECIALIST)
    colleague.get(path, status=403)
    rounds = "/records/follow-up-calls/rounds"
    assert "国庆问候" not in colleague.get(rounds, status=200).text, "none of these customers is theirs"
    clock.set("2026-10-01 10:00")
    with transaction() as writing:
        call_plan.open_due(writing, clock.now())
        first, second, _third = writing.scalars(select(FollowUpCall).order_by(FollowUpCall.id)).all()
        talk(writing, first, writing.merge(owner), clock.now())
        second.reason = "已说过"
        calls.cancel(writing, second, calls.Because("已说过"), actor=writing.merge(manager.user), at=clock.now())
    line = sign_in(owner).get(rounds, status=200).text
    assert "国庆问候" in line and "已回访 1 / 2" in line and "待回访 1" in line
    assert not any(words in line for words in ("联系不上", "已全部回访")), "only what is"
    one = sign_in(owner).get(f"{rounds}?name=国庆问候&on=2026-10-01", status=200).text
    assert all(name in one for name in ("客户1", "客户2", "客户3")) and "documents/F-30" in one
    for odd in ("?name=国庆问候&on=x", "?name=无&on=2026-10-01"):
        sign_in(owner).get(f"{rounds}{odd}", status=200)
