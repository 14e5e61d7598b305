"""The company's working calendar: which days work, at which hours, and the sums people ask of it.

Pure: no clock, no database. Moments come in aware and go out aware in UTC; a naive one is refused with ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.calendar.days import DayKind, DayRule
from portal.calendar.hours import (
    MINUTES_A_DAY,
    OFFICE_WEEK,
    Intervals,
    Week,
    clock_text,
    from_pairs,
    parse_minute,
    to_pairs,
)

DAY = timedelta(days=1)
LONGEST_SEARCH = 3660
"""Days; a calendar that has no working time for ten years has none, and we say so instead of searching for ever."""

FAR = datetime.max.replace(tzinfo=UTC)
"""Later than any deadline."""

Span = tuple[datetime, datetime]


def as_utc(moment: datetime) -> datetime:
    """The moment in UTC. Raises ValueError when it does not say its zone."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("a moment without a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a moment beyond the calendar") from error


@cache
def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name!r}") from error


def moment_of(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When the wall clock shows this minute of the day, in UTC.

    A clock time that daylight saving skips is the moment of the jump; one that comes twice is the first.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    offset = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (early, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, late)
    return late


@dataclass(frozen=True, slots=True)
class Override:
    """What a single date works instead of its weekday; no hours: closed."""

    intervals: Intervals
    name: str


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working days and hours of one place. Source: `domain.md` 0.2.

    A date in `overrides` beats `holidays`, which beat the `week`. `day_end` is the minute of the local day at which a
    limit in working days ends (18:00); None: with the last working hours of that day. `known_years` are those whose
    make-up days are published. `version` is what a stored deadline quotes.
    """

    week: Week = OFFICE_WEEK
    holidays: Mapping[date, str] = field(default_factory=dict, hash=False)
    overrides: Mapping[date, Override] = field(default_factory=dict, hash=False)
    zone: str = "Asia/Shanghai"
    day_end: int | None = 18 * 60
    known_years: frozenset[int] = frozenset()
    version: str = ""

    def __post_init__(self) -> None:
        zone_named(self.zone)
        if self.day_end is not None and not 0 < self.day_end <= MINUTES_A_DAY:
            raise ValueError(f"not a minute of the day: {self.day_end}")

    @classmethod
    def build(cls, rules: Iterable[DayRule], *, week: Week = OFFICE_WEEK, **settings: Any) -> Self:
        """The calendar from the rows of its table; of two rows for a day the company's own wins."""
        holidays: dict[date, str] = {}
        overrides: dict[date, Override] = {}
        for rule in sorted(rules, key=lambda rule: (rule.kind is DayKind.OVERRIDE, rule.day)):
            if rule.intervals is not None:
                overrides[rule.day] = Override(rule.intervals, rule.name)
            elif rule.kind is DayKind.HOLIDAY:
                holidays[rule.day] = rule.name
            else:
                overrides[rule.day] = Override(week.usual_day, rule.name)
        return cls(week=week, holidays=holidays, overrides=overrides, **settings)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the whole calendar, in days that are sorted, so that equal calendars give equal text."""
        return {
            "zone": self.zone,
            "version": self.version,
            "day_end": None if self.day_end is None else clock_text(self.day_end),
            "week": self.week.to_dict(),
            "holidays": {day.isoformat(): name for day, name in sorted(self.holidays.items())},
            "overrides": {
                day.isoformat(): {"intervals": to_pairs(override.intervals), "name": override.name}
                for day, override in sorted(self.overrides.items())
            },
            "known_years": sorted(self.known_years),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The reverse of `to_dict`. Raises ValueError, KeyError."""
        return cls(
            week=Week.from_dict(data["week"]),
            holidays={date.fromisoformat(day): name for day, name in data["holidays"].items()},
            overrides={
                date.fromisoformat(day): Override(from_pairs(row["intervals"]), row["name"])
                for day, row in data["overrides"].items()
            },
            zone=data["zone"],
            day_end=None if data["day_end"] is None else parse_minute(data["day_end"]),
            known_years=frozenset(data["known_years"]),
            version=data["version"],
        )

    # ---- days -------------------------------------------------------------------------------------------------

    def local_day(self, moment: datetime) -> date:
        """The calendar day on the wall at that moment."""
        return as_utc(moment).astimezone(zone_named(self.zone)).date()

    def intervals(self, day: date) -> Intervals:
        """When people work on this day; empty: closed."""
        override = self.overrides.get(day)
        if override is not None:
            return override.intervals
        return () if day in self.holidays else self.week.on(day)

    def day_name(self, day: date) -> str | None:
        """What the day is called when it does not follow the week: `国庆节`; None: an ordinary day."""
        override = self.overrides.get(day)
        return override.name if override is not None else self.holidays.get(day)

    def unconfirmed(self, year: int) -> bool:
        """True: the make-up days of this year are not published, so deadlines in it may still move."""
        return year not in self.known_years

    def is_working_day(self, day: date) -> bool:
        """Whether people work at all on this day."""
        return bool(self.intervals(day))

    def working_day_from(self, day: date) -> date:
        """The day itself if it works, else the next one that does (Q32: fixed weekdays move behind a holiday)."""
        return self._search(day, DAY)

    def working_day_until(self, day: date) -> date:
        """The day itself if it works, else the last one before it that does."""
        return self._search(day, -DAY)

    def next_working_day(self, day: date) -> date:
        """The first working day after this one."""
        return self._search(day + DAY, DAY)

    def previous_working_day(self, day: date) -> date:
        """The last working day before this one."""
        return self._search(day - DAY, -DAY)

    def _search(self, day: date, step: timedelta) -> date:
        for _ in range(LONGEST_SEARCH):
            if self.is_working_day(day):
                return day
            day += step
        raise ValueError("the calendar has no working day within ten years")

    # ---- spans of time ----------------------------------------------------------------------------------------

    def moment(self, day: date, minute: int) -> datetime:
        """When the wall clock shows this minute of the day, in UTC; see `moment_of`."""
        return moment_of(day, minute, zone_named(self.zone))

    def spans(self, day: date, *, until: int = MINUTES_A_DAY) -> list[Span]:
        """The working hours of one day in UTC, those after the minute `until` cut off."""
        zone = zone_named(self.zone)
        found = [
            (moment_of(day, part.start, zone), moment_of(day, min(part.end, until), zone))
            for part in self.intervals(day)
            if part.start < until
        ]
        return [(start, end) for start, end in found if start < end]

    def spans_after(self, moment: datetime) -> Iterator[Span]:
        """All working time from a moment on, without end. Raises ValueError where there is none for ten years."""
        moment, day = as_utc(moment), self.local_day(moment)
        while True:
            for start, end in self.spans(day):
                if end > moment:
                    yield max(start, moment), end
            day = self.next_working_day(day)

    def end_of_day(self, day: date) -> int:
        """The minute at which a working-day limit that ends on this day is over.

        It is `day_end`, but on a day that only begins later the end of that day's hours.
        """
        intervals = self.intervals(day)
        if self.day_end is None or (intervals and intervals[0].start >= self.day_end):
            return intervals[-1].end if intervals else MINUTES_A_DAY
        return self.day_end

    # ---- sums -------------------------------------------------------------------------------------------------

    def add_working_days(self, moment: datetime, days: int) -> datetime:
        """The end of the last of so many working days; the count starts the day after the moment (`domain.md` 0.2)."""
        if days < 1:
            raise ValueError("at least one working day")
        day = self.local_day(moment)
        for _ in range(days):
            day = self.next_working_day(day)
        return self.moment(day, self.end_of_day(day))

    def add_working_minutes(self, moment: datetime, minutes: int) -> datetime:
        """The earliest moment by which so many minutes have been worked; none at all: the moment itself."""
        if minutes < 0:
            raise ValueError("working minutes are counted forwards")
        moment, left = as_utc(moment), timedelta(minutes=minutes)
        if not left:
            return moment
        for start, end in self.spans_after(moment):
            if end - start >= left:
                return start + left
            left -= end - start
        raise ValueError("the calendar has no more working time")

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from one moment to another, exactly; negative when the second lies before the first."""
        start, end = as_utc(start), as_utc(end)
        if end < start:
            return -self.working_time_between(end, start)
        total, day, last = timedelta(), self.local_day(start), self.local_day(end)
        while day <= last:
            for opens, closes in self.spans(day):
                total += max(min(closes, end) - max(opens, start), timedelta())
            day += DAY
        return total

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """The whole minutes of `working_time_between`."""
        minute, time_between = timedelta(minutes=1), self.working_time_between(start, end)
        return time_between // minute if time_between >= timedelta() else -(-time_between // minute)
