"""Events as sentences: the chatter of a record, the household timeline and the audit log read the same rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import bindparam, func, or_, select, tuple_
from sqlalchemy.orm import Session

from portal import formatting, settings
from portal.i18n import N_, Text, _
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.task import Topic
from portal.paths import record_path
from portal.permissions import Role
from portal.prepared import among, filled
from portal.processes.registry import PROCESSES
from portal.reading import Asked
from portal.services import following, merged
from portal.services.fields import Field, as_text

PAGE = 50
EDIT = "edit"
"""The action of an event that says a note otherwise."""
EXCERPT = 60
"""Signs of a note that its change shows."""


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
    files: list[dict[str, str]] = dataclass_field(default_factory=list)
    """Name and address of what came with it."""
    edited: str = ""
    """When a note was said otherwise, and below what it said before, the oldest first."""
    earlier: list[str] = dataclass_field(default_factory=list)
    edit_url: str = ""


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
    "claim": N_("%(code)s met on the phone at %(met_at)s, received at %(received_at)s: the manager decides"),
    "survey-link": N_("A link for the customer was made"),
    "survey-link-handed": N_("The link was passed on to the customer"),
    "survey-link-mailed": N_("The link is sent by e-mail"),
    "claim-accepted": N_("%(code)s accepted as met at %(met_at)s without signal (received at %(received_at)s)"),
    "claim-refused": N_("%(code)s refused: said to be met at %(met_at)s, received at %(received_at)s"),
    "ground-gone": N_("%(code)s counts as met at %(met_at)s: the ground of this penalty is gone"),
    "penalty-called-off": N_("Called off: %(code)s counts as met"),
    "signed-other-words": N_(
        "%(name)s signed at %(met_at)s, but other words than those that stand here: the signature is void"
    ),
    "access-asked": N_("Asked to read the call records: %(text)s"),
    "access-decided": N_("Decided whether %(name)s reads the call records"),
    "call-read": N_("Call record read by leave: %(text)s"),
    "call-script": N_("Script of calls: %(name)s"),
    "unmask": N_("Full phone number seen: %(purpose)s"),
    "cost-added": N_("Cost noted: %(what)s, %(amount)s yuan"),
    "cost-dropped": N_("Cost taken back: %(what)s, %(amount)s yuan"),
    "assign": N_("Handed to somebody else"),
    "canned-text": N_("Canned text: %(name)s"),
    "task-type": N_("Task type: %(name)s"),
    "check-item": N_("Line of inspections: %(name)s"),
    "export": N_("List exported: %(name)s"),
    "export-taken": N_("Exported list downloaded: %(name)s"),
    "nothing-to-list": N_("Engineering says that nothing is to be inspected."),
    "task-set": N_("Task for %(whose)s, due %(due)s: %(name)s"),
    "promised": N_("Promised by %(whose)s until %(due)s: %(name)s"),
    "task-done": N_("Task done: %(name)s"),
    "task-followed": N_("After “%(before)s” comes a task for %(whose)s, due %(due)s: %(name)s"),
    "task-renamed": N_("Task “%(text)s” is now: %(name)s"),
    "task-put-off": N_("Task put off from %(was)s to %(due)s: %(name)s. Reason: %(text)s"),
    "task-handed-over": N_("Task handed from %(before)s to %(whose)s: %(name)s"),
    "task-called-off": N_("Task called off: %(name)s. Reason: %(text)s"),
    "follow": N_("%(name)s follows this record"),
    "unfollow": N_("%(name)s no longer follows this record"),
    "follow-topics": N_("%(name)s is told of: %(topics)s"),
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


@dataclass(frozen=True, slots=True)
class NowRead:
    """How a note reads now: the events that changed it, oldest first, and whether the viewer may change it again."""

    changes: tuple[Event, ...] = ()
    is_open: bool = False


NOTHING_CHANGED: Mapping[int, NowRead] = MappingProxyType({})


WRITES = (EventKind.CREATED, EventKind.TRANSITION, EventKind.CHANGE)
"""Events that change what a record says."""


def newest_id(session: Session, record: Any) -> int:
    """The last event that changed a record: what a page that shows it knew of."""
    mine = (Event.record_kind == record.KIND, Event.record_id == record.id, Event.kind.in_(WRITES))
    return session.scalar(select(func.max(Event.id)).where(*mine)) or 0


def last_id(session: Session, record: Any) -> int:
    """The last event of a record of any kind, files and notes too: what a page that shows all of it knew of."""
    mine = (Event.record_kind == record.KIND, Event.record_id == record.id)
    return session.scalar(select(func.max(Event.id)).where(*mine)) or 0


def changed_by_others(session: Session, record: Any, *, after: int, user: User) -> bool:
    """Whether somebody else changed a record after an event."""
    mine = (Event.record_kind == record.KIND, Event.record_id == record.id, Event.kind.in_(WRITES))
    foreign = or_(Event.actor_id.is_(None), Event.actor_id != user.id)
    return session.scalar(select(Event.id).where(*mine, Event.id > after, foreign).limit(1)) is not None


def entries(found: Sequence[Event], viewer: User, reads: Mapping[int, NowRead] = NOTHING_CHANGED) -> list[Entry]:
    """The events as lines, notes as they read now. A change of several fields becomes several lines."""
    lines: list[Entry] = []
    for event in found:
        made = _lines(event, viewer)
        read = reads.get(event.id)
        lines += [_now(line, event, read) for line in made] if read is not None else made
    return lines


def as_now_read(session: Session, found: Sequence[Event], viewer: User, at: datetime) -> dict[int, NowRead]:
    """The notes among the events that were changed or may be changed, by the number of the event."""
    notes = [event for event in found if event.kind == EventKind.NOTE and event.action is None]
    if not notes:
        return {}
    changes: dict[int, list[Event]] = {}
    places = {(event.record_kind, event.record_id) for event in notes}
    for change in session.scalars(_EDITS, {"places": list(places), "first": min(event.id for event in notes)}):
        changes.setdefault(change.data.get("edits", 0), []).append(change)
    minutes = timedelta(minutes=int(settings.get(session, "note_edit_minutes")))
    reads = {}
    for event in notes:
        is_open = event.actor_id == viewer.id and at <= event.at + minutes and bool(event.record_number)
        if is_open or event.id in changes:
            reads[event.id] = NowRead(tuple(changes.get(event.id, ())), is_open)
    return reads


_EDITS = (
    select(Event)
    .where(
        tuple_(Event.record_kind, Event.record_id).in_(bindparam("places", expanding=True)),
        Event.id > bindparam("first"), Event.kind == EventKind.NOTE.value, Event.action == EDIT,
    )
    .order_by(Event.id)
)  # fmt: skip


def _now(entry: Entry, event: Event, read: NowRead) -> Entry:
    edit_url = f"{entry.url}/notes/{event.id}/edit" if read.is_open else ""
    if not read.changes:
        return replace(entry, edit_url=edit_url)
    last = read.changes[-1]
    return replace(
        entry,
        body=_said(last.data),
        edited=formatting.moment(last.at),
        earlier=[str(change.data.get("was", "")) for change in read.changes],
        edit_url=edit_url,
    )


SEARCHED = 2_000
"""Events of a record that a search in its history looks through, the newest."""


def search(session: Session, kind: str, record_id: int, words: str, viewer: User, at: datetime) -> list[Event]:
    """What of a record's history holds all the words, as it is shown: texts, names, fields, old and new values, files."""
    wanted = _plain(words).split()
    found = of_record(session, kind, record_id, limit=SEARCHED)
    reads = as_now_read(session, found, viewer, at)
    return [event for event in found if any(_holds(entry, wanted) for entry in entries([event], viewer, reads))]


def _holds(entry: Entry, wanted: Sequence[str]) -> bool:
    body = entry.body.striptags() if isinstance(entry.body, Markup) else entry.body
    parts = (body, entry.who, entry.field, entry.before, entry.after, entry.to, *(file["name"] for file in entry.files))
    said = _plain(" ".join(part for part in parts if part))
    return all(word in said for word in wanted)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _lines(event: Event, viewer: User) -> list[Entry]:
    who = event.actor.name if event.actor else _("The portal")
    if stood_for := event.data.get("stood_for") or (event.data.get("fields") or {}).get("for"):
        who = _("%(who)s for %(other)s", who=who, other=stood_for)
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
    if event.kind == EventKind.NOTE and event.action == EDIT:
        before, after = (_excerpt(event.data.get(name, "")) for name in ("was", "text"))
        return [Entry("log", "", field=_("Note changed"), before=before, after=after, **common)]
    if event.kind in (EventKind.NOTE, EventKind.MESSAGE) and (event.data.get("text") or event.data.get("files")):
        kind, to = ("note", None) if event.kind == EventKind.NOTE else ("message", "、".join(event.data.get("to", ())))
        files = [
            {"name": file["name"], "url": f"/records/attachments/{file['id']}/file"}
            for file in event.data.get("files", ())
        ]
        return [Entry(kind, _said(event.data), me=event.actor_id == viewer.id, to=to, files=files, **common)]
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


def _excerpt(text: str) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT]}…"


def _happened(event: Event) -> str:
    if event.acted_at is None or formatting.stamp(event.acted_at) == formatting.stamp(event.at):
        return ""
    return _("happened %(moment)s", moment=formatting.moment(event.acted_at))


def _said(data: Mapping[str, Any]) -> str:
    """The words of a note or message, with the colleagues who were told by name in bold."""
    text = escape(data.get("text", ""))
    for name in sorted(data.get("mentioned", ()), key=len, reverse=True):
        for sign in "@＠":
            text = text.replace(escape(sign + name), Markup('<b class="mention">@{}</b>').format(name))
    return text


def _step(event: Event, common: Mapping[str, Any]) -> Entry:
    process = PROCESSES.get(event.record_kind or "")
    if process is None:
        return Entry("log", event.action or "", **common)
    before, after = process.state(event.data["from"]), process.state(event.data["to"])
    step = next((each for each in process.steps_from(before.code) if each.action == event.action), None)
    if before is after and step is not None:  # the state says nothing of it
        return Entry("log", str(step.label), **common)
    return Entry("log", "", field=_("State"), before=str(before.label), after=str(after.label), **common)


def _change(kind: str, name: str, old: Any, new: Any, common: Mapping[str, Any]) -> Entry:
    label, show = field_of(kind, name)
    return Entry("log", "", field=label, before=show(old), after=show(new), **common)


def field_of(kind: str, name: str) -> tuple[str, Callable[[Any], str]]:
    """What a field of a record type is called in changes, and how its values read."""
    field = _fields(kind).get(name)
    show = field.text if field else (lambda value: as_text(value) if value is not None else formatting.DASH)
    return str(field.label) if field else str(COMMON_LABELS.get(name, name)), show


MODULES = {
    "repair-orders": "repairs",
    "escalations": "compensations",
    "loss-notices": "loss_notices",
    "repair-cost-cases": "repair_costs",
    "lead-touches": "lead_touches",
    "pre-acceptances": "pre_acceptances",
    "rectification-notices": "inspections",
    "report-runs": "reports",
}
"""Where the fields of record types are described whose module has another name."""
COMMON_LABELS = {"owner": N_("Owner"), "captain": N_("Captain"), "inspector": N_("Inspector"), "state": N_("State")}


@cache
def _fields(kind: str) -> Mapping[str, Field]:
    try:
        module = import_module(f"portal.services.{MODULES.get(kind, kind)}")
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
    values = {name: data.get(name, "") for name in ("code", "text", "purpose", "name", "what", "amount")}
    values |= {name: _someone(data.get(name)) for name in ("whose", "before")}
    values |= {
        name: formatting.stamp(datetime.fromisoformat(data[name])) if data.get(name) else formatting.DASH
        for name in ("was", "due", "met_at", "received_at")
    }
    if "%(topics)s" in known.message:
        values["topics"] = _topics(data.get("topics"))
    said = str(known % values)
    added = data.get("text")
    return f"{said} · {added}" if added and "%(text)s" not in known.message else said


def _someone(who: Any) -> str:
    """A person by name, a role by its label."""
    if not isinstance(who, Mapping):
        return formatting.DASH
    return who.get("name") or (str(Role(who["role"]).label) if who.get("role") else formatting.DASH)


def _topics(kept: str | None) -> str:
    topics = following.read(kept)
    if topics is None:
        return _("what is usual for them")
    return "、".join(Topic.show(topic) for topic in Topic if topic in topics) or _("nothing")
