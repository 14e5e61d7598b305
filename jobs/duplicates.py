"""The night's look for doubles: found beside everybody else, written in one short transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from jobs.outbox import Staged
from jobs.upkeep import SlotOf
from portal import clock
from portal.db import session as present_session
from portal.services import duplicates, merging
from portal.services.delivery import close_slot


class Duplicates(Staged):
    """Find pairs of records that may be one, and let what came late to a merged record follow to the kept one."""

    limit_seconds = 1800

    def prepare(self, session: Session, **ids: Any) -> SlotOf:
        """Nothing to write before."""
        return SlotOf(**ids)

    def act(self, prepared: SlotOf) -> duplicates.Search:
        """Read the tables; holds no lock."""
        return duplicates.search(present_session())

    def finish(self, session: Session, prepared: SlotOf, result: duplicates.Search) -> None:
        """Write what is new; a pair that is there stays as people left it."""
        at = clock.now()
        merging.follow_up(session, at=at)
        written = duplicates.write(session, result.pairs, at=at)
        close_slot(session, prepared.schedule, prepared.slot, prepared.scope, at=at, result=result.said(written))


HANDLERS = {"duplicates": Duplicates()}
