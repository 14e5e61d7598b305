"""What the scheduler, and each worker at its start, does again and again so that nothing stays behind.

Conditions are always "older than", never "between"; run twice at once it leaves what one run leaves.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import String, and_, cast, exists, literal, not_, select, update
from sqlalchemy.orm import Session

from jobs import outbox as work
from portal import clock, faults, outbox, queue
from portal.db import transaction
from portal.models.notice import Delivery, DeliveryState
from portal.models.outbox import Outbox
from portal.models.task import Task
from portal.schedules import SCHEDULES
from portal.services import delivery, slots

log = logging.getLogger("portal.sweeper")

SETTLED_AFTER = timedelta(minutes=5)
LOOK_BACK = timedelta(days=30)
"""Work that is done stays in the outbox longer than this, so what is missing there is really missing."""


def sweep(*, leases: bool = True) -> None:
    """Free what dead workers held, give up what killed three of them, wake what nobody was told of.

    `leases=False` while the clock is in doubt: a lease must not run out because somebody set the clock.
    """
    at, machine_at = clock.now(), clock.machine_now()
    if leases:
        with transaction() as current:
            for message_id in delivery.free_abandoned(current, machine_at=machine_at):
                log.error("outbox %d was given up: its worker died three times", message_id)
                work.announce_death(current, message_id)
    with transaction() as current:
        waiting = delivery.to_wake(current, at=at, machine_at=machine_at)
    if waiting:
        faults.reach("K14")
        queue.wake(waiting)


def reconcile() -> int:
    """Compare what should have been told, planned and sent with what was; make up what is missing and report it."""
    at = clock.now()
    with transaction() as current:
        found = [
            *_sleeping_clocks(current, at),
            *_untold_tasks(current, at),
            *slots.repair(current, SCHEDULES, at=at),
            *_unsent_mail(current, at),
        ]
    for what in found:
        log.error("made up what was missing: %s", what)
    return len(found)


def _sleeping_clocks(current: Session, at: datetime) -> list[str]:
    """Open tasks with a due time that nobody would look at again."""
    asleep = current.scalars(
        select(Task.id)
        .where(Task.closed_at.is_(None), Task.due_at.is_not(None), Task.next_check_at.is_(None))
        .limit(500)
    ).all()
    if asleep:
        current.execute(
            update(Task)
            .where(Task.id.in_(asleep))
            .values(next_check_at=at)
            .execution_options(synchronize_session=False)
        )
    return [f"the clock of task {task_id}" for task_id in asleep]


def _untold_tasks(current: Session, at: datetime) -> list[str]:
    """Tasks marked as warned or missed whose telling is nowhere."""
    found = []
    for level, marked in (("WARN", Task.warned_at), ("OVERDUE", Task.breached_at)):
        key = literal("task:") + cast(Task.id, String) + literal(f":{level}:0")
        told = exists().where(Outbox.key == key)
        settled = and_(marked <= at - SETTLED_AFTER, marked > at - LOOK_BACK)
        for task_id in current.scalars(select(Task.id).where(Task.closed_at.is_(None), settled, not_(told)).limit(500)):
            outbox.post(
                current, "notify_task", key=f"task:{task_id}:{level}:0", at=at, task_id=task_id, level=level, repeat=0
            )
            found.append(f"telling task {task_id} {level}")
    return found


def _unsent_mail(current: Session, at: datetime) -> list[str]:
    """E-mails that wait, or were left in the middle, without work to send them."""
    key = literal("mail:") + cast(Delivery.id, String)
    open_states = (DeliveryState.DUE, DeliveryState.SENDING)
    lost = current.scalars(
        select(Delivery.id)
        .where(
            Delivery.state.in_(open_states),
            Delivery.created_at <= at - SETTLED_AFTER,
            Delivery.created_at > at - LOOK_BACK,
            not_(exists().where(Outbox.key == key)),
        )
        .limit(500)
    ).all()
    for delivery_id in lost:
        outbox.post(current, "send_mail", key=f"mail:{delivery_id}", at=at, delivery_id=delivery_id)
    return [f"e-mail {delivery_id}" for delivery_id in lost]
