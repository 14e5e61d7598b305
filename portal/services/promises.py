"""Promises to customers: what was promised, who keeps it and until when, and whether it was kept. Source: `domain.md` 7.6, 7.7.

A promise is a task of kind PROMISE on the record on which it was made. It is broken the moment its time passes undone and
stays so, also when it is kept later or called off afterwards; called off before its time it counts for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, literal_column, or_, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.task import Task, TaskKind, TaskOutcome
from portal.permissions import Role, may
from portal.reading import Asked
from portal.services import giving, record_kinds, tasks
from portal.services.giving import Whose
from portal.terms import Term

LONGEST = 200
"""Signs of what is promised."""


class PromiseStanding(Term):
    """How a promise stands."""

    OPEN = "OPEN", "Open"
    KEPT = "KEPT", "Kept"
    BROKEN = "BROKEN", "Broken"
    CALLED_OFF = "CALLED_OFF", "Called off"


IS_PROMISE = Task.kind == literal_column("'PROMISE'")  # as the index says it


def is_broken(at: Any) -> ColumnElement[bool]:
    """Promises whose time passed undone by a moment, as a condition."""
    still_undone = and_(Task.closed_at.is_(None), Task.due_at < at)
    return and_(IS_PROMISE, or_(still_undone, Task.due_at < Task.closed_at))


def is_kept() -> ColumnElement[bool]:
    """Promises done in time, as a condition."""
    return and_(IS_PROMISE, Task.outcome == TaskOutcome.DONE, Task.closed_at <= Task.due_at)


def is_pending(at: Any) -> ColumnElement[bool]:
    """Promises that can still be kept, as a condition."""
    return and_(IS_PROMISE, Task.closed_at.is_(None), Task.due_at >= at)


def standing(task: Task, at: datetime) -> PromiseStanding:
    """How a promise stands at a moment."""
    if task.due_at is not None and task.due_at < (task.closed_at or at):
        return PromiseStanding.BROKEN
    if task.closed_at is None:
        return PromiseStanding.OPEN
    return PromiseStanding.KEPT if task.outcome == TaskOutcome.DONE else PromiseStanding.CALLED_OFF


def promise(
    session: Session, record: Any, text: str, due_at: datetime | None, owner: User, by: User, *, at: datetime
) -> Task:
    """Note what was promised to the customer of a record: `owner` keeps it until `due_at`, `by` gave the word.

    Raises Invalid by field: `promise` without words, `promised_at` without a time or with one that is past, `whose` for
    an owner who may not see the record.
    """
    words = text.strip()
    problems = {}
    if not words:
        problems["promise"] = N_("What was promised?")
    elif len(words) > LONGEST:
        problems["promise"] = N_("Please say it in at most %(most)s characters.") % {"most": LONGEST}
    if due_at is None:
        problems["promised_at"] = N_("Until when was it promised?")
    elif due_at <= at:
        problems["promised_at"] = N_("This time is past already.")
    if problems:
        raise Invalid(problems)
    if owner.id != by.id:
        giving.refuse_strangers(session, record, Whose(owner), by)
    task = tasks.open_task(
        session, TaskKind.PROMISE, words, record, due_at=due_at, at=at, who=tasks.Responsible(owner),
        detail=getattr(record, "subject", None),
    )  # fmt: skip
    task.set_by_id = by.id
    if isinstance(record, Customer):
        task.customer_id = record.id
    session.flush()
    if owner.id != by.id:
        giving.refuse_blind(session, record, task)
    tasks.say(session, task, "promised", by, at, due=due_at)
    tasks.tell_handler(session, task, by=by, at=at)
    return task


# ---------- Of a household ----------


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise as pages show it."""

    task: Task
    standing: PromiseStanding


def of_customer(session: Session, user: User, customer_id: int, *, at: datetime, most: int = 5) -> list[Promise]:
    """What was last promised to a household, open ones first, then the latest; only on records the person sees.

    One question however many there are, to be read only.
    """
    given = visibility.parameters(user) | {"customer_id": customer_id, "most": most}
    session.flush()
    found = _of_customer(visibility.placeholder(user)).all(session, given)
    return [Promise(task, standing(task, at)) for task in found]


@lru_cache
def _of_customer(viewer: visibility.Placeholder) -> Asked[Task]:
    role = Role(viewer.role)
    on_seen = [
        and_(
            Task.record_kind == kind,
            select(model.id)
            .where(model.id == Task.record_id, visibility.condition(viewer, model))
            .correlate(Task)
            .exists(),
        )
        for kind, model in record_kinds.MODELS.items()
        if (model is Customer or hasattr(model, "customer_id")) and may(role, record_kinds.VIEW[model])
    ]
    own = visibility.condition(viewer, Task)
    conditions = (IS_PROMISE, Task.customer_id == bindparam("customer_id"), or_(own, *on_seen))
    return Asked(
        Task, ("person",), conditions, (Task.closed_at.is_not(None), Task.due_at.desc(), Task.id.desc()),
        most=bindparam("most"),
    )  # fmt: skip


# ---------- Per person ----------


@dataclass(frozen=True, slots=True)
class Figures:
    """The promises of a person that were made in a period."""

    person_id: int | None
    """None: nobody was named."""
    name: str
    open: int
    kept: int
    broken: int

    @property
    def total(self) -> int:
        """All that count."""
        return self.open + self.kept + self.broken

    @property
    def rate(self) -> float | None:
        """The share that was kept of those that are decided, of 1; None: none is."""
        decided = self.kept + self.broken
        return self.kept / decided if decided else None


def by_person(session: Session, user: User, start: datetime, end: datetime, *, at: datetime) -> list[Figures]:
    """Per person the promises made in [start, end) that the viewer sees, the lowest share first; `at` is now."""
    ours = (visibility.condition(user, Task), IS_PROMISE, Task.started_at >= start, Task.started_at < end)
    query = (
        select(
            Task.person_id,
            User.name,
            _times(is_pending(at)),
            _times(is_kept()),
            _times(is_broken(at)),
        )
        .join(User, User.id == Task.person_id, isouter=True)
        .where(*ours)
        .group_by(Task.person_id, User.name)
    )
    rows = [
        Figures(key, name or "", *(int(each or 0) for each in counted))
        for key, name, *counted in session.execute(query)
    ]
    counted = [row for row in rows if row.total]
    return sorted(counted, key=lambda row: (row.rate is None, row.rate or 0, -row.total, row.name))


def _times(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))
