"""Events as sentences: the chatter of a record, the household timeline and the audit log read the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, formatting
from portal.errors import Invalid
from portal.i18n import N_, Text, _
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.processes.registry import PROCESSES
from portal.services import events
from portal.services.fields import Field, as_text

PAGE = 50
LONGEST_NOTE = 10_000


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
    EventKind.TASK: "clock-pause",
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
}


def of_record(
    session: Session, kind: str, record_id: int, *, before: int | None = None, limit: int = PAGE
) -> list[Event]:
    """The events of one record, newest first; `before` is the last one already shown."""
    query = select(Event).where(Event.record_kind == kind, Event.record_id == record_id)
    return _read(session, query, before, limit)


def of_customer(session: Session, customer_id: int, *, before: int | None = None, limit: int = PAGE) -> list[Event]:
    """Everything that happened around a household, newest first."""
    return _read(session, select(Event).where(Event.customer_id == customer_id), before, limit)


def add_note(session: Session, record: Any, text: str, *, actor: User, at: datetime) -> Event:
    """An internal note: colleagues read it, customers never. Raises Invalid."""
    words = text.strip()
    if not words:
        raise Invalid({"text": N_("Write something first.")})
    if len(words) > LONGEST_NOTE:
        raise Invalid({"text": N_("A note has at most 10,000 signs.")})
    return events.record(session, EventKind.NOTE, at=at, actor=actor, record=record, text=words)


def entries(found: Sequence[Event], viewer: User) -> list[Entry]:
    """The events as lines. A change of several fields becomes several lines."""
    return [line for event in found for line in _lines(event, viewer)]


def by_day(lines: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Lines under the heading of their day on the company's clocks."""
    return [(formatting.day(day), list(group)) for day, group in groupby(lines, key=lambda e: clock.today(e.at))]


def _read(session: Session, query: Select[Event], before: int | None, limit: int) -> list[Event]:
    if before is not None:
        query = query.where(Event.id < before)
    people = (joinedload(Event.actor), joinedload(Event.acted_by))
    return list(session.scalars(query.options(*people).order_by(Event.id.desc()).limit(limit)))


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
        "url": f"/records/{event.record_kind}/{event.record_number}" if event.record_number else None,
    }
    if event.kind == EventKind.NOTE and event.data.get("text"):
        return [Entry("note", event.data["text"], me=event.actor_id == viewer.id, **common)]
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
        return str(known % {name: data.get(name, "") for name in ("code", "text", "purpose", "name")})
    label = str(EventKind(event.kind).label)
    said = data.get("name") or data.get("text") or data.get("form") or ""
    return f"{label} {said}".strip()
