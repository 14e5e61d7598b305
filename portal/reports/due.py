"""When reports are due and which days they are about: pure, by the working calendar. Source: `domain.md` 6.1, Q08 to Q10, Q32.

Weekly reports move behind a public holiday; the 22nd, the 25th and the month's end before a rest day. The Saturday
report stays on Saturday unless that is a public holiday, then it is due on the last working day before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from portal.calendar import WorkCalendar
from portal.metrics.periods import month_of
from portal.metrics.questions import Period

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """One time a report is due: its days, and the day it must be delivered."""

    period: Period
    due_on: date

    @property
    def made_on(self) -> date:
        """The day it is drawn up: when its period is over, on its due day at the latest."""
        return min(self.period.last + DAY, self.due_on)


class Rule(Protocol):
    """When a report comes back."""

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """The reports whose usual day lies in the month of a day, oldest first."""


def made_between(rule: Rule, first: date, last: date, calendar: WorkCalendar) -> list[Due]:
    """The reports of a rule that are drawn up on one of these days, both included, oldest first."""
    found: dict[Period, Due] = {}
    month = month_of(first).before
    while month.first <= last + 31 * DAY:
        found |= {due.period: due for due in rule.around(month.first, calendar) if first <= due.made_on <= last}
        month = month_of(month.last + DAY)
    return sorted(found.values(), key=lambda due: (due.made_on, due.due_on))


def usual(rule: Rule, today: date, calendar: WorkCalendar) -> Period:
    """The last period of a rule that is over: what somebody who asks for the report usually means."""
    over = [due for due in made_between(rule, today - 62 * DAY, today + 31 * DAY, calendar) if due.period.last < today]
    return max((due.period for due in over), key=lambda period: period.last)


@dataclass(frozen=True, slots=True)
class ReportPeriod(Period):
    """The days of a report, which knows those of the report before it: what stands beside its figures."""

    rule: Rule = field(compare=False, kw_only=True)
    calendar: WorkCalendar = field(compare=False, kw_only=True)

    @property
    def before(self) -> Period:
        """The days of the report before, as its rule has them; as many days, where these are none of its own."""
        around = made_between(self.rule, self.first - 62 * DAY, self.last + 62 * DAY, self.calendar)
        periods = [due.period for due in around]
        ending = [each for each in periods if each.last == self.first - DAY]
        if Period(self.first, self.last) not in periods or not ending:
            found = Period(self.first, self.last).before
        else:  # of a report that comes by the week and by the month, that of the same size
            found = min(ending, key=lambda each: abs(each.days - self.days))
        return ReportPeriod(found.first, found.last, rule=self.rule, calendar=self.calendar)


def _days(day: date) -> Iterator[date]:
    month = month_of(day)
    found = month.first
    while found <= month.last:
        yield found
        found += DAY


def is_public_holiday(day: date, calendar: WorkCalendar) -> bool:
    """Whether the day is closed and would not be by the ordinary week alone, or is a holiday of the law."""
    return day in calendar.holidays and not calendar.is_working_day(day)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on a weekday (Monday is 1); about the seven days that ended so many days before."""

    weekday: int
    ends_before: int = 1
    stays_on_rest_days: bool = False
    """Saturday is no working day, and the report is due all the same."""

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        for usual in _days(day):
            if usual.isoweekday() == self.weekday:
                last = usual - self.ends_before * DAY
                yield Due(Period(last - 6 * DAY, last), self._moved(usual, calendar))

    def _moved(self, usual: date, calendar: WorkCalendar) -> date:
        if not self.stays_on_rest_days:
            return calendar.working_day_from(usual)
        return calendar.working_day_until(usual) if is_public_holiday(usual, calendar) else usual


@dataclass(frozen=True, slots=True)
class Monthly:
    """Every month on a day; about the month that ends the day before, or about the calendar month it lies in."""

    day: int
    whole_month: bool = False

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        usual = day.replace(day=self.day)
        begun = month_of(usual).before.first.replace(day=self.day)
        yield Due(
            month_of(usual) if self.whole_month else Period(begun, usual - DAY), calendar.working_day_until(usual)
        )


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """On the last working day of the month, about the month."""

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        month = month_of(day)
        yield Due(month, calendar.working_day_until(month.last))


@dataclass(frozen=True, slots=True)
class AfterMonth:
    """After the month it is about: on its so manieth working day, or on a day, which moves behind a rest day."""

    working_day: int = 0
    day: int = 0

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        month = month_of(day)
        found = calendar.working_day_from(month.first.replace(day=self.day or 1))
        for _more in range(self.working_day - 1):
            found = calendar.next_working_day(found)
        yield Due(month.before, found)


@dataclass(frozen=True, slots=True)
class FourthWednesday:
    """On the fourth Wednesday of the month (Q08), which moves behind a holiday; from the last one to the day before."""

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        usual = _fourth_wednesday(day)
        begun = _fourth_wednesday(month_of(day).before.first)
        yield Due(Period(begun, usual - DAY), calendar.working_day_from(usual))


def _fourth_wednesday(day: date) -> date:
    return [each for each in _days(day) if each.isoweekday() == 3][3]


@dataclass(frozen=True, slots=True)
class EachDay:
    """Every day, about the day before; on rest days nobody waits for it, then it is due on the next working day."""

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        for usual in _days(day):
            yield Due(Period(usual - DAY, usual - DAY), calendar.working_day_from(usual))


@dataclass(frozen=True, slots=True)
class Both:
    """A report that comes for shorter and for longer periods: each by its own rule."""

    shorter: Rule
    longer: Rule

    def around(self, day: date, calendar: WorkCalendar) -> Iterator[Due]:
        """See `Rule`."""
        yield from self.shorter.around(day, calendar)
        yield from self.longer.around(day, calendar)
