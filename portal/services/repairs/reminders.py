"""Calls while a repair goes on, and what a person is reminded of. Source: `domain.md` 3.16, 4.14, 4.15."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.calendar import compute_due
from portal.errors import DomainError, Invalid
from portal.i18n import N_, Text
from portal.models.org import User
from portal.models.repair import RepairCall, RepairOrder
from portal.models.task import TaskKind
from portal.permissions import Permission, Role, may
from portal.processes.repair import CrewStatus, State
from portal.services import calendars, steps, tasks
from portal.services.repairs.common import note

INTERIM_CALL = N_("Call the customer during the repair")
COST_CASE = N_("Write the cost case of the urgent repair (P15)")
GONE = frozenset({CrewStatus.DEPARTED, CrewStatus.REPLACED_ON_REQUEST})
"""The crew that built it does not repair it: who bears the cost is a case of its own (P15)."""


@dataclass(frozen=True, slots=True)
class RecordCall:
    """A call while the repair goes on; `is_satisfied` None: not reached, or not said."""

    called_at: datetime
    is_reached: bool
    said: str
    is_satisfied: bool | None = None


def record_call(session: Session, order: RepairOrder, command: RecordCall, *, actor: User, at: datetime) -> RepairCall:
    """Note a call during a longer repair; the next one is due in some days. Raises Invalid by field."""
    if not may(actor, Permission.REPAIR_CLOSE):
        raise DomainError(N_("Your role does not make these calls."), status=403)
    if order.state != State.REPAIRING:
        raise DomainError(N_("These calls are made while the repair goes on."))
    if command.called_at > at + steps.CLOCK_SLACK:
        raise Invalid({"called_at": N_("This moment lies in the future.")})
    call = RepairCall(called_by_id=actor.id, **steps.entered_of(command))
    order.calls.append(call)
    order.updated_at, order.updated_by_id = at, actor.id
    note(session, order, "call", command.said, actor, at)
    if command.is_reached:
        for task in asked_for(session, order, INTERIM_CALL):
            tasks.close(session, task, happened_at=command.called_at, at=at, actor=actor)
        plan_call(session, order, at)
    return call


def cost_case_written(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> None:
    """The case that was asked for is there."""
    for task in asked_for(session, order, COST_CASE):
        tasks.close(session, task, happened_at=at, at=at, actor=actor)


def plan_call(session: Session, order: RepairOrder, at: datetime) -> None:
    """A longer repair: its customer is called again every few days (4.14)."""
    owner = tasks.Responsible(order.owner, None if order.owner else Role.SPECIALIST)
    ask_for(session, order, INTERIM_CALL, "repair_interim_days", at, owner)


def ask_for(
    session: Session, order: RepairOrder, title: Text, setting: str, at: datetime, who: tasks.Responsible
) -> None:
    """Put a task before somebody, due by a setting; one that is open already stays as it is."""
    if asked_for(session, order, title):
        return
    due = compute_due(at, calendars.limit(session, setting), calendars.current(session)).due_at
    tasks.open_task(
        session, TaskKind.TODO, title.message, order, due_at=due, at=at, who=who, detail=order.symptom[:100]
    )


def asked_for(session: Session, order: RepairOrder, title: Text) -> list[Any]:
    """The open tasks of that title."""
    return [task for task in tasks.open_of(session, order) if task.title == title.message]


def no_more(session: Session, order: RepairOrder, title: Text, actor: User, at: datetime) -> None:
    """What was asked for is not needed any more."""
    for task in asked_for(session, order, title):
        tasks.cancel(session, task, at=at, actor=actor)
