"""Computing figures: whole, and split by a dimension. Percent, points and hours have one decimal, yuan two; 0/0 is None."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Numeric, distinct, func, select
from sqlalchemy.orm import Session

from portal import formatting
from portal.i18n import _
from portal.listing.days import seconds_between
from portal.metrics.dimensions import DIMENSIONS, Dimension
from portal.metrics.questions import Balance, Count, Figure, Mean, NoSource, Period, Question, Rows, Share, Sum
from portal.metrics.registry import METRICS, Unit
from portal.visibility import Viewer

TENTH, CENT, HUNDRED = Decimal("0.1"), Decimal("0.01"), Decimal(100)
AN_HOUR = Decimal(3600)
Asked = tuple[Rows, Any]
"""Some rows and what is computed of them."""
TOGETHER = 120
"""Numbers that are asked for in one statement."""
_DAY = date(2026, 1, 1)
"""Any day: which records a question is about does not depend on it."""


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


def counted(session: Session, viewer: Viewer, asked: Sequence[Rows]) -> list[int]:
    """How many rows each has, as the sides of figures are counted."""
    return [int(number or 0) for number in _numbers(session, viewer, [(rows, func.count()) for rows in asked])]


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
    question = METRICS[key].ask(Period(_DAY, _DAY))
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


def _asked(question: Question) -> list[Asked]:
    match question:
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
    questions = {(key, period): METRICS[key].ask(period) for key in keys for period in periods}
    asked = {about: [] if isinstance(each, NoSource) else _asked(each) for about, each in questions.items()}
    left = iter(_numbers(session, viewer, [part for parts in asked.values() for part in parts]))
    found = {}
    for about, parts in asked.items():
        question, given = questions[about], [next(left) for _part in parts]
        without = Figure(about[0], None, has_source=False)
        found[about] = without if isinstance(question, NoSource) else _figure(about[0], question, given)
    return found


def _numbers(session: Session, viewer: Viewer, asked: Sequence[Asked]) -> list[Any]:
    columns = [rows.query(viewer, computed).scalar_subquery() for rows, computed in asked]
    numbers: list[Any] = []
    for at in range(0, len(columns), TOGETHER):
        some = columns[at : at + TOGETHER]
        numbers += session.execute(select(*(column.label(f"n{place}") for place, column in enumerate(some)))).one()
    return numbers


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
