"""The lists of what the portal itself makes and keeps: notices, printed forms, exports, imports."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum

from markupsafe import Markup
from sqlalchemy import Integer, String, Text, case, cast, func, or_
from sqlalchemy.orm import aliased

from portal.db import UtcDateTime
from portal.i18n import N_, _p
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span, Way
from portal.listing.kinds import search
from portal.models.document import Document, DocumentState
from portal.models.export import Export, ExportFormat, ExportState
from portal.models.importing import ImportKind, ImportRun, ImportState
from portal.models.notice import Notice, NoticeLevel
from portal.models.org import User
from portal.permissions import Permission
from portal.services import documents, notices, record_kinds

P = Permission
BY, STATE, KIND, MINE = N_("By"), N_("State"), N_("Kind"), N_("Mine")

RecordKind = StrEnum("RecordKind", [(kind.upper(), kind) for kind in sorted({*record_kinds.MODELS, "tasks"})])  # type: ignore[misc]
"""What notices and files are about."""
FormCode = StrEnum("FormCode", [(code, code) for code in documents.FORMS])  # type: ignore[misc]


def one_of(kind: str | None) -> str:
    """What a record of the kind is called."""
    from portal.listing.registry import LISTINGS

    return str(LISTINGS[kind].one) if kind in LISTINGS else ""


def all_of(kind: str) -> str:
    """What records of the kind are called."""
    from portal.listing.registry import LISTINGS

    return str(LISTINGS[kind].title) if kind in LISTINGS else kind


# ---------- Notices ----------


def told(title: str, params: str, read_at: datetime | None) -> cells.Title:
    """The sentence of a notice in the language of the page; what is new says so."""
    new = Markup('<span class="tag">{}</span>').format(_p("notice", "Unread"))
    return cells.Title(notices.sentence(title, json.loads(params)), "" if read_at else new)


PRESSING = {NoticeLevel.OVERDUE: "late-text", NoticeLevel.WARN: "soon-text"}


def level(value: str) -> Markup | str:
    """How pressing it is: late in red, soon in amber."""
    shown, css = NoticeLevel.show(value), PRESSING.get(NoticeLevel(value))
    return Markup('<span class="{}">{}</span>').format(css, shown) if css else shown


NOTICES = Listing(
    kind="notices",
    title=N_("Notices"),
    one=N_("Notice"),
    icon="bell",
    model=Notice,
    permission=P.HOME,
    number=Notice.id,
    order="-id",
    urgent_order="due",
    columns=(
        Column(
            "what",
            N_("What", "notices"),
            (
                cells.unasked(Notice.title, String()),
                cast(Notice.params, Text),
                cells.unasked(Notice.read_at, UtcDateTime()),
            ),
            told,
            "cell-title",
        ),
        Column("level", KIND, (Notice.level,), level),
        Column("about", N_("Record", "column"), (Notice.record_kind,), one_of),
        Column(
            "due",
            N_("Due"),
            (Notice.due_at,),
            cells.moment,
            "num cell-due",
            sort=func.coalesce(Notice.due_at, cells.FAR_AWAY, type_=UtcDateTime()),
            ways=(Way(Notice.due_at, Notice.due_at.is_not(None)), Way(cells.FAR_AWAY, Notice.due_at.is_(None))),
        ),
        Column("told", N_("Told", "notices"), (Notice.created_at,), cells.moment, "num cell-foot"),
        Column("read", N_("Read", "notices"), (Notice.read_at,), cells.moment, "num hide-small"),
    ),
    card=("about", "due"),
    search=search.notices,
    placeholder=N_("Number of the record, customer"),
    filters=(
        Filter("unread", N_("Unread", "notices"), lambda now: Notice.read_at.is_(None), "read"),
        Filter("read", N_("Read", "notices"), lambda now: Notice.read_at.is_not(None), "read"),
        Filter("told-today", N_("Told today"), lambda now: Notice.created_at >= now.day_from),
        Filter("past", N_("Time is over"), lambda now: Notice.due_at < now.at),
    ),
    choices=(
        Choice("level", KIND, Notice.level, NoticeLevel),
        Choice("about", N_("Record", "column"), Notice.record_kind, RecordKind, labels=one_of),
    ),
    default_filters=("unread",),
    beside="records/notices/beside.html",
    empty=N_("What is due and what others hand to you appears here."),
)

# ---------- Printed forms ----------


def paper(code: str) -> cells.Title:
    """A form by its code and title."""
    return cells.Title(documents.name_of(code))


DOCUMENTS = Listing(
    kind="documents",
    title=N_("Printed forms"),
    one=N_("Printed form"),
    icon="printer",
    model=Document,
    permission=P.DOCUMENT_PRINT,
    number=Document.id,
    order="-id",
    joins=((User, User.id == Document.requested_by_id),),
    spans=(Span(N_("Asked for to ready", "span"), Document.requested_at, Document.finished_at, runs=True),),
    columns=(
        Column("title", N_("Form", "document"), (Document.form,), paper, "cell-title"),
        Column(
            "number",
            N_("Document number"),
            (cells.unasked(Document.id, Integer()),),
            lambda value: f"{value:06d}",
            "ref hide-small",
        ),
        Column("record", N_("Record", "column"), (Document.record_number,), cells.text, "ref fill"),
        Column("state", STATE, (Document.state,), DocumentState.show, "cell-due"),
        Column("pages", N_("Pages", "document"), (Document.page_count,), cells.text, "num hide-small"),
        Column("prints", N_("Times printed"), (Document.print_count,), cells.text, "num hide-small"),
        Column("by", BY, (User.name,), cells.text, "cell-foot"),
        Column("requested", N_("Asked for", "export"), (Document.requested_at,), cells.moment, "num hide-small"),
    ),
    card=("record",),
    search=search.documents,
    placeholder=N_("Number of the record, code of the form"),
    filters=(
        Filter("mine", MINE, lambda now: Document.requested_by_id == now.viewer.id),
        Filter("today", N_("Asked for today"), lambda now: Document.requested_at >= now.day_from),
        Filter("unprinted", N_("Never printed"), lambda now: Document.print_count == 0),
    ),
    choices=(
        Choice("form", N_("Form", "document"), Document.form, FormCode, labels=documents.name_of),
        Choice("state", STATE, Document.state, DocumentState),
        Choice("about", N_("Record", "column"), Document.record_kind, RecordKind, labels=one_of),
        Choice("by", BY, Document.requested_by_id, options=cells.colleagues),
    ),
    empty=N_("Forms are printed on the page of a record; each one stands here, ready to be opened again."),
)

# ---------- Exports and imports ----------

EXPORTER = aliased(User)


MADE = func.coalesce(
    Export.finished_at, case((Export.state == ExportState.STOPPED, Export.requested_at)), type_=UtcDateTime()
)
"""When the file was ready or given up; one that was stopped keeps no end."""

EXPORTS = Listing(
    kind="exports",
    title=N_("Exports"),
    one=N_("Export", "record"),
    icon="table-export",
    model=Export,
    permission=P.EXPORT_RUN,
    number=Export.id,
    order="-id",
    joins=((EXPORTER, EXPORTER.id == Export.requested_by_id),),
    spans=(Span(N_("Asked for to ready", "span"), Export.requested_at, MADE, runs=True),),
    columns=(
        Column("what", N_("What", "export"), (Export.words,), cells.title, "cell-title"),
        Column("number", N_("Number"), (cells.unasked(Export.id, Integer()),), cells.text, "ref hide-small"),
        Column("list", N_("List", "export"), (Export.kind,), all_of),
        Column("state", STATE, (Export.state,), ExportState.show, "cell-due"),
        Column("rows", N_("Rows"), (Export.rows_total,), lambda value: f"{value:,}", "num hide-small"),
        Column("format", N_("Format", "export"), (Export.format,), ExportFormat.show),
        Column("phones", N_("Phone numbers"), (Export.full_phones,), cells.yes(N_("in full"))),
        Column("by", BY, (EXPORTER.name,), cells.text),
        Column("requested", N_("Asked for", "export"), (Export.requested_at,), cells.moment, "num cell-foot"),
        Column("expires", N_("Kept until"), (Export.expires_at,), cells.moment, "num hide-small"),
    ),
    card=("list", "rows"),
    search=search.exports,
    placeholder=N_("Words of the export, person"),
    filters=(
        Filter("mine", MINE, lambda now: Export.requested_by_id == now.viewer.id),
        Filter(
            "unfinished",
            N_("Unfinished", "export"),
            lambda now: Export.state.in_([ExportState.QUEUED.value, ExportState.WORKING.value]),
        ),
        Filter("today", N_("Asked for today"), lambda now: Export.requested_at >= now.day_from),
    ),
    choices=(
        Choice("state", STATE, Export.state, ExportState),
        Choice("format", N_("Format", "export"), Export.format, ExportFormat),
        Choice("by", BY, Export.requested_by_id, options=cells.colleagues),
    ),
    only=lambda now: or_(Export.expires_at.is_(None), Export.expires_at > now.at),
    create=P.EXPORT_RUN,
    create_label=N_("Export a list"),
    create_path="/records/exports/new",
    empty=N_("Open a list, search and filter it, then use its button Export."),
)

UPLOADER = aliased(User)

IMPORTS = Listing(
    kind=ImportRun.KIND,
    title=N_("Imports"),
    one=N_("Import", "record"),
    icon="file-upload",
    model=ImportRun,
    permission=P.IMPORT_RUN,
    number=ImportRun.number,
    order="-id",
    joins=((UPLOADER, UPLOADER.id == ImportRun.created_by_id),),
    columns=(
        Column(
            "file",
            N_("File"),
            (ImportRun.file_name, cells.unasked(ImportRun.sheet, String())),
            lambda file, sheet: cells.Title(file, sheet),
            "cell-title",
        ),
        Column("number", N_("Number"), (ImportRun.number,), cells.text, "ref hide-small", sort=ImportRun.number),
        Column("kind", KIND, (ImportRun.kind,), ImportKind.show),
        Column("state", STATE, (ImportRun.state,), ImportState.show, "cell-due"),
        Column("rows", N_("Rows"), (ImportRun.rows_total,), lambda value: f"{value:,}", "num hide-small"),
        Column("by", BY, (UPLOADER.name,), cells.text),
        Column("uploaded", N_("Uploaded"), (ImportRun.created_at,), cells.moment, "num cell-foot"),
        Column("finished", N_("Finished", "import"), (ImportRun.finished_at,), cells.moment, "num hide-small"),
    ),
    card=("kind", "rows"),
    search=search.import_runs,
    placeholder=N_("Name of the file, number, person"),
    filters=(
        Filter("mine", MINE, lambda now: ImportRun.created_by_id == now.viewer.id),
        Filter(
            "unfinished",
            N_("Unfinished", "import"),
            lambda now: ImportRun.state.not_in(
                [ImportState.DONE.value, ImportState.UNDONE.value, ImportState.FAILED.value]
            ),
        ),
    ),
    choices=(
        Choice("state", STATE, ImportRun.state, ImportState),
        Choice("kind", KIND, ImportRun.kind, ImportKind),
        Choice("by", BY, ImportRun.created_by_id, options=cells.colleagues),
    ),
    create=P.IMPORT_RUN,
    create_label=N_("Import a workbook"),
    create_path="/records/import-runs/new",
    empty=N_("Take the department's ledger as it is: what is unclear is asked, and each import can be undone."),
)
LISTINGS = (NOTICES, DOCUMENTS, EXPORTS, IMPORTS)
