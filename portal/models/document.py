"""Printed forms and reports: a row with a state; the page shows progress and then the link."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, prefixed
from portal.models.org import User
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
    shown_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    """The records that a form lists which shows each reader only what that reader may see; None: it is no such form."""

    __table_args__ = (
        UniqueConstraint("form", "record_kind", "record_id", "locale", "fingerprint"),
        one_of("state", DocumentState),
        Index("ix_document_form", "form", "id"),
        Index("ix_document_number", "record_number"),
    )


class PrintRun(Base):
    """One form of many records as one PDF, for whoever asked; the row and its file go when they expire."""

    __tablename__ = "print_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    form: Mapped[str] = mapped_column(String(10))
    words: Mapped[str] = mapped_column(Text)
    """Of what, in the language of who asked: the list with its filters, the plan of a day."""
    back: Mapped[str] = mapped_column(Text)
    """The page it was asked for on."""
    record_ids: Mapped[list[int]] = mapped_column(JSON)
    """The records in the order of the pages."""
    locale: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12), default=DocumentState.REQUESTED)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    requested_at: Mapped[datetime]
    done: Mapped[int] = mapped_column(default=0)
    """How many records were gone through."""
    document_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    """The forms in the file, in its order."""
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """Records that are not in it: the inner number as `id`, why as `reason`."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Named before the content is kept, so that no death leaves content that belongs to nothing."""
    size: Mapped[int | None]
    page_count: Mapped[int | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Why there is none: the English sentence as `message` with `context` and `values`."""

    requested_by: Mapped[User] = relationship(foreign_keys=[requested_by_id])

    __table_args__ = (
        one_of("state", DocumentState),
        Index("ix_print_run_person", "requested_by_id", "id"),
    )
