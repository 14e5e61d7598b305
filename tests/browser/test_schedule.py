"""Thursday's schedule: inspections are dragged onto days and into an order, by mouse or with keys, and published. Source: `domain.md` 4.11."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from portal.db import session
from portal.models.pre_acceptance import PreAcceptance
from portal.services import pre_acceptances
from tests.browser.conftest import DESKTOP


@pytest.fixture
def week(portal) -> date:
    """The Monday of next week, whose list is in and whose schedule is open."""
    return portal.ask(lambda: pre_acceptances.next_week(portal.clock.now()))


def schedule(desk, week: date, **options) -> Page:
    page = desk("reviewer", **options).go(f"/records/pre-acceptances/schedule?week={week}")
    page.locator("html[data-ready]").wait_for()
    return page


def drag(page: Page, grip: Locator, to: Locator, *, share: float = 0.5) -> None:
    """Take a grip and let it go over something, so far down in it."""
    page.mouse.move(*middle(grip.bounding_box()))
    page.mouse.down()
    box = to.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] * share, steps=8)


def middle(box) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def names(page: Page, day: date) -> list[str]:
    return page.locator(f"[data-day='{day}'] .stop .who").all_inner_texts()


def times(page: Page, day: date) -> list[str]:
    return page.locator(f"[data-day='{day}'] .stop .time").all_inner_texts()


def kept(day: date) -> list[str]:
    """Who is inspected on the day, in order, as it is stored."""
    found = session().scalars(select(PreAcceptance).order_by(PreAcceptance.scheduled_at))
    return [record.customer.name for record in found if record.scheduled_on == day]


def test_what_waits_for_a_week_stands_on_its_list_and_on_its_schedule(desk, portal, week):
    """DL-17: a late entry waits a week; the list of that week shows it, apart from what engineering handed in for it."""
    sitting = desk("reviewer")
    late = portal.ask(lambda: session().scalars(select(PreAcceptance).where(PreAcceptance.is_late)).one().customer.name)
    before = sitting.go(f"/records/pre-acceptances/week?week={week - timedelta(days=7)}")
    expect(before.locator("tr.line").filter(has_text=late)).to_contain_text("顺延到")
    page = sitting.go(f"/records/pre-acceptances/week?week={week}")
    panel = page.locator(".panel").filter(has_text="此前名录顺延")
    expect(panel.locator("tr.line")).to_contain_text(late)
    expect(panel).to_contain_text("迟报")
    expect(page.locator(".panel").filter(has_text="工程部申报").locator("tr.line").filter(has_text=late)).to_have_count(
        0
    )
    assert late in sitting.go(f"/records/pre-acceptances/schedule?week={week}").locator(".schedule").inner_text()


def test_a_day_is_filled_and_put_in_order_by_mouse_and_by_keys(desk, portal, week):
    page, thursday, friday = schedule(desk, week), week + timedelta(days=3), week + timedelta(days=4)
    waiting = page.locator(".unplanned .stop .who").all_inner_texts()
    assert len(waiting) >= 3
    first, second, third = waiting[:3]

    def grip(name: str) -> Locator:
        return page.locator("[data-stop]").filter(has_text=name).locator("[data-stop-grip]")

    def dropped() -> None:
        with page.expect_navigation():
            page.mouse.up()
        page.locator("html[data-ready]").wait_for()

    day = page.locator(f"[data-day='{thursday}']")
    drag(page, grip(first), day.locator(".panel-head"))  # on the head of the day
    expect(day.locator("[data-stops]")).to_have_class(re.compile("drop-here"))
    dropped()
    assert (names(page, thursday), times(page, thursday)) == ([first], ["09:30"])
    for name in (second, third):
        drag(page, grip(name), day.locator(".panel-head"))
        dropped()
    assert names(page, thursday) == [first, second, third]

    drag(page, grip(third), day.locator(".stop").first, share=0.2)  # before the first
    expect(day.locator(".stop").first).to_have_class(re.compile("drop-before"))
    dropped()
    assert names(page, thursday) == [third, first, second]
    assert times(page, thursday) == ["09:30", "11:00", "12:30"], "the times of the day stay, in order"
    page.reload()
    assert names(page, thursday) == [third, first, second] == portal.ask(lambda: kept(thursday))

    drag(page, grip(third), day.locator(".stop").last, share=0.8)
    page.keyboard.press("Escape")  # let go where it was
    page.mouse.up()
    expect(page.locator(".drop-after, .drop-before, .held")).to_have_count(0)
    assert names(page, thursday) == [third, first, second] == portal.ask(lambda: kept(thursday))

    later = page.get_by_role("button", name=f"推后：{third}")  # with keys alone
    later.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert names(page, thursday) == [first, third, second]
    form = page.locator("[data-stop]").filter(has_text=second).locator(".stop-form")
    form.locator("select[name=day]").select_option(str(friday))
    form.locator("input[name=time]").fill("10:15")
    with page.expect_navigation():
        form.locator("button[type=submit]").press("Enter")
    page.reload()
    assert (names(page, thursday), names(page, friday)) == ([first, third], [second])
    assert (times(page, friday), portal.ask(lambda: kept(friday))) == (["10:15"], [second])

    page.locator("html[data-ready]").wait_for()
    with page.expect_navigation():
        page.keyboard.press("Alt+s")  # published: project manager and foreman are to be told, once
    expect(page.locator(f"[data-day='{thursday}'] .stop").first).to_contain_text("已排期")
    expect(page.locator("[data-stop-grip]")).to_have_count(0)

    def to_be_told() -> set[str]:
        published = session().scalars(select(PreAcceptance).where(PreAcceptance.state == "SCHEDULED"))
        mine = [record for record in published if record.scheduled_on in (thursday, friday)]
        title = pre_acceptances.TELL_DATE.message
        tasks = [
            task for each in mine for task in pre_acceptances.tasks.open_of(session(), each) if task.title == title
        ]
        assert all(
            task.detail == "、".join((each.project_manager.name, each.foreman.name))
            for task, each in zip(tasks, mine, strict=True)
        )
        return {each.customer.name for each in mine}

    assert portal.ask(to_be_told) == {first, second, third}


@pytest.mark.parametrize("path", ["week", "schedule", "day"])
def test_the_buttons_of_the_head_end_where_the_page_ends(desk, path):
    page = desk("reviewer", width=DESKTOP).go(f"/records/pre-acceptances/{path}")
    ends = "one => one.getBoundingClientRect().right"
    head = page.locator(".control-panel .trail > :last-child").evaluate(ends)
    content = page.locator(".page").evaluate(
        "one => one.getBoundingClientRect().right - parseFloat(getComputedStyle(one).paddingRight)"
    )
    assert abs(head - content) <= 1
