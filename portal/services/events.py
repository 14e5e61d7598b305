"""The timeline: what happened is appended once and chained; nothing is ever changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from portal.models.event import Event, EventHead, EventKind
from portal.models.org import Party, User
from portal.services import following

GENESIS = "0" * 64
TOLD_EVERY = 10_000
_AS_TEXT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def record(
    session: Session,
    kind: EventKind,
    *,
    at: datetime,
    actor: User | None,
    record: Any = None,
    action: str | None = None,
    acted_by: Party | None = None,
    acted_at: datetime | None = None,
    customer_id: int | None = None,
    **data: Any,
) -> Event:
    """Append one event. It is numbered and chained when the transaction ends, in the order of the calls.

    `record` is any model with KIND, id and number; its customer and project are taken over for the household page.
    """
    if device_at := session.info.get("device_at"):
        data = {**data, "device_at": device_at}
    event = Event(
        at=at,
        kind=kind,
        action=action,
        actor_id=actor.id if actor else None,
        acted_by_id=acted_by.id if acted_by else None,
        acted_at=acted_at,
        data=plain(data),
    )
    if record is not None:
        if record.id is None:
            session.flush()
        event.record_kind, event.record_id = record.KIND, record.id
        event.record_number = getattr(record, "number", None)
        event.customer_id = record.id if record.KIND == "customers" else getattr(record, "customer_id", None)
        event.project_id = record.id if record.KIND == "projects" else getattr(record, "project_id", None)
    if customer_id is not None:
        event.customer_id = customer_id
    session.info.setdefault("events", []).append(event)
    return event


def said_by_device(session: Session, at: datetime | None) -> None:
    """Have the events of this transaction keep when the phone says that it was done, beside when it arrived here."""
    session.info["device_at"] = at


def plain(value: Any) -> Any:
    """The value as JSON keeps it: moments in ISO form, money as text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def seal(session: Session) -> None:
    """Number and chain the events of this transaction, and have followers told. Called once, right before the commit.

    The head row is locked only here, so writers wait for each other as briefly as can be.
    """
    pending: list[Event] = session.info.pop("events", [])
    session.info.pop("device_at", None)
    if not pending:
        return
    session.flush()
    head = session.scalars(
        select(EventHead).where(EventHead.id == 1).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if head is None:
        head = EventHead(id=1, last_id=0, last_hash=GENESIS)
        session.add(head)
    for event in pending:
        event.id = head.last_id + 1
        event.previous_hash = head.last_hash
        event.hash = digest(event)
        head.last_id, head.last_hash = event.id, event.hash
    session.add_all(pending)
    session.flush()
    following.tell(session, pending)


def digest(event: Event) -> str:
    """The hash over all that an event says and over the event before it."""
    said = [
        event.id,
        event.at.astimezone(UTC).isoformat(),  # as the database gives it back, whatever zone it was said in
        event.kind,
        event.action,
        event.actor_id,
        event.acted_by_id,
        event.acted_at.astimezone(UTC).isoformat() if event.acted_at else None,
        event.record_kind,
        event.record_id,
        event.record_number,
        event.customer_id,
        event.project_id,
        event.data,
        event.previous_hash,
    ]
    return hashlib.sha256(_AS_TEXT(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The result of a check of the chain: how many rows were read, and the first that does not fit."""

    checked: int
    broken_at: int | None
    problem: str | None

    @property
    def ok(self) -> bool:
        """True when every link holds."""
        return self.broken_at is None and self.problem is None


_NEXT = select(*Event.__table__.c).where(Event.id > bindparam("last")).order_by(Event.id).limit(2000)


def _rows(session: Session) -> Iterator[Event]:
    """All events in their order, as plain rows: millions of records would take three times as long."""
    session.flush()
    last = 0
    while batch := session.connection().execute(_NEXT, {"last": last}).all():
        yield from cast("list[Event]", batch)
        last = batch[-1].id


def check_chain(session: Session, *, looked_at: Callable[[int], None] | None = None) -> ChainReport:
    """Follow the whole chain. Names the first row that was changed, removed, added or moved.

    `looked_at` is told now and then how many events were followed.
    """
    previous, expected = GENESIS, 1
    for event in _rows(session):
        if event.id != expected:
            return ChainReport(expected - 1, expected, f"event {expected} is missing")
        if event.previous_hash != previous or digest(event) != event.hash:
            return ChainReport(expected - 1, event.id, f"event {event.id} does not fit the chain")
        previous, expected = event.hash, expected + 1
        if looked_at is not None and expected % TOLD_EVERY == 0:
            looked_at(expected - 1)
    head = session.get(EventHead, 1)
    if head is not None and (head.last_id, head.last_hash) != (expected - 1, previous):
        return ChainReport(expected - 1, head.last_id, f"the chain ends at {expected - 1}, sealed at {head.last_id}")
    return ChainReport(expected - 1, None, None)
