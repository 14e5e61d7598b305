"""Fixtures for everybody: an application on a fresh database, a clock to set, people, browsers.

`pytest --database=sqlite|postgresql|both`: by default every test that touches the database runs on SQLite, and on
PostgreSQL too when PORTAL_TEST_DATABASE_URL names a server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import event
from sqlalchemy.orm import Session, scoped_session

from portal import clock as portal_clock
from portal import db as portal_db
from portal import i18n
from portal.config import Bucket, Config
from portal.models.org import User
from portal.permissions import Role
from tests import databases, s3, shared, story
from tests.client import Client
from tests.factories import Make
from tests.listing.rows import Rows
from tests.sample import MADE_BY_NOW, Sample, fill_once

START = "2026-05-11 10:00"
"""A Monday in a week without holidays, on the company's clocks."""

# Many processes on few cores: how long an input takes to be made says nothing about the portal.
hypothesis_settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("shared-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgresql", "both"], default=None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only: says nothing about PostgreSQL")
    shared.share()


_finished = count()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    shared.collect_between_tests(next(_finished))
    return (yield)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database") or ("both" if databases.SERVER else "sqlite")
    kinds: list[Any] = ["sqlite"] if chosen in ("sqlite", "both") else []
    if chosen in ("postgresql", "both") and metafunc.definition.get_closest_marker("sqlite_only") is None:
        kinds.append(pytest.param("postgresql", marks=pytest.mark.postgresql))
    metafunc.parametrize("database", kinds, indirect=True)


# Databases -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run see."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def sqlite_template(of_the_run: Path) -> Path:
    return shared.once(of_the_run / "template", databases.make_sqlite_template)


@pytest.fixture(scope="session")
def demo_template(of_the_run: Path, sqlite_template: Path) -> Path:
    return shared.once(of_the_run / "story", lambda folder: story.make_template(folder, sqlite_template))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with databases.postgresql_database(f"portal_test_{worker}_{os.getpid()}") as url:
        yield url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The data folder of this test."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def sample_on_sqlite(of_the_run: Path, sqlite_template: Path) -> Sample:
    def fill(folder: Path) -> Path:
        made = fill_once(folder, databases.copy_sqlite(sqlite_template, folder), START)
        (folder / "people").write_text(json.dumps(made.people), encoding="ascii")
        return databases.whole(folder / "portal.sqlite3")

    home = shared.once(of_the_run / "sample", fill).parent
    return Sample(home, tuple(json.loads((home / "people").read_text(encoding="ascii"))))


@pytest.fixture(scope="session")
def sample_on_postgresql(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    databases.empty_postgresql(postgresql_url)
    made = fill_once(tmp_path_factory.mktemp("sample"), postgresql_url, START)
    databases.keep_sample(postgresql_url)
    return made


@pytest.fixture
def database(request: pytest.FixtureRequest, home: Path) -> str:
    """The address of a migrated database, empty but for those who ask for `sample`; the test runs once per kind."""
    wants_sample = "sample" in request.fixturenames
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        if wants_sample:
            request.getfixturevalue("sample_on_postgresql")
            databases.fill_postgresql(url)
        else:
            databases.empty_postgresql(url)
        return url
    if wants_sample:
        filled: Sample = request.getfixturevalue("sample_on_sqlite")
        return databases.copy_sqlite(filled.home / "portal.sqlite3", home)
    return databases.copy_sqlite(request.getfixturevalue("sqlite_template"), home)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3.Server]:
    with s3.server() as started:
        yield started


@pytest.fixture
def bucket(s3_server: s3.Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket of an S3-compatible store, with the keys for it in the environment."""
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)
    return s3_server.make_bucket()


# Application ---------------------------------------------------------------------------------------------------------


class Clock:
    """The clock of the test. It stands still until it is moved; times are those of the company's clocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(START)

    def set(self, local: str | datetime) -> datetime:
        """`clock.set("2026-05-11 10:00")`, or an aware moment."""
        moment = datetime.fromisoformat(local) if isinstance(local, str) else local
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=portal_clock.ZONE)
        fresh = self.path.with_suffix(".fresh")  # a server of the test reads while the hands are moved
        fresh.write_text(moment.isoformat(), encoding="ascii")
        fresh.replace(self.path)
        return moment.astimezone(UTC)

    def advance(self, **parts: float) -> datetime:
        """`clock.advance(hours=3)`."""
        return self.set(self.now() + timedelta(**parts))

    def now(self) -> datetime:
        """The moment it shows, aware, UTC."""
        return datetime.fromisoformat(self.path.read_text(encoding="ascii")).astimezone(UTC)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    moved = Clock(tmp_path / "clock")
    portal_clock.use_test_clock(moved.path)
    yield moved
    portal_clock.use_test_clock(None)


@pytest.fixture
def config(home: Path, database: str, clock: Clock) -> Config:
    """How the application of this test is told to run."""
    return Config(
        home=home,
        database_url=database,
        redis_url=None,
        files_url=None,
        host="127.0.0.1",
        port=8000,
        env="test",
        secret_key="a key for tests, long enough to sign with",
        test_clock=clock.path,
        faults="",
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application, its context pushed, so that services can be called directly."""
    with opened(shared.application(config)) as shown:
        yield shown


@contextmanager
def opened(app: Flask) -> Iterator[Flask]:
    """The application, its context pushed, for one test."""
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.testing = True
    with app.app_context(), i18n.use_locale(i18n.DEFAULT):
        yield app
        portal_db.db.session.remove()
        shared.disconnect(portal_db.db.engine)


@pytest.fixture
def session(app: Flask) -> scoped_session[Session]:
    """The session of the test. Write with `portal.db.transaction()`."""
    return portal_db.db.session


@pytest.fixture
def make(request: pytest.FixtureRequest, app: Flask, clock: Clock) -> Make:
    """Plausible people and records, each saved at once: call it outside `transaction()`."""
    return Make(clock.now, MADE_BY_NOW if "sample" in request.fixturenames else 1)


@pytest.fixture
def sample(request: pytest.FixtureRequest, app: Flask) -> Rows:
    """Some rows of every record type in the database from the beginning, and the people in it; made at `START`."""
    kind = portal_db.db.engine.dialect.name
    found: Sample = request.getfixturevalue(f"sample_on_{kind}")
    return found.rows()


@pytest.fixture
def sign_in(app: Flask, make: Make, clock: Clock) -> Callable[..., Client]:
    """`sign_in(Role.SPECIALIST)` or `sign_in(user)`: a browser in which this person is signed in."""

    def enter(who: Role | User, **fields: Any) -> Client:
        from portal.services import sessions

        user = make.user(who, **fields) if isinstance(who, Role) else who
        with portal_db.transaction() as writing:
            token = sessions.begin(
                writing, user, at=clock.now(), address="127.0.0.1", device="pytest", second_factor=True
            )
        return Client(app, user, token)

    return enter


@pytest.fixture
def visitor(app: Flask) -> Client:
    """A browser in which nobody is signed in."""
    return Client(app)


@pytest.fixture
def queries(app: Flask) -> Callable[[], Any]:
    """`with queries() as seen: ...; assert len(seen) <= 15`: the SQL statements of a block."""

    @contextmanager
    def watch() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(portal_db.db.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(portal_db.db.engine, "before_cursor_execute", note)

    return watch
