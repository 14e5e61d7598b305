"""Changing the company's calendar: what would move is shown first, then the change and the new due times are saved.

Only open clocks in working days or working hours move. What is closed or already overdue keeps its evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.calendar import (
    OFFICE_KINDS,
    OFFICE_WEEK,
    DayKind,
    DayRule,
    Due,
    Intervals,
    Pause,
    Week,
    WorkCalendar,
    recompute,
    statutory,
    to_pairs,
)
from portal.errors import Invalid, Stale
from portal.i18n import N_
from portal.models.calendar import CalendarDay, CalendarWeek, CalendarYear
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.task import Task
from portal.services import calendars, events, tasks

LONGEST_RUN = 62
"""Days that one entry may cover."""


@dataclass(frozen=True, slots=True)
class SetDays:
    """The company's own word on one day or several in a row; no hours: closed."""

    first: date
    last: date
    name: str
    hours: Intervals

    @property
    def days(self) -> list[date]:
        """Each day. Raises Invalid by field for a run that is backwards or too long."""
        count = (self.last - self.first).days + 1
        if count < 1:
            raise Invalid({"until": N_("The last day lies before the first.")})
        if count > LONGEST_RUN:
            raise Invalid({"until": N_("At most %(number)s days in one entry") % {"number": LONGEST_RUN}})
        return [self.first + timedelta(days=index) for index in range(count)]


@dataclass(frozen=True, slots=True)
class RemoveDay:
    """The day follows its weekday again."""

    day: date


@dataclass(frozen=True, slots=True)
class SetWeek:
    """Another ordinary week."""

    week: Week


@dataclass(frozen=True, slots=True)
class ImportYear:
    """The public days of a year, from the libraries; the company's own days stay."""

    year: int


@dataclass(frozen=True, slots=True)
class ConfirmYear:
    """The manager has entered the make-up days of a year and stands by them."""

    year: int


Change = SetDays | RemoveDay | SetWeek | ImportYear | ConfirmYear


@dataclass(frozen=True, slots=True)
class Move:
    """One open deadline that the change moves. None: its clock stands."""

    task: Task
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: how many open deadlines count working time, and which of them would move."""

    looked_at: int
    moves: tuple[Move, ...]
    version: int


def version(session: Session) -> int:
    """The number of the calendar in force."""
    week = session.get(CalendarWeek, 1)
    return week.version if week else 0


def week_of(session: Session) -> Week:
    """The ordinary week in force."""
    row = session.get(CalendarWeek, 1)
    return Week.from_dict(row.pattern) if row else OFFICE_WEEK


def preview_change(session: Session, change: Change) -> Preview:
    """The open deadlines that the change would move; nothing is written. Raises Invalid by field."""
    changed = _considered(session, change)
    found = _affected(session)
    moves = []
    for task in found:
        due = _recomputed(task, changed)
        if due.due_at != task.due_at:
            moves.append(Move(task, task.due_at, due.due_at))
    return Preview(len(found), tuple(moves), version(session))


def apply_change(
    session: Session, change: Change, *, seen_version: int, actor: User, at: datetime
) -> list[tuple[int, datetime | None]]:
    """Save the change under a new version and move the open deadlines. Returns (task id, due before) of those moved.

    Raises Stale when the calendar is not the one that the preview showed, Invalid by field.
    """
    week = session.scalars(select(CalendarWeek).where(CalendarWeek.id == 1).with_for_update()).one_or_none()
    if (week.version if week else 0) != seen_version:
        raise Stale(N_("Somebody changed the calendar after you opened this page. Nothing was saved yet."))
    _considered(session, change)
    match change:
        case SetDays():
            for day in change.days:
                calendars.set_day(session, day, change.name, to_pairs(change.hours), actor=actor, at=at)
        case RemoveDay():
            calendars.remove_day(session, change.day, actor=actor, at=at)
        case SetWeek():
            calendars.set_week(session, change.week, actor=actor, at=at)
        case ImportYear():
            calendars.import_year(session, change.year, actor=actor, at=at)
        case ConfirmYear():
            calendars.confirm_year(session, change.year, actor=actor, at=at)
    session.flush()
    calendars.forget(session)
    moved = []
    for task in _affected(session):
        before = task.due_at
        if _recomputed(task, calendars.current(session)).due_at == before:
            continue
        tasks.recount(session, task)
        moved.append((task.id, before))
        events.record(
            session, EventKind.TASK, action="recount", actor=actor, at=at,
            record=tasks.RecordRef(task.record_kind, task.record_id, task.record_number, task.customer_id),
            code=task.code, changes={"due_at": [before, task.due_at]},
        )  # fmt: skip
    return moved


def _considered(session: Session, change: Change) -> WorkCalendar:
    """The calendar as it would be. Raises Invalid when no working day would be left."""
    week, days = week_of(session), {rule.day: rule for rule in calendars.rules(session)}
    match change:
        case SetDays():
            for day in change.days:
                days[day] = DayRule(day, DayKind.OVERRIDE, change.name, "company", change.hours)
        case RemoveDay():
            days.pop(change.day, None)
        case SetWeek():
            if not any(change.week.days):
                raise Invalid({"": N_("A week needs at least one working day.")})
            week = change.week
        case ImportYear():
            days = {day: rule for day, rule in days.items() if day.year != change.year or rule.source == "company"}
            for rule in statutory([change.year]).rules:
                days.setdefault(rule.day, rule)
    return calendars.build(session, days.values(), week)


def _affected(session: Session) -> Sequence[Task]:
    """Open clocks that count working time and are not overdue yet."""
    kinds = [kind.value for kind in OFFICE_KINDS]
    return session.scalars(
        select(Task)
        .where(
            Task.closed_at.is_(None),
            Task.code.is_not(None),
            Task.breached_at.is_(None),
            Task.explanation["limit"]["kind"].as_string().in_(kinds),
        )
        .options(selectinload(Task.pauses))
        .order_by(Task.due_at, Task.id)
    ).all()


def _recomputed(task: Task, calendar: WorkCalendar) -> Due:
    known = tasks.explanation(task)
    assert known is not None
    return recompute(known, calendar, [Pause(item.started_at, item.ended_at, item.reason) for item in task.pauses])


# ---- what the page shows ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class YearState:
    """What is known of a year. `is_present`: it has rows at all; `is_published`: a library knows its make-up days."""

    year: int
    is_present: bool
    is_confirmed: bool
    is_published: bool
    source: str


def year_state(session: Session, year: int) -> YearState:
    """Whether deadlines in this year may still move."""
    row = session.get(CalendarYear, year)
    published = year in statutory([year]).known_years
    return YearState(year, row is not None, bool(row and row.confirmed), published, row.source if row else "")


def days_of(session: Session, year: int) -> dict[date, CalendarDay]:
    """The days of a year that differ from their weekday."""
    found = session.scalars(
        select(CalendarDay)
        .where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
        .order_by(CalendarDay.day)
    )
    return {row.day: row for row in found}
