"""What a URL says of a pivot or a graph: the groups of its rows and columns, its figures, what is folded, the order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from portal.i18n import N_, Text, _
from portal.listing import groups
from portal.listing.declaration import Listing
from portal.listing.fields import Field, Kind, fields_of
from portal.listing.groups import DEEPEST, Grouping
from portal.listing.state import State

MOST_MEASURES = 6
NONE = "-"
"""In the URL: nothing on this side."""
UNKNOWN = N_("A group of this link is not known and was left out.")
TWICE = N_("A group of this link stands twice and was taken once.")
TOO_DEEP = N_("At most three groups fit on one side; the others were left out.")
NO_MEASURE = N_("A figure of this link is not known and was left out.")
NO_ORDER = N_("The order of this link is not known and was left out.")

Path = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a group: how many rows, the sum of a field, or its average over the rows where it is filled in."""

    key: str
    field: Field | None = None
    is_average: bool = False

    @property
    def label(self) -> str:
        """As people read it."""
        if self.field is None:
            return _("Number of records")
        return _("%(field)s, average", field=self.field.label) if self.is_average else str(self.field.label)

    @property
    def digits(self) -> int:
        """Digits after the point."""
        scale = int(getattr(self.field.column.type, "scale", None) or 0) if self.field is not None else 0
        return max(scale, 1) if self.is_average else scale


COUNT = Measure("count")


def measures(listing: Listing) -> list[Measure]:
    """Every figure the rows of a list have."""
    found = [COUNT]
    for each in groups.measures(listing):
        found += [Measure(each.key, each), Measure(f"{each.key}:average", each, True)]
    return found + [Measure(f"{each.key}:average", each, True) for each in fields_of(listing).values() if each.averaged]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the URL says of a pivot."""

    rows: tuple[Grouping, ...]
    columns: tuple[Grouping, ...]
    measures: tuple[Measure, ...]
    turned: frozenset[str] = frozenset()
    """Names of groups that are folded although their side is open, or the other way round; `rows`, `columns` fold a side."""
    order: str = ""
    """`-amount@<column>`: by the figures of a column, of the totals without one."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are summed."""
        return tuple(dict.fromkeys(each.field.key for each in self.measures if each.field is not None))

    def is_open(self, side: str, path: Path) -> bool:
        """Whether the groups inside a group are shown."""
        return not ((side in self.turned) ^ (name_of(side, path) in self.turned))


def name_of(side: str, path: Path) -> str:
    """The short name of a group in the URL."""
    said = "\x1f".join([side, *("" if value is None else str(value) for value in path)])
    return blake2s(said.encode(), digest_size=4).hexdigest()[:6]


def read(listing: Listing, state: State) -> tuple[Layout, list[Text]]:
    """What a URL asks for, sensible where it asks for nothing, and a sentence for what was left out."""
    problems: list[Text] = []
    taken: list[str] = []

    def side(name: str, default: Sequence[str]) -> tuple[Grouping, ...]:
        said = state.option(name)
        found = _groupings(listing, said.split(","), taken, problems) if said not in ("", NONE) else []
        if not found and said != NONE:
            found = _groupings(listing, [key for key in default if key not in taken], taken, [])
        return tuple(found)

    terms, times = defaults(listing)
    declared = listing.analysed
    rows = side("rows", declared[:1] or terms[:1] or times[:1])
    columns = side("columns", (declared[1:] or times[:1] if terms else []) if not state.option("rows") else [])
    chosen = read_measures(listing, state.option("measure"), problems)
    order = state.option("order")
    if order and order.partition("@")[0].removeprefix("-") not in {each.key for each in chosen}:
        problems.append(NO_ORDER)
        order = ""
    turned = frozenset(each for each in state.option("open").split(",") if each)
    return Layout(rows, columns, chosen, turned, order), list(dict.fromkeys(problems))


def defaults(listing: Listing) -> tuple[list[str], list[str]]:
    """What rows are put together by when nothing is said: their terms, their times by month."""
    found = [each for each in fields_of(listing).values() if each.is_grouping]
    terms = [each.key for each in found if each.kind in (Kind.TERM, Kind.YES)]
    return terms, [f"{each.key}:month" for each in found if each.kind in (Kind.DAY, Kind.MOMENT)]


def read_measures(listing: Listing, said: str, problems: list[Text]) -> tuple[Measure, ...]:
    """The figures of a URL; the count when it names none."""
    known = {each.key: each for each in measures(listing)}
    keys = list(dict.fromkeys(key for key in said.split(",") if key))
    if any(key not in known for key in keys) or len(keys) > MOST_MEASURES:
        problems.append(NO_MEASURE)
    return tuple(known[key] for key in keys[:MOST_MEASURES] if key in known) or (COUNT,)


def _groupings(listing: Listing, keys: Iterable[str], taken: list[str], problems: list[Text]) -> list[Grouping]:
    found: list[Grouping] = []
    for key in keys:
        grouping = groups.read(listing, key)
        if grouping is None:
            problems.append(UNKNOWN)
        elif grouping.key in taken:
            problems.append(TWICE)
        elif len(found) == DEEPEST:
            problems.append(TOO_DEEP)
        else:
            found.append(grouping)
            taken.append(grouping.key)
    return found
