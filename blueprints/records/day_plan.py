"""A day of a calendar as hours and people: each entry at its minute in the column of its person.

What is recorded has a beginning and no end, so an entry takes as long as settings say; what lies on each other stands
side by side.
Everything the day has is there: what has no hour, or no room beside the others, stands in the strip above the hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal import clock
from portal.i18n import _

HALF_HOUR = timedelta(minutes=30)
"""The least that is drawn; longer entries are so many of them."""
MOST_BESIDE = 4
"""Entries that stand side by side."""
MOST_FREE = 8
"""People without an entry are shown up to this many columns."""
OFFICE = (8, 18)
"""The hours that are shown even when nothing is in them."""


@dataclass(slots=True)
class Placed:
    """An entry at its place: which of how many stands beside it."""

    item: Any
    minute: int
    """Of its hour, in steps of five."""
    halves: int
    """How tall it is drawn, in half hours; what reaches beyond the day ends with it."""
    beside: int = 0
    of: int = 1

    def hours(self, start: int) -> range:
        """The hours it reaches into, from the one it begins in."""
        return range(start, start + (self.minute + 30 * self.halves - 1) // 60 + 1)


@dataclass(slots=True)
class Column:
    """A person with the day. `key`: None is nobody; `url` shows this column on a phone."""

    key: int | None
    label: str
    url: str = ""
    is_picked: bool = False
    strip: list[Any] = field(default_factory=list)
    hours: dict[int, list[Placed]] = field(default_factory=dict)
    clashes: int = 0

    @property
    def count(self) -> int:
        """How many entries the person has."""
        return len(self.strip) + sum(map(len, self.hours.values()))

    def taken(self) -> list[int]:
        """The hours of this day that its entries reach into."""
        return sorted({hour for start, placed in self.hours.items() for each in placed for hour in each.hours(start)})

    def at(self, hour: int) -> list[Placed]:
        """What begins in this hour."""
        return self.hours.get(hour, [])


@dataclass(frozen=True, slots=True)
class Now:
    """Where the day stands now."""

    hour: int
    minute: int
    said: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns and hours of a day; `now` is None on another day."""

    columns: list[Column]
    hours: list[int]
    now: Now | None

    @property
    def has_strip(self) -> bool:
        """Whether anything stands above the hours."""
        return any(column.strip for column in self.columns)


def make(items: list[Any], people: list[tuple[int | None, str]], *, length: timedelta, now: datetime | None) -> Plan:
    """The day of these entries, each of that length. `people`: whose it may be, by name; who has none of them and is one too many is left out."""
    columns = {key: Column(key, label) for key, label in people}
    for item in items:
        columns[item.person_id].strip.append(item)
    for column in columns.values():
        _place(column, length)
    busy = sum(bool(column.count) for column in columns.values())
    if len(columns) > max(MOST_FREE, busy):
        columns = {key: column for key, column in columns.items() if column.count}
    shown = list(columns.values())
    known = [hour for column in shown for hour in column.taken()]
    at = clock.local(now) if now is not None else None
    hours = sorted({*range(OFFICE[0], OFFICE[1] + 1), *known, *([at.hour] if at else [])})
    return Plan(
        shown,
        hours if known or not any(column.strip for column in shown) else [],
        Now(at.hour, at.minute // 5 * 5, f"{at:%H:%M}") if at is not None else None,
    )


def pick(plan: Plan, wanted: str) -> Column | None:
    """The column that a phone shows: the wanted one, else the first that has something."""
    named = next((column for column in plan.columns if str(column.key or 0) == wanted), None)
    found = named or next((column for column in plan.columns if column.count), next(iter(plan.columns), None))
    if found is not None:
        found.is_picked = True
    return found


def nobody() -> tuple[None, str]:
    """The column of what is given to nobody."""
    return None, _("Nobody named")


def _place(column: Column, length: timedelta) -> None:
    """Take what has an hour out of the strip, to its hour; runs of overlapping entries share their width."""
    timed = [item for item in column.strip if item.time]
    column.strip = [item for item in column.strip if not item.time]
    tall = math.ceil(length / HALF_HOUR)
    run: list[Placed] = []
    ends: list[datetime] = []
    for item in timed:
        if ends and item.when >= max(ends):
            run, ends = [], []
        free = next((place for place, end in enumerate(ends) if end <= item.when), len(ends))
        if free >= MOST_BESIDE:
            column.strip.append(item)
            continue
        ends[free : free + 1] = [item.when + tall * HALF_HOUR]
        hour, minute = int(item.time[:2]), int(item.time[3:]) // 5 * 5
        placed = Placed(item, minute, min(tall, ((24 - hour) * 60 - minute + 29) // 30), free)
        run.append(placed)
        for each in run:
            each.of = len(ends)
        column.hours.setdefault(hour, []).append(placed)
    column.clashes = sum(bool(item.clash) for item in timed)
