"""Printed forms and reports: a row with a state; the page shows progress and then the link."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, prefixed
from portal.terms import Term, one_of


class DocumentState(Term):
    """How far a document has come."""

    REQUESTED = "REQUESTED", "Waiting"
    RENDERING = "RENDERING", "Being made"
    DONE = "DONE", "Ready"
    FAILED = "FAILED", "Failed"


class Document(Base):
    """One PDF of a form. The fingerprint covers what it shows, so nothing is made twice while nothing changed."""

    __tablename__ = "document"

    id: Mapped[int] = mapped_column(primary_key=True)
    form: Mapped[str] = mapped_column(String(10))
    """F-06, RP-02, …"""
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(prefixed(40))
    locale: Mapped[str] = mapped_column(String(10))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12), default=DocumentState.REQUESTED)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None]
    page_count: Mapped[int | None]
    print_count: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("form", "record_kind", "record_id", "locale", "fingerprint"),
        one_of("state", DocumentState),
        Index("ix_document_form", "form", "id"),
        Index("ix_document_number", "record_number"),
    )
