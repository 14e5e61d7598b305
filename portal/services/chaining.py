"""What follows when a task is done: the type says whether the next one is suggested, or set by itself.

Set by itself it comes in the transaction that ends the first, once: `Task.after_id` is single in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.models.task_type import Chaining, CountedFrom, TaskType
from portal.permissions import Role
from portal.services import calendars, giving, record_kinds, task_types, tasks
from portal.services.giving import Whose


def suggested(task: Task) -> TaskType | None:
    """The type that is suggested after a task."""
    return _next(task, Chaining.SUGGEST)


def due(session: Session, task: Task, following: TaskType, at: datetime) -> datetime:
    """When what follows a task is due: its own delay after the end of the first, or after the time that was due."""
    counted_from = task.type.counted_from if task.type is not None else CountedFrom.COMPLETION
    start = task.due_at if counted_from == CountedFrom.DEADLINE and task.due_at is not None else task.closed_at or at
    return task_types.due(following, start, calendars.current(session))


def trigger(session: Session, task: Task, *, actor: User, at: datetime) -> Task | None:
    """Set what follows a task that was just done; None: nothing does, or it was set already."""
    following = _next(task, Chaining.TRIGGER)
    model = record_kinds.MODELS.get(task.record_kind)
    record = session.get(model, task.record_id) if model is not None else None
    if following is None or record is None:
        return None
    if session.scalar(select(Task.id).where(Task.after_id == task.id)) is not None:
        return None
    made = tasks.open_task(
        session, TaskKind.HAND, following.title, record, due_at=due(session, task, following, at), at=at,
        who=tasks.Responsible(), detail=task.detail,
    )  # fmt: skip
    _give(session, record, made, list(turns(task, following, actor)))
    made.type_id, made.type, made.type_name = following.id, following, following.name
    made.after_id, made.set_by_id, made.note = task.id, task.set_by_id or actor.id, task.note
    session.flush()
    tasks.say(
        session,
        made,
        "task-followed",
        actor,
        at,
        due=made.due_at,
        before={"name": tasks.shown_title(task)},
        from_task=task.id,
    )
    tasks.tell_handler(session, made, by=actor, at=at)
    return made


def _next(task: Task, way: Chaining) -> TaskType | None:
    kind = task.type
    if kind is None or kind.chaining != way or kind.next is None or not kind.next.is_active:
        return None
    return kind.next


def turns(task: Task, following: TaskType, actor: User) -> Iterator[Whose]:
    """Whose turn what follows may be, the best first: as its type says, whose the first was, whoever ended that."""
    if following.person is not None:
        yield Whose(following.person)
    if following.role is not None:
        yield Whose(role=Role(following.role))
    if task.person is not None:
        yield Whose(task.person)
    if task.role is not None:
        yield Whose(role=Role(task.role))
    yield Whose(actor)


def _give(session: Session, record: Any, task: Task, possible: list[Whose]) -> None:
    """To the first who sees the record once the task is theirs; at the end there is whoever acts."""
    for turn in possible:
        task.person, task.person_id = turn.person, turn.person.id if turn.person else None
        task.role = turn.role.value if turn.role else None
        session.flush()
        if turn is possible[-1] or giving.can_have(session, record, turn):
            return
