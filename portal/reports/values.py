"""Values as they stand in the content of a report: plain data that is translated and formatted when it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal import metrics
from portal.i18n import Text
from portal.terms import Term

Block = dict[str, Any]


def say(text: Text) -> Block:
    """Words to be translated when they are shown."""
    return {"m": text.message, "c": text.context}


def several(values: Iterable[Block | str]) -> Block:
    """Values of one cell, one after the other; none is a dash."""
    return {"all": list(values)}


def number(value: Decimal | int | None, unit: metrics.Unit) -> Block:
    """A figure in its unit; None is a dash."""
    return {"n": None if value is None else f"{value:.{metrics.digits(unit)}f}", "u": unit.value}


def day(value: date | None) -> Block:
    """A day of the company's calendar."""
    return {"d": value.isoformat() if value else None}


def moment(value: datetime | None) -> Block:
    """A moment."""
    return {"t": value.isoformat() if value else None}


def term(terms: type[Term], code: str | None) -> Block | str:
    """The label of a stored code."""
    if code is None:
        return {"n": None, "u": metrics.Unit.COUNT.value}
    return say(terms(code).label) if code in terms._value2member_map_ else code
