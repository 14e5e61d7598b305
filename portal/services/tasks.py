"""What is due: tasks are opened and closed by process steps and by people; the sweep warns and records breaches.

Nothing else in the code computes lateness. Source: `domain.md` 0.2 (general consequence), 4.29, 7.2.
The sweep posts outbox rows of kind `notify_task` with `task_id`, `level` (WARN, OVERDUE) and `repeat` (0, 1, …).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, event, select, update
from sqlalchemy.orm import Session, SessionTransaction, joinedload, object_session

from portal import outbox, settings
from portal.calendar import Due, Pause, compute_due, recompute, warn_at
from portal.errors import DomainError
from portal.i18n import N_, _
from portal.models.event import EventKind
from portal.models.notice import Notice
from portal.models.org import User
from portal.models.task import OWN_WORDS, DeadlineBreach, Task, TaskKind, TaskOutcome, TaskPause
from portal.processes.base import Deadline
from portal.processes.penalty import PROPOSED_FOR
from portal.reading import Asked
from portal.services import calendars, claims, events, standing_in

FOLLOWED = frozenset({"DL-08", "DL-24", "DL-28"})
"""Clocks whose miss moves the record on by itself (`jobs/calls.py`)."""
REPEAT = timedelta(hours=24)
"""An overdue task is told again every 24 hours (0.2)."""


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who does a task and who answers for a miss."""

    person: User | None = None
    role: str | None = None
    department: str | None = None
    party_id: int | None = None


def open_deadline(
    session: Session,
    clock: Deadline,
    record: Any,
    *,
    start: datetime,
    at: datetime,
    who: Responsible,
    cap_start: datetime | None = None,
    due_at: datetime | None = None,
    round_no: int = 1,
) -> Task:
    """Start a clock of a process on a record; the due time is computed now and never rewritten by later settings.

    `cap_start` begins the clock's second limit; the earlier of the two due times counts. `due_at`: fixed or agreed
    already, nothing is counted.
    """
    if due_at is not None:
        fixed = _task(session, record, TaskKind.DEADLINE, clock.label.message, who, start)
        fixed.code, fixed.responsible, fixed.round_no = clock.code, clock.responsible, round_no
        _set_time(session, fixed, due_at, at)
        session.add(fixed)
        session.flush()
        return fixed
    calendar = calendars.current(session)
    due = compute_due(start, calendars.limit(session, clock.setting, clock.clock_setting), calendar)
    is_capped = clock.cap_switch is None or settings.get(session, clock.cap_switch)
    if cap_start is not None and clock.cap_setting is not None and is_capped:
        cap = compute_due(cap_start, calendars.limit(session, clock.cap_setting, clock.clock_setting), calendar)
        if cap.due_at is not None and due.due_at is not None and cap.due_at < due.due_at:
            due = cap
    task = _task(session, record, TaskKind.DEADLINE, clock.label.message, who, start)
    task.code, task.responsible, task.round_no = clock.code, clock.responsible, round_no
    _set_due(session, task, due)
    session.add(task)
    session.flush()
    return task


def open_task(
    session: Session,
    kind: TaskKind,
    title: str,
    record: Any,
    *,
    due_at: datetime | None,
    at: datetime,
    who: Responsible,
    detail: str | None = None,
) -> Task:
    """A task that people set: a promise, a call back, a message to pass on. It warns, but counts no breach."""
    task = _task(session, record, kind, title, who, at)
    task.detail = detail
    if due_at is not None:
        _set_time(session, task, due_at, at)
    session.add(task)
    session.flush()
    return task


def put_off(session: Session, task: Task, due_at: datetime, at: datetime) -> None:
    """A later time for a task that people set; it warns of the new time as it did of the old one."""
    _settle_notices(task, at)
    task.warned_at = task.breached_at = None
    task.put_off_count += 1
    _set_time(session, task, due_at, at)


def hand_over(session: Session, task: Task, *, person: User | None, role: str | None, at: datetime) -> None:
    """Another person's turn, or a role's. What the one before was told of it needs no reading any more."""
    _settle_notices(task, at)
    task.person_id, task.person, task.role = person.id if person else None, person, role
    session.flush()


def tell_handler(session: Session, task: Task, *, by: User, at: datetime) -> None:
    """Tell whoever has the task now that it is theirs; never the one who gave it."""
    session.flush()
    if task.person_id != by.id:
        _tell(session, task, "ACTION", task.version, at, by_id=by.id, to_id=task.person_id)


def close(session: Session, task: Task, *, happened_at: datetime, at: datetime, actor: User | None) -> None:
    """The work is done. Done after the due time it is a breach, whether or not the sweep saw it."""
    if task.closed_at is not None:
        return
    without_signal = claims.is_claimable(session, task, happened_at, at)
    if (
        task.code
        and task.due_at is not None
        and task.breached_at is None
        and (happened_at > task.due_at or without_signal)
    ):
        _breach(session, task, at)
    if without_signal and actor is not None:  # missed until a manager accepts what the phone says
        claims.claim(session, task, met_at=happened_at, at=at, actor=actor)
        happened_at = at
    if task.breached_at is not None:
        breach = session.scalars(select(DeadlineBreach).where(DeadlineBreach.task_id == task.id)).one_or_none()
        if breach is not None:
            breach.met_at = happened_at
            breach.late_minutes = max(0, int((happened_at - breach.due_at).total_seconds() // 60))
    _end(task, TaskOutcome.DONE, happened_at, actor)


def cancel(session: Session, task: Task, *, at: datetime, actor: User | None) -> None:
    """The work is no longer needed. A breach that happened before stays."""
    if task.closed_at is None:
        _end(task, TaskOutcome.CANCELLED, at, actor)


_ON = (Task.record_kind == bindparam("kind"), Task.record_id == bindparam("id"))
_OPEN = (
    select(Task)
    .where(*_ON, Task.closed_at.is_(None))
    .options(joinedload(Task.person))
    .order_by(Task.due_at, Task.id)
)  # fmt: skip
_CLOCKS = Asked(Task, (), (*_ON, Task.kind == TaskKind.DEADLINE), (Task.started_at, Task.id))
_PAUSES = Asked(
    TaskPause, (), (TaskPause.task_id.in_(select(Task.id).where(*_ON, Task.closed_at.is_(None))),),
    (TaskPause.started_at,),
)  # fmt: skip


BEGUN = "begun"
"""Where a session keeps the records that its present transaction made, each with all tasks it has."""


def begun(session: Session, record: Any) -> None:
    """The record was made in this transaction: until its end nobody need look in the database for its tasks."""
    session.info.setdefault(BEGUN, {})[record.KIND, record.id] = []


def is_begun(session: Session, record: Any) -> bool:
    """Whether the record was made in this transaction, so that nobody can have followed it yet."""
    return (record.KIND, record.id) in session.info.get(BEGUN, {})


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None or transaction.nested:
        session.info.pop(BEGUN, None)


def open_of(session: Session, record: Any, code: str | None = None) -> list[Task]:
    """The open tasks of a record, soonest first."""
    if is_begun(session, record):
        made = [task for task in session.info[BEGUN][record.KIND, record.id] if task.closed_at is None]
        found = sorted(made, key=lambda task: (task.due_at is None, task.due_at, task.id))
    else:
        found = list(session.scalars(_OPEN, {"kind": record.KIND, "id": record.id}))
    return [task for task in found if code is None or task.code == code]


def clocks_of(session: Session, record: Any) -> list[Task]:
    """All clocks of a record in the order they were started, for the row of clocks on its page; to be read only.

    Those that run know their pauses.
    """
    session.flush()
    on = {"kind": record.KIND, "id": record.id}
    found = _CLOCKS.all(session, on)
    running = {task.id: task for task in found if task.closed_at is None}
    for task in found:
        task.__dict__["pauses"] = []
    for pause in _PAUSES.all(session, on) if running else ():
        if pause.task_id in running:
            running[pause.task_id].__dict__["pauses"].append(pause)
    return found


def pause(session: Session, task: Task, reason: str, *, actor: User, at: datetime) -> None:
    """Stop a clock, with the reason. Raises DomainError when it does not run."""
    if task.closed_at is not None or task.due_at is None or at >= task.due_at:
        raise DomainError(N_("This clock does not run, so it cannot be paused."))
    session.add(TaskPause(task_id=task.id, started_at=at, reason=reason, by_id=actor.id))
    session.flush()
    recount(session, task)
    events.record(
        session, EventKind.TASK, action="pause", actor=actor, at=at, record=_ref(task), code=task.code, text=reason
    )


def resume(session: Session, task: Task, *, actor: User, at: datetime) -> None:
    """Let a paused clock run on; the due time moves by the time it stood."""
    for item in task.pauses:
        if item.ended_at is None:
            item.ended_at = at
    session.flush()
    recount(session, task)
    events.record(session, EventKind.TASK, action="resume", actor=actor, at=at, record=_ref(task), code=task.code)


def sweep(session: Session, at: datetime, *, limit: int = 200) -> int:
    """Look at tasks whose moment has come: warn, record breaches, tell again every 24 h. Returns how many.

    Every step has its own key, so a sweep may run twice, late, or beside another one.
    """
    due = session.scalars(
        select(Task)
        .where(Task.next_check_at <= at, Task.closed_at.is_(None))
        .order_by(Task.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for task in due:
        if task.warned_at is None and task.warn_at is not None and task.warn_at <= at:
            task.warned_at = at
            _tell(session, task, "WARN", 0, at)
        if task.due_at is None or at < task.due_at:
            task.next_check_at = task.due_at
            continue
        if task.breached_at is None:
            if task.code:
                _breach(session, task, at)
            task.breached_at = task.due_at
            _tell(session, task, "OVERDUE", 0, at)
        repeat = (at - task.due_at) // REPEAT
        if repeat:
            _tell(session, task, "OVERDUE", repeat, at)
        task.next_check_at = task.due_at + REPEAT * (repeat + 1)
    return len(due)


def shown_title(task: Task) -> str:
    """What must be done, in the present language; what people wrote themselves stays as it is."""
    return task.title if task.kind in OWN_WORDS else _(task.title)


def explanation(task: Task) -> Due | None:
    """The evidence of a clock: the stretches counted and the calendar version."""
    return Due.from_dict(task.explanation) if task.explanation else None


def _task(session: Session, record: Any, kind: TaskKind, title: str, who: Responsible, start: datetime) -> Task:
    customer = getattr(record, "customer", None)
    task = Task(
        kind=kind,
        title=title,
        record_kind=record.KIND,
        record_id=record.id,
        record_number=record.number,
        customer_id=getattr(record, "customer_id", None),
        customer_name=customer.name if customer else getattr(record, "complainant", getattr(record, "name", None)),
        detail=getattr(record, "subject", None),
        branch_id=getattr(record, "branch_id", None),
        person_id=who.person.id if who.person else None,
        role=who.role,
        department=who.department,
        party_id=who.party_id,
        started_at=start,
    )
    session.info.get(BEGUN, {}).get((record.KIND, record.id), []).append(task)
    return task


def _set_due(session: Session, task: Task, due: Due) -> None:
    task.due_at, task.explanation = due.due_at, due.to_dict()
    task.warn_at = warn_at(due, settings.get(session, "warn_share") / 100)
    task.next_check_at = task.due_at if task.warned_at else task.warn_at


def _set_time(session: Session, task: Task, due_at: datetime, at: datetime) -> None:
    share = settings.get(session, "warn_share") / 100
    task.due_at = due_at
    task.warn_at = max(at, due_at - (due_at - at) * share) if due_at > at else due_at
    task.next_check_at = task.warn_at


def recount(session: Session, task: Task) -> None:
    """Compute the due time of an open clock again, from its pauses and the calendar in force."""
    known = explanation(task)
    assert known is not None
    pauses = [Pause(item.started_at, item.ended_at, item.reason) for item in task.pauses]
    _set_due(session, task, recompute(known, calendars.current(session), pauses))


def _end(task: Task, outcome: TaskOutcome, when: datetime, actor: User | None) -> None:
    _settle_notices(task, when)
    task.closed_at, task.outcome, task.next_check_at = when, outcome, None
    task.closed_by_id = actor.id if actor else None


def _settle_notices(task: Task, when: datetime) -> None:
    """What was said about a task needs no reading any more once the task is closed."""
    session = object_session(task)
    if session is not None:
        session.execute(
            update(Notice)
            .where(Notice.task_id == task.id, Notice.read_at.is_(None))
            .values(read_at=when)
            .execution_options(synchronize_session=False)
        )


def _breach(session: Session, task: Task, at: datetime) -> None:
    assert task.due_at is not None and task.code is not None
    task.breached_at = task.due_at
    session.add(
        DeadlineBreach(
            task_id=task.id,
            code=task.code,
            record_kind=task.record_kind,
            record_id=task.record_id,
            record_number=task.record_number,
            branch_id=task.branch_id,
            user_id=task.person_id,
            department=task.department if task.responsible == "department" else None,
            party_id=task.party_id,
            due_at=task.due_at,
            found_at=at,
        )
    )
    events.record(
        session, EventKind.BREACH, action=task.code, actor=None, at=at, record=_ref(task),
        customer_id=task.customer_id, due_at=task.due_at, title=task.title,
    )  # fmt: skip
    if task.code in PROPOSED_FOR:
        session.flush()
        outbox.post(session, "propose_penalty", key=f"penalty:{task.id}", at=at, task_id=task.id)
    if task.code in FOLLOWED:
        session.flush()
        outbox.post(session, "clock_missed", key=f"missed:{task.id}", at=at, task_id=task.id)


def told_as(task: Task, level: str, repeat: int) -> str:
    """The key of a notice about a task; a task that was put off is told of anew."""
    turn = f".{task.put_off_count}" if task.put_off_count else ""
    return f"task:{task.id}{turn}:{level}:{repeat}"


def _tell(session: Session, task: Task, level: str, repeat: int, at: datetime, **more: Any) -> None:
    if task.put_off_count:
        more["turn"] = task.put_off_count
    outbox.post(
        session,
        "notify_task",
        key=told_as(task, level, repeat),
        at=at,
        task_id=task.id,
        level=level,
        repeat=repeat,
        **more,
    )


def whose(task: Task) -> dict[str, str | None]:
    """Whose turn a task is, as events keep it."""
    return {"name": task.person.name if task.person else None, "role": None if task.person else task.role}


def say(session: Session, task: Task, action: str, actor: User, at: datetime, **data: Any) -> None:
    """Write into the history of its record what somebody did with a task, and whom they stood in for."""
    if stood_for := standing_in.whom(session, actor, task):
        data["stood_for"] = stood_for
    events.record(
        session, EventKind.TASK, action=action, actor=actor, at=at, record=_ref(task),
        task=task.id, name=shown_title(task), whose=whose(task), **data,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordRef:
    """Enough of a record to name it in an event."""

    KIND: str
    id: int
    number: str
    customer_id: int | None = None


def _ref(task: Task) -> RecordRef:
    return RecordRef(task.record_kind, task.record_id, task.record_number, task.customer_id)
