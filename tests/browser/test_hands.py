"""Everything without a mouse, and with a thumb: letters on what can be pressed, arrows, the palette, targets of 44 px."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from tests.browser.conftest import PHONE

HOMES = {
    "front_desk": "/front-desk/",
    "specialist": "/specialist/",
    "reviewer": "/reviewer/",
    "captain": "/repair-captain/",
    "manager": "/manager/",
}
PAGES = {
    "front_desk": ("/front-desk/log", "/front-desk/visitors", "/records/consultations", "/records/customers/new"),
    "specialist": (
        "/records/complaints", "/records/complaints?view=kanban&filter=", "/records/complaints/{complaint}",
        "/records/complaints/{complaint}/steps/plan", "/records/customers/{customer}", "/records/dashboard",
        "/records/complaints/tile?filter=open", "/account/",
    ),
    "reviewer": ("/records/complaints", "/records/tasks"),
    "captain": ("/records/complaints", "/records/tasks", "/account/notices"),
    "manager": ("/manager/users", "/manager/settings", "/records/dashboard", "/records/complaints?view=calendar&filter="),
}  # fmt: skip

BADGES = """() => [...document.querySelectorAll('#hints kbd')].map(badge => badge.dataset.code)"""
UNLABELLED = """() => {
  const rows = '.dense-table tbody tr.line a, .kanban-card a, svg a, .calendar-entry a, .day-head a, .calendar-more, .skip-link, .brand';
  const boxes = [...document.querySelectorAll('#hints kbd')].map(badge => badge.getBoundingClientRect());
  const seen = new Set();
  return [...document.querySelectorAll('a[href], button:not(:disabled), summary')].filter(one => {
    const box = one.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth) return false;
    if (one.tabIndex < 0 || one.matches(rows) || !one.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    if (one.closest('[inert]')) return false;
    if (one.matches('a')) { if (seen.has(one.getAttribute('href'))) return false; seen.add(one.getAttribute('href')); }
    return !boxes.some(badge => badge.left >= box.left - 30 && badge.left <= box.right && badge.top >= box.top - 30 && badge.top <= box.bottom);
  }).map(one => one.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def numbers(portal):
    def look():
        open_one = select(Complaint.number).where(
            Complaint.subject == "到货地板色差明显", Complaint.state == "VERIFIED"
        )
        return {
            "complaint": session().scalars(open_one).one(),
            "customer": session().scalars(select(Customer.number).where(Customer.name == "张建军")).one(),
        }

    return portal.ask(look)


def walked(who, numbers):
    return [HOMES[who], *(path.format(**numbers) for path in PAGES[who])]


def badge_of(page, selector):
    """The letters that stand on an element."""
    return page.evaluate(
        """selector => { const box = document.querySelector(selector).getBoundingClientRect();
          const near = [...document.querySelectorAll('#hints kbd')].map(badge => [badge, badge.getBoundingClientRect()])
            .filter(([_badge, at]) => Math.abs(at.left - Math.max(0, box.left - 4)) < 2 && Math.abs(at.top - Math.max(0, box.top - 6)) < 2);
          return near.length ? near[0][0].dataset.code : ''; }""",
        selector,
    )


@pytest.mark.parametrize("who", HOMES)
def test_letters_stand_on_all_that_can_be_pressed(who, desk, numbers):
    sitting = desk(who)
    for path in walked(who, numbers):
        page = sitting.go(path)
        page.locator("html[data-ready]").wait_for()
        page.keyboard.down("Alt")
        codes = page.evaluate(BADGES)
        assert len(codes) > 5 and len(set(codes)) == len(codes), path
        assert not [code for code in codes for other in codes if code != other and other.startswith(code)], path
        assert page.locator("#hints").get_attribute("aria-hidden") == "true"
        assert page.evaluate(UNLABELLED) == [], path
        page.keyboard.up("Alt")
        assert page.locator("#hints").count() == 0


def test_a_letter_presses_opens_and_goes_where_it_stands(desk, numbers):
    page = desk("specialist").go("/specialist/")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.down("Alt")
    page.evaluate(
        "document.dispatchEvent(new Event('scroll'))"
    )  # something moved: the letters are gone, the keys are not
    assert page.locator("#hints").count() == 0
    page.keyboard.press("4")  # the fourth app of the rail
    page.keyboard.up("Alt")
    page.wait_for_url("**/records/complaints")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("F2")
    for letter in badge_of(page, ".user-button"):
        page.keyboard.press(letter.lower())
    expect(page.locator("details.menu-host[open] .menu")).to_be_visible()
    page.keyboard.press("F2")  # inside the menu only its own
    assert len(page.evaluate(BADGES)) < 14
    page.keyboard.press("Escape")
    assert page.locator("#hints").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator(".user-button")).to_be_focused()
    page.keyboard.press("F2")
    for letter in badge_of(page, "#q"):
        page.keyboard.press(letter.lower())
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("sg")  # letters are letters again
    expect(page.locator("#q")).to_have_value("sg")


def test_what_a_bar_covers_and_the_boxes_of_rows_have_no_letter(desk):
    page = desk("captain").go("/repair-captain/")
    page.locator("html[data-ready]").wait_for()
    page.evaluate(
        """async () => { const last = [...document.querySelectorAll('main a.btn')].at(-1);
          last.id = 'last';
          scrollBy(0, last.getBoundingClientRect().top - innerHeight + 30);
          await new Promise(done => setTimeout(done, 100)); }"""  # behind the bar at the foot
    )
    page.keyboard.press("F2")
    assert badge_of(page, "#last") == "" and badge_of(page, ".tab-bar a") == "1"
    page = desk("specialist").go("/records/complaints?filter=open")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("F2")
    assert badge_of(page, "tbody .check input") == "" and badge_of(page, "thead .check input") != ""


def test_letters_in_a_dialog_are_those_of_the_dialog(desk):
    page = desk("specialist").go("/records/complaints?view=kanban&filter=")
    page.locator("html[data-ready]").wait_for()
    page.locator(".kanban-card .grip").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#board-panel")).to_be_visible()
    page.keyboard.down("Alt")
    inside = page.locator("#board-panel").evaluate(
        "panel => [...panel.querySelectorAll('a[href], button:not(:disabled)')].filter(one => one.checkVisibility()).length"
    )
    assert 0 < len(page.evaluate(BADGES)) <= inside
    shown = page.locator("#hints kbd").first
    top = shown.evaluate(
        "badge => { const box = badge.getBoundingClientRect(); badge.style.pointerEvents = 'auto';"
        " return document.elementFromPoint(box.left + 3, box.top + 3) === badge; }"
    )
    assert top, "the letters lie under the dialog"
    page.keyboard.up("Alt")


def test_arrows_go_through_a_list(desk):
    page = desk("specialist").go("/records/complaints?filter=")
    page.locator("html[data-ready]").wait_for()
    names = page.locator("main tbody tr.line a.who")
    page.locator("#q").focus()
    page.keyboard.press("ArrowDown")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("PageDown")
    expect(names.nth(11)).to_be_focused()
    page.keyboard.press("End")
    expect(names.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    expect(names.nth(0)).to_be_focused()
    ring = names.nth(0).evaluate("link => getComputedStyle(link).boxShadow")
    assert ring != "none", "the focus must be seen"
    number = names.nth(0).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{number}")


def test_arrows_open_groups_and_walk_boards(desk):
    sitting = desk("specialist")
    page = sitting.go("/records/complaints?filter=&group=state")
    page.locator("html[data-ready]").wait_for()
    page.locator("body").press("ArrowDown")
    head = page.locator("main tbody [aria-expanded]").first
    expect(head).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("main tbody [aria-expanded=true]")).to_have_count(1)
    expect(page.locator("main tbody [aria-expanded=true]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("main tbody tr.line a.who").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("main tbody [aria-expanded=true]")).to_have_count(0)
    page = sitting.go("/records/complaints?view=kanban&filter=")
    page.locator("html[data-ready]").wait_for()
    page.locator("body").press("ArrowDown")
    lane = "document.activeElement.closest('[data-lane]')?.dataset.lane"
    first = page.evaluate(lane)
    assert first
    page.keyboard.press("ArrowRight")
    assert page.evaluate(lane) not in (None, first)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(lane) == first


def test_the_overview_of_keys_and_its_switch(desk):
    page = desk("specialist").go("/records/complaints")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("?")
    expect(page.locator("#key-help")).to_be_visible()
    expect(page.locator("#key-help")).to_contain_text("F2")
    page.locator("#key-help [data-single-keys]").uncheck()
    page.keyboard.press("Escape")
    page.locator("body").press("/")
    expect(page.locator("#q")).not_to_be_focused()
    page.locator("body").press("?")
    expect(page.locator("#key-help")).to_be_hidden()
    page.reload()
    page.locator(".user-button").click()
    page.locator("[data-key-help]").click()
    page.locator("#key-help [data-single-keys]").check()
    page.keyboard.press("Escape")
    page.locator("body").press("/")
    expect(page.locator("#q")).to_be_focused()


def test_the_palette_knows_actions_by_initials_and_what_was_opened(desk, numbers):
    page = desk("specialist").go(f"/records/customers/{numbers['customer']}")
    page.locator("html[data-ready]").wait_for()
    page.goto(
        page.url.replace(f"/records/customers/{numbers['customer']}", f"/records/complaints/{numbers['complaint']}")
    )
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("Control+k")
    found = page.locator("#palette-list")
    expect(found).to_contain_text("最近打开")
    expect(found).to_contain_text("张建军")
    expect(found).to_contain_text("当前记录")
    page.keyboard.type("ljddfa", delay=30)  # nothing means it
    page.locator("#palette-q").fill("wgss")  # 外观：深色
    expect(found.locator("[role=option]").first).to_have_text("外观：深色")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.url.endswith(numbers["complaint"])


def test_enter_takes_what_was_typed_and_not_what_stood_there_before(desk, numbers):
    """Typed in one go with Enter behind it, as hands do: the lines of the word are waited for."""
    page = desk("specialist").go(f"/records/customers/{numbers['customer']}")
    page.locator("html[data-ready]").wait_for()
    page.goto(page.url.replace(f"/customers/{numbers['customer']}", f"/complaints/{numbers['complaint']}"))
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-list [role=option]").first).to_have_attribute("aria-selected", "true")
    page.route("**/records/palette?**", lambda route: (page.wait_for_timeout(400), route.continue_()))
    with page.expect_navigation():
        page.keyboard.type("wgss")
        page.keyboard.press("Enter")
    assert page.url.endswith(numbers["complaint"])
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_palette_signs_out_by_way_of_the_guard_of_what_was_not_sent(desk):
    page = desk("captain").go("/repair-captain/dashboard")
    page.locator("html[data-ready]").wait_for()
    heard = []
    page.expose_function("hear", lambda said: heard.append(said))
    page.evaluate("document.addEventListener('submit', (event) => hear(event.target.dataset.outboxLeft), true)")
    page.keyboard.press("Control+k")
    page.keyboard.type("tuichu")
    expect(page.locator("#palette-list [role=option]").first).to_contain_text("退出登录")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/sign-in**")
    assert heard == ["1"]  # outbox.js looked first whether something is left to send


@pytest.mark.parametrize("who", HOMES)
def test_main_pages_by_keyboard_alone(who, desk, numbers):
    """Tab comes to everything, each stop can be seen, the first leads past the frame, nothing holds the focus."""
    sitting = desk(who)
    for path in walked(who, numbers):
        page = sitting.go(path)
        page.locator("html[data-ready]").wait_for()
        if page.evaluate("document.activeElement === document.body"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip-link", path
        seen, hidden = [], []
        for _stop in range(400):
            page.keyboard.press("Tab")
            state = page.evaluate(
                """() => { const one = document.activeElement; if (one === document.body) return null;
                  one.dataset.stop ??= String(Math.random());
                  const box = one.getBoundingClientRect();
                  const frame = one.closest('.facet-search, .analysis-scroll');
                  const around = () => (document.getAnimations().forEach(each => each instanceof CSSTransition && each.finish()), [one, one.closest('label'), frame, one.nextElementSibling, one.querySelector('.box')].filter(Boolean).map(each => { const look = getComputedStyle(each); return [look.boxShadow, look.borderColor, look.backgroundColor, look.stroke]; }).join());
                  const focused = around(); one.blur(); const ring = focused !== around(); one.focus();
                  return [one.dataset.stop, box.width > 0 && box.height > 0, ring, one.outerHTML.slice(0, 120)]; }"""
            )
            if state is None or state[0] in seen:
                break
            seen.append(state[0])
            if not state[1] or not state[2]:
                hidden.append(state[3])
        assert len(seen) > 8, path
        assert not hidden, f"{path}: the focus cannot be seen on {hidden[:5]}"


SMALL = """() => {
  const inline = one => one.matches('a') && getComputedStyle(one).display === 'inline' && one.parentElement.closest('p, li, td, dd, small, span, h1, h2, .crumbs');
  const wide = one => { // the row or label around it is pressed as well
    const label = one.closest('label') ?? (one.id && document.querySelector(`label[for="${one.id}"]`));
    return [one, label, one.matches('input, select') && one.closest('.check-row')].filter(Boolean).some(each => { const box = each.getBoundingClientRect(); return box.width >= 43.5 && box.height >= 43.5; });
  };
  return [...document.querySelectorAll('a[href], button:not(:disabled), summary, input:not([type=hidden]), select, textarea')].filter(one => {
    const box = one.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || !one.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    if (one.closest('.sr, .skip-link, svg, [aria-hidden=true]') || one.tabIndex < 0 || inline(one)) return false;
    return !wide(one);
  }).map(one => { const box = one.getBoundingClientRect(); return `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 110)}`; });
}"""


@pytest.mark.parametrize("who", HOMES)
def test_targets_for_thumbs(who, desk, numbers):
    """At 390 px what is pressed is 44 px high and wide; links inside sentences and cells are not meant (WCAG 2.5.8)."""
    sitting, wrong = desk(who, width=PHONE), []
    for path in walked(who, numbers):
        page = sitting.go(path)
        page.locator("html[data-ready]").wait_for()
        wrong += [f"{path}: {each}" for each in page.evaluate(SMALL)]
    assert not wrong, f"{len(wrong)} small targets:\n" + "\n".join(wrong[:40])


TAKEN = """one => { one.scrollIntoView({block: 'center', inline: 'center'}); const box = one.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  return [[-20, 0], [20, 0], [0, -20], [0, 20]].every(([right, down]) => document.elementFromPoint(x + right, y + down)?.closest('a') === one); }"""


@pytest.mark.parametrize(
    ("path", "small"),
    [
        ("/records/contracts?view=pivot&filter=", ".chooser .drop"),
        ("/records/complaints?view=calendar&filter=&span=agenda&rows=received", ".calendar-agenda h2 a"),
    ],
)
def test_what_looks_small_takes_a_thumb_all_the_same(desk, path, small):
    page = desk("manager", width=PHONE).go(path)
    page.locator("html[data-ready]").wait_for()
    found = page.locator(small).all()
    assert found
    for one in found:
        assert one.evaluate(TAKEN), one.evaluate("one => one.outerHTML")


def test_a_grey_state_says_why_to_a_pointer_a_key_and_a_thumb(desk, numbers):
    path = f"/records/complaints/{numbers['complaint']}"
    page = desk("specialist").go(path)
    grey = page.locator(".status-bar .step[aria-disabled]").last
    said = page.locator(f"#{grey.get_attribute('aria-describedby')}")
    expect(said).to_be_hidden()
    grey.hover()
    expect(said).to_be_visible()
    expect(said).to_contain_text("先办理：")
    page.mouse.move(0, 0)
    expect(said).to_be_hidden()
    grey.focus()
    expect(said).to_be_visible()
    page = desk("specialist", width=PHONE).go(path)
    page.locator(".status-bar .step[aria-disabled]").last.click(force=True)  # as a thumb: it is no button that is off
    box = page.locator(f"#{said.get_attribute('id')}").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE and box["height"] > 20


def test_without_a_script_the_overview_and_the_palette_are_pages(desk):
    page = desk("specialist", java_script=False).go("/records/keys")
    expect(page.locator("h1")).to_have_text("快捷键")
    page.goto(re.sub("/records/keys$", "/records/palette?q=wgss", page.url))
    page.get_by_role("button", name="外观：深色").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_notice_is_opened_with_one_key_and_without_a_script_with_a_button(desk, portal):
    lines = ".dense-table tbody tr.line a.who"
    page = desk("specialist").go("/records/notices")
    opened = page.locator(lines).first.get_attribute("href")
    page.locator(lines).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/records/notices" not in url)
    page.goto(portal.url + "/records/notices")
    expect(page.locator(lines).first).to_be_visible()
    expect(page.locator(f'{lines}[href="{opened}"]')).to_have_count(0)
    plain = desk("specialist", java_script=False).go("/records/notices")
    opened = plain.locator(lines).first.get_attribute("href")
    plain.locator(lines).first.click()
    expect(plain.locator("h1")).to_be_visible()
    plain.get_by_role("button", name="打开相关记录").click()
    plain.wait_for_url(lambda url: "/records/notices" not in url)
    plain.goto(portal.url + "/records/notices")
    expect(plain.locator(lines).first).to_be_visible()
    expect(plain.locator(f'{lines}[href="{opened}"]')).to_have_count(0)
