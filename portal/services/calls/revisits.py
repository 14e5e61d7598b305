"""The call that asks again after the measure of a liaison slip (复访). Source: `domain.md` 4.7, 5.1 C-3, 5.6.

What its answer does to the slip is `tickets.asked_again`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal import clock
from portal.i18n import N_
from portal.models.follow_up import FollowUpCall, FollowUpTicket, Revisit
from portal.processes.follow_up import CallStage
from portal.processes.follow_up_call import WAITING, Action, State
from portal.processes.follow_up_ticket import State as SlipState
from portal.services import call_plan
from portal.services.calls import windows
from portal.services.calls.common import advance

WENT_ON = N_("The slip went on without this call.")


def plan(session: Session, slip: FollowUpTicket, *, at: datetime) -> FollowUpCall:
    """Put the call of this round of a slip that is done into the queue of who follows it; planned before, it is given
    back as it is."""
    assert slip.revisit_due_at is not None, "the department reported it done"
    known = next((each for each in slip.revisits if each.round_no == slip.round_no), None)
    if known is not None:
        return known.call
    call = windows.plan_call(
        session, slip.project, CallStage.REVISIT, at=at, customer=slip.customer, owner=slip.owner,
        plan=call_plan.of_project(session, slip.project) if slip.project is not None else None,
        occurrence=windows.following(session, slip.project, CallStage.REVISIT),
    )  # fmt: skip
    call.window_from = clock.today(at)
    call.due_on = max(clock.today(slip.revisit_due_at), call.window_from)
    call.opened_kind, call.opened_id = FollowUpTicket.KIND, slip.id
    slip.revisits.append(Revisit(call=call, round_no=slip.round_no, due_at=slip.revisit_due_at))
    session.flush()
    return call


def call_off(session: Session, slip: FollowUpTicket, *, at: datetime) -> None:
    """The slip went on without the call; what was not made is not to be made any more."""
    for each in slip.revisits:
        if each.call.state in WAITING or each.call.state == State.UNREACHABLE:
            each.call.reason, each.call.next_at = WENT_ON.message, None
            advance(session, each.call, Action.GO_ON, {}, None, at)


def plan_missing(session: Session, *, at: datetime) -> int:
    """Plan the calls of slips that were done before there were such calls; gives how many."""
    known = select(Revisit.call_id).where(
        Revisit.slip_id == FollowUpTicket.id, Revisit.round_no == FollowUpTicket.round_no
    )
    query = select(FollowUpTicket).where(
        FollowUpTicket.state == SlipState.DONE,
        or_(FollowUpTicket.revisit_at.is_(None), FollowUpTicket.revisit_at < FollowUpTicket.done_at),
        FollowUpTicket.revisit_due_at.is_not(None),
        ~known.exists(),
    )
    slips = session.scalars(query.order_by(FollowUpTicket.id)).all()
    for slip in slips:
        plan(session, slip, at=at)
    return len(slips)
