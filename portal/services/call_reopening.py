"""Calls that could not be reached are open again once the customer gets in touch. Source: `domain.md` 5.2.

Apart from `services/calls`, because contacts are noted by what that package leans on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, settings
from portal.models.follow_up import FollowUpCall
from portal.processes.follow_up import WINDOW_SETTINGS, CallStage
from portal.processes.follow_up_call import Action, State
from portal.services import steps


def anew(session: Session, call: FollowUpCall, at: datetime) -> None:
    """The stage has its window again from today; tries before count no more."""
    setting = WINDOW_SETTINGS.get(CallStage(call.stage))
    call.again_until = clock.today(at) + timedelta(days=settings.get(session, setting)) if setting else None
    if call.about is not None and call.revisit is not None:
        call.revisit.due_at = at + timedelta(hours=settings.get(session, "slip_revisit_hours"))
        call.again_until = clock.today(call.revisit.due_at)
    if call.after is not None:
        call.after.due_at = at + timedelta(days=settings.get(session, "repair_call_days"))
    call.attempts_from, call.next_at = at, None


def contacted(session: Session, customer_id: int, *, at: datetime) -> int:
    """The customer got in touch: what could not be reached is to be called again. Gives how many calls."""
    query = select(FollowUpCall).where(FollowUpCall.customer_id == customer_id, FollowUpCall.state == State.UNREACHABLE)
    found = session.scalars(query).all()
    for call in found:
        anew(session, call, at)
        steps.advance(session, call, Action.OPEN, actor=None, at=at, entered={})
    return len(found)
