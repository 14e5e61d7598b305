"""Printing forms: ask, watch it being made, take the PDF. Every way to the file asks the rule of the record anew."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, g, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from blueprints.http import page, requires, see_other
from blueprints.records import blueprint
from portal import clock, i18n
from portal.db import session, transaction
from portal.errors import NotFound
from portal.files.store import Store
from portal.i18n import _, _p
from portal.models.document import Document, DocumentState
from portal.paths import record_path
from portal.permissions import Permission
from portal.services import documents

P = Permission
SANDBOX = "default-src 'none'; sandbox"

PROGRESS: dict[str, str] = {
    DocumentState.REQUESTED: "waiting",
    DocumentState.RENDERING: "working",
    DocumentState.DONE: "ready",
    DocumentState.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class PrintItem:
    """A form in the print menu of a record: POST to `url`."""

    code: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A document as the component `document_progress` shows it."""

    id: str
    name: str
    title: str
    """What the line says; the button's words once there is something to open."""
    state: str
    text: str
    url: str
    poll_url: str
    retry_url: str


def print_menu(record: Any) -> list[PrintItem]:
    """What the person may print of this record; templates include `records/print_menu.html` with it."""
    base = f"{record_path(record.KIND, record.number)}/documents"
    return [
        PrintItem(form.code, str(form.title), f"{base}/{form.code}") for form in documents.forms_for(g.user, record)
    ]


@blueprint.post("/<kind>/<number>/documents/<form_code>")
@requires(P.DOCUMENT_PRINT)
def print_document(kind: str, number: str, form_code: str) -> ResponseReturnValue:
    """Ask for a form. With nothing changed since it was last made, the finished one is at hand at once."""
    form = documents.get_form(form_code)
    if kind != form.model.KIND:
        raise NotFound()
    with transaction() as writing:
        record = documents.find_record(writing, g.user, form, number=number)
        document = documents.request(
            writing, form, record, actor=g.user, locale=i18n.locale(), at=clock.now(), store=_store()
        )
        document_id = document.id
    if documents.is_lost(session().get_one(Document, document_id), _store()):
        _make_again(document_id)
    return see_other(".document", document_id=document_id)


def _make_again(document_id: int) -> None:
    with transaction() as writing:
        documents.retry(writing, documents.find(writing, g.user, document_id), actor=g.user, at=clock.now())


@blueprint.get("/documents/<int:document_id>")
@requires(P.DOCUMENT_PRINT)
def document(document_id: int) -> ResponseReturnValue:
    """The document: being made, ready, or failed with the reason. Without JavaScript the page refreshes itself."""
    found = documents.find(session(), g.user, document_id)
    return page("records/document.html", fragment="progress", document=found, item=_progress(found), back=_back(found))


@blueprint.get("/documents/<int:document_id>/progress")
@requires(P.DOCUMENT_PRINT)
def document_progress(document_id: int) -> ResponseReturnValue:
    """The line that asks again each second until the document is there."""
    found = documents.find(session(), g.user, document_id)
    return page("records/document_progress.html", item=_progress(found))


document_progress.polled = True  # type: ignore[attr-defined]  # watching is no sign of somebody at the desk


@blueprint.get("/documents/<int:document_id>/file")
@requires(P.DOCUMENT_PRINT)
def document_file(document_id: int) -> ResponseReturnValue:
    """The PDF. Each time it leaves the portal is noted: who printed what."""
    found = documents.find(session(), g.user, document_id)
    if found.state != DocumentState.DONE or not found.sha256:
        raise NotFound()
    name, as_attachment = f"{found.form}-{found.record_number}.pdf", "download" in request.args
    try:
        answer = send_content(_store(), found.sha256, "application/pdf", name, as_attachment=as_attachment)
    except FileNotFoundError as error:
        raise NotFound() from error
    if request.method == "GET" and answer.status_code == 200:
        with transaction() as writing:
            again = writing.get_one(Document, document_id)
            documents.handed_out(writing, again, actor=g.user, at=clock.now())
    return answer


@blueprint.post("/documents/<int:document_id>/retry")
@requires(P.DOCUMENT_PRINT)
def retry_document(document_id: int) -> ResponseReturnValue:
    """Have a failed document made again."""
    _make_again(document_id)
    return see_other(".document", document_id=document_id)


def send_content(store: Store, sha256: str, mime: str, name: str, *, as_attachment: bool) -> Response:
    """A file of the store, streamed, as an answer that no browser runs, guesses at or keeps for the next person.

    Ranges and If-None-Match are answered; who may have it was asked before, each time. Raises FileNotFoundError.
    """
    file = store.open(sha256)
    answer = send_file(
        file, mimetype=mime, as_attachment=as_attachment, download_name=name, conditional=False, max_age=0
    )
    answer.set_etag(sha256)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    answer.content_length = size
    try:
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _progress(found: Document) -> Progress:
    name = title = f"{found.form} {documents.FORMS[found.form].title}"
    text = _(found.error) if found.state == DocumentState.FAILED and found.error else ""
    if found.state == DocumentState.DONE and found.page_count:
        title = _p("document", "Open %(title)s, %(count)s pages", title=name, count=found.page_count)
    return Progress(
        id=f"document-{found.id}",
        name=name,
        title=title,
        state=PROGRESS[found.state],
        text=text,
        url=url_for(".document_file", document_id=found.id),
        poll_url=url_for(".document_progress", document_id=found.id),
        retry_url=url_for(".retry_document", document_id=found.id),
    )


def _back(found: Document) -> str:
    return record_path(found.record_kind, found.record_number)


def _store() -> Store:
    return Store.of(current_app.config["PORTAL"])
