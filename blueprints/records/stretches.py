"""The stretches of days that a calendar or a timeline shows, and how the URL says them: `span` and `day`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal import clock, formatting
from portal.i18n import N_, Text, _, _p
from portal.listing.state import State

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
FIRST, LAST = date(1950, 1, 1), date(2150, 12, 31)
"""The days that can be opened."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of days: which days it shows, how far one goes on, what it is called."""

    label: Text
    days: Callable[[date], tuple[date, date]]
    """The first day and the one after the last."""
    step: Callable[[date, int], date]
    title: Callable[[date], str]


def monday(day: date) -> date:
    """The first day of the week."""
    return day - timedelta(days=day.weekday())


def month(day: date, step: int = 0) -> date:
    """The first day of the month, or of the one so many months on."""
    count = day.year * 12 + day.month - 1 + step
    return date(count // 12, count % 12 + 1, 1)


def asked_month(text: str, at: datetime) -> date:
    """The first day of a month in the URL, `2026-03`; of this month for anything else."""
    match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
    return date(int(match[1]), int(match[2]), 1) if match else month(clock.today(at))


def quarter(day: date) -> date:
    """The first day of the quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def between(first: date, last: date) -> str:
    """Two days as one reads them."""
    return f"{formatting.full_date(first)} – {formatting.full_date(last)}"


def _grid(day: date) -> tuple[date, date]:
    return monday(month(day)), monday(month(day, 1) - DAY) + WEEK


def _weekday(day: date) -> str:
    return _p("weekday", formatting.WEEKDAYS[day.weekday()])


def _month_title(day: date) -> str:
    return _p("calendar", "%(year)s-%(month)s", year=day.year, month=day.month)


_WEEK = Stretch(
    N_("Week", "calendar"),
    lambda day: (monday(day), monday(day) + WEEK),
    lambda day, step: day + step * WEEK,
    lambda day: between(monday(day), monday(day) + 6 * DAY),
)

CALENDAR: dict[str, Stretch] = {
    "month": Stretch(N_("Month", "calendar"), _grid, month, _month_title),
    "week": _WEEK,
    "day": Stretch(
        N_("Day", "calendar"),
        lambda day: (day, day + DAY),
        lambda day, step: day + step * DAY,
        lambda day: f"{formatting.full_date(day)} {_weekday(day)}",
    ),
    "agenda": Stretch(
        N_("Agenda", "calendar"),
        lambda day: (day, day + 4 * WEEK),
        lambda day, step: day + step * 4 * WEEK,
        lambda day: between(day, day + 4 * WEEK - DAY),
    ),
}
TIMELINE: dict[str, Stretch] = {
    "week": _WEEK,
    "month": Stretch(N_("Month", "calendar"), lambda day: (month(day), month(day, 1)), month, _month_title),
    "quarter": Stretch(
        N_("Quarter", "calendar"),
        lambda day: (quarter(day), month(quarter(day), 3)),
        lambda day, step: month(quarter(day), 3 * step),
        lambda day: _("%(year)s, quarter %(quarter)s", year=day.year, quarter=(day.month + 2) // 3),
    ),
    "year": Stretch(
        N_("Year", "calendar"),
        lambda day: (date(day.year, 1, 1), date(day.year + 1, 1, 1)),
        lambda day, step: date(day.year + step, 1, 1),
        lambda day: f"{day.year}",
    ),
}


def read(state: State, known: Mapping[str, Stretch], usual: str, problems: list[str]) -> tuple[str, Stretch]:
    """The stretch of a URL; one that is not known is said and replaced by the usual one."""
    wanted = state.option("span") or usual
    if wanted not in known:
        problems.append(_("The stretch of this link is not known; this is “%(name)s”.", name=known[usual].label))
        wanted = usual
    return wanted, known[wanted]


def day(state: State, at: datetime, problems: list[str]) -> date:
    """The day of a URL, else today."""
    wanted, today = state.option("day"), clock.today(at)
    if not wanted:
        return today
    try:
        found = date.fromisoformat(wanted)
    except ValueError:
        found = None
    if found is None or not FIRST <= found <= LAST:
        problems.append(_("The day of this link cannot be read; this is today."))
        return today
    return found


def near(found: date) -> date:
    """The day, or the nearest that can be opened."""
    return min(max(found, FIRST), LAST)
