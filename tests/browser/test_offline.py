"""A captain without signal: written on the phone, killed, reopened, sent once and in order. Chromium as a phone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import BrowserContext, BrowserType, Error, Page, expect
from sqlalchemy import select

from portal import clock as portal_clock
from portal import i18n
from portal.db import session, transaction
from portal.models.event import Event
from portal.models.field_entry import FieldEntry
from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.permissions import Role
from portal.services import repairs
from portal.services import sessions as user_sessions
from tests.browser.conftest import FLAGS, PHONE, Portal
from tests.browser.cutting import Cutter
from tests.files import hostile


class Network:
    """Stands between phone and portal: lets requests through, or carries them out and loses the answer."""

    def __init__(self, app: Any) -> None:
        self.app, self.slow = app, 0.0
        self.posts: list[str] = []
        self.lost: set[int] = set()
        """Which of the posts, counted from one, are carried out without the phone hearing of it."""
        self.at_once = self.most_at_once = 0
        self.is_down = False
        self.broken = ""
        """What no address may end in to be answered; empty: all are."""

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        if self.is_down or (self.broken and environ["PATH_INFO"].endswith(self.broken)):
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
        self.context.set_default_timeout(15_000)
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

    def kept(self, path: str) -> None:
        """Wait until the page is kept for places without network."""
        looking = "async (path) => { for (const name of await caches.keys()) if (name.startsWith('captain:') && await (await caches.open(name)).match(path)) return true; return false; }"
        deadline = time.monotonic() + 30
        while not self.page.evaluate(looking, path):
            assert time.monotonic() < deadline, f"{path} is not kept"
            time.sleep(0.2)

    def unsent(self) -> int:
        found = self.page.evaluate(
            """() => new Promise((done) => { const asked = indexedDB.open("outbox"); asked.onsuccess = () => { const all = asked.result.transaction("items").objectStore("items").getAll(); all.onsuccess = () => { asked.result.close(); done(all.result.length); }; }; })"""
        )
        return int(found)

    def all_sent(self) -> None:
        deadline = time.monotonic() + 60
        while self.unsent():
            assert time.monotonic() < deadline, self.page.inner_text("body")
            time.sleep(0.3)


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


def new_job(portal: Portal, username: str = "captain") -> str:
    """A job that was given to a captain just now."""

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
                repairs.CheckRepair("YES", "在保", "DEPARTED", "免费", has_no_certificate=True),
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


def test_a_visit_without_signal_arrives_once_and_in_order(handset, portal, network):
    """Airplane mode, six acts, eight photos, the browser killed in between, answers lost on the way."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    expect(page.locator("#outbox-bar")).to_contain_text("没有网络")
    began = datetime.now(UTC)
    write_the_visit(page, portal)
    phone.kill()
    phone.switch_on()
    phone.airplane(True)
    page = phone.go(job)
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 9 条")
    finish_the_visit(page, portal)
    written = datetime.now(UTC)
    raw = b"".join(path.read_bytes() for path in phone.folder.rglob("*") if path.is_file() and "IndexedDB" in str(path))
    assert (
        number.encode() in raw.replace(b"\0", b"")
        and "腻子".encode() not in raw
        and "腻子".encode("utf-16-le") not in raw
    )
    assert not network.posts

    portal.clock.set(datetime.now(UTC))
    network.lost = {1, 4, 9, 12}
    phone.airplane(False)
    phone.sign_in("captain")  # the session of a killed browser is over: nothing is lost
    phone.all_sent()  # the page that comes then sends already; another one would break off what is on its way
    phone.go(job)
    # Four again because the answer was lost, two because their photos had to go first.
    assert len(network.posts) == 14 + 4 + 2 and network.most_at_once == 1
    found = entries(portal, number)
    texts = [action for action, *_rest in found if action != "photos"]
    assert texts == ["reach", "arrive", "start", "costs", "costs", "finish"]
    assert len(found) == 14
    for _action, device_at, received_at, _user in found:
        assert began - timedelta(seconds=1) <= device_at <= written <= received_at + timedelta(seconds=120)
    moments = [device_at for action, device_at, *_rest in found if action != "photos"]
    assert moments == sorted(moments)
    assert state_of(portal, number) == "DONE"

    def photos_there() -> int:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        return len(order.photos)

    assert portal.ask(photos_there) == 8
    expect(phone.page.locator("#outbox-bar")).to_have_count(0)


def test_done_and_signed_in_one_go_without_signal(handset, portal, network):
    """From the door to the signature in airplane mode: the customer reads what is only on the phone, a photo is drawn on
    before it is sent, the whole record can be read; with the network the signature holds."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    network.broken = "/record"
    page = phone.go("/repair-captain/")
    expect(page.locator(".kept-line")).to_contain_text("尚未备好离线页面：已保存", timeout=30_000)
    network.broken = ""  # the phone tries again by itself, and says so only once all is there
    expect(page.locator(".kept-line")).to_contain_text("无网络也可使用", timeout=30_000)
    phone.kept(f"{job}/record")
    phone.airplane(True)
    record = phone.go(f"{job}/record")
    expect(record.locator(".kept-line")).to_contain_text("无网络也可使用")
    for words in ("主卧墙面开裂", "未查到保修单", "此房以往维修", "房屋历史"):
        expect(record.locator("main")).to_contain_text(words)

    page = phone.go(job)
    now = portal.clock.now()
    button = page.locator(".action-bar .btn.primary")
    send(page, "step", arrived_at=local(now))
    expect(button).to_have_text("原因和方案已确定")
    plan = {
        "arrived_at": local(now), "cause": "CONSTRUCTION", "plan": " 铲除重刮腻子 ", "plan_made_at": local(now),
        "planned_done_at": local(now + timedelta(hours=5)),
    }  # fmt: skip
    photos(page, "BEFORE", 1)
    send(page, "step-arrive", **plan)
    send(page, "step-start")
    send(
        page,
        "cost-form",
        kind="MATERIAL",
        what="腻子",
        quantity="2.50",
        unit="桶",
        amount="￥1,180.5",
        bearer="COMPANY",
    )

    # What the step misses is said at once, and nothing is taken down.
    open_form(page, "step-finish")
    page.locator("#step-finish [name=work_done]").fill("重做墙面 6 平方米")
    page.locator("#step-finish [name=site_cleaned]").uncheck(force=True)
    page.evaluate("document.getElementById('step-finish').requestSubmit()")
    expect(page.locator("#step-finish .outbox-said")).to_contain_text("尚缺")
    expect(page.locator("#step-finish .outbox-said")).to_contain_text("已清理现场")
    assert phone.unsent() == 5 and not page.locator("#step-sign-off").is_visible()

    photos(page, "AFTER", 1)
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 6 条")
    waiting = page.locator(".outbox-item", has=page.locator("img.thumb:not([hidden])"))
    waiting.last.locator("[data-act=draw]").click()
    expect(page.locator("#draw canvas")).to_be_visible()
    canvas = page.locator("#draw canvas").bounding_box()
    page.mouse.move(canvas["x"] + 0.3 * canvas["width"], canvas["y"] + 0.3 * canvas["height"])
    page.mouse.down()
    page.mouse.move(canvas["x"] + 0.7 * canvas["width"], canvas["y"] + 0.7 * canvas["height"], steps=4)
    page.mouse.up()
    page.locator("#draw button[type=submit]").click()
    expect(waiting.last).to_contain_text("已标注")
    send(page, "step-finish", work_done="重做墙面 6 平方米", done_at=local(now), site_cleaned="y")

    words = page.locator("#step-sign-off .signed-text")
    for said in ("铲除重刮腻子", "重做墙面 6 平方米", "腻子 2.5 桶", "1,180.50"):
        expect(words).to_contain_text(said)
    expect(button).to_have_text("客户已签字")
    button.click()
    expect(page.locator("#step-sign-off .outbox-said")).to_contain_text("请签名")
    shown = words.text_content()
    page.evaluate("document.querySelector('.signature-pad').scrollIntoView({ block: 'center' })")
    pad = page.locator(".signature-pad canvas").bounding_box()
    page.mouse.move(pad["x"] + 20, pad["y"] + 30)
    page.mouse.down()
    page.mouse.move(pad["x"] + 200, pad["y"] + 90, steps=6)
    page.mouse.up()
    send(page, "step-sign-off", signed_by="罗文静", rating="5")
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 8 条")
    assert not network.posts

    phone.airplane(False)
    phone.all_sent()
    assert state_of(portal, number) == "SIGNED_OFF"

    def check() -> None:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        (kept,) = order.signatures
        assert kept.shown == shown and not repairs.signature_is_void(order) and kept.attachment_id
        assert kept.shown_hash == hashlib.sha256(shown.encode()).hexdigest()
        assert [(photo.kind, photo.drawn_on_id is not None) for photo in order.photos] == [
            ("BEFORE", False), ("AFTER", False), ("AFTER", True),
        ]  # fmt: skip

    portal.ask(check)
    texts = [action for action, *_rest in entries(portal, number) if action != "photos"]
    assert texts == ["reach", "arrive", "start", "costs", "finish", "sign-off"]


def test_ten_connections_cut_at_any_byte(handset, portal, network):
    """Each of the first ten requests of the outbox is cut at a random byte, of the request or of its answer."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    cutter = Cutter(portal.url, cuts=10, seed=20261128)
    phone = handset(cutter.url)
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    write_the_visit(page, portal)
    finish_the_visit(page, portal)
    assert phone.unsent() == 14 and not cutter.posts
    phone.airplane(False)
    deadline = time.monotonic() + 150
    while phone.unsent():
        assert time.monotonic() < deadline, (phone.unsent(), cutter.cut)
        with contextlib.suppress(Error):
            page.evaluate("dispatchEvent(new Event('online'))")  # no need to wait for the pause between two tries
        time.sleep(0.5)
    cutter.close()
    assert len(cutter.cut) == 10 and {side for side, *_rest in cutter.cut} == {"request", "answer"}
    found = entries(portal, number)
    assert len(found) == 14
    texts = [action for action, *_rest in found if action != "photos"]
    assert texts == ["reach", "arrive", "start", "costs", "costs", "finish"]

    def check() -> None:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        assert (order.state, len(order.photos), len(order.costs)) == ("DONE", 8, 2)
        steps = session().scalars(
            select(Event.action).where(Event.record_number == number, Event.action.in_(["arrive", "start", "finish"]))
        )
        assert sorted(steps) == ["arrive", "finish", "start"]

    portal.ask(check)


def test_two_captains_on_one_phone(handset, portal, network):
    """What one wrote is neither shown nor sent while the other is signed in, and goes once the first comes back."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    other = portal.ask(lambda: second_captain(portal))
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    send(page, "step", arrived_at=local(portal.clock.now()))
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 1 条")
    phone.context.clear_cookies()
    phone.context.add_cookies([cookie_for(portal, other)])
    phone.airplane(False)
    page = phone.go("/repair-captain/")
    page.wait_for_timeout(1500)
    expect(page.locator("#outbox-bar")).to_have_count(0)
    page = phone.go("/repair-captain/outbox")
    expect(page.locator(".outbox-item")).to_have_count(0)
    assert phone.unsent() == 1 and not network.posts
    phone.kept("/repair-captain/not-kept")
    phone.airplane(True)
    page.goto(portal.url + job)
    assert number not in page.inner_text("body")  # kept for the first captain, dropped for the second
    phone.airplane(False)

    page = phone.go("/repair-captain/outbox")  # the second ends the session: what the first wrote stays
    with page.expect_navigation(url="**/account/sign-in"):
        page.get_by_role("button", name="结束使用").click()
    assert phone.unsent() == 1
    phone.sign_in("captain")
    phone.go(job)
    phone.all_sent()
    ((action, _device_at, _received_at, user_id),) = entries(portal, number)
    assert (action, user_id) == ("reach", portal.ask(lambda: person("captain").id))


def test_a_session_that_runs_out_without_signal_loses_nothing(handset, portal, network):
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    send(page, "step", arrived_at=local(portal.clock.now()))
    portal.clock.advance(hours=11)
    phone.airplane(False)
    expect(page.locator("#outbox-bar")).to_contain_text("请重新登录，内容不会丢失")
    page.get_by_role("link", name="登录").click()
    page.wait_for_url("**/account/sign-in**")
    with page.expect_navigation():
        page.locator("button[name=username][value=captain]").click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    phone.all_sent()
    assert [action for action, *_rest in entries(portal, number)] == ["reach"]


def test_a_conflict_stands_side_by_side(handset, portal, network):
    """Meanwhile the job became a complaint: nothing is swallowed, the person decides."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    send(page, "step", arrived_at=local(portal.clock.now()))

    def complain() -> None:
        with i18n.use_locale(i18n.DEFAULT), transaction() as writing:
            order = writing.scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
            command = repairs.Complain("两次未修好", "退款", "REPEATED")
            repairs.complain(writing, order, command, actor=person("specialist"), at=portal.clock.now())

    portal.ask(complain)
    phone.airplane(False)
    expect(page.locator("#outbox-bar")).to_contain_text("1 条需要处理")
    page = phone.go("/repair-captain/outbox")
    item = page.locator(".outbox-item")
    expect(item.locator(".own")).to_contain_text("到场时间")
    expect(item.locator(".others")).to_contain_text("转投诉")
    item.get_by_role("button", name="重新发送").click()
    expect(page.locator("#outbox-bar")).to_contain_text("1 条需要处理")
    item.get_by_role("button", name="丢弃").click()
    page.get_by_role("button", name="取消").click()
    assert phone.unsent() == 1
    item.get_by_role("button", name="丢弃").click()
    page.get_by_role("button", name="确定").click()
    expect(page.locator(".outbox-item")).to_have_count(0)
    assert phone.unsent() == 0 and not entries(portal, number)


def test_what_was_refused_is_opened_and_repaired(handset, portal, network):
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    later = portal.clock.now() + timedelta(days=1)
    send(page, "step", arrived_at=local(later))  # a slip of the finger: tomorrow
    phone.airplane(False)
    expect(page.locator("#outbox-bar")).to_contain_text("1 条需要处理")
    page = phone.go("/repair-captain/outbox")
    page.get_by_role("link", name="打开修改").click()
    page.wait_for_url("**#outbox=*")
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    expect(page.locator("#step .outbox-said")).to_be_visible()
    assert page.locator("#step [name=arrived_at]").input_value() == local(later)
    send(page, "step", arrived_at=local(portal.clock.now()))
    phone.all_sent()
    assert [action for action, *_rest in entries(portal, number)] == ["reach"]


def test_the_end_of_the_session_warns_and_leaves_nothing_behind(handset, portal, network):
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    send(page, "step", arrived_at=local(portal.clock.now()))
    page = phone.go("/repair-captain/outbox")
    page.get_by_role("button", name="结束使用").click()
    expect(page.locator("#outbox-ask p")).to_contain_text("还有 1 条未上传")
    page.get_by_role("button", name="取消").click()
    assert phone.unsent() == 1
    page.get_by_role("button", name="结束使用").click()
    page.get_by_role("button", name="确定").click()
    expect(page.locator("main")).to_contain_text("不再保存任何内容")
    assert phone.unsent() == 0
    assert not [name for name in page.evaluate("() => caches.keys()") if name.startswith("captain:")]
    phone.airplane(False)
    page.wait_for_url("**/account/sign-in")  # with the next network the portal hears of it
    assert not entries(portal, number)


def test_thirty_large_photos_leave_the_page_usable(handset, portal, network):
    """Sent one at a time, smaller than they were taken; meanwhile the page answers at once."""
    number = new_job(portal)
    phone = handset()
    phone.sign_in("captain")
    page = phone.go(f"/repair-captain/jobs/{number}")
    network.slow = 0.3
    page.evaluate(
        """async () => {
          const noise = new ImageData(2400, 1800);
          for (let at = 0; at < noise.data.length; at += 65536) crypto.getRandomValues(noise.data.subarray(at, at + 65536));
          for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
          const canvas = new OffscreenCanvas(2400, 1800), pen = canvas.getContext("2d"), chosen = new DataTransfer();
          for (let index = 0; index < 30; index += 1) {
            pen.putImageData(noise, 0, 0);
            pen.fillRect(0, 0, 40 + index * 40, 60);
            const picture = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
            chosen.items.add(new File([picture], `photo${index}.jpg`, { type: "image/jpeg" }));
          }
          const input = document.querySelector("#photo-form [name=file]");
          input.files = chosen.files;
          window.largest = Math.max(...[...input.files].map((file) => file.size));
          window.pauses = [];
          let last = performance.now();
          setInterval(() => { window.pauses.push(performance.now() - last); last = performance.now(); }, 20);
          input.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    assert page.evaluate("() => window.largest") > 3_500_000
    deadline = time.monotonic() + 240
    while len(entries(portal, number)) < 3:
        assert time.monotonic() < deadline, (phone.unsent(), network.posts)
        time.sleep(0.5)
    pauses = sorted(page.evaluate("() => window.pauses"))
    print(f"{len(pauses)} looks, median {pauses[len(pauses) // 2]:.0f} ms, longest {pauses[-1]:.0f} ms")
    while len(entries(portal, number)) < 30:
        assert time.monotonic() < deadline, (phone.unsent(), len(network.posts))
        time.sleep(0.5)
    assert network.most_at_once == 1 and len(network.posts) == 30


# ---------- Parts ----------


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
