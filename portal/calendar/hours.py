"""Hours of a day and of a week, as the company keeps them on the wall: local clock times, no zone, no date."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Self

MINUTES_A_DAY = 24 * 60
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From one clock time to a later one of the same day, in minutes after midnight; 24:00 is 1440.

    Raises ValueError when it is empty, runs backwards or leaves the day: night hours are written as two intervals.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MINUTES_A_DAY:
            raise ValueError(f"not hours of one day: {self.start} to {self.end} minutes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `08:30-12:00`, also with full-width signs and other dashes, as people type it."""
        plain = re.sub("[–—−~至到]", "-", unicodedata.normalize("NFKC", text)).strip()
        found = _SPAN.fullmatch(plain)
        if not found:
            raise ValueError(f"not hours: {text!r}")
        hour, minute, end_hour, end_minute = map(int, found.groups())
        if minute > 59 or end_minute > 59:
            raise ValueError(f"not hours: {text!r}")
        return cls(hour * 60 + minute, end_hour * 60 + end_minute)

    def __str__(self) -> str:
        return f"{clock_text(self.start)}-{clock_text(self.end)}"


Intervals = tuple[Interval, ...]
Pairs = list[list[str]]
"""Intervals as they are stored: `[["08:30", "12:00"], ["13:30", "18:00"]]`."""


def clock_text(minute: int) -> str:
    """Minutes after midnight as people read a clock: 510 is `08:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def parse_minute(text: str) -> int:
    """A clock time `18:00` as minutes after midnight, up to `24:00`. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", unicodedata.normalize("NFKC", text).strip(), re.ASCII)
    if not found or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > MINUTES_A_DAY:
        raise ValueError(f"not a clock time: {text!r}")
    return int(found[1]) * 60 + int(found[2])


def in_order(intervals: Iterable[Interval]) -> Intervals:
    """The intervals of one day, sorted. Raises ValueError when two overlap."""
    ordered = tuple(sorted(intervals))
    for earlier, later in pairwise(ordered):
        if later.start < earlier.end:
            raise ValueError(f"hours overlap: {earlier} and {later}")
    return ordered


def parse_hours(text: str | Sequence[str]) -> Intervals:
    """The hours of one day from `08:30-12:00, 13:30-18:00` or a list of such; empty: closed. Raises ValueError."""
    if isinstance(text, str):
        text = [part for part in re.split(r"[,;、\s]+(?=\d)", unicodedata.normalize("NFKC", text).strip()) if part]
    return in_order(Interval.parse(part) for part in text)


def parse_quiet(text: str) -> Intervals:
    """Hours as people say when they want quiet, also over midnight: `22:00-07:30, 12:00-14:00` are three of one day.

    What overlaps becomes one. Raises ValueError.
    """
    parts = [part for part in re.split(r"[,;、\s]+(?=\d)", unicodedata.normalize("NFKC", text).strip(" ,;、")) if part]
    return merged(span for part in parts for span in _of_one_day(part))


def _of_one_day(part: str) -> list[Interval]:
    start, dash, end = re.sub("[–—−~至到]", "-", part).partition("-")
    if not dash:
        raise ValueError(f"not hours: {part!r}")
    first, last = parse_minute(start), parse_minute(end)
    if last > first or first == last:  # the same time twice says nothing: refused as it always was
        return [Interval(first, last)]
    evening = [Interval(first, MINUTES_A_DAY)] if first < MINUTES_A_DAY else []
    return [*evening, *([Interval(0, last)] if last else [])]


def merged(spans: Iterable[Interval]) -> Intervals:
    """The hours in order, those that touch or overlap as one."""
    found: list[Interval] = []
    for span in sorted(spans):
        if found and span.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return in_order(found)


def from_pairs(pairs: Sequence[Sequence[str]]) -> Intervals:
    """The intervals of one day as they are stored. Raises ValueError."""
    return in_order(Interval(parse_minute(start), parse_minute(end)) for start, end in pairs)


def to_pairs(intervals: Iterable[Interval]) -> Pairs:
    """The reverse of `from_pairs`."""
    return [[clock_text(part.start), clock_text(part.end)] for part in intervals]


def hours_text(intervals: Iterable[Interval]) -> str:
    """The reverse of `parse_hours`; the empty string: closed."""
    return ", ".join(map(str, intervals))


@dataclass(frozen=True, slots=True)
class Week:
    """The working hours of an ordinary week, Monday first; a day without hours is a day off."""

    days: tuple[Intervals, ...]

    def __post_init__(self) -> None:
        if len(self.days) != 7:
            raise ValueError("a week has seven days")
        object.__setattr__(self, "days", tuple(in_order(day) for day in self.days))

    @classmethod
    def from_dict(cls, pattern: Mapping[str, Sequence[Sequence[str]]]) -> Self:
        """Read `{"0": [["08:30", "12:00"], ["13:30", "18:00"]], ...}`, Monday is 0; a day left out is a day off."""
        unknown = set(pattern) - set("0123456")
        if unknown:
            raise ValueError(f"not a weekday: {', '.join(sorted(unknown))}")
        return cls(tuple(from_pairs(pattern.get(str(weekday), ())) for weekday in range(7)))

    def to_dict(self) -> dict[str, Pairs]:
        """For JSON; all seven days are named."""
        return {str(weekday): to_pairs(day) for weekday, day in enumerate(self.days)}

    def on(self, day: date) -> Intervals:
        """What an ordinary day of this weekday works."""
        return self.days[day.weekday()]

    @property
    def usual_day(self) -> Intervals:
        """The hours of the first day of the week that works at all: what a make-up day works, too."""
        return next((day for day in self.days if day), ())


OFFICE_DAY = parse_hours("08:30-12:00, 13:30-18:00")
OFFICE_WEEK = Week((OFFICE_DAY,) * 5 + ((), ()))
"""Default: Monday to Friday, `domain.md` 0.2 and Q02; the manager may edit it."""
DUTY_WINDOW = Interval.parse("08:30-20:00")
"""Default hours of the duty clock (Q01)."""
