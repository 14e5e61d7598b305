"""Doubles: pairs of records that may be one, and merges with all that undoing them needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import User
from portal.terms import Term, one_of


class DoubleReason(Term):
    """What makes two records look like one."""

    PHONE = "PHONE", "Same phone"
    PHONE_TAIL = "PHONE_TAIL", "Same last eight digits of the phone"
    NAME_ADDRESS = "NAME_ADDRESS", "Same name and address"
    CONTRACT = "CONTRACT", "Same contract number"
    ADDRESS = "ADDRESS", "Same customer and address"
    NAME = "NAME", "Same name and post"
    HAND = "HAND", "Compared by hand"


class PairState(Term):
    """What people said of a pair."""

    OPEN = "OPEN", "Not looked at yet"
    DISMISSED = "DISMISSED", "Not a duplicate"
    MERGED = "MERGED", "Merged"


class DuplicatePair(Base):
    """Two records of one kind that may be the same. A pair is found once; what was said of it is never asked again."""

    __tablename__ = "duplicate_pair"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    first_id: Mapped[int]
    """The smaller number of the two."""
    second_id: Mapped[int]
    reason: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default=PairState.OPEN)
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    decided_by: Mapped[User | None] = relationship()

    __table_args__ = (
        UniqueConstraint("kind", "first_id", "second_id"),
        Index("ix_duplicate_pair_second", "kind", "second_id"),
        Index("ix_duplicate_pair_state", "kind", "state", "id"),
        one_of("reason", DoubleReason),
        one_of("state", PairState),
    )


class Merge(Base):
    """One record merged into another: which values were taken and which links moved, so that exactly these go back."""

    __tablename__ = "record_merge"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    kept_id: Mapped[int]
    merged_id: Mapped[int]
    kept_number: Mapped[str] = mapped_column(String(40))
    merged_number: Mapped[str] = mapped_column(String(40))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the kept record took over: {field: [old, new]}."""
    moved: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """[{"table", "column", "keys", "old": {column: value}, "new": {column: value}}]; `keys` are primary keys after it."""
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    left: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What undoing it left as it was, because it was changed since: {"fields": [...], "links": 2}."""

    by: Mapped[User | None] = relationship(foreign_keys=[by_id])
    undone_by: Mapped[User | None] = relationship(foreign_keys=[undone_by_id])

    __table_args__ = (
        Index("ix_record_merge_kept", "kind", "kept_id"),
        Index("ix_record_merge_merged", "kind", "merged_id"),
    )
