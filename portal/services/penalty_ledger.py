"""The ledger of penalties and rewards by month: lines of decisions and reversals, sums, closing. Source: `domain.md` 3.20, 4.18."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, visibility
from portal.errors import DomainError, NotPermitted
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.ledger import LedgerLine, LedgerMonth
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.permissions import Permission, may
from portal.services import events

NOTHING = Decimal("0.00")
Shown = TypeVar("Shown")


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def after(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def book(
    session: Session,
    entry: PenaltyEntry | RewardEntry,
    *,
    decided_on: date,
    at: datetime,
    actor: User | None,
    reversal: bool = False,
) -> LedgerLine:
    """Write a decision in its month; is that closed, in the first open month after it. Corrections are lines too."""
    month = month_of(decided_on)
    closed = set(session.scalars(select(LedgerMonth.month).where(LedgerMonth.month >= month)))
    while month in closed:
        month = after(month)
    amount = entry.amount or NOTHING
    line = LedgerLine(
        branch_id=entry.branch_id,
        month=month,
        decided_on=decided_on,
        penalty_id=entry.id if isinstance(entry, PenaltyEntry) else None,
        reward_id=entry.id if isinstance(entry, RewardEntry) else None,
        is_reversal=reversal,
        amount=-amount if reversal else amount,
        booked_at=at,
        booked_by_id=actor.id if actor else None,
    )
    session.add(line)
    session.flush()
    return line


def close(session: Session, month: date, *, actor: User, at: datetime) -> LedgerMonth:
    """Close a month that is over, for all branches. Raises NotPermitted, DomainError: not over, closed before."""
    if not may(actor, Permission.PENALTY_DECIDE) or actor.branch_id is not None:
        raise NotPermitted(N_("A manager who sees every branch closes a month."))
    if month.day != 1 or month >= month_of(clock.today(at)):
        raise DomainError(N_("A month is closed once it is over."))
    if session.get(LedgerMonth, month) is not None:
        raise DomainError(N_("This month is closed already."))
    closed = LedgerMonth(month=month, closed_at=at, closed_by_id=actor.id)
    session.add(closed)
    events.record(session, EventKind.SETTING, action="ledger-closed", actor=actor, at=at, name=f"{month:%Y-%m}")
    session.flush()
    return closed


def lines(session: Session, user: User, month: date) -> Sequence[LedgerLine]:
    """The lines of a month that the person sees, in the order they were written."""
    query = (
        _seen(select(LedgerLine), user)
        .where(LedgerLine.month == month)
        .options(
            joinedload(LedgerLine.penalty).options(
                joinedload(PenaltyEntry.crew), joinedload(PenaltyEntry.party), joinedload(PenaltyEntry.user)
            ),
            joinedload(LedgerLine.reward).options(
                joinedload(RewardEntry.crew), joinedload(RewardEntry.party), joinedload(RewardEntry.user)
            ),
        )
    )
    return session.scalars(query.order_by(LedgerLine.id)).all()


def lines_of(session: Session, entry: PenaltyEntry | RewardEntry) -> list[LedgerLine]:
    """The lines about one penalty or reward: the decision, and what took it back."""
    link = LedgerLine.penalty_id if isinstance(entry, PenaltyEntry) else LedgerLine.reward_id
    return list(session.scalars(select(LedgerLine).where(link == entry.id).order_by(LedgerLine.id)))


def months(session: Session, user: User) -> list[date]:
    """The months that have lines for the person, newest first."""
    return sorted(session.scalars(_seen(select(LedgerLine.month), user).distinct()), reverse=True)


@dataclass(frozen=True, slots=True)
class Total:
    """How many lines and how much, in yuan, of one person, department or kind."""

    name: str
    count: int
    amount: Decimal


def totals(found: Iterable[LedgerLine], name: Callable[[LedgerLine], str]) -> list[Total]:
    """The lines added up by a name, the largest first. A reversal takes its money back and does not count as a line."""
    counts: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    for line in found:
        counts[name(line)] += 0 if line.is_reversal else 1
        amounts[name(line)] += line.amount
    rows = [Total(key, counts[key], amounts[key]) for key in counts]
    return sorted(rows, key=lambda row: (-row.amount, -row.count, row.name))


def is_closed(session: Session, month: date) -> LedgerMonth | None:
    """Who closed the month and when; None: it is open."""
    return session.get(LedgerMonth, month)


def _seen(query: Select[Shown], user: User) -> Select[Shown]:
    """Only lines about penalties and rewards that the person sees."""
    return (
        query.outerjoin(PenaltyEntry, PenaltyEntry.id == LedgerLine.penalty_id)
        .outerjoin(RewardEntry, RewardEntry.id == LedgerLine.reward_id)
        .where(
            or_(
                and_(LedgerLine.penalty_id.is_not(None), visibility.condition(user, PenaltyEntry)),
                and_(LedgerLine.reward_id.is_not(None), visibility.condition(user, RewardEntry)),
            )
        )
    )
