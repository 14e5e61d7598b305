"""Making PDF forms. The file is named by its content, so making it twice leaves what making it once leaves."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock
from portal.documents import rendering
from portal.errors import Message, NotFound
from portal.files.store import Store
from portal.models.document import Document, DocumentState
from portal.services import documents
from portal.services.documents import Draft

log = logging.getLogger("portal.documents")


@dataclass(frozen=True, slots=True)
class Made:
    """A file in the store."""

    sha256: str
    size: int
    page_count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Trying again would end the same way; the sentence says why."""

    message: Message


class RenderDocument(Staged):
    """`render_document(document_id)`: read the record with the rights of who asked, print, keep, note."""

    limit_seconds = 90

    def prepare(self, session: Session, **ids: Any) -> Draft | None:
        """Read the record as it stands. None: it is there already, or may no longer be made."""
        document = session.get(Document, ids["document_id"])
        if document is None or document.state not in documents.WAITING:
            return None
        at = clock.now()
        try:
            draft = documents.draft(session, document, at=at, store=_store())
        except NotFound as error:
            documents.failed(document, error.message, at=at)
            return None
        document.state = DocumentState.RENDERING
        return draft

    def act(self, prepared: Draft) -> Made | Refused:
        """Print and keep the file."""
        store = _store()
        paper = prepared.paper(store)
        try:
            pdf = rendering.render_pdf(paper.html, paper.assets)
        except rendering.PdfError as error:
            log.error("document %d: %s (%s)", prepared.document_id, error, error.detail)
            return Refused(error.message)
        return Made(store.put(pdf.content), len(pdf.content), pdf.page_count)

    def finish(self, session: Session, prepared: Draft, result: Made | Refused) -> None:
        """Note the file, or why there is none."""
        document = session.get_one(Document, prepared.document_id)
        at = clock.now()
        if isinstance(result, Refused):
            documents.failed(document, result.message, at=at)
            return
        documents.made(
            session, document, prepared.fingerprint,
            sha256=result.sha256, size=result.size, page_count=result.page_count, at=at,
        )  # fmt: skip

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """Say on the page that it failed."""
        document = session.get(Document, ids["document_id"])
        if document is not None and document.state in documents.WAITING:
            documents.failed(document, rendering.BROKEN, at=clock.now())


def _store() -> Store:
    return Store.of(current_app.config["PORTAL"])


HANDLERS: dict[str, Any] = {documents.OUTBOX_KIND: RenderDocument()}
