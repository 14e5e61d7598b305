"""What follows when a warranty certificate is issued: its paper, the call after completion, the club. Source: `domain.md` 4.13, 4.20, 5.3."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import outbox
from portal.calendar import compute_due
from portal.i18n import N_
from portal.models.org import User
from portal.models.repair import WarrantyCertificate
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.services import calendars, settlement, tasks

COMPLETION_CALL = N_("Call the customer after completion")
CLUB = N_("Invite the customer to the club, note whether they consent")
FOLLOWING = {COMPLETION_CALL: "call_completion_days", CLUB: "club_invite_days"}
"""What somebody does then, and the setting that says within how many days."""


def issued(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """F-19 is printed, the window of the completion call opens, the club invites; F-18 is seen to."""
    printed_anew(session, certificate, actor=actor, at=at)
    settlement.evaluated(session, certificate.project, actor=actor, at=at)
    who = tasks.Responsible(certificate.owner, None if certificate.owner else Role.SPECIALIST)
    calendar = calendars.current(session)
    for title, setting in FOLLOWING.items():
        due = compute_due(at, calendars.limit(session, setting), calendar).due_at
        tasks.open_task(session, TaskKind.TODO, title.message, certificate, due_at=due, at=at, who=who)


def printed_anew(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """Have F-19 made, once for each number: for the customer and for the archive."""
    session.flush()
    key = f"F-19:{certificate.id}:{certificate.number}"
    outbox.post(session, "print_certificate", key=key, at=at, certificate_id=certificate.id, user_id=actor.id)


def called_off(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """The certificate is void: nobody calls or invites because of it."""
    titles = {title.message for title in FOLLOWING}
    for task in tasks.open_of(session, certificate):
        if task.title in titles:
            tasks.cancel(session, task, at=at, actor=actor)
