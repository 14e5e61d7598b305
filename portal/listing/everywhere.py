"""A word without a field: found in what is searched (`kinds/search.py`), in the texts of the record, and in the names of
the people that its row shows.

Each of these is gathered or tried by itself (few or many). What few fit in either is gathered from both at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Select, String, and_, bindparam, inspect, or_, select, union_all
from sqlalchemy.orm import Session

from portal.listing import passages
from portal.listing.declaration import Condition, Listing
from portal.listing.fields import PASSAGES, fields_of
from portal.listing.kinds import search
from portal.listing.kinds.search import Places, Typed
from portal.listing.terms import Word
from portal.models import passage
from portal.models.customer import Customer
from portal.models.org import Party, User
from portal.visibility import standing


@dataclass(frozen=True, slots=True)
class Looked:
    """How words are looked for, each by its place: what is in neither set is gathered."""

    said: frozenset[int] = frozenset()
    """Those that are looked for in texts as well."""
    tried: frozenset[int] = frozenset()
    """Those that many records fit."""
    told: frozenset[int] = frozenset()
    """Those that many texts say."""

    @property
    def walked(self) -> frozenset[int]:
        """Those that do not say by themselves which rows there are."""
        return self.tried | self.told


NOTHING = Looked()


def look(
    session: Session, listing: Listing, typed: Typed, *, ordered: bool, of_a_store: bool
) -> tuple[Looked, dict[str, str]]:
    """How the words are looked for, and what else fills their conditions. Who counts (not `ordered`) gathers from texts;
    `of_a_store`: only the rows of one are shown."""
    kinds = _kinds(listing)
    said = [word for word in typed.words if "said" in word.readings and kinds]
    values, places = dict(typed.values), frozenset(word.place for word in said)
    texts = [values[f"said_{word.place}"] for word in said]
    told: set[int] = set()
    if said and ordered:
        many = passages.said_by_many(session, kinds, texts)
        told = {word.place for word, by_many in zip(said, many, strict=True) if by_many}
    if narrow := {word.place for word in typed.narrow} - told:
        told |= places - narrow
    times = search.times_on_a_page(session, listing.kind, of_a_store=of_a_store)
    tried = search.many(
        session, listing.kind, lambda word: places_of(listing, word), typed, times=times, told=frozenset(told)
    )
    phrases = {
        f"phrase_{word.place}_{at}": passage.phrase(kind, text)
        for word, text in zip(said, texts, strict=True)
        for at, kind in enumerate(kinds)
    }
    return Looked(places, tried, frozenset(told)), phrases


def conditions(listing: Listing, words: Sequence[Word], looked: Looked) -> list[Condition]:
    """One condition per word."""
    return [_one(listing, word, looked) for word in words]


def _one(listing: Listing, word: Word, looked: Looked) -> Condition:
    places, model, number = places_of(listing, word), listing.model, word.place
    tried, told = number in looked.tried, number in looked.told
    few = places.tried() if tried else places.gathered()
    if number not in looked.said:
        return few
    if told:
        return or_(few, _tried(listing, word))
    numbers = _numbers(listing, word)
    found: Condition = model.id.in_(union_all(*([] if tried else places.parts()), *numbers))
    return or_(few, found) if tried else found


def _kinds(listing: Listing) -> tuple[str, ...]:
    """The kinds of record whose texts are looked through."""
    return (*((listing.kind,) if PASSAGES in fields_of(listing) else ()), *listing.detail_of)


def _numbers(listing: Listing, word: Word) -> list[Select[Any]]:
    """The records whose texts say it, found first."""
    from portal.listing.registry import LISTINGS

    model, said, found = listing.model, bindparam(f"said_{word.place}", type_=String()), []
    for at, kind in enumerate(_kinds(listing)):
        phrase = bindparam(f"phrase_{word.place}_{at}", type_=String())
        numbers = passages.numbers(LISTINGS[kind].model, said, phrase)
        if kind != listing.kind:
            here = model.record_kind == kind, model.record_id.in_(numbers), word.within(listing.detail)
            numbers = select(model.id).where(*here).correlate(None)
        found.append(numbers)
    return found


def _tried(listing: Listing, word: Word) -> Condition:
    """Whether the texts say it, asked row by row."""
    mention, found = bindparam(f"mention_{word.place}", type_=String()), []
    if PASSAGES in fields_of(listing):
        found.append(passages.tried(listing.model, mention))
    if listing.detail is not None:
        behind = passages.tried_behind(listing.model, listing.detail_of, mention)
        found.append(and_(word.within(listing.detail), behind))
    return or_(*found)


def places_of(listing: Listing, word: Word) -> Places:
    """Where the list looks for the word, with the people on its rows."""
    places: Places = listing.search(word)
    here = standing(listing.model)  # as the index of a table says it whose records can be merged
    people = [and_(here, named) for column in _people(listing.kind) for named in search.person(word, column)]
    return replace(places, own=(*places.own, *people)) if people else places


@cache
def _people(kind: str) -> tuple[Any, ...]:
    """The columns of the record that name a person whom its row shows, and by which an index finds it."""
    from portal.listing.registry import LISTINGS

    listing = LISTINGS[kind]
    if listing.model is Customer:  # has an owner, one of few, whose name says nothing about which customer is meant
        return ()
    table = listing.model.__table__
    served = {next(iter(index.columns)).name for index in table.indexes if len(index.columns)}
    found = [column for joined, on in listing.joins for column in _naming(joined, on) if column.table is table]
    return tuple(column for column in dict.fromkeys(found) if column.name in served)


def _naming(joined: Any, on: Any) -> Iterable[Any]:
    sides = getattr(on, "left", None), getattr(on, "right", None)
    if inspect(joined).mapper.class_ not in (User, Party):
        return ()
    return [side for side in sides if getattr(side, "foreign_keys", None)]
