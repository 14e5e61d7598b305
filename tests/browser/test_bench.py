"""The reviewer judges a round at the bench without touching the mouse: find, write, pin, decide."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.customer import Customer
from portal.models.drawing_review import DrawingReview, ReviewFinding


def without_findings(portal) -> str:
    """A review of the demo that waits for the reviewer, nothing found in it yet."""
    drawn = select(DrawingReview.number).join(Customer, Customer.id == DrawingReview.customer_id)
    return portal.ask(lambda: session().scalars(drawn.where(Customer.name == "费舒然")).one())


def test_a_round_is_judged_by_keyboard_alone(desk, portal):
    number = without_findings(portal)
    page = desk("reviewer").go(f"/reviewer/bench/{number}")
    keys, score = page.keyboard, page.locator("#score .dial-figure")

    expect(page.locator("#findings .finding")).to_have_count(0)
    expect(page.locator("#rule-q")).to_be_focused()
    keys.type("lmt")  # 立面图
    expect(page.locator("#rule-list button")).to_have_count(1)
    keys.press("Enter")
    first = page.locator("#findings .finding").first
    expect(first.locator("[name=place]")).to_be_focused()
    keys.type("主卫")
    keys.press("Tab")
    keys.type("B 立面未出图")
    keys.press("Tab")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(score).to_have_text("85")
    expect(first.locator(".points")).to_have_text("−15")

    page.locator("#paper").focus()
    for _step in range(4):
        keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.locator("#paper .pin")).to_have_count(1)

    keys.press("Alt+c")
    expect(page.locator("#rule-q")).to_be_focused()
    keys.type("D12")
    expect(page.locator("#rule-list")).to_contain_text("承重")
    keys.press("Enter")
    expect(score).to_have_text("55")
    expect(page.locator("#score")).to_contain_text("警告一次")
    page.locator("#opinion").focus()
    keys.type("承重墙不得拆改，立面补齐。")
    keys.press("Alt+t")
    page.wait_for_url(f"**/records/drawing-reviews/{number}")
    expect(page.locator("main")).to_contain_text("退回店面整改")

    def kept():
        review = session().scalars(select(DrawingReview).where(DrawingReview.number == number)).one()
        found = session().scalars(select(ReviewFinding).where(ReviewFinding.review_id == review.id)).all()
        marks = [(each.code, each.count, each.place, each.mark_x, each.mark_y) for each in found]
        return review.current.score, review.current.opinion, marks

    assert portal.ask(kept) == (
        55, "承重墙不得拆改，立面补齐。", [("D02", 3, "主卫", 580, 500), ("D12", 1, None, None, None)],
    )  # fmt: skip
