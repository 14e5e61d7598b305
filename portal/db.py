"""The database: base class, types, and the one commit in the code.

SQLite: WAL, synchronous FULL, and BEGIN IMMEDIATE for everything that writes, so that a read followed by a write
never fails with "database is locked" and never loses an update. PostgreSQL runs the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, TypeDecorator, event
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.orm.exc import StaleDataError

from portal.errors import Stale

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_writing: ContextVar[bool] = ContextVar("writing", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. A naive one is refused: its zone would be a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database; pass aware moments")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all records."""

    registry = registry(metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: UtcDateTime})


db = SQLAlchemy(model_class=Base)


def session() -> Session:
    """The session of this request, job or command."""
    return db.session()


@contextmanager
def immediate() -> Iterator[None]:
    """What begins inside takes the write lock of SQLite at once; `transaction` does this by itself."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@contextmanager
def transaction() -> Iterator[Session]:
    """The only commit in the code. Workers are woken after it, never before.

    Ends a reading transaction first, so that what is read inside is what is written upon. Raises Stale when
    another writer was faster on a versioned record.
    """
    from portal import faults, outbox
    from portal.models import passage, spelling
    from portal.services import events, field_entries

    current = db.session()
    if current.in_transaction():
        current.rollback()
    token = _writing.set(True)
    posted: list[tuple[int, str]] = []
    try:
        yield current
        current.flush()
        field_entries.keep(current)
        events.seal(current)
        spelling.keep(current)
        passage.keep(current)
        faults.reach("K1")
        current.commit()
        posted = current.info.pop("outbox", [])
        faults.reach("K2")
    except StaleDataError as error:
        current.rollback()
        raise Stale() from error
    except BaseException:
        current.rollback()
        raise
    finally:
        current.info.pop("outbox", None)
        current.info.pop("events", None)
        current.info.pop("device_at", None)
        current.info.pop("names", None)
        current.info.pop("passages", None)
        _writing.reset(token)
    if posted:
        outbox.wake(posted)


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session of its own that sees the data as they were at its first question, however long it reads."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(connection) as reading:
            yield reading


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, _record: Any) -> None:
    module = type(connection).__module__
    if "psycopg" in module:
        # PostgreSQL takes some questions for so dear that it compiles them, half a second for what takes milliseconds, or
        # starts further processes, a tenth of a second on a busy machine: ours are many, and each asks for itself.
        for name, value in (("jit", "off"), ("max_parallel_workers_per_gather", "0")):
            connection.execute(f"SELECT set_config('{name}', '{value}', false) FROM pg_settings WHERE name = '{name}'")
        connection.commit()
    if "sqlite" not in module:
        return
    connection.isolation_level = None  # we emit BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "cache_size=-32000",
        "mmap_size=268435456",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _on_begin(connection: Any) -> None:
    if connection.dialect.name != "sqlite":
        return
    if _writing.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.connection.dbapi_connection.execute("BEGIN")  # takes no lock, so it cannot fail
