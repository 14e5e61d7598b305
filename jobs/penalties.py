"""What a missed deadline leads to beside being told. Source: `domain.md` 4.14 (DL-22), 4.18."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import clock
from portal.services import penalties


def propose_penalty(session: Session, *, task_id: int) -> None:
    """Propose what the manual has for this miss; a second run finds it proposed."""
    penalties.propose_for_miss(session, task_id, at=clock.now())


HANDLERS = {"propose_penalty": propose_penalty}
