"""A captain's phone in Chromium, with a profile that outlives the browser, and the network between it and the portal."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import BrowserContext, BrowserType, Error, Page, expect
from sqlalchemy import select

from portal import clock as portal_clock
from portal import i18n
from portal.db import session, transaction
from portal.models.field_entry import FieldEntry
from portal.models.org import Crew, User
from portal.models.repair import RepairOrder
from portal.permissions import Role
from portal.services import repairs
from portal.services import sessions as user_sessions
from tests.browser.measures import FLAGS, PATIENCE, PHONE
from tests.files import hostile

if TYPE_CHECKING:
    from tests.browser.conftest import Portal


class Network:
    """Stands between phone and portal: lets requests through, or carries them out and loses the answer."""

    def __init__(self, app: Any) -> None:
        self.app, self.slow = app, 0.0
        self.posts: list[str] = []
        self.lost: set[int] = set()
        """Which of the posts, counted from one, are carried out without the phone hearing of it."""
        self.at_once = self.most_at_once = 0
        self.is_down = False
        self.is_mute = False
        """Requests that come meanwhile are never answered."""
        self.broken = ""
        """What no address may end in to be answered; empty: all are."""

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        if self.is_down or (self.broken and environ["PATH_INFO"].endswith(self.broken)):
            self._cut(environ)
        if self.is_mute:
            time.sleep(30)
            self._cut(environ)
        if environ.get("HTTP_X_OUTBOX") != "1" or environ["REQUEST_METHOD"] != "POST":
            return self.app(environ, start)
        self.posts.append(environ["PATH_INFO"])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            time.sleep(self.slow)
            answer = list(self.app(environ, start))
        finally:
            self.at_once -= 1
        if len(self.posts) in self.lost:
            self._cut(environ)
        return answer

    @staticmethod
    def _cut(environ: dict[str, Any]) -> None:
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("cut")


class Handset:
    """A phone with its own profile, which outlives the browser."""

    def __init__(self, chromium: BrowserType, program: str, folder: Path, portal: Portal, url: str) -> None:
        self.chromium, self.program, self.folder, self.portal, self.url = chromium, program, folder, portal, url
        self.complaints: list[str] = []
        self.switch_on()

    def switch_on(self) -> None:
        self.context: BrowserContext = self.chromium.launch_persistent_context(
            self.folder, executable_path=self.program, args=list(FLAGS), headless=True,
            viewport={"width": PHONE, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN",
            timezone_id="Asia/Shanghai", reduced_motion="reduce",
        )  # fmt: skip
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.pages[0]
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def airplane(self, on: bool) -> None:
        """Page, service worker and portal hear nothing of each other."""
        network: Any = self.portal.app.wsgi_app
        network.is_down = on
        self.context.set_offline(on)

    def kill(self) -> None:
        """The battery is empty: nothing is closed properly."""
        for process in Path("/proc").iterdir():
            if not process.name.isdecimal():
                continue
            try:
                said = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if f"--user-data-dir={self.folder}" in said and "--type=" not in said:
                os.kill(int(process.name), signal.SIGKILL)
        with contextlib.suppress(Error):
            self.context.close()

    def sign_in(self, username: str) -> None:
        self.page.goto(f"{self.url}/account/sign-in")
        with self.page.expect_navigation():
            self.page.locator(f"button[name=username][value={username}]").click()

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.page.wait_for_selector("html[data-outbox-ready]", state="attached")
        return self.page

    def kept(self, path: str, saying: str = "") -> None:
        """Wait until the page is kept for places without network, and says something."""
        looking = "async ([path, saying]) => { for (const name of await caches.keys()) if (name.startsWith('kept:')) { const found = await (await caches.open(name)).match(path); if (found && (await found.text()).includes(saying)) return true; } return false; }"
        deadline = time.monotonic() + 30
        while not self.page.evaluate(looking, [path, saying]):
            assert time.monotonic() < deadline, f"{path} is not kept"
            time.sleep(0.2)

    def unsent(self) -> int:
        found = self.page.evaluate(
            """() => new Promise((done) => { const asked = indexedDB.open("outbox"); asked.onsuccess = () => { const all = asked.result.transaction("items").objectStore("items").getAll(); all.onsuccess = () => { asked.result.close(); done(all.result.filter((item) => item.state !== "sent").length); }; }; })"""
        )
        return int(found)

    def all_sent(self) -> None:
        deadline = time.monotonic() + 60
        while self.unsent():
            assert time.monotonic() < deadline, self.page.inner_text("body")
            time.sleep(0.3)


def new_job(portal: Portal, username: str = "captain", *, crew_id: int | None = None) -> str:
    """A job that was given to a captain just now; `crew_id`: the crew that built it, which has left."""

    def give() -> str:
        at = portal.clock.now()
        with i18n.use_locale(i18n.DEFAULT), transaction() as writing:
            desk, specialist = (
                writing.scalars(select(User).where(User.username == name)).one()
                for name in ("front_desk", "specialist")
            )
            captain = writing.scalars(select(User).where(User.username == username)).one()
            said = repairs.ReportRepair(
                "罗文静", "13800001234", "滨江花园 7 号楼 2 单元 1203", "PAINT", "主卧墙面开裂", "NORMAL", at, "PHONE"
            )
            order = repairs.report(writing, said, actor=desk, at=at)
            repairs.check(
                writing,
                order,
                repairs.CheckRepair(
                    "YES", "在保", "DEPARTED", "免费", crew_id and writing.get(Crew, crew_id), has_no_certificate=True
                ),
                actor=specialist,
                at=at,
            )
            repairs.assign(writing, order, repairs.AssignRepair(captain, "CAPTAIN_TEAM", at), actor=specialist, at=at)
            return order.number

    return str(portal.ask(give))


def local(moment: datetime) -> str:
    return portal_clock.local(moment).strftime("%Y-%m-%dT%H:%M")


def open_form(page: Page, form: str) -> None:
    page.evaluate("(id) => document.getElementById(id).closest('details')?.setAttribute('open', '')", form)


def send(page: Page, form: str, **values: str) -> None:
    """Fill a form in and press its button; the page comes again."""
    open_form(page, form)
    for name, value in values.items():
        field = page.locator(f"#{form} [name={name}]")
        kind = field.first.get_attribute("type")
        if kind in ("radio", "checkbox"):
            page.locator(f"#{form} [name={name}][value='{value}']").check(force=True)
        else:
            field.fill(value)
    for box in page.locator(f"#{form} [name=checks]").all():
        box.check(force=True)
    with page.expect_navigation(timeout=20_000):
        page.evaluate("(id) => document.getElementById(id).requestSubmit()", form)
    page.wait_for_selector("html[data-outbox-ready]", state="attached")


def photos(page: Page, kind: str, count: int, *, size: tuple[int, int] = (320, 240)) -> None:
    page.locator(f"#photo-form [name=kind][value={kind}]").check(force=True)
    files = [
        {"name": f"{kind}{index}.jpg", "mimeType": "image/jpeg",
         "buffer": hostile.photo(colour=(40 * index % 255, 90, 200 if kind == "BEFORE" else 20), size=size)}
        for index in range(count)
    ]  # fmt: skip
    page.locator("#photo-form [name=file]").set_input_files(files)


def sign(page: Page, form: str) -> None:
    """Draw on the pad of a form."""
    open_form(page, form)
    pad = page.locator(f"#{form} .signature-pad canvas")
    pad.scroll_into_view_if_needed()
    page.evaluate("(id) => document.querySelector(`#${id} .signature-pad`).scrollIntoView({ block: 'center' })", form)
    box: Any = pad.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 90, steps=6)
    page.mouse.up()


def entries(portal: Portal, number: str) -> list[tuple[str, datetime, datetime, int]]:
    def read() -> list[tuple[str, datetime, datetime, int]]:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        rows = session().scalars(select(FieldEntry).where(FieldEntry.record_id == order.id).order_by(FieldEntry.id))
        return [(row.action or "", row.device_at, row.received_at, row.user_id) for row in rows]

    return list(portal.ask(read))


def state_of(portal: Portal, number: str) -> str:
    return str(portal.ask(lambda: session().scalar(select(RepairOrder.state).where(RepairOrder.number == number))))


def write_the_visit(page: Page, portal: Portal) -> None:
    """Six acts and eight photos, from the door to the finished work."""
    now = portal.clock.now()
    send(page, "step", arrived_at=local(now))
    photos(page, "BEFORE", 4)
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 5 条")
    send(
        page, "step-arrive", arrived_at=local(now), cause="CONSTRUCTION", plan="铲除重刮腻子",
        planned_done_at=local(now + timedelta(hours=5)), plan_made_at=local(now),
    )  # fmt: skip
    send(page, "step-start")
    send(page, "cost-form", kind="MATERIAL", what="腻子、乳胶漆", amount="180.50", bearer="COMPANY")
    send(page, "cost-form", kind="LABOUR", what="一个工日", amount="300", bearer="COMPANY")


def finish_the_visit(page: Page, portal: Portal) -> None:
    photos(page, "AFTER", 4)
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 13 条")
    send(
        page, "step-finish", work_done="重做墙面 6 平方米", done_at=local(portal.clock.now()), site_cleaned="y",
    )  # fmt: skip
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 14 条")


def person(username: str) -> User:
    return session().scalars(select(User).where(User.username == username)).one()


def second_captain(portal: Portal) -> int:
    """Another captain, with a login of one's own."""
    with transaction() as writing:
        known = writing.scalars(select(User).where(User.username == "captain2")).one_or_none()
        if known is None:
            first = person("captain")
            known = User(
                username="captain2", name="孙强", role=Role.REPAIR_CAPTAIN.value, password_hash=first.password_hash,
                created_at=portal.clock.now(),
            )  # fmt: skip
            writing.add(known)
            writing.flush()
        return known.id


def cookie_for(portal: Portal, user_id: int) -> Any:
    """The cookie of a browser in which this person signed in."""

    def enter() -> str:
        with transaction() as writing:
            user = writing.get(User, user_id)
            return user_sessions.begin(
                writing, user, at=portal.clock.now(), address="127.0.0.1", device="test", second_factor=True
            )

    signer = SecureCookieSessionInterface().get_signing_serializer(portal.app)
    assert signer is not None
    value = signer.dumps({user_sessions.COOKIE_KEY: portal.ask(enter)})
    return {"name": "portal", "value": value, "url": portal.url}
