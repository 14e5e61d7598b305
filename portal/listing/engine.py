"""One statement per list: what is visible, what was searched and filtered, in order, one page of it.

Columns are selected, not entities. Statements are built once per kind of viewer and kept; persons, moments and places
fill them. Pages follow each other by the last row, never by an offset, and counting stops at CEILING.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sqlalchemy import Select, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import Session

from portal import clock
from portal.listing.declaration import Condition, Listing, Moments
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, find_filter, from_args, order_of, order_type
from portal.listing.terms import words
from portal.models.org import User
from portal.visibility import Placeholder, Viewer, condition, parameters, placeholder

PAGE = 80
CEILING = 10_000
"""Counting stops here: `10,000+`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the record, the values as the database gave them, and what was looked up beside them."""

    kind: str
    values: tuple[Any, ...]
    """Place, number of the record inside, its number for people, then the link and the columns."""
    found: tuple[Any, ...]
    """What each column with `attach` found, in their order."""

    @property
    def number(self) -> str:
        """What people call the record."""
        return str(self.values[2])

    @property
    def id(self) -> int:
        """The inner number."""
        return int(self.values[1])

    @property
    def path(self) -> str:
        """Where the line leads."""
        if LISTINGS[self.kind].link:
            return record_path(self.values[3], self.values[4])
        return record_path(self.kind, self.number)

    @property
    def cells(self) -> tuple[Any, ...]:
        """What stands in each cell, in the language of the page."""
        listing = LISTINGS[self.kind]
        at, found = 3 + len(listing.link), iter(self.found)
        cells = []
        for column in listing.columns:
            given = self.values[at : at + len(column.values)]
            at += len(column.values)
            cells.append(column.show(*given, next(found)) if column.attach is not None else column.show(*given))
        return tuple(cells)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `first` counts from 1; `next` and `previous` are states or None."""

    rows: list[Row]
    first: int
    next: State | None
    previous: State | None


def page(session: Session, user: User, listing: Listing, state: State, *, at: datetime) -> Page:
    """The rows of a state that exist for the person."""
    place, backwards = _place(listing, state)
    statement = _rows(listing.kind, placeholder(user), state.filters, state.sort, place is not None, backwards)
    statement = _searched(statement, listing, state).limit(PAGE + 1)
    given = moments(user, at) | ({"place_value": place.value, "place_id": place.id} if place else {})
    found: Sequence[Any] = session.execute(statement, given).all()
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found = found[::-1]
    passed = place.before if place else 0
    start = max(0, passed - len(found)) if backwards else passed
    rows = _read(session, listing, found)
    return Page(
        rows,
        start + 1,
        _step(state, "after", found[-1], start + len(found)) if found and (more or backwards) else None,
        _step(state, "before", found[0], start) if found and (start > 0 if not backwards else more) else None,
    )


def count(
    session: Session, user: User, kind: str, params: Mapping[str, str] | None = None, *, at: datetime
) -> tuple[int, bool]:
    """How many rows the list with these URL parameters has for the person, and whether counting stopped at CEILING.

    `count(session, user, "complaints", {"filter": "mine,overdue"}, at=now)` is the number of rows that
    `/records/complaints?filter=mine,overdue` shows. Without "filter" the default filters of the list hold.
    """
    listing = LISTINGS[kind]
    state, _problems = from_args(listing, params or {})
    return count_state(session, user, listing, state, at=at)


def count_many(
    session: Session, user: User, wanted: Sequence[tuple[str, Mapping[str, str]]], *, at: datetime
) -> list[tuple[int, bool]]:
    """As `count` for several lists at once, in one question to the database: the tiles of a dashboard."""
    columns = []
    for kind, params in wanted:
        listing = LISTINGS[kind]
        state, _problems = from_args(listing, params)
        matching = _searched(_matching(kind, placeholder(user), state.filters), listing, state)
        columns.append(select(func.count()).select_from(matching.limit(CEILING + 1).subquery()).scalar_subquery())
    numbers = session.execute(select(*columns), moments(user, at)).one()
    return [(min(number, CEILING), number > CEILING) for number in numbers]


def count_state(session: Session, user: User, listing: Listing, state: State, *, at: datetime) -> tuple[int, bool]:
    """As `count`, for a state that was read already."""
    matching = _searched(_matching(listing.kind, placeholder(user), state.filters), listing, state)
    capped = matching.limit(CEILING + 1).subquery()
    number = session.execute(select(func.count()).select_from(capped), moments(user, at)).scalar_one()
    return min(number, CEILING), number > CEILING


def ids(user: User, kind: str, params: Mapping[str, str]) -> tuple[Select[Any], dict[str, Any]]:
    """The statement of the matching record numbers without the moments, and the person's part of what fills it."""
    listing = LISTINGS[kind]
    state, _problems = from_args(listing, params)
    return _searched(_matching(kind, placeholder(user), state.filters), listing, state), parameters(user)


def moments(user: User, at: datetime) -> dict[str, Any]:
    """What fills the placeholders of a statement: the person, now, the company's day."""
    start = clock.at_local(clock.today(at))
    day = timedelta(days=1)
    return parameters(user) | {"at": at, "day_from": start, "day_until": start + day, "soon_until": at + day}


# ---------- Building ----------


@lru_cache(maxsize=512)
def _matching(kind: str, viewer: Placeholder, filters: tuple[str, ...]) -> Select[Any]:
    listing = LISTINGS[kind]
    statement = select(listing.model.id).select_from(listing.model)
    return _narrowed(statement, listing, viewer, filters)


@lru_cache(maxsize=512)
def _rows(
    kind: str, viewer: Placeholder, filters: tuple[str, ...], sort: str, placed: bool, backwards: bool
) -> Select[Any]:
    listing = LISTINGS[kind]
    expression, descending = order_of(listing, State(filters=filters, sort=sort))
    key = listing.model.id
    wanted = [value for column in listing.columns for value in column.values]
    statement = select(expression.label("place"), key, listing.number, *listing.link, *wanted).select_from(
        listing.model
    )
    for table, on in listing.joins:
        statement = statement.outerjoin(table, on)
    statement = _narrowed(statement, listing, viewer, filters)
    falls = descending is not backwards
    by_number = expression is key
    if placed:
        number = bindparam("place_id", type_=key.type)
        if by_number:
            statement = statement.where(key < number if falls else key > number)
        else:
            here = tuple_(expression, key)
            there = tuple_(bindparam("place_value", type_=expression.type), number)
            statement = statement.where(here < there if falls else here > there)
    orders = [key] if by_number else [expression, key]
    return statement.order_by(*(order.desc() if falls else order.asc() for order in orders))


def _narrowed(statement: Select[Any], listing: Listing, viewer: Viewer, filters: tuple[str, ...]) -> Select[Any]:
    known = Moments(viewer)
    groups: dict[str, list[Condition]] = {}
    for key in filters:
        found = find_filter(listing, key)
        if found is None:
            continue
        if isinstance(found, tuple):
            choice, value = found
            chosen = choice.condition(value)
            if chosen is not None:
                groups.setdefault(choice.key, []).append(chosen)
        else:
            groups.setdefault(found.group or found.key, []).append(found.condition(known))
    return statement.where(condition(viewer, listing.model), *(or_(*group) for group in groups.values()))


def _searched(statement: Select[Any], listing: Listing, state: State) -> Select[Any]:
    return statement.where(*(listing.search(word) for word in words(state.q))) if state.q else statement


def _place(listing: Listing, state: State) -> tuple[Cursor | None, bool]:
    text = state.after or state.before
    return (Cursor.read(text, order_type(listing, state)) if text else None), bool(state.before)


def _step(state: State, name: str, row: Any, before: int) -> State:
    return state.placed(name, Cursor(row[0], row[1], before).text())


# ---------- Reading ----------


def _read(session: Session, listing: Listing, found: Sequence[Any]) -> list[Row]:
    keys = [row[1] for row in found]
    looked_up = [
        column.attach(session, keys) if keys else {} for column in listing.columns if column.attach is not None
    ]
    return [Row(listing.kind, tuple(row), tuple(each.get(row[1]) for each in looked_up)) for row in found]


def record_path(kind: str, number: str) -> str:
    """Where a record is."""
    return f"/records/{kind}/{quote(str(number), safe='')}"
