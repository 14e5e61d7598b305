"""What a record type says about its list: columns, what is searched, filters, orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.orm import Session

from portal.db import UtcDateTime
from portal.i18n import N_, Text
from portal.listing.terms import Word
from portal.models.org import User
from portal.permissions import Permission
from portal.terms import Term
from portal.visibility import Viewer

Condition = ColumnElement[bool]


_AT, _DAY_FROM, _DAY_UNTIL, _SOON_UNTIL, _NEAR_UNTIL = (
    bindparam(name, type_=UtcDateTime()) for name in ("at", "day_from", "day_until", "soon_until", "near_until")
)


@dataclass(frozen=True, slots=True)
class Moments:
    """What filters compare with, as placeholders: statements are built once and filled per request."""

    viewer: Viewer

    at: Any = _AT
    """Now."""
    day_from: Any = _DAY_FROM
    """The beginning of the company's day."""
    day_until: Any = _DAY_UNTIL
    """The end of the company's day."""
    soon_until: Any = _SOON_UNTIL
    """24 hours from now."""
    near_until: Any = _NEAR_UNTIL
    """A quarter of an hour from now."""


@dataclass(frozen=True, slots=True)
class Way:
    """A stretch of a list in its order, such that an index gives it in that order."""

    place: Any
    """What the column to sort by is for these rows."""
    condition: Any = None
    key: Any = None
    """A column of another table that names the rows, when they are found through it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list: which values it needs and how they read in one cell.

    `show` is given the values of `values` in their order. `css` names the cell's place: `cell-title` carries the link, `fill` takes the room, `num`, `cell-due`,
    `cell-foot`, `hide-small`.
    """

    key: str
    label: Text
    values: tuple[Any, ...] = ()
    show: Callable[..., Any] = lambda *values: values[0]
    css: str = "hide-small"
    sort: Any = None
    """The expression to sort by; never NULL. None: not sortable."""
    ways: tuple[Way, ...] = ()
    """Where no single index has the order: the stretches that make it, one after the other, each row in one."""
    moves: bool = False
    """True: what it shows changes with the clock alone. At most one column of a list."""
    hidden: bool = False
    """True: it stands in the list of whoever chose it, not in that of the others."""
    adds_up: bool = True
    """False: its numbers say which one, not how much, as "the second time": nobody asks for their sum."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A named condition. Filters of one group are alternatives, groups narrow each other."""

    key: str
    label: Text
    condition: Callable[[Moments], Condition]
    group: str = ""
    """Empty: a group of its own."""
    heading: Text | None = None
    """A column of its own in the menu; None: among the plain filters."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A column to choose values of: each value is a filter `key.value` in the group `key`."""

    key: str
    label: Text
    column: Any
    terms: type[StrEnum] | None = None
    options: Callable[[Session, User], list[tuple[Any, str]]] | None = None
    """For links: the values to offer with their names."""
    labels: Callable[[str], str] | None = None
    """How a stored value reads, where `terms` is no Term."""
    name_of: Callable[[Session, User, int], str] | None = None
    """For links that are not offered in the menu but may stand in a URL: the name of one value."""

    @property
    def is_link(self) -> bool:
        """Whether the values are numbers of other records."""
        return self.options is not None or self.name_of is not None

    def takes(self, value: str) -> bool:
        """Whether a value of the URL can be meant."""
        if self.is_link:
            return value.isascii() and value.isdecimal() and len(value) < 10
        return any(value == member.value for member in self.terms or ())

    def offered(self, session: Session, user: User) -> list[tuple[str, str]]:
        """The records that can be chosen, with their names."""
        return [(str(value), label) for value, label in self.options(session, user)] if self.options else []

    @property
    def values(self) -> list[tuple[str, str]]:
        """The terms that can be chosen with their labels, in the language of the page."""
        return [(member.value, self.read(member.value)) for member in self.terms or ()]

    def read(self, value: str) -> str:
        """The label of a stored value."""
        if self.labels is not None:
            return self.labels(value)
        return self.terms.show(value) if self.terms is not None and issubclass(self.terms, Term) else value


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that one can ask about beside those of choices and columns.

    `rows` selects the numbers of the records from another table with `column`, where several rows may stand for one
    record: such a field is no group. None: the column is one of the record itself.
    """

    key: str
    label: Text
    column: Any
    rows: Any = None
    choice: Choice | None = None
    averaged: bool = False
    """A number of which people ask for the average, as how long something took, and nobody for the sum."""


@dataclass(frozen=True, slots=True)
class Span:
    """A beginning and an end of a record: a bar of its timeline. Both are days, or both are moments.

    Each is a column of the record itself or a scalar subquery. Where one is missing the other is a point in time.
    """

    label: Text
    start: Any
    end: Any
    runs: bool = False
    """Without an end it runs until now."""
    planned: bool = False
    """What was meant to be: what goes on after its end is late."""

    @property
    def timed(self) -> bool:
        """Whether it says the hour as well."""
        return isinstance(self.start.type, UtcDateTime)


@dataclass(frozen=True, slots=True)
class By:
    """A field to look for a word in that is no column of the record: whose it is. Read as the search reads words."""

    key: str
    label: Text
    places: Callable[[Word], Any]
    """`kinds.search.Places`."""


OPEN_ONLY = frozenset({"open", "overdue", "today", "soon", "unread"})
"""Filters that leave open things only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The list of one record type."""

    kind: str
    """Plural name in URLs: `/records/<kind>`."""
    title: Text
    one: Text
    """What one of them is called."""
    icon: str
    model: Any
    permission: Permission
    columns: tuple[Column, ...]
    order: str
    """Key of the column to sort by unless the URL says otherwise, `-` before it for descending; `id` is when made."""
    urgent_order: str = ""
    """The order instead, where only open things are shown: sorting all that ever was by its clock would cost much."""
    number: Any
    """The column that names the record in its URL."""
    empty: Text
    """What to do when there are none."""
    joins: tuple[tuple[Any, Any], ...] = ()
    """(table, condition) pairs, outer."""
    search: Callable[[Word], Any]
    """Where a typed word is looked for: `kinds.search.Places`."""
    detail: Any = None
    """For rows that hang on other records (`record_kind`, `record_id`): the column that says in short what these say."""
    detail_of: tuple[str, ...] = ()
    """The kinds of these records: their texts lead to the detail."""
    by: tuple[By, ...] = ()
    """Further fields a word can be looked for in, as `kinds.search.whose` makes them."""
    placeholder: Text = field(default_factory=lambda: N_("Name, phone, address, pinyin initials"))
    filters: tuple[Filter, ...] = ()
    choices: tuple[Choice, ...] = ()
    asked: tuple[Asked, ...] = ()
    default_filters: tuple[str, ...] = ()
    create: Permission | None = None
    create_label: Text | None = None
    create_path: str = ""
    link: tuple[Any, ...] = ()
    """For lists whose rows open other records: the columns (kind, number) of these."""
    card: tuple[str, ...] = ()
    """The columns that a card on a board shows between name and foot; empty: the one that takes the room."""
    only: Callable[[Moments], Condition] | None = None
    """What a row must be to stand in the list at all, beside being visible; None: every row."""
    beside: str = ""
    """A template with what else stands in the heading, as buttons that concern all rows."""
    sealed_by: str = ""
    """The column that says that a row is over: where it says something, none of its cells is changed on the spot."""
    spans: tuple[Span, ...] = ()
    """The bars of its timeline; all of days or all of moments. Empty: it has no timeline."""

    lengths: tuple[tuple[str, str], ...] = ()
    """How long what begins at a moment takes in calendars: the key of the column, and the setting with its minutes. Only
    these are appointments: nothing else lies on something else."""
    analysed: tuple[str, ...] = ()
    """The groups of rows and columns that a pivot begins with, a graph with the first of them. Empty: its first term and
    the month of its first time, which say something where these are filled in for what the list usually shows."""

    def order_for(self, filters: tuple[str, ...]) -> str:
        """The order of these filters unless the URL says otherwise."""
        return self.urgent_order if self.urgent_order and not OPEN_ONLY.isdisjoint(filters) else self.order

    @property
    def path(self) -> str:
        """Where the list is."""
        return f"/records/{self.kind}"

    def column(self, key: str) -> Column | None:
        """The column of that key."""
        return next((column for column in self.columns if column.key == key), None)
