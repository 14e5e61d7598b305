"""Seeded volumes, made once per run and read by all tests here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import clock as portal_clock
from tests import databases
from tests.benchmarks.volume import Volume

LARGE, SMALL = 20_000, 2_000
KINDS: list[Any] = ["sqlite"]
if databases.SERVER:
    KINDS.append(pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(scope="session", params=KINDS)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """20,000 projects, on each database there is."""
    portal_clock.use_test_clock(None)
    home: Path = tmp_path_factory.mktemp("large")
    if request.param == "sqlite":
        volume = Volume(home)
        volume.fill(LARGE)
        yield volume
        volume.close()
        return
    with databases.postgresql_database(f"portal_volume_{os.getpid()}", migrate=False) as url:
        volume = Volume(home, url)
        volume.fill(LARGE)
        yield volume
        volume.close()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """2,000 projects on SQLite."""
    portal_clock.use_test_clock(None)
    volume = Volume(tmp_path_factory.mktemp("small"))
    volume.fill(SMALL)
    yield volume
    volume.close()
