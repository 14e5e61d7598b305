"""The rows of a state by the stretches they last: how many lie in some days, before and after them, and their bars.

Which rows are shown, and in which order, is asked of the engine with a state that is narrowed to the days; the bars of
the rows that are drawn are one more question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.listing import board, engine, kept, spans
from portal.listing.declaration import Listing, Span
from portal.listing.engine import Row
from portal.listing.registry import LISTINGS
from portal.listing.state import State, Within
from portal.models.org import User
from portal.prepared import Prepared

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a row. Days count from their first to their last minute."""

    span: Span
    start: datetime
    end: datetime
    is_open: bool
    """It has no end yet: `end` is now."""
    is_point: bool
    """Only one of beginning and end is known, or they are the same moment."""


@dataclass(frozen=True, slots=True)
class Clocked:
    """Until when a row has to be done by its running clock, or had to by the one of a task that was done."""

    due: datetime
    closed: datetime | None


def narrowed(state: State, days: tuple[date, date]) -> State:
    """The state with the rows that lie in the days."""
    return replace(state, within=Within(*days))


def counts(
    session: Session, user: User, listing: Listing, state: State, days: tuple[date, date], at: datetime
) -> dict[str, int]:
    """How many rows lie inside the days, before, after, and in no days; of very many rows now and then (`kept`)."""
    question, values = engine.asked(session, user, listing, state.rows_only(), at, ordered=False)
    values |= spans.filling(Within(*days), at)
    found = kept.rows(_counts(question), session, values, at, count=1)
    return dict.fromkeys(spans.PARTS, 0) | {part: number for part, number in found}


def bars(session: Session, listing: Listing, ids: Sequence[int], at: datetime) -> dict[int, list[Bar]]:
    """The bars of these rows, as declared."""
    found: dict[int, list[Bar]] = {}
    if ids:
        for number, *ends in session.execute(_bars(listing.kind).where(listing.model.id.in_(ids))):
            pairs = zip(listing.spans, ends[::2], ends[1::2], strict=True)
            found[number] = [made for span, start, end in pairs if (made := _bar(span, start, end, at)) is not None]
    return found


def due_of(row: Row) -> Clocked | None:
    """When the clock of a row is due; None: it has none."""
    listing = LISTINGS[row.kind]
    column = board.clock_of(listing)
    if column is None:
        return None
    _code, _started, due, _warn, closed, _outcome = row.values[engine.still(listing) :][: len(column.values)]
    return None if due is None else Clocked(due, closed)


@lru_cache(maxsize=256)
def _counts(question: engine.Question) -> Prepared:
    rows = engine.matching(question, spans.part(LISTINGS[question.kind]).label("part")).subquery()
    return Prepared(select(rows.c.part, func.count()).group_by(rows.c.part))


@cache
def _bars(kind: str) -> Select[Any]:
    listing = LISTINGS[kind]
    ends = [each for span in listing.spans for each in (span.start, span.end)]
    return select(listing.model.id, *(each.label(f"end_{number}") for number, each in enumerate(ends)))


def _bar(span: Span, start: Any, end: Any, at: datetime) -> Bar | None:
    begin, last = start if start is not None else end, end if end is not None else start
    if begin is None:
        return None
    first, until = _moment(begin), _moment(last) + (timedelta() if span.timed else DAY)
    is_open = span.runs and end is None and first <= at
    is_point = not is_open and (start is None or end is None or until <= first)
    return Bar(span, first, max(first, at if is_open else until), is_open, is_point)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else clock.at_local(value)
