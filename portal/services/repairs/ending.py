"""The customer signs or does not, the call after it, and what it becomes. Source: `domain.md` 4.14, DL-23, R-17."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.i18n import N_
from portal.models.complaint import Complaint
from portal.models.follow_up import FollowUpCall
from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.processes import complaint as complaint_rules
from portal.processes.follow_up_call import State as CallState
from portal.processes.repair import PAID, Action, Ground, StandsFor, State
from portal.services import complaints, steps, surveys
from portal.services.repairs import calling, visits
from portal.services.repairs.checklists import begin_round, tick
from portal.services.repairs.common import advance
from portal.services.repairs.reminders import COST_CASE, INTERIM_CALL, no_more, plan_call
from portal.services.repairs.signing import Signed, sign


@dataclass(frozen=True, slots=True)
class SignOff(Signed):
    """The customer signs what is written, and says how it was."""

    rating: int | None = None
    checks: tuple[int, ...] = ()


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
    """Late, refused or repeated (`ground`): it goes on as a complaint."""

    why_complaint: str
    demand: str
    ground: str


def sign_off(session: Session, order: RepairOrder, command: SignOff, *, actor: User, at: datetime) -> None:
    """The customer signed. A signature for other words than the record's is kept, is void, and the step is not taken."""
    if command.rating is not None and not 1 <= command.rating <= 5:
        raise Invalid({"rating": N_("One to five.")})
    steps.check_permission(actor, order.PROCESS.transition(order.state, Action.SIGN_OFF))
    if not sign(session, order, StandsFor.WORK, command, actor=actor, at=at):
        return
    order.signed_by, order.signed_at, order.rating = command.signed_by, command.signed_at, command.rating
    tick(order, Action.SIGN_OFF, command.checks, actor, at)
    advance(session, order, Action.SIGN_OFF, command, actor, at)
    calling.plan(session, order, at=at)
    calling.follow(session, order, at=at)
    surveys.after_repair(session, order, actor=actor, at=at)


def reject(session: Session, order: RepairOrder, command: Reject, *, actor: User, at: datetime) -> None:
    """The customer is not content: the repair goes on, in a new round with photos and checks of its own."""
    order.defects = command.defects
    advance(session, order, Action.REJECT, command, actor, at)
    begin_round(order)
    plan_call(session, order, at)


def close(session: Session, order: RepairOrder, command: CloseRepair, *, actor: User, at: datetime) -> None:
    """The customer is satisfied: the repair is filed and counts for the rating of the crew (R-17)."""
    _said(order, command)
    order.closed_at = at
    advance(session, order, Action.CLOSE, command, actor, at)
    calling.follow(session, order, at=at)


def rework(session: Session, order: RepairOrder, command: Rework, *, actor: User, at: datetime) -> None:
    """The customer is not satisfied: it is done again and counts as rework."""
    order.follow_up_at, order.follow_up_satisfied = command.follow_up_at, False
    order.follow_up_note = command.follow_up_note
    order.rework_count += 1
    advance(session, order, Action.REWORK, command, actor, at)
    begin_round(order)
    plan_call(session, order, at)
    calling.follow(session, order, at=at)


def heard(
    session: Session, call: FollowUpCall, said: CloseRepair, *, sends_back: bool, actor: User, at: datetime
) -> None:
    """The customer was called after the repair: content, it is closed once it is paid; to be repaired again, it goes back to
    the captain; else it waits until the liaison slips of the call are settled."""
    after = call.after
    if after is None or after.order.state != State.SIGNED_OFF:
        return
    if sends_back:
        after.is_sent_back = True
        rework(session, after.order, Rework(said.follow_up_at, said.follow_up_note or ""), actor=actor, at=at)
    else:
        _called(session, after.order, said, actor, at)


def settled(session: Session, call: FollowUpCall, *, actor: User | None, at: datetime) -> None:
    """The slips of the call are settled, so is the repair; where one became a complaint, the repair goes on as that."""
    order = call.repair
    if order is None or order.state != State.SIGNED_OFF or call.sent_back is not None:
        return
    if call.state == CallState.CLOSED and actor is not None:
        last = max(call.slips, key=lambda slip: slip.revisit_at or at)
        _called(session, order, CloseRepair(last.revisit_at or at, True, last.revisit_result), actor, at)
    elif call.state == CallState.ESCALATED:
        order.complaint_id = next(slip.complaint_id for slip in call.slips if slip.complaint_id is not None)
        order.complaint_ground, order.closed_at = Ground.REPEATED, at
        session.flush()
        steps.advance(session, order, Action.ESCALATED, actor=actor, at=at, entered={})


def _called(session: Session, order: RepairOrder, said: CloseRepair, actor: User, at: datetime) -> None:
    _said(order, said)
    advance(session, order, Action.CALLED, said, actor, at)
    if said.follow_up_satisfied and PAID.holds(order):
        close(session, order, said, actor=actor, at=at)


def _said(order: RepairOrder, said: CloseRepair) -> None:
    order.follow_up_at, order.follow_up_satisfied = said.follow_up_at, said.follow_up_satisfied
    order.follow_up_note = said.follow_up_note


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
    order.complaint_id, order.complaint_ground, order.closed_at = made.id, command.ground, at
    advance(session, order, Action.COMPLAIN, command, actor, at)
    visits.called_off(order)
    no_more(session, order, INTERIM_CALL, actor, at)
    no_more(session, order, COST_CASE, actor, at)
    calling.call_off(session, order, at=at)
    calling.follow(session, order, at=at)
    return made
