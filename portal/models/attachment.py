"""Files of records: content once in the store, a row per use, a bin instead of deletion."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base


def names_content(column_name: str) -> bool:
    """Whether a column of this name, in whatever table, names content of the store."""
    return column_name == "sha256" or column_name.endswith("_sha256")


def content_columns() -> list[Column[Any]]:
    """Every column that names content of the store."""
    tables = Base.metadata.sorted_tables
    return [column for table in tables for column in table.columns if names_content(column.name)]


class StoredFile(Base):
    """Content in the store, named by its SHA-256."""

    __tablename__ = "stored_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int]
    mime: Mapped[str] = mapped_column(String(100))
    width: Mapped[int | None]
    height: Mapped[int | None]
    thumbnail_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Attachment(Base):
    """A file on a record, served only to those who may see the record."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(30), default="FILE")
    """EVIDENCE, SIGNATURE (scan of a signed paper), PHOTO, FILE."""
    page_count: Mapped[int | None]
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    uploaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    file: Mapped[StoredFile] = relationship()

    __table_args__ = (Index("ix_attachment_record", "record_kind", "record_id"),)
