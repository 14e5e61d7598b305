"""What the front desk looks at: the log of a day, visitors, calls to return, what customers wait for."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.services import assignment, consultations, workload


def of_day(user: User, day: date) -> Select[Consultation]:
    """The contacts of one of the company's days, newest first."""
    start, end = clock.at_local(day), clock.at_local(day + timedelta(days=1))
    return (
        consultations.visible_to(user)
        .where(Consultation.occurred_at >= start, Consultation.occurred_at < end)
        .order_by(Consultation.occurred_at.desc(), Consultation.id.desc())
    )


def log_of_day(user: User, at: datetime) -> Select[Consultation]:
    """The contacts of today, newest first."""
    return of_day(user, clock.today(at))


def in_house(user: User, at: datetime) -> Select[Consultation]:
    """Visitors who came today and have not left."""
    start = clock.at_local(clock.today(at))
    return (
        consultations.visible_to(user)
        .where(
            Consultation.channel == Channel.VISIT,
            Consultation.left_at.is_(None),
            Consultation.arrived_at >= start,
        )
        .order_by(Consultation.arrived_at)
    )


def visits_of_day(user: User, at: datetime) -> Select[Consultation]:
    """Everybody who came today, newest first."""
    return log_of_day(user, at).where(Consultation.channel == Channel.VISIT)


def calls_to_return(user: User) -> Select[Task, Consultation]:
    """Callers who wait to be rung back, soonest first, each with the contact."""
    return _task_rows(user).where(Task.kind == TaskKind.CALL_BACK).order_by(Task.due_at, Task.id)


def waiting_for(user: User) -> Select[Task, Consultation]:
    """What customers wait for from this person: own messages and promises, and those the person took for others."""
    return (
        _task_rows(user)
        .where(
            Task.kind.in_(consultations.PEOPLE_TASKS),
            (Task.person_id == user.id) | (Consultation.created_by_id == user.id),
        )
        .order_by(Task.due_at.is_(None), Task.due_at, Task.id)
    )


def set_for(user: User) -> Select[Task]:
    """Tasks set by hand that are the person's turn, soonest first."""
    return workload.queue(user).where(Task.kind == TaskKind.HAND)


def _task_rows(user: User) -> Select[Task, Consultation]:
    return (
        select(Task, Consultation)
        .join(Consultation, Consultation.id == Task.record_id)
        .where(
            Task.record_kind == Consultation.KIND,
            Task.closed_at.is_(None),
            visibility.condition(user, Consultation),
        )
    )


def colleagues(session: Session, user: User) -> list[User]:
    """Whom a message can be for: everybody with a login in the same house, by name."""
    query = visibility.visible_to(user, User).where(User.disabled_at.is_(None), User.id != user.id)
    return list(session.scalars(query.order_by(User.role, User.name, User.id).limit(500)))


def specialist_on_duty(session: Session, customer: Customer | None, actor: User) -> User | None:
    """Who will take it: the customer's own specialist, else the one on duty."""
    branch_id = customer.branch_id if customer else actor.branch_id
    return assignment.owner_for(session, customer=customer, actor=actor, branch_id=branch_id)
