"""What the URL of a list says: search, filters, order, place. Anything unreadable is left out and said."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlencode

from portal.db import UtcDateTime
from portal.i18n import N_, Text
from portal.listing import criteria
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.terms import normalised
from portal.metrics import lists

VIEWS = ("list", "kanban", "calendar", "timeline", "pivot", "graph", "tasks")
"""What a list can be looked at as; the same rows in each."""
OPTIONS = ("group", "open", "rows", "columns", "measure", "order", "chart", "span", "day", "pick")
"""What views keep in the URL beside the rows; each view reads its own and leaves out what it cannot read."""
MAX_OPTION = 400
MAX_FILTERS = 30
MAX_CURSOR = 600


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the sort value and number of a row, and how many rows stand before the page."""

    value: Any
    id: int
    before: int

    def text(self) -> str:
        """The place as it stands in the URL."""
        if isinstance(self.value, datetime):
            kept: Any = ["t", self.value.isoformat()]
        elif isinstance(self.value, date):
            kept = ["y", self.value.isoformat()]
        elif isinstance(self.value, Decimal):
            kept = ["d", str(self.value)]
        else:
            kept = ["", self.value]
        packed = json.dumps([*kept, self.id, self.before], separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, python_type: type[Any]) -> Cursor | None:
        """The place a URL means; None when it was tampered with or belongs to another order."""
        if len(text) > MAX_CURSOR:
            return None
        try:
            kind, value, number, before = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if kind == "t":
                value = datetime.fromisoformat(value)
            elif kind == "y":
                value = date.fromisoformat(value)
            elif kind == "d":
                value = Decimal(value)
        except (ValueError, TypeError, binascii.Error, InvalidOperation):
            return None
        fits = isinstance(value, python_type) and not isinstance(value, bool)
        fits = fits and isinstance(value, datetime) == issubclass(python_type, datetime)
        if isinstance(value, datetime) and value.tzinfo is None:
            return None
        if not fits or not _is_count(number) or not _is_count(before):
            return None
        return cls(value, number, before)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


@dataclass(frozen=True, slots=True)
class Within:
    """Only the rows of a timeline that lie in some days."""

    start: date
    end: date
    """The first day after."""


@dataclass(frozen=True, slots=True)
class State:
    """One view of a list. Equal states show equal rows."""

    q: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    after: str = ""
    before: str = ""
    where: str = ""
    """Conditions of one's own, as `criteria.write` says them."""
    view: str = ""
    """Empty: the plain list."""
    options: tuple[tuple[str, str], ...] = ()
    """What the view keeps, of OPTIONS."""
    within: Within | None = None
    """What a view narrows the rows to by its options; never said in the URL."""

    def option(self, name: str) -> str:
        """What the view keeps under a name; empty: nothing."""
        return dict(self.options).get(name, "")

    def seen_as(self, view: str, **options: str) -> State:
        """The same rows in another view, or in this one with other options."""
        kept = dict(self.options) if view == (self.view or "list") else {}
        kept = {name: value for name, value in (kept | options).items() if value}
        return self.without_place(view="" if view == "list" else view, options=tuple(sorted(kept.items())))

    def rows_only(self) -> State:
        """What decides which rows there are, without how they are looked at."""
        return State(self.q, self.filters, where=self.where, within=self.within)

    def without_place(self, **changes: Any) -> State:
        """The state with changes, from the first row on."""
        return replace(self, after="", before="", **changes)

    def placed(self, name: str, place: str) -> State:
        """The state from another row on: `after` or `before` it."""
        return replace(self, after=place if name == "after" else "", before=place if name == "before" else "")

    def toggled(self, key: str) -> State:
        """The state with a filter put on or taken off."""
        if key in self.filters:
            return self.without_place(filters=tuple(kept for kept in self.filters if kept != key))
        return self.without_place(filters=(*self.filters, key))

    def query(self) -> str:
        """The state as the part of a URL after the question mark; filters always, since none is not the default."""
        said = {"q": self.q, "where": self.where, "sort": self.sort, "after": self.after, "before": self.before}
        said |= {"view": self.view} | dict(self.options)
        pairs = [("filter", ",".join(self.filters)), *((name, value) for name, value in said.items() if value)]
        return urlencode(pairs, safe=",")


def from_args(listing: Listing, args: Mapping[str, str]) -> tuple[State, list[Text]]:
    """The state a URL means, and a sentence for each thing in it that was left out."""
    problems: list[Text] = []
    wanted = listing.default_filters
    if "filter" in args:
        wanted = tuple(dict.fromkeys(key for key in args["filter"][:2000].split(",") if key))
    known = tuple(key for key in wanted[:MAX_FILTERS] if find_filter(listing, key) is not None)
    if len(known) < len(wanted):
        problems.append(N_("A filter of this link is not known and was left out."))
    sort = args.get("sort", "")[:50]
    if sort and not is_order(listing, sort):
        sort = ""
        problems.append(N_("The order of this link is not known and was left out."))
    where = ""
    if said := args.get("where", ""):
        try:
            where = criteria.write(criteria.read(listing, said))
        except criteria.Unreadable:
            problems.append(criteria.UNREADABLE)
    view = args.get("view", "")
    if view not in ("", *VIEWS):
        problems.append(N_("The view of this link is not known; this is the list."))
        view = ""
    kept = tuple(sorted((name, args[name][:MAX_OPTION]) for name in OPTIONS if args.get(name)))
    state = State(
        normalised(args.get("q", "")), known, sort, where=where, view="" if view == "list" else view, options=kept
    )
    for name in ("after", "before"):
        if place := args.get(name, ""):
            if Cursor.read(place, order_type(listing, state)) is None:
                problems.append(N_("The page of this link cannot be read; this is the first page."))
            else:
                return state.placed(name, place), problems
    return state, problems


def args_of(query: str) -> dict[str, str]:
    """The parts of a kept query, for `from_args`. An empty filter counts: it says that there is none."""
    return dict(parse_qsl(query, keep_blank_values=True))


def find_filter(listing: Listing, key: str) -> Filter | tuple[Choice, str] | None:
    """What a filter key means: a declared filter, a choice with its value, or the records behind a figure."""
    for declared in listing.filters:
        if declared.key == key:
            return declared
    name, _dot, value = key.partition(".")
    for choice in listing.choices:
        if choice.key == name and value and choice.takes(value):
            return choice, value
    return lists.find(listing.model, key)


def is_order(listing: Listing, sort: str) -> bool:
    """Whether the list can be sorted so."""
    key = sort.removeprefix("-")
    column = listing.column(key)
    return key == "id" or (column is not None and column.sort is not None)


def order_of(listing: Listing, state: State) -> tuple[Column | None, Any, bool]:
    """The column and expression to sort by, and whether it descends; no column: by the number inside."""
    sort = state.sort or listing.order_for(state.filters)
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    column = listing.column(key)
    if column is None or column.sort is None:
        return None, listing.model.id, descending
    return column, column.sort, descending


def order_type(listing: Listing, state: State) -> type[Any]:
    """The Python type of the values sorted by."""
    _column, expression, _descending = order_of(listing, state)
    if isinstance(expression.type, UtcDateTime):
        return datetime  # a decorated type does not say so itself
    python_type: type[Any] = expression.type.python_type
    return python_type
