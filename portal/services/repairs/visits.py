"""When a captain goes where: visits agreed, moved, and lying on each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, formatting, settings, visibility
from portal.errors import DomainError, Invalid, NotFound, Stale
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.repair import RepairCostCase, RepairOrder, RepairVisit
from portal.permissions import Permission, Role, may
from portal.processes.repair import State
from portal.processes.repair_cost import State as CaseState
from portal.services import events, steps
from portal.services.fields import same
from portal.services.repairs.common import visible_to

PLANNED = frozenset({State.ASSIGNED, State.ON_SITE, State.QUOTED, State.REPAIRING, State.DONE})
"""A visit can be agreed or moved."""
VISITED = PLANNED - {State.ASSIGNED} | {State.SIGNED_OFF}
"""A visit can be noted beside the steps."""
VISIT_MINUTES = "repair_visit_minutes"
"""The setting that says how long a visit takes: it has no planned end."""
GOING_ON = and_(RepairVisit.came_at.is_not(None), RepairVisit.left_at.is_(None))
"""The captain is there."""
ACTUAL_COST_MISSING = RepairOrder.cost_case.has(RepairCostCase.state == CaseState.APPROVED)
"""The estimate of its cost case is approved; what it really cost is still to be noted (P15)."""
MOST_CARRIED = 30
"""Jobs that a phone keeps; nobody visits more in two days."""


@dataclass(frozen=True, slots=True)
class MoveVisit:
    """Another time for the visit. None: none is agreed any more."""

    appointment_at: datetime | None
    overlap_reason: str | None = None
    version: int | None = None
    """The one the person saw; None: whatever it is."""


@dataclass(frozen=True, slots=True)
class NoteVisit:
    """What a visit was. `visit_id`: which one; None: one more. `left_at` None: still there."""

    came_at: datetime
    left_at: datetime | None
    workers: str | None = None
    work: str | None = None
    visit_id: int | None = None
    version: int | None = None
    """The one of a known visit that the person saw; None: whatever it is."""


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
    before = order.appointment_at
    agree(session, order, command.appointment_at)
    found: dict[str, list[Any]] = {
        "appointment_at": [before, order.appointment_at],
        "overlap_reason": [order.overlap_reason, command.overlap_reason if lies_on else None],
    }
    changes = {name: pair for name, pair in found.items() if not same(*pair)}
    if not changes:
        return
    order.overlap_reason = found["overlap_reason"][1]
    order.updated_at, order.updated_by_id = at, actor.id
    events.record(session, EventKind.CHANGE, actor=actor, at=at, record=order, changes=changes)
    steps.announce(session, order, "visit-moved", ("captain", "owner"), actor=actor, at=at)


def captains(session: Session, branch_id: int | None) -> list[User]:
    """The active repair captains who see a branch, by name."""
    query = select(User).where(User.role == Role.REPAIR_CAPTAIN, User.disabled_at.is_(None))
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query.order_by(User.name, User.id)))


def to_carry(session: Session, captain: User, *, at: datetime) -> list[RepairOrder]:
    """What a captain's phone keeps for places without signal: open jobs up to tomorrow, those without a time yet, and
    where the captain is now, also if another visit is agreed for later; of closed ones those whose actual cost is missing."""
    until = clock.at_local(clock.today(at) + timedelta(days=2), 0, 0)
    mine = visible_to(captain).where(
        RepairOrder.captain_id == captain.id,
        or_(RepairOrder.closed_at.is_(None), ACTUAL_COST_MISSING),
        or_(RepairOrder.appointment_at.is_(None), RepairOrder.appointment_at < until, RepairOrder.visits.any(GOING_ON)),
    )
    return list(session.scalars(mine.order_by(RepairOrder.appointment_at, RepairOrder.id).limit(MOST_CARRIED)))


def overlapping(
    session: Session, captain: User, appointment_at: datetime, *, but: RepairOrder | None = None
) -> list[RepairOrder]:
    """Repairs whose visit by the captain is still to come or going on and lies too near to a time.

    A visit has no planned end; how long one takes is the setting `repair_visit_minutes`.
    """
    near = timedelta(minutes=int(settings.get(session, VISIT_MINUTES)))
    query = select(RepairOrder).where(
        RepairOrder.captain_id == captain.id,
        RepairOrder.state.in_(sorted(PLANNED)),
        RepairOrder.appointment_at > appointment_at - near,
        RepairOrder.appointment_at < appointment_at + near,
    )
    if but is not None:
        query = query.where(RepairOrder.id != but.id)
    return list(session.scalars(query.order_by(RepairOrder.appointment_at)))


def visits_on(session: Session, user: User, day: date, captain: User | None = None) -> list[RepairVisit]:
    """The visits of a day that the person sees, by captain and in the order they are made: agreed for it, or made on it."""
    begins, ends = clock.at_local(day), clock.at_local(day + timedelta(days=1))
    of_day = or_(
        and_(RepairVisit.planned_at >= begins, RepairVisit.planned_at < ends),
        and_(RepairVisit.planned_at.is_(None), RepairVisit.came_at >= begins, RepairVisit.came_at < ends),
    )
    query = visibility.visible_to(user, RepairVisit).where(of_day)
    if captain is not None:
        query = query.where(RepairVisit.captain_id == captain.id)
    found = session.scalars(query.options(joinedload(RepairVisit.captain), joinedload(RepairVisit.order)))
    return sorted(found, key=lambda visit: (visit.captain.name if visit.captain else "", visit.begins_at, visit.id))


def check_overlap(
    session: Session, order: RepairOrder, captain: User, appointment_at: datetime | None, reason: str | None
) -> None:
    """Raises Invalid when the captain has something else near that time and nobody said why."""
    if appointment_at is None or reason:
        return
    if found := overlapping(session, captain, appointment_at, but=order):
        numbers = "、".join(each.number for each in found)
        raise Invalid(
            {"overlap_reason": N_("Too near to %(numbers)s. Choose another time, or say why.") % {"numbers": numbers}}
        )


# ---------- What becomes of a visit ----------


def going_on(order: RepairOrder) -> RepairVisit | None:
    """The visit during which the captain is there, else the one that is to come; None: neither."""
    return next((visit for visit in order.visits if visit.is_going_on), to_come(order))


def to_come(order: RepairOrder) -> RepairVisit | None:
    """The visit that was agreed and did not take place yet; None: there is none."""
    return next((visit for visit in order.visits if visit.came_at is None and visit.left_at is None), None)


def agree(session: Session, order: RepairOrder, planned_at: datetime | None) -> None:
    """The time of the visit to come; None: no visit is to come."""
    visit = to_come(order)
    if planned_at is None:
        if visit is not None:
            order.visits.remove(visit)
    elif not any(other.is_going_on and other.planned_at == planned_at for other in order.visits):
        visit = visit or _another(order)
        visit.planned_at, visit.captain, visit.executor = planned_at, order.captain, order.executor
    session.flush()
    session.expire(order, ["appointment_at"])


def came(order: RepairOrder, came_at: datetime) -> None:
    """The captain is there: on the visit that was agreed, or unannounced."""
    visit = going_on(order) or _another(order)
    visit.came_at, visit.round_no = came_at, order.round_no
    visit.captain, visit.executor = order.captain, order.executor
    for photo in order.all_photos:  # taken at the door, before the arrival was noted
        if photo.visit is None and photo.round_no == order.round_no:
            photo.visit = visit


def left(order: RepairOrder, left_at: datetime, work: str, *, field: str) -> None:
    """The work is done and the captain goes. Raises Invalid at the field when that is before the arrival."""
    visit = going_on(order)
    last = order.visits[-1] if order.visits else None
    if visit is None and last is not None and last.round_no == order.round_no:
        last.work = last.work or work  # its times were noted beside the steps
        return
    visit = visit or _another(order)
    if visit.came_at is not None and left_at < visit.came_at:
        raise Invalid({field: N_("The captain came at %(time)s.") % {"time": formatting.stamp(visit.came_at)}})
    visit.left_at, visit.work, visit.round_no = left_at, work, order.round_no


def called_off(order: RepairOrder) -> None:
    """The repair ends: nobody comes any more."""
    visit = to_come(order)
    if visit is not None:
        order.visits.remove(visit)


def note_visit(session: Session, order: RepairOrder, command: NoteVisit, *, actor: User, at: datetime) -> RepairVisit:
    """Write down who was there from when to when and what was done: of a visit that is known, or of one more.

    The first arrival is a step of its own, from which DL-22 is met. Raises Invalid by field, NotFound, Stale.
    """
    if not may(actor, Permission.REPAIR_PLAN):
        raise DomainError(N_("Your role does not plan visits."), status=403)
    if order.state not in VISITED:
        raise DomainError(N_("Visits are noted from the first arrival until the repair is closed."))
    visit = _named(order, command.visit_id) if command.visit_id else None
    if visit is not None and command.version not in (None, visit.version):
        raise Stale()
    problems = _problems(order, visit, command, at)
    if problems:
        raise Invalid(problems)
    if visit is None:
        visit = _another(order)
        visit.captain, visit.executor = order.captain, order.executor
    before = _said(visit)
    visit.came_at, visit.left_at = command.came_at, command.left_at
    visit.workers, visit.work = command.workers, command.work
    visit.updated_at, visit.updated_by_id = at, actor.id
    order.updated_at, order.updated_by_id = at, actor.id
    session.flush()
    changes = {"visit": [before, _said(visit)]}
    events.record(session, EventKind.CHANGE, action="visit", actor=actor, at=at, record=order, changes=changes)
    return visit


def _named(order: RepairOrder, visit_id: int) -> RepairVisit:
    found = next((visit for visit in order.visits if visit.id == visit_id), None)
    if found is None:
        raise NotFound()
    return found


def _problems(order: RepairOrder, visit: RepairVisit | None, command: NoteVisit, at: datetime) -> dict[str, Text | str]:
    problems: dict[str, Text | str] = {}
    if command.came_at > at + steps.CLOCK_SLACK:
        problems["came_at"] = N_("This moment lies in the future.")
    if command.left_at is not None and command.left_at > at + steps.CLOCK_SLACK:
        problems["left_at"] = N_("This moment lies in the future.")
    elif command.left_at is not None and command.left_at < command.came_at:
        problems["left_at"] = N_("Nobody leaves before coming.")
    elif command.left_at is None and any(other.is_going_on for other in order.visits if other is not visit):
        problems["left_at"] = N_("Another visit is still going on.")
    elif command.left_at is None and visit is not None and visit.left_at is not None:
        problems["left_at"] = N_("When did the captain leave?")
    return problems


def _said(visit: RepairVisit) -> dict[str, Any] | None:
    if visit.came_at is None:
        return None
    return {
        "number": visit.number,
        "came_at": visit.came_at,
        "left_at": visit.left_at,
        "workers": visit.workers,
        "work": visit.work,
    }


def _another(order: RepairOrder) -> RepairVisit:
    """One more visit, numbered behind those that are there."""
    last = max((int(visit.number.rpartition("-")[2]) for visit in order.visits), default=0)
    visit = RepairVisit(number=f"{order.number}-{last + 1}", order_number=order.number, round_no=order.round_no)
    order.visits.append(visit)
    return visit
