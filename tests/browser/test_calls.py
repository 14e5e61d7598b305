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
from tests.factories import Make

CALLS = 10
KEYS = {"YES_NO": ("y",), "SCORE": ("5",), "RATE10": ("t",), "NUMBER": ("3", "Enter"), "TEXT": ("x", "Enter")}


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
