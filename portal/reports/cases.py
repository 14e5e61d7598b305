"""Records one by one in reports: each function gives heads and rows, over what exists for the viewer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from portal import clock, metrics, visibility
from portal.i18n import N_, Text
from portal.metrics import Period
from portal.metrics.clocks import KEPT
from portal.metrics.dimensions import PEOPLE, link_of
from portal.models.cancellation import Cancellation
from portal.models.complaint import Complaint, ComplaintRound, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.follow_up import FollowUpCall, FollowUpTicket, RepairFollowUp
from portal.models.ledger import LedgerLine
from portal.models.milestone import OpenDay
from portal.models.org import Department, Party
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.models.reward import RewardEntry
from portal.models.survey import Survey
from portal.models.task import DeadlineBreach, Task, TaskKind, TaskOutcome
from portal.permissions import Role
from portal.processes import cancellation as cancellation_rules
from portal.processes import complaint as complaint_rules
from portal.processes import escalation as escalation_rules
from portal.processes import follow_up_call as call_rules
from portal.processes import follow_up_ticket as slip_rules
from portal.processes import pre_acceptance as pre_acceptance_rules
from portal.processes import repair as repair_rules
from portal.processes.complaint import Category, Verdict
from portal.processes.follow_up import UNCOUNTED, CallStage
from portal.processes.penalty import Kind
from portal.processes.pre_acceptance import Result
from portal.processes.reward import Cause
from portal.processes.reward import State as RewardState
from portal.processes.survey import Dimension as SurveyDimension
from portal.reports.values import day, moment, number, say, several, term
from portal.visibility import Viewer

Unit = metrics.Unit
MOST = 200
"""Rows of one list; a report is no dump, the list holds the rest."""
OLD = timedelta(days=7)
MOST_REPEATS = 15
"""Repeats that are named, the most frequent first."""
EXAMPLES = 3
"""Problems that are quoted of each department."""
CUSTOMER, MATTER, NUMBER = N_("Customer"), N_("Matter", "report"), N_("Number")
DEPARTMENT, STATE = N_("Department"), N_("State")
ESCALATION, COMPENSATION = N_("Escalation: %(matter)s", "report"), N_("Compensation: %(matter)s", "report")
CANCELLATION = N_("Cancellation: %(matter)s", "report")
HEAD = N_("Head of the department")
"""Who answers for a limit of a department where nobody was named."""
ENDED, PAID, OVERDUE = N_("ended %(day)s", "report"), N_("paid %(day)s", "report"), N_("%(limit)s, missed", "report")
SCORED, FOLLOWED = N_("%(dimension)s %(score)s", "report"), N_("%(number)s %(state)s", "report")


@dataclass(frozen=True, slots=True)
class Listed:
    """Heads with the class of their column, rows of values, a line for all. `is_missing`: there is no source yet."""

    heads: list[tuple[Text, str]]
    rows: list[list[Any]]
    total: list[Any] | None = None
    is_missing: bool = False


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


def departments(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Per department the limits that ran out in the period unmet (M-95), and those that were met in it, in time and late.

    Limits without a department are customer service's.
    """
    heads = [
        (DEPARTMENT, "fill"), (metrics.METRICS["M-95"].title, "num"), (N_("Met", "report"), "num"),
        (N_("In time", "report"), "num"), (N_("Met late", "report"), "num"), (N_("In time, %", "report"), "num"),
        (N_("Before, %", "report"), "num"),
    ]  # fmt: skip
    now, before = _kept(session, viewer, period), _kept(session, viewer, period.before)
    missed: dict[str, int] = defaultdict(int)
    for _person, department, count, _code in _missed(session, viewer, period):
        missed[department] += count

    def row(label: Any, count: int, kept: tuple[int, int], earlier: tuple[int, int]) -> list[Any]:
        return [label, number(count, Unit.COUNT), *_kept_row(kept, earlier)]

    names = [each for each in Department if each in now or each in before or each in missed]
    rows = [
        row(term(Department, each), missed[each], now.get(each, (0, 0)), before.get(each, (0, 0))) for each in names
    ]
    together = [
        (sum(each[0] for each in part.values()), sum(each[1] for each in part.values())) for part in (now, before)
    ]
    total = row(say(N_("Together", "report")), sum(missed.values()), *together) if rows else None
    return Listed(heads, rows, total)


def missed_by_person(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Who answers for the limits that ran out in the period (M-95), the most first: of a department its head, else whoever
    had it to do, a role or "head of the department" where nobody was named; with the department and which limits."""
    heads = [
        (N_("Person responsible"), ""), (DEPARTMENT, "nowrap"), (N_("Which limits", "report"), "fill"),
        (metrics.METRICS["M-95"].title, "num"),
    ]  # fmt: skip
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for person, department, count, code in _missed(session, viewer, period):
        limits = found[person, department]
        limits[code] = limits.get(code, 0) + count
    order = sorted(found, key=lambda who: (-sum(found[who].values()), who))
    rows = [
        [
            say(person.label) if isinstance(person, Role) else person or say(HEAD),
            term(Department, department),
            "、".join(
                f"{code} × {count}" if count > 1 else code for code, count in sorted(found[person, department].items())
            ),
            number(sum(found[person, department].values()), Unit.COUNT),
        ]
        for person, department in order[:MOST]
    ]
    whole = metrics.measure(session, viewer, "M-95", period)
    return Listed(
        heads, rows, [say(N_("Together", "report")), "", "", number(whole.value, Unit.COUNT)] if rows else None
    )


def _missed(session: Session, viewer: Viewer, period: Period) -> list[tuple[str, str, int, str]]:
    """The limits of M-95 by person, or role where only that is known, by department and by code."""
    by = metrics.dimension("M-95", "person")
    assert by is not None
    columns = (by.column, DeadlineBreach.department, Task.department, Task.role, DeadlineBreach.code)
    query = metrics.discipline.missed(period).query(viewer, *columns, func.count(), joins=by.joins).group_by(*columns)
    return [
        (person or (Role(role) if role and not named else ""), named or department or Department.SERVICE, count, code)
        for person, named, department, role, code, count in session.execute(query)
    ]


def _kept(session: Session, viewer: Viewer, period: Period) -> dict[str, tuple[int, int]]:
    def counted(*where: Any) -> dict[str, int]:
        department = func.coalesce(Task.department, Department.SERVICE.value)
        query = (
            select(department, func.count())
            .where(
                visibility.condition(viewer, Task), Task.code.is_not(None), Task.outcome == TaskOutcome.DONE,
                period.holds(Task.closed_at), *where,
            )
            .group_by(department)
        )  # fmt: skip
        return {name: count for name, count in session.execute(query)}

    whole, in_time = counted(), counted(KEPT)
    return {name: (number_of, in_time.get(name, 0)) for name, number_of in whole.items()}


def _kept_row(now: tuple[int, int], before: tuple[int, int]) -> list[Any]:
    count = [number(each, Unit.COUNT) for each in (now[0], now[1], now[0] - now[1])]
    return [*count, _percent(now[1], now[0]), _percent(before[1], before[0])]


def _percent(part: int, whole: int) -> dict[str, Any]:
    return number(metrics.percent(Decimal(part), Decimal(whole)), Unit.PERCENT)


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
            _together(case.root_cause for case in found[category, department]),
            _together(case.improvement for case in found[category, department]),
        ]
        for category, department in order
    ]
    everything = [case for cases in found.values() for case in cases]
    total = [say(N_("Together", "report")), "", *counts(everything), "", ""] if rows else None
    return Listed(heads, rows, total)


def _together(texts: Any) -> str:
    return "；".join(dict.fromkeys(text.strip() for text in texts if text and text.strip()))[:300]


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
        [day(each.held_on), _together(site.property.address for site in each.sites), each.invited, each.attended or "", each.number]
        for each in session.scalars(query)
    ]  # fmt: skip
    return Listed(heads, rows)


def praise(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """What customers praised in the period: in calls and contacts, for which a reward was proposed, and in surveys."""
    heads = [
        (N_("Day"), "nowrap"), (N_("Who is praised", "report"), ""), (N_("In the customer's words"), "fill"), (NUMBER, "nowrap"),
    ]  # fmt: skip
    rewarded = (
        select(RewardEntry)
        .where(
            visibility.condition(viewer, RewardEntry),
            RewardEntry.reason == Cause.CUSTOMER_PRAISE,
            RewardEntry.state != RewardState.REJECTED,
            period.holds(RewardEntry.created_at),
        )
        .options(joinedload(RewardEntry.crew), joinedload(RewardEntry.party), joinedload(RewardEntry.user))
        .order_by(RewardEntry.id)
        .limit(MOST)
    )
    answered = (
        select(Survey)
        .where(visibility.condition(viewer, Survey), period.holds(Survey.answered_at), Survey.praise > "")
        .order_by(Survey.id)
        .limit(MOST)
    )
    proposed = list(session.scalars(rewarded))
    known = {each.record_number for each in proposed}
    found = [(each.created_at, each.person, each.words, each.record_number) for each in proposed]
    for survey in session.scalars(answered):
        if survey.number not in known and survey.answered_at is not None:
            found.append((survey.answered_at, "", survey.praise or "", survey.number))
    rows = [[day(clock.today(when)), who, words, code] for when, who, words, code in sorted(found)[:MOST]]
    return Listed(heads, rows)


def open_slips(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Liaison slips that were open when the period ended, the oldest first, with their age."""
    until = min(period.end, at)
    heads = [
        (CUSTOMER, ""), (N_("Problem", "report"), "fill"), (NUMBER, "nowrap"), (DEPARTMENT, "nowrap"),
        (N_("Days open", "report"), "num"), (N_("Limit", "deadline"), "num"),
    ]  # fmt: skip
    query = (
        select(FollowUpTicket)
        .where(
            visibility.condition(viewer, FollowUpTicket),
            FollowUpTicket.handed_over_at < until,
            or_(FollowUpTicket.settled_at.is_(None), FollowUpTicket.settled_at >= until),
        )
        .options(joinedload(FollowUpTicket.customer))
        .order_by(FollowUpTicket.handed_over_at)
        .limit(MOST)
    )
    rows = [
        [
            each.customer.name, each.problem, each.number, term(Department, each.department),
            number((until - each.handed_over_at).days, Unit.COUNT), moment(each.limit_at),
        ]
        for each in session.scalars(query)
    ]  # fmt: skip
    return Listed(heads, rows)


def slips_by_department(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Per department the slips it was given in the period, how many limits fell due and were kept, and examples (5.6, F-29)."""
    heads = [
        (DEPARTMENT, "nowrap"), (N_("Slips opened", "report"), "num"), (N_("Fell due", "report"), "num"),
        (N_("In time", "report"), "num"), (N_("Late", "report"), "num"), (N_("Problems, for example", "report"), "fill"),
    ]  # fmt: skip
    query = (
        select(FollowUpTicket.department, FollowUpTicket.problem)
        .where(visibility.condition(viewer, FollowUpTicket), period.holds(FollowUpTicket.handed_over_at))
        .order_by(FollowUpTicket.handed_over_at, FollowUpTicket.id)
    )
    problems: dict[str, list[str]] = defaultdict(list)
    for department, problem in session.execute(query):
        problems[department].append(problem)
    kept = {
        department: (int(figure.part or 0), int(figure.whole or 0))
        for department, figure in metrics.split(session, viewer, "M-14", period, "department").items()
    }

    def counts(opened: int, in_time: int, due: int) -> list[Any]:
        return [number(each, Unit.COUNT) for each in (opened, due, in_time, due - in_time)]

    names = [each.value for each in Department if each in problems or each in kept]
    names.sort(key=lambda name: kept.get(name, (0, 0))[0] - kept.get(name, (0, 0))[1])
    rows = [
        [
            term(Department, name), *counts(len(problems[name]), *kept.get(name, (0, 0))),
            "；".join(dict.fromkeys(problems[name][:EXAMPLES])),
        ]
        for name in names
    ]  # fmt: skip
    together = (sum(map(len, problems.values())), *(sum(each[side] for each in kept.values()) for side in (0, 1)))
    return Listed(heads, rows, [say(N_("Together", "report")), *counts(*together), ""] if rows else None)


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


def unsatisfied_calls(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """The calls behind M-12.unsatisfied: what the customer said, who worked at the home, and what became of it (RP-08)."""
    people = [aliased(Party) for _each in PEOPLE]
    heads = [
        (CUSTOMER, "nowrap"), (N_("What was said", "report"), "fill"), (NUMBER, "nowrap"), (N_("Stage", "call"), "nowrap"),
        *((title, "nowrap") for title in PEOPLE.values()), (STATE, "nowrap"),
    ]  # fmt: skip
    joins = [(Customer, Customer.id == FollowUpCall.customer_id), (Project, Project.id == FollowUpCall.project_id)]
    joins += [(who, who.id == link_of(Project, name)) for name, who in zip(PEOPLE, people, strict=True)]
    query = (
        metrics.calls.unsatisfied(period)
        .query(viewer, FollowUpCall, Customer.name, *(who.name for who in people), joins=joins)
        .options(selectinload(FollowUpCall.tickets))
        .order_by(FollowUpCall.called_at, FollowUpCall.id)
        .limit(MOST)
    )
    rows = [
        [
            name, _together([call.customer_words, *(slip.problem for slip in call.tickets)]), call.number,
            term(CallStage, call.stage), *(each or day(None) for each in names),
            say(call_rules.PROCESS.state(call.state).label),
        ]
        for call, name, *names in session.execute(query)
    ]  # fmt: skip
    return Listed(heads, rows)


def unsatisfied_surveys(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """The surveys behind M-70.unsatisfied: with what, in the customer's words, and what came of it (RP-04)."""
    heads = [
        (CUSTOMER, "nowrap"), (N_("Not satisfied with", "report"), ""), (N_("What was said", "report"), "fill"),
        (N_("Overall", "report"), "num"), (NUMBER, "nowrap"), (N_("What came of it", "report"), "nowrap"),
    ]  # fmt: skip
    query = (
        metrics.surveys.unsatisfied(period)
        .query(viewer, Survey)
        .options(joinedload(Survey.customer), joinedload(Survey.complaint), selectinload(Survey.answers))
        .order_by(Survey.overall, Survey.answered_at, Survey.id)
        .limit(MOST)
    )
    found = list(session.scalars(query))
    slips = select(FollowUpTicket).where(
        visibility.condition(viewer, FollowUpTicket), FollowUpTicket.survey_id.in_([each.id for each in found])
    )
    followed: dict[int | None, list[tuple[str, Text]]] = defaultdict(list)
    for slip in session.scalars(slips.order_by(FollowUpTicket.id)):
        followed[slip.survey_id].append((slip.number, slip_rules.PROCESS.state(slip.state).label))
    for each in found:
        if each.complaint is not None:
            state = complaint_rules.PROCESS.state(each.complaint.state).label
            followed[each.id].append((each.complaint.number, state))
    rows = [
        [
            each.customer.name,
            several(
                say(SCORED) | {"v": {"dimension": term(SurveyDimension, answer.dimension), "score": answer.score}}
                for answer in each.answers
                if answer.score < metrics.surveys.SATISFIED and answer.dimension != SurveyDimension.OVERALL
            ),
            _together([each.criticism]) or day(None), number(each.overall, Unit.COUNT), each.number,
            several(say(FOLLOWED) | {"v": {"number": code, "state": say(state)}} for code, state in followed[each.id]),
        ]
        for each in found
    ]  # fmt: skip
    return Listed(heads, rows)


def duty(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """What became of what people told us (004, RP-15): accepted, urged, fed back, called, for each kind of record.

    Urged: its limit ran out in the period, of which the portal told whoever had to act. Fed back: the department's answer,
    plan or measure, or that a repair is done. Called: the customer was asked whether it is in order. A dash: no such step.
    """
    heads = [
        (N_("Kind"), "fill"), (N_("Accepted", "report"), "num"), (N_("Urged", "report"), "num"),
        (N_("Fed back", "report"), "num"), (N_("Called", "report"), "num"),
    ]  # fmt: skip
    steps = (
        (N_("Contacts", "report"), Consultation, Consultation.occurred_at, Consultation.replied_at, None),
        (N_("Complaints"), Complaint, Complaint.received_at, ComplaintRound.plan_fed_back_at, ComplaintRound.follow_up_at),
        (N_("Repairs"), RepairOrder, RepairOrder.reported_at, RepairOrder.done_at, FollowUpCall.called_at),
        (N_("Liaison slips"), FollowUpTicket, FollowUpTicket.handed_over_at, FollowUpTicket.done_at, FollowUpTicket.revisit_at),
        (N_("Follow-up calls", "metrics"), FollowUpCall, None, None, FollowUpCall.called_at),
    )  # fmt: skip

    def happened(model: Any, moment_: Any) -> int | None:
        if moment_ is None:
            return None
        query = (
            select(func.count()).select_from(model).where(visibility.condition(viewer, model), period.holds(moment_))
        )
        if moment_.class_ is ComplaintRound:
            query = query.join(ComplaintRound, ComplaintRound.complaint_id == Complaint.id)
        if model is RepairOrder and moment_.class_ is FollowUpCall:
            query = query.join(RepairFollowUp, RepairFollowUp.order_id == RepairOrder.id)
            query = query.join(FollowUpCall, FollowUpCall.id == RepairFollowUp.call_id)
        if model is FollowUpCall:
            query = query.where(FollowUpCall.stage.not_in(UNCOUNTED), FollowUpCall.overall.is_not(None))
        return session.scalar(query)

    missed = metrics.discipline.missed(period).query(viewer, Task.record_kind, func.count()).group_by(Task.record_kind)
    urged = {kind: count for kind, count in session.execute(missed)}
    counts = [
        [happened(model, first), urged.get(model.KIND, 0), happened(model, back), happened(model, called)]
        for _title, model, first, back, called in steps
    ]
    rows = [
        [say(title), *(number(each, Unit.COUNT) for each in line)]
        for (title, *_rest), line in zip(steps, counts, strict=True)
    ]
    total = [number(sum(each or 0 for each in column), Unit.COUNT) for column in zip(*counts, strict=True)]
    return Listed(heads, rows if any(map(any, counts)) else [], [say(N_("Together", "report")), *total])
