"""The rows of a list in its order, a thousand at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.exporting.fields import Field, Value, joins
from portal.exporting.limits import Round, last_rounds
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.state import State, args_of
from portal.models.org import User

CHUNK = 1_000

Line = list[Value]
Rounds = dict[tuple[int, str], Round]


def count(session: Session, user: User, listing: Listing, state: State, *, at: datetime, most: int) -> int:
    """How many rows the list has for the person; counting stops at one more than `most`."""
    statement, values = engine.ids(session, user, listing.kind, parameters(state), at=at)
    capped = statement.limit(most + 1).subquery()
    return session.scalar(select(func.count()).select_from(capped), values) or 0


def parameters(state: State) -> dict[str, str]:
    """The state as the parameters of a URL."""
    return args_of(state.without_place().query())


def lines(
    session: Session, user: User, listing: Listing, state: State, fields: Sequence[Field], *, at: datetime
) -> Iterator[list[Line]]:
    """The chosen columns of every row the list shows, in its order. What is held in memory does not grow."""
    held: list[int] = []
    place: State | None = state.without_place()
    while place is not None:
        page = engine.page(session, user, listing, place, at=at)
        held += [row.id for row in page.rows]
        place = page.next
        if len(held) >= CHUNK or (held and place is None):
            yield _values(session, listing, fields, held, at)
            held = []


def lines_of(
    session: Session, listing: Listing, fields: Sequence[Field], numbers: Sequence[int], *, at: datetime
) -> Iterator[list[Line]]:
    """As `lines`, of the rows of these inner numbers; whether they are the person's was asked (`engine.in_order`)."""
    for start in range(0, len(numbers), CHUNK):
        yield _values(session, listing, fields, numbers[start : start + CHUNK], at)


def _values(
    session: Session, listing: Listing, fields: Sequence[Field], wanted: Sequence[int], at: datetime
) -> list[Line]:
    key = listing.model.id
    statement = select(key, *(value for field in fields for value in field.values)).select_from(listing.model)
    for table, on in joins(listing.kind):
        statement = statement.outerjoin(table, on)
    found: dict[int, Line] = {}
    codes = {field.code for field in fields if field.code}
    rounds = last_rounds(session, listing.kind, wanted, codes) if codes else {}
    for row in session.execute(statement.where(key.in_(wanted))):
        found[row[0]] = _read(fields, row, at, rounds)
    return [found[number] for number in wanted]


def _read(fields: Sequence[Field], values: Sequence[Any], at: datetime, rounds: Rounds) -> Line:
    """A line of the file; `values` begins with the number inside. A clock that never ran leaves its columns empty."""
    line: Line = []
    place = 1
    for field in fields:
        if field.code:
            last = rounds.get((values[0], field.code))
            line.append(field.read(at, last) if last is not None else None)
            continue
        line.append(field.read(at, *values[place : place + len(field.values)]))
        place += len(field.values)
    return line
