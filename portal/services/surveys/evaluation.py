"""F-18, the evaluation at the settlement: collected is what was answered. Source: `domain.md` 4.12, 4.13, 4.21."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.i18n import N_
from portal.models.completion import CompletionAcceptance
from portal.models.org import User
from portal.models.project import Project
from portal.models.survey import Survey
from portal.processes.survey import State, SurveyKind
from portal.services import tasks

EVALUATION = N_("Have the evaluation form F-18 filled in")


def of_project(session: Session, project: Project, *states: State) -> Survey | None:
    """The newest evaluation of a project in one of these states."""
    query = select(Survey).where(
        Survey.project_id == project.id, Survey.kind == SurveyKind.SETTLEMENT, Survey.state.in_(states)
    )
    return session.scalars(query.order_by(Survey.id.desc()).limit(1)).one_or_none()


def collected(session: Session, project: Project) -> Survey | None:
    """The answered evaluation of a project; None: F-18 is not collected."""
    return of_project(session, project, State.ANSWERED)


def evaluated(session: Session, project: Project, *, actor: User | None, at: datetime) -> None:
    """F-18 was collected, or the customer declined: nobody need see to it any more."""
    found = session.scalars(select(CompletionAcceptance).where(CompletionAcceptance.project_id == project.id))
    for completion in found:
        for task in tasks.open_of(session, completion):
            if task.title == EVALUATION.message:
                tasks.close(session, task, happened_at=at, at=at, actor=actor)
