"""The manager's figures: who has how much, what is late, how many complaints came and were closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, select, true
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.models.complaint import Complaint
from portal.models.org import Department, User
from portal.models.task import Task

WEEKS = 12
LONGEST = 20_000
"""More open tasks than this are not looked at one by one: a department with that many has another problem."""


@dataclass(frozen=True, slots=True)
class Load:
    """Open tasks of a department or a person. `on_time` is the share of this month's clocks met in time, None: none."""

    key: str
    label: str
    open: int
    soon: int
    late: int
    on_time: float | None = None


def by_department(session: Session, user: User, at: datetime) -> list[Load]:
    """Open work by the department that answers for it, the fullest first. Tasks of no department are ours."""
    department = func.coalesce(Task.department, Department.SERVICE.value)
    shares = _on_time(session, user, at)
    rows = _loads(session, user, at, department)
    return sorted(
        (Load(key, Department.show(key), total, soon, late, shares.get(key)) for key, total, soon, late in rows),
        key=lambda load: (-load.open, load.label),
    )


def by_person(session: Session, user: User, at: datetime) -> list[Load]:
    """Open work by the person whose turn it is, the fullest first."""
    rows = _loads(session, user, at, Task.person_id)
    names = dict(
        session.execute(select(User.id, User.name).where(User.id.in_([row[0] for row in rows if row[0]]))).all()
    )
    found = [Load(str(key), names[key], total, soon, late) for key, total, soon, late in rows if key in names]
    return sorted(found, key=lambda load: (-load.open, load.label))


def trend(session: Session, user: User, at: datetime) -> list[tuple[date, int, int]]:
    """(Monday, received, closed) of the last twelve weeks, on the company's calendar; the old ledger not counted."""
    monday = clock.today(at) - timedelta(days=clock.today(at).weekday())
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    received, closed = (_per_week(user, column, starts) for column in (Complaint.received_at, Complaint.closed_at))
    left, right = received.subquery(), closed.subquery()
    both = session.execute(select(*left.columns, *right.columns).select_from(left.join(right, true()))).one()
    numbers = [int(number or 0) for number in both]
    return list(zip(starts, numbers[:WEEKS], numbers[WEEKS:], strict=True))


def _loads(session: Session, user: User, at: datetime, group: Any) -> list[tuple[Any, int, int, int]]:
    own = (
        select(group.label("key"), Task.due_at)
        .where(visibility.condition(user, Task), Task.closed_at.is_(None))
        .limit(LONGEST)
        .subquery()
    )
    soon = func.sum(case((and_(own.c.due_at >= at, own.c.due_at < at + timedelta(hours=24)), 1), else_=0))
    late = func.sum(case((own.c.due_at < at, 1), else_=0))
    rows = session.execute(select(own.c.key, func.count(), soon, late).group_by(own.c.key)).all()
    return [(key, total, int(due or 0), int(over or 0)) for key, total, due, over in rows]


def _on_time(session: Session, user: User, at: datetime) -> dict[str, float]:
    first = clock.at_local(clock.today(at).replace(day=1))
    department = func.coalesce(Task.department, Department.SERVICE.value)
    met = func.sum(case((Task.breached_at.is_(None), 1), else_=0))
    rows = session.execute(
        select(department, func.count(), met)
        .where(visibility.condition(user, Task), Task.closed_at >= first, Task.code.is_not(None))
        .where(Task.outcome == "DONE")
        .group_by(department)
    )
    return {key: int(good or 0) / total for key, total, good in rows if total}


def _per_week(user: User, column: Any, starts: list[date]) -> Select[Any]:
    bounds = [clock.at_local(start) for start in starts] + [clock.at_local(starts[-1] + timedelta(weeks=1))]
    sums = [
        func.sum(case((and_(column >= bounds[index], column < bounds[index + 1]), 1), else_=0)).label(f"week_{index}")
        for index in range(len(starts))
    ]
    return select(*sums).where(
        visibility.condition(user, Complaint), Complaint.is_historical.is_(False), column >= bounds[0]
    )
