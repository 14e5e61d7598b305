"""Drawings and sites in reports: warnings, completions, open homes, activities of the week."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from portal import metrics, visibility
from portal.i18n import N_
from portal.metrics import Period
from portal.models.completion import CompletionAcceptance
from portal.models.ledger import LedgerLine
from portal.models.milestone import OpenDay
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.processes.penalty import Kind
from portal.reports.cases.listed import CUSTOMER, MOST, NUMBER, Listed, Unit, together
from portal.reports.values import day, number, say, term
from portal.visibility import Viewer


def review_penalties(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Warnings and deductions of drawing reviews that were decided in the period (F-02)."""
    heads = [
        (N_("Decided on", "ledger"), "num"), (N_("Designer"), ""), (N_("Kind"), ""), (N_("By rule"), "nowrap"),
        (N_("Of record", "report"), "nowrap"), (N_("Amount (yuan)"), "num"),
    ]  # fmt: skip
    query = (
        select(LedgerLine)
        .join(PenaltyEntry, PenaltyEntry.id == LedgerLine.penalty_id)
        .where(
            visibility.condition(viewer, PenaltyEntry),
            period.holds_day(LedgerLine.decided_on),
            or_(PenaltyEntry.kind == Kind.COMMISSION_DEDUCTION, PenaltyEntry.rule == metrics.reviews.WARNED),
        )
        .options(joinedload(LedgerLine.penalty).joinedload(PenaltyEntry.party))
        .order_by(LedgerLine.decided_on, LedgerLine.id)
        .limit(MOST)
    )
    lines = list(session.scalars(query))
    rows = [
        [
            day(line.decided_on), line.entry.person, term(Kind, line.entry.kind), line.entry.rule,
            line.entry.record_number, number(line.amount, Unit.YUAN),
        ]
        for line in lines
    ]  # fmt: skip
    total = sum((line.amount for line in lines), Decimal("0.00"))
    return Listed(
        heads, rows, [say(N_("Together", "report")), "", "", "", "", number(total, Unit.YUAN)] if rows else None
    )


def completed(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Works that customers accepted in the period."""
    heads = [
        (CUSTOMER, ""),
        (N_("Home"), "fill"),
        (NUMBER, "nowrap"),
        (N_("Accepted on", "report"), "num"),
        (N_("Paid in full on"), "num"),
    ]
    query = (
        select(CompletionAcceptance)
        .where(visibility.condition(viewer, CompletionAcceptance), period.holds(CompletionAcceptance.accepted_at))
        .options(
            joinedload(CompletionAcceptance.customer),
            joinedload(CompletionAcceptance.project).joinedload(Project.property),
        )
        .order_by(CompletionAcceptance.accepted_at)
        .limit(MOST)
    )
    rows = [
        [each.customer.name, each.address, each.number, day(each.accepted_on), day(each.settled_on)]
        for each in session.scalars(query)
    ]
    return Listed(heads, rows)


def open_homes(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Homes whose owners allow visits."""
    heads = [(CUSTOMER, ""), (N_("Home"), "fill"), (NUMBER, "nowrap"), (N_("Project manager"), "")]
    manager = aliased(Project.project_manager.property.mapper.class_)
    query = (
        select(Project, manager.name)
        .outerjoin(manager, manager.id == Project.project_manager_id)
        .where(visibility.condition(viewer, Project), Project.visit_allowed.is_(True))
        .options(joinedload(Project.customer), joinedload(Project.property))
        .order_by(Project.id.desc())
        .limit(50)
    )
    rows = [
        [each.customer.name, each.property.address, each.number, name or ""] for each, name in session.execute(query)
    ]
    return Listed(heads, rows)


def activities(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Open days that were held in the period (3.9): where, who was invited, who came and what they said."""
    heads = [
        (N_("Held on", "report"), "nowrap"), (N_("Sites that are shown"), ""), (N_("Invited", "report"), "fill"),
        (N_("Attended and said", "report"), "fill"),
        (NUMBER, "nowrap"),
    ]  # fmt: skip
    query = (
        select(OpenDay)
        .where(visibility.condition(viewer, OpenDay), period.holds_day(OpenDay.held_on))
        .options(selectinload(OpenDay.sites).joinedload(Project.property))
        .order_by(OpenDay.held_on, OpenDay.id)
        .limit(MOST)
    )
    rows = [
        [day(each.held_on), together(site.property.address for site in each.sites), each.invited, each.attended or "", each.number]
        for each in session.scalars(query)
    ]  # fmt: skip
    return Listed(heads, rows)
