"""Synthetic volume obeys every rule that daily work obeys, on both databases."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import seeding, verify
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.contract import Contract, Payment, PaymentTerm
from portal.models.customer import Customer, Property
from portal.models.event import Event
from portal.models.org import User
from portal.models.project import Project
from portal.models.setting import NumberSequence
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes.complaint import OPEN
from portal.seeding import words
from portal.services import events

PROJECTS = 400


def fill(projects: int = PROJECTS, number: int = 1) -> list[str]:
    """Seed without a word on the terminal; gives what would have been said."""
    said: list[str] = []
    seeding.seed(projects, seed=number, tell=said.append)
    return said


@pytest.fixture
def seeded(app: Flask) -> None:
    fill()


def test_every_invariant_and_the_chain_hold_afterwards(seeded: None, session: Any) -> None:
    assert [(result.code, result.problems) for result in verify.run_all() if not result.ok] == []
    report = events.check_chain(session())
    assert report.ok and report.checked > 4 * PROJECTS


def test_each_record_was_registered_by_an_event(seeded: None, session: Any) -> None:
    for model in (Customer, Property, Project, Contract, Consultation, Complaint):
        born = select(Event.record_id).where(Event.record_kind == model.KIND, Event.kind == "CREATED")
        assert session.scalars(select(model.number).where(model.id.not_in(born))).all() == [], model.KIND


def test_volume_is_what_was_asked_for_and_its_parts_fit(seeded: None, session: Any) -> None:
    assert session.scalar(select(func.count()).select_from(Project)) == PROJECTS
    several = select(Project.customer_id).group_by(Project.customer_id).having(func.count() > 1)
    assert session.scalars(several).all(), "some customers have several projects"
    strangers = select(Contract.id).join(Project).where(Contract.customer_id != Project.customer_id)
    assert session.scalars(strangers).all() == []
    assert session.scalar(select(func.count()).select_from(Customer).where(Customer.phone_tail == "")) == 0
    assert all(phone.endswith(tail) for phone, tail in session.execute(select(Customer.phone, Customer.phone_tail)))


def test_money_adds_up_to_the_fen(seeded: None, session: Any) -> None:
    finished = select(Contract).join(Project).where(Project.stage == "OUT_OF_WARRANTY")
    found = session.scalars(finished).all()
    assert found
    for contract in found:
        agreed = session.scalar(select(func.sum(PaymentTerm.amount)).where(PaymentTerm.contract_id == contract.id))
        paid = session.scalar(select(func.sum(Payment.amount)).where(Payment.contract_id == contract.id))
        assert Decimal(agreed).quantize(Decimal("0.01")) == contract.amount
        assert Decimal(paid).quantize(Decimal("0.01")) == contract.output_value


def test_clocks_warn_and_run_out_as_in_daily_work(seeded: None, session: Any, clock: Any) -> None:
    open_tasks = session.scalars(select(Task).where(Task.closed_at.is_(None))).all()
    assert open_tasks
    complaints = set(session.scalars(select(Complaint.id).where(Complaint.state.in_(OPEN))))
    waiting = {task.record_id for task in open_tasks if task.record_kind == "complaints"}
    assert waiting == complaints, "each open complaint has a clock, no closed one has"
    late = {task.id for task in session.scalars(select(Task).where(Task.code.is_not(None))) if _was_late(task, clock)}
    assert late == set(session.scalars(select(DeadlineBreach.task_id)))


def _was_late(task: Task, clock: Any) -> bool:
    assert task.due_at is not None
    return (task.closed_at or clock.now()) > task.due_at


def test_complaints_are_a_plausible_share_in_many_states(seeded: None, session: Any) -> None:
    states = Counter(session.scalars(select(Complaint.state)))
    assert 0.03 * PROJECTS <= sum(states.values()) <= 0.1 * PROJECTS + 20
    assert states["CLOSED"] > 0 and len(states) >= 5


def test_nothing_lies_in_the_future(seeded: None, session: Any, clock: Any) -> None:
    at = clock.now()
    for column in (Customer.created_at, Project.created_at, Complaint.received_at, Consultation.occurred_at, Event.at):
        assert session.scalar(select(func.max(column))) <= at


def test_a_second_seed_goes_on_where_the_first_ended(seeded: None, session: Any) -> None:
    people = session.scalar(select(func.count()).select_from(User))
    assert fill(60, number=2)[0] == "60 of 60 projects"
    assert session.scalar(select(func.count()).select_from(Project)) == PROJECTS + 60
    assert session.scalar(select(func.count()).select_from(User)) == people, "the same colleagues"
    given = sum(session.scalars(select(NumberSequence.last).where(NumberSequence.prefix == Project.PREFIX)))
    assert given == PROJECTS + 60
    assert [result.code for result in verify.run_all() if not result.ok] == []


def test_records_go_on_by_hand_after_a_seed(seeded: None, make: Any, sign_in: Any) -> None:
    customer = make.customer(name="手工客户")
    page = sign_in(Role.MANAGER).get("/records/customers", status=200)
    assert customer.name in page.text


@pytest.mark.sqlite_only
def test_the_same_seed_makes_the_same_people(app: Flask, session: Any, clock: Any) -> None:
    fill(80)
    first = session.execute(select(Customer.name, Customer.phone).order_by(Customer.id)).all()
    fill(80)
    both = session.execute(select(Customer.name, Customer.phone).order_by(Customer.id)).all()
    assert [name for name, _phone in both] == 2 * [name for name, _phone in first]
    assert len({phone for _name, phone in both}) == len(both), "and no phone twice"


def test_made_up_phones_never_meet_and_names_are_names() -> None:
    phones = [words.phone(key) for key in range(1, 20_001)]
    assert len(set(phones)) == len(phones)
    assert all(len(phone) == 11 and phone.isdecimal() and phone[0] == "1" for phone in phones)
