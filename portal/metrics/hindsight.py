"""What a record became after a period must not change its figures: whether a step was taken only later, by the events."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import exists

from portal.metrics.questions import Condition, Period
from portal.models.event import Event


def only_later(record: Any, actions: Collection[str], period: Period) -> Condition:
    """One of these steps was taken after the period; at its end the record stood otherwise."""
    return exists(Event.id).where(
        Event.record_kind == record.KIND, Event.record_id == record.id, Event.action.in_(actions), Event.at >= period.end
    ).correlate(record)  # fmt: skip


def steps_to(record: Any, state: str) -> tuple[str, ...]:
    """The steps that lead to a state."""
    return tuple(str(step.action) for step in record.PROCESS.transitions if step.target == state)
