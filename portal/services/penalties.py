"""P18 penalties: what the portal proposes by itself, with the evidence as it was. Source: `domain.md` 3.20, 4.18, 7.9."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import settings, visibility
from portal.models.event import EventKind
from portal.models.org import Crew, User
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.task import DeadlineBreach, Task
from portal.processes.penalty import PROPOSED_FOR, RULES, State
from portal.processes.repair import Executor
from portal.services import events, numbering, steps

COUNTED_DAYS = 365
"""Occurrences are counted over twelve months (7.9)."""


def visible_to(user: User) -> Select[PenaltyEntry]:
    """The penalties that exist for this person."""
    return visibility.visible_to(user, PenaltyEntry)


def propose_for_miss(session: Session, task_id: int, *, at: datetime) -> PenaltyEntry | None:
    """Propose a penalty for a missed clock of a repair (DL-22), once however often it is asked; managers are told.

    None where no crew was in charge: the captain's own team answers by the breach alone.
    """
    task = session.get(Task, task_id)
    breach = session.scalars(select(DeadlineBreach).where(DeadlineBreach.task_id == task_id)).one_or_none()
    if task is None or breach is None or breach.code not in PROPOSED_FOR or breach.record_kind != RepairOrder.KIND:
        return None
    cause = _cause(task)
    if (known := _of_cause(session, cause)) is not None:
        return known
    order = session.get_one(RepairOrder, breach.record_id)
    crew = _in_charge(order, breach.due_at)
    if crew is None:
        return None
    try:
        with session.begin_nested():
            entry = _entry(session, order, crew, task, breach, cause, at)
    except IntegrityError:  # somebody else was proposing the same at the same moment
        return _of_cause(session, cause)
    events.record(session, EventKind.CREATED, action="propose", actor=None, at=at, record=entry)
    steps.announce(session, entry, "propose", ("managers",), actor=None, at=at)
    return entry


def call_off(session: Session, task: Task, *, actor: User, at: datetime) -> None:
    """The clock counts as met after all: what was proposed for its miss is called off and stays in the ledger.

    What was decided already stays as decided: taking that back is an appeal.
    """
    entry = _of_cause(session, _cause(task))
    if entry is None or entry.state != State.PROPOSED:
        return
    entry.state, entry.updated_at, entry.updated_by_id = State.CANCELLED, at, actor.id
    events.record(
        session, EventKind.CHANGE, action="penalty-called-off", actor=actor, at=at, record=entry, code=task.code
    )


def met_since(session: Session, entry: PenaltyEntry) -> DeadlineBreach | None:
    """The breach it rests on, once the work was noted as done; None: it is not done yet."""
    return session.scalars(
        select(DeadlineBreach).where(
            DeadlineBreach.id == entry.evidence.get("breach"), DeadlineBreach.met_at.is_not(None)
        )
    ).one_or_none()


def _cause(task: Task) -> str:
    return f"{task.code}:{task.record_kind}:{task.record_id}:{task.round_no}"


def _of_cause(session: Session, cause: str) -> PenaltyEntry | None:
    return session.scalars(select(PenaltyEntry).where(PenaltyEntry.cause == cause)).one_or_none()


def _in_charge(order: RepairOrder, due_at: datetime) -> Crew | None:
    """The crew that should have come: also when the captain took over after the limit."""
    was_theirs = order.executor == Executor.RESPONSIBLE_CREW or (
        order.taken_over_at is not None and order.taken_over_at >= due_at
    )
    return order.responsible_crew if was_theirs else None


def _entry(
    session: Session, order: RepairOrder, crew: Crew, task: Task, breach: DeadlineBreach, cause: str, at: datetime
) -> PenaltyEntry:
    rule = RULES[settings.get(session, PROPOSED_FOR[breach.code])]
    entry = PenaltyEntry(
        number=numbering.next_number(session, PenaltyEntry.PREFIX, at),
        branch_id=order.branch_id,
        state=State.PROPOSED,
        kind=rule.kind,
        rule=rule.code,
        crew_id=crew.id,
        party_id=crew.foreman_id,
        record_kind=order.KIND,
        record_id=order.id,
        record_number=order.number,
        amount=rule.amount,
        occurrence_no=1 + _earlier(session, crew, rule.code, at),
        cause=cause,
        evidence=_evidence(order, crew, task, breach),
        created_at=at,
        updated_at=at,
    )
    session.add(entry)
    session.flush()
    return entry


def _earlier(session: Session, crew: Crew, rule: str, at: datetime) -> int:
    counted = select(func.count()).where(
        PenaltyEntry.crew_id == crew.id,
        PenaltyEntry.rule == rule,
        PenaltyEntry.created_at >= at - timedelta(days=COUNTED_DAYS),
        PenaltyEntry.state.not_in((State.REJECTED, State.CANCELLED)),
    )
    return session.scalar(counted) or 0


def _evidence(order: RepairOrder, crew: Crew, task: Task, breach: DeadlineBreach) -> dict[str, Any]:
    """What was known, in words and moments; later changes of the records do not touch it."""
    return {
        "breach": breach.id,
        "clock": breach.code,
        "title": task.title,
        "started_at": task.started_at.isoformat(),
        "due_at": breach.due_at.isoformat(),
        "found_at": breach.found_at.isoformat(),
        "repair": order.number,
        "address": order.address,
        "symptom": order.symptom,
        "crew": crew.name,
        "foreman": crew.foreman.name if crew.foreman else None,
        "captain": order.captain.name if order.captain else None,
    }
