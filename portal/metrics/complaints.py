"""Figures of complaints. Source: `domain.md` 6.2, M-20 to M-29."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing.days import days_before
from portal.metrics import clocks
from portal.metrics.hindsight import only_later, steps_to
from portal.metrics.questions import Count, Mean, Period, Question, Rows, Share
from portal.metrics.registry import Unit, metric
from portal.models.complaint import Complaint, Escalation
from portal.models.project import Project, ProjectStage
from portal.models.repair import WarrantyCertificate
from portal.permissions import Permission
from portal.processes import warranty
from portal.processes.complaint import Verdict

P = Permission
REPEAT_DAYS = 90
"""How long the same trouble counts as the same (M-28)."""
ENDED, VOIDED = steps_to(Project, ProjectStage.CANCELLED), steps_to(WarrantyCertificate, warranty.State.VOID)
"""How works are ended, and a certificate made void (M-21)."""


def _registered(period: Period, *where: Any) -> Rows:
    return Rows(Complaint, (period.holds(Complaint.received_at), *where))


def _unfounded(period: Period) -> Any:
    """Explained to the customer as not founded, by the end of the period; never unknown, so that it can be denied."""
    return and_(
        Complaint.verdict.is_not(None), Complaint.verdict == Verdict.NOT_ESTABLISHED,
        Complaint.closed_at.is_not(None), Complaint.closed_at < period.end,
    )  # fmt: skip


@metric("M-20", N_("Complaints", "metric"), Unit.COUNT, P.COMPLAINT_VIEW, "less")
def complaints(period: Period) -> Question:
    """Complaints registered in the period, less those that were not founded."""
    return Count(_registered(period, ~_unfounded(period)))


@metric("M-20.unfounded", N_("Complaints not founded", "metric"), Unit.COUNT, P.COMPLAINT_VIEW)
def unfounded_complaints(period: Period) -> Question:
    """Complaints registered in the period and explained as not founded by its end."""
    return Count(_registered(period, _unfounded(period)))


@metric("M-21", N_("Complaint rate", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "less")
def complaint_rate(period: Period) -> Question:
    """Complaints found founded in the period ÷ projects under construction or in warranty on its last day.

    Whether one was founded is written when it is closed, in the period after it came in perhaps: there it counts, once.
    """
    in_progress = and_(
        Project.actual_start_on <= period.last,
        or_(Project.actual_finish_on.is_(None), Project.actual_finish_on > period.last),
        or_(Project.stage != ProjectStage.CANCELLED, only_later(Project, ENDED, period)),
    )
    covered = select(WarrantyCertificate.project_id).where(
        WarrantyCertificate.starts_on <= period.last,
        WarrantyCertificate.ends_on >= period.last,
        WarrantyCertificate.issued_at < period.end,
        or_(WarrantyCertificate.state != warranty.State.VOID, only_later(WarrantyCertificate, VOIDED, period)),
    )
    return Share(
        Rows(Complaint, (period.holds(Complaint.closed_at), Complaint.verdict == Verdict.ESTABLISHED)),
        Rows(Project, (or_(in_progress, Project.id.in_(covered)),)),
    )


@metric("M-22", N_("Closing rate", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "more")
def closing_rate(period: Period) -> Question:
    """Closed in the period ÷ (open when it began + registered in it)."""
    was_open = and_(
        Complaint.received_at < period.start,
        or_(Complaint.closed_at.is_(None), Complaint.closed_at >= period.start),
        ~and_(Complaint.is_historical.is_(True), Complaint.closed_at.is_(None)),
    )
    whole = Rows(Complaint, (or_(was_open, period.holds(Complaint.received_at)),))
    return Share(whole.only(period.holds(Complaint.closed_at)), whole)


@metric("M-23", N_("Handed over within three hours", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "more")
def handed_over_in_time(period: Period) -> Question:
    """DL-10 met ÷ complaints handed over in the period."""
    return clocks.kept_of_ended(period, "DL-10", Complaint)


@metric("M-24", N_("Customer called within 24 hours", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "more")
def called_in_time(period: Period) -> Question:
    """DL-11 met ÷ calls of the department in the period."""
    return clocks.kept_of_ended(period, "DL-11", Complaint)


@metric("M-25", N_("Plan fed back within 24 hours", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "more")
def planned_in_time(period: Period) -> Question:
    """DL-12 met ÷ plans fed back in the period."""
    return clocks.kept_of_ended(period, "DL-12", Complaint)


@metric("M-26", N_("On site within 48 hours", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "more")
def visited_in_time(period: Period) -> Question:
    """DL-13 met ÷ visits in the period."""
    return clocks.kept_of_ended(period, "DL-13", Complaint)


@metric("M-27", N_("Average handling time", "metric"), Unit.HOURS, P.COMPLAINT_VIEW, "less")
def handling_time(period: Period) -> Question:
    """Mean hours from received to closed, of complaints closed in the period."""
    return Mean(Rows(Complaint, (period.holds(Complaint.closed_at),)), Complaint.received_at, Complaint.closed_at)


@metric("M-28", N_("Repeated complaints", "metric"), Unit.PERCENT, P.COMPLAINT_VIEW, "less")
def repeated(period: Period) -> Question:
    """Complaints with an earlier one of the same project and category within 90 days ÷ complaints registered."""
    earlier = aliased(Complaint)
    again = (
        exists(earlier.id)
        .where(
            earlier.project_id == Complaint.project_id,
            earlier.category == Complaint.category,
            earlier.id != Complaint.id,
            earlier.received_at <= Complaint.received_at,
            earlier.received_at >= days_before(Complaint.received_at, REPEAT_DAYS),
        )
        .correlate(Complaint)
    )
    whole = _registered(period)
    return Share(whole.only(again), whole)


@metric("M-29.escalations", N_("Escalated complaints", "metric"), Unit.COUNT, P.ESCALATION_VIEW, "less")
def escalations(period: Period) -> Question:
    """Complaints handed to the manager in the period."""
    return Count(Rows(Escalation, (period.holds(Escalation.submitted_at),)))
