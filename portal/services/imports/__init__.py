"""Imports of Excel ledgers: upload, match columns, answer questions, run, undo. Source: `domain.md` 3.1 to 3.3, 3.11.

The workbook is read outside the transactions (`sheet_of`), the plan is made inside, so that it fits what is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from portal import settings, visibility
from portal.errors import DomainError, Invalid
from portal.files.store import Store
from portal.i18n import N_
from portal.imports import mapping as columns
from portal.imports import reading, records
from portal.imports.asking import Answer, Question
from portal.imports.guard import Refused
from portal.imports.known import Rules
from portal.imports.mapping import ColumnMapping, Kind
from portal.imports.plan import Plan, make_plan
from portal.imports.reading import Sheet
from portal.imports.records import Refusal
from portal.imports.rows import Table
from portal.imports.texts import WRONG
from portal.models.attachment import StoredFile
from portal.models.event import EventKind
from portal.models.importing import ImportRow, ImportRun, ImportState
from portal.models.org import User
from portal.permissions import Role
from portal.services import assignment, events, numbering
from portal.services.fields import stamp
from portal.services.imports.kinds import RECORD_KINDS, demand
from portal.services.imports.known import Stored
from portal.services.imports.stored import question_to_json, row_to_json
from portal.services.imports.stored_records import StoredRecords

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHANGEABLE = frozenset(
    {ImportState.UPLOADED, ImportState.MAPPED, ImportState.PREVIEWED, ImportState.READY, ImportState.FAILED}
)


@dataclass(frozen=True, slots=True)
class Workbook:
    """An uploaded workbook that was read and kept."""

    sha256: str
    file_name: str
    size: int
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class SetMapping:
    """Which column is which field (`columns`: column number → field), values for all rows, who owns new customers.

    `empty_clears`: an empty cell of a list takes the value away; else it leaves it as it is.
    """

    columns: Mapping[int, str]
    constants: Mapping[str, str]
    owner_id: int | None = None
    empty_clears: bool = False


def visible_to(user: User) -> Select[ImportRun]:
    """The imports that exist for the person."""
    return visibility.visible_to(user, ImportRun)


# --- upload


def take(store: Store, content: bytes, file_name: str) -> Workbook:
    """Read an uploaded workbook and keep it. Raises Refused, with a sentence, and keeps nothing then."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        sheets = reading.read_workbook(Path(file.name), header_words=columns.header_words())
    name = Path(file_name.replace("\\", "/")).name.strip()[-200:] or "ledger.xlsx"
    return Workbook(store.put(content), name, len(content), sheets)


def sheet_of(store: Store, run: ImportRun) -> Sheet:
    """The run's sheet, read again from the kept file. Raises Refused when file or sheet are gone."""
    return _sheet(sheets_of(store, run), run.sheet)


def sheets_of(store: Store, run: ImportRun) -> tuple[Sheet, ...]:
    """All sheets of the run's file."""
    try:
        path = store.bring(run.file_sha256)
    except FileNotFoundError as error:
        raise Refused(N_("The uploaded file is gone. Upload it again.")) from error
    return reading.read_workbook(path, header_words=columns.header_words())


def _sheet(sheets: tuple[Sheet, ...], name: str) -> Sheet:
    for sheet in sheets:
        if sheet.name == name:
            return sheet
    raise Refused(N_("The workbook has no such sheet."))


def start(
    session: Session,
    workbook: Workbook,
    *,
    actor: User,
    at: datetime,
    kind: Kind | None = None,
    sheet_name: str | None = None,
) -> ImportRun:
    """Begin an import with one sheet of the workbook; without a name, the first that looks like the kind.

    The columns are guessed, or as they were matched the last time a sheet with this header came.
    """
    if sheet_name is not None:
        sheet = _sheet(workbook.sheets, sheet_name)
    else:
        fitting = [sheet for sheet in workbook.sheets if _fits(sheet, kind)]
        sheet = fitting[0] if fitting else _nearest(workbook, kind)
    kind = kind or columns.guess_kind(sheet)
    demand(actor, kind)
    if session.scalar(select(StoredFile.id).where(StoredFile.sha256 == workbook.sha256)) is None:
        session.add(StoredFile(sha256=workbook.sha256, size=workbook.size, mime=MIME, created_at=at))
    mark = columns.signature(sheet.headers.values())
    run = ImportRun(
        number=numbering.next_number(session, ImportRun.PREFIX, at),
        branch_id=actor.branch_id,
        kind=kind,
        file_name=workbook.file_name,
        file_sha256=workbook.sha256,
        sheet=sheet.name,
        header_row=sheet.header_row,
        header_signature=mark,
        mapping=_remembered(session, kind, mark) or _guessed(sheet, kind, actor),
        answers={},
        questions=[],
        state=ImportState.UPLOADED,
        counts={},
        rows_total=len(sheet.rows),
    )
    stamp(run, actor=actor, at=at)
    session.add(run)
    events.record(session, EventKind.IMPORT, action="upload", actor=actor, at=at, record=run, file=run.file_name)
    return run


def _nearest(workbook: Workbook, kind: Kind | None) -> Sheet:
    """The sheet that names most fields of the kind, the first of several; for no kind the first of all."""
    return workbook.sheets[0] if kind is None else max(workbook.sheets, key=lambda sheet: columns.fit(sheet, kind))


def _fits(sheet: Sheet, kind: Kind | None) -> bool:
    """Whether the sheet looks like the kind; for no kind in particular, like any."""
    if kind is None:
        return columns.fit(sheet, columns.guess_kind(sheet)) > 1
    return columns.guess_kind(sheet) is kind


def _remembered(session: Session, kind: Kind, mark: str) -> dict[str, Any] | None:
    earlier = session.scalars(
        select(ImportRun)
        .where(ImportRun.kind == kind, ImportRun.header_signature == mark, ImportRun.state != ImportState.UPLOADED)
        .order_by(ImportRun.id.desc())
        .limit(1)
    ).first()
    if earlier is None:
        return None
    kept = {key: value for key, value in earlier.mapping.items() if key not in ("refused", "empty_clears")}
    return {**kept, "remembered": earlier.number}


def _guessed(sheet: Sheet, kind: Kind, actor: User) -> dict[str, Any]:
    guessed = columns.guess(sheet, kind)
    missing = {key: text for key, text in columns.SUGGESTED_CONSTANTS[kind].items() if key not in guessed.values()}
    owner = actor.id if actor.role == Role.SPECIALIST else None
    return {"columns": {str(key): value for key, value in guessed.items()}, "constants": missing, "owner_id": owner}


# --- columns and answers


def mapping_of(run: ImportRun) -> ColumnMapping:
    """The run's stored mapping."""
    return ColumnMapping(
        {int(column): key for column, key in run.mapping.get("columns", {}).items()}, run.mapping.get("constants", {})
    )


def set_mapping(
    session: Session, run: ImportRun, command: SetMapping, sheet: Sheet, *, actor: User, at: datetime
) -> None:
    """Match the columns, then check every row. Raises Invalid when a needed field has no column or two have one."""
    _changeable(run)
    kind = Kind(run.kind)
    demand(actor, kind)
    fields = columns.FIELDS[kind]
    chosen = ColumnMapping(
        {column: key for column, key in command.columns.items() if key in fields and column in sheet.headers},
        {key: text for key, text in command.constants.items() if key in fields and text},
    )
    wrong = columns.problems(kind, chosen)
    if wrong:
        raise Invalid({str(index): problem for index, problem in enumerate(wrong)})
    owner_ids = {user.id for user in assignment.specialists(session, actor.branch_id)}
    run.mapping = {
        "columns": {str(column): key for column, key in chosen.columns.items()},
        "constants": dict(chosen.constants),
        "owner_id": command.owner_id if command.owner_id in owner_ids else None,
    }
    if command.empty_clears and not kind.is_ledger:
        run.mapping = {**run.mapping, "empty_clears": True}
    run.answers = run.answers or _earlier_answers(session, run)
    run.state = ImportState.MAPPED
    check(session, run, sheet, actor=actor, at=at)


def _earlier_answers(session: Session, run: ImportRun) -> dict[str, Any]:
    """Answers given when the very same file was imported before, for the same columns."""
    earlier = session.scalars(
        select(ImportRun)
        .where(
            ImportRun.file_sha256 == run.file_sha256,
            ImportRun.sheet == run.sheet,
            ImportRun.kind == run.kind,
            ImportRun.id != run.id,
        )
        .order_by(ImportRun.id.desc())
        .limit(1)
    ).first()
    if earlier is None or earlier.mapping.get("columns") != run.mapping["columns"]:
        return {}
    return dict(earlier.answers)


def answer(
    session: Session,
    run: ImportRun,
    answers: Mapping[str, Answer | None],
    sheet: Sheet,
    *,
    actor: User,
    at: datetime,
) -> None:
    """Take answers by question id (None takes one back), then check every row again."""
    _changeable(run)
    merged = {**run.answers, **{key: item.to_json() for key, item in answers.items() if item is not None}}
    for key, item in answers.items():
        if item is None:
            merged.pop(key, None)
    run.answers = merged
    _expect_refusals(run, merged)
    check(session, run, sheet, actor=actor, at=at)


def _expect_refusals(run: ImportRun, answers: Mapping[str, Any]) -> None:
    """An answer to a refusal that this run has not met yet (it comes with the file) counts like one it has."""
    known = {(refusal.row, refusal.field) for refusal in refusals_of(run)}
    told = [key.split(":") for key in answers if ":RULE:" in key]
    more = [
        [int(row), field, [None, WRONG["RULE"].message, {}]]
        for field, _code, row in (parts for parts in told if len(parts) == 3 and parts[2].isdecimal())
        if (int(row), field) not in known
    ]
    if more:
        run.mapping = {**run.mapping, "refused": [*run.mapping.get("refused", []), *more]}


def check(session: Session, run: ImportRun, sheet: Sheet, *, actor: User, at: datetime) -> Plan:
    """Plan every row against the portal as it is now; keep questions, rows and counts for the pages."""
    plan = plan_of(session, run, sheet, actor)
    run.questions = [question_to_json(question) for question in plan.questions]
    run.counts = plan.counts()
    run.rows_total = len(plan.rows)
    run.state = ImportState.PREVIEWED if plan.questions else ImportState.READY
    run.error = None
    run.updated_at, run.updated_by_id = at, actor.id
    session.flush()
    session.execute(delete(ImportRow).where(ImportRow.run_id == run.id))
    if plan.rows:
        session.execute(insert(ImportRow), [{"run_id": run.id, **row_to_json(row)} for row in plan.rows])
    return plan


def plan_of(session: Session, run: ImportRun, sheet: Sheet, viewer: User) -> Plan:
    """What the run would do now. Raises NotPermitted when the person may not import the kind."""
    code = Kind(run.kind)
    demand(viewer, code)
    if kind := RECORD_KINDS.get(code):
        table = Table(sheet, code, mapping_of(run), answers_of(run))
        return records.plan(
            table,
            kind.rule_for(viewer),
            StoredRecords(session, viewer, kind, table),
            empty_clears=bool(run.mapping.get("empty_clears")),
            refusals=refusals_of(run),
        )
    return make_plan(
        sheet,
        code,
        mapping_of(run),
        known=Stored(session, viewer),
        rules=Rules(settings.get(session, "grade_a_amount"), settings.get(session, "grade_b_amount")),
        answers=answers_of(run),
    )


def refuse(
    session: Session, run: ImportRun, refusals: list[Refusal], sheet: Sheet, *, actor: User, at: datetime
) -> Plan:
    """Keep which rows the services refused when they were tried: each becomes a question, anew if it was answered."""
    ids = {f"{refusal.field}:RULE:{refusal.row}" for refusal in refusals}
    run.answers = {key: answer for key, answer in run.answers.items() if key not in ids}
    kept = {(refusal.row, refusal.field): refusal for refusal in (*refusals_of(run), *refusals)}
    said = [[item.row, item.field, list(item.said)] for item in kept.values()]
    run.mapping = {**run.mapping, "refused": said}
    return check(session, run, sheet, actor=actor, at=at)


def refusals_of(run: ImportRun) -> list[Refusal]:
    """The rows that were refused when the run was tried last."""
    return [Refusal(row, key, tuple(said)) for row, key, said in run.mapping.get("refused", [])]


def answers_of(run: ImportRun) -> dict[str, Answer]:
    """The run's stored answers; what is no answer is passed over."""
    found = {}
    for key, data in run.answers.items():
        try:
            found[key] = Answer.from_json(data)
        except (ValueError, AttributeError):
            continue
    return found


def proposals(questions: list[Question]) -> dict[str, Answer]:
    """The proposed answer of every question that has one."""
    return {
        question.id: Answer(choice.action, choice.value, choice.row)
        for question in questions
        if (choice := question.proposal)
    }


def _changeable(run: ImportRun) -> None:
    if run.state not in CHANGEABLE:
        raise DomainError(N_("This import was confirmed already."))
