"""Departments in reports: what they kept and missed, and who answers for it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import metrics, visibility
from portal.i18n import N_
from portal.metrics import Period
from portal.metrics.clocks import KEPT
from portal.models.org import Department
from portal.models.task import DeadlineBreach, Task, TaskOutcome
from portal.permissions import Role
from portal.reports.cases.listed import DEPARTMENT, MOST, Listed, Unit
from portal.reports.values import number, say, term
from portal.visibility import Viewer

HEAD = N_("Head of the department")
"""Who answers for a limit of a department where nobody was named."""


def departments(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Per department the limits that ran out in the period unmet (M-95), and those that were met in it, in time and late.

    Limits without a department are customer service's.
    """
    heads = [
        (DEPARTMENT, "fill"), (metrics.METRICS["M-95"].title, "num"), (N_("Met", "report"), "num"),
        (N_("In time", "report"), "num"), (N_("Met late", "report"), "num"), (N_("In time, %", "report"), "num"),
        (N_("Before, %", "report"), "num"),
    ]  # fmt: skip
    now, before = _kept(session, viewer, period), _kept(session, viewer, period.before)
    missed: dict[str, int] = defaultdict(int)
    for _person, department, count, _code in _missed(session, viewer, period):
        missed[department] += count

    def row(label: Any, count: int, kept: tuple[int, int], earlier: tuple[int, int]) -> list[Any]:
        return [label, number(count, Unit.COUNT), *_kept_row(kept, earlier)]

    names = [each for each in Department if each in now or each in before or each in missed]
    rows = [
        row(term(Department, each), missed[each], now.get(each, (0, 0)), before.get(each, (0, 0))) for each in names
    ]
    together = [
        (sum(each[0] for each in part.values()), sum(each[1] for each in part.values())) for part in (now, before)
    ]
    total = row(say(N_("Together", "report")), sum(missed.values()), *together) if rows else None
    return Listed(heads, rows, total)


def missed_by_person(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Who answers for the limits that ran out in the period (M-95), the most first: of a department its head, else whoever
    had it to do, a role or "head of the department" where nobody was named; with the department and which limits."""
    heads = [
        (N_("Person responsible"), ""), (DEPARTMENT, "nowrap"), (N_("Which limits", "report"), "fill"),
        (metrics.METRICS["M-95"].title, "num"),
    ]  # fmt: skip
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for person, department, count, code in _missed(session, viewer, period):
        limits = found[person, department]
        limits[code] = limits.get(code, 0) + count
    order = sorted(found, key=lambda who: (-sum(found[who].values()), who))
    rows = [
        [
            say(person.label) if isinstance(person, Role) else person or say(HEAD),
            term(Department, department),
            "、".join(
                f"{code} × {count}" if count > 1 else code for code, count in sorted(found[person, department].items())
            ),
            number(sum(found[person, department].values()), Unit.COUNT),
        ]
        for person, department in order[:MOST]
    ]
    whole = metrics.measure(session, viewer, "M-95", period)
    return Listed(
        heads, rows, [say(N_("Together", "report")), "", "", number(whole.value, Unit.COUNT)] if rows else None
    )


def _missed(session: Session, viewer: Viewer, period: Period) -> list[tuple[str, str, int, str]]:
    """The limits of M-95 by person, or role where only that is known, by department and by code."""
    by = metrics.dimension("M-95", "person")
    assert by is not None
    columns = (by.column, DeadlineBreach.department, Task.department, Task.role, DeadlineBreach.code)
    query = metrics.discipline.missed(period).query(viewer, *columns, func.count(), joins=by.joins).group_by(*columns)
    return [
        (person or (Role(role) if role and not named else ""), named or department or Department.SERVICE, count, code)
        for person, named, department, role, code, count in session.execute(query)
    ]


def _kept(session: Session, viewer: Viewer, period: Period) -> dict[str, tuple[int, int]]:
    def counted(*where: Any) -> dict[str, int]:
        department = func.coalesce(Task.department, Department.SERVICE.value)
        query = (
            select(department, func.count())
            .where(
                visibility.condition(viewer, Task), Task.code.is_not(None), Task.outcome == TaskOutcome.DONE,
                period.holds(Task.closed_at), *where,
            )
            .group_by(department)
        )  # fmt: skip
        return {name: count for name, count in session.execute(query)}

    whole, in_time = counted(), counted(KEPT)
    return {name: (number_of, in_time.get(name, 0)) for name, number_of in whole.items()}


def _kept_row(now: tuple[int, int], before: tuple[int, int]) -> list[Any]:
    count = [number(each, Unit.COUNT) for each in (now[0], now[1], now[0] - now[1])]
    return [*count, _percent(now[1], now[0]), _percent(before[1], before[0])]


def _percent(part: int, whole: int) -> dict[str, Any]:
    return number(metrics.percent(Decimal(part), Decimal(whole)), Unit.PERCENT)
