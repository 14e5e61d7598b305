"""Rows of every record type (`tests/listing/rows.py`) as a database to begin with, filled once per test process and kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portal import clock, i18n
from portal.app import create_app
from portal.config import Config
from portal.db import db
from portal.models.org import User
from tests.factories import Make
from tests.listing.rows import Rows, fill

MADE_BY_NOW = 10_000
"""Names and numbers up to here may be taken in the sample."""


@dataclass(frozen=True)
class Sample:
    """A filled database, and who is in it."""

    home: Path
    people: tuple[int, int, int]

    def rows(self) -> Rows:
        """The people of the sample, read from the database of the test."""
        return Rows(*(db.session.get_one(User, number) for number in self.people))


def fill_once(home: Path, url: str, moment: str) -> Sample:
    """Fill an empty, migrated database as of a moment of the company's clocks. Takes some seconds."""
    app = create_app(
        Config(
            home=home, database_url=url, redis_url=None, files_url=None, host="127.0.0.1", port=8000, env="test",
            secret_key="a key for tests, long enough to sign with", test_clock=None, faults="",
        )
    )  # fmt: skip
    now = datetime.fromisoformat(moment).replace(tzinfo=clock.ZONE)
    with app.app_context(), i18n.use_locale(i18n.DEFAULT), clock.standing_at(now):
        made = fill(Make(clock.now), clock)
        people = (made.specialist.id, made.manager.id, made.far.id)
        db.session.remove()
        db.engine.dispose()
    return Sample(home, people)
