"""How many records of a process stand where, and how many of them are late: two grouped queries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.flowchart import Standing
from portal.models.org import User
from portal.models.task import Task
from portal.processes.base import Process


def model_of(process: Process) -> type[Any] | None:
    """The records that a process moves. None: none are kept yet."""
    return next((model for model in visibility.RULES if getattr(model, "PROCESS", None) is process), None)


def standings(session: Session, user: User, process: Process, *, at: datetime) -> dict[str, Standing]:
    """Per state the records that exist for the person, and those with a task past due. A state without any is absent."""
    model = model_of(process)
    if model is None:
        return {}
    visible = visibility.condition(user, model)
    counts = session.execute(select(model.state, func.count()).where(visible).group_by(model.state))
    late = session.execute(
        select(model.state, func.count(distinct(model.id)))
        .join(Task, (Task.record_kind == model.KIND) & (Task.record_id == model.id))
        .where(visible, Task.closed_at.is_(None), Task.due_at < at)
        .group_by(model.state)
    )
    lates: dict[str, int] = {state: number for state, number in late}
    return {state: Standing(number, lates.get(state, 0)) for state, number in counts}
