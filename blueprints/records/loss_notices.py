"""Loss notices (F-26): their page, finance's receipt, carrying out."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.forms import ChoiceField, LocalDateTimeField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, consent_forms, editing, showing
from blueprints.records.consent_forms import PLEASE
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk
from portal import clock
from portal.db import session
from portal.i18n import N_, _
from portal.models.cancellation import LossNotice
from portal.models.org import Department, Party
from portal.permissions import Permission, may
from portal.processes.cancellation import Liability
from portal.services import loss_notices

P = Permission
PATH = "/loss-notices/<number>"
GROUPS = ((N_("Loss notice"), tuple(loss_notices.FIELDS)),)
NAMED = (
    joinedload(LossNotice.cancellation),
    joinedload(LossNotice.customer),
    joinedload(LossNotice.contract),
    joinedload(LossNotice.party),
    joinedload(LossNotice.crew),
    joinedload(LossNotice.received_by),
    joinedload(LossNotice.entry),
)


@blueprint.get(PATH)
@requires(P.CANCELLATION_VIEW)
def loss_notice(number: str) -> ResponseReturnValue:
    """The notice: who bears how much, and where it is."""
    record = find_or_404(LossNotice, number, NAMED)
    actions: list[dict[str, Any]] = []
    if may(g.user, P.CANCELLATION_WORK):
        if record.received_at is None:
            actions.append({"label": _("Finance has it"), "url": f"{editing.path(record)}/receive", "primary": True})
        elif record.executed_at is None:
            actions.append({"label": _("Carried out"), "url": f"{editing.path(record)}/execute", "primary": True})
    entry = [(record.entry.number, editing.path(record.entry))] if record.entry else []
    return showing.show(
        record,
        f"{record.customer.name} · {Liability.show(record.liability)}",
        loss_notices.FIELDS,
        GROUPS,
        meta=[(record.cancellation.number, editing.path(record.cancellation)), *entry],
        actions=actions,
    )


@blueprint.route(f"{PATH}/receive", methods=["GET", "POST"])
@requires(P.CANCELLATION_WORK)
def receive_loss_notice(number: str) -> ResponseReturnValue:
    """Finance takes the notice."""
    record = find_or_404(LossNotice, number)
    form = ReceiveForm()
    desk = Desk(session(), record, g.user, clock.now())
    form.received_by.choices = consent_forms.parties(desk, Party.department == Department.FINANCE)
    if not form.is_submitted():
        form.received_at.data = desk.at
        form.received_by.data = form.received_by.choices[0][0] if len(form.received_by.choices) == 1 else None

    def make(writing: Session) -> str:
        fresh = find_or_404(LossNotice, number)
        by = consent_forms.party_of(Desk(writing, fresh, g.user, clock.now()), form.received_by.data, "received_by")
        command = loss_notices.Receive(by, form.received_at.data)
        loss_notices.receive(writing, fresh, command, actor=g.user, at=clock.now())
        return editing.path(fresh)

    return editing.create(form, showing.sheet(_("Finance has it"), record, "loss-notices"), make)


@blueprint.route(f"{PATH}/execute", methods=["GET", "POST"])
@requires(P.CANCELLATION_WORK)
def execute_loss_notice(number: str) -> ResponseReturnValue:
    """Finance has carried the notice out."""
    record = find_or_404(LossNotice, number)
    form = ExecuteForm()
    if not form.is_submitted():
        form.executed_at.data = clock.now()

    def make(writing: Session) -> str:
        fresh = find_or_404(LossNotice, number)
        loss_notices.execute(writing, fresh, form.executed_at.data, actor=g.user, at=clock.now())
        return editing.path(fresh)

    return editing.create(form, showing.sheet(_("Carried out"), record, "loss-notices"), make)


class ReceiveForm(RecordForm):
    """Who of finance took it."""

    SECTIONS = ((N_("Receipt of finance"), ("received_by", "received_at")),)

    received_by = ChoiceField(N_("Received by"), coerce=int, choices=[], required=True, blank=PLEASE)
    received_at = LocalDateTimeField(N_("Received by finance at"), required=True)


class ExecuteForm(RecordForm):
    """When it was carried out."""

    SECTIONS = ((N_("Carrying out"), ("executed_at",)),)

    executed_at = LocalDateTimeField(N_("Carried out at"), required=True)
