"""What lies before a person: own tasks, counted and listed. Every number here opens the list with just those rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.models.org import User
from portal.models.task import Task

CEILING = 999


def mine(user: visibility.Viewer) -> ColumnElement[bool]:
    """Tasks that are this person's turn: named, or waiting for the role with nobody named."""
    waiting = and_(Task.person_id.is_(None), Task.role == user.role)
    if user.branch_id is not None:
        waiting = and_(waiting, or_(Task.branch_id.is_(None), Task.branch_id == user.branch_id))
    return or_(Task.person_id == user.id, waiting)


@dataclass(frozen=True, slots=True)
class Counts:
    """Open tasks of one person. `late_by_kind` is per plural record name, for the numbers in the rail."""

    open: int = 0
    late: int = 0
    late_by_kind: dict[str, int] = field(default_factory=dict)


def counts(session: Session, user: User, at: datetime) -> Counts:
    """How many tasks are open and late for the person, in one query over an index; stops counting at CEILING."""
    own = select(Task.record_kind, Task.due_at).where(Task.closed_at.is_(None), mine(user)).limit(CEILING).subquery()
    late = func.sum(case((own.c.due_at < at, 1), else_=0))
    rows = session.execute(select(own.c.record_kind, func.count(), late).group_by(own.c.record_kind)).all()
    by_kind = {kind: int(number or 0) for kind, _total, number in rows}
    return Counts(sum(total for _kind, total, _late in rows), sum(by_kind.values()), by_kind)


def queue(user: User) -> Select[Task]:
    """The person's open tasks by due time; those without a limit last."""
    return (
        select(Task).where(Task.closed_at.is_(None), mine(user)).order_by(Task.due_at.is_(None), Task.due_at, Task.id)
    )


def team(user: User) -> Select[Task]:
    """All open tasks the person may see by due time: the manager's board."""
    return (
        visibility.visible_to(user, Task)
        .where(Task.closed_at.is_(None))
        .order_by(Task.due_at.is_(None), Task.due_at, Task.id)
    )


def day_bounds(at: datetime) -> tuple[datetime, datetime]:
    """The company's day around a moment, as [from, to) in UTC."""
    start = clock.at_local(clock.today(at))
    return start, start + timedelta(days=1)
