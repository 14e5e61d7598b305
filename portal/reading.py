"""Whole records for pages that only read: with all they lead to, in one prepared question, and without the library's books.

`Whole(Complaint, ("customer", "project", "project.property"), {"rounds": ()})` says what a page names. What comes is a record like
any other, its methods and properties work, but no session knows it: nothing asked of it reaches the database, and what
was not named raises instead of being fetched behind the page's back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import bindparam, inspect, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import instance_state

from portal import visibility
from portal.prepared import Prepared, Values

Record = TypeVar("Record")


class Asked(Generic[Record]):
    """A question for records of a type with what the paths lead to, each to one other record.

    `also`: columns that come beside each record; `most`: a placeholder for how many at most.
    """

    def __init__(
        self,
        model: type[Record],
        paths: Sequence[str],
        conditions: Sequence[Any],
        order_by: Any = (),
        *,
        also: Sequence[Any] = (),
        most: Any = None,
    ) -> None:
        parts = [_Part(model, "", "", 0)]
        entities: dict[str, Any] = {"": model}
        columns = _columns(model)
        statement = select().select_from(model)
        for path in paths:
            parent, _dot, name = path.rpartition(".")
            target = inspect(entities[parent]).mapper.relationships[name].mapper.class_
            entities[path] = entity = aliased(target)
            statement = statement.outerjoin(getattr(entities[parent], name).of_type(entity))
            parts.append(_Part(target, path, parent, len(columns)))
            columns += _columns(entity)
        self._parts = parts
        self._own = len(columns)
        statement = statement.add_columns(*columns, *also).where(*conditions).order_by(*order_by)
        self._prepared = Prepared(statement if most is None else statement.limit(most))

    def all(self, session: Session, values: Mapping[str, Any]) -> list[Record]:
        """The records."""
        return [self._made(row) for row in self._prepared.rows(session, values)]

    def beside(self, session: Session, values: Mapping[str, Any]) -> list[tuple[Record, Values]]:
        """The records, each with what else was asked."""
        return [(self._made(row), row[self._own :]) for row in self._prepared.rows(session, values)]

    def _made(self, row: Values) -> Record:
        first, *others = self._parts
        made = {"": first.of(row)}
        for part in others:
            owner = made[part.parent]
            made[part.path] = found = part.of(row) if owner is not None else None
            if owner is not None:
                owner.__dict__[part.name] = found
        record: Record = made[""]
        return record


class _Part:
    """The columns of one record in a row."""

    def __init__(self, model: type[Any], path: str, parent: str, start: int) -> None:
        mapper = inspect(model)
        self.path, self.parent, self.name = path, parent, path.rpartition(".")[2]
        self._new, self._class = mapper.class_manager.new_instance, mapper.class_
        self._keys = [each.key for each in mapper.column_attrs]
        self._start, self._end = start, start + len(self._keys)
        self._own = start + self._keys.index(mapper.get_property_by_column(mapper.primary_key[0]).key)

    def of(self, row: Values) -> Any:
        own = row[self._own]
        if own is None:
            return None
        record: Any = self._new()
        record.__dict__.update(zip(self._keys, row[self._start : self._end], strict=True))
        instance_state(record).key = (
            self._class,
            (own,),
            None,
        )  # known to the database, to no session: nothing is fetched
        return record


def _columns(entity: Any) -> list[Any]:
    return [getattr(entity, each.key) for each in inspect(entity).mapper.column_attrs]


class Whole(Generic[Record]):
    """What a page names of a record: `paths` lead to one other record each, `collections` to many with paths of theirs."""

    def __init__(
        self, model: type[Record], paths: Sequence[str], collections: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.model, self._paths, self._collections = model, tuple(paths), dict(collections or {})
        self._by_number = lru_cache(self._ask)

    def by_number(self, session: Session, user: visibility.Viewer, number: str) -> Record | None:
        """The record of that number if it exists for the person."""
        first, rest = self._by_number(visibility.placeholder(user))
        found = first.all(session, visibility.parameters(user) | {"number": number})
        if not found:
            return None
        record: Any = found[0]
        for name, asked in rest:
            record.__dict__[name] = asked.all(session, {"of": record.id})
        return found[0]

    def _ask(self, viewer: visibility.Placeholder) -> tuple[Asked[Record], tuple[tuple[str, Asked[Any]], ...]]:
        model: Any = self.model
        seen = (visibility.condition(viewer, model), model.number == bindparam("number"))
        return Asked(self.model, self._paths, seen), tuple(map(self._many, self._collections))

    def _many(self, name: str) -> tuple[str, Asked[Any]]:
        relation = inspect(self.model).relationships[name]
        ((_own, theirs),) = relation.local_remote_pairs
        asked = Asked(
            relation.mapper.class_, self._collections[name], (theirs == bindparam("of"),), relation.order_by or ()
        )
        return name, asked
