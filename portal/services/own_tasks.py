"""Tasks people set by hand on any record (待办): added, done, put off, handed over, called off.

They stand in the same table as the clocks of the processes, warn and remind through the same sweep, and count no
breach: they have no DL code (`domain.md` 0.2, 4.29). Every act is an event of the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.calendar import WorkCalendar
from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.i18n import N_, Text
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.models.task_type import TaskType
from portal.permissions import Permission, may
from portal.reading import Asked
from portal.services import chaining, giving, promises, record_kinds, tasks
from portal.services.giving import Whose, candidates

__all__ = [
    "Line", "SetTask", "When", "Whose", "add", "call_off", "candidates", "find", "finish", "hand_over", "moment",
    "open_on", "put_off", "rename",
]  # fmt: skip

MORNING, TEN = 9, 10
"""Hours of the day that the quick choices mean."""


class When(StrEnum):
    """Quick choices of a due time; `AS_TYPE`: what the type of the task says."""

    AS_TYPE = "AS_TYPE"
    NEXT_WORKING_DAY = "NEXT_WORKING_DAY"
    IN_TWO_HOURS = "IN_TWO_HOURS"
    TOMORROW = "TOMORROW"
    IN_THREE_WORKING_DAYS = "IN_THREE_WORKING_DAYS"
    NEXT_MONDAY = "NEXT_MONDAY"

    @property
    def label(self) -> Text:
        """The choice as people say it."""
        return _WHEN_LABELS[self]


_WHEN_LABELS = {
    When.AS_TYPE: N_("As its type says", "when"),
    When.NEXT_WORKING_DAY: N_("Next working day", "when"),
    When.IN_TWO_HOURS: N_("In 2 h", "when"),
    When.TOMORROW: N_("Tomorrow morning", "when"),
    When.IN_THREE_WORKING_DAYS: N_("In 3 working days", "when"),
    When.NEXT_MONDAY: N_("Next Monday", "when"),
}


def moment(when: When, calendar: WorkCalendar, at: datetime) -> datetime:
    """What a quick choice means at a moment, by the company's calendar."""
    today = clock.today(at)
    match when:
        case When.IN_TWO_HOURS:
            return at + timedelta(hours=2)
        case When.TOMORROW:
            return clock.at_local(today + timedelta(days=1), MORNING)
        case When.IN_THREE_WORKING_DAYS:
            return calendar.add_working_days(at, 3)
        case When.NEXT_MONDAY:
            return clock.at_local(today + timedelta(days=7 - today.weekday()), TEN)
    return clock.at_local(calendar.next_working_day(today), TEN)


@dataclass(frozen=True, slots=True)
class SetTask:
    """A task to be added."""

    title: str
    due_at: datetime
    whose: Whose
    type: TaskType | None = None
    note: str | None = None
    is_promise: bool = False
    """The customer was given the word: it is kept or broken (`promises`), and is not moved."""


@dataclass(frozen=True, slots=True)
class Line:
    """An open task beside its record; `is_mine`: the viewer may tick it off, put it off and so on."""

    task: Task
    is_mine: bool


def open_on(session: Session, record: Any, viewer: User) -> list[Line]:
    """The open tasks of a record, soonest first, to be read only; whoever sees the record sees them."""
    given = visibility.parameters(viewer) | {"kind": record.KIND, "id": record.id}
    session.flush()
    rows = _open_on(visibility.placeholder(viewer)).beside(session, given)
    return [Line(task, bool(is_mine)) for task, (is_mine,) in rows]


@lru_cache
def _open_on(viewer: visibility.Placeholder) -> Asked[Task]:
    on = (Task.record_kind == bindparam("kind"), Task.record_id == bindparam("id"), Task.closed_at.is_(None))
    is_mine = visibility.condition(viewer, Task).label("is_mine")
    return Asked(Task, ("person", "type"), on, (Task.due_at.is_(None), Task.due_at, Task.id), also=(is_mine,))


def find(session: Session, user: User, task_id: int) -> Task:
    """A task the person has, set, or answers for. Raises NotFound for every other."""
    task = session.scalars(visibility.visible_to(user, Task).where(Task.id == task_id)).one_or_none()
    if task is None:
        raise NotFound()
    return task


def add(session: Session, record: Any, command: SetTask, *, actor: User, at: datetime) -> Task:
    """Set a task. Raises Invalid for somebody who may not see the record, or a time that is past."""
    if not may(actor, Permission.TASK_SET):
        raise NotPermitted(N_("Your role may not set tasks."))
    if not command.title.strip():
        raise Invalid({"title": N_("Say what is to be done.")})
    if command.is_promise:
        return _promise(session, record, command, actor, at)
    _refuse_past(command.due_at, at, "due_at")
    giving.refuse_strangers(session, record, command.whose, actor)
    person, role = command.whose.person, command.whose.role
    task = tasks.open_task(
        session, TaskKind.HAND, command.title.strip(), record, due_at=command.due_at, at=at,
        who=tasks.Responsible(person, role.value if role else None), detail=getattr(record, "subject", None),
    )  # fmt: skip
    task.type, task.type_name = command.type, command.type.name if command.type else None
    task.note, task.set_by_id = command.note, actor.id
    session.flush()
    giving.refuse_blind(session, record, task)
    tasks.say(session, task, "task-set", actor, at, due=command.due_at, text=command.note)
    tasks.tell_handler(session, task, by=actor, at=at)
    return task


def _promise(session: Session, record: Any, command: SetTask, actor: User, at: datetime) -> Task:
    if command.whose.person is None:
        raise Invalid({"whose": N_("A promise is kept by somebody: name a person.")})
    try:
        task = promises.promise(session, record, command.title, command.due_at, command.whose.person, actor, at=at)
    except Invalid as refusal:
        names = {"promise": "title", "promised_at": "due_at"}
        raise Invalid({names.get(field, field): words for field, words in refusal.fields.items()}) from refusal
    task.type, task.type_name = command.type, command.type.name if command.type else None
    task.note = command.note
    return task


def finish(session: Session, task: Task, result: str | None = None, *, actor: User, at: datetime) -> Task | None:
    """Done, with what came of it; gives the task that this set by itself, if any (`chaining`).

    A clock of a process ends with its step, not by a tick: raises DomainError.
    """
    refuse_tick(task)
    if task.closed_at is not None:
        return None
    task.result = result
    tasks.close(session, task, happened_at=at, at=at, actor=actor)
    session.flush()
    tasks.say(session, task, "task-done", actor, at, text=result)
    return chaining.trigger(session, task, actor=actor, at=at)


def rename(session: Session, task: Task, title: str, *, actor: User, at: datetime) -> None:
    """Other words for what is to be done. Raises Invalid, DomainError."""
    refuse_fixed(task)
    if not title.strip():
        raise Invalid({"title": N_("Say what is to be done.")})
    before, task.title = task.title, title.strip()
    session.flush()
    tasks.say(session, task, "task-renamed", actor, at, text=before)


def put_off(session: Session, task: Task, due_at: datetime, reason: str, *, actor: User, at: datetime) -> None:
    """A later time, with the reason. Raises Invalid, DomainError."""
    refuse_fixed(task)
    if not reason.strip():
        raise Invalid({"reason": N_("Say why.")})
    refuse_no_later(task, due_at, at)
    before = task.due_at
    tasks.put_off(session, task, due_at, at)
    tasks.say(session, task, "task-put-off", actor, at, was=before, due=due_at, text=reason.strip())


def hand_over(session: Session, task: Task, whose: Whose, reason: str | None, *, actor: User, at: datetime) -> None:
    """Somebody else's turn, who must be able to see the record too. Raises Invalid, DomainError."""
    refuse_fixed(task)
    record = record_kinds.find(session, actor, task.record_kind, record_id=task.record_id)
    if (task.person_id, task.role) == (whose.person.id if whose.person else None, whose.role):
        raise Invalid({"whose": N_("The task is with them already.")})
    giving.refuse_strangers(session, record, whose, actor)
    before = tasks.whose(task)
    tasks.hand_over(session, task, person=whose.person, role=whose.role.value if whose.role else None, at=at)
    giving.refuse_blind(session, record, task)
    tasks.say(session, task, "task-handed-over", actor, at, before=before, text=reason)
    tasks.tell_handler(session, task, by=actor, at=at)


def call_off(session: Session, task: Task, reason: str, *, actor: User, at: datetime) -> None:
    """Not needed any more, with the reason; a promise too. Raises Invalid, DomainError."""
    refuse_fixed(task, or_promise=True)
    if not reason.strip():
        raise Invalid({"reason": N_("Say why.")})
    tasks.cancel(session, task, at=at, actor=actor)
    tasks.say(session, task, "task-called-off", actor, at, text=reason.strip())


# ---------- Parts ----------


def _refuse_past(due_at: datetime, at: datetime, field: str) -> None:
    if due_at <= at:
        raise Invalid({field: N_("This time is past already.")})


def refuse_no_later(task: Task, due_at: datetime, at: datetime) -> None:
    """Raise Invalid for a time that is past, or no later than the present one."""
    _refuse_past(due_at, at, "due_at")
    if task.due_at is not None and due_at <= task.due_at:
        raise Invalid({"due_at": N_("Putting off means a later time than before.")})


def refuse_tick(task: Task) -> None:
    """Raise DomainError for a clock of a process."""
    if task.kind == TaskKind.DEADLINE:
        raise DomainError(N_("This ends with its step: record the step on the case."))


def refuse_fixed(task: Task, *, or_promise: bool = False) -> None:
    """Raise DomainError for a task that nobody moves by hand; `or_promise`: a promise is let pass."""
    if task.kind != TaskKind.HAND and not (or_promise and task.kind == TaskKind.PROMISE):
        raise DomainError(N_("This belongs to the case; only tasks set by hand can be moved."))
    if task.closed_at is not None:
        raise DomainError(N_("This task is closed already."))
