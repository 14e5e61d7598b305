"""What a captain's phone says without signal is true: the times of the steps, what is noted already, what is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.db import session
from portal.models.repair import RepairOrder
from tests.browser.handset import local, new_job, open_form, photos, send


def later(page: Page, minutes: int) -> None:
    """The pages that come think that it is later by the clock of the portal."""
    page.evaluate(
        "(time) => localStorage.setItem('portal-skew', Number(localStorage.getItem('portal-skew')) - time)",
        60_000 * minutes,
    )


def near(moment: datetime) -> tuple[str, str]:
    """The minute of a moment, and the one after: seconds pass while a page is looked at."""
    return local(moment), local(moment + timedelta(minutes=1))


def test_a_step_has_the_time_of_its_button(handset, portal, network):
    """A page that was kept, or stands open for long, sends when the button was pressed, and what was typed as it is."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    kept_at = portal.clock.now()
    phone.airplane(True)
    page = phone.go(job)
    later(page, 5)
    page = phone.go(job)
    assert page.locator("#step [name=arrived_at]").input_value() in near(kept_at + timedelta(minutes=5))
    page.evaluate("const at = Date.now; Date.now = () => at() + 7 * 60_000")
    send(page, "step")
    arrived = page.locator("#step-arrive [name=arrived_at]").input_value()
    assert arrived in near(kept_at + timedelta(minutes=12))
    later(page, 20)
    page = phone.go(job)
    assert page.locator("#step-arrive [name=arrived_at]").input_value() == arrived
    photos(page, "BEFORE", 1)
    expect(page.locator("[data-photos-unsent]")).to_contain_text("1")
    typed = local(kept_at + timedelta(minutes=14))
    send(
        page, "step-arrive", cause="CONSTRUCTION", plan="铲除重刮腻子", plan_made_at=typed,
        planned_done_at=local(kept_at + timedelta(hours=5)),
    )  # fmt: skip
    assert not network.posts

    portal.clock.set(kept_at + timedelta(minutes=30))
    phone.airplane(False)
    phone.sign_in("captain")  # half an hour later the session is over
    phone.all_sent()

    def said() -> tuple[str, str]:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        return local(order.arrived_at), local(order.plan_made_at)

    assert portal.ask(said) == (arrived, typed)


def test_what_is_noted_is_noted_once_and_shown(handset, portal):
    """After a line of cost nothing is filled in again; it stands among the costs, and the day says how far the job is."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page, now = phone.go(job), portal.clock.now()
    expect(page.locator("#cost-form [name=bearer]:checked")).to_have_count(0)  # by the cause, which nobody knows yet
    send(page, "step", arrived_at=local(now))
    photos(page, "BEFORE", 1)
    expect(page.locator("[data-photos-unsent]")).to_contain_text("1")
    send(
        page, "step-arrive", arrived_at=local(now), cause="CONSTRUCTION", plan="铲除重刮腻子", plan_made_at=local(now),
        planned_done_at=local(now + timedelta(hours=5)),
    )  # fmt: skip
    expect(page.locator("#snacks .snack")).to_have_count(0)
    send(page, "step-start")
    expect(page.locator("#cost-form [name=bearer]:checked")).to_have_value("COMPANY")
    send(page, "cost-form", what="腻子", amount="180.50")
    open_form(page, "cost-form")
    expect(page.locator("#cost-form [name=what]")).to_have_value("")
    expect(page.locator("#cost-form [name=amount]")).to_have_value("")
    expect(page.locator("#snacks .snack")).to_have_count(0)
    for said in ("材料 腻子", "180.50", "未上传"):
        expect(page.locator("#unsent-costs li")).to_contain_text(said)
    expect(page.locator(".outbox-item .what").last).to_have_text("登记材料或工时 · 腻子 · 180.50")
    page.locator("form[data-call] button").first.click()
    expect(page.locator("#snacks .snack")).to_contain_text("无网络时不能显示号码")

    page = phone.go("/repair-captain/")
    card = page.locator(f"[data-card='{number}']")
    expect(card.locator(".unsent-line")).to_have_text("未上传 5 条 · 已写到：免费，开始维修")
    expect(card.locator(".due")).to_be_hidden()
    expect(card.locator("[data-go-on]")).to_have_text("继续")
    phone.airplane(False)
    phone.all_sent()
    expect(card.locator(".unsent-line")).to_be_hidden()
    expect(card.locator("[data-go-on]")).not_to_have_text("我已到场")


def test_ready_without_network_only_with_the_newest_job(handset, portal, network):
    """A job that was just assigned: as long as one of its pages is missing, the phone does not say that it is ready."""
    new_job(portal)
    phone = handset()
    phone.sign_in("captain")
    line = phone.go("/repair-captain/").locator(".kept-line")
    expect(line).to_contain_text("无网络也可使用", timeout=30_000)
    number = new_job(portal)
    network.broken = f"{number}/record"
    phone.go("/repair-captain/")
    expect(line).to_contain_text("尚未备好离线页面：已保存", timeout=30_000)
    network.broken = ""
    expect(line).to_contain_text("无网络也可使用", timeout=30_000)
    phone.kept(f"/repair-captain/jobs/{number}/record")
