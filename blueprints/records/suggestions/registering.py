"""Registering a suggestion, filled in from a contact, a survey, a customer, or from a slip of the box."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import LocalDateTimeField, NameField, PhoneField, TermField, TextField
from blueprints.http import get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from portal import clock, visibility
from portal.db import session
from portal.errors import NotFound
from portal.i18n import N_, _
from portal.models.consultation import Channel, Consultation
from portal.models.survey import Survey
from portal.permissions import Permission
from portal.processes.suggestion import PROCESS
from portal.processes.survey import AnsweredVia
from portal.services import record_kinds, suggestions

P = Permission
L = PROCESS.field_labels
SAID_IN = {AnsweredVia.LINK: Channel.WEBSITE, AnsweredVia.PAPER: Channel.BOX, AnsweredVia.VISIT: Channel.VISIT}
"""The channel of what was said in a survey; otherwise a call."""
SOURCES = {"consultation": "consultations", "survey": "surveys", "call": "follow-up-calls"}
"""What the address may name as the place where it was said."""


class RegisterForm(RecordForm):
    """The idea, and whose it is; a slip of the box may have no name."""

    SECTIONS = ((N_("Suggestion"), ("content", "name", "phone", "channel", "received_at")),)
    WIDE = frozenset({"content"})
    content = TextField(L["content"], limit=2000, rows=4, required=True)
    name = NameField(N_("Name"), required=False)
    phone = PhoneField(N_("Phone"), required=False, allow_landline=True)
    channel = TermField(N_("Channel"), Channel, required=True)
    received_at = LocalDateTimeField(L["received_at"], required=True)


@blueprint.route("/suggestions/new", methods=["GET", "POST"])
@requires(P.SUGGESTION_CREATE)
def register_suggestion() -> ResponseReturnValue:
    """Write a suggestion down."""
    source = _source()
    customer = getattr(source, "customer", None) or editing.chosen_customer()
    form = RegisterForm()
    if not form.is_submitted():
        form.channel.data, form.received_at.data = Channel.PHONE, clock.now()
        if customer is not None:
            form.name.data, form.phone.data = customer.name, customer.phone
        _prefill(form, source)

    def make(writing: Session) -> str:
        made = suggestions.register(
            writing,
            suggestions.RegisterSuggestion(
                content=form.content.data,
                received_at=form.received_at.data,
                channel=str(form.channel.data),
                name=form.name.data,
                phone=form.phone.data,
                customer=customer,
                project=getattr(source, "project", None),
                source=source,
            ),
            actor=g.user,
            at=clock.now(),
        )
        return editing.path(made)

    note = customer.name if customer is not None else ""
    return editing.create(form, showing.sheet(_("Register a suggestion"), None, "suggestions", note=note), make)


def _source() -> Any:
    """The record it was said in, if this person sees it. Raises NotFound."""
    for name, kind in SOURCES.items():
        if number := request.args.get(name):
            if kind == Consultation.KIND:
                return get_or_404(visibility.visible_to(g.user, Consultation), Consultation.number == number)
            if kind not in record_kinds.MODELS:
                raise NotFound()
            return record_kinds.find(session(), g.user, kind, number=number)
    return None


def _prefill(form: RegisterForm, source: Any) -> None:
    if isinstance(source, Consultation):
        form.content.data, form.name.data, form.phone.data = source.question, source.name, source.phone
        form.channel.data, form.received_at.data = Channel(source.channel), source.occurred_at
    elif isinstance(source, Survey):
        form.content.data = source.criticism or source.praise
        form.name.data, form.phone.data = source.contact_name, source.contact_phone
        via = AnsweredVia(source.answered_via) if source.answered_via else AnsweredVia.PHONE
        form.channel.data, form.received_at.data = SAID_IN.get(via, Channel.PHONE), source.answered_at
