"""The stage of the demo: steps with their moments, played in order; between them the clocks tick and work is delivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.clock import ZONE
from portal.db import session, transaction
from portal.models.outbox import Outbox, OutboxState
from portal.models.task import Task
from portal.services import tasks

Act = Callable[[Session, datetime], Any]
WORKER = "demo"
MAY_BE_BUSY = 500


class Stage:
    """Who and what the story knows by name, and its steps. Records are kept by number and read fresh for each step."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        self.names: dict[str, tuple[type[Any], int]] = {}
        self._steps: list[tuple[datetime, int, Act]] = []

    def keep(self, name: str, record: Any) -> Any:
        """Remember a record by a name of the story."""
        self.names[name] = (type(record), record.id)
        return record

    def get(self, writing: Session, name: str) -> Any:
        """The record of that name."""
        model, key = self.names[name]
        return writing.get_one(model, key)

    def at(self, moment: datetime | str, act: Act) -> None:
        """A step of the story. Text is a time on the company's clocks. Steps that are still to come are left out."""
        when = local(moment) if isinstance(moment, str) else moment
        if when <= self.until:
            self._steps.append((when, len(self._steps), act))

    def now(self, act: Act, moment: datetime) -> None:
        """Carry a step out at once."""
        with clock.standing_at(moment), transaction() as writing:
            writing.info.pop("settings", None)
            act(writing, moment)

    def play(self) -> None:
        """Play all steps in the order of time, then let the clocks run until today."""
        for when, _order, act in sorted(self._steps, key=lambda step: step[:2]):
            self._tick(when)
            self.now(act, when)
            self.deliver(when)
        self._tick(self.until)
        self.deliver(self.until)

    def _tick(self, until: datetime) -> None:
        """Let the sweep see every moment at which a clock warns or runs out, as it would have."""
        for _round in range(MAY_BE_BUSY):
            following = session().scalar(select(func.min(Task.next_check_at)).where(Task.closed_at.is_(None)))
            session().rollback()
            if following is None or following > until:
                return
            self.now(lambda writing, at: tasks.sweep(writing, at), following)
            self.deliver(following)

    def deliver(self, when: datetime, queue: str = "fast") -> None:
        """Carry out what was asked for until then."""
        from jobs import outbox  # the workers' own way of delivering, carried out here at the story's time

        for _round in range(MAY_BE_BUSY):
            waiting = (
                session()
                .scalars(
                    select(Outbox.id)
                    .where(Outbox.state == OutboxState.PENDING, Outbox.queue == queue, Outbox.run_after <= when)
                    .order_by(Outbox.id)
                    .limit(50)
                )
                .all()
            )
            session().rollback()
            if not waiting:
                return
            with clock.standing_at(when):
                for number in waiting:
                    outbox.deliver(number, worker=WORKER)


def local(text: str) -> datetime:
    """`2026-05-11 10:00` on the company's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)
