"""Long rows of cases: SQLite goes through all of them, PostgreSQL takes its turn at each third.

What a case is about is the same on both; what tells the databases apart shows in the turns, which differ from kind to
kind of record.
"""

from __future__ import annotations

from portal.db import db

EACH = 3


def is_turn(place: int) -> bool:
    """Whether the case at this place is tried on the database of this test."""
    return db.engine.dialect.name == "sqlite" or place % EACH == 0
