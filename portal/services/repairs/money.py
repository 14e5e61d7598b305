"""What a repair costs and what the customer pays for it. Source: `domain.md` 3.3, 3.16, R-16."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import formatting
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.repair import CostBearer, CostKind, RepairCost, RepairOrder, RepairPayment
from portal.permissions import Permission, may
from portal.processes.repair import InWarranty, State
from portal.services import events, steps
from portal.services.repairs.common import note

PAYABLE = frozenset({State.REPAIRING, State.DONE, State.SIGNED_OFF})
"""The customer can pay."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the cost, in yuan; of material also how much of it was used."""

    kind: str
    what: str
    amount: Decimal
    bearer: str
    quantity: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """What the customer paid for the repair, in yuan."""

    amount: Decimal
    method: str
    paid_at: datetime
    paid_by: str
    receipt_no: str


def record_payment(
    session: Session, order: RepairOrder, command: RecordPayment, *, actor: User, at: datetime
) -> RepairPayment:
    """Note what the customer paid. Raises Invalid by field, DomainError where nothing is to be paid."""
    if not may(actor, Permission.REPAIR_PAYMENT):
        raise DomainError(N_("Your role does not note payments."), status=403)
    if order.is_free or order.state not in PAYABLE:
        raise DomainError(N_("Nothing is to be paid for this repair now."))
    problems: dict[str, Text | str] = {}
    agreed = order.accepted_quote if order.state == State.REPAIRING else order.customer_share
    if order.paid_amount + command.amount > agreed:
        rest = max(agreed - order.paid_amount, Decimal(0))
        problems["amount"] = N_("The customer owes %(rest)s yuan.") % {"rest": formatting.money(rest)}
    if command.paid_at > at + steps.CLOCK_SLACK:
        problems["paid_at"] = N_("This moment lies in the future.")
    if session.scalar(select(RepairPayment.id).where(RepairPayment.receipt_no == command.receipt_no)):
        problems["receipt_no"] = N_("This receipt number is recorded already.")
    if problems:
        raise Invalid(problems)
    payment = RepairPayment(recorded_by_id=actor.id, **steps.entered_of(command))
    order.payments.append(payment)
    order.updated_at, order.updated_by_id = at, actor.id
    said = {"amount": command.amount, "method": command.method, "receipt_no": command.receipt_no}
    note(session, order, "payment", said, actor, at)
    return payment


def add_cost(session: Session, order: RepairOrder, line: CostLine, *, actor: User, at: datetime) -> RepairCost:
    """Note a part or hours while working, before the repair is done. Raises Invalid by field, DomainError."""
    _check_costs_open(order, actor)
    made = cost_row(line)
    order.costs.append(made)
    order.updated_at, order.updated_by_id, order.has_no_costs = at, actor.id, False
    events.record(session, EventKind.CHANGE, action="cost-added", actor=actor, at=at, record=order, **_said(made))
    return made


def drop_cost(session: Session, order: RepairOrder, cost_id: int, *, actor: User, at: datetime) -> None:
    """Take back a line of cost that was noted by mistake. One that is gone already stays gone."""
    _check_costs_open(order, actor)
    for line in [line for line in order.costs if line.id == cost_id]:
        order.costs.remove(line)
        order.updated_at, order.updated_by_id = at, actor.id
        events.record(session, EventKind.CHANGE, action="cost-dropped", actor=actor, at=at, record=order, **_said(line))


def usual_bearer(order: RepairOrder) -> CostBearer | None:
    """Who bears a cost unless somebody says otherwise; None: the cause that decides it in warranty is not known yet (R-16)."""
    if order.cause is None and order.in_warranty == InWarranty.YES:
        return None
    return bearer_when(order, is_free=order.is_free)


def bearer_when(order: RepairOrder, *, is_free: bool) -> CostBearer:
    """Who usually bears the cost of a repair that is free or not: the customer what is chargeable (R-16), the crew that did
    not come in time what the captain's team does in its place (DL-22), else the company."""
    if not is_free:
        return CostBearer.CUSTOMER
    return CostBearer.CREW if order.taken_over_at else CostBearer.COMPANY


def cost_row(line: CostLine) -> RepairCost:
    """The row of a line. Raises Invalid by field."""
    if line.amount < 0:
        raise Invalid({"costs": N_("A cost is not below zero.")})
    return RepairCost(
        kind=CostKind(line.kind),
        what=line.what,
        quantity=line.quantity,
        unit=line.unit,
        amount=line.amount,
        bearer=CostBearer(line.bearer),
    )


def _said(line: RepairCost) -> dict[str, Any]:
    return {"cost_kind": line.kind, "what": line.what, "amount": line.amount, "bearer": line.bearer}


def _check_costs_open(order: RepairOrder, actor: User) -> None:
    if not may(actor, Permission.REPAIR_WORK):
        raise NotPermitted(N_("Your role may not do this."))
    if order.state != State.REPAIRING:
        raise DomainError(N_("Costs are noted while the repair is going on."))
