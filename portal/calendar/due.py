"""What a deadline is made of: the limit, the pauses, the due time and the stretches that led to it.

A `Due` is evidence: it is stored with the task, and no later calendar or setting changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from portal.calendar.hours import DUTY_WINDOW, Interval
from portal.calendar.work import FAR, as_utc

LONGEST_DAYS = 3660


class ClockKind(StrEnum):
    """How the time of a limit is counted (`domain.md` 0.2, Q01)."""

    WALL_HOURS = "WALL_HOURS"
    """By the clock, nights and weekends included."""
    CALENDAR_DAYS = "CALENDAR_DAYS"
    """24 hours each."""
    WORKING_DAYS = "WORKING_DAYS"
    """From the day after the start, to the end of the last working day."""
    WORKING_HOURS = "WORKING_HOURS"
    """Inside the working hours of the calendar."""
    DUTY_HOURS = "DUTY_HOURS"
    """By the clock, every day, inside one window of the day."""


HOURS_EACH = {
    ClockKind.WALL_HOURS: 1,
    ClockKind.CALENDAR_DAYS: 24,
    ClockKind.WORKING_HOURS: 1,
    ClockKind.DUTY_HOURS: 1,
}
OFFICE_KINDS = frozenset({ClockKind.WORKING_DAYS, ClockKind.WORKING_HOURS})
"""The kinds that holidays and make-up days change."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take. `amount` is in hours or days, as the kind says; working days are whole.

    `window` matters to DUTY_HOURS only. Raises ValueError for an amount that is not above zero or over ten years.
    """

    kind: ClockKind
    amount: int | float
    window: Interval = DUTY_WINDOW

    def __post_init__(self) -> None:
        days = self.amount if self.kind in {ClockKind.CALENDAR_DAYS, ClockKind.WORKING_DAYS} else self.amount / 24
        if not 0 < days <= LONGEST_DAYS:
            raise ValueError(f"not a limit: {self.amount} {self.kind}")
        is_whole = self.amount == int(self.amount)
        if self.kind is ClockKind.WORKING_DAYS and not is_whole:
            raise ValueError("working days are whole")
        object.__setattr__(self, "amount", int(self.amount) if is_whole else float(self.amount))

    @property
    def time(self) -> timedelta | None:
        """The time to be counted; None for working days, whose length is the calendar's matter."""
        if self.kind is ClockKind.WORKING_DAYS:
            return None
        return timedelta(hours=float(self.amount) * HOURS_EACH[self.kind])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": self.kind.value, "amount": self.amount, "window": str(self.window)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The reverse of `to_dict`. Raises ValueError, KeyError."""
        return cls(ClockKind(data["kind"]), data["amount"], Interval.parse(data.get("window", str(DUTY_WINDOW))))


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that does not count, with the reason people gave. `end` None: it still lasts. Kept in UTC."""

    start: datetime
    end: datetime | None
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        if self.end is not None:
            object.__setattr__(self, "end", as_utc(self.end))
            if self.end < self.start:
                raise ValueError("a pause ends before it starts")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"start": _stamp(self.start), "end": self.end and _stamp(self.end), "reason": self.reason}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The reverse of `to_dict`."""
        end = data["end"]
        return cls(datetime.fromisoformat(data["start"]), end and datetime.fromisoformat(end), data["reason"])


class StretchKind(StrEnum):
    """What a stretch of time did to the limit."""

    COUNTED = "COUNTED"
    PAUSED = "PAUSED"
    IDLE = "IDLE"
    """Outside the hours of the clock: nights of working hours, the rest of the first day of working days."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time between the start and the due time. UTC; each begins where the one before ended."""

    start: datetime
    end: datetime
    kind: StretchKind

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Due:
    """A computed deadline with its evidence. Moments are aware, UTC.

    `due_at` None: the clock stands since `paused_since`; `stretches` then end there. `total` is all the time the
    limit counts, also while it stands. `day_names` are the holidays and make-up days on the way, by local date;
    `unconfirmed_years` those whose make-up days were not published when this was computed.
    """

    start: datetime
    due_at: datetime | None
    limit: Limit
    stretches: tuple[Stretch, ...]
    pauses: tuple[Pause, ...]
    total: timedelta
    zone: str
    calendar_version: str
    paused_since: datetime | None = None
    day_names: tuple[tuple[date, str], ...] = ()
    unconfirmed_years: tuple[int, ...] = ()

    def spent(self, kind: StretchKind, until: datetime | None = None) -> timedelta:
        """The time of that kind up to a moment, or in all."""
        until = FAR if until is None else as_utc(until)
        return sum(
            (min(part.end, until) - part.start for part in self.stretches if part.kind is kind and part.start < until),
            timedelta(),
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON, to be stored with the task as its explanation."""
        return {
            "start": _stamp(self.start),
            "due_at": self.due_at and _stamp(self.due_at),
            "limit": self.limit.to_dict(),
            "stretches": [[_stamp(part.start), _stamp(part.end), part.kind.value] for part in self.stretches],
            "pauses": [pause.to_dict() for pause in self.pauses],
            "total_seconds": self.total.total_seconds(),
            "zone": self.zone,
            "calendar_version": self.calendar_version,
            "paused_since": self.paused_since and _stamp(self.paused_since),
            "day_names": {day.isoformat(): name for day, name in self.day_names},
            "unconfirmed_years": list(self.unconfirmed_years),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The reverse of `to_dict`. Raises ValueError, KeyError."""
        read = datetime.fromisoformat
        return cls(
            start=as_utc(read(data["start"])),
            due_at=as_utc(read(data["due_at"])) if data["due_at"] else None,
            limit=Limit.from_dict(data["limit"]),
            stretches=tuple(
                Stretch(as_utc(read(start)), as_utc(read(end)), StretchKind(kind))
                for start, end, kind in data["stretches"]
            ),
            pauses=tuple(map(Pause.from_dict, data["pauses"])),
            total=timedelta(seconds=data["total_seconds"]),
            zone=data["zone"],
            calendar_version=data["calendar_version"],
            paused_since=as_utc(read(data["paused_since"])) if data["paused_since"] else None,
            day_names=tuple((date.fromisoformat(day), name) for day, name in data["day_names"].items()),
            unconfirmed_years=tuple(data["unconfirmed_years"]),
        )


@dataclass(frozen=True, slots=True)
class Remaining:
    """Where a deadline stands at a moment.

    `left`: time still to be counted, in the limit's own clock. `until_due`: the same by the wall; None while paused.
    `late`: wall time since it was due. `used`: the share of the limit that is gone, 0 to 1.
    """

    left: timedelta
    until_due: timedelta | None
    late: timedelta
    used: float
    is_paused: bool

    @property
    def is_late(self) -> bool:
        """Past due; the due moment itself is still in time."""
        return self.late > timedelta()

    @property
    def left_minutes(self) -> int:
        """Whole minutes of `left`."""
        return self.left // timedelta(minutes=1)

    @property
    def late_minutes(self) -> int:
        """Whole minutes of `late`."""
        return self.late // timedelta(minutes=1)


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
