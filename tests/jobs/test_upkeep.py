"""The night's work."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from jobs.upkeep import Cleanup, Cleared, SlotOf
from portal.db import session, transaction
from portal.models import passage


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


@pytest.mark.sqlite_only
def test_the_index_of_texts_is_one_piece_in_the_morning(sample):
    """Each question has to look into every piece of it: fourteen cost seven times as much as one."""
    _write_in_pieces(range(1, 9))
    assert _pieces() > 3
    Cleanup().act(SlotOf("cleanup", "x"))
    assert _pieces() == 1
    wanted = {"phrase": passage.phrase("complaints", "第七次滴水")}
    found = session().scalars(text("SELECT rowid FROM passage_pair WHERE passage_pair MATCH :phrase"), wanted).all()
    assert found == [10_007]


def _write_in_pieces(numbers):
    with transaction() as writing:
        # As days of work leave it: so few rows would be put together while they are written, or not be written yet.
        writing.execute(text("INSERT INTO passage_pair (passage_pair, rank) VALUES ('automerge', 0)"))
        for number in numbers:
            pairs = passage.pairs("complaints", f"第{'七' if number == 7 else number}次滴水")
            row = {"id": 10_000 + number, "pairs": pairs}
            writing.execute(text("INSERT INTO passage_pair (rowid, pairs) VALUES (:id, :pairs)"), row)
            writing.execute(text("INSERT INTO passage_pair (passage_pair) VALUES ('flush')"))


def _pieces():
    """How many pieces its pages belong to: SQLite numbers a page by its piece, shifted by 37."""
    return session().scalar(text("SELECT count(DISTINCT id >> 37) FROM passage_pair_data WHERE id >> 37 > 0"))
