"""Complaints in reports: their statistics, causes, the log, and what came again."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import visibility
from portal.i18n import N_
from portal.metrics import Period
from portal.models.complaint import Complaint
from portal.models.org import Department
from portal.processes import complaint as complaint_rules
from portal.processes.complaint import Category, Verdict
from portal.reports.cases.listed import CUSTOMER, DEPARTMENT, MOST, NUMBER, STATE, Listed, Unit, together
from portal.reports.values import moment, number, say, term
from portal.visibility import Viewer

MOST_REPEATS = 15
"""Repeats that are named, the most frequent first."""


def complaint_statistics(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """F-17: per category and department how many, founded, closed, satisfied, with causes and measures."""
    found: dict[tuple[str, str], list[Complaint]] = defaultdict(list)
    for case in _registered(session, viewer, period):
        lead = case.lead_department
        found[case.category, lead.department if lead else ""].append(case)
    heads = [
        (N_("Category"), ""), (DEPARTMENT, ""), (N_("Number of cases", "report"), "num"), (N_("Founded", "report"), "num"),
        (N_("Closed", "report"), "num"), (N_("Satisfied", "report"), "num"), (N_("Cause", "report"), "fill"), (N_("Measure", "report"), "fill"),
    ]  # fmt: skip

    def counts(cases: list[Complaint]) -> list[Any]:
        closed = [case for case in cases if case.closed_at is not None and case.closed_at < period.end]
        return [
            number(each, Unit.COUNT)
            for each in (
                len(cases),
                sum(case.verdict == Verdict.ESTABLISHED for case in cases),
                len(closed),
                sum(any(one.follow_up_satisfied for one in case.rounds[-1:]) for case in closed),
            )
        ]

    order = sorted(found, key=lambda key: (list(Category).index(Category(key[0])), key[1]))
    rows = [
        [
            term(Category, category),
            term(Department, department or None),
            *counts(found[category, department]),
            together(case.root_cause for case in found[category, department]),
            together(case.improvement for case in found[category, department]),
        ]
        for category, department in order
    ]
    everything = [case for cases in found.values() for case in cases]
    total = [say(N_("Together", "report")), "", *counts(everything), "", ""] if rows else None
    return Listed(heads, rows, total)


def _registered(session: Session, viewer: Viewer, period: Period) -> list[Complaint]:
    query = (
        select(Complaint)
        .where(visibility.condition(viewer, Complaint), period.holds(Complaint.received_at))
        .options(
            selectinload(Complaint.departments), selectinload(Complaint.rounds), joinedload(Complaint.customer),
            joinedload(Complaint.owner),
        )
        .order_by(Complaint.received_at, Complaint.id)
    )  # fmt: skip
    return list(session.scalars(query))


def root_causes(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Complaints closed in the period for which a root cause or an improvement was written, with who carries it out."""
    heads = [
        (CUSTOMER, ""), (N_("Complaint"), "fill"), (NUMBER, "nowrap"), (N_("Root cause"), "fill"),
        (N_("Improvement"), "fill"), (N_("Responsible"), ""),
    ]  # fmt: skip
    query = (
        select(Complaint)
        .where(
            visibility.condition(viewer, Complaint),
            period.holds(Complaint.closed_at),
            or_(Complaint.root_cause.is_not(None), Complaint.improvement.is_not(None)),
        )
        .options(joinedload(Complaint.customer))
        .order_by(Complaint.closed_at, Complaint.id)
        .limit(MOST)
    )
    rows = [
        [
            case.customer.name if case.customer else case.complainant,
            case.subject,
            case.number,
            case.root_cause or "",
            case.improvement or "",
            case.responsible or "",
        ]
        for case in session.scalars(query)
    ]
    return Listed(heads, rows)


def complaint_log(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Every complaint that was registered in the period, in order."""
    heads = [
        (N_("Received", "report"), "num"), (CUSTOMER, ""), (N_("Complaint"), "fill"), (NUMBER, "nowrap"), (N_("Category"), ""),
        (DEPARTMENT, ""), (STATE, ""),
    ]  # fmt: skip
    rows = [
        [
            moment(case.received_at),
            case.customer.name if case.customer else case.complainant,
            case.subject,
            case.number,
            term(Category, case.category),
            term(Department, case.lead_department.department if case.lead_department else None),
            say(complaint_rules.PROCESS.state(case.state).label),
        ]
        for case in _registered(session, viewer, period)[:MOST]
    ]
    return Listed(heads, rows)


def repeats(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """What came again in the period: the same crew, estate, trade or category within the days of the setting (90)."""
    from portal.services import repeats as again

    heads = [
        (N_("Same", "report"), "nowrap"), (N_("Which", "report"), "fill"), (N_("In the period", "report"), "num"),
        (N_("With those before", "report"), "num"), (N_("Complaints"), "num"), (N_("Repairs"), "num"), (N_("Slips", "report"), "num"),
    ]  # fmt: skip
    until = min(period.end, at) - timedelta(microseconds=1)
    rows = [
        [
            say(each.sort.label), each.row.name,
            *(
                number(count, Unit.COUNT)
                for count in (each.new, each.row.total, each.row.complaints, each.row.repairs, each.row.slips)
            ),
        ]
        for each in again.again(session, viewer, start=period.start, end=until)[:MOST_REPEATS]
    ]  # fmt: skip
    return Listed(heads, rows)
