"""The demo at any hour: people worked in duty hours, nothing lies ahead, and everybody finds work to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock, verify
from portal.clock import ZONE, local
from portal.db import session
from portal.demo.hours import CLOSES, OPENS, day_so_far, next_on_duty, on_duty
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.consultation import Consultation
from portal.models.drawing_review import DrawingReview
from portal.models.event import Event
from portal.models.org import Crew, PartyStatus, User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import PreAcceptance
from portal.models.project import Project
from portal.models.reward import RewardEntry
from portal.models.task import Task, TaskKind
from portal.models.works import DispatchOrder
from portal.services import boards, complaints, desk, workload
from tests import databases, shared, story

HOURS = ("03:00", "09:00", story.NOW[-5:], "23:30")
"""At night, when the office opens, while it works, when it has closed."""


def at(text: str) -> datetime:
    """A moment on the company's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def is_in_office(moment: datetime) -> bool:
    """Whether somebody is at work then."""
    here = local(moment)
    return OPENS <= timedelta(hours=here.hour, minutes=here.minute, seconds=here.second) <= CLOSES


@pytest.fixture(scope="module", params=HOURS)
def loaded(request: Any, of_the_run: Path, sqlite_template: Path, tmp_path_factory: Any) -> Any:
    """A portal that was set up at this hour of a Tuesday, and the moment."""
    moment = f"2026-11-17 {request.param}"
    made = shared.once(
        of_the_run / ("story" if moment == story.NOW else f"demo at {request.param[:2]}"),
        lambda folder: story.make_template(folder, sqlite_template, moment),
    )
    home = tmp_path_factory.mktemp("demo")
    databases.copy_sqlite(made, home)
    with story.told_at(home, moment) as now:
        yield now
        session().rollback()


def test_nobody_worked_at_night_and_nothing_lies_ahead(loaded: datetime) -> None:
    for event in session().scalars(select(Event)):
        assert event.at <= loaded, (event.kind, event.action, event.at)
        if event.actor_id is not None:
            assert is_in_office(event.at), (event.kind, event.action, local(event.at))
    for contact in session().scalars(select(Consultation)):
        assert is_in_office(contact.occurred_at) and contact.occurred_at <= loaded
    for due_at in session().scalars(select(Task.due_at).where(Task.kind == TaskKind.PROMISE)):
        assert due_at is None or is_in_office(due_at)


def test_steps_of_a_case_follow_each_other(loaded: datetime) -> None:
    earlier: dict[tuple[str, int], datetime] = {}
    for event in session().scalars(select(Event).where(Event.record_id.is_not(None)).order_by(Event.id)):
        record = event.record_kind, event.record_id
        assert earlier.get(record, event.at) <= event.at, (record, event.action)
        earlier[record] = event.at


def test_the_ledger_says_what_the_worked_example_says(loaded: datetime) -> None:
    """8.1, 8.2 lines 2 (four weeks later) and 5: who, what, how much; the number of a fine in May is the third of the year."""
    found = session().scalars(
        select(PenaltyEntry).where(PenaltyEntry.number <= "JC-2026-0013").order_by(PenaltyEntry.id)
    )
    said = [
        (entry.number[-4:], entry.person, entry.kind, str(entry.amount or ""), f"{entry.suspended_from or ''}", entry.record_number)
        for entry in found
    ]  # fmt: skip
    assert said == [
        ("0001", "许诺", "WARNING", "", "", "SH-2026-0001"),
        ("0002", "许诺", "COMMISSION_DEDUCTION", "840.00", "", "SH-2026-0001"),
        ("0003", "刘大勇队", "FINE", "50.00", "", "TS-2026-0001"),
        ("0004", "许诺", "COMMISSION_DEDUCTION", "1500.00", "", "SH-2026-0002"),
        ("0005", "许诺", "PUBLIC_CRITICISM", "", "", "SH-2026-0002"),
        ("0006", "高原", "ORDINARY_FAULT", "", "", "SH-2026-0002"),
        ("0007", "许诺", "COMPENSATION_SHARE", "5040.00", "", "TD-2026-0002"),
        ("0008", "刘大勇", "COMPENSATION_SHARE", "2800.00", "", "SJ-2026-0001"),
        ("0009", "刘大勇队", "COMPENSATION_SHARE", "3600.00", "", "TD-2026-0003"),
        ("0012", "孙海", "FOREMAN_REPLACED", "", "", "YY-2026-0002"),
        ("0013", "孙海", "FINE", "500.00", "", "YY-2026-0002"),
    ]
    months = (
        select(PenaltyEntry)
        .where(PenaltyEntry.kind.in_(("ORDER_SUSPENSION", "SERIOUS_FAULT")))
        .order_by(PenaltyEntry.id)
    )
    suspended, slip = session().scalars(months.limit(2)).all()
    assert (suspended.person, f"{suspended.suspended_from}", f"{suspended.suspended_until}", slip.person) == (
        "孙海", "2026-07-10", "2026-10-10", "李志远",
    )  # fmt: skip
    review = session().scalars(select(DrawingReview).where(DrawingReview.number == "SH-2026-0002")).one()
    assert (review.state, str(review.contract_amount), f"{review.signed_on}", review.contract.is_bypassed) == (
        "SIGNED_WITHOUT_PASS", "150000.00", "2026-04-03", True,
    )  # fmt: skip
    rewarded = session().execute(select(RewardEntry.number, RewardEntry.kind, RewardEntry.state)).all()
    assert [tuple(row) for row in rewarded] == [
        ("JC-2026-0010", "PRAISE", "APPROVED"),
        ("JC-2026-0011", "BONUS", "APPROVED"),
    ]
    ended = session().execute(
        select(Cancellation.number, Cancellation.state, Cancellation.loss, LossNotice.amount)
        .outerjoin(LossNotice, LossNotice.cancellation_id == Cancellation.id)
        .order_by(Cancellation.id)
        .limit(4)
    )
    assert [tuple(map(str, row)) for row in ended] == [  # 8.2 lines 3 and 4
        ("TD-2026-0001", "CLOSED", "9600.00", "9600.00"),
        ("TD-2026-0002", "CLOSED", "5040.00", "5040.00"),
        ("TD-2026-0003", "CLOSED", "3600.00", "3600.00"),
        ("TD-2026-0004", "CLOSED", "0.00", "None"),
    ]
    first = session().scalars(select(Cancellation).where(Cancellation.number == "TD-2026-0001")).one()
    assert (str(first.refund), str(first.contract.output_value)) == ("48000.00", "0.00")
    paid = session().scalars(select(PaymentVoucher)).one()  # 8.2 line 1
    assert (str(paid.amount), f"{clock.today(paid.paid_at)}", paid.escalation.state) == (
        "4000.00",
        "2026-06-05",
        "CLOSED",
    )
    restarted = session().scalars(select(PreAcceptance).where(PreAcceptance.number == "YY-2026-0002")).one()
    assert (restarted.state, restarted.foreman.name, restarted.project.foreman.name) == ("PASSED", "吴刚", "吴刚")
    assert (restarted.replaced_foreman.name, restarted.project_manager.name) == ("孙海", "李志远")


def test_no_site_is_built_by_a_crew_that_left(loaded: datetime) -> None:
    """刘大勇's crew is gone (8.1): it stands at works that it finished, never at works that go on."""
    gone = select(Project).join(Project.crew).where(Crew.status == PartyStatus.DEPARTED)
    assert {project.stage for project in session().scalars(gone)} == {"IN_WARRANTY"}


def test_whoever_was_dispatched_is_inspected(loaded: datetime) -> None:
    """A dispatch order and the pre-acceptance of the same works name the same people, and a crew is led by its foreman."""
    for record in session().scalars(select(PreAcceptance)):
        order = record.project.dispatch_orders[-1]
        named = record.project_manager.name, (record.replaced_foreman or record.foreman).name
        assert named == (order.project_manager.name, order.foreman.name), (record.number, order.number)
    for order in session().scalars(select(DispatchOrder).where(DispatchOrder.crew_id.is_not(None))):
        assert order.crew.foreman_id == order.foreman_id, order.number


def test_everybody_finds_work(loaded: datetime) -> None:
    people = {user.username: user for user in session().scalars(select(User))}
    for name in ("specialist", "reviewer", "captain"):
        assert session().scalars(workload.queue(people[name])).all(), name
    front, specialist, manager = people["front_desk"], people["specialist"], people["manager"]
    begun, _ended = day_so_far(loaded)
    log = session().scalars(desk.of_day(front, clock.today(begun))).all()
    assert len(log) >= 7
    assert desk.calls_to_return(session(), front) and desk.waiting_for(session(), front)
    mine = session().scalars(workload.queue(specialist)).all()
    assert any(task.due_at and task.due_at < loaded for task in mine)
    assert any(task.due_at and loaded < task.due_at < loaded + timedelta(hours=12) for task in mine)
    assert sum(load.late for load in boards.loads(session(), manager, loaded).departments) >= 3
    assert complaints.count_open(session(), manager) >= 12


def test_the_books_are_in_order(loaded: datetime) -> None:
    assert not [problem for result in verify.run_all() for problem in result.problems]


@pytest.mark.parametrize("now", ["2026-11-17 00:30", "2026-11-17 05:00", "2026-11-17 08:30", "2026-11-17 09:10", "2026-11-17 19:15", "2026-11-17 23:59"])  # fmt: skip
def test_the_night_is_told_by_day_in_the_same_order_and_never_ahead(now: str) -> None:
    today = at(now)
    told = [on_duty(today - timedelta(minutes=minutes), today) for minutes in range(0, 4 * 24 * 60, 7)]
    assert all(map(is_in_office, told)) and max(told) <= today
    assert told == sorted(told, reverse=True)
    assert all(is_in_office(next_on_duty(today + timedelta(minutes=minutes))) for minutes in range(0, 3000, 7))
