"""Periods people ask for: this week, last month, the quarter. Days on the company's calendar; weeks begin on Monday."""

from __future__ import annotations

from datetime import date, timedelta

from portal.i18n import N_, Text
from portal.metrics.questions import Period

WEEK = timedelta(days=6)
DAY = timedelta(days=1)


def week_of(day: date) -> Period:
    """Monday to Sunday around a day."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + WEEK)


def month_of(day: date, months: int = 1) -> Period:
    """The month of a day, or so many months that begin with it."""
    first = day.replace(day=1)
    index = first.year * 12 + first.month - 1 + months
    return Period(first, date(index // 12, index % 12 + 1, 1) - DAY)


def quarter_of(day: date) -> Period:
    """January to March, and so on."""
    return month_of(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3)


def year_of(day: date) -> Period:
    """January to December."""
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


def usual(today: date) -> list[tuple[Text, Period]]:
    """What is offered by one click."""
    week, month, quarter = week_of(today), month_of(today), quarter_of(today)
    return [
        (N_("This week"), week),
        (N_("Last week"), week.before),
        (N_("This month"), month),
        (N_("Last month"), month.before),
        (N_("This quarter"), quarter),
        (N_("Last quarter"), quarter.before),
        (N_("This year"), year_of(today)),
    ]
