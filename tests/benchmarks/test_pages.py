"""The short form of the benchmarks: queries per page are counted for real, ratios are printed for people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks import pages
from tests.benchmarks.volume import Volume

pytestmark = [pytest.mark.benchmark, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def measured(small: Volume, large: Volume, pytestconfig: Any) -> dict[str, list[pages.Figures]]:
    """All pages at both volumes, a few times each; the table stands in the output of `pytest -s`."""
    found = pages.measure([small, large], rounds=3)
    print("\n" + pages.table(found, [small.projects, large.projects]))
    return found


READING = [page.name for page in pages.PAGES if page.form is None]


@pytest.mark.parametrize("name", [page.name for page in pages.PAGES])
def test_a_page_asks_the_database_at_most_fifteen_times(measured: dict[str, list[pages.Figures]], name: str) -> None:
    assert max(figures.queries for figures in measured[name]) <= pages.MOST_QUERIES


@pytest.mark.parametrize("name", READING)
def test_the_number_of_queries_does_not_grow(measured: dict[str, list[pages.Figures]], name: str) -> None:
    small, large = measured[name]
    assert large.queries <= small.queries + 1, "one more where the small volume has nothing to show"


@pytest.mark.parametrize("asked", [page for page in pages.PAGES if page.is_list], ids=lambda page: page.name)
def test_a_list_is_light(measured: dict[str, list[pages.Figures]], asked: pages.Page) -> None:
    assert max(figures.bytes for figures in measured[asked.name]) <= pages.MOST_BYTES
