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

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, settings, visibility
from portal.calendar import WorkCalendar
from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.permissions import Permission, Role, may
from portal.services import events, record_kinds, tasks

MORNING, TEN = 9, 10
"""Hours of the day that the quick choices mean."""


class When(StrEnum):
    """Quick choices of a due time."""

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


def types(session: Session) -> list[str]:
    """The sorts of work the company tells apart, from the settings."""
    return [name.strip() for name in str(settings.get(session, "task_types")).split("、") if name.strip()]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose turn it is: a person, or whoever of a role is first."""

    person: User | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class SetTask:
    """A task to be added."""

    title: str
    due_at: datetime
    whose: Whose
    type_name: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An open task beside its record; `is_mine`: the viewer may tick it off, put it off and so on."""

    task: Task
    is_mine: bool


def open_on(session: Session, record: Any, viewer: User) -> list[Line]:
    """The open tasks of a record, soonest first; whoever sees the record sees them."""
    given = visibility.parameters(viewer) | {"kind": record.KIND, "id": record.id}
    rows = session.execute(_open_on(visibility.placeholder(viewer)), given)
    return [Line(task, bool(is_mine)) for task, is_mine in rows]


@lru_cache
def _open_on(viewer: visibility.Placeholder) -> Any:
    return (
        select(Task, visibility.condition(viewer, Task).label("is_mine"))
        .where(Task.record_kind == bindparam("kind"), Task.record_id == bindparam("id"), Task.closed_at.is_(None))
        .options(joinedload(Task.person))
        .order_by(Task.due_at.is_(None), Task.due_at, Task.id)
    )


def find(session: Session, user: User, task_id: int) -> Task:
    """A task the person has, set, or answers for. Raises NotFound for every other."""
    task = session.scalars(visibility.visible_to(user, Task).where(Task.id == task_id)).one_or_none()
    if task is None:
        raise NotFound()
    return task


def candidates(session: Session, record: Any, actor: User) -> tuple[list[User], list[Role]]:
    """Who can be given a task here: people who see the record, and roles all of whose people do.

    Whoever may bring in reviewers and captains is offered those too whose role sees such records when given.
    """
    people = list(session.scalars(record_kinds.who_sees(record).order_by(User.name, User.id)))
    known = {person.id for person in people}
    everybody = _by_role(session, record)
    roles = [role for role in Role if (ids := everybody.get(role)) and ids <= known]
    if may(actor, Permission.FOLLOWER_ADD):
        people += record_kinds.who_could_be_given(session, record, actor)
    return people, roles


def add(session: Session, record: Any, command: SetTask, *, actor: User, at: datetime) -> Task:
    """Set a task. Raises Invalid for somebody who may not see the record, or a time that is past."""
    if not may(actor, Permission.TASK_SET):
        raise NotPermitted(N_("Your role may not set tasks."))
    if not command.title.strip():
        raise Invalid({"title": N_("Say what is to be done.")})
    _refuse_past(command.due_at, at, "due_at")
    _refuse_strangers(session, record, command.whose, actor)
    person, role = command.whose.person, command.whose.role
    task = tasks.open_task(
        session, TaskKind.HAND, command.title.strip(), record, due_at=command.due_at, at=at,
        who=tasks.Responsible(person, role.value if role else None), detail=getattr(record, "subject", None),
    )  # fmt: skip
    task.type_name, task.note, task.set_by_id = command.type_name, command.note, actor.id
    session.flush()
    _refuse_blind(session, record, task)
    _say(session, task, "task-set", actor, at, due=command.due_at, text=command.note)
    tasks.tell_handler(session, task, by=actor, at=at)
    return task


def finish(session: Session, task: Task, result: str | None = None, *, actor: User, at: datetime) -> None:
    """Done, with what came of it. A clock of a process ends with its step, not by a tick. Raises DomainError."""
    if task.kind == TaskKind.DEADLINE:
        raise DomainError(N_("This ends with its step: record the step on the case."))
    if task.closed_at is not None:
        return
    task.result = result
    tasks.close(session, task, happened_at=at, at=at, actor=actor)
    _say(session, task, "task-done", actor, at, text=result)


def put_off(session: Session, task: Task, due_at: datetime, reason: str, *, actor: User, at: datetime) -> None:
    """A later time, with the reason. Raises Invalid, DomainError."""
    _refuse_fixed(task)
    if not reason.strip():
        raise Invalid({"reason": N_("Say why.")})
    _refuse_past(due_at, at, "due_at")
    if task.due_at is not None and due_at <= task.due_at:
        raise Invalid({"due_at": N_("Putting off means a later time than before.")})
    before = task.due_at
    tasks.put_off(session, task, due_at, at)
    _say(session, task, "task-put-off", actor, at, was=before, due=due_at, text=reason.strip())


def hand_over(session: Session, task: Task, whose: Whose, reason: str | None, *, actor: User, at: datetime) -> None:
    """Somebody else's turn, who must be able to see the record too. Raises Invalid, DomainError."""
    _refuse_fixed(task)
    record = record_kinds.find(session, actor, task.record_kind, record_id=task.record_id)
    if (task.person_id, task.role) == (whose.person.id if whose.person else None, whose.role):
        raise Invalid({"whose": N_("The task is with them already.")})
    _refuse_strangers(session, record, whose, actor)
    before = _whose(task)
    tasks.hand_over(session, task, person=whose.person, role=whose.role.value if whose.role else None, at=at)
    _refuse_blind(session, record, task)
    _say(session, task, "task-handed-over", actor, at, before=before, text=reason)
    tasks.tell_handler(session, task, by=actor, at=at)


def call_off(session: Session, task: Task, reason: str, *, actor: User, at: datetime) -> None:
    """Not needed any more, with the reason. Raises Invalid, DomainError."""
    _refuse_fixed(task)
    if not reason.strip():
        raise Invalid({"reason": N_("Say why.")})
    tasks.cancel(session, task, at=at, actor=actor)
    _say(session, task, "task-called-off", actor, at, text=reason.strip())


# ---------- Parts ----------


def _refuse_past(due_at: datetime, at: datetime, field: str) -> None:
    if due_at <= at:
        raise Invalid({field: N_("This time is past already.")})


def _refuse_fixed(task: Task) -> None:
    if task.kind != TaskKind.HAND:
        raise DomainError(N_("This belongs to the case; only tasks set by hand can be moved."))
    if task.closed_at is not None:
        raise DomainError(N_("This task is closed already."))


def _refuse_strangers(session: Session, record: Any, whose: Whose, actor: User) -> None:
    """Only who may bring in somebody new gives a record to a person who does not see it yet. Raises Invalid."""
    if whose.person is None and whose.role is None:
        raise Invalid({"whose": N_("Choose whose turn it is.")})
    if may(actor, Permission.FOLLOWER_ADD):
        return
    if whose.person is not None and not record_kinds.sees(session, whose.person, record):
        raise Invalid({"whose": N_("%(name)s may not see this record.") % {"name": whose.person.name}})
    if whose.role is not None and not _all_see(session, record, whose.role):
        raise Invalid({"whose": NOT_ALL % {"role": str(whose.role.label)}})


NOT_ALL = N_("Not everybody of the role %(role)s may see this record: name a person.")


def _refuse_blind(session: Session, record: Any, task: Task) -> None:
    """With the task given, its people must see the record; what is never theirs to see is refused. Raises Invalid."""
    if task.person is not None and not record_kinds.sees(session, task.person, record):
        raise Invalid({"whose": N_("%(name)s may not see this record.") % {"name": task.person.name}})
    if task.person is None and task.role and not _all_see(session, record, Role(task.role)):
        raise Invalid({"whose": NOT_ALL % {"role": str(Role(task.role).label)}})


def _all_see(session: Session, record: Any, role: Role) -> bool:
    people = _by_role(session, record).get(role, set())
    return bool(people) and people <= set(session.scalars(record_kinds.who_sees(record).with_only_columns(User.id)))


def _by_role(session: Session, record: Any) -> dict[str, set[int]]:
    """The people of each role in the branch of the record, who may sign in."""
    query = select(User.role, User.id).where(User.disabled_at.is_(None))
    if (branch_id := record_kinds.branch_of(record)) is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    found: dict[str, set[int]] = {}
    for role, number in session.execute(query):
        found.setdefault(role, set()).add(number)
    return found


def _whose(task: Task) -> dict[str, str | None]:
    return {"name": task.person.name if task.person else None, "role": None if task.person else task.role}


def _say(session: Session, task: Task, action: str, actor: User, at: datetime, **data: Any) -> None:
    record = tasks.RecordRef(task.record_kind, task.record_id, task.record_number, task.customer_id)
    events.record(
        session, EventKind.TASK, action=action, actor=actor, at=at, record=record,
        task=task.id, name=tasks.shown_title(task), whose=_whose(task), **data,
    )  # fmt: skip
