"""Ten follow-up calls at the call desk without touching the mouse, one of them with a liaison slip. Source: `domain.md` 5, 4.7."""

from __future__ import annotations

import re
from datetime import date

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from portal.db import session, transaction
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import User
from portal.processes.follow_up import CallStage
from portal.services import calls
from portal.services.calls import tickets
from tests.factories import Make

CALLS = 10
KEYS = {
    "YES_NO": ("y",),
    "SCORE": ("5",),
    "RATE10": ("t",),
    "NUMBER": ("3", "Enter"),
    "TEXT": ("x", "Enter"),
    "TIME": ("9", "Enter"),
}


def planned(portal) -> list[str]:
    """Ten customers of the specialist whose mid-term passed."""

    def build() -> list[str]:
        make = Make(portal.clock.now)
        owner = session().scalars(select(User).where(User.username == "specialist")).one()
        numbers = []
        for number in range(CALLS):
            customer = make.customer(name=f"钟{number}", phone=f"139777800{number:02}", owner_id=owner.id, grade="B")
            project = make.project(customer=customer, stage="IN_PROGRESS", actual_start_on=date(2026, 9, 1))
            at = portal.clock.now()
            with transaction() as writing:
                fresh = writing.merge(project)
                day = at.date()
                call = calls.open_window(writing, fresh, CallStage.MID, on=day, event=fresh, at=at)
                numbers.append(call.number)
        return numbers

    return portal.ask(build)


def answer(page: Page, *, is_content: bool) -> None:
    """Answer the whole script by keys; the focus goes from question to question by itself."""
    for kind, key in page.eval_on_selector_all("[data-q]", "all => all.map(each => [each.dataset.kind, each.id])"):
        assert page.evaluate("document.activeElement.closest('[data-q]')?.id") == key
        if kind == "OVERALL":
            page.keyboard.press("1" if is_content else "3")
            page.keyboard.type("都好" if is_content else "柜门缝不齐")
        elif key == "q-money_asked":
            page.keyboard.press("n")
        elif key == "q-carpentry_score" and not is_content:
            page.keyboard.press("2")  # leads to a slip: what exactly is asked at once
            page.keyboard.type("衣柜门缝不齐")
            page.keyboard.press("Enter")
        else:
            for press in KEYS[kind]:
                page.keyboard.press(press)
    page.keyboard.press("Control+Enter")


def test_ten_calls_without_the_mouse(portal, desk):
    numbers = planned(portal)
    page = desk("specialist").go(f"/specialist/calls/{numbers[0]}")
    has_complained = False
    for count in range(CALLS):
        expect(page.locator(".call-q").first).to_be_visible()
        expect(page.locator("[data-q]:focus-within")).to_have_count(1)
        here = page.url
        complains = count > 0 and not has_complained and page.locator("#q-carpentry_score").count() == 1
        answer(page, is_content=not complains)
        has_complained = has_complained or complains
        if count == CALLS - 1:
            page.wait_for_url(lambda url, here=here: url != here)
        else:
            page.wait_for_url(
                lambda url, here=here: url != here and re.search(r"/specialist/calls/HF-", url) is not None
            )

    def found() -> tuple[int, list[str]]:
        owner = session().scalars(select(User).where(User.username == "specialist")).one()
        held = (
            select(func.count())
            .select_from(FollowUpCall)
            .where(FollowUpCall.caller_id == owner.id, FollowUpCall.called_at >= portal.clock.now())
        )
        problems = select(FollowUpTicket.problem).order_by(FollowUpTicket.id.desc()).limit(1)
        return session().scalar(held), list(session().scalars(problems))

    held, problems = portal.ask(found)
    assert held == CALLS
    assert "衣柜门缝不齐" in problems[0]


def asked_again(portal, rounds: int) -> tuple[str, str]:
    """A slip whose measure is reported done: its number, and the number of the call that asks again."""

    def build() -> tuple[str, str]:
        make, at = Make(portal.clock.now), portal.clock.now()
        owner = session().scalars(select(User).where(User.username == "specialist")).one()
        customer = make.customer(name="钟复访", phone="13977780100", owner_id=owner.id, grade="B")
        project = make.project(customer=customer, stage="IN_PROGRESS", actual_start_on=date(2026, 9, 1))
        with transaction() as writing:
            fresh, actor = writing.merge(project), writing.merge(owner)
            call = calls.open_window(writing, fresh, CallStage.SEASONAL, on=at.date(), event=fresh, at=at)
            slip = tickets.open_ticket(
                writing, customer=fresh.customer, project=fresh, problem="客厅两个插座位置与图纸不符",
                department="ENGINEERING", at=at, actor=actor, call=call,
            )  # fmt: skip
            slip.rounds = rounds
            tickets.finish(writing, slip, tickets.Finish("两个插座按图纸移位", at), actor=actor, at=at)
            return slip.number, slip.revisits[0].call.number

    return portal.ask(build)


def test_asking_again_without_the_mouse_leads_to_the_complaint_after_the_last_round(portal, desk):
    """5.6: the script of the stage, the measure above it; not content for the last time, the complaint's form is filled in."""
    slip, number = asked_again(portal, 1)
    page = desk("specialist").go(f"/specialist/calls/{number}")
    expect(page.locator("#talk")).to_contain_text("两个插座按图纸移位")
    expect(page.locator("#talk")).to_contain_text("这是最后一轮")
    page.keyboard.press("n")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#q-overall:focus-within")).to_have_count(1)
    page.keyboard.press("3")
    page.keyboard.type("还差一个，要求赔偿")
    expect(page.locator(".call-slips details[open]")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url.endswith(f"/records/follow-up-tickets/{slip}/steps/escalate"))
    expect(page.get_by_label("客户要求")).to_have_value("还差一个，要求赔偿")
    expect(page.get_by_label("转投诉原因")).to_have_value("经过 1 轮客户仍不满意。")
