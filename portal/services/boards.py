"""The manager's figures: who has how much, what is late, how many complaints came and were closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, func, literal_column, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.db import UtcDateTime
from portal.listing import kept
from portal.metrics import Period, compare, sides
from portal.metrics.clocks import KEPT
from portal.metrics.periods import week_of
from portal.models.complaint import Complaint, Escalation
from portal.models.org import Department, User
from portal.models.task import Task
from portal.prepared import Prepared, among, filled
from portal.processes import escalation
from portal.processes.registry import PROCESSES

WEEKS = 12
MOST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Load:
    """Open tasks of a department or a person. `on_time`: of this month's clocks those kept (`KEPT`), None: none."""

    key: str
    label: str
    open: int
    soon: int
    late: int
    on_time: float | None = None
    filter: str = ""
    """Of the task list: just these tasks, when `open` is asked too."""


def filter_of(department: str) -> str:
    """The filter of the task list that shows a department's tasks: those of no department are ours."""
    return "ours" if department == Department.SERVICE else f"department.{department}"


@dataclass(frozen=True, slots=True)
class Loads:
    """Open work told twice: by the department that answers for it, and by the person whose turn it is."""

    departments: list[Load]
    people: list[Load]
    """The fullest MOST_PEOPLE."""
    counted_at: datetime | None = None
    """Of when the shares are, where they are of very many clocks (`listing/kept.py`); None: of this moment."""


def loads(session: Session, user: User, at: datetime) -> Loads:
    """Who has how much to do, the fullest first. Tasks of no department are ours."""
    given = visibility.parameters(user) | {"at": at, "soon": at + timedelta(hours=24)}
    rows = _open(session, user, given)
    shares = _on_time(session, user, at)
    departments = _summed((department, *numbers) for department, _person, *numbers in rows)
    people = _summed((person, *numbers) for _department, person, *numbers in rows if person is not None)
    people = people[:MOST_PEOPLE]
    keys = [key for key, *_numbers in people]
    names: dict[int, str] = dict(_names(len(keys)).rows(session, filled("person", keys)))
    return Loads(
        [
            Load(key, Department.show(key), total, soon, late, shares.get(key), filter_of(key))
            for key, total, soon, late in departments
        ],
        [Load(str(key), names[key], total, soon, late, filter=f"person.{key}") for key, total, soon, late in people],
        kept.counted_at(session),
    )


def _open(session: Session, user: User, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(department, person, open, soon, late): tasks of no department are ours."""
    rows = _load(visibility.placeholder(user)).rows(session, given)
    return [(department or Department.SERVICE.value, *others) for department, *others in rows]


def _summed(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """(key, open, soon, late) of each key, the fullest first."""
    found: dict[Any, list[int]] = {}
    for key, *numbers in rows:
        sums = found.setdefault(key, [0, 0, 0])
        for place, number in enumerate(numbers):
            sums[place] += int(number or 0)
    return sorted(((key, *sums) for key, sums in found.items()), key=lambda row: (-row[1], str(row[0])))


@lru_cache(maxsize=MOST_PEOPLE + 1)
def _names(count: int) -> Prepared:
    return Prepared(select(User.id, User.name).where(among(User.id, "person", count)))


@dataclass(frozen=True, slots=True)
class Late:
    """What is overdue, by who answers for it and by whose turn it is: (key, label, how many), the most first."""

    departments: list[tuple[str, str, int]]
    people: list[tuple[str, str, int]]
    """The MOST_PEOPLE with the most."""
    nobody: int
    """Waits for a role with nobody named."""


def late_now(session: Session, user: User, at: datetime) -> Late:
    """Who has how much that is overdue: for the stand-up in the morning."""
    given = visibility.parameters(user) | {"at": at, "soon": at + timedelta(hours=24)}
    rows = _open(session, user, given)

    def most(place: int) -> list[tuple[Any, int]]:
        found: Counter[Any] = Counter()
        for row in rows:
            found[row[place]] += int(row[4] or 0)
        return sorted(
            ((key, number) for key, number in found.items() if number), key=lambda each: (-each[1], str(each[0]))
        )

    people = most(1)
    named = [each for each in people if each[0] is not None][:MOST_PEOPLE]
    keys = [key for key, _number in named]
    names: dict[int, str] = dict(_names(len(keys)).rows(session, filled("person", keys))) if keys else {}
    return Late(
        [(key, Department.show(key), number) for key, number in most(0)],
        [(str(key), names[key], number) for key, number in named],
        dict(people).get(None, 0),
    )


def weeks(at: datetime) -> list[Period]:
    """The last twelve weeks, the present one last."""
    this = week_of(clock.today(at))
    return [
        Period(this.first - week, this.last - week)
        for week in (timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1))
    ]


@dataclass(frozen=True, slots=True)
class Track:
    """A figure of a metric week by week. `side`: which of its numbers; empty: the figure itself."""

    key: str
    values: list[Decimal | None]
    side: str = ""


TRENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "trend": (("M-20", "whole"), ("M-22", "part")),
    "timeliness": (("M-23", ""), ("M-24", ""), ("M-25", ""), ("M-26", "")),
    "satisfaction": (("M-70", ""), ("M-12", "")),
}
"""What is drawn over twelve weeks: metrics of the manual, and which side of each."""


def trend(session: Session, user: User, which: str, at: datetime) -> list[Track]:
    """The figures of a trend, the very ones that metrics and reports tell of these weeks."""
    periods, wanted = weeks(at), TRENDS[which]
    if all(side for _key, side in wanted):
        counted = sides(session, user, wanted, periods)
        return [Track(key, [Decimal(number) for number in counted[key, side]], side) for key, side in wanted]
    found = compare(session, user, [key for key, _side in wanted], periods)
    return [Track(key, [figure.value for figure in found[key]]) for key, _side in wanted]


class Waiting(NamedTuple):
    """An escalation that waits for the manager, with what it is about."""

    number: str
    submitted_at: datetime
    complainant: str
    subject: str
    submitted_by: str | None


def escalations_to_take(session: Session, user: User, limit: int) -> list[Waiting]:
    """The escalations that wait for the manager, the longest waiting first, with what they are about."""
    given = visibility.parameters(user) | {"limit": limit}
    return [Waiting(*row) for row in _to_take(visibility.placeholder(user)).rows(session, given)]


def _on_time(session: Session, user: User, at: datetime) -> dict[str, float]:
    first = clock.at_local(clock.today(at).replace(day=1))
    given = visibility.parameters(user) | {"first": first}
    rows = kept.rows(_met(visibility.placeholder(user)), session, given, at, count=1)
    totals: dict[str, list[int]] = {}
    for key, total, good in rows:
        sums = totals.setdefault(key or Department.SERVICE.value, [0, 0])
        sums[0], sums[1] = sums[0] + total, sums[1] + int(good or 0)
    return {key: good / total for key, (total, good) in totals.items()}


# Statements, built once per kind of viewer ---------------------------------------------------------------------------

CODES = tuple(sorted({deadline.code for process in PROCESSES.values() for deadline in process.deadlines}))
"""The limits of all processes, each a stretch of the index."""


@lru_cache
def _load(viewer: visibility.Placeholder) -> Prepared:
    """In the order of `ix_task_load`, which says all that is asked."""
    at = bindparam("at", type_=UtcDateTime())
    soon = func.sum(case((and_(Task.due_at >= at, Task.due_at < bindparam("soon")), 1), else_=0))
    late = func.sum(case((Task.due_at < at, 1), else_=0))
    own = (visibility.condition(viewer, Task), Task.closed_at.is_(None))
    who = (Task.department, Task.person_id)
    return Prepared(select(*who, func.count(), soon, late).where(*own).group_by(*who))


@lru_cache
def _met(viewer: visibility.Placeholder) -> Prepared:
    met = func.sum(case((KEPT, 1), else_=0))
    return Prepared(
        select(Task.department, func.count(), met)
        .where(visibility.condition(viewer, Task), Task.closed_at >= bindparam("first"), Task.code.in_(CODES))
        .where(Task.outcome == literal_column("'DONE'"))  # as the index says it
        .group_by(Task.department)
    )


@lru_cache
def _to_take(viewer: visibility.Placeholder) -> Prepared:
    return Prepared(
        select(
            Escalation.number, Escalation.submitted_at, Complaint.complainant, Complaint.subject,
            User.name.label("submitted_by"),
        )
        .join(Complaint, Complaint.id == Escalation.complaint_id)
        .outerjoin(User, User.id == Escalation.submitted_by_id)
        .where(visibility.condition(viewer, Escalation), Escalation.state == escalation.State.SUBMITTED)
        .order_by(Escalation.submitted_at)
        .limit(bindparam("limit"))
    )  # fmt: skip
