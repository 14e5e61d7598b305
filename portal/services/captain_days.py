"""What a captain drives to: open jobs in visiting order. Source: `domain.md` 4.14."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal import clock, visibility
from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.models.task import Task
from portal.processes.repair import State, Urgency
from portal.services import repairs
from portal.services.repairs.visits import ACTUAL_COST_MISSING

WORKING = (State.ASSIGNED, State.ON_SITE, State.QUOTED, State.REPAIRING, State.DONE)
"""The captain has something to do."""
PARTS = ("now", "today", "late", "to_sign", "tomorrow", "later", "to_note", "done")
MOST_DONE = 20


@dataclass(frozen=True, slots=True)
class Stop:
    """A job on the way, with the clock that runs for it; None: none does."""

    order: RepairOrder
    task: Task | None = None

    @property
    def when(self) -> datetime | None:
        """When it is visited: as agreed, else before its limit, else when it was planned to be done."""
        if self.order.appointment_at is not None:
            return self.order.appointment_at
        return self.task.due_at if self.task is not None else self.order.planned_done_at


@dataclass(slots=True)
class Day:
    """The jobs of a captain by when they are visited; `to_note`: signed, and the actual cost of an approved cost case is
    still to be noted (P15); `done`: signed today."""

    now: list[Stop] = field(default_factory=list)
    today: list[Stop] = field(default_factory=list)
    late: list[Stop] = field(default_factory=list)
    to_sign: list[Stop] = field(default_factory=list)
    tomorrow: list[Stop] = field(default_factory=list)
    later: list[Stop] = field(default_factory=list)
    to_note: list[Stop] = field(default_factory=list)
    done: list[Stop] = field(default_factory=list)


def of(session: Session, user: User, at: datetime) -> Day:
    """The jobs of the captain: by appointment, then by limit; urgent ones before all others."""
    mine = (
        repairs.visible_to(user)
        .where(visibility.turn_of(user, RepairOrder.captain_id))
        .options(joinedload(RepairOrder.cost_case))
    )
    orders = session.scalars(mine.where(RepairOrder.state.in_(WORKING))).all()
    running = _running(session, [order.id for order in orders])
    begin = clock.at_local(clock.today(at))
    tomorrow, after = begin + timedelta(days=1), begin + timedelta(days=2)
    day = Day()
    for stop in sorted((Stop(order, running.get(order.id)) for order in orders), key=_place):
        when = stop.when
        if stop.order.state == State.DONE:
            day.to_sign.append(stop)
        elif stop.task is not None and stop.task.due_at is not None and stop.task.due_at < at:
            day.late.append(stop)
        elif when is None or when < tomorrow:
            day.today.append(stop)
        else:
            (day.tomorrow if when < after else day.later).append(stop)
    first = day.today or day.late
    day.now = [first.pop(0)] if first else []
    signed = mine.where(RepairOrder.state.in_((State.SIGNED_OFF, State.CLOSED)))
    to_note = signed.where(ACTUAL_COST_MISSING).order_by(RepairOrder.signed_at)
    day.to_note = [Stop(order) for order in session.scalars(to_note.limit(MOST_DONE))]
    signed = signed.where(RepairOrder.signed_at >= begin, ~ACTUAL_COST_MISSING)
    day.done = [Stop(order) for order in session.scalars(signed.order_by(RepairOrder.signed_at).limit(MOST_DONE))]
    return day


def _running(session: Session, ids: list[int]) -> dict[int, Task]:
    query = select(Task).where(
        Task.record_kind == RepairOrder.KIND, Task.record_id.in_(ids), Task.code == "DL-22", Task.closed_at.is_(None)
    )
    return {task.record_id: task for task in session.scalars(query) if task.record_id is not None}


def _place(stop: Stop) -> tuple[bool, datetime, int]:
    return (stop.order.urgency != Urgency.URGENT, stop.when or stop.order.reported_at, stop.order.id)
