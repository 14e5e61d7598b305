"""From drawing reviews and contracts to what F-01 to F-03 and F-32 show. Call inside `i18n.use_locale`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.documents.building import name_of
from portal.documents.review_views import (
    CorrectionSheet,
    DeductionRow,
    DeductionSheet,
    FindingRow,
    IntentPaper,
    ReviewRecord,
    RoundRow,
)
from portal.documents.views import Signature
from portal.files.store import Store
from portal.i18n import _p
from portal.models.contract import Contract, PaymentKind
from portal.models.drawing_review import DrawingReview, ReviewFinding, ReviewRound
from portal.models.penalty import PenaltyEntry
from portal.processes.drawing_review import Paper, Result
from portal.processes.drawing_review import State as ReviewState
from portal.processes.penalty import Kind, State
from portal.services import penalty_ledger, review_figures, tasks

DECIDED = (ReviewState.PASSED, ReviewState.RETURNED)
"""States that say no more than the result of the round."""
NOT_COUNTED = (State.REJECTED, State.CANCELLED)


def review_record(session: Session, review: DrawingReview, _store: Store) -> ReviewRecord:
    """F-01 as far as the review has come."""
    due = {task.round_no: task.due_at for task in tasks.clocks_of(session, review) if task.code == "DL-04"}
    current = review.current
    decided_on = clock.today(current.reviewed_at) if current.reviewed_at else None
    return ReviewRecord(
        number=review.number,
        customer=review.customer.name,
        address=review.title,
        designer=review.designer.name,
        branch_manager=review.branch_manager.name,
        store=name_of(review.store),
        amount=review.contract_amount,
        papers=tuple((str(paper.label), paper.value in current.documents) for paper in Paper),
        rounds=tuple(
            RoundRow(
                each.round_no,
                each.submitted_at,
                due.get(each.round_no),
                each.reviewed_at,
                "、".join(Paper.show(code) for code in each.documents),
                each.score,
                Result.show(each.result) if each.result else None,
                each.opinion,
                name_of(each.reviewer),
            )
            for each in review.rounds
        ),
        findings=_findings(review),
        round_no=review.round_no,
        score=current.score,
        pass_score=current.pass_score,
        result=_outcome(review),
        signatures=(
            Signature(_p("form", "Reviewer"), name_of(current.reviewer or review.owner), decided_on),
            Signature(
                _p("form", "Received by the design department"),
                name_of(current.acknowledged_by),
                clock.today(current.acknowledged_at) if current.acknowledged_at else None,
            ),
            Signature(_p("form", "Manager")),
        ),
    )


def _outcome(review: DrawingReview) -> str:
    """What the round came to, and what became of the drawings after it; a signature is no result."""
    said = [Result.show(review.current.result)] if review.current.result else []
    if not said or review.state not in DECIDED:
        said.append(str(review.PROCESS.state(review.state).label))
    return " · ".join(said)


def deduction_sheet(session: Session, review: DrawingReview, _store: Store) -> DeductionSheet:
    """F-02: every round decided in the month of this review's last result, of its designer."""
    last = max((each.reviewed_at for each in review.rounds if each.reviewed_at), default=review.submitted_at)
    month = clock.today(last).replace(day=1)
    start, end = review_figures.month_of(month)
    query = (
        select(ReviewRound)
        .join(DrawingReview, DrawingReview.id == ReviewRound.review_id)
        .where(DrawingReview.designer_id == review.designer_id, DrawingReview.branch_id == review.branch_id)
        .where(ReviewRound.reviewed_at >= start, ReviewRound.reviewed_at < end)
        .order_by(ReviewRound.reviewed_at, ReviewRound.id)
    )
    rounds = list(session.scalars(query))
    first = [each for each in rounds if each.round_no == 1]
    passed = sum(each.result == Result.PASS for each in first)
    return DeductionSheet(
        number=f"{review.designer.name} {month:%Y-%m}",
        designer=review.designer.name,
        store=name_of(review.store),
        month=f"{month:%Y-%m}",
        rows=tuple(_deduction(each) for each in rounds),
        total=sum(_points(each) for each in rounds),
        warnings=_entries(session, rounds, review.designer_id, Kind.WARNING, month)[0],
        deducted=_entries(session, rounds, review.designer_id, Kind.COMMISSION_DEDUCTION, month)[1],
        first_pass=formatting.percent(passed / len(first) if first else None),
        signatures=(
            Signature(_p("form", "Reviewer"), name_of(review.current.reviewer or review.owner)),
            Signature(_p("form", "Manager")),
            Signature(_p("form", "Received by HR")),
        ),
    )


def correction_sheet(_session: Session, review: DrawingReview, _store: Store) -> CorrectionSheet:
    """F-03: what is to be put right, and what became of it."""
    returned = [each for each in review.rounds if each.result == Result.RETURN]
    last = returned[-1] if returned else None
    return CorrectionSheet(
        number=review.number,
        customer=review.customer.name,
        address=review.title,
        designer=review.designer.name,
        store=name_of(review.store),
        round_no=last.round_no if last else review.round_no,
        returned_at=last.reviewed_at if last else None,
        opinion=last.opinion if last else None,
        findings=_findings(review),
        signatures=(
            Signature(_p("form", "Reviewer"), name_of(last.reviewer if last else review.owner)),
            Signature(
                _p("form", "Designer"),
                review.designer.name,
                clock.today(last.acknowledged_at) if last and last.acknowledged_at else None,
            ),
            Signature(_p("form", "Design branch manager"), review.branch_manager.name),
        ),
    )


def letter_of_intent(_session: Session, contract: Contract, _store: Store) -> IntentPaper:
    """F-32 of a contract."""
    homes = contract.customer.properties
    address = contract.project.property.address if contract.project else homes[0].address if homes else None
    return IntentPaper(
        number=contract.number,
        customer=contract.customer.name,
        phone=contract.customer.phone,
        address=address,
        scope=contract.scope,
        amount=contract.amount,
        duration_days=contract.duration_days,
        designer=name_of(contract.designer),
        store=name_of(contract.store),
        terms=tuple((PaymentKind.show(term.kind), term.due_event or "", term.amount) for term in contract.terms),
        intended_on=contract.intended_on,
        signatures=(
            Signature(_p("form", "Company seal"), None, contract.intended_on),
            Signature(_p("form", "Customer's signature"), contract.customer.name, contract.intended_on),
        ),
        style=contract.style,
        deposit=contract.deposit,
        intended_until=contract.intended_until,
    )


def _findings(review: DrawingReview) -> tuple[FindingRow, ...]:
    reviewers = {each.round_no: name_of(each.reviewer) for each in review.rounds}
    return tuple(_finding(number, each, reviewers) for number, each in enumerate(review.findings, 1))


def _finding(number: int, each: ReviewFinding, reviewers: dict[int, Any]) -> FindingRow:
    judged = each.fixed_in_round or each.judged_in_round
    result = None
    if each.fixed_in_round:
        result = _p("form", "Corrected")
    elif judged:
        result = _p("form", "Not corrected")
    return FindingRow(
        number=number,
        code=each.code,
        title=each.title,
        place=each.place,
        description=each.description,
        count=each.count,
        points=each.points,
        must_fix=each.must_fix,
        round_no=each.round_no,
        fixed=_p("form", "round %(number)s", number=each.fixed_in_round) if each.fixed_in_round else None,
        fixed_at=each.fixed_at,
        checked_by=reviewers.get(judged) if judged else None,
        result=result,
    )


def _counted(each: ReviewRound) -> list[ReviewFinding]:
    return [finding for finding in each.review.findings if finding.is_open_in(each.round_no)]


def _points(each: ReviewRound) -> int:
    """What the findings of a round deduct together, also where the score is nothing already."""
    return sum(finding.points for finding in _counted(each))


def _deduction(each: ReviewRound) -> DeductionRow:
    counted = _counted(each)
    return DeductionRow(
        number=each.review.number,
        customer=each.review.customer.name,
        reviewed_on=clock.today(each.reviewed_at or each.submitted_at),
        round_no=each.round_no,
        items="、".join(f"{finding.code}×{finding.count}" for finding in counted) or "–",
        points=_points(each),
        score=each.score or 0,
        result=Result.show(each.result),
    )


def _entries(
    session: Session, rounds: list[ReviewRound], designer_id: int, kind: Kind, month: date
) -> tuple[int, Decimal]:
    """How many penalties of the month come from these reviews, and their sum in yuan; another month has its own sheet."""
    reviews = {each.review_id for each in rounds}
    count, amount = session.execute(
        select(func.count(), func.sum(PenaltyEntry.amount)).where(
            PenaltyEntry.record_kind == DrawingReview.KIND,
            PenaltyEntry.record_id.in_(reviews),
            PenaltyEntry.party_id == designer_id,
            PenaltyEntry.kind == kind,
            PenaltyEntry.offended_on >= month,
            PenaltyEntry.offended_on < penalty_ledger.after(month),
            PenaltyEntry.state.not_in(NOT_COUNTED),
        )
    ).one()
    return count, Decimal(amount or 0).quantize(Decimal("0.01"))


BUILDERS: dict[str, Any] = {
    "F-01": review_record,
    "F-02": deduction_sheet,
    "F-03": correction_sheet,
    "F-32": letter_of_intent,
}
