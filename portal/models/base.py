"""What every record carries: number, branch, who and when, version."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from portal.db import Base

BigId = BigInteger().with_variant(Integer, "sqlite")


def prefixed(length: int) -> String:
    """Text that is searched by its beginning: compared by code point on both databases, so that an index serves it."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def where(condition: str) -> dict[str, Any]:
    """For an index over some of the rows: what is left out costs nothing however many rows there are.

    A first column that must be there keeps SQLite from walking through all its values when they are not asked for.
    """
    return {f"{dialect}_where": text(condition) for dialect in ("sqlite", "postgresql")}


__all__ = ["Base", "BigId", "Mergeable", "Record", "prefixed", "where"]


class Record:
    """Common fields of a numbered business record (`domain.md` 3). `KIND` is its plural name in URLs."""

    KIND: ClassVar[str]
    PREFIX: ClassVar[str]

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(prefixed(40), unique=True)
    remarks: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("user.id"))

    @declared_attr
    def updated_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("user.id"))

    @declared_attr
    def branch_id(cls) -> Mapped[int | None]:
        """The branch whose people see the record; None: every branch. Large tables have an index in the list's order."""
        return mapped_column(ForeignKey("branch.id"))

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Mergeable:
    """A record of which there may be a second one by mistake. Merged into the other it stays, but stands for nothing.

    `portal.visibility` hides it everywhere; its links are those of the other, its address leads there.
    """

    @declared_attr
    def merged_into_id(cls) -> Mapped[int | None]:
        """The record that is kept instead; None: this one stands for itself."""
        return mapped_column(ForeignKey(f"{cls.__tablename__}.id"))  # type: ignore[attr-defined]


STANDING = where("merged_into_id IS NULL")
"""For indexes of lists: what was merged into another record is in no list."""
MERGED = where("merged_into_id IS NOT NULL")
