"""One form of many records as one PDF, its pages in their order: asked for, made by the pdf worker, handed out.

Each form is one of the register (`documents`): what did not change since it was last made is not made anew, and each
print is an event of its record. Rights are asked three times: when it is asked for, for each record when it is made, and
for each record again when the file is handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal import i18n, outbox, settings
from portal.errors import DomainError, Message, NotFound, NotPermitted
from portal.files.store import Store
from portal.i18n import N_
from portal.models.document import Document, DocumentState, PrintRun
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import documents
from portal.services.documents import FORMS, WAITING, Draft, Form
from portal.services.exports import Expired, unnamed
from portal.services.selections import GONE, NONE
from portal.visibility import visible_to

P = Permission
OUTBOX_KIND = "print_many"
AT_ONCE = 3
"""Unfinished files of one person."""
LONGEST = timedelta(minutes=30)
"""So long one file may take; after that the forms it began are made one by one."""

TOO_MANY = N_("These are more than %(most)s records, and one file takes no more forms. Choose fewer.")
BUSY = N_("Three of your files are still being made. Wait for one of them.")
BROKEN = N_("The file could not be made. The manager was told; try again later.")
NO_LONGER_YOURS = N_("The person who asked for it may no longer print this form.")
ALL_LEFT_OUT = N_("None of the forms could be made.")


def forms_of(user: User | Role, model: type[Any]) -> list[Form]:
    """The forms that this person may print of records of this type."""
    return [form for form in FORMS.values() if form.model is model and _may_print(user, form)]


def _may_print(user: User | Role, form: Form) -> bool:
    views = may(user, form.view) or (form.own_view is not None and may(user, form.own_view))
    return views and may(user, form.print)


def print_many(
    session: Session, form_code: str, record_ids: Sequence[int], *, actor: User, locale: str, at: datetime,
    words: str, back: str,
) -> PrintRun:  # fmt: skip
    """Have one form printed of these records, by their inner numbers in the order of the pages: one PDF.

    `words` says to people of what it is, `back` is the page to go back to. Asked for again while it is still being made,
    it is the same one. Raises NotFound, NotPermitted, and DomainError when it is nothing, too much, or too much at once.
    """
    form = documents.get_form(form_code)
    if not _may_print(actor, form):
        raise NotPermitted(N_("Your role does not print this form."))
    ids, most = list(dict.fromkeys(record_ids)), settings.get(session, "print_max_forms")
    if not ids:
        raise DomainError(NONE, status=422)
    if len(ids) > most:
        raise DomainError(TOO_MANY % {"most": f"{most:,}"}, status=422)
    mine = select(PrintRun).where(PrintRun.requested_by_id == actor.id, PrintRun.state.in_(WAITING))
    unfinished = list(session.scalars(mine.order_by(PrintRun.id)))
    for run in unfinished:
        if (run.form, run.record_ids, run.locale) == (form.code, ids, locale):
            return run
    if len(unfinished) >= AT_ONCE:
        raise DomainError(BUSY, status=429)
    run = PrintRun(
        form=form.code, words=words, back=back, record_ids=ids, locale=locale, state=DocumentState.REQUESTED,
        requested_by_id=actor.id, requested_at=at, done=0, document_ids=[], left_out=[],
    )  # fmt: skip
    session.add(run)
    session.flush()
    _have_made(session, run, at)
    return run


def _have_made(session: Session, run: PrintRun, at: datetime) -> None:
    key = f"print:{run.id}:{at.isoformat()}"
    outbox.post(session, OUTBOX_KIND, key=key, at=at, queue="pdf", made_by_id=run.requested_by_id, run_id=run.id)


# ---------- What became of it ----------


def find(session: Session, user: User, run_id: int, *, at: datetime) -> PrintRun:
    """The file, if it is this person's and not expired. Raises NotFound."""
    run = session.scalars(visible_to(user, PrintRun).where(PrintRun.id == run_id)).one_or_none()
    if run is None or run.form not in FORMS or not _may_print(user, FORMS[run.form]):
        raise NotFound()
    if run.expires_at is not None and run.expires_at <= at:
        raise NotFound()
    return run


def lost(session: Session, user: User, run: PrintRun) -> int:
    """How many forms of a finished file are of records that this person may no longer have printed."""
    seen = session.scalars(visible_to(user, Document).where(Document.id.in_(run.document_ids))).all()
    return len(run.document_ids) - len(documents.readable(session, user, seen))


def retry(session: Session, run: PrintRun, *, at: datetime) -> None:
    """Have a file made anew, with the rights and the records as they are now; one on its way is left alone."""
    if run.state in WAITING:
        return
    run.state, run.done, run.error = DocumentState.REQUESTED, 0, None
    run.document_ids, run.left_out = [], []
    run.sha256 = run.size = run.page_count = run.finished_at = run.expires_at = None
    _have_made(session, run, at)


def handed_out(session: Session, run: PrintRun, *, actor: User, at: datetime) -> None:
    """Note of each form in the file that it left the portal."""
    wanted = select(Document).where(Document.id.in_(run.document_ids))
    found = {document.id: document for document in session.scalars(wanted)}
    for number in run.document_ids:
        documents.handed_out(session, found[number], actor=actor, at=at)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Records that are not in the file for one reason; `records` are those that the person sees."""

    reason: str
    count: int
    records: list[Any]


def left_out(session: Session, user: User, run: PrintRun) -> list[LeftOut]:
    """What is not in the file, by reason, the most frequent first."""
    model: Any = FORMS[run.form].model
    ids = [item["id"] for item in run.left_out]
    seen = {record.id: record for record in session.scalars(visible_to(user, model).where(model.id.in_(ids)))}
    groups: dict[str, list[int]] = {}
    for item in run.left_out:
        groups.setdefault(i18n.unpack(item["reason"]), []).append(item["id"])
    found = [
        LeftOut(reason, len(held), [seen[number] for number in held if number in seen])
        for reason, held in groups.items()
    ]
    return sorted(found, key=lambda group: -group.count)


# ---------- For the worker ----------


@dataclass(frozen=True, slots=True)
class Order:
    """What the worker is to make."""

    run_id: int
    form: Form
    record_ids: tuple[int, ...]
    locale: str
    person_id: int
    sha256: str | None
    """Named by a run that died: its content may be kept already."""


@dataclass(frozen=True, slots=True)
class Part:
    """One record of the file: its form of the register, to be made first if there is a `draft`."""

    document_id: int
    name: str
    sha256: str | None
    draft: Draft | None


def take_up(session: Session, run_id: int, *, at: datetime) -> Order | None:
    """Begin, or begin again after a death. None: nothing to do."""
    run = session.get(PrintRun, run_id)
    if run is None or run.state not in WAITING:
        return None
    form = FORMS.get(run.form)
    if form is None or not run.requested_by.is_active or not _may_print(run.requested_by, form):
        failed(run, NO_LONGER_YOURS, at=at)
        return None
    run.state, run.done = DocumentState.RENDERING, 0
    return Order(run.id, form, tuple(run.record_ids), run.locale, run.requested_by_id, run.sha256)


def part(session: Session, order: Order, record_id: int, *, at: datetime, store: Store) -> Part:
    """The form of one record as it is now, with the rights of who asked. Raises DomainError: it is to be left out."""
    person = session.get_one(User, order.person_id)
    try:
        record = documents.find_record(session, person, order.form, record_id=record_id)
    except NotFound as error:
        raise NotFound(GONE) from error
    document = documents.request(
        session, order.form, record, actor=person, locale=order.locale, at=at, store=store, wait=LONGEST
    )
    if document.state == DocumentState.DONE:
        return Part(document.id, record.number, document.sha256, None)
    with i18n.use_locale(order.locale):
        draft = documents.drawn_for(session, order.form, record, document, person, at=at, store=store)
    document.state = DocumentState.RENDERING
    return Part(document.id, record.number, None, draft)


def made_again(session: Session, order: Order, document_id: int, *, at: datetime) -> None:
    """The file of a finished form is gone from the store: it is to be made once more."""
    person = session.get_one(User, order.person_id)
    documents.retry(session, session.get_one(Document, document_id), actor=person, at=at, wait=LONGEST)


def progress(session: Session, run_id: int, done: int) -> None:
    """Write how far it has come."""
    session.get_one(PrintRun, run_id).done = done


def named(
    session: Session, run_id: int, document_ids: Sequence[int], left: Sequence[tuple[int, Message]], *,
    sha256: str | None, size: int, page_count: int,
) -> None:  # fmt: skip
    """Write what is in the file and what is left out of it, before it is kept."""
    run = session.get_one(PrintRun, run_id)
    run.document_ids, run.left_out = list(document_ids), [{"id": key, "reason": i18n.pack(why)} for key, why in left]
    run.sha256, run.size, run.page_count = sha256, size, page_count


def made(session: Session, run_id: int, *, at: datetime) -> None:
    """Note that the file is there, or that nothing is in it."""
    run = session.get_one(PrintRun, run_id, populate_existing=True)
    if run.state not in WAITING:
        return
    if not run.document_ids:
        failed(run, ALL_LEFT_OUT, at=at)
        return
    run.state, run.finished_at, run.error = DocumentState.DONE, at, None
    run.expires_at = at + timedelta(days=settings.get(session, "export_keep_days"))


def failed(run: PrintRun, message: Message, *, at: datetime) -> None:
    """Note why there is no file."""
    run.state, run.finished_at, run.error = DocumentState.FAILED, at, i18n.pack(message)


def expired(session: Session, *, at: datetime) -> Expired:
    """What the nightly clearing takes away: files first, then the rows; the forms of the register and the events stay."""
    kept = timedelta(days=settings.get(session, "export_keep_days"))
    ended = and_(PrintRun.state == DocumentState.FAILED, PrintRun.requested_at <= at - kept)
    rows = session.execute(select(PrintRun.id, PrintRun.sha256).where(or_(PrintRun.expires_at <= at, ended))).all()
    ids = [row.id for row in rows]
    return Expired(ids, unnamed(session, {row.sha256 for row in rows if row.sha256}, PrintRun, ids))
