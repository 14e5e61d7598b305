"""Which rows lie inside some days: by the beginnings and ends that their record type declares for its timeline.

A row is `inside` when one of its bars touches the days, `none` when it has no bar; of the others `before` has begun
and `after` has not. So each row is in exactly one part, and the parts together are the rows of the list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Date, Integer, and_, bindparam, func, not_, or_

from portal import clock
from portal.db import UtcDateTime
from portal.listing.declaration import Condition, Listing, Span
from portal.listing.state import Within

PARTS = ("inside", "before", "after", "none")


def filling(within: Within, at: datetime) -> dict[str, Any]:
    """What fills the placeholders of `condition`."""
    return {
        "span_from_day": within.start,
        "span_until_day": within.end,
        "span_from_moment": clock.at_local(within.start),
        "span_until_moment": clock.at_local(within.end),
        "span_runs": int(clock.today(at) >= within.start),
    }


def condition(listing: Listing, part: str) -> Condition:
    """The rows of one of PARTS."""
    none = and_(*(_begin(span).is_(None) for span in listing.spans))
    if part == "none":
        return none
    inside = or_(*map(_touches, listing.spans))
    if part == "inside":
        return inside
    begun = or_(*(and_(_begin(span).is_not(None), _begin(span) < _until(span)) for span in listing.spans))
    return and_(not_(inside), begun if part == "before" else and_(not_(none), not_(begun)))


def _touches(span: Span) -> Condition:
    """Begins before the last day is over, and has not ended before the first."""
    begin, first = _begin(span), _bound("from", span)
    unended = begin >= first
    if span.runs:
        unended = or_(unended, bindparam("span_runs", type_=Integer()) == 1)
    on = or_(and_(span.end.is_not(None), span.end >= first), and_(span.end.is_(None), unended))
    return and_(begin.is_not(None), begin < _until(span), on)


def _begin(span: Span) -> Any:
    if getattr(getattr(span.start, "expression", None), "nullable", True):
        return func.coalesce(span.start, span.end, type_=span.start.type)
    return span.start  # so that an index on it serves


def _until(span: Span) -> Any:
    return _bound("until", span)


def _bound(which: str, span: Span) -> Any:
    unit, kind = ("moment", UtcDateTime()) if span.timed else ("day", Date())
    return bindparam(f"span_{which}_{unit}", type_=kind)
