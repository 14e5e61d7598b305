"""How many records of a process stand where, and how many of them are late: one query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, distinct, func, literal, select, union_all
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
    return standings_of(session, user, [process], at=at)[process.kind]


def standings_of(
    session: Session, user: User, processes: Sequence[Process], *, at: datetime
) -> dict[str, dict[str, Standing]]:
    """As `standings`, of several processes by the kind of their records, in one question to the database."""
    parts: list[Select[Any]] = []
    for process in processes:
        if (model := model_of(process)) is None:
            continue
        visible, kind = visibility.condition(user, model), literal(process.kind)
        parts.append(select(kind, model.state, func.count(), literal(0)).where(visible).group_by(model.state))
        parts.append(
            select(kind, model.state, literal(0), func.count(distinct(model.id)))
            .join(Task, (Task.record_kind == model.KIND) & (Task.record_id == model.id))
            .where(visible, Task.closed_at.is_(None), Task.due_at < at)
            .group_by(model.state)
        )
    found: dict[str, dict[str, Standing]] = {process.kind: {} for process in processes}
    for code, state, number, late in session.execute(union_all(*parts)) if parts else ():
        before = found[code].get(state, Standing(0, 0))
        found[code][state] = Standing(before.count + number, before.late + late)
    return found
