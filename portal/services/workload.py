"""What lies before a person: own tasks, counted and listed. Every number here opens the list with just those rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
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
from portal.models.task import Task, TaskKind
from portal.prepared import Prepared
from portal.services import notices

CEILING = 999
NEAR = timedelta(minutes=15)
"""What is due within this is about to be missed: the manager's cockpit."""


def mine(user: visibility.Viewer) -> ColumnElement[bool]:
    """Tasks that are this person's turn: named, or waiting for the role with nobody named; those of people away too
    for whom the person stands in."""
    waiting = and_(Task.person_id.is_(None), visibility.turn_of_role(user, Task.role))
    if user.branch_id is not None:
        waiting = and_(waiting, or_(Task.branch_id.is_(None), Task.branch_id == user.branch_id))
    return or_(visibility.turn_of(user, Task.person_id), waiting)


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


def open_count(session: Session, person: User) -> int:
    """How many open tasks name a person, whoever does them now."""
    query = select(func.count()).select_from(Task).where(Task.person_id == person.id, Task.closed_at.is_(None))
    return session.scalar(query) or 0


def own_lines(session: Session, user: User, limit: int) -> list[Line]:
    """The first of the person's queue as plain rows, for pages."""
    given = visibility.parameters(user) | {"limit": limit}
    return [Line(*row) for row in _own_lines(visibility.placeholder(user)).rows(session, given)]


def promised_lines(session: Session, user: User, limit: int) -> list[Line]:
    """What was promised and passed on, of the person's queue."""
    given = visibility.parameters(user) | {"limit": limit}
    return [Line(*row) for row in _promised_lines(visibility.placeholder(user)).rows(session, given)]


def late_lines(session: Session, user: User, at: datetime, limit: int) -> list[Line]:
    """The latest of all open tasks the person may see, as plain rows: the manager's board."""
    given = visibility.parameters(user) | {"at": at, "limit": limit}
    return [Line(*row) for row in _late_lines(visibility.placeholder(user)).rows(session, given)]


def near_lines(session: Session, user: User, at: datetime, limit: int) -> list[NearLine]:
    """What is due within the last quarter of an hour, the soonest first, and whose turn it is."""
    given = visibility.parameters(user) | {"at": at, "near_until": at + NEAR, "limit": limit}
    return [
        NearLine(Line(*row[:-2]), *row[-2:]) for row in _near_lines(visibility.placeholder(user)).rows(session, given)
    ]


def clock_lines(session: Session, user: User, kind: str, code: str, limit: int) -> list[Line]:
    """The running clocks of a code on records of a kind that the person sees, by the time left."""
    given = visibility.parameters(user) | {"kind": kind, "code": code, "limit": limit}
    return [Line(*row) for row in _clock_lines(visibility.placeholder(user)).rows(session, given)]


class Line(NamedTuple):
    """What a line of a queue shows of a task: columns of Task."""

    kind: str
    code: str | None
    title: str
    record_kind: str
    record_number: str
    customer_name: str | None
    detail: str | None
    started_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    for_whom: str | None = None
    """The name of whoever is away, when it is done in their place."""


class NearLine(NamedTuple):
    """A line with whose turn it is: the person, or the role."""

    line: Line
    person: str | None
    role: str | None


_LINE = [getattr(Task, name) for name in Line._fields if name != "for_whom"]


def _line(viewer: visibility.Placeholder) -> list[Any]:
    if not viewer.stands_in:
        return _LINE
    away = select(User.name).where(User.id == Task.person_id, User.stand_in_id == viewer.id)
    return [*_LINE, away.scalar_subquery().label("for_whom")]


@lru_cache
def _own_lines(viewer: visibility.Placeholder) -> Prepared:
    return Prepared(_by_due(select(*_line(viewer)).where(mine(viewer))).limit(bindparam("limit")))


@lru_cache
def _promised_lines(viewer: visibility.Placeholder) -> Prepared:
    talk = Task.kind.in_((TaskKind.PROMISE, TaskKind.MESSAGE, TaskKind.CALL_BACK))
    return Prepared(_by_due(select(*_line(viewer)).where(mine(viewer), talk)).limit(bindparam("limit")))


@lru_cache
def _late_lines(viewer: visibility.Placeholder) -> Prepared:
    late = (visibility.condition(viewer, Task), Task.due_at < bindparam("at"))
    return Prepared(_by_due(select(*_LINE).where(*late)).limit(bindparam("limit")))


@lru_cache
def _near_lines(viewer: visibility.Placeholder) -> Prepared:
    near = (
        visibility.condition(viewer, Task),
        Task.due_at >= bindparam("at", type_=UtcDateTime()),
        Task.due_at < bindparam("near_until", type_=UtcDateTime()),
    )
    found = select(*_LINE, User.name, Task.role).outerjoin(User, User.id == Task.person_id)
    return Prepared(_by_due(found.where(*near)).limit(bindparam("limit")))


@lru_cache
def _clock_lines(viewer: visibility.Placeholder) -> Prepared:
    running = (
        visibility.condition(viewer, Task),
        Task.record_kind == bindparam("kind"),
        Task.code == bindparam("code"),
    )
    return Prepared(_by_due(select(*_LINE).where(*running)).limit(bindparam("limit")))


def _by_due(tasks: Any) -> Any:
    return tasks.where(Task.closed_at.is_(None)).order_by(Task.due_at.is_(None), Task.due_at, Task.id)


def day_bounds(at: datetime) -> tuple[datetime, datetime]:
    """The company's day around a moment, as [from, to) in UTC."""
    start = clock.at_local(clock.today(at))
    return start, start + timedelta(days=1)
