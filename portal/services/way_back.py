"""Taking a step back: within the grace time, by whoever took it, where the process knows the way (`Transition.way_back`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import settings
from portal.errors import ConditionsMissing, DomainError
from portal.i18n import N_
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.processes.base import Transition
from portal.services import events, steps, tasks

GRACE = "step_undo_minutes"
"""The setting that says for how long."""
TAKEN_BACK = "taken-back"
"""What happened when a step was taken back."""
MOVED = (EventKind.CREATED, EventKind.TRANSITION)


def last_steps(session: Session, records: Sequence[Any]) -> dict[int, Event]:
    """The last step of each record, by its inner number. Asks once for all of them."""
    if not records:
        return {}
    newest = (
        select(func.max(Event.id))
        .where(Event.record_kind == records[0].KIND, Event.record_id.in_([record.id for record in records]))
        .where(Event.kind.in_(MOVED))
        .group_by(Event.record_id)
    )
    found = session.scalars(select(Event).where(Event.id.in_(newest)))
    return {event.record_id: event for event in found if event.record_id is not None}


def refuse(session: Session, record: Any, action: str, taken: Event | None, *, actor: User, at: datetime) -> Transition:
    """The step that is taken back. Raises DomainError that says why it stays: NotPermitted, ConditionsMissing among them."""
    step = next((step for step in record.PROCESS.transitions if step.action == action), None)
    if step is None or step.way_back is None:
        raise DomainError(N_("This step cannot be taken back."))
    steps.check_permission(actor, step)
    if taken is None or taken.action != action or record.state != step.target:
        raise DomainError(N_("Another step was taken since."))
    if taken.actor_id != actor.id:
        raise DomainError(N_("Only who took the step takes it back."))
    minutes = int(settings.get(session, GRACE))
    if at - taken.at > timedelta(minutes=minutes):
        raise DomainError(N_("It was taken more than %(minutes)s minutes ago.") % {"minutes": minutes})
    if unmet := [guard for guard in step.way_back.guards if not guard.holds(record)]:
        raise ConditionsMissing([guard.label for guard in unmet])
    return step


def take_back(session: Session, record: Any, action: str, *, actor: User, at: datetime) -> None:
    """Put the record where it stood before its last step; clocks that the step started end, and who was told is told.

    What was filled in is emptied by the caller, who knows it. Raises DomainError.
    """
    taken = last_steps(session, [record]).get(record.id)
    step = refuse(session, record, action, taken, actor=actor, at=at)
    assert taken is not None  # refuse looked
    started = {clock.code for clock in record.PROCESS.deadlines_started(step)}
    for task in tasks.open_of(session, record):
        if task.code in started:
            tasks.cancel(session, task, at=at, actor=actor)
    before, record.state = record.state, taken.data["from"]
    record.updated_at, record.updated_by_id = at, actor.id
    events.record(
        session, EventKind.TRANSITION, action=TAKEN_BACK, actor=actor, at=at, record=record,
        **{"from": before, "to": record.state, "fields": {}},
    )  # fmt: skip
    if step.notify:
        steps.announce(session, record, TAKEN_BACK, step.notify, actor=actor, at=at)
