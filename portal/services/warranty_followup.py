"""What follows when a warranty certificate is issued: its paper, the call after completion, the club. Source: `domain.md` 4.13, 4.20, 5.3."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import clock, outbox
from portal.calendar import compute_due
from portal.i18n import N_
from portal.models.org import User
from portal.models.repair import Evaluation, WarrantyCertificate
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes.follow_up import CallStage
from portal.services import calendars, call_plan, surveys, tasks

CLUB = N_("Invite the customer to the club, note whether they consent")


def issued(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """F-19 is printed, the window of the completion call opens, the club invites; F-18 is seen to."""
    printed_anew(session, certificate, actor=actor, at=at)
    if certificate.evaluation == Evaluation.DECLINED:
        surveys.declined(session, certificate.project, actor=actor, at=at)
    surveys.evaluated(session, certificate.project, actor=actor, at=at)
    who = tasks.Responsible(certificate.owner, None if certificate.owner else Role.SPECIALIST)
    due = compute_due(at, calendars.limit(session, "club_invite_days"), calendars.current(session)).due_at
    tasks.open_task(session, TaskKind.TODO, CLUB.message, certificate, due_at=due, at=at, who=who)
    project, on = certificate.project, clock.today(at)
    call_plan.reached(session, project, CallStage.COMPLETION, on=on, event=certificate, at=at)


def printed_anew(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """Have F-19 made, once for each number: for the customer and for the archive."""
    session.flush()
    key = f"F-19:{certificate.id}:{certificate.number}"
    outbox.post(session, "print_certificate", key=key, at=at, certificate_id=certificate.id, user_id=actor.id)


def called_off(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """The certificate is void: nobody invites because of it."""
    for task in tasks.open_of(session, certificate):
        if task.title == CLUB.message:
            tasks.cancel(session, task, at=at, actor=actor)
