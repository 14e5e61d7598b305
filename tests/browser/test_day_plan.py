"""A day of the calendar by person, in a browser: walked with arrow keys, one person at a time on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import story
from tests.browser.conftest import PHONE

DAY = story.NOW[:10]
PLAN = f"/records/tasks?view=calendar&filter=&span=day&columns=person&day={DAY}"


def where(link):
    box = link.bounding_box()
    return round(box["x"]), round(box["y"])


def test_the_arrows_walk_from_hour_to_hour_and_from_person_to_person(desk):
    page = desk("manager").go(PLAN)
    entries = page.locator(".planned a")
    assert entries.count() > 2
    page.locator("#main").focus()
    entries.first.focus()
    seen = [where(entries.first)]
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        focused = page.locator(".day-plan a:focus")
        expect(focused).to_have_count(1)
        seen.append(where(focused))
    assert seen[1][0] > seen[0][0] and seen[2][1] > seen[1][1]
    target = page.locator(".day-plan a:focus").get_attribute("href")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(page.url.split("/records")[0] + target)


def test_arrows_walk_through_a_month_and_a_week_too(desk):
    page = desk("manager").go(f"/records/tasks?view=calendar&filter=&span=week&day={DAY}")
    page.locator(".calendar-entry a").first.focus()
    first = where(page.locator(".calendar-entry a:focus"))
    page.keyboard.press("ArrowDown")
    assert where(page.locator(".calendar-scroll a:focus"))[1] > first[1]


LYING = """() => {
  const entries = [...document.querySelectorAll(".planned a")].map((one) => [one.title, one.getBoundingClientRect()]);
  const meet = (a, b) => a.left < b.right - 2 && b.left < a.right - 2 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  return entries.flatMap(([said, box], at) => entries.slice(at + 1).filter(([, other]) => meet(box, other)).map(([also]) => [said, also]));
}"""


def test_entries_do_not_lie_on_each_other(desk):
    assert desk("manager").go(PLAN).evaluate(LYING) == []


def test_a_phone_shows_one_person_and_changes_to_another(desk):
    page = desk("manager", width=PHONE).go(PLAN)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    expect(page.locator(".day-plan thead th:visible")).to_have_count(2)
    first = page.locator(".day-plan thead th:visible").nth(1).text_content()
    other = page.locator(".plan-pick a:not([aria-current])").first
    assert other.bounding_box()["height"] >= 44
    with page.expect_navigation():
        other.tap()
    expect(page.locator(".day-plan thead th:visible").nth(1)).not_to_have_text(first)
    entry = page.locator(".planned a:visible")
    if entry.count():
        assert entry.first.bounding_box()["height"] >= 43


def test_the_day_is_read_without_a_script(desk):
    page = desk("specialist", java_script=False).go(PLAN)
    expect(page.locator(".planned a").first).to_be_visible()
