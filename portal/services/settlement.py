"""The last money is in: project and acceptance are settled, what follows is set. Source: `domain.md` 4.12, 4.13."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.calendar import compute_due
from portal.i18n import N_
from portal.models.completion import CompletionAcceptance
from portal.models.contract import PaymentKind
from portal.models.org import User
from portal.models.project import Project
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes.completion import Action, State
from portal.processes.project import BEFORE_ACCEPTANCE
from portal.services import calendars, projects, steps, surveys, tasks

TELL_FINANCE = N_("Tell finance that the project is completed")


def waits_for_acceptance(project: Project) -> bool:
    """Whether the works went through the portal and the customer has not accepted them yet: money alone settles nothing."""
    return project.archive_number is not None and project.stage in BEFORE_ACCEPTANCE


def reached(session: Session, project: Project, *, paid_on: date, actor: User, at: datetime) -> None:
    """Everything is paid on that day: the project is settled, its acceptance too; F-18 and finance are to be seen to."""
    projects.settled(session, project, at=at)
    surveys.at_settlement(session, project, at=at)
    query = select(CompletionAcceptance).where(CompletionAcceptance.project_id == project.id)
    completion = session.scalars(query.where(CompletionAcceptance.state == State.ACCEPTED)).one_or_none()
    if completion is None:
        return
    last = [payment for payment in completion.contract.payments if payment.kind == PaymentKind.FINAL][-1]
    completion.settled_on = paid_on
    entered = {"amount": last.amount, "paid_on": last.paid_on, "receipt_no": last.receipt_no}
    steps.advance(session, completion, Action.SETTLE, actor=actor, at=at, entered=entered)
    due = compute_due(at, calendars.limit(session, "completion_after_wd"), calendars.current(session)).due_at
    who = tasks.Responsible(completion.owner, None if completion.owner else Role.SPECIALIST)
    for title in (surveys.EVALUATION, TELL_FINANCE):
        tasks.open_task(session, TaskKind.TODO, title.message, completion, due_at=due, at=at, who=who)
