"""P09 complaints: what people do with them and which they see. Rules: `processes/complaint.py`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal import settings, visibility
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_, Text
from portal.models.complaint import Complaint, ComplaintDepartment, ComplaintRound, Escalation
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.org import Department, Party, PartyStatus, User
from portal.models.project import Project
from portal.models.task import TaskKind
from portal.permissions import Permission, Role, may
from portal.processes import escalation as escalation_rules
from portal.processes.complaint import LEAD_DEPARTMENTS, OPEN, Action, Category, Severity, plan_must_be_seen
from portal.services import assignment, consultations, events, numbering, steps, tasks


def visible_to(user: User) -> Select[Complaint]:
    """The complaints that exist for this person."""
    return visibility.visible_to(user, Complaint)


def escalations_visible_to(user: User) -> Select[Escalation]:
    """The escalations that exist for this person."""
    return visibility.visible_to(user, Escalation)


@dataclass(frozen=True, slots=True)
class RegisterComplaint:
    """What F-16 asks for."""

    complainant: str
    phone: str
    phase: str
    category: str
    subject: str
    content: str
    demand: str
    received_at: datetime
    channel: str
    severity: str = Severity.ORDINARY
    customer: Customer | None = None
    project: Project | None = None
    consultation: Consultation | None = None
    previous: Complaint | None = None
    is_multi_department: bool = False
    material: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """The head of the department signs for the complaint and keeps a copy of F-06."""

    department: str
    head: Party
    signed_at: datetime
    copy_left: bool | None
    """Unticked is None: not filled in yet."""
    further_departments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reassign(HandOver):
    """The manager moves the complaint to the right department."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """Customer service settles it without a department."""

    plan: str
    visit_appointment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explain:
    """Not founded: why, and what the customer was told."""

    verdict: str
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Malicious: the evidence."""

    verdict: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Verify:
    """The department telephoned the customer."""

    verify_call_at: datetime
    verified_by: Party
    verify_result: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The department's plan and the visit agreed with the customer."""

    plan: str
    visit_appointment: datetime
    customer_agreed: bool
    plan_fed_back_at: datetime
    costs_money: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """The department carried the plan out."""

    visit_at: datetime
    visit_by: str
    solution_record: str
    customer_signed: bool = False
    no_signature_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """The customer is satisfied; the analysis."""

    follow_up_at: datetime
    follow_up_satisfied: bool
    verdict: str
    root_cause: str
    improvement: str
    responsible: str
    follow_up_note: str | None = None
    material: str | None = None


@dataclass(frozen=True, slots=True)
class Rework:
    """The customer is not satisfied for the first time: a second round."""

    follow_up_at: datetime
    new_demand: str
    plan: str
    visit_appointment: datetime
    follow_up_note: str | None = None


@dataclass(frozen=True, slots=True)
class Escalate:
    """The three texts of P10 and the ground of R-10."""

    why: str
    cause: str
    process_so_far: str
    customer_demand: str


def lead_departments(session: Session, category: str) -> tuple[str, ...]:
    """The departments that lead for a category: the setting first, else 4.9.3."""
    own: dict[str, str] = settings.get(session, "complaint_departments")
    if category in own:
        return tuple(own[category].split("+"))
    return LEAD_DEPARTMENTS[Category(category)]


def heads(session: Session, department: str) -> list[Party]:
    """Who can sign for a department: its head and named deputies (Q29)."""
    return list(
        session.scalars(
            select(Party)
            .where(Party.department == department, Party.is_head.is_(True), Party.status == PartyStatus.ACTIVE)
            .where(visibility.standing(Party))
            .order_by(Party.id)
        )
    )


def similar(session: Session, user: User, *, phone: str, customer_id: int | None) -> list[Complaint]:
    """Earlier complaints of the same person, newest first, so that a repeat is seen at registration."""
    same = Complaint.phone == phone
    if customer_id is not None:
        same = same | (Complaint.customer_id == customer_id)
    query = visible_to(user).where(same).order_by(Complaint.received_at.desc()).limit(5)
    return list(session.scalars(query))


def register(session: Session, command: RegisterComplaint, *, actor: User | None, at: datetime) -> Complaint:
    """Register a complaint (F-16, F-06): the clocks start at `received_at`, the specialist is told at once.

    `actor` None: a rule makes it one (DL-08 missed twice). Raises Invalid by field.
    """
    entered = steps.entered_of(command)
    branch_id = _branch(command, actor)
    owner = assignment.owner_for(session, customer=command.customer, actor=actor, branch_id=branch_id)
    complaint = Complaint(
        number=numbering.next_number(session, Complaint.PREFIX, at),
        branch_id=branch_id,
        owner=owner,
        received_by_id=actor.id if actor is not None else None,
        round_no=1,
        **{name: value for name, value in entered.items() if name not in {"previous", "consultation"}},
    )
    complaint.previous_id = command.previous.id if command.previous else None
    complaint.consultation_id = command.consultation.id if command.consultation else None
    complaint.rounds.append(ComplaintRound(round_no=1))
    steps.begin(session, complaint, Action.REGISTER, actor=actor, at=at, entered=steps.said_of(entered))
    if command.severity == Severity.MAJOR:
        steps.announce(session, complaint, Action.REGISTER, ("managers",), actor=actor, at=at)
    if command.consultation is not None:
        command.consultation.complaint_id = complaint.id
        consultations.case_written(session, command.consultation, actor=actor, at=at)
    return complaint


def hand_over(session: Session, complaint: Complaint, command: HandOver, *, actor: User, at: datetime) -> None:
    """The department signs for it (DL-10 met, DL-11 starts)."""
    _sign(complaint, command, actor)
    complaint.is_multi_department = complaint.is_multi_department or bool(command.further_departments)
    _advance(session, complaint, Action.HAND_OVER, command, actor, at, acted_by=command.head)


def reassign(session: Session, complaint: Complaint, command: Reassign, *, actor: User, at: datetime) -> None:
    """The manager moves it to another department; DL-11 starts again."""
    for item in complaint.departments:
        item.replaced_at = item.replaced_at or at
    _sign(complaint, command, actor)
    _advance(session, complaint, Action.REASSIGN, command, actor, at, acted_by=command.head)


def handle(session: Session, complaint: Complaint, command: Handle, *, actor: User, at: datetime) -> None:
    """Customer service settles it without a department."""
    now = _round(complaint)
    now.plan, now.visit_appointment = command.plan, command.visit_appointment
    _advance(session, complaint, Action.HANDLE, command, actor, at)


def explain(session: Session, complaint: Complaint, command: Explain, *, actor: User, at: datetime) -> None:
    """Not founded, and the customer was told courteously."""
    complaint.verdict, complaint.reason = command.verdict, command.reason
    complaint.explanation, complaint.closed_at = command.explanation, at
    _advance(session, complaint, Action.EXPLAIN, command, actor, at)


def refuse(session: Session, complaint: Complaint, command: Refuse, *, actor: User, at: datetime) -> None:
    """The manager refuses a malicious complaint."""
    complaint.verdict, complaint.explanation, complaint.closed_at = command.verdict, command.explanation, at
    _advance(session, complaint, Action.REFUSE, command, actor, at)


def verify(session: Session, complaint: Complaint, command: Verify, *, actor: User, at: datetime) -> None:
    """The department telephoned the customer (DL-11 met, DL-12 starts)."""
    complaint.verify_call_at, complaint.verify_result = command.verify_call_at, command.verify_result
    complaint.verified_by = command.verified_by
    _advance(session, complaint, Action.VERIFY, command, actor, at, acted_by=command.verified_by)


def plan(session: Session, complaint: Complaint, command: Plan, *, actor: User, at: datetime) -> bool:
    """Plan and visit are fed back (DL-12 met, DL-13 starts). True when the complaint is now planned.

    R-09: a plan that touches two departments or costs money is kept and shown to the manager first; False then.
    """
    _take_plan(complaint, command)
    if plan_must_be_seen(complaint) and complaint.plan_seen_by_id is None:
        steps.check_permission(actor, complaint.PROCESS.transition(complaint.state, Action.PLAN))
        _ask_to_see(session, complaint, actor, at)
        return False
    _advance(session, complaint, Action.PLAN, command, actor, at, acted_by=_head(complaint))
    return True


def see_plan(session: Session, complaint: Complaint, *, actor: User, at: datetime) -> None:
    """The manager has looked through the plan (R-09); the specialist is told that it may go on."""
    if not may(actor, Permission.COMPLAINT_SEE_PLAN):
        raise NotPermitted(N_("Only the manager sees plans."))
    if complaint.state not in OPEN or not (complaint.present_round and complaint.present_round.plan):
        raise DomainError(N_("There is no plan to look at yet."))
    complaint.plan_seen_by_id, complaint.plan_seen_at, complaint.updated_at = actor.id, at, at
    for task in tasks.open_of(session, complaint):
        if task.kind == TaskKind.TODO and task.title == SEE_PLAN.message:
            tasks.close(session, task, happened_at=at, at=at, actor=actor)
    events.record(session, EventKind.NOTE, action="plan-seen", actor=actor, at=at, record=complaint)
    steps.announce(session, complaint, "plan-seen", ("owner",), actor=actor, at=at)


def visit(session: Session, complaint: Complaint, command: Visit, *, actor: User, at: datetime) -> None:
    """The department carried it out (DL-13 met, DL-14 starts)."""
    now = _round(complaint)
    now.visit_at, now.visit_by, now.solution_record = command.visit_at, command.visit_by, command.solution_record
    now.customer_signed, now.no_signature_reason = command.customer_signed, command.no_signature_reason
    _advance(session, complaint, Action.VISIT, command, actor, at, acted_by=_head(complaint))


def close(session: Session, complaint: Complaint, command: Close, *, actor: User, at: datetime) -> None:
    """The customer is satisfied and the analysis is written; F-07 can be filed."""
    now = _round(complaint)
    now.follow_up_at, now.follow_up_satisfied = command.follow_up_at, command.follow_up_satisfied
    now.follow_up_note = command.follow_up_note
    complaint.verdict, complaint.root_cause = command.verdict, command.root_cause
    complaint.material = command.material or complaint.material
    complaint.improvement, complaint.responsible = command.improvement, command.responsible
    complaint.closed_at = at
    _advance(session, complaint, Action.CLOSE, command, actor, at)


def rework(session: Session, complaint: Complaint, command: Rework, *, actor: User, at: datetime) -> None:
    """The customer is not satisfied for the first time: round + 1, DL-13 runs again, head and manager are told."""
    old = _round(complaint)
    old.follow_up_at, old.follow_up_satisfied = command.follow_up_at, False
    old.follow_up_note = command.follow_up_note
    step = complaint.PROCESS.transition(complaint.state, Action.REWORK)
    if unmet := complaint.PROCESS.unmet(step, complaint, entered=True):
        raise steps.ConditionsMissing([guard.label for guard in unmet])
    complaint.rounds.append(
        ComplaintRound(
            round_no=complaint.round_no + 1,
            new_demand=command.new_demand,
            plan=command.plan,
            plan_fed_back_at=command.follow_up_at,
            visit_appointment=command.visit_appointment,
        )
    )
    _unseen(complaint)
    _advance(session, complaint, Action.REWORK, command, actor, at, round_no=complaint.round_no + 1)
    if plan_must_be_seen(complaint):
        _ask_to_see(session, complaint, actor, at)


def escalate(session: Session, complaint: Complaint, command: Escalate, *, actor: User, at: datetime) -> Escalation:
    """Hand the case to the manager with the three texts (R-10); its clocks end, P10 begins."""
    _advance(session, complaint, Action.ESCALATE, command, actor, at)
    escalation = Escalation(
        number=numbering.next_number(session, Escalation.PREFIX, at),
        branch_id=complaint.branch_id,
        complaint=complaint,
        submitted_by_id=actor.id,
        submitted_at=at,
        why=command.why,
        cause=command.cause,
        process_so_far=command.process_so_far,
        customer_demand=command.customer_demand,
    )
    steps.begin(session, escalation, escalation_rules.Action.SUBMIT, actor=actor, at=at, entered=asdict(command))
    escalation.visit_due_at = next((task.due_at for task in tasks.open_of(session, escalation, "DL-15")), None)
    return escalation


def take(session: Session, escalation: Escalation, *, actor: User, at: datetime) -> None:
    """The manager takes the case."""
    escalation.taken_by_id, escalation.taken_at = actor.id, at
    steps.advance(session, escalation, escalation_rules.Action.TAKE, actor=actor, at=at, entered={})


def assign(session: Session, complaint: Complaint, owner: User, *, actor: User, at: datetime) -> None:
    """Another specialist takes over; the open tasks go along. Raises DomainError for somebody who may not own it."""
    if (why := why_not_owner(complaint, owner)) is not None:
        raise DomainError(why)
    before = complaint.owner
    complaint.owner, complaint.updated_at, complaint.updated_by_id = owner, at, actor.id
    for task in tasks.open_of(session, complaint):
        if before is None or task.person_id == before.id:
            task.person_id, task.role = owner.id, None
    changes = {"owner": [before.name if before else None, owner.name]}
    events.record(session, EventKind.CHANGE, action="assign", actor=actor, at=at, record=complaint, changes=changes)
    steps.announce(session, complaint, "assign", ("owner",), actor=actor, at=at)


def why_not_owner(complaint: Complaint, owner: User) -> Text | None:
    """Why somebody cannot own a complaint; None: can."""
    if owner.role not in {Role.SPECIALIST, Role.MANAGER} or not owner.is_active:
        return N_("Only an active specialist can own a complaint.")
    if complaint.branch_id is not None and owner.branch_id not in (None, complaint.branch_id):
        return N_("%(name)s works for another branch.") % {"name": owner.name}
    return None


SEE_PLAN = N_("Look through the plan")


def _branch(command: RegisterComplaint, actor: User | None) -> int | None:
    if command.project is not None:
        return command.project.branch_id
    if command.customer is not None:
        return command.customer.branch_id
    return actor.branch_id if actor is not None else None


def _round(complaint: Complaint) -> ComplaintRound:
    if complaint.present_round is None:
        complaint.rounds.append(ComplaintRound(round_no=complaint.round_no))
    return complaint.rounds[-1]


def _head(complaint: Complaint) -> Party | None:
    lead = complaint.lead_department
    return lead.head if lead else None


def _sign(complaint: Complaint, command: HandOver, actor: User) -> None:
    if command.head.department != command.department:
        raise Invalid({"head": N_("This person does not sign for the chosen department.")})
    complaint.departments.append(
        ComplaintDepartment(
            department=Department(command.department),
            is_lead=True,
            head=command.head,
            signed_at=command.signed_at,
            copy_left=command.copy_left,
            recorded_by_id=actor.id,
        )
    )
    for department in command.further_departments:
        if department != command.department:
            complaint.departments.append(
                ComplaintDepartment(department=Department(department), is_lead=False, recorded_by_id=actor.id)
            )


def _take_plan(complaint: Complaint, command: Plan) -> None:
    now = _round(complaint)
    if (now.plan, complaint.costs_money) != (command.plan, command.costs_money):
        _unseen(complaint)  # what the manager looked through was another plan
    now.plan, now.visit_appointment = command.plan, command.visit_appointment
    now.customer_agreed, now.plan_fed_back_at = command.customer_agreed, command.plan_fed_back_at
    complaint.costs_money = command.costs_money


def _unseen(complaint: Complaint) -> None:
    complaint.plan_seen_by_id = complaint.plan_seen_at = None


def _ask_to_see(session: Session, complaint: Complaint, actor: User, at: datetime) -> None:
    waiting = [task for task in tasks.open_of(session, complaint) if task.title == SEE_PLAN.message]
    if not waiting:
        tasks.open_task(
            session, TaskKind.TODO, SEE_PLAN.message, complaint, due_at=None, at=at,
            who=tasks.Responsible(role=Role.MANAGER),
        )  # fmt: skip
    complaint.updated_at, complaint.updated_by_id = at, actor.id
    events.record(session, EventKind.NOTE, action="plan-proposed", actor=actor, at=at, record=complaint)
    steps.announce(session, complaint, "plan-proposed", ("managers",), actor=actor, at=at)


def _advance(
    session: Session,
    complaint: Complaint,
    action: str,
    command: Any,
    actor: User,
    at: datetime,
    *,
    acted_by: Party | None = None,
    round_no: int | None = None,
) -> None:
    if complaint.is_historical:
        raise DomainError(N_("This comes from the old ledger and is kept for reading only."))
    entered = steps.entered_of(command)
    session.flush()
    steps.advance(
        session,
        complaint,
        action,
        actor=actor,
        at=at,
        entered=entered,
        said=steps.said_of(entered),
        acted_by=acted_by,
        round_no=round_no,
    )
    if round_no is not None:
        complaint.round_no = round_no


def count_open(session: Session, user: User) -> int:
    """How many complaints still need work, of those the person sees."""
    query = visible_to(user).where(Complaint.state.in_(OPEN), Complaint.is_historical.is_(False))
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0
