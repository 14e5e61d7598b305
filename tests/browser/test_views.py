"""Lists looked at otherwise, in a browser: cards moved by hand and by keys, a card that somebody else moved first."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.listing.registry import LISTINGS
from portal.models.complaint import Complaint, Escalation
from tests.browser.conftest import PHONE

COMPLAINTS = "/records/complaints?view=kanban"
ESCALATIONS = "/records/escalations?filter=&view=kanban"


def registered(portal):
    """The number of a complaint that is only registered."""
    query = select(Complaint.number).where(Complaint.state == "REGISTERED").order_by(Complaint.id)
    return portal.ask(lambda: session().scalars(query).first())


def submitted(portal):
    query = select(Escalation.number).where(Escalation.state == "SUBMITTED").order_by(Escalation.id)
    return portal.ask(lambda: session().scalars(query).first())


def card(page, number):
    return page.locator(f'.kanban-card[data-number="{number}"]')


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 60)


def drag(page, number, lane):
    page.mouse.move(*middle(card(page, number).locator(".grip")))
    page.mouse.down()
    page.mouse.move(700, 500, steps=4)
    expect(page.locator(".kanban .drop-off").first).to_be_visible()
    page.mouse.move(*middle(page.locator(f'[data-lane="{lane}"]')), steps=4)


def test_a_card_is_dragged_to_a_step_that_asks_and_comes_back_to_the_board(desk, portal):
    number = registered(portal)
    page = desk("specialist").go(COMPLAINTS)
    drag(page, number, "SELF_HANDLING" if page.locator('[data-lane="SELF_HANDLING"]').count() else "HANDED_OVER")
    expect(page.locator('[data-lane="VISITED"] .drop-note')).to_contain_text("没有直接到这里的步骤")
    page.mouse.up()
    panel = page.locator("#board-panel")
    expect(panel.locator("form#step")).to_be_visible()
    expect(page).to_have_url(portal.url + COMPLAINTS)
    if panel.locator("[name=plan]").count():
        panel.locator("[name=plan]").fill("上门清扫并致歉")
        with page.expect_navigation():
            panel.locator("button.primary").click()
        expect(page.locator(".snack")).to_contain_text("现为“客服直接处理”")
        expect(page.locator('[data-lane="SELF_HANDLING"]').locator(f'[data-number="{number}"]')).to_be_visible()


def test_a_card_dropped_where_it_may_not_go_stays_and_the_reason_is_said(desk, portal):
    page = desk("specialist").go(COMPLAINTS)
    first = page.locator('[data-lane="HANDED_OVER"] .kanban-card').first
    number = first.get_attribute("data-number")
    drag(page, number, "VISITED")
    page.mouse.up()
    expect(page.locator(".snack")).to_contain_text("没有直接到这里的步骤")
    expect(page.locator('[data-lane="HANDED_OVER"]').locator(f'[data-number="{number}"]')).to_be_visible()
    expect(page.locator(".kanban-ghost")).to_have_count(0)


def test_a_card_is_moved_with_keys_alone_and_a_late_second_move_is_refused(desk, portal):
    number = submitted(portal)
    page = desk("manager").go(ESCALATIONS)
    other = desk("manager").go(ESCALATIONS)
    late = desk("manager", java_script=False).go(ESCALATIONS)
    late.goto(portal.url + card(late, number).locator(".grip").get_attribute("href"))
    card(page, number).locator(".grip").focus()
    page.keyboard.press("Enter")
    panel = page.locator("#board-panel")
    expect(panel.locator("h2")).to_be_focused()
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".snack")).to_contain_text("这一步不能撤销")
    expect(page.locator(f'[data-lane="ASSESSING"] [data-number="{number}"]')).to_be_visible()
    card(other, number).locator(".grip").click()
    expect(other.locator(".snack")).to_contain_text("已被别人改动")
    with late.expect_navigation() as answer:
        late.locator("[data-way=ASSESSING] button").click()
    assert answer.value.status == 409
    expect(late.locator(".kanban-refused")).to_contain_text("已被别人改动")
    assert late.locator(".kanban").count() == 1


def test_on_a_phone_a_long_press_takes_the_card_and_a_tap_opens_the_panel(desk, portal):
    page = desk("specialist", width=PHONE).go(COMPLAINTS)
    grip = page.locator(".kanban-card .grip").first
    x, y = middle(grip)
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    expect(page.locator(".kanban-ghost")).to_have_count(1)
    expect(page.locator(".kanban .drop-on, .kanban .drop-off").first).to_be_attached()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".kanban-ghost")).to_have_count(0)
    grip.tap()
    expect(page.locator("#board-panel [data-moves]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#board-panel")).to_be_hidden()


def test_on_a_phone_a_finger_carries_a_card_to_the_next_column_and_a_key_brings_it_back(desk, portal):
    page = desk("manager", width=PHONE).go(f"{COMPLAINTS}&group=owner")
    lane = page.locator(".kanban-column").first
    number, place = lane.locator(".kanban-card").first.get_attribute("data-number"), lane.get_attribute("data-lane")
    x, y = middle(lane.locator(".kanban-card .grip").first)
    touch = page.context.new_cdp_session(page)

    def finger(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    finger("touchStart", (x, y))
    expect(page.locator(".kanban .drop-on").first).to_be_attached()
    for step in range(12):
        finger("touchMove", (370 + step % 2, y + 10))
    expect(page.locator(".kanban .drop-here")).to_have_count(1)
    with page.expect_navigation():
        finger("touchEnd")
    expect(page.locator(".snack")).to_contain_text("已移到")
    expect(page.locator(f'[data-lane="{place}"] [data-number="{number}"]')).to_have_count(0)
    with page.expect_navigation():
        page.keyboard.press("Control+z")
    expect(page.locator(f'[data-lane="{place}"] [data-number="{number}"]')).to_have_count(1)


def test_on_a_phone_a_board_opens_at_the_first_column_with_a_card(desk):
    page = desk("specialist", width=PHONE).go("/records/contracts?filter=&view=kanban")
    empty, begin = page.locator('[data-lane="INTENT"]'), page.locator('[data-lane="SIGNED"]')
    expect(empty.locator(".kanban-card")).to_have_count(0)
    expect(begin.locator(".kanban-card").first).to_be_in_viewport()
    expect(empty).not_to_be_in_viewport()
    expect(page.locator(".rail [aria-current]")).to_be_in_viewport()


def test_a_month_on_a_phone_is_a_small_grid_with_the_days_under_it(desk, portal):
    page = desk("specialist", width=PHONE).go("/records/complaints?view=calendar&filter=&rows=received")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    expect(page.locator(".calendar-month .calendar-entry").first).to_be_hidden()
    expect(page.locator(".phone-only .calendar-entry").first).to_be_visible()
    page.locator(".calendar-month .day-head a[aria-label*='，']").first.click()
    expect(page.locator(".calendar-hours .calendar-entry").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_today_is_read_in_the_grid_of_another_month_too(desk):
    """The first of a month stands in the grid of the month before: grey on the colour of today nobody reads it."""
    page = desk("manager").go("/records/tasks?view=calendar&filter=")
    day = page.locator("td.today .day-head a[aria-current]")
    said = day.evaluate("one => getComputedStyle(one).color")
    page.locator("td.today").evaluate("cell => cell.classList.add('outside')")
    assert day.evaluate("one => getComputedStyle(one).color") == said


def test_a_calendar_goes_on_and_back_without_javascript(desk, portal):
    page = desk("specialist", java_script=False).go("/records/complaints?view=calendar&filter=&rows=received&span=week")
    title = page.locator(".calendar-bar h2").text_content()
    page.locator(".calendar-step [rel=next]").click()
    expect(page.locator(".calendar-bar h2")).not_to_have_text(title)
    page.locator(".calendar-step [rel=prev]").click()
    expect(page.locator(".calendar-bar h2")).to_have_text(title)
    expect(page.locator(".calendar-entry").first).to_be_visible()


TOUCH = 44
"""Pixels that a thumb needs."""
SMALL = """([touch, within]) => [...document.querySelectorAll(within)].filter((one) => one.checkVisibility() && !one.matches(".sr")).map((one) => {
  const box = one.getBoundingClientRect(), name = one.getAttribute("aria-label") || one.textContent.trim() || one.className;
  const hit = (dy) => { const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2 + dy); return !found || one.contains(found); };
  const tall = box.height >= touch || (hit(-touch / 2 + 1) && hit(touch / 2 - 1));
  return tall && box.width >= touch - 8 ? "" : `${name} ${box.width.toFixed()}×${box.height.toFixed()}`;
}).filter(Boolean)"""


def test_a_timeline_is_used_with_keys_and_on_a_phone_says_everything_in_words(desk, portal):
    page = desk("manager").go("/records/projects?view=timeline")
    expect(page.locator(".timeline .bar-late").first).to_be_visible()
    page.locator(".timeline .who").first.focus()
    page.keyboard.press("Tab")
    expect(page.locator(".timeline .who").nth(1)).to_be_focused()
    place = page.locator(".timeline .who").nth(1).get_attribute("href")
    with page.expect_navigation():
        page.mouse.click(*middle(page.locator(".timeline .timeline-bars").nth(1)))
    expect(page).to_have_url(portal.url + place)
    small = desk("manager", width=PHONE).go("/records/projects?view=timeline&span=year&group=stage")
    assert small.evaluate("document.documentElement.scrollWidth") <= PHONE
    expect(small.locator(".timeline-says").first).to_contain_text("计划")


def test_a_timeline_goes_on_and_back_without_javascript(desk, portal):
    page = desk("specialist", java_script=False).go("/records/complaints?view=timeline&filter=&span=week")
    title = page.locator(".calendar-bar h2").text_content()
    page.locator(".calendar-step [rel=next]").click()
    expect(page.locator(".calendar-bar h2")).not_to_have_text(title)
    page.locator(".calendar-step [rel=prev]").click()
    expect(page.locator(".calendar-bar h2")).to_have_text(title)
    expect(page.locator(".timeline-line").first).to_be_visible()


def test_on_a_phone_a_list_is_paged_sorted_and_seen_otherwise_with_a_thumb(desk, portal):
    page = desk("manager", width=PHONE).go("/records/complaints?filter=")
    onward = page.locator(".pager-foot [rel=next]")
    assert onward.bounding_box()["height"] >= TOUCH
    onward.click()
    expect(page.locator(".control-panel .pager")).to_contain_text("81–")
    page.locator(".pager-foot [rel=prev]").click()
    expect(page.locator(".control-panel .pager")).to_contain_text("1–80")
    page.locator(".sort-menu summary").click()
    page.locator(".sort-menu a", has_text="编号").click()
    expect(page.locator(".sort-menu summary")).to_contain_text("编号")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_what_is_pressed_on_a_phone_is_large_enough(desk, portal):
    page = desk("manager", width=PHONE).page
    within = ".control-panel :is(a, button, summary), .calendar-bar :is(a, summary), .pager-foot a, .topbar :is(a, button, summary)"
    for query in (
        "filter=open",
        "filter=open&view=kanban",
        "view=calendar",
        "view=timeline&group=state",
        "view=graph",
        "view=pivot",
        "view=tasks",
    ):
        page.goto(f"{portal.url}/records/complaints?{query}")
        small = page.evaluate(SMALL, [TOUCH, within])
        assert not small, f"{query}: {small}"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, query


def test_what_a_fact_said_before_is_read_by_pointing_by_key_and_by_touch(desk, portal):
    page = desk("manager").go("/records/customers/KH-2026-0002")
    mark, pop = page.locator(".history-mark").first, page.locator(".history-pop").first
    expect(pop).to_be_hidden()
    mark.hover()
    expect(pop).to_contain_text("的修改记录")
    page.mouse.move(0, 0)
    expect(pop).to_be_hidden()
    page.locator(".history-mark").nth(1).focus()
    expect(page.locator(".history-pop").nth(1)).to_contain_text("的修改记录")
    page.keyboard.press("Escape")
    expect(page.locator(".history-pop").nth(1)).to_be_hidden()
    small = desk("manager", width=PHONE).go("/records/customers/KH-2026-0002")
    small.locator(".history-mark").first.tap()
    expect(small.locator(".history-pop").first).to_contain_text("的修改记录")
    expect(small).to_have_url(portal.url + "/records/customers/KH-2026-0002")


def test_no_list_is_wider_than_a_small_screen(desk, portal):
    """Long words end in dots instead: a page that moves sideways hides what stands at its end."""
    page = desk("manager").page
    wide = []
    for kind in LISTINGS:
        answer = page.goto(f"{portal.url}/records/{kind}?filter=")
        assert answer.status == 200, kind
        for width in (1366, 1280, 1024, 768):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((kind, width))
            cut = page.evaluate(
                "document.querySelector('.app-menu').scrollWidth - document.querySelector('.app-menu').clientWidth"
            )
            if width > 1200 and cut > 1:
                wide.append((kind, width, f"{cut} of the pages of the app"))
    assert not wide
