"""Rows put together: how many stand in each group and what they sum to, by the same question as the list itself.

A group is named in the URL by its field, `state`, and for times by the stretch as well, `received:month`. The groups of
a list, the columns of a kanban board, a pivot and a graph are all made of this. Days are the company's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from portal import formatting
from portal.i18n import N_, Text, _
from portal.listing import engine, kept
from portal.listing.criteria import Asked
from portal.listing.days import first_day
from portal.listing.declaration import Listing
from portal.listing.fields import Field, Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.org import User
from portal.prepared import Prepared

STRETCHES: dict[str, Text] = {
    "day": N_("by day"),
    "week": N_("by week"),
    "month": N_("by month"),
    "quarter": N_("by quarter"),
    "year": N_("by year"),
}
MOST_GROUPS = 400
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Grouping:
    """A field to group by; `stretch` for days and moments."""

    field: Field
    stretch: str = ""

    @property
    def key(self) -> str:
        """As it stands in the URL."""
        return f"{self.field.key}:{self.stretch}" if self.stretch else self.field.key

    @property
    def label(self) -> str:
        """As people read it: `State`, `Received by month`."""
        return f"{self.field.label} {STRETCHES[self.stretch]}" if self.stretch else str(self.field.label)


@dataclass(frozen=True, slots=True)
class Group:
    """Some rows: their common values, how many they are (at most MOST_GROUPS groups are told), their sums."""

    values: tuple[Any, ...]
    count: int
    sums: tuple[Decimal, ...]


def read(listing: Listing, key: str) -> Grouping | None:
    """The grouping of a URL; None when there is none of that name."""
    name, _colon, stretch = key.partition(":")
    field = fields_of(listing).get(name)
    if field is None or not field.is_grouping:
        return None
    if field.kind in (Kind.DAY, Kind.MOMENT):
        stretch = stretch or "month"
        return Grouping(field, stretch) if stretch in STRETCHES else None
    return None if stretch else Grouping(field)


def groupings(listing: Listing) -> list[Grouping]:
    """Everything the rows can be put together by."""
    found = []
    for field in fields_of(listing).values():
        if field.is_grouping:
            stretches = STRETCHES if field.kind in (Kind.DAY, Kind.MOMENT) else ("",)
            found += [Grouping(field, stretch) for stretch in stretches]
    return found


def measures(listing: Listing) -> list[Field]:
    """Everything that can be summed."""
    return [field for field in fields_of(listing).values() if field.is_measure]


def of(
    session: Session,
    user: User,
    listing: Listing,
    state: State,
    by: Sequence[Grouping],
    summed: Sequence[Field] = (),
    *,
    at: datetime,
) -> tuple[list[Group], bool]:
    """The groups of the rows of a state in the order of their values, and whether there are more than are told."""
    question, values = engine.asked(session, user, listing, state, at, ordered=False)
    statement = _grouped(question, tuple(each.key for each in by), tuple(field.key for field in summed))
    rows = kept.rows(statement, session, values, at, count=len(by))
    found = [
        Group(
            tuple(value_of(each, value) for each, value in zip(by, row, strict=False)),
            row[len(by)],
            tuple(Decimal(str(total or 0)) for total in row[len(by) + 1 :]),
        )
        for row in rows[:MOST_GROUPS]
    ]
    return found, len(rows) > MOST_GROUPS


def test_of(grouping: Grouping, value: Any) -> Asked:
    """The condition that leaves the rows of one group: what a click on it adds to the list."""
    key = grouping.field.key
    if value is None:
        return Asked(key, "empty")
    if grouping.field.kind is Kind.YES:
        return Asked(key, "yes" if value else "no")
    if grouping.stretch:
        start, end = value, _next(value, grouping.stretch)
        return Asked(key, "between", (start.isoformat(), (end - timedelta(days=1)).isoformat()))
    return Asked(key, "is", (str(value),))


def label(grouping: Grouping, value: Any, names: dict[str, str]) -> str:
    """How a group reads. `names` are of the records that links name."""
    if value is None:
        return _("Not filled in")
    field = grouping.field
    match field.kind:
        case Kind.TERM:
            return field.choice.read(value) if field.choice else str(value)
        case Kind.LINK:
            return names.get(str(value), formatting.DASH)
        case Kind.YES:
            return _("Yes") if value else _("No")
    return _stretch_label(value, grouping.stretch)


def _stretch_label(start: date, stretch: str) -> str:
    match stretch:
        case "day":
            return formatting.full_date(start)
        case "week":
            year, week, _day = start.isocalendar()
            return _("Week %(week)s of %(year)s", week=week, year=year)
        case "month":
            return f"{start:%Y-%m}"
        case "quarter":
            return _("%(year)s, quarter %(quarter)s", year=start.year, quarter=(start.month + 2) // 3)
    return f"{start:%Y}"


def _next(start: date, stretch: str) -> date:
    """The first day after the stretch."""
    if stretch in ("day", "week"):
        return start + timedelta(days=1 if stretch == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[stretch]
    count = start.year * 12 + start.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def value_of(grouping: Grouping, value: Any) -> Any:
    """What the database says of a `place`, as groups name it."""
    if value is None or not grouping.stretch:
        return (
            bool(value) if grouping.field.kind is Kind.YES and value is not None else (value if value != "" else None)
        )
    return date.fromisoformat(value)


# ---------- Building ----------


def place(grouping: Grouping) -> Any:
    """What rows are put together by, for a statement."""
    column, field = grouping.field.column, grouping.field
    return first_day(column, grouping.stretch, field.kind is Kind.MOMENT) if grouping.stretch else column


@lru_cache(maxsize=256)
def _grouped(question: engine.Question, by: tuple[str, ...], summed: tuple[str, ...]) -> Prepared:
    listing = LISTINGS[question.kind]
    found = [read(listing, key) for key in by]
    places = [place(each) for each in found if each is not None]
    sums = [func.sum(fields_of(listing)[key].column) for key in summed]
    statement = engine.every(question, *places, func.count(), *sums)
    return Prepared(statement.group_by(*places).order_by(*places).limit(MOST_GROUPS + 1))
