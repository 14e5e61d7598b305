"""What happens to calls and liaison slips by itself: windows that time opens, a missed window, a missed limit, leave to read that ends;
and to loans of files that are not back in time.

Source: 5.3, DL-08, DL-24, DL-28, R-20.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from portal import clock
from portal.services import archive_loans, call_plan, calls
from portal.services.calls import access, revisits, tickets
from portal.services.delivery import close_slot


def clock_missed(session: Session, *, task_id: int) -> None:
    """A clock of a call, a slip or a loan ran out; what follows is done once."""
    calls.missed(session, task_id, at=clock.now())
    tickets.limit_missed(session, task_id, at=clock.now())
    archive_loans.missed(session, task_id, at=clock.now())


def open_windows(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """The morning's look: what only time opens (one month after the acceptance, holidays, the warranty's regular calls),
    and slips that nobody asks about yet."""
    at = clock.now()
    opened = call_plan.open_due(session, at) + revisits.plan_missing(session, at=at)
    close_slot(session, schedule, slot, scope, at=at, result=str(opened))


def end_record_access(session: Session, *, access_id: int) -> None:
    """Leave to read call records is over."""
    access.end(session, access_id, at=clock.now())


HANDLERS: dict[str, Callable[..., None]] = {
    "call_windows": open_windows,
    "clock_missed": clock_missed,
    access.END: end_record_access,
}
