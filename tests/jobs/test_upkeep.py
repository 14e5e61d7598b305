"""The night's work."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from jobs.upkeep import Cleanup, Cleared, SlotOf
from portal.db import session, transaction


@pytest.mark.sqlite_only
def test_sqlite_knows_its_tables_in_the_morning(sample):
    """Without that it takes the wrong one of two indexes, for years: nobody else asks it to look."""
    connection = session().connection()
    if inspect(connection).has_table("sqlite_stat1"):
        connection.execute(text("DELETE FROM sqlite_stat1"))
        session().commit()
    with transaction() as writing:
        Cleanup().finish(writing, SlotOf("cleanup", "x"), Cleared(0, [], []))
    known = set(session().scalars(text("SELECT tbl FROM sqlite_stat1")))
    assert {"task", "complaint", "customer"} <= known
