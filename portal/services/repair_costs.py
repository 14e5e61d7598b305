"""P15 cost of repairing what a departed or replaced crew built. Rules: `processes/repair_cost.py`. Source: 4.15, R-19."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal import settings, visibility
from portal.errors import DomainError, Invalid
from portal.i18n import N_, Text
from portal.models.approval import Approval
from portal.models.compensation import PaymentVoucher
from portal.models.org import Crew, Department, Party, User
from portal.models.repair import CostBooking, RepairCostCase, RepairOrder
from portal.permissions import Role
from portal.processes import repair_cost as rules
from portal.processes.approval import Level, What
from portal.processes.base import Guard
from portal.processes.repair import Executor
from portal.processes.repair_cost import Action, Bearer, Share
from portal.services import approvals, crews, numbering, repairs, steps, telling
from portal.services.approvals import Request, TakeBack, Word
from portal.services.fields import apply

NOTHING = rules.NOTHING
TELL_ENGINEERING = N_("Telephone engineering: its head confirms who is liable (P15)")
GIVE_COPY = N_("Give finance and human resources their copy of the cost case (F-22)")


def visible_to(user: User) -> Select[RepairCostCase]:
    """The cost cases that exist for this person."""
    return visibility.visible_to(user, RepairCostCase)


@dataclass(frozen=True, slots=True)
class DraftCase:
    """The captain's estimate, in yuan."""

    crew_status: str
    estimate_material: Decimal
    estimate_labour: Decimal


@dataclass(frozen=True, slots=True)
class ConfirmCase:
    """What the head of engineering confirmed; the unsettled money of the crew in yuan, as finance says."""

    cause: str
    is_crew_at_fault: bool
    confirmed_by: Party
    confirmed_at: datetime
    settlement_available: Decimal = Decimal("0.00")
    estimate_material: Decimal | None = None
    estimate_labour: Decimal | None = None
    """None: the captain's estimate stands."""


@dataclass(frozen=True, slots=True)
class ActualCost:
    """What it really cost, in yuan; `reason` when it is more than was approved."""

    actual_material: Decimal
    actual_labour: Decimal
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CloseCase:
    """The executing crew is paid."""

    voucher_no: str
    executor_paid_at: datetime


def to_be(order: RepairOrder) -> dict[str, Any]:
    """What a cost case of the repair would say before anything is filled in."""
    return {"order": order, "crew_id": order.responsible_crew_id, "crew_status": order.crew_status}


def lacking(order: RepairOrder) -> list[Guard]:
    """What speaks against a cost case of the repair before anything is filled in, by the rules of P15."""
    return rules.PROCESS.unmet(rules.PROCESS.transition(None, Action.DRAFT), to_be(order), entered=False)


def draft(session: Session, order: RepairOrder, command: DraftCase, *, actor: User, at: datetime) -> RepairCostCase:
    """Write the estimate for a repair whose crew has left or is refused, with a photo of the defect. Raises Invalid by field, DomainError."""
    session.execute(select(RepairOrder.id).where(RepairOrder.id == order.id).with_for_update())
    session.expire(
        order, ["state", "cost_case"]
    )  # desk and phone may write it at the same moment: the second sees the first
    if rules.ON_SITE in lacking(order):
        raise DomainError(N_("A cost case is written once the captain was on site."))
    if order.cost_case is not None:
        raise DomainError(N_("This repair has a cost case already: %(number)s.") % {"number": order.cost_case.number})
    _not_negative({"estimate_material": command.estimate_material, "estimate_labour": command.estimate_labour})
    number = numbering.next_number(session, RepairCostCase.PREFIX, at)
    limit, tolerance = settings.get(session, "cost_case_limit"), settings.get(session, "cost_case_tolerance")
    case = RepairCostCase(
        number=number,
        branch_id=order.branch_id,
        order_id=order.id,
        crew_id=order.responsible_crew_id,
        owner_id=order.owner_id,
        captain_id=order.captain_id,
        approval_limit=limit,
        tolerance_percent=tolerance,
        **steps.entered_of(command),
    )
    set_committed_value(case, "order", order)  # what the guards look at; the row itself is not there yet
    steps.check_possible(case, Action.DRAFT)
    steps.begin(session, case, Action.DRAFT, actor=actor, at=at, entered=steps.entered_of(command))
    session.expire(order, ["cost_case"])
    repairs.cost_case_written(session, order, actor=actor, at=at)
    _tell_engineering(session, case, at)
    return case


def confirm(session: Session, case: RepairCostCase, command: ConfirmCase, *, actor: User, at: datetime) -> None:
    """Engineering confirms the liability, recorded on its behalf; with that consent to the estimate is asked for."""
    estimates = {"estimate_material": command.estimate_material, "estimate_labour": command.estimate_labour}
    found = {name: amount for name, amount in estimates.items() if amount is not None}
    _not_negative({"settlement_available": command.settlement_available, **found})
    if command.confirmed_by.department != Department.ENGINEERING or not command.confirmed_by.is_head:
        raise Invalid({"confirmed_by": N_("The head of engineering confirms it.")})
    case.cause, case.is_crew_at_fault = command.cause, command.is_crew_at_fault
    case.confirmed_by, case.confirmed_at = command.confirmed_by, command.confirmed_at
    case.settlement_available = command.settlement_available
    for name, amount in found.items():
        setattr(case, name, amount)
    _advance(session, case, Action.CONFIRM, command, actor, at, acted_by=command.confirmed_by)
    telling.was_told(session, case, TELL_ENGINEERING, actor=actor, at=at)
    _ask(session, case, actor, at)


def approve(session: Session, case: RepairCostCase, word: Word, *, actor: User, at: datetime) -> None:
    """Take down a consent: the manager's own; above the limit the general manager's after it."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.APPROVE))
    approval = _asked(case)
    if not approvals.approve(session, approval, word, actor=actor, at=at):
        return
    said = approval.steps
    case.decision = "；".join(step.reason for step in said if step.reason) or None
    case.approved_by_id, case.approved_at = said[0].user_id, at
    if said[-1].level == Level.GM:
        case.gm, case.gm_decided_at = said[-1].party, said[-1].decided_at
    _advance(session, case, Action.APPROVE, word, actor, at, acted_by=word.person)


def refuse(session: Session, case: RepairCostCase, word: Word, *, actor: User, at: datetime) -> None:
    """Not at this cost: engineering confirms anew, by another estimate."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.REFUSE))
    approvals.refuse(session, _asked(case), word, actor=actor, at=at)
    _advance(session, case, Action.REFUSE, word, actor, at, acted_by=word.person)
    _tell_engineering(session, case, at)


def _asked(case: RepairCostCase) -> Approval:
    """The request that waits. Raises DomainError where none was ever made, as of a case from another system."""
    if case.approval is None:
        raise DomainError(N_("Consent was not asked for yet: have engineering confirm again."))
    return case.approval


def recall(session: Session, case: RepairCostCase, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Request or consent is taken back before the repair is charged: engineering confirms anew. The round stays in the log."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.RECALL))
    if case.approval is not None:
        approvals.take_back(session, case.approval, command, actor=actor, at=at)
    case.decision = case.approved_by_id = case.approved_at = case.gm = case.gm_decided_at = None
    _advance(session, case, Action.RECALL, command, actor, at)
    _tell_engineering(session, case, at)


def execute(session: Session, case: RepairCostCase, command: ActualCost, *, actor: User, at: datetime) -> None:
    """Note what it cost, within the estimate and the tolerance."""
    _actual(case, command)
    _advance(session, case, Action.EXECUTE, command, actor, at)
    if case.approval is not None:
        approvals.used(case.approval, at)


def exceed(session: Session, case: RepairCostCase, command: ActualCost, *, actor: User, at: datetime) -> None:
    """It costs more than was approved: consent is asked for anew to the new figure; the round before is void and stays."""
    _actual(case, command)
    _advance(session, case, Action.EXCEED, command, actor, at)
    case.estimate_material, case.estimate_labour = command.actual_material, command.actual_labour
    case.reason, case.actual_material, case.actual_labour = command.reason, None, None
    case.decision = case.approved_by_id = case.approved_at = case.gm = case.gm_decided_at = None
    _ask(session, case, actor, at)


def planned(case: RepairCostCase, cost: Decimal) -> tuple[Share, ...]:
    """Whose money a cost would be taken from now (R-19), in yuan; the shares sum exactly to it."""
    order = rules.bearers(
        crew_status=case.crew_status,
        crew_at_fault=bool(case.is_crew_at_fault),
        in_warranty=case.order.in_warranty == "YES",
        cause=case.cause or "",
    )
    return rules.split(cost, order, retention=case.crew.retention_balance, settlement=case.settlement_available)


def charge(session: Session, case: RepairCostCase, *, actor: User, at: datetime) -> None:
    """Book the actual cost on whoever bears it; retention money of the crew is taken from its balance.

    For the share of the company the voucher (F-08) is written; finance and human resources are given their copy (4.15).
    """
    step = case.PROCESS.transition(case.state, Action.CHARGE)
    steps.check_permission(actor, step)
    crew = session.scalars(
        select(Crew).where(Crew.id == case.crew_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    for share in planned(case, case.actual or rules.NOTHING):
        booking = CostBooking(bearer=share.bearer, amount=share.amount, booked_at=at, booked_by_id=actor.id)
        if share.bearer is Bearer.ORIGINAL_CREW_RETENTION:
            booking.balance_before = crew.retention_balance
            booking.balance_after = crew.retention_balance - share.amount
            apply(
                session, crew, {"retention_balance": booking.balance_after}, crews.FIELDS,
                actor=actor, at=at, reason=case.number,
            )  # fmt: skip
        case.bookings.append(booking)
    session.flush()
    said = {share.bearer.lower(): share.amount for share in booked(case)}
    steps.advance(session, case, Action.CHARGE, actor=actor, at=at, entered={}, said=said)
    _write_voucher(session, case, at)
    detail = f"{case.order.number} · {case.crew.name}"
    telling.have_told(session, case, GIVE_COPY, detail=detail, at=at, role=Role.MANAGER)


def booked(case: RepairCostCase) -> list[Share]:
    """What was booked, as shares."""
    return [Share(Bearer(booking.bearer), booking.amount) for booking in case.bookings]


def close(session: Session, case: RepairCostCase, command: CloseCase, *, actor: User, at: datetime) -> None:
    """The executing crew is paid, with the number of its voucher; so is the voucher for the share of the company."""
    case.voucher_no, case.executor_paid_at, case.closed_at = command.voucher_no, command.executor_paid_at, at
    if (voucher := case.voucher) is not None:
        voucher.finance_no = command.voucher_no if command.voucher_no != voucher.number else None
        voucher.paid_at, voucher.updated_at, voucher.updated_by_id = command.executor_paid_at, at, actor.id
    _advance(session, case, Action.CLOSE, command, actor, at)


def executor_of(case: RepairCostCase) -> str:
    """Who carried the repair out, and is paid for it."""
    order = case.order
    if order.executor == Executor.RESPONSIBLE_CREW and order.responsible_crew is not None:
        return order.responsible_crew.name
    return order.captain.name if order.captain is not None else case.crew.name


def _write_voucher(session: Session, case: RepairCostCase, at: datetime) -> None:
    """F-08 for what the company bears: to whoever repaired it, on the consent the case has."""
    amount = sum((share.amount for share in booked(case) if share.bearer is Bearer.COMPANY), rules.NOTHING)
    if amount <= 0:
        return
    case.voucher = PaymentVoucher(
        number=numbering.next_number(session, PaymentVoucher.PREFIX, at),
        branch_id=case.branch_id,
        customer_id=case.order.customer_id,
        approval_id=case.approval_id,
        payee=executor_of(case),
        purpose=f"{case.number} {case.order.number} {case.order.symptom}"[:200],
        amount=amount,
        leader=case.gm,
        leader_decided_at=case.gm_decided_at or case.approved_at or at,
        created_at=at,
        updated_at=at,
    )
    session.flush()


def _tell_engineering(session: Session, case: RepairCostCase, at: datetime) -> None:
    """Engineering has no login: who tracks the repair asks its head who is liable."""
    detail = f"{case.order.number} {case.order.symptom}"
    telling.have_told(session, case, TELL_ENGINEERING, detail=detail, at=at, person=case.owner)


def _ask(session: Session, case: RepairCostCase, actor: User, at: datetime) -> None:
    """Ask for consent to the estimate: the level follows from all cost cases of the household and its contract."""
    order = case.order
    contract = order.project.contract if order.project else None
    request = Request(
        What.COST_CASE,
        f"{order.reporter} · {case.crew.name}",
        case.estimate,
        customer_id=order.customer_id,
        contract_id=contract.id if contract else None,
        manager_limit=case.approval_limit,
    )
    case.approval = approvals.ask(session, case, request, actor=actor, at=at)


def _actual(case: RepairCostCase, command: ActualCost) -> None:
    _not_negative({"actual_material": command.actual_material, "actual_labour": command.actual_labour})
    case.actual_material, case.actual_labour = command.actual_material, command.actual_labour


def _not_negative(amounts: dict[str, Decimal]) -> None:
    problems: dict[str, Text | str] = {
        name: N_("A cost is not below zero.") for name, amount in amounts.items() if amount < 0
    }
    if problems:
        raise Invalid(problems)


def _advance(
    session: Session,
    case: RepairCostCase,
    action: str,
    command: Any,
    actor: User,
    at: datetime,
    *,
    acted_by: Party | None = None,
) -> None:
    entered = steps.entered_of(command)
    session.flush()
    steps.advance(
        session, case, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered), acted_by=acted_by
    )
