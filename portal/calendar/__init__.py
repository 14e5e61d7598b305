"""Working time and deadlines, pure: no web framework, no database, no clock. Source: `domain.md` 0.2, DL-01 to DL-29.

`hours`: of a day and a week. `days`: those that differ. `work`: the calendar. `due`: limits and deadlines.
`count`: when a limit is due, when to warn, how much is left.
"""

from portal.calendar.count import compute_due, recompute, remaining, warn_at
from portal.calendar.days import DayKind, DayRule, Statutory, statutory
from portal.calendar.due import (
    OFFICE_KINDS,
    ClockKind,
    Due,
    Limit,
    Pause,
    Remaining,
    Stretch,
    StretchKind,
)
from portal.calendar.hours import (
    DUTY_WINDOW,
    OFFICE_DAY,
    OFFICE_WEEK,
    Interval,
    Intervals,
    Week,
    clock_text,
    from_pairs,
    hours_text,
    parse_hours,
    parse_minute,
    to_pairs,
)
from portal.calendar.work import Override, WorkCalendar, as_utc

__all__ = [
    "DUTY_WINDOW",
    "OFFICE_DAY",
    "OFFICE_KINDS",
    "OFFICE_WEEK",
    "ClockKind",
    "DayKind",
    "DayRule",
    "Due",
    "Interval",
    "Intervals",
    "Limit",
    "Override",
    "Pause",
    "Remaining",
    "Statutory",
    "Stretch",
    "StretchKind",
    "Week",
    "WorkCalendar",
    "as_utc",
    "clock_text",
    "compute_due",
    "from_pairs",
    "hours_text",
    "parse_hours",
    "parse_minute",
    "recompute",
    "remaining",
    "statutory",
    "to_pairs",
    "warn_at",
]
