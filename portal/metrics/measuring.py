"""Computing figures: whole, and split by a dimension. Percent, points and hours have one decimal, yuan two; 0/0 is None."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Numeric, distinct, func, select
from sqlalchemy.orm import Session

from portal import formatting, visibility
from portal.i18n import _
from portal.listing.days import seconds_between
from portal.metrics import lists
from portal.metrics.dimensions import DIMENSIONS, Dimension
from portal.metrics.questions import Balance, Count, Figure, Mean, NoSource, Period, Question, Rows, Share, Sum, Unsaid
from portal.metrics.registry import METRICS, Unit
from portal.prepared import Prepared
from portal.visibility import Viewer

TENTH, CENT, HUNDRED = Decimal("0.1"), Decimal("0.01"), Decimal(100)
AN_HOUR = Decimal(3600)
Asked = tuple[Rows, Any]
"""Some rows and what is computed of them."""
TOGETHER = 120
"""Numbers that are asked for in one statement."""


def measure(session: Session, viewer: Viewer, key: str, period: Period) -> Figure:
    """A figure of a period over the records that exist for the viewer. Raises KeyError for an unknown key."""
    return measure_all(session, viewer, [key], period)[key]


def measure_all(session: Session, viewer: Viewer, keys: Iterable[str], period: Period) -> dict[str, Figure]:
    """Several figures of a period, by key."""
    return {key: figure for (key, _period), figure in _together(session, viewer, keys, [period]).items()}


def compare(
    session: Session, viewer: Viewer, keys: Iterable[str], periods: Sequence[Period]
) -> dict[str, tuple[Figure, ...]]:
    """Several figures in several periods, by key in the order of the periods."""
    wanted = list(keys)
    found = _together(session, viewer, wanted, periods)
    return {key: tuple(found[key, period] for period in periods) for key in wanted}


def sides(
    session: Session, viewer: Viewer, wanted: Sequence[tuple[str, str]], periods: Sequence[Period]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """How many records stand behind sides of figures (`lists.sides`) in several periods, in the order of the periods."""
    numbers = _numbers(session, viewer, tuple(wanted), periods)
    return {about: tuple(int(number or 0) for (number,) in found) for about, found in zip(wanted, numbers, strict=True)}


def split(session: Session, viewer: Viewer, key: str, period: Period, by: str) -> dict[Any, Figure]:
    """A figure for each value of a dimension: stored codes, names, or None where nothing is said."""
    question = METRICS[key].ask(period)
    if isinstance(question, NoSource):
        return {}
    sides: list[dict[Any, Any]] = []
    for rows, computed in _asked(question):
        found = DIMENSIONS[rows.model][by]
        statement = rows.query(viewer, found.column, computed, joins=found.joins).group_by(found.column)
        sides.append({value: number for value, number in session.execute(statement)})
    values = dict.fromkeys(value for side in reversed(sides) for value in side)
    return {value: _figure(key, question, [side.get(value) for side in sides]) for value in values}


def dimension(key: str, by: str) -> Dimension | None:
    """How a figure is split; None: it has no source yet. Raises KeyError where it is not split so."""
    question = _question(key)
    return None if isinstance(question, NoSource) else DIMENSIONS[_asked(question)[0][0].model][by]


def why(key: str, period: Period) -> str:
    """Why a figure has no source yet; empty: it has one."""
    question = METRICS[key].ask(period)
    return str(question.why) if isinstance(question, NoSource) else ""


def shown(unit: Unit, figure: Figure) -> str:
    """The figure as people read it, without its unit; a dash for 0/0."""
    return formatted(unit, figure.value) if figure.has_source else _("no source yet")


def formatted(unit: Unit, value: Decimal | None) -> str:
    """92.3, 14, 4,200.00; a dash for None."""
    return formatting.DASH if value is None else f"{value:,.{digits(unit)}f}"


def digits(unit: Unit) -> int:
    """How many decimals the unit has."""
    return {Unit.COUNT: 0, Unit.YUAN: 2}.get(unit, 1)


# ---------- Asking ----------


@cache
def _question(key: str) -> Question:
    """What the figure asks: which records it is about, and how it is computed, do not depend on the period."""
    return METRICS[key].ask(Unsaid())


def _asked(question: Question) -> list[Asked]:
    match question:
        case NoSource():
            return []
        case Count(rows, None):
            return [(rows, func.count())]
        case Count(rows, different):
            return [(rows, func.count(distinct(different)))]
        case Share(part, whole):
            return [(part, func.count()), (whole, func.count())]
        case Balance(part, against, whole):
            return [(part, func.count()), (against, func.count()), (whole, func.count())]
        case Sum(rows, column):
            return [(rows, func.sum(column, type_=Numeric(16, 2)))]
        case Mean(rows, column, None):
            known = rows.only(column.is_not(None))
            return [(known, func.sum(column)), (known, func.count())]
        case Mean(rows, since, until):
            return [(rows, func.sum(seconds_between(since, until))), (rows, func.count())]
    raise TypeError(question)


def _together(
    session: Session, viewer: Viewer, keys: Iterable[str], periods: Sequence[Period]
) -> dict[tuple[str, Period], Figure]:
    """All of them with few statements."""
    wanted = list(dict.fromkeys(keys))
    numbers = _numbers(session, viewer, tuple((key, "") for key in wanted), periods)
    found = {}
    for key, given in zip(wanted, numbers, strict=True):
        question = _question(key)
        for period, parts in zip(periods, given, strict=True):
            without = Figure(key, None, has_source=False)
            found[key, period] = without if isinstance(question, NoSource) else _figure(key, question, parts)
    return found


def _numbers(
    session: Session, viewer: Viewer, wanted: tuple[tuple[str, str], ...], periods: Sequence[Period]
) -> list[list[Sequence[Any]]]:
    """What each figure or side of one is computed from, in each period."""
    session.flush()
    given = visibility.parameters(viewer) | Unsaid.filling(periods)
    numbers: list[Any] = []
    for statement in _statements(visibility.placeholder(viewer), wanted, len(periods)):
        numbers += statement.rows(session, given)[0]
    left = iter(numbers)
    shapes = [1 if side else len(_asked(_question(key))) for key, side in wanted]
    return [[[next(left) for _part in range(shape)] for _period in periods] for shape in shapes]


@lru_cache(maxsize=128)
def _statements(
    viewer: visibility.Placeholder, wanted: tuple[tuple[str, str], ...], periods: int
) -> tuple[Prepared, ...]:
    """The questions for all of them, built once: so many numbers in one cost more to say than to answer."""
    places = [Unsaid(place=place) for place in range(periods)]
    parts = [part for key, side in wanted for place in places for part in _parts(key, side, place)]
    columns = [rows.query(viewer, computed).scalar_subquery() for rows, computed in parts]
    several = (columns[at : at + TOGETHER] for at in range(0, len(columns), TOGETHER))
    return tuple(
        Prepared(select(*(column.label(f"n{place}") for place, column in enumerate(some)))) for some in several
    )


def _parts(key: str, side: str, period: Period) -> list[Asked]:
    """What is computed: all that a figure needs, or how many rows one side of it has."""
    if side:
        return [(lists.sides(key, period)[side], func.count())]
    return _asked(METRICS[key].ask(period))


def _figure(key: str, question: Question, numbers: Sequence[Any]) -> Figure:
    first = Decimal(str(numbers[0] or 0))
    if len(numbers) == 1:
        value = first.quantize(CENT) if isinstance(question, Sum) else first
        return Figure(key, value, value)
    whole = Decimal(numbers[-1] or 0)
    if isinstance(question, Balance):
        first -= Decimal(numbers[1] or 0)
    if isinstance(question, Mean):
        total = first / AN_HOUR if question.until is not None else first
        return Figure(key, _rounded(total / whole) if whole else None, total, whole)
    return Figure(key, percent(first, whole), first, whole)


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part of a whole in percent with one decimal; None: of nothing."""
    return _rounded(part * HUNDRED / whole) if whole else None


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(TENTH, ROUND_HALF_UP)
