"""What a figure asks of the database: how many rows, which share of them, their mean or their sum. No rule stands here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, bindparam, select

from portal import clock, visibility
from portal.db import UtcDateTime
from portal.i18n import Text

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Period:
    """The days a figure is about, both included, on the company's calendar."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends before it begins")

    @property
    def start(self) -> datetime:
        """The moment it begins, in UTC."""
        return clock.at_local(self.first)

    @property
    def end(self) -> datetime:
        """The moment after it, in UTC: half open."""
        return clock.at_local(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """The period of as many days right before; before a whole month the month before."""
        following = self.last + timedelta(days=1)
        if self.first.day == 1 and following.day == 1:
            months = (following.year - self.first.year) * 12 + following.month - self.first.month
            index = self.first.year * 12 + self.first.month - 1 - months
            return Period(date(index // 12, index % 12 + 1, 1), self.first - timedelta(days=1))
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def holds(self, moment: Any) -> Condition:
        """The moment lies in the period."""
        return (moment >= self.start) & (moment < self.end)

    def holds_day(self, day: Any) -> Condition:
        """The day lies in the period."""
        return (day >= self.first) & (day <= self.last)


@dataclass(frozen=True, slots=True)
class Unsaid(Period):
    """A period of which only its place among others is known: for statements that are built once; see `filling`."""

    first: Any = None
    last: Any = None
    place: int = 0

    def __post_init__(self) -> None:
        for name in ("first", "last"):
            object.__setattr__(self, name, bindparam(f"{name}_{self.place}", type_=Date()))

    @property
    def start(self) -> Any:
        """The placeholder of the moment it begins."""
        return bindparam(f"start_{self.place}", type_=UtcDateTime())

    @property
    def end(self) -> Any:
        """The placeholder of the moment after it."""
        return bindparam(f"end_{self.place}", type_=UtcDateTime())

    @staticmethod
    def filling(periods: Sequence[Period]) -> dict[str, Any]:
        """What fills the placeholders of the first so many places."""
        return {
            f"{name}_{place}": getattr(period, name)
            for place, period in enumerate(periods)
            for name in ("first", "last", "start", "end")
        }


@dataclass(frozen=True, slots=True)
class Company:
    """Whoever looks at everything: for reports of the whole company, or of one branch."""

    branch_id: int | None = None
    id: int = 0
    role: str = "MANAGER"
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, each of which stands for a record that a list shows.

    `key` names the record where the rows are not the records themselves: rounds of a review, clocks of a complaint.
    """

    counted: Any
    where: tuple[Condition, ...]
    record: Any = None
    key: Any = None

    @property
    def model(self) -> Any:
        """The record that stands behind."""
        return self.record or self.counted

    def query(self, viewer: visibility.Viewer, *columns: Any, joins: Sequence[tuple[Any, Any]] = ()) -> Select[Any]:
        """A statement about the rows that exist for the viewer."""
        asked: Select[Any] = select(*columns).select_from(self.counted)
        if self.record is not None:
            asked = asked.join(self.record, self.record.id == self.key)
        for table, on in joins:
            asked = asked.outerjoin(table, on)
        return asked.where(*self.where, visibility.condition(viewer, self.model))

    def ids(self) -> Select[Any]:
        """The inner numbers of the records, whoever looks: for a list, which adds who may see them."""
        return select(self.counted.id if self.key is None else self.key).where(*self.where)

    def only(self, *where: Condition) -> Rows:
        """Those of them of which this holds too."""
        return Rows(self.counted, (*self.where, *where), self.record, self.key)


@dataclass(frozen=True, slots=True)
class Count:
    """How many; `distinct` counts the different values of a column instead of the rows."""

    rows: Rows
    distinct: Any = None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, in percent."""

    part: Rows
    whole: Rows


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a number, or, with `until`, of the hours from one moment to another."""

    rows: Rows
    value: Any
    until: Any = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a column."""

    rows: Rows
    value: Any


@dataclass(frozen=True, slots=True)
class Balance:
    """The share of some less the share of others, in percent of a whole."""

    part: Rows
    against: Rows
    whole: Rows


@dataclass(frozen=True, slots=True)
class NoSource:
    """Nothing is recorded yet from which it could be computed."""

    why: Text


Question = Count | Share | Balance | Mean | Sum | NoSource


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a period. `value` None: 0/0. `part` and `whole` as they were counted; of a mean, the sum and how many."""

    key: str
    value: Decimal | None
    part: Decimal | None = None
    whole: Decimal | None = None
    has_source: bool = True
