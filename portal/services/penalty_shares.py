"""Shares of a compensation or a loss in the ledger: to human resources for the wage, of crews to finance. Source: 4.10, 4.17, R-13.

They are not decided a second time: the leader's consent to the shares is the decision. Payroll is not calculated here (Q18).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import clock, settings
from portal.models.org import Crew, Party, User
from portal.models.penalty import PenaltyEntry
from portal.processes.penalty import Action, Executor, Kind, State
from portal.services import penalties, penalty_ledger, steps

RULE = "K-07"


def book(
    session: Session,
    record: Any,
    bearer: Party | Crew,
    amount: Decimal,
    *,
    cause: str,
    evidence: Mapping[str, Any],
    decided_on: date,
    approved_by: User | None,
    paid_at: datetime,
    at: datetime,
) -> PenaltyEntry:
    """Write a share into the ledger and send it on; once per cause, however often it is called. Yuan.

    A person's goes to human resources and is recovered in the month of `paid_at` (DL-16), a crew's to finance (R-13).
    """
    is_crew = isinstance(bearer, Crew)
    entry = penalties.propose(
        session,
        rule=RULE,
        kind=Kind.COMPENSATION_SHARE,
        party_id=bearer.foreman_id if isinstance(bearer, Crew) else bearer.id,
        crew_id=bearer.id if is_crew else None,
        record=record,
        cause=cause,
        evidence=evidence,
        amount=amount,
        at=at,
        is_decided=True,
    )
    if entry.state != State.PROPOSED:
        return entry
    entry.approved_by_id, entry.approved_at, entry.sent_at = approved_by.id if approved_by else None, at, at
    entry.executor = Executor.FINANCE if is_crew else Executor.HR
    entry.recover_by = None if is_crew else recover_by(session, paid_at)
    action = Action.BOOK_DEDUCTION if is_crew else Action.BOOK_SHARE
    steps.advance(session, entry, action, actor=None, at=at, entered={}, said={"amount": amount})
    penalty_ledger.book(session, entry, decided_on=decided_on, at=at, actor=None)
    return entry


def recover_by(session: Session, paid_at: datetime) -> datetime:
    """Until when a share paid at that moment is recovered: the end of duty on the last day of that month, or later by setting."""
    day = clock.today(paid_at).replace(day=1)
    for _month in range(settings.get(session, "wage_recovery_months") + 1):
        day = penalty_ledger.after(day)
    hour, minute = map(int, str(settings.get(session, "working_day_ends")).split(":"))
    return clock.at_local(day - timedelta(days=1), hour, minute)
