"""Why is it due then? The panel beside a deadline: one bar per day, and the facts that make up the sum.

Plain data, translated when it is made, ready for a template; `plot.render_svg` draws the bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.calendar import Due, StretchKind, as_utc, remaining
from portal.calendar.work import moment_of, zone_named
from portal.explain.words import clock, facts, hours_minutes, question, sentence, weekday
from portal.i18n import _, _n, _p

MOST_ROWS = 8
ONE_DAY = timedelta(days=1)
_KEPT_FIRST, _KEPT_LAST = 2, 3


class SegmentKind(StrEnum):
    """What a piece of a day's bar shows; what is not covered by any piece did not count."""

    COUNTED = "counted"
    PAUSED = "paused"
    LEFT = "left"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a day's bar; start and end are shares of the local day, 0 to 1."""

    start: float
    end: float
    kind: SegmentKind
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment marked in a day's bar: now (or done), or due."""

    at: float
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One local day, or several that are folded into one row (`folded` says how many)."""

    label: str
    segments: tuple[Segment, ...] = ()
    marks: tuple[Mark, ...] = ()
    counted: str = ""
    """The time this row adds to the sum, `8:20`; empty: none."""
    note: str = ""
    """Why the day does not count, or what it is called: `国庆节`."""
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One line beside the drawing."""

    label: str
    value: str
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole panel: its question, the drawing's title in one sentence, at most eight rows, and the facts."""

    question: str
    title: str
    rows: tuple[Row, ...]
    facts: tuple[Fact, ...]
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    start: datetime
    end: datetime
    kind: SegmentKind


def explain(due: Due, at: datetime, *, trigger: str = "", is_done: bool = False) -> Explanation:
    """The panel for a deadline as it stands at a moment, in the language of the request.

    `trigger` names what started the clock ("plan fed back"). `is_done`: the thing was done at that moment, so it is
    marked as done and not as now. Days and clock times are those of the deadline's zone.
    """
    at = as_utc(at)
    drawing = _Drawing(due, at, trigger, is_done)
    return Explanation(
        question=question(due, at),
        title=sentence(due),
        rows=drawing.rows(),
        facts=tuple(Fact(*line) for line in facts(due, at, trigger, is_done=is_done)),
        is_late=remaining(due, at).is_late,
    )


class _Drawing:
    """The rows of one panel; holds what each of them needs to know."""

    def __init__(self, due: Due, at: datetime, trigger: str, is_done: bool) -> None:
        self.due, self.at, self.trigger, self.is_done = due, at, trigger, is_done
        self.zone: ZoneInfo = zone_named(due.zone)
        self.names = dict(due.day_names)
        self.pieces = _pieces(due, at)
        self.left_day: date | None = None

    def rows(self) -> tuple[Row, ...]:
        last = max(self.at, self.due.due_at or self.due.paused_since or self.at)
        groups = _fold(self._day(self.due.start), self._day(last), self._day(self.at))
        shown = [day for day, days in groups if days == 1]
        self.left_day = self._day_for_left_label(shown)
        return tuple(self._row(day) if days == 1 else self._folded(day, days) for day, days in groups)

    def _row(self, day: date) -> Row:
        pieces = self._within(day, 1)
        segments = [Segment(self._share(p.start, day), self._share(p.end, day, True), p.kind) for p in pieces]
        return Row(
            label=f"{day:%m-%d} {weekday(day)}",
            segments=self._labelled(day, pieces, segments),
            marks=self._marks(day),
            counted=_sum_text(pieces),
            note=self._note(day, pieces),
        )

    def _folded(self, day: date, days: int) -> Row:
        pieces = self._within(day, days)
        note = _n("… %(num)s day …", "… %(num)s days …", days)
        inside = [day + timedelta(days=n) for n in range(days)]
        names = dict.fromkeys(self.names[named] for named in inside if named in self.names)
        note = " ".join([note, *names])
        paused = _length(pieces, {SegmentKind.PAUSED})
        if paused:
            note = _("%(days)s paused %(time)s", days=note, time=hours_minutes(paused))
        last = day + timedelta(days=days - 1)
        return Row(label=f"{day:%m-%d}–{last:%m-%d}", counted=_sum_text(pieces), note=note, folded=days)

    def _labelled(self, day: date, pieces: Sequence[_Piece], segments: Sequence[Segment]) -> tuple[Segment, ...]:
        widest_left = max(
            (n for n, p in enumerate(pieces) if p.kind is SegmentKind.LEFT and day == self.left_day),
            key=lambda n: segments[n].end - segments[n].start,
            default=None,
        )
        labelled = []
        for number, (piece, segment) in enumerate(zip(pieces, segments, strict=True)):
            label = ""
            if piece.kind is SegmentKind.PAUSED:
                label = _("Paused %(time)s", time=hours_minutes(piece.end - piece.start))
            elif number == widest_left:
                left = hours_minutes(remaining(self.due, self.at).left)
                label = (
                    _p("deadline", "%(time)s early", time=left)
                    if self.is_done
                    else _p("deadline", "%(time)s left", time=left)
                )
            elif piece.start == self.due.start:
                label = self._start_text()
            labelled.append(Segment(segment.start, segment.end, segment.kind, label))
        return tuple(labelled)

    def _marks(self, day: date) -> tuple[Mark, ...]:
        marks = []
        if self._day(self.at) == day and self.at >= self.due.start:
            at = clock(self.at, self.zone)
            label = _("Done %(time)s", time=at) if self.is_done else _("Now %(time)s", time=at)
            marks.append(Mark(self._share(self.at, day), "now", label))
        if self.due.due_at is not None and self._day(self.due.due_at) == day:
            label = _("Due %(time)s", time=clock(self.due.due_at, self.zone))
            marks.append(Mark(self._share(self.due.due_at, day), "due", label))
        return tuple(sorted(marks, key=lambda mark: mark.at))

    def _note(self, day: date, pieces: Sequence[_Piece]) -> str:
        notes = [self.names[day]] if day in self.names else []
        if day == self._day(self.due.start) and not any(piece.start == self.due.start for piece in pieces):
            notes.insert(0, self._start_text())
        if not pieces and not notes and day != self._day(self.due.due_at or self.at):
            notes.append(_("Not a working day"))
        return " ".join(notes)

    def _start_text(self) -> str:
        return f"{clock(self.due.start, self.zone)} {self.trigger}".strip()

    def _day_for_left_label(self, shown: Sequence[date]) -> date | None:
        best: tuple[float, date] | None = None
        for day in shown:
            for piece in self._within(day, 1):
                width = self._share(piece.end, day, True) - self._share(piece.start, day)
                if piece.kind is SegmentKind.LEFT and (best is None or width > best[0]):
                    best = width, day
        return best[1] if best else None

    def _within(self, day: date, days: int) -> list[_Piece]:
        """The pieces of some local days, cut at their midnights."""
        opens, closes = moment_of(day, 0, self.zone), moment_of(day + timedelta(days=days), 0, self.zone)
        return [
            _Piece(max(piece.start, opens), min(piece.end, closes), piece.kind)
            for piece in self.pieces
            if piece.start < closes and piece.end > opens
        ]

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _share(self, moment: datetime, day: date, is_end: bool = False) -> float:
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        share = (local - datetime.combine(day, datetime.min.time())) / ONE_DAY
        return 1.0 if is_end and local.date() > day else min(max(share, 0.0), 1.0)


def _pieces(due: Due, at: datetime) -> list[_Piece]:
    """What is drawn: the stretches, the counted ones cut at the moment, and what came after the due time."""
    found = []
    for part in due.stretches:
        if part.kind is StretchKind.PAUSED:
            found.append(_Piece(part.start, part.end, SegmentKind.PAUSED))
        elif part.kind is StretchKind.COUNTED:
            if part.start < at:
                found.append(_Piece(part.start, min(part.end, at), SegmentKind.COUNTED))
            if part.end > at:
                found.append(_Piece(max(part.start, at), part.end, SegmentKind.LEFT))
    if due.paused_since is not None and at > due.paused_since:
        found.append(_Piece(due.paused_since, at, SegmentKind.PAUSED))
    if due.due_at is not None and at > due.due_at:
        found.append(_Piece(due.due_at, at, SegmentKind.LATE))
    return found


def _fold(first: date, last: date, now: date) -> list[tuple[date, int]]:
    """(first day, number of days) of each row: all days when they fit, else both ends and the present day."""
    count = (last - first).days + 1
    if count <= MOST_ROWS:
        return [(first + timedelta(days=n), 1) for n in range(count)]
    kept = {*range(_KEPT_FIRST), *range(count - _KEPT_LAST, count)}
    if first <= now <= last:
        kept.add((now - first).days)
    groups: list[tuple[date, int]] = []
    run = 0
    for number in range(count + 1):
        if number < count and number not in kept:
            run += 1
            continue
        if run:
            groups.append((first + timedelta(days=number - run), run))
            run = 0
        if number < count:
            groups.append((first + timedelta(days=number), 1))
    return groups


def _length(pieces: Sequence[_Piece], kinds: set[SegmentKind]) -> timedelta:
    return sum((piece.end - piece.start for piece in pieces if piece.kind in kinds), timedelta())


def _sum_text(pieces: Sequence[_Piece]) -> str:
    length = _length(pieces, {SegmentKind.COUNTED, SegmentKind.LEFT})
    return hours_minutes(length) if length else ""
