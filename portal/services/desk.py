"""What the front desk looks at: the log of a day, visitors, calls to return, what customers wait for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.models.complaint import Complaint
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.prepared import Prepared
from portal.reading import Asked
from portal.services import assignment, consultations, workload

MOST = 100
"""Of each kind of what waits."""


class Contact(NamedTuple):
    """What a task on a contact says of it."""

    number: str
    name: str
    phone: str
    occurred_at: datetime
    question: str


_NEWEST_FIRST = (Consultation.occurred_at.desc(), Consultation.id.desc())


def of_day(user: User, day: date) -> Select[Consultation]:
    """The contacts of one of the company's days, newest first."""
    return consultations.visible_to(user).where(*_between(*bounds(day))).order_by(*_NEWEST_FIRST)


def bounds(day: date) -> tuple[datetime, datetime]:
    """One of the company's days as [from, to) in UTC."""
    return clock.at_local(day), clock.at_local(day + timedelta(days=1))


def visits_of_day(user: User, at: datetime) -> Select[Consultation]:
    """Everybody who came today, newest first."""
    return of_day(user, clock.today(at)).where(Consultation.channel == Channel.VISIT)


def log_of_today(session: Session, user: User, at: datetime, most: int) -> list[tuple[Consultation, str | None]]:
    """The last contacts of today, newest first, each with the number of the complaint that came of it."""
    found = _log(visibility.placeholder(user)).beside(session, _today(user, at) | {"most": most})
    return [(contact, number) for contact, (number,) in found]


def figures_of_today(session: Session, user: User, at: datetime) -> tuple[int, float | None]:
    """How many contacts there were today, and the seconds that registering one took; None: nobody knows."""
    count, average = _figures(visibility.placeholder(user)).rows(session, _today(user, at))[0]
    return count, average


def in_house(session: Session, user: User, at: datetime) -> list[Consultation]:
    """Visitors who came today and have not left."""
    return _in_house(visibility.placeholder(user)).all(session, _today(user, at))


def calls_to_return(session: Session, user: User) -> list[tuple[Task, Contact]]:
    """Callers who wait to be rung back, soonest first, each with the contact."""
    return _with_contact(_calls(visibility.placeholder(user)).beside(session, visibility.parameters(user)))


def waiting_for(session: Session, user: User) -> list[tuple[Task, Contact]]:
    """What customers wait for from this person: own messages and promises, and those the person took for others."""
    return _with_contact(_waiting(visibility.placeholder(user)).beside(session, visibility.parameters(user)))


def set_for(session: Session, user: User) -> list[Task]:
    """Tasks set by hand that are the person's turn, soonest first."""
    return _set(visibility.placeholder(user)).all(session, visibility.parameters(user))


def colleagues(session: Session, user: User) -> list[User]:
    """Whom a message can be for: everybody with a login in the same house, by name; to be read only."""
    return _colleagues(visibility.placeholder(user)).all(session, visibility.parameters(user))


def specialist_on_duty(session: Session, customer: Customer | None, actor: User) -> User | None:
    """Who will take it: the customer's own specialist, else the one on duty."""
    branch_id = customer.branch_id if customer else actor.branch_id
    return assignment.owner_for(session, customer=customer, actor=actor, branch_id=branch_id)


# Questions, put once per kind of viewer ------------------------------------------------------------------------------


def _today(user: User, at: datetime) -> dict[str, Any]:
    start, end = bounds(clock.today(at))
    return visibility.parameters(user) | {"start": start, "end": end}


def _between(start: Any, end: Any) -> tuple[Any, ...]:
    return Consultation.occurred_at >= start, Consultation.occurred_at < end


def _of_today(viewer: visibility.Placeholder) -> tuple[Any, ...]:
    return visibility.condition(viewer, Consultation), *_between(bindparam("start"), bindparam("end"))


@lru_cache
def _log(viewer: visibility.Placeholder) -> Asked[Consultation]:
    complaint = select(Complaint.number).where(Complaint.id == Consultation.complaint_id).scalar_subquery()
    return Asked(Consultation, (), _of_today(viewer), _NEWEST_FIRST, also=(complaint,), most=bindparam("most"))


@lru_cache
def _figures(viewer: visibility.Placeholder) -> Prepared:
    return Prepared(select(func.count(), func.avg(Consultation.taken_seconds)).where(*_of_today(viewer)))


@lru_cache
def _in_house(viewer: visibility.Placeholder) -> Asked[Consultation]:
    here = (
        visibility.condition(viewer, Consultation), Consultation.channel == Channel.VISIT,
        Consultation.left_at.is_(None), Consultation.arrived_at >= bindparam("start"),
    )  # fmt: skip
    return Asked(Consultation, (), here, (Consultation.arrived_at,))


@lru_cache
def _calls(viewer: visibility.Placeholder) -> Asked[Task]:
    return _on_contacts(viewer, (Task.kind == TaskKind.CALL_BACK,), (Task.due_at, Task.id))


@lru_cache
def _waiting(viewer: visibility.Placeholder) -> Asked[Task]:
    theirs = visibility.turn_of(viewer, Task.person_id) | (Consultation.created_by_id == viewer.id)
    conditions = (Task.kind.in_(consultations.PEOPLE_TASKS), theirs)
    return _on_contacts(viewer, conditions, (Task.due_at.is_(None), Task.due_at, Task.id))


def _on_contacts(viewer: visibility.Placeholder, conditions: tuple[Any, ...], order_by: Any) -> Asked[Task]:
    on = (
        Consultation.id == Task.record_id, Task.record_kind == Consultation.KIND, Task.closed_at.is_(None),
        visibility.condition(viewer, Consultation),
    )  # fmt: skip
    contact = [getattr(Consultation, name) for name in Contact._fields]
    return Asked(Task, ("person",), (*on, *conditions), order_by, also=contact, most=MOST)


def _with_contact(found: list[tuple[Task, tuple[Any, ...]]]) -> list[tuple[Task, Contact]]:
    return [(task, Contact(*contact)) for task, contact in found]


@lru_cache
def _set(viewer: visibility.Placeholder) -> Asked[Task]:
    mine = (workload.mine(viewer), Task.closed_at.is_(None), Task.kind == TaskKind.HAND)
    return Asked(Task, (), mine, (Task.due_at.is_(None), Task.due_at, Task.id), most=MOST)


@lru_cache
def _colleagues(viewer: visibility.Placeholder) -> Asked[User]:
    others = (visibility.condition(viewer, User), User.disabled_at.is_(None), User.id != viewer.id)
    return Asked(User, (), others, (User.role, User.name, User.id), most=500)
