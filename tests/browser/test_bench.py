"""The reviewer judges a round at the bench without touching the mouse: find, write, pin, decide."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session, transaction
from portal.demo import pictures
from portal.models.customer import Customer
from portal.models.drawing_review import DrawingReview, ReviewFinding
from portal.models.org import Branch, PartyKind, User
from portal.models.penalty import PenaltyEntry
from portal.processes.drawing_review import Paper
from portal.services import attachments, drawing_reviews
from tests.browser.conftest import DESKTOP
from tests.factories import Make


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
    lines = page.locator("#rule-list button")
    every = lines.count()
    keys.type("lmt")  # 立面图
    expect(lines).to_have_count(1)
    keys.press("Enter")
    first = page.locator("#findings .finding").first
    expect(first.locator("[name=place]")).to_be_focused()
    expect(page.locator("#rule-q")).to_have_value("")
    expect(lines).to_have_count(every)  # the box is free: every line is offered again, the one that was taken is marked
    expect(page.locator("#rule-list .in-use")).to_have_count(1)
    expect(first.locator("[name=place]")).to_be_focused()
    keys.type("主卫")
    keys.press("Tab")
    keys.type("B 立面未出图")
    keys.press("Tab")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(score).to_have_text("85")
    expect(first.locator(".points")).to_have_text("−15")

    expect(first.locator(".lacks")).to_have_text("未在图纸或照片上标出")
    keys.press("Alt+m")
    expect(page.locator("#paper")).to_be_focused()
    for _step in range(4):
        keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.locator("#paper .pin")).to_have_count(1)
    expect(first.locator(".lacks")).to_have_text("")

    keys.press("Alt+c")
    expect(page.locator("#rule-q")).to_be_focused()
    keys.type("D12")
    expect(page.locator("#rule-list")).to_contain_text("承重")
    keys.press("Enter")
    expect(score).to_have_text("55")
    expect(page.locator("#score")).to_contain_text("警告一次")
    lacking, decide = page.locator(".lacking"), page.locator("button[form=decide][value=return]")
    expect(lacking.locator("li")).to_have_count(1)
    expect(lacking.locator("li")).to_contain_text("2 D12")
    expect(decide).to_have_count(0)  # the round has no result while it is not said where a finding is
    keys.press("Alt+c")
    lacking.get_by_role("link", name="未填位置").press("Enter")
    expect(page.locator("#findings .finding").nth(1).locator("[name=place]")).to_be_focused()
    keys.type("客厅东墙")
    expect(lacking.get_by_role("link")).to_have_count(1)
    lacking.get_by_role("link", name="未在图纸或照片上标出").press("Enter")
    expect(page.locator("#paper")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#paper .pin")).to_have_count(2)
    expect(lacking).to_have_count(0)
    expect(page.locator("#paper")).to_be_focused()
    decide.click()  # without a word for the store
    missing = page.locator(".form-errors")
    expect(missing).to_be_focused()
    expect(missing).to_be_in_viewport()
    expect(page.locator("#opinion")).to_be_in_viewport()
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
        55, "承重墙不得拆改，立面补齐。", [("D02", 3, "主卫", 580, 500), ("D12", 1, "客厅东墙", 500, 500)],
    )  # fmt: skip


def handed_in(portal) -> str:
    """Drawings and a draft of 168,000 yuan, handed in now; gives the number of the review."""

    def build() -> str:
        make = Make(portal.clock.now)
        designer, head = (
            make.party(PartyKind.DESIGNER, name="庄一鸣"),
            make.party(PartyKind.BRANCH_MANAGER, name="葛立"),
        )
        customer = make.customer(name="洪雨桐", phone="13970020009", kind="LEAD")
        home = make.property(customer)
        with transaction() as writing:
            actor = writing.scalars(select(User).where(User.username == "specialist")).one()
            store = writing.scalars(select(Branch).order_by(Branch.id)).first()
            people = [writing.merge(each) for each in (designer, head)]
            command = drawing_reviews.SubmitReview(
                tuple(paper.value for paper in Paper), *people, store, Decimal("168000.00"), portal.clock.now(),
                writing.merge(home), None,
            )  # fmt: skip
            made = drawing_reviews.submit(writing, writing.merge(customer), command, actor=actor, at=portal.clock.now())
            plan = pictures.plan("平面布置图.png", made.id)
            attachments.add(writing, made, plan, actor=actor, at=portal.clock.now(), kind="PHOTO")
            return made.number

    return portal.ask(build)


def test_three_rounds_of_the_worked_example_end_with_840_yuan(desk, portal):
    """8.1: 77 and a warning, 95 and half a percent of 168,000 for what was not corrected, 100 and passed."""
    number = handed_in(portal)
    here, bench = f"/records/drawing-reviews/{number}", f"/reviewer/bench/{number}"
    reviewer, specialist = desk("reviewer"), desk("specialist")
    page = reviewer.page

    def decide(action: str, score: str, opinion: str) -> None:
        expect(page.locator("#score .dial-figure")).to_have_text(score)
        page.locator("#opinion").fill(opinion)
        with page.expect_navigation():
            page.locator(f"button[form=decide][value={action}]").click()

    def hand_in_again() -> None:
        specialist.go(f"{here}/steps/resubmit")
        with specialist.page.expect_navigation():
            specialist.page.locator("#step button.primary").click()
        assert specialist.page.url.endswith(here)

    def judge(code: str, word: str) -> None:
        row = page.locator("#findings li").filter(has_text=code)
        row.get_by_role("button", name=word, exact=True).click()
        pressed = row.get_by_role("button", name=word, exact=True)
        expect(pressed).to_have_attribute("aria-pressed", "true")

    reviewer.go(bench)
    for code, score in (("D02", "95"), ("D06", "90"), ("D07", "85"), ("D09", "82")):
        page.locator("#rule-q").fill(code)
        expect(page.locator("#rule-list button")).to_have_count(1)
        page.locator("#rule-q").press("Enter")
        expect(page.locator("#score .dial-figure")).to_have_text(score)
        expect(page.locator(".finding.chosen [name=place]")).to_be_focused()
        page.keyboard.type("厨房")
        page.keyboard.press("Alt+m")
        page.keyboard.press("Enter")
        expect(page.locator(".lacking")).to_have_count(0)
    page.locator("#findings li").filter(has_text="D02").locator("[name=count]").fill("2")
    page.locator("#opinion").focus()
    decide("return", "77", "立面补齐，报价漏项和工程量改正后再送。")
    hand_in_again()
    reviewer.go(bench)
    for code in ("D02", "D07", "D09"):
        judge(code, "已改正")
    judge("D06", "未改正")
    decide("return", "95", "阳台防水仍未列入报价。")
    hand_in_again()
    reviewer.go(bench)
    judge("D06", "已改正")
    decide("pass", "100", "全部改正。")
    expect(page.locator("main")).to_contain_text("审核合格")

    def ledger():
        entries = session().scalars(select(PenaltyEntry).where(PenaltyEntry.record_number == number))
        return [(each.kind, each.party.name, each.amount) for each in entries.all()]

    assert portal.ask(ledger) == [
        ("WARNING", "庄一鸣", None), ("COMMISSION_DEDUCTION", "庄一鸣", Decimal("840.00")),
    ]  # fmt: skip
    assert not reviewer.complaints and not specialist.complaints


def test_a_key_of_its_own_is_kept_out_of_view(desk, portal):
    """Alt+T returns to the store wherever the page is scrolled; no other control in view takes the letter over."""
    number = portal.ask(
        lambda: (
            session()
            .scalars(select(DrawingReview.number).join(ReviewFinding).where(DrawingReview.state == "SUBMITTED"))
            .first()
        )
    )
    page = desk("reviewer").go(f"/reviewer/bench/{number}")
    page.set_viewport_size({"width": DESKTOP, "height": 480})
    page.locator("html[data-ready]").wait_for()
    button = page.locator("button[form=decide][value=return]")
    page.evaluate("scrollTo(0, 0)")
    expect(button).not_to_be_in_viewport()
    before = page.url
    page.keyboard.down("Alt")
    badges = page.locator("#hints kbd")
    expect(badges.first).to_be_visible()
    assert "T" not in badges.all_inner_texts(), "badges stand on what is in view only, and nobody else has the letter"
    page.keyboard.press("t")
    page.keyboard.up("Alt")
    expect(page.locator(".form-errors")).to_be_focused()  # the decision was sent; the word for the store is missing
    expect(page.locator(".form-errors")).to_be_in_viewport()
    assert page.url.startswith(before.partition("?")[0])
