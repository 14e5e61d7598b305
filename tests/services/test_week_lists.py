"""DL-17 by itself: a list that does not come is missed, counted and told of. Source: `domain.md` 4.11, 4.29."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from jobs.outbox import handlers
from portal import verify
from portal.db import session, transaction
from portal.errors import DomainError, NotPermitted
from portal.models.notice import Notice
from portal.models.org import PartyKind
from portal.models.outbox import Outbox, Slot
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.schedules import SCHEDULES
from portal.services import slots, tasks, week_lists
from tests.services.test_pre_acceptances import Story

SCHEDULE = next(schedule for schedule in SCHEDULES if schedule.name == "week-list")


def run(kind: str) -> None:
    for row in session().scalars(select(Outbox).where(Outbox.kind == kind)).all():
        with transaction() as writing:
            handlers()[kind](writing, **row.payload)


def passes(story: Story, *moments: str) -> None:
    """Time passes: the scheduler plans what is due, its work is done twice, the sweep looks."""
    for moment in moments:
        story.clock.set(moment)
        with transaction() as writing:
            slots.plan(writing, SCHEDULE, at=story.clock.now())
        for _time in range(2):
            run("week_list")
            with transaction() as writing:
                tasks.sweep(writing, story.clock.now())
            run("notify_task")


def breaches() -> list[tuple[str, str, str | None]]:
    rows = session().execute(select(DeadlineBreach.code, DeadlineBreach.record_number, DeadlineBreach.department))
    return [tuple(row) for row in rows if row[0] == "DL-17"]


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    told = Story(make, clock)
    told.head = make.party(PartyKind.DEPARTMENT_HEAD, name="石磊", department="ENGINEERING", is_head=True)
    passes(told, "2026-06-12 09:00")
    return told


def test_no_list_at_all_is_missed_once_counted_and_told(story: Story, sign_in: Any):
    """Monday it is waited for, Wednesday 18:00 it is missed; the manager is told at once and again after 24 hours."""
    passes(story, "2026-06-15 07:00")
    (task,) = session().scalars(select(Task).where(Task.code == "DL-17")).all()
    assert (task.record_number, task.detail, str(task.due_at)) == ("2026-06-22", "石磊", "2026-06-17 10:00:00+00:00")
    passes(story, "2026-06-17 18:00")
    assert breaches() == [("DL-17", "2026-06-22", "ENGINEERING")]
    passes(story, "2026-06-18 18:00")
    assert len(breaches()) == 1
    notices = select(Notice.level).where(Notice.user_id == story.manager.id, Notice.level == "OVERDUE")
    assert len(session().scalars(notices).all()) == 2
    page = sign_in(Role.REVIEWER).get("/records/pre-acceptance-lists/2026-06-22", status=302).location
    said = sign_in(Role.MANAGER).get(page).text
    assert "工程部没有提交本周名录，应于" in said and "石磊" in said and "工程部答复：本周无申报" not in said
    assert all(result.ok for result in verify.run_all() if result.code in ("I3", "I4"))
    late = story.listed(when="2026-06-18 19:00")
    assert late.is_late and session().get_one(Task, task.id).closed_at is not None
    assert sorted(breaches()) == [("DL-17", "2026-06-22", "ENGINEERING"), ("DL-17", late.number, "ENGINEERING")]


def test_a_list_in_time_or_nothing_to_list_ends_the_waiting(story: Story, sign_in: Any, make: Any):
    """In time it is met; engineering may have nothing; without works that could be listed nobody waits."""
    passes(story, "2026-06-15 07:00")
    story.listed(when="2026-06-17 10:00")
    passes(story, "2026-06-17 18:00")
    (task,) = session().scalars(select(Task).where(Task.record_kind == "pre-acceptance-lists")).all()
    assert (task.outcome, breaches()) == ("DONE", [])

    passes(story, "2026-06-22 07:00", "2026-06-29 07:00")
    keys = session().scalars(select(Slot.key).where(Slot.schedule == "week-list")).all()
    assert keys == ["2026-W25", "2026-W26", "2026-W27"]
    waited = select(Task).where(Task.record_kind == "pre-acceptance-lists", Task.closed_at.is_(None))
    assert session().scalars(waited).all() == [], "the only project is on a list already"

    story.site()
    passes(story, "2026-07-06 07:00")
    reviewer, monday = sign_in(Role.REVIEWER), {"week": "2026-07-13"}
    sign_in(Role.MANAGER).post("/records/pre-acceptances/week/nothing", monday, status=403)
    with pytest.raises(NotPermitted):
        story.act(week_lists.nothing_to_list, date(2026, 7, 13), actor=story.manager)
    assert "工程部答复：本周无申报" in reviewer.get("/records/pre-acceptances/week?week=2026-07-13").text
    reviewer.post("/records/pre-acceptances/week/nothing", monday, status=303)
    reviewer.post("/records/pre-acceptances/week/nothing", monday, status=409)
    with pytest.raises(DomainError):
        story.act(week_lists.nothing_to_list, date(2026, 7, 13), actor=story.reviewer)
    passes(story, "2026-07-08 18:00")
    assert breaches() == []
