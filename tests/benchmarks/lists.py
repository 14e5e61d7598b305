"""Lists as people open them in a large volume: first and deep pages, numbers of rows, groups, favourites; in processor
time, with that of the database, and in questions to it."""

from __future__ import annotations

from statistics import median, quantiles

from sqlalchemy import func, select

from portal import clock
from portal.db import session, transaction
from portal.listing import board, engine
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State
from portal.models.favourite import Favourite, Shared
from portal.models.org import User
from portal.permissions import Role, may
from tests.benchmarks.searches import LISTS
from tests.benchmarks.volume import Volume

PEOPLE = ((Role.MANAGER, False), (Role.MANAGER, True), (Role.SPECIALIST, True))
FAVOURITES = 10
"""Of each list and person, each with one filter or value."""


def paths(volume: Volume, kind: str, role: Role, of_a_store: bool) -> dict[str, str]:
    """What is asked of a list, by its name."""
    listing = LISTINGS[kind]
    start = f"/records/{kind}?"
    found = {"as it opens": f"/records/{kind}", "all rows": f"{start}filter=", "deep": f"{start}{_deep(volume, kind)}"}
    found |= {"count, as it opens": f"{start}count=1", "count, all": f"{start}filter=&count=1"}
    found |= {"sums": f"{start}filter=&totals=1"}
    by = board.groupings(listing)
    if by:
        found |= {"in groups, counted anew": f"{start}filter=&group={by[0].key}&anew=1"}
        found |= {"in groups": f"{start}filter=&group={by[0].key}"}
    found |= {"favourites with numbers": f"/records/{kind}/favourites/menu"}
    for column in listing.columns:
        if column.sort is not None:
            found |= {f"by {column.key}": f"{start}filter=&sort={column.key}"}
            found |= {f"by {column.key}, falling": f"{start}filter=&sort=-{column.key}"}
    return found


def _deep(volume: Volume, kind: str) -> str:
    """The page in the middle of all rows, in the order in which they were made."""
    model = LISTINGS[kind].model
    with volume.app.app_context():
        middle = (session().scalar(select(func.max(model.id))) or 0) // 2
    return State(sort="-id", after=Cursor(middle, middle, engine.CEILING).text()).query()


def _favourites(volume: Volume, kind: str, role: Role, of_a_store: bool) -> None:
    """Give the person favourites that are counted, unless they are there."""
    listing = LISTINGS[kind]
    with volume.app.app_context(), transaction() as writing:
        user = writing.get_one(User, volume.person(role, of_a_store=of_a_store))
        if writing.scalar(select(func.count()).where(Favourite.owner_id == user.id, Favourite.kind == kind)):
            return
        keys = [f"{choice.key}.{value}" for choice in listing.choices for value, _label in choice.values]
        keys = [*(known.key for known in listing.filters), *keys][:FAVOURITES]
        for key in keys:
            query = State(filters=(key,)).query()
            kept = {"kind": kind, "query": query, "owner_id": user.id, "branch_id": user.branch_id, "role": user.role}
            kept |= {"name": key, "shared": Shared.ME.value, "is_counted": True, "is_default": False}
            writing.add(Favourite(**kept, created_at=clock.now()))


def measure(volume: Volume, rounds: int) -> dict[tuple[str, str, str], tuple[int, list[float]]]:
    """Questions, and milliseconds of each request after the first, by list, page and person."""
    found = {}
    for role, of_a_store in PEOPLE:
        browser = volume.browser(role, of_a_store=of_a_store)
        who = f"{role.value.lower()}, {'one store' if of_a_store else 'all stores'}"
        for kind in LISTS:
            if not may(role, LISTINGS[kind].permission):
                continue
            _favourites(volume, kind, role, of_a_store)
            for what, path in paths(volume, kind, role, of_a_store).items():
                is_part = any(word in path for word in ("count=1", "totals=1", "/menu"))
                first = browser.ask(path, is_part=is_part)
                assert first.status == 200, f"{path}: {first.status}"
                with volume.watch() as seen:
                    browser.ask(path, is_part=is_part)
                times = [browser.ask(path, is_part=is_part).work * 1000 for _time in range(rounds)]
                found[kind, what, who] = len(seen), times
    return found


def table(found: dict[tuple[str, str, str], tuple[int, list[float]]]) -> str:
    """One line per page: questions, least, median and p95 of each person."""
    people = list(dict.fromkeys(who for _kind, _what, who in found))
    lines = [f"{'questions; least / median / p95 ms':<42}" + "".join(f"{who:>30}" for who in people)]
    for kind, what in dict.fromkeys((kind, what) for kind, what, _who in found):
        cells = []
        for who in people:
            questions, times = found.get((kind, what, who), (0, []))
            p95 = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else 0
            said = f"{questions}; {min(times):.0f} / {median(times):.0f} / {p95:.0f}" if times else ""
            cells.append(f"{said:>30}")
        lines.append(f"{f'{kind}: {what}':<42}{''.join(cells)}".rstrip())
    return "\n".join(lines)
