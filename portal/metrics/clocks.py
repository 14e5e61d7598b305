"""Figures of clocks read the tasks and their breaches and nothing else: lateness is known in one place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, exists, func, literal_column, or_

from portal.metrics.questions import Period, Rows, Share
from portal.models.task import DeadlineBreach, Task, TaskOutcome

KEPT = or_(
    Task.breached_at.is_(None),
    ~(
        exists(DeadlineBreach.id)
        .where(DeadlineBreach.task_id == Task.id, func.coalesce(DeadlineBreach.late_minutes, 1) > 0)
        .correlate(Task)
    ),
)
"""Done in time; what was noted late and happened in time was in time."""
MISSED = and_(Task.breached_at.is_not(None), or_(Task.code.is_(None), ~KEPT))
"""Not in time, done since or not; a promise or a task set by hand has no record of its breach."""


def ended(period: Period, code: str, record: Any) -> Rows:
    """The clocks of a code that were met in the period, in time or late: a stretch of the index of what was met."""
    of_kind = Task.record_kind.concat("") == record.KIND  # hidden from the index of all tasks of a kind, which is long
    met = (Task.code == code, of_kind, Task.outcome == literal_column("'DONE'"), period.holds(Task.closed_at))
    return Rows(Task, met, record, Task.record_id)


def kept_of_ended(period: Period, code: str, record: Any) -> Share:
    """Met in time ÷ met."""
    whole = ended(period, code, record)
    return Share(whole.only(KEPT), whole)


def kept_of_started(period: Period, code: str, record: Any) -> Share:
    """Met in time ÷ started in the period; what still ran when it ended counts in neither."""
    met = and_(Task.outcome == TaskOutcome.DONE, Task.closed_at < period.end)
    called_off = and_(Task.outcome == TaskOutcome.CANCELLED, Task.closed_at < period.end)
    whole = _clocks(
        code,
        record,
        period.holds(Task.started_at),
        or_(met, Task.due_at < period.end),
        or_(Task.outcome.is_(None), ~called_off),
    )
    return Share(whole.only(met, KEPT), whole)


def kept_of_due(period: Period, code: str, record: Any) -> Share:
    """Met in time ÷ those whose limit lay in the period, less those called off by its end."""
    met = and_(Task.outcome == TaskOutcome.DONE, Task.closed_at < period.end)
    called_off = and_(Task.outcome == TaskOutcome.CANCELLED, Task.closed_at < period.end)
    whole = _clocks(code, record, period.holds(Task.due_at), or_(Task.outcome.is_(None), ~called_off))
    return Share(whole.only(met, KEPT), whole)


def _clocks(code: str, record: Any, *where: Any) -> Rows:
    return Rows(Task, (Task.code == code, Task.record_kind == record.KIND, *where), record, Task.record_id)
