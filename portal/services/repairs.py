"""P14 repairs: what people do with them and which they see. Rules: `processes/repair.py`. Source: `domain.md` 4.14."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.errors import DomainError, Invalid
from portal.i18n import N_, Text
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.org import Crew, PartyStatus, User
from portal.models.project import Project
from portal.models.repair import CostBearer, CostKind, RepairCost, RepairOrder, RepairSignature
from portal.permissions import Role
from portal.processes import complaint as complaint_rules
from portal.processes.repair import Action, CrewStatus, Executor, State, Urgency, fingerprint
from portal.services import assignment, complaints, consultations, numbering, steps, warranties

VISIT_HOURS = 2
"""Two visits of a captain closer than this are told to lie on each other; a visit has no planned end."""


def visible_to(user: User) -> Select[RepairOrder]:
    """The repairs that exist for this person."""
    return visibility.visible_to(user, RepairOrder)


@dataclass(frozen=True, slots=True)
class ReportRepair:
    """What the customer says; `project` is looked up in the archive, None: not known yet."""

    reporter: str
    phone: str
    address: str
    trade: str
    symptom: str
    urgency: str
    reported_at: datetime
    channel: str
    customer: Customer | None = None
    project: Project | None = None
    consultation: Consultation | None = None


@dataclass(frozen=True, slots=True)
class CheckRepair:
    """The archive was consulted: a person decides about the warranty and the crew."""

    in_warranty: str
    warranty_reason: str
    crew_status: str
    basis_told: str
    responsible_crew: Crew | None = None


@dataclass(frozen=True, slots=True)
class AssignRepair:
    """Who goes, and when the crew was phoned."""

    captain: User
    executor: str
    told_at: datetime
    appointment_at: datetime | None = None
    overlap_reason: str | None = None


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The captain goes with the own team, at the crew's cost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrive:
    """On site: cause and plan."""

    arrived_at: datetime
    cause: str
    plan: str
    planned_done_at: datetime
    plan_made_at: datetime


@dataclass(frozen=True, slots=True)
class Quote:
    """What it would cost the customer, in yuan."""

    quote_material: Decimal
    quote_labour: Decimal


@dataclass(frozen=True, slots=True)
class AnswerQuote:
    """What the customer said to the quote."""

    quote_answered_at: datetime
    quote_note: str


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the cost, in yuan."""

    kind: str
    what: str
    amount: Decimal
    bearer: str


@dataclass(frozen=True, slots=True)
class FinishRepair:
    """The work is done and the place is clean."""

    work_done: str
    done_at: datetime
    site_cleaned: bool | None
    costs: tuple[CostLine, ...] = ()
    has_no_costs: bool = False


@dataclass(frozen=True, slots=True)
class SignOff:
    """The customer signs what is written. `shown`: its words, `shown_hash`: `processes.repair.fingerprint` of it."""

    signed_by: str
    signed_at: datetime
    shown: str
    shown_hash: str
    attachment_id: int | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """What the customer is not content with."""

    defects: str


@dataclass(frozen=True, slots=True)
class CloseRepair:
    """The call after the repair (DL-23)."""

    follow_up_at: datetime
    follow_up_satisfied: bool
    follow_up_note: str | None = None


@dataclass(frozen=True, slots=True)
class Rework:
    """The customer is not satisfied in the call."""

    follow_up_at: datetime
    follow_up_note: str


@dataclass(frozen=True, slots=True)
class Complain:
    """Late, refused or repeated: it goes on as a complaint."""

    why_complaint: str
    demand: str


def report(session: Session, command: ReportRepair, *, actor: User, at: datetime) -> RepairOrder:
    """Register a repair; the specialist is told at once, with URGENT the captains too. Raises Invalid by field."""
    branch_id = _branch(command, actor)
    entered = steps.entered_of(command)
    order = RepairOrder(
        number=numbering.next_number(session, RepairOrder.PREFIX, at),
        branch_id=branch_id,
        owner=assignment.owner_for(session, customer=command.customer, actor=actor, branch_id=branch_id),
        consultation_id=command.consultation.id if command.consultation else None,
        **{name: value for name, value in entered.items() if name != "consultation"},
    )
    order.rework_of = _earlier(session, command, at)
    steps.begin(session, order, Action.REPORT, actor=actor, at=at, entered=steps.said_of(entered))
    if command.consultation is not None:
        consultations.case_written(session, command.consultation, actor=actor, at=at)
    if command.urgency == Urgency.URGENT:
        steps.announce(session, order, "urgent", ("captains",), actor=actor, at=at)
    return order


def check(session: Session, order: RepairOrder, command: CheckRepair, *, actor: User, at: datetime) -> None:
    """Note what the archive says; what the dates would say stays with the certificate. Raises Invalid by field."""
    if command.crew_status == CrewStatus.ACTIVE and command.responsible_crew is None:
        raise Invalid({"responsible_crew": N_("Choose the crew, or say that it has left.")})
    _verdict, order.certificate = warranties.verdict(
        session, order.project, order.trade, clock.local(order.reported_at).date()
    )
    order.in_warranty, order.warranty_reason = command.in_warranty, command.warranty_reason
    order.crew_status, order.responsible_crew = command.crew_status, command.responsible_crew
    order.basis_told = command.basis_told
    _advance(session, order, Action.CHECK, command, actor, at)


def assign(session: Session, order: RepairOrder, command: AssignRepair, *, actor: User, at: datetime) -> None:
    """The crew was phoned: DL-22 counts from that moment, the captain is told. Raises Invalid by field."""
    _check_captain(command.captain)
    _check_overlap(session, order, command.captain, command.appointment_at, command.overlap_reason)
    order.captain, order.executor, order.told_at = command.captain, command.executor, command.told_at
    order.appointment_at, order.overlap_reason = command.appointment_at, command.overlap_reason
    _advance(session, order, Action.ASSIGN, command, actor, at)


def take_over(session: Session, order: RepairOrder, command: TakeOver, *, actor: User, at: datetime) -> None:
    """DL-22 was missed: the captain goes with the own team at the crew's cost."""
    step = order.PROCESS.transition(order.state, Action.TAKE_OVER)
    steps.check_permission(actor, step)
    if unmet := order.PROCESS.unmet(step, order, entered=True):
        raise steps.ConditionsMissing([guard.label for guard in unmet])
    _advance(session, order, Action.TAKE_OVER, command, actor, at)
    order.executor, order.taken_over_at, order.take_over_reason = Executor.CAPTAIN_TEAM, at, command.reason


def arrive(session: Session, order: RepairOrder, command: Arrive, *, actor: User, at: datetime) -> None:
    """On site with cause and plan: DL-22 is met when the plan is made. Raises Invalid by field."""
    if command.plan_made_at < command.arrived_at:
        raise Invalid({"plan_made_at": N_("The plan is made after the arrival.")})
    order.arrived_at, order.cause, order.plan = command.arrived_at, command.cause, command.plan
    order.planned_done_at, order.plan_made_at = command.planned_done_at, command.plan_made_at
    _advance(session, order, Action.ARRIVE, command, actor, at)


def start(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> None:
    """Begin: it is free of charge."""
    session.flush()
    steps.advance(session, order, Action.START, actor=actor, at=at, entered={})


def quote(session: Session, order: RepairOrder, command: Quote, *, actor: User, at: datetime) -> None:
    """Say what it would cost; the customer decides."""
    order.quote_material, order.quote_labour = command.quote_material, command.quote_labour
    order.quote_accepted = None
    _advance(session, order, Action.QUOTE, command, actor, at)


def accept(session: Session, order: RepairOrder, command: AnswerQuote, *, actor: User, at: datetime) -> None:
    """The customer accepts the quote."""
    _answer(order, command, accepted=True)
    _advance(session, order, Action.ACCEPT, command, actor, at)


def decline(session: Session, order: RepairOrder, command: AnswerQuote, *, actor: User, at: datetime) -> None:
    """The customer declines the quote: the repair ends without work."""
    _answer(order, command, accepted=False)
    order.closed_at = at
    _advance(session, order, Action.DECLINE, command, actor, at)


def finish(session: Session, order: RepairOrder, command: FinishRepair, *, actor: User, at: datetime) -> None:
    """Work done, costs noted, place clean; now the customer looks at it. Raises Invalid by field."""
    problems: dict[str, Text | str] = {}
    if any(line.amount < 0 for line in command.costs):
        problems["costs"] = N_("A cost is not below zero.")
    if command.costs and command.has_no_costs:
        problems["has_no_costs"] = N_("There are lines of cost.")
    if problems:
        raise Invalid(problems)
    order.work_done, order.done_at = command.work_done, command.done_at
    order.site_cleaned, order.has_no_costs = bool(command.site_cleaned), command.has_no_costs
    order.costs = [
        RepairCost(kind=CostKind(line.kind), what=line.what, amount=line.amount, bearer=CostBearer(line.bearer))
        for line in command.costs
    ]
    _advance(session, order, Action.FINISH, command, actor, at)


def sign_off(session: Session, order: RepairOrder, command: SignOff, *, actor: User, at: datetime) -> None:
    """The customer signed. A signature for other words than those that stand there now is kept and does not count."""
    if command.rating is not None and not 1 <= command.rating <= 5:
        raise Invalid({"rating": N_("One to five.")})
    steps.check_permission(actor, order.PROCESS.transition(order.state, Action.SIGN_OFF))
    if command.shown_hash != fingerprint(order):
        raise DomainError(N_("The text changed while the customer was reading it. Show it again and have it signed."))
    order.signatures.append(
        RepairSignature(
            signed_by=command.signed_by,
            signed_at=command.signed_at,
            shown=command.shown,
            shown_hash=command.shown_hash,
            attachment_id=command.attachment_id,
            recorded_by_id=actor.id,
        )
    )
    order.signed_by, order.signed_at, order.rating = command.signed_by, command.signed_at, command.rating
    _advance(session, order, Action.SIGN_OFF, command, actor, at)


def reject(session: Session, order: RepairOrder, command: Reject, *, actor: User, at: datetime) -> None:
    """The customer is not content: the repair goes on."""
    order.defects = command.defects
    _advance(session, order, Action.REJECT, command, actor, at)


def close(session: Session, order: RepairOrder, command: CloseRepair, *, actor: User, at: datetime) -> None:
    """The customer is satisfied: the repair is filed and counts for the rating of the crew (R-17)."""
    order.follow_up_at, order.follow_up_satisfied = command.follow_up_at, command.follow_up_satisfied
    order.follow_up_note, order.closed_at = command.follow_up_note, at
    _advance(session, order, Action.CLOSE, command, actor, at)


def rework(session: Session, order: RepairOrder, command: Rework, *, actor: User, at: datetime) -> None:
    """The customer is not satisfied: it is done again and counts as rework."""
    order.follow_up_at, order.follow_up_satisfied = command.follow_up_at, False
    order.follow_up_note = command.follow_up_note
    order.rework_count += 1
    _advance(session, order, Action.REWORK, command, actor, at)


def complain(session: Session, order: RepairOrder, command: Complain, *, actor: User, at: datetime) -> Complaint:
    """Late, refused or repeated: a complaint goes on with what is known, the repair ends."""
    made = complaints.register(
        session,
        complaints.RegisterComplaint(
            complainant=order.reporter,
            phone=order.phone,
            phase=complaint_rules.Phase.AFTER_SALE,
            category=complaint_rules.Category.REPAIR,
            subject=order.symptom[:100],
            content=f"{order.number}：{order.symptom}\n{command.why_complaint}",
            demand=command.demand,
            received_at=at,
            channel=order.channel,
            customer=order.customer,
            project=order.project,
        ),
        actor=actor,
        at=at,
    )
    order.complaint_id, order.closed_at = made.id, at
    _advance(session, order, Action.COMPLAIN, command, actor, at)
    return made


def signature_is_void(order: RepairOrder) -> bool:
    """Whether the last signature stands for other words than those that are written now."""
    return bool(order.signatures) and order.signatures[-1].shown_hash != fingerprint(order)


def captains(session: Session, branch_id: int | None) -> list[User]:
    """The active repair captains who see a branch, by name."""
    query = select(User).where(User.role == Role.REPAIR_CAPTAIN, User.disabled_at.is_(None))
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query.order_by(User.name, User.id)))


def overlapping(
    session: Session, captain: User, appointment_at: datetime, *, but: RepairOrder | None = None
) -> list[RepairOrder]:
    """Open repairs of the captain whose visit lies too near to a time."""
    near = timedelta(hours=VISIT_HOURS)
    query = select(RepairOrder).where(
        RepairOrder.captain_id == captain.id,
        RepairOrder.closed_at.is_(None),
        RepairOrder.appointment_at > appointment_at - near,
        RepairOrder.appointment_at < appointment_at + near,
    )
    if but is not None:
        query = query.where(RepairOrder.id != but.id)
    return list(session.scalars(query.order_by(RepairOrder.appointment_at)))


def crew_status_now(crew: Crew | None) -> str:
    """How a crew stands today; without a crew, or one that is not active, it is as good as departed."""
    return CrewStatus.ACTIVE if crew is not None and crew.status == PartyStatus.ACTIVE else CrewStatus.DEPARTED


def _check_captain(captain: User) -> None:
    if captain.role not in (Role.REPAIR_CAPTAIN, Role.MANAGER) or not captain.is_active:
        raise Invalid({"captain": N_("Only an active repair captain can be given a repair.")})


def _check_overlap(
    session: Session, order: RepairOrder, captain: User, appointment_at: datetime | None, reason: str | None
) -> None:
    if appointment_at is None or reason:
        return
    if found := overlapping(session, captain, appointment_at, but=order):
        numbers = "、".join(each.number for each in found)
        raise Invalid(
            {"overlap_reason": N_("Too near to %(numbers)s. Choose another time, or say why.") % {"numbers": numbers}}
        )


def _answer(order: RepairOrder, command: AnswerQuote, *, accepted: bool) -> None:
    order.quote_accepted = accepted
    order.quote_answered_at, order.quote_note = command.quote_answered_at, command.quote_note


def _earlier(session: Session, command: ReportRepair, at: datetime) -> RepairOrder | None:
    """The last repair of the same trade in the same home, when it was not long ago (3.16)."""
    if command.project is None:
        return None
    since = at - timedelta(days=int(settings.get(session, "repair_repeat_days")))
    query = select(RepairOrder).where(
        RepairOrder.project_id == command.project.id,
        RepairOrder.trade == command.trade,
        RepairOrder.state == State.CLOSED,
        RepairOrder.closed_at >= since,
    )
    return session.scalars(query.order_by(RepairOrder.closed_at.desc()).limit(1)).first()


def _branch(command: ReportRepair, actor: User) -> int | None:
    for source in (command.project, command.customer):
        if source is not None and source.branch_id is not None:
            return source.branch_id
    return actor.branch_id


def _advance(session: Session, order: RepairOrder, action: str, command: Any, actor: User, at: datetime) -> None:
    entered = steps.entered_of(command)
    said = {name: value for name, value in entered.items() if name not in _KEPT_APART}
    session.flush()
    steps.advance(session, order, action, actor=actor, at=at, entered=entered, said=steps.said_of(said))


_KEPT_APART = frozenset({"shown", "shown_hash", "attachment_id", "costs"})
"""What the event need not keep: it stands in rows of its own."""
