"""Cancellations of signed contracts: application, page, steps. Rules: `portal/processes/cancellation.py`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TermField,
    TextField,
)
from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, consent_forms, editing, showing
from blueprints.records.consent_forms import PLEASE, PercentField, RefusalForm, TakeBackForm, WordForm
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, settings
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, Text, _, _p
from portal.models.cancellation import TOLD, Cancellation
from portal.models.contract import Contract
from portal.models.org import Crew, Department, Party, PartyKind
from portal.permissions import Permission
from portal.processes.cancellation import PROCESS, Action, Liability, Reason
from portal.services import cancellations, contracts

P = Permission
PATH = "/cancellations/<number>"
L = PROCESS.field_labels
LIABLE = (1, 2, 3)
FIELDS = cancellations.FIELDS
DESIGNERS = (PartyKind.DESIGNER, PartyKind.DESIGN_ASSISTANT)
NAMED = (
    joinedload(Cancellation.contract),
    joinedload(Cancellation.customer),
    joinedload(Cancellation.project),
    joinedload(Cancellation.design_by),
    joinedload(Cancellation.finance_by),
    joinedload(Cancellation.gm),
    joinedload(Cancellation.signed_by),
    joinedload(Cancellation.approval),
    selectinload(Cancellation.shares),
    selectinload(Cancellation.told),
    selectinload(Cancellation.notices),
)
APPLIED = ("contract_id", "applied_at", "applicant", "reason_kind", "reason", "project_stage", "contract_amount")
OPINION = ("design_opinion", "design_by_id", "design_at")
LIABILITY = ("facts_checked", "liability_reason", "usual_loss", "loss", "liability_at", "signed_by_id")
FINANCE = ("finance_by_id", "finance_at", "finance_opinion", "paid_total", "paid_to_crew", "work_done")
CONSENT = ("gm_id", "gm_at", "gm_decision")
END = ("notified_at", "voided_on", "output_value_reduction", "closed_at")
TAKEN_BACK = ("withdrawn_on", "withdrawal_note")


@blueprint.get(PATH)
@requires(P.CANCELLATION_VIEW)
def cancellation(number: str) -> ResponseReturnValue:
    """The cancellation: opinions, liability, money, end."""
    record = find_or_404(Cancellation, number, NAMED)
    parts: list[tuple[Text, tuple[str, ...], Any]] = [
        (N_("Application", "cancellation"), APPLIED, True),
        (N_("Opinion of design"), OPINION, record.design_at),
        (N_("Liability and loss"), LIABILITY, record.loss is not None),
        (N_("Verified by finance", "heading"), FINANCE, record.finance_at),
        (N_("Decision of the general manager"), CONSENT, record.gm_at),
        (N_("End of the contract"), END, record.notified_at),
        (N_("Taken back", "cancellation"), TAKEN_BACK, record.withdrawn_on),
    ]
    return showing.show(
        record,
        f"{record.customer.name} · {record.contract.number}",
        approval_tables.naming(FIELDS, "gm_id", record),
        tuple((heading, names) for heading, names, shown in parts if shown),
        meta=[
            (record.customer.name, editing.path(record.customer)),
            (record.contract.number, editing.path(record.contract)),
            *([(record.project.number, editing.path(record.project))] if record.project else []),
        ],
        notes=[*approval_tables.banner(record), *_notes(record)],
        tables=[_shares(record), *_sums(record), *_told(record), *_notices(record), *approval_tables.rounds(record)],
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.CANCELLATION_VIEW)
def cancellation_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the cancellation: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.route("/contracts/<number>/cancellation", methods=["GET", "POST"])
@requires(P.CANCELLATION_WORK)
def new_cancellation(number: str) -> ResponseReturnValue:
    """The customer applies to end a signed contract."""
    contract = find_or_404(Contract, number)
    form = ApplyForm()
    if not form.is_submitted():
        form.applied_at.data, form.applicant.data = clock.now(), contract.customer.name

    def make(writing: Session) -> str:
        fresh = find_or_404(Contract, number)
        command = cancellations.Apply(
            form.applied_at.data, form.applicant.data, str(form.reason_kind.data), form.reason.data
        )
        return editing.path(cancellations.apply(writing, fresh, command, actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("Cancel the contract"), contract, "contracts"), make)


# ---------- Parts ----------


def _find(number: str) -> Cancellation:
    return find_or_404(Cancellation, number)


def _notes(record: Cancellation) -> list[tuple[str, str]]:
    said = []
    if record.loss is not None and record.loss != record.usual_loss:
        values = {"usual": formatting.money(record.usual_loss), "loss": formatting.money(record.loss)}
        said.append(
            (
                "info-circle",
                _(
                    "By the rule the loss is %(usual)s yuan; %(loss)s yuan are the general manager's to approve.",
                    **values,
                ),
            )
        )
    if record.state == "VOIDED" and (numbers := cancellations.open_numbers(session(), record)):
        said.append(("lock", _("Still open: %(numbers)s", numbers="、".join(numbers))))
    return said


def _shares(record: Cancellation) -> showing.Table:
    rows: list[list[Any]] = [
        [
            Liability.show(share.liability),
            share.name or formatting.DASH,
            f"{share.percent.normalize():f}%",
            formatting.money(share.amount),
        ]
        for share in record.shares
    ]
    head = [(_("Who is liable"), ""), (_("Name"), "fill"), (_("Share"), "num"), (_("Amount (yuan)"), "num")]
    return showing.Table(_("Liability"), head, rows, _("Liability is not decided yet."))


def _sums(record: Cancellation) -> list[showing.Table]:
    if record.refund is None:
        return []
    rows: list[list[Any]] = [
        [_("Paid by the customer"), formatting.money(record.paid_total)],
        [_("less the loss the customer bears"), formatting.money(record.customers_loss)],
        [_("less the value of the work done"), formatting.money(record.work_done)],
        [_("Refund") if record.refund >= 0 else _("The customer still owes"), formatting.money(abs(record.refund))],
    ]
    return [showing.Table(_("Refund"), [(_p("money", "Item"), "fill"), (_("Amount (yuan)"), "num")], rows, "")]


def _told(record: Cancellation) -> list[showing.Table]:
    if not record.told:
        return []
    rows: list[list[Any]] = [
        [Department.show(word.department), formatting.moment(word.told_at)] for word in record.told
    ]
    return [showing.Table(_("Departments told"), [(_("Department"), "fill"), (_("When"), "num")], rows, "")]


def _notices(record: Cancellation) -> list[showing.Table]:
    if not record.notices:
        return []
    rows: list[list[Any]] = [
        [
            (notice.number, editing.path(notice)),
            Liability.show(notice.liability),
            formatting.money(notice.amount),
            formatting.moment(notice.sent_at),
            formatting.moment(notice.received_at) if notice.received_at else _("Not with finance yet"),
        ]
        for notice in record.notices
    ]
    head = [
        (_("Number"), "ref"),
        (_("Who is liable"), "fill"),
        (_("Amount (yuan)"), "num"),
        (_("Sent to finance at"), "num hide-small"),
        (_("Received by finance at"), "num"),
    ]
    return [showing.Table(_("Loss notices (F-26)"), head, rows, "")]


class ApplyForm(RecordForm):
    """What the customer wrote."""

    SECTIONS = ((N_("Application", "cancellation"), ("applied_at", "applicant", "reason_kind", "reason")),)

    applied_at = LocalDateTimeField(L["applied_at"], required=True)
    applicant = NameField(L["applicant"])
    reason_kind = TermField(L["reason_kind"], Reason, required=True, blank=PLEASE)
    reason = TextField(L["reason"], limit=2000, rows=3, required=True)


class OpinionForm(StepForm):
    """What design says."""

    design_by = ChoiceField(L["design_by"], coerce=int, choices=[], required=True, blank=PLEASE)
    design_at = LocalDateTimeField(L["design_at"], required=True)
    design_opinion = TextField(L["design_opinion"], limit=2000, rows=3, required=True)

    def prepare(self, desk: Desk) -> None:
        kinds = (*DESIGNERS, PartyKind.BRANCH_MANAGER)
        self.design_by.choices = consent_forms.parties(
            desk, (Party.department == Department.DESIGN) | Party.kind.in_(kinds)
        )
        if not self.is_submitted():
            self.design_at.data = desk.at

    def to_command(self, desk: Desk) -> cancellations.Opinion:
        by = consent_forms.party_of(desk, self.design_by.data, "design_by")
        return cancellations.Opinion(self.design_opinion.data, by, self.design_at.data)


class DraftForm(StepForm):
    """Who is liable, and what the loss comes to."""

    LINES = tuple(
        (N_("Liable %(number)s") % {"number": place}, [f"who_{place}", f"percent_{place}"]) for place in LIABLE
    )
    liability_reason = TextField(L["liability_reason"], limit=2000, rows=3, required=True)
    facts_checked = BooleanField(L["facts_checked"])
    measuring_fee = MoneyField(N_("Measuring fee (yuan)"), minimum=Decimal("0.00"))
    is_certified = BooleanField(N_("The market certification fee was charged"))
    documented_loss = MoneyField(N_("Documented losses (yuan)"), minimum=Decimal("0.00"))
    loss = MoneyField(
        N_("Another loss than by the rule (yuan)"), minimum=Decimal("0.00"),
        description=N_("Empty: what the rule comes to. Anything else is the general manager's to approve."),
    )  # fmt: skip

    def prepare(self, desk: Desk) -> None:
        record = desk.record
        people = [
            (f"{_liability(key)}:{key.partition(':')[2]}", f"{Liability.show(_liability(key))}：{label}")
            for key, label in consent_forms.bearers(desk, record.project, DESIGNERS)
        ]
        choices = [(str(each), Liability.show(each)) for each in (Liability.CUSTOMER, Liability.OTHER)]
        for place in LIABLE:
            self[f"who_{place}"].choices = [*choices, *people]
        if self.is_submitted():
            return
        for place, share in zip(LIABLE, record.shares, strict=False):
            key = share.party_id or share.crew_id
            self[f"who_{place}"].data = f"{share.liability}:{key}" if key else share.liability
            self[f"percent_{place}"].data = share.percent
        if not record.shares:
            self["percent_1"].data = Decimal(100)
        self.liability_reason.data, self.facts_checked.data = record.liability_reason, record.facts_checked
        self.measuring_fee.data, self.documented_loss.data = record.measuring_fee, record.documented_loss
        self.is_certified.data = record.certification_rate > 0
        if record.loss != record.usual_loss:
            self.loss.data = record.loss

    def told(self, desk: Desk) -> list[str]:
        record = desk.record
        return [
            _(
                "Customer: %(rate)s %% of %(amount)s yuan, measuring fee, market certification where it was charged."
                " Designer: the commission of %(commission)s %% and documented losses. Crew: documented losses."
                " Other circumstances: nothing.",
                rate=f"{record.loss_rate.normalize():f}",
                amount=formatting.money(record.contract_amount),
                commission=f"{settings.get(desk.session, 'designer_commission').normalize():f}",
            )
        ]

    def to_command(self, desk: Desk) -> cancellations.Draft:
        shares = []
        for place in LIABLE:
            who, percent = self[f"who_{place}"].data, self[f"percent_{place}"].data
            if who is None and percent is None:
                continue
            if who is None or percent is None:
                name = f"who_{place}" if who is None else f"percent_{place}"
                raise Invalid({name: N_("Who is liable and for which share: both or neither.")})
            liability, _colon, key = who.partition(":")
            model: Any = {Liability.DESIGNER: Party, Liability.CREW: Crew}.get(liability)
            person = desk.session.get_one(model, int(key)) if key else None
            shares.append(cancellations.Liable(liability, percent, person))
        if sum((each.percent for each in shares), Decimal(0)) != 100:
            raise Invalid({"percent_1": N_("The shares of the bearers must add up to 100 %.")})
        nothing = cancellations.NOTHING
        return cancellations.Draft(
            self.liability_reason.data,
            tuple(shares),
            facts_checked=self.facts_checked.data,
            measuring_fee=self.measuring_fee.data or nothing,
            is_certified=self.is_certified.data,
            documented_loss=self.documented_loss.data or nothing,
            loss=self.loss.data,
        )


for _place in LIABLE:
    setattr(DraftForm, f"who_{_place}", ChoiceField(N_("Who is liable"), choices=[], blank=N_("Nobody")))
    setattr(DraftForm, f"percent_{_place}", PercentField(N_("Share (%)")))


def _liability(key: str) -> Liability:
    return Liability.CREW if key.startswith("CREW:") else Liability.DESIGNER


class SignForm(StepForm):
    """Nothing to fill in: what was drafted is signed."""

    def told(self, desk: Desk) -> list[str]:
        record = desk.record
        shares = "、".join(
            f"{Liability.show(share.liability)} {share.percent.normalize():f}% = {formatting.money(share.amount)}"
            for share in record.shares
        )
        loss = _("Loss %(loss)s yuan: %(shares)s", loss=formatting.money(record.loss), shares=shares)
        return [loss, record.liability_reason or ""]

    def to_command(self, desk: Desk) -> cancellations.Sign:
        return cancellations.Sign()


class VerifyForm(StepForm):
    """What finance verified."""

    finance_by = ChoiceField(L["finance_by"], coerce=int, choices=[], required=True, blank=PLEASE)
    finance_at = LocalDateTimeField(L["finance_at"], required=True)
    paid_total = MoneyField(L["paid_total"], required=True, minimum=Decimal("0.00"))
    paid_to_crew = MoneyField(L["paid_to_crew"], required=True, minimum=Decimal("0.00"))
    work_done = MoneyField(L["work_done"], required=True, minimum=Decimal("0.00"))
    finance_opinion = TextField(L["finance_opinion"], limit=2000, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        self.finance_by.choices = consent_forms.parties(desk, Party.department == Department.FINANCE)
        if not self.is_submitted():
            self.finance_at.data = desk.at
            self.paid_total.data = contracts.paid(desk.session, desk.record.contract_id)
            self.paid_to_crew.data = self.work_done.data = Decimal("0.00")

    def to_command(self, desk: Desk) -> cancellations.Verify:
        return cancellations.Verify(
            consent_forms.party_of(desk, self.finance_by.data, "finance_by"),
            self.finance_at.data,
            self.finance_opinion.data,
            self.paid_total.data,
            self.paid_to_crew.data,
            self.work_done.data,
        )


class NotifyForm(StepForm):
    """When each department was told."""

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            for department in TOLD:
                self[department.lower()].data = desk.at

    def to_command(self, desk: Desk) -> cancellations.Notify:
        return cancellations.Notify(tuple((each.value, self[each.lower()].data) for each in TOLD))


for _department in TOLD:
    setattr(NotifyForm, _department.lower(), LocalDateTimeField(_department.label, required=True))


class VoidForm(StepForm):
    """The day the contract ended."""

    voided_on = LocalDateField(L["voided_on"], required=True)
    output_value_reduction = MoneyField(L["output_value_reduction"], required=True, minimum=Decimal("0.00"))

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.voided_on.data = clock.today(desk.at)
            done = desk.record.work_done or Decimal("0.00")
            self.output_value_reduction.data = max(desk.record.contract.output_value - done, Decimal("0.00"))

    def to_command(self, desk: Desk) -> cancellations.Void:
        return cancellations.Void(self.voided_on.data, self.output_value_reduction.data)


class CloseForm(StepForm):
    """Nothing to fill in."""

    def told(self, desk: Desk) -> list[str]:
        numbers = cancellations.open_numbers(desk.session, desk.record)
        return [_("Still open: %(numbers)s", numbers="、".join(numbers))] if numbers else []

    def to_command(self, desk: Desk) -> None:
        return None


class WithdrawForm(StepForm):
    """The customer stays."""

    withdrawn_on = LocalDateField(L["withdrawn_on"], required=True)
    withdrawal_note = TextField(L["withdrawal_note"], limit=1000, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.withdrawn_on.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> cancellations.Withdraw:
        return cancellations.Withdraw(self.withdrawn_on.data, self.withdrawal_note.data)


STEPS = StepPages(
    find=_find,
    forms={
        Action.GIVE_OPINION: (OpinionForm, cancellations.give_opinion),
        Action.DRAFT: (DraftForm, cancellations.draft),
        Action.SIGN: (SignForm, cancellations.sign),
        Action.REDRAFT: (DraftForm, cancellations.redraft),
        Action.VERIFY: (VerifyForm, cancellations.verify),
        Action.APPROVE: (WordForm, cancellations.approve),
        Action.REFUSE: (RefusalForm, cancellations.refuse),
        Action.RECALL: (TakeBackForm, cancellations.recall),
        Action.NOTIFY: (NotifyForm, cancellations.notify),
        Action.VOID: (VoidForm, cancellations.void),
        Action.CLOSE: (CloseForm, cancellations.close),
        Action.WITHDRAW: (WithdrawForm, cancellations.withdraw),
    },
    kinds=N_("Cancellations"),
    heading=lambda case: (case.customer.name, case.contract.number),
    shows_waiting_clocks=False,
)
