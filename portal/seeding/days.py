"""The years that are filled: places on them as moments in office hours, fast."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from portal import clock

YEARS = 5
OPENS, OPEN_SECONDS = 30_600, 34_200
"""Office hours of the made-up days: from 8:30, for nine and a half hours."""


class Days:
    """The days from five years ago until now."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(microsecond=0)
        self.today = clock.today(now)
        self._count = YEARS * 365
        first = self.today - timedelta(days=self._count)
        self._days = [first + timedelta(days=number) for number in range(self._count + 1)]
        self._starts = [clock.at_local(day) for day in self._days]

    def moment(self, place: float, random: Random) -> datetime:
        """A moment in office hours of the day at that place, 0 being the first day and 1 today; never after now."""
        start = self._starts[min(int(place * (self._count + 1)), self._count)]
        moment = start + timedelta(seconds=OPENS + int(random.random() * OPEN_SECONDS))
        return moment if moment < self.now else self.now - timedelta(minutes=30 + int(random.random() * 90))

    def local(self, moment: datetime) -> date:
        """The company's day of a moment."""
        place = (moment - self._starts[0]).days
        return self._days[place] if 0 <= place <= self._count else clock.today(moment)
