"""What hangs on a record: every reference there is, read from the tables themselves, and moving it to another record.

A new table that refers to a customer is found without a word here; so is one with `record_kind` and `record_id`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, UniqueConstraint, and_, func, select, true, tuple_, update
from sqlalchemy.orm import Session

from portal.db import Base
from portal.errors import DomainError
from portal.i18n import N_, Text
from portal.models.attachment import Attachment
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.contract import Payment, PaymentTerm
from portal.models.document import Document
from portal.models.task import DeadlineBreach, Follower, Task
from portal.services.delivery import changed
from portal.services.record_kinds import MODELS

STAYS = {
    "event": "history is never changed",
    "imported_record": "it says which row an import made",
    "notice": "it says what somebody was told at the time",
    "passage": "it is what a record says of itself; whoever looks for what was merged finds the one that is kept",
}
"""Tables whose rows keep naming the record they named, each with the reason."""
BATCH = 400

LABELS: dict[str, Text] = {
    Complaint.__tablename__: N_("Complaints"),
    Consultation.__tablename__: N_("Contacts"),
    Attachment.__tablename__: N_("Files", "attachment"),
    Task.__tablename__: N_("Tasks"),
    Follower.__tablename__: N_("Followers"),
    Document.__tablename__: N_("Printed forms"),
    DeadlineBreach.__tablename__: N_("Missed deadlines"),
    Payment.__tablename__: N_("Payments"),
    PaymentTerm.__tablename__: N_("Instalments"),
}
OTHERS = N_("Other entries")


class Clash(DomainError):
    """Two rows cannot both belong to one record; the sentence names them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A column that names records of a type; `only` narrows the rows to those in which it does."""

    table: Table
    column: Column[Any]
    only: ColumnElement[bool]
    copies: Mapping[str, str] = field(default_factory=dict)
    """Columns that repeat something of the record, and what: {"customer_name": "name"}."""

    @property
    def keys(self) -> list[Column[Any]]:
        """The primary key."""
        return list(self.table.primary_key.columns)

    def of(self, record_id: int) -> ColumnElement[bool]:
        """The rows that name this record."""
        return and_(self.column == record_id, self.only)


def to(model: type[Any]) -> list[Link]:
    """All links to records of a type."""
    target, found = model.__table__, []
    for table in Base.metadata.sorted_tables:
        if table.name in STAYS:
            continue
        for column in table.columns:
            if any(key.column.table is target for key in column.foreign_keys):
                name = f"{column.name.removesuffix('_id')}_name"
                copies = {name: "name"} if name in table.columns and hasattr(model, "name") else {}
                found.append(Link(table, column, true(), copies))
        if "record_kind" in table.columns and "record_id" in table.columns:
            copies = {"record_number": "number"} if "record_number" in table.columns else {}
            found.append(Link(table, table.c.record_id, table.c.record_kind == model.KIND, copies))
    return found


def counts(session: Session, record: Any) -> list[tuple[str, int]]:
    """How much hangs on a record, by what people call it, in the order of the tables."""
    links = to(type(record))
    columns = [select(func.count()).select_from(link.table).where(link.of(record.id)) for link in links]
    numbers = session.execute(select(*(column.scalar_subquery() for column in columns))).one()
    said: Counter[str] = Counter()
    for link, number in zip(links, numbers, strict=True):
        if number:
            said[str(label(link.table.name))] += number
    return list(said.items())


def label(table: str) -> Text:
    """What the rows of a table are called."""
    if table in LABELS:
        return LABELS[table]
    from portal.listing.registry import LISTINGS

    kind = next((kind for kind, model in MODELS.items() if model.__tablename__ == table), "")
    return LISTINGS[kind].title if kind in LISTINGS else OTHERS


# ---------- Moving ----------


def move(session: Session, source: Any, target: Any) -> list[dict[str, Any]]:
    """Let everything that names `source` name `target`; gives what moved, for `put_back`. Raises Clash.

    The two records themselves are left as they are.
    """
    session.flush()
    moved: list[dict[str, Any]] = []
    for link in to(type(source)):
        rows = _rows(session, link, source, target)
        rows = _without_clashes(session, link, rows, source, target)
        groups: dict[tuple[Any, ...], list[Sequence[Any]]] = defaultdict(list)
        copied = list(link.copies)
        for row in rows:
            groups[tuple(row._mapping[name] for name in copied)].append([row._mapping[key.name] for key in link.keys])
        new = {link.column.name: target.id, **{name: getattr(target, of) for name, of in link.copies.items()}}
        for values, keys in groups.items():
            old = {link.column.name: source.id, **dict(zip(copied, values, strict=True))}
            for part in _parts(keys):
                session.execute(update(link.table).where(_named(link.keys, part)).values(new))
            places = [key.name for key in link.keys]
            after = [[new[name] if name == link.column.name else value for name, value in zip(places, key, strict=True)]
                     for key in keys]  # fmt: skip
            moved.append({"table": link.table.name, "column": link.column.name, "keys": after, "old": old, "new": new})
    session.expire_all()
    return moved


def put_back(session: Session, moved: Sequence[Mapping[str, Any]]) -> int:
    """Let what moved name the first record again. Gives how many rows were left, because they changed since."""
    session.flush()
    left = 0
    for group in moved:
        table = Base.metadata.tables[group["table"]]
        keys, column = list(table.primary_key.columns), table.c[group["column"]]
        for part in _parts(group["keys"]):
            where = and_(_named(keys, part), column == group["new"][column.name])
            left += len(part) - changed(session, update(table).where(where).values(dict(group["old"])))
    session.expire_all()
    return left


def _rows(session: Session, link: Link, source: Any, target: Any) -> list[Any]:
    wanted = {column.name: column for column in link.keys}
    wanted |= {name: link.table.c[name] for name in link.copies}
    wanted |= {column.name: column for columns in _unique(link) for column in columns}
    query = select(*wanted.values()).where(link.of(source.id))
    if link.table is type(source).__table__:
        query = query.where(link.table.c.id.not_in([source.id, target.id]))
    return list(session.execute(query.order_by(*link.keys)))


def _unique(link: Link) -> Iterator[list[Column[Any]]]:
    """What must differ between two rows of the link's table, beside the link itself."""
    table = link.table
    keys = [list(table.primary_key.columns)]
    keys += [list(item.columns) for item in table.constraints if isinstance(item, UniqueConstraint)]
    keys += [list(index.columns) for index in table.indexes if index.unique]
    for columns in keys:
        if link.column in columns:
            yield [column for column in columns if column is not link.column]


def _without_clashes(session: Session, link: Link, rows: list[Any], source: Any, target: Any) -> list[Any]:
    """The rows that can move. What only says "follows" stays behind when it is said of the other already."""
    for others in _unique(link) if rows else ():
        names = [column.name for column in others]
        there = {tuple(row) for row in session.execute(select(*others).where(link.of(target.id)))} if others else {()}
        if not others and session.scalar(select(func.count()).select_from(link.table).where(link.of(target.id))) == 0:
            continue
        twice = [row for row in rows if (said := tuple(row._mapping[n] for n in names)) in there and None not in said]
        if twice and "id" in link.table.columns:
            raise Clash(
                N_("%(what)s %(which)s of %(source)s cannot go to %(target)s, which has one like it already.")
                % {
                    "what": str(label(link.table.name)),
                    "which": _called(session, link.table, twice[0]),
                    "source": source.number,
                    "target": target.number,
                }
            )
        rows = [row for row in rows if row not in twice]
    return rows


def _called(session: Session, table: Table, row: Any) -> str:
    """What people call a row: its number, else the inner one."""
    if "number" not in table.columns:
        return str(row._mapping["id"])
    return str(session.scalar(select(table.c.number).where(table.c.id == row._mapping["id"])))


def _named(keys: list[Column[Any]], part: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
    """The rows with these primary keys."""
    if len(keys) == 1:
        return keys[0].in_([key[0] for key in part])
    return tuple_(*keys).in_([tuple(key) for key in part])


def _parts(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]
