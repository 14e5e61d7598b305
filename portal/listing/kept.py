"""Numbers of very many rows, counted now and then, and said with the moment they are of.

To count a million rows in groups takes a database a good part of a second, each time anew. So the answer of a question
that counted more than CEILING rows is kept for a few minutes, in this process, for everybody to whom the very same
question has the very same answer: the statement and all that fills it are the key, but for the moment. What counts up
to CEILING rows is always of this moment. Whoever shows numbers says of when they are (`counted_at`); of one page all
numbers of a question come from one answer, so they add up.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portal.listing.engine import CEILING
from portal.prepared import Prepared, Values

KEPT_FOR = timedelta(minutes=5)
MOST_ROWS = 200_000
"""Rows of all kept answers together; the oldest go first."""
MOVING = frozenset({"at", "soon_until", "near_until"})
"""What fills a question and is another one at each moment."""
_COUNTED_AT = "counted_at"


@dataclass(frozen=True, slots=True)
class _Answer:
    at: datetime
    rows: list[Values]


_answers: OrderedDict[Any, _Answer] = OrderedDict()
_lock = Lock()


def rows(statement: Prepared, session: Session, values: dict[str, Any], at: datetime, *, count: int) -> list[Values]:
    """The rows of a question that puts rows together; `count` is the column that says how many."""
    bind = session.get_bind()
    if not isinstance(bind, Engine):  # a snapshot, whose numbers are of its own moment
        return statement.rows(session, values)
    key = (bind, statement, statement.filling(session, values, MOVING))
    with _lock:
        known = _answers.get(key)
    if known is not None and timedelta() <= at - known.at < KEPT_FOR:
        _tell(session, known.at)
        return known.rows
    found = statement.rows(session, values)
    if sum(row[count] for row in found) > CEILING:
        with _lock:
            _answers[key] = _Answer(at, found)
            _answers.move_to_end(key)
            while len(_answers) > 1 and sum(len(each.rows) for each in _answers.values()) > MOST_ROWS:
                _answers.popitem(last=False)
        _tell(session, at)
    return found


def counted_at(session: Session) -> datetime | None:
    """Of when the oldest numbers are that were given in this transaction; None: all are of this moment."""
    found: datetime | None = session.info.get(_COUNTED_AT)
    return found


def forget(session: Session) -> None:
    """Count anew whatever is asked next."""
    with _lock:
        for key in [key for key in _answers if key[0] is session.get_bind()]:
            del _answers[key]


def _tell(session: Session, at: datetime) -> None:
    session.info[_COUNTED_AT] = min(at, session.info.get(_COUNTED_AT, at))
