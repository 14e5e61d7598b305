"""A board: the rows of a state in columns, one for each value of a field, the first of each column as cards.

However many columns and cards there are, four questions are asked: how many rows each column holds and what they sum
to (`groups.of`), how many of them are late or soon late, the first cards of all columns, and since when each stands
where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, case, func, inspect, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import coercions, roles, visitors
from sqlalchemy.sql.elements import ColumnClause

from portal.listing import engine, groups
from portal.listing.declaration import Column, Listing, Moments
from portal.listing.engine import Row
from portal.listing.fields import Field, Kind, fields_of
from portal.listing.groups import Grouping
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, order_of
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.task import Task
from portal.prepared import Prepared
from portal.processes.base import Process

SHOWN = 20
"""Cards of a column to begin with, and each time more are asked for."""
MOST_COLUMNS = 40
NOBODY = "-"
"""The column of what is not filled in, in URLs."""


@dataclass(frozen=True, slots=True)
class Card:
    """A row on the board, with the version the person looks at."""

    row: Row
    version: int


@dataclass(slots=True)
class Lane:
    """A column of the board: a value of the field, how its rows stand, the first of them."""

    value: Any
    count: int = 0
    sums: tuple[Decimal, ...] = ()
    late: int = 0
    soon: int = 0
    cards: list[Card] = field(default_factory=list)
    next: str = ""
    """The place to go on from; empty: that was all."""

    @property
    def key(self) -> str:
        """The value as it stands in URLs."""
        return key_of(self.value)


def key_of(value: Any) -> str:
    """A value as it stands in URLs."""
    if value is None:
        return NOBODY
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def process_of(listing: Listing, grouping: Grouping) -> Process | None:
    """The process whose states are the columns; None for any other field."""
    process: Process | None = getattr(listing.model, "PROCESS", None)
    state = getattr(listing.model, "STATE_FIELD", "state")
    return process if grouping.field.key == state else None


def groupings(listing: Listing) -> list[Grouping]:
    """What the columns of a board can be: the state first, then closed lists, colleagues, yes or no."""
    found = [Grouping(each) for each in fields_of(listing).values() if _is_lane(each)]
    return sorted(found, key=lambda each: process_of(listing, each) is None)


def default(listing: Listing) -> Grouping | None:
    """The columns unless the URL says otherwise; None: these records have no board."""
    return next((each for each in groupings(listing) if each.field.kind is Kind.TERM), None)


def _is_lane(found: Field) -> bool:
    if not found.is_grouping:
        return False
    if found.kind is Kind.LINK:
        return found.choice is not None and found.choice.options is not None
    return found.kind in (Kind.TERM, Kind.YES)


def clock_of(listing: Listing) -> Column | None:
    """The column with the time left, of records that have clocks."""
    return next((column for column in listing.columns if column.moves), None)


def lanes(
    session: Session,
    user: User,
    listing: Listing,
    state: State,
    grouping: Grouping,
    measure: Field | None,
    at: datetime,
) -> tuple[list[Lane], bool]:
    """The columns without their cards, and whether there are more than a board can show."""
    found, more = groups.of(session, user, listing, state.rows_only(), [grouping], [measure] if measure else [], at=at)
    told: dict[Any, Lane] = {}
    process = process_of(listing, grouping)
    if process is not None:
        told = {each.code: Lane(each.code) for each in process.states if each.main_line}
    for group in found:
        lane = told.setdefault(group.values[0], Lane(group.values[0]))
        lane.count += group.count
        lane.sums = tuple(map(sum, zip(lane.sums, group.sums, strict=True))) if lane.sums else group.sums  # type: ignore[arg-type]
    if clock_of(listing) is not None:
        question, values = engine.asked(session, user, listing, state.rows_only(), at, ordered=False)
        for value, late, soon in _clocks(question, grouping.field.key).rows(session, values):
            if (known := told.get(None if value == "" else value)) is not None:
                known.late, known.soon = known.late + late, known.soon + soon
    order = _order(grouping, process)
    placed = sorted(told.values(), key=lambda lane: (lane.value is None, order.get(lane.value, len(order))))
    return placed[:MOST_COLUMNS], more or len(placed) > MOST_COLUMNS


def _order(grouping: Grouping, process: Process | None) -> dict[Any, int]:
    choice = grouping.field.choice
    members: Sequence[Any] = ()
    if process is not None:
        members = [each.code for each in process.states]
    elif choice is not None and choice.terms is not None:
        members = [member.value for member in choice.terms]
    return {value: place for place, value in enumerate(members)}


def fill(
    session: Session,
    user: User,
    listing: Listing,
    state: State,
    grouping: Grouping,
    wanted: Sequence[Lane],
    at: datetime,
    place: Cursor | None = None,
) -> None:
    """Put the first cards into these columns; with a place, those behind it."""
    by_key = {lane.key: lane for lane in wanted if lane.count}
    if not by_key:
        return
    question, values = engine.asked(session, user, listing, state.rows_only(), at)
    empties = tuple(lane.value is None for lane in by_key.values())
    values |= {f"lane_{number}": lane.value for number, lane in enumerate(by_key.values())}
    if place is not None:
        values |= {"place_value": place.value, "place_id": place.id}
    walks = engine.walks_all(session, question, values)
    statement = _cards(question, grouping.field.key, state.sort, empties, place is not None, walks)
    yes = grouping.field.kind is Kind.YES
    for row in statement.rows(session, values):
        value = bool(row[-3]) if yes and row[-3] is not None else (row[-3] if row[-3] != "" else None)
        lane = by_key[key_of(value)]
        if len(lane.cards) == SHOWN:
            last = lane.cards[-1].row
            lane.next = Cursor(last.values[-1], last.id, 0).text()
        else:
            lane.cards.append(Card(Row(listing.kind, row), row[-2]))


def since(session: Session, listing: Listing, ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each record stands where it stands."""
    moved = select(Event.record_id, func.max(Event.at)).where(
        Event.record_kind == listing.kind,
        Event.record_id.in_(ids),
        Event.kind.in_([EventKind.CREATED, EventKind.TRANSITION]),
    )
    return {number: at for number, at in session.execute(moved.group_by(Event.record_id)) if number is not None}


def names(
    session: Session,
    user: User,
    grouping: Grouping,
    values: Sequence[Any],
    offered: Sequence[tuple[str, str]] | None = None,
) -> dict[str, str]:
    """How the people read that are columns; also of those who cannot be chosen any more. `offered` was asked before."""
    choice = grouping.field.choice
    if choice is None or not choice.is_link:
        return {}
    found = dict(choice.offered(session, user) if offered is None else offered)
    missing = [value for value in values if value is not None and str(value) not in found]
    if missing and grouping.field.is_person:
        found |= {
            str(key): name for key, name in session.execute(select(User.id, User.name).where(User.id.in_(missing)))
        }
    return found


# ---------- Building ----------


@lru_cache(maxsize=256)
def _clocks(question: engine.Question, by: str) -> Prepared:
    """How many rows of each value are late, how many soon: by the clock that their cards show."""
    listing = LISTINGS[question.kind]
    clock, column, at = clock_of(listing), fields_of(listing)[by].column, Moments(question.viewer).at
    assert clock is not None
    _code, _started, due, warn, closed, _outcome = clock.values
    late, soon = case((due < at, 1), else_=0), case((and_(due >= at, warn <= at), 1), else_=0)
    # Only what is counted by is joined: of thousands of rows nobody wants to know whose they are.
    statement = _joined(engine.matching(question, column, func.sum(late), func.sum(soon)), listing, column, due)
    if listing.model is not Task:  # few records have a running clock: the others are not looked at
        open_ones = select(Task.record_id).where(Task.record_kind == listing.kind, Task.closed_at.is_(None))
        statement = statement.where(listing.model.id.in_(open_ones))
    return Prepared(statement.where(due.is_not(None), closed.is_(None)).group_by(column))


@lru_cache(maxsize=256)
def _cards(
    question: engine.Question, by: str, sort: str, empties: tuple[bool, ...], placed: bool, walks: bool
) -> Prepared:
    listing = LISTINGS[question.kind]
    model, column = listing.model, fields_of(listing)[by].column
    _column, expression, falls = order_of(listing, State(filters=question.filters, sort=sort))
    by_id = expression is model.id
    order = [term.desc() if falls else term.asc() for term in ([model.id] if by_id else [expression, model.id])]
    is_own = isinstance(expression, InstrumentedAttribute) and expression.class_ is model
    firsts: list[Any] = []
    for number, empty in enumerate(empties):
        here = _is_empty(column) if empty else column == bindparam(f"lane_{number}", type_=column.type)
        if is_own:
            if question.viewer.has_branch and not walks and not _is_indexed(model, column):
                here = here.is_(True)  # so that its own index is not seen in it, which holds the rows of all stores
            firsts.append(engine.firsts(question, expression, falls, placed, SHOWN + 1, here, walks))
            continue
        part = _joined(engine.matching(question, model.id), listing).where(here)
        if placed:
            place = tuple_(expression, model.id)
            last = tuple_(bindparam("place_value", type_=expression.type), bindparam("place_id", type_=model.id.type))
            part = part.where(place < last if falls else place > last)
        firsts.append(select(part.order_by(*order).limit(SHOWN + 1).subquery().c.id))
    wanted = [value for each in engine.drawn(listing) for value in each.values]
    version = getattr(model, "version", literal(0))
    shown = (model.id, listing.number, *listing.link, *wanted, column.label("lane"), version.label("seen"))
    statement = _joined(select(*shown, expression.label("place")).select_from(model), listing)
    return Prepared(statement.where(model.id.in_(union_all(*firsts))).order_by(*order))


def _is_indexed(model: Any, column: Any) -> bool:
    """Whether an index has the rows of a branch by this column."""
    firsts = ([each.name for each in index.columns][:2] for index in model.__table__.indexes)
    return ["branch_id", column.key] in firsts


def _is_empty(column: Any) -> Any:
    return or_(column.is_(None), column == "") if column.type.python_type is str else column.is_(None)


def _joined(statement: Any, listing: Listing, *columns: Any) -> Any:
    """With what the list joins, or of that only what these columns are of."""
    joins, wanted = list(listing.joins), {table for column in columns for table in _tables(column)}
    if columns:
        joins = []
        for table, on in reversed(listing.joins):  # what is joined may lean on what was joined before
            if inspect(table).selectable in wanted:
                joins.insert(0, (table, on))
                wanted |= _tables(on)
    for table, on in joins:
        statement = statement.outerjoin(table, on)
    return statement


def _tables(expression: Any) -> set[Any]:
    parts = visitors.iterate(coercions.expect(roles.ExpressionElementRole, expression))
    return {part.table for part in parts if isinstance(part, ColumnClause) and part.table is not None}
