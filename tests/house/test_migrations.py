"""The migrations build what the models say, on both databases, up and down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

import portal.models  # noqa: F401  every table must be known
from portal import database as structure
from portal.db import Base
from portal.migrations.naming import OPTIONS
from tests import databases

KINDS = ["sqlite", *([pytest.param("postgresql", marks=pytest.mark.postgresql)] if databases.SERVER else [])]


@pytest.fixture(params=KINDS)
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        pair = databases.sqlite_engine(tmp_path / "one.sqlite3"), databases.sqlite_engine(tmp_path / "two.sqlite3")
        yield pair
    else:
        names = [f"portal_test_structure{which}_{os.getpid()}" for which in (1, 2)]
        with (
            databases.postgresql_database(names[0], migrate=False) as one,
            databases.postgresql_database(names[1], migrate=False) as two,
        ):
            pair = create_engine(one), create_engine(two)
            yield pair
            for engine in pair:
                engine.dispose()
    for engine in pair:
        engine.dispose()


def described(engine: Engine) -> dict[str, Any]:
    """The structure in words that can be compared."""
    seen = inspect(engine)
    tables: dict[str, Any] = {}
    for name in seen.get_table_names():
        if name == "alembic_version" or not OPTIONS["include_name"](name, "table", {}):
            continue
        tables[name] = {
            "columns": [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)],
            "primary key": seen.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": sorted(
                (key["constrained_columns"], key["referred_table"], key["referred_columns"])
                for key in seen.get_foreign_keys(name)
            ),
            "unique": sorted((key["name"], key["column_names"]) for key in seen.get_unique_constraints(name)),
            "checks": sorted((key["name"], key["sqltext"]) for key in seen.get_check_constraints(name)),
            "indexes": sorted(
                (index["name"], index["column_names"], bool(index["unique"])) for index in seen.get_indexes(name)
            ),
        }
    return tables


def triggers(engine: Engine) -> list[str]:
    query = {
        "sqlite": "SELECT name || ' ' || sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1",
        "postgresql": "SELECT DISTINCT trigger_name || ' ' || event_object_table FROM information_schema.triggers"
        " UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    }[engine.dialect.name]
    with engine.connect() as connection:
        return [re.sub(r"\s+", " ", row[0]) for row in connection.execute(text(query))]


def declared_keys(name: str) -> list[tuple[list[str], str, list[str]]]:
    """The foreign keys as the models say them."""
    return sorted(
        ([column.name for column in key.columns], key.referred_table.name, [part.column.name for part in key.elements])
        for key in Base.metadata.tables[name].foreign_key_constraints
    )


def test_models_match_migrations(engines: tuple[Engine, Engine]) -> None:
    migrated, created = engines
    structure.upgrade(engine=migrated)
    Base.metadata.create_all(created)
    cure = "write a migration, or run `python -m portal.migrations.remake` while nothing is deployed"
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)
        assert compare_metadata(context, Base.metadata) == [], cure
    wanted = described(created)
    for name, table in wanted.items():  # two tables that name each other: SQLite is told of one of the two by chance
        table["foreign keys"] = declared_keys(name)
    assert described(migrated) == wanted, cure
    assert triggers(migrated) == triggers(created), cure


def test_up_down_and_up_again(engines: tuple[Engine, Engine]) -> None:
    engine, _ = engines
    assert not structure.is_current(engine)
    structure.upgrade(engine=engine)
    assert structure.is_current(engine)
    assert structure.pending(engine) == []
    structure.upgrade(engine=engine)  # nothing to do
    structure.downgrade("base", engine=engine)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    structure.upgrade(engine=engine)
    assert structure.is_current(engine)


def test_the_database_refuses_to_rewrite_history(engines: tuple[Engine, Engine]) -> None:
    engine, _ = engines
    structure.upgrade(engine=engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO event (id, at, kind, data, previous_hash, hash)"
                " VALUES (1, '2026-05-11 02:00:00', 'SYSTEM', '{}', 'a', 'b')"
            )
        )
    for statement in ("UPDATE event SET hash = 'c'", "DELETE FROM event"):
        with pytest.raises(DBAPIError, match="events are never"), engine.begin() as connection:
            connection.execute(text(statement))
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="events are never"), engine.begin() as connection:
            connection.execute(text("TRUNCATE event"))


def test_a_failing_migration_changes_nothing(engines: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.models import event

    engine, _ = engines
    broken = {name: [*statements, "this is not SQL"] for name, statements in event.APPEND_ONLY.items()}
    script = structure.ScriptDirectory.from_config(structure._config())
    module = script.get_revision("0001").module
    monkeypatch.setattr(module, "APPEND_ONLY", broken)
    monkeypatch.setattr(
        structure.ScriptDirectory, "from_config", classmethod(lambda _cls, _config: script), raising=True
    )
    with pytest.raises(DBAPIError):
        structure.upgrade(engine=engine)
    assert inspect(engine).get_table_names() == []


def test_an_index_that_is_made_anew_is_known_to_the_planner(tmp_path: Path) -> None:
    """Where SQLite has looked at its tables; it looks at none by itself."""
    engine = databases.sqlite_engine(tmp_path / "one.sqlite3")
    structure.upgrade(engine=engine)
    known = text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'spelling' AND idx = 'ix_spelling_again'")
    with engine.begin() as connection:
        rows = [{"name": f"{number}"} for number in range(50)]
        connection.execute(text("INSERT INTO spelling (scope, name, text) VALUES ('PERSON', :name, :name)"), rows)
        connection.execute(text("ANALYZE"))
        connection.execute(text("CREATE INDEX ix_spelling_again ON spelling (name)"))
        assert connection.scalar(known) == 0
    structure.upgrade(engine=engine)
    with engine.connect() as connection:
        assert connection.scalar(known) == 1
    engine.dispose()
