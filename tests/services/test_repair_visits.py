"""Visits agreed and moved, and the shorter limit of urgent repairs. Source: `domain.md` 3.16, DL-22."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session
from portal.errors import DomainError, Invalid
from portal.models.event import Event
from portal.models.outbox import Outbox
from portal.permissions import Role
from portal.services import repairs
from tests.services.repair_story import Story, change, fresh, local, task_of, told


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def test_moving_a_visit_onto_another_asks_for_a_reason(story):
    first, second = told(story), told(story, trade="PAINT")
    at = story.clock.now() + timedelta(hours=4)
    story.act(repairs.move_visit, first, repairs.MoveVisit(at), actor=story.captain)
    near = at + timedelta(minutes=119)
    with pytest.raises(Invalid) as refusal:
        story.act(repairs.move_visit, second, repairs.MoveVisit(near), actor=story.specialist)
    assert set(refusal.value.fields) == {"overlap_reason"} and first.number in str(refusal.value)
    session().rollback()
    story.act(repairs.move_visit, second, repairs.MoveVisit(near, "同一小区顺路"), actor=story.specialist)
    assert fresh(second).overlap_reason == "同一小区顺路"
    free = repairs.MoveVisit(at + timedelta(minutes=120), "不再需要")
    story.act(repairs.move_visit, second, free, actor=story.specialist)
    assert fresh(second).overlap_reason is None  # nothing lies on it any more


def test_how_long_a_visit_takes_is_a_setting(story):
    change("repair_visit_minutes", 30, story.clock.now())
    first, second = told(story), told(story, trade="PAINT")
    at = story.clock.now() + timedelta(hours=4)
    for order, visit in ((first, at), (second, at + timedelta(minutes=30))):
        story.act(repairs.move_visit, order, repairs.MoveVisit(visit), actor=story.captain)
    assert fresh(second).appointment_at == at + timedelta(minutes=30)


def test_a_visit_that_was_moved_is_in_the_history_and_told_to_the_captain(story):
    order = told(story)
    story.act(repairs.move_visit, order, repairs.MoveVisit(story.clock.now()), actor=story.specialist)
    changes = [event.data["changes"] for event in session().scalars(select(Event).where(Event.kind == "CHANGE"))]
    assert any("appointment_at" in change for change in changes)
    assert session().scalars(select(Outbox.payload).where(Outbox.key.contains("visit-moved"))).one()["audiences"] == [
        "captain",
        "owner",
    ]


def test_no_visit_is_agreed_before_anybody_is_sent(story):
    order = story.reported()
    with pytest.raises(DomainError):
        story.act(repairs.move_visit, order, repairs.MoveVisit(story.clock.now()), actor=story.specialist)


def test_the_visits_of_a_day_in_the_order_they_are_made(story, make):
    other = make.user(Role.REPAIR_CAPTAIN, name="周二")
    late, early, tomorrow = told(story), told(story, trade="PAINT"), told(story, trade="BASIC")
    day = portal_clock.today(story.clock.now())
    for order, hour in ((late, 16), (early, 9)):
        story.act(repairs.move_visit, order, repairs.MoveVisit(portal_clock.at_local(day, hour)), actor=story.captain)
    at = portal_clock.at_local(day + timedelta(days=1), 0)
    story.act(repairs.move_visit, tomorrow, repairs.MoveVisit(at), actor=story.captain)
    found = repairs.visits_on(session(), story.specialist, day)
    assert [order.id for order in found] == [early.id, late.id]
    assert repairs.visits_on(session(), other, day) == []


@pytest.mark.parametrize(("on", "due"), [(False, "07-06 18:00"), (True, "07-06 13:00")])
def test_urgent_repairs_have_a_shorter_limit_when_it_is_switched_on(story, on, due):
    change("repair_urgent_clock", on, story.clock.now())
    order = told(story, urgency="URGENT")
    assert local(task_of(order, "DL-22").due_at) == due


def test_the_shorter_limit_is_not_for_normal_repairs(story):
    change("repair_urgent_clock", True, story.clock.now())
    assert local(task_of(told(story), "DL-22").due_at) == "07-06 18:00"
