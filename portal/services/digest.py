"""A person's morning: which promises are broken, what is due today, what comes back, what is new, who wrote. Source: `domain.md` 7.2.

A digest keeps which tasks and notices it named, not their words: whoever reads it later sees how each stands by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.i18n import N_, Text
from portal.models.notice import Notice
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.permissions import Role
from portal.services import promises, workload

KEY = "digest:"
"""How the key of the notice of a day begins."""
OWN_BROKEN = "/records/tasks?filter=mine,open,broken"
"""The list of broken promises of whoever is no manager."""
MOST = 20
"""Tasks of one section that are named; the list has the others."""
SAID = "talk:"
"""How the keys of notices begin that tell of what somebody wrote to a person."""

SECTIONS: dict[str, tuple[Text, str]] = {
    "broken": (N_("Promises broken"), "/records/tasks?filter=open,broken"),
    "overdue": (N_("Overdue"), "/records/tasks?filter=mine,overdue"),
    "today": (N_("Due today"), "/records/tasks?filter=mine,open,today"),
    "back": (N_("Put off to today"), "/records/tasks?filter=mine,open,today"),
    "new": (N_("New since yesterday"), "/records/tasks?filter=mine,open"),
    "said": (N_("Written to you, unread"), "/records/notices"),
}
"""The sections in the order of how they press, each with the list that has all of it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a digest: how many there are, and the first of them."""

    key: str
    label: Text
    url: str
    count: int
    tasks: tuple[Task, ...] = ()
    notices: tuple[Notice, ...] = ()


def gather(session: Session, user: User, at: datetime) -> dict[str, Any]:
    """What the morning of a person has: the number of each section, and under "named" which rows. Empty: nothing.

    Each task stands once, in the first section it fits. Broken promises lead; managers hear of everybody's.
    """
    start, midnight = workload.day_bounds(at)
    yesterday = start - timedelta(days=1)
    today = and_(Task.due_at >= at, Task.due_at < midnight)
    fits: dict[str, ColumnElement[bool]] = {
        "broken": promises.is_broken(at),
        "overdue": and_(Task.due_at < at, Task.kind != TaskKind.PROMISE),
        "today": and_(today, Task.put_off_count == 0),
        "back": and_(today, Task.put_off_count > 0),
        "new": and_(or_(Task.due_at.is_(None), Task.due_at >= midnight), Task.started_at >= yesterday),
    }
    is_mine = workload.mine(user)
    theirs = visibility.condition(user, Task) if user.role == Role.MANAGER else is_mine
    counts: dict[str, int] = {}
    named: dict[str, list[int]] = {}
    for key, condition in fits.items():
        whose = theirs if key == "broken" else is_mine
        rows = select(Task.id).where(Task.closed_at.is_(None), whose, condition)
        counts[key] = session.scalar(select(func.count()).select_from(rows.subquery())) or 0
        if counts[key]:
            by_due = rows.order_by(Task.due_at.is_(None), Task.due_at, Task.id).limit(MOST)
            named[key] = list(session.scalars(by_due))
    said = _unread_said(user)
    counts["said"] = session.scalar(select(func.count()).select_from(said.subquery())) or 0
    if counts["said"]:
        named["said"] = list(session.scalars(said.order_by(Notice.id.desc()).limit(MOST)))
    return {**counts, "named": named} if named else {}


def sections(session: Session, user: User, kept: Mapping[str, Any]) -> list[Section]:
    """The parts of a kept digest that have something, as their rows stand now and as far as the person still sees them."""
    named: Mapping[str, list[int]] = kept.get("named") or {}
    wanted = [number for key, numbers in named.items() if key != "said" for number in numbers]
    seen = visibility.visible_to(user, Task).where(Task.id.in_(wanted)) if wanted else None
    tasks = {task.id: task for task in session.scalars(seen)} if seen is not None else {}
    found = []
    for key, (label, url) in SECTIONS.items():
        if key == "broken" and user.role != Role.MANAGER:
            url = OWN_BROKEN
        if key == "said" and named.get(key):
            own = select(Notice).where(Notice.user_id == user.id, Notice.id.in_(named[key])).order_by(Notice.id.desc())
            found.append(Section(key, label, url, kept.get(key, 0), notices=tuple(session.scalars(own))))
        elif named.get(key):
            lines = tuple(tasks[number] for number in named[key] if number in tasks)
            found.append(Section(key, label, url, kept.get(key, 0), lines))
    return found


def _unread_said(user: User) -> Any:
    unread = (Notice.user_id == user.id, Notice.read_at.is_(None))
    return select(Notice.id).where(*unread, Notice.key.startswith(SAID))
