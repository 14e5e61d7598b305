"""A compensation that is paid in two parts comes to the level of the whole: the manager is told so, in a browser."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from playwright.sync_api import expect
from sqlalchemy import select

from portal import clock
from portal.db import session, transaction
from portal.models.approval import Approval
from portal.models.customer import Customer
from portal.models.org import User
from portal.services import compensations, complaints
from tests import story


def two_cases() -> tuple[list[str], str]:
    """Two escalated complaints of one household, judged and with money in it; their numbers, and the household's name."""
    at = clock.now() - timedelta(hours=2)
    people = {user.username: user.id for user in session().scalars(select(User))}
    with transaction() as writing:
        specialist, manager = (writing.get_one(User, people[name]) for name in ("specialist", "manager"))
        paid = select(Approval.customer_id).where(Approval.customer_id.is_not(None))
        households = select(Customer).where(Customer.id.not_in(paid), Customer.owner_id == specialist.id)
        customer = writing.scalars(households.order_by(Customer.id).limit(1)).one()
        numbers = []
        for subject in ("入户门三道划痕", "窗台石开裂"):
            command = complaints.RegisterComplaint(
                complainant=customer.name, phone="13900008888", channel="PHONE", received_at=at, phase="IN_SALE",
                category="QUALITY", subject=subject, content=subject, demand="赔偿", customer=customer, project=None,
            )  # fmt: skip
            complaint = complaints.register(writing, command, actor=specialist, at=at)
            escalate = complaints.Escalate("COMPENSATION", "施工损坏", "已核实", "赔偿")
            case = complaints.escalate(writing, complaint, escalate, actor=specialist, at=at)
            complaints.take(writing, case, actor=manager, at=at)
            judge = compensations.Judge(
                solution="赔偿", involves_money=True, shares=(compensations.Bears(None, Decimal(100)),)
            )
            compensations.judge(writing, case, judge, actor=manager, at=at)
            numbers.append(case.number)
        return numbers, customer.name


def test_the_second_part_goes_to_the_higher_level_and_says_why(desk, portal):
    """3,000.00 is the deputy general manager's; another 3,000.00 to the same household the general manager's."""
    portal.clock.set(story.NOW)
    numbers, household = portal.ask(two_cases)
    manager = desk("manager")
    for number, level in zip(numbers, ("副总经理", "总经理"), strict=True):
        page = manager.go(f"/records/escalations/{number}/steps/ask-leader")
        page.locator("input[name=amount]").fill("3000")
        with page.expect_navigation():
            page.locator("form[method=post]:has(input[name=amount]) button[type=submit]").first.click()
        banner = page.locator(".callout").filter(has=page.locator("a[href^='/records/approvals/SP-']"))
        expect(banner).to_contain_text("3,000.00")
        expect(banner).to_contain_text(f"：{level}（")
    banner.locator("a").click()
    expect(page.locator("main")).to_contain_text("6,000.00")
    expect(page.locator("main")).to_contain_text("确定审批级别")
    page = manager.go("/manager/approvals")
    second = page.locator(".approval-list > li").filter(has=page.locator(f"a[href$='/{numbers[1]}']"))
    expect(second).to_contain_text("6,000.00")
    expect(second).to_contain_text(household)
