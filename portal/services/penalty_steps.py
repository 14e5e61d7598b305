"""P18 penalties: deciding, carrying out, appealing; the last steps of rewards too. Rules: `processes/penalty.py`. Source: `domain.md` 4.18."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, outbox
from portal.calendar import compute_due
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.processes.penalty import EXECUTORS, MONEY, Action, Executor, Kind, is_own
from portal.services import calendars, penalties, penalty_ledger, steps

Entry = PenaltyEntry | RewardEntry
"""Rejecting, sending and carrying out are the same for rewards."""


@dataclass(frozen=True, slots=True)
class ApprovePenalty:
    """The decision: kind, yuan, days without orders; for other departments who confirmed it there, and when."""

    kind: str
    amount: Decimal | None = None
    suspended_from: date | None = None
    suspended_until: date | None = None
    confirmed_by: Party | None = None
    confirmed_at: datetime | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class RejectPenalty:
    """Why not."""

    decision: str


@dataclass(frozen=True, slots=True)
class SendPenalty:
    """To which department it went, and when."""

    executor: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class ExecutePenalty:
    """When it was carried out; the voucher or what else there is to say."""

    executed_at: datetime
    execution_note: str | None = None


@dataclass(frozen=True, slots=True)
class AppealPenalty:
    """What the person says against it, and when that was said."""

    appeal: str
    appealed_at: datetime


@dataclass(frozen=True, slots=True)
class DecideAppeal:
    """The result, with its reason."""

    appeal_result: str


def approve(session: Session, entry: PenaltyEntry, command: ApprovePenalty, *, actor: User, at: datetime) -> None:
    """Decide that it holds: it goes into the ledger, a suspension bars orders, a criticism is made known to everybody.

    Raises Invalid by field, ConditionsMissing while nobody of the other department confirmed it.
    """
    steps.check_permission(actor, entry.PROCESS.transition(entry.state, Action.APPROVE))
    _check_decision(session, entry, command, at)
    kind = Kind(command.kind)
    entry.kind = kind
    if entry.percent is None:
        entry.amount = command.amount if kind in MONEY else None
    if kind == Kind.ORDER_SUSPENSION:
        entry.suspended_from, entry.suspended_until = command.suspended_from, command.suspended_until
    entry.confirmed_by, entry.confirmed_at = command.confirmed_by, command.confirmed_at
    entry.confirmed_by_id = command.confirmed_by.id if command.confirmed_by else None
    entry.decision, entry.approved_by_id, entry.approved_at = command.decision, actor.id, at
    entry.appeal_until = compute_due(
        at, calendars.limit(session, "penalty_appeal_wd"), calendars.current(session)
    ).due_at
    take(session, entry, Action.APPROVE, command, actor, at, acted_by=command.confirmed_by)
    penalty_ledger.book(session, entry, decided_on=clock.today(command.confirmed_at or at), at=at, actor=actor)
    if kind == Kind.PUBLIC_CRITICISM:
        _make_known(session, entry, at)
    if kind == Kind.ORDER_SUSPENSION and entry.suspended_until is not None:
        _tell_of_its_end(session, entry, entry.suspended_until, at)


def reject(session: Session, entry: Entry, command: RejectPenalty, *, actor: User, at: datetime) -> None:
    """Decide that there is no penalty, or no reward."""
    steps.check_permission(actor, entry.PROCESS.transition(entry.state, Action.REJECT))
    entry.decision = command.decision
    take(session, entry, Action.REJECT, command, actor, at)


def send(session: Session, entry: Entry, command: SendPenalty, *, actor: User, at: datetime) -> None:
    """Pass it on to the department that carries it out."""
    _not_before(command.sent_at, entry.approved_at, "sent_at", N_("It was not decided yet then."))
    entry.executor, entry.sent_at = command.executor, command.sent_at
    take(session, entry, Action.SEND, command, actor, at)


def execute(session: Session, entry: Entry, command: ExecutePenalty, *, actor: User, at: datetime) -> None:
    """That department carried it out."""
    _not_before(command.executed_at, entry.sent_at, "executed_at", N_("It was not sent yet then."))
    entry.executed_at, entry.execution_note = command.executed_at, command.execution_note
    take(session, entry, Action.EXECUTE, command, actor, at)


def appeal(session: Session, entry: PenaltyEntry, command: AppealPenalty, *, actor: User, at: datetime) -> None:
    """Record that the person does not accept it; the manager decides again. Refused when it came too late."""
    _not_before(command.appealed_at, entry.approved_at, "appealed_at", N_("It was not decided yet then."))
    entry.appeal, entry.appealed_at = command.appeal, command.appealed_at
    take(session, entry, Action.APPEAL, command, actor, at, acted_by=entry.party)


def uphold(session: Session, entry: PenaltyEntry, command: DecideAppeal, *, actor: User, at: datetime) -> None:
    """The decision stands."""
    _decide_appeal(session, entry, Action.UPHOLD, command, actor, at)


def reverse(session: Session, entry: PenaltyEntry, command: DecideAppeal, *, actor: User, at: datetime) -> None:
    """The decision falls: a second line of the ledger takes the first one back."""
    _decide_appeal(session, entry, Action.REVERSE, command, actor, at)
    penalty_ledger.book(session, entry, decided_on=clock.today(at), at=at, actor=actor, reversal=True)
    if entry.kind == Kind.PUBLIC_CRITICISM:
        _make_known(session, entry, at)


def executor_of(entry: PenaltyEntry) -> Executor:
    """Which department carries this kind out."""
    return EXECUTORS.get(Kind(entry.kind), Executor.HR)


def confirmers(session: Session, entry: Entry) -> list[Party]:
    """Who confirms a penalty or a reward for another department: its heads, and HR."""
    return list(
        session.scalars(
            select(Party)
            .where(
                (Party.department == Department.HR)
                | ((Party.department == entry.department) & Party.is_head.is_(True)),
                Party.merged_into_id.is_(None),
                Party.status == "ACTIVE",
            )
            .order_by(Party.name, Party.id)
            .limit(100)
        )
    )


def confirmation_problems(
    session: Session, entry: Entry, confirmed_by: Party | None, confirmed_at: datetime | None, at: datetime
) -> dict[str, Any]:
    """What is wrong with who confirmed it for the other department and when, by field."""
    if (confirmed_by is None) is not (confirmed_at is None):
        return {"confirmed_at": N_("Who confirmed it and when: both or neither.")}
    if confirmed_at is not None and confirmed_at > at + steps.CLOCK_SLACK:
        return {"confirmed_at": N_("This moment lies in the future.")}
    if not (is_own(entry) if confirmed_by is None else confirmed_by in confirmers(session, entry)):
        return {"confirmed_by": N_("The head of the person's department or HR confirms it.")}
    return {}


def take(
    session: Session,
    entry: Entry,
    action: str,
    command: Any,
    actor: User,
    at: datetime,
    *,
    acted_by: Party | None = None,
) -> None:
    """Take a step with a command whose fields are on the entry already."""
    entered = steps.entered_of(command)
    session.flush()
    steps.advance(
        session, entry, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered), acted_by=acted_by
    )


# ---------- Parts ----------


def _check_decision(session: Session, entry: PenaltyEntry, command: ApprovePenalty, at: datetime) -> None:
    problems: dict[str, Any] = {}
    if command.kind in ("", Kind.BY_DECISION):
        problems["kind"] = N_("Say which kind of penalty it is.")
    elif command.kind != entry.kind and penalties.of_cause(session, entry.cause, kind=Kind(command.kind)) is not None:
        problems["kind"] = N_("For the same cause a penalty of this kind is there already.")
    if command.kind in MONEY and entry.percent is None and command.amount is None:
        problems["amount"] = N_("A penalty of this kind has an amount.")
    if command.kind == Kind.ORDER_SUSPENSION:
        first, last = command.suspended_from, command.suspended_until
        if first is None or last is None:
            problems["suspended_until"] = N_("A suspension has a first and a last day.")
        elif last < first:
            problems["suspended_until"] = N_("The last day lies before the first.")
    problems |= confirmation_problems(session, entry, command.confirmed_by, command.confirmed_at, at)
    if problems:
        raise Invalid(problems)


def _not_before(moment: datetime, earliest: datetime | None, name: str, sentence: Any) -> None:
    if earliest is not None and moment < earliest.replace(second=0, microsecond=0):  # forms know minutes
        raise Invalid({name: sentence})


def _decide_appeal(
    session: Session, entry: PenaltyEntry, action: str, command: DecideAppeal, actor: User, at: datetime
) -> None:
    steps.check_permission(actor, entry.PROCESS.transition(entry.state, action))
    entry.appeal_result = command.appeal_result
    entry.appeal_decided_by_id, entry.appeal_decided_at = actor.id, at
    take(session, entry, action, command, actor, at)


def _make_known(session: Session, entry: PenaltyEntry, at: datetime) -> None:
    outbox.post(session, "publish_criticism", key=f"criticism:{entry.id}:{entry.state}", at=at, entry_id=entry.id)


def _tell_of_its_end(session: Session, entry: PenaltyEntry, last: date, at: datetime) -> None:
    ends = clock.at_local(date.fromordinal(last.toordinal() + 1), 8, 0)
    outbox.post(
        session, "suspension_ended", key=f"suspension:{entry.id}", at=at, run_after=max(ends, at), entry_id=entry.id
    )
