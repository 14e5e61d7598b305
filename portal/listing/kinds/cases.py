"""The lists of consultations, complaints, escalations and tasks: what has clocks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Numeric, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from portal.db import UtcDateTime
from portal.i18n import N_, _
from portal.listing import cells
from portal.listing.days import seconds_between
from portal.listing.declaration import Asked, Choice, Column, Filter, Listing, Span, Way
from portal.listing.kinds import search
from portal.metrics.clocks import MISSED
from portal.models.complaint import Complaint, ComplaintDepartment, Escalation
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.customer import Customer, Property
from portal.models.follow_up import FollowUpTicket
from portal.models.org import Department, User
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.models.task import OWN_WORDS, Task, TaskKind, TaskOutcome
from portal.permissions import Permission
from portal.processes import complaint, consultation, escalation
from portal.processes.registry import PROCESSES
from portal.services import promises, workload
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
OWNER, STATE, DUE = N_("Owner", "record"), N_("State"), N_("Due")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
OPEN, MINE = N_("Open", "record"), N_("Mine")


RESPONSIBLE = (
    select(func.aggregate_strings(ComplaintDepartment.department, ",").aggregate_order_by(ComplaintDepartment.id))
    .where(ComplaintDepartment.complaint_id == Complaint.id, ComplaintDepartment.replaced_at.is_(None))
    .correlate(Complaint)
    .scalar_subquery()
)
"""The codes of the departments responsible for a complaint."""


def departments(codes: str | None) -> Any:
    """The departments by name, in the order in which they were made responsible."""
    return cells.joined(dict.fromkeys(Department.show(code) for code in (codes or "").split(",") if code))


def _of_department(department: Department) -> Filter:
    answers = select(ComplaintDepartment.id).where(
        ComplaintDepartment.complaint_id == Complaint.id,
        ComplaintDepartment.department == department.value,
        ComplaintDepartment.replaced_at.is_(None),
    )
    return Filter(
        f"department.{department.value}",
        department.label,
        lambda now: answers.correlate(Complaint).exists(),
        "department",
        heading=N_("Departments"),
    )


COMPLAINT_END = func.coalesce(
    Complaint.closed_at,
    case(
        (
            and_(
                Complaint.state.not_in(sorted(complaint.OPEN)),
                or_(Complaint.state != complaint.State.ESCALATED, Complaint.is_historical.is_(True)),
            ),
            Complaint.received_at,
        )
    ),
    type_=UtcDateTime(),
)
"""When a complaint was closed; the old ledger does not always say it. One that was escalated goes on with its escalation."""

DAYS_OPEN = func.round(
    seconds_between(Complaint.received_at, Complaint.closed_at) / literal_column("86400.0"), 1, type_=Numeric(8, 1)
)
"""How many days of 24 hours it took to close a complaint; None: it is open, or nobody knows."""

COMPLAINT_CLOCK = cells.clock(Complaint.KIND, Complaint, DUE)

COMPLAINTS = Listing(
    kind=Complaint.KIND,
    title=N_("All complaints"),
    one=N_("Complaint", "record"),
    icon="message-report",
    model=Complaint,
    permission=P.COMPLAINT_VIEW,
    number=Complaint.number,
    order="-received",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == Complaint.customer_id),
        (Project, Project.id == Complaint.project_id),
        (Property, Property.id == Project.property_id),
        (User, User.id == Complaint.owner_id),
        COMPLAINT_CLOCK.join,
    ),
    card=("subject", "category", "departments"),
    spans=(Span(N_("Received to closed", "span"), Complaint.received_at, COMPLAINT_END, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (Complaint.complainant, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (Complaint.number,), cells.text, "ref hide-small", sort=Complaint.number),
        Column("category", N_("Category"), (Complaint.category,), complaint.Category.show),
        Column("subject", N_("Subject"), (Complaint.subject,), cells.text, "fill"),
        Column("departments", N_("Departments"), (RESPONSIBLE,), departments),
        Column("state", STATE, (Complaint.state,), cells.state_of(complaint.PROCESS)),
        Column("owner", OWNER, (User.name,), cells.text, "cell-foot"),
        Column(
            "received",
            N_("Received"),
            (Complaint.received_at,),
            cells.moment,
            "num hide-small",
            sort=Complaint.received_at,
        ),
        COMPLAINT_CLOCK.column,
        Column("phase", N_("Phase"), (Complaint.phase,), complaint.Phase.show, hidden=True),
        Column("severity", N_("Severity"), (Complaint.severity,), complaint.Severity.show, hidden=True),
        Column("project", N_("Project"), (Project.number,), cells.text, "ref hide-small", hidden=True),
        Column("home", N_("Home"), HOME, cells.home, hidden=True),
        Column("round", N_("Round", "export"), (Complaint.round_no,), css="num hide-small", adds_up=False, hidden=True),
        Column("closed", N_("Closed", "export"), (Complaint.closed_at,), cells.moment, "num hide-small", hidden=True),
        Column("days-open", N_("Days until closed"), (DAYS_OPEN,), cells.text, "num hide-small", hidden=True),
    ),
    search=search.complaints,
    by=search.whose(Complaint, Complaint.complainant, Complaint.phone),
    filters=(
        Filter("open", OPEN, lambda now: Complaint.state.in_(sorted(complaint.OPEN))),
        Filter("mine", MINE, lambda now: turn_of(now.viewer, Complaint.owner_id), "owner"),
        Filter("unowned", N_("Nobody's"), lambda now: Complaint.owner_id.is_(None), "owner"),
        *cells.clock_filters(Complaint.KIND, Complaint, CLOCKS),
        Filter("received-today", N_("Received today"), lambda now: Complaint.received_at >= now.day_from),
        Filter("several-departments", N_("Several departments"), lambda now: Complaint.is_multi_department.is_(True)),
        Filter("second-round", N_("Second round"), lambda now: Complaint.round_no > 1),
        Filter(
            "plan-to-see",
            N_("Plan for the manager to see"),
            lambda now: and_(
                Complaint.state == complaint.State.PLANNED,
                or_(Complaint.is_multi_department.is_(True), Complaint.costs_money.is_(True)),
                Complaint.plan_seen_at.is_(None),
            ),
        ),
        Filter("historical", N_("From the old ledger"), lambda now: Complaint.is_historical.is_(True)),
        *(_of_department(department) for department in Department),
    ),
    choices=(
        Choice("state", STATE, Complaint.state, complaint.State, labels=cells.state_of(complaint.PROCESS)),
        Choice("category", N_("Category"), Complaint.category, complaint.Category),
        Choice("phase", N_("Phase"), Complaint.phase, complaint.Phase),
        Choice("severity", N_("Severity"), Complaint.severity, complaint.Severity),
        Choice("owner", OWNER, Complaint.owner_id, options=cells.specialists),
        cells.of_customer(Complaint.customer_id),
        cells.of_project(Complaint.project_id),
    ),
    asked=(
        COMPLAINT_CLOCK.asked,
        Asked("days-open", N_("Days until closed"), DAYS_OPEN, averaged=True),
        Asked(
            "departments",
            N_("Departments"),
            ComplaintDepartment.department,
            select(ComplaintDepartment.complaint_id).where(ComplaintDepartment.replaced_at.is_(None)),
            Choice("departments", N_("Departments"), ComplaintDepartment.department, Department),
        ),
    ),
    default_filters=("open",),
    create=P.COMPLAINT_PREFILL,
    create_label=N_("Register a complaint"),
    create_path="/records/complaints/new",
    empty=N_("No complaint here. New ones come from the front desk, or are registered with the button above."),
)

WRITER = aliased(User)
ANSWERED = func.coalesce(
    Consultation.replied_at,
    case(
        (Consultation.state == consultation.State.CLOSED, func.coalesce(Consultation.left_at, Consultation.occurred_at))
    ),
    type_=UtcDateTime(),
)
"""When the customer had the answer; what was answered at once has no other time than its own."""

CONSULTATION_CLOCK = cells.clock(Consultation.KIND, Consultation, DUE)

CONSULTATIONS = Listing(
    kind=Consultation.KIND,
    title=N_("Calls, visits, messages"),
    one=N_("Contact", "record"),
    icon="phone",
    model=Consultation,
    permission=P.CONSULTATION_VIEW,
    number=Consultation.number,
    order="-occurred",
    joins=(
        (Customer, Customer.id == Consultation.customer_id),
        (WRITER, WRITER.id == Consultation.created_by_id),
        CONSULTATION_CLOCK.join,
    ),
    card=("question", "kind", "channel"),
    spans=(Span(N_("Contact to answer", "span"), Consultation.occurred_at, ANSWERED, runs=True),),
    columns=(
        Column("name", N_("Name"), (Consultation.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Consultation.number,), cells.text, "ref hide-small", sort=Consultation.number),
        Column("phone", N_("Phone"), (Consultation.phone,), cells.phone, "tabular hide-small"),
        Column("channel", N_("Channel"), (Consultation.channel,), Channel.show),
        Column("kind", N_("Matter"), (Consultation.kind,), Matter.show),
        Column("question", N_("Question"), (Consultation.question,), lambda value: value[:120], "fill"),
        Column("state", STATE, (Consultation.state,), cells.state_of(consultation.PROCESS)),
        Column("writer", N_("Taken by"), (WRITER.name,), cells.text, "cell-foot"),
        Column(
            "occurred",
            N_("When"),
            (Consultation.occurred_at,),
            cells.moment,
            "num hide-small",
            sort=Consultation.occurred_at,
        ),
        CONSULTATION_CLOCK.column,
    ),
    search=search.consultations,
    by=search.whose(Consultation, without=("of-name", "of-phone")),
    filters=(
        Filter(
            "open",
            OPEN,
            lambda now: Consultation.state.in_(sorted(set(consultation.State) - {consultation.State.CLOSED})),
        ),
        Filter(
            "mine",
            MINE,
            lambda now: or_(
                Consultation.created_by_id == now.viewer.id, turn_of(now.viewer, Consultation.message_to_id)
            ),
        ),
        *cells.clock_filters(Consultation.KIND, Consultation, CLOCKS),
        Filter(
            "of-today",
            N_("Of today"),
            lambda now: and_(Consultation.occurred_at >= now.day_from, Consultation.occurred_at < now.day_until),
        ),
        Filter(
            "in-house",
            N_("In the house now"),
            lambda now: and_(
                Consultation.channel == Channel.VISIT,
                Consultation.arrived_at.is_not(None),
                Consultation.left_at.is_(None),
            ),
        ),
        Filter(
            "to-call",
            N_("To call back"),
            lambda now: Consultation.id.in_(
                select(Task.record_id).where(
                    Task.record_kind == Consultation.KIND,
                    Task.kind == TaskKind.CALL_BACK,
                    Task.closed_at.is_(None),
                )
            ),
        ),
        Filter("urgent", N_("Urgent"), lambda now: Consultation.is_urgent.is_(True)),
    ),
    choices=(
        Choice("state", STATE, Consultation.state, consultation.State, labels=cells.state_of(consultation.PROCESS)),
        Choice("channel", N_("Channel"), Consultation.channel, Channel),
        Choice("kind", N_("Matter"), Consultation.kind, Matter),
        cells.of_customer(Consultation.customer_id),
    ),
    create=P.FRONT_DESK,
    create_label=N_("Register a call"),
    create_path="/front-desk/calls/new",
    empty=N_("No contact here. Calls, visits and messages are registered at the front desk."),
)

SUBMITTER = aliased(User)
ESCALATION_CLOCK = cells.clock(Escalation.KIND, Escalation, DUE)

ESCALATIONS = Listing(
    kind=Escalation.KIND,
    title=N_("Escalated complaints"),
    one=N_("Escalation"),
    icon="flag",
    model=Escalation,
    permission=P.ESCALATION_VIEW,
    number=Escalation.number,
    order="-id",
    joins=(
        (Complaint, Complaint.id == Escalation.complaint_id),
        (Customer, Customer.id == Complaint.customer_id),
        (SUBMITTER, SUBMITTER.id == Escalation.submitted_by_id),
        ESCALATION_CLOCK.join,
    ),
    card=("subject", "why"),
    spans=(Span(N_("Submitted to closed", "span"), Escalation.submitted_at, Escalation.closed_at, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (Complaint.complainant, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Escalation.number,), cells.text, "ref hide-small", sort=Escalation.number),
        Column("complaint", N_("Complaint", "record"), (Complaint.number,), cells.text, "ref hide-small"),
        Column("why", N_("Ground"), (Escalation.why,), escalation.Ground.show),
        Column("subject", N_("Subject"), (Complaint.subject,), cells.text, "fill"),
        Column("state", STATE, (Escalation.state,), cells.state_of(escalation.PROCESS)),
        Column("amount", N_("Compensation (yuan)"), (Escalation.amount,), cells.money, "num hide-small"),
        Column("by", N_("Submitted by"), (SUBMITTER.name,), cells.text, "cell-foot"),
        Column("submitted", N_("Submitted"), (Escalation.submitted_at,), cells.moment, "num hide-small"),
        ESCALATION_CLOCK.column,
    ),
    search=search.escalations,
    filters=(
        Filter("mine", N_("Submitted by me"), lambda now: turn_of(now.viewer, Escalation.submitted_by_id)),
        Filter("waiting", N_("Waiting for the manager"), lambda now: Escalation.state == escalation.State.SUBMITTED),
        Filter("open", N_("Open", "record"), lambda now: Escalation.state.in_(sorted(escalation.OPEN))),
        *cells.clock_filters(Escalation.KIND, Escalation, CLOCKS),
    ),
    choices=(
        Choice("state", STATE, Escalation.state, escalation.State, labels=cells.state_of(escalation.PROCESS)),
        Choice("why", N_("Ground"), Escalation.why, escalation.Ground),
    ),
    empty=N_("No escalated complaint here."),
)

PERSON = aliased(User)


def task_title(kind: str, title: str) -> str:
    """What is to be done, in the present language; what people wrote themselves stays as it is."""
    return _(title) if kind not in OWN_WORDS and title else title


def task_done(closed_at: datetime | None, kind: str) -> str:
    """When it was done. A clock that runs ends with a step of its process, so nothing else ends it."""
    if closed_at is not None:
        return cells.moment(closed_at)
    return _("With its step") if kind == TaskKind.DEADLINE else ""


_DEADLINES = {
    deadline.code: deadline
    for deadline in sorted(
        (deadline for process in PROCESSES.values() for deadline in process.deadlines), key=lambda each: each.code
    )
}
_ENUM: Any = StrEnum  # made of data, which type checkers do not follow
DeadlineCode = _ENUM("DeadlineCode", {code.replace("-", "_"): code for code in _DEADLINES})
"""The limits of all processes: DL-01 and so on."""


def deadline_name(code: str) -> str:
    """What must be done within a limit, behind its code."""
    return f"{code} {_DEADLINES[code].label}" if code in _DEADLINES else code


TASKS = Listing(
    kind="tasks",
    title=N_("Tasks"),
    one=N_("Task", "record"),
    icon="checklist",
    model=Task,
    permission=P.HOME,
    number=Task.record_number,
    link=(Task.record_kind, Task.record_number),
    order="-id",
    urgent_order="due",
    joins=((PERSON, PERSON.id == Task.person_id),),
    card=("title", "detail"),
    spans=(Span(N_("Since to done", "span"), Task.started_at, Task.closed_at, runs=True),),
    analysed=("kind", "due:week"),
    columns=(
        Column(
            "customer",
            N_("Customer"),
            (Task.customer_name, Task.record_number),
            lambda name, number: cells.Title(name or number),
            "cell-title",
        ),
        Column("number", N_("Number"), (Task.record_number,), cells.text, "ref hide-small"),
        Column("title", N_("To do", "column"), (Task.kind, Task.title), task_title, "fill"),
        Column("kind", N_("Kind", "task"), (Task.kind, Task.type_name), lambda kind, name: name or TaskKind.show(kind)),
        Column("detail", N_("Detail"), (Task.detail,), cells.text, "words hide-small"),
        Column(
            "person",
            N_("Whose turn"),
            (PERSON.name, Task.role),
            lambda name, role: name or cells.role(role),
            "cell-foot",
        ),
        Column("done", N_("Done", "task"), (Task.closed_at, Task.kind), task_done, "cell-act"),
        Column("started", N_("Since", "task"), (Task.started_at,), cells.moment, "num hide-small"),
        Column(
            "due",
            DUE,
            (Task.code, Task.started_at, Task.due_at, Task.warn_at, Task.closed_at, Task.outcome),
            cells.due,
            "cell-due",
            moves=True,
            sort=func.coalesce(Task.due_at, cells.FAR_AWAY, type_=UtcDateTime()),
            ways=(Way(Task.due_at, Task.due_at.is_not(None)), Way(cells.FAR_AWAY, Task.due_at.is_(None))),
        ),
    ),
    search=search.tasks,
    asked=(Asked("due", DUE, Task.due_at),),
    detail=Task.detail,
    detail_of=(Complaint.KIND, RepairOrder.KIND, FollowUpTicket.KIND),
    filters=(
        Filter("open", OPEN, lambda now: Task.closed_at.is_(None), "open"),
        Filter("done", N_("Done"), lambda now: Task.closed_at.is_not(None), "open"),
        Filter("mine", MINE, lambda now: workload.mine(now.viewer)),
        Filter("overdue", CLOCKS["overdue"], lambda now: and_(Task.closed_at.is_(None), Task.due_at < now.at), "clock"),
        Filter(
            "today",
            CLOCKS["today"],
            lambda now: and_(Task.closed_at.is_(None), Task.due_at >= now.day_from, Task.due_at < now.day_until),
            "clock",
        ),
        Filter(
            "soon",
            CLOCKS["soon"],
            lambda now: and_(Task.closed_at.is_(None), Task.due_at >= now.at, Task.due_at < now.soon_until),
            "clock",
        ),
        Filter(
            "near",
            N_("Due within 15 minutes"),
            lambda now: and_(Task.closed_at.is_(None), Task.due_at >= now.at, Task.due_at < now.near_until),
            "clock",
        ),
        Filter("promised", N_("Promises"), lambda now: promises.IS_PROMISE),
        Filter("kept", N_("Promises kept"), lambda now: promises.is_kept(), "promise"),
        Filter("broken", N_("Promises broken"), lambda now: promises.is_broken(now.at), "promise"),
        Filter("pending", N_("Promises still to keep"), lambda now: promises.is_pending(now.at), "promise"),
        Filter("missed", N_("Deadline missed"), lambda now: MISSED),
        Filter("limits", N_("Limits of the manual"), lambda now: Task.code.is_not(None)),
        Filter(
            "ours",
            N_("Of our own department"),
            lambda now: or_(Task.department.is_(None), Task.department == Department.SERVICE),
        ),
        Filter("unassigned", N_("Nobody named"), lambda now: Task.person_id.is_(None)),
        Filter("set-by-me", N_("Set by me"), lambda now: Task.set_by_id == now.viewer.id),
    ),
    choices=(
        Choice("kind", N_("Kind", "task"), Task.kind, TaskKind),
        Choice("person", N_("Whose turn"), Task.person_id, options=cells.colleagues),
        Choice("department", N_("Department"), Task.department, Department),
        Choice("clock", N_("Limit", "deadline"), Task.code, DeadlineCode, labels=deadline_name),
        Choice("outcome", N_("Outcome", "task"), Task.outcome, TaskOutcome),
    ),
    sealed_by="done",
    default_filters=("mine", "open"),
    empty=N_("Nothing is waiting here."),
)

LISTINGS = (COMPLAINTS, CONSULTATIONS, ESCALATIONS, TASKS)
