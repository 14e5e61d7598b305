"""What is due for each record of a list: a line a record, a column a deadline or sort of task, time left in the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, bindparam, case, func, literal_column, or_, select
from sqlalchemy.orm import Session

from blueprints.http import page
from blueprints.records import lists
from portal import formatting, visibility
from portal.db import session
from portal.i18n import N_, Text, _
from portal.listing import cells, engine, kept
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.org import User
from portal.models.task import Task, TaskKind, TaskOutcome
from portal.prepared import Prepared
from portal.services import record_kinds

VIEW = "tasks"
STATES: dict[str, Text] = {
    "late": N_("Late", "tally"),
    "soon": N_("Due soon", "tally"),
    "running": N_("Running", "tally"),
    "none": N_("No limit", "tally"),
    "done": N_("Done", "tally"),
}
"""How a task may stand, the most pressing first. Met late stays late; what is no longer needed is not counted."""
TYPE = "type:"
SORT = func.coalesce(Task.code, literal_column(f"'{TYPE}'", Task.type_name.type) + Task.type_name, Task.kind)
"""What makes a column: the deadline, else the type of a task set by hand, else the sort of task."""


def fits(listing: Listing) -> bool:
    """Whether tasks can hang on the records of a list."""
    return listing.kind in record_kinds.MODELS and not listing.link


def show(asked: lists.Asked) -> ResponseReturnValue:
    """A page of records with their tasks, in the order of the list."""
    listing, state, at = asked.listing, asked.state, asked.at
    if "count" in request.args:
        total = lists.total(*engine.count_state(session(), g.user, listing, state, at=at))
        return page("records/count.html", total=total)
    found = engine.page(session(), g.user, listing, state, at=at)
    rows, columns = found.rows, columns_of(session(), g.user, listing, state, at)
    tasks = tasks_of(session(), listing, [row.id for row in rows], g.user)
    return page(
        "records/tasks_matrix.html",
        **lists.around(asked),
        pager=lists.pager(listing, state, found),
        columns=columns,
        rows=[
            {
                "title": _title(row.cells[0]),
                "number": row.number,
                "url": row.path,
                "cells": [_cell(tasks.get((row.id, each.key), ()), row.path) for each in columns],
            }
            for row in rows
        ],
        states=[(key, str(label)) for key, label in STATES.items()],
        here=request.full_path.rstrip("?"),
    )


lists.VIEWS[VIEW] = lists.View(N_("Tasks", "view"), "checklist", fits, show)


@dataclass(frozen=True, slots=True)
class Column:
    """A deadline or sort of task that occurs among all rows of the list, with how many tasks stand how."""

    key: str
    label: str
    code: str
    counts: dict[str, int]


def columns_of(session: Session, user: User, listing: Listing, state: State, at: datetime) -> list[Column]:
    """The columns: deadlines by their number, then tasks people set."""
    question, values = engine.asked(session, user, listing, state, at)
    found = []
    for key, kind, title, _all, *counts in kept.rows(_columns(question), session, values, at, count=3):
        label = _(title) if kind == TaskKind.DEADLINE else TaskKind.show(kind)
        if key.startswith(TYPE):
            label = key.removeprefix(TYPE)
        code = key if kind == TaskKind.DEADLINE and key != kind else ""
        found.append(Column(key, label, code, dict(zip(STATES, map(int, counts), strict=True))))
    return sorted(found, key=lambda each: (not each.code, each.code, each.label))


@lru_cache(maxsize=512)
def _columns(question: engine.Question) -> Prepared:
    model = LISTINGS[question.kind].model
    now = bindparam("at", type_=cells.UtcDateTime())
    is_open, has_limit = Task.closed_at.is_(None), Task.due_at.is_not(None)
    late = or_(and_(is_open, Task.due_at < now), Task.closed_at > Task.due_at)
    standing = {
        "late": late,
        "soon": and_(is_open, Task.due_at >= now, Task.warn_at <= now),
        "running": and_(is_open, Task.due_at >= now, or_(Task.warn_at.is_(None), Task.warn_at > now)),
        "none": and_(is_open, ~has_limit),
        "done": and_(~is_open, or_(~has_limit, Task.closed_at <= Task.due_at)),
    }
    counts = [func.sum(case((standing[key], 1), else_=0)) for key in STATES]
    return Prepared(
        select(SORT, func.min(Task.kind), func.min(Task.title), func.count(), *counts)
        .where(
            Task.record_kind == question.kind,
            or_(Task.outcome.is_(None), Task.outcome != TaskOutcome.CANCELLED),
            Task.record_id.in_(engine.matching(question, model.id)),
        )
        .group_by(SORT)
    )


def tasks_of(session: Session, listing: Listing, ids: Sequence[int], viewer: User) -> dict[tuple[int, str], list[Any]]:
    """The tasks of records the person sees, by record and column, the most pressing first; which are theirs to tick."""
    may_tick = and_(Task.kind == TaskKind.HAND, visibility.condition(viewer, Task)).label("may_tick")
    statement = (
        select(
            Task.id, Task.title, may_tick, Task.record_id, SORT.label("key"), Task.started_at, Task.due_at, Task.warn_at, Task.closed_at,
            Task.outcome, Task.role, User.name.label("person"),
        )
        .outerjoin(User, User.id == Task.person_id)
        .where(
            Task.record_kind == listing.kind,
            Task.record_id.in_(ids),
            or_(Task.outcome.is_(None), Task.outcome != TaskOutcome.CANCELLED),
        )
    )  # fmt: skip
    found: dict[tuple[int, str], list[Any]] = {}
    for task in session.execute(statement):
        found.setdefault((task.record_id, task.key), []).append(task)
    for tasks in found.values():
        tasks.sort(key=_pressing)
    return found


def _pressing(task: Any) -> tuple[Any, ...]:
    if task.closed_at is None:
        return (0, task.due_at is None, task.due_at or cells.FAR, task.id)
    return (1, -task.closed_at.timestamp(), task.id)


def standing(task: Any, at: datetime) -> str:
    """How a task stands: a key of STATES, as the counts at the foot have it."""
    if task.closed_at is not None:
        return "late" if task.due_at is not None and task.closed_at > task.due_at else "done"
    if task.due_at is None:
        return "none"
    if task.due_at < at:
        return "late"
    return "soon" if task.warn_at is not None and task.warn_at <= at else "running"


def _title(cell: Any) -> str:
    return cell.main if isinstance(cell, cells.Title) else str(cell)


def _cell(tasks: Sequence[Any], path: str) -> dict[str, Any] | None:
    """The most pressing task of a cell, and how many more there are."""
    if not tasks:
        return None
    first = tasks[0]
    return {
        "view": formatting.clock_view(first),
        "state": STATES[standing(first, formatting.page_moment())],
        "person": first.person or cells.role(first.role),
        "more": f"+{len(tasks) - 1}" if len(tasks) > 1 else "",
        "url": f"{path}#task-{first.id}",
        "title": first.title,
        "done_url": f"/records/tasks/{first.id}/done" if first.may_tick and first.closed_at is None else None,
    }
