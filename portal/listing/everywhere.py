"""A word without a field: found in what is searched (`kinds/search.py`), in the texts of the record, and in the names of
the people that its row shows.

Each of these is gathered or tried by itself (few or many). What few fit in either is gathered from both at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import String, and_, bindparam, inspect, or_, union_all
from sqlalchemy.orm import Session

from portal.listing import passages
from portal.listing.declaration import Condition, Listing
from portal.listing.fields import PASSAGES, fields_of
from portal.listing.kinds import search
from portal.listing.kinds.search import Places, Typed
from portal.listing.terms import Word
from portal.models import passage
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


def look(session: Session, listing: Listing, typed: Typed, *, ordered: bool) -> tuple[Looked, dict[str, str]]:
    """How the words are looked for, and what else fills their conditions. Who counts (not `ordered`) gathers from texts."""
    said = [word for word in typed.words if "said" in word.readings and PASSAGES in fields_of(listing)]
    values, places = dict(typed.values), frozenset(word.place for word in said)
    texts = [values[f"said_{word.place}"] for word in said]
    told: set[int] = set()
    if said and ordered:
        many = passages.said_by_many(session, listing.kind, texts)
        told = {word.place for word, by_many in zip(said, many, strict=True) if by_many}
    if narrow := {word.place for word in typed.narrow} - told:
        told |= places - narrow
    tried = search.many(session, listing.kind, lambda word: places_of(listing, word), typed)
    phrases = {
        f"phrase_{word.place}": passage.phrase(listing.kind, text) for word, text in zip(said, texts, strict=True)
    }
    return Looked(places, tried, frozenset(told)), phrases


def conditions(listing: Listing, words: Sequence[Word], looked: Looked) -> list[Condition]:
    """One condition per word."""
    return [_one(listing, word, looked) for word in words]


def _one(listing: Listing, word: Word, looked: Looked) -> Condition:
    places, model, number = places_of(listing, word), listing.model, word.place
    tried, told = number in looked.tried, number in looked.told
    if number not in looked.said:
        return places.tried() if tried else places.gathered()
    said, phrase, mention = (bindparam(f"{name}_{number}", type_=String()) for name in ("said", "phrase", "mention"))
    if not tried and not told:
        found: Condition = model.id.in_(union_all(*places.parts(), passages.numbers(model, said, phrase)))
        return found
    texts = passages.tried(model, mention) if told else passages.gathered(model, said, phrase)
    return or_(places.tried() if tried else places.gathered(), texts)


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
    table = listing.model.__table__
    served = {next(iter(index.columns)).name for index in table.indexes if len(index.columns)}
    found = [column for joined, on in listing.joins for column in _naming(joined, on) if column.table is table]
    return tuple(column for column in dict.fromkeys(found) if column.name in served)


def _naming(joined: Any, on: Any) -> Iterable[Any]:
    sides = getattr(on, "left", None), getattr(on, "right", None)
    if inspect(joined).mapper.class_ not in (User, Party):
        return ()
    return [side for side in sides if getattr(side, "foreign_keys", None)]
