"""The periodic table: what comes back by the calendar. Times are those of the company's clocks (Asia/Shanghai).

Each time a schedule is due is a slot with a key of its own, so an outage is made up slot by slot, and no clock that is
set back makes a second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from portal import clock
from portal.i18n import N_, Text


@dataclass(frozen=True, slots=True)
class Planned:
    """One time a schedule is due; `period_from`, `period_to`: the days it is about, both included."""

    key: str
    due_at: datetime
    period_from: date
    period_to: date


class Rule(Protocol):
    """When a schedule is due."""

    def slots(self, after: datetime, until: datetime, at: str) -> Iterator[Planned]:
        """The slots with `after` < due ≤ `until`, oldest first; `at` is a time of day like 08:15."""


def _moment(day: date, at: str) -> datetime:
    hour, _colon, minute = at.strip()[:5].partition(":")
    return clock.at_local(day, int(hour), int(minute))


def _days(after: datetime, until: datetime) -> Iterator[date]:
    day = clock.today(after)
    while day <= clock.today(until):
        yield day
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day; it is about the day before."""

    def slots(self, after: datetime, until: datetime, at: str) -> Iterator[Planned]:
        """Keys like 2026-11-21."""
        for day in _days(after, until):
            if after < (due := _moment(day, at)) <= until:
                before = day - timedelta(days=1)
                yield Planned(day.isoformat(), due, before, before)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on one weekday (Monday is 0); it is about the seven days up to and with that day."""

    weekday: int

    def slots(self, after: datetime, until: datetime, at: str) -> Iterator[Planned]:
        """Keys like 2026-W47."""
        for day in _days(after, until):
            if day.weekday() == self.weekday and after < (due := _moment(day, at)) <= until:
                year, week, _day = day.isocalendar()
                yield Planned(f"{year}-W{week:02d}", due, day - timedelta(days=6), day)


@dataclass(frozen=True, slots=True)
class Yearly:
    """Once a year on a day that every year has; it is about the year."""

    month: int
    day: int

    def slots(self, after: datetime, until: datetime, at: str) -> Iterator[Planned]:
        """Keys like 2026."""
        for year in range(clock.today(after).year, clock.today(until).year + 1):
            if after < (due := _moment(date(year, self.month, self.day), at)) <= until:
                yield Planned(str(year), due, date(year, 1, 1), date(year, 12, 31))


@dataclass(frozen=True, slots=True)
class HalfYearly:
    """Twice a year, on a day of that month and of the month half a year later; it is about that half year."""

    month: int
    day: int

    def slots(self, after: datetime, until: datetime, at: str) -> Iterator[Planned]:
        """Keys like 2026-H1."""
        for year in range(clock.today(after).year, clock.today(until).year + 1):
            for half, (first, last) in enumerate((((1, 1), (6, 30)), ((7, 1), (12, 31)))):
                if after < (due := _moment(date(year, self.month + 6 * half, self.day), at)) <= until:
                    yield Planned(f"{year}-H{half + 1}", due, date(year, *first), date(year, *last))


class Policy(StrEnum):
    """What an outage leaves to be made up."""

    EVERY_SLOT = "EVERY_SLOT"
    LATEST_ONLY = "LATEST_ONLY"
    """Older ones are noted as covered by the latest."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the table. `kind`: the outbox kind that does the work, given `schedule`, `slot` and `scope`."""

    name: str
    label: Text
    kind: str
    rule: Rule
    at: str = "00:00"
    at_setting: str | None = None
    """A setting that says the time of day instead."""
    policy: Policy = Policy.EVERY_SLOT
    queue: str = "fast"


SCHEDULES: tuple[Schedule, ...] = (
    Schedule(
        "morning-digest", N_("Morning digest"), "digest", Daily(),
        at_setting="digest_time", policy=Policy.LATEST_ONLY,
    ),
    Schedule("absences", N_("Who stands in from today"), "absences", Daily(), policy=Policy.LATEST_ONLY),
    Schedule("audit-check", N_("Check of the audit chain"), "audit_check", Daily(), at="02:00"),
    Schedule("cleanup", N_("Clearing away"), "cleanup", Daily(), at="03:00", policy=Policy.LATEST_ONLY),
    Schedule("duplicates", N_("Search for duplicates"), "duplicates", Daily(), at="03:30", policy=Policy.LATEST_ONLY),
    Schedule(
        "lead-touches", N_("Pre-sale messages of the day"), "lead_touches", Daily(),
        at="07:00", policy=Policy.LATEST_ONLY,
    ),
    Schedule("call-windows", N_("Windows of calls"), "call_windows", Daily(), at="07:45", policy=Policy.LATEST_ONLY),
    Schedule("warranties", N_("Warranty terms that end"), "warranties", Daily(), at="07:30", policy=Policy.LATEST_ONLY),
    Schedule(
        "knowledge", N_("Articles that take effect"), "knowledge", Daily(), at="00:05", policy=Policy.LATEST_ONLY,
    ),
    Schedule("reports", N_("Reports whose day has come"), "reports", Daily(), at="00:10"),
    Schedule(
        "favourite-alerts", N_("Alerts of favourites"), "favourite_alerts", Daily(),
        at="08:00", policy=Policy.LATEST_ONLY,
    ),
    Schedule("week-list", N_("Wait for the pre-acceptance list"), "week_list", Weekly(0), at="07:00"),
    Schedule(
        "survey-sample", N_("Half-yearly survey"), "survey_sample", HalfYearly(5, 10),
        at="08:30", policy=Policy.LATEST_ONLY,
    ),
    Schedule(
        "calendar-reminder", N_("Make-up days of next year"), "calendar_reminder", Yearly(11, 10),
        at="09:00", policy=Policy.LATEST_ONLY,
    ),
)  # fmt: skip
