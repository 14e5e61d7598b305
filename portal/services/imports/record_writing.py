"""Carries the plan of a list out: each row by the commands of the record's service, with a note for undoing it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from portal.errors import DomainError, Invalid
from portal.i18n import N_, Text
from portal.imports.mapping import NUMBER
from portal.imports.plan import Act, Plan, Step
from portal.imports.records import Refusal
from portal.models.event import EventKind
from portal.models.importing import ImportedRecord, ImportRun
from portal.models.org import User
from portal.services import events
from portal.services.imports import undo
from portal.services.imports.kinds import RecordKind
from portal.services.imports.trail import Touched, Trail

Progress = Callable[[int, int], None]
REFUSED = N_("The database refuses the row.")


class RowsRefused(DomainError):
    """Rows that the services of their records refuse; nothing was written."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__(N_("The portal's rules refuse some rows. Look at the questions."))
        self.refusals = refusals


def carry_out(
    session: Session, run: ImportRun, plan: Plan, kind: RecordKind, *, actor: User, at: datetime,
    progress: Progress | None = None,
) -> dict[str, int]:  # fmt: skip
    """Write everything the plan says, in the caller's transaction. Gives what was made and changed, by kind of record.

    Every row is tried, each by itself, so that all that is wrong is known at once. Raises RowsRefused at the end.
    """
    rows = [row for row in plan.rows if row.steps]
    refusals: list[Refusal] = []
    pending: list[Any] = session.info.setdefault("events", [])
    with Trail(session, tuple(undo.MODELS.values())) as trail:
        for index, row in enumerate(rows):
            trail.row = row.number
            said = len(pending)
            try:
                with session.begin_nested():
                    _write(session, kind, row.steps[0], actor, at)
            except (DomainError, IntegrityError, StatementError) as error:
                del pending[said:]
                refusals += _refusals(row.number, kind, error)
            if progress and index % 25 == 0:
                progress(index, len(rows))
        session.flush()
    if refusals:
        raise RowsRefused(refusals)
    touched = trail.touched()
    _note(session, run, touched, actor, at)
    if progress:
        progress(len(rows), len(rows))
    return _counts(touched)


def _write(session: Session, kind: RecordKind, step: Step, actor: User, at: datetime) -> None:
    values = dict(step.values)
    if step.act is Act.CREATE:
        kind.create(session, values, actor, at)
    elif kind.change is not None:
        record = session.get_one(kind.model, step.existing_id)
        kind.change(session, record, {key: _empty(kind, key, value) for key, value in values.items()}, actor, at)


def _empty(kind: RecordKind, key: str, value: Any) -> Any:
    """What a cleared cell means for the field: no value, or no."""
    return False if value is None and kind.is_yes_or_no(key) else value


def _refusals(row: int, kind: RecordKind, error: Exception) -> list[Refusal]:
    keys = {item.key for item in kind.fields}
    first = next(item.key for item in kind.fields if item.key != NUMBER)
    if isinstance(error, Invalid):
        said = error.fields.items()
    elif isinstance(error, DomainError):
        said = {"": error.message}.items()
    else:
        said = {"": REFUSED}.items()
    found: dict[str, Refusal] = {}
    for name, message in said:
        key = name if name in keys else NUMBER if name in ("username", "code", "receipt_no") else first
        text = message if isinstance(message, Text) else Text(str(message))
        found.setdefault(key, Refusal(row, key, (text.context, text.message, events.plain(text.values))))
    return list(found.values())


def _note(session: Session, run: ImportRun, touched: list[Touched], actor: User, at: datetime) -> None:
    for each in touched:
        record_kind = undo.kind_of(each.record)
        events.record(
            session, EventKind.IMPORT, action="create" if each.is_new else "fill", actor=actor, at=at,
            record=undo.told_at(each.record), run=run.number, row=each.row,
        )  # fmt: skip
        session.add(
            ImportedRecord(
                run_id=run.id,
                row_no=each.row,
                record_kind=record_kind,
                record_id=each.record.id,
                record_number=undo.number_of(each.record),
                version_after=getattr(each.record, "version", 0),
                before=None if each.is_new else each.changes,
            )
        )
    session.flush()


def _counts(touched: list[Touched]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for each in touched:
        kind = undo.kind_of(each.record)
        key = kind if each.is_new else f"{kind}.changed"
        counted[key] = counted.get(key, 0) + 1
    return counted
