"""The inbox of whoever decides: what waits, whose word it takes, and whether one tap is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload

from portal import visibility
from portal.i18n import Text
from portal.models.approval import Approval, ApprovalStep
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.paths import record_path
from portal.processes import penalty
from portal.processes.approval import RECORDED, Action, Level, State, What
from portal.services import approvals

MOST = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request in the inbox. `one_tap`: the manager's own word, nothing to fill in."""

    number: str
    version: int
    what: str
    """What kind of thing it is; of a penalty what was done."""
    subject: str
    record_number: str
    record_path: str
    amount: Decimal | None
    counted: Decimal | None
    level: str
    who: str | None
    asked_by: str | None
    asked_at: datetime
    path: str
    """The page of the request, or of the record itself where kind and amount are decided with it."""
    refuse: str = "refuse"
    """The step that says no."""
    round_no: int = 1
    one_tap: bool = False
    is_recorded: bool = False
    """Whether it is the word of somebody without a login."""


def waiting(session: Session, user: User, most: int = MOST) -> list[Waiting]:
    """What waits for a decision and this person may decide or record, what was asked first first; in two questions."""
    given = visibility.parameters(user) | {"most": most}
    found = session.scalars(_waiting(visibility.placeholder(user)), given).unique().all()
    offences = _offences(session, [each.id for each in found if each.what == What.PENALTY])
    return [_shown(each, str(offences.get(each.id) or What.show(each.what))) for each in found]


@lru_cache
def _waiting(viewer: visibility.Placeholder) -> Select[Approval]:
    return (
        approvals.visible_to(viewer)
        .where(Approval.state == State.WAITING)
        .options(
            joinedload(Approval.asked_by),
            joinedload(Approval.steps).joinedload(ApprovalStep.party),
            joinedload(Approval.steps).joinedload(ApprovalStep.user),
        )
        .order_by(Approval.asked_at, Approval.id)
        .limit(bindparam("most"))
    )


def _offences(session: Session, approvals: Sequence[int]) -> dict[int, Text]:
    """What was done, by the request that waits because of it."""
    if not approvals:
        return {}
    query = select(PenaltyEntry).where(PenaltyEntry.approval_id.in_(approvals))
    return {entry.approval_id: entry.offence for entry in session.scalars(query) if entry.approval_id}


def _shown(approval: Approval, what: str) -> Waiting:
    step = approval.present
    level = step.level if step is not None else Level.MANAGER
    path, is_penalty = record_path(approval.record_kind, approval.record_number), approval.what == What.PENALTY
    return Waiting(
        number=approval.number,
        version=approval.version,
        what=what,
        subject=approval.subject,
        record_number=approval.record_number,
        record_path=path,
        amount=approval.amount,
        counted=approval.counted if approval.counted != approval.amount else None,
        level=Level.show(level),
        who=step.who if step is not None else None,
        asked_by=approval.asked_by.name if approval.asked_by else None,
        asked_at=approval.asked_at,
        path=path if is_penalty else record_path(Approval.KIND, approval.number),
        refuse=str(penalty.Action.REJECT if is_penalty else Action.REFUSE),
        round_no=approval.round_no,
        one_tap=level not in RECORDED and not is_penalty,
        is_recorded=level in RECORDED,
    )
