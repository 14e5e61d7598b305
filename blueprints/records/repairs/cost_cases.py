"""Cost cases of repairs: writing one, page, steps. Rules: `portal/processes/repair_cost.py`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints.forms import ChoiceField, LocalDateTimeField, MoneyField, TermField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, editing, showing
from blueprints.records.consent_forms import RefusalForm, TakeBackForm, WordForm
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, visibility
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.org import Crew, Department, Party, PartyStatus
from portal.models.repair import RepairCostCase, RepairOrder
from portal.permissions import Permission, may
from portal.processes.repair import Cause, CrewStatus
from portal.processes.repair_cost import PROCESS, Action, Bearer
from portal.services import repair_costs, repairs
from portal.services.fields import Field, link, money, term

P = Permission
PATH = "/repair-cost-cases/<number>"
L = PROCESS.field_labels
PLEASE = N_("Please choose")
NAMED = (
    joinedload(RepairCostCase.order).joinedload(RepairOrder.customer),
    joinedload(RepairCostCase.crew),
    joinedload(RepairCostCase.owner),
    joinedload(RepairCostCase.captain),
    joinedload(RepairCostCase.confirmed_by),
    joinedload(RepairCostCase.gm),
    selectinload(RepairCostCase.bookings),
    joinedload(RepairCostCase.voucher),
)
FIELDS: dict[str, Field] = {
    "order_id": link(N_("Repair", "record"), RepairOrder),
    "crew_id": link(N_("Original crew"), Crew),
    "crew_status": term(L["crew_status"], CrewStatus),
    "estimate_material": money(L["estimate_material"]),
    "estimate_labour": money(L["estimate_labour"]),
    "cause": term(L["cause"], Cause),
    "is_crew_at_fault": Field(L["is_crew_at_fault"]),
    "confirmed_by_id": link(L["confirmed_by"], Party),
    "confirmed_at": Field(L["confirmed_at"]),
    "settlement_available": money(L["settlement_available"]),
    "approval_limit": money(N_("The manager decides up to")),
    "decision": Field(N_("Decision")),
    "gm_id": link(N_("General manager"), Party),
    "gm_decided_at": Field(N_("Decided by the general manager at")),
    "actual_material": money(L["actual_material"]),
    "actual_labour": money(L["actual_labour"]),
    "reason": Field(L["reason"]),
    "voucher_no": Field(L["voucher_no"]),
    "executor_paid_at": Field(L["executor_paid_at"]),
}
GROUPS = ((N_("Cost case"), tuple(FIELDS)),)


@blueprint.get(PATH)
@requires(P.COST_CASE_VIEW)
def repair_cost_case(number: str) -> ResponseReturnValue:
    """The cost case: estimate, liability, decision, booking."""
    record = find_or_404(RepairCostCase, number, NAMED)
    return showing.show(
        record,
        f"{record.order.reporter} · {record.crew.name}",
        approval_tables.naming(FIELDS, "gm_id", record),
        GROUPS,
        meta=[(record.order.number, editing.path(record.order)), *_voucher(record)],
        notes=approval_tables.banner(record),
        tables=[_shares(record), *approval_tables.rounds(record)],
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.COST_CASE_VIEW)
def repair_cost_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the cost case: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.route("/repair-orders/<number>/cost-case", methods=["GET", "POST"])
@requires(P.COST_CASE_WORK)
def new_cost_case(number: str) -> ResponseReturnValue:
    """The captain writes the estimate (F-22)."""
    order = find_or_404(RepairOrder, number)
    form = DraftForm()
    if not form.is_submitted() and order.crew_status in repairs.GONE:
        form.crew_status.data = CrewStatus(order.crew_status)

    def make(writing: Session) -> str:
        command = repair_costs.DraftCase(
            str(form.crew_status.data), form.estimate_material.data, form.estimate_labour.data
        )
        fresh = find_or_404(RepairOrder, number)
        return editing.path(repair_costs.draft(writing, fresh, command, actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("Write a cost case"), order, "repair-orders"), make)


# ---------- Parts ----------


def _find(number: str) -> RepairCostCase:
    return find_or_404(RepairCostCase, number)


def _voucher(record: RepairCostCase) -> list[tuple[str, str]]:
    """F-08 for the share of the company; its page is the manager's."""
    if record.voucher is None:
        return []
    path = editing.path(record.voucher) if may(g.user, P.VOUCHER_VIEW) else ""
    return [(_("Voucher %(number)s", number=record.voucher.number), path)]


def _shares(record: RepairCostCase) -> showing.Table:
    """What was booked; before that, what would be booked now."""
    shares = repair_costs.booked(record)
    title = _("Booked") if shares else _("Would be booked as")
    if not shares and record.cause is not None:
        shares = list(repair_costs.planned(record, record.actual or record.estimate))
    rows = [[Bearer.show(share.bearer), formatting.money(share.amount)] for share in shares]
    balances = [
        _(
            "Retention money %(before)s → %(after)s yuan",
            before=formatting.money(booking.balance_before),
            after=formatting.money(booking.balance_after),
        )
        for booking in record.bookings
        if booking.balance_after is not None
    ]
    head = [(_("Borne by"), ""), (_("Amount (yuan)"), "num")]
    return showing.Table(title, head, rows, _("Known once engineering has confirmed who is liable."), foot=balances)


class DraftForm(RecordForm):
    """The captain's estimate."""

    SECTIONS = ((N_("Cost case"), ("crew_status", "estimate_material", "estimate_labour")),)

    crew_status = TermField(L["crew_status"], CrewStatus, leave_out=(CrewStatus.ACTIVE,), required=True, blank=PLEASE)
    estimate_material = MoneyField(L["estimate_material"], required=True, minimum=repair_costs.NOTHING)
    estimate_labour = MoneyField(L["estimate_labour"], required=True, minimum=repair_costs.NOTHING)


class ConfirmForm(StepForm):
    """Engineering confirms."""

    cause = TermField(L["cause"], Cause)
    is_crew_at_fault = ChoiceField(
        L["is_crew_at_fault"], choices=[("yes", N_("Yes")), ("no", N_("No"))], required=True, blank=PLEASE
    )
    confirmed_by = ChoiceField(L["confirmed_by"], coerce=int, choices=[], required=True, blank=PLEASE)
    confirmed_at = LocalDateTimeField(L["confirmed_at"], required=True)
    settlement_available = MoneyField(L["settlement_available"], minimum=repair_costs.NOTHING)
    estimate_material = MoneyField(L["estimate_material"], minimum=repair_costs.NOTHING)
    estimate_labour = MoneyField(L["estimate_labour"], minimum=repair_costs.NOTHING)

    def prepare(self, desk: Desk) -> None:
        people = _people(desk, Party.department == Department.ENGINEERING, Party.is_head.is_(True))
        self.confirmed_by.choices = people
        if not self.is_submitted():
            self.cause.data = Cause(desk.record.order.cause) if desk.record.order.cause else None
            self.confirmed_at.data = desk.at
            self.confirmed_by.data = people[0][0] if len(people) == 1 else None
            self.estimate_material.data = desk.record.estimate_material
            self.estimate_labour.data = desk.record.estimate_labour

    def to_command(self, desk: Desk) -> repair_costs.ConfirmCase:
        person = desk.session.get(Party, self.confirmed_by.data or 0)
        if person is None:
            raise Invalid({"confirmed_by": N_("Choose who confirmed it.")})
        return repair_costs.ConfirmCase(
            cause=str(self.cause.data),
            is_crew_at_fault=self.is_crew_at_fault.data == "yes",
            confirmed_by=person,
            confirmed_at=self.confirmed_at.data,
            settlement_available=self.settlement_available.data or Decimal("0.00"),
            estimate_material=self.estimate_material.data,
            estimate_labour=self.estimate_labour.data,
        )


class ActualForm(StepForm):
    """What it really cost."""

    actual_material = MoneyField(L["actual_material"], required=True, minimum=repair_costs.NOTHING)
    actual_labour = MoneyField(L["actual_labour"], required=True, minimum=repair_costs.NOTHING)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.actual_material.data = desk.record.estimate_material
            self.actual_labour.data = desk.record.estimate_labour

    def to_command(self, desk: Desk) -> repair_costs.ActualCost:
        return repair_costs.ActualCost(self.actual_material.data, self.actual_labour.data)


class ExceedForm(StepForm):
    """It costs more than was approved."""

    actual_material = MoneyField(L["actual_material"], required=True, minimum=repair_costs.NOTHING)
    actual_labour = MoneyField(L["actual_labour"], required=True, minimum=repair_costs.NOTHING)
    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> repair_costs.ActualCost:
        return repair_costs.ActualCost(self.actual_material.data, self.actual_labour.data, self.reason.data)


class ChargeForm(StepForm):
    """Nothing to fill in: who bears it follows from R-19."""

    def to_command(self, desk: Desk) -> None:
        return None


class CloseForm(StepForm):
    """The executing crew is paid."""

    voucher_no = TextField(L["voucher_no"], limit=50, required=True)
    executor_paid_at = LocalDateTimeField(L["executor_paid_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.executor_paid_at.data = desk.at
            self.voucher_no.data = desk.record.voucher.number if desk.record.voucher else None

    def to_command(self, desk: Desk) -> repair_costs.CloseCase:
        return repair_costs.CloseCase(self.voucher_no.data, self.executor_paid_at.data)


def _people(desk: Desk, *conditions: Any) -> list[tuple[int, str]]:
    query = select(Party).where(*conditions, Party.status == PartyStatus.ACTIVE, visibility.standing(Party))
    return [(party.id, party.name) for party in desk.session.scalars(query.order_by(Party.name, Party.id).limit(100))]


def _charge(session: Any, case: RepairCostCase, _command: None, **said: Any) -> None:
    repair_costs.charge(session, case, **said)


STEPS = StepPages(
    find=_find,
    forms={
        Action.CONFIRM: (ConfirmForm, repair_costs.confirm),
        Action.APPROVE: (WordForm, repair_costs.approve),
        Action.REFUSE: (RefusalForm, repair_costs.refuse),
        Action.RECALL: (TakeBackForm, repair_costs.recall),
        Action.EXECUTE: (ActualForm, repair_costs.execute),
        Action.EXCEED: (ExceedForm, repair_costs.exceed),
        Action.CHARGE: (ChargeForm, _charge),
        Action.CLOSE: (CloseForm, repair_costs.close),
    },
    kinds=N_("Repair cost cases"),
    heading=lambda case: (case.order.reporter, case.crew.name),
    shows_waiting_clocks=False,
)
