"""Printed forms: asked for, made by the pdf worker, handed out. Print rights: `domain.md` 7.1.

A form whose record did not change since it was made is handed out again as it is; nothing is printed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import i18n, outbox, visibility
from portal.documents import (
    archive_building,
    building,
    call_building,
    inspection_building,
    money_building,
    paper,
    penalty_building,
    repair_building,
    report_building,
    review_building,
    round_building,
    survey_building,
    works_building,
)
from portal.documents.archive_building import LoanRegister
from portal.documents.building import company
from portal.documents.call_building import CallRegister, SlipPaper
from portal.documents.inspection_views import InspectionPaper, NoticePaper
from portal.documents.money_building import LossPaper, TerminationPaper, VoucherPaper
from portal.documents.paper import Paper
from portal.documents.penalty_building import PenaltySlip
from portal.documents.repair_views import CertificatePaper, CostCasePaper, RepairPaper, ServiceReport
from portal.documents.review_views import CorrectionSheet, DeductionSheet, IntentPaper, ReviewRecord
from portal.documents.round_building import RoundReport
from portal.documents.survey_building import EvaluationPaper
from portal.documents.views import Company, ComplaintFile, ComplaintRegister, CustomerForm, Issue, ProblemSlip, View
from portal.documents.works_views import (
    AcceptanceForm,
    CompletionNotice,
    CompletionReport,
    ContractInformation,
    DisclosureRecord,
    StageRecord,
)
from portal.errors import DomainError, NotFound, NotPermitted
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.archive import ArchiveLoan
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Complaint
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Channel, Consultation
from portal.models.contract import Contract
from portal.models.document import Document, DocumentState
from portal.models.drawing_review import DrawingReview
from portal.models.event import EventKind
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.milestone import StageAcceptance
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, RectificationNotice
from portal.models.project import Project
from portal.models.repair import RepairCostCase, RepairOrder, WarrantyCertificate
from portal.models.report import ReportRun
from portal.models.survey import Survey
from portal.permissions import Permission, Role, may
from portal.processes.follow_up import CallStage
from portal.processes.survey import SurveyKind
from portal.reports.catalogue import REPORTS
from portal.services import events, record_kinds

P = Permission
OUTBOX_KIND = "render_document"

WAITING = (DocumentState.REQUESTED, DocumentState.RENDERING)
MOST_SHOWN = 50
"""Printed forms on the page of a record."""
NO_LONGER_YOURS = N_("The person who asked for it may no longer see this record.")


@dataclass(frozen=True, slots=True)
class Form:
    """A printable form: of which records, and who may print it."""

    code: str
    title: Text
    model: type[Any]
    view: Permission
    """To see the records of the form at all."""
    print: Permission = P.DOCUMENT_PRINT
    own_view: Permission | None = None
    """With this permission instead of `view`, a person prints what this person registered."""
    rows: type[Any] | None = None
    """It lists records of this type, only those its reader may see (R-20): everybody has papers of their own."""


BUILDERS: dict[str, Callable[..., View]] = (
    building.BUILDERS
    | repair_building.BUILDERS
    | review_building.BUILDERS
    | inspection_building.BUILDERS
    | penalty_building.BUILDERS
    | money_building.BUILDERS
    | works_building.BUILDERS
    | survey_building.BUILDERS
    | call_building.BUILDERS
    | round_building.BUILDERS
    | archive_building.BUILDERS
    | report_building.BUILDERS
)
"""What each form shows, by its code: of session, record and store; of the reader too, where the form has `rows`."""

FORMS: dict[str, Form] = {
    form.code: form
    for form in (
        Form("F-01", ReviewRecord.TITLE, DrawingReview, P.REVIEW_VIEW),
        Form("F-02", DeductionSheet.TITLE, DrawingReview, P.REVIEW_VIEW),
        Form("F-03", CorrectionSheet.TITLE, DrawingReview, P.REVIEW_VIEW),
        Form("F-04", CallRegister.TITLE, FollowUpCall, P.FOLLOW_UP_VIEW, rows=FollowUpCall),
        Form("F-05", SlipPaper.TITLE, FollowUpTicket, P.FOLLOW_UP_VIEW),
        Form("F-06", ProblemSlip.TITLE, Complaint, P.COMPLAINT_VIEW),
        Form("F-07", ComplaintFile.TITLE, Complaint, P.COMPLAINT_VIEW, P.DOCUMENT_PRINT_RESTRICTED),
        Form("F-08", VoucherPaper.TITLE, PaymentVoucher, P.VOUCHER_VIEW, P.DOCUMENT_PRINT_RESTRICTED),
        Form("F-09", InspectionPaper.TITLE, Inspection, P.PREACCEPT_VIEW),
        Form("F-10", NoticePaper.TITLE, RectificationNotice, P.PREACCEPT_VIEW),
        Form("F-11", AcceptanceForm.TITLE, CompletionAcceptance, P.COMPLETION_VIEW),
        Form("F-12", CompletionNotice.TITLE, CompletionAcceptance, P.COMPLETION_VIEW),
        Form("F-13", CompletionReport.TITLE, CompletionAcceptance, P.COMPLETION_VIEW),
        Form("F-14", CustomerForm.TITLE, Consultation, P.CONSULTATION_VIEW),
        Form("F-15", ContractInformation.TITLE, Project, P.CONTRACT_VIEW),
        Form("F-16", ComplaintRegister.TITLE, Complaint, P.COMPLAINT_VIEW, own_view=P.COMPLAINT_PREFILL),
        Form("F-18", EvaluationPaper.TITLE, Survey, P.SURVEY_VIEW),
        Form("F-19", CertificatePaper.TITLE, WarrantyCertificate, P.WARRANTY_VIEW),
        Form("F-20", RepairPaper.TITLE, RepairOrder, P.REPAIR_VIEW),
        Form("F-21", ServiceReport.TITLE, RepairOrder, P.REPAIR_VIEW),
        Form("F-22", CostCasePaper.TITLE, RepairCostCase, P.COST_CASE_VIEW, P.DOCUMENT_PRINT_RESTRICTED),
        Form("F-24", LoanRegister.TITLE, ArchiveLoan, P.LOAN_VIEW),
        Form("F-25", TerminationPaper.TITLE, Cancellation, P.CANCELLATION_VIEW),
        Form("F-26", LossPaper.TITLE, LossNotice, P.CANCELLATION_VIEW, P.DOCUMENT_PRINT_RESTRICTED),
        Form("F-27", PenaltySlip.TITLE, PenaltyEntry, P.PENALTY_VIEW, P.DOCUMENT_PRINT_RESTRICTED),
        Form("F-30", RoundReport.TITLE, FollowUpCall, P.FOLLOW_UP_VIEW, rows=FollowUpCall),
        Form("F-31", DisclosureRecord.TITLE, Project, P.PROJECT_VIEW),
        Form("F-31-2", StageRecord.TITLE, StageAcceptance, P.PROJECT_VIEW),
        Form("F-32", IntentPaper.TITLE, Contract, P.CONTRACT_EDIT),
        *(Form(report.code, report.title, ReportRun, P.REPORT_VIEW) for report in REPORTS.values()),
    )
}


def get_form(code: str) -> Form:
    """The form of that code. Raises NotFound."""
    if code not in FORMS:
        raise NotFound()
    return FORMS[code]


def forms_for(user: User, record: Any) -> list[Form]:
    """The forms this person may print of the record, for its print menu."""
    return [form for form in FORMS.values() if isinstance(record, form.model) and _prints(user, form, record)]


def name_of(code: str) -> str:
    """As it stands on the form: F-06 and its title."""
    form = FORMS.get(code)
    return f"{code} {form.title}" if form else code


def of_record(session: Session, user: User, record: Any) -> Sequence[Document]:
    """What was printed of a record, newest first, as far as the person may print it."""
    found = visibility.visible_to(user, Document).where(
        Document.record_kind == record.KIND, Document.record_number == record.number
    )
    return session.scalars(found.order_by(Document.id.desc()).limit(MOST_SHOWN)).all()


def find_record(
    session: Session, user: User, form: Form, *, number: str | None = None, record_id: int | None = None
) -> Any:
    """The record to print, if it exists for this person. Raises NotFound, NotPermitted when only printing is barred."""
    if not (may(user, form.view) or (form.own_view and may(user, form.own_view))):
        raise NotFound()
    record = record_kinds.seen(session, user, form.model, number=number, record_id=record_id)
    if not may(user, form.view) and not _is_own(user, record):
        raise NotFound()
    if not may(user, form.print):
        raise NotPermitted(N_("Only the manager prints this form."))
    if form.code == "F-14" and record.channel != Channel.VISIT:
        raise DomainError(N_("This form is for visitors; the contact was no visit."))
    if form.code == "F-18" and record.kind != SurveyKind.SETTLEMENT:
        raise DomainError(N_("This form is for the evaluation of a project."))
    if form.code == "F-04" and record.project_id is None:
        raise DomainError(N_("This form is for the calls of a project."))
    if form.code == "F-30" and record.stage != CallStage.SEASONAL:
        raise DomainError(N_("This form is for a round of holiday calls."))
    if form.code == "F-32" and record.intended_on is None:
        raise DomainError(N_("This contract began without a letter of intent."))
    if form.model is ReportRun and (record.code != form.code or record.content is None):
        raise NotFound()
    return record


@visibility.rule(Document)
def seen(viewer: visibility.Viewer) -> ColumnElement[bool]:
    """The forms that `find` gives: of records the person sees, if this person prints the form."""
    return or_(false(), *(_of_form(form, viewer) for form in FORMS.values() if may(Role(viewer.role), form.print)))


def _of_form(form: Form, viewer: visibility.Viewer) -> ColumnElement[bool]:
    model: Any = form.model
    records = select(model.id).where(visibility.condition(viewer, model))
    if form.code == "F-14":
        records = records.where(model.channel == Channel.VISIT)
    if form.code == "F-18":
        records = records.where(model.kind == SurveyKind.SETTLEMENT)
    if form.code == "F-04":
        records = records.where(model.project_id.is_not(None))
    if form.code == "F-30":
        records = records.where(model.stage == CallStage.SEASONAL)
    if not may(Role(viewer.role), form.view):
        if form.own_view is None or not may(Role(viewer.role), form.own_view):
            return false()
        makers = (model.created_by_id, *((model.received_by_id,) if hasattr(model, "received_by_id") else ()))
        records = records.where(or_(*(maker == viewer.id for maker in makers)))
    mine = (Document.requested_by_id == viewer.id,) if form.rows is not None else ()
    return and_(Document.form == form.code, Document.record_id.in_(records), *mine)


def request(
    session: Session, form: Form, record: Any, *, actor: User, locale: str, at: datetime, store: Store,
    wait: timedelta = timedelta(),
) -> Document:  # fmt: skip
    """Ask for a form of a record. Gives the finished one when nothing changed since, else has it made.

    `wait`: the worker leaves it alone so long, because whoever asks makes it at once. Whether the file of a finished one is still there is not asked: see `is_lost`.
    """
    with i18n.use_locale(locale):
        view = _view(session, form, record, store, actor)
        mark = _mark(form, view, company(session, store), locale, actor)
    document = _existing(session, form, record, locale, mark)
    if document is None:
        document = Document(
            form=form.code,
            record_kind=record.KIND,
            record_id=record.id,
            record_number=record.number,
            locale=locale,
            fingerprint=mark,
            state=DocumentState.REQUESTED,
            requested_by_id=actor.id,
            requested_at=at,
            print_count=0,
        )
        try:
            with session.begin_nested():
                session.add(document)
        except IntegrityError:  # somebody asked for the same paper at the same moment
            found = _existing(session, form, record, locale, mark)
            if found is None:
                raise
            return found
        _have_made(session, document, actor=actor, at=at, wait=wait)
        return document
    if document.state == DocumentState.FAILED:
        retry(session, document, actor=actor, at=at, wait=wait)
    return document


def is_lost(document: Document, store: Store) -> bool:
    """Whether it was made and its file is gone. Asks the store: outside a transaction, because that may take long."""
    return document.state == DocumentState.DONE and not (document.sha256 and store.has(document.sha256))


def retry(session: Session, document: Document, *, actor: User, at: datetime, wait: timedelta = timedelta()) -> None:
    """Have a document made again that failed or whose file is gone; one that is on its way is left alone."""
    if document.state in WAITING:
        return
    document.state, document.error, document.sha256 = DocumentState.REQUESTED, None, None
    document.requested_by_id, document.requested_at = actor.id, at
    _have_made(session, document, actor=actor, at=at, wait=wait)


def find(session: Session, user: User, document_id: int) -> Document:
    """The document, if its record exists for this person, who may print the form and see all it lists. Raises NotFound."""
    document = session.get(Document, document_id)
    if document is None or document.form not in FORMS:
        raise NotFound()
    try:
        find_record(session, user, FORMS[document.form], record_id=document.record_id)
    except DomainError as error:
        raise NotFound() from error
    if not readable(session, user, [document]):
        raise NotFound()
    return document


def readable(session: Session, user: User, found: Sequence[Document]) -> list[Document]:
    """Those of the documents whose every line this person may see; of a form with `rows` only one's own."""
    listed: dict[type[Any], set[int]] = {}
    for document in found:
        model = FORMS[document.form].rows
        if model is not None:
            listed.setdefault(model, set()).update(document.shown_ids or ())
    seen = {
        model: set(
            session.scalars(visibility.visible_to(user, model).with_only_columns(model.id).where(model.id.in_(ids)))
        )
        for model, ids in listed.items()
    }

    def is_readable(document: Document) -> bool:
        model = FORMS[document.form].rows
        if model is None:
            return True
        if document.requested_by_id != user.id:
            return False
        is_made = document.state == DocumentState.DONE
        return not is_made or (document.shown_ids is not None and seen[model] >= set(document.shown_ids))

    return [document for document in found if is_readable(document)]


def handed_out(session: Session, document: Document, *, actor: User | None, at: datetime) -> None:
    """Note that the paper left the portal: who printed which form of which record."""
    document.print_count += 1
    record = session.get(FORMS[document.form].model, document.record_id)
    events.record(
        session, EventKind.PRINT, action="print", actor=actor, at=at, record=record,
        form=document.form, document=document.id, locale=document.locale,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form shows of its record as it stands now. `document_id` None: a paper outside the register."""

    document_id: int | None
    fingerprint: str
    view: View
    issue: Issue
    locale: str
    row_ids: tuple[int, ...] | None = None
    """The records that it lists, of a form with `rows`."""

    def paper(self, store: Store) -> Paper:
        """Set the form, with its pictures brought from the store; outside a transaction, because that may take long."""
        for picture in {*paper.pictures(self.view), *paper.pictures(self.issue)}:
            with suppress(FileNotFoundError):  # its place on the paper says so
                store.bring(picture.name)
        with i18n.use_locale(self.locale):
            return paper.write(self.view, self.issue)


def draft(session: Session, document: Document, *, at: datetime, store: Store) -> Draft:
    """Read the record anew and set the form. Raises NotFound when the one who asked may no longer have it."""
    form = FORMS[document.form]
    person = session.get(User, document.requested_by_id) if document.requested_by_id else None
    if person is None or not person.is_active:
        raise NotFound(NO_LONGER_YOURS)
    try:
        record = find_record(session, person, form, record_id=document.record_id)
    except DomainError as error:
        raise NotFound(NO_LONGER_YOURS) from error
    with i18n.use_locale(document.locale):
        return drawn_for(session, form, record, document, person, at=at, store=store)


def drawn_for(
    session: Session, form: Form, record: Any, document: Document, person: User, *, at: datetime, store: Store
) -> Draft:
    """What a form of the register shows to who asked for it, in the present language; the register notes what it lists."""
    made = drawn_up(session, form, record, number=document.id, by=person.name, at=at, store=store, reader=person)
    document.shown_ids = list(made.row_ids) if made.row_ids is not None else None
    return made


def drawn_up(
    session: Session, form: Form, record: Any, *, number: int | None, by: str, at: datetime, store: Store,
    reader: User | None = None,
) -> Draft:  # fmt: skip
    """What a form shows, in the present language; `number` None: a paper outside the register.

    `reader` None: the administrator or the portal itself, who are shown all.
    """
    firm = company(session, store)
    view = _view(session, form, record, store, reader)
    name = _p("form", "document %(number)s", number=f"{number:06d}") if number else _p("form", "copy")
    mark = _mark(form, view, firm, i18n.locale(), reader)
    rows = tuple(view.row_ids) if form.rows is not None else None  # type: ignore[attr-defined]  # views of such forms have them
    return Draft(number, mark, view, Issue(firm, name, at, by), i18n.locale(), rows)


def _view(session: Session, form: Form, record: Any, store: Store, reader: User | None) -> View:
    if form.rows is not None:
        return BUILDERS[form.code](session, record, store, reader)
    return BUILDERS[form.code](session, record, store)


def _mark(form: Form, view: View, firm: Company, locale: str, reader: User | None) -> str:
    """The fingerprint of what is shown; where that depends on the reader, no two people share a paper."""
    mark = paper.fingerprint(view, firm, locale)
    if form.rows is None or reader is None:
        return mark
    return hashlib.sha256(f"{mark}:{reader.id}".encode()).hexdigest()


def made(
    session: Session, document: Document, draft_mark: str, *, sha256: str, size: int, page_count: int, at: datetime
) -> None:
    """Note the finished file. `draft_mark` is what it shows: the record may have changed since it was asked for."""
    if draft_mark != document.fingerprint:
        taken = session.scalar(
            select(Document.id).where(
                Document.form == document.form,
                Document.record_kind == document.record_kind,
                Document.record_id == document.record_id,
                Document.locale == document.locale,
                Document.fingerprint == draft_mark,
            )
        )
        # A fingerprint belongs to one row. The other row is handed out from now on; this one only to who asked.
        document.fingerprint = (
            draft_mark if taken is None else hashlib.sha256(f"once:{document.id}".encode()).hexdigest()
        )
    document.state, document.finished_at, document.error = DocumentState.DONE, at, None
    document.sha256, document.size, document.page_count = sha256, size, page_count


def failed(document: Document, message: Text | str, *, at: datetime) -> None:
    """Note that the form could not be made; the English sentence is kept and shown translated."""
    document.state, document.finished_at = DocumentState.FAILED, at
    document.error = message.message if isinstance(message, Text) else message


def _existing(session: Session, form: Form, record: Any, locale: str, mark: str) -> Document | None:
    return session.scalars(
        select(Document).where(
            Document.form == form.code,
            Document.record_kind == record.KIND,
            Document.record_id == record.id,
            Document.locale == locale,
            Document.fingerprint == mark,
        )
    ).one_or_none()


def _have_made(session: Session, document: Document, *, actor: User, at: datetime, wait: timedelta) -> None:
    outbox.post(
        session,
        OUTBOX_KIND,
        key=f"document:{document.id}:{at.isoformat()}",
        at=at,
        run_after=at + wait,
        queue="pdf",
        made_by_id=actor.id,
        document_id=document.id,
    )


def _is_own(user: User, record: Any) -> bool:
    return user.id in (record.created_by_id, getattr(record, "received_by_id", None))


def _prints(user: User, form: Form, record: Any) -> bool:
    if not may(user, form.print):
        return False
    if form.code == "F-14" and record.channel != Channel.VISIT:
        return False
    if form.code == "F-32" and record.intended_on is None:
        return False
    if form.code == "F-18" and record.kind != SurveyKind.SETTLEMENT:
        return False
    if form.code == "F-04" and record.project_id is None:
        return False
    if form.code == "F-30" and record.stage != CallStage.SEASONAL:
        return False
    if form.model is ReportRun and (record.code != form.code or record.content is None):
        return False
    own = form.own_view is not None and may(user, form.own_view) and _is_own(user, record)
    return may(user, form.view) or own
