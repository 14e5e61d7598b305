"""When reports are due and which days they are about: a table written by hand from the calendar of 2026. Source: `domain.md` 6.1, 8."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from portal.calendar import WorkCalendar, statutory
from portal.metrics import Period
from portal.reports import due
from portal.reports.catalogue import REPORTS
from portal.reports.cli import read_period
from portal.settings import SETTINGS

LAW = statutory([2025, 2026, 2027])
CALENDAR = WorkCalendar.build(LAW.rules, known_years=LAW.known_years)


def rule(code):
    return REPORTS[code].rule(lambda key: SETTINGS[key].default)


def days(code, first="2026-01-01", last="2026-12-31"):
    """(due day, first, last) of what is drawn up on these days, as text without the year 2026."""
    found = due.made_between(rule(code), date.fromisoformat(first), date.fromisoformat(last), CALENDAR)
    return [
        tuple(str(day).removeprefix("2026-") for day in (each.due_on, each.period.first, each.period.last))
        for each in found
    ]


def test_the_weekly_reports_move_behind_a_holiday_and_keep_their_days():
    tuesdays = {first: due_on for due_on, first, _last in days("RP-01")}
    # The holidays of 2026: 01-01 to 01-03, 02-15 to 02-23, 04-04 to 04-06, 05-01 to 05-05, 06-19 to 06-21, 09-25 to
    # 09-27, 10-01 to 10-07. Three Tuesdays are among them: 02-17, 05-05, 10-06.
    moved = {first: due_on for first, due_on in tuesdays.items() if date.fromisoformat(f"2026-{due_on}").weekday() != 1}
    assert moved == {"04-27": "05-06", "09-28": "10-08"}
    assert (tuesdays["02-09"], tuesdays["02-16"]) == ("02-24", "02-24")  # 02-17 moves to the next Tuesday
    assert len(tuesdays) == 52
    assert ("05-12", "05-04", "05-10") in days("RP-01") and ("05-13", "05-06", "05-12") in days("RP-02")
    wednesdays = {first: due_on for due_on, first, _last in days("RP-02")}
    assert wednesdays["02-11"] == "02-24" and wednesdays["09-30"] == "10-08" and wednesdays["06-10"] == "06-17"


def test_the_saturday_report_stays_on_saturday_unless_that_is_a_public_holiday():
    saturdays = {first: due_on for due_on, first, _last in days("RP-03")}
    assert ("05-16", "05-09", "05-15") in days("RP-03")
    off = {"03-28": "04-03", "04-25": "04-30", "06-13": "06-18", "09-19": "09-24", "09-26": "09-30"}
    assert saturdays["04-25"] == off["04-25"]  # Saturday 05-02 is a holiday
    assert saturdays["03-28"] == off["03-28"]  # Saturday 04-04
    assert saturdays["06-13"] == off["06-13"]  # Saturday 06-20
    assert saturdays["09-19"] == off["09-19"]  # Saturday 09-26
    assert saturdays["09-26"] == off["09-26"]  # Saturday 10-03
    assert saturdays["07-04"] == "07-11"


MONTHLY = {
    # code: the due days of the year, month by month
    "RP-04": "01-23 02-25 03-25 04-24 05-25 06-25 07-24 08-25 09-24 10-23 11-25 12-25",
    "RP-05": "01-28 02-25 03-25 04-22 05-27 06-24 07-22 08-26 09-23 10-28 11-25 12-23",
    "RP-06": "01-30 02-28 03-31 04-30 05-29 06-30 07-31 08-31 09-30 10-30 11-30 12-31",
    "RP-09": "01-06 02-04 03-04 04-03 05-08 06-03 07-03 08-05 09-03 10-10 11-04 12-03",
    "RP-08": "01-30 02-28 03-31 04-30 05-29 06-30 07-31 08-31 09-30 10-30 11-30 12-31",
    "RP-10": "01-05 02-05 03-05 04-07 05-06 06-05 07-06 08-05 09-07 10-08 11-05 12-07",
    "RP-11": "01-23 02-25 03-25 04-24 05-25 06-25 07-24 08-25 09-24 10-23 11-25 12-25",
    "RP-13": "01-28 02-25 03-25 04-22 05-27 06-24 07-22 08-26 09-23 10-28 11-25 12-23",
    "RP-14": "01-23 02-25 03-25 04-24 05-25 06-25 07-24 08-25 09-24 10-23 11-25 12-25",
    "RP-16": "01-28 02-25 03-25 04-22 05-27 06-24 07-22 08-26 09-23 10-28 11-25 12-23",
    "RP-12": "01-22 02-14 03-20 04-22 05-22 06-22 07-22 08-21 09-22 10-22 11-20 12-22",
}


@pytest.mark.parametrize("code", MONTHLY)
def test_the_monthly_reports_of_a_year(code):
    found = [each for each in days(code, "2025-12-20", "2027-01-10") if not each[0].startswith(("2025", "2027"))]
    assert " ".join(due_on for due_on, _first, _last in found) == MONTHLY[code]


def test_drawing_reviews_and_duty_come_for_short_and_for_long_periods():
    """RP-07 with RP-02 and at the month's end; RP-15 each day, on Monday for the week too, never waited for on rest days."""
    may = [each for each in days("RP-07") if each[0].startswith("05")]
    assert may == [
        ("05-06", "04-29", "05-05"), ("05-13", "05-06", "05-12"), ("05-20", "05-13", "05-19"),
        ("05-27", "05-20", "05-26"), ("05-29", "05-01", "05-31"),
    ]  # fmt: skip
    duty = days("RP-15", "2026-05-07", "2026-05-11")
    assert duty == [
        ("05-07", "05-06", "05-06"), ("05-08", "05-07", "05-07"), ("05-09", "05-08", "05-08"),
        ("05-11", "05-09", "05-09"), ("05-11", "05-10", "05-10"), ("05-11", "05-04", "05-10"),
    ]  # fmt: skip
    assert len(days("RP-15")) == 365 + 52


def test_the_days_the_monthly_reports_are_about():
    assert ("04-24", "03-25", "04-24") in days("RP-04") and ("05-25", "04-25", "05-24") in days("RP-04")
    assert ("05-27", "04-22", "05-26") in days("RP-05") and ("06-24", "05-27", "06-23") in days("RP-05")
    assert ("05-29", "05-01", "05-31") in days("RP-06") and ("05-08", "04-01", "04-30") in days("RP-09")
    assert ("05-22", "04-22", "05-21") in days("RP-12")
    # No day is left out and none told twice, whatever moves.
    for code in ("RP-01", "RP-02", "RP-03", "RP-04", "RP-05", "RP-06", "RP-09", "RP-17"):
        periods = [each.period for each in due.made_between(rule(code), date(2025, 12, 1), date(2027, 2, 1), CALENDAR)]
        for one, following in pairwise(periods):
            assert (following.first - one.last).days == 1, (code, one, following)


def test_a_report_is_drawn_up_when_its_days_are_over_or_it_is_due():
    found = {
        each.period.first: each.made_on
        for each in due.made_between(rule("RP-06"), date(2026, 5, 1), date(2026, 6, 30), CALENDAR)
    }
    assert found == {date(2026, 5, 1): date(2026, 5, 29), date(2026, 6, 1): date(2026, 6, 30)}
    assert due.usual(rule("RP-01"), date(2026, 5, 13), CALENDAR) == Period(date(2026, 5, 4), date(2026, 5, 10))
    assert due.usual(rule("RP-06"), date(2026, 5, 31), CALENDAR) == Period(date(2026, 4, 1), date(2026, 4, 30))


def test_periods_of_the_command_line():
    assert read_period("2026-10") == Period(date(2026, 10, 1), date(2026, 10, 31))
    assert read_period("2026-W42") == Period(date(2026, 10, 12), date(2026, 10, 18))
    assert read_period("2026") == Period(date(2026, 1, 1), date(2026, 12, 31))
    assert read_period("2026-10-15") == Period(date(2026, 10, 15), date(2026, 10, 15))
    assert read_period("2026-10-01..2026-10-15") == Period(date(2026, 10, 1), date(2026, 10, 15))
    for strange in ("soon", "2026-13", "2026-W99", "2026-10-15..2026-10-01", "1..2"):
        with pytest.raises(Exception, match="no period"):
            read_period(strange)


def beside(code: str, first: str, last: str) -> tuple[str, str]:
    days = due.ReportPeriod(date.fromisoformat(first), date.fromisoformat(last), rule=rule(code), calendar=CALENDAR)
    return str(days.before.first), str(days.before.last)


@pytest.mark.parametrize(
    ("code", "first", "last", "before"),
    [
        ("RP-04", "2026-10-25", "2026-11-24", ("2026-09-25", "2026-10-24")),  # not 31 days from 09-24 on
        ("RP-05", "2026-10-28", "2026-11-24", ("2026-09-23", "2026-10-27")),  # five weeks, before four
        ("RP-05", "2026-09-23", "2026-10-27", ("2026-08-26", "2026-09-22")),
        ("RP-03", "2026-11-21", "2026-11-27", ("2026-11-14", "2026-11-20")),
        ("RP-06", "2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
        ("RP-07", "2026-10-01", "2026-10-31", ("2026-09-01", "2026-09-30")),
        ("RP-05", "2026-10-01", "2026-10-10", ("2026-09-21", "2026-09-30")),  # none of its own: as many days
        ("RP-05", "2026-10-01", "2026-10-31", ("2026-09-01", "2026-09-30")),
    ],
)
def test_beside_stand_the_days_of_the_report_before(code, first, last, before):
    assert beside(code, first, last) == before


def test_a_trend_goes_back_report_by_report():
    days: Period = due.ReportPeriod(date(2026, 10, 28), date(2026, 11, 24), rule=rule("RP-05"), calendar=CALENDAR)
    found = []
    for _each in range(4):
        days = days.before
        found.append(str(days.first))
    assert found == ["2026-09-23", "2026-08-26", "2026-07-22", "2026-06-24"]
