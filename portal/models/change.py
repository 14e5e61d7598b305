"""Changes of many records at once: what was asked for, looked at first, and what came of it for each record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, where
from portal.models.org import User
from portal.terms import Term, one_of


class RunState(Term):
    """How far a change of many records has come."""

    DRAFT = "DRAFT", "To be looked at"
    WORKING = "WORKING", "Being carried out"
    DONE = "DONE", "Done"


class Outcome(Term):
    """What came of a change for one record; none yet: it is still to be changed."""

    CHANGED = "CHANGED", "Changed"
    SKIPPED = "SKIPPED", "Left as it was"


class ChangeRun(Base):
    """One change of many records, of one person. Looked at as a draft first; the row and its items go after a while."""

    __tablename__ = "change_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    """The records, by their plural name."""
    change: Mapped[str] = mapped_column(String(40))
    """Key of the declared change."""
    given: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was filled in, as `changes.Ask` keeps it."""
    query: Mapped[str] = mapped_column(Text)
    """The list as it stood, to go back to."""
    locale: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default=RunState.DRAFT)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    requested_at: Mapped[datetime] = mapped_column(index=True)
    began_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    missing: Mapped[int] = mapped_column(default=0)
    """How many of the chosen records are not there, or not for this person."""
    undo_of_id: Mapped[int | None] = mapped_column(ForeignKey("change_run.id", ondelete="SET NULL"))
    """The run that this one takes back."""

    requested_by: Mapped[User] = relationship(foreign_keys=[requested_by_id])

    __table_args__ = (
        one_of("state", RunState),
        Index("ix_change_run_person", "requested_by_id", "id"),
        Index("ix_change_run_undo", "undo_of_id", **where("undo_of_id IS NOT NULL")),
    )


class ChangeItem(Base):
    """One record of a run. An outcome is written in the transaction of the change itself, so none is changed twice."""

    __tablename__ = "change_item"

    run_id: Mapped[int] = mapped_column(ForeignKey("change_run.id", ondelete="CASCADE"), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    """The version that was looked at; another one means that somebody was faster."""
    value: Mapped[str | None] = mapped_column(String(300))
    """What this record gets instead of what was filled in: its old value, when a run is taken back."""
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Why it is left as it was: the English sentence as `message` with `context` and `values`."""
    before: Mapped[str | None] = mapped_column(String(300))
    """The value before, as `value` would say it; None: the change is not one of a value."""
    after_version: Mapped[int | None]

    __table_args__ = (one_of("outcome", Outcome, nullable=True),)
