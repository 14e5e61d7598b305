"""Change orders and delays: what the customer signs moves the money and the finish. Source: `domain.md` 3.7, 4.6.

Amounts in yuan, exact to the fen; days are calendar days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.contract import Contract, PaymentKind
from portal.models.milestone import ChangeOrder, DelayNotice
from portal.models.org import User
from portal.models.project import Project
from portal.models.works import WorkStop
from portal.processes import change_order as rules
from portal.processes import delay_notice
from portal.services import call_plan, contracts, numbering, projects, steps, warranties
from portal.services.fields import Field, apply, cleaned, link, money

R = TypeVar("R", ChangeOrder, DelayNotice)
L = rules.PROCESS.field_labels
FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "items": Field(L["items"]),
    "amount": money(L["amount"]),
    "extra_days": Field(L["extra_days"], str),
    "designer_signed_by": Field(L["designer_signed_by"]),
    "foreman_signed_by": Field(L["foreman_signed_by"]),
    "pm_signed_by": Field(L["pm_signed_by"]),
    "customer_signed_by": Field(L["customer_signed_by"]),
    "signed_on": Field(L["signed_on"]),
    "withdrawn_why": Field(L["withdrawn_why"]),
    "remarks": Field(L["remarks"]),
}
D = delay_notice.PROCESS.field_labels
DELAY_FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "cause": Field(D["cause"]),
    "days": Field(D["days"], str),
    "stop_id": link(D["stop"], WorkStop),
    "customer_signed_by": Field(D["customer_signed_by"]),
    "signed_on": Field(D["signed_on"]),
    "withdrawn_why": Field(D["withdrawn_why"]),
    "remarks": Field(L["remarks"]),
}


@dataclass(frozen=True, slots=True)
class Propose:
    """What shall be added or left out; `amount` in yuan, negative for less; `extra_days` calendar days."""

    items: str
    amount: Decimal
    extra_days: int = 0
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """The four who sign, and the day of the customer's signature."""

    designer_signed_by: str
    foreman_signed_by: str
    pm_signed_by: str
    customer_signed_by: str
    signed_on: date


@dataclass(frozen=True, slots=True)
class Delay:
    """A later finish; `days` calendar days. Signed already: by whom and when; otherwise it waits for the signature.

    `stop`: the stop of works whose days it agrees to; None: another cause.
    """

    cause: str
    days: int
    customer_signed_by: str | None = None
    signed_on: date | None = None
    stop: WorkStop | None = None


@dataclass(frozen=True, slots=True)
class SignDelay:
    """The customer's signature, and its day."""

    customer_signed_by: str
    signed_on: date


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Why it is not signed any more."""

    withdrawn_why: str


def propose(session: Session, project: Project, command: Propose, *, actor: User, at: datetime) -> ChangeOrder:
    """Write a change order; nothing counts before it is signed. Raises Invalid, also once the works are settled."""
    if not command.amount and not command.extra_days:
        raise Invalid({"amount": N_("A change moves the money or the finish: say by how much.")})
    order = ChangeOrder(
        branch_id=project.branch_id,
        project=project,
        customer=project.customer,
        items=command.items.strip(),
        amount=command.amount,
        extra_days=command.extra_days,
        remarks=cleaned(command.remarks),
    )
    return _begin(session, order, rules.Action.PROPOSE, command, actor, at)


def sign(session: Session, order: ChangeOrder, command: Sign, *, actor: User, at: datetime) -> None:
    """All four signed: the output value and the finish move with it, once. Raises Invalid, ConditionsMissing."""
    project, contract = order.project, order.project.contract
    _check_day(command.signed_on, at)
    _take(session, order, rules.Action.SIGN, command, actor, at)
    assert contract is not None, "the guard of the step"
    value = {"output_value": contract.output_value + order.amount}
    apply(session, contract, value, contracts.FIELDS, actor=actor, at=at, reason=order.number)
    _move_finish(session, project, order.extra_days, order.number, actor, at)
    session.flush()
    warranties.open_when_paid(session, contract, paid_on=clock.today(at), actor=actor, at=at)


def delay(session: Session, project: Project, command: Delay, *, actor: User, at: datetime) -> DelayNotice:
    """Write a delay form; with the signature the planned finish moves by its days at once. Raises Invalid."""
    signature = None
    if command.signed_on is not None or command.customer_signed_by:
        if command.signed_on is None or not command.customer_signed_by:
            name = "signed_on" if command.signed_on is None else "customer_signed_by"
            raise Invalid({name: N_("Of a signature both are wanted: who signed, and when.")})
        _check_day(command.signed_on, at)
        signature = SignDelay(command.customer_signed_by, command.signed_on)
    notice = DelayNotice(
        branch_id=project.branch_id,
        project=project,
        customer=project.customer,
        cause=command.cause.strip(),
        days=command.days,
        stop=command.stop,
    )
    _begin(session, notice, delay_notice.Action.PROPOSE, command, actor, at)
    if signature is not None:
        sign_delay(session, notice, signature, actor=actor, at=at)
    return notice


def sign_delay(session: Session, notice: DelayNotice, command: SignDelay, *, actor: User, at: datetime) -> None:
    """The customer signed: the planned finish moves. Raises Invalid, ConditionsMissing."""
    _check_day(command.signed_on, at)
    _take(session, notice, delay_notice.Action.SIGN, command, actor, at)
    _move_finish(session, notice.project, notice.days, notice.number, actor, at)


def withdraw(
    session: Session, record: ChangeOrder | DelayNotice, command: Withdraw, *, actor: User, at: datetime
) -> None:
    """It will not be signed; all stays as agreed. What waited for it is settled, if everything is paid."""
    _take(session, record, rules.Action.WITHDRAW, command, actor, at)
    if isinstance(record, ChangeOrder) and record.project.contract is not None:
        warranties.open_when_paid(session, record.project.contract, paid_on=clock.today(at), actor=actor, at=at)


def of_project(session: Session, project: Project) -> list[ChangeOrder]:
    """The change orders of a project, oldest first."""
    return list(
        session.scalars(select(ChangeOrder).where(ChangeOrder.project_id == project.id).order_by(ChangeOrder.id))
    )


def delays_of(session: Session, project: Project) -> list[DelayNotice]:
    """The delays that were agreed, oldest first."""
    query = select(DelayNotice).where(DelayNotice.project_id == project.id).order_by(DelayNotice.id)
    return list(session.scalars(query))


def open_stop(session: Session, project: Project) -> WorkStop | None:
    """The last stop of works that no delay form names yet; None: there is none."""
    named = {notice.stop_id for notice in delays_of(session, project) if notice.state != delay_notice.State.WITHDRAWN}
    return next((stop for stop in reversed(project.stops) if stop.id not in named), None)


def signed_total(session: Session, project: Project) -> Decimal:
    """Yuan by which signed change orders moved the contract."""
    query = select(func.sum(ChangeOrder.amount)).where(
        ChangeOrder.project_id == project.id, ChangeOrder.state == rules.State.SIGNED
    )
    return session.scalar(query) or Decimal("0.00")


def mid_payment(session: Session, contract: Contract) -> Decimal:
    """Yuan still to pay at the mid-term: its instalment and the signed changes, which are settled with it (4.6).

    Nothing once the final payment is in: what was open then is in that.
    """
    if contract.project is None or contract.has_final_payment:
        return Decimal("0.00")
    agreed = sum((term.amount for term in contract.terms if term.kind == PaymentKind.MID), Decimal("0.00"))
    paid = sum(
        (each.amount for each in contract.payments if each.kind in (PaymentKind.MID, PaymentKind.CHANGE)),
        Decimal("0.00"),
    )
    return max(agreed + signed_total(session, contract.project) - paid, Decimal("0.00"))


def _begin(session: Session, record: R, action: str, command: Any, actor: User, at: datetime) -> R:
    steps.check_possible(record, action)
    record.number = numbering.next_number(session, record.PREFIX, at)
    said = steps.entered_of(command)
    steps.begin(session, record, action, actor=actor, at=at, entered=said)
    return record


def _take(
    session: Session, record: ChangeOrder | DelayNotice, action: str, command: Any, actor: User, at: datetime
) -> None:
    steps.check_permission(actor, record.PROCESS.transition(record.state, action))
    entered = {name: cleaned(value) for name, value in steps.entered_of(command).items()}
    for name, value in entered.items():
        setattr(record, name, value)
    steps.advance(session, record, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered))
    session.flush()


def _check_day(day: date, at: datetime) -> None:
    if day > clock.today(at):
        raise Invalid({"signed_on": N_("This day is still to come.")})


def _move_finish(session: Session, project: Project, days: int, reason: str, actor: User, at: datetime) -> None:
    """The planned finish moves; where none is planned yet, the days are counted when the start is set (`agreed_days`)."""
    if not days:
        return
    if project.planned_finish_on is not None:
        value = {"planned_finish_on": project.planned_finish_on + timedelta(days=days)}
        apply(session, project, value, projects.FIELDS, actor=actor, at=at, reason=reason)
    call_plan.replan(session, project, at=at)
