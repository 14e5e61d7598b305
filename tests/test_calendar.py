"""Deadlines to the minute: every expected time in these tables was worked out by hand from a wall calendar."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.calendar import (
    ClockKind,
    DayKind,
    DayRule,
    Due,
    Interval,
    Limit,
    Pause,
    StretchKind,
    Week,
    WorkCalendar,
    compute_due,
    parse_hours,
    recompute,
    remaining,
    statutory,
    warn_at,
)

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
LAW = statutory([2026, 2027])
CALENDAR = WorkCalendar.build(LAW.rules, known_years=LAW.known_years, version="1")
WALL, DAYS, WORKING_DAYS = ClockKind.WALL_HOURS, ClockKind.CALENDAR_DAYS, ClockKind.WORKING_DAYS
WORKING_HOURS, DUTY = ClockKind.WORKING_HOURS, ClockKind.DUTY_HOURS


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """`10-12 09:10` of 2026, or with another year in front."""
    return datetime.fromisoformat(text if len(text) > 11 else f"2026-{text}").replace(tzinfo=zone)


def pauses(text: str) -> list[Pause]:
    """`10-12 12:00/10-12 14:00; 10-13 08:00/` with an open end."""
    spans = [span.strip().split("/") for span in text.split(";") if span.strip()]
    return [Pause(at(start), at(end) if end else None, "rescheduled") for start, end in spans]


def local(moment: datetime | None, zone: ZoneInfo = SHANGHAI) -> str:
    assert moment is not None and moment.utcoffset() == timedelta()
    shown = moment.astimezone(zone)
    return f"{shown:%m-%d %H:%M}" if shown.year == 2026 else f"{shown:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("code", "start", "kind", "amount", "due"),
    [  # domain.md section 8 and its deadline register
        ("DL-01", "03-02 09:12", WALL, 24, "03-03 09:12"),
        ("DL-02", "03-02 09:12", DAYS, 7, "03-09 09:12"),
        ("DL-03", "03-27 14:00", WORKING_DAYS, 2, "03-31 18:00"),
        ("DL-04", "03-23 14:00", DAYS, 2, "03-25 14:00"),
        ("DL-04", "03-26 10:00", DAYS, 2, "03-28 10:00"),
        ("DL-04", "03-27 09:30", DAYS, 2, "03-29 09:30"),
        ("DL-05", "03-31 15:00", WORKING_DAYS, 1, "04-01 18:00"),
        ("DL-06", "04-01 10:00", WORKING_DAYS, 2, "04-03 18:00"),
        ("DL-09", "04-30 16:00", WORKING_DAYS, 5, "05-11 18:00"),
        ("DL-10", "05-11 10:00", WALL, 3, "05-11 13:00"),
        ("DL-11", "05-11 11:20", WALL, 24, "05-12 11:20"),
        ("DL-12", "05-11 15:00", WALL, 24, "05-12 15:00"),
        ("DL-13", "05-12 10:00", WALL, 48, "05-14 10:00"),
        ("DL-14", "05-13 14:00", WALL, 24, "05-14 14:00"),
        ("DL-15", "06-02 10:00", WORKING_DAYS, 2, "06-04 18:00"),
        ("DL-21", "07-06 11:00", WORKING_DAYS, 1, "07-07 18:00"),
        ("DL-22", "10-12 09:10", WALL, 8, "10-12 17:10"),
        ("DL-23", "10-13 16:00", DAYS, 3, "10-16 16:00"),
        ("DL-24", "09-18 10:00", WORKING_DAYS, 3, "09-22 18:00"),
        ("DL-25", "04-21 09:00", WORKING_DAYS, 3, "04-24 18:00"),
        ("DL-26", "04-20 09:00", WORKING_DAYS, 7, "04-29 18:00"),
        ("DL-27", "06-10 14:00", WORKING_DAYS, 5, "06-17 18:00"),
    ],
)
def test_the_deadlines_of_the_worked_example(code, start, kind, amount, due):
    assert local(compute_due(at(start), Limit(kind, amount), CALENDAR).due_at) == due, code


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("09-30 09:00", 1, "10-08 18:00"),  # National Day, seven days
        ("09-30 09:00", 2, "10-09 18:00"),
        ("09-30 09:00", 3, "10-10 18:00"),  # Saturday that is worked
        ("09-30 09:00", 4, "10-12 18:00"),
        ("10-03 12:00", 1, "10-08 18:00"),  # starts inside the holiday
        ("10-07 23:59", 1, "10-08 18:00"),
        ("10-08 00:00", 1, "10-09 18:00"),  # midnight belongs to the new day
        ("09-18 17:59", 1, "09-20 18:00"),  # Sunday that is worked
        ("02-13 17:00", 1, "02-14 18:00"),  # Spring Festival: Saturday worked before it,
        ("02-13 17:00", 2, "02-24 18:00"),  # nine days off,
        ("02-13 17:00", 5, "02-27 18:00"),
        ("02-13 17:00", 6, "02-28 18:00"),  # and a Saturday worked after it
        ("02-13 17:00", 7, "03-02 18:00"),
        ("02-18 08:00", 1, "02-24 18:00"),
        ("2025-12-31 10:00", 1, "01-04 18:00"),  # New Year's Sunday is worked
        ("2025-12-31 10:00", 2, "01-05 18:00"),
        ("04-03 10:00", 1, "04-07 18:00"),
        ("04-30 10:00", 3, "05-08 18:00"),
        ("04-30 10:00", 4, "05-09 18:00"),
        ("06-18 10:00", 1, "06-22 18:00"),
        ("09-24 10:00", 1, "09-28 18:00"),
        ("10-16 20:00", 1, "10-19 18:00"),  # an ordinary weekend
        ("10-17 10:00", 1, "10-19 18:00"),
        ("2027-02-04 10:00", 1, "2027-02-11 18:00"),  # only the days fixed by law are known
        ("2028-01-07 10:00", 1, "2028-01-10 18:00"),  # nothing is known: weekdays
    ],
)
def test_working_days_follow_holidays_and_make_up_days(start, days, due):
    assert local(CALENDAR.add_working_days(at(start), days)) == due
    assert local(compute_due(at(start), Limit(WORKING_DAYS, days), CALENDAR).due_at) == due


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("10-12 09:00", 480, "10-13 09:00"),
        ("10-12 11:00", 60, "10-12 12:00"),  # done as lunch begins
        ("10-12 11:00", 120, "10-12 14:30"),
        ("10-12 12:00", 60, "10-12 14:30"),
        ("10-12 12:30", 60, "10-12 14:30"),
        ("10-12 17:45", 30, "10-13 08:45"),
        ("10-12 18:00", 60, "10-13 09:30"),
        ("10-12 22:00", 180, "10-13 11:30"),
        ("10-13 00:00", 60, "10-13 09:30"),
        ("10-12 06:00", 210, "10-12 12:00"),
        ("10-16 17:00", 120, "10-19 09:30"),
        ("10-17 10:00", 60, "10-19 09:30"),
        ("10-09 17:30", 60, "10-10 09:00"),
        ("10-10 17:00", 120, "10-12 09:30"),
        ("09-30 17:00", 120, "10-08 09:30"),
        ("10-03 10:00", 480, "10-08 18:00"),
        ("02-13 16:00", 600, "02-14 18:00"),
        ("02-13 16:00", 660, "02-24 09:30"),
        ("10-12 08:30", 2400, "10-16 18:00"),
        ("10-12 08:30", 2401, "10-19 08:31"),
    ],
)
def test_working_hours_skip_nights_lunch_and_days_off(start, minutes, due):
    assert local(CALENDAR.add_working_minutes(at(start), minutes)) == due
    assert local(compute_due(at(start), Limit(WORKING_HOURS, minutes / 60), CALENDAR).due_at) == due
    assert CALENDAR.working_minutes_between(at(start), at(due)) == minutes


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("10-12 22:30", Limit(WALL, 3), "10-13 01:30"),
        ("10-16 17:00", Limit(WALL, 24), "10-17 17:00"),
        ("10-12 09:00", Limit(WALL, 1.5), "10-12 10:30"),
        ("12-31 22:00", Limit(WALL, 3), "2027-01-01 01:00"),
        ("2028-02-28 12:00", Limit(DAYS, 1), "2028-02-29 12:00"),
        ("10-12 18:30", Limit(DUTY, 3), "10-13 10:00"),
        ("10-12 09:00", Limit(DUTY, 24), "10-14 10:00"),
        ("10-12 22:15", Limit(DUTY, 3), "10-13 11:30"),
        ("10-11 10:00", Limit(DUTY, 3), "10-11 13:00"),  # Sundays
        ("10-01 10:00", Limit(DUTY, 3), "10-01 13:00"),  # and holidays are on duty
        ("10-12 20:00", Limit(DUTY, 48), "10-17 10:30"),
        ("10-12 22:00", Limit(DUTY, 5, Interval.parse("00:00-24:00")), "10-13 03:00"),
    ],
)
def test_wall_and_duty_hours(start, limit, due):
    assert local(compute_due(at(start), limit, CALENDAR).due_at) == due


@pytest.mark.parametrize(
    ("stopped", "due"),
    [
        ("10-12 12:00/10-12 18:00; 10-12 13:00/10-12 14:00", "10-13 16:00"),  # nested
        ("10-12 12:00/10-12 14:00; 10-12 14:00/10-12 15:00", "10-13 13:00"),  # touching
        ("10-12 12:00/10-12 15:00; 10-12 14:00/10-12 17:00", "10-13 15:00"),  # overlapping
        ("10-12 12:00/10-12 13:00; 10-12 12:00/10-12 13:00", "10-13 11:00"),  # said twice
        ("10-12 15:00/10-12 16:00; 10-12 11:00/10-12 12:00; 10-12 20:00/10-12 21:00", "10-13 13:00"),
        ("10-11 08:00/10-11 20:00", "10-13 10:00"),  # before the start
        ("10-12 09:00/10-12 11:00", "10-13 11:00"),  # across the start
        ("10-12 09:00/10-12 10:00", "10-13 10:00"),  # up to the start
        ("10-14 09:00/10-14 10:00", "10-13 10:00"),  # after the due time
        ("10-13 10:00/10-13 12:00", "10-13 10:00"),  # from the due time on
        ("10-13 09:00/10-13 10:00", "10-13 11:00"),
        ("10-13 09:00/10-13 10:00; 10-13 10:30/10-13 11:30", "10-13 12:00"),  # the second only because of the first
        ("10-12 23:00/10-13 01:00", "10-13 12:00"),  # over midnight
        ("10-12 12:00/10-12 12:00", "10-13 10:00"),  # no time at all
    ],
)
def test_pauses_of_a_limit_of_24_hours(stopped, due):
    assert local(compute_due(at("10-12 10:00"), Limit(WALL, 24), CALENDAR, pauses(stopped)).due_at) == due


@pytest.mark.parametrize(
    ("start", "limit", "stopped", "due"),
    [
        ("10-13 15:40", Limit(WALL, 48), "10-14 08:00/10-14 12:00", "10-15 19:40"),
        ("10-12 08:30", Limit(WORKING_HOURS, 8), "10-12 12:00/10-12 13:30", "10-12 18:00"),
        ("10-12 08:30", Limit(WORKING_HOURS, 8), "10-12 11:00/10-12 14:30", "10-13 10:30"),
        ("10-12 08:30", Limit(WORKING_HOURS, 8), "10-12 08:30/10-13 08:30", "10-13 18:00"),
        ("10-16 13:30", Limit(WORKING_HOURS, 8), "10-16 18:00/10-19 08:30", "10-19 12:00"),
        ("10-12 18:30", Limit(DUTY, 3), "10-12 19:30/10-13 09:00", "10-13 11:00"),
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "06-02 11:00/06-02 17:00", "06-04 18:00"),  # not counted anyway
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "06-03 12:00/06-03 13:30", "06-04 18:00"),  # lunch
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "06-03 10:00/06-03 12:00", "06-05 18:00"),
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "06-03 10:00/06-03 11:00; 06-04 10:00/06-04 11:00", "06-05 18:00"),
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "06-03 00:00/06-04 00:00", "06-05 18:00"),
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "06-03 10:00/06-05 12:00", "06-09 18:00"),
        ("09-30 10:00", Limit(WORKING_DAYS, 2), "10-01 00:00/10-08 00:00", "10-09 18:00"),  # paused over the holiday
    ],
)
def test_pauses_of_other_clocks(start, limit, stopped, due):
    assert local(compute_due(at(start), limit, CALENDAR, pauses(stopped)).due_at) == due


def test_an_open_pause_leaves_the_due_time_open_until_it_ends():
    start, limit = at("10-12 09:00"), Limit(WALL, 24)
    standing = compute_due(start, limit, CALENDAR, pauses("10-12 15:00/"))
    assert (standing.due_at, warn_at(standing), local(standing.paused_since)) == (None, None, "10-12 15:00")
    state = remaining(standing, at("10-20 12:00"))
    assert (state.left, state.until_due, state.is_paused, state.is_late) == (timedelta(hours=18), None, True, False)
    resumed = recompute(standing, CALENDAR, pauses("10-12 15:00/10-13 09:00"))
    assert local(resumed.due_at) == "10-14 03:00"


@pytest.mark.parametrize("since", ["10-13 09:00", "10-13 12:00"])
def test_an_open_pause_at_or_after_the_due_time_changes_nothing(since):
    due = compute_due(at("10-12 09:00"), Limit(WALL, 24), CALENDAR, pauses(f"{since}/"))
    assert local(due.due_at) == "10-13 09:00"


def test_a_clock_paused_before_it_starts_has_everything_left():
    due = compute_due(at("10-12 09:00"), Limit(WORKING_DAYS, 2), CALENDAR, pauses("10-12 08:00/"))
    assert (due.due_at, due.stretches) == (None, ())
    assert remaining(due, at("10-14 09:00")).left == timedelta(hours=16)


OWN_DAYS = [
    DayRule(date(2026, 6, 3), DayKind.OVERRIDE, "公司团建", intervals=()),
    DayRule(date(2026, 7, 2), DayKind.OVERRIDE, "半天", intervals=parse_hours("08:30-12:00")),
    DayRule(date(2026, 7, 9), DayKind.OVERRIDE, "夜场", intervals=parse_hours("19:00-21:00")),
    DayRule(date(2026, 8, 1), DayKind.OVERRIDE, "店庆"),
    DayRule(date(2026, 10, 3), DayKind.OVERRIDE, "国庆值班", intervals=parse_hours("10:00-16:00")),
    DayRule(date(2026, 10, 10), DayKind.OVERRIDE, "不调休", intervals=()),
]
OWN = WorkCalendar.build([*OWN_DAYS, *LAW.rules], known_years=LAW.known_years, version="2")
TO_LAST_HOUR = WorkCalendar.build([*LAW.rules, *OWN_DAYS], day_end=None)


@pytest.mark.parametrize(
    ("calendar", "start", "limit", "due"),
    [
        (OWN, "06-02 10:00", Limit(WORKING_DAYS, 2), "06-05 18:00"),  # closed on a Wednesday
        (OWN, "07-01 10:00", Limit(WORKING_DAYS, 1), "07-02 18:00"),  # the office closes at noon, the limit does not
        (TO_LAST_HOUR, "07-01 10:00", Limit(WORKING_DAYS, 1), "07-02 12:00"),
        (TO_LAST_HOUR, "07-02 10:00", Limit(WORKING_DAYS, 1), "07-03 18:00"),
        (OWN, "07-08 10:00", Limit(WORKING_DAYS, 1), "07-09 21:00"),  # a day that only begins after 18:00
        (OWN, "07-31 10:00", Limit(WORKING_DAYS, 1), "08-01 18:00"),  # an ordinary Saturday, opened
        (OWN, "07-31 17:00", Limit(WORKING_HOURS, 2), "08-01 09:30"),
        (OWN, "10-02 10:00", Limit(WORKING_HOURS, 1), "10-03 11:00"),  # beats the holiday
        (OWN, "09-30 10:00", Limit(WORKING_DAYS, 1), "10-03 18:00"),
        (OWN, "10-08 10:00", Limit(WORKING_DAYS, 2), "10-12 18:00"),  # beats the make-up day
    ],
)
def test_an_override_beats_weekday_holiday_and_make_up_day(calendar, start, limit, due):
    assert local(compute_due(at(start), limit, calendar).due_at) == due


SHOP = WorkCalendar(Week((parse_hours("09:00-17:00"),) * 5 + ((), parse_hours("00:00-06:00"))), zone="America/New_York")
SHOP_AT_NIGHT = WorkCalendar(Week(((),) * 6 + (parse_hours("02:30-04:00"),)), zone="America/New_York")


@pytest.mark.parametrize(
    ("calendar", "start", "limit", "due"),
    [
        (SHOP, "03-07 12:00", Limit(WALL, 24), "03-08 13:00"),  # the clocks jump an hour ahead
        (SHOP, "10-31 12:00", Limit(DAYS, 1), "11-01 11:00"),  # and back
        (SHOP, "03-08 00:00", Limit(WORKING_HOURS, 5), "03-08 06:00"),
        (SHOP, "11-01 00:00", Limit(WORKING_HOURS, 7), "11-01 06:00"),
        (SHOP, "03-06 16:00", Limit(WORKING_DAYS, 2), "03-09 18:00"),
        (SHOP_AT_NIGHT, "03-08 00:00", Limit(WORKING_HOURS, 1), "03-08 04:00"),  # 02:30 does not exist: from 03:00
    ],
)
def test_a_zone_with_daylight_saving(calendar, start, limit, due):
    assert local(compute_due(at(start, NEW_YORK), limit, calendar).due_at, NEW_YORK) == due


def test_the_day_of_the_start_is_the_calendars_day_whatever_zone_the_moment_has():
    start = datetime.fromisoformat("2026-06-01T20:00:00+00:00")  # 06-02 04:00 in Shanghai
    assert local(CALENDAR.add_working_days(start, 1)) == "06-03 18:00"


@pytest.mark.parametrize(
    ("start", "limit", "stopped", "warn"),
    [
        ("05-11 10:00", Limit(WALL, 3), "", "05-11 12:15"),
        ("05-11 11:20", Limit(WALL, 24), "", "05-12 05:20"),
        ("10-13 15:40", Limit(WALL, 48), "10-14 08:00/10-14 12:00", "10-15 07:40"),
        ("06-02 10:00", Limit(WORKING_DAYS, 2), "", "06-04 14:00"),
        ("06-02 10:00", Limit(WORKING_DAYS, 1), "", "06-03 16:00"),
        ("04-20 09:00", Limit(WORKING_DAYS, 7), "", "04-28 10:30"),
        ("10-16 17:00", Limit(WORKING_HOURS, 4), "", "10-19 10:30"),
        ("10-12 18:00", Limit(DUTY, 4), "", "10-13 09:30"),
    ],
)
def test_the_warning_comes_when_a_quarter_of_the_counted_time_is_left(start, limit, stopped, warn):
    assert local(warn_at(compute_due(at(start), limit, CALENDAR, pauses(stopped)))) == warn


def test_what_is_left_and_how_late():
    due = compute_due(at("10-13 15:40"), Limit(WALL, 48), CALENDAR, pauses("10-14 08:00/10-14 12:00"))
    state = remaining(due, at("10-15 09:00"))
    assert (state.left_minutes, state.until_due, state.late_minutes) == (640, timedelta(minutes=640), 0)
    assert state.used == pytest.approx((48 * 60 - 640) / (48 * 60))
    assert remaining(due, at("10-14 09:00")).is_paused
    assert not remaining(due, at("10-15 19:40")).is_late
    late = remaining(due, at("10-15 20:50"))
    assert (late.is_late, late.late_minutes, late.left_minutes, late.used) == (True, 70, 0, 1.0)


def test_what_is_left_of_working_days_is_working_time():
    due = compute_due(at("06-02 10:00"), Limit(WORKING_DAYS, 2), CALENDAR)
    state = remaining(due, at("06-03 12:45"))
    assert (state.left_minutes, state.until_due) == (750, timedelta(hours=29, minutes=15))
    assert [(local(part.start), part.kind.value) for part in due.stretches] == [
        ("06-02 10:00", "IDLE"),
        ("06-03 08:30", "COUNTED"),
        ("06-03 12:00", "IDLE"),
        ("06-03 13:30", "COUNTED"),
        ("06-03 18:00", "IDLE"),
        ("06-04 08:30", "COUNTED"),
        ("06-04 12:00", "IDLE"),
        ("06-04 13:30", "COUNTED"),
    ]
    assert due.spent(StretchKind.COUNTED) == due.total == timedelta(hours=16)


def test_a_missed_complaint_deadline_keeps_by_how_much():
    signed = compute_due(at("05-11 10:00"), Limit(WALL, 3), CALENDAR)
    assert remaining(signed, at("05-11 14:10")).late_minutes == 70
    called = compute_due(at("05-11 14:10"), Limit(WALL, 24), CALENDAR)
    assert remaining(called, at("05-12 20:10")).late_minutes == 360


def test_a_deadline_keeps_its_evidence_when_stored():
    due = compute_due(at("09-30 10:00"), Limit(WORKING_DAYS, 3), OWN, pauses("10-08 09:00/10-08 10:00; 10-09 09:00/"))
    assert Due.from_dict(due.to_dict()) == due
    assert due.calendar_version == "2"
    assert dict(due.day_names)[date(2026, 10, 3)] == "国庆值班"
    assert due.unconfirmed_years == ()


def test_another_calendar_shows_what_would_move():
    before = compute_due(at("06-02 10:00"), Limit(WORKING_DAYS, 2), CALENDAR)
    assert local(recompute(before, OWN).due_at) == "06-05 18:00"
    assert local(before.due_at) == "06-04 18:00"
