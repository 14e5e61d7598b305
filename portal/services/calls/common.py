"""What the parts of P07 share: the rows a person sees, the hours for calls, carrying a step out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.calendar.hours import Intervals, parse_hours
from portal.models.customer import Customer
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import Party, User
from portal.processes import follow_up as asked
from portal.processes import follow_up_call as call_rules
from portal.services import steps


def visible_to(user: User) -> Select[FollowUpCall]:
    """The calls that exist for this person (R-20)."""
    return visibility.visible_to(user, FollowUpCall)


def tickets_visible_to(user: User) -> Select[FollowUpTicket]:
    """The liaison slips that exist for this person."""
    return visibility.visible_to(user, FollowUpTicket)


def call_hours(session: Session) -> Intervals:
    """When customers may be called at all; what lies between two spans is rest time."""
    return parse_hours(settings.get(session, "call_hours"))


def avoided(customer: Customer) -> Intervals:
    """When this customer does not want to be called."""
    return asked.avoided(customer.avoid_hours, customer.avoid_times)


def may_call_now(session: Session, customer: Customer, at: datetime) -> bool:
    """Whether the customer may be called at this moment."""
    return asked.may_call_at(clock.local(at), call_hours(session), avoided(customer))


def next_allowed(session: Session, customer: Customer, at: datetime) -> datetime:
    """The first moment from `at` on at which the customer may be called."""
    return asked.next_allowed(clock.local(at), call_hours(session), avoided(customer))


def advance(
    session: Session,
    record: Any,
    action: str,
    entered: Mapping[str, Any],
    actor: User | None,
    at: datetime,
    *,
    acted_by: Party | None = None,
    round_no: int | None = None,
) -> None:
    """Take a step of a call or slip; the history keeps what was entered."""
    session.flush()
    said = steps.said_of(entered)
    steps.advance(
        session, record, action, actor=actor, at=at, entered=entered, said=said, acted_by=acted_by, round_no=round_no
    )


def follow(session: Session, call: FollowUpCall, at: datetime) -> None:
    """A call in which something was not in order moves on with its slips, and with the repair that is done again."""
    S, A = call_rules.State, call_rules.Action
    if call.state in (S.DONE_UNSATISFIED, S.RESOLVED) and call.is_slip_escalated:
        advance(session, call, A.ESCALATE, {}, None, at)
    elif call.state == S.DONE_UNSATISFIED and call.are_slips_done:
        advance(session, call, A.RESOLVE, {}, None, at)
    elif call.state == S.RESOLVED and call.is_slip_reopened:
        advance(session, call, A.REOPEN_PROBLEM, {}, None, at)
    if call.state == S.RESOLVED and call.are_slips_verified:
        advance(session, call, A.CLOSE, {}, None, at)
