"""Making PDF forms. The file is named by its content, so making it twice leaves what making it once leaves."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock, faults
from portal.db import transaction
from portal.documents import rendering
from portal.errors import DomainError, Message, NotFound
from portal.files.store import Store, hash_of
from portal.models.document import Document, DocumentState, PrintRun
from portal.services import documents, prints
from portal.services.documents import Draft
from portal.services.prints import Order, Part

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


class PrintMany(Staged):
    """`print_many(run_id)`: each form made and kept as one of the register, then all of them put together.

    Forms that are made stay made: after a death the next worker goes on with the first that is missing.
    """

    limit_seconds = prints.LONGEST.total_seconds()

    def prepare(self, session: Session, **ids: Any) -> Order | None:
        """None: it is there already, or may no longer be made."""
        return prints.take_up(session, ids["run_id"], at=clock.now())

    def act(self, prepared: Order) -> None:
        """Make what is missing, put all together, name the file, keep it."""
        store = _store()
        if prepared.sha256 and store.has(prepared.sha256):
            return
        parts: list[Part] = []
        left: list[tuple[int, Message]] = []
        for done, record_id in enumerate(prepared.record_ids, start=1):
            try:
                parts.append(_made(prepared, record_id, store))
            except DomainError as refusal:
                left.append((record_id, refusal.message))
            with transaction() as session:
                prints.progress(session, prepared.run_id, done)
            faults.reach("K7")
        with tempfile.TemporaryDirectory(dir=store.make_workspace()) as folder:
            path = Path(folder) / "forms.pdf"
            pages = rendering.join(path, ((part.name, store.read(part.sha256 or "")) for part in parts))
            with path.open("rb") as file:
                sha256, size = hash_of(file) if parts else None, path.stat().st_size
                with transaction() as session:
                    prints.named(
                        session, prepared.run_id, [part.document_id for part in parts], left,
                        sha256=sha256, size=size, page_count=pages,
                    )  # fmt: skip
                if parts:
                    file.seek(0)
                    store.put(file)

    def finish(self, session: Session, prepared: Order, result: None) -> None:
        """Note that it is there."""
        prints.made(session, prepared.run_id, at=clock.now())

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """Say on the page that it failed."""
        run = session.get(PrintRun, ids["run_id"])
        if run is not None and run.state in documents.WAITING:
            prints.failed(run, prints.BROKEN, at=clock.now())


def _made(order: Order, record_id: int, store: Store) -> Part:
    """The form of one record, with its file in the store. Raises DomainError: it is to be left out."""
    part = _asked(order, record_id, store)
    if part.sha256 and not store.has(part.sha256):
        with transaction() as session:
            prints.made_again(session, order, part.document_id, at=clock.now())
        part = _asked(order, record_id, store)
    if part.draft is None:
        return part
    single = RenderDocument()
    result = single.act(part.draft)
    with transaction() as session:
        single.finish(session, part.draft, result)
    if isinstance(result, Refused):
        raise DomainError(result.message)
    return replace(part, sha256=result.sha256)


def _asked(order: Order, record_id: int, store: Store) -> Part:
    with transaction() as session:
        return prints.part(session, order, record_id, at=clock.now(), store=store)


def _store() -> Store:
    return Store.of(current_app.config["PORTAL"])


HANDLERS: dict[str, Any] = {documents.OUTBOX_KIND: RenderDocument(), prints.OUTBOX_KIND: PrintMany()}
