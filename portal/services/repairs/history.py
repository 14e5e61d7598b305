"""What was repaired in a home before. Source: `domain.md` 4.14 (archive consulted), 7.1 (a captain: full on assigned)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.services.repairs.common import visible_to

MOST = 30


def earlier(session: Session, order: RepairOrder, user: User) -> list[RepairOrder]:
    """The other repairs of the project of a repair that the person may see, newest first."""
    if order.project_id is None:
        return []
    query = visible_to(user).where(RepairOrder.project_id == order.project_id, RepairOrder.id != order.id)
    return list(session.scalars(query.order_by(RepairOrder.reported_at.desc(), RepairOrder.id.desc()).limit(MOST)))
