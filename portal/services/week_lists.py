"""DL-17: engineering's list of a week is waited for, so that none at all is missed too. Source: `domain.md` 4.11.

What stands on a list is `services/pre_acceptances.py`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.errors import DomainError
from portal.i18n import N_
from portal.models.org import Department, Party, PartyStatus, User
from portal.models.pre_acceptance import PreAcceptance, PreAcceptanceList
from portal.models.project import Project, ProjectStage
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.pre_acceptance import OPEN, PROCESS, Action
from portal.services import pre_acceptances, steps, tasks

NOTHING = N_("Engineering says that nothing is to be inspected.")
DL_17 = next(clock for clock in PROCESS.deadlines if clock.code == "DL-17")


def expect(session: Session, week_from: date, *, at: datetime) -> Task | None:
    """Start waiting for the list of a week, once however often it is asked; from its limit on it is missed (DL-17).

    None where nothing is to be waited for: the list came already, or no works go on that could be on it.
    """
    of_week = pre_acceptances.week(session, week_from)
    if (known := _clock(session, of_week)) is not None:
        return known
    listed = select(PreAcceptance.project_id).where(PreAcceptance.state.in_(sorted(OPEN)))
    could_be_listed = exists().where(Project.stage == ProjectStage.IN_PROGRESS, Project.id.not_in(listed))
    if session.scalar(select(PreAcceptance.id).where(PreAcceptance.list_id == of_week.id).limit(1)) is not None:
        return None
    if not session.scalar(select(could_be_listed)):
        return None
    head = _head_of_engineering(session)
    who = tasks.Responsible(
        role=Role.REVIEWER, department=Department.ENGINEERING, party_id=head.id if head is not None else None
    )
    task = tasks.open_deadline(session, DL_17, of_week, start=at, at=at, who=who, due_at=of_week.closes_at)
    task.detail = head.name if head is not None else None
    return task


def waited_for(session: Session, of_week: PreAcceptanceList | None) -> Task | None:
    """The clock of a list that has not come yet; None: it came, or nobody waits for it."""
    task = _clock(session, of_week) if of_week is not None else None
    return task if task is not None and task.closed_at is None else None


def nothing_to_list(session: Session, week_from: date, *, actor: User, at: datetime) -> None:
    """Engineering said that no project is to be inspected in that week: nothing is waited for any more.

    Raises NotPermitted, DomainError: nobody waits.
    """
    steps.check_permission(actor, PROCESS.transition(None, Action.LIST))
    task = waited_for(session, pre_acceptances.week(session, week_from))
    if task is None:
        raise DomainError(N_("Nobody waits for the list of this week."))
    task.result = NOTHING.message
    tasks.close(session, task, happened_at=at, at=at, actor=actor)
    tasks.say(session, task, "nothing-to-list", actor, at)


def _clock(session: Session, of_week: PreAcceptanceList) -> Task | None:
    query = select(Task).where(Task.record_kind == of_week.KIND, Task.record_id == of_week.id, Task.code == DL_17.code)
    return session.scalars(query.order_by(Task.id).limit(1)).first()


def _head_of_engineering(session: Session) -> Party | None:
    query = select(Party).where(
        Party.department == Department.ENGINEERING,
        Party.is_head.is_(True),
        Party.status == PartyStatus.ACTIVE,
        Party.merged_into_id.is_(None),
    )
    return session.scalars(query.order_by(Party.id).limit(1)).first()
