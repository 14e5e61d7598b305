"""Events as sentences: the chatter of a record, the household timeline and the audit log read the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from portal import formatting
from portal.i18n import N_, Text, _
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.paths import record_path
from portal.permissions import Role
from portal.prepared import among, filled
from portal.processes.registry import PROCESSES
from portal.reading import Asked
from portal.services import merged
from portal.services.fields import Field, as_text

PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, for the macro `entry` of `components/chatter.html`."""

    kind: str
    """log, note or message."""
    body: str
    at: datetime
    who: str
    initials: str
    icon: str = "history"
    happened: str = ""
    """When it took place, where that is another minute than the one it was written down in."""
    late: bool = False
    field: str | None = None
    before: str | None = None
    after: str | None = None
    me: bool = False
    number: str | None = None
    url: str | None = None
    to: str | None = None


ICONS = {
    EventKind.CREATED: "plus",
    EventKind.TRANSITION: "arrow-right",
    EventKind.CHANGE: "pencil",
    EventKind.CALL: "phone",
    EventKind.FILE: "paperclip",
    EventKind.PRINT: "printer",
    EventKind.EXPORT: "download",
    EventKind.VIEW: "eye",
    EventKind.TASK: "checklist",
    EventKind.FOLLOW: "user",
    EventKind.BREACH: "alert-triangle",
    EventKind.IMPORT: "table-import",
    EventKind.SETTING: "settings",
    EventKind.ACCOUNT: "key",
}

ACTIONS: dict[str, Text] = {
    "plan-proposed": N_("A plan was written and waits for the manager"),
    "plan-seen": N_("The manager has looked through the plan"),
    "left": N_("The visitor left"),
    "call-back": N_("Called back"),
    "call-back-missed": N_("Called back, not reached"),
    "first-contact": N_("First contact made: %(text)s"),
    "settled": N_("Done: %(name)s"),
    "pause": N_("%(code)s paused: %(text)s"),
    "resume": N_("%(code)s runs again"),
    "recount": N_("%(code)s moved by a change of the calendar"),
    "unmask": N_("Full phone number seen: %(purpose)s"),
    "assign": N_("Handed to somebody else"),
    "task-type": N_("Task type: %(name)s"),
    "export": N_("List exported: %(name)s"),
    "export-taken": N_("Exported list downloaded: %(name)s"),
    "task-set": N_("Task for %(whose)s, due %(due)s: %(name)s"),
    "task-done": N_("Task done: %(name)s"),
    "task-followed": N_("After “%(before)s” comes a task for %(whose)s, due %(due)s: %(name)s"),
    "task-put-off": N_("Task put off from %(was)s to %(due)s: %(name)s. Reason: %(text)s"),
    "task-handed-over": N_("Task handed from %(before)s to %(whose)s: %(name)s"),
    "task-called-off": N_("Task called off: %(name)s. Reason: %(text)s"),
    "follow": N_("%(name)s follows this record"),
    "unfollow": N_("%(name)s no longer follows this record"),
    "merged-into": N_("%(name)s was merged into this record"),
    "merged-away": N_("%(code)s was merged into %(name)s"),
    "unmerged-into": N_("The merge with %(name)s was undone"),
    "unmerged-away": N_("%(code)s stands for itself again: the merge into %(name)s was undone"),
}


NEWEST = 2**62
"""Behind every event."""


def newest_first(*conditions: Any) -> Asked[Event]:
    """The question for a page of a history, with who acted: filled with `before` and `most`. Events are read only."""
    whole = (*conditions, Event.id < bindparam("before"))
    return Asked(Event, ("actor", "acted_by"), whole, (Event.id.desc(),), most=bindparam("most"))


@lru_cache(maxsize=64)
def _of_record(count: int) -> Asked[Event]:
    return newest_first(Event.record_kind == bindparam("kind"), among(Event.record_id, "id", count))


def of_record(
    session: Session, kind: str, record_id: int, *, before: int | None = None, limit: int = PAGE
) -> list[Event]:
    """The events of one record and of what was merged into it, newest first; `before` is the last one shown."""
    session.flush()
    ids = merged.ids(session, kind, record_id)
    given = {"kind": kind, "before": before or NEWEST, "most": limit} | filled("id", ids)
    return _of_record(len(ids)).all(session, given)


def entries(found: Sequence[Event], viewer: User) -> list[Entry]:
    """The events as lines. A change of several fields becomes several lines."""
    return [line for event in found for line in _lines(event, viewer)]


def _lines(event: Event, viewer: User) -> list[Entry]:
    who = event.actor.name if event.actor else _("The portal")
    if event.acted_by is not None:
        who = _("%(party)s, recorded by %(person)s", party=event.acted_by.name, person=who)
    common: dict[str, Any] = {
        "at": event.at,
        "who": who,
        "initials": who[:1],
        "icon": ICONS.get(EventKind(event.kind), "history"),
        "happened": _happened(event),
        "number": event.record_number,
        "url": record_path(event.record_kind or "", event.record_number) if event.record_number else None,
    }
    if event.kind in (EventKind.NOTE, EventKind.MESSAGE) and event.data.get("text"):
        kind, to = ("note", None) if event.kind == EventKind.NOTE else ("message", "、".join(event.data.get("to", ())))
        return [Entry(kind, _said(event.data), me=event.actor_id == viewer.id, to=to, **common)]
    if event.kind == EventKind.CHANGE and event.data.get("changes"):
        reason = event.data.get("reason")
        said = [Entry("log", _("Reason: %(reason)s", reason=_(str(reason))), **common)] if reason else []
        return [
            _change(event.record_kind or "", name, old, new, common)
            for name, (old, new) in event.data["changes"].items()
        ] + said
    if event.kind == EventKind.TRANSITION:
        return [_step(event, common)]
    return [Entry("log", _sentence(event), late=event.kind == EventKind.BREACH, **common)]


def _happened(event: Event) -> str:
    if event.acted_at is None or formatting.stamp(event.acted_at) == formatting.stamp(event.at):
        return ""
    return _("happened %(moment)s", moment=formatting.moment(event.acted_at))


def _said(data: Mapping[str, Any]) -> str:
    """The words of a note or message, with the colleagues who were told by name in bold."""
    text = escape(data["text"])
    for name in sorted(data.get("mentioned", ()), key=len, reverse=True):
        for sign in "@＠":
            text = text.replace(escape(sign + name), Markup('<b class="mention">@{}</b>').format(name))
    return text


def _step(event: Event, common: Mapping[str, Any]) -> Entry:
    process = PROCESSES.get(event.record_kind or "")
    if process is None:
        return Entry("log", event.action or "", **common)
    before, after = process.state(event.data["from"]), process.state(event.data["to"])
    return Entry("log", "", field=_("State"), before=str(before.label), after=str(after.label), **common)


def _change(kind: str, name: str, old: Any, new: Any, common: Mapping[str, Any]) -> Entry:
    field = _fields(kind).get(name)
    show = field.text if field else (lambda value: as_text(value) if value is not None else formatting.DASH)
    label = str(field.label) if field else str(COMMON_LABELS.get(name, name))
    return Entry("log", "", field=label, before=show(old), after=show(new), **common)


COMMON_LABELS = {"owner": N_("Owner"), "state": N_("State")}


@cache
def _fields(kind: str) -> Mapping[str, Field]:
    try:
        module = import_module(f"portal.services.{kind.replace('-', '_')}")
    except ModuleNotFoundError:
        return {}
    found: Mapping[str, Field] = getattr(module, "FIELDS", {})
    return found


def _sentence(event: Event) -> str:
    data = event.data
    if event.kind == EventKind.CREATED:
        return _("Registered")
    if event.kind == EventKind.BREACH:
        return _("%(code)s missed: %(title)s", code=event.action or "", title=_(str(data.get("title", ""))))
    if event.action in ACTIONS:
        known = ACTIONS[event.action]
        return _words(known, data)
    label = str(EventKind(event.kind).label)
    said = data.get("name") or data.get("text") or data.get("form") or ""
    return f"{label} {said}".strip()


def _words(known: Text, data: Mapping[str, Any]) -> str:
    """A sentence about an event with what it says filled in; what was written to a task follows it."""
    values = {name: data.get(name, "") for name in ("code", "text", "purpose", "name")}
    values |= {name: _someone(data.get(name)) for name in ("whose", "before")}
    values |= {
        name: formatting.stamp(datetime.fromisoformat(data[name])) if data.get(name) else formatting.DASH
        for name in ("was", "due")
    }
    said = str(known % values)
    added = data.get("text")
    return f"{said} · {added}" if added and "%(text)s" not in known.message else said


def _someone(who: Any) -> str:
    """A person by name, a role by its label."""
    if not isinstance(who, Mapping):
        return formatting.DASH
    return who.get("name") or (str(Role(who["role"]).label) if who.get("role") else formatting.DASH)
