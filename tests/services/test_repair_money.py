"""Plan, parts, payments, calls and cost cases of repairs. Source: `domain.md` 3.16, 4.14, 4.15, R-16."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from portal.db import session
from portal.errors import ConditionsMissing, DomainError, Invalid
from portal.models.repair import RepairOrder
from portal.services import repair_costs, repairs
from tests.services.repair_story import (
    Story,
    begun,
    change,
    chargeable,
    finished,
    fresh,
    local,
    open_tasks,
    swept,
    task_of,
    told,
)


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def test_a_new_problem_goes_into_the_plan_first(story):
    order = begun(story)
    done = story.clock.now() + timedelta(days=2)
    story.act(repairs.extend, order, repairs.Extend("墙内管道也锈蚀，一并更换", done), actor=story.captain)
    found = fresh(order)
    assert found.plan.splitlines() == ["更换接头，重做防水", "墙内管道也锈蚀，一并更换"]
    assert (found.state, found.planned_done_at) == ("REPAIRING", done)


def test_the_customer_bears_no_more_than_the_accepted_quote(story):
    order = chargeable(story)
    with pytest.raises(ConditionsMissing):
        finished(story, order, "680.01")
    session().rollback()
    more = repairs.Extend("再换一段管", story.clock.now(), Decimal("100.00"), None, "电话同意加 100")
    story.act(repairs.extend, order, more, actor=story.captain)
    finished(story, order, "780.00")
    assert fresh(order).state == "DONE"


def test_a_higher_quote_needs_the_customers_consent(story):
    order = chargeable(story)
    more = repairs.Extend("再换一段管", story.clock.now(), Decimal("100.00"))
    with pytest.raises(Invalid) as refusal:
        story.act(repairs.extend, order, more, actor=story.captain)
    assert set(refusal.value.fields) == {"quote_note"}


def test_a_free_repair_costs_the_customer_nothing(story):
    with pytest.raises(ConditionsMissing):
        finished(story, begun(story), "1.00")


def test_parts_are_named_with_how_much_was_used(story):
    order = chargeable(story)
    finished(story, order, "680.00")
    (line,) = fresh(order).costs
    assert (line.measure, line.quantity, line.unit) == ("2.5 桶", Decimal("2.50"), "桶")


def test_a_paid_repair_is_not_filed_before_it_is_paid(story):
    """4.14: paid repairs have a payment record; 8.2 no. 6: quote 680.00, accepted, paid."""
    order = chargeable(story)
    finished(story, order, "680.00")
    story.signed(order)
    at = story.clock.now()
    story.called(order)  # content: the clock is met, what is left is the money
    assert (fresh(order).state, fresh(order).follow_up_satisfied) == ("SIGNED_OFF", True)
    assert (task_of(order, "DL-23").closed_at, task_of(order, "DL-23").breached_at) == (at, None)
    pay = repairs.RecordPayment(Decimal("600.00"), "WECHAT", at, "张建军", "WX-SJ-1")
    story.act(repairs.record_payment, order, pay, actor=story.captain)
    with pytest.raises(ConditionsMissing):
        story.act(repairs.close, order, repairs.CloseRepair(at, True), actor=story.specialist)
    session().rollback()
    for wrong, field in (("80.01", "amount"), ("80.00", "receipt_no")):
        twice = repairs.RecordPayment(Decimal(wrong), "CASH", at, "张建军", "WX-SJ-1" if field != "amount" else "X")
        with pytest.raises(Invalid) as refusal:
            story.act(repairs.record_payment, order, twice, actor=story.captain)
        assert field in refusal.value.fields
        session().rollback()
    rest = repairs.RecordPayment(Decimal("80.00"), "CASH", at, "张建军", "WX-SJ-2")
    story.act(repairs.record_payment, order, rest, actor=story.specialist)
    story.act(repairs.close, order, repairs.CloseRepair(at, True), actor=story.specialist)
    assert (fresh(order).state, fresh(order).still_owed) == ("CLOSED", Decimal("0.00"))


def test_nothing_is_paid_for_a_free_repair(story):
    pay = repairs.RecordPayment(Decimal("1.00"), "CASH", story.clock.now(), "张建军", "X")
    with pytest.raises(DomainError):
        story.act(repairs.record_payment, begun(story), pay, actor=story.captain)


def test_a_longer_repair_is_called_about_every_three_days(story):
    order = begun(story)
    (task,) = open_tasks(order, repairs.INTERIM_CALL.message)
    assert (local(task.due_at)[:5], task.person_id) == ("07-09", story.specialist.id)
    story.clock.set("2026-07-09 09:00")
    call = repairs.RecordCall(story.clock.now(), True, "希望快一点", is_satisfied=True)
    story.act(repairs.record_call, order, call, actor=story.specialist)
    (task,) = open_tasks(order, repairs.INTERIM_CALL.message)
    assert local(task.due_at)[:5] == "07-12"
    missed = repairs.RecordCall(story.clock.now(), False, "无人接听")
    story.act(repairs.record_call, order, missed, actor=story.specialist)
    assert len(open_tasks(order, repairs.INTERIM_CALL.message)) == 1  # still to be called
    assert [call.is_reached for call in fresh(order).calls] == [True, False]
    story.done(order)
    assert open_tasks(order, repairs.INTERIM_CALL.message) == []


def test_the_call_after_the_repair_is_a_task_of_the_owner(story):
    order = begun(story)
    story.done(order)
    story.signed(order)
    task = task_of(order, "DL-23")
    assert (task.person_id, local(task.due_at)[:5]) == (story.specialist.id, "07-09")


def test_an_urgent_repair_of_a_departed_crew_has_its_case_asked_for(story):
    """4.15: urgent repairs start at once, the cost case follows within 2 working days."""
    order = story.reported(urgency="URGENT")
    story.checked(order, "DEPARTED")
    story.assigned(order)
    story.on_site(order)
    (task,) = open_tasks(order, repairs.COST_CASE.message)
    assert (local(task.due_at), task.person_id) == ("07-08 18:00", story.captain.id)
    draft = repair_costs.DraftCase("DEPARTED", Decimal("100"), Decimal("0"))
    story.act(repair_costs.draft, order, draft, actor=story.captain)
    assert open_tasks(order, repairs.COST_CASE.message) == []


def test_only_the_head_of_engineering_confirms(story, make):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    draft = repair_costs.DraftCase("DEPARTED", Decimal("100"), Decimal("0"))
    case = story.act(repair_costs.draft, order, draft, actor=story.captain)
    clerk = session().merge(make.party(department="ENGINEERING", is_head=False))
    command = repair_costs.ConfirmCase("CONSTRUCTION", True, clerk, story.clock.now())
    with pytest.raises(Invalid):
        story.act(repair_costs.confirm, case, command, actor=story.specialist)


def test_the_estimate_needs_a_photo_of_the_defect(story):
    """4.15: reason, estimate and photos are what the captain fills in; also where no step of the repair asks for a photo."""
    change("repair_photo_arrive", "NEVER", story.clock.now())
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    at = story.clock.now()
    arrive = repairs.Arrive(at, "CONSTRUCTION", "换接头", at, at, checks=story.ticked(order, "arrive"))
    story.act(repairs.arrive, order, arrive, actor=story.captain)
    command = repair_costs.DraftCase("DEPARTED", Decimal("460.00"), Decimal("600.00"))
    with pytest.raises(Invalid) as refusal:
        story.act(repair_costs.draft, order, command, actor=story.captain)
    assert set(refusal.value.fields) == {"photo"}
    session().rollback()
    story.photo(order, "BEFORE")
    story.act(repair_costs.draft, order, command, actor=story.captain)
    assert fresh(order).cost_case.estimate == Decimal("1060.00")


def test_who_bears_a_cost_unless_somebody_says_otherwise(story):
    """DL-22: what the captain's team does in place of the crew that did not come goes at the crew's cost."""
    order = told(story)
    story.clock.advance(hours=8, minutes=1)
    swept(story)
    story.act(repairs.take_over, order, repairs.TakeOver("班组未到"), actor=story.captain)
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    assert repairs.usual_bearer(fresh(order)) == "CREW"
    assert repairs.usual_bearer(fresh(begun(story, trade="PAINT"))) == "COMPANY"
    assert repairs.usual_bearer(fresh(chargeable(story))) == "CUSTOMER"


@pytest.mark.parametrize(("in_warranty", "bearer"), [("YES", None), ("NO", "CUSTOMER"), ("EXCLUDED", "CUSTOMER")])
def test_nobody_bears_a_cost_in_warranty_before_the_cause_is_known(in_warranty, bearer):
    """R-16: out of warranty the customer pays whatever the cause is; in warranty the cause decides."""
    order = RepairOrder(in_warranty=in_warranty)
    assert repairs.usual_bearer(order) == bearer
    assert repairs.bearer_when(order, is_free=True) == "COMPANY"
