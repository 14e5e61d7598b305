"""Rows in bulk: numbers of rows, record numbers, the chain of events and the fastest insert that each database has.

Nothing here knows the business. Rows are dictionaries that all have the same keys per table; the types of the columns
turn values into what the database keeps, so that what is written reads like what a service wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from operator import itemgetter
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.orm import Session

from portal import clock
from portal.models.event import Event, EventHead
from portal.services import events, numbering

Row = dict[str, Any]
Memory = dict[Any, dict[Any, Any]]
"""Moments and days as the database keeps them, by type and value."""
BLOCK = 1000
"""Row numbers that are taken from PostgreSQL in one go."""


class Said(NamedTuple):
    """An event as the chain reads it: the same names as the table's columns."""

    id: int
    at: datetime
    kind: str
    action: str | None
    actor_id: int | None
    acted_by_id: int | None
    acted_at: datetime | None
    record_kind: str
    record_id: int
    record_number: str
    customer_id: int | None
    project_id: int | None
    data: dict[str, Any]
    previous_hash: str


class Keys:
    """Row numbers for one table. PostgreSQL's sequences give them, SQLite's follow the last row."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._held: Iterator[int] = iter(())

    def renew(self, session: Session) -> None:
        """Called at the start of each transaction: somebody may have written since the last one."""
        self._session = session
        if session.get_bind().dialect.name == "sqlite":
            self._held = iter(())

    def take(self) -> int:
        """The next row number."""
        key = next(self._held, None)
        if key is None:
            self._held = self._more()
            key = next(self._held)
        return key

    def _more(self) -> Iterator[int]:
        if self._session.get_bind().dialect.name == "sqlite":
            last = self._session.scalar(select(func.max(self.table.c.id))) or 0
            return iter(range(last + 1, 2**62))
        sequence = select(func.nextval(func.pg_get_serial_sequence(f'"{self.table.name}"', "id")))
        return iter(self._session.scalars(sequence.select_from(func.generate_series(1, BLOCK).alias())).all())


class Bulk:
    """What one transaction will write. Tables are written in the order in which they were named first."""

    def __init__(self, order: tuple[type[Any], ...]) -> None:
        self.keys = {model: Keys(model.__table__) for model in order}
        self.rows: dict[type[Any], list[Row]] = {model: [] for model in order}
        self._events: list[tuple[datetime, str, str | None, Row, str, Row]] = []

    def begin(self, session: Session) -> None:
        """Start a transaction's worth."""
        self.session = session
        for keys in self.keys.values():
            keys.renew(session)
        for rows in self.rows.values():
            rows.clear()
        self._events.clear()

    def add(self, model: type[Any], row: Row) -> Row:
        """Keep a row to be written; it is given its `id` at once and, if it is a record, its number in `write`."""
        row["id"] = self.keys[model].take()
        self.rows[model].append(row)
        return row

    def say(self, at: datetime, kind: str, action: str | None, record_kind: str, record: Row, **rest: Any) -> None:
        """Keep an event about a record. `rest`: actor_id, acted_by_id, acted_at, data."""
        self._events.append((at, kind, action, rest, record_kind, record))

    def write(self) -> None:
        """Number the records, chain the events, and write everything."""
        connection = self.session.connection()
        memory: Memory = {datetime: {}, date: {}}
        for model, rows in self.rows.items():
            if hasattr(model, "PREFIX") and rows:
                self._number(model.PREFIX, rows)
        for model, rows in self.rows.items():
            for row in rows:
                record = row.pop("record", None)
                if record is not None:
                    row["record_number"] = record["number"]
            insert(connection, cast(Table, model.__table__), rows, memory)
        self._seal(connection, memory)

    def _number(self, prefix: str, rows: list[Row]) -> None:
        """Record numbers by the company's year in which each record was made."""
        by_year: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            by_year[clock.today(row["created_at"]).year].append(row)
        for of_year in by_year.values():
            numbers = numbering.next_numbers(self.session, prefix, of_year[0]["created_at"], len(of_year))
            for row, number in zip(of_year, numbers, strict=True):
                row["number"] = number

    def _seal(self, connection: Connection, memory: Memory) -> None:
        """Chain the events in the order of time behind the last one, with the hash that the audit checks."""
        if not self._events:
            return
        self._events.sort(key=itemgetter(0))
        head = self.session.scalars(
            select(EventHead).where(EventHead.id == 1).with_for_update().execution_options(populate_existing=True)
        ).one_or_none()
        if head is None:
            head = EventHead(id=1, last_id=0, last_hash=events.GENESIS)
            self.session.add(head)
        last_id, last_hash = head.last_id, head.last_hash
        rows = []
        for at, kind, action, rest, record_kind, record in self._events:
            last_id += 1
            said = Said(
                last_id, at, kind, action, rest.get("actor_id"), rest.get("acted_by_id"), rest.get("acted_at"),
                record_kind, record["id"], record["number"],
                record["id"] if record_kind == "customers" else record.get("customer_id"),
                record["id"] if record_kind == "projects" else record.get("project_id"),
                rest.get("data") or {}, last_hash,
            )  # fmt: skip
            last_hash = events.digest(cast(Event, said))
            rows.append({**said._asdict(), "hash": last_hash})
        insert(connection, cast(Table, Event.__table__), rows, memory)
        head.last_id, head.last_hash = last_id, last_hash


def insert(connection: Connection, table: Table, rows: list[Row], memory: Memory) -> None:
    """Write rows of equal keys: COPY on PostgreSQL, one prepared statement on SQLite."""
    if not rows:
        return
    names = list(rows[0])
    columns: list[Any] = list(zip(*map(itemgetter(*names), rows), strict=True))
    for column in table.columns:  # what a column starts with when nobody says
        default: Any = column.default
        if column.name not in rows[0] and default is not None and default.is_scalar:
            names.append(column.name)
            columns.append((default.arg,) * len(rows))
    for place, name in enumerate(names):
        change = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if change is not None:
            columns[place] = _changed(columns[place], change, memory)
    quote = connection.dialect.identifier_preparer.quote
    named = ", ".join(quote(name) for name in names)
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        raw.executemany(f"INSERT INTO {quote(table.name)} ({named}) VALUES ({marks})", zip(*columns, strict=True))
        return
    with raw.cursor() as cursor, cursor.copy(f"COPY {quote(table.name)} ({named}) FROM STDIN") as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)


def _changed(values: tuple[Any, ...], change: Any, memory: Memory) -> list[Any]:
    """Values as the database keeps them. Moments and days repeat, and are the same objects: each is changed once."""
    sort = next((type(value) for value in values if value is not None), None)
    if sort not in (datetime, date):
        return [change(value) for value in values]
    known = memory[sort]
    known[None] = None
    for value in set(values) - known.keys():
        known[value] = change(value)
    return [known[value] for value in values]


def let_planner_look(connection: Connection) -> None:
    """Let the planner know what is there now."""
    connection.execute(text("ANALYZE"))
