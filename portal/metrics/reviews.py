"""Figures of drawing reviews. Source: `domain.md` 6.2, M-01 to M-05."""

from __future__ import annotations

from typing import Any

from portal.i18n import N_
from portal.metrics import clocks
from portal.metrics.questions import Count, Mean, Period, Question, Rows, Share, Sum
from portal.metrics.registry import Unit, metric
from portal.models.drawing_review import DrawingReview, ReviewRound
from portal.models.ledger import LedgerLine
from portal.models.penalty import PenaltyEntry
from portal.permissions import Permission
from portal.processes.drawing_review import Result
from portal.processes.penalty import Kind

P = Permission
WARNED = "K-01"
"""The line of the catalogue that R-01 proposes."""


def _first_rounds(*where: Any) -> Rows:
    return Rows(ReviewRound, (ReviewRound.round_no == 1, *where), DrawingReview, ReviewRound.review_id)


def decided(period: Period, *where: Any) -> Rows:
    """Penalties by the day of the decision, those that were taken back by the day they were."""
    return Rows(LedgerLine, (period.holds_day(LedgerLine.decided_on), *where), PenaltyEntry, LedgerLine.penalty_id)


@metric("M-01", N_("Reviews submitted", "metric"), Unit.COUNT, P.REVIEW_VIEW)
def submitted(period: Period) -> Question:
    """Reviews whose round 1 was submitted in the period."""
    return Count(_first_rounds(period.holds(ReviewRound.submitted_at)))


@metric("M-02", N_("First-pass rate", "metric"), Unit.PERCENT, P.REVIEW_VIEW, "more")
def first_pass_rate(period: Period) -> Question:
    """Passed in round 1 ÷ results of round 1, by the moment of the result."""
    whole = _first_rounds(period.holds(ReviewRound.reviewed_at))
    return Share(whole.only(ReviewRound.result == Result.PASS), whole)


@metric("M-03", N_("Average score of reviews", "metric"), Unit.POINTS, P.REVIEW_VIEW, "more")
def average_score(period: Period) -> Question:
    """Mean of the scores of round 1, by the moment of the result."""
    return Mean(_first_rounds(period.holds(ReviewRound.reviewed_at)), ReviewRound.score)


@metric("M-04.warnings", N_("Warnings of reviews", "metric"), Unit.COUNT, P.PENALTY_VIEW, "less")
def warnings(period: Period) -> Question:
    """Warnings by R-01 that were approved in the period."""
    lines = decided(period, LedgerLine.is_reversal.is_(False))
    return Count(lines.only(PenaltyEntry.kind == Kind.WARNING, PenaltyEntry.rule == WARNED))


@metric("M-04.deductions", N_("Commission deducted", "metric"), Unit.YUAN, P.PENALTY_VIEW, "less")
def deductions(period: Period) -> Question:
    """Sum of the commission deductions approved in the period, less those taken back."""
    return Sum(decided(period, PenaltyEntry.kind == Kind.COMMISSION_DEDUCTION), LedgerLine.amount)


@metric("M-05", N_("Reviews in time", "metric"), Unit.PERCENT, P.REVIEW_VIEW, "more")
def in_time(period: Period) -> Question:
    """Results within DL-04 ÷ results, every round, by the moment of the result."""
    return clocks.kept_of_ended(period, "DL-04", DrawingReview)
