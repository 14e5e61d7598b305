"""Requests for consent: their page, deciding, forwarding, taking back. Rules: `portal/processes/approval.py`."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from blueprints.forms import ChoiceField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, showing
from blueprints.records.consent_forms import PLEASE, RefusalForm, TakeBackForm, WordForm, told_of
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import formatting
from portal.i18n import N_, _
from portal.models.approval import Approval, ApprovalStep
from portal.models.org import Party, User
from portal.paths import record_path
from portal.permissions import Permission, Role
from portal.processes.approval import PROCESS, Action, Level, What
from portal.services import approvals, consents, standing_in
from portal.services.fields import Field, money, term

P = Permission
PATH = "/approvals/<number>"
L = PROCESS.field_labels
NAMED = (
    joinedload(Approval.asked_by),
    joinedload(Approval.customer),
    selectinload(Approval.steps).joinedload(ApprovalStep.party),
    selectinload(Approval.steps).joinedload(ApprovalStep.user),
)
FIELDS: dict[str, Field] = {
    "what": term(N_("What for", "approval"), What),
    "subject": Field(N_("Subject")),
    "amount": money(N_("Amount")),
    "counted": money(N_("With what was granted before")),
    "round_no": Field(N_("Round")),
    "asked_at": Field(N_("Asked at")),
    "decided_at": Field(L["decided_at"]),
    "used_at": Field(N_("Carried out at")),
    "reason": Field(L["reason"]),
}
GROUPS = ((N_("Request", "approval"), tuple(FIELDS)),)


@blueprint.get(PATH)
@requires(P.APPROVAL_VIEW)
def approval(number: str) -> ResponseReturnValue:
    """The request with every word that was said to it."""
    record = find_or_404(Approval, number, NAMED)
    return showing.show(
        record,
        record.subject,
        FIELDS,
        GROUPS,
        meta=[
            (record.record_number, record_path(record.record_kind, record.record_number)),
            (
                _("Asked by %(person)s", person=record.asked_by.name) if record.asked_by else _("Asked by the portal"),
                "",
            ),
        ],
        notes=[("info-circle", sentence) for sentence in told_of(record)],
        tables=[_words(record)],
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.APPROVAL_VIEW)
def approval_step(number: str, action: str) -> ResponseReturnValue:
    """Deciding, forwarding, taking back: its form, and carrying it out."""
    return STEPS.show(number, action)


# ---------- Parts ----------


def _find(number: str) -> Approval:
    return find_or_404(Approval, number)


def _words(record: Approval) -> showing.Table:
    rows: list[list[Any]] = []
    for step in record.steps:
        scan = (step.scan.name, f"/records/attachments/{step.scan_id}") if step.scan else formatting.DASH
        by = step.recorded_by.name if step.recorded_by else formatting.DASH
        rows.append([Level.show(step.level), approvals.who_of(step), approval_tables.word_of(record, step), scan, by])
    head = [
        (_("Whose consent"), ""),
        (_("Who"), ""),
        (_("Decision"), "fill"),
        (_("Scan of the signed decision"), "hide-small"),
        (_("Recorded by"), "hide-small"),
    ]
    return showing.Table(_("Decisions"), head, rows, "")


class ForwardForm(StepForm):
    """Who decides instead."""

    to = ChoiceField(L["to"], choices=[], required=True, blank=PLEASE)
    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        step = desk.record.present
        if step is not None and step.level == Level.MANAGER:
            managers = select(User).where(
                User.role == Role.MANAGER, User.disabled_at.is_(None), User.id != (step.user_id or 0)
            )
            self.to.choices = [
                (f"user:{one.id}", one.name) for one in desk.session.scalars(managers.order_by(User.name))
            ]
        elif step is not None:
            people = standing_in.may_be_given(desk.session, step)
            self.to.choices = [(f"party:{one.id}", one.name) for one in people if one.id != step.party_id]

    def to_command(self, desk: Desk) -> approvals.Forward:
        kind, _colon, key = str(self.to.data).partition(":")
        model: Any = {"user": User, "party": Party}[kind]
        return approvals.Forward(desk.session.get_one(model, int(key)), self.reason.data)


STEPS = StepPages(
    find=_find,
    forms={
        Action.APPROVE: (WordForm, consents.approve),
        Action.REFUSE: (RefusalForm, consents.refuse),
        Action.FORWARD: (ForwardForm, approvals.forward),
        Action.WITHDRAW: (TakeBackForm, consents.take_back),
        Action.REVOKE: (TakeBackForm, consents.take_back),
    },
    kinds=N_("Approvals"),
    heading=lambda record: (record.subject, What.show(record.what)),
    shows_waiting_clocks=False,
)
