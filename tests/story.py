"""The demo department as a file to copy: its people, households and a living week, loaded once per test process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from portal import clock, demo, i18n
from portal.app import create_app
from portal.config import DEMO, Config
from portal.db import db
from tests import databases

NOW = "2026-11-17 10:30"
"""A Tuesday morning without a holiday near it; the living week is told around this moment."""

KEY = "a key for tests, long enough to sign with"


def config(home: Path, *, port: int = 8000) -> Config:
    """How the portal of the story runs: five people who sign in with one press, no workers."""
    return Config(
        home=home,
        database_url=f"sqlite:///{home / 'portal.sqlite3'}",
        redis_url=None,
        files_url=None,
        host="127.0.0.1",
        port=port,
        env=DEMO,
        secret_key=KEY,
        test_clock=None,
        faults="",
    )


def make_template(folder: Path, migrated: Path, moment: str = NOW, load: Callable[[], None] = demo.load) -> Path:
    """A SQLite file with the demo data, or another story, as of a moment, to copy from. Takes some seconds.

    `migrated`: the empty file to begin with.
    """
    databases.copy_sqlite(migrated, folder)
    with told_at(folder, moment):
        load()
    return databases.whole(folder / "portal.sqlite3")


@contextmanager
def told_at(folder: Path, moment: str) -> Iterator[datetime]:
    """The portal of the story in this folder, with its clock standing still at the moment."""
    app = create_app(config(folder))
    now = datetime.fromisoformat(moment).replace(tzinfo=clock.ZONE)
    with app.app_context(), i18n.use_locale(i18n.DEFAULT), clock.standing_at(now):
        yield now
        db.session.remove()
        db.engine.dispose()
