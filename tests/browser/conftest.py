"""A portal with the demo department behind a real browser: Chromium, desktop and phone, with and without JavaScript."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, BrowserType, Error, Page, Response, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from portal import clock as portal_clock
from portal.app import create_app
from portal.db import db
from portal.testing import find_chromium
from tests import databases, story
from tests.browser.handset import Handset, Network
from tests.browser.measures import DESKTOP, FLAGS, HEIGHTS, PATIENCE, PHONE, WIDTHS
from tests.conftest import Clock

__all__ = ["DESKTOP", "PHONE", "WIDTHS"]

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The Chromium of the machine, not one that Playwright would download."""
    program = os.environ.get("PORTAL_TEST_CHROMIUM") or find_chromium()
    if program is None:
        sentence = "no Chromium on this machine; install it, or name one in PORTAL_TEST_CHROMIUM"
        if "browser" in os.environ.get("PORTAL_TEST_REQUIRE", ""):
            pytest.fail(sentence)
        pytest.skip(sentence)  # a machine without a browser runs the rest; where all must run, REQUIRE says so
    return {"executable_path": program, "args": list(FLAGS)}


class Quiet(WSGIRequestHandler):
    """The server of the tests; says nothing about requests."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nobody reads it."""


class Portal:
    """The running portal: its address, its clock, its database."""

    def __init__(self, app: Flask, url: str, clock: Clock) -> None:
        self.app, self.url, self.clock = app, url, clock

    def ask(self, question: Callable[[], Any]) -> Any:
        """Call it inside the application, on fresh data."""
        with self.app.app_context():
            try:
                return question()
            finally:
                db.session.remove()


@pytest.fixture(scope="module")
def portal(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal on a copy of the demo department, for the tests of one module."""
    home = tmp_path_factory.mktemp("portal")
    databases.copy_sqlite(demo_template, home)
    shown = Clock(home / "clock")
    shown.set(story.NOW)
    portal_clock.use_test_clock(shown.path)
    app = create_app(story.config(home))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Portal(app, f"http://127.0.0.1:{server.port}", shown)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        portal_clock.use_test_clock(None)


def go_to(page: Page, url: str) -> Response | None:
    """Open an address, also where the page is just leaving by itself, because its session is over."""
    try:
        answer = page.goto(url)
    except Error as error:
        if "ERR_ABORTED" not in str(error):
            raise
        answer = None
    return answer or page.goto(url)


class Desk:
    """One browser of one person. What its pages complain about on the console is kept in `complaints`."""

    def __init__(self, context: BrowserContext, portal: Portal) -> None:
        self.context, self.portal = context, portal
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE)
        self.page = self.tab()

    def tab(self) -> Page:
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._note(page, said))
        return page

    def _note(self, page: Page, said: Any) -> None:
        answered = "Failed to load resource" in said.text  # a refusal that a test provokes on purpose
        if said.type == "error" and not answered:
            self.complaints.append(f"{page.url}: {said.text}")

    def go(self, path: str) -> Page:
        """Open a page of the portal, ready for keys; it must be there."""
        answer = go_to(self.page, self.portal.url + path)
        assert answer is not None and answer.status == 200, f"{path}: {answer and answer.status}"
        return self.page

    def sign_in(self, username: str) -> Page:
        """Come in as one of the demo people."""
        self.go("/account/sign-in")
        with self.page.expect_navigation():
            self.page.locator(f"button[name=username][value={username}]").click()
        return self.page


@pytest.fixture
def desk(portal: Portal, browser: Browser) -> Iterator[Callable[..., Desk]]:
    """`desk("specialist", width=390, java_script=False)`: a browser of its own, closed after the test."""
    desks: list[Desk] = []

    def sit_down(
        username: str | None = None, *, width: int = DESKTOP, java_script: bool = True, **options: Any
    ) -> Desk:
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=java_script,
            is_mobile=width == PHONE,
            has_touch=width == PHONE,
            reduced_motion="reduce",
            **options,
        )
        made = Desk(context, portal)
        desks.append(made)
        if username:
            made.sign_in(username)
        return made

    portal.clock.set(story.NOW)
    yield sit_down
    complaints = [line for one in desks for line in one.complaints]
    for one in desks:
        one.context.close()
    assert not complaints, "the pages complain:\n" + "\n".join(complaints)


@pytest.fixture
def network(portal: Portal) -> Iterator[Network]:
    between = Network(portal.app.wsgi_app)
    portal.app.wsgi_app = between  # type: ignore[method-assign]
    portal.clock.set(datetime.now(UTC))
    yield between
    portal.app.wsgi_app = between.app  # type: ignore[method-assign]


@pytest.fixture
def handset(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    tmp_path: Path,
    portal: Portal,
    network: Network,
) -> Iterator[Callable[[], Handset]]:
    made: list[Handset] = []

    def buy(url: str = "") -> Handset:
        folder = tmp_path / f"phone{len(made)}"
        program = browser_type_launch_args["executable_path"]
        made.append(Handset(browser_type, program, folder, portal, url or portal.url))
        return made[-1]

    yield buy
    for each in made:
        each.context.close()
    complaints = [line for each in made for line in each.complaints]
    assert not complaints, complaints
