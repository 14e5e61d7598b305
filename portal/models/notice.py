"""What the bell shows, and what went out by e-mail because of it. Source: `domain.md` 7.2."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import User
from portal.terms import Term, one_of


class NoticeLevel(Term):
    """How pressing a notice is."""

    INFO = "INFO", "For information"
    WARN = "WARN", "Due soon"
    OVERDUE = "OVERDUE", "Overdue"
    ACTION = "ACTION", "Your turn"


class Notice(Base):
    """One line in a person's inbox; the key keeps it single however often a job runs."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    key: Mapped[str] = mapped_column(String(150))
    level: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(200))
    """English message id; `params` fills it in."""
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    link: Mapped[str] = mapped_column(String(200))
    record_kind: Mapped[str | None] = mapped_column(String(30))
    record_id: Mapped[int | None]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()

    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        one_of("level", NoticeLevel),
        Index("ix_notice_inbox", "user_id", "read_at", "due_at"),
        Index("ix_notice_told", "user_id", "id"),
    )


class DeliveryState(Term):
    """How far an outgoing message has come."""

    DUE = "DUE", "To be sent"
    SENDING = "SENDING", "Being sent"
    SENT = "SENT", "Sent"
    UNCERTAIN = "UNCERTAIN", "Uncertain"
    FAILED = "FAILED", "Failed"
    SUPPRESSED = "SUPPRESSED", "Not needed any more"


class Delivery(Base):
    """One e-mail: of one notice, or the morning digest of a person."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(150), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"))
    channel: Mapped[str] = mapped_column(String(10), default="EMAIL")
    state: Mapped[str] = mapped_column(String(12), default=DeliveryState.DUE)
    message_id: Mapped[str] = mapped_column(String(100))
    attempts: Mapped[int] = mapped_column(default=0)
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (one_of("state", DeliveryState),)
