"""P18 rewards: proposing, deciding, carrying out. Rules: `processes/reward.py`. Source: `domain.md` 3.20, 4.18."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock, outbox, visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import Crew, Party, User
from portal.models.reward import RewardEntry
from portal.processes.penalty import Executor
from portal.processes.reward import EXECUTORS, RULE, Action, Cause, Kind
from portal.services import events, numbering, penalties, penalty_ledger, penalty_proposing, penalty_steps, steps


@dataclass(frozen=True, slots=True)
class ProposeReward:
    """Who did well, and what: in the customer's words where it was praise. `amount` of a bonus in yuan."""

    person: Party | Crew | User
    reason: str
    words: str
    kind: str = Kind.PRAISE
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ApproveReward:
    """The decision: kind, yuan of a bonus; for other departments who confirmed it there, and when."""

    kind: str
    amount: Decimal | None = None
    confirmed_by: Party | None = None
    confirmed_at: datetime | None = None
    decision: str | None = None


def visible_to(user: User) -> Select[RewardEntry]:
    """The rewards that exist for this person."""
    return visibility.visible_to(user, RewardEntry)


def propose(
    session: Session,
    *,
    record: Any,
    person: Party | Crew | User,
    reason: Cause | str,
    words: str,
    at: datetime,
    actor: User | None = None,
    kind: Kind | str = Kind.PRAISE,
    amount: Decimal | None = None,
    cause: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> RewardEntry:
    """Propose a reward for what is known from a record: one of each kind per cause, however often it is called.

    `cause` None: this person, for this reason, at this record. `amount` of a bonus in yuan; None: the manager says it.
    `evidence` is kept as it is now, beside what the record is about. `actor` None: the portal. Managers are told.
    """
    cause = cause or f"reward:{record.KIND}:{record.id}:{person.KIND}:{person.id}:{reason}"
    if (known := of_cause(session, cause, kind)) is not None:
        return known
    crew = person if isinstance(person, Crew) else None
    user = person if isinstance(person, User) else None
    party_id = crew.foreman_id if crew else person.id if isinstance(person, Party) else None
    party = session.get(Party, party_id) if party_id is not None else None
    entry = RewardEntry(
        branch_id=record.branch_id,
        kind=Kind(kind),
        reason=Cause(reason),
        rule=RULE,
        crew_id=crew.id if crew else None,
        party_id=party_id,
        user_id=user.id if user else None,
        department=penalties.department_of(party, crew, user),
        record_kind=record.KIND,
        record_id=record.id,
        record_number=record.number,
        words=words,
        amount=amount,
        cause=cause,
        evidence=events.plain({**penalty_proposing.about(record), **(evidence or {})}),
        proposed_by_id=actor.id if actor else None,
    )
    try:
        with session.begin_nested():
            entry.number = numbering.next_number(session, RewardEntry.PREFIX, at)
            said = {"kind": entry.kind, "reason": entry.reason, "amount": entry.amount, "words": words}
            steps.begin(session, entry, Action.PROPOSE, actor=actor, at=at, entered=said)
    except IntegrityError:  # somebody else was proposing the same at the same moment
        known = of_cause(session, cause, kind)
        if known is None:
            raise
        return known
    return entry


def propose_by_hand(session: Session, record: Any, command: ProposeReward, *, actor: User, at: datetime) -> RewardEntry:
    """Propose what a colleague saw at a record. Raises Invalid by field: proposed before, an amount without a bonus."""
    if command.amount is not None and command.kind != Kind.BONUS:
        raise Invalid({"amount": N_("Only a bonus has an amount.")})
    person = command.person
    cause = f"hand:{record.KIND}:{record.id}:{person.KIND}:{person.id}:{command.reason}"
    if (known := of_cause(session, cause, command.kind)) is not None:
        raise Invalid({"person": N_("This was proposed already: %(number)s.") % {"number": known.number}})
    return propose(
        session, record=record, person=person, reason=command.reason, words=command.words, kind=command.kind,
        amount=command.amount, cause=cause, actor=actor, at=at,
    )  # fmt: skip


def approve(session: Session, entry: RewardEntry, command: ApproveReward, *, actor: User, at: datetime) -> None:
    """Decide that it is given: it goes into the ledger, and praise is made known to everybody.

    Raises Invalid by field, ConditionsMissing while nobody of the other department confirmed it.
    """
    steps.check_permission(actor, entry.PROCESS.transition(entry.state, Action.APPROVE))
    kind = Kind(command.kind)
    problems: dict[str, Any] = {}
    if kind == Kind.BONUS and command.amount is None:
        problems["amount"] = N_("A bonus has an amount.")
    elif kind != Kind.BONUS and command.amount is not None:
        problems["amount"] = N_("Only a bonus has an amount.")
    if kind != entry.kind and of_cause(session, entry.cause, kind) is not None:
        problems["kind"] = N_("For the same cause a reward of this kind is there already.")
    problems |= penalty_steps.confirmation_problems(session, entry, command.confirmed_by, command.confirmed_at, at)
    if problems:
        raise Invalid(problems)
    entry.kind, entry.amount = kind, command.amount
    entry.confirmed_by, entry.confirmed_at = command.confirmed_by, command.confirmed_at
    entry.confirmed_by_id = command.confirmed_by.id if command.confirmed_by else None
    entry.decision, entry.approved_by_id, entry.approved_at = command.decision, actor.id, at
    penalty_steps.take(session, entry, Action.APPROVE, command, actor, at, acted_by=command.confirmed_by)
    penalty_ledger.book(session, entry, decided_on=clock.today(command.confirmed_at or at), at=at, actor=actor)
    if kind == Kind.PRAISE:
        outbox.post(session, "publish_praise", key=f"praise:{entry.id}", at=at, entry_id=entry.id)


def executor_of(entry: RewardEntry) -> Executor:
    """Which department carries this kind out."""
    return EXECUTORS.get(Kind(entry.kind), Executor.HR)


def of_cause(session: Session, cause: str, kind: Kind | str) -> RewardEntry | None:
    """The reward of that kind that was proposed for a cause."""
    query = select(RewardEntry).where(RewardEntry.cause == cause, RewardEntry.kind == kind)
    return session.scalars(query).one_or_none()
