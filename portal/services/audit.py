"""The audit log: all events, newest first, filtered, a page at a time; and a look whether the chain still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from portal import clock
from portal.models.event import Event, EventHead
from portal.models.org import User
from portal.services import events

PAGE = 50
CHECKED = 5000
"""Events that a check from the page follows back; the whole chain is the matter of `portal audit check`."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. Days are the company's; `number` is a record's whole number or its beginning."""

    person_id: int | None = None
    kind: str | None = None
    number: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Events, newest first; `older` and `newer` are the ids to go on from."""

    events: tuple[Event, ...]
    older: int | None
    newer: int | None


def page(session: Session, filters: Filters, *, before: int | None = None, after: int | None = None) -> Page:
    """A page of the log: the newest, or those older than `before`, or the nearest newer than `after`."""
    query = _matching(filters).options(joinedload(Event.actor), joinedload(Event.acted_by))
    if after is not None:
        found = list(session.scalars(query.where(Event.id > after).order_by(Event.id).limit(PAGE + 1)))
        more, rows = len(found) > PAGE, list(reversed(found[:PAGE]))
        return Page(tuple(rows), rows[-1].id if rows else None, rows[0].id if more else None)
    if before is not None:
        query = query.where(Event.id < before)
    found = list(session.scalars(query.order_by(Event.id.desc()).limit(PAGE + 1)))
    rows = found[:PAGE]
    older = rows[-1].id if len(found) > PAGE else None
    return Page(tuple(rows), older, rows[0].id if rows and before is not None else None)


def _matching(filters: Filters) -> Select[Event]:
    query = select(Event)
    if filters.person_id is not None:
        query = query.where(Event.actor_id == filters.person_id)
    if filters.kind is not None:
        query = query.where(Event.kind == filters.kind)
    if filters.number:
        query = query.where(Event.record_number.startswith(filters.number, autoescape=True))
    if filters.first is not None:
        query = query.where(Event.at >= clock.at_local(filters.first))
    if filters.last is not None:
        query = query.where(Event.at < clock.at_local(filters.last + timedelta(days=1)))
    return query


def people(session: Session) -> list[tuple[int, str]]:
    """Everybody who can have acted, also those who left."""
    return [(id_, name) for id_, name in session.execute(select(User.id, User.name).order_by(User.name, User.id))]


@dataclass(frozen=True, slots=True)
class Chain:
    """What the chain looks like: how many events, the newest link, and, after a check, what was found."""

    last_id: int
    last_hash: str
    checked: int = 0
    broken_at: int | None = None
    checked_at: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Every link that was looked at holds."""
        return self.broken_at is None


def chain(session: Session) -> Chain:
    """The head of the chain, not checked."""
    head = session.get(EventHead, 1)
    return Chain(head.last_id, head.last_hash) if head else Chain(0, events.GENESIS)


def check_recent(session: Session, *, at: datetime, limit: int = CHECKED) -> Chain:
    """Follow the newest links back: each must fit its own content, the link before it, and the sealed head."""
    head = chain(session)
    first = max(1, head.last_id - limit + 1)
    rows = session.scalars(select(Event).where(Event.id >= first - 1).order_by(Event.id)).all()
    expected, previous = first, events.GENESIS
    if first > 1:
        before = rows[0] if rows and rows[0].id == first - 1 else None
        if before is None:
            return Chain(head.last_id, head.last_hash, 0, first - 1, at)
        previous, rows = before.hash, rows[1:]
    for event in rows:
        if event.id != expected or event.previous_hash != previous or events.digest(event) != event.hash:
            return Chain(head.last_id, head.last_hash, expected - first, expected, at)
        previous, expected = event.hash, expected + 1
    is_short = (expected - 1, previous) != (head.last_id, head.last_hash)
    return Chain(head.last_id, head.last_hash, expected - first, expected if is_short else None, at)
