"""The one timeline: append-only, hash-chained. Chatter, household timeline and audit log are filters on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, JSON, ForeignKey, Index, String, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, BigId
from portal.models.org import Party, User
from portal.terms import Term, one_of


class EventKind(Term):
    """What happened."""

    CREATED = "CREATED", "Registered"
    TRANSITION = "TRANSITION", "Step"
    CHANGE = "CHANGE", "Change"
    NOTE = "NOTE", "Internal note"
    MESSAGE = "MESSAGE", "Message"
    CALL = "CALL", "Call"
    FILE = "FILE", "File"
    PRINT = "PRINT", "Print"
    EXPORT = "EXPORT", "Export"
    VIEW = "VIEW", "Personal data seen"
    TASK = "TASK", "Task"
    FOLLOW = "FOLLOW", "Follower"
    BREACH = "BREACH", "Deadline missed"
    IMPORT = "IMPORT", "Import"
    SETTING = "SETTING", "Setting"
    ACCOUNT = "ACCOUNT", "Account"
    SYSTEM = "SYSTEM", "System"


class Event(Base):
    """One thing that happened. `id` runs without gaps in the order of the chain; `hash` covers the row before."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    action: Mapped[str | None] = mapped_column(String(40))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: the portal itself."""
    acted_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """The party on whose behalf it was recorded."""
    acted_at: Mapped[datetime | None]
    record_kind: Mapped[str | None] = mapped_column(String(30))
    record_id: Mapped[int | None]
    record_number: Mapped[str | None] = mapped_column(String(40))
    customer_id: Mapped[int | None]
    """For the household timeline. No foreign key: history outlives what an undone import removes."""
    project_id: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the kind needs: {"from", "to"}, {"changes": {field: [old, new]}}, {"text"}, …"""
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    actor: Mapped[User | None] = relationship()
    acted_by: Mapped[Party | None] = relationship()

    __table_args__ = (
        one_of("kind", EventKind),
        Index("ix_event_record", "record_kind", "record_id", "id"),
        Index("ix_event_customer", "customer_id", "id"),
        Index("ix_event_actor", "actor_id", "id"),
    )


class EventHead(Base):
    """The last link of the chain: one row, locked while a transaction appends."""

    __tablename__ = "event_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    last_id: Mapped[int] = mapped_column(BigId)
    last_hash: Mapped[str] = mapped_column(String(64))


APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER event_no_update BEFORE UPDATE ON event"
        " BEGIN SELECT RAISE(ABORT, 'events are never changed'); END",
        "CREATE TRIGGER event_no_delete BEFORE DELETE ON event"
        " BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'events are never changed or deleted'; END $$",
        "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_refuse()",
        "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
        "REVOKE UPDATE, DELETE, TRUNCATE ON event FROM PUBLIC",
    ],
}
"""The database itself refuses to rewrite history; the migration runs these too."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(
            Event.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),
        )
