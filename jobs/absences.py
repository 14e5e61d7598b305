"""Midnight: whose leave begins and who is back. What is not done is with its own person again. Source: domain.md 3.23."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import clock
from portal.services import absences
from portal.services.delivery import close_slot


def look(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Write down who stands in today and tell those whom it concerns, once; days that nobody looked at are made up."""
    at = clock.now()
    changed = absences.settle(session, at)
    absences.tell_of_today(session, at)
    close_slot(session, schedule, slot, scope, at=at, result=str(changed))


HANDLERS = {"absences": look}
