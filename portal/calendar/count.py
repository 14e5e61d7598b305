"""Counting: when a limit is due, when to warn, how much is left.

Everything is computed from spans of time, never from running sums: counted + paused + idle is always the time that
went by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from portal.calendar.due import OFFICE_KINDS, ClockKind, Due, Limit, Pause, Remaining, Stretch, StretchKind
from portal.calendar.work import DAY, FAR, Span, WorkCalendar, as_utc


def compute_due(start: datetime, limit: Limit, calendar: WorkCalendar, pauses: Iterable[Pause] = ()) -> Due:
    """When something that starts now is due, with the stretches that led there.

    Pauses may nest, touch, or lie outside; one without an end that begins before the due time leaves `due_at` open.
    Paused working days: each day counts with the share of its working time that was not paused, and the deadline is
    the end of the day on which the sum is reached, so that it stays at the end of a working day.
    Raises ValueError for a naive moment and where the calendar has no working time ahead.
    """
    try:
        return _compute(as_utc(start), limit, calendar, tuple(sorted(pauses, key=lambda pause: pause.start)))
    except OverflowError as error:
        raise ValueError("the deadline lies beyond the calendar") from error


def recompute(due: Due, calendar: WorkCalendar, pauses: Iterable[Pause] | None = None) -> Due:
    """The same clock under another calendar or with other pauses: a preview of what would move, or a resumed clock."""
    return compute_due(due.start, due.limit, calendar, due.pauses if pauses is None else pauses)


def warn_at(due: Due, share: float = 0.25) -> datetime | None:
    """When only this share of the counted time is left; None while the clock stands.

    Counted with the limit's own clock, so a limit in working days warns during (or at the end of) working time.
    """
    if due.due_at is None:
        return None
    if not 0 <= share <= 1:
        raise ValueError("a share lies between 0 and 1")
    left = due.total * (1 - share)
    if not left:
        return due.start
    for part in due.stretches:
        if part.kind is StretchKind.COUNTED:
            if part.length >= left:
                return part.start + left
            left -= part.length
    return due.due_at


def remaining(due: Due, at: datetime) -> Remaining:
    """How much of the limit is left at that moment, or by how much it is late."""
    at = as_utc(at)
    counted = due.spent(StretchKind.COUNTED, at)
    is_running = due.start <= at and (due.due_at is None or at < due.due_at)
    return Remaining(
        left=due.total - counted,
        until_due=None if due.due_at is None else max(due.due_at - at, timedelta()),
        late=timedelta() if due.due_at is None else max(at - due.due_at, timedelta()),
        used=counted / due.total,
        is_paused=is_running and any(pause.start <= at and (not pause.end or at < pause.end) for pause in due.pauses),
    )


# ---- how it is counted ------------------------------------------------------------------------------------------


def _compute(start: datetime, limit: Limit, calendar: WorkCalendar, pauses: tuple[Pause, ...]) -> Due:
    open_since = min((max(pause.start, start) for pause in pauses if pause.end is None), default=None)
    stopped = _union(pauses, until=open_since or FAR)
    reached = _reach(start, limit, calendar, stopped)
    whole = _lay_out(start, reached, limit, calendar, stopped)
    is_open = open_since is not None and open_since < reached
    end = open_since if is_open and open_since is not None else reached
    stretches = _lay_out(start, end, limit, calendar, stopped) if is_open else whole
    is_office = limit.kind in OFFICE_KINDS
    return Due(
        start=start,
        due_at=None if is_open else reached,
        limit=limit,
        stretches=stretches,
        pauses=pauses,
        total=sum((part.length for part in whole if part.kind is StretchKind.COUNTED), timedelta()),
        zone=calendar.zone,
        calendar_version=calendar.version,
        paused_since=open_since if is_open else None,
        day_names=_named_days(start, end, calendar) if is_office else (),
        unconfirmed_years=_unconfirmed(start, reached, calendar) if is_office else (),
    )


def _windows(start: datetime, limit: Limit, calendar: WorkCalendar) -> Iterator[Span]:
    """All spans in which the limit's clock runs, from the start on, without end."""
    match limit.kind:
        case ClockKind.WALL_HOURS | ClockKind.CALENDAR_DAYS:
            yield start, FAR
        case ClockKind.WORKING_HOURS:
            yield from calendar.spans_after(start)
        case ClockKind.DUTY_HOURS:
            day = calendar.local_day(start)
            while True:
                opens, closes = calendar.moment(day, limit.window.start), calendar.moment(day, limit.window.end)
                if closes > start:
                    yield max(opens, start), closes
                day += DAY
        case ClockKind.WORKING_DAYS:
            day = calendar.local_day(start)
            while True:
                day = calendar.next_working_day(day)
                yield from calendar.spans(day, until=calendar.end_of_day(day))


def _reach(start: datetime, limit: Limit, calendar: WorkCalendar, stopped: Sequence[Span]) -> datetime:
    """The earliest moment at which the whole limit has been counted."""
    if limit.time is None:
        return _reach_day(start, int(limit.amount), calendar, stopped)
    left = limit.time
    for span in _windows(start, limit, calendar):
        for piece in _cut(span, stopped):
            if piece.kind is StretchKind.COUNTED:
                if piece.length >= left:
                    return piece.start + left
                left -= piece.length
    raise OverflowError("the limit is longer than time")


def _reach_day(start: datetime, days: int, calendar: WorkCalendar, stopped: Sequence[Span]) -> datetime:
    day, counted = calendar.local_day(start), Fraction()
    while True:
        day = calendar.next_working_day(day)
        until = calendar.end_of_day(day)
        pieces = [piece for span in calendar.spans(day, until=until) for piece in _cut(span, stopped)]
        free = sum((piece.length for piece in pieces if piece.kind is StretchKind.COUNTED), timedelta())
        whole = sum((piece.length for piece in pieces), timedelta())
        if not whole:
            continue  # all its hours fall into the hour that daylight saving skips
        counted += Fraction(free // timedelta.resolution, whole // timedelta.resolution)
        if counted >= days:
            return calendar.moment(day, until)


def _lay_out(
    start: datetime, end: datetime, limit: Limit, calendar: WorkCalendar, stopped: Sequence[Span]
) -> tuple[Stretch, ...]:
    """The time from start to end without a gap, neighbours of one kind joined."""
    parts: list[Stretch] = []

    def add(until: datetime, kind: StretchKind) -> None:
        since = parts[-1].end if parts else start
        if until > since:
            if parts and parts[-1].kind is kind:
                since = parts.pop().start
            parts.append(Stretch(since, until, kind))

    if end > start:
        for span in _windows(start, limit, calendar):
            if span[0] >= end:
                break
            add(span[0], StretchKind.IDLE)
            for piece in _cut((span[0], min(span[1], end)), stopped):
                add(piece.end, piece.kind)
        add(end, StretchKind.IDLE)
    return tuple(parts)


def _cut(span: Span, stopped: Sequence[Span]) -> Iterator[Stretch]:
    """One span of a running clock, cut into counted and paused pieces."""
    at, end = span
    for since, until in stopped:
        if until <= at:
            continue
        if since >= end:
            break
        if since > at:
            yield Stretch(at, since, StretchKind.COUNTED)
        yield Stretch(max(since, at), min(until, end), StretchKind.PAUSED)
        at = min(until, end)
    if at < end:
        yield Stretch(at, end, StretchKind.COUNTED)


def _union(pauses: Iterable[Pause], *, until: datetime) -> list[Span]:
    """The ended pauses, sorted by start, as spans that neither overlap nor touch; nothing after `until`."""
    joined: list[Span] = []
    for pause in pauses:
        if pause.end is None or pause.start >= until:
            continue
        end = min(pause.end, until)
        if end <= pause.start:
            continue
        if joined and pause.start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((pause.start, end))
    return joined


def _local_days(start: datetime, end: datetime, calendar: WorkCalendar) -> Iterator[date]:
    day, last = calendar.local_day(start), calendar.local_day(end)
    while day <= last:
        yield day
        day += DAY


def _named_days(start: datetime, end: datetime, calendar: WorkCalendar) -> tuple[tuple[date, str], ...]:
    named = ((day, calendar.day_name(day)) for day in _local_days(start, end, calendar))
    return tuple((day, name) for day, name in named if name)


def _unconfirmed(start: datetime, end: datetime, calendar: WorkCalendar) -> tuple[int, ...]:
    years = range(calendar.local_day(start).year, calendar.local_day(end).year + 1)
    return tuple(year for year in years if calendar.unconfirmed(year))
