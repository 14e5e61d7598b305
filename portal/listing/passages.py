"""Looking through the texts of records: which records say something, for conditions and for the palette.

What few records say is gathered by the index of pairs; what many say is tried on each row while the list is walked in
its order, as with words (`kinds/search.py`). Whoever counts gathers: that costs what is found, and counting stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Boolean, Integer, Select, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.functions import GenericFunction

from portal import hanzi
from portal.listing import terms
from portal.listing.kinds.search import FEW
from portal.models import passage
from portal.models.base import Mergeable
from portal.models.passage import Passage
from portal.visibility import Condition

SHORTEST = terms.SHORTEST
"""Signs that are needed to look for."""


def asked(kind: str, said: str) -> list[str]:
    """What fills the three placeholders of a question: the text, its pairs for SQLite, its pattern."""
    return [said, passage.phrase(kind, said), terms.pattern(said)]


def meant(text: str) -> str:
    """What was typed, as texts are compared; too short texts cannot be looked for."""
    return hanzi.folded(terms.normalised(text))


class saying(GenericFunction[int]):
    """The numbers of the records that say it: (kind, table of what can be merged, text, pairs)."""

    type = Integer()
    inherit_cache = True


def _source(element: Any, compiler: Any, **kw: Any) -> tuple[str, str, str]:
    kind, table, said, phrase = element.clauses
    match = {"sqlite": phrase, "postgresql": said}[compiler.dialect.name]
    return kind.value, table.value, compiler.process(match, **kw)


def _records(table: str) -> tuple[str, str]:
    """Which record a passage belongs to. What was written about one that was merged is found at the one that is kept."""
    if not table:
        return "passage.record_id", ""
    joined = f' JOIN "{table}" AS said_of ON said_of.id = passage.record_id'
    return "coalesce(said_of.merged_into_id, said_of.id)", joined


_OWN = " AND (said_of.merged_into_id IS NULL OR passage.place > 0)"


@compiles(saying, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    _kind, table, phrase = _source(element, compiler, **kw)
    record, joined = _records(table)
    found = f"passage_pair CROSS JOIN passage ON passage.id = passage_pair.rowid{joined}"
    return f"(SELECT {record} AS record_id FROM {found} WHERE passage_pair MATCH {phrase}{_OWN if table else ''})"


@compiles(saying, "postgresql")
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    kind, table, said = _source(element, compiler, **kw)
    record, joined = _records(table)
    return f"(SELECT {record} AS record_id FROM passage{joined} WHERE {_match(kind, said)}{_OWN if table else ''})"


def _match(kind: str, said: str) -> str:
    """The condition that PostgreSQL's index serves, and that the pairs stand one after the other."""
    written, wanted = "coalesce(passage.folded, passage.text)", f"CAST({said} AS text)"
    return (
        f"passage_pairs(CAST(passage.record_kind AS text), {written}) @> passage_pairs('{kind}', {wanted})"
        f" AND strpos({written}, {wanted}) > 0"
    )


def gathered(model: Any, said: Any, phrase: Any) -> Condition:
    """The records that say it, found first."""
    among = model.id.op("IN", is_comparison=True, return_type=Boolean())
    return cast(Condition, among(_saying(model, said, phrase)))


def numbers(model: Any, said: Any, phrase: Any) -> Select[Any]:
    """The numbers of the records that say it, to be put together with those found elsewhere."""
    return select(_saying(model, said, phrase).table_valued("record_id").c.record_id)


def _saying(model: Any, said: Any, phrase: Any) -> saying:
    table = model.__tablename__ if issubclass(model, Mergeable) else ""
    return saying(literal(model.KIND), literal(table), said, phrase)


def tried(model: Any, pattern: Any) -> Condition:
    """Whether the record of a row says it: asked row by row, so not as an EXISTS that PostgreSQL would turn around."""
    written = Passage.record_kind == model.KIND, func.coalesce(Passage.folded, Passage.text).like(pattern, escape="/")

    def is_one(query: Any) -> Condition:
        return cast(Condition, query.correlate(model.__table__).limit(1).scalar_subquery().is_not(None))

    mine = is_one(select(Passage.id).where(*written, Passage.record_id == model.id))
    if not issubclass(model, Mergeable):
        return mine
    other: Any = aliased(model)
    merged = select(Passage.id).join(other, other.id == Passage.record_id)
    return or_(mine, is_one(merged.where(*written, Passage.place > 0, other.merged_into_id == model.id)))


def tried_behind(model: Any, kinds: Sequence[str], pattern: Any) -> Condition:
    """Whether the record of one of the kinds that a row hangs on says it: asked row by row."""
    written = func.coalesce(Passage.folded, Passage.text).like(pattern, escape="/")
    there = Passage.record_kind == model.record_kind, Passage.record_id == model.record_id
    query = select(Passage.id).where(*there, Passage.record_kind.in_(kinds), written).correlate(model.__table__)
    return cast(Condition, query.limit(1).scalar_subquery().is_not(None))


_COUNT = {
    "sqlite": "SELECT count(*) FROM (SELECT 1 FROM passage_pair WHERE passage_pair MATCH ? LIMIT {most}) AS few",
    "postgresql": "SELECT count(*) FROM (SELECT 1 FROM passage WHERE {match} LIMIT {most}) AS few",
}


def counts(session: Session, kinds: Sequence[str], said: str, most: int) -> list[int]:
    """How many passages of each kind say it, at most `most`; in one question."""
    return _counted(session, [(kind, said) for kind in kinds], most)


def _counted(session: Session, wanted: Sequence[tuple[str, str]], most: int) -> list[int]:
    connection = session.connection()
    form = _COUNT[connection.dialect.name]
    parts = [form.format(most=most, match=_match(kind, f"%(said_{at})s")) for at, (kind, _said) in enumerate(wanted)]
    filled: Any = {f"said_{at}": said for at, (_kind, said) in enumerate(wanted)}
    if connection.dialect.name == "sqlite":
        filled = tuple(passage.phrase(kind, said) for kind, said in wanted)
    columns = ", ".join(f"({part})" for part in parts)
    return list(connection.exec_driver_sql(f"SELECT {columns}", filled).one()) if wanted else []


def fits_many(session: Session, kind: str, said: str) -> bool:
    """Whether more passages say it than are gathered."""
    return said_by_many(session, [kind], [said]) == [True]


def said_by_many(session: Session, kinds: Sequence[str], texts: Sequence[str]) -> list[bool]:
    """Of each of the texts, whether more passages of one of the kinds say it than are gathered; in one question."""
    counts = _counted(session, [(kind, said) for said in texts for kind in kinds], FEW + 1)
    return [max(counts[at : at + len(kinds)]) > FEW for at in range(0, len(counts), len(kinds))]


def around(texts: Sequence[str], said: str, *, before: int = 12, length: int = 40) -> str:
    """The place in the texts where it stands, with some signs before and behind; empty: in none of them."""
    for text in texts:
        at = hanzi.folded(text).find(said)
        if at >= 0:
            line = text.rfind("\n", 0, at) + 1
            start = max(line, at - before)
            end = min((text + "\n").find("\n", at + len(said)), start + length)
            return f"{'…' if start > line else ''}{text[start:end]}{'…' if text[end : end + 1] not in ('', chr(10)) else ''}"
    return ""
