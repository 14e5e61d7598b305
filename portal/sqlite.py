"""The SQLite library the portal runs on. Builds before 3.51.3 can corrupt a database in WAL mode and are refused."""

from __future__ import annotations

from types import ModuleType

OLDEST = (3, 51, 3)


class SqliteTooOld(RuntimeError):
    """No SQLite build that is safe for several processes was found; the text says the cure."""


def module() -> ModuleType:
    """The DB-API module with a safe SQLite. Raises SqliteTooOld."""
    try:
        import pysqlite3.dbapi2 as candidate
    except ImportError:
        import sqlite3 as candidate
    if candidate.sqlite_version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise SqliteTooOld(
            f"SQLite {candidate.sqlite_version} can corrupt the database; {needed} or newer is needed:"
            " install the package pysqlite3, or set PORTAL_DATABASE_URL to a PostgreSQL database."
        )
    return candidate
