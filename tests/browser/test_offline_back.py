"""The network comes back to a captain's phone: what waits goes at once, and what is being written stays."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import expect

from tests.browser.handset import local, new_job, open_form, photos, send, state_of, write_the_visit
from tests.browser.test_offline import sign


def at_the_finish(handset: Any, portal: Any, network: Any) -> tuple[Any, str, str]:
    """A visit that was written down without signal up to the costs; the phone is still without."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    phone = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    write_the_visit(phone.go(job), portal)
    return phone, job, number


def seconds_until_sent(network: Any, posts: int) -> float:
    begun = time.monotonic()
    while len(network.posts) < posts:
        assert time.monotonic() - begun < 30, "nothing is sent"
        time.sleep(0.05)
    return time.monotonic() - begun


def test_what_waits_goes_within_seconds(handset, portal, network):
    """Below ground a phone says that it has a network: it asks again and again, soon. Where a request hangs in the old
    network, the new one is not left waiting for its end."""
    number = new_job(portal)
    phone = handset()
    phone.sign_in("captain")
    page = phone.go(f"/repair-captain/jobs/{number}")
    send(page, "step", arrived_at=local(portal.clock.now()))
    sent = len(network.posts)

    network.is_down = True
    photos(page, "BEFORE", 1)
    expect(page.locator("#outbox-bar .words")).to_have_text("没有网络")
    page.wait_for_timeout(17_000)
    network.is_down = False
    assert seconds_until_sent(network, sent + 1) < 6  # two, on a machine that has nothing else to do
    expect(page.locator("#outbox-bar")).to_have_count(0)

    page = phone.go(f"/repair-captain/jobs/{number}")
    network.is_mute = True
    photos(page, "BEFORE", 1)
    page.wait_for_timeout(2000)
    network.is_mute = False
    page.evaluate("dispatchEvent(new Event('online'))")
    assert seconds_until_sent(network, sent + 2) < 6
    expect(page.locator("#outbox-bar")).to_have_count(0)


def test_a_place_that_needs_the_network_says_so(handset, portal, network):
    """Its pages are not kept: in place of the browser's own error stands a page of ours, with the way back."""
    phone = handset()
    phone.sign_in("captain")
    page = phone.go("/repair-captain/")
    phone.kept("/repair-captain/not-kept")
    phone.airplane(True)
    page.locator(".tab-bar a", has_text="日程").click()
    expect(page.locator("main")).to_contain_text("手机上没有保存这一页")
    page.get_by_role("link", name="今天的维修").click()
    expect(page.locator(".job-card").first).to_be_visible()
    phone.airplane(False)


def test_what_is_ticked_ahead_stays_when_the_steps_before_it_arrive(handset, portal, network):
    """Signed on the pad while photos and steps are on their way: neither the signature nor a tick or a time is lost."""
    phone, job, number = at_the_finish(handset, portal, network)
    page = phone.page
    photos(page, "AFTER", 1)
    done_at = local(portal.clock.now())
    send(page, "step-finish", work_done="重做墙面 6 平方米", done_at=done_at, site_cleaned="y")
    open_form(page, "step-sign-off")
    page.locator("#step-sign-off [name=checks]").first.check()
    page.locator("#step-sign-off [name=rating][value='4']").check(force=True)
    page.locator("#step-sign-off [name=signed_at]").fill("2026-11-17T09:30")
    phone.airplane(False)
    phone.all_sent()
    assert state_of(portal, number) == "DONE"

    page = phone.go(job)
    expect(page.locator("#step[data-step='sign-off'] [name=checks]").first).to_be_checked()
    expect(page.locator("#step [name=rating][value='4']")).to_be_checked()
    expect(page.locator("#step [name=signed_at]")).to_have_value("2026-11-17T09:30")


def test_a_photo_that_arrives_takes_no_signature_away(handset, portal, network):
    """The customer signs while a photo is still being sent: the page comes again only once the pad is free."""
    phone, job, number = at_the_finish(handset, portal, network)
    page = phone.page
    photos(page, "AFTER", 1)
    send(page, "step-finish", work_done="重做墙面", done_at=local(portal.clock.now()), site_cleaned="y")
    phone.airplane(False)
    phone.all_sent()
    page = phone.go(job)
    network.slow = 4.0
    photos(page, "AFTER", 1)
    sign(page, "step")
    page.locator("#step [name=checks]").first.check()
    phone.all_sent()
    expect(page.locator("#snacks")).to_contain_text("照片已上传")
    network.slow = 0.0
    expect(page.locator("#step [data-sign]")).to_have_attribute("data-signed", "")
    for box in page.locator("#step [name=checks]").all():
        box.check(force=True)
    with page.expect_navigation(timeout=20_000):
        page.locator(".action-bar .btn.primary").click()
    phone.all_sent()
    assert state_of(portal, number) == "SIGNED_OFF"
    expect(phone.go(job).locator("#signature img")).to_be_visible()
