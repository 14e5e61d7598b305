"""What the portal answers to what was written without signal: a conflict, a refusal, and what the person does then."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from portal import i18n
from portal.db import transaction
from portal.models.repair import RepairOrder
from portal.services import repairs
from tests.browser.handset import entries, local, new_job, person, send


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
