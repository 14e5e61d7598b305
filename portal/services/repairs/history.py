"""What was done in a home before: part of what a captain must know of a repair there. Source: `domain.md` 4.14 (archive consulted)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models.repair import RepairOrder

MOST = 30


@dataclass(frozen=True, slots=True)
class EarlierRepair:
    """A repair in the same home, whoever made it: what was broken and what was done, nothing about people or money."""

    number: str
    state: str
    reported_at: datetime
    done_at: datetime | None
    trade: str
    symptom: str
    cause: str | None
    work_done: str | None
    rework_count: int


def earlier(session: Session, order: RepairOrder) -> list[EarlierRepair]:
    """The other repairs of the project of a repair that the person sees, newest first.

    Also those of other captains: the person knows the home, and needs what was done there. Hence plain facts, no records.
    """
    if order.project_id is None:
        return []
    columns = [getattr(RepairOrder, name) for name in EarlierRepair.__dataclass_fields__]
    query = select(*columns).where(RepairOrder.project_id == order.project_id, RepairOrder.id != order.id)
    rows = session.execute(query.order_by(RepairOrder.reported_at.desc(), RepairOrder.id.desc()).limit(MOST))
    return [EarlierRepair(*row) for row in rows]
