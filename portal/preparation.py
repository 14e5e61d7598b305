"""What must be true before the portal serves: fit SQLite, current database, usable files, no known password in public."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from portal import sqlite, web
from portal.config import DEMO, Config

if TYPE_CHECKING:
    from flask import Flask

MIGRATIONS = Path(__file__).parent / "migrations" / "versions"
DEMO_PASSWORD = "demo"
DEMO_USERNAMES = ("front_desk", "specialist", "reviewer", "captain", "manager")


class PreparationError(RuntimeError):
    """The portal must not serve like this; the text is one clear sentence with the cure."""


@contextmanager
def application(config: Config) -> Iterator[Flask]:
    """The application with its database at hand, as a command needs it; its connections are closed afterwards."""
    from portal.app import create_app
    from portal.db import db

    app = create_app(config)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def prepare(config: Config, *, serving: bool) -> None:
    """Create or migrate the database. For serving, also load the demo into an empty database when it is asked for.

    Raises SqliteTooOld, StoreError, and PreparationError for demo people on a public address.
    """
    refuse_demo_in_public(config)
    refuse_broken_store(config)
    if serving and web.is_loopback(config.host) and is_in_use(config):
        return
    from portal import database

    with application(config):
        if serving and (missing := database.pending()):
            print(f"bringing the database to this version, {len(missing)} steps", flush=True)
        database.upgrade()
        _fill_calendar()
        if serving and config.env == DEMO and _is_empty():
            from portal import demo

            print("loading the demo data; only the first start takes this minute", flush=True)
            demo.load()
    refuse_known_passwords(config)


def _fill_calendar() -> None:
    """The public days of this year and the next; years that are there already, and the company's own days, stay."""
    from portal import clock
    from portal.db import transaction
    from portal.services import calendars

    at = clock.now()
    year = clock.today(at).year
    with transaction() as session:
        calendars.seed(session, (year, year + 1), at=at)


def newest_migration() -> str:
    """The revision of the newest migration, which its file name begins with."""
    return max(path.name for path in MIGRATIONS.glob("[0-9]*.py")).partition("_")[0]


def is_in_use(config: Config) -> bool:
    """True for an SQLite database that is current and has people in it: nothing to prepare.

    Looks without loading the application, which would double the time to the first answer of an ordinary start.
    """
    path = Path(config.database_url.removeprefix("sqlite:///"))
    if not (config.is_sqlite and path.exists()):
        return False
    safe = sqlite.module()
    try:
        with closing(safe.connect(str(path))) as connection:
            revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            somebody = connection.execute('SELECT 1 FROM "user" LIMIT 1').fetchone()
    except safe.DatabaseError:
        return False  # the full way says what is wrong
    return revisions == [(newest_migration(),)] and somebody is not None


def load_demo(config: Config) -> None:
    """Load the demo data into an empty database. Raises PreparationError when there are people in it already."""
    prepare(config, serving=False)
    from portal import demo

    with application(config):
        if not _is_empty():
            raise PreparationError(f"There are people in {config.home} already; set PORTAL_HOME to a new folder.")
        demo.load()


def refuse_demo_in_public(config: Config) -> None:
    """Raise PreparationError when the demo would answer to other machines."""
    if config.env == DEMO and not web.is_loopback(config.host):
        raise PreparationError(
            f"Demo data has known passwords and is not served on {config.host}; use 127.0.0.1, "
            "or PORTAL_ENV=production with a data folder of its own."
        )


def refuse_broken_store(config: Config) -> None:
    """Raise StoreError when files could be neither kept nor read."""
    from portal.files.store import Store

    Store.of(config).check()


def refuse_known_passwords(config: Config) -> None:
    """Raise PreparationError when a public address would let somebody in with a demo password."""
    if web.is_loopback(config.host):
        return
    refuse_demo_in_public(config)
    from sqlalchemy import select

    from portal import passwords
    from portal.db import session
    from portal.models.org import User

    people = select(User.username, User.password_hash).where(
        User.username.in_(DEMO_USERNAMES), User.disabled_at.is_(None)
    )
    with application(config):
        for username, password_hash in session().execute(people):
            if not passwords.matches(password_hash, DEMO_PASSWORD):
                continue
            raise PreparationError(
                f"{username} can sign in with the demo password, so {config.host} is refused: change the password "
                f"(portal user password {username}) or use another PORTAL_HOME."
            )


def _is_empty() -> bool:
    """True while nobody has an account."""
    from sqlalchemy import select

    from portal.db import session
    from portal.models.org import User

    return session().scalar(select(User.id).limit(1)) is None
