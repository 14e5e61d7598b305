"""Who bears what an approval is about: those who may not decide about it. Rule: `processes/approval.bears_liability`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from portal.models.approval import Approval
from portal.models.cancellation import Cancellation, CancellationShare
from portal.models.compensation import CompensationShare
from portal.models.complaint import Escalation
from portal.models.org import Department
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairCostCase
from portal.processes.repair import Cause

Liable = tuple[frozenset[int], frozenset[str]]
"""Numbers of people without a login, and departments."""
OF_CAUSE = {Cause.MATERIAL: Department.PURCHASING, Cause.DESIGN: Department.DESIGN}
"""Which department besides engineering answers for the cause of a repair."""


def of_approval(session: Session, approval: Approval) -> Liable:
    """The people and departments that bear the payment, the loss or the penalty.

    Crews belong to engineering. Where a complaint names a responsible department that is liable too, even if none of
    its people bears a share. A cost case is of engineering always, whose head confirmed the liability (4.15). A penalty is
    confirmed by the head of the person's own department (4.18): there only the person is out.
    """
    if approval.record_kind == Escalation.KIND:
        case = session.get_one(Escalation, approval.record_id)
        people, departments = _of_shares(case.shares)
        named = [each for each in case.complaint.departments if each.replaced_at is None]
        heads = {each.head_id for each in named if each.head_id}
        return people | heads, departments | {each.department for each in named}
    if approval.record_kind == Cancellation.KIND:
        return _of_shares(session.get_one(Cancellation, approval.record_id).shares)
    if approval.record_kind == RepairCostCase.KIND:
        cost = session.get_one(RepairCostCase, approval.record_id)
        also = OF_CAUSE.get(Cause(cost.cause)) if cost.cause else None
        return _there(cost.crew.foreman_id, cost.confirmed_by_id), frozenset(
            {Department.ENGINEERING.value, *((also.value,) if also else ())}
        )
    if approval.record_kind == PenaltyEntry.KIND:
        return _there(session.get_one(PenaltyEntry, approval.record_id).party_id), frozenset()
    return frozenset(), frozenset()


def _there(*numbers: int | None) -> frozenset[int]:
    return frozenset(number for number in numbers if number is not None)


def _of_shares(shares: Iterable[CompensationShare | CancellationShare]) -> Liable:
    people: set[int | None] = set()
    departments: set[str] = set()
    for share in shares:
        if share.party is not None:
            people.add(share.party.id)
            departments |= {share.party.department} if share.party.department else set()
        if share.crew is not None:
            people.add(share.crew.foreman_id)
            departments.add(Department.ENGINEERING.value)
    return _there(*people), frozenset(departments)
