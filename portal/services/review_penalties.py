"""What a drawing review has proposed for: R-01, R-03, R-04 with R-05, by the lines K-01 to K-04. Source: `domain.md` 4.4, 7.9.

All are proposals (P18); each cause names rule, review and round, so nothing is proposed twice.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import formatting, settings
from portal.i18n import N_, _
from portal.models.contract import Contract
from portal.models.drawing_review import DrawingReview
from portal.models.org import User
from portal.processes import drawing_review as rules
from portal.processes.penalty import Kind, amount_of
from portal.services import penalties, tasks

IN_ITS_PLACE = N_("R-04 stands in its place: it was signed without a pass.")


def for_result(session: Session, review: DrawingReview, *, actor: User, at: datetime) -> None:
    """After a round was decided: R-01 from round 1, R-03 from the later ones when something earlier is not corrected."""
    current = review.current
    if rules.deserves_warning(current.round_no, current.score or 0, current.pass_score):
        penalties.propose(
            session, rule="K-01", party_id=review.designer_id, record=review, cause=f"R-01:{review.number}",
            evidence=_evidence(session, review), at=at, actor=actor,
        )  # fmt: skip
    if review.state == rules.State.SIGNED_WITHOUT_PASS:
        return  # R-04 stands in place of R-03
    left = [finding for finding in review.open_findings if finding.round_no < current.round_no]
    if left:
        base = deduction_base(session, review.contract_amount)
        penalties.propose(
            session, rule="K-02", party_id=review.designer_id, record=review,
            cause=_recheck(review, current.round_no), evidence=_evidence(session, review),
            percent=settings.get(session, "ratio_recheck"), base=base, at=at, actor=actor,
        )  # fmt: skip


def for_bypass(session: Session, review: DrawingReview, *, actor: User, at: datetime) -> None:
    """R-04: signed without a pass. The designer, and the head of the branch; what R-03 proposed for the round is called off."""
    penalties.withdraw(session, _recheck(review, review.round_no), why=IN_ITS_PLACE, actor=actor, at=at)
    _bypassed(
        session, review, review.designer_id, review.branch_manager_id, review.contract_amount, _evidence(session, review),
        actor, at,
    )  # fmt: skip


def for_no_review(session: Session, contract: Contract, branch_manager_id: int, *, actor: User, at: datetime) -> None:
    """R-04: signed with no review at all is treated alike."""
    evidence = {"contract": contract.number, "amount": str(contract.amount), "signed_on": str(contract.signed_on)}
    assert contract.designer_id is not None, "asked for before it is signed all the same"
    _bypassed(
        session, contract, contract.designer_id, branch_manager_id, contract.amount, evidence, actor, at
    )  # fmt: skip


def foreseen(session: Session, review: DrawingReview) -> list[str]:
    """What would be proposed if the round were decided as it stands, in words."""
    said = []
    if rules.deserves_warning(review.round_no, review.score, review.pass_score):
        said.append(_("%(name)s: one warning (R-01)", name=review.designer.name))
    if review.state != rules.State.SIGNED_WITHOUT_PASS and any(
        finding.round_no < review.round_no for finding in review.open_findings
    ):
        percent = settings.get(session, "ratio_recheck")
        amount = amount_of(percent, deduction_base(session, review.contract_amount))
        said.append(
            _(
                "%(name)s: %(percent)s %% less commission, %(amount)s yuan (R-03)",
                name=review.designer.name,
                percent=f"{percent.normalize():f}",
                amount=formatting.money(amount),
            )
        )
    return said


def deduction_base(session: Session, amount: Decimal) -> Decimal:
    """R-05: what the percentages are taken from, in yuan: the contract amount, or the designer's commission on it."""
    return rules.commission_base(
        amount, settings.get(session, "commission_base"), settings.get(session, "designer_commission")
    )


def _bypassed(
    session: Session,
    record: Any,
    designer_id: int,
    branch_manager_id: int,
    amount: Decimal,
    evidence: dict[str, Any],
    actor: User,
    at: datetime,
) -> None:
    cause = f"R-04:{record.number}"
    said: dict[str, Any] = {"record": record, "cause": cause, "evidence": evidence, "at": at, "actor": actor}
    penalties.propose(
        session, rule="K-03", party_id=designer_id, kind=Kind.COMMISSION_DEDUCTION,
        percent=settings.get(session, "ratio_bypass"), base=deduction_base(session, amount), **said,
    )  # fmt: skip
    penalties.propose(session, rule="K-03", party_id=designer_id, kind=Kind.PUBLIC_CRITICISM, **said)
    penalties.propose(session, rule="K-04", party_id=branch_manager_id, **said)


def _recheck(review: DrawingReview, round_no: int) -> str:
    return f"R-03:{review.number}:{round_no}"


def _evidence(session: Session, review: DrawingReview) -> dict[str, Any]:
    """The round as it was decided, or stood when it was signed, with its clock."""
    current = review.current
    clocks = [
        task for task in tasks.clocks_of(session, review) if (task.code, task.round_no) == ("DL-04", review.round_no)
    ]
    return {
        "review": review.number,
        "address": review.title,
        "round": current.round_no,
        "reviewed_at": current.reviewed_at.isoformat() if current.reviewed_at else None,
        **(penalties.clock_facts(clocks[-1]) if clocks else {}),
        "score": current.score if current.score is not None else review.score,
        "pass_score": current.pass_score,
        "findings": [
            {"code": each.code, "title": each.title, "count": each.count, "points": each.points, "place": each.place}
            for each in review.open_findings
        ],
        "designer": review.designer.name,
        "contract": review.contract.number if review.contract else None,
        "amount": str(review.contract_amount),
        "signed_on": str(review.signed_on) if review.signed_on else None,
    }
