"""How the database goes about a statement: which large tables it reads from end to end, and in how many steps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

LARGE = frozenset(
    [
        "customer",
        "property",
        "project",
        "contract",
        "payment",
        "payment_term",
        "quotation",
        "consultation",
        "complaint",
        "complaint_department",
        "complaint_round",
        "task",
        "deadline_breach",
        "event",
    ]
)
"""Tables that grow with the years. The others hold what fits on a page or two."""
LARGEST = frozenset(("customer", "property", "project", "contract", "payment", "payment_term", "event"))
"""PostgreSQL rightly reads a table of a few thousand rows whole; these are larger in every test."""
STEP = 100
"""SQLite tells how far it is each so many instructions."""


def scans(connection: Connection, statement: str, filled: Any) -> set[str]:
    """The large tables that are read whole: without an index, and not only until a page is full."""
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        lines = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", filled)]
        names = _names(statement)
        sorts = any("TEMP B-TREE FOR ORDER BY" in line for line in lines)
        found = {
            names.get(match[1], match[1])
            for line in lines
            if (match := re.match(r"SCAN (\w+)(?! USING| VIRTUAL)", line)) and "USING" not in line
        }
        return found & LARGE if sorts or "LIMIT" not in statement else set()
    with raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", filled)
        plan = cursor.fetchone()[0]
    top = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
    return {
        node["Relation Name"] for node, ends in _nodes(top) if node["Node Type"] == "Seq Scan" and not ends
    } & LARGEST


def _names(statement: str) -> dict[str, str]:
    """Aliases and what they stand for."""
    return {alias: table for table, alias in re.findall(r'(?:FROM|JOIN) "?(\w+)"? AS "?(\w+)"?', statement)}


def _nodes(plan: dict[str, Any], ends: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each node, and whether it stops as soon as a page is full."""
    yield plan, ends
    kind = plan["Node Type"]
    for child in plan.get("Plans", ()):
        goes_on = kind in {"Sort", "Aggregate", "Hash", "Materialize"}
        yield from _nodes(child, (ends or kind == "Limit") and not goes_on)


def steps(connection: Connection, statement: str, filled: Any) -> int:
    """What the statement costs, the same on every computer, however busy: instructions of SQLite's machine, pages that
    PostgreSQL looks at."""
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite":
        with raw.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", filled)
            plan = cursor.fetchone()[0]
        top = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
        return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
    count = 0

    def tick() -> int:
        nonlocal count
        count += STEP
        return 0

    raw.set_progress_handler(tick, STEP)
    try:
        raw.execute(statement, filled).fetchall()
    finally:
        raw.set_progress_handler(None, 0)
    return count
