"""Which rows lie inside some days: by the beginnings and ends that their record type declares for its timeline.

A row is `inside` when one of its bars touches the days, `none` when it has no bar; of the others `before` has begun
and `after` has not. So each row is in exactly one part, and the parts together are the rows of the list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Date, Integer, and_, bindparam, case, func, or_

from portal import clock
from portal.db import UtcDateTime
from portal.listing.declaration import Condition, Listing, Span
from portal.listing.state import Within

PARTS = ("inside", "before", "after", "none")


def filling(within: Within, at: datetime) -> dict[str, Any]:
    """What fills the placeholders of `inside` and `part`."""
    return {
        "span_from_day": within.start,
        "span_until_day": within.end,
        "span_from_moment": clock.at_local(within.start),
        "span_until_moment": clock.at_local(within.end),
        "span_runs": int(clock.today(at) >= within.start),
    }


def inside(listing: Listing) -> Condition:
    """The rows that have a bar in the days."""
    return or_(*map(_touches, listing.spans))


def part(listing: Listing) -> Any:
    """Which of PARTS a row is in, as a column."""
    begun = or_(*(_begin(span) < _until(span) for span in listing.spans))
    none = and_(*(_begin(span).is_(None) for span in listing.spans))
    return case((inside(listing), "inside"), (begun, "before"), (none, "none"), else_="after")


def _touches(span: Span) -> Condition:
    """Begins before the last day is over, and has not ended before the first."""
    begin, first = _begin(span), _bound("from", span)
    unended = begin >= first
    if span.runs:
        unended = or_(unended, bindparam("span_runs", type_=Integer()) == 1)
    return and_(begin < _until(span), or_(span.end >= first, and_(span.end.is_(None), unended)))


def _begin(span: Span) -> Any:
    if getattr(getattr(span.start, "expression", None), "nullable", True):
        return func.coalesce(span.start, span.end, type_=span.start.type)
    return span.start  # so that an index on it serves


def _until(span: Span) -> Any:
    return _bound("until", span)


def _bound(which: str, span: Span) -> Any:
    unit, kind = ("moment", UtcDateTime()) if span.timed else ("day", Date())
    return bindparam(f"span_{which}_{unit}", type_=kind)
