"""The full text of records: what each says in its own fields, and what people wrote about it, found by any part of it.

A passage is kept in pairs of neighbouring signs, so two signs are enough to look for and longer parts cost no more.
SQLite keeps the pairs in a full-text index of its own, PostgreSQL in an index over a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import islice, pairwise
from typing import Any, cast

from sqlalchemy import (
    DDL,
    Index,
    String,
    Text,
    case,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from portal import hanzi
from portal.models.base import Base, BigId, Record
from portal.models.complaint import Complaint, ComplaintRound
from portal.models.consultation import Consultation
from portal.models.event import Event, EventKind
from portal.models.task import OWN_WORDS, Task

PORTION = 2000
MERGED_PAGES = 250
"""Pages of SQLite's index, of four kilobytes, that are put together in one go."""
MORE: dict[type[Any], tuple[str, ...]] = {
    Complaint: ("subject", "responsible", "historical_result"),
    Consultation: ("promise", "further_need"),
    Task: ("title",),
}
"""Short texts that are looked through as well; every `Text` column of a record is. Of a task the title counts where
somebody wrote it."""
PARTS: dict[type[Any], tuple[type[Any], str]] = {ComplaintRound: (Complaint, "complaint_id")}
"""Rows that belong to a record, and the column that names it."""
SAID = (EventKind.NOTE, EventKind.MESSAGE, EventKind.CALL)
"""Events that people wrote."""
Key = tuple[str, int, int]
"""Record kind, record and place of a passage."""


class Passage(Base):
    """A text of a record."""

    __tablename__ = "passage"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    place: Mapped[int] = mapped_column(BigId)
    """0: the record's own fields; above: the number of the event in which it was written; below: of the part, negated."""
    text: Mapped[str] = mapped_column(Text)
    """As people read it, a line for each field."""
    folded: Mapped[str | None] = mapped_column(Text)
    """As it is compared (`hanzi.folded`); None: just the same."""

    __table_args__ = (Index("uq_passage_place", "record_kind", "record_id", "place", unique=True),)


INDEX = {
    "sqlite": [
        "CREATE VIRTUAL TABLE passage_pair USING fts5(pairs, content='', contentless_delete=1, tokenize='ascii')",
        "CREATE TRIGGER passage_gone AFTER DELETE ON passage BEGIN DELETE FROM passage_pair WHERE rowid = old.id; END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION passage_pairs(kind text, said text) RETURNS text[]"
        " LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$"
        " SELECT coalesce(array_agg(DISTINCT one || two || kind), '{}') FROM"
        " (SELECT sign AS one, lead(sign) OVER (ORDER BY place) AS two"
        " FROM unnest(string_to_array(said, NULL)) WITH ORDINALITY AS signs (sign, place)) AS pairs"
        " WHERE two IS NOT NULL $$",
        "CREATE INDEX ix_passage_pairs ON passage"
        " USING gin (passage_pairs(record_kind::text, coalesce(folded, text))) WITH (fastupdate = off)",
    ],
}
"""What models cannot say; the migration runs these too."""

for _dialect, _statements in INDEX.items():
    for _statement in _statements:
        event.listen(Passage.__table__, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect))


# ---------- Pairs ----------

_MARKS = {code: 0xE000 + code for code in range(128) if not chr(code).isalnum()}
"""What would part words for SQLite, as signs that do not."""


def pairs(kind: str, folded: str) -> str:
    """The pairs of a text as SQLite keeps them: each with the kind of its record, so that one kind is looked through."""
    mark = kind.replace("-", "")
    return " ".join([f"{one}{two}{mark}" for one, two in pairwise(folded.translate(_MARKS))])


def phrase(kind: str, folded: str) -> str:
    """What SQLite is asked for: these pairs, one after the other."""
    return f'"{pairs(kind, folded)}"'


# ---------- What is written ----------


def fields(model: type[Any]) -> tuple[str, ...]:
    """The texts of a record type, or of a part; empty: it has none."""
    return _fields(cast(Any, model))


@cache
def _fields(model: Any) -> tuple[str, ...]:
    if not (issubclass(model, (Record, Task)) and hasattr(model, "KIND")) and model not in PARTS:
        return ()
    long = [column.key for column in inspect(model).column_attrs if isinstance(column.columns[0].type, Text)]
    return (*MORE.get(model, ()), *long)


def models() -> dict[str, type[Any]]:
    """The record types that have texts, by kind."""
    mapped = [mapper.class_ for mapper in Base.registry.mappers]
    return {model.KIND: model for model in mapped if model not in PARTS and fields(model)}


def _key(model: type[Any], record: Any) -> Key:
    if model in PARTS:
        owner, column = PARTS[model]
        return owner.KIND, getattr(record, column), -record.id
    return model.KIND, record.id, 0


def _columns(model: type[Any]) -> list[Any]:
    """The texts as a statement reads them."""
    columns = {name: getattr(model, name) for name in fields(model)}
    if model is Task:
        columns["title"] = case((Task.kind.in_(sorted(OWN_WORDS)), Task.title))
    return list(columns.values())


def _words(model: type[Any], value: Callable[[str], Any]) -> str:
    """The texts of a record, joined, by what gives the values of its columns."""
    is_hidden = model is Task and value("kind") not in OWN_WORDS
    return _joined(value(name) for name in fields(model) if not (is_hidden and name == "title"))


def _joined(texts: Iterable[str | None]) -> str:
    return "\n".join(said for each in texts if each and (said := hanzi.plain(each)))


def _event_text(data: Any) -> str:
    said = data.get("text") if isinstance(data, dict) else None
    return _joined([said]) if isinstance(said, str) else ""


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: Any) -> None:
    """Remember the texts that were just written; of what was changed the record, to be read at the end."""
    noted: dict[Key, Any] = session.info.setdefault("passages", {})
    for record in session.new:
        model = type(record)
        if model is Event:
            if record.kind in SAID and record.record_kind and record.record_id and (said := _event_text(record.data)):
                noted[record.record_kind, record.record_id, record.id] = (said, True)
        elif fields(model) and (said := _words(model, record.__dict__.get)):
            noted[_key(model, record)] = (said, True)
    for record in session.dirty:
        names = fields(type(record))
        if any(inspect(record).attrs[name].history.has_changes() for name in names):
            key = _key(type(record), record)
            noted[key] = (record, noted[key][1] if key in noted else False)
    for record in session.deleted:
        if fields(type(record)):
            noted[_key(type(record), record)] = ("", False)


def keep(session: Session) -> None:
    """Write down the texts that this transaction changed. After the events are sealed, right before the commit."""
    noted: dict[Key, Any] = session.info.pop("passages", {})
    said = {
        key: (value if isinstance(value, str) else _words(type(value), partial(getattr, value)), new)
        for key, (value, new) in noted.items()
    }
    old = [key for key, (_text, new) in said.items() if not new]
    known: dict[Key, int] = {}
    for part in _portions(iter(old), 300):
        place = tuple_(Passage.record_kind, Passage.record_id, Passage.place)
        found = session.execute(
            select(Passage.id, Passage.record_kind, Passage.record_id, Passage.place).where(place.in_(part))
        )
        known |= {(kind, record, at): number for number, kind, record, at in found}
    fresh = [(key, words) for key, (words, _new) in said.items() if words and key not in known]
    if fresh:
        _add(session, fresh)
    for key, number in known.items():
        words = said[key][0]
        if not words:
            session.execute(delete(Passage).where(Passage.id == number))
            continue
        folded = hanzi.folded(words)
        values = {"text": words, "folded": folded if folded != words else None}
        session.execute(update(Passage).where(Passage.id == number).values(values))
        _index(session, [(number, key[0], folded)])


def fill(session: Session) -> None:
    """Write down all texts that are missing: after very many rows were written past the models."""
    if is_server := session.get_bind().dialect.name == "postgresql":
        session.execute(text("DROP INDEX ix_passage_pairs"))  # made anew faster than kept
    for model in (*models().values(), *PARTS):
        owner, column = PARTS.get(model, (model, "id"))
        place = -model.id if model in PARTS else 0
        link = getattr(model, column)
        columns = _columns(model)
        known = select(Passage.id).where(
            Passage.record_kind == owner.KIND, Passage.record_id == link, Passage.place == place
        )
        rows = select(model.id, link, *columns).where(~known.exists())
        _fill(session, model.id, rows, lambda row, kind=owner.KIND, part=model in PARTS: (
            (kind, row[1], -row[0] if part else 0), _joined(row[2:])
        ))  # fmt: skip
    known = select(Passage.id).where(
        Passage.record_kind == Event.record_kind, Passage.record_id == Event.record_id, Passage.place == Event.id
    )
    rows = select(Event.id, Event.record_kind, Event.record_id, Event.data).where(
        Event.kind.in_(SAID), Event.record_id.is_not(None), ~known.exists()
    )
    _fill(session, Event.id, rows, lambda row: ((row[1], row[2], row[0]), _event_text(row[3])))
    if is_server:
        session.execute(text(INDEX["postgresql"][1]))
    is_more = put_together(session, begin=True)
    while is_more:
        is_more = put_together(session, begin=False)


def put_together(session: Session, *, begin: bool) -> bool:
    """Put a part of SQLite's index together, which grows in pieces that each question has to look into; True: that was
    not all. `begin`: with the first part of a round. A part takes some milliseconds at any size.
    """
    if session.get_bind().dialect.name != "sqlite":
        return False  # PostgreSQL's index is one
    before = session.scalar(_CHANGES)
    session.execute(_MERGE, {"pages": -MERGED_PAGES if begin else MERGED_PAGES})
    return bool(session.scalar(_CHANGES) - before >= 2)  # fewer: there was nothing left to do


_CHANGES = text("SELECT total_changes()")
_MERGE = text("INSERT INTO passage_pair (passage_pair, rank) VALUES ('merge', :pages)")


def _fill(session: Session, key: InstrumentedAttribute[int], rows: Any, read: Any) -> None:
    last = 0
    while found := session.execute(rows.where(key > last).order_by(key).limit(PORTION)).all():
        last = found[-1][0]
        texts = [each for each in map(read, found) if each[1]]
        if texts:
            _add(session, texts)


def _add(session: Session, texts: Sequence[tuple[Key, str]]) -> None:
    """New passages, with their pairs."""
    rows: list[dict[str, Any]] = []
    for (kind, record, place), words in texts:
        folded = hanzi.folded(words)
        rows.append(
            {
                "record_kind": kind, "record_id": record, "place": place,
                "text": words, "folded": folded if folded != words else None,
            }
        )  # fmt: skip
    if session.get_bind().dialect.name != "sqlite":
        session.execute(insert(Passage), rows)
        return
    table: Any = Passage.__table__
    if len(rows) == 1:
        rows[0]["id"] = session.execute(insert(table).returning(Passage.id), rows[0]).scalar_one()
    else:
        last = session.scalar(select(func.max(Passage.id))) or 0  # the only writer there is
        for number, row in enumerate(rows, last + 1):
            row["id"] = number
        session.execute(insert(table), rows)
    _index(session, [(row["id"], row["record_kind"], row["folded"] or row["text"]) for row in rows])


def _index(session: Session, texts: Sequence[tuple[int, str, str]]) -> None:
    """SQLite is told the pairs; PostgreSQL finds them itself."""
    if session.get_bind().dialect.name == "sqlite":
        statement = text("INSERT OR REPLACE INTO passage_pair (rowid, pairs) VALUES (:id, :pairs)")
        session.execute(statement, [{"id": number, "pairs": pairs(kind, folded)} for number, kind, folded in texts])


def _portions(keys: Iterator[Key], size: int) -> Iterator[list[Key]]:
    while part := list(islice(keys, size)):
        yield part
