"""A list as a timeline: a bar from the beginning to the end of each record, by week, month, quarter or year.

The lines are the rows of the list that lie in the days shown, in its own order and paged as it is; what lies before,
after or in no days is counted apart from the page and said. What is late is red: beyond the clock, or beyond the end that was planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, wants_fragment
from blueprints.records import faces, lists, stretches
from blueprints.records.faces import Face
from blueprints.records.stretches import DAY, TIMELINE, near
from portal import clock, formatting
from portal.calendar import WorkCalendar
from portal.db import session
from portal.i18n import N_, _, _p
from portal.listing import board, engine, groups, timeline
from portal.listing.board import Lane
from portal.listing.declaration import Listing
from portal.listing.engine import Row
from portal.listing.groups import Grouping
from portal.listing.state import Cursor, State, order_type
from portal.listing.timeline import Bar, Clocked
from portal.services import calendars

VIEW = "timeline"
OUT = 1.0
"""How far beyond its edge, in hundredths of the plot, a bar is drawn that goes on there."""
THIN, NOTE = 0.3, 12
"""The least width of a bar; the room for what stands beside it."""
SPAN_PLACE = {"week": "week", "month": "week", "quarter": "month", "year": "month"}
"""What a mark of the scale opens."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar: place and width in hundredths of the plot, how it is drawn."""

    x: float
    width: float
    css: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the page draws it. `note` stands beside the bars, `says` is all of it in words."""

    face: Face
    pieces: list[Piece]
    due: float | None
    says: str
    note: str
    note_x: float
    note_before: bool
    is_late: bool


@dataclass(slots=True)
class Section:
    """Lines with a head of their own; without groups there is one, and no head."""

    lines: list[Line] = field(default_factory=list)
    label: str = ""
    lane: Lane | None = None
    more_url: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The days that are shown, and where a moment lies in them."""

    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """The place of a moment in hundredths, a little outside when it is not shown."""
        share = (moment - self.start) / (self.end - self.start) * 100
        return round(min(max(share, -OUT), 100 + OUT), 2)

    def shows(self, moment: datetime) -> bool:
        """Whether the moment is shown."""
        return self.start <= moment <= self.end


def show(asked: lists.Asked) -> ResponseReturnValue:
    """The timeline of a list."""
    listing, state, problems = asked.listing, asked.state, list(asked.problems)
    usual = "month" if listing.spans[0].timed else "quarter"
    name, stretch = stretches.read(state, TIMELINE, usual, problems)
    day = stretches.day(state, asked.at, problems)
    days = stretch.days(day)
    if "reach" in request.args:
        said = _reach(timeline.counts(session(), g.user, listing, state, days, asked.at))
        return page("records/reach.html", said=said, counted=lists.counted(asked))
    scale = Scale(clock.at_local(days[0]), clock.at_local(days[1]))
    inside = timeline.narrowed(state, days)
    grouping = _grouping(listing, state, problems)
    pager = None
    if grouping is None:
        found = engine.page(session(), g.user, listing, inside, at=asked.at)
        sections = [Section(_lines(listing, found.rows, scale, asked.at))] if found.raw else []
        pager = lists.pager(listing, inside, found) | {"count_url": ""}  # how many there are is said in the reach
    else:
        sections, wanted = _grouped(asked, inside, grouping, scale, problems)
        if wanted is not None and wants_fragment():
            return page("records/timeline.html", fragment="more", section=wanted)

    def url(**options: str) -> str:
        return f"{listing.path}?{state.seen_as(VIEW, **options).query()}"

    return page(
        "records/timeline.html",
        **lists.around(lists.Asked(listing, state, problems, asked.at)),
        name=name,
        title=stretch.title(day),
        sections=sections,
        pager=pager,
        page_size=engine.PAGE,
        reach_url=f"{listing.path}?{state.without_place().query()}&reach=1",
        spans=[(str(each.label), url(span=key, day=day.isoformat()), key == name) for key, each in TIMELINE.items()],
        previous_url=url(day=near(stretch.step(day, -1)).isoformat()),
        next_url=url(day=near(stretch.step(day, 1)).isoformat()),
        today_url=url(day=""),
        grouping=grouping,
        groupings=[(_("No groups"), url(group=""), grouping is None)]
        + [(str(each.field.label), url(group=each.key), each == grouping) for each in board.groupings(listing)],
        legend=_legend(listing),
        now=scale.at(asked.at) if scale.shows(asked.at) else None,
        **_ground(scale, days, name, url),
    )


lists.VIEWS[VIEW] = lists.View(N_("Timeline", "view"), "align-center", lambda listing: bool(listing.spans), show)


def _reach(counts: dict[str, int]) -> str:
    """How much lies in the days and how much does not."""
    words = {
        "inside": N_("%(count)s in these days"),
        "before": N_("%(count)s before"),
        "after": N_("%(count)s after"),
        "none": N_("%(count)s without days"),
    }
    said = (str(words[part] % {"count": f"{counts[part]:,}"}) for part in words if counts[part] or part == "inside")
    return _p("timeline", ", ").join(said)


# ---------- The lines ----------


def _lines(listing: Listing, rows: Iterable[Row], scale: Scale, at: datetime) -> list[Line]:
    kept = list(rows)
    bars = timeline.bars(session(), listing, [row.id for row in kept], at)
    read = faces.read(kept)
    return [_line(row, face, bars.get(row.id, []), scale, at) for row, face in zip(kept, read, strict=True)]


def _line(row: Row, face: Face, bars: list[Bar], scale: Scale, at: datetime) -> Line:
    due, says, late = timeline.due_of(row), [], timedelta()
    pieces: list[Piece] = []
    limit = next((bar.end for bar in bars if bar.span.planned and not bar.is_point), None)
    if due is not None:
        limit = due.due
    for bar in sorted(bars, key=lambda each: not each.span.planned):
        says.append(f"{bar.span.label} {_ends(bar, at)}")
        if bar.span.planned:
            pieces += _piece(scale, bar.start, bar.end, "planned")
            continue
        until = bar.end if limit is None or _is_met(due, bar, limit) else max(bar.start, min(bar.end, limit))
        pieces += _piece(scale, bar.start, until, "runs" if bar.is_open else "point" if bar.is_point else "ended")
        if until < bar.end:
            late = max(late, bar.end - until)
            pieces += _piece(scale, until, bar.end, "late")
    if due is not None:
        says.append(_("due %(moment)s", moment=formatting.moment(due.due, at)))
    main = next((bar for bar in bars if not bar.span.planned), None)
    note = "" if main is None or main.is_point else _length(main)
    if late:
        says.append(_late(main.span.timed if main else False, late))
        note = says[-1]
    mark = scale.at(due.due) if due is not None and scale.shows(due.due) else None
    x, is_before = _beside([piece for piece in pieces if piece.css != "planned"], mark)
    return Line(
        face,
        pieces,
        mark,
        _p("timeline", "; ").join(says),
        note if x else "",
        x,
        is_before,
        bool(late),
    )


def _beside(pieces: list[Piece], mark: float | None) -> tuple[float, bool]:
    """Where a note stands: behind the bar and a mark close to it, else before; 0: there is no room."""
    if not pieces:
        return 0, False
    first, last = min(piece.x for piece in pieces), max(piece.x + piece.width for piece in pieces)
    if mark is not None and mark <= last + NOTE:
        last = max(last, mark)
    if last <= 100 - NOTE:
        return round(last + 0.6, 2), False
    return (round(first - 0.6, 2), True) if first >= NOTE else (0, False)


def _is_met(due: Clocked | None, bar: Bar, limit: datetime) -> bool:
    """Whether the limit was kept, or belongs to something else than the end of the bar."""
    return bar.end <= limit or (due is not None and bar.end <= due.due)


def _piece(scale: Scale, start: datetime, end: datetime, css: str) -> list[Piece]:
    if end < scale.start or start > scale.end or (end == start and css != "point"):
        return []
    x, until = scale.at(start), scale.at(end)
    return [Piece(x, round(max(until - x, THIN), 2), css)]


def _ends(bar: Bar, at: datetime) -> str:
    """From when to when, as people read it."""
    if bar.span.timed:
        first, last = formatting.moment(bar.start, at), formatting.moment(bar.end, at)
    else:
        first, last = formatting.full_date(clock.today(bar.start)), formatting.full_date(clock.today(bar.end - DAY))
    if bar.is_open:
        return _("%(first)s until now", first=first)
    return first if bar.is_point or first == last else f"{first} – {last}"


def _length(bar: Bar) -> str:
    return formatting.duration(bar.end - bar.start) if bar.span.timed else _days(bar.end - bar.start)


def _days(span: timedelta) -> str:
    """Whole days, each begun one counted."""
    return _p("duration", "%(n)s d", n=-(-span // DAY))


def _late(timed: bool, span: timedelta) -> str:
    return _("%(time)s late", time=formatting.duration(span) if timed else _days(span))


# ---------- Groups ----------


def _grouping(listing: Listing, state: State, problems: list[str]) -> Grouping | None:
    wanted = state.option("group")
    found = next((each for each in board.groupings(listing) if each.key == wanted), None)
    if wanted and found is None:
        problems.append(_("The groups of this link are not known; these lines are not grouped."))
    return found


def _grouped(
    asked: lists.Asked, inside: State, grouping: Grouping, scale: Scale, problems: list[str]
) -> tuple[list[Section], Section | None]:
    """The groups with their first lines; and the one that is gone on with, from where the URL says."""
    listing, at = asked.listing, asked.at
    found, more = board.lanes(session(), g.user, listing, inside, grouping, None, at)
    lanes = [lane for lane in found if lane.count]
    if more:
        said = {"count": board.MOST_COLUMNS, "field": grouping.field.label}
        problems.append(_("Only the first %(count)s groups are shown. Choose fewer values of “%(field)s”.", **said))
    goes_on = _goes_on(listing, asked.state, lanes, problems)
    if goes_on is not None:
        board.fill(session(), g.user, listing, inside, grouping, [goes_on[0]], at, goes_on[1])
    if goes_on is None or not wants_fragment():
        board.fill(
            session(),
            g.user,
            listing,
            inside,
            grouping,
            [each for each in lanes if goes_on is None or each is not goes_on[0]],
            at,
        )
    rows = [card.row for lane in lanes for card in lane.cards]
    drawn = dict(zip((row.id for row in rows), _lines(listing, rows, scale, at), strict=True))
    offered = dict(lists.labels(listing, asked.state)).get(grouping.field.key)
    names = board.names(session(), g.user, grouping, [lane.value for lane in lanes], offered)
    plain = asked.state.without_place()
    sections = [
        Section(
            [drawn[card.row.id] for card in lane.cards],
            groups.label(grouping, lane.value, names),
            lane,
            f"{listing.path}?{plain.seen_as(VIEW, columns=lane.key).placed('after', lane.next).query()}"
            if lane.next
            else "",
        )
        for lane in lanes
    ]
    return sections, next((each for each in sections if goes_on is not None and each.lane is goes_on[0]), None)


def _goes_on(listing: Listing, state: State, lanes: list[Lane], problems: list[str]) -> tuple[Lane, Cursor] | None:
    wanted = state.option("columns")
    if not state.after or not wanted:
        return None
    lane = next((each for each in lanes if each.key == wanted), None)
    place = Cursor.read(state.after, order_type(listing, state))
    if lane is None or place is None:
        problems.append(_("The group of this link is not known; these are all groups."))
        return None
    return lane, place


# ---------- The scale ----------


def _ground(scale: Scale, days: tuple[date, date], name: str, url: Any) -> dict[str, Any]:
    """What stands behind the bars: days without work, the marks of the scale."""
    kept: WorkCalendar = calendars.current(session())
    every = [days[0] + number * DAY for number in range((days[1] - days[0]).days)]
    off: list[dict[str, Any]] = []
    for day in every:
        named = kept.day_name(day) or ""
        if kept.is_working_day(day) or (name == "year" and not named):
            continue
        until = scale.at(clock.at_local(day + DAY))
        if off and off[-1]["until"] == scale.at(clock.at_local(day)) and off[-1]["name"] == named:
            off[-1] |= {"until": until, "width": round(until - off[-1]["x"], 2)}
        else:
            x = scale.at(clock.at_local(day))
            off.append({"x": x, "width": round(until - x, 2), "until": until, "name": named})

    def mark(day: date, label: str, *, minor: bool = False) -> dict[str, Any]:
        opened = SPAN_PLACE[name]
        return {
            "x": scale.at(clock.at_local(day)),
            "label": label,
            "minor": minor,
            "url": url(span=opened, day=day.isoformat()) if opened != name else url(span="week", day=day.isoformat()),
        }

    if name == "week":
        weekdays = [_p("weekday", each) for each in formatting.WEEKDAYS]
        return {
            "off": off,
            "majors": [],
            "minors": [mark(day, f"{day.day} {weekdays[day.weekday()]}") for day in every],
        }
    if name == "month":
        wide = [day for day in every if day.weekday() == 0 or (day.day == 1 and day.weekday() < 5)]
        marks = [mark(day, f"{day.day}", minor=day not in wide or day + DAY == days[1]) for day in every]
        return {"off": off, "majors": [], "minors": marks}
    months = [mark(day, _month(day)) for day in every if day.day == 1]
    weeks = [mark(day, f"{day:%m-%d}", minor=True) for day in every if day.weekday() == 0] if name == "quarter" else []
    return {"off": off, "majors": months, "minors": weeks}


def _month(day: date) -> str:
    return _p("timeline", "%(month)s", month=day.month)


def _legend(listing: Listing) -> list[tuple[str, str]]:
    """What the bars mean: how they are drawn, and the word for it."""
    found = [("planned", str(span.label)) for span in listing.spans if span.planned]
    found += [("ended", _p("timeline", "Ended"))]
    if any(span.runs for span in listing.spans):
        found += [("runs", _p("timeline", "Runs"))]
    if board.clock_of(listing) is not None or any(span.planned for span in listing.spans):
        found += [("late", _p("shell", "Late"))]
    return found
