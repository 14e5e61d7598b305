"""The tabs of a record in a browser: arrows and Enter, back, a thumb, and no script at all."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

CUSTOMER = "/records/customers/KH-2026-0002"
TOUCH = 44


def test_tabs_are_walked_with_arrows_and_back_leads_back(desk, portal):
    page = desk("manager").go(CUSTOMER)
    strip = page.locator(".tab-strip")
    strip.locator("a").first.focus()
    page.keyboard.press("ArrowRight")
    expect(strip.locator("a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(f"{portal.url}{CUSTOMER}?tab=cases")
    expect(strip.locator("[aria-current]")).to_be_focused()
    expect(strip.locator("[aria-current]")).to_contain_text("案件")
    page.locator("#main td a", has_text="TS-2026-").first.click()
    expect(page.locator("h1")).to_contain_text("TS-2026-")
    page.go_back()
    expect(page).to_have_url(f"{portal.url}{CUSTOMER}?tab=cases")
    page.go_back()
    expect(strip.locator("[aria-current]")).to_contain_text("基本信息")


def test_a_tab_opens_where_one_was_looking(desk):
    page = desk("manager", width=PHONE).go(CUSTOMER)
    page.evaluate("scrollTo(0, 260)")
    with page.expect_navigation():
        page.locator(".tab-strip a", has_text="变更记录").tap()
    expect(page.locator("#main")).to_contain_text("客户等级")
    assert page.evaluate("scrollY") == 260


@pytest.mark.parametrize("path", [CUSTOMER, "/records/complaints/TS-2026-0001", "/records/repair-orders/WX-2026-0001"])
def test_on_a_phone_the_strip_scrolls_and_the_page_does_not(desk, path):
    page = desk("manager", width=PHONE).go(f"{path}?tab=changes")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    boxes = [tab.bounding_box() for tab in page.locator(".tab-strip a").all()]
    assert all(box["height"] >= TOUCH and box["width"] >= TOUCH for box in boxes)
    assert all(left["x"] + left["width"] <= right["x"] + 1 for left, right in pairwise(boxes))
    assert boxes[-1]["x"] >= 0 and boxes[-1]["x"] + boxes[-1]["width"] <= PHONE, "the open tab is in sight"


def test_tabs_work_without_a_script(desk, portal):
    page = desk("specialist", java_script=False).go("/records/contracts/HT-2026-0001")
    page.locator(".tab-strip a", has_text="收款记录").click()
    expect(page).to_have_url(f"{portal.url}/records/contracts/HT-2026-0001?tab=payments")
    expect(page.locator("#main .dense-table").first).to_be_visible()
    page.locator(".tab-strip a", has_text="附件").click()
    expect(page.locator("#attachments input[type=file]")).to_be_visible()
