"""The rows of a state by the day of one of their dates: how many each day has, and the first of each day.

Two questions are asked, however many days are shown. Days are the company's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from portal import clock, settings
from portal.i18n import Text
from portal.listing import board, engine, kept
from portal.listing.days import first_day
from portal.listing.declaration import Listing
from portal.listing.engine import Row
from portal.listing.fields import Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.org import User
from portal.models.task import Task
from portal.prepared import Prepared

MOST_DAYS = 100
"""So many days are asked for one by one; databases have a limit on the parts of a question."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A date of a record type. `timed`: it says the hour as well; `joined`: it stands in another table."""

    key: str
    label: Text
    column: Any
    timed: bool
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A row on its day."""

    row: Row
    when: date | datetime
    person_id: int | None

    @property
    def day(self) -> date:
        """The day it stands on."""
        return clock.today(self.when) if isinstance(self.when, datetime) else self.when


def dates(listing: Listing) -> list[Dated]:
    """What a calendar can be made of: when something is due first, then the days and moments of the record."""
    running = board.clock_of(listing)
    found = []
    if running is not None:
        found.append(Dated(running.key, running.label, running.values[2], True, joined=True))
    for field in fields_of(listing).values():
        if (
            field.kind in (Kind.DAY, Kind.MOMENT)
            and field.is_grouping
            and (running is None or field.key != running.key)
        ):
            found.append(Dated(field.key, field.label, field.column, field.kind is Kind.MOMENT))
    return found


MINUTES = "calendar_minutes"
"""The setting that says how long an entry takes whose record type says nothing."""


def is_appointment(listing: Listing, dated: Dated) -> bool:
    """Whether it takes somebody's time, so that two of them can lie on each other: not so what is due or was recorded."""
    return dated.key in dict(listing.lengths)


def length(session: Session, listing: Listing, dated: Dated) -> timedelta:
    """How long an entry takes: what is recorded has a beginning and no end."""
    return timedelta(minutes=int(settings.get(session, dict(listing.lengths).get(dated.key, MINUTES))))


def counts(
    session: Session, user: User, listing: Listing, state: State, dated: Dated, days: tuple[date, date], at: datetime
) -> dict[date, int]:
    """How many rows each day from the first up to before the last has; days without any are left out. Of very many rows
    as they were some minutes ago (`kept`)."""
    question, values = engine.asked(session, user, listing, state.rows_only(), at, ordered=False)
    found = kept.rows(_counts(question, dated.key), session, values | _between(dated, days), at, count=1)
    return {date.fromisoformat(day): count for day, count in found}


def entries(
    session: Session,
    user: User,
    listing: Listing,
    state: State,
    dated: Dated,
    days: tuple[date, date],
    at: datetime,
    *,
    a_day: int,
    person: Any = None,
) -> list[Entry]:
    """The first rows of each day in the order of the clock. `person`: the table of the people whose they are."""
    question, values = engine.asked(session, user, listing, state.rows_only(), at, ordered=False)
    start, end = days
    length = (end - start).days
    for number in (0, length) if _is_gathered(listing, dated, length) else range(length + 1):
        day = start + timedelta(days=number)
        values[f"day_{number}"] = clock.at_local(day) if dated.timed else day
    found: Sequence[Any] = _entries(question, dated.key, length, person).rows(session, values | {"a_day": a_day})
    return [Entry(Row(listing.kind, row), row[-2], row[-1]) for row in found]


def _between(dated: Dated, days: tuple[date, date]) -> dict[str, Any]:
    start, end = days
    if dated.timed:
        return {"from_day": clock.at_local(start), "until_day": clock.at_local(end)}
    return {"from_day": start, "until_day": end}


# ---------- Building ----------


def _dated(kind: str, key: str) -> Dated:
    return next(each for each in dates(LISTINGS[kind]) if each.key == key)


def _is_of_clock(listing: Listing, dated: Dated) -> bool:
    """Whether the date is that of another table, where the running clocks of the records are."""
    return dated.joined and listing.model is not Task


def _is_gathered(listing: Listing, dated: Dated, days: int) -> bool:
    """Whether the rows of all days are gathered and numbered, as those with a running clock, which are few."""
    return _is_of_clock(listing, dated) or days > MOST_DAYS


def _within(question: engine.Question, dated: Dated, bounds: tuple[str, str], *columns: Any) -> Any:
    listing = LISTINGS[question.kind]
    statement = engine.matching(question, *columns)
    start, end = (bindparam(name, type_=dated.column.type) for name in bounds)
    # Few records have a clock that runs out in these days: the others are not looked at.
    if _is_of_clock(listing, dated):
        for table, on in listing.joins:
            statement = statement.outerjoin(table, on)
        running = select(Task.record_id).where(Task.record_kind == listing.kind, Task.closed_at.is_(None))
        running = running.where(Task.due_at >= start, Task.due_at < end)
        statement = statement.where(listing.model.id.in_(running))
    return statement.where(dated.column >= start, dated.column < end)


@lru_cache(maxsize=256)
def _counts(question: engine.Question, key: str) -> Prepared:
    dated = _dated(question.kind, key)
    day = first_day(dated.column, "day", dated.timed)
    return Prepared(_within(question, dated, ("from_day", "until_day"), day, func.count()).group_by(day))


@lru_cache(maxsize=256)
def _entries(question: engine.Question, key: str, days: int, person: Any) -> Prepared:
    listing, dated = LISTINGS[question.kind], _dated(question.kind, key)
    model = listing.model
    most = bindparam("a_day", type_=Integer())
    if _is_gathered(listing, dated, days):
        day = first_day(dated.column, "day", dated.timed)
        place = func.row_number().over(partition_by=day, order_by=(dated.column, model.id))
        running = _within(question, dated, ("day_0", f"day_{days}"), model.id, place.label("place")).subquery()
        firsts = [select(running.c.id).where(running.c.place <= most)]
    else:  # each day by itself, so that an index gives its first rows in their order
        found = (_within(question, dated, (f"day_{day}", f"day_{day + 1}"), model.id) for day in range(days))
        firsts = [select(each.order_by(dated.column, model.id).limit(most).subquery().c.id) for each in found]
    wanted = [value for each in engine.drawn(listing) for value in each.values]
    owner = literal(None, Integer()) if person is None else person.id
    statement = select(
        model.id, listing.number, *listing.link, *wanted, dated.column.label("dated"), owner.label("whose")
    )
    statement = statement.select_from(model)
    for table, on in listing.joins:
        statement = statement.outerjoin(table, on)
    return Prepared(statement.where(model.id.in_(union_all(*firsts))).order_by(dated.column, model.id))
