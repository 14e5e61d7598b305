"""Work that outlives a request. The database is the queue of record; RQ carries a wake-up with one number."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base
from portal.terms import Term, one_of


class OutboxState(Term):
    """Where a piece of work stands."""

    PENDING = "PENDING", "Waiting"
    LEASED = "LEASED", "Being done"
    DONE = "DONE", "Done"
    DEAD = "DEAD", "Given up"


class Outbox(Base):
    """One piece of work still to be done, written in the transaction that made it necessary. Ids only."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(10), default="fast")
    key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    run_after: Mapped[datetime]
    woken_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default=OutboxState.PENDING)
    attempt: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    """Leases that ran out without a word: the worker died."""
    lease_token: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(80))
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    __table_args__ = (
        one_of("state", OutboxState),
        Index("ix_outbox_due", "state", "run_after"),
        Index("ix_outbox_lease", "state", "lease_until"),
    )


class Effect(Base):
    """The key of an effect that is done, so that it is done once."""

    __tablename__ = "effect"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime]


class Schedule(Base):
    """A line of the periodic table, and how far its slots are planned."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    planned_until: Mapped[datetime]


class Slot(Base):
    """One time a schedule is due: made up after any outage, once."""

    __tablename__ = "slot"

    schedule: Mapped[str] = mapped_column(String(50), primary_key=True)
    key: Mapped[str] = mapped_column(String(30), primary_key=True)
    scope: Mapped[str] = mapped_column(String(30), primary_key=True, default="")
    due_at: Mapped[datetime]
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(10), default="DUE")
    """DUE, DONE, MERGED (a later one of a latest-only schedule covers it)."""
    done_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(String(200))


class Worker(Base):
    """A worker or scheduler process and its last sign of life."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    host: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    outbox_id: Mapped[int | None]


class ClientRequest(Base):
    """A form that was sent: the same key sent again gives the same answer instead of a second record."""

    __tablename__ = "client_request"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    location: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]
