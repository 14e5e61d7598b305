"""P18 penalties: deciding, carrying out, appealing; the last steps of rewards too. Rules: `processes/penalty.py`. Source: `domain.md` 4.18."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import clock, outbox
from portal.calendar import compute_due
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.approval import Approval
from portal.models.org import Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.processes.approval import Level
from portal.processes.penalty import EXECUTORS, MONEY, Action, Executor, Kind, is_own
from portal.services import approvals, calendars, penalties, penalty_ledger, standing_in, steps
from portal.services.approvals import TakeBack, Word

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
    """Why not; of the head of another department who said so, and when."""

    decision: str
    person: Party | None = None
    decided_at: datetime | None = None


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
    """Take down the manager's decision, and the word of the other department's head where it is known already.

    With the last word it takes it holds: it goes into the ledger, a suspension bars orders, a criticism is made known to
    everybody. A penalty that is changed after the manager's decision is decided anew. Raises Invalid by field.
    """
    steps.check_permission(actor, entry.PROCESS.transition(entry.state, Action.APPROVE))
    _check_decision(session, entry, command, at)
    kind = Kind(command.kind)
    before = _terms(entry)
    entry.kind = kind
    if entry.percent is None:
        entry.amount = command.amount if kind in MONEY else None
    if kind == Kind.ORDER_SUSPENSION:
        entry.suspended_from, entry.suspended_until = command.suspended_from, command.suspended_until
    entry.decision = command.decision or entry.decision
    asked = entry.approval
    if asked is None or asked.amount != entry.amount or (asked.deciders and _terms(entry) != before):
        asked = penalties.ask(session, entry, actor=actor, at=at)
    is_over = False
    if _waits_for(asked) == Level.MANAGER:
        is_over = approvals.approve(session, asked, Word(reason=command.decision), actor=actor, at=at)
    elif command.confirmed_by is None:
        raise Invalid({"confirmed_by": N_("The head of the person's department or HR confirms it.")})
    if command.confirmed_by is not None and not is_over:
        word = Word(command.confirmed_by, command.confirmed_at)
        is_over = approvals.approve(session, asked, word, actor=actor, at=at)
    if is_over:
        _holds(session, entry, asked, command, actor, at)


def consent(session: Session, entry: PenaltyEntry, word: Word, *, actor: User, at: datetime) -> None:
    """Take down a consent to the penalty as it was proposed. Raises DomainError while kind or amount are to be said."""
    if entry.kind == Kind.BY_DECISION or (entry.kind in MONEY and entry.amount is None):
        raise DomainError(N_("Kind and amount are decided on the page of the penalty."))
    command = ApprovePenalty(
        entry.kind, entry.amount, entry.suspended_from, entry.suspended_until, word.person, word.decided_at, word.reason
    )
    approve(session, entry, command, actor=actor, at=at)


def refuse(session: Session, entry: PenaltyEntry, word: Word, *, actor: User, at: datetime) -> None:
    """Take down a refusal: there is no penalty."""
    reject(session, entry, RejectPenalty(word.reason or "", word.person, word.decided_at), actor=actor, at=at)


def take_back(session: Session, entry: PenaltyEntry, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Consent is not asked for any more: what was proposed is called off."""
    assert entry.approval is not None
    approvals.take_back(session, entry.approval, command, actor=actor, at=at)
    entry.decision = command.reason
    steps.advance(session, entry, Action.CALL_OFF, actor=actor, at=at, entered={"decision": command.reason})


def _holds(
    session: Session, entry: PenaltyEntry, asked: Approval, command: ApprovePenalty, actor: User, at: datetime
) -> None:
    kind = Kind(entry.kind)
    last = asked.steps[-1]
    confirmed_by, confirmed_at = (last.party, last.decided_at) if last.level == Level.HEAD else (None, None)
    entry.confirmed_by, entry.confirmed_at = confirmed_by, confirmed_at
    entry.confirmed_by_id = confirmed_by.id if confirmed_by else None
    entry.approved_by_id, entry.approved_at = asked.steps[0].user_id or actor.id, at
    entry.appeal_until = compute_due(
        at, calendars.limit(session, "penalty_appeal_wd"), calendars.current(session)
    ).due_at
    take(session, entry, Action.APPROVE, command, actor, at, acted_by=confirmed_by)
    penalty_ledger.book(session, entry, decided_on=clock.today(confirmed_at or at), at=at, actor=actor)
    if kind == Kind.PUBLIC_CRITICISM:
        _make_known(session, entry, at)
    if kind == Kind.ORDER_SUSPENSION and entry.suspended_until is not None:
        _tell_of_its_end(session, entry, entry.suspended_until, at)


def reject(session: Session, entry: Entry, command: RejectPenalty, *, actor: User, at: datetime) -> None:
    """Decide that there is no penalty, or no reward."""
    steps.check_permission(actor, entry.PROCESS.transition(entry.state, Action.REJECT))
    if isinstance(entry, PenaltyEntry) and entry.approval is not None:
        word = Word(command.person, command.decided_at, command.decision)
        approvals.refuse(session, entry.approval, word, actor=actor, at=at)
    entry.decision = command.decision
    take(session, entry, Action.REJECT, command, actor, at, acted_by=command.person)


def send(session: Session, entry: Entry, command: SendPenalty, *, actor: User, at: datetime) -> None:
    """Pass it on to the department that carries it out."""
    _not_before(command.sent_at, entry.approved_at, "sent_at", N_("It was not decided yet then."))
    entry.executor, entry.sent_at = command.executor, command.sent_at
    take(session, entry, Action.SEND, command, actor, at)
    if isinstance(entry, PenaltyEntry) and entry.approval is not None:
        approvals.used(entry.approval, at)


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
    if entry.approval is not None:
        approvals.revoke(session, entry.approval, command.appeal_result, at=at)
    penalty_ledger.book(session, entry, decided_on=clock.today(at), at=at, actor=actor, reversal=True)
    if entry.kind == Kind.PUBLIC_CRITICISM:
        _make_known(session, entry, at)


def executor_of(entry: PenaltyEntry) -> Executor:
    """Which department carries this kind out."""
    return EXECUTORS.get(Kind(entry.kind), Executor.HR)


def confirmers(session: Session, entry: Entry, at: datetime) -> list[Party]:
    """Who confirms a penalty or a reward for another department: its heads, HR, and who stands in for them."""
    if isinstance(entry, PenaltyEntry) and entry.approval is not None:
        step = next((each for each in entry.approval.steps if each.level == Level.HEAD), None)
        if step is not None:
            return standing_in.people(session, step, at)
    return standing_in.of_level(session, Level.HEAD, entry.department)


def confirmation_problems(
    session: Session,
    entry: Entry,
    confirmed_by: Party | None,
    confirmed_at: datetime | None,
    at: datetime,
    *,
    may_follow: bool = False,
) -> dict[str, Any]:
    """What is wrong with who confirmed it for the other department and when, by field. `may_follow`: it may come later."""
    if (confirmed_by is None) is not (confirmed_at is None):
        return {"confirmed_at": N_("Who confirmed it and when: both or neither.")}
    if confirmed_at is not None and confirmed_at > at + steps.CLOCK_SLACK:
        return {"confirmed_at": N_("This moment lies in the future.")}
    if confirmed_by is None and may_follow:
        return {}
    if not (is_own(entry) if confirmed_by is None else confirmed_by in confirmers(session, entry, confirmed_at or at)):
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
    problems |= confirmation_problems(session, entry, command.confirmed_by, command.confirmed_at, at, may_follow=True)
    if problems:
        raise Invalid(problems)


def _terms(entry: PenaltyEntry) -> tuple[Any, ...]:
    return entry.kind, entry.amount, entry.suspended_from, entry.suspended_until


def _waits_for(asked: Approval) -> str | None:
    return asked.present.level if asked.present is not None else None


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
