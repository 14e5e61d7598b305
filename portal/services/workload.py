"""What lies before a person: own tasks, counted and listed. Every number here opens the list with just those rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.db import UtcDateTime
from portal.models.org import User
from portal.models.task import Task
from portal.prepared import Prepared
from portal.services import notices

CEILING = 999


def mine(user: visibility.Viewer) -> ColumnElement[bool]:
    """Tasks that are this person's turn: named, or waiting for the role with nobody named."""
    waiting = and_(Task.person_id.is_(None), Task.role == user.role)
    if user.branch_id is not None:
        waiting = and_(waiting, or_(Task.branch_id.is_(None), Task.branch_id == user.branch_id))
    return or_(Task.person_id == user.id, waiting)


@dataclass(frozen=True, slots=True)
class Counts:
    """Open tasks and unread notices of one person. `late_by_kind` is per plural record name, for the rail.

    `today` and `soon` (within 24 hours) are counted as the filters of the task list have them; a task may be in both.
    """

    open: int = 0
    late: int = 0
    late_by_kind: dict[str, int] = field(default_factory=dict)
    notices: int = 0
    today: int = 0
    soon: int = 0


def counts(session: Session, user: User, at: datetime) -> Counts:
    """How much lies before the person, in one query over indexes; tasks stop counting at CEILING."""
    start, end = day_bounds(at)
    moments = {"at": at, "day_from": start, "day_until": end, "soon_until": at + timedelta(days=1)}
    given = visibility.parameters(user) | moments
    rows = _counts(visibility.placeholder(user)).rows(session, given)
    unread = sum(row[1] for row in rows if row[0] is None)
    tasks = [[each or 0 for each in row] for row in rows if row[0] is not None]
    total, late, today, soon = (sum(int(row[place]) for row in tasks) for place in range(1, 5))
    return Counts(total, late, {str(row[0]): int(row[2]) for row in tasks}, unread, today, soon)


@lru_cache
def _counts(viewer: visibility.Placeholder) -> Prepared:
    own = select(Task.record_kind, Task.due_at).where(Task.closed_at.is_(None), mine(viewer)).limit(CEILING).subquery()
    due: Any = own.c.due_at
    at: Any = bindparam("at", type_=UtcDateTime())
    stretches = (
        due < at,
        and_(due >= bindparam("day_from"), due < bindparam("day_until")),
        and_(due >= at, due < bindparam("soon_until")),
    )
    sums = [func.sum(case((stretch, 1), else_=0)) for stretch in stretches]
    tasks = select(own.c.record_kind, func.count(), *sums).group_by(own.c.record_kind)
    unread = notices.unread(viewer).subquery()
    nothing = [literal(0) for _stretch in stretches]
    return Prepared(tasks.union_all(select(null(), func.count(), *nothing).select_from(unread)))


def queue(user: visibility.Viewer) -> Select[Task]:
    """The person's open tasks by due time; those without a limit last."""
    return _by_due(select(Task).where(mine(user)))


def own_lines(session: Session, user: User, limit: int) -> Sequence[Row[Any]]:
    """The first of the person's queue as plain rows of LINE, for pages."""
    given = visibility.parameters(user) | {"limit": limit}
    return session.connection().execute(_own_lines(visibility.placeholder(user)), given).all()


def late_lines(session: Session, user: User, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """The latest of all open tasks the person may see, as plain rows of LINE: the manager's board."""
    given = visibility.parameters(user) | {"at": at, "limit": limit}
    return session.connection().execute(_late_lines(visibility.placeholder(user)), given).all()


LINE = (
    Task.kind, Task.code, Task.title, Task.record_kind, Task.record_number, Task.customer_name, Task.detail,
    Task.started_at, Task.due_at, Task.warn_at, Task.closed_at, Task.outcome,
)  # fmt: skip
"""What a line of a queue shows of a task."""


@lru_cache
def _own_lines(viewer: visibility.Placeholder) -> Select[Any]:
    return _by_due(select(*LINE).where(mine(viewer))).limit(bindparam("limit"))


@lru_cache
def _late_lines(viewer: visibility.Placeholder) -> Select[Any]:
    late = (visibility.condition(viewer, Task), Task.due_at < bindparam("at"))
    return _by_due(select(*LINE).where(*late)).limit(bindparam("limit"))


def _by_due(tasks: Any) -> Any:
    return tasks.where(Task.closed_at.is_(None)).order_by(Task.due_at.is_(None), Task.due_at, Task.id)


def day_bounds(at: datetime) -> tuple[datetime, datetime]:
    """The company's day around a moment, as [from, to) in UTC."""
    start = clock.at_local(clock.today(at))
    return start, start + timedelta(days=1)
