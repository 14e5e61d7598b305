"""Days that differ from the ordinary week, and what the law has published about them so far.

The libraries only seed the company's own table: each release of them knows the make-up days of one more year, the
manager may be quicker, and a shop opens on days when offices do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import Any, Self

import chinese_calendar

from portal.calendar.hours import Intervals, from_pairs, in_order, to_pairs


class DayKind(StrEnum):
    """Why a day differs from its weekday."""

    HOLIDAY = "HOLIDAY"
    MAKEUP = "MAKEUP"
    """Works like an ordinary weekday, to make up for a holiday (调休)."""
    OVERRIDE = "OVERRIDE"
    """The company's own word; it beats the others."""


@dataclass(frozen=True, slots=True)
class DayRule:
    """One row of the company's calendar: a local day that does not follow its weekday.

    `intervals` are what the day works, () closed. None is what the kind says: a holiday is closed, the others work
    like an ordinary working day. `source` tells who said so: a library with its version, or `company`.
    """

    day: date
    kind: DayKind
    name: str
    source: str = "company"
    intervals: Intervals | None = None

    def __post_init__(self) -> None:
        if self.intervals is not None:
            object.__setattr__(self, "intervals", in_order(self.intervals))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "day": self.day.isoformat(),
            "kind": self.kind.value,
            "name": self.name,
            "source": self.source,
            "intervals": None if self.intervals is None else to_pairs(self.intervals),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The reverse of `to_dict`. Raises ValueError, KeyError."""
        pairs = data.get("intervals")
        return cls(
            date.fromisoformat(data["day"]),
            DayKind(data["kind"]),
            data["name"],
            data.get("source", "company"),
            None if pairs is None else from_pairs(pairs),
        )


@dataclass(frozen=True, slots=True)
class Statutory:
    """What the libraries know: the rows, and the years whose make-up days have been published."""

    rules: tuple[DayRule, ...]
    known_years: frozenset[int]


_FULL_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节", "农历除夕": "春节"}


def statutory(years: Iterable[int]) -> Statutory:
    """The public holidays and make-up days of mainland China, in the order of the days.

    A year that is published (chinesecalendar has it) comes with its make-up days and counts as known. Any other year
    comes with the days fixed by law only (holidays) and is not known: its make-up days may still move deadlines.
    """
    rules: list[DayRule] = []
    known: set[int] = set()
    for year in sorted(set(years)):
        try:
            rules += _published(year)
            known.add(year)
        except NotImplementedError:
            rules += _fixed_by_law(year)
    return Statutory(tuple(rules), frozenset(known))


def _published(year: int) -> list[DayRule]:
    source = f"chinesecalendar {version('chinesecalendar')}"
    names = {holiday.value: _named(holiday.chinese) for holiday in chinese_calendar.Holiday}
    rules = []
    for day in _days_of(year):
        is_off, holiday = chinese_calendar.get_holiday_detail(day)
        if holiday is None:
            continue  # an ordinary day of the week, working or not
        if is_off:
            rules.append(DayRule(day, DayKind.HOLIDAY, names[holiday], source))
        else:
            rules.append(DayRule(day, DayKind.MAKEUP, f"{names[holiday]}调休上班", source))
    return rules


def _fixed_by_law(year: int) -> list[DayRule]:
    import holidays  # takes a fifth of a second to load, and only an unpublished year needs it

    source = f"holidays {version('holidays')}"
    found = holidays.country_holidays("CN", years=year, language="zh_CN")
    return [DayRule(day, DayKind.HOLIDAY, _named(name), source) for day, name in sorted(found.items())]


def _named(name: str) -> str:
    """One name for a holiday, whichever library says it; the note that a day is a substitute is dropped."""
    first = name.split("; ")[-1].removesuffix("（补假）")
    return _FULL_NAMES.get(first, first)


def _days_of(year: int) -> Iterable[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)
