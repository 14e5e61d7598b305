"""Seeded volumes, made once per run and read by all tests here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
def kind_of_database(request: pytest.FixtureRequest) -> str:
    """Each database there is."""
    return str(request.param)


@pytest.fixture(scope="session")
def large(kind_of_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """20,000 projects."""
    with _filled(kind_of_database, LARGE, tmp_path_factory.mktemp("large")) as volume:
        yield volume


@pytest.fixture(scope="session")
def small(kind_of_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """2,000 projects."""
    with _filled(kind_of_database, SMALL, tmp_path_factory.mktemp("small")) as volume:
        yield volume


@contextmanager
def _filled(kind: str, projects: int, home: Path) -> Iterator[Volume]:
    portal_clock.use_test_clock(None)
    name = f"portal_volume_{projects}_{os.getpid()}"
    given = databases.postgresql_database(name, migrate=False) if kind == "postgresql" else nullcontext()
    with given as url:
        volume = Volume(home, url)
        volume.fill(projects)
        yield volume
        volume.close()
