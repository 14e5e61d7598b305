"""Days of the company's calendar in a statement, alike on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from portal import clock
from portal.db import UtcDateTime


class first_day(GenericFunction[str]):
    """The first day of the stretch a moment or day lies in, as text `2026-10-01`, on the company's calendar."""

    type = String()
    inherit_cache = True


_OFFSET = int((datetime(2026, 1, 1, tzinfo=clock.ZONE).utcoffset() or timedelta()).total_seconds())
"""How far the company's clocks are before UTC; its country has no summer time."""


@compiles(first_day, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, stretch, zoned = _arguments(element)
    text = compiler.process(column, **kw)
    day = f"date({text}, '{_OFFSET:+d} seconds')" if zoned else f"date({text})"
    match stretch:
        case "week":
            return f"date({day}, '-6 days', 'weekday 1')"
        case "month":
            return f"date({day}, 'start of month')"
        case "quarter":
            months = f"((CAST(strftime('%m', {day}) AS INTEGER) - 1) % 3)"
            return f"date({day}, 'start of month', '-' || {months} || ' months')"
        case "year":
            return f"date({day}, 'start of year')"
    return day


@compiles(first_day, "postgresql")
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, stretch, zoned = _arguments(element)
    text = compiler.process(column, **kw)
    local = f"({text} AT TIME ZONE '{clock.ZONE.key}')" if zoned else f"({text}::timestamp)"
    return f"to_char(date_trunc('{stretch}', {local}), 'YYYY-MM-DD')"


def _arguments(element: Any) -> tuple[Any, str, bool]:
    column, stretch, zoned = element.clauses
    return column, stretch.value, zoned.value


class days_before(GenericFunction[datetime]):
    """The moment so many times 24 hours before another one."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(days_before, "sqlite")
def _before_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, days = element.clauses
    return f"strftime('%Y-%m-%d %H:%M:%f000', {compiler.process(column, **kw)}, '-{int(days.value)} days')"


@compiles(days_before, "postgresql")
def _before_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, days = element.clauses
    return f"({compiler.process(column, **kw)} - interval '{int(days.value)} days')"


class seconds_between(GenericFunction[int]):
    """The whole seconds from one moment to another."""

    type = BigInteger()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _between_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(column, **kw) for column in element.clauses)
    return f"CAST(ROUND((julianday({end}) - julianday({start})) * 86400) AS INTEGER)"


@compiles(seconds_between, "postgresql")
def _between_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    start, end = (compiler.process(column, **kw) for column in element.clauses)
    return f"CAST(ROUND(EXTRACT(EPOCH FROM ({end} - {start}))) AS BIGINT)"
