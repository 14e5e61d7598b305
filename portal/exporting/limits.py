"""The deadlines of a process one by one, as columns: due, met, late by, how it stands, how often it ran.

A clock may run several times on one record, as when a complaint goes into its second round. What the columns say is of
the last round, the one that was started last; how many there were stands beside it. One question answers all columns
of a thousand rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.i18n import N_, Text
from portal.listing.declaration import Listing
from portal.models.task import Task, TaskOutcome
from portal.processes.base import Deadline


@dataclass(frozen=True, slots=True)
class Round:
    """The last time a clock ran on a record, and how often it ran in all."""

    due_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    count: int


def late_minutes(at: datetime, due_at: datetime | None, closed_at: datetime | None, outcome: str | None) -> int | None:
    """By how many whole minutes a clock was missed, or is missed so far; 0 in time, nothing without a limit."""
    if due_at is None or outcome == TaskOutcome.CANCELLED:
        return None
    return max(0, int(((closed_at or at) - due_at).total_seconds() // 60))


def _due(_at: datetime, last: Round) -> datetime | None:
    return last.due_at


def _met(_at: datetime, last: Round) -> datetime | None:
    return last.closed_at if last.outcome == TaskOutcome.DONE else None


def _late(at: datetime, last: Round) -> int | None:
    return late_minutes(at, last.due_at, last.closed_at, last.outcome)


def _stands(at: datetime, last: Round) -> str:
    if last.outcome == TaskOutcome.CANCELLED:
        return TaskOutcome.CANCELLED.show(last.outcome)
    is_late = last.due_at is not None and (last.closed_at or at) > last.due_at
    if last.closed_at is not None:
        return str(MET_LATE if is_late else MET)
    if last.due_at is None:
        return str(NO_LIMIT)
    return str(LATE if is_late else RUNNING)


def _count(_at: datetime, last: Round) -> int:
    return last.count


MET, MET_LATE = N_("Met in time", "clock"), N_("Met late", "clock")
LATE, RUNNING, NO_LIMIT = N_("Late", "clock"), N_("Running", "clock"), N_("No limit", "clock")

PARTS: dict[str, tuple[Text, Text, Any]] = {
    "due": (N_("%(code)s %(what)s: due", "export"), N_("Due", "clock"), _due),
    "met": (N_("%(code)s %(what)s: met", "export"), N_("Met", "clock"), _met),
    "late": (N_("%(code)s %(what)s: late by (minutes)", "export"), N_("Late by (minutes)"), _late),
    "stands": (N_("%(code)s %(what)s: outcome", "export"), N_("Outcome", "clock"), _stands),
    "rounds": (N_("%(code)s %(what)s: rounds", "export"), N_("Rounds", "clock"), _count),
}
"""What is said of a clock: the head of the column, the same under the name of the clock, how it is read."""


def deadlines(listing: Listing) -> Sequence[Deadline]:
    """The clocks of the records of a list, in the order of their process."""
    process = getattr(listing.model, "PROCESS", None)
    return process.deadlines if process is not None else ()


def last_rounds(
    session: Session, kind: str, ids: Collection[int], codes: Collection[str]
) -> dict[tuple[int, str], Round]:
    """The last round of each clock of these records, by record and code."""
    columns = (Task.record_id, Task.code, Task.due_at, Task.closed_at, Task.outcome)
    statement = (
        select(*columns)
        .where(Task.record_kind == kind, Task.record_id.in_(ids), Task.code.in_(codes))
        .order_by(Task.started_at, Task.id)
    )
    found: dict[tuple[int, str], Round] = {}
    for record_id, code, due_at, closed_at, outcome in session.execute(statement):
        key = (record_id, code or "")
        before = found.get(key)
        found[key] = Round(due_at, closed_at, outcome, before.count + 1 if before else 1)
    return found
