"""The column beside a record in a real browser: by keyboard, on a phone, without JavaScript, for a screen reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.customer import Customer
from portal.models.task import Task
from tests.browser.conftest import DESKTOP, HEIGHTS, PHONE
from tests.browser.test_accessibility import COLOURS, SWITCH, WHOLE, findings


@pytest.fixture
def address(portal):
    number = portal.ask(lambda: session().scalars(select(Customer.number).where(Customer.name == "张建军")).one())
    return f"/records/customers/{number}"


def last_task(portal):
    def look():
        row = session().scalars(select(Task).where(Task.kind == "HAND").order_by(Task.id.desc()).limit(1)).first()
        return (row.title, row.outcome, row.result) if row else None

    return portal.ask(look)


def test_a_task_by_keyboard_from_set_to_done_and_the_next(desk, portal, address):
    page = desk("specialist").go(address)
    page.locator(".chatter-head a", has_text="待办").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_be_focused()
    page.keyboard.type("问瓷砖到货")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said")).to_be_focused()
    line = page.locator(".task-list li", has_text="问瓷砖到货")
    expect(line.locator(".due")).to_be_visible()
    line.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_focused()
    page.keyboard.type("周三到货")
    page.locator("button[name=then]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_value("问瓷砖到货")
    assert last_task(portal) == ("问瓷砖到货", "DONE", "周三到货")


def test_a_refused_form_comes_back_in_its_place(desk, portal, address):
    page = desk("specialist").go(address)
    page.locator(".chatter-head a", has_text="待办").click()
    page.locator("#title").fill("过去的事")
    page.locator("#due_at").fill("2026-01-01T10:00")
    page.locator(".composer .btn.primary").click()
    expect(page.locator("#due_at-under .error")).to_be_visible()
    expect(page.locator("#title")).to_have_value("过去的事")
    expect(page.locator("h1")).to_have_count(1)


def test_a_note_is_written_in_place_and_does_not_come_back(desk, portal, address):
    page = desk("specialist").go(address)
    page.locator("#composer").fill("客户改到周六")
    page.locator(".chatter-head a", has_text="待办").click()
    page.locator("#title").wait_for()
    page.locator(".chatter-head a", has_text="内部备注").click()
    expect(page.locator("#composer")).to_have_value("客户改到周六")
    page.locator(".composer button[type=submit]").click()
    expect(page.locator(".entry.note", has_text="客户改到周六")).to_be_visible()
    expect(page.locator("#composer")).to_have_value("")


def test_a_colleague_is_named_by_keyboard(desk, portal, address):
    page = desk("specialist").go(address)
    page.locator("#composer").click()
    page.keyboard.type("请看 @")
    offered = page.locator(".mentions button:visible")
    offered.first.wait_for()
    name = offered.first.get_attribute("data-name")
    page.keyboard.press("ArrowDown")
    expect(offered.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_have_value(f"请看 @{name} ")
    expect(page.locator("#composer")).to_be_focused()
    expect(offered).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said")).to_contain_text(name)
    expect(page.locator(".entry.note .mention").first).to_have_text(f"@{name}")
    page.locator("#composer").click()
    page.keyboard.type(f"@{name[:1]}")
    expect(offered.first).to_have_attribute("data-name", name)
    page.keyboard.press("Enter")  # without going down: the first one
    expect(page.locator("#composer")).to_have_value(f"@{name} ")
    page.keyboard.press("Enter")  # nothing is offered any more: a new line
    expect(page.locator("#composer")).to_have_value(f"@{name} \n")


def test_the_icons_lead_to_files_and_followers(desk, address):
    page = desk("specialist").go(address)
    for place in ("attachments", "followers"):
        page.locator(f".chatter-head a[href$='#{place}']").click()
        expect(page.locator(f"#{place}")).to_be_focused()
        expect(page.locator(f"#{place}")).to_be_in_viewport()


def test_without_javascript_everything_is_a_page(desk, portal, address):
    page = desk("specialist", width=PHONE, java_script=False).go(address)
    page.locator(".chatter-head a", has_text="待办").click()
    page.locator("#title").fill("上门量尺")
    page.locator(".composer .btn.primary").click()
    expect(page).to_have_url(portal.url + address)
    line = page.locator(".task-list li", has_text="上门量尺")
    line.locator("summary").click()
    line.locator(".menu a", has_text="延后").click()
    page.locator("#reason").fill("客户出差")
    page.locator("input[name=when][value=NEXT_MONDAY]").check(force=True)
    page.locator(".composer .btn.primary").click()
    expect(page.locator(".entry.log", has_text="客户出差")).to_be_visible()
    page.locator(".followers button", has_text="关注").first.click()
    expect(page.locator(".followers li")).to_have_count(1)


def test_the_forms_have_no_serious_finding(desk, portal, address):
    sitting = desk("specialist")
    sitting.go(f"{address}/talk?mode=task")
    sitting.page.locator("#title").fill("看一眼")
    sitting.page.locator(".composer .btn.primary").click()
    sitting.page.locator(".said").wait_for()
    task = portal.ask(lambda: session().scalars(select(Task.id).order_by(Task.id.desc()).limit(1)).one())
    wrong = []
    for path in (
        address, f"{address}/talk?mode=task", f"{address}/talk?mode=message", f"{address}/followers",
        f"/records/tasks/{task}/done", f"/records/tasks/{task}/later", f"/records/tasks/{task}/hand-over",
        "/account/notices?show=followed",
    ):  # fmt: skip
        page = sitting.go(path)
        page.locator("html[data-ready]").wait_for()
        for theme, options in (("light", WHOLE), ("dark", COLOURS)):
            page.evaluate(SWITCH, theme)
            for width in (DESKTOP, PHONE):
                page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
                if page.evaluate("document.scrollingElement.scrollWidth - innerWidth") > 0:
                    wrong.append(f"{path} is wider than {width}")
                wrong += findings(page, options, f"{path} at {width}, {theme}")
    assert not wrong, "\n".join(wrong)
