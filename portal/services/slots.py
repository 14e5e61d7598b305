"""Planning the slots of the periodic table: each once, whatever the outage. Reading them for the manager."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import faults, outbox, settings
from portal.models.outbox import Effect, Outbox, Slot
from portal.models.outbox import Schedule as Mark
from portal.schedules import Policy, Schedule
from portal.services.delivery import insert_once

LONGEST_GAP = timedelta(days=35)
"""A longer silence may as well be a wrong clock: a manager confirms it before the missed slots are made up."""
SLACK = timedelta(minutes=5)


def plan(session: Session, schedule: Schedule, *, at: datetime) -> int:
    """Insert the slots that fell due since the mark, their work, and move the mark: all or nothing. Gives how many.

    A schedule seen for the first time starts now. A clock that was set back plans nothing.
    """
    insert_once(session, Mark, [{"name": schedule.name, "planned_until": at}])
    mark = session.get_one(Mark, schedule.name, with_for_update=True, populate_existing=True)
    if at <= mark.planned_until:
        return 0
    time_of_day = str(settings.get(session, schedule.at_setting)) if schedule.at_setting else schedule.at
    planned = list(schedule.rule.slots(mark.planned_until, at, time_of_day))
    for slot in planned:
        merged = schedule.policy == Policy.LATEST_ONLY and slot is not planned[-1]
        row = {
            "schedule": schedule.name,
            "key": slot.key,
            "scope": "",
            "due_at": slot.due_at,
            "period_from": slot.period_from,
            "period_to": slot.period_to,
            "state": "MERGED" if merged else "DUE",
        }
        if insert_once(session, Slot, [row]) and not merged:
            post(session, schedule, slot.key, at=at)
    if planned:
        faults.reach("K13")
    mark.planned_until = at
    return len(planned)


def post(session: Session, schedule: Schedule, slot: str, *, at: datetime) -> None:
    """Write the work of a slot; written once per slot."""
    outbox.post(
        session,
        schedule.kind,
        key=work_key(schedule.name, slot),
        at=at,
        queue=schedule.queue,
        schedule=schedule.name,
        slot=slot,
        scope="",
    )


def work_key(schedule: str, slot: str, scope: str = "") -> str:
    """The key of a slot's work in the outbox."""
    return f"slot:{schedule}:{slot}:{scope}"


def repair(session: Session, schedules: Sequence[Schedule], *, at: datetime) -> list[str]:
    """Give work back to due slots that lost it. Gives their keys: each is a fault to report."""
    known = {schedule.name: schedule for schedule in schedules}
    lost = []
    for slot in session.scalars(select(Slot).where(Slot.state == "DUE", Slot.schedule.in_(known))):
        key = work_key(slot.schedule, slot.key, slot.scope)
        if session.scalar(select(Outbox.id).where(Outbox.key == key)) is None:
            post(session, known[slot.schedule], slot.key, at=at)
            lost.append(key)
    return lost


# A clock one may doubt -----------------------------------------------------------------------------------------------


def doubt(session: Session, at: datetime) -> str | None:
    """`gap` when nothing was planned for over five weeks, `back` when the clock is behind the mark; None: all well.

    Until a manager confirms the clock (`confirm_clock`), nothing is planned.
    """
    newest = session.scalar(select(func.max(Mark.planned_until)))
    if newest is None or newest - SLACK <= at <= newest + LONGEST_GAP:
        return None
    if session.get(Effect, _confirmation(at)) is not None:
        return None
    return "gap" if at > newest else "back"


def confirm_clock(session: Session, *, at: datetime) -> None:
    """A manager says that the clock is right today."""
    insert_once(session, Effect, [{"key": _confirmation(at), "at": at}])


def _confirmation(at: datetime) -> str:
    return f"clock-confirmed:{at.date().isoformat()}"


def recent(session: Session, limit: int = 30) -> list[Slot]:
    """Slots for the manager: those still missing first, then the latest."""
    return list(
        session.scalars(select(Slot).order_by(Slot.state != "DUE", Slot.due_at.desc(), Slot.schedule).limit(limit))
    )
