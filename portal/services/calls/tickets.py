"""Liaison slips: a problem with a department and a limit, until the customer is content or complains. Source: `domain.md` 4.7, 5.6, DL-08."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings
from portal.errors import Invalid
from portal.i18n import N_, Text, _
from portal.models.complaint import Complaint
from portal.models.consultation import Channel
from portal.models.customer import Customer
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.models.task import DeadlineBreach, Task, TaskKind
from portal.permissions import Role
from portal.processes import complaint as complaint_rules
from portal.processes.complaint import Category
from portal.processes.follow_up import CallStage
from portal.processes.follow_up_ticket import MORE_ROUNDS, WITH_DEPARTMENT, Action
from portal.services import assignment, complaints, numbering, penalties, repairs, steps, tasks
from portal.services.calls import common, revisits
from portal.services.calls.common import advance
from portal.services.projects import FINISHED

ASK_AGAIN = N_("Ask the customer again after the measure")
COMPLAIN = N_("Not satisfied after the last round: make it a complaint")
NOT_SOLVED = N_(
    "What is not solved is not settled: note that the customer is not satisfied, and the department does it again."
)
PENALTY_RULE = "K-08"
CATEGORIES = {
    Department.DESIGN: Category.DESIGN,
    Department.STORE: Category.SALES,
    Department.ENGINEERING: Category.QUALITY,
    Department.PURCHASING: Category.MATERIAL,
    Department.FINANCE: Category.MONEY,
    Department.SERVICE: Category.SERVICE,
}
"""What a complaint is about when nobody says otherwise (4.9.3, read backwards)."""
AFTER_SALE = frozenset(
    {CallStage.COMPLETION, CallStage.ONE_MONTH, CallStage.WARRANTY_PERIODIC, CallStage.REPAIR, CallStage.SEASONAL}
)
LONGEST = timedelta(days=30)
MISSES = 2
"""The second missed limit makes it a complaint (4.7)."""


@dataclass(frozen=True, slots=True)
class Receive:
    """The department signed for the slip."""

    received_at: datetime
    received_by: Party


@dataclass(frozen=True, slots=True)
class Extend:
    """Another limit, with the reason."""

    limit_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Finish:
    """What the department did."""

    measure: str
    done_at: datetime
    material: str | None = None


@dataclass(frozen=True, slots=True)
class Verify:
    """Asked again, the customer is content and the problem is solved."""

    revisit_at: datetime
    revisit_result: str | None = None
    is_solved: bool = True


@dataclass(frozen=True, slots=True)
class Reopen:
    """Asked again, the customer is not content. `limit_at` None: the usual time from now."""

    revisit_at: datetime
    revisit_result: str
    limit_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """What the customer says about the measure. `limit_at` None: the usual time from now, where there is a next round."""

    asked_at: datetime
    is_content: bool
    is_solved: bool
    said: str | None = None
    limit_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Escalate:
    """It goes on as a complaint. `category` None: what the department stands for."""

    demand: str
    why: str | None = None
    category: str | None = None


def usual_limit(session: Session, at: datetime) -> datetime:
    """When a slip is to be settled unless it says otherwise (DL-08)."""
    return at + timedelta(hours=settings.get(session, "slip_hours"))


def open_ticket(
    session: Session,
    *,
    customer: Customer,
    project: Project | None,
    problem: str,
    department: str,
    at: datetime,
    actor: User | None,
    responsible: Party | None = None,
    material: str | None = None,
    limit_at: datetime | None = None,
    call: FollowUpCall | None = None,
    survey: Any = None,
) -> FollowUpTicket:
    """Hand a problem over to a department, from a call or a survey; its clock DL-08 starts. Raises Invalid by field."""
    limit = limit_at or usual_limit(session, at)
    _check(problem, responsible, department, limit, at)
    source = call if call is not None else survey
    branch_id = project.branch_id if project is not None else customer.branch_id
    owner = (call.owner if call is not None else getattr(source, "owner", None)) or customer.owner
    if owner is None or owner.role != Role.SPECIALIST:
        owner = assignment.owner_for(session, customer=customer, actor=actor, branch_id=branch_id)
    slip = FollowUpTicket(
        number=numbering.next_number(session, FollowUpTicket.PREFIX, at),
        branch_id=branch_id,
        call=call,
        survey_id=survey.id if survey is not None else None,
        customer=customer,
        project=project,
        owner=owner,
        problem=problem.strip(),
        department=department,
        responsible=responsible,
        responsible_id=responsible.id if responsible is not None else None,
        material=material,
        handed_over_at=at,
        limit_at=limit,
        limit_from=at,
        round_no=1,
        rounds=settings.get(session, "slip_rounds"),
    )
    entered = {
        "problem": problem, "department": department, "responsible": responsible, "limit_at": limit,
        "material": material,
    }  # fmt: skip
    steps.begin(session, slip, Action.OPEN, actor=actor, at=at, entered=steps.said_of(entered))
    return slip


def receive(session: Session, slip: FollowUpTicket, command: Receive, *, actor: User, at: datetime) -> None:
    """The department signs for it."""
    slip.received_at, slip.received_by_id = command.received_at, command.received_by.id
    entered = {"received_at": command.received_at, "received_by": command.received_by}
    advance(session, slip, Action.RECEIVE, entered, actor, at, acted_by=command.received_by)


def extend(session: Session, slip: FollowUpTicket, command: Extend, *, actor: User, at: datetime) -> None:
    """The manager sets another limit; a limit that was missed stays missed."""
    _check_limit(command.limit_at, at)
    slip.limit_at, slip.limit_from = command.limit_at, at
    advance(session, slip, Action.EXTEND, steps.entered_of(command), actor, at)


def finish(session: Session, slip: FollowUpTicket, command: Finish, *, actor: User, at: datetime) -> None:
    """The department reports it done; within a day the customer is called again."""
    slip.measure, slip.done_at = command.measure, command.done_at
    slip.material = command.material or slip.material
    slip.revisit_due_at = max(command.done_at, slip.limit_from) + timedelta(
        hours=settings.get(session, "slip_revisit_hours")
    )
    advance(session, slip, Action.FINISH, steps.entered_of(command), actor, at, acted_by=slip.responsible)
    who = tasks.Responsible(slip.owner, None if slip.owner else Role.SPECIALIST)
    tasks.open_task(
        session, TaskKind.TODO, ASK_AGAIN.message, slip, due_at=slip.revisit_due_at, at=at, who=who,
        detail=slip.problem[:200],
    )  # fmt: skip
    revisits.plan(session, slip, at=at)
    follow(session, slip, actor, at)


def asked_again(session: Session, slip: FollowUpTicket, command: AskedAgain, *, actor: User, at: datetime) -> None:
    """The customer was asked about the measure (5.6): content, it is settled; if not, the next round; after the last one
    it is to become a complaint, for which owner and manager are told and somebody has a task. Raises Invalid by field."""
    if command.is_content:
        verify(session, slip, Verify(command.asked_at, command.said, command.is_solved), actor=actor, at=at)
        return
    if not (command.said or "").strip():
        raise Invalid({"revisit_result": N_("Write down what the customer said, in the customer's words.")})
    said = (command.said or "").strip()
    if MORE_ROUNDS.holds(slip):
        reopen(session, slip, Reopen(command.asked_at, said, command.limit_at), actor=actor, at=at)
        return
    slip.revisit_at, slip.revisit_result, slip.is_solved = command.asked_at, said, command.is_solved
    entered = {"revisit_at": command.asked_at, "revisit_result": said}
    advance(session, slip, Action.REFUSE, entered, actor, at)
    _asked(session, slip, command.asked_at, actor, at)
    who = tasks.Responsible(slip.owner, None if slip.owner else Role.SPECIALIST)
    due = at + timedelta(minutes=settings.get(session, "message_minutes"))
    tasks.open_task(session, TaskKind.TODO, COMPLAIN.message, slip, due_at=due, at=at, who=who, detail=said[:200])


def verify(session: Session, slip: FollowUpTicket, command: Verify, *, actor: User, at: datetime) -> None:
    """The customer is content: the problem is settled. Raises Invalid: it is not solved."""
    if not command.is_solved:
        raise Invalid({"is_solved": NOT_SOLVED})
    slip.revisit_at, slip.revisit_result, slip.settled_at = command.revisit_at, command.revisit_result, at
    slip.is_solved = command.is_solved
    advance(session, slip, Action.VERIFY, steps.entered_of(command), actor, at)
    _asked(session, slip, command.revisit_at, actor, at)
    follow(session, slip, actor, at)


def reopen(session: Session, slip: FollowUpTicket, command: Reopen, *, actor: User, at: datetime) -> None:
    """The customer is not content: the department does it again, head and manager are told; after the last round it is
    a complaint instead. Raises Invalid by field."""
    limit = command.limit_at or usual_limit(session, at)
    _check_limit(limit, at)
    slip.revisit_at, slip.revisit_result, slip.is_solved = command.revisit_at, command.revisit_result, False
    slip.limit_at, slip.limit_from = limit, at
    entered = {"revisit_at": command.revisit_at, "revisit_result": command.revisit_result, "limit_at": limit}
    _asked(session, slip, command.revisit_at, actor, at)
    following = slip.round_no + 1
    advance(session, slip, Action.REOPEN, entered, actor, at, round_no=following)
    slip.round_no = following
    slip.measure = slip.done_at = slip.received_at = slip.received_by_id = slip.revisit_due_at = None
    follow(session, slip, actor, at)


def escalate(
    session: Session, slip: FollowUpTicket, command: Escalate, *, actor: User | None, at: datetime,
    action: Action = Action.ESCALATE,
) -> Complaint:  # fmt: skip
    """The problem becomes a complaint with everything that is known filled in. `actor` None: by a rule, the `action`."""
    if actor is not None:
        steps.check_permission(actor, slip.PROCESS.transition(slip.state, action))
    made = complaints.register(
        session,
        complaints.RegisterComplaint(
            complainant=slip.survey.contact_name if slip.survey is not None else slip.customer.name,
            phone=slip.survey.contact_phone if slip.survey is not None else slip.customer.phone,
            phase=_phase(slip),
            category=command.category or category_of(slip),
            subject=slip.problem[:100],
            content=_content(slip, command),
            demand=command.demand,
            received_at=at,
            channel=Channel.PHONE,
            customer=slip.customer,
            project=slip.project,
            material=slip.material,
        ),
        actor=actor,
        at=at,
    )
    slip.complaint_id, slip.settled_at = made.id, at
    advance(session, slip, action, {"demand": command.demand, "why": command.why}, actor, at)
    _asked(session, slip, at, actor, at)
    follow(session, slip, actor, at)
    return made


def limit_missed(session: Session, task_id: int, *, at: datetime) -> None:
    """DL-08 ran out with nothing done: a penalty is proposed and a new limit urged; the second time it is a complaint.

    Asked twice about the same clock, it acts once.
    """
    task = session.get(Task, task_id)
    slip = session.get(FollowUpTicket, task.record_id) if task and task.record_kind == FollowUpTicket.KIND else None
    if task is None or slip is None or task.closed_at is not None or slip.state not in WITH_DEPARTMENT:
        return
    breach = session.scalars(select(DeadlineBreach).where(DeadlineBreach.task_id == task_id)).one_or_none()
    slip.missed_count += 1
    _propose_penalty(session, slip, task, breach, at)
    if slip.missed_count >= MISSES:
        said = N_("The limit was missed twice; settle it at once.")
        command = Escalate(demand=_(said.message), why=_(TWICE.message))
        escalate(session, slip, command, actor=None, at=at, action=Action.MISSED_TWICE)
        return
    slip.limit_at, slip.limit_from = usual_limit(session, at), at
    advance(session, slip, Action.URGE, {}, None, at)


TWICE = N_("The department missed the limit twice.")


def follow(session: Session, slip: FollowUpTicket, actor: User | None, at: datetime) -> None:
    """The calls move on with their slips: the one that found the problem, and those that asked again."""
    session.flush()
    for call in [*([slip.call] if slip.call is not None else []), *(each.call for each in slip.revisits)]:
        common.follow(session, call, at)
        repairs.settled(session, call, actor=actor, at=at)


def category_of(slip: FollowUpTicket) -> Category:
    """What a complaint would be about, going by the department."""
    return CATEGORIES.get(Department(slip.department), Category.OTHER)


def why_complaint(slip: FollowUpTicket) -> str | None:
    """Why it becomes a complaint, as far as the slip itself says so; None: somebody has to say."""
    if not slip.is_refused:
        return None
    return _("The customer is not satisfied after %(count)s rounds.", count=slip.round_no)


# ---------- Parts ----------


def _asked(session: Session, slip: FollowUpTicket, happened_at: datetime, actor: User | None, at: datetime) -> None:
    """Nobody has to ask any more: the tasks are done, a call that was not made is not needed."""
    for task in tasks.open_of(session, slip):
        if task.title in (ASK_AGAIN.message, COMPLAIN.message):
            tasks.close(session, task, happened_at=happened_at, at=at, actor=actor)
    revisits.call_off(session, slip, at=at)


def _check(problem: str, responsible: Party | None, department: str, limit: datetime, at: datetime) -> None:
    problems: dict[str, Text | str] = {}
    if not problem.strip():
        problems["problem"] = N_("Please write what the problem is.")
    if department not in tuple(Department):
        problems["department"] = N_("Please choose the responsible department.")
    if responsible is not None and responsible.department not in (None, department):
        problems["responsible"] = N_("This person does not belong to the chosen department.")
    if problems:
        raise Invalid(problems)
    _check_limit(limit, at)


def _check_limit(limit: datetime, at: datetime) -> None:
    if limit <= at:
        raise Invalid({"limit_at": N_("The limit lies in the past.")})
    if limit - at > LONGEST:
        raise Invalid({"limit_at": N_("This limit is too far ahead.")})


def _phase(slip: FollowUpTicket) -> complaint_rules.Phase:
    """The phase of the works; of the call that found the problem, where it says more."""
    if slip.call is not None:
        is_after = slip.call.stage in AFTER_SALE
    else:
        is_after = slip.project is None or slip.project.stage in FINISHED
    return complaint_rules.Phase.AFTER_SALE if is_after else complaint_rules.Phase.IN_SALE


def _content(slip: FollowUpTicket, command: Escalate) -> str:
    """What the complaint says, in the words of the people it came from; the frame around them is Chinese like all records."""
    lines = [f"{slip.number}：{slip.problem}"]
    if slip.call is not None and slip.call.customer_words:
        lines.append(f"{slip.call.number} {CallStage.show(slip.call.stage)}：{slip.call.customer_words}")
    if slip.measure:
        lines.append(_("Measure: %(measure)s", measure=slip.measure))
    if slip.revisit_result:
        lines.append(_("Asked again: %(result)s", result=slip.revisit_result))
    lines.append(
        _(
            "Round %(round)s, handed over %(moment)s, limits missed: %(missed)s",
            round=slip.round_no, moment=formatting.stamp(slip.handed_over_at), missed=slip.missed_count,
        )
    )  # fmt: skip
    if command.why:
        lines.append(command.why)
    return "\n".join(lines)


def _propose_penalty(
    session: Session, slip: FollowUpTicket, task: Task, breach: DeadlineBreach | None, at: datetime
) -> None:
    person = slip.responsible or next(iter(complaints.heads(session, slip.department)), None)
    if person is None:
        return
    entry = penalties.propose(
        session,
        rule=PENALTY_RULE,
        party_id=person.id,
        record=slip,
        cause=f"DL-08:{FollowUpTicket.KIND}:{slip.id}:{slip.missed_count}",
        evidence={
            "breach": breach.id if breach is not None else None,
            "clock": "DL-08",
            "title": task.title,
            "started_at": task.started_at.isoformat(),
            "due_at": task.due_at.isoformat() if task.due_at else None,
            "found_at": at.isoformat(),
            "record": slip.number,
            "what": slip.problem,
            "customer": slip.customer.name,
        },
        offended_on=clock.today(task.due_at or at),
        at=at,
    )
    slip.penalty_id = entry.id
