"""Figures about the portal itself, for monitors: how much work waits, how long, who is alive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.models.outbox import Outbox, OutboxState, Worker
from portal.models.task import Task

WAITING = (OutboxState.PENDING, OutboxState.LEASED)


def gauges(session: Session, *, at: datetime) -> Iterator[tuple[str, str, float]]:
    """(name, help, figure) triples; times in seconds."""
    machine = clock.machine_now()
    waiting = session.execute(
        select(func.count(), func.min(Outbox.created_at)).where(Outbox.state.in_(WAITING), Outbox.run_after <= at)
    ).one()
    oldest = (at - waiting[1]).total_seconds() if waiting[1] else 0.0
    dead = session.scalar(select(func.count()).where(Outbox.state == OutboxState.DEAD))
    yield "portal_outbox_waiting", "Pieces of work that are due and not done.", waiting[0]
    yield "portal_outbox_oldest_seconds", "Age of the oldest piece of work that is due.", max(0.0, oldest)
    yield "portal_outbox_dead", "Pieces of work that were given up.", dead or 0
    late = session.scalar(select(func.count()).where(Task.closed_at.is_(None), Task.due_at < at))
    yield "portal_tasks_late", "Open tasks past their due time.", late or 0
    seen = session.scalar(select(func.min(Worker.seen_at)))
    silent = max(0.0, (machine - seen).total_seconds()) if seen else 0.0
    yield "portal_worker_silent_seconds", "Longest silence of a worker or the scheduler.", silent
