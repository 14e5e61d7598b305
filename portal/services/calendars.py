"""The company's calendar: read as one object, seeded from the libraries, edited by the manager with a new version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import settings
from portal.calendar import (
    OFFICE_WEEK,
    ClockKind,
    DayKind,
    DayRule,
    Interval,
    Limit,
    Week,
    WorkCalendar,
    from_pairs,
    parse_minute,
    statutory,
    to_pairs,
)
from portal.kept import Kept
from portal.models.calendar import CalendarDay, CalendarWeek, CalendarYear
from portal.models.event import EventKind
from portal.models.org import User
from portal.prepared import Prepared
from portal.services import events

_DAYS = Prepared(select(CalendarDay.day, CalendarDay.kind, CalendarDay.name, CalendarDay.source, CalendarDay.intervals))
_WEEK = Prepared(select(CalendarWeek.pattern, CalendarWeek.version).where(CalendarWeek.id == 1))
_YEARS = Prepared(select(CalendarYear.year).where(CalendarYear.confirmed.is_(True)))
_built: Kept[str, WorkCalendar] = Kept(20)


def current(session: Session) -> WorkCalendar:
    """The calendar in force. Read once per session, and built once while its tables say the same."""
    known: WorkCalendar | None = session.info.get("calendar")
    if known is None:
        rows = [statement.raw(session, {}) for statement in (_DAYS, _WEEK, _YEARS)]
        said = repr((rows, settings.get(session, "working_day_ends")))
        known = _built.get(said)
        if known is None:
            week = _WEEK.rows(session, {})
            known = build(session, rules(session), Week.from_dict(week[0][0]) if week else OFFICE_WEEK)
            _built.keep(said, known)
        session.info["calendar"] = known
    return known


def rules(session: Session) -> list[DayRule]:
    """The days that differ from their weekday, as the table has them."""
    return [_rule(*row) for row in _DAYS.rows(session, {})]


def build(session: Session, days: Iterable[DayRule], week: Week) -> WorkCalendar:
    """The calendar of these days and this week, under the present version; also one that is only being considered."""
    present = _WEEK.rows(session, {})
    return WorkCalendar.build(
        days,
        week=week,
        known_years=frozenset(year for (year,) in _YEARS.rows(session, {})),
        version=str(present[0][1] if present else 0),
        day_end=parse_minute(settings.get(session, "working_day_ends")),
    )


def forget(session: Session) -> None:
    """Drop what was read, after a change."""
    session.flush()
    session.info.pop("calendar", None)


def limit(
    session: Session, key: str, clock_key: str | None = None, *, considered: Mapping[str, Any] | None = None
) -> Limit:
    """The limit a setting means: its unit gives the clock, `clock_key` may choose duty hours instead (Q01).

    `considered`: values that are only being thought of, in place of those in force.
    """

    def value(name: str) -> Any:
        return considered[name] if considered and name in considered else settings.get(session, name)

    declared, amount = settings.SETTINGS[key], value(key)
    if declared.unit == settings.WORKING_DAYS:
        return Limit(ClockKind.WORKING_DAYS, amount)
    if declared.unit == settings.DAYS:
        return Limit(ClockKind.CALENDAR_DAYS, amount)
    hours = amount / 60 if declared.unit == settings.MINUTES else amount
    if clock_key and value(clock_key) == "DUTY_HOURS":
        return Limit(ClockKind.DUTY_HOURS, hours, Interval.parse(value("duty_hours")))
    return Limit(ClockKind.WALL_HOURS, hours)


def seed(session: Session, years: Iterable[int], *, at: datetime) -> None:
    """Fill in the public days of years that the table does not have yet; what the manager entered stays."""
    if session.get(CalendarWeek, 1) is None:
        session.add(CalendarWeek(id=1, pattern=OFFICE_WEEK.to_dict(), version=1, changed_at=at))
    present = set(session.scalars(select(CalendarYear.year)))
    wanted = sorted(set(years) - present)
    found = statutory(wanted)
    taken = set(session.scalars(select(CalendarDay.day)))
    for rule in found.rules:
        if rule.day not in taken:
            session.add(_row(rule, at))
    for year in wanted:
        known = year in found.known_years
        session.add(CalendarYear(year=year, confirmed=known, source="library"))
    forget(session)


def set_day(
    session: Session, day: date, name: str, pairs: list[list[str]], *, actor: User, at: datetime
) -> CalendarDay:
    """The company's own word on one day; `pairs` are its working intervals, none: closed. A new calendar version."""
    intervals, by = from_pairs(pairs), actor.id
    row = session.get(CalendarDay, day)
    before = None if row is None else [row.kind, row.name, row.intervals]
    row = row or CalendarDay(day=day)
    row.kind, row.name, row.intervals = DayKind.OVERRIDE.value, name, to_pairs(intervals)
    row.source, row.updated_at, row.updated_by_id = "company", at, by
    session.add(row)
    _changed(session, "calendar.day", actor, at, day=day, before=before, after=[row.kind, name, row.intervals])
    return row


def remove_day(session: Session, day: date, *, actor: User, at: datetime) -> None:
    """Let the day follow its weekday again."""
    row = session.get(CalendarDay, day)
    if row is not None:
        session.delete(row)
        _changed(session, "calendar.day", actor, at, day=day, before=[row.kind, row.name, row.intervals], after=None)


def set_week(session: Session, pattern: Week, *, actor: User, at: datetime) -> None:
    """Change the ordinary week."""
    row = session.get(CalendarWeek, 1)
    assert row is not None
    before, row.pattern = row.pattern, pattern.to_dict()
    _changed(session, "calendar.week", actor, at, before=before, after=row.pattern)


def import_year(session: Session, year: int, *, actor: User, at: datetime) -> None:
    """Take the public days of a year from the libraries again; the company's own days stay."""
    found = statutory([year])
    rows = session.scalars(select(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))))
    own = set()
    for row in rows:
        if row.source == "company":
            own.add(row.day)
        else:
            session.delete(row)
    session.flush()
    session.add_all(_row(rule, at) for rule in found.rules if rule.day not in own)
    known = session.get(CalendarYear, year)
    if known is None:
        known = CalendarYear(year=year, source="library", confirmed=False)
        session.add(known)
    if year in found.known_years:
        known.confirmed, known.source, known.confirmed_by_id = True, "library", None
    _changed(session, "calendar.import", actor, at, year=year, days=len(found.rules), confirmed=known.confirmed)


def confirm_year(session: Session, year: int, *, actor: User, at: datetime) -> None:
    """The manager has entered the make-up days of a year that no library knows yet."""
    row = session.get(CalendarYear, year)
    if row is None:
        row = CalendarYear(year=year, source="company", confirmed=True)
        session.add(row)
    row.confirmed, row.source, row.confirmed_by_id = True, "company", actor.id
    _changed(session, "calendar.year", actor, at, year=year)


def _changed(session: Session, action: str, actor: User, at: datetime, **data: Any) -> None:
    week = session.get(CalendarWeek, 1)
    if week is not None:
        week.version, week.changed_at = week.version + 1, at
    events.record(session, EventKind.SETTING, action=action, actor=actor, at=at, **data)
    forget(session)


def _rule(day: date, kind: str, name: str, source: str, intervals: list[list[str]] | None) -> DayRule:
    return DayRule(day, DayKind(kind), name, source, None if intervals is None else from_pairs(intervals))


def _row(rule: DayRule, at: datetime) -> CalendarDay:
    intervals = None if rule.intervals is None else to_pairs(rule.intervals)
    return CalendarDay(
        day=rule.day, kind=rule.kind.value, name=rule.name, intervals=intervals, source=rule.source, updated_at=at
    )
