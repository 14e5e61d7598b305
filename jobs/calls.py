"""What happens to calls and liaison slips by itself: a missed window, a missed limit, leave to read that ends. Source: DL-08, DL-28, R-20."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from portal import clock
from portal.services import calls
from portal.services.calls import access, tickets


def clock_missed(session: Session, *, task_id: int) -> None:
    """A clock of a call or slip ran out; what follows is done once."""
    calls.missed(session, task_id, at=clock.now())
    tickets.limit_missed(session, task_id, at=clock.now())


def end_record_access(session: Session, *, access_id: int) -> None:
    """Leave to read call records is over."""
    access.end(session, access_id, at=clock.now())


HANDLERS: dict[str, Callable[..., None]] = {"clock_missed": clock_missed, access.END: end_record_access}
