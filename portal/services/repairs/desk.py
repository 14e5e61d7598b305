"""From the request to the captain: registered, checked against the archive, assigned. Source: `domain.md` 4.14."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import settings
from portal.errors import Invalid, NotPermitted
from portal.i18n import N_
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.org import Crew, PartyStatus, User
from portal.models.project import Project
from portal.models.repair import RepairOrder, WarrantyCertificate
from portal.permissions import Permission, Role, may
from portal.processes.repair import PHOTO_OF, Action, CrewStatus, State, Urgency
from portal.services import assignment, consultations, events, numbering, steps, warranties
from portal.services.repairs import visits
from portal.services.repairs.checklists import checklist, word
from portal.services.repairs.common import advance
from portal.services.repairs.visits import check_overlap


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
    material: str | None = None


@dataclass(frozen=True, slots=True)
class CheckRepair:
    """The archive was consulted: a person decides about the warranty and the crew."""

    in_warranty: str
    warranty_reason: str
    crew_status: str
    basis_told: str
    responsible_crew: Crew | None = None
    certificate: WarrantyCertificate | None = None
    """None: the one of the project, where the project is known."""
    has_no_certificate: bool = False
    material: str | None = None


@dataclass(frozen=True, slots=True)
class AssignRepair:
    """Who goes, and when the crew was phoned."""

    captain: User
    executor: str
    told_at: datetime
    appointment_at: datetime | None = None
    overlap_reason: str | None = None


def report(
    session: Session, command: ReportRepair, *, actor: User, at: datetime, number: str | None = None
) -> RepairOrder:
    """Register a repair; the specialist is told at once, with URGENT the captains too. Raises Invalid by field.

    `number`: the one it has already; None: it gets the next.
    """
    branch_id = _branch(command, actor)
    entered = steps.entered_of(command)
    order = RepairOrder(
        number=number or numbering.next_number(session, RepairOrder.PREFIX, at),
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
    _consult(session, order, command)
    order.in_warranty, order.warranty_reason = command.in_warranty, command.warranty_reason
    order.crew_status, order.responsible_crew = command.crew_status, command.responsible_crew
    order.basis_told, order.material = command.basis_told, command.material or order.material
    advance(session, order, Action.CHECK, command, actor, at)


def assign(session: Session, order: RepairOrder, command: AssignRepair, *, actor: User, at: datetime) -> None:
    """The crew was phoned: DL-22 counts from that moment, the captain is told. Raises Invalid by field."""
    _check_captain(command.captain)
    check_overlap(session, order, command.captain, command.appointment_at, command.overlap_reason)
    order.captain, order.executor, order.told_at = command.captain, command.executor, command.told_at
    order.overlap_reason = command.overlap_reason
    order.photo_rules = {str(action): settings.get(session, f"repair_photo_{word(action)}") for action in PHOTO_OF}
    order.checks = checklist(session, order.trade)
    advance(session, order, Action.ASSIGN, command, actor, at)
    visits.agree(session, order, command.appointment_at)


def show_number(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> str:
    """The full number, for calling from the own job; written down as seen. Raises NotPermitted."""
    if order.captain_id != actor.id and not may(actor, Permission.CUSTOMER_UNMASK):
        raise NotPermitted(N_("Your role sees phone numbers masked."))
    purpose = str(N_("Call about the repair"))
    events.record(session, EventKind.VIEW, action="unmask", actor=actor, at=at, record=order, purpose=purpose)
    return order.phone


def number_of_contact(session: Session, contact: Consultation) -> str | None:
    """The number of the repair that was registered from a contact; None: there is none."""
    query = select(RepairOrder.number).where(RepairOrder.consultation_id == contact.id)
    return session.scalar(query.order_by(RepairOrder.id).limit(1))


def crew_status_now(crew: Crew | None) -> str:
    """How a crew stands today; without a crew, or one that is not active, it is as good as departed."""
    return CrewStatus.ACTIVE if crew is not None and crew.status == PartyStatus.ACTIVE else CrewStatus.DEPARTED


def _check_captain(captain: User) -> None:
    if captain.role not in (Role.REPAIR_CAPTAIN, Role.MANAGER) or not captain.is_active:
        raise Invalid({"captain": N_("Only an active repair captain can be given a repair.")})


def _consult(session: Session, order: RepairOrder, command: CheckRepair) -> None:
    """Note what the archive holds: the certificate named, else that of the project, else that there is none."""
    known = warranties.of_project(session, order.project_id) if order.project_id is not None else None
    order.certificate = command.certificate or known
    order.has_no_certificate = order.certificate is None and (
        command.has_no_certificate or order.project_id is not None
    )
    if order.certificate is not None and order.project_id is None:
        order.project, order.customer = order.certificate.project, order.customer or order.certificate.customer


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
