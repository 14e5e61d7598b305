"""Lists and boards find their rows by indexes: no large table is read from end to end, however a list is filtered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import session
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.org import User
from portal.permissions import Role
from tests.benchmarks import plans
from tests.benchmarks.pages import PAGES
from tests.benchmarks.volume import Sample, Volume

pytestmark = [pytest.mark.benchmark, pytest.mark.slow, pytest.mark.timeout(1200)]

ALLOWED = {
    **{
        ("list of open complaints", table): "sorted by due time, so a thousand open ones are joined by hash at once"
        for table in ("project", "property", "customer")
    },
    ("complaints", "complaint_department"): "a department that answers for most complaints is not worth an index",
    ("dashboard of the manager", "complaint"): "the twelve weeks shown hold most complaints of this volume",
    ("list searched by surname", "customer"): "a seventh of all customers bear it; known to grow, docs/performance.md",
}
"""(list or page, table) that may be read whole, each with its reason."""

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


def refused(volume: Volume, name: str, what: str, seen: list[tuple[str, Any]]) -> list[str]:
    """The statements among these that read a large table whole and may not."""
    found = []
    for statement, filled in seen:
        if not statement.startswith(("SELECT", "WITH")):
            continue
        for table in plans.scans(session().connection(), statement, filled):
            if (name, table) not in ALLOWED:
                found.append(f"{name}, {what}: reads all of {table}: {statement[:300]}")
    return found


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_lists_are_served_by_indexes(large: Volume, kind: str) -> None:
    if not large.config.is_sqlite:
        return  # every filter is looked at on SQLite; PostgreSQL's plans are looked at page by page below
    listing, at, found = LISTINGS[kind], clock.now(), []
    with large.app.app_context():
        for user in people():
            for what, state in states(listing):
                with large.watch() as seen:
                    engine.page(session(), user, listing, state, at=at)
                    engine.count_state(session(), user, listing, state, at=at)
                found += refused(large, kind, what, seen)
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


STEADY = ("customers", "properties", "projects", "contracts", "quotations")
"""Lists whose first page costs the same at any volume; those of open work grow with the open work."""


@pytest.mark.parametrize("kind", STEADY)
def test_the_first_page_costs_the_same_at_ten_times_the_volume(large: Volume, small: Volume, kind: str) -> None:
    """Counted in instructions of SQLite's machine, which no busy computer changes."""
    if not large.config.is_sqlite:
        return  # PostgreSQL tells no steps; its plans are looked at above
    costs = []
    for volume in (small, large):
        with volume.app.app_context():
            user = next(people())
            with volume.watch() as seen:
                engine.page(session(), user, LISTINGS[kind], State(), at=clock.now())
            connection = session().connection()
            costs.append(sum(plans.steps(connection, *one) for one in seen if one[0].startswith("SELECT")))
            session().rollback()
    assert costs[1] <= 1.5 * costs[0] + plans.STEP * 10, f"{kind}: {costs[0]} steps became {costs[1]}"
