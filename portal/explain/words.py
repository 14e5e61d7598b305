"""The sentences of the panel: durations, moments, and the facts that make up a deadline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.calendar import ClockKind, Due, Limit, Pause, StretchKind, remaining
from portal.calendar.work import zone_named
from portal.i18n import N_, _, _n, _p

WEEKDAYS = tuple(N_(name, "weekday") for name in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
COUNTING = {
    ClockKind.WALL_HOURS: N_("By the clock, nights and weekends included"),
    ClockKind.CALENDAR_DAYS: N_("Calendar days of 24 hours each"),
    ClockKind.WORKING_DAYS: N_("Working days, from the day after the start to the end of the last one"),
    ClockKind.WORKING_HOURS: N_("Working hours of working days only"),
}
MOST_PAUSES = 4
"""Pauses that are listed one by one; the rest is a number."""

Line = tuple[str, str, bool]


def weekday(day: date) -> str:
    """`周二`."""
    return str(WEEKDAYS[day.weekday()])


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """`19:40` on the wall of that zone."""
    return f"{moment.astimezone(zone):%H:%M}"


def hours_minutes(length: timedelta) -> str:
    """`10:40`, also beyond a day; minutes are cut, not rounded."""
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60}:{minutes % 60:02}"


def duration(length: timedelta) -> str:
    """`48 时 00 分`, in words."""
    minutes = length // timedelta(minutes=1)
    return _("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=f"{minutes % 60:02}")


def moment_text(moment: datetime, zone: ZoneInfo, year: int) -> str:
    """`10-15 19:40`; with the year when it is not the present one."""
    local = moment.astimezone(zone)
    return f"{local:%m-%d %H:%M}" if local.year == year else f"{local:%Y-%m-%d %H:%M}"


def limit_text(limit: Limit) -> str:
    """`48 时`, `7 天`, `2 个工作日`."""
    amount = limit.amount
    number = int(amount) if amount == int(amount) else 2
    match limit.kind:
        case ClockKind.WORKING_DAYS:
            return _n("%(amount)s working day", "%(amount)s working days", number, amount=amount)
        case ClockKind.CALENDAR_DAYS:
            return _n("%(amount)s day", "%(amount)s days", number, amount=amount)
        case ClockKind.WORKING_HOURS:
            return _n("%(amount)s working hour", "%(amount)s working hours", number, amount=amount)
        case _:
            return _n("%(amount)s hour", "%(amount)s hours", number, amount=amount)


def question(due: Due, at: datetime) -> str:
    """What the panel answers: `为什么是今天 19:40？`."""
    if due.due_at is None:
        return _("Why is the clock paused?")
    zone = zone_named(due.zone)
    local, today = due.due_at.astimezone(zone), at.astimezone(zone).date()
    time = f"{local:%H:%M}"
    match (local.date() - today).days:
        case 0:
            return _("Why today %(time)s?", time=time)
        case 1:
            return _("Why tomorrow %(time)s?", time=time)
        case -1:
            return _("Why yesterday %(time)s?", time=time)
    return _("Why %(moment)s?", moment=moment_text(due.due_at, zone, today.year))


def sentence(due: Due) -> str:
    """The drawing in one sentence, for those who do not see it."""
    zone = zone_named(due.zone)
    year = due.start.astimezone(zone).year
    values = {"start": moment_text(due.start, zone, year), "limit": limit_text(due.limit)}
    if due.due_at is None:
        since = moment_text(due.paused_since or due.start, zone, year)
        return _("%(limit)s counted from %(start)s, paused since %(since)s", since=since, **values)
    values["due"] = moment_text(due.due_at, zone, year)
    paused = due.spent(StretchKind.PAUSED)
    if paused:
        return _(
            "%(limit)s counted from %(start)s, less a pause of %(paused)s, due %(due)s",
            paused=duration(paused),
            **values,
        )
    return _("%(limit)s counted from %(start)s, due %(due)s", **values)


def facts(due: Due, at: datetime, trigger: str, *, is_done: bool) -> Iterator[Line]:
    """(label, value, is the sum) of each line beside the drawing."""
    zone = zone_named(due.zone)
    year = at.astimezone(zone).year
    limit = limit_text(due.limit)
    yield (
        _p("deadline", "Rule"),
        _("%(limit)s after: %(trigger)s", limit=limit, trigger=trigger) if trigger else limit,
        False,
    )
    yield _p("deadline", "Counting"), counting_text(due.limit), False
    yield _p("deadline", "Start"), moment_text(due.start, zone, year), False
    yield from _pause_facts(due, zone, year)
    for name, first, last in _runs(due):
        days = f"{first:%m-%d}" if first == last else f"{first:%m-%d}–{last:%m-%d}"
        yield _p("deadline", "Calendar day"), f"{days} {name}", False
    state = remaining(due, at)
    if due.due_at is None and not is_done:
        yield _p("deadline", "Left"), duration(state.left), False
    total = limit if due.limit.kind is ClockKind.WORKING_DAYS else duration(due.total)
    yield _p("deadline", "Total"), total, True
    if state.is_late:
        yield _p("deadline", "Late by"), duration(state.late), False
    if due.calendar_version:
        version = due.calendar_version
        text = _("Version %(number)s", number=version) if version.isdecimal() else version
        yield _p("deadline", "Calendar"), text, False
    for unknown in due.unconfirmed_years:
        yield _p("deadline", "Note"), _("Make-up days of %(year)s are not published yet", year=unknown), False


def counting_text(limit: Limit) -> str:
    """How the limit counts, in words."""
    if limit.kind is ClockKind.DUTY_HOURS:
        return _("Duty hours, every day %(hours)s", hours=str(limit.window).replace("-", "–"))
    return str(COUNTING[limit.kind])


def _pause_facts(due: Due, zone: ZoneInfo, year: int) -> Iterator[Line]:
    end = due.due_at or due.paused_since
    pauses = [pause for pause in due.pauses if _matters(pause, due.start, end)]
    for pause in pauses[:MOST_PAUSES]:
        yield _p("deadline", "Paused"), _pause_text(pause, zone, year), False
        if pause.reason:
            yield _p("deadline", "Reason"), pause.reason, False
    more = len(pauses) - MOST_PAUSES
    if more > 0:
        yield _p("deadline", "Paused"), _n("and %(num)s more time", "and %(num)s more times", more), False


def _matters(pause: Pause, start: datetime, end: datetime | None) -> bool:
    """Whether a pause lies on the way at all."""
    begins_in_time = end is None or pause.start < end or (pause.end is None and pause.start <= end)
    return begins_in_time and (pause.end is None or pause.end > start)


def _pause_text(pause: Pause, zone: ZoneInfo, year: int) -> str:
    since = moment_text(pause.start, zone, year)
    if pause.end is None:
        return _("since %(moment)s", moment=since)
    until = moment_text(pause.end, zone, year)
    if pause.start.astimezone(zone).date() == pause.end.astimezone(zone).date():
        until = clock(pause.end, zone)
    return f"{since}–{until}"


def _runs(due: Due) -> list[tuple[str, date, date]]:
    """The named days on the way, neighbours of one name joined."""
    runs: list[tuple[str, date, date]] = []
    for day, name in due.day_names:
        if runs and runs[-1][0] == name and day - runs[-1][2] == timedelta(days=1):
            runs[-1] = name, runs[-1][1], day
        else:
            runs.append((name, day, day))
    return runs
