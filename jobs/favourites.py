"""The morning's look at favourites that tell their owner when they grow."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import clock
from portal.services import favourites
from portal.services.delivery import close_slot


def favourite_alerts(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Tell whoever asked for it that a list has more rows than it should."""
    at = clock.now()
    close_slot(session, schedule, slot, scope, at=at, result=f"{favourites.tell(session, at=at)}")


HANDLERS = {"favourite_alerts": favourite_alerts}
