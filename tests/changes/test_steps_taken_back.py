"""Steps that were taken with many records and taken back: which, by whom, how long, and what stands against it."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from portal.db import session
from portal.models.outbox import Outbox
from portal.models.repair import RepairOrder
from portal.permissions import Role
from portal.processes.registry import PROCESSES
from portal.processes.repair import Action
from portal.services import repairs, tasks
from portal.services.changes import stepping
from portal.services.repairs.back import EMPTIED
from tests.changes.test_changes import outcomes
from tests.changes.test_many_steps import choose, look
from tests.services.repair_story import Story, fresh


@pytest.fixture
def story(make, clock):
    return Story(make, clock)


def checked(story: Story, **more: object) -> RepairOrder:
    order = story.reported(**more)
    story.checked(order)
    return order


def test_only_these_steps_have_a_way_back():
    """4.14: nobody went yet, nothing was done yet. Whatever a customer signed, was paid or was closed stays."""
    known = {
        (process.kind, step.action)
        for process in PROCESSES.values()
        for step in process.transitions
        if step.way_back is not None
    }
    assert known == {("repair-orders", action) for action in ("assign", "start", "accept")}
    declared = {(kind, step.action) for kind, steps in stepping.ALL.items() for step in steps if step.can_return}
    assert declared == known and {("repair-orders", str(action)) for action in EMPTIED} == known


def test_an_assignment_of_many_is_taken_back(story, sign_in, make):
    """What followed is named and stays; the rest stands where it stood, its clock ends, the captain is told."""
    orders = [checked(story, symptom=f"漏水 {n}") for n in (1, 2, 3)]
    ids, browser = [order.id for order in orders], sign_in(story.manager)
    given = {"captain": str(story.captain.id), "executor": "CAPTAIN_TEAM", "told_at": "2026-07-06T10:00"}
    form = choose(browser, ids, "step-assign", kind="repair-orders")
    assert "办理人可在 30 分钟内撤回此步" in form and "无法撤销" not in form
    path = look(browser, ids, "step-assign", kind="repair-orders", **given)
    browser.post(f"{path}/carry-out", status=303)
    assert "撤回此步" in browser.get(path, status=200).text
    first, second, third = orders
    tomorrow = story.clock.now() + timedelta(days=1)
    story.act(repairs.move_visit, second, repairs.MoveVisit(tomorrow), actor=story.specialist)
    story.clock.set("2026-07-06 10:05")
    story.act(repairs.reach, third, repairs.Reach(story.clock.now()), actor=story.captain)

    sign_in(Role.MANAGER).post(f"{path}/undo", status=404)
    browser = sign_in(story.manager)
    undo = browser.post(f"{path}/undo", status=303).headers["Location"]
    shown = browser.get(undo, status=200).text
    assert "撤回：" in shown and shown.count("WX-") >= 3
    browser.post(f"{undo}/carry-out", status=303)
    found = outcomes(session(), undo)
    assert [found[order.id][0] for order in orders] == ["CHANGED", "SKIPPED", "SKIPPED"]
    order = fresh(first)
    assert (order.state, order.captain_id, order.executor, order.told_at) == ("CHECKED", None, None, None)
    assert not order.checks and not order.visits and not tasks.open_of(session(), order)
    assert [fresh(each).state for each in (second, third)] == ["ASSIGNED", "ASSIGNED"]
    assert session().query(Outbox).filter(Outbox.key.contains(f":{first.id}:taken-back:")).count() == 1
    browser.post(f"{path}/undo", status=409)  # once
    story.assigned(order)  # and it goes on as before
    assert fresh(first).state == "ASSIGNED" and len(tasks.open_of(session(), fresh(first))) == 1


@pytest.mark.parametrize(
    ("minutes", "act", "said"),
    [
        (31, None, "办理已超过 30 分钟"),
        (5, "cost", "尚未登记费用和收款"),
        (5, "other", "只有办理人本人可以撤回"),
        (5, "finish", "之后已办理了别的步骤"),
        (5, None, ""),
    ],
)
def test_what_stands_against_it(story, minutes, act, said):
    order = checked(story)
    story.assigned(order)
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    assert len(tasks.open_of(session(), fresh(order))) == 1  # the call during the repair
    if act == "cost":
        line = repairs.CostLine("MATERIAL", "腻子", 80, "COMPANY")
        story.act(repairs.add_cost, order, line, actor=story.captain)
    if act == "finish":
        story.photo(order, "AFTER")
        done = repairs.FinishRepair(
            "重做", story.clock.now(), True, has_no_costs=True, checks=story.ticked(order, "finish")
        )
        story.act(repairs.finish, order, done, actor=story.captain)
        story.act(repairs.reject, order, repairs.Reject("仍漏"), actor=story.captain)
    story.clock.advance(minutes=minutes)
    actor = story.manager if act == "other" else story.captain
    if not said:
        story.act(repairs.take_back, order, Action.START, actor=actor)
        assert fresh(order).state == "ON_SITE" and not tasks.open_of(session(), fresh(order))
        return
    with pytest.raises(Exception, match=said):
        story.act(repairs.take_back, order, Action.START, actor=actor)
    session().rollback()
    assert fresh(order).state == "REPAIRING"


def test_an_answer_by_note_is_taken_back_and_given_again(story):
    order = checked(story)
    story.assigned(order)
    story.on_site(order, cause="CUSTOMER_USE")
    story.act(repairs.quote, order, repairs.Quote(120, 80), actor=story.captain)
    answer = repairs.AnswerQuote(story.clock.now(), "电话同意")
    story.act(repairs.accept, order, answer, actor=story.specialist)
    story.act(repairs.take_back, order, Action.ACCEPT, actor=story.specialist)
    order = fresh(order)
    assert (order.state, order.quote_accepted, order.quote_note) == ("QUOTED", None, None)
    story.act(repairs.decline, order, repairs.AnswerQuote(story.clock.now(), "太贵"), actor=story.specialist)
    assert fresh(order).state == "DECLINED"


def assign(browser, story, order, back="/records/repair-orders?view=kanban"):
    """The step as its page sends it; gives what the page one comes back to says."""
    given = {"captain": str(story.captain.id), "executor": "CAPTAIN_TEAM", "told_at": "2026-07-06T10:00"}
    sent = given | {"version": str(fresh(order).version), "next": back}
    answer = browser.post(f"{path_of(order)}/steps/assign", sent, status=303)
    return browser.get(answer.headers["Location"], status=200).text


def path_of(order):
    return f"/records/repair-orders/{order.number}"


def undo_of(page):
    found = re.search(r'action="([^"]+/steps/assign/back[^"]*)"', page)
    return html.unescape(found[1]) if found else None


def test_a_single_step_offers_its_way_back_before_and_after(story, sign_in):
    order, browser = checked(story), sign_in(story.specialist)
    before = browser.get(f"{path_of(order)}/steps/assign", status=200).text
    assert "30 分钟内可以撤回" in before and "无法撤销" not in before
    after = assign(browser, story, order)
    assert "不能撤销" not in after and fresh(order).state == "ASSIGNED"
    undo = undo_of(after)
    back = browser.post(undo, status=303).headers["Location"]
    assert back == "/records/repair-orders?view=kanban"
    assert "已退回“已核保”" in browser.get(back, status=200).text
    order = fresh(order)
    assert (order.state, order.captain_id) == ("CHECKED", None)
    again = browser.post(undo, status=303).headers["Location"]  # pressed twice
    assert "已退回" not in browser.get(again, status=200).text and fresh(order).state == "CHECKED"


def test_what_stands_against_the_way_back_of_a_single_step_is_said_there(story, sign_in):
    order, browser = checked(story), sign_in(story.specialist)
    undo = undo_of(assign(browser, story, order, back=""))  # from the page of the record itself
    other = sign_in(story.manager)
    assert "只有办理人本人可以撤回" in other.get(other.post(undo, status=303).headers["Location"], status=200).text
    story.clock.advance(minutes=31)
    browser = sign_in(story.specialist)
    assert "超过 30 分钟" in browser.get(browser.post(undo, status=303).headers["Location"], status=200).text
    assert fresh(order).state == "ASSIGNED"


def test_a_step_without_a_way_back_says_so_before(story, sign_in):
    order = story.reported()
    page = sign_in(story.specialist).get(f"{path_of(order)}/steps/check", status=200).text
    assert "步骤办理后无法撤销" in page
    sign_in(story.specialist).post(f"{path_of(order)}/steps/check/back?version={order.version}", status=303)
    assert fresh(order).state == "REPORTED"
