"""Carries out confirmed imports on the fast worker."""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock
from portal.files.store import Store
from portal.models.importing import ImportRun, ImportState
from portal.services.imports import running


class RunImport(Staged):
    """One run. Its state is the key: a run that is done is not done again, however often this is called."""

    limit_seconds = 1800

    def prepare(self, session: Session, **ids: Any) -> int | None:
        """The run, unless there is nothing left to do."""
        run = session.get(ImportRun, ids["run_id"])
        return run.id if run is not None and run.state == ImportState.RUNNING else None

    def act(self, prepared: int) -> None:
        """All rows in one transaction, or none."""
        running.execute(Store.of(current_app.config["PORTAL"]), prepared, at=clock.now())

    def finish(self, session: Session, prepared: int, result: Any) -> None:
        """Nothing more to write: the run says itself that it is done."""

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """Say so where the person waits."""
        run = session.get(ImportRun, ids["run_id"])
        if run is not None and run.state == ImportState.RUNNING:
            run.state, run.error, run.finished_at = ImportState.FAILED, running.kept_error(error), clock.now()


HANDLERS = {"import_run": RunImport()}
