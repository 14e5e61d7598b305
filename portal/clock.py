"""The only door to the time. Views, jobs and commands ask here and pass the answer down as `at=`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of the company. The database holds UTC; people read this zone."""

_test_clock: Path | None = None
_replayed: ContextVar[datetime | None] = ContextVar("replayed", default=None)


def use_test_clock(path: Path | None) -> None:
    """Read the time from a file that holds an ISO time (only `PORTAL_ENV=test`); None: the real time."""
    global _test_clock
    _test_clock = path


def now() -> datetime:
    """The present moment, aware, UTC."""
    if (moment := _replayed.get()) is not None:
        return moment
    if _test_clock is not None:
        moment = datetime.fromisoformat(_test_clock.read_text(encoding="ascii").strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)
    return datetime.now(UTC)


def machine_now() -> datetime:
    """The machine's own time, for leases and signs of life: no test moves it, no business rule reads it."""
    return datetime.now(UTC)


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Inside the block it is that moment: for stories that are replayed with their own dates (demo data)."""
    token = _replayed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _replayed.reset(token)


def local(moment: datetime) -> datetime:
    """The same moment on the company's clocks."""
    return moment.astimezone(ZONE)


def today(at: datetime) -> date:
    """The company's calendar day of a moment."""
    return local(at).date()


def at_local(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """The moment when the company's clocks show this, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)
