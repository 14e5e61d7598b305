"""Cases that a report names one by one: what has been open for long, what was escalated, cancelled or failed three times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import clock, visibility
from portal.i18n import N_, Text
from portal.metrics import Period
from portal.models.cancellation import Cancellation
from portal.models.complaint import Complaint, Escalation
from portal.models.customer import Customer
from portal.models.org import Department
from portal.models.pre_acceptance import Inspection, PreAcceptance
from portal.models.repair import RepairOrder
from portal.models.task import Task, TaskKind
from portal.processes import cancellation as cancellation_rules
from portal.processes import complaint as complaint_rules
from portal.processes import escalation as escalation_rules
from portal.processes import pre_acceptance as pre_acceptance_rules
from portal.processes import repair as repair_rules
from portal.processes.pre_acceptance import Result
from portal.reports.cases.listed import CUSTOMER, DEPARTMENT, MATTER, MOST, NUMBER, STATE, Listed, Unit
from portal.reports.values import day, moment, number, say, term
from portal.visibility import Viewer

OLD = timedelta(days=7)
ESCALATION, COMPENSATION = N_("Escalation: %(matter)s", "report"), N_("Compensation: %(matter)s", "report")
CANCELLATION = N_("Cancellation: %(matter)s", "report")
ENDED, PAID, OVERDUE = N_("ended %(day)s", "report"), N_("paid %(day)s", "report"), N_("%(limit)s, missed", "report")


def old_cases(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Complaints and repairs that were open for more than seven days when the period ended, the oldest first."""
    until = min(period.end, at)
    heads = [
        (CUSTOMER, ""), (MATTER, "fill"), (NUMBER, "nowrap"), (N_("Since", "report"), "num"),
        (N_("Days open", "report"), "num"), (STATE, "nowrap"),
    ]  # fmt: skip
    found = []
    for model, since, what, process in (
        (Complaint, Complaint.received_at, Complaint.subject, complaint_rules.PROCESS),
        (RepairOrder, RepairOrder.reported_at, RepairOrder.symptom, repair_rules.PROCESS),
    ):
        query = (
            select(Customer.name, what, model.number, since, model.state)
            .outerjoin(Customer, Customer.id == model.customer_id)
            .where(
                visibility.condition(viewer, model),
                since < until - OLD,
                or_(model.closed_at.is_(None), model.closed_at >= until),
            )
            .order_by(since)
            .limit(MOST)
        )
        if model is Complaint:
            query = query.where(~((Complaint.is_historical.is_(True)) & (Complaint.closed_at.is_(None))))
        found += [(row[3], row, process) for row in session.execute(query)]
    rows = [
        [
            name or "",
            subject,
            code,
            moment(since),
            number((until - since).days, Unit.COUNT),
            say(process.state(state).label),
        ]
        for since, (name, subject, code, _since, state), process in sorted(found, key=lambda each: each[0])[:MOST]
    ]
    return Listed(heads, rows)


def key_cases(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """What the general manager should know one by one (6.1, RP-03), as it stands when the report is drawn up.

    Escalations, compensations and cancellations that were open in the period, each with the clock that runs out next or
    how it ended, and third inspections that failed in it.
    """
    heads = [
        (CUSTOMER, "nowrap"), (MATTER, "fill"), (NUMBER, "nowrap"), (DEPARTMENT, "nowrap"), (N_("Amount (yuan)"), "num"),
        (STATE, "nowrap"), (N_("Limit or end", "report"), "nowrap"),
    ]  # fmt: skip
    rows = [
        *_escalations(session, viewer, period, at),
        *_cancellations(session, viewer, period, at),
        *_third_failures(session, viewer, period, at),
    ]
    return Listed(heads, rows)


def _escalations(session: Session, viewer: Viewer, period: Period, at: datetime) -> list[list[Any]]:
    """Those that were open in the period or paid in it; where money is involved they are compensations."""
    ended_at = func.coalesce(Escalation.closed_at, Complaint.closed_at)
    query = (
        select(Escalation)
        .join(Complaint, Complaint.id == Escalation.complaint_id)
        .where(
            visibility.condition(viewer, Escalation),
            Escalation.submitted_at < period.end,
            or_(ended_at.is_(None), ended_at >= period.start, Escalation.paid_at >= period.start),
        )
        .options(
            joinedload(Escalation.complaint).joinedload(Complaint.customer),
            joinedload(Escalation.complaint).selectinload(Complaint.departments),
            selectinload(Escalation.vouchers),
        )
        .order_by(Escalation.submitted_at, Escalation.id)
        .limit(MOST)
    )
    found = list(session.scalars(query))
    clocks = _clocks(session, Escalation.KIND, [each.id for each in found])
    others = _clocks(session, Complaint.KIND, [each.complaint_id for each in found])
    rows = []
    for each in found:
        case = each.complaint
        amount = each.amount or (each.voucher.amount if each.voucher else None)
        is_paid = each.involves_money or amount is not None
        ended = each.closed_at or case.closed_at
        clock_ = clocks.get(each.id) or others.get(case.id)
        rows.append(
            [
                case.customer.name if case.customer else case.complainant,
                say(COMPENSATION if is_paid else ESCALATION)
                | {"v": {"matter": f"{case.subject}：{each.customer_demand}"}},
                each.number,
                term(Department, case.lead_department.department if case.lead_department else None),
                number(amount, Unit.YUAN),
                say(escalation_rules.PROCESS.state(each.state).label),
                _clock_or_end(clock_, at, (ENDED, ended), (PAID, each.paid_at)),
            ]
        )
    return rows


def _cancellations(session: Session, viewer: Viewer, period: Period, at: datetime) -> list[list[Any]]:
    """Those that ran in the period, with what the customer gets back as far as finance has verified it."""
    query = (
        select(Cancellation)
        .where(
            visibility.condition(viewer, Cancellation),
            Cancellation.applied_at < period.end,
            or_(
                and_(Cancellation.closed_at.is_(None), Cancellation.withdrawn_on.is_(None)),
                Cancellation.closed_at >= period.start,
                Cancellation.withdrawn_on >= period.first,
            ),
        )
        .options(joinedload(Cancellation.customer), selectinload(Cancellation.shares))
        .order_by(Cancellation.applied_at, Cancellation.id)
        .limit(MOST)
    )
    found = list(session.scalars(query))
    clocks = _clocks(session, Cancellation.KIND, [each.id for each in found])
    return [
        [
            each.customer.name,
            say(CANCELLATION) | {"v": {"matter": each.reason}},
            each.number,
            term(Department, Department.SERVICE),
            number(each.settled_amount, Unit.YUAN),
            say(cancellation_rules.PROCESS.state(each.state).label),
            _clock_or_end(clocks.get(each.id), at, (ENDED, each.closed_at or each.withdrawn_on)),
        ]
        for each in found
    ]


def _third_failures(session: Session, viewer: Viewer, period: Period, at: datetime) -> list[list[Any]]:
    """Third inspections that failed in the period (R-14)."""
    query = (
        select(Inspection)
        .where(
            visibility.condition(viewer, Inspection),
            period.holds(Inspection.finished_at),
            Inspection.round_no >= 3,
            Inspection.result == Result.FAIL,
        )
        .options(joinedload(Inspection.customer), joinedload(Inspection.foreman), joinedload(Inspection.pre_acceptance))
        .order_by(Inspection.finished_at, Inspection.id)
        .limit(MOST)
    )
    found = list(session.scalars(query))
    clocks = _clocks(session, PreAcceptance.KIND, [each.pre_acceptance_id for each in found])
    return [
        [
            each.customer.name,
            say(N_("Third inspection failed, foreman %(name)s", "report")) | {"v": {"name": each.foreman.name}},
            each.number,
            term(Department, Department.ENGINEERING),
            number(None, Unit.YUAN),
            say(pre_acceptance_rules.PROCESS.state(each.pre_acceptance.state).label),
            _clock_or_end(clocks.get(each.pre_acceptance_id), at),
        ]
        for each in found
    ]


def _clocks(session: Session, kind: str, ids: list[int]) -> dict[int, tuple[str, datetime]]:
    """Of records that the reader sees the clock that runs out next: its code and its limit, by record."""
    query = (
        select(Task.record_id, Task.code, Task.due_at)
        .where(
            Task.record_kind == kind, Task.record_id.in_(ids), Task.kind == TaskKind.DEADLINE,
            Task.closed_at.is_(None), Task.due_at.is_not(None),
        )
        .order_by(Task.due_at.desc(), Task.id.desc())
    )  # fmt: skip
    return {record_id: (code or "", due_at) for record_id, code, due_at in session.execute(query) if due_at}


def _clock_or_end(
    running: tuple[str, datetime] | None, at: datetime, *ends: tuple[Text, datetime | date | None]
) -> dict[str, Any] | str:
    """`DL-26 12-10 18:00`, and whether that is over; of what has ended or is paid, when."""
    over = next(((text, when) for text, when in ends if when is not None), None)
    if over is not None and (over[0] is ENDED or running is None):
        text, when = over
        on = clock.today(when) if isinstance(when, datetime) else when
        return say(text) | {"v": {"day": on.isoformat()}}
    if running is None:
        return day(None)
    code, due_at = running
    limit = f"{code} {clock.local(due_at):%m-%d %H:%M}".strip()
    return say(OVERDUE) | {"v": {"limit": limit}} if due_at < at else limit
