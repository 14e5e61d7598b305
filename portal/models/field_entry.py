"""What was written on a phone, often without signal, and clocks that were met there before the limit but heard of after it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, where
from portal.models.org import User
from portal.models.task import Task
from portal.terms import Term, one_of


class FieldEntry(Base):
    """One form or photo that arrived from a phone, once per key. The time of the phone and of the server both stay."""

    __tablename__ = "field_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    client_key: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """What was sent, as a hash: the same key with other content is another entry and is refused."""
    record_kind: Mapped[str | None] = mapped_column(String(30))
    record_id: Mapped[int | None]
    action: Mapped[str | None] = mapped_column(String(40))
    device_at: Mapped[datetime]
    """When it was written, by the clock of the phone as it stood."""
    skew_seconds: Mapped[int]
    """How far the phone's clock was ahead of the server's when the two last spoke before that."""
    received_at: Mapped[datetime]
    location: Mapped[str] = mapped_column(String(300))

    user: Mapped[User] = relationship()

    __table_args__ = (
        UniqueConstraint("user_id", "client_key"),
        Index("ix_field_entry_record", "record_kind", "record_id"),
    )


class ClaimState(Term):
    """What became of a clock that was met without signal."""

    OPEN = "OPEN", "To be decided"
    ACCEPTED = "ACCEPTED", "Accepted"
    REFUSED = "REFUSED", "Refused"


class DeadlineClaim(Base):
    """A clock that was met on the phone before its limit, heard of after it. It counts as missed unless a manager accepts."""

    __tablename__ = "deadline_claim"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    """Who wrote it on the phone."""
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    state: Mapped[str] = mapped_column(String(10), default=ClaimState.OPEN)
    due_at: Mapped[datetime]
    met_at: Mapped[datetime]
    """When the step was taken, as it was entered."""
    device_at: Mapped[datetime]
    skew_seconds: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(index=True)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    task: Mapped[Task] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])

    __table_args__ = (
        one_of("state", ClaimState),
        Index("ix_deadline_claim_open", "received_at", **where("state = 'OPEN'")),
    )
