"""Clocks that were met without signal: the manager accepts one and refuses the other, in a browser."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from portal import clock
from portal.db import session, transaction
from portal.models.field_entry import DeadlineClaim
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.task import Task
from portal.services import repairs
from portal.services.claims import ARRIVAL
from portal.services.field_entries import Arrival
from tests import story
from tests.browser.conftest import PHONE

PAGE = "/manager/late-entries"


def one_more(symptom: str) -> str:
    """A repair that was told at nine yesterday, reached at two, and heard of at seven in the evening."""
    at = clock.at_local(clock.today(clock.now()) - timedelta(days=1), 9)
    people = {user.username: user.id for user in session().scalars(select(User))}
    with transaction() as writing:
        desk, specialist, captain = (
            writing.get_one(User, people[name]) for name in ("front_desk", "specialist", "captain")
        )
        report = repairs.ReportRepair(
            "张建军", "13900000001", "滨江花园 3 号楼", "PAINT", symptom, "NORMAL", at, "PHONE"
        )
        order = repairs.report(writing, report, actor=desk, at=at)
        told = repairs.CheckRepair("YES", "在保", "DEPARTED", "免费", has_no_certificate=True)
        repairs.check(writing, order, told, actor=specialist, at=at)
        repairs.assign(writing, order, repairs.AssignRepair(captain, "CAPTAIN_TEAM", at), actor=specialist, at=at)
        order.photo_rules = {}  # what photos prove is told elsewhere
        there, heard_of = at + timedelta(hours=5), at + timedelta(hours=10)
        writing.info[ARRIVAL] = Arrival(captain.id, order.number, "", "arrive", "/", there, 0, heard_of)
        lines = tuple(line.id for line in order.checks if line.step == "arrive")
        arrive = repairs.Arrive(there, "CONSTRUCTION", "重刮腻子", there + timedelta(days=1), there, checks=lines)
        repairs.arrive(writing, order, arrive, actor=captain, at=heard_of)
        del writing.info[ARRIVAL]
        return order.number


def standing(number: str) -> tuple[str, bool]:
    """What was decided, and whether the clock counts as missed."""
    order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
    clock_of = select(Task).where(Task.record_kind == order.KIND, Task.record_id == order.id, Task.code == "DL-22")
    task = session().scalars(clock_of).one()
    claim = session().scalars(select(DeadlineClaim).where(DeadlineClaim.task_id == task.id)).one()
    return claim.state, task.breached_at is not None


def test_the_manager_accepts_one_and_refuses_the_other(desk, portal):
    """Both times stand on the row; one press decides; what was decided stays to be read, and the bell led there."""
    portal.clock.set(story.NOW)
    accepted, refused = portal.ask(lambda: one_more("墙面鼓包")), portal.ask(lambda: one_more("顶面开裂"))
    assert portal.ask(lambda: standing(accepted)) == ("OPEN", True)
    page = desk("manager").go(PAGE)

    def row(number: str):
        return page.locator(".approval-list > li").filter(has=page.locator(f"a[href$='/{number}']"))

    expect(row(accepted)).to_contain_text("14:00")
    expect(row(accepted)).to_contain_text("19:00")
    for number, button in ((accepted, "认可"), (refused, "驳回")):
        with page.expect_navigation():
            row(number).get_by_role("button", name=button).click()
    assert portal.ask(lambda: standing(accepted)) == ("ACCEPTED", False)
    assert portal.ask(lambda: standing(refused)) == ("REFUSED", True)
    for number, word in ((accepted, "已认可"), (refused, "未认可")):
        expect(row(number)).to_contain_text(word)
        expect(row(number).get_by_role("button")).to_have_count(0)
    small = desk("manager", width=PHONE).go(PAGE)
    assert small.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_the_demo_has_one_to_decide_with_the_penalty_proposed_for_it(portal):
    def waiting() -> list[str]:
        claims = session().scalars(select(DeadlineClaim).where(DeadlineClaim.state == "OPEN")).all()
        proposed = set(session().scalars(select(PenaltyEntry.record_number).where(PenaltyEntry.state == "PROPOSED")))
        return [claim.task.record_number for claim in claims if claim.task.record_number in proposed]

    assert portal.ask(waiting)
