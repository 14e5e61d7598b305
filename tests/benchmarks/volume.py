"""A portal with a volume of data in it, and browsers of its people that cost nothing themselves."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import event, func, select, text
from werkzeug.test import EnvironBuilder

from portal import clock, database, seeding
from portal.app import create_app
from portal.config import Config
from portal.db import db, session, transaction
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.project import Project
from portal.permissions import Role
from portal.pinyin import spellings
from portal.security import COOKIE_NAME
from portal.services import sessions
from tests.client import Client


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request cost: processor and clock time in seconds, and its length in bytes."""

    status: int
    cpu: float
    wall: float
    body: bytes
    work: float
    """Processor time with that of the database: what the clock would say if nobody else were there."""


class Browser:
    """Somebody signed in, asking the application itself: no client, no server in between."""

    def __init__(self, app: Flask, user: User | None, token: str | None, backends: Iterable[int] = ()) -> None:
        self.app, self.backends = app, backends
        self._client = Client(app, user, token)
        if token:
            self._client.csrf()  # puts the secret of the forms into the cookie
        cookie = self._client.browser.get_cookie(COOKIE_NAME) if token else None
        self._headers = {"Cookie": f"{COOKIE_NAME}={cookie.value}"} if cookie else {}

    def ask(self, path: str, form: dict[str, Any] | None = None, *, is_part: bool = False) -> Answer:
        """One request, timed; for a part of a page as its script asks for it."""
        headers = self._headers | ({"HX-Request": "true"} if is_part else {})
        if form is not None:
            headers |= {"X-CSRFToken": self._client.csrf(), "Origin": "http://localhost", "Host": "localhost"}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        builder = EnvironBuilder(
            path.partition("?")[0],
            query_string=path.partition("?")[2],
            method="GET" if form is None else "POST",
            headers=headers,
            input_stream=io.BytesIO(urlencode(form).encode()) if form is not None else None,
        )
        if form is not None:
            builder.content_length = len(urlencode(form).encode())
        environ = builder.get_environ()
        before = _on_processor(self.backends)
        answer = Context().run(_timed, self.app, environ)
        return replace(answer, work=answer.cpu + _on_processor(self.backends) - before)


def _on_processor(processes: Iterable[int]) -> float:
    """Seconds that these processes have been on a processor, as Linux keeps them to the nanosecond."""
    paths = (Path(f"/proc/{process}/schedstat") for process in processes)
    return sum(int(path.read_text().split()[0]) for path in paths if path.exists()) / 1e9


def _timed(app: Flask, environ: dict[str, Any]) -> Answer:
    seen: list[str] = []

    def start(status: str, _headers: Any, _error: Any = None) -> Any:
        seen.append(status)

    wall, cpu = time.perf_counter(), time.process_time()
    given = app.wsgi_app(environ, start)
    body = b"".join(given)
    if hasattr(given, "close"):
        given.close()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Answer(int(seen[0][:3]), cpu, wall, body, cpu)


def hello() -> Flask:
    """The unit: Flask and nothing else."""
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "<p>Hello, world!</p>")
    return app


class Volume:
    """A seeded database with its application. `browser(Role.MANAGER)` is somebody of that role with work to do."""

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.config = Config(
            home=home,
            database_url=url or f"sqlite:///{home / 'portal.sqlite3'}",
            redis_url=None,
            files_url=None,
            host="127.0.0.1",
            port=8000,
            env="production",
            secret_key="a key for measuring, long enough to sign with",
            test_clock=None,
            faults="",
        )
        home.mkdir(parents=True, exist_ok=True)
        self.app = create_app(self.config)
        self._browsers: dict[tuple[Role, bool], Browser] = {}
        self._backends: set[int] = set()
        if url:
            with self.app.app_context():
                event.listen(db.engine, "checkout", lambda raw, *_rest: self._backends.add(raw.info.backend_pid))

    def fill(self, projects: int) -> bool:
        """Bring the database to this version and, when it is empty, seed it; True: it was. The planner has looked then."""
        with self.app.app_context():
            database.upgrade()
            is_empty = session().scalar(select(Project.id).limit(1)) is None
            if is_empty:
                seeding.seed(projects, tell=lambda line: None)
            return is_empty

    @property
    def projects(self) -> int:
        """How many projects there are."""
        with self.app.app_context():
            return session().scalar(select(func.count()).select_from(Project)) or 0

    def browser(self, role: Role, *, of_a_store: bool = False) -> Browser:
        """A browser of the person of that role who has the most open work, of all stores or of one."""
        key = (role, of_a_store)
        if key not in self._browsers:
            with self.app.app_context(), transaction() as writing:
                user = writing.get_one(User, self.person(role, of_a_store=of_a_store))
                user.must_change_password = False
                token = sessions.begin(
                    writing, user, at=clock.now(), address="127.0.0.1", device="benchmark", second_factor=True
                )
                self._browsers[key] = Browser(self.app, user, token, self._backends)
        return self._browsers[key]

    def person(self, role: Role, *, of_a_store: bool = False) -> int:
        """The number of the person of that role who has the most open work, of all stores or of one."""
        with self.app.app_context():
            place = User.branch_id.is_not(None) if of_a_store else User.branch_id.is_(None)
            query = select(User.id).where(User.role == role.value, User.disabled_at.is_(None)).order_by(User.id)
            people = session().scalars(query.where(place)).all() or session().scalars(query).all()
            count = "SELECT count(*) FROM task WHERE person_id = :id AND closed_at IS NULL"
            return max(people, key=lambda number: session().scalar(text(count), {"id": number}) or 0)

    def close(self) -> None:
        """Give the database back."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    @contextmanager
    def watch(self) -> Iterator[list[tuple[str, Any]]]:
        """The SQL statements of a block with what filled them."""
        seen: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, filled: Any, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                seen.append((statement, filled))

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


@dataclass(frozen=True, slots=True)
class Sample:
    """Things of a volume that pages are asked about, taken from the middle of the histories."""

    complaint: str
    customer: str
    project: str
    name: str
    phone: str

    @property
    def initials(self) -> str:
        """The name as somebody in a hurry types it."""
        return spellings(self.name)[-1]

    @classmethod
    def of(cls, volume: Volume) -> Sample:
        """A complaint that has gone all the way, and its customer, whose name has three signs in each volume: fewer fit more."""
        with volume.app.app_context():
            last = session().scalar(select(func.max(Complaint.id))) or 0
            query = select(Complaint).where(Complaint.state == "CLOSED", Complaint.id >= last // 2)
            query = query.join(Customer, Customer.id == Complaint.customer_id).where(func.length(Customer.name) == 3)
            complaint = session().scalars(query.order_by(Complaint.id).limit(1)).one()
            customer = session().get_one(Customer, complaint.customer_id)
            project = session().get_one(Project, complaint.project_id)
            return cls(complaint.number, customer.number, project.number, customer.name, customer.phone)


def form_key(page: bytes) -> str:
    """The key of a fresh form."""
    found = re.search(r'name="client_key"[^>]*value="([^"]+)"', page.decode())
    assert found, "the page has no form with a key"
    return found[1]
