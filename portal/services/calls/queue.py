"""What a person has to call: in the order it is due, and only when it may be called. Source: `domain.md` 5.1, 5.6."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, visibility
from portal.models.customer import Customer
from portal.models.follow_up import CallAnswer, FollowUpCall, FollowUpTicket, Revisit
from portal.models.org import User
from portal.models.project import Project
from portal.paths import record_path
from portal.processes import follow_up as asked
from portal.processes.follow_up import AttemptOutcome, CallStage
from portal.processes.follow_up_call import TALKED, WAITING
from portal.processes.follow_up_call import State as CallState
from portal.processes.follow_up_ticket import State as SlipState
from portal.services.calls.common import avoided, call_hours

DESK = "/specialist/calls"
MOST = 200
EARLIER = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to do: a call, or a slip whose call to ask again was cancelled and that somebody settles on its page."""

    record: FollowUpCall | FollowUpTicket
    stage: CallStage
    due_at: datetime | None
    ready_at: datetime
    """When it may be called next; not after now: it is offered."""
    is_ready: bool
    tries: int
    """Failed so far."""

    @property
    def number(self) -> str:
        """Of the call or slip."""
        return self.record.number

    @property
    def customer(self) -> Customer:
        """Who is called."""
        return self.record.customer

    @property
    def path(self) -> str:
        """Where it is done."""
        return (
            f"{DESK}/{self.number}"
            if isinstance(self.record, FollowUpCall)
            else record_path(self.record.KIND, self.number)
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the customer said before."""

    call: FollowUpCall
    low: list[CallAnswer]
    """Answers that led to something."""


def queue(session: Session, user: User, *, at: datetime) -> list[Line]:
    """What the person has to call about now and later: first what may be called, by due time, then the rest by time."""
    hours, lines = call_hours(session), []
    for call in _calls(session, user):
        ready = call.next_at if call.next_at is not None and call.next_at > at else at
        is_agreed = bool(call.attempts) and call.attempts[-1].outcome == AttemptOutcome.ASKED_LATER
        if not (is_agreed and call.next_at is not None):  # what was agreed with the customer holds at any hour
            ready = asked.next_allowed(clock.local(ready), hours, avoided(call.customer))
        tries = sum(1 for each in call.attempts if each.outcome in asked.FAILED)
        lines.append(Line(call, CallStage(call.stage), call.due_at, ready, ready <= at, tries))
    for slip in _slips(session, user):
        ready = asked.next_allowed(clock.local(at), hours, avoided(slip.customer))
        lines.append(Line(slip, CallStage.REVISIT, slip.revisit_due_at, ready, ready <= at, 0))
    far = datetime.max.replace(tzinfo=at.tzinfo)
    return sorted(
        lines,
        key=lambda line: (
            not line.is_ready, line.due_at or far if line.is_ready else line.ready_at, line.record.id,
        ),
    )  # fmt: skip


def following(lines: Sequence[Line], number: str | None = None) -> Line | None:
    """Who is called next, after one that is done; None: nobody is left who may be called now."""
    return next(
        (line for line in lines if line.is_ready and line.number != number and isinstance(line.record, FollowUpCall)),
        None,
    )


def earlier(session: Session, user: User, customer_id: int, *, but: int) -> list[Earlier]:
    """The last talks with a household and the answers in them that led to something."""
    query = (
        visibility.visible_to(user, FollowUpCall)
        .where(FollowUpCall.customer_id == customer_id, FollowUpCall.state.in_(sorted(TALKED)), FollowUpCall.id != but)
        .options(joinedload(FollowUpCall.script), joinedload(FollowUpCall.answers))
        .order_by(FollowUpCall.called_at.desc())
        .limit(EARLIER)
    )
    found = []
    for call in session.scalars(query).unique():
        items = {item["code"]: item for item in (call.script.items if call.script is not None else [])}
        low = [
            answer
            for answer in call.answers
            if answer.item_code in items and asked.leads_to(items[answer.item_code], answer.value, answer.score)
        ]
        found.append(Earlier(call, low))
    return found


def done_today(session: Session, user: User, *, at: datetime) -> int:
    """How many talks the person held today."""
    query = select(FollowUpCall.id).where(
        FollowUpCall.caller_id == user.id, FollowUpCall.called_at >= clock.at_local(clock.today(at))
    )
    return len(session.scalars(query.limit(MOST)).all())


def _calls(session: Session, user: User) -> Sequence[FollowUpCall]:
    query = (
        visibility.visible_to(user, FollowUpCall)
        .where(
            or_(visibility.turn_of(user, FollowUpCall.owner_id), FollowUpCall.owner_id.is_(None)),
            FollowUpCall.state.in_(sorted(WAITING)),
            FollowUpCall.window_from.is_not(None),
        )
        .options(
            joinedload(FollowUpCall.customer),
            joinedload(FollowUpCall.project).joinedload(Project.property),
            joinedload(FollowUpCall.attempts),
            joinedload(FollowUpCall.revisit),
            joinedload(FollowUpCall.after),
        )
        .order_by(FollowUpCall.due_on.asc().nulls_last(), FollowUpCall.id)
        .limit(MOST)
    )
    return session.scalars(query).unique().all()


def _slips(session: Session, user: User) -> Sequence[FollowUpTicket]:
    """Slips that are done and no call asks about: it was cancelled."""
    is_called = (
        select(Revisit.call_id)
        .join(FollowUpCall, FollowUpCall.id == Revisit.call_id)
        .where(
            Revisit.slip_id == FollowUpTicket.id,
            Revisit.round_no == FollowUpTicket.round_no,
            FollowUpCall.state != CallState.CANCELLED,
        )
        .exists()
    )
    query = (
        visibility.visible_to(user, FollowUpTicket)
        .where(
            or_(visibility.turn_of(user, FollowUpTicket.owner_id), FollowUpTicket.owner_id.is_(None)),
            FollowUpTicket.state == SlipState.DONE,
            or_(FollowUpTicket.revisit_at.is_(None), FollowUpTicket.revisit_at < FollowUpTicket.done_at),
            ~is_called,
        )
        .options(
            joinedload(FollowUpTicket.customer),
            joinedload(FollowUpTicket.project).joinedload(Project.property),
            joinedload(FollowUpTicket.call),
        )
        .order_by(FollowUpTicket.revisit_due_at.asc().nulls_last(), FollowUpTicket.id)
        .limit(MOST)
    )
    return session.scalars(query).all()
