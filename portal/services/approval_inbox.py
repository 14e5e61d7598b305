"""The inbox of whoever decides: what waits, whose word it takes, and whether one tap is enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import visibility
from portal.models.approval import Approval, ApprovalStep
from portal.models.org import User
from portal.paths import record_path
from portal.processes.approval import RECORDED, Level, State, What
from portal.services import approvals

MOST = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request in the inbox. `one_tap`: the manager's own word, nothing to fill in."""

    number: str
    version: int
    what: str
    subject: str
    record_number: str
    record_path: str
    amount: Decimal | None
    counted: Decimal | None
    level: str
    who: str | None
    asked_by: str | None
    asked_at: datetime
    round_no: int
    one_tap: bool

    @property
    def path(self) -> str:
        """The page of the request."""
        return record_path(Approval.KIND, self.number)


def waiting(session: Session, user: User) -> list[Waiting]:
    """What waits for a decision and this person may decide or record, what was asked first first."""
    query = (
        approvals.visible_to(user)
        .where(Approval.state == State.WAITING)
        .options(
            joinedload(Approval.asked_by),
            selectinload(Approval.steps).joinedload(ApprovalStep.party),
            selectinload(Approval.steps).joinedload(ApprovalStep.user),
        )
        .order_by(Approval.asked_at, Approval.id)
        .limit(MOST)
    )
    return [_shown(approval) for approval in session.scalars(query)]


def count(session: Session, user: User) -> int:
    """How many wait."""
    query = select(func.count()).select_from(Approval)
    return session.scalar(query.where(visibility.condition(user, Approval), Approval.state == State.WAITING)) or 0


def _shown(approval: Approval) -> Waiting:
    step = approval.present
    level = step.level if step is not None else Level.MANAGER
    return Waiting(
        number=approval.number,
        version=approval.version,
        what=What.show(approval.what),
        subject=approval.subject,
        record_number=approval.record_number,
        record_path=record_path(approval.record_kind, approval.record_number),
        amount=approval.amount,
        counted=approval.counted if approval.counted != approval.amount else None,
        level=Level.show(level),
        who=step.who if step is not None else None,
        asked_by=approval.asked_by.name if approval.asked_by else None,
        asked_at=approval.asked_at,
        round_no=approval.round_no,
        one_tap=level not in RECORDED,
    )
