"""Parties have no login: somebody of the department tells them by telephone, and has a task for it. Source: `domain.md` 0.2, 4.14, 4.15."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.calendar import compute_due
from portal.i18n import Text
from portal.models.org import User
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.services import calendars, tasks


def have_told(
    session: Session,
    record: Any,
    title: Text,
    *,
    detail: str,
    at: datetime,
    person: User | None = None,
    role: Role = Role.SPECIALIST,
) -> None:
    """Put before a person, or whoever has the role, to tell a party something by telephone; it is ended by hand."""
    who = tasks.Responsible(person, None if person else role)
    due = compute_due(at, calendars.limit(session, "party_told_hours"), calendars.current(session)).due_at
    tasks.open_task(session, TaskKind.TODO, title.message, record, due_at=due, at=at, who=who, detail=detail[:200])


def was_told(session: Session, record: Any, title: Text, *, actor: User, at: datetime) -> None:
    """What follows shows that the party knows: nobody has to telephone any more."""
    for task in tasks.open_of(session, record):
        if task.title == title.message:
            tasks.close(session, task, happened_at=at, at=at, actor=actor)


def call_off(session: Session, record: Any, title: Text, *, actor: User, at: datetime) -> None:
    """There is nothing to tell any more."""
    for task in tasks.open_of(session, record):
        if task.title == title.message:
            tasks.cancel(session, task, at=at, actor=actor)
