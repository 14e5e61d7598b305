"""Searching as people do it: each kind of word in each list by each role, by the clock, as whole requests."""

from __future__ import annotations

from statistics import median, quantiles
from urllib.parse import quote

from sqlalchemy import select

from portal.db import session
from portal.listing.registry import LISTINGS
from portal.models.customer import Property
from portal.permissions import Role, may
from portal.pinyin import spellings
from tests.benchmarks.volume import Sample, Volume

PEOPLE = (
    (Role.MANAGER, False),
    (Role.MANAGER, True),
    (Role.SPECIALIST, True),
    (Role.FRONT_DESK, True),
    (Role.REVIEWER, False),
)
LISTS = ("customers", "projects", "complaints", "consultations")
MOST_MS = 100
"""p95 of a search (design.md section 9)."""


def words(volume: Volume) -> dict[str, str]:
    """What is typed, by its kind."""
    sample = Sample.of(volume)
    with volume.app.app_context():
        query = select(Property).where(Property.unit.is_not(None)).order_by(Property.id.desc()).offset(500).limit(1)
        home = session().scalars(query).one()
        full, initials = spellings(sample.name)[0], sample.initials
        whole = f"{home.building}-{home.unit}-{home.room}"
        return {
            "name": sample.name, "surname": sample.name[:1], "two signs": sample.name[:2], "phone": sample.phone,
            "last four digits": sample.phone[-4:], "surname, digits": f"{sample.name[:1]} {sample.phone[-4:]}",
            "number": sample.customer, "building-unit-room": whole, "estate and that": f"{home.estate} {whole}",
            "estate": str(home.estate), "room": str(home.room), "full pinyin": full, "initials": initials,
            "estate initials": spellings(str(home.estate))[-1], "nothing": "嬲囍",
        }  # fmt: skip


def measure(volume: Volume, rounds: int) -> dict[tuple[str, str], list[float]]:
    """Milliseconds of each request after the first, by list and kind of word; of all people who see the list."""
    found: dict[tuple[str, str], list[float]] = {}
    for kind in LISTS:
        for what, typed in words(volume).items():
            for role, of_a_store in PEOPLE:
                if not may(role, LISTINGS[kind].permission):
                    continue
                browser, path = volume.browser(role, of_a_store=of_a_store), f"/records/{kind}?filter=&q={quote(typed)}"
                answers = [browser.ask(path) for _time in range(rounds + 1)]
                assert all(answer.status == 200 for answer in answers), f"{path}: {answers[0].status}"
                found.setdefault((kind, what), []).extend(answer.wall * 1000 for answer in answers[1:])
    return found


def table(found: dict[tuple[str, str], list[float]]) -> str:
    """Median and p95 of each kind of word, list by list; a mark stands behind what misses the budget."""
    kinds = list(dict.fromkeys(what for _kind, what in found))
    lines = [f"{'median / p95 ms':<20}" + "".join(f"{kind:>15}" for kind in LISTS)]
    for what in kinds:
        figures = [(median(found[kind, what]), quantiles(found[kind, what], n=20)[-1]) for kind in LISTS]
        marked = (f"{f'{one:.0f} / {p95:.0f}':>14}{'!' if p95 > MOST_MS else ' '}" for one, p95 in figures)
        lines.append(f"{what:<20}{''.join(marked)}".rstrip())
    return "\n".join(lines)
