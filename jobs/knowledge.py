"""At the beginning of the day articles that were approved for it are published. Source: 4.27."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import clock
from portal.services import knowledge
from portal.services.delivery import close_slot


def look(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Publish what takes effect by today."""
    at = clock.now()
    close_slot(session, schedule, slot, scope, at=at, result=str(knowledge.publish_due(session, at)))


HANDLERS = {"knowledge": look}
