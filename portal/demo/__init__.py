"""Demo data: the worked example of the manual and a living week around today, replayed through the services.

Every event, task and breach is genuine: it was made by the same code as in daily work, at the story's own time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal import clock
from portal.demo import (
    archive,
    calls,
    inspections,
    knowledge,
    living_week,
    money,
    papers,
    penalties,
    people,
    promises,
    repairs,
    reports,
    reviews,
    surveys,
    touches,
    worked_example,
)
from portal.demo.stage import Stage
from portal.models.notice import Notice


def load() -> None:
    """Load the demo data into an empty, migrated database, inside an application context. Takes some seconds."""
    today = clock.now()
    stage = Stage(until=today)
    people.enter(stage)
    worked_example.plan(stage)
    houses = living_week.plan(stage, today)
    inspections.plan(stage, worked_example.ZHANG, worked_example.ZHAO, houses, today)
    calls.plan(stage, houses, today)
    repairs.plan(stage, worked_example.ZHANG, houses, today)
    reviews.reviewers_day(stage, today)
    papers.plan(stage, houses, today)
    surveys.plan(stage, houses, today)
    money.plan(stage, today)
    penalties.plan(stage)
    touches.plan(stage, today)
    knowledge.plan(stage, today)
    reports.plan(stage)
    promises.plan(stage, houses, today)
    archive.plan(stage, worked_example.ZHANG, houses, today)
    stage.play()
    reports.enter(stage, today)
    papers.enter(stage, today)
    stage.now(_read, today)


def _read(writing: Session, at: datetime) -> None:
    """People have read what is older than two days; an inbox in use is not a heap."""
    old = Notice.created_at < at - timedelta(days=2)
    writing.execute(update(Notice).where(old, Notice.read_at.is_(None)).values(read_at=at))
