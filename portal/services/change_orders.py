"""Change orders and delays: what the customer signs moves the money and the finish. Source: `domain.md` 3.7, 4.6.

Amounts in yuan, exact to the fen; days are calendar days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.contract import Contract, PaymentKind
from portal.models.event import EventKind
from portal.models.milestone import ChangeOrder, DelayNotice
from portal.models.org import User
from portal.models.project import Project, ProjectStage
from portal.services import call_plan, contracts, events, numbering, projects, warranties
from portal.services.fields import Field, apply, cleaned, link, money, stamp

FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "items": Field(N_("Added and left out")),
    "amount": money(N_("More or less (yuan)")),
    "extra_days": Field(N_("Extra days"), str),
    "designer_signed_by": Field(N_("Signed by the designer")),
    "foreman_signed_by": Field(N_("Signed by the foreman")),
    "pm_signed_by": Field(N_("Signed by the project manager")),
    "customer_signed_by": Field(N_("Signed by the customer")),
    "signed_on": Field(N_("Signed by the customer on")),
    "remarks": Field(N_("Remarks")),
}
OPEN = frozenset(
    {
        ProjectStage.ARCHIVED,
        ProjectStage.TO_DISPATCH,
        ProjectStage.DISPATCHED,
        ProjectStage.MATERIAL_CARD,
        ProjectStage.START_SET,
        ProjectStage.IN_PROGRESS,
        ProjectStage.SUSPENDED,
        ProjectStage.PRE_ACCEPTED,
        ProjectStage.ACCEPTED,
    }
)
"""Until the last money is in the works can still be changed."""


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
    """A later finish that the customer signed; `days` calendar days."""

    cause: str
    days: int
    customer_signed_by: str
    signed_on: date


def propose(session: Session, project: Project, command: Propose, *, actor: User, at: datetime) -> ChangeOrder:
    """Write a change order; nothing counts before it is signed. Raises Invalid, also once the works are settled."""
    _refuse_settled(project)
    if not command.amount and not command.extra_days:
        raise Invalid({"amount": N_("A change moves the money or the finish: say by how much.")})
    order = ChangeOrder(
        number=numbering.next_number(session, ChangeOrder.PREFIX, at),
        branch_id=project.branch_id,
        project_id=project.id,
        customer_id=project.customer_id,
        items=command.items.strip(),
        amount=command.amount,
        extra_days=command.extra_days,
        remarks=cleaned(command.remarks),
    )
    stamp(order, actor=actor, at=at)
    session.add(order)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=order)
    return order


def sign(session: Session, order: ChangeOrder, command: Sign, *, actor: User, at: datetime) -> None:
    """All four signed: the output value and the finish move with it, once. Raises Invalid; DomainError for a void contract."""
    project = order.project
    if order.signed_on is not None:
        raise Invalid({"order": N_("This change order is signed already.")})
    _refuse_settled(project)
    _check_day(command.signed_on, at)
    contract = project.contract
    if contract is None:
        raise Invalid({"contract": N_("The project has no contract yet.")})
    contracts.refuse_void(contract)
    value = contract.output_value + order.amount
    if value <= 0:
        raise Invalid({"contract": N_("More would be left out than the contract holds.")})
    values = {name: cleaned(getattr(command, name)) for name in command.__dataclass_fields__}
    apply(session, order, values, FIELDS, actor=actor, at=at)
    apply(session, contract, {"output_value": value}, contracts.FIELDS, actor=actor, at=at, reason=order.number)
    _move_finish(session, project, order.extra_days, order.number, actor, at)
    session.flush()
    warranties.open_when_paid(session, contract, paid_on=clock.today(at), actor=actor, at=at)


def delay(session: Session, project: Project, command: Delay, *, actor: User, at: datetime) -> DelayNotice:
    """Record an agreed later finish; the planned finish moves by its days. Raises Invalid."""
    _refuse_settled(project)
    _check_day(command.signed_on, at)
    if project.planned_finish_on is None:
        raise Invalid({"days": N_("No finish is planned yet, so it cannot move.")})
    notice = DelayNotice(
        project_id=project.id,
        cause=command.cause.strip(),
        days=command.days,
        customer_signed_by=command.customer_signed_by.strip(),
        signed_on=command.signed_on,
    )
    session.add(notice)
    _move_finish(session, project, command.days, command.cause, actor, at)
    session.flush()
    return notice


def of_project(session: Session, project: Project) -> list[ChangeOrder]:
    """The change orders of a project, oldest first."""
    return list(
        session.scalars(select(ChangeOrder).where(ChangeOrder.project_id == project.id).order_by(ChangeOrder.id))
    )


def delays_of(session: Session, project: Project) -> list[DelayNotice]:
    """The delays that were agreed, oldest first."""
    query = select(DelayNotice).where(DelayNotice.project_id == project.id).order_by(DelayNotice.signed_on)
    return list(session.scalars(query))


def signed_total(session: Session, project: Project) -> Decimal:
    """Yuan by which signed change orders moved the contract."""
    query = select(func.sum(ChangeOrder.amount)).where(
        ChangeOrder.project_id == project.id, ChangeOrder.signed_on.is_not(None)
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


def _refuse_settled(project: Project) -> None:
    if project.stage not in OPEN:
        raise Invalid({"project": N_("The works are not under way, so nothing of them can be changed.")})


def _check_day(day: date, at: datetime) -> None:
    if day > clock.today(at):
        raise Invalid({"signed_on": N_("This day is still to come.")})


def _move_finish(session: Session, project: Project, days: int, reason: str, actor: User, at: datetime) -> None:
    if not days or project.planned_finish_on is None:
        return
    value = {"planned_finish_on": project.planned_finish_on + timedelta(days=days)}
    apply(session, project, value, projects.FIELDS, actor=actor, at=at, reason=reason)
    call_plan.replan(session, project, at=at)
