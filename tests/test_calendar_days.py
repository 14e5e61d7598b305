"""Days that differ from the week, how calendars are stored and typed, and what is refused."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.calendar import (
    OFFICE_WEEK,
    ClockKind,
    DayKind,
    DayRule,
    Interval,
    Limit,
    Pause,
    Week,
    WorkCalendar,
    compute_due,
    from_pairs,
    parse_hours,
    remaining,
    statutory,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
LAW = statutory([2026, 2027])
CALENDAR = WorkCalendar.build(LAW.rules, known_years=LAW.known_years, version="1")
WALL, WORKING_DAYS, WORKING_HOURS = ClockKind.WALL_HOURS, ClockKind.WORKING_DAYS, ClockKind.WORKING_HOURS
OWN_DAYS = [
    DayRule(date(2026, 6, 3), DayKind.OVERRIDE, "公司团建", intervals=()),
    DayRule(date(2026, 8, 1), DayKind.OVERRIDE, "店庆"),
    DayRule(date(2026, 10, 3), DayKind.OVERRIDE, "国庆值班", intervals=parse_hours("10:00-16:00")),
]
OWN = WorkCalendar.build([*OWN_DAYS, *LAW.rules], known_years=LAW.known_years, version="2")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text if len(text) > 11 else f"2026-{text}").replace(tzinfo=SHANGHAI)


def test_the_statutory_rows_say_where_they_come_from_and_which_years_are_known():
    assert LAW.known_years == {2026}
    make_up = [rule for rule in LAW.rules if rule.kind is DayKind.MAKEUP]
    assert [f"{rule.day:%m-%d}" for rule in make_up] == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    assert make_up[-1] == DayRule(date(2026, 10, 10), DayKind.MAKEUP, "国庆节调休上班", "chinesecalendar 1.11.0")
    off = [rule for rule in LAW.rules if rule.day.year == 2026 and rule.kind is DayKind.HOLIDAY]
    assert len(off) == 33
    next_year = [rule for rule in LAW.rules if rule.day.year == 2027]
    assert (len(next_year), {rule.kind for rule in next_year}) == (19, {DayKind.HOLIDAY})
    assert {rule.source for rule in next_year} == {"holidays 0.109"}
    assert [CALENDAR.unconfirmed(year) for year in (2026, 2027, 2028)] == [False, True, True]
    over_new_year = compute_due(at("12-30 10:00"), Limit(WORKING_DAYS, 4), CALENDAR)
    assert (over_new_year.due_at, over_new_year.unconfirmed_years) == (at("2027-01-06 18:00"), (2027,))


def test_fixed_report_days_move_off_holidays():
    assert CALENDAR.working_day_from(date(2026, 5, 5)) == date(2026, 5, 6)
    assert CALENDAR.working_day_until(date(2026, 4, 25)) == date(2026, 4, 24)
    assert CALENDAR.working_day_until(date(2026, 7, 25)) == date(2026, 7, 24)
    assert CALENDAR.working_day_from(date(2026, 5, 6)) == CALENDAR.working_day_until(date(2026, 5, 6))
    assert CALENDAR.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CALENDAR.previous_working_day(date(2026, 10, 8)) == date(2026, 9, 30)
    assert CALENDAR.is_working_day(date(2026, 9, 20)) and not CALENDAR.is_working_day(date(2026, 9, 19))


def test_calendar_week_and_rows_survive_json():
    assert WorkCalendar.from_dict(OWN.to_dict()) == OWN
    assert Week.from_dict(OFFICE_WEEK.to_dict()) == OFFICE_WEEK
    assert OFFICE_WEEK.to_dict()["0"] == [["08:30", "12:00"], ["13:30", "18:00"]]
    assert [DayRule.from_dict(rule.to_dict()) for rule in OWN_DAYS] == OWN_DAYS


def test_hours_are_read_as_people_type_them():
    assert parse_hours("０８：３０－１２：００，13:30–18:00") == from_pairs([["08:30", "12:00"], ["13:30", "18:00"]])
    assert parse_hours("13:30~24:00; 8:30至12:00")[1] == Interval(810, 1440)
    assert parse_hours(" ") == ()


@pytest.mark.parametrize("text", ["18:00-08:30", "8-12", "08:30-12:60", "08:30-12:00, 11:00-13:00", "20:00-25:00", "x"])
def test_hours_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError, match="hours"):
        parse_hours(text)


@pytest.mark.parametrize("amount", [0, -1, 1.5, float("nan"), float("inf"), 100_000])
def test_limits_that_make_no_sense_are_refused(amount):
    with pytest.raises(ValueError):
        Limit(WORKING_DAYS, amount)


def test_a_moment_without_a_zone_is_refused():
    naive = datetime(2026, 10, 12, 9)
    for refused in (
        lambda: compute_due(naive, Limit(WALL, 3), CALENDAR),
        lambda: CALENDAR.add_working_minutes(naive, 5),
        lambda: CALENDAR.add_working_days(naive, 1),
        lambda: CALENDAR.working_minutes_between(naive, at("10-12 09:00")),
        lambda: Pause(naive, None),
        lambda: remaining(compute_due(at("10-12 09:00"), Limit(WALL, 3), CALENDAR), naive),
    ):
        with pytest.raises(ValueError, match="zone"):
            refused()


def test_what_cannot_be_computed_is_refused_and_never_runs_for_ever():
    never = WorkCalendar(Week(((),) * 7))
    for refused in (
        lambda: compute_due(at("10-12 09:00"), Limit(WORKING_HOURS, 1), never),
        lambda: compute_due(at("10-12 09:00"), Limit(WORKING_DAYS, 1), never),
        lambda: never.next_working_day(date(2026, 10, 12)),
        lambda: compute_due(at("9999-12-31 20:00"), Limit(WALL, 48), CALENDAR),
        lambda: compute_due(at("9999-12-30 20:00"), Limit(WORKING_DAYS, 5), CALENDAR),
        lambda: Pause(at("10-12 09:00"), at("10-12 08:00")),
        lambda: WorkCalendar(zone="Asia/Nowhere"),
        lambda: WorkCalendar(zone="../../etc/passwd"),
    ):
        with pytest.raises(ValueError):
            refused()
