"""Record numbers: prefix, year, four digits (`TS-2026-0001`), without gaps caused by errors and without doubles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.setting import NumberSequence


def next_number(session: Session, prefix: str, at: datetime) -> str:
    """The next number of the prefix in the company's year of `at`.

    Taken in the caller's transaction: a rollback gives it back, and two transactions wait for each other on the row.
    """
    return next_numbers(session, prefix, at, 1)[0]


def next_numbers(session: Session, prefix: str, at: datetime, count: int) -> list[str]:
    """As `next_number`, several in a row: for imports and volume."""
    year = clock.today(at).year
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    claimed = insert(NumberSequence).values(prefix=prefix, year=year, last=count)
    claimed = claimed.on_conflict_do_update(
        index_elements=[NumberSequence.prefix, NumberSequence.year], set_={"last": NumberSequence.last + count}
    )
    last = session.execute(claimed.returning(NumberSequence.last)).scalar_one()
    return [f"{prefix}-{year}-{number:04d}" for number in range(last - count + 1, last + 1)]


def check_own(model: Any, number: str) -> None:
    """A number that a record had before the portal. Raises Invalid for one that the portal could give to another."""
    if number.upper().startswith(f"{model.PREFIX}-"):
        sentence = N_("Numbers that begin with %(prefix)s- are given by the portal.")
        raise Invalid({"number": sentence % {"prefix": model.PREFIX}})
    if set(number) & set("/#"):
        raise Invalid({"number": N_("A number has no / and no # in it.")})
