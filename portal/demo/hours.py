"""The hours in which the demo department works: whatever hour it is when the demo is loaded, nobody worked at night."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal import clock

OPENS, CLOSES = timedelta(hours=8, minutes=30), timedelta(hours=20)
MORNING, EVENING = timedelta(hours=10), timedelta(hours=18, minutes=30)
"""What falls into the night is told in the morning until 10:00, or in the evening from 18:30, whichever is nearer."""
SMALL_HOURS, DAY = timedelta(hours=2), timedelta(days=1)


def on_duty(moment: datetime, now: datetime) -> datetime:
    """The moment, brought out of the night. What came first stays first, nothing comes to lie after `now`."""
    midnight = clock.at_local(clock.today(moment))
    hour = moment - midnight
    if MORNING <= hour < EVENING:
        return moment
    if SMALL_HOURS <= hour < MORNING and now >= midnight + OPENS:
        ends = min(MORNING, now - midnight)
        return midnight + _moved(hour, (SMALL_HOURS, ends), (OPENS, ends))
    if hour < MORNING:
        midnight, hour = midnight - DAY, hour + DAY
    is_this_night = now < midnight + DAY + OPENS
    return midnight + _moved(hour, (EVENING, DAY + (OPENS if is_this_night else SMALL_HOURS)), (EVENING, CLOSES))


def next_on_duty(moment: datetime) -> datetime:
    """The moment, or an hour after the office opens next: when something is promised or agreed for."""
    midnight = clock.at_local(clock.today(moment))
    if moment < midnight + OPENS:
        return midnight + OPENS + timedelta(hours=1)
    if moment > midnight + CLOSES:
        return midnight + DAY + OPENS + timedelta(hours=1)
    return moment


def day_so_far(now: datetime) -> tuple[datetime, datetime]:
    """From when until when the desk has worked today; before nine it is the evening before."""
    midnight = clock.at_local(clock.today(now))
    if now - midnight < timedelta(hours=9):
        before = midnight - DAY
        return before + timedelta(hours=16), before + CLOSES
    return midnight + OPENS, min(now, midnight + CLOSES)


def closing_time(day: datetime) -> datetime:
    """When the last visitor of that day has left."""
    return clock.at_local(clock.today(day)) + CLOSES


def _moved(value: timedelta, here: tuple[timedelta, timedelta], there: tuple[timedelta, timedelta]) -> timedelta:
    share = (value - here[0]) / (here[1] - here[0])
    return there[0] + (there[1] - there[0]) * share
