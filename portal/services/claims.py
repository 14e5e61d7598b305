"""Clocks that were met on a phone without signal and heard of after their limit: the manager accepts or refuses.

Until a manager accepts, such a clock counts as missed. Both times stay, whatever is decided. Source: DL-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, select
from sqlalchemy.orm import Session, joinedload

from portal import outbox, visibility
from portal.errors import DomainError
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.field_entry import ClaimState, DeadlineClaim
from portal.models.org import User
from portal.models.task import DeadlineBreach, Task
from portal.prepared import among, filled
from portal.reading import Asked
from portal.services import events

ARRIVAL = "arrival"
"""Where a session keeps what the phone said of the entry that is being carried out (`field_entries.Arrival`)."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """The record of a clock, as events name it."""

    KIND: str
    id: int
    number: str
    customer_id: int | None


def is_claimable(session: Session, task: Task, happened_at: datetime, at: datetime) -> bool:
    """Whether the clock was met on a phone before its limit while the portal hears of it only now, after it."""
    arrival: Any = session.info.get(ARRIVAL)
    if arrival is None or task.code is None or task.due_at is None:
        return False
    return happened_at <= task.due_at < at and arrival.happened_at <= task.due_at


def claim(session: Session, task: Task, *, met_at: datetime, at: datetime, actor: User) -> None:
    """Put it before the managers, who are told; the clock counts as missed meanwhile."""
    arrival: Any = session.info[ARRIVAL]
    assert task.due_at is not None
    made = DeadlineClaim(
        task_id=task.id,
        user_id=actor.id,
        branch_id=task.branch_id,
        due_at=task.due_at,
        met_at=met_at,
        device_at=arrival.device_at,
        skew_seconds=arrival.skew_seconds,
        received_at=at,
    )
    session.add(made)
    session.flush()
    outbox.post(session, "notify_claim", key=f"claim:{made.id}", at=at, claim_id=made.id)
    _say(session, task, "claim", actor, at, met_at=met_at, received_at=at)


def decide(session: Session, claim: DeadlineClaim, *, accept: bool, actor: User, at: datetime) -> None:
    """Accepted, the clock counts as met when it was met on the phone; refused, it stays missed.

    Raises DomainError when it was decided before.
    """
    if claim.state != ClaimState.OPEN:
        raise DomainError(N_("Somebody decided this already."))
    claim.state = ClaimState.ACCEPTED if accept else ClaimState.REFUSED
    claim.decided_at, claim.decided_by_id = at, actor.id
    task = claim.task
    if accept:
        task.breached_at, task.closed_at = None, claim.met_at
        session.execute(delete(DeadlineBreach).where(DeadlineBreach.task_id == task.id))
    action = "claim-accepted" if accept else "claim-refused"
    _say(session, task, action, actor, at, met_at=claim.met_at, received_at=claim.received_at)


def visible_to(user: visibility.Viewer) -> Any:
    """The claims that exist for this person: only managers decide them."""
    return visibility.visible_to(user, DeadlineClaim)


def open_count(session: Session, user: User) -> int:
    """How many wait for this manager."""
    return session.scalar(select(func.count()).select_from(_of(user, _IS_OPEN).subquery())) or 0


def open_ones(session: Session, user: User, most: int = 100) -> Sequence[DeadlineClaim]:
    """What waits, the longest waiting first."""
    given = visibility.parameters(user) | {"most": most}
    return session.scalars(_waiting(visibility.placeholder(user)), given).all()


@lru_cache
def _waiting(viewer: visibility.Placeholder) -> Any:
    found = _of(viewer, _IS_OPEN).options(*_NAMED).order_by(DeadlineClaim.received_at, DeadlineClaim.id)
    return found.limit(bindparam("most"))


def decided_ones(session: Session, user: User, most: int = 50) -> Sequence[DeadlineClaim]:
    """What was decided, the latest first."""
    found = _of(user, ~_IS_OPEN).options(*_NAMED).order_by(DeadlineClaim.decided_at.desc()).limit(most)
    return session.scalars(found).all()


def of_tasks(session: Session, task_ids: Sequence[int]) -> dict[int, DeadlineClaim]:
    """The claims of clocks, by clock; whoever sees the clock sees both its times."""
    found = _of_tasks(len(task_ids)).all(session, filled("task", task_ids))
    return {claim.task_id: claim for claim in found}


@lru_cache(maxsize=64)
def _of_tasks(count: int) -> Asked[DeadlineClaim]:
    return Asked(DeadlineClaim, ("decided_by",), (among(DeadlineClaim.task_id, "task", count),))


_IS_OPEN = DeadlineClaim.state == ClaimState.OPEN.value
_NAMED = (joinedload(DeadlineClaim.task), joinedload(DeadlineClaim.user), joinedload(DeadlineClaim.decided_by))


def _of(user: visibility.Viewer, state: ColumnElement[bool]) -> Any:
    return visible_to(user).where(state)


def true_time(device_at: datetime, skew_seconds: int) -> datetime:
    """What the clock of the server showed when the phone's showed that."""
    return device_at - timedelta(seconds=skew_seconds)


def _say(session: Session, task: Task, action: str, actor: User, at: datetime, **data: Any) -> None:
    record = TaskRecord(task.record_kind, task.record_id, task.record_number, task.customer_id)
    events.record(
        session, EventKind.TASK, action=action, actor=actor, at=at, record=record, code=task.code, task=task.id, **data
    )
