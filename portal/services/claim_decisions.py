"""The manager's word on a clock that was met without signal, and what follows from it. Source: DL-22, `domain.md` 4.18."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models.field_entry import DeadlineClaim
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.services import claims, penalty_misses


def decide(session: Session, claim: DeadlineClaim, *, accept: bool, actor: User, at: datetime) -> list[PenaltyEntry]:
    """Accept or refuse; with the miss goes the penalty that was proposed for it. Raises DomainError: decided before.

    Gives the penalties that were decided before and stand although their ground is gone.
    """
    claims.decide(session, claim, accept=accept, actor=actor, at=at)
    if not accept:
        return []
    return penalty_misses.call_off(session, claim.task, met_at=claim.met_at, actor=actor, at=at)
