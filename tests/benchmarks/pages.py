"""What is measured: pages as people open them, each with its budget in units of a bare Flask answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from typing import Any

from portal.permissions import Role
from tests.benchmarks.volume import Answer, Browser, Sample, Volume, form_key, hello

MOST_QUERIES = 15
MOST_BYTES = 100_000
GROWTH = 1.5
"""p95 at the large volume in units of the small one."""


@dataclass(frozen=True, slots=True)
class Page:
    """One thing people do. `form`: what is sent, made anew each time."""

    name: str
    budget: float
    role: Role
    path: Callable[[Sample], str]
    of_a_store: bool = False
    form: Callable[[Browser], dict[str, Any]] | None = None
    is_list: bool = False
    """Lists have a limit on their weight."""
    is_part: bool = False
    """Asked for by the page's script, as a part of the page: the palette while one types."""

    def ask(self, volume: Volume, sample: Sample) -> Answer:
        """Do it once."""
        browser = volume.browser(self.role, of_a_store=self.of_a_store)
        answer = browser.ask(self.path(sample), self.form(browser) if self.form else None, is_part=self.is_part)
        assert answer.status == (303 if self.form else 200), f"{self.name}: {answer.status} {answer.body[:500]!r}"
        return answer


_callers = count(1)


def _call(browser: Browser) -> dict[str, Any]:
    page = browser.ask("/front-desk/calls/new").body
    return {
        "client_key": form_key(page), "channel": "PHONE", "kind": "CONSULT", "complexity": "COMMON",
        "number": f"1360000{next(_callers):04d}", "name": "来电人", "question": "问工期", "answer": "两周", "then": "record",
    }  # fmt: skip


def _at(path: str) -> Callable[[Sample], str]:
    return lambda sample: path


SPECIALIST, MANAGER, DESK = Role.SPECIALIST, Role.MANAGER, Role.FRONT_DESK
PAGES = (
    Page("list of projects", 12, MANAGER, _at("/records/projects"), is_list=True),
    Page("list of customers", 12, MANAGER, _at("/records/customers"), is_list=True),
    Page("list of open complaints", 12, MANAGER, _at("/records/complaints"), is_list=True),
    Page("list of all complaints", 12, MANAGER, _at("/records/complaints?filter="), is_list=True),
    Page("list of calls", 12, MANAGER, _at("/records/consultations"), is_list=True),
    Page("list of projects, one store", 12, SPECIALIST, _at("/records/projects"), of_a_store=True, is_list=True),
    Page("list of customers, one store", 12, SPECIALIST, _at("/records/customers"), of_a_store=True, is_list=True),
    Page("list searched by surname", 20, MANAGER, _at("/records/customers?filter=&q=王"), is_list=True),
    Page("complaint with its timeline", 12, SPECIALIST, lambda sample: f"/records/complaints/{sample.complaint}"),
    Page("household", 12, SPECIALIST, lambda sample: f"/records/customers/{sample.customer}/household"),
    Page("dashboard of a specialist", 20, SPECIALIST, _at("/specialist/"), of_a_store=True),
    Page("dashboard of the manager", 20, MANAGER, _at("/manager/")),
    *(
        Page(f"twelve weeks: {which}", 20, MANAGER, _at(f"/manager/weeks/{which}"), is_part=True)
        for which in ("trend", "timeliness", "satisfaction")
    ),
    Page("front desk", 20, DESK, _at("/front-desk/"), of_a_store=True),
    Page("search by name", 20, MANAGER, lambda sample: f"/records/palette?q={sample.name}", is_part=True),
    Page(
        "search by pinyin initials", 20, MANAGER, lambda sample: f"/records/palette?q={sample.initials}", is_part=True
    ),
    Page("list searched by initials", 20, MANAGER, _at("/records/customers?filter=&q=zw"), is_list=True),
    Page("search by phone", 20, MANAGER, lambda sample: f"/records/palette?q={sample.phone}", is_part=True),
    Page(
        "search by last four digits",
        20,
        MANAGER,
        lambda sample: f"/records/palette?q={sample.phone[-4:]}",
        is_part=True,
    ),
    Page("search by number", 20, MANAGER, lambda sample: f"/records/palette?q={sample.complaint}", is_part=True),
    Page("search by address", 20, MANAGER, _at("/records/palette?q=翠湖天地 5-1-1802"), is_part=True),
    Page(
        "search by name, one store",
        20,
        SPECIALIST,
        lambda sample: f"/records/palette?q={sample.name}",
        True,
        is_part=True,
    ),
    Page("board of complaints", 25, MANAGER, _at("/records/complaints?view=kanban&filter=")),
    Page("board of projects, one store", 25, SPECIALIST, _at("/records/projects?view=kanban&filter="), True),
    Page("graph of complaints", 40, MANAGER, _at("/records/complaints?view=graph&filter=")),
    Page("calendar of all tasks", 25, MANAGER, _at("/records/tasks?view=calendar&filter=")),
    Page("calendar of tasks, one store", 25, SPECIALIST, _at("/records/tasks?view=calendar&filter="), of_a_store=True),
    Page("calendar of customers", 25, MANAGER, _at("/records/customers?view=calendar&filter=")),
    Page("calendar of customers, one store", 25, SPECIALIST, _at("/records/customers?view=calendar&filter="), True),
    Page("register a call", 25, DESK, _at("/front-desk/calls/new"), of_a_store=True, form=_call),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One page at one volume. CPU in units of hello; milliseconds for the clock."""

    queries: int
    cpu: float
    """Asked in turn with all other pages: the processor's caches are full of others."""
    looped: float
    """Asked again and again, with hello in between."""
    p95: float
    cpu_p95: float
    bytes: int


def measure(volumes: list[Volume], rounds: int, pages: tuple[Page, ...] = PAGES) -> dict[str, list[Figures]]:
    """All pages at all volumes: one after the other in each round, so that a busy moment hits all alike; then each alone."""
    unit = Browser(hello(), None, None)
    samples = [Sample.of(volume) for volume in volumes]
    asked: dict[tuple[str, int], list[Answer]] = {}
    queries: dict[tuple[str, int], int] = {}
    for page in pages:
        for number, volume in enumerate(volumes):
            page.ask(volume, samples[number])  # templates and statements are built once per process
            with volume.watch() as seen:
                if page.form is None:
                    page.ask(volume, samples[number])
                    queries[page.name, number] = len(seen)
                else:
                    queries[page.name, number] = _of_post(page, volume, samples[number], seen)
    units: list[float] = []
    for _round in range(rounds):
        for page in pages:
            units += [unit.ask("/").cpu for _time in range(3)]
            for number, volume in enumerate(volumes):
                asked.setdefault((page.name, number), []).append(page.ask(volume, samples[number]))
    one = median(units)
    found: dict[str, list[Figures]] = {}
    for page in pages:
        for number, volume in enumerate(volumes):
            looped = _looped(page, volume, samples[number], unit, rounds)
            figures = _figures(asked[page.name, number], queries[page.name, number], one, looped)
            found.setdefault(page.name, []).append(figures)
    return found


def _looped(page: Page, volume: Volume, sample: Sample, unit: Browser, rounds: int) -> float:
    units, answers = [], []
    for _round in range(rounds):
        units += [unit.ask("/").cpu for _time in range(3)]
        page.ask(volume, sample)  # brings the page back into the caches that hello has not left to it
        answers.append(page.ask(volume, sample).cpu)
    return median(answers) / median(units)


def _of_post(page: Page, volume: Volume, sample: Sample, seen: list[Any]) -> int:
    assert page.form is not None
    browser = volume.browser(page.role, of_a_store=page.of_a_store)
    form = page.form(browser)
    before = len(seen)
    browser.ask(page.path(sample), form)
    return len(seen) - before


def _figures(answers: list[Answer], queries: int, unit: float, looped: float) -> Figures:
    return Figures(
        queries,
        median(answer.cpu for answer in answers) / unit,
        looped,
        _p95([answer.wall for answer in answers]) * 1000,
        _p95([answer.cpu for answer in answers]) * 1000,
        len(answers[0].body),
    )


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def table(found: dict[str, list[Figures]], sizes: list[int], pages: tuple[Page, ...] = PAGES) -> str:
    """The figures as people read them; a mark stands behind what misses its budget."""
    budgets = {page.name: page for page in pages}
    lines = [
        f"{'page':<30} {'queries':>9} {'CPU × hello':>17} {'in a loop':>15} {'budget':>6}  {'p95 ms':>15} {'growth':>7} {'CPU p95 ×':>9} {'kB':>6}"
    ]
    for name, figures in found.items():
        page, last = budgets[name], figures[-1]
        growth, cpu_growth = last.p95 / figures[0].p95, last.cpu_p95 / figures[0].cpu_p95
        misses = [
            word
            for word, is_missed in (
                ("queries", max(one.queries for one in figures) > MOST_QUERIES),
                ("CPU", last.cpu > page.budget),
                ("growth", cpu_growth > GROWTH),
                ("weight", page.is_list and last.bytes > MOST_BYTES),
            )
            if is_missed
        ]
        lines.append(
            f"{name:<30} {'/'.join(str(one.queries) for one in figures):>9}"
            f" {' / '.join(f'{one.cpu:.1f}' for one in figures):>17}"
            f" {' / '.join(f'{one.looped:.1f}' for one in figures):>15} {page.budget:>6.0f}"
            f"  {' / '.join(f'{one.p95:.0f}' for one in figures):>15} {growth:>6.2f}× {cpu_growth:>8.2f}×"
            f" {last.bytes / 1000:>6.1f}  {'over: ' + ', '.join(misses) if misses else ''}".rstrip()
        )
    return "\n".join([f"volumes: {', '.join(f'{size:,} projects' for size in sizes)}", *lines])
