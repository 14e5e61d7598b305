"""`python -m tests.benchmarks --projects 10000,1000000`: seed what is missing, measure, print a table.

The folder keeps the seeded databases between runs; `--home` names it, `portal seed` fills one as well.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from portal.web import collect_seldom
from tests.benchmarks import lists, pages, searches
from tests.benchmarks.volume import Sample, Volume


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--projects", default="1000,10000", help="volumes, smallest first (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=40, help="requests per page and volume (default: %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "portal-benchmarks")
    parser.add_argument("--page", help="only pages whose name holds this text")
    parser.add_argument("--profile", action="store_true", help="also print where the time of each page goes")
    parser.add_argument("--searches", action="store_true", help="only search, in the largest volume")
    parser.add_argument("--lists", action="store_true", help="only lists, in the largest volume")
    parser.add_argument("--url", help="measure this database, seeded before, instead of those of the folder")
    given = parser.parse_args()
    sizes = [int(size) for size in given.projects.split(",")]
    chosen = tuple(page for page in pages.PAGES if not given.page or given.page in page.name)
    volumes = []
    for size in sizes:
        volume = Volume(given.home / f"projects-{size}", given.url)
        started, cpu = time.perf_counter(), time.process_time()
        if volume.fill(size):
            seconds = time.perf_counter() - started
            print(f"{size:,} projects seeded in {seconds:.0f} s, {time.process_time() - cpu:.0f} s of processor time")
        volumes.append(volume)
    collect_seldom()  # as each process of the web server does
    if given.searches:
        print(searches.table(searches.measure(volumes[-1], given.rounds)))
        return
    if given.lists:
        print(lists.table(lists.measure(volumes[-1], given.rounds)))
        return
    found = pages.measure(volumes, given.rounds, chosen)
    print(pages.table(found, [volume.projects for volume in volumes], chosen))
    if given.profile:
        _profile(volumes[-1], chosen)


def _profile(volume: Volume, chosen: tuple[pages.Page, ...]) -> None:
    import cProfile
    import pstats

    sample = Sample.of(volume)
    for page in chosen:
        watched = cProfile.Profile()
        watched.enable()
        for _time in range(10):
            page.ask(volume, sample)
        watched.disable()
        print(f"\n{page.name}")
        pstats.Stats(watched).sort_stats("tottime").print_stats(18)


if __name__ == "__main__":
    main()
