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

EMPTY = """
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
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'seeded' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM seeded.%I', named.tablename, named.tablename);
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), max(id)) FROM public.%I',
                       'public.' || quote_ident(named.tablename), named.tablename);
    END LOOP;
END $$
"""
"""As replica, triggers do not fire: the event table lets itself be emptied, and the order does not matter."""

KEEP_SAMPLE = """
DO $$
DECLARE named record;
DECLARE is_filled boolean;
BEGIN
    CREATE SCHEMA sample;
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', named.tablename) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('CREATE TABLE sample.%I AS TABLE public.%I', named.tablename, named.tablename);
        END IF;
    END LOOP;
    CREATE TABLE sample."the next numbers" AS
        SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
"""All rows there are, and the next numbers, are laid aside as the sample that many tests begin with."""

FILL = """
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
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'sample' AND tablename <> 'the next numbers' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM sample.%I', named.tablename, named.tablename);
    END LOOP;
    FOR named IN SELECT * FROM sample."the next numbers" LOOP
        PERFORM setval(format('%I', named.sequencename)::regclass, named.last_value);
    END LOOP;
END $$
"""

KEEP_SEEDED = """
DO $$
DECLARE named record;
DECLARE is_seeded boolean;
BEGIN
    CREATE SCHEMA seeded;
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', named.tablename) INTO is_seeded;
        IF is_seeded THEN
            EXECUTE format('CREATE TABLE seeded.%I AS TABLE public.%I', named.tablename, named.tablename);
        END IF;
    END LOOP;
END $$
"""
"""What migrations themselves put into tables with an `id` is laid aside, for every test to begin with."""


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
                connection.execute(text(KEEP_SEEDED))
            engine.dispose()
        yield url
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        server.dispose()


def empty_postgresql(url: str) -> None:
    """Take all rows away; numbers start at 1 again."""
    _carry_out(url, EMPTY)


def keep_sample(url: str) -> None:
    """From now on `fill_postgresql` brings back the rows that are there now."""
    _carry_out(url, KEEP_SAMPLE)


def fill_postgresql(url: str) -> None:
    """All rows are those of the sample."""
    _carry_out(url, FILL)


def _carry_out(url: str, block: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(block))
    engine.dispose()


def hurry(connection: Any, _record: Any) -> None:
    """Tests survive no power cut: SQLite need not wait for the disk."""
    if "sqlite" in type(connection).__module__:
        connection.execute("PRAGMA synchronous=OFF")


event.listen(Engine, "connect", hurry)
