"""The talk and history beside every record: notes are written here, events are read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.records import blueprint
from portal import clock, visibility
from portal.db import session, transaction
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.event import Event
from portal.models.task import Task, TaskKind
from portal.permissions import Permission
from portal.services import records, tasks, timeline


@dataclass(frozen=True, slots=True)
class Talk:
    """What the chatter column shows. `more_url` leads to older entries; None: these are all."""

    kind: str
    number: str
    days: list[tuple[str, list[timeline.Entry]]]
    more_url: str | None
    notes_url: str
    error: str = ""
    text: str = ""


def of(record: Any, *, before: int | None = None, error: str = "", text: str = "") -> Talk:
    """The chatter of a record, newest first."""
    found = timeline.of_record(session(), record.KIND, record.id, before=before, limit=timeline.PAGE + 1)
    shown = found[: timeline.PAGE]
    base = f"/records/{record.KIND}/{record.number}"
    more = f"{base}/timeline?before={shown[-1].id}" if len(found) > timeline.PAGE else None
    days = timeline.by_day(timeline.entries(shown, g.user))
    return Talk(record.KIND, record.number, days, more, f"{base}/notes", error, text)


def since_version(record: Any, _version: str | None) -> list[timeline.Entry]:
    """What others did lately: shown when somebody was faster."""
    found: list[Event] = timeline.of_record(session(), record.KIND, record.id, limit=5)
    return timeline.entries(found, g.user)


@blueprint.post("/<kind>/<number>/notes")
@requires(Permission.NOTE_WRITE)
def add_note(kind: str, number: str) -> ResponseReturnValue:
    """Write an internal note on a record one may see."""
    text = request.form.get("text") or ""
    try:
        with transaction() as writing:
            record = records.find(g.user, kind, number)
            timeline.add_note(writing, record, text, actor=g.user, at=clock.now())
    except Invalid as refusal:
        record = records.find(g.user, kind, number)
        talk = of(record, error=str(refusal), text=text)
        return page("records/chatter_page.html", fragment="chatter", status=422, talk=talk, record=record)
    return see_other(f"/records/{kind}/{number}")


@blueprint.post("/tasks/<int:task_id>/done")
@requires(Permission.HOME)
def finish_task(task_id: int) -> ResponseReturnValue:
    """Tick off a task that a person set. Clocks of a process end by their step, not by a tick."""
    at = clock.now()
    with transaction() as writing:
        task = get_or_404(visibility.visible_to(g.user, Task), Task.id == task_id)
        if task.kind == TaskKind.DEADLINE:
            raise DomainError(N_("This ends with its step: record the step on the case."))
        tasks.close(writing, task, happened_at=at, at=at, actor=g.user)
        target = f"/records/{task.record_kind}/{task.record_number}"
    return see_other(target)


@blueprint.get("/<kind>/<number>/timeline")
@requires(Permission.NOTE_WRITE)
def older(kind: str, number: str) -> ResponseReturnValue:
    """Older entries of a record's history."""
    record = records.find(g.user, kind, number)
    talk = of(record, before=request.args.get("before", type=int))
    return page("records/chatter_page.html", fragment="entries", talk=talk, record=record)
