"""Visits agreed and moved, and the shorter limit of urgent repairs. Source: `domain.md` 3.16, DL-22."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session
from portal.errors import ConditionsMissing, DomainError, Invalid
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
    assert [visit.order_id for visit in found] == [early.id, late.id]
    assert repairs.visits_on(session(), other, day) == []


def finish(story: Story, order: Any) -> None:
    command = repairs.FinishRepair(
        "重做", story.clock.now(), True, has_no_costs=True, checks=story.ticked(order, "finish")
    )
    story.act(repairs.finish, order, command, actor=story.captain)


def seen(order: Any) -> list[tuple[str, int, str, str, str, str | None, int]]:
    """The visits: number, round, agreed, came, left, work, photos."""
    return [
        (
            visit.number.removeprefix(f"{order.number}-"), visit.round_no,
            *(local(moment) if moment else "" for moment in (visit.planned_at, visit.came_at, visit.left_at)),
            visit.work, len(visit.photos),
        )
        for visit in fresh(order).visits
    ]  # fmt: skip


def test_the_visits_of_a_repair_that_is_sent_back_twice(story):
    """3.16, 4.14: each visit is a row; what was photographed and ticked before the work was sent back does not count."""
    order = told(story)
    day = portal_clock.today(story.clock.now())
    for hour in (14, 15):
        visit = repairs.MoveVisit(portal_clock.at_local(day, hour))
        story.act(repairs.move_visit, order, visit, actor=story.captain)
    assert seen(order) == [("1", 1, "07-06 15:00", "", "", None, 0)]
    story.act(repairs.move_visit, order, repairs.MoveVisit(None), actor=story.captain)
    assert seen(order) == []
    story.act(repairs.move_visit, order, visit, actor=story.captain)
    story.clock.set("2026-07-06 15:10")
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    story.clock.set("2026-07-06 15:05")
    story.photo(order, "AFTER")
    with pytest.raises(Invalid) as refusal:
        finish(story, order)
    assert set(refusal.value.fields) == {"done_at"}  # before the captain came
    session().rollback()
    story.clock.set("2026-07-06 17:00")
    finish(story, order)
    first = ("1", 1, "07-06 15:00", "07-06 15:10", "07-06 17:00", "重做", 2)
    assert seen(order) == [first]

    story.act(repairs.reject, order, repairs.Reject("墙角仍返潮"), actor=story.captain)
    story.photo(order, "AFTER")  # the same picture again
    with pytest.raises(ConditionsMissing) as missing:
        finish(story, order)
    assert str(missing.value).count("修后照片") == 1  # and nothing else is missing
    session().rollback()
    story.clock.set("2026-07-08 11:00")
    note = repairs.NoteVisit(story.clock.now() - timedelta(hours=1), None, "老李、小王", "补做一遍防水")
    story.act(repairs.note_visit, order, note, actor=story.captain)
    story.photo(order, "AFTER", "again")
    old = tuple(line.id for line in fresh(order).checks if line.step == "finish" and line.round_no == 1)
    with pytest.raises(Invalid) as refusal:  # the ticks of the first round
        command = repairs.FinishRepair("重做", story.clock.now(), True, has_no_costs=True, checks=old)
        story.act(repairs.finish, order, command, actor=story.captain)
    assert set(refusal.value.fields) == {"checks"}
    session().rollback()
    finish(story, order)
    assert [line.ticked_at is not None for line in fresh(order).checks if line.id in old] == [True] * len(old)
    second = ("2", 2, "", "07-08 10:00", "07-08 11:00", "重做", 1)
    assert seen(order) == [first, second]
    assert {photo.pair for photo in fresh(order).photos if photo.kind == "AFTER"} == {1}

    story.signed(order)
    story.called(order, "又漏了", wrong=("repaired",))
    assert (fresh(order).round_no, fresh(order).rework_count) == (3, 1)
    again = repairs.MoveVisit(portal_clock.at_local(day + timedelta(days=4), 9))
    story.act(repairs.move_visit, order, again, actor=story.specialist)
    assert seen(order)[2] == ("3", 3, "07-10 09:00", "", "", None, 0)
    assert [visit.number for visit in repairs.visits_on(session(), story.captain, day)] == [f"{order.number}-1"]
    ground = repairs.Complain("反复漏水", "彻底修好", "REPEATED")
    story.act(repairs.complain, order, ground, actor=story.specialist)
    assert seen(order) == [first, second]  # nobody comes any more


@pytest.mark.parametrize(
    ("came", "left", "field"),
    [
        ("07-06 13:00", "07-06 12:00", "left_at"),
        ("07-06 20:00", None, "came_at"),
        ("07-06 09:00", "07-06 21:00", "left_at"),
    ],
)
def test_what_cannot_be_noted_of_a_visit(story, came, left, field):
    def at(text):
        return portal_clock.at_local(date(2026, 7, 6), int(text[6:8]), int(text[9:])) if text else None

    order = told(story)
    with pytest.raises(DomainError):  # the first arrival is a step
        story.act(repairs.note_visit, order, repairs.NoteVisit(story.clock.now(), None), actor=story.captain)
    session().rollback()
    story.on_site(order)
    assert [row[-1] for row in seen(order)] == [1]  # the photo of the door belongs to the visit nobody had agreed
    with pytest.raises(Invalid) as refusal:  # one is going on
        story.act(repairs.note_visit, order, repairs.NoteVisit(story.clock.now(), None), actor=story.captain)
    assert set(refusal.value.fields) == {"left_at"}
    session().rollback()
    visit = fresh(order).visits[0].id
    story.clock.set("2026-07-06 14:00")
    with pytest.raises(Invalid) as refusal:
        note = repairs.NoteVisit(at(came), at(left), visit_id=visit)
        story.act(repairs.note_visit, order, note, actor=story.captain)
    assert set(refusal.value.fields) == {field}


@pytest.mark.parametrize(("on", "due"), [(False, "07-06 18:00"), (True, "07-06 13:00")])
def test_urgent_repairs_have_a_shorter_limit_when_it_is_switched_on(story, on, due):
    change("repair_urgent_clock", on, story.clock.now())
    order = told(story, urgency="URGENT")
    assert local(task_of(order, "DL-22").due_at) == due


def test_the_shorter_limit_is_not_for_normal_repairs(story):
    change("repair_urgent_clock", True, story.clock.now())
    assert local(task_of(told(story), "DL-22").due_at) == "07-06 18:00"
