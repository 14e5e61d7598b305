"""Lists and boards find their rows by indexes: no large table is read from end to end, however a list is filtered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from blueprints.records import lists
from portal import clock
from portal.db import session
from portal.listing import board, engine, groups, kept
from portal.listing.declaration import Listing
from portal.listing.kinds import search
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State
from portal.models.org import User
from portal.permissions import Role, may
from tests.benchmarks import plans
from tests.benchmarks.pages import PAGES
from tests.benchmarks.volume import Sample, Volume

pytestmark = [pytest.mark.benchmark, pytest.mark.slow, pytest.mark.timeout(1200)]

_FEW_ROWS = "one store's, by name, initials or a rare filter: 20,000 rows are read as fast as some are looked up; not so 100,000"
ALLOWED = {
    (
        "sqlite",
        "dashboard of the manager",
        "complaint",
    ): "the twelve weeks it sums up hold most complaints of this volume",
    ("postgresql", "customers", "customer"): _FEW_ROWS,
    ("postgresql", "customers", "property"): _FEW_ROWS,
    ("postgresql", "search by pinyin initials", "customer"): _FEW_ROWS,
}
"""(database, list or page, table) that may be read whole, each with its reason."""

PEOPLE = ((Role.MANAGER, False), (Role.SPECIALIST, True))


def people() -> Iterator[User]:
    """A manager of all stores, and a specialist of one."""
    for role, of_a_store in PEOPLE:
        place = User.branch_id.is_not(None) if of_a_store else User.branch_id.is_(None)
        yield session().scalars(select(User).where(User.role == role.value, place).order_by(User.id)).first()


def states(listing: Listing) -> Iterator[tuple[str, State]]:
    """The list as it opens, each of its filters, one value of each choice, each of its orders."""
    yield "as it opens", State(filters=listing.default_filters)
    for known in listing.filters:
        yield known.key, State(filters=(known.key,))
    for choice in listing.choices:
        value = list(choice.terms)[-1].value if choice.terms else "1"
        yield f"{choice.key}.{value}", State(filters=(f"{choice.key}.{value}",))
    for column in listing.columns:
        if column.sort is not None:
            yield f"by {column.key}", State(filters=listing.default_filters, sort=column.key)


def later(page: engine.Page, state: State) -> dict[str, State]:
    """The pages behind the last row of a page, and before it."""
    if not page.raw:
        return {}
    last = page.read(page.raw[-1])
    place = Cursor(last[-1], last[0], len(page.raw) - 1).text()
    return {way: state.placed(way, place) for way in ("after", "before")}


def refused(volume: Volume, name: str, what: str, seen: list[tuple[str, Any]]) -> list[str]:
    """The statements among these that read a large table whole and may not."""
    found = []
    if session().get_bind().dialect.name == "postgresql":
        # it rightly reads 20,000 rows whole; what no index serves it reads whole even so
        session().execute(text("SET LOCAL enable_seqscan = off"))
    for statement, filled in seen:
        if not statement.startswith(("SELECT", "WITH")):
            continue
        for table in plans.scans(session().connection(), statement, filled):
            if (session().connection().dialect.name, name, table) not in ALLOWED:
                found.append(f"{name}, {what}: reads all of {table}: {statement[:300]}")
    return found


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_lists_are_served_by_indexes(large: Volume, kind: str) -> None:
    listing, at, found = LISTINGS[kind], clock.now(), []
    with large.app.app_context():
        for user in people():
            for what, state in states(listing):
                with large.watch() as seen:
                    first = engine.page(session(), user, listing, state, at=at)
                    engine.count_state(session(), user, listing, state, at=at)
                found += refused(large, kind, what, seen)
                for way, placed in later(first, state).items():
                    with large.watch() as seen:
                        other = engine.page(session(), user, listing, placed, at=at)
                    found += refused(large, kind, f"{what}, {way}", seen)
                    if way == "before":
                        assert other.raw == first.raw[:-1], f"{kind}, {what}: backwards there is another page"
        session().rollback()
    assert found == [], "add an index to the model, or a reason to ALLOWED"


@pytest.mark.parametrize("asked", [page for page in PAGES if page.form is None], ids=lambda page: page.name)
def test_pages_are_served_by_indexes(large: Volume, asked: Any) -> None:
    sample = Sample.of(large)
    large.browser(asked.role, of_a_store=asked.of_a_store)
    with large.watch() as seen:
        asked.ask(large, sample)
    with large.app.app_context():
        found = refused(large, asked.name, "the page", seen)
        session().rollback()
    assert found == [], "add an index to the model, or a reason to ALLOWED"


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_views_are_served_by_indexes(large: Volume, kind: str) -> None:
    """Boards, calendars, timelines and the others, with all rows of the list; what counts all rows may read them all."""
    listing, found = LISTINGS[kind], []
    for role, of_a_store in PEOPLE:
        if not may(role, listing.permission):
            continue
        browser = large.browser(role, of_a_store=of_a_store)
        for name, view in lists.VIEWS.items():
            if not view.fits(listing):
                continue
            with large.watch() as seen:
                assert browser.ask(f"{listing.path}?view={name}&filter=").status == 200
            with large.app.app_context():
                found += refused(large, kind, name, [one for one in seen if "count(" not in one[0]])
                session().rollback()
    assert found == [], "add an index to the model, or a reason to ALLOWED"


def test_customers_of_a_store_are_put_together_without_those_of_the_others(large: Volume) -> None:
    """Some are a store's only through a project. On SQLite: PostgreSQL rightly reads a table of this volume whole."""
    if not large.config.is_sqlite:
        pytest.skip("counted in instructions of SQLite's machine")
    listing, costs = LISTINGS["customers"], []
    with large.app.app_context():
        for user in people():
            kept.forget(session())
            with large.watch() as seen:
                groups.of(session(), user, listing, State(), [board.groupings(listing)[0]], at=clock.now())
            costs.append(sum(plans.steps(session().connection(), *one) for one in seen))
        session().rollback()
    assert costs[1] < 1.2 * costs[0], f"{costs[1]} steps of one store, {costs[0]} of all"


def test_customers_of_a_store_are_counted_by_the_index_of_the_store(large: Volume) -> None:
    """Whatever they are chosen by, neither their rows nor those of the others are looked at."""
    if not large.config.is_sqlite:
        pytest.skip("counted in instructions of SQLite's machine")
    listing = LISTINGS["customers"]
    with large.app.app_context():
        everybody, user = people()
        theirs = engine.count(session(), user, "customers", {"filter": ""}, at=clock.now())[0]
        assert theirs > 1000, "a few rows prove nothing"
        for what, state in states(listing):
            with large.watch() as seen:
                engine.count_state(session(), user, listing, state, at=clock.now())
            cost = sum(plans.steps(session().connection(), *one) for one in seen)
            assert cost < 30 * theirs, f"{what}: {cost} steps for {theirs} customers"
        with large.watch() as seen:
            engine.count(session(), everybody, "customers", {"filter": "new-today"}, at=clock.now())
        assert sum(plans.steps(session().connection(), *one) for one in seen) < theirs, "found by when they came"
        session().rollback()


def test_promises_are_counted_without_the_other_tasks(large: Volume) -> None:
    with large.app.app_context():
        manager, _specialist = people()
        with large.watch() as seen:
            engine.count(session(), manager, "tasks", {"filter": "promised"}, at=clock.now())
        cost = sum(plans.steps(session().connection(), *one) for one in seen)
        session().rollback()
    assert seen and cost <= plans.STEP, cost


ALL, ONE = PEOPLE
STEADY = (
    *((kind, State()) for kind in ("customers", "properties", "projects", "contracts", "quotations", "consultations")),
    ("customers", State(q="王")),
    ("projects", State(q="王")),
    ("customers", State(q="wang")),
    ("consultations", State(sort="due")),
    ("complaints", State(filters=("open",))),
)
"""First pages that cost the same at any volume, for all stores and for one."""
GROWING = {
    ("sqlite", "due", ONE): "what runs in one store is looked for among the open work of all stores",
    ("postgresql", "due", ONE): "as above",
    ("postgresql", "due", ALL): "PostgreSQL gathers the open work, which does not grow with the years, and sorts it",
    ("postgresql", "王", ALL): "it chooses by its statistics whether it gathers or walks: a little of both volumes",
    ("postgresql", "王", ONE): "as above",
    ("postgresql", "wang", ALL): "as above",
    ("postgresql", "wang", ONE): "as above",
}
"""What may cost more, each with its reason."""


@pytest.mark.parametrize("person", PEOPLE, ids=("all stores", "one store"))
@pytest.mark.parametrize(
    ("kind", "state"), STEADY, ids=lambda given: given if isinstance(given, str) else given.query()
)
def test_the_first_page_costs_the_same_at_ten_times_the_volume(
    large: Volume, small: Volume, kind: str, state: State, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in what no busy computer changes: instructions of SQLite's machine, pages that PostgreSQL looks at."""
    monkeypatch.setattr(search, "FEW", 100)  # as at a volume where a surname fits many
    monkeypatch.setattr(search, "TIMES", {})
    monkeypatch.setattr(search, "TIMES_OF_A_STORE", {})
    costs = []
    for volume in (small, large):
        with volume.app.app_context():
            user = list(people())[PEOPLE.index(person)]
            search._asked.clear()
            with volume.watch() as seen:
                engine.page(session(), user, LISTINGS[kind], state, at=clock.now())
            connection = session().connection()
            costs.append(sum(plans.steps(connection, *one) for one in seen if one[0].startswith("SELECT")))
            session().rollback()
    search._asked.clear()
    what = state.q or (state.sort or LISTINGS[kind].order_for(state.filters))
    database = "sqlite" if large.config.is_sqlite else "postgresql"
    allowed = 1.5 if (database, what, person) not in GROWING else 10
    assert costs[1] <= allowed * costs[0] + plans.STEP * 10, f"{costs[0]} became {costs[1]}"


@pytest.mark.parametrize("person", PEOPLE, ids=("all stores", "one store"))
@pytest.mark.parametrize("kind", ["customers", "properties", "projects", "contracts", "consultations"])
def test_a_page_in_the_middle_costs_what_the_first_costs(large: Volume, kind: str, person: Any) -> None:
    listing, costs = LISTINGS[kind], []
    with large.app.app_context():
        user = list(people())[PEOPLE.index(person)]
        middle = session().scalar(select(func.max(listing.model.id))) // 2
        deep = State(sort="-id", after=Cursor(middle, middle, 1).text())
        for state in (State(sort="-id"), deep):
            with large.watch() as seen:
                found = engine.page(session(), user, listing, state, at=clock.now())
            assert len(found.raw) == engine.PAGE, "fewer rows prove nothing"
            costs.append(sum(plans.steps(session().connection(), *one) for one in seen))
        session().rollback()
    assert costs[1] <= 1.5 * costs[0] + plans.STEP, f"{costs[0]} became {costs[1]}"
