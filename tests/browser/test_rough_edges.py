"""What goes wrong at a desk: errors, double clicks, an ended session, two people at one record, the back button."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from portal.db import session
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.event import Event
from tests.browser.conftest import PHONE


def number_of(portal, subject):
    query = select(Complaint.number).where(Complaint.subject == subject, Complaint.closed_at.is_(None))
    return portal.ask(lambda: session().scalars(query.order_by(Complaint.id.desc())).first())


def customer_of(portal, name):
    return portal.ask(lambda: session().scalars(select(Customer.number).where(Customer.name == name)).one())


def contacts(portal):
    return portal.ask(lambda: session().scalar(select(func.count()).select_from(Consultation)))


def test_an_error_stands_at_its_field_and_the_text_stays(desk, portal):
    page = desk("specialist").go("/records/customers/new")
    page.locator("#name").fill("柳如是")
    page.locator("#phone").fill("1390002")
    page.locator("main form button.primary").click()
    wrong = page.locator("#phone")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#phone-under .error")).to_be_visible()
    expect(page.locator(".form-errors")).to_be_focused()
    expect(page.locator("#name")).to_have_value("柳如是")
    expect(wrong).to_have_value("1390002")
    page.locator(".form-errors a").click()
    expect(wrong).to_be_focused()


def test_a_text_of_several_lines_is_read_in_its_lines(desk, portal):
    lines = select(Complaint).where(Complaint.content.contains("\n")).order_by(Complaint.id)
    number, content = portal.ask(lambda: (found := session().scalars(lines).first()) and (found.number, found.content))
    said = desk("specialist").go(f"/records/complaints/{number}").locator("dd", has_text=content.split("\n")[-1])
    assert said.inner_text().strip() == content.strip()


def test_a_double_click_registers_once(desk, portal):
    page = desk("front_desk").go("/front-desk/calls/new")
    page.route("**/front-desk/calls/new", lambda route: (page.wait_for_timeout(150), route.continue_()))
    before = contacts(portal)
    page.locator("#number").fill("13600029999")
    page.get_by_role("radio", name="咨询").check()
    page.locator("#name").fill("白女士")
    page.locator("#question").fill("问门店营业时间")
    page.locator("button[name=then][value=pass]").dblclick()
    expect(page.locator(".snack")).to_contain_text("白女士")
    assert contacts(portal) == before + 1


def test_an_ended_session_asks_to_sign_in_and_comes_back_with_the_text(desk, portal):
    sitting = desk("specialist")
    path = f"/records/complaints/{number_of(portal, '到货地板色差明显')}/steps/plan"
    page = sitting.go(path)
    page.locator("#plan").fill("换同批次地板，周四上门")
    page.locator("#visit_appointment").fill("2026-11-19T10:00")
    page.locator("#customer_agreed").select_option("yes")
    sitting.context.clear_cookies()
    page.locator("#step button.primary").click()
    page.wait_for_url(re.compile(r"/account/sign-in\?"))
    page.locator("button[name=username][value=specialist]").click()
    page.wait_for_url(f"**{path}")
    expect(page.locator("#plan")).to_have_value("换同批次地板，周四上门")


def test_two_people_change_one_customer(desk, portal):
    path = f"/records/customers/{customer_of(portal, '彭志刚')}/edit"
    first, second = desk("specialist").go(path), desk("manager").go(path)
    first.locator("#style").fill("原木")
    first.locator("main form button.primary").click()
    first.wait_for_url(lambda url: not url.endswith("/edit"))
    second.locator("#style").fill("现代简约")
    second.locator("main form button.primary").click()
    expect(second.locator(".form-errors")).to_be_visible()
    expect(second.locator("#style")).to_have_value("现代简约")
    kept = portal.ask(lambda: session().scalars(select(Customer.style).where(Customer.name == "彭志刚")).one())
    assert kept == "原木"


def test_the_back_button_returns_to_the_list_as_it_was(desk, portal):
    page = desk("specialist").go("/records/complaints")
    page.locator("#q").fill("罗建平")
    page.locator("#q").press("Enter")
    page.wait_for_url("**q=*")
    listed = page.locator("main tbody tr").all_inner_texts()
    page.locator("main tbody a").first.click()
    page.wait_for_url("**/records/complaints/TS-*")
    page.go_back()
    expect(page.locator("#q")).to_be_visible()
    assert page.locator("main tbody tr").all_inner_texts() == listed


def test_back_after_registering_sends_nothing_again(desk, portal):
    page = desk("front_desk").go("/front-desk/calls/new")
    page.locator("#number").fill("13600028888")
    page.get_by_role("radio", name="咨询").check()
    page.locator("#name").fill("唐女士")
    page.locator("#question").fill("问半包和全包的区别")
    page.locator("button[name=then][value=record]").click()
    expect(page.locator(".snack")).to_contain_text("唐女士")
    before = contacts(portal)
    page.goto(f"{portal.url}/front-desk/log")
    page.go_back()
    expect(page.locator("#number")).to_be_visible()
    page.go_forward()
    expect(page.locator("h1")).to_contain_text("当日日志")
    assert contacts(portal) == before


def test_the_palette_finds_a_customer_and_opens_it(desk, portal):
    page = desk("specialist").go("/specialist/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    page.keyboard.type("张建军", delay=60)
    found = page.locator("#palette-list [role=option]", has_text="张建军")
    expect(found.first).to_be_visible()
    while "张建军" not in page.locator("#palette-list [aria-selected=true]").inner_text():
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/records/customers/KH-"))
    expect(page.locator("h1")).to_contain_text("张建军")


def test_escape_closes_the_palette_and_gives_the_focus_back(desk):
    page = desk("specialist").go("/records/complaints")
    page.locator("#q").focus()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#q")).to_be_focused()


def choose(page, name, value):
    page.locator(".user-button").click()
    with page.expect_navigation():
        page.locator(f"button[name={name}][value={value}]").click()


def test_the_language_changes_for_every_page(desk):
    sitting = desk("reviewer")
    page = sitting.go("/records/complaints")
    choose(page, "locale", "zh_Hant")
    assert page.url.endswith("/records/complaints")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    expect(page.locator(".rail")).to_contain_text("投訴")
    choose(page, "locale", "en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("All complaints")
    choose(page, "locale", "zh_Hans")
    expect(page.locator("h1")).to_have_text("全部投诉")


def test_dark_stays_dark(desk):
    sitting = desk("captain", width=PHONE)
    page = sitting.go("/repair-captain/")
    choose(page, "theme", "dark")
    for path in ("/repair-captain/", "/records/complaints"):
        sitting.go(path)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        red = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
        assert red < 60


# Nothing typed is lost, whatever happens on the way ----------------------------------------------------------------------


def come_back(page, path, username):
    """Sign in again where the portal asks for it, and be where one was."""
    page.wait_for_url(re.compile(r"/account/sign-in\?"))
    page.locator(f"button[name=username][value={username}]").click()
    page.wait_for_url(f"**{path}")
    page.locator("html[data-ready]").wait_for()


def events_with(portal, text):
    return portal.ask(lambda: sum(text in str(data) for data in session().scalars(select(Event.data))))


@pytest.mark.parametrize(
    ("username", "where", "field", "typed", "button"),
    [
        ("specialist", "edit", "#style", "日式原木", "main form button.primary"),
        ("specialist", "new", "#name", "柳如是", "main form button.primary"),
        ("specialist", "talk", ".composer textarea", "明天十点再打", ".composer button[type=submit]"),
        ("manager", "settings", "main form input.input:not([type])", "77", "main form button"),
    ],
)
def test_an_ended_session_loses_nothing_in_any_form(desk, portal, username, where, field, typed, button):
    number = customer_of(portal, "彭志刚")
    path = {
        "edit": f"/records/customers/{number}/edit",
        "new": "/records/customers/new",
        "talk": f"/records/customers/{number}",
        "settings": "/manager/settings",
    }[where]
    sitting = desk(username)
    page = sitting.go(path)
    page.locator("html[data-ready]").wait_for()
    page.locator(field).first.fill(typed)
    sitting.context.clear_cookies()
    page.locator(button).first.click()
    come_back(page, path, username)
    expect(page.locator(field).first).to_have_value(typed)


def test_what_is_typed_outlives_reload_and_back(desk, portal):
    path = f"/records/customers/{customer_of(portal, '彭志刚')}"
    page = desk("specialist").go(path)
    page.locator("html[data-ready]").wait_for()
    page.locator(".composer textarea").fill("客户周末都在家")
    page.reload()
    expect(page.locator(".composer textarea")).to_have_value("客户周末都在家")
    page.goto(f"{portal.url}/records/customers")
    page.go_back()
    expect(page.locator(".composer textarea")).to_have_value("客户周末都在家")
    page.goto(f"{portal.url}{path}")
    expect(page.locator(".composer textarea")).to_have_value("客户周末都在家")
    page.locator(".composer button[type=submit]").last.click()
    expect(page.locator(".composer textarea")).to_have_value("")
    page.reload()
    page.locator("html[data-ready]").wait_for()
    expect(page.locator(".composer textarea")).to_have_value("")  # sent is sent


def test_what_somebody_else_saved_is_not_overwritten_by_what_was_kept(desk, portal):
    path = f"/records/customers/{customer_of(portal, '彭志刚')}/edit"
    page = desk("specialist").go(path)
    page.locator("html[data-ready]").wait_for()
    page.locator("#style").fill("我写的")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{portal.url}/records/customers")
    other = desk("manager").go(path)
    other.locator("#style").fill("别人保存的")
    other.locator("main form button.primary").click()
    other.wait_for_url(lambda url: not url.endswith("/edit"))
    page.goto(portal.url + path)
    page.locator("html[data-ready]").wait_for()
    expect(page.locator("#style")).to_have_value("别人保存的")


@pytest.mark.parametrize("trouble", ["offline", "down", "broken", "refused"])
def test_trouble_on_the_way_is_said_in_place_and_tried_again(desk, portal, trouble):
    """Offline, no answer, an error of the server: the text stays, one press sends it, once."""
    path = f"/records/customers/{customer_of(portal, '彭志刚')}"
    text = f"再试一次 {trouble}"
    sitting = desk("specialist")
    page = sitting.go(path)
    page.locator("html[data-ready]").wait_for()
    page.locator(".composer textarea").fill(text)
    answers = {
        "down": lambda route: route.abort("timedout"),
        "broken": lambda route: route.fulfill(status=500, content_type="text/html", body="<title>x</title>"),
        "refused": lambda route: route.fulfill(status=503, content_type="text/plain", body="no"),
    }
    if trouble == "offline":
        sitting.context.set_offline(True)
    else:
        page.route("**/notes", answers[trouble])
    page.locator(".composer button[type=submit]").last.click()
    said = page.locator(".snack[role=alert]")
    expect(said).to_have_count(1)
    expect(page.locator(".composer textarea")).to_have_value(text)
    assert events_with(portal, text) == 0
    sitting.context.set_offline(False)
    page.unroute_all()
    said.get_by_role("button", name="再试一次").or_(said.locator("button:not(.close)")).first.click()
    expect(page.locator(".composer textarea")).to_have_value("")
    expect(said).to_have_count(0)
    assert events_with(portal, text) == 1
    sitting.complaints.clear()  # the browser writes down what was broken on purpose


def test_a_slow_answer_shows_that_it_is_coming_and_a_double_click_sends_once(desk, portal):
    page = desk("specialist").go(f"/records/customers/{customer_of(portal, '彭志刚')}")
    page.locator("html[data-ready]").wait_for()
    page.route("**/notes", lambda route: (page.wait_for_timeout(900), route.continue_()))
    page.locator(".composer textarea").fill("慢网络上的备注")
    button = page.locator(".composer button[type=submit]").last
    wide = button.bounding_box()["width"]
    button.dblclick(no_wait_after=True)
    expect(button).to_have_class(re.compile("busy"))
    assert abs(button.bounding_box()["width"] - wide) < 1.5
    expect(page.locator("#busy-line")).to_have_class(re.compile("shown"))
    expect(page.locator(".composer textarea")).to_have_value("")
    expect(page.locator("#busy-line")).not_to_have_class(re.compile("shown"))
    assert events_with(portal, "慢网络上的备注") == 1


def test_offline_a_plain_form_stays_where_it_is(desk, portal):
    sitting = desk("manager")
    page = sitting.go("/records/complaints/tile?filter=open")
    page.locator("html[data-ready]").wait_for()
    page.locator("#name").fill("断网时写的")
    sitting.context.set_offline(True)
    page.locator("main form button.primary").click()
    expect(page.locator(".snack[role=alert]")).to_be_visible()
    expect(page.locator("#name")).to_have_value("断网时写的")
    sitting.context.set_offline(False)
    page.locator(".snack[role=alert] button:not(.close)").click()
    page.wait_for_url("**/manager/")
    expect(page.locator(".kpi", has_text="断网时写的")).to_be_visible()


def test_the_dashboard_is_arranged_by_handle_and_by_keys(desk, portal):
    page = desk("captain").go("/records/dashboard")
    page.locator("html[data-ready]").wait_for()
    order = "() => [...document.querySelectorAll('[data-places=number] [data-place]')].map(one => one.dataset.place)"
    before = page.evaluate(order)
    page.locator("#down-overdue").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-places=number] [data-place]").first).to_have_attribute("data-place", before[1])
    expect(page.locator("#down-overdue")).to_be_focused()
    grip, place = (page.locator(f"#place-{key} {part}") for key, part in ((before[0], "[data-grip]"), (before[1], "b")))
    start, end = grip.bounding_box(), place.bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 3, end["y"] + 6, steps=6)
    under_way = []
    page.route("**/records/dashboard", lambda route: under_way.append(route), times=1)
    with page.expect_request("**/records/dashboard"):
        page.mouse.up()
    expect(page.locator("[data-places=number] [data-place]").first).to_have_attribute("data-place", before[0])
    page.locator("#hide-queue").click()  # before the new order is kept
    under_way[0].continue_()
    expect(page.locator("#show-queue")).to_be_visible()
    page.goto(f"{portal.url}/repair-captain/dashboard")
    assert page.locator("main h2").count() == 0
    expect(page.locator(".kpi").first).to_contain_text("已逾期")
