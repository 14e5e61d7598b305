"""Imports of Excel ledgers: upload, columns, questions, preview, run, undo."""

from __future__ import annotations

import io
import re
from typing import Any

from flask import current_app, flash, g, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.records import blueprint as bp
from blueprints.records import import_answers
from blueprints.records import import_words as words
from portal import clock
from portal.db import db, session, transaction
from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.files.store import Store
from portal.i18n import N_, _, _n
from portal.imports import errors_workbook, progress
from portal.imports.asking import Answer
from portal.imports.guard import Refused, column_letters
from portal.imports.mapping import FIELDS, Kind, guess_kind
from portal.imports.reading import Sheet
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.models.complaint import Complaint
from portal.models.importing import ImportRow, ImportRun, ImportState
from portal.permissions import Permission, may
from portal.services import assignment, imports, requests
from portal.services.imports import running, template
from portal.services.imports.kinds import BY_LIST, LEFT_OUT, offered
from portal.services.imports.record_writing import RowsRefused

PER_PAGE = 80
QUESTIONS_PER_PAGE = 25
SAMPLES = 3


def _store() -> Store:
    return Store.of(current_app.config["PORTAL"])


def _run(number: str) -> ImportRun:
    return get_or_404(imports.visible_to(g.user), ImportRun.number == number)


# --- upload and columns


@bp.route("/import-runs/new", methods=["GET", "POST"])
@requires(Permission.IMPORT_RUN)
def new_import_run() -> ResponseReturnValue:
    """Choose a workbook and what is in it."""
    error = ""
    if request.method == "POST":
        upload = request.files.get("file")
        try:
            if upload is None or not upload.filename:
                raise Refused(N_("Choose a workbook."))
            book = imports.take(_store(), upload.read(), upload.filename)
            return see_other(_begin(book, request.form.get("kind", "")))
        except (Refused, NotPermitted) as refusal:
            error = str(refusal)
    return page(
        "records/imports/new.html",
        kinds={kind: words.KINDS[kind] for kind in offered(g.user)},
        left_out=_left_out(),
        chosen=request.values.get("kind", ""),
        error=error,
        client_key=request.form.get("client_key") or requests.new_key(),
        status=422 if error else 200,
    )


def _left_out() -> list[tuple[str, str]]:
    """What takes no file, of the lists the person sees: (names, reason)."""
    names: dict[str, list[str]] = {}
    for kind, reason in LEFT_OUT.items():
        if may(g.user, LISTINGS[kind].permission):
            names.setdefault(str(reason), []).append(str(LISTINGS[kind].title))
    return [("、".join(titles), reason) for reason, titles in names.items()]


@bp.route("/import-runs/template.xlsx")
@requires(Permission.IMPORT_RUN)
def import_template() -> ResponseReturnValue:
    """An empty workbook of a kind to fill in."""
    kind = request.args.get("kind", "")
    if kind not in offered(g.user):
        raise NotFound()
    title = words.KINDS[Kind(kind)]
    content = template.write(session(), Kind(kind), viewer=g.user, title=title)
    name = f"{title}-{_('Template')}.xlsx"
    return send_file(io.BytesIO(content), mimetype=imports.MIME, as_attachment=True, download_name=name)


@bp.app_template_global()
def import_url(listing: Listing) -> str:
    """Where a workbook of the list's records is brought in; nothing for whoever may not make or change them."""
    made = BY_LIST.get(listing.kind)
    kind = made.kind if made else Kind.COMPLAINTS if listing.kind == Complaint.KIND else None
    if kind is None or g.get("user") is None or kind not in offered(g.user):
        return ""
    return f"/records/import-runs/new?kind={kind}"


def _begin(book: imports.Workbook, wanted: str = "", sheet: str | None = None) -> str:
    """Begin the import, once however often the form arrives; gives the page of its columns. `sheet` None: the one that fits."""
    at = clock.now()

    def act() -> str:
        kind = Kind(wanted) if wanted in set(Kind) else None
        made = imports.start(current, book, actor=g.user, at=at, kind=kind, sheet_name=sheet)
        return url_for(".import_columns", number=made.number)

    said = {"file": book.sha256, "name": book.file_name, "kind": wanted, "sheet": sheet}
    with transaction() as current:
        return requests.once(
            current, user=g.user, key=request.form.get("client_key"), content=said, at=at, act=act
        )  # fmt: skip


@bp.route("/import-runs/<number>/other-sheet", methods=["POST"])
@requires(Permission.IMPORT_RUN)
def import_other_sheet(number: str) -> ResponseReturnValue:
    """Begin another import from another sheet of the same file."""
    run = _run(number)
    sheets = imports.sheets_of(_store(), run)
    book = imports.Workbook(run.file_sha256, run.file_name, _store().size(run.file_sha256), sheets)
    return see_other(_begin(book, sheet=request.form.get("sheet", "")))


@bp.route("/import-runs/<number>/columns", methods=["GET", "POST"])
@requires(Permission.IMPORT_RUN)
def import_columns(number: str) -> ResponseReturnValue:
    """Say which column is which field."""
    run = _run(number)
    sheets = imports.sheets_of(_store(), run)
    sheet = next(item for item in sheets if item.name == run.sheet)
    wrong: list[str] = []
    mapping = run.mapping
    if request.method == "POST":
        command = _mapping_from(request.form)
        mapping = {
            "columns": {str(column): key for column, key in command.columns.items()},
            "constants": command.constants,
            "owner_id": command.owner_id,
            "empty_clears": command.empty_clears,
        }
        try:
            with transaction() as current:
                run = _run(number)
                imports.set_mapping(current, run, command, sheet, actor=g.user, at=clock.now())
            return _go_on(run, sheet)
        except Invalid as error:
            wrong = [str(message) for message in error.fields.values()]
    kind = Kind(run.kind)
    owners = assignment.specialists(db.session(), g.user.branch_id) if kind is Kind.CUSTOMERS else []
    return page(
        "records/imports/columns.html",
        fragment="form",
        status=422 if wrong else 200,
        run=run,
        kinds=words.KINDS,
        sheet=sheet,
        others=[
            (item.name, words.KINDS[guess_kind(item)], len(item.rows)) for item in sheets if item.name != run.sheet
        ],
        columns=[
            (number, column_letters(number), header, _samples(sheet, number))
            for number, header in sheet.headers.items()
        ],
        mapping=mapping,
        fields=FIELDS[kind].values(),
        constant_fields=[item for item in FIELDS[kind].values() if item.choices],
        terms={key: item.terms or words.TERMS.get(key) for key, item in FIELDS[kind].items() if item.choices},
        owner_options=[(user.id, user.name) for user in owners],
        owners=owners,
        is_list=not kind.is_ledger,
        wrong=wrong,
        new_key=requests.new_key,
        steps=_steps(run, "columns"),
    )


def _mapping_from(form: MultiDict[str, str]) -> imports.SetMapping:
    chosen = {
        int(name.removeprefix("column.")): key
        for name, key in form.items()
        if name.startswith("column.") and re.fullmatch(r"[0-9]{1,4}", name.removeprefix("column.")) and key
    }
    constants = {name.removeprefix("constant."): text for name, text in form.items() if name.startswith("constant.")}
    owner = form.get("owner_id", "")
    return imports.SetMapping(
        chosen,
        {key: text for key, text in constants.items() if text},
        int(owner) if owner.isdecimal() and len(owner) < 10 else None,
        "empty_clears" in form,
    )


def _samples(sheet: Sheet, column: int) -> list[str]:
    seen: dict[str, None] = {}
    for row in sheet.rows:
        if column in row.cells:
            seen.setdefault(row.cells[column].text[:40])
        if len(seen) >= SAMPLES:
            break
    return list(seen)


def _go_on(run: ImportRun, sheet: Sheet) -> ResponseReturnValue:
    """After a check: to the questions, or, when there are none, through the dry run to the preview."""
    if run.state == ImportState.PREVIEWED:
        return see_other(".import_questions", number=run.number)
    if run.state == ImportState.READY and run.counts.get("proved") is None:
        try:
            running.dry_run(run.id, sheet, at=clock.now())
        except RowsRefused as error:
            flash(str(error), "alert")
            return see_other(".import_questions", number=run.number)
        except DomainError as error:
            flash(str(error), "alert")
    return see_other(".import_run", number=run.number)


# --- questions


@bp.route("/import-runs/<number>/questions", methods=["GET", "POST"])
@requires(Permission.IMPORT_RUN)
def import_questions(number: str) -> ResponseReturnValue:
    """Answer what the ledger leaves unclear, one by one or all of a kind."""
    run = _run(number)
    groups = words.groups(run)
    wanted = request.form.get("group") or request.args.get("group")
    group = next((item for item in groups if item.key == wanted), None)
    if request.method == "POST":
        answers: dict[str, Answer | None] = import_answers.answers(group, request.form) if group else {}
        if "take_back" in request.form:
            answers = {request.form["take_back"]: None}
        if answers:
            sheet = imports.sheet_of(_store(), run)
            with transaction() as current:
                run = _run(number)
                imports.answer(current, run, answers, sheet, actor=g.user, at=clock.now())
            if run.state == ImportState.READY:
                return _go_on(run, sheet)
        groups = words.groups(run)
        group = next((item for item in groups if item.key == wanted), None)
    if group is None and groups:
        group = groups[0]
    at = max(1, request.values.get("page", 1, type=int))
    last = max(1, -(-len(group.questions) // QUESTIONS_PER_PAGE)) if group else 1
    at = min(at, last)
    shown = group.questions[(at - 1) * QUESTIONS_PER_PAGE : at * QUESTIONS_PER_PAGE] if group else ()
    return page(
        "records/imports/questions.html",
        fragment="questions",
        run=run,
        kinds=words.KINDS,
        groups=groups,
        group=group,
        asked=[words.Asked.of(Kind(run.kind), question) for question in shown],
        given=words.given(run),
        bulk=import_answers.bulk(group) if group else [],
        at=at,
        last=last,
        first_index=(at - 1) * QUESTIONS_PER_PAGE,
        steps=_steps(run, "questions"),
    )


# --- preview, run, undo


@bp.route("/import-runs/<number>")
@requires(Permission.IMPORT_RUN)
def import_run(number: str) -> ResponseReturnValue:
    """What will happen, what happens now, or what has happened."""
    run = _run(number)
    if run.state == ImportState.UPLOADED:
        return see_other(".import_columns", number=number)
    status = request.args.get("status", "")
    at = max(1, request.args.get("page", 1, type=int))
    query = select(ImportRow).where(ImportRow.run_id == run.id)
    if status in words.STATUSES:
        query = query.where(ImportRow.status == status)
    found = session().scalars(query.order_by(ImportRow.row_no).offset((at - 1) * PER_PAGE).limit(PER_PAGE + 1)).all()
    kind = Kind(run.kind)
    return page(
        "records/imports/run.html",
        fragment="rows",
        run=run,
        kinds=words.KINDS,
        state_label=ImportState.show(run.state),
        lines=[words.line(kind, row) for row in found[:PER_PAGE]],
        statuses=[(code, label, run.counts.get(f"row.{code}", 0)) for code, label in words.STATUSES.items()],
        is_list=not kind.is_ledger,
        wanted=status,
        at=at,
        more=len(found) > PER_PAGE,
        planned=words.planned(run),
        skipped=words.skipped(run),
        noted=words.noted(run),
        groups=words.groups(run),
        made=words.made_text(run.counts.get("made") or run.counts.get("proved") or {}),
        undone=words.made_text(run.counts.get("undone") or {}),
        progress=progress.read(_store().workspace, run.id) if run.state == ImportState.RUNNING else None,
        error=running.error_text(run),
        others=_other_sheets(run) if run.state == ImportState.DONE else [],
        new_key=requests.new_key,
        steps=_steps(run, "preview"),
    )


def _other_sheets(run: ImportRun) -> list[tuple[str, Any, int]]:
    try:
        sheets = imports.sheets_of(_store(), run)
    except Refused:
        return []
    return [(item.name, words.KINDS[guess_kind(item)], len(item.rows)) for item in sheets if item.name != run.sheet]


@bp.route("/import-runs/<number>/progress")
@requires(Permission.IMPORT_RUN)
def import_progress(number: str) -> ResponseReturnValue:
    """How far the run has come; sends the page on when it has ended."""
    run = _run(number)
    if run.state != ImportState.RUNNING:
        return see_other(".import_run", number=number)
    return page(
        "records/imports/progress.html",
        fragment="progress",
        run=run,
        progress=progress.read(_store().workspace, run.id),
    )


@bp.route("/import-runs/<number>/check", methods=["POST"])
@requires(Permission.IMPORT_RUN)
def check_import_run(number: str) -> ResponseReturnValue:
    """Check every row again, against the portal as it is now."""
    run = _run(number)
    sheet = imports.sheet_of(_store(), run)
    with transaction() as current:
        run = _run(number)
        imports.answer(current, run, {}, sheet, actor=g.user, at=clock.now())
    return _go_on(run, sheet)


@bp.route("/import-runs/<number>/confirm", methods=["POST"])
@requires(Permission.IMPORT_RUN)
def confirm_import_run(number: str) -> ResponseReturnValue:
    """Have the worker carry it out."""
    with transaction() as current:
        running.confirm(current, _run(number), actor=g.user, at=clock.now())
    return see_other(".import_run", number=number)


@bp.route("/import-runs/<number>/problems.xlsx")
@requires(Permission.IMPORT_RUN)
def import_problems(number: str) -> ResponseReturnValue:
    """The open questions and what is left out, as a workbook with row and column."""
    run = _run(number)
    sheet = imports.sheet_of(_store(), run)
    plan = imports.plan_of(db.session(), run, sheet, g.user)
    return send_file(
        io.BytesIO(errors_workbook.write(plan, sheet_name=run.sheet, sheet=sheet)),
        mimetype=imports.MIME,
        as_attachment=True,
        download_name=f"{run.number}-{_('Problems')}.xlsx",
    )


@bp.route("/import-runs/<number>/undo", methods=["GET", "POST"])
@requires(Permission.IMPORT_RUN)
def undo_import_run(number: str) -> ResponseReturnValue:
    """First what would go and what must stay, then doing it."""
    run = _run(number)
    if request.method == "POST":
        with transaction() as current:
            found = running.undo(current, _run(number), actor=g.user, at=clock.now())
        flash(_n("%(num)s record was removed.", "%(num)s records were removed.", len(found.remove)))
        return see_other(".import_run", number=number)
    if run.state != ImportState.DONE:
        return see_other(".import_run", number=number)
    found = running.survey(db.session(), run)
    return page(
        "records/imports/undo.html",
        run=run,
        found=found,
        removed=words.made_text(found.counts()),
        kinds=words.MADE,
        fields=FIELDS[Kind(run.kind)],
        steps=_steps(run, "preview"),
    )


def _steps(run: ImportRun, here: str) -> list[dict[str, Any]]:
    """The way of an import, for the status bar: what is behind, where the page stands, where one may go."""
    order = ("upload", "columns", "questions", "preview", "done")
    labels = {
        "upload": _("File"),
        "columns": _("Columns"),
        "questions": _("Questions"),
        "preview": _("Preview"),
        "done": ImportState.show(run.state) if run.state in ("UNDONE", "FAILED") else _("Imported"),
    }
    ended = run.state in (ImportState.DONE, ImportState.UNDONE, ImportState.FAILED)
    at = len(order) - 1 if ended and here == "preview" else order.index(here)
    return [
        {"label": labels[key], "kind": "past" if index < at else "now-at" if index == at else ""}
        for index, key in enumerate(order)
    ]
