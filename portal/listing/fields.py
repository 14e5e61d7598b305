"""The fields one can ask a list about: for conditions of one's own, groups and sums. They follow from its declaration.

A choice is a field of terms or of links; a column that shows a column of the record itself is a field of its type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Date, Integer, Numeric, String
from sqlalchemy.orm import InstrumentedAttribute

from portal.db import UtcDateTime
from portal.i18n import N_, Text
from portal.listing.declaration import Choice, Listing
from portal.listing.terms import Word
from portal.models import passage

PASSAGES = "words"
"""The field of all texts, in the URL."""


class Kind(StrEnum):
    """What a field holds; decides the operators that fit it."""

    TEXT = "text"
    PASSAGES = "passages"
    """All texts of the record, and what was written about it: `portal/models/passage.py`."""
    PLACES = "places"
    """Whose record it is, by name, phone or address: `By` in `declaration.py`."""
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"
    TERM = "term"
    LINK = "link"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the record itself, as people ask about it."""

    key: str
    label: Text
    kind: Kind
    column: Any
    choice: Choice | None = None
    """Where the values come from, for terms and links."""
    adds_up: bool = True
    averaged: bool = False
    """Nobody asks for its sum, but for its average."""
    rows: Any = None
    """Selects the numbers of the records, where `column` stands in other rows than theirs: `declaration.Asked`."""
    places: Callable[[Word], Any] | None = None
    """Where a word is looked for, when it is no column."""

    @property
    def is_person(self) -> bool:
        """Whether it names a person with a login, so that it can be oneself."""
        return any(key.column.table.name == "user" for key in getattr(self.column, "foreign_keys", ()))

    @property
    def is_grouping(self) -> bool:
        """Whether rows can be put together by it."""
        return self.rows is None and self.kind in (Kind.TERM, Kind.LINK, Kind.YES, Kind.DAY, Kind.MOMENT)

    @property
    def is_measure(self) -> bool:
        """Whether it can be summed."""
        return self.kind is Kind.NUMBER and self.adds_up


def fields_of(listing: Listing) -> dict[str, Field]:
    """The fields of a list by key, choices first."""
    return _fields(listing.kind)


@cache
def _fields(kind: str) -> dict[str, Field]:
    from portal.listing.registry import LISTINGS

    listing = LISTINGS[kind]
    found = {
        choice.key: Field(choice.key, choice.label, Kind.LINK if choice.is_link else Kind.TERM, choice.column, choice)
        for choice in listing.choices
    }
    taken = {_name(field.column) for field in found.values()}
    for column in listing.columns:
        own = [value for value in column.values if _is_own(value, listing.model)]
        if not own or column.key in found or _name(own[0]) in taken or column.moves:
            continue
        known = _kind(own[0])
        if known is not None:
            found[column.key] = Field(column.key, column.label, known, own[0], adds_up=column.adds_up)
            taken.add(_name(own[0]))
    for each in listing.asked:
        asked = Kind.TERM if each.choice is not None else _kind(each.column)
        if asked is not None:
            found[each.key] = Field(
                each.key, each.label, asked, each.column, each.choice, not each.averaged, each.averaged, each.rows
            )
    for by in listing.by:
        found[by.key] = Field(by.key, by.label, Kind.PLACES, listing.model.id, places=by.places)
    if getattr(listing.model, "KIND", "") == kind and passage.fields(listing.model):
        found[PASSAGES] = Field(PASSAGES, N_("Full text and notes"), Kind.PASSAGES, listing.model.id)
    return found


def _is_own(value: Any, model: Any) -> bool:
    return isinstance(value, InstrumentedAttribute) and value.class_ is model


def _name(column: Any) -> str:
    return str(getattr(column, "key", column))


def _kind(column: Any) -> Kind | None:
    for sql_type, kind in (
        (UtcDateTime, Kind.MOMENT), (Date, Kind.DAY), (Boolean, Kind.YES), (Integer, Kind.NUMBER),
        (Numeric, Kind.NUMBER), (String, Kind.TEXT),
    ):  # fmt: skip
        if isinstance(column.type, sql_type):
            return kind
    return None
