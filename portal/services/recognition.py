"""Who is calling: the household behind a number while it is typed. Source: `domain.md` 3.8, 7.1.

Everything comes through the rows the person may see: a number of another branch's customer is a number of nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, typed, visibility
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Permission, may
from portal.processes import complaint as complaint_rules
from portal.processes import consultation as contact_rules
from portal.services import customers

NOBODY_KNOWN = "new"
"""Chosen by the person instead of a customer: somebody else with this number."""
SHOWN_PROJECTS = 3
SHOWN_CASES = 3
SHOWN_CONTACTS = 3


@dataclass(frozen=True, slots=True)
class Home:
    """One renovation of the household, as the desk needs it on the telephone."""

    project: Project
    contract: Contract | None
    """None: there is none, or contracts are not for this role."""

    @property
    def amount(self) -> Decimal | None:
        """The amount of the contract in yuan."""
        return self.contract.amount if self.contract else None


@dataclass(frozen=True, slots=True)
class Case:
    """A case that is not finished, with the clock that runs out first."""

    record: Any
    title: str
    state: str
    task: Task | None
    may_open: bool


@dataclass(frozen=True, slots=True)
class Household:
    """What the desk should know of a customer before answering."""

    customer: Customer
    homes: list[Home]
    cases: list[Case]
    contacts: list[Consultation]
    contacts_this_month: int


@dataclass(frozen=True, slots=True)
class Caller:
    """What a number says: nobody, several people, or one household."""

    digits: str
    matches: list[Customer]
    household: Household | None
    is_somebody_else: bool = False
    """The person said that it is none of the matches."""

    @property
    def is_asked(self) -> bool:
        """Whether enough was typed to look anybody up."""
        return len(self.digits) >= customers.MIN_DIGITS

    @property
    def is_unknown(self) -> bool:
        """Whether this is somebody new, as far as the person may see."""
        return self.is_asked and (self.is_somebody_else or not self.matches)

    @property
    def customer(self) -> Customer | None:
        """The customer, when it is clear who it is."""
        return self.household.customer if self.household else None


def recognise(session: Session, user: User, text: str, *, chosen: str | None = None, at: datetime) -> Caller:
    """The caller behind what was typed (`text`); `chosen` is the number of a customer picked among several, or NOBODY_KNOWN.

    One match, or one whose number is exactly what was typed, needs no picking. Fewer than three digits are nobody.
    """
    digits = digits_of(text)
    matches = customers.find_by_phone(session, user, digits)
    if chosen == NOBODY_KNOWN:
        return Caller(digits, matches, None, is_somebody_else=True)
    exact = [one for one in matches if digits in _numbers(one)]
    certain = next((one for one in matches if one.number == chosen), None)
    if certain is None and len(matches) == 1:
        certain = matches[0]
    if certain is None and len(exact) == 1:
        certain = exact[0]
    return Caller(digits, matches, household(session, user, certain, at=at) if certain else None)


def digits_of(text: str) -> str:
    """The digits that were typed, also with full-width figures, without the country code."""
    return customers.digits_of(typed.narrow(text))


def household(session: Session, user: User, customer: Customer, *, at: datetime) -> Household:
    """Projects, open cases and the last contacts of a customer, as far as the person may see them."""
    contacts = visibility.visible_to(user, Consultation).where(Consultation.customer_id == customer.id)
    newest = contacts.order_by(Consultation.occurred_at.desc(), Consultation.id.desc()).limit(SHOWN_CONTACTS)
    return Household(
        customer=customer,
        homes=_homes(session, user, customer),
        cases=_cases(session, user, customer),
        contacts=list(session.scalars(newest)),
        contacts_this_month=_this_month(session, user, customer, at),
    )


def _numbers(customer: Customer) -> set[str]:
    numbers = (customer.phone, customer.phone2, customer.representative_phone)
    return {customers.digits_of(number) for number in numbers if number}


def _homes(session: Session, user: User, customer: Customer) -> list[Home]:
    people = (Project.property, Project.project_manager, Project.foreman)
    projects = session.scalars(
        visibility.visible_to(user, Project)
        .where(Project.customer_id == customer.id)
        .options(*(joinedload(link) for link in people))
        .order_by(Project.id.desc())
        .limit(SHOWN_PROJECTS)
    ).all()
    contracts: dict[int | None, Contract] = {}
    if projects and may(user, Permission.CONTRACT_VIEW):
        found = visibility.visible_to(user, Contract).where(Contract.project_id.in_([one.id for one in projects]))
        contracts = {one.project_id: one for one in session.scalars(found.order_by(Contract.id))}
    return [Home(project, contracts.get(project.id)) for project in projects]


def _cases(session: Session, user: User, customer: Customer) -> list[Case]:
    closed = [state.code for state in complaint_rules.PROCESS.states if state.final]
    complaints = session.scalars(
        visibility.visible_to(user, Complaint)
        .where(
            Complaint.customer_id == customer.id,
            Complaint.state.not_in(closed),
            Complaint.is_historical.is_(False),
        )
        .order_by(Complaint.received_at.desc())
        .limit(SHOWN_CASES)
    ).all()
    questions = session.scalars(
        visibility.visible_to(user, Consultation)
        .where(
            Consultation.customer_id == customer.id,
            Consultation.state == contact_rules.State.FORWARDED,
        )
        .order_by(Consultation.forwarded_at.desc())
        .limit(SHOWN_CASES)
    ).all()
    soonest = _soonest(session, [*complaints, *questions])
    sees_complaints = may(user, Permission.COMPLAINT_VIEW)
    cases = [
        Case(one, one.subject, _state(one), soonest.get((one.KIND, one.id)), sees_complaints) for one in complaints
    ] + [
        Case(one, one.question.splitlines()[0], _state(one), soonest.get((one.KIND, one.id)), True) for one in questions
    ]
    return cases[:SHOWN_CASES]


def _state(record: Any) -> str:
    return str(record.PROCESS.state(record.state).label)


def _soonest(session: Session, records: list[Any]) -> dict[tuple[str, int], Task]:
    """The clock of each record that runs out first."""
    if not records:
        return {}
    open_tasks = session.scalars(
        select(Task)
        .where(
            Task.record_kind.in_({record.KIND for record in records}),
            Task.record_id.in_({record.id for record in records}),
            Task.closed_at.is_(None),
            Task.due_at.is_not(None),
        )
        .order_by(Task.due_at.desc())
    )
    return {(task.record_kind, task.record_id): task for task in open_tasks}


def _this_month(session: Session, user: User, customer: Customer, at: datetime) -> int:
    first = clock.today(at).replace(day=1)
    since = clock.at_local(first)
    until = clock.at_local(clock.today(at)) + timedelta(days=1)
    return (
        session.scalar(
            select(func.count())
            .select_from(Consultation)
            .where(
                Consultation.customer_id == customer.id,
                Consultation.occurred_at >= since,
                Consultation.occurred_at < until,
                visibility.condition(user, Consultation),
            )
        )
        or 0
    )
