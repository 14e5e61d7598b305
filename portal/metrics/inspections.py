"""Figures of pre-acceptances. Source: `domain.md` 6.2, M-30 to M-34."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists

from portal.i18n import N_
from portal.listing.days import first_day
from portal.metrics.questions import Count, Period, Question, Rows, Share
from portal.metrics.registry import Unit, metric
from portal.models.pre_acceptance import Inspection, RectificationNotice
from portal.permissions import Permission
from portal.processes.pre_acceptance import Result

P = Permission
HELD = (Result.PASS, Result.FAIL)


def _held(period: Period, *where: Any) -> Rows:
    return Rows(Inspection, (period.holds(Inspection.finished_at), Inspection.result.in_(HELD), *where))


@metric("M-30", N_("Inspections", "metric"), Unit.COUNT, P.PREACCEPT_VIEW)
def inspections(period: Period) -> Question:
    """Inspections that were held in the period and ended with a result."""
    return Count(_held(period))


@metric("M-30.projects", N_("Projects inspected", "metric"), Unit.COUNT, P.PREACCEPT_VIEW)
def projects(period: Period) -> Question:
    """The projects of these inspections."""
    return Count(_held(period), distinct=Inspection.pre_acceptance_id)


@metric("M-31", N_("Passed at the first inspection", "metric"), Unit.PERCENT, P.PREACCEPT_VIEW, "more")
def first_pass_rate(period: Period) -> Question:
    """Passed at the first inspection ÷ projects inspected for the first time in the period."""
    whole = _held(period, Inspection.cycle == 1, Inspection.round_no == 1)
    return Share(whole.only(Inspection.result == Result.PASS), whole)


@metric("M-32", N_("Failed at the second inspection", "metric"), Unit.COUNT, P.PREACCEPT_VIEW, "less")
def second_failures(period: Period) -> Question:
    """Second inspections that failed in the period."""
    return Count(_held(period, Inspection.round_no == 2, Inspection.result == Result.FAIL))


@metric("M-33", N_("Failed at the third inspection", "metric"), Unit.COUNT, P.PREACCEPT_VIEW, "less")
def third_failures(period: Period) -> Question:
    """Third inspections that failed in the period."""
    return Count(_held(period, Inspection.round_no == 3, Inspection.result == Result.FAIL))


@metric("M-34", N_("Rectified in time", "metric"), Unit.PERCENT, P.PREACCEPT_VIEW, "more")
def rectified_in_time(period: Period) -> Question:
    """Re-inspected on the agreed day and passed ÷ notices whose re-inspection was agreed for the period."""
    whole = Rows(RectificationNotice, (period.holds(RectificationNotice.recheck_at),))
    passed = (
        exists(Inspection.id)
        .where(
            Inspection.id == RectificationNotice.rechecked_by_id,
            Inspection.result == Result.PASS,
            first_day(Inspection.inspected_at, "day", True) == first_day(RectificationNotice.recheck_at, "day", True),
        )
        .correlate(RectificationNotice)
    )
    return Share(whole.only(passed), whole)
