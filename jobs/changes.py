"""Carrying out changes of many records, and what a request that died has left of one of few."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock, i18n
from portal.models.change import ChangeRun, RunState
from portal.services.changes import runs


class CarryOut(Staged):
    """`carry_out_changes(run_id)`: what is left of a run, in short transactions of its own."""

    limit_seconds = 1800

    def prepare(self, session: Session, **ids: Any) -> tuple[int, str] | None:
        """None: it is done."""
        run = session.get(ChangeRun, ids["run_id"])
        return (run.id, run.locale) if run is not None and run.state == RunState.WORKING else None

    def act(self, prepared: tuple[int, str]) -> None:
        """Change what is left. A record that was changed is marked in the same transaction, so none is changed twice."""
        number, locale = prepared
        with i18n.use_locale(locale):
            runs.work(number, at=clock.now())

    def finish(self, session: Session, prepared: tuple[int, str], result: None) -> None:
        """Each transaction has written its own."""


HANDLERS: dict[str, Any] = {runs.OUTBOX_KIND: CarryOut()}
