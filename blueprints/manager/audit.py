"""The audit log for the manager: who did what to which record, and whether the chain holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.manager import blueprint
from portal import clock, typed
from portal.db import session
from portal.i18n import N_, Text, _
from portal.listing.registry import LISTINGS
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.paths import record_path
from portal.permissions import Permission
from portal.services import audit as log
from portal.services import canned, check_items, setting_changes, task_types, timeline
from portal.services.audit import Chain, Filters
from portal.settings import SETTINGS

ACCOUNT_ACTIONS = {
    "CREATED": N_("Account created", "account"),
    "CHANGED": N_("Account changed", "account"),
    "DISABLED": N_("Account disabled", "account"),
    "ENABLED": N_("Account enabled", "account"),
    "PASSWORD_SET": N_("Password set by the manager", "account"),
    "PASSWORD_CHANGED": N_("Password changed", "account"),
    "RECOVERY_CODE_USED": N_("Recovery code used", "account"),
    "RECOVERY_CODES_RENEWED": N_("Recovery codes renewed", "account"),
    "SECOND_FACTOR_SET_UP": N_("Second factor set up", "account"),
    "FOLLOW_TOPICS": N_("Chose what followed records tell", "account"),
    "SECOND_FACTOR_RESET": N_("Second factor reset", "account"),
}
NAMES = ("person", "kind", "number", "from", "until")


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the table shows it."""

    event: Event
    kind: str
    who: str
    said: list[str]
    number: str
    url: str


@blueprint.get("/audit")
@requires(Permission.AUDIT_VIEW)
def audit() -> ResponseReturnValue:
    """Events newest first, filtered."""
    return _page(log.chain(session()))


@blueprint.post("/audit/check")
@requires(Permission.AUDIT_VIEW)
def check_audit() -> ResponseReturnValue:
    """Follow the newest part of the chain and say what was found."""
    return _page(log.check_recent(session(), at=clock.now()))


def _page(chain: Chain) -> ResponseReturnValue:
    filters, given = _filters()
    before, after = _number(request.args.get("before", "")), _number(request.args.get("after", ""))
    found = log.page(session(), filters, before=before, after=after)
    return page(
        "manager/audit/index.html",
        lines=[_line(event, g.user) for event in found.events],
        older_url=_url(given, "before", found.older),
        newer_url=_url(given, "after", found.newer),
        is_filtered=any(given.values()),
        given=given,
        people=[("", _("Everybody")), *((str(id_), name) for id_, name in log.people(session()))],
        kinds=[("", _("Everything")), *EventKind.choices()],
        chain=chain,
        most=log.CHECKED,
    )


def _filters() -> tuple[Filters, dict[str, str]]:
    """What the address asks for; what cannot be read is left out."""
    given = {name: typed.clean(request.args.get(name, ""))[:40] for name in NAMES}
    person = _number(given["person"])
    kind = given["kind"] if given["kind"] in EventKind._value2member_map_ else None
    number = typed.narrow(given["number"]).upper() if typed.is_readable(given["number"]) else ""
    first, last = _date(given["from"]), _date(given["until"])
    read = {
        "person": str(person or ""),
        "kind": kind or "",
        "number": number,
        "from": str(first or ""),
        "until": str(last or ""),
    }
    return Filters(person, kind, number or None, first, last), read


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def _url(given: dict[str, str], name: str, place: int | None) -> str:
    if place is None:
        return ""
    return "/manager/audit?" + urlencode({**{key: value for key, value in given.items() if value}, name: place})


def _line(event: Event, viewer: User) -> Line:
    number = event.record_number or ""
    url = record_path(event.record_kind, number) if number and event.record_kind in LISTINGS else ""
    who = event.actor.name if event.actor else _("The portal")
    if event.acted_by:
        who = _("%(person)s for %(party)s", person=who, party=event.acted_by.name)
    return Line(event, EventKind.show(event.kind), who, _said(event, viewer), number, url)


def _said(event: Event, viewer: User) -> list[str]:
    if event.kind == EventKind.SETTING and event.action == "setting":
        return [_setting(key, *pair) for key, pair in event.data.get("changes", {}).items()]
    if event.kind == EventKind.SETTING and event.action in OWN_FIELDS:
        return _own_fields(event)
    if event.kind == EventKind.SETTING:
        return [_calendar(event)]
    if event.kind == EventKind.ACCOUNT and event.action in ACCOUNT_ACTIONS:
        name = event.data.get("name") or event.data.get("username") or ""
        return [f"{ACCOUNT_ACTIONS[event.action]} {name}".strip()]
    said = []
    for entry in timeline.entries([event], viewer):
        if entry.field is not None:
            said.append(
                _("%(label)s: %(text)s", label=entry.field, text=f"{entry.before or '–'} → {entry.after or '–'}")
            )
        else:
            said.append(entry.body)
    return said


def _setting(key: str, old: object, new: object) -> str:
    if key not in SETTINGS:
        return key
    label: Text = SETTINGS[key].label
    change = f"{setting_changes.told(key, old)} → {setting_changes.told(key, new)}"
    return _("%(label)s: %(text)s", label=label, text=change)


def _calendar(event: Event) -> str:
    data = event.data
    match event.action:
        case "calendar.day":
            after = data.get("after")
            if after is None:
                return _("Calendar: %(day)s follows its weekday again.", day=data.get("day"))
            hours = ", ".join("-".join(pair) for pair in after[2] or ()) or _("closed")
            return _("Calendar: %(day)s %(name)s: %(hours)s", day=data.get("day"), name=after[1], hours=hours)
        case "calendar.week":
            return _("Calendar: the ordinary week was changed.")
        case "calendar.import":
            return _("Calendar: the public days of %(year)s were taken from the library.", year=data.get("year"))
        case "calendar.year":
            return _("Calendar: the days of %(year)s were confirmed.", year=data.get("year"))
    return EventKind.show(event.kind)


OWN_FIELDS = {"task-type": task_types.FIELDS, "canned-text": canned.FIELDS, "check-item": check_items.FIELDS}
"""What the manager and others keep beside the settings: the fields by the action of the event."""


def _own_fields(event: Event) -> list[str]:
    """What it is by name, and each of its words old → new."""
    changes = []
    for name, (old, new) in event.data.get("changes", {}).items():
        field = OWN_FIELDS[event.action or ""][name]
        changes.append(f"{field.label} {field.text(old)} → {field.text(new)}")
    return [str(timeline.ACTIONS[event.action or ""] % {"name": event.data.get("name", "")}), *changes]
