"""Rows counted and summed crosswise: groups down the side, groups along the top, totals of both and of all.

One question asks for the smallest groups; every total is added up from their counts and sums, so that averages are
those of the rows and never of averages. What is shown is bounded (`MOST_GROUPS` a side, `MOST_CELLS` in all): the
largest groups stay, totals still count every row. Source: the pivot of a list, `?view=pivot`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.db import Base
from portal.i18n import N_, Text
from portal.listing import criteria, engine, groups, kept
from portal.listing.analysis import Layout, Measure, Path, name_of
from portal.listing.declaration import Listing
from portal.listing.fields import Kind, fields_of
from portal.listing.groups import MOST_GROUPS, Grouping
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.org import User
from portal.prepared import Prepared

MOST_LEAVES = 20_000
"""Groups one question may answer with; of finer ones the last level is left out."""
MOST_CELLS = 6_000
CUT = N_("Only the %(most)s largest groups are shown; the totals count all of them.")
TOO_FINE = N_("“%(group)s” makes more groups than can be shown and was left out.")


@dataclass(slots=True)
class Amount:
    """What the rows of a cell add up to: how many they are, and per field the sum and how many have it filled in."""

    count: int = 0
    sums: list[Decimal] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)

    def add(self, other: Amount) -> None:
        """Take the rows of another cell in."""
        self.count += other.count
        if not self.sums:
            self.sums, self.filled = list(other.sums), list(other.filled)
            return
        self.sums = [mine + theirs for mine, theirs in zip(self.sums, other.sums, strict=True)]
        self.filled = [mine + theirs for mine, theirs in zip(self.filled, other.filled, strict=True)]


# ---------- The table ----------


@dataclass(frozen=True, slots=True)
class Head:
    """A group at a side: what it is called, how deep it stands, whether there is more inside."""

    path: Path
    label: str
    name: str
    may_open: bool
    is_open: bool

    @property
    def level(self) -> int:
        """1 for the outermost."""
        return len(self.path)


@dataclass(slots=True)
class Pivot:
    """A pivot as it is shown."""

    listing: Listing
    state: State
    layout: Layout
    amounts: dict[tuple[Path, Path], Amount]
    """By the paths of row and column; an empty path is the total."""
    rows: list[Head] = field(default_factory=list)
    """Every line in its order; groups stand before what is inside them."""
    columns: list[Head] = field(default_factory=list)
    """The groups that have figures under them, in their order; the total stands behind them."""
    labels: dict[tuple[str, Path], str] = field(default_factory=dict)
    problems: list[Text] = field(default_factory=list)

    @property
    def total(self) -> Amount:
        """Of all rows of the list."""
        return self.amounts.get(((), ()), Amount())

    def figure(self, row: Path, column: Path, measure: Measure) -> int | Decimal | None:
        """The figure of a cell; None where there are no rows."""
        amount = self.amounts.get((row, column))
        return None if amount is None else self.of(amount, measure)

    def of(self, amount: Amount, measure: Measure) -> int | Decimal | None:
        """The figure of some rows."""
        if measure.field is None:
            return amount.count
        if not amount.sums:
            return None
        place = self.layout.fields.index(measure.field.key)
        if not measure.is_average:
            return amount.sums[place]
        return amount.sums[place] / amount.filled[place] if amount.filled[place] else None

    def records(self, row: Path, column: Path) -> State | None:
        """The list of exactly the rows of a cell; None when no URL can say it."""
        pairs = [*zip(self.layout.rows, row, strict=False), *zip(self.layout.columns, column, strict=False)]
        return narrowed(self.listing, self.state, [groups.test_of(grouping, value) for grouping, value in pairs])

    def column_lines(self) -> list[list[tuple[Head, int, int]]]:
        """The lines of heads over the figures: each group with how many columns and lines it covers."""
        depth = max((len(head.path) for head in self.columns), default=0)
        lines: list[list[tuple[Head, int, int]]] = [[] for _level in range(depth)]
        for level in range(1, depth + 1):
            previous: Path | None = None
            for leaf in self.columns:
                if len(leaf.path) < level:
                    previous = None
                    continue
                path = leaf.path[:level]
                if path == previous:
                    head, wide, tall = lines[level - 1][-1]
                    lines[level - 1][-1] = (head, wide + 1, tall)
                    continue
                previous = path
                own = leaf if len(leaf.path) == level else self._head("columns", path)
                lines[level - 1].append((own, 1, depth - level + 1 if own is leaf else 1))
        return lines

    def _head(self, side: str, path: Path) -> Head:
        groupings = self.layout.rows if side == "rows" else self.layout.columns
        more = len(path) < len(groupings)
        return Head(
            path, self.labels[side, path], name_of(side, path), more, more and self.layout.is_open(side, path)
        )  # fmt: skip


def narrowed(listing: Listing, state: State, tests: Sequence[criteria.Asked]) -> State | None:
    """The list with conditions beside those it has; None when they do not fit into a URL."""
    if not tests:
        return state.rows_only()
    parts: tuple[criteria.Asked | criteria.Group, ...] = ()
    if state.where:
        own = criteria.read(listing, state.where)
        parts = own.parts if own.how == "all" else (own,)
    said = criteria.write(criteria.Group("all", (*parts, *tests)))
    try:
        criteria.read(listing, said)
    except criteria.Unreadable:
        return None
    return State(state.q, state.filters, where=said)


def make(session: Session, user: User, listing: Listing, state: State, layout: Layout, *, at: datetime) -> Pivot:
    """The pivot of the rows of a state."""
    problems: list[Text] = []
    leaves, layout, total = _leaves(session, user, listing, state, layout, problems, at)
    amounts: dict[tuple[Path, Path], Amount] = {}
    width = len(layout.rows)
    for values, amount in leaves:
        row, column = values[:width], values[width:]
        for down in range(len(row) + 1):
            for along in range(len(column) + 1):
                amounts.setdefault((row[:down], column[:along]), Amount()).add(amount)
    if total is not None:
        amounts[(), ()] = total
    made = Pivot(listing, state, layout, amounts, problems=problems)
    _Sides(session, user, made, {values for values, _amount in leaves}).fill()
    return made


def _leaves(
    session: Session, user: User, listing: Listing, state: State, layout: Layout, problems: list[Text], at: datetime
) -> tuple[list[tuple[Path, Amount]], Layout, Amount | None]:
    """The smallest groups. What is too fine loses its last level; the last one left keeps its largest groups, and then
    the total is asked for by itself."""
    question, filling = engine.asked(session, user, listing, state, at, ordered=False)

    def ask(by: tuple[Grouping, ...], largest: bool) -> list[tuple[Path, Amount]]:
        statement = _statement(question, tuple(each.key for each in by), layout.fields, largest)
        found: dict[Path, Amount] = {}
        for row in kept.rows(statement, session, filling, at, count=len(by)):
            path = tuple(groups.value_of(each, value) for each, value in zip(by, row, strict=False))
            figures = row[len(by) + 1 :]
            amount = Amount(row[len(by)], [_exact(each) for each in figures[::2]], list(figures[1::2]))
            found.setdefault(path, Amount()).add(amount)
        return list(found.items())

    rows, columns = layout.rows, layout.columns
    while True:
        found = ask((*rows, *columns), False)
        if len(found) <= MOST_LEAVES:
            break
        if len(rows) + len(columns) == 1:
            found = ask((*rows, *columns), True)[:MOST_GROUPS]
            problems.append(CUT % {"most": MOST_GROUPS})
            return found, _with(layout, rows, columns), dict(ask((), False)).get((), Amount())
        longer = columns if columns and len(columns) >= len(rows) else rows
        problems.append(TOO_FINE % {"group": longer[-1].label})
        rows, columns = (rows, columns[:-1]) if longer is columns else (rows[:-1], columns)
    return found, _with(layout, rows, columns), None


def _with(layout: Layout, rows: tuple[Grouping, ...], columns: tuple[Grouping, ...]) -> Layout:
    return Layout(rows, columns, layout.measures, layout.turned, layout.order)


def _exact(value: Any) -> Decimal:
    """A sum without the noise of a database that adds up in floating point."""
    return Decimal(str(value or 0)).quantize(Decimal("0.0001")) if value else Decimal(0)


@dataclass(slots=True)
class _Sides:
    """Puts the groups of both sides in order, cuts what is too much, folds what is folded."""

    session: Session
    user: User
    pivot: Pivot
    leaves: set[Path]

    def fill(self) -> None:
        """Give the pivot its heads."""
        pivot, layout = self.pivot, self.pivot.layout
        width = len(layout.rows)
        rows = self._shown("rows", {values[:width] for values in self.leaves})
        pivot.rows = [pivot._head("rows", path) for path in _with_parents(rows)]
        columns = self._shown("columns", {values[width:] for values in self.leaves} if layout.columns else set())
        fits = max(1, MOST_CELLS // (max(1, len(pivot.rows)) * len(layout.measures)) - 1)
        if len(columns) > fits:
            kept = set(self._largest("columns", columns, fits))
            columns = [path for path in columns if path in kept]
            self._say_cut(fits)
        pivot.columns = [pivot._head("columns", path) for path in columns]

    def _shown(self, side: str, paths: set[Path]) -> list[Path]:
        """The innermost groups that are shown, in order."""
        layout = self.pivot.layout
        by = layout.rows if side == "rows" else layout.columns
        if not by:
            return []
        if len(paths) > MOST_GROUPS:
            paths = set(self._largest(side, paths, MOST_GROUPS))
            self._say_cut(MOST_GROUPS)
        inside: dict[Path, set[Any]] = {}
        for path in paths:
            for level in range(len(path)):
                inside.setdefault(path[:level], set()).add(path[level])
        self._name(side, by, inside)
        found: list[Path] = []

        def walk(path: Path) -> None:
            if len(path) == len(by) or (path and not layout.is_open(side, path)):
                found.append(path)
                return
            for inner in self._sorted(side, by[len(path)], [(*path, value) for value in inside.get(path, ())]):
                walk(inner)

        walk(())
        return found

    def _name(self, side: str, by: Sequence[Grouping], inside: dict[Path, set[Any]]) -> None:
        for level, grouping in enumerate(by):
            values = {value for path, found in inside.items() if len(path) == level for value in found}
            names = names_of(self.session, self.user, grouping, values)
            for path, found in inside.items():
                if len(path) == level:
                    for value in found:
                        self.pivot.labels[side, (*path, value)] = groups.label(grouping, value, names)

    def _sorted(self, side: str, grouping: Grouping, paths: list[Path]) -> list[Path]:
        labels, pivot = self.pivot.labels, self.pivot
        paths.sort(key=lambda path: rank(grouping, path[-1], labels[side, path]))
        order = pivot.layout.order
        if side != "rows" or not order:
            return paths
        key, _at, name = order.removeprefix("-").partition("@")
        measure = next(each for each in pivot.layout.measures if each.key == key)
        column = next((each for _row, each in pivot.amounts if name_of("columns", each) == name), ()) if name else ()

        def figure(path: Path) -> Decimal | int | None:
            return pivot.figure(path, column, measure)

        filled = sorted(
            (path for path in paths if figure(path) is not None),
            key=lambda path: figure(path) or 0,
            reverse=order.startswith("-"),
        )
        return [*filled, *(path for path in paths if figure(path) is None)]

    def _largest(self, side: str, paths: Iterable[Path], most: int) -> list[Path]:
        def size(path: Path) -> int:
            return self.pivot.amounts[(path, ()) if side == "rows" else ((), path)].count

        return sorted(paths, key=lambda path: (-size(path), name_of(side, path)))[:most]

    def _say_cut(self, most: int) -> None:
        self.pivot.problems.append(CUT % {"most": f"{most:,}"})


def _with_parents(leaves: Iterable[Path]) -> list[Path]:
    """Every group before what is inside it."""
    return list(dict.fromkeys(path[:level] for path in leaves for level in range(1, len(path) + 1)))


def rank(grouping: Grouping, value: Any, label: str) -> tuple[Any, ...]:
    """Where a group stands among its like: terms as they are declared, times as they go, names by name; nothing last."""
    if value is None:
        return (1,)
    if grouping.field.kind is Kind.TERM and grouping.field.choice is not None:
        codes = [code for code, _label in grouping.field.choice.values]
        return (0, codes.index(value) if value in codes else len(codes), label)
    if grouping.field.kind is Kind.YES:
        return (0, not value)
    return (0, str(value)) if grouping.stretch else (0, label, str(value))


def names_of(session: Session, user: User, grouping: Grouping, values: Iterable[Any]) -> dict[str, str]:
    """The names of the records that groups stand for; of colleagues always, of others as far as the person sees them."""
    wanted = sorted({value for value in values if isinstance(value, int)})
    if grouping.field.kind is not Kind.LINK or not wanted:
        return {}
    target = next(iter(grouping.field.column.property.columns[0].foreign_keys)).column.table
    model: Any = next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is target)
    name = model.name if hasattr(model, "name") else model.number
    statement = select(model.id, name).where(model.id.in_(wanted))
    if model is not User:
        statement = statement.where(visibility.condition(user, model))
    return {str(number): name for number, name in session.execute(statement)}


# ---------- Asking ----------


@lru_cache(maxsize=256)
def _statement(question: engine.Question, by: tuple[str, ...], summed: tuple[str, ...], largest: bool) -> Prepared:
    listing = LISTINGS[question.kind]
    found = [groups.read(listing, key) for key in by]
    places = [groups.place(each) for each in found if each is not None]
    columns = [fields_of(listing)[key].column for key in summed]
    figures = [figure for column in columns for figure in (func.sum(column), func.count(column))]
    statement = engine.every(question, *places, func.count(), *figures).group_by(*places)
    if largest:
        statement = statement.order_by(func.count().desc(), *places)
    return Prepared(statement.limit(MOST_LEAVES + 1))
