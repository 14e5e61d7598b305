"""Completion acceptances: page, lines per room and trade, steps. Rules: `portal/processes/completion.py`."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload, selectinload
from wtforms import FileField

from blueprints.forms import (
    BooleanField,
    HiddenField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TermField,
    TextField,
)
from blueprints.http import find_or_404, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from blueprints.records.project_steps import find as find_project
from blueprints.records.steps import Desk, StepForm, StepPages
from blueprints.repair_captain import signature
from portal import clock, formatting
from portal.db import transaction
from portal.files.store import Store
from portal.i18n import N_, _, _p
from portal.models.completion import CompletionAcceptance
from portal.models.contract import Contract
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes.completion import PROCESS, Action, NoticeChannel, State, Verdict, fingerprint
from portal.services import completions, contracts
from portal.services.fields import Field, link, term

P = Permission
PATH = "/completions/<number>"
L = PROCESS.field_labels
PRESENT = N_("Customer, project manager, designer, quality staff")
CONCLUSION = N_("Scope, quality, appearance and function are as agreed; the works are accepted.")
NAMED = (
    joinedload(CompletionAcceptance.customer),
    joinedload(CompletionAcceptance.owner),
    joinedload(CompletionAcceptance.project).joinedload(Project.property),
    joinedload(CompletionAcceptance.contract).selectinload(Contract.payments),
    selectinload(CompletionAcceptance.checks),
    selectinload(CompletionAcceptance.rounds),
)
FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "contract_id": link(N_("Contract"), Contract),
    "self_checked_at": Field(L["self_checked_at"]),
    "initial_checked_at": Field(L["initial_checked_at"]),
    "initial_present": Field(L["initial_present"]),
    "initial_result": Field(L["initial_result"]),
    "notice_sent_at": Field(L["notice_sent_at"]),
    "notice_channel": term(L["notice_channel"], NoticeChannel),
    "appointed_at": Field(L["appointed_at"]),
    "place": Field(L["place"]),
    "invited": Field(L["invited"]),
    "accepted_at": Field(L["accepted_at"]),
    "present": Field(L["present"]),
    "conclusion": Field(L["conclusion"]),
    "customer_words": Field(L["customer_words"]),
    "settled_on": Field(N_("Paid in full on")),
}
GROUPS = (
    (N_("Before the acceptance"), tuple(FIELDS)[:6]),
    (N_("Notice of the acceptance"), tuple(FIELDS)[6:11]),
    (N_("Acceptance"), tuple(FIELDS)[11:]),
)


@blueprint.get(PATH)
@requires(P.COMPLETION_VIEW)
def completion(number: str) -> ResponseReturnValue:
    """The acceptance: own check, notice, lines per room and trade, what was refused, the last money."""
    record = find_or_404(CompletionAcceptance, number, NAMED)
    actions = []
    if record.state == State.NOTICE_SENT and may(g.user, P.COMPLETION_WORK):
        actions.append(
            {"label": _("Write down the results"), "url": f"{editing.path(record)}/lines", "icon": "checklist"}
        )
    tables = [_lines(record)]
    if record.rounds:
        tables.append(_rounds(record))
    if may(g.user, P.CONTRACT_VIEW):
        tables.append(_money(record))
    return showing.show(
        record,
        record.address,
        FIELDS,
        GROUPS,
        meta=[
            (record.customer.name, editing.path(record.customer)),
            (record.project.number, editing.path(record.project)),
        ],
        actions=actions,
        tables=tables,
        household_url=f"{editing.path(record.customer)}/household",
    )


def _lines(record: CompletionAcceptance) -> showing.Table:
    head = [
        (_("Room or part"), ""),
        (_p("acceptance", "Trade"), ""),
        (_("What is looked at"), "fill"),
        (_p("acceptance", "Result"), ""),
        (_("Remark"), ""),
    ]
    rows = [
        [
            line.room,
            line.trade,
            line.what,
            Verdict.show(line.verdict) if line.verdict else _("Not looked at yet"),
            line.remark or "",
        ]
        for line in record.checks
    ]
    return showing.Table(_("Acceptance per room and trade"), head, rows, _("No line is listed."))


def _rounds(record: CompletionAcceptance) -> showing.Table:
    head = [
        (_("Refused at"), "num"),
        (_("What"), "fill"),
        (_("What is to be rectified"), ""),
        (_("To be done until"), "num"),
    ]
    head.append((_("Rectified on"), "num"))
    rows = [
        [
            formatting.moment(one.refused_at),
            one.items,
            one.requirement,
            formatting.full_date(one.limit_on),
            formatting.full_date(one.rectified_on) if one.rectified_on else formatting.DASH,
        ]
        for one in record.rounds
    ]
    return showing.Table(_("Remaining items"), head, rows, "")


def _money(record: CompletionAcceptance) -> showing.Table:
    money = contracts.money_of(record.contract)
    head = [
        (_("Contract"), ""),
        (_("Contract with all changes (yuan)"), "num"),
        (_("Paid (yuan)"), "num"),
        (_("Open (yuan)"), "num"),
    ]
    row: list[Any] = [(record.contract.number, editing.path(record.contract))]
    row += [formatting.money(amount) for amount in (money.agreed, money.paid, money.open)]
    return showing.Table(_("Money of the contract"), head, [row], "")


@blueprint.post("/projects/<number>/completion")
@requires(P.COMPLETION_WORK)
def prepare_completion(number: str) -> ResponseReturnValue:
    """Prepare the acceptance of a project that passed the pre-acceptance."""
    with transaction() as writing:
        made = completions.prepare(writing, find_project(number), actor=g.user, at=clock.now())
        path = editing.path(made)
    return see_other(path)


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.COMPLETION_WORK)
def completion_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the acceptance: its form, and carrying it out."""
    return STEPS.show(number, action)


def _find(number: str) -> CompletionAcceptance:
    return find_or_404(CompletionAcceptance, number)


# ---------- Lines ----------


class LinesForm(RecordForm):
    """What the customer says to each line; one line can be added at a time."""

    new_room = TextField(N_("Room or part"), limit=50)
    new_trade = TextField(N_("Trade", "acceptance"), limit=50)
    new_what = TextField(N_("What is looked at"), limit=200)
    new_verdict = TermField(N_("Result", "acceptance"), Verdict, blank=N_("Not looked at yet"))
    new_remark = TextField(N_("Remark"), limit=200)

    def sections(self) -> list[tuple[str, list[Any]]]:
        lines = [
            (str(self[name].label.text), [self[name], self[name.replace("verdict", "remark")]])
            for name in self._fields
            if name.startswith("verdict_")
        ]
        fresh = [self[name] for name in ("new_room", "new_trade", "new_what", "new_verdict", "new_remark")]
        return [*lines, (_("One line more"), fresh)]

    def lines(self, record: CompletionAcceptance) -> list[completions.Line]:
        """The lines as they were entered."""
        found = [
            completions.Line(
                verdict=self[f"verdict_{line.id}"].data or None, remark=self[f"remark_{line.id}"].data, id=line.id
            )
            for line in record.checks
            if f"verdict_{line.id}" in self
        ]
        added = [self[name].data for name in ("new_room", "new_trade", "new_what", "new_remark")]
        if any(added) or self.new_verdict.data:
            room, trade, what, remark = (text or "" for text in added)
            line = completions.Line(self.new_verdict.data or None, remark or None, None, room, trade, what)
            found.append(line)
        return found


def lines_form(record: CompletionAcceptance) -> LinesForm:
    """The form with a result and a remark for each line of the record."""
    fields: dict[str, Any] = {}
    for line in record.checks:
        fields[f"verdict_{line.id}"] = TermField(
            completions.said_of(line), Verdict, blank=N_("Not looked at yet"), default=line.verdict
        )
        fields[f"remark_{line.id}"] = TextField(N_("Remark"), limit=200, default=line.remark)
    made: LinesForm = type("LinesOfForm", (LinesForm,), fields)()
    return made


@blueprint.route(f"{PATH}/lines", methods=["GET", "POST"])
@requires(P.COMPLETION_WORK)
def completion_lines(number: str) -> ResponseReturnValue:
    """Write down what the customer says to each line."""
    record = _find(number)
    form = lines_form(record)

    def act(writing: Session, fresh: CompletionAcceptance) -> None:
        completions.keep_lines(writing, fresh, form.lines(fresh), actor=g.user, at=clock.now())

    sheet = showing.sheet(_("Results of the acceptance"), record, "completions")
    return editing.change(form, sheet, lambda: _find(number), act)


# ---------- Steps ----------


class CheckForm(StepForm):
    """The own check of the site."""

    self_checked_at = LocalDateTimeField(L["self_checked_at"], required=True)
    initial_checked_at = LocalDateTimeField(L["initial_checked_at"], required=True)
    initial_present = TextField(L["initial_present"], limit=200, required=True)
    initial_result = TextField(L["initial_result"], limit=2000, rows=3)
    defects_removed = BooleanField(L["defects_removed"])

    def prepare(self, desk: Desk) -> None:
        if self.is_submitted():
            return
        self.self_checked_at.data = self.initial_checked_at.data = desk.at
        manager = desk.record.project.project_manager
        self.initial_present.data = manager.name if manager else None

    def to_command(self, desk: Desk) -> completions.OwnCheck:
        return completions.OwnCheck(
            self_checked_at=self.self_checked_at.data,
            initial_checked_at=self.initial_checked_at.data,
            initial_present=self.initial_present.data,
            initial_result=self.initial_result.data,
            defects_removed=bool(self.defects_removed.data) or None,
        )


class NoticeForm(StepForm):
    """F-12: date, place, persons, how the customer was told."""

    notice_sent_at = LocalDateTimeField(L["notice_sent_at"], required=True)
    notice_channel = TermField(L["notice_channel"], NoticeChannel, required=True)
    appointed_at = LocalDateTimeField(L["appointed_at"], required=True)
    place = TextField(L["place"], limit=200, required=True)
    invited = TextField(L["invited"], limit=200, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.notice_sent_at.data, self.place.data = desk.at, desk.record.address
            self.invited.data = str(PRESENT)

    def to_command(self, desk: Desk) -> completions.SendNotice:
        return completions.SendNotice(
            notice_sent_at=self.notice_sent_at.data,
            notice_channel=str(self.notice_channel.data),
            appointed_at=self.appointed_at.data,
            place=self.place.data,
            invited=self.invited.data,
        )


class AcceptForm(StepForm):
    """The customer reads the lines and signs."""

    TEMPLATE = "records/completions/accept.html"
    words = ""

    shown_hash = HiddenField()
    accepted_at = LocalDateTimeField(L["accepted_at"], required=True)
    signed_by = NameField(L["signed_by"])
    present = TextField(L["present"], limit=200, required=True)
    conclusion = TextField(L["conclusion"], limit=2000, rows=3, required=True)
    customer_words = TextField(L["customer_words"], limit=2000, rows=3)
    signature = FileField(N_("Signature of the customer"))

    def prepare(self, desk: Desk) -> None:
        self.words = completions.words(desk.record)
        if self.is_submitted():
            return
        self.shown_hash.data = fingerprint(desk.record)
        self.accepted_at.data = min(desk.record.appointed_at or desk.at, desk.at)
        self.signed_by.data = desk.record.customer.name
        self.present.data, self.conclusion.data = desk.record.invited, str(CONCLUSION)

    def to_command(self, desk: Desk) -> completions.Accept:
        store = Store.of(current_app.config["PORTAL"])
        drawn = signature.take(request.form.get("signature"), request.files.get("signature"), store)
        return completions.Accept(
            accepted_at=self.accepted_at.data,
            present=self.present.data,
            conclusion=self.conclusion.data,
            customer_words=self.customer_words.data,
            signed_by=self.signed_by.data,
            shown=self.words,
            shown_hash=self.shown_hash.data or "",
            signature=drawn,
        )


class RefuseForm(StepForm):
    """A part was refused."""

    refused_at = LocalDateTimeField(L["refused_at"], required=True)
    requirement = TextField(L["requirement"], limit=2000, rows=3, required=True)
    limit_on = LocalDateField(L["limit_on"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.refused_at.data = min(desk.record.appointed_at or desk.at, desk.at)

    def to_command(self, desk: Desk) -> completions.Refuse:
        return completions.Refuse(self.refused_at.data, self.requirement.data, self.limit_on.data)


class AgainForm(StepForm):
    """It is rectified."""

    rectified_on = LocalDateField(L["rectified_on"], required=True)
    appointed_at = LocalDateTimeField(L["appointed_at"], required=True)
    place = TextField(L["place"], limit=200, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.rectified_on.data, self.place.data = clock.today(desk.at), desk.record.place

    def to_command(self, desk: Desk) -> completions.Again:
        return completions.Again(self.rectified_on.data, self.appointed_at.data, self.place.data)


class SettleForm(StepForm):
    """The last money."""

    amount = MoneyField(L["amount"], required=True)
    paid_on = LocalDateField(L["paid_on"], required=True)
    receipt_no = TextField(L["receipt_no"], limit=50, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.amount.data, self.paid_on.data = completions.still_due(desk.record), clock.today(desk.at)

    def told(self, desk: Desk) -> list[str]:
        contract = desk.record.contract
        return [
            _p(
                "settle",
                "Contract %(amount)s, with changes %(agreed)s, paid %(paid)s, due %(due)s yuan.",
                amount=formatting.money(contract.amount),
                agreed=formatting.money(contract.output_value),
                paid=formatting.money(contract.received),
                due=formatting.money(completions.still_due(desk.record)),
            )
        ]

    def to_command(self, desk: Desk) -> completions.Settle:
        return completions.Settle(self.amount.data, self.paid_on.data, self.receipt_no.data)


STEPS = StepPages(
    find=_find,
    forms={
        Action.CHECK: (CheckForm, completions.check),
        Action.SEND_NOTICE: (NoticeForm, completions.send_notice),
        Action.ACCEPT: (AcceptForm, completions.accept),
        Action.REFUSE: (RefuseForm, completions.refuse),
        Action.AGAIN: (AgainForm, completions.again),
        Action.SETTLE: (SettleForm, completions.settle),
    },
    kinds=N_("Completion acceptances"),
    heading=lambda completion: (completion.customer.name, completion.address),
    shows_waiting_clocks=False,
)
