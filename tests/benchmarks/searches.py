"""Searching as people do it: each kind of word in each list and in the palette by each role, as whole requests.

Told in processor time, with that of the database: on a busy machine the clock says more about the others."""

from __future__ import annotations

from statistics import median, quantiles
from urllib.parse import quote

from sqlalchemy import select

from portal.db import session
from portal.listing.registry import LISTINGS
from portal.models.complaint import Complaint
from portal.models.contract import Contract
from portal.models.customer import Property
from portal.models.project import Project
from portal.permissions import Permission, Role, may
from portal.pinyin import spellings
from tests.benchmarks.volume import Sample, Volume

PEOPLE = (
    (Role.MANAGER, False),
    (Role.MANAGER, True),
    (Role.SPECIALIST, True),
    (Role.FRONT_DESK, True),
    (Role.REVIEWER, False),
)
LISTS = (
    "customers", "properties", "projects", "contracts", "quotations", "complaints", "escalations", "consultations", "tasks",
)  # fmt: skip
PALETTE = "palette"
MOST_MS = 100
"""p95 of a search (design.md section 9)."""
Asked = tuple[str, str, str]
"""The list, the kind of word, who looks."""


def words(volume: Volume) -> dict[str, str]:
    """What is typed, by its kind."""
    sample = Sample.of(volume)
    with volume.app.app_context():
        query = select(Property).where(Property.unit.is_not(None)).order_by(Property.id.desc()).offset(500).limit(1)
        home = session().scalars(query).one()
        complaint = session().scalars(select(Complaint).where(Complaint.number == sample.complaint)).one()
        contract = select(Contract.number).join(Project, Project.id == Contract.project_id)
        signed = session().scalars(contract.where(Project.number == sample.project)).first() or sample.project
        full, initials = spellings(sample.name)[0], sample.initials
        whole = f"{home.building}-{home.unit}-{home.room}"
        return {
            "name": sample.name, "surname": sample.name[:1], "two signs": sample.name[:2], "phone": sample.phone,
            "last four digits": sample.phone[-4:], "surname, digits": f"{sample.name[:1]} {sample.phone[-4:]}",
            "number": sample.customer, "number of a project": sample.project, "number of a contract": signed,
            "building-unit-room": whole, "estate and that": f"{home.estate} {whole}",
            "estate": str(home.estate), "room": str(home.room), "full pinyin": full, "initials": initials,
            "three initials": (initials + "j")[:3], "estate initials": spellings(str(home.estate))[-1],
            "a common text": "漏水", "a rare text": complaint.content[:8], "a colleague": complaint.owner.name,
            "nothing": "嬲囍",
        }  # fmt: skip


def measure(volume: Volume, rounds: int) -> dict[Asked, list[float]]:
    """Milliseconds of processor time of each request after the first."""
    found: dict[Asked, list[float]] = {}
    for role, of_a_store in PEOPLE:
        browser = volume.browser(role, of_a_store=of_a_store)
        who = f"{role.value.lower()}, {'one store' if of_a_store else 'all stores'}"
        for what, typed in words(volume).items():
            paths = {
                kind: f"/records/{kind}?filter=&q={quote(typed)}"
                for kind in LISTS
                if may(role, LISTINGS[kind].permission)
            }
            if may(role, Permission.HOME):
                paths[PALETTE] = f"/records/palette?q={quote(typed)}"
            for where, path in paths.items():
                answers = [browser.ask(path, is_part=where == PALETTE) for _time in range(rounds + 1)]
                assert all(answer.status == 200 for answer in answers), f"{path}: {answers[0].status}"
                found[where, what, who] = [answer.work * 1000 for answer in answers[1:]]
    return found


def table(found: dict[Asked, list[float]]) -> str:
    """Median and p95 of each kind of word in each list, of whoever waits longest; a mark stands behind what misses the
    budget, and below who that is."""
    kinds = list(dict.fromkeys(what for _where, what, _who in found))
    places = [*LISTS, PALETTE]
    lines = [f"{'median / p95 ms':<22}" + "".join(f"{place:>15}" for place in places)]
    for what in kinds:
        cells = []
        for place in places:
            times = [_figures(times) for (where, word, _who), times in found.items() if (where, word) == (place, what)]
            _least, middle, p95 = max(times, key=lambda each: each[1], default=(0, 0, 0))
            cells.append(f"{f'{middle:.0f} / {p95:.0f}':>14}{'!' if p95 > MOST_MS else ' '}")
        lines.append(f"{what:<22}{''.join(cells)}".rstrip())
    for (where, what, who), times in found.items():
        least, middle, p95 = _figures(times)
        if p95 > MOST_MS:
            lines.append(f"over: {where}, {what}, {who}: least {least:.0f}, median {middle:.0f}, p95 {p95:.0f}")
    return "\n".join(lines)


def _figures(times: list[float]) -> tuple[float, float, float]:
    return min(times), median(times), quantiles(times, n=20, method="inclusive")[-1]
