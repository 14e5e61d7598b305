"""When a captain goes where: visits agreed, moved, and lying on each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, settings
from portal.errors import DomainError, Invalid, Stale
from portal.i18n import N_
from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.permissions import Permission, Role, may
from portal.processes.repair import State
from portal.services import steps
from portal.services.fields import apply
from portal.services.repairs.common import FIELDS, visible_to

PLANNED = frozenset({State.ASSIGNED, State.ON_SITE, State.QUOTED, State.REPAIRING, State.DONE})
"""A visit can be agreed or moved."""
MOST_CARRIED = 30
"""Jobs that a phone keeps; nobody visits more in two days."""


@dataclass(frozen=True, slots=True)
class MoveVisit:
    """Another time for the visit. None: none is agreed any more."""

    appointment_at: datetime | None
    overlap_reason: str | None = None
    version: int | None = None
    """The one the person saw; None: whatever it is."""


def move_visit(session: Session, order: RepairOrder, command: MoveVisit, *, actor: User, at: datetime) -> None:
    """Another time for the visit; whoever is concerned and did not do it is told. Raises Invalid, Stale."""
    if command.version not in (None, order.version):
        raise Stale()
    if not may(actor, Permission.REPAIR_PLAN):
        raise DomainError(N_("Your role does not plan visits."), status=403)
    if order.state not in PLANNED or order.captain is None:
        raise DomainError(N_("A visit is agreed once the repair is assigned and until the customer has signed."))
    check_overlap(session, order, order.captain, command.appointment_at, command.overlap_reason)
    lies_on = command.appointment_at and overlapping(session, order.captain, command.appointment_at, but=order)
    values = {
        "appointment_at": command.appointment_at,
        "overlap_reason": command.overlap_reason if lies_on else None,
    }
    if apply(session, order, values, FIELDS, actor=actor, at=at):
        steps.announce(session, order, "visit-moved", ("captain", "owner"), actor=actor, at=at)


def captains(session: Session, branch_id: int | None) -> list[User]:
    """The active repair captains who see a branch, by name."""
    query = select(User).where(User.role == Role.REPAIR_CAPTAIN, User.disabled_at.is_(None))
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query.order_by(User.name, User.id)))


def to_carry(session: Session, captain: User, *, at: datetime) -> list[RepairOrder]:
    """What a captain's phone keeps for places without signal: open jobs up to tomorrow, and those without a time yet."""
    until = clock.at_local(clock.today(at) + timedelta(days=2), 0, 0)
    mine = visible_to(captain).where(
        RepairOrder.captain_id == captain.id,
        RepairOrder.closed_at.is_(None),
        or_(RepairOrder.appointment_at.is_(None), RepairOrder.appointment_at < until),
    )
    return list(session.scalars(mine.order_by(RepairOrder.appointment_at, RepairOrder.id).limit(MOST_CARRIED)))


def overlapping(
    session: Session, captain: User, appointment_at: datetime, *, but: RepairOrder | None = None
) -> list[RepairOrder]:
    """Repairs whose visit by the captain is still to come or going on and lies too near to a time.

    A visit has no planned end; how long one takes is the setting `repair_visit_minutes`.
    """
    near = timedelta(minutes=int(settings.get(session, "repair_visit_minutes")))
    query = select(RepairOrder).where(
        RepairOrder.captain_id == captain.id,
        RepairOrder.state.in_(sorted(PLANNED)),
        RepairOrder.appointment_at > appointment_at - near,
        RepairOrder.appointment_at < appointment_at + near,
    )
    if but is not None:
        query = query.where(RepairOrder.id != but.id)
    return list(session.scalars(query.order_by(RepairOrder.appointment_at)))


def visits_on(session: Session, user: User, day: date, captain: User | None = None) -> list[RepairOrder]:
    """The visits of a day that the person sees, by captain and in the order they are made."""
    query = visible_to(user).where(
        RepairOrder.appointment_at >= clock.at_local(day),
        RepairOrder.appointment_at < clock.at_local(day + timedelta(days=1)),
        RepairOrder.state.not_in((State.DECLINED, State.COMPLAINT)),
    )
    if captain is not None:
        query = query.where(RepairOrder.captain_id == captain.id)
    found = session.scalars(query.options(joinedload(RepairOrder.captain)))
    return sorted(
        found, key=lambda order: (order.captain.name if order.captain else "", order.appointment_at, order.id)
    )


def check_overlap(
    session: Session, order: RepairOrder, captain: User, appointment_at: datetime | None, reason: str | None
) -> None:
    if appointment_at is None or reason:
        return
    if found := overlapping(session, captain, appointment_at, but=order):
        numbers = "、".join(each.number for each in found)
        raise Invalid(
            {"overlap_reason": N_("Too near to %(numbers)s. Choose another time, or say why.") % {"numbers": numbers}}
        )
