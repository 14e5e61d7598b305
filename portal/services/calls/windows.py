"""When a call is due: windows that events open, calls that were missed, taken up again, cancelled. Source: `domain.md` 5.3, DL-28."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import settings
from portal.models.customer import Customer
from portal.models.follow_up import FollowUpCall, FollowUpPlan
from portal.models.org import User
from portal.models.project import Project
from portal.models.task import Task
from portal.processes.follow_up import WINDOW_SETTINGS, CallStage
from portal.processes.follow_up_call import Action, State
from portal.services import numbering, steps, tasks
from portal.services.call_reopening import anew
from portal.services.calls.common import advance


@dataclass(frozen=True, slots=True)
class Explain:
    """Why the call was not made in its window."""

    missed_reason: str


@dataclass(frozen=True, slots=True)
class Because:
    """Why a call is cancelled, taken up again, or a visit stands in for it."""

    reason: str


def find(session: Session, project: Project, stage: str, occurrence: int = 1) -> FollowUpCall | None:
    """The call of a project at a stage; there is one at most."""
    query = select(FollowUpCall).where(
        FollowUpCall.project_id == project.id, FollowUpCall.stage == stage, FollowUpCall.occurrence == occurrence
    )
    return session.scalars(query).one_or_none()


def following(session: Session, project: Project | None, stage: CallStage) -> int:
    """The next number among the calls of a project at a stage that comes again; two at the same time wait for each other."""
    if project is None:
        return 1
    session.execute(select(Project.id).where(Project.id == project.id).with_for_update())
    query = select(func.max(FollowUpCall.occurrence)).where(
        FollowUpCall.project_id == project.id, FollowUpCall.stage == stage
    )
    return (session.scalar(query) or 0) + 1


def plan_call(
    session: Session,
    project: Project | None,
    stage: CallStage,
    *,
    at: datetime,
    customer: Customer | None = None,
    plan: FollowUpPlan | None = None,
    expected_on: date | None = None,
    owner: User | None = None,
    occurrence: int = 1,
    actor: User | None = None,
) -> FollowUpCall:
    """Put a call into the plan; planned before, it is given back as it is.

    `owner` None: the customer's specialist. `project` None: the call is about no works, the `customer` is named.
    """
    session.flush()
    known = find(session, project, stage, occurrence) if project is not None else None
    if known is not None:
        return known
    about = project or customer
    customer = customer or (project.customer if project is not None else None)
    assert about is not None and customer is not None, "somebody is called"
    call = FollowUpCall(
        number=numbering.next_number(session, FollowUpCall.PREFIX, at),
        branch_id=about.branch_id,
        plan=plan,
        project=project,
        customer=customer,
        stage=stage.value,
        occurrence=occurrence,
        owner=owner or customer.owner,
        grade=customer.grade,
        expected_on=expected_on,
    )
    steps.begin(session, call, Action.PLAN, actor=actor, at=at, entered={})
    return call


def open_window(
    session: Session, project: Project, stage: CallStage, *, on: date, event: Any, at: datetime, occurrence: int = 1
) -> FollowUpCall:
    """The event of a stage happened on this day: from now on the customer is to be called (5.3, DL-28).

    Opened before, nothing changes; a call that was not planned is made. `event`: the record that says so.
    """
    call = plan_call(session, project, stage, at=at, occurrence=occurrence)
    if call.window_from is not None or call.state != State.PLANNED:
        return call
    call.window_from = on
    call.opened_kind, call.opened_id = event.KIND, event.id
    setting = WINDOW_SETTINGS.get(stage)
    call.due_on = on + timedelta(days=settings.get(session, setting)) if setting else None
    advance(session, call, Action.OPEN, {}, None, at)
    return call


def missed(session: Session, task_id: int, *, at: datetime) -> None:
    """DL-28 ran out: the call counts as missed and stays to be made. Asked twice, it is said once."""
    task = session.get(Task, task_id)
    call = session.get(FollowUpCall, task.record_id) if task and task.record_kind == FollowUpCall.KIND else None
    if call is None or task is None or task.closed_at is not None:
        return
    if call.state in (State.PLANNED, State.ATTEMPTED):
        advance(session, call, Action.MISS, {}, None, at)


def explain(session: Session, call: FollowUpCall, command: Explain, *, actor: User, at: datetime) -> None:
    """Say why it was missed; the breach stays."""
    call.reason = command.missed_reason
    advance(session, call, Action.EXPLAIN, {"missed_reason": command.missed_reason}, actor, at)


def call_again(session: Session, call: FollowUpCall, command: Because, *, actor: User, at: datetime) -> None:
    """The customer can be reached after all: the stage has a window anew."""
    anew(session, call, at)
    call.reason = command.reason
    advance(session, call, Action.CALL_AGAIN, {"reason": command.reason}, actor, at)


def allow_visit(session: Session, call: FollowUpCall, command: Because, *, actor: User, at: datetime) -> None:
    """The manager consents to a visit with the same questions in place of the call."""
    if call.state == State.UNREACHABLE:
        anew(session, call, at)
    advance(session, call, Action.ALLOW_VISIT, {"reason": command.reason}, actor, at)
    call.visit_allowed_at, call.visit_allowed_by_id = at, actor.id


def cancel(session: Session, call: FollowUpCall, command: Because, *, actor: User, at: datetime) -> None:
    """The call is no longer needed."""
    call.reason, call.next_at = command.reason, None
    advance(session, call, Action.CANCEL, {"reason": command.reason}, actor, at)


def give_to(session: Session, call: FollowUpCall, owner: User | None, *, at: datetime) -> None:
    """Another person calls; the open clock goes with it."""
    call.owner = owner
    for task in tasks.open_of(session, call):
        tasks.hand_over(session, task, person=owner, role=None if owner else call.OWNER_ROLE, at=at)
