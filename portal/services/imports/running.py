"""Dry run, run and undo of an import. A run is one transaction: all rows or none."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from portal import outbox
from portal.db import transaction
from portal.errors import DomainError
from portal.files.store import Store
from portal.i18n import N_, Text, _
from portal.imports import progress
from portal.imports.mapping import Kind
from portal.imports.plan import Plan
from portal.imports.reading import Sheet
from portal.models.event import EventKind
from portal.models.importing import ImportRun, ImportState
from portal.models.org import User
from portal.services import events
from portal.services.imports import check, plan_of, record_writing, refuse, sheet_of, writing
from portal.services.imports import undo as undoing
from portal.services.imports.kinds import RECORD_KINDS, demand
from portal.services.imports.record_writing import RowsRefused
from portal.services.imports.writing import Progress

REFUSED = N_("The database refuses the rows.")
CHANGED = N_("The portal changed since the check. Look at the questions again.")


def carry_out(
    session: Session, run: ImportRun, plan: Plan, *, actor: User, at: datetime, progress: Progress | None = None
) -> dict[str, int]:
    """Write everything the plan says, in the caller's transaction. Gives what was made and changed, by kind of record.

    Raises RowsRefused when services refuse rows of a list.
    """
    if kind := RECORD_KINDS.get(plan.kind):
        return record_writing.carry_out(session, run, plan, kind, actor=actor, at=at, progress=progress)
    return writing.carry_out(session, run, plan, actor=actor, at=at, progress=progress)


class _RolledBack(Exception):
    """Ends a dry run: everything was written, nothing stays."""


def kept_error(error: Text | str, detail: object = "") -> str:
    """How a run keeps an error: the message id, and on the next line what only the machine says."""
    message = error.message if isinstance(error, Text) else error
    return f"{message}\n{detail}"[:1000] if detail else message


def error_text(run: ImportRun) -> str:
    """The run's error in the present language."""
    message, _line, detail = (run.error or "").partition("\n")
    return f"{_(message)} {detail}".strip() if message else ""


def dry_run(run_id: int, sheet: Sheet, *, at: datetime) -> dict[str, int]:
    """Write everything in a transaction of its own and roll it back. Gives what would be made, by kind of record.

    Keeps the outcome with the run. Raises DomainError when the plan has open questions or the database refuses it.
    """
    made: dict[str, int] = {}
    refused = ""
    try:
        with transaction() as session:
            run = session.get_one(ImportRun, run_id)
            actor = session.get_one(User, run.updated_by_id)
            plan = plan_of(session, run, sheet, actor)
            if not plan.is_ready:
                raise DomainError(_not_ready(plan))
            made = carry_out(session, run, plan, actor=actor, at=at)
            raise _RolledBack
    except _RolledBack:
        pass
    except RowsRefused as error:
        _ask_about(run_id, error, sheet, at=at)
        raise
    except (IntegrityError, StatementError) as error:
        refused = kept_error(REFUSED, error.orig or error)
    with transaction() as session:
        run = session.get_one(ImportRun, run_id)
        run.counts = {**run.counts, "proved": None if refused else made}
        run.error = refused or None
    if refused:
        raise DomainError(REFUSED)
    return made


def _ask_about(run_id: int, refused: RowsRefused, sheet: Sheet, *, at: datetime) -> None:
    """What the services refuse becomes questions of the run."""
    with transaction() as session:
        run = session.get_one(ImportRun, run_id)
        if run.state == ImportState.RUNNING:
            run.state = ImportState.PREVIEWED
        actor = session.get_one(User, run.confirmed_by_id or run.updated_by_id)
        refuse(session, run, refused.refusals, sheet, actor=actor, at=at)
        run.error = kept_error(refused.message)


def _not_ready(plan: Plan) -> Text:
    return N_("Answer the open questions first.") if plan.questions else N_("There is nothing to import.")


def confirm(session: Session, run: ImportRun, *, actor: User, at: datetime) -> None:
    """Have the worker carry the import out. Raises DomainError unless every question is answered."""
    demand(actor, Kind(run.kind))
    if run.state != ImportState.READY:
        raise DomainError(N_("Answer the open questions first."))
    if not run.counts.get("proved"):
        raise DomainError(N_("There is nothing to import."))
    run.state = ImportState.RUNNING
    run.confirmed_by_id = run.updated_by_id = actor.id
    run.updated_at, run.rows_done, run.error = at, 0, None
    events.record(session, EventKind.IMPORT, action="confirm", actor=actor, at=at, record=run)
    outbox.post(
        session, "import_run", key=f"import_run:{run.id}:{at.isoformat()}", at=at, made_by_id=actor.id, run_id=run.id
    )  # fmt: skip


def execute(store: Store, run_id: int, *, at: datetime) -> None:
    """Carry a confirmed import out: all rows in one transaction, or none. Run again, it does nothing more.

    When the portal has changed so that questions arise, the run goes back to them; when the database refuses a row,
    the run is marked failed. In both cases nothing was written.
    """
    with transaction() as session:
        run = session.get_one(ImportRun, run_id)
        if run.state != ImportState.RUNNING:
            return
        session.expunge(run)
    try:
        sheet = sheet_of(store, run)
        with transaction() as session:
            run = session.get_one(ImportRun, run_id, with_for_update=True)
            if run.state != ImportState.RUNNING:
                return
            actor = session.get_one(User, run.confirmed_by_id)
            plan = plan_of(session, run, sheet, actor)
            if not plan.is_ready:
                check(session, run, sheet, actor=actor, at=at)
                run.error = kept_error(CHANGED)
                return
            made = carry_out(
                session, run, plan, actor=actor, at=at,
                progress=lambda done, total: progress.write(store.workspace, run_id, done, total),
            )  # fmt: skip
            run.state, run.finished_at, run.rows_done = ImportState.DONE, at, run.rows_total
            run.counts = {**run.counts, "made": made}
            events.record(session, EventKind.IMPORT, action="done", actor=actor, at=at, record=run, made=made)
    except RowsRefused as error:
        _ask_about(run_id, error, sheet, at=at)
    except DomainError as error:
        fail(run_id, kept_error(error.message), at=at)
    except (IntegrityError, StatementError) as error:
        fail(run_id, kept_error(REFUSED, error.orig or error), at=at)
    finally:
        progress.clear(store.workspace, run_id)


def fail(run_id: int, why: str, *, at: datetime) -> None:
    """Mark a run as failed; what it had begun was rolled back."""
    with transaction() as session:
        run = session.get_one(ImportRun, run_id)
        if run.state == ImportState.RUNNING:
            run.state, run.error, run.finished_at = ImportState.FAILED, why, at


def survey(session: Session, run: ImportRun) -> undoing.Survey:
    """What undoing would remove and put back, and what it would leave and why."""
    return undoing.survey(session, run)


def undo(session: Session, run: ImportRun, *, actor: User, at: datetime) -> undoing.Survey:
    """Take the whole run back, but for what was worked on since. Raises DomainError unless it is done."""
    demand(actor, Kind(run.kind))
    if run.state != ImportState.DONE:
        raise DomainError(N_("Only an import that is done can be undone."))
    found = undoing.undo(session, run, actor=actor, at=at)
    run.state, run.undone_at = ImportState.UNDONE, at
    run.updated_at, run.updated_by_id = at, actor.id
    run.counts = {**run.counts, "undone": found.counts()}
    events.record(session, EventKind.IMPORT, action="undone", actor=actor, at=at, record=run, counts=found.counts())
    return found
