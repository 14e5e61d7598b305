"""Statements that are asked again and again: made into SQL once per database, then only filled.

Building a statement and looking it up in the library's own store costs more than the database needs to answer it. So
what every page asks stands here: `Prepared(select(...).where(Task.person_id == bindparam("viewer_id")))` at the level
of a module, or from a function that keeps what it made. `rows` gives values as Python knows them, `raw` as the database
gave them, for those who keep what they drew from them; `read` turns the one into the other.

Nothing is flushed before: what was changed in the present transaction must be flushed by whoever changed it. The
driver is asked without the library in between; whoever listens to its cursors hears of it all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, SelectBase, bindparam, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Values = tuple[Any, ...]
Change = Callable[[Any], Any]


@dataclass(slots=True)
class _Form:
    """The statement for one kind of database."""

    sql: str
    order: tuple[str, ...] | None
    """Names in the order of the marks; None where the marks have names."""
    constants: dict[str, Any]
    asked: tuple[tuple[str, Change | None], ...]
    readers: tuple[Change | None, ...] | None = None
    """How each column is read; known after the first answer."""


class Prepared:
    """A SELECT with named placeholders. The statement must not hold placeholders for lists; see `among`."""

    def __init__(self, statement: SelectBase) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def raw(self, session: Session, values: Mapping[str, Any]) -> list[Values]:
        """The rows as the database gives them. `values` may hold more than is asked for."""
        connection = _connection(session)
        form = self._forms.get(connection.dialect.name) or self._form(connection.dialect)
        given = form.constants.copy()
        for name, change in form.asked:
            given[name] = values[name] if change is None else change(values[name])
        filled: Any = given if form.order is None else tuple([given[name] for name in form.order])
        cursor: Any = connection.connection.cursor()
        try:
            for listener in connection.engine.dispatch.before_cursor_execute:
                listener(connection, cursor, form.sql, filled, None, False)
            cursor.execute(form.sql, filled)
            if form.readers is None:
                form.readers = self._readers(connection.dialect, [column[1] for column in cursor.description])
            found: list[Values] = cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _failed(connection, form.sql, filled, error, cursor) from error
        finally:
            cursor.close()
        return found

    def filling(self, session: Session, values: Mapping[str, Any], without: frozenset[str]) -> Values:
        """What fills the question, but for some names: equal fillings have equal answers."""
        dialect = session.get_bind().dialect
        form = self._forms.get(dialect.name) or self._form(dialect)
        return tuple(values[name] for name, _change in form.asked if name not in without)

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[Values]:
        """The rows, read."""
        found = self.raw(session, values)
        read = self.reader(session)
        return [read(row) for row in found]

    def scalar(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first column of the first row; None when there is none."""
        found = self.rows(session, values)
        return found[0][0] if found else None

    def reader(self, session: Session) -> Callable[[Values], Values]:
        """What reads a raw row of a question that was asked before."""
        readers = self._forms[_connection(session).dialect.name].readers
        assert readers is not None
        if not any(readers):
            return tuple

        def read(row: Values) -> Values:
            return tuple([value if each is None else each(value) for each, value in zip(readers, row, strict=True)])

        return read

    def _form(self, dialect: Dialect) -> _Form:
        compiled: Any = self._statement.compile(dialect=dialect)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        asked = {name: _changing(bind.type, dialect) for name, bind in binds.items() if bind.required}
        state = compiled.construct_expanded_state(dict.fromkeys(asked), escape_names=False)
        members = {each: name for name, expanded in state.parameter_expansion.items() for each in expanded}
        constants = {}
        for name, value in state.parameters.items():
            if name not in asked:
                change = _changing(binds[members.get(name, name)].type, dialect)
                constants[name] = _plain(value if change is None else change(value))
        order = tuple(state.positiontup) if state.positiontup is not None else None
        form = _Form(state.statement, order, constants, tuple(asked.items()))
        return self._forms.setdefault(dialect.name, form)  # who made one at the same moment goes on with the same

    def _readers(self, dialect: Dialect, codes: list[Any]) -> tuple[Change | None, ...]:
        columns = list(self._statement.selected_columns)
        return tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, code)
            for column, code in zip(columns, codes, strict=True)
        )


def among(column: Any, name: str, count: int) -> Any:
    """The column is one of so many placeholders, which `filled` fills."""
    return column.in_([bindparam(f"{name}_{place}", type_=column.type) for place in range(count)])


def filled(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """What fills `among`."""
    return {f"{name}_{place}": value for place, value in enumerate(values)}


CONNECTION = "connection"
"""Where a session keeps the connection of its present transaction: asking the library costs as much as a question."""


def _connection(session: Session) -> Connection:
    found: Connection = session.info.get(CONNECTION) or session.connection()
    return found


@event.listens_for(Session, "after_begin")
def _begun(session: Session, _transaction: Any, connection: Connection) -> None:
    session.info[CONNECTION] = connection


@event.listens_for(Session, "after_soft_rollback")
@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, _transaction: Any) -> None:
    session.info.pop(CONNECTION, None)


def _failed(connection: Connection, sql: str, filled: Any, error: Exception, cursor: Any) -> Exception:
    """The error as the library raises it."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]
    found = DBAPIError.instance(
        sql, filled, error, dialect.loaded_dbapi.Error, dialect=dialect, connection_invalidated=lost
    )
    if lost:
        connection.invalidate(error)
    return found


def _changing(column_type: Any, dialect: Dialect) -> Change | None:
    found: Change | None = column_type.dialect_impl(dialect).bind_processor(dialect)
    return found


def _plain(value: Any) -> Any:
    """Members of enumerations as the text they are: each driver has its own idea of them."""
    return str(value) if isinstance(value, str) else value
