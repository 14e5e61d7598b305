"""The inbox of whoever decides: what waits, whose word it takes, and whether one tap is enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session, joinedload

from portal import visibility
from portal.i18n import N_
from portal.models.approval import Approval, ApprovalStep
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairCostCase
from portal.paths import record_path
from portal.processes import penalty
from portal.processes import repair_cost as cost
from portal.processes.approval import RECORDED, Level, State, What
from portal.services import approvals

MOST = 100
AGREED = N_("Agreed", "decision")
"""What is noted as the decision with one tap."""


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
    path: str
    """The page of the request, or of the record itself where it asks by its own step."""
    round_no: int = 1
    fields: tuple[tuple[str, str], ...] = ()
    """What one tap sends beside the version."""
    one_tap: bool = False
    may_refuse: bool = True
    is_recorded: bool = False
    """Whether it is the word of somebody without a login."""


def waiting(session: Session, user: User) -> list[Waiting]:
    """Everything that waits for a decision and this person may decide or record, what was asked first first."""
    found = [*requests(session, user), *_cost_cases(session, user), *_penalties(session, user)]
    return sorted(found, key=lambda item: item.asked_at)[:MOST]


def requests(session: Session, user: User, most: int = MOST) -> list[Waiting]:
    """The requests for consent alone, in one question."""
    query = (
        approvals.visible_to(user)
        .where(Approval.state == State.WAITING)
        .options(
            joinedload(Approval.asked_by),
            joinedload(Approval.steps).joinedload(ApprovalStep.party),
            joinedload(Approval.steps).joinedload(ApprovalStep.user),
        )
        .order_by(Approval.asked_at, Approval.id)
        .limit(most)
    )
    return [_shown(approval) for approval in session.scalars(query).unique()]


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
        path=record_path(Approval.KIND, approval.number),
        round_no=approval.round_no,
        one_tap=level not in RECORDED,
        is_recorded=level in RECORDED,
    )


def _cost_cases(session: Session, user: User) -> list[Waiting]:
    """Repair costs that engineering confirmed: within the limit one tap, above it the general manager's word is recorded."""
    query = visibility.visible_to(user, RepairCostCase).where(RepairCostCase.state == cost.State.CONFIRMED)
    query = query.options(joinedload(RepairCostCase.order), joinedload(RepairCostCase.owner)).limit(MOST)
    return [
        Waiting(
            number=case.number,
            version=case.version,
            what=What.show(What.COST_CASE),
            subject=case.order.reporter,
            record_number=case.number,
            record_path=record_path(case.KIND, case.number),
            path=record_path(case.KIND, case.number),
            amount=case.estimate,
            counted=None,
            level=Level.show(Level.MANAGER if case.estimate <= case.approval_limit else Level.GM),
            who=None,
            asked_by=case.owner.name if case.owner else None,
            asked_at=case.confirmed_at or case.updated_at,
            fields=(("decision", str(AGREED)),),
            one_tap=case.estimate <= case.approval_limit,
            may_refuse=False,
        )
        for case in session.scalars(query)
    ]


def _penalties(session: Session, user: User) -> list[Waiting]:
    """Proposed penalties: their form says what is decided and who confirmed it."""
    query = visibility.visible_to(user, PenaltyEntry).where(PenaltyEntry.state == penalty.State.PROPOSED)
    query = query.options(
        joinedload(PenaltyEntry.party),
        joinedload(PenaltyEntry.crew),
        joinedload(PenaltyEntry.user),
        joinedload(PenaltyEntry.proposed_by),
    ).order_by(PenaltyEntry.id)
    return [
        Waiting(
            number=entry.number,
            version=entry.version,
            what=What.show(What.PENALTY),
            subject=f"{entry.person} · {penalty.Kind.show(entry.kind)}",
            record_number=entry.number,
            record_path=record_path(entry.KIND, entry.number),
            path=record_path(entry.KIND, entry.number),
            amount=entry.amount,
            counted=None,
            level=Level.show(Level.MANAGER if penalty.is_own(entry) else Level.HEAD),
            who=None,
            asked_by=entry.proposed_by.name if entry.proposed_by else None,
            asked_at=entry.created_at,
        )
        for entry in session.scalars(query.limit(MOST))
    ]
