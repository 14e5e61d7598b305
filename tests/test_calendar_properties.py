"""What holds for every deadline: nothing is lost between the spans, and more time is never due earlier."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.calendar import (
    ClockKind,
    Due,
    Limit,
    Pause,
    StretchKind,
    Week,
    WorkCalendar,
    compute_due,
    parse_hours,
    remaining,
    statutory,
    warn_at,
)

LAW = statutory([2026, 2027])
DAY = parse_hours("08:30-12:00, 13:30-18:00")
CALENDARS = [
    WorkCalendar.build(LAW.rules, known_years=LAW.known_years),
    WorkCalendar.build(LAW.rules, day_end=None, week=Week((DAY,) * 6 + (parse_hours("09:00-10:00"),))),
    WorkCalendar(Week((parse_hours("00:00-06:00, 22:00-24:00"),) * 7), zone="America/New_York"),
    WorkCalendar(Week((DAY,) * 5 + ((), parse_hours("01:15-03:45"))), zone="Europe/Berlin"),
]
START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
calendars = st.sampled_from(CALENDARS)
limits = st.builds(Limit, st.sampled_from(ClockKind), st.integers(1, 60))
quick = settings(max_examples=80, deadline=None)


@st.composite
def stopped(draw: st.DrawFn, start: datetime) -> list[Pause]:
    """Up to five pauses around the start, in any order, overlapping as they like; sometimes one is still open."""
    spans = draw(st.lists(st.tuples(st.integers(-3000, 20_000), st.integers(0, 4000)), max_size=5))
    found = [Pause(start + timedelta(minutes=a), start + timedelta(minutes=a + b)) for a, b in spans]
    if draw(st.integers(0, 4)) == 0:
        found.append(Pause(start + timedelta(minutes=draw(st.integers(-100, 10_000))), None))
    return found


@quick
@given(st.data(), moments, limits, calendars)
def test_counted_and_paused_and_idle_time_is_all_the_time_there_was(data, start, limit, calendar):
    due = compute_due(start, limit, calendar, data.draw(stopped(start)))
    end = due.due_at or due.paused_since
    assert sum((due.spent(kind) for kind in StretchKind), timedelta()) == end - start
    for earlier, later in pairwise(due.stretches):
        assert earlier.end == later.start and earlier.kind is not later.kind
    if due.stretches:
        assert (due.stretches[0].start, due.stretches[-1].end) == (start, end)
    if due.due_at is not None:
        assert due.spent(StretchKind.COUNTED) == due.total
        assert limit.time in (None, due.total)
    assert Due.from_dict(due.to_dict()) == due


@quick
@given(st.data(), moments, limits, calendars, st.integers(1, 30))
def test_a_longer_limit_is_never_due_earlier(data, start, limit, calendar, more):
    closed = [pause for pause in data.draw(stopped(start)) if pause.end]
    longer = Limit(limit.kind, limit.amount + more)
    assert compute_due(start, longer, calendar, closed).due_at > compute_due(start, limit, calendar, closed).due_at


@quick
@given(st.data(), moments, limits, calendars)
def test_a_pause_never_makes_a_deadline_earlier_and_its_order_does_not_matter(data, start, limit, calendar):
    closed = [pause for pause in data.draw(stopped(start)) if pause.end]
    due = compute_due(start, limit, calendar, closed)
    assert due.due_at >= compute_due(start, limit, calendar, closed[1:]).due_at
    assert compute_due(start, limit, calendar, closed[::-1] + closed).stretches == due.stretches


@quick
@given(moments, calendars, st.integers(0, 6000))
def test_adding_working_time_and_measuring_it_are_inverse(start, calendar, minutes):
    end = calendar.add_working_minutes(start, minutes)
    assert calendar.working_minutes_between(start, end) == minutes
    assert calendar.working_minutes_between(end, start) == -minutes
    if minutes:
        assert calendar.working_time_between(start, end - timedelta(seconds=1)) < timedelta(minutes=minutes)


@quick
@given(st.data(), moments, limits, calendars)
def test_a_quarter_is_left_when_the_warning_comes(data, start, limit, calendar):
    due = compute_due(start, limit, calendar, data.draw(stopped(start)))
    warn = warn_at(due)
    if due.due_at is None:
        assert warn is None
    else:
        assert start < warn < due.due_at
        assert abs(remaining(due, warn).left - due.total / 4) <= timedelta(microseconds=1)


@quick
@given(st.data(), moments, limits, calendars, st.integers(0, 30_000), st.integers(0, 5000))
def test_what_is_left_only_shrinks(data, start, limit, calendar, first, later):
    due = compute_due(start, limit, calendar, data.draw(stopped(start)))
    before = remaining(due, start + timedelta(minutes=first))
    after = remaining(due, start + timedelta(minutes=first + later))
    assert timedelta() <= after.left <= before.left <= due.total
    assert 0 <= before.used <= after.used <= 1
