"""One statement per list: what is visible, what was searched and filtered, in order, one page of it.

Columns are selected, not entities. Statements are made once per kind of viewer, filters and order, and kept; persons,
moments, words and places fill them. Pages follow each other by the last row, never by an offset, and counting stops at
CEILING. What costs must not grow with the years, so a list whose rows no single index has in order is put together from
parts that each have one (`_parts`): the rows of the branch and those of none, what has a clock and what has not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    SelectBase,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from portal import clock
from portal.listing import criteria, everywhere, spans
from portal.listing.declaration import Column, Condition, Listing, Moments, Way
from portal.listing.everywhere import NOTHING, Looked
from portal.listing.kinds import search
from portal.listing.kinds.search import Typed
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, find_filter, from_args, order_of, order_type
from portal.models.customer import Customer
from portal.models.org import User
from portal.paths import record_path
from portal.prepared import Prepared, Values
from portal.services import workload
from portal.visibility import Alternative, Placeholder, alternatives, condition, parameters, placeholder, standing

PAGE = 80
CEILING = 10_000
"""Counting stops here: `10,000+`."""
SHARED = frozenset({"viewer_id", "viewer_branch_id", "at", "day_from", "day_until", "soon_until", "near_until"})
"""What fills every statement alike: `moments`."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are wanted, without the person, moments, words and places that fill it: equal ones share statements."""

    kind: str
    viewer: Placeholder
    filters: tuple[str, ...] = ()
    """Filter keys; of a link only the choice, as `owner.`: its value is filled in."""
    where: criteria.Shape | None = None
    """The conditions of one's own."""
    typed: tuple[search.Word, ...] = ()
    looked: Looked = NOTHING
    """How the words are looked for."""
    inside: bool = False
    """Only what lies in the days of a timeline."""

    @property
    def is_narrow(self) -> bool:
        """Whether a word or a text that few records fit must hold for all of them."""
        return len(self.looked.walked) < len(self.typed) or (self.where is not None and self.where.narrows)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the record, and the values of its columns."""

    kind: str
    values: Values
    """Number of the record inside, its number for people, then the link and the columns in the order of `drawn`."""

    @property
    def number(self) -> str:
        """What people call the record."""
        return str(self.values[1])

    @property
    def id(self) -> int:
        """The inner number."""
        return int(self.values[0])

    @property
    def path(self) -> str:
        """Where the line leads."""
        if LISTINGS[self.kind].link:
            return record_path(self.values[2], self.values[3])
        return record_path(self.kind, self.number)

    @property
    def cells(self) -> tuple[Any, ...]:
        """What stands in each cell, in the language of the page."""
        listing = LISTINGS[self.kind]
        at, shown = 2 + len(listing.link), {}
        for column in drawn(listing):
            shown[column.key] = column.show(*self.values[at : at + len(column.values)])
            at += len(column.values)
        return tuple(shown[column.key] for column in listing.columns)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `first` counts from 1; `next` and `previous` are states or None."""

    listing: Listing
    raw: list[Values]
    """The rows as the database gave them; the place in the order is their last value."""
    read: Callable[[Values], Values]
    first: int
    next: State | None
    previous: State | None

    @property
    def rows(self) -> list[Row]:
        """The rows, read."""
        return [Row(self.listing.kind, self.read(raw)) for raw in self.raw]


def drawn(listing: Listing) -> list[Column]:
    """The columns in the order of their values: what moves with the clock stands last."""
    return sorted(listing.columns, key=lambda column: column.moves)


def still(listing: Listing) -> int:
    """How many values of a raw row are the same until the record changes."""
    return 2 + len(listing.link) + sum(len(column.values) for column in listing.columns if not column.moves)


def page(session: Session, user: User, listing: Listing, state: State, *, at: datetime) -> Page:
    """The rows of a state that exist for the person."""
    question, values = asked(session, user, listing, state, at)
    place, backwards = _place(listing, state)
    if place is not None:
        values |= {"place_value": place.value, "place_id": place.id}
    found: list[Values] = []
    walks = _may_walk(question, state.sort) and _of_branch(question.kind).scalar(session, values) > search.FEW
    for stretch in _page(question, state.sort, walks, place is not None, backwards):
        found += stretch.raw(session, values)
        read = stretch.reader(session)
        if len(found) > PAGE:
            break
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found.reverse()
    passed = place.before if place else 0
    start = max(0, passed - len(found)) if backwards else passed
    return Page(
        listing,
        found,
        read,
        start + 1,
        _step(state, "after", read(found[-1]), start + len(found)) if found and (more or backwards) else None,
        _step(state, "before", read(found[0]), start) if found and (start > 0 if not backwards else more) else None,
    )


def one(session: Session, user: User, listing: Listing, record_id: int, *, at: datetime) -> Page:
    """One record as a page of its list would show it; a page without rows when it does not exist for the person."""
    statement = _one(listing.kind, placeholder(user))
    found = statement.raw(session, moments(user, at) | {"one_id": record_id})
    return Page(listing, found, statement.reader(session), 1, None, None)


def count(
    session: Session, user: User, kind: str, params: Mapping[str, str] | None = None, *, at: datetime
) -> tuple[int, bool]:
    """How many rows the list with these URL parameters has for the person, and whether counting stopped at CEILING.

    `count(session, user, "complaints", {"filter": "mine,overdue"}, at=now)` is the number of rows that
    `/records/complaints?filter=mine,overdue` shows. Without "filter" the default filters of the list hold.
    """
    return count_many(session, user, [(kind, params or {})], at=at)[0]


def count_many(
    session: Session, user: User, wanted: Sequence[tuple[str, Mapping[str, str]]], *, at: datetime
) -> list[tuple[int, bool]]:
    """As `count` for several lists at once, in one question to the database: the tiles of a dashboard."""
    states = [(LISTINGS[kind], from_args(LISTINGS[kind], params)[0]) for kind, params in wanted]
    return _count(session, user, states, at)


def count_state(session: Session, user: User, listing: Listing, state: State, *, at: datetime) -> tuple[int, bool]:
    """As `count`, for a state that was read already."""
    return _count(session, user, [(listing, state)], at)[0]


def _count(
    session: Session, user: User, wanted: Sequence[tuple[Listing, State]], at: datetime
) -> list[tuple[int, bool]]:
    questioned = [asked(session, user, listing, state, at, ordered=False) for listing, state in wanted]
    questions = tuple(question for question, _values in questioned)
    values = moments(user, at)
    for place, (_question, given) in enumerate(questioned):
        values |= {_own(name, place): value for name, value in given.items() if name not in SHARED}
    found = _counts(questions, CEILING).raw(session, values)[0]
    return [(min(number, CEILING), number > CEILING) for number in found]


def ids(
    session: Session, user: User, kind: str, params: Mapping[str, str], *, at: datetime
) -> tuple[Select[Any], dict[str, Any]]:
    """The statement of all matching record numbers, without order, and what fills it."""
    listing = LISTINGS[kind]
    state, _problems = from_args(listing, params)
    question, values = asked(session, user, listing, state, at, ordered=False)
    return matching(question), values


def in_order(
    session: Session, user: User, listing: Listing, state: State, numbers: Sequence[int], *, at: datetime
) -> list[int]:
    """Those of these inner numbers that stand in the list for the person, whatever is filtered, in the state's order."""
    _column, expression, descending = order_of(listing, state)
    question = Question(listing.kind, placeholder(user))
    statement = matching(question).where(listing.model.id.in_(numbers))
    for table, on in listing.joins:
        statement = statement.outerjoin(table, on)
    order = _Order(listing.model.id, expression, descending, placed=False)
    return list(session.scalars(statement.order_by(*order.by(expression)), moments(user, at)))


def moments(user: User, at: datetime) -> dict[str, Any]:
    """What fills the placeholders of a statement: the person, now, the company's day."""
    start = clock.at_local(clock.today(at))
    day = timedelta(days=1)
    ahead = {"soon_until": at + day, "near_until": at + workload.NEAR}
    return parameters(user) | {"at": at, "day_from": start, "day_until": start + day} | ahead


# ---------- Asking ----------


def asked(
    session: Session, user: User, listing: Listing, state: State, at: datetime, *, ordered: bool = True
) -> tuple[Question, dict[str, Any]]:
    """The question of a state, and what fills it. Not `ordered`: for whoever counts, sums or groups all rows."""
    values = moments(user, at)
    typed = search.read(state.q) if state.q else Typed()
    values |= dict(typed.values)
    filters: list[str] = []
    for key in state.filters:
        name, dot, value = key.partition(".")
        if dot and any(choice.key == name and choice.is_link for choice in listing.choices):
            values[f"link_{len(filters)}"] = int(value)
            key = f"{name}."
        filters.append(key)
    where = None
    if state.where:
        group = criteria.read(listing, state.where)
        where, filling = criteria.ask(listing, group, at)
        where = replace(where, common=criteria.common(session, listing, group))
        if ordered:
            where = replace(where, tried=criteria.said_by_many(session, listing, group))
        values |= filling
    of_a_store = user.branch_id is not None
    looked, filling = everywhere.look(session, listing, typed, ordered=ordered, of_a_store=of_a_store)
    values |= filling
    if state.within is not None:
        values |= spans.filling(state.within, at)
    words = typed.words, looked, state.within is not None
    return Question(listing.kind, placeholder(user), tuple(filters), where, *words), values


def _place(listing: Listing, state: State) -> tuple[Cursor | None, bool]:
    """Where the page begins, and whether it is read backwards."""
    if state.before:
        return Cursor.read(state.before, order_type(listing, state)), True
    return (Cursor.read(state.after, order_type(listing, state)) if state.after else None), False


def _step(state: State, name: str, row: Values, before: int) -> State:
    return state.placed(name, Cursor(row[-1], row[0], before).text())


# ---------- Building ----------


@lru_cache(maxsize=256)
def _counts(questions: tuple[Question, ...], ceiling: int) -> Prepared:
    capped = (_apart(most(question, ceiling + 1), place).subquery() for place, question in enumerate(questions))
    return Prepared(select(*(select(func.count()).select_from(each).scalar_subquery() for each in capped)))


def _apart(statement: SelectBase, place: int) -> SelectBase:
    """The statement with names of its own for what fills it, so that several stand in one."""

    def rename(bind: BindParameter[Any]) -> None:
        if bind.required and bind.key not in SHARED:
            bind.key = _own(bind.key, place)

    found: SelectBase = visitors.cloned_traverse(statement, {}, {"bindparam": rename})
    return found


def _own(name: str, place: int) -> str:
    return f"{name}_of_{place}"


def matching(question: Question, *columns: Any) -> Select[Any]:
    """The rows of a question without order: their numbers inside, or the columns asked for."""
    model = LISTINGS[question.kind].model
    return (
        select(*(columns or (model.id,)))
        .select_from(model)
        .where(condition(question.viewer, model), *_narrowing(question))
    )


def most(question: Question, rows: int, *columns: Any) -> SelectBase:
    """As `matching`, but no more than so many rows, for whoever counts up to there. Where some are a branch's only through
    another table, the parts are read one after the other, until there are enough."""
    parts = _parts(question)
    if all(part.key is None for part in parts):
        return matching(question, *columns).limit(rows)
    model = LISTINGS[question.kind].model
    wanted = select(*(columns or (model.id,))).select_from(model).where(*_narrowing(question))
    return union_all(*(wanted.where(part.alone) for part in parts)).limit(rows)


def every(question: Question, *columns: Any) -> Select[Any]:
    """As `matching`, for whoever puts all rows together. Where some rows are a branch's only through another table, that
    table would be asked about each row there is; unless something narrows the rows, their numbers are gathered instead."""
    model, parts = LISTINGS[question.kind].model, _parts(question)
    narrowed = question.filters or question.where or question.typed or question.inside
    if narrowed or all(part.key is None for part in parts):
        return matching(question, *columns)
    numbers = union_all(*(select(model.id).where(part.alone).correlate(None) for part in parts))
    return select(*columns).select_from(model).where(model.id.in_(numbers), *_narrowing(question))


@lru_cache(maxsize=512)
def _page(question: Question, sort: str, walks: bool, placed: bool, backwards: bool) -> list[Prepared]:
    """The statements of a page, one for each stretch of the order; the next is asked when the page is not full yet."""
    listing = LISTINGS[question.kind]
    column, expression, descending = order_of(listing, State(filters=question.filters, sort=sort))
    order = _Order(listing.model.id, expression, descending is not backwards, placed)
    ways = column.ways if column is not None and column.ways else (Way(expression),)
    return [Prepared(_stretch(question, order, way, walks)) for way in (reversed(ways) if order.falls else ways)]


@lru_cache(maxsize=1024)
def _may_walk(question: Question, sort: str) -> bool:
    """Whether this is the list of one branch in an order that has no index by branch.

    If the branch has many rows, the list is walked in its order, since every few rows one is the branch's; of a small
    branch all rows are gathered and sorted.
    """
    if not question.viewer.has_branch:
        return False
    model = LISTINGS[question.kind].model
    column, expression, _descending = order_of(LISTINGS[question.kind], State(filters=question.filters, sort=sort))
    if (
        not hasattr(model, "branch_id")
        or expression is model.id
        or (column is not None and column.ways)
        or len(alternatives(question.viewer, model)) == 1
    ):
        return False
    by_branch = (list(index.columns)[:2] for index in model.__table__.indexes)
    return all([each.name for each in columns] != ["branch_id", expression.key] for columns in by_branch)


@cache
def _of_branch(kind: str) -> Prepared:
    """How many rows the branch has, at most one more than few."""
    model = LISTINGS[kind].model
    own = (standing(model), model.branch_id == bindparam("viewer_branch_id"))  # as its index says it
    some = select(model.id).where(*own).limit(search.FEW + 1).subquery()
    return Prepared(select(func.count()).select_from(some))


def _stretch(question: Question, order: _Order, way: Way, walks: bool) -> Select[Any]:
    """A statement that is read as it comes if one index has its rows in order; else the parts are chosen from."""
    listing = LISTINGS[question.kind]
    statement = _row(listing, order.expression)
    parts = _parts(question)
    if walks:
        here = condition(question.viewer, listing.model).is_(True)  # so that no index is seen in it
        parts = [Alternative(and_(standing(listing.model), here))]
    if len(parts) == 1 and way.key is None and not question.is_narrow:
        statement = statement.where(parts[0].condition, *_narrowing(question), *order.within(way))
        return statement.order_by(*order.by(way.place)).limit(PAGE + 1)
    firsts = [_part(question, order, part, way).limit(PAGE + 1).subquery() for part in parts]
    statement = statement.where(listing.model.id.in_(union_all(*(select(each.c.id) for each in firsts))))
    statement = statement.where(*order.again(way))
    return statement.order_by(*order.by(order.expression)).limit(PAGE + 1)


def _parts(question: Question) -> list[Alternative]:
    """What is read in order, each part by an index; few rows are found first, whatever their order. Not so customers: whether
    a customer is the store's is asked of an index that holds only the store's, not of each customer that was found."""
    model = LISTINGS[question.kind].model
    if question.is_narrow and model is not Customer:
        return [Alternative(condition(question.viewer, model))]
    return alternatives(question.viewer, model)


def firsts(
    question: Question, expression: Any, falls: bool, placed: bool, most: int, only: Condition, walks: bool
) -> Select[Any]:
    """The numbers of the first rows of a part of the list, as a column of a board, in the order of one of the record's
    own columns."""
    model = LISTINGS[question.kind].model
    order = _Order(model.id, expression, falls, placed)
    parts = [Alternative(condition(question.viewer, model))] if walks else _parts(question)
    limited = (_part(question, order, part, Way(expression)).where(only).limit(most) for part in parts)
    found = [select(part.subquery()) for part in limited]
    if len(found) > 1:  # a row may be in several parts
        rows = union(*found).subquery()
        found = [select(rows).order_by(*order.by(rows.c.get("place", order.key), rows.c.id)).limit(most)]
    return select(found[0].subquery().c.id)


def walks_all(session: Session, question: Question, values: Mapping[str, Any]) -> bool:
    """Whether the rows of a branch are looked for among those of all: it has many, and some only through another table,
    whose order is not theirs."""
    parts = _parts(question)
    return (
        any(part.key is not None for part in parts) and _of_branch(question.kind).scalar(session, values) > search.FEW
    )


def _row(listing: Listing, place: Any) -> Select[Any]:
    """What a row of the list is made of."""
    wanted = [value for column in drawn(listing) for value in column.values]
    statement = select(listing.model.id, listing.number, *listing.link, *wanted, place.label("place"))
    statement = statement.select_from(listing.model)
    for table, on in listing.joins:
        statement = statement.outerjoin(table, on)
    return statement


@lru_cache(maxsize=256)
def _one(kind: str, viewer: Placeholder) -> Prepared:
    listing = LISTINGS[kind]
    here = (
        condition(viewer, listing.model),
        *_narrowing(Question(kind, viewer)),
        listing.model.id == bindparam("one_id"),
    )
    return Prepared(_row(listing, listing.model.id).where(*here))


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of a page: by an expression and the number, or by the number alone; from a place on if it is placed."""

    key: Any
    expression: Any
    falls: bool
    placed: bool

    def by(self, expression: Any, key: Any = None, *, gathers: bool = False) -> list[Any]:
        key = self.key if key is None else key
        is_key = expression is self.key or isinstance(expression, BindParameter)  # the same for all rows of the stretch
        terms = [key] if is_key else [expression, key]
        if gathers:
            terms[0] = search.gathered_first(terms[0])
        return [term.desc() if self.falls else term.asc() for term in terms]

    def within(self, way: Way, key: Any = None) -> list[Condition]:
        """Of the stretch, and beyond the place."""
        conditions = [] if way.condition is None else [way.condition]
        if not self.placed:
            return conditions
        key = self.key if key is None else key
        number = bindparam("place_id", type_=self.key.type)
        if way.place is self.key:
            return [*conditions, key < number if self.falls else key > number]
        here = tuple_(way.place, key)
        there = tuple_(bindparam("place_value", type_=self.expression.type), number)
        return [*conditions, here < there if self.falls else here > there]

    def again(self, way: Way) -> list[Condition]:
        """As `within`, for rows whose numbers were found before: in the order of these PostgreSQL would else read all rows
        from the other end on."""
        return self.within(way) if way.place is self.key else []


def _part(question: Question, order: _Order, alternative: Alternative, way: Way) -> Select[Any]:
    """The first rows of one alternative in one stretch."""
    model = LISTINGS[question.kind].model
    through = alternative.key if alternative.key is not None else way.key
    key = model.id if through is None else through
    shown = [key.label("id")] if way.place is order.key else [key.label("id"), way.place.label("place")]
    statement = select(*shown).where(alternative.condition, *_narrowing(question), *order.within(way, key))
    statement = statement.order_by(*order.by(way.place, key, gathers=question.is_narrow and through is None))
    if through is not None:
        statement = statement.join(model, model.id == through).where(*order.again(way))
    return statement.distinct() if alternative.key is not None else statement


def _narrowing(question: Question) -> list[Condition]:
    """What filters and words ask for. Filters of one group are alternatives, groups narrow each other."""
    listing, known = LISTINGS[question.kind], Moments(question.viewer)
    groups: dict[str, list[Condition]] = {}
    for number, key in enumerate(question.filters):
        name, dot, _value = key.partition(".")
        if dot and key.endswith("."):
            choice = next(choice for choice in listing.choices if choice.key == name)
            groups.setdefault(name, []).append(choice.column == bindparam(f"link_{number}", type_=Integer()))
            continue
        found = find_filter(listing, key)
        if isinstance(found, tuple):
            choice, value = found
            groups.setdefault(choice.key, []).append(choice.column == value)
        elif found is not None:
            groups.setdefault(found.group or found.key, []).append(found.condition(known))
    searched = everywhere.conditions(listing, question.typed, question.looked)
    if question.where is not None:
        searched = [*searched, criteria.condition(listing, question.where, question.viewer)]
    if question.inside:
        searched = [*searched, spans.inside(listing)]
    always = [] if listing.only is None else [listing.only(known)]
    return [*always, *(or_(*group) for group in groups.values()), *searched]
