"""The front desk takes a complaint without touching the mouse, in less than half a minute."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.complaint import Complaint
from tests.browser.conftest import WIDTHS

PER_DIGIT, PER_SIGN = 90, 300
"""Milliseconds a practised clerk needs for a digit and for a Chinese character (200 a minute)."""
HALF_A_MINUTE = 30


@pytest.mark.parametrize("width", WIDTHS)
def test_a_complaint_is_registered_by_keyboard_alone(desk, portal, width):
    sitting = desk("front_desk", width=width)
    page = sitting.go("/front-desk/calls/new")
    keys = page.keyboard
    begun = time.monotonic()

    expect(page.locator("#number")).to_be_focused()
    keys.type("13900020045", delay=PER_DIGIT)
    expect(page.locator("#household h2")).to_contain_text("许文斌")
    expect(page.locator("#name")).to_have_value("许文斌")
    keys.press("Tab")  # out of the number, where digits are digits
    keys.press("2")
    expect(page.get_by_role("radio", name="投诉")).to_be_checked()
    keys.press("Tab")
    keys.press("Tab")
    expect(page.locator("#question")).to_be_focused()
    keys.type(f"客厅墙面开裂 {width}", delay=PER_SIGN)
    keys.press("Control+Enter")

    expect(page.locator("h1")).to_contain_text("F-16")
    assert page.locator("#complainant").input_value() == "许文斌"
    assert page.locator("#content").input_value() == f"客厅墙面开裂 {width}"
    expect(page.locator("#category")).to_be_focused()
    for _step in range(3):
        keys.press("ArrowDown")
    for field in ("severity", "subject", "content", "demand"):
        keys.press("Tab")
        expect(page.locator(f"#{field}")).to_be_focused()
    keys.type("本周上门", delay=PER_SIGN)
    keys.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("当日日志")

    assert time.monotonic() - begun < HALF_A_MINUTE
    made = portal.ask(lambda: session().scalars(select(Complaint).where(Complaint.content.endswith(str(width)))).one())
    assert (made.state, made.category, made.phone) == ("REGISTERED", "QUALITY", "13900020045")
    assert made.demand == "本周上门"


def test_keys_are_shown_while_alt_is_held(desk):
    page = desk("front_desk").go("/front-desk/calls/new")
    page.locator("#household").click()
    page.keyboard.down("Alt")
    expect(page.locator("html[data-keys]")).to_have_count(1)
    page.keyboard.press("q")
    page.keyboard.up("Alt")
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("html[data-keys]")).to_have_count(0)


def test_a_caller_is_found_by_the_last_four_digits(desk):
    page = desk("front_desk").go("/front-desk/calls/new")
    page.keyboard.type("0045", delay=PER_DIGIT)
    expect(page.locator("#household h2")).to_contain_text("许文斌")
    expect(page.locator("#household")).to_contain_text("橱柜增项未经签字")
