"""Penalties proposed for crews that do not come. Source: `domain.md` 4.14, 4.18, DL-22."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.org import Crew
from portal.models.penalty import PenaltyEntry
from portal.services import penalty_misses, repairs
from tests.services.repair_story import Story, arrived, change, run_penalties, swept, task_of, told


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def test_a_crew_that_does_not_come_has_a_penalty_proposed_once(story):
    """DL-22, 4.18, 7.9 K-20: 200 yuan, with the evidence as it was, however often the job runs."""
    order = told(story)
    story.clock.advance(hours=8, minutes=1)
    swept(story)
    run_penalties()
    run_penalties()
    swept(story)
    run_penalties()
    (entry,) = session().scalars(select(PenaltyEntry)).all()
    assert (entry.number, entry.state, entry.rule, entry.amount) == (
        "JC-2026-0001",
        "PROPOSED",
        "K-20",
        Decimal("200.00"),
    )
    assert (entry.crew_id, entry.party_id, entry.occurrence_no) == (story.crew.id, story.crew.foreman_id, 1)
    task = task_of(order, "DL-22")
    assert entry.evidence["due_at"] == task.due_at.isoformat()
    assert (entry.evidence["clock"], entry.evidence["repair"], entry.evidence["crew"]) == (
        "DL-22",
        order.number,
        "刘大勇队",
    )
    with transaction() as writing:
        writing.get(Crew, story.crew.id).name = "另一个名字"
    assert session().get(PenaltyEntry, entry.id).evidence["crew"] == "刘大勇队"


def test_the_second_time_within_a_year_is_counted(story):
    told(story)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    told(story, trade="PAINT")
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    assert sorted(session().scalars(select(PenaltyEntry.occurrence_no))) == [1, 2]


def test_the_rule_is_a_setting_and_its_amount_the_catalogues(story):
    change("repair_late_rule", "K-08", story.clock.now())
    told(story)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    (entry,) = session().scalars(select(PenaltyEntry)).all()
    assert (entry.rule, entry.amount, entry.kind) == ("K-08", None, "BY_DECISION")


def test_the_captains_own_team_has_no_penalty_proposed(story):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    assert session().scalars(select(PenaltyEntry)).all() == []


def test_a_takeover_after_the_limit_leaves_the_crew_liable(story):
    order = told(story)
    story.clock.advance(hours=9)
    swept(story)
    story.act(repairs.take_over, order, repairs.TakeOver("没人来"), actor=story.captain)
    run_penalties()
    assert session().scalars(select(PenaltyEntry.crew_id)).all() == [story.crew.id]


def test_an_arrival_that_was_noted_late_says_so(story):
    order = told(story)
    in_time = story.clock.now() + timedelta(hours=1)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    arrived(story, order, in_time)
    (entry,) = session().scalars(select(PenaltyEntry)).all()
    assert penalty_misses.met_since(session(), entry).late_minutes == 0
