"""Lists taken out as files: a row with a state; the page shows progress and then the link. And saved sets of columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import User
from portal.terms import Term, one_of


class ExportState(Term):
    """How far an export has come."""

    QUEUED = "QUEUED", "Waiting"
    WORKING = "WORKING", "Being made"
    READY = "READY", "Ready"
    FAILED = "FAILED", "Failed"
    STOPPED = "STOPPED", "Stopped"


class ExportFormat(Term):
    """What sort of file it becomes."""

    XLSX = "XLSX", "Excel workbook (.xlsx)"
    CSV = "CSV", "Text with commas (.csv)"


class Export(Base):
    """One file of one list. What is in it is for whoever asked; the row and its file go when they expire."""

    __tablename__ = "export"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    """The list, by the plural name of its records."""
    query: Mapped[str] = mapped_column(Text)
    """Search, filters and order as they stand in the URL of the list."""
    words: Mapped[str] = mapped_column(Text)
    """The same in words, in the language of who asked."""
    columns: Mapped[list[str]] = mapped_column(JSON)
    format: Mapped[str] = mapped_column(String(10))
    full_phones: Mapped[bool] = mapped_column(default=False)
    purpose: Mapped[str | None] = mapped_column(String(200))
    """What the full numbers are needed for."""
    locale: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default=ExportState.QUEUED)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    requested_at: Mapped[datetime]
    as_of: Mapped[datetime | None]
    """The moment the file shows: when the worker first took it up."""
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Named before the content is kept, so that no death leaves content that belongs to nothing."""
    size: Mapped[int | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Why there is none: the English sentence as `message`, and its `values`."""
    record_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    """The chosen rows by their inner numbers; None: every row that search and filters leave."""

    requested_by: Mapped[User] = relationship(foreign_keys=[requested_by_id])

    __table_args__ = (
        one_of("state", ExportState),
        one_of("format", ExportFormat),
        Index("ix_export_person", "requested_by_id", "id"),
    )


class ExportPreset(Base):
    """A set of columns of one list with a name, of one person or for everybody."""

    __tablename__ = "export_preset"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(40))
    columns: Mapped[list[str]] = mapped_column(JSON)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    is_shared: Mapped[bool] = mapped_column(default=False)

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])

    __table_args__ = (UniqueConstraint("kind", "owner_id", "name"),)
