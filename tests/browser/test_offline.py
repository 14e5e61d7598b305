"""A captain without signal: written on the phone, killed, reopened, sent once and in order. Chromium as a phone."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.repair import RepairOrder
from portal.services import repairs
from tests.browser.handset import (
    entries,
    finish_the_visit,
    local,
    new_job,
    open_form,
    photos,
    send,
    sign,
    state_of,
    write_the_visit,
)


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
    expect(page.locator("#step-sign-off .outbox-said")).to_have_text("请签名。 尚缺：已向客户演示维修结果")
    shown = words.text_content()
    sign(page, "step-sign-off")
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


def test_a_chargeable_repair_in_one_go_without_signal(handset, portal, network):
    """Quote, the customer's signature under it, the work, another visit, the signature for the work: all on the phone, in
    airplane mode; two answers are lost on the way. Each signature stands for the words that were on the screen."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page, now = phone.go(job), portal.clock.now()
    button = page.locator(".action-bar .btn.primary")
    send(page, "step", arrived_at=local(now))
    photos(page, "BEFORE", 1)
    for name in ("start", "quote", "accept", "decline", "sign-off"):
        expect(page.locator(f"#step-{name}")).to_be_hidden()
    send(
        page, "step-arrive", arrived_at=local(now), cause="CUSTOMER_USE", plan="更换踩裂的地砖", plan_made_at=local(now),
        planned_done_at=local(now + timedelta(hours=5)),
    )  # fmt: skip
    expect(button).to_have_text("提交报价")
    expect(page.locator("#step-start")).to_be_hidden()
    expect(page.locator("#step-accept")).to_be_hidden()
    send(page, "step-quote", quote_material="￥1,120", quote_labour="80.5")
    expect(button).to_have_text("客户同意报价")
    words = page.locator("#step-accept .signed-text")
    expect(words).to_contain_text("报价：材料 1,120.00 + 人工 80.50 = 1,200.50 元")
    button.click()
    expect(page.locator("#step-accept .outbox-said")).to_contain_text("客户已在报价上签字")
    assert phone.unsent() == 4
    agreed = words.text_content()
    sign(page, "step-accept")
    send(page, "step-accept")
    expect(page.locator("#step-decline")).to_be_hidden()

    tomorrow = now + timedelta(days=1)
    send(page, "visit-form", appointment_at=local(tomorrow))
    photos(page, "AFTER", 1)
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 7 条")
    send(page, "cost-form", kind="MATERIAL", what="地砖", amount="1200.50", bearer="CUSTOMER")
    send(page, "step-finish", work_done="换地砖四块", done_at=local(now), site_cleaned="y")
    sign(page, "step-sign-off")
    send(page, "step-sign-off", signed_by="罗文静", rating="5")
    assert phone.unsent() == 10 and not network.posts

    network.lost = {5, 6}
    phone.airplane(False)
    phone.all_sent()
    assert state_of(portal, number) == "SIGNED_OFF" and network.most_at_once == 1
    texts = [action for action, *_rest in entries(portal, number) if action != "photos"]
    assert texts == ["reach", "arrive", "quote", "accept", "visit", "costs", "finish", "sign-off"]

    def check() -> None:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        (consent,), (signed,) = order.consents, order.signatures
        assert not repairs.consent_is_void(order) and not repairs.signature_is_void(order)
        assert consent.shown == agreed and consent.attachment_id and signed.attachment_id
        assert consent.shown_hash == hashlib.sha256(agreed.encode()).hexdigest()
        first, second = order.visits
        assert first.left_at is not None and local(second.planned_at) == local(tomorrow) and second.came_at is None

    portal.ask(check)
