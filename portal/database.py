"""The structure of the database: bring it to this version, ask whether it is there, go back. Alembic without the rest.

Every function works on the engine given, or on the one of the present application. Two processes that upgrade at the
same moment wait for each other; a migration that fails leaves the database as it was, on SQLite too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from portal.db import db, immediate

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x706F7274616C
"""The PostgreSQL advisory lock of those who change the structure."""


class MigrationError(RuntimeError):
    """The migration cannot be kept; the text says why. Nothing was changed."""


def upgrade(target: str = "head", *, engine: Engine | None = None) -> None:
    """Apply the migrations that are missing, up to `target`. Safe to run again. Raises MigrationError."""
    with _changing(engine) as config:
        command.upgrade(config, target)
        _look_again(config.attributes["connection"])


def downgrade(target: str, *, engine: Engine | None = None) -> None:
    """Take migrations back down to `target`, a revision or `base`. What they held is gone. Raises MigrationError."""
    with _changing(engine) as config:
        command.downgrade(config, target)


def stamp(target: str = "head", *, engine: Engine | None = None) -> None:
    """Write down that the database has the structure of `target`, without changing anything."""
    with _changing(engine) as config:
        command.stamp(config, target)


def pending(engine: Engine | None = None) -> list[str]:
    """The migrations that are not applied yet, oldest first, as `0002: what it does`."""
    script = ScriptDirectory.from_config(_config())
    with (engine or db.engine).connect() as connection:
        applied = MigrationContext.configure(connection).get_current_heads()
    missing = script.iterate_revisions("head", applied or "base")
    return [f"{revision.revision}: {revision.doc}" for revision in reversed(list(missing))]


def is_current(engine: Engine | None = None) -> bool:
    """True when the database has the structure of this version."""
    return not pending(engine)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def look_at_tables(connection: Connection) -> None:
    """Let SQLite look at a part of the rows of each table that has changed much, so that it takes the right index.

    PostgreSQL does so by itself. Takes a moment: of a large table some hundred rows are read.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA optimize=0x10002")


def _look_again(connection: Connection) -> None:
    """What SQLite knows of a table's rows it forgets of an index that is made anew, and would take a wrong one for years.
    Where it has looked at its tables before, it looks at those again of which it has forgotten something."""
    if connection.dialect.name == "sqlite" and inspect(connection).has_table("sqlite_stat1"):
        look_at_tables(connection)


@contextmanager
def _changing(engine: Engine | None) -> Iterator[Config]:
    """One transaction around everything, alone on the database."""
    with immediate(), (engine or db.engine).connect() as connection:
        if connection.dialect.name == "sqlite":
            with _without_foreign_keys(connection), connection.begin():
                yield _config(connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise MigrationError(
                        f"rows of {broken[0][0]} would point to rows that are gone; nothing was changed"
                    )
        else:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                yield _config(connection)


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it, and dropping the old copy must not touch the rows that point to it."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
