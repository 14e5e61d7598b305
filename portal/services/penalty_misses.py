"""P18: what is proposed for a clock that was missed, and called off when it counts as met. Source: DL-22, `domain.md` 4.18."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import Crew, User
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.task import DeadlineBreach, Task
from portal.processes.penalty import PROPOSED_FOR, State
from portal.processes.repair import Executor
from portal.services import events, penalties, steps, telling

GROUND_GONE = "ground-gone"
"""What happens to a decided penalty when the clock it is for counts as met after all."""
STANDS = frozenset({State.APPROVED, State.SENT, State.EXECUTED, State.APPEALED})
"""It was decided and not taken back."""
TELL_ENGINEERING = N_("Telephone engineering: the crew did not come within the limit (DL-22)")


def propose_for_miss(session: Session, task_id: int, *, at: datetime) -> PenaltyEntry | None:
    """Propose a penalty for a missed clock of a repair (DL-22), once however often it is asked; managers are told, and whoever
    tracks the repair is to tell engineering.

    None where no crew was in charge: the captain's own team answers by the breach alone.
    """
    task = session.get(Task, task_id)
    breach = session.scalars(select(DeadlineBreach).where(DeadlineBreach.task_id == task_id)).one_or_none()
    if task is None or breach is None or breach.code not in PROPOSED_FOR or breach.record_kind != RepairOrder.KIND:
        return None
    cause = _cause(task)
    if (known := penalties.of_cause(session, cause)) is not None:
        return known
    order = session.get_one(RepairOrder, breach.record_id)
    crew = _in_charge(order, breach.due_at)
    if crew is None:
        return None
    late = f"{crew.name} · {order.address} · {formatting.stamp(breach.due_at)}"
    telling.have_told(session, order, TELL_ENGINEERING, detail=late, at=at, person=order.owner)
    return penalties.propose(
        session,
        rule=settings.get(session, PROPOSED_FOR[breach.code]),
        party_id=crew.foreman_id,
        crew_id=crew.id,
        record=order,
        cause=cause,
        evidence=_evidence(order, crew, task, breach),
        offended_on=clock.today(breach.due_at),
        at=at,
    )


def call_off(session: Session, task: Task, *, met_at: datetime, actor: User, at: datetime) -> list[PenaltyEntry]:
    """The clock counts as met after all: what was proposed for its miss is called off and stays in the list.

    What was decided before stays as decided, taking it back is an appeal; its history says from now on that its ground is
    gone, and managers and specialists are told. Gives what stands so.
    """
    why = N_("%(code)s counts as met") % {"code": task.code or ""}
    penalties.withdraw(session, _cause(task), why=why, actor=actor, at=at)
    if task.record_kind == RepairOrder.KIND:
        telling.call_off(session, session.get_one(RepairOrder, task.record_id), TELL_ENGINEERING, actor=actor, at=at)
    query = select(PenaltyEntry).where(PenaltyEntry.cause == _cause(task), PenaltyEntry.state.in_(STANDS))
    found = list(session.scalars(query.order_by(PenaltyEntry.id)))
    for entry in found:
        events.record(
            session, EventKind.TASK, action=GROUND_GONE, actor=actor, at=at, record=entry, code=task.code, met_at=met_at
        )
        steps.announce(session, entry, GROUND_GONE, ("managers", "specialists"), actor=actor, at=at)
    return found


def met_since(session: Session, entry: PenaltyEntry) -> DeadlineBreach | None:
    """The breach it rests on, once the work was noted as done; None: it is not done yet."""
    return session.scalars(
        select(DeadlineBreach).where(
            DeadlineBreach.id == entry.evidence.get("breach"), DeadlineBreach.met_at.is_not(None)
        )
    ).one_or_none()


def _cause(task: Task) -> str:
    return f"{task.code}:{task.record_kind}:{task.record_id}:{task.round_no}"


def _in_charge(order: RepairOrder, due_at: datetime) -> Crew | None:
    """The crew that should have come: also when the captain took over after the limit."""
    was_theirs = order.executor == Executor.RESPONSIBLE_CREW or (
        order.taken_over_at is not None and order.taken_over_at >= due_at
    )
    return order.responsible_crew if was_theirs else None


def _evidence(order: RepairOrder, crew: Crew, task: Task, breach: DeadlineBreach) -> dict[str, Any]:
    """What was known, in words and moments; later changes of the records do not touch it."""
    return {
        "breach": breach.id,
        **penalties.clock_facts(task),
        "due_at": breach.due_at.isoformat(),
        "found_at": breach.found_at.isoformat(),
        "repair": order.number,
        "address": order.address,
        "symptom": order.symptom,
        "crew": crew.name,
        "foreman": crew.foreman.name if crew.foreman else None,
        "captain": order.captain.name if order.captain else None,
    }
