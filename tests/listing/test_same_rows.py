"""The golden rule, for every record type: one state has the same rows in the list, in every view, group, counter and file.

Each way to the rows is a function that gives their numbers inside; the list itself, page by page, is the measure. A new
record type is tested without a word here, a new view as soon as it stands in `VIEWS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from itertools import cycle, islice
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from blueprints.records import lists, task_matrix
from portal.db import transaction
from portal.exporting import reading
from portal.exporting.fields import Field as Taken
from portal.listing import agenda, analysis, board, criteria, engine, groups, pivot, series
from portal.listing.criteria import Asked, Group
from portal.listing.declaration import Listing
from portal.listing.facets import narrowed
from portal.listing.fields import Field, Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, from_args, order_type
from portal.models.org import User
from portal.models.task import Task
from portal.permissions import may
from portal.services import favourites
from portal.services.favourites import Wish
from tests.turns import is_turn

WHOLE = (date(1990, 1, 1), date(2200, 1, 1))


@dataclass(frozen=True)
class Look:
    """One person looking at one list in one state."""

    session: Any
    user: User
    listing: Listing
    state: State
    at: datetime

    def seen(self, state: State) -> list[int]:
        """The rows of a state, page after page."""
        found: list[int] = []
        place: State | None = state.without_place()
        while place is not None:
            page = engine.page(self.session, self.user, self.listing, place, at=self.at)
            found += [row.id for row in page.rows]
            place = page.next
        return found

    def asked(self, *tests: Asked) -> list[int]:
        """The rows of the state that also meet these conditions."""
        return self.seen(narrowed_by(self.listing, self.state, tests))


def narrowed_by(listing: Listing, state: State, tests: Any) -> State:
    return state.without_place(where=narrowed(listing, state.where, tuple(tests)))


# ---------- The states ----------


def a_test(field: Field) -> Asked:
    """Some condition on a field."""
    match field.kind:
        case Kind.TEXT:
            return Asked(field.key, "contains", ("1",))
        case Kind.PLACES:
            return Asked(field.key, "contains", ("1380" if field.key == "of-phone" else "张",))
        case Kind.NUMBER:
            return Asked(field.key, "least", ("2",))
        case Kind.DAY | Kind.MOMENT:
            return Asked(field.key, "until", ("2026-05-09",))
        case Kind.TERM:
            return Asked(field.key, "is", (next(iter(field.choice.terms)).value,))
        case Kind.LINK:
            return Asked(field.key, "empty")
    first = criteria.operators(field)[0]
    return Asked(field.key, first.key, ("漏水",) * (first.values or 0))


def states(listing: Listing) -> Iterator[State]:
    """As it opens, all rows, each filter, a value of each choice, words, conditions of one's own, all at once."""

    def said(**args: str) -> State:
        state, problems = from_args(listing, args)
        assert not problems, (args, [str(problem) for problem in problems])
        return state

    yield said()
    yield said(filter="")
    for each in listing.filters:
        yield said(filter=each.key)
    for choice in listing.choices:
        yield said(filter=f"{choice.key}.{next(iter(choice.terms)).value}" if choice.terms else f"{choice.key}.1")
    for word in ("1", "张", "TS-2026", "客服"):
        yield said(filter="", q=word)
    tests = [a_test(field) for field in fields_of(listing).values()]
    for how in ("any", "all", "none"):
        inner = Group("any" if how == "all" else "all", tuple(tests[1:3]))
        yield said(filter="", where=criteria.write(Group(how, (tests[0], *([inner] if inner.parts else [])))))
    whole = criteria.write(Group("any", (tests[0], *(tests[-1:]))))
    yield said(filter=",".join(each.key for each in listing.filters[:1]), q="1", where=whole)


# ---------- The ways to the rows ----------


def by_statement(look: Look) -> list[int]:
    statement, values = engine.ids(
        look.session, look.user, look.listing.kind, reading.parameters(look.state), at=look.at
    )
    return list(look.session.scalars(statement, values))


def by_groups(look: Look) -> Iterator[list[int]]:
    """What the groups of each field hold, opened one by one."""
    for grouping in one_of_each(groups.groupings(look.listing)):
        found, more = groups.of(
            look.session, look.user, look.listing, look.state.rows_only(), [grouping], [], at=look.at
        )
        assert not more
        ids: list[int] = []
        for group in found:
            inside = look.asked(groups.test_of(grouping, group.values[0]))
            assert len(inside) == group.count, (grouping.key, group.values)
            ids += inside
        yield ids


def one_of_each(found: Any) -> list[Any]:
    """The groupings, of times the months only."""
    return [each for each in found if each.stretch in ("", "month")]


def by_kanban(look: Look) -> Iterator[list[int]]:
    for grouping in board.groupings(look.listing):
        lanes, more = board.lanes(look.session, look.user, look.listing, look.state, grouping, None, look.at)
        assert not more
        ids: list[int] = []
        for lane in lanes:
            board.fill(look.session, look.user, look.listing, look.state, grouping, [lane], look.at)
            held = [card.row.id for card in lane.cards]
            while lane.next:
                place = Cursor.read(lane.next, order_type(look.listing, look.state))
                lane.cards, lane.next = [], ""
                board.fill(look.session, look.user, look.listing, look.state, grouping, [lane], look.at, place)
                held += [card.row.id for card in lane.cards]
            assert len(held) == lane.count
            ids += held
        yield ids


def by_calendar(look: Look) -> Iterator[list[int]]:
    """What stands on its days, and what has no day."""
    for dated in agenda.dates(look.listing):
        given = (look.session, look.user, look.listing, look.state, dated, WHOLE, look.at)
        entries = [entry.row.id for entry in agenda.entries(*given, a_day=1000)]
        assert sum(agenda.counts(*given).values()) == len(entries)
        if not dated.joined:
            yield entries + look.asked(Asked(dated.key, "empty"))
        elif look.listing.model is Task:
            without = set(look.session.scalars(select(Task.id).where(Task.due_at.is_(None))))
            yield entries + [number for number in look.seen(look.state) if number in without]
        else:
            running = select(Task.record_id).where(
                Task.record_kind == look.listing.kind, Task.closed_at.is_(None), Task.due_at.is_not(None)
            )
            clocks = set(look.session.scalars(running))
            yield entries + [number for number in look.seen(look.state) if number not in clocks]


def by_pivot(look: Look) -> Iterator[list[int]]:
    keys = [each.key for each in one_of_each(groups.groupings(look.listing))]
    for rows, columns in zip(keys, (*keys[1:], analysis.NONE), strict=True):
        state = look.state.seen_as("pivot", rows=rows, columns=columns)
        layout, _problems = analysis.read(look.listing, state)
        found = pivot.make(look.session, look.user, look.listing, state, layout, at=look.at)
        leaves = (len(layout.rows), len(layout.columns))
        ids: list[int] = []
        for row, column in found.amounts:
            if (len(row), len(column)) == leaves:
                opened = found.records(row, column)
                assert opened is not None
                ids += look.seen(reread(look.listing, opened))
        yield ids


def by_graph(look: Look) -> Iterator[list[int]]:
    for chart in ("bar", "line"):
        state = look.state.seen_as("graph", chart=chart)
        drawn, layout, _problems = series.read(look.listing, state)
        found = series.make(look.session, look.user, look.listing, state, drawn, layout, at=look.at)
        opened = [each.records for figures in found.figures for each in figures if each.records is not None]
        yield [number for each in opened for number in look.seen(reread(look.listing, each))]


def reread(listing: Listing, state: State) -> State:
    """The state as its own URL says it."""
    found, problems = from_args(listing, dict(parse_qsl(state.query(), keep_blank_values=True)))
    assert not problems
    return found.seen_as("list").without_place()


def by_export(look: Look) -> list[int]:
    number = Taken("id", look.listing.one, (look.listing.model.id,), lambda _at, value: value)
    lines = reading.lines(look.session, look.user, look.listing, look.state, [number], at=look.at)
    return [line[0] for chunk in lines for line in chunk]


WAYS: dict[str, Callable[[Look], Any]] = {
    "groups": by_groups, "kanban": by_kanban, "calendar": by_calendar, "pivot": by_pivot, "graph": by_graph,
}  # fmt: skip
"""Ways that give the rows once for each field they can be seen by."""


FIRST = {"sqlite": 4, "postgresql": 1}
"""So many looks go all ways; the others one each, in turn."""
ALL_VIEWS = 2
"""So many states are seen in all views over HTTP; the others in the list and two views, in turn."""


@pytest.fixture
def people(sample, monkeypatch):
    monkeypatch.setattr(engine, "PAGE", 5)
    monkeypatch.setattr(board, "SHOWN", 3)
    for kept in (engine._page, board._cards):
        kept.cache_clear()
    yield sample
    for kept in (engine._page, board._cards):
        kept.cache_clear()


def looks(session, people, kind, at) -> Iterator[Look]:
    """The first two states as the manager and a specialist see them, then each as one of them, by turns two specialists of
    different branches."""
    listing, others = LISTINGS[kind], cycle((people.specialist, people.far))
    for place, state in enumerate(states(listing)):
        both = [people.manager, next(others)]
        for user in both if place < 2 else both[place % 2 :][:1]:
            if may(user, listing.permission):
                yield Look(session, user, listing, state, at)


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_way_leads_to_the_same_rows(session, people, clock, kind):
    told, first = 0, FIRST[session.get_bind().dialect.name]
    for place, look in enumerate(looks(session, people, kind, clock.now())):
        if not is_turn(place):
            continue
        whole = look.seen(look.state)
        wanted = sorted(whole)
        said = (look.user.role, look.state)
        assert len(set(whole)) == len(whole), said
        assert sorted(by_statement(look)) == wanted, said
        assert by_export(look) == whole, said
        params = reading.parameters(look.state)
        assert engine.count(session, look.user, kind, params, at=look.at) == (len(whole), False), said
        assert engine.count_many(session, look.user, [(kind, params), (kind, params)], at=look.at)[1][0] == len(whole)
        name, way = list(WAYS.items())[place % len(WAYS)]
        ways = WAYS if place < first else {name: way}  # all of them for the first looks, then in turn
        for name, way in ways.items():
            for found in way(look):
                assert sorted(found) == wanted, (name, *said)
                told += bool(found)
    assert told, "empty lists prove nothing"


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_counters_of_favourites_are_the_rows_they_open(session, people, clock, kind):
    listing, at = LISTINGS[kind], clock.now()
    wanted = {}
    with transaction() as writing:
        actor = writing.merge(people.manager)
        for number, state in enumerate(list(states(listing))[:12]):
            wish = Wish(name=f"第{number}个")
            kept = favourites.save(writing, listing, state, wish, actor=actor, at=at)
            wanted[kept.id] = state
    own = favourites.seen(session, people.manager, kind)
    counts = favourites.counts(session, people.manager, own, at=at)
    for favourite in own:
        shows, lost = favourites.state_of(listing, favourite.query)
        assert not lost
        look = Look(session, people.manager, listing, shows, at)
        shown = len(look.seen(look.state))
        assert shown == len(look.seen(wanted[favourite.id])) and counts[favourite.id] == (shown, False)


@pytest.mark.sqlite_only  # the rows are those of the test above; here it is what the pages make of them
@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_no_view_shows_what_is_not_in_the_list(session, people, sign_in, clock, kind):
    """Over HTTP, for every view there is: no link to a record that the state does not have."""
    listing, at = LISTINGS[kind], clock.now()
    client = sign_in(people.manager)
    everything = Look(session, people.manager, listing, State(), at)
    paths = {row.id: row.path for row in rows_of(everything)}
    views = [name for name, view in lists.VIEWS.items() if view.fits(listing)]
    turns = cycle(views)
    for place, state in enumerate(list(states(listing))[:8]):
        look = Look(session, people.manager, listing, state, at)
        wanted = {paths[number] for number in look.seen(state)}
        for view in ("list", *(views if place < ALL_VIEWS else islice(turns, 2))):
            text = client.get(f"{listing.path}?{state.seen_as(view).query()}", status=200, check=False).text
            assert view != "kanban" or not re.search(r'(notes|text)">–|· –', text), (
                "a card says nothing of what is empty"
            )
            links = {unescape(link) for link in re.findall(r'href="([^"]+)"', text)} & set(paths.values())
            assert links <= wanted, (view, state)
            if view == "list" or (view == task_matrix.VIEW and links):
                first = engine.page(session, people.manager, listing, state, at=at).rows
                assert links == {row.path for row in first}, (view, state)


def rows_of(look: Look) -> Iterator[engine.Row]:
    place: State | None = look.state
    while place is not None:
        page = engine.page(look.session, look.user, look.listing, place, at=look.at)
        yield from page.rows
        place = page.next
