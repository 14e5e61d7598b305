"""The page of a suggestion: what was said, what it is worth, what the department decided and did. Rules: `portal/processes/suggestion.py`."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from portal import formatting
from portal.db import session
from portal.errors import NotFound
from portal.i18n import N_, Text, _
from portal.models.consultation import Channel
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.models.suggestion import Suggestion
from portal.paths import record_path
from portal.permissions import Permission
from portal.processes.suggestion import PROCESS, Decision, State, Worth
from portal.services import record_kinds, suggestions
from portal.services.fields import Field, link, term

P = Permission
L = PROCESS.field_labels
NAMED = (
    joinedload(Suggestion.customer),
    joinedload(Suggestion.project),
    joinedload(Suggestion.owner),
    joinedload(Suggestion.sent_to),
    joinedload(Suggestion.decided_by),
)
FIELDS: dict[str, Field] = {
    "content": Field(L["content"]),
    "name": Field(N_("Name")),
    "phone": Field(N_("Phone"), formatting.phone_mask),
    "channel": term(N_("Channel"), Channel),
    "received_at": Field(L["received_at"]),
    "project_id": link(N_("Project"), Project),
    "owner_id": link(N_("Owner", "record"), User),
    "worth": term(L["worth"], Worth),
    "worth_note": Field(L["worth_note"]),
    "department": term(L["department"], Department),
    "sent_to_id": link(L["sent_to"], Party),
    "sent_at": Field(L["sent_at"]),
    "expected_on": Field(L["expected_on"]),
    "decision": term(L["decision"], Decision),
    "decision_note": Field(L["decision_note"]),
    "decided_at": Field(L["decided_at"]),
    "decided_by_id": link(L["decided_by"], Party),
    "progress": Field(L["progress"]),
    "done_at": Field(L["done_at"]),
    "answer": Field(L["answer"]),
    "answered_at": Field(L["answered_at"]),
    "is_satisfied": Field(L["is_satisfied"]),
}
WIDE = ("content", "worth_note", "decision_note", "progress", "answer")
SAID = ("content", "name", "phone", "channel", "received_at", "owner_id")
PARTS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (N_("Suggestion"), (*SAID, "project_id")),
    (N_("Value and department"), ("worth", "department", "sent_to_id", "sent_at", "expected_on", "worth_note")),
    (L["decision"], ("decision", "decided_by_id", "decided_at", "decision_note")),
    (N_("Put into effect", "suggestion"), ("done_at", "progress")),
    (N_("Customer told", "suggestion"), ("answered_at", "is_satisfied", "answer")),
)


@blueprint.get("/suggestions/<number>")
@requires(P.SUGGESTION_VIEW)
def suggestion(number: str) -> ResponseReturnValue:
    """What was said and what became of it."""
    record = find_or_404(Suggestion, number, NAMED)
    customer = record.customer
    return showing.show(
        record,
        f"{record.name or _('Without a name')} · {record.subject}",
        FIELDS,
        _groups(record),
        wide=WIDE,
        meta=[*([(customer.name, editing.path(customer))] if customer is not None else []), *_source(record)],
        notes=_notes(record),
        household_url=f"{editing.path(customer)}/household" if customer is not None else "",
    )


def _groups(record: Suggestion) -> tuple[tuple[Text, tuple[str, ...]], ...]:
    shown = []
    for heading, names in PARTS:
        there = tuple(name for name in names if name in SAID or getattr(record, name) not in (None, ""))
        if there:
            shown.append((heading, there))
    return tuple(shown)


def _source(record: Suggestion) -> list[tuple[str, str]]:
    """The contact, call or survey it was said in; a link for those who see it."""
    if record.source_kind is None or record.source_number is None:
        return []
    try:
        record_kinds.find(session(), g.user, record.source_kind, number=record.source_number)
    except NotFound:
        return [(record.source_number, "")]
    return [(record.source_number, record_path(record.source_kind, record.source_number))]


def _notes(record: Suggestion) -> list[tuple[str, Any]]:
    if record.state == State.DECIDED and suggestions.is_adopted(record):
        return [("info-circle", _("Adopted: follow it until it is in effect, then tell the customer."))]
    if record.state == State.DECIDED:
        return [("info-circle", _("Not adopted: tell the customer why."))]
    return []
