"""Who wrote it: two captains on one phone, sessions that run out or are ended while there is no network."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.handset import (
    cookie_for,
    entries,
    local,
    new_job,
    person,
    second_captain,
    send,
)


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
    assert not [name for name in page.evaluate("() => caches.keys()") if name.startswith("kept:")]
    phone.airplane(False)
    page.wait_for_url("**/account/sign-in")  # with the next network the portal hears of it
    assert not entries(portal, number)
