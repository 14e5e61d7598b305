"""R-20: who may read call records that are not theirs: asked for with a purpose, allowed for a time, every look noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import outbox, settings, visibility
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_, _
from portal.models.event import EventKind
from portal.models.follow_up import AccessState, FollowUpCall, RecordAccess
from portal.models.notice import NoticeLevel
from portal.models.org import Party, User
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.services import events, notices

WANTED = N_("%(person)s asks to read the call records of %(number)s")
DECIDED = {
    AccessState.APPROVED: N_("You may read the call records of %(number)s"),
    AccessState.REFUSED: N_("The call records of %(number)s stay closed to you"),
}
DESK = "/manager/call-access"
END = "end_record_access"


@dataclass(frozen=True, slots=True)
class AskAccess:
    """What is in doubt; `party`: the head of the department on whose behalf it is asked."""

    purpose: str
    party: Party | None = None


@dataclass(frozen=True, slots=True)
class Decide:
    """The manager's decision. `hours` None: as long as the setting says."""

    is_allowed: bool
    note: str | None = None
    hours: int | None = None


def ask(session: Session, project: Project, command: AskAccess, *, actor: User, at: datetime) -> RecordAccess:
    """Ask to read the call records of a project; managers are told. Asked already, it is the same. Raises Invalid."""
    if not may(actor, Permission.FOLLOW_UP_ACCESS):
        raise NotPermitted(_("Your role does not read call records."))
    if not command.purpose.strip():
        raise Invalid({"purpose": N_("Please write what is in doubt.")})
    query = select(RecordAccess).where(
        RecordAccess.requester_id == actor.id,
        RecordAccess.project_id == project.id,
        RecordAccess.state == AccessState.REQUESTED,
    )
    if (known := session.scalars(query).one_or_none()) is not None:
        return known
    made = RecordAccess(
        project=project,
        branch_id=project.branch_id,
        requester=actor,
        party=command.party,
        purpose=command.purpose.strip(),
        requested_at=at,
        looks=0,
    )
    session.add(made)
    session.flush()
    _note(session, made, "access-asked", actor, at, text=made.purpose)
    for person in notices.audience(session, "managers", project):
        notices.notify(
            session, user=person, key=f"access:{made.id}", level=NoticeLevel.ACTION, title=WANTED,
            params={"person": actor.name, "number": project.number}, link=DESK, at=at, record=project,
        )  # fmt: skip
    return made


def decide(session: Session, access: RecordAccess, command: Decide, *, actor: User, at: datetime) -> None:
    """Allow or refuse; leave ends by itself. Raises DomainError where it was decided before, NotPermitted."""
    if not may(actor, Permission.FOLLOW_UP_DECIDE):
        raise NotPermitted(_("Only the manager decides who reads call records."))
    if access.state != AccessState.REQUESTED:
        raise DomainError(N_("This was decided before."))
    hours = command.hours or settings.get(session, "access_hours")
    if not 1 <= hours <= 720:
        raise Invalid({"hours": N_("From %(low)s to %(high)s.") % {"low": 1, "high": 720}})
    access.state = AccessState.APPROVED if command.is_allowed else AccessState.REFUSED
    access.decided_at, access.decided_by_id, access.decision_note = at, actor.id, command.note
    if command.is_allowed:
        access.valid_until = at + timedelta(hours=hours)
        outbox.post(
            session, END, key=f"{END}:{access.id}", at=at, run_after=access.valid_until, made_by_id=actor.id,
            access_id=access.id,
        )  # fmt: skip
    _note(session, access, "access-decided", actor, at, name=access.requester.name, text=access.state)
    notices.notify(
        session, user=access.requester, key=f"access:{access.id}:decided", level=NoticeLevel.INFO,
        title=DECIDED[AccessState(access.state)], params={"number": access.project.number},
        link=f"/records/follow-up-calls?filter=project.{access.project_id}", at=at, record=access.project,
    )  # fmt: skip


def end(session: Session, access_id: int, *, at: datetime) -> None:
    """Leave that ran out is over; done twice it is done once."""
    access = session.get(RecordAccess, access_id)
    if access is not None and access.state == AccessState.APPROVED and access.valid_until and access.valid_until <= at:
        access.state = AccessState.EXPIRED


def waiting(session: Session, user: User) -> Sequence[RecordAccess]:
    """What the manager has still to decide, and what was decided last."""
    query = visibility.visible_to(user, RecordAccess).order_by(
        (RecordAccess.state == AccessState.REQUESTED).desc(), RecordAccess.requested_at.desc()
    )
    return session.scalars(query.limit(100)).all()


def own(session: Session, project: Project, user: User) -> RecordAccess | None:
    """The last leave that somebody asked for on a project."""
    query = select(RecordAccess).where(RecordAccess.requester_id == user.id, RecordAccess.project_id == project.id)
    return session.scalars(query.order_by(RecordAccess.id.desc()).limit(1)).first()


def leave_of(session: Session, call: FollowUpCall, user: User, *, at: datetime) -> RecordAccess | None:
    """The leave by which somebody reads a call; None: it is read by right."""
    query = select(RecordAccess).where(
        RecordAccess.requester_id == user.id,
        RecordAccess.project_id == call.project_id,
        RecordAccess.state == AccessState.APPROVED,
        RecordAccess.valid_until > at,
    )
    return session.scalars(query.order_by(RecordAccess.id.desc()).limit(1)).first()


def looked(session: Session, call: FollowUpCall, user: User, *, at: datetime) -> None:
    """Note that somebody read a call by leave; reading by right is no event."""
    access = leave_of(session, call, user, at=at)
    if access is None:
        return
    access.looks += 1
    access.first_viewed_at = access.first_viewed_at or at
    events.record(session, EventKind.VIEW, action="call-read", actor=user, at=at, record=call, text=access.purpose)


def _note(session: Session, access: RecordAccess, action: str, actor: User, at: datetime, **said: Any) -> None:
    events.record(session, EventKind.NOTE, action=action, actor=actor, at=at, record=access.project, **said)
