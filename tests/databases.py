"""A fresh database per test, fast: a copied file on SQLite, emptied tables on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text

from portal import database
from portal.sqlite import module

SERVER = os.environ.get("PORTAL_TEST_DATABASE_URL")
"""A PostgreSQL server where the tests may create databases; None: they run on SQLite only."""

KEEP = """
DO $$
DECLARE named record;
DECLARE is_filled boolean;
BEGIN
    CREATE SCHEMA {schema};
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', named.tablename) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('CREATE TABLE {schema}.%I AS TABLE public.%I', named.tablename, named.tablename);
        END IF;
    END LOOP;
    CREATE TABLE {schema}."the next numbers" AS
        SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
"""All rows there are, and the next numbers, are laid aside for tests to begin with."""

BRING_BACK = """
DO $$
DECLARE named record;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', named.tablename);
    END LOOP;
    FOR named IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        PERFORM setval(format('%I', named.sequencename)::regclass, 1, false);
    END LOOP;
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' AND tablename <> 'the next numbers' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM {schema}.%I', named.tablename, named.tablename);
    END LOOP;
    FOR named IN SELECT * FROM {schema}."the next numbers" LOOP
        PERFORM setval(format('%I', named.sequencename)::regclass, named.last_value);
    END LOOP;
END $$
"""
"""As replica, triggers do not fire: the event table lets itself be emptied, and the order does not matter."""

SEEDED, SAMPLE = "seeded", "sample"
"""What migrations themselves put into tables; rows of every record type."""


def sqlite_engine(path: Path) -> Engine:
    """An engine on the file with the library that the portal uses."""
    return create_engine(f"sqlite:///{path}", module=module())


def make_sqlite_template(folder: Path) -> Path:
    """A migrated, empty SQLite file to copy from."""
    path = folder / "template.sqlite3"
    engine = sqlite_engine(path)
    database.upgrade(engine=engine)
    engine.dispose()
    return whole(path)


def whole(path: Path) -> Path:
    """The file, with all that was written standing in it, to be copied."""
    engine = sqlite_engine(path)
    with engine.connect() as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def copy_sqlite(template: Path, folder: Path) -> str:
    """A copy of the template, with the files of its records, in the folder; gives its address."""
    target = folder / "portal.sqlite3"
    shutil.copyfile(template, target)
    if (files := template.parent / "files").is_dir():
        shutil.copytree(files, folder / "files", dirs_exist_ok=True)
    return f"sqlite:///{target}"


@contextmanager
def postgresql_database(name: str, *, migrate: bool = True) -> Iterator[str]:
    """A database of our own on the test server, dropped afterwards; gives its address."""
    assert SERVER, "PORTAL_TEST_DATABASE_URL is not set"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    url = make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    try:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        if migrate:
            engine = create_engine(url)
            database.upgrade(engine=engine)
            with engine.begin() as connection:
                connection.execute(text(KEEP.format(schema=SEEDED)))
            engine.dispose()
        yield url
        if kept := _kept.pop(url, None):
            kept.dispose()
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        server.dispose()


def empty_postgresql(url: str) -> None:
    """Take all rows away; numbers start at 1 again."""
    _carry_out(url, BRING_BACK.format(schema=SEEDED))


def keep_sample(url: str) -> None:
    """From now on `fill_postgresql` brings back the rows that are there now."""
    _carry_out(url, KEEP.format(schema=SAMPLE))


def fill_postgresql(url: str) -> None:
    """All rows are those of the sample."""
    _carry_out(url, BRING_BACK.format(schema=SAMPLE))


_kept: dict[str, Engine] = {}


def _carry_out(url: str, block: str) -> None:
    """On a connection that stays: PostgreSQL takes five times as long when it has to read its catalogue first."""
    engine = _kept[url] = _kept.get(url) or create_engine(url, pool_size=1)
    with engine.begin() as connection:
        connection.execute(text(block))


def hurry(connection: Any, _record: Any) -> None:
    """Tests survive no power cut: SQLite need not wait for the disk."""
    if "sqlite" in type(connection).__module__:
        connection.execute("PRAGMA synchronous=OFF")


event.listen(Engine, "connect", hurry)
