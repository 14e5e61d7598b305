"""The calendar page: the year, the week, and changes that first show what they would move."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.forms import BooleanField, Form, HiddenField, LocalDateField, TextField
from blueprints.http import page, requires, see_other
from blueprints.manager import blueprint
from portal import clock
from portal.calendar import Intervals, Week, WorkCalendar, from_pairs, hours_text, parse_hours
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, NotFound
from portal.explain.words import WEEKDAYS
from portal.i18n import N_, Text, _, _n
from portal.models.calendar import CalendarDay
from portal.permissions import Permission
from portal.services import calendar_changes, calendars
from portal.services.calendar_changes import Change, ConfirmYear, ImportYear, RemoveDay, SetDays, SetWeek

FIRST, LAST = 2020, 2100
DAY_KINDS = {
    "HOLIDAY": N_("Public holiday", "calendar"),
    "MAKEUP": N_("Make-up working day", "calendar"),
    "OVERRIDE": N_("Day of the company", "calendar"),
}
HOURS_HINT = N_("Please enter hours like 08:30-12:00, 13:30-18:00.")


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a month as it is drawn."""

    day: date
    classes: str
    told: str


class DayForm(Form):
    """The company's own word on a day or a run of days."""

    on = LocalDateField(N_("Day"), required=True)
    until = LocalDateField(N_("Until"))
    name = TextField(N_("Name", "calendar"), limit=100, required=True)
    closed = BooleanField(N_("Closed all day"))
    hours = TextField(N_("Hours"), limit=200)
    seen = HiddenField()

    def to_change(self) -> SetDays:
        """Raises Invalid by field."""
        hours: Intervals = ()
        if not self.closed.data:
            hours = _hours("hours", self.hours.data)
            if not hours:
                raise Invalid({"hours": N_("Enter the hours, or mark the day as closed.")})
        first: Any = self.on.data
        return SetDays(first, self.until.data or first, self.name.data or "", hours)


class RemoveForm(Form):
    """A day that follows its weekday again."""

    on = LocalDateField(N_("Day"), required=True)
    seen = HiddenField()

    def to_change(self) -> RemoveDay:
        """The change."""
        day: Any = self.on.data
        return RemoveDay(day)


class WeekForm(Form):
    """The hours of the seven weekdays; empty: a day off."""

    day_0 = TextField(WEEKDAYS[0], limit=200)
    day_1 = TextField(WEEKDAYS[1], limit=200)
    day_2 = TextField(WEEKDAYS[2], limit=200)
    day_3 = TextField(WEEKDAYS[3], limit=200)
    day_4 = TextField(WEEKDAYS[4], limit=200)
    day_5 = TextField(WEEKDAYS[5], limit=200)
    day_6 = TextField(WEEKDAYS[6], limit=200)
    seen = HiddenField()

    def to_change(self) -> SetWeek:
        """Raises Invalid by field."""
        names = [f"day_{number}" for number in range(7)]
        return SetWeek(Week(tuple(_hours(name, self[name].data) for name in names)))


class YearForm(Form):
    """A whole year; which one stands in the address."""

    seen = HiddenField()


def _hours(name: str, text: str | None) -> Intervals:
    try:
        return parse_hours(text or "")
    except ValueError as error:
        raise Invalid({name: HOURS_HINT}) from error


@blueprint.get("/calendar")
@requires(Permission.SETTING_EDIT)
def calendar() -> ResponseReturnValue:
    """A year in twelve months, with the chosen day and the ordinary week beside it."""
    return _page(_year(request.args.get("year", "")), chosen=_day(request.args.get("day", "")))


@blueprint.post("/calendar/days")
@requires(Permission.SETTING_EDIT)
def save_days() -> ResponseReturnValue:
    """Enter a day of the company: first shown, then saved."""
    form = DayForm()
    return _go_on(form, day_form=form)


@blueprint.post("/calendar/days/remove")
@requires(Permission.SETTING_EDIT)
def remove_day() -> ResponseReturnValue:
    """Let a day follow its weekday again."""
    return _go_on(RemoveForm())


@blueprint.post("/calendar/week")
@requires(Permission.SETTING_EDIT)
def save_week() -> ResponseReturnValue:
    """Change the ordinary week."""
    form = WeekForm()
    return _go_on(form, week_form=form)


@blueprint.post("/calendar/years/<int:year>/import")
@requires(Permission.SETTING_EDIT)
def import_year(year: int) -> ResponseReturnValue:
    """Take the public days of a year from the library."""
    return _go_on(YearForm(), ImportYear(_known(year)))


@blueprint.post("/calendar/years/<int:year>/confirm")
@requires(Permission.SETTING_EDIT)
def confirm_year(year: int) -> ResponseReturnValue:
    """Stand by the days of a year that no library knows."""
    return _go_on(YearForm(), ConfirmYear(_known(year)))


def _known(year: int) -> int:
    if not FIRST <= year <= LAST:
        raise NotFound()
    return year


def _go_on(
    form: Form, change: Change | None = None, day_form: DayForm | None = None, week_form: WeekForm | None = None
) -> ResponseReturnValue:
    """Without a seen version the preview, with it the change itself; a stale one is shown again, nothing saved."""
    year = clock.today(clock.now()).year
    try:
        if not form.validate():
            return _page(year, day_form=day_form, week_form=week_form, status=422)
        wanted = change or form.to_change()
        year = _year_of(wanted, year)
        if form.seen.data:
            return _apply(wanted, form.seen.data, year, day_form, week_form)
        shown = calendar_changes.preview_change(session(), wanted)
    except Invalid as refusal:
        form.take(refusal)
        return _page(year, day_form=day_form, week_form=week_form, status=422)
    return _page(year, change=wanted, preview=shown, day_form=day_form, week_form=week_form)


def _apply(
    change: Change, seen: str, year: int, day_form: DayForm | None, week_form: WeekForm | None
) -> ResponseReturnValue:
    try:
        with transaction() as writing:
            moved = calendar_changes.apply_change(
                writing, change, seen_version=int(seen) if seen.isdecimal() else -1, actor=g.user, at=clock.now()
            )
    except DomainError as refusal:
        if isinstance(refusal, Invalid):
            raise
        shown = calendar_changes.preview_change(session(), change)
        return _page(
            year,
            change=change,
            preview=shown,
            refusal=str(refusal),
            day_form=day_form,
            week_form=week_form,
            status=refusal.status,
        )
    said = _n("%(num)s open deadline was moved.", "%(num)s open deadlines were moved.", len(moved))
    flash(_("The calendar is saved.") + (" " + said if moved else ""), "done")
    return see_other(f"/manager/calendar?year={year}")


def _year_of(change: Change, present: int) -> int:
    match change:
        case SetDays():
            return change.first.year
        case RemoveDay():
            return change.day.year
        case SetWeek():
            return present
    return change.year


def _year(text: str) -> int:
    present = clock.today(clock.now()).year
    return int(text) if text.isdecimal() and len(text) == 4 and FIRST <= int(text) <= LAST else present


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _page(
    year: int,
    *,
    chosen: date | None = None,
    day_form: DayForm | None = None,
    week_form: WeekForm | None = None,
    change: Change | None = None,
    preview: calendar_changes.Preview | None = None,
    refusal: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    current, today = calendars.current(session()), clock.today(clock.now())
    rows = calendar_changes.days_of(session(), year)
    row = rows.get(chosen) if chosen else None
    return page(
        "manager/calendar/index.html",
        status=status,
        year=year,
        years=[number for number in (year - 1, year, year + 1) if FIRST <= number <= LAST],
        state=calendar_changes.year_state(session(), year),
        version=calendar_changes.version(session()),
        months=[_month(year, number, current, rows, today) for number in range(1, 13)],
        weekdays=WEEKDAYS,
        rows=list(rows.values()),
        row=row,
        chosen=chosen,
        day_form=day_form or _day_form(chosen, row, current),
        week_form=week_form or _week_form(),
        day_kinds=DAY_KINDS,
        row_hours=_row_hours,
        change=change,
        fields=_fields(change),
        action=_action(change),
        sentence=_sentence(change),
        preview=preview,
        refusal=refusal,
    )


def _day_form(chosen: date | None, row: CalendarDay | None, current: WorkCalendar) -> DayForm:
    form = DayForm(formdata=None)
    if chosen is not None:
        form.on.data = chosen
        form.name.data = row.name if row else None
        form.hours.data = hours_text(current.intervals(chosen)) or None
        form.closed.data = not current.intervals(chosen)
    return form


def _week_form() -> WeekForm:
    form = WeekForm(formdata=None)
    for number, hours in enumerate(calendar_changes.week_of(session()).days):
        form[f"day_{number}"].data = hours_text(hours) or None
    return form


def _month(
    year: int, number: int, current: WorkCalendar, rows: dict[date, CalendarDay], today: date
) -> tuple[int, list[list[Cell | None]]]:
    weeks: list[list[Cell | None]] = []
    for week in months.Calendar().monthdatescalendar(year, number):
        weeks.append([_cell(day, current, rows.get(day), today) if day.month == number else None for day in week])
    return number, weeks


def _cell(day: date, current: WorkCalendar, row: CalendarDay | None, today: date) -> Cell:
    hours = hours_text(current.intervals(day))
    classes = [row.kind.lower()] if row else [] if hours else ["off"]
    if day == today:
        classes.append("today")
    parts = [f"{day:%Y-%m-%d} {WEEKDAYS[day.weekday()]}", row.name if row else "", hours or _("closed")]
    return Cell(day, " ".join(classes), " · ".join(part for part in parts if part))


def _row_hours(row: CalendarDay) -> str:
    if row.intervals is not None:
        return hours_text(from_pairs(row.intervals)) or _("closed")
    return _("closed") if row.kind == "HOLIDAY" else _("as a working day")


def _action(change: Change | None) -> str:
    match change:
        case SetDays():
            return "/manager/calendar/days"
        case RemoveDay():
            return "/manager/calendar/days/remove"
        case SetWeek():
            return "/manager/calendar/week"
        case ImportYear():
            return f"/manager/calendar/years/{change.year}/import"
        case ConfirmYear():
            return f"/manager/calendar/years/{change.year}/confirm"
    return ""


def _fields(change: Change | None) -> list[tuple[str, str]]:
    """The change as hidden fields, to be sent again with the version that was seen."""
    match change:
        case SetDays():
            fields = [("on", f"{change.first}"), ("until", f"{change.last}"), ("name", change.name)]
            return [*fields, ("hours", hours_text(change.hours)) if change.hours else ("closed", "y")]
        case RemoveDay():
            return [("on", f"{change.day}")]
        case SetWeek():
            return [(f"day_{number}", hours_text(day)) for number, day in enumerate(change.week.days)]
    return []


def _sentence(change: Change | None) -> Text | str:
    match change:
        case SetDays():
            days = f"{change.first}" if change.first == change.last else f"{change.first} – {change.last}"
            return _("%(label)s: %(text)s", label=f"{days} {change.name}", text=hours_text(change.hours) or _("closed"))
        case RemoveDay():
            return _("%(day)s follows its weekday again.", day=change.day)
        case SetWeek():
            week = (f"{WEEKDAYS[n]} {hours_text(day) or _('closed')}" for n, day in enumerate(change.week.days))
            return "; ".join(week)
        case ImportYear():
            return _(
                "The public days of %(year)s are taken from the library; days of the company stay.", year=change.year
            )
        case ConfirmYear():
            return _(
                "The days of %(year)s are complete; deadlines in it no longer count as provisional.", year=change.year
            )
    return ""
