"""The way through a list in a real browser: from the list to a record, on to the next, and back to the list as it was."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_a_record_leads_on_to_the_next_and_back_to_the_list_as_it_was(desk):
    page = desk("specialist").go("/records/complaints?filter=open&sort=-received")
    names = page.locator("td.cell-title a.who")
    second, third = (names.nth(place).get_attribute("href") for place in (1, 2))
    names.nth(1).click()
    expect(page).to_have_url(re.compile(re.escape(second) + "$"))
    steps = page.locator("[data-journey-steps]")
    expect(steps).to_contain_text("2")
    steps.locator("[rel=next]").click()
    expect(page).to_have_url(re.compile(re.escape(third) + "$"))
    page.locator("[data-journey-steps] [rel=prev]").press("Enter")
    expect(page).to_have_url(re.compile(re.escape(second) + "$"))
    page.locator(".crumbs a").first.click()
    expect(page).to_have_url(re.compile(r"/records/complaints\?filter=open&sort=-received$"))


def test_a_record_opened_by_itself_leads_to_the_plain_list(desk):
    page = desk("specialist").go("/records/complaints/TS-2026-0001")
    expect(page.locator("[data-journey-steps]")).to_be_hidden()
    assert page.locator(".crumbs a").first.get_attribute("href") == "/records/complaints"
