"""R-04 for contracts that come in as signed, entered by hand or imported: without a passed review they were signed all the same.

Source: `domain.md` 4.3, 4.4. Where the contract goes through its steps, `services/negotiations.py` registers it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, settings
from portal.i18n import N_, _
from portal.models.contract import Contract
from portal.models.drawing_review import DrawingReview
from portal.models.org import Party, PartyKind, PartyStatus, User
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes.drawing_review import OPEN, State
from portal.services import drawing_reviews, review_penalties, tasks

NAME_THEM = N_("Signed without a drawing review: say who drew it, and propose the penalty (R-04)")


def entered_as_signed(session: Session, contract: Contract, *, actor: User | None, at: datetime) -> None:
    """A contract was entered as signed: with a passed review that ends, without one R-04 is proposed and the contract is marked.

    Nothing where its drawings passed on paper, or it was signed longer ago than `bypass_entered_days`: those are
    contracts from before. Where designer or branch manager are not known the manager is given the task to name them.
    """
    days = int(settings.get(session, "bypass_entered_days"))
    if actor is None or contract.reviewed_on_paper or contract.signed_on is None:
        return
    if contract.signed_on <= clock.today(at) - timedelta(days=days):
        return
    review = attach(session, contract)
    if review is not None and review.state == State.PASSED:
        drawing_reviews.sign(session, review, actor=actor, at=at)
    elif review is not None and review.state in OPEN:
        contract.bypass_reason = _("Entered as signed while its drawing review had not passed")
        drawing_reviews.bypass(session, review, drawing_reviews.Bypass(contract.signed_on), actor=actor, at=at)
    elif review is None:
        contract.bypass_reason = _("Entered as signed; there was no drawing review")
        _no_review(session, contract, actor, at)


def attach(session: Session, contract: Contract) -> DrawingReview | None:
    """The contract's drawing review; where none is linked yet, the customer's newest one that belongs to no contract."""
    if contract.review is None:
        free = drawing_reviews.of_customer(session, contract.customer_id, free=True)
        if free:
            free[-1].contract = contract
            session.flush()
            session.expire(contract, ["reviews"])
    return contract.review


def _no_review(session: Session, contract: Contract, actor: User, at: datetime) -> None:
    project = contract.project
    contract.designer = contract.designer or (project.designer if project is not None else None)
    manager = _branch_manager(session, contract)
    session.flush()
    if contract.designer is not None and manager is not None:
        review_penalties.for_no_review(session, contract, manager.id, actor=actor, at=at)
        return
    who = tasks.Responsible(role=Role.MANAGER)
    due = at + timedelta(hours=24)
    tasks.open_task(session, TaskKind.TODO, NAME_THEM.message, contract, due_at=due, at=at, who=who)


def _branch_manager(session: Session, contract: Contract) -> Party | None:
    """The design branch manager of the contract's branch, where there is exactly one."""
    query = select(Party).where(
        Party.kind == PartyKind.BRANCH_MANAGER, Party.status == PartyStatus.ACTIVE, Party.merged_into_id.is_(None)
    )
    if contract.branch_id is not None:
        query = query.where(Party.branch_id == contract.branch_id)
    found = session.scalars(query.order_by(Party.id).limit(2)).all()
    return found[0] if len(found) == 1 else None
