"""A list as a calendar: month, week, day or agenda, by one of the dates of its records.

What stands on a day are the rows of the list that have this date on that day, no other and each once. Work days and
holidays are those of the company's calendar. Persons are told apart by name and initial, never by colour.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import combinations
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.http import page
from blueprints.records import day_plan, faces, lists, stretches
from blueprints.records.day_plan import OFFICE
from blueprints.records.faces import Face
from blueprints.records.stretches import CALENDAR, DAY, near
from portal import clock, formatting
from portal.calendar import WorkCalendar
from portal.db import session
from portal.i18n import N_, _, _p
from portal.listing import agenda, criteria
from portal.listing.agenda import Dated, Entry
from portal.listing.declaration import Listing
from portal.listing.fields import fields_of
from portal.listing.state import State
from portal.services import calendars

MINUTE = timedelta(minutes=1)
ANY_DAY = "0000-00-00"
"""What stands for a day in an address before it is put in."""
IN_MONTH, IN_DAY = 4, 100
"""Entries of a day that are shown."""


@dataclass(slots=True)
class Item:
    """An entry as the page draws it."""

    face: Face
    when: date | datetime
    time: str
    person_id: int | None
    clash: str = ""
    """What else the same person has at that time."""

    def entry(self, *, named: bool = True) -> Markup:
        """The entry; `named`: with the initial of its person."""
        given = self.when, self.time, self.clash, named
        return self.face.draw("records/calendar_parts.html", "entry", *given)


@dataclass
class Cell:
    """A day of the calendar with what stands on it."""

    day: date
    label: str
    url: str
    more_url: str
    count: int
    is_today: bool
    is_off: bool
    name: str
    """What the day is called when it does not follow the week: a holiday, a make-up day."""
    is_outside: bool = False
    """In the grid of a month, but of the month before or after."""
    items: list[Item] = field(default_factory=list)

    @property
    def rest(self) -> int:
        """How many more there are than are shown."""
        return self.count - len(self.items)

    @cached_property
    def entries(self) -> Markup:
        """All that is shown of it: twice in a month, as a grid and for a narrow screen."""
        return Markup("").join(item.entry() for item in self.items)

    def at(self, hour: int | None) -> list[Item]:
        """What begins in this hour; None: what has no hour."""
        return [item for item in self.items if (int(item.time[:2]) if item.time else None) == hour]

    def of(self, person_id: int | None) -> list[Item]:
        """What is this person's."""
        return [item for item in self.items if item.person_id == person_id]


def show(asked: lists.Asked) -> ResponseReturnValue:
    """The calendar of a list."""
    listing, state, problems = asked.listing, asked.state, list(asked.problems)
    dated = _dated(listing, state, problems)
    name, span = stretches.read(state, CALENDAR, "month", problems)
    day = stretches.day(state, asked.at, problems)
    days = span.days(day)
    person = faces.who(listing.kind)
    people = faces.person_of(person) if person else None
    by_person = state.option("columns") == "person" and people is not None and name in ("week", "day")
    counts = agenda.counts(session(), g.user, listing, state, dated, days, asked.at)
    found = agenda.entries(
        session(), g.user, listing, state, dated, days, asked.at,
        a_day=IN_MONTH if name == "month" else IN_DAY, person=people,
    )  # fmt: skip
    read = faces.read(entry.row for entry in found)
    items = [_item(entry, face, dated) for entry, face in zip(found, read, strict=True)]
    length = agenda.length(session(), listing, dated)
    if name != "month" and agenda.is_appointment(listing, dated):
        _warn(items, length)
    cells = _cells(listing, state, dated, days, counts, asked.at, month=day.month if name == "month" else 0)
    for entry, item in zip(found, items, strict=True):
        cells[entry.day].items.append(item)

    def url(**options: str) -> str:
        return f"{listing.path}?{state.seen_as('calendar', **options).query()}"

    return page(
        "records/calendar.html",
        **lists.around(lists.Asked(listing, state, problems, asked.at)),
        name=name,
        title=span.title(day),
        cells=list(cells.values()),
        weeks=[list(cells.values())[start : start + 7] for start in range(0, len(cells), 7)] if name == "month" else [],
        weekdays=[_p("weekday", each) for each in formatting.WEEKDAYS],
        hours=_hours(items),
        timed=dated.timed,
        people=_people(items) if by_person else [],
        plan=_plan(listing, state, items, length, day, asked.at) if by_person and name == "day" else None,
        spans=[(str(each.label), url(span=key, day=day.isoformat()), key == name) for key, each in CALENDAR.items()],
        previous_url=url(day=near(span.step(day, -1)).isoformat()),
        next_url=url(day=near(span.step(day, 1)).isoformat()),
        today_url=url(day=""),
        dates=[(str(each.label), url(rows=each.key), each == dated) for each in agenda.dates(listing)],
        dated=str(dated.label),
        person_url=url(columns="" if by_person else "person") if people is not None and name in ("week", "day") else "",
        by_person=by_person,
        shown=f"{sum(counts.values()):,}",
        total_url=f"{listing.path}?{state.without_place().query()}&count=1",
    )


# ---------- Reading the URL ----------


def _dated(listing: Listing, state: State, problems: list[str]) -> Dated:
    known = agenda.dates(listing)
    wanted = state.option("rows")
    found = next((each for each in known if each.key == wanted), None)
    if wanted and found is None:
        problems.append(_("The date of this link is not known; this is “%(field)s”.", field=known[0].label))
    return found or known[0]


# ---------- Drawing up ----------


def _cells(
    listing: Listing,
    state: State,
    dated: Dated,
    days: tuple[date, date],
    counts: dict[date, int],
    at: datetime,
    *,
    month: int,
) -> dict[date, Cell]:
    kept: WorkCalendar = calendars.current(session())
    today, found, day = clock.today(at), {}, days[0]
    any_day = f"{listing.path}?{state.seen_as('calendar', span='day', day=ANY_DAY).query()}"
    while day < days[1]:
        url = any_day.replace(f"day={ANY_DAY}", f"day={day.isoformat()}")
        found[day] = Cell(
            day,
            formatting.day(day, at),
            url,
            url if month else _in_list(listing, state, dated, day),
            counts.get(day, 0),
            day == today,
            not kept.is_working_day(day),
            kept.day_name(day) or "",
            bool(month) and day.month != month,
        )
        day += DAY
    return found


def _in_list(listing: Listing, state: State, dated: Dated, day: date) -> str:
    """The rows of a day as a list; by a clock, the list with the most urgent first."""
    plain = state.seen_as("list")
    if dated.key not in fields_of(listing):
        return f"{listing.path}?{replace(plain, sort=dated.key).query()}"
    test: Any = criteria.Asked(dated.key, "on", (day.isoformat(),))
    parts = (criteria.read(listing, state.where), test) if state.where else (test,)
    try:
        where = criteria.write(criteria.read(listing, criteria.write(criteria.Group("all", parts))))
    except criteria.Unreadable:  # as many conditions as a list can bear: its order shows the day
        return f"{listing.path}?{plain.query()}"
    return f"{listing.path}?{replace(plain, where=where).query()}"


def _item(entry: Entry, face: Face, dated: Dated) -> Item:
    time = f"{clock.local(entry.when):%H:%M}" if dated.timed and isinstance(entry.when, datetime) else ""
    return Item(face, entry.when, time, entry.person_id)


def _warn(items: list[Item], length: timedelta) -> None:
    """Say at each entry what else its person has at the same time."""
    mine: dict[int, list[Item]] = {}
    for item in items:
        if item.time and item.person_id is not None:
            mine.setdefault(item.person_id, []).append(item)
    for row in mine.values():
        for one, other in combinations(row, 2):
            if isinstance(one.when, datetime) and isinstance(other.when, datetime) and other.when - one.when < length:
                for each, also in ((one, other), (other, one)):
                    said = _(
                        "%(person)s has something else at %(time)s: %(title)s (each takes %(minutes)s minutes)",
                        person=each.face.person, time=also.time, title=also.face.title.main, minutes=length // MINUTE,
                    )  # fmt: skip
                    each.clash = _p("timeline", "; ").join(filter(None, (each.clash, said)))


def _hours(items: list[Item]) -> list[int]:
    """The hours with something in them, and those of the office."""
    known = [int(item.time[:2]) for item in items if item.time]
    return list(range(min([OFFICE[0], *known]), max([OFFICE[1], *known]) + 1)) if known else []


def _people(items: list[Item]) -> list[tuple[int | None, str]]:
    """Whose the entries are, by name; at the end what is nobody's."""
    named = {item.person_id: item.face.person for item in items if item.person_id is not None}
    found: list[tuple[int | None, str]] = sorted(named.items(), key=lambda pair: pair[1])
    return [*found, (None, _("Nobody named"))] if any(item.person_id is None for item in items) else found


def _plan(
    listing: Listing, state: State, items: list[Item], length: timedelta, day: date, at: datetime
) -> day_plan.Plan:
    """The day by person: who has something, who else could be given some, and what is nobody's."""
    people = {key: label for key, label in _people(items) if key is not None}
    person = faces.who(listing.kind)
    choice = next((each for each in listing.choices if person and each.key == person.key), None)
    if choice is not None and not any(key.startswith(f"{choice.key}.") for key in state.filters):
        offered = {int(key): label for key, label in choice.offered(session(), g.user)}
        people |= offered if len(people | offered) <= day_plan.MOST_FREE else {}
    columns = sorted(people.items(), key=lambda pair: pair[1])
    has_nobody = any(item.person_id is None for item in items)
    plan = day_plan.make(
        items,
        [*columns, *([day_plan.nobody()] if has_nobody else [])],
        length=length,
        now=at if day == clock.today(at) else None,
    )
    day_plan.pick(plan, state.option("pick"))
    for column in plan.columns:
        shown = state.seen_as("calendar", pick=str(column.key or 0))
        column.url = f"{listing.path}?{shown.query()}"
    return plan


lists.VIEWS["calendar"] = lists.View(
    N_("Calendar", "view"), "calendar", lambda listing: bool(agenda.dates(listing)), show
)
