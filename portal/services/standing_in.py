"""Who decides in whose place, for given dates: a manager for a manager, a leader for a leader. Told, and written as A for B."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, outbox, visibility
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_
from portal.models.approval import ApprovalStep, ApprovalSubstitute
from portal.models.event import EventKind
from portal.models.org import Department, Party, PartyKind, PartyStatus, User
from portal.permissions import Permission, Role, may
from portal.processes.approval import MAY_STAND_IN, Level
from portal.services import events


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who is away from when to when, both days counted, and who decides instead."""

    away: User | Party
    instead: User | Party
    from_on: date
    until_on: date
    reason: str | None = None


def of_level(session: Session, level: str, department: str | None = None) -> list[Party]:
    """The people without a login who decide at a level, the lowest first: whoever decides more may decide less.

    For another department its heads, and human resources (4.18).
    """
    if level == Level.HEAD:
        heads = and_(Party.is_head.is_(True), Party.department == department)
        who = or_(heads, Party.department == Department.HR)
    else:
        who = Party.kind.in_([PartyKind(kind.value) for kind in MAY_STAND_IN[Level(level)]])
    query = select(Party).where(who, Party.status == PartyStatus.ACTIVE, visibility.standing(Party))
    found = session.scalars(query.order_by(Party.id).limit(100)).all()
    return sorted(found, key=lambda party: (party.kind == PartyKind.GM, party.name, party.id))


def deciders(session: Session, step: ApprovalStep, on: datetime) -> dict[int, int | None]:
    """Who may decide a step of a leader at that moment: party number → whom they stand in for, None for themselves."""
    own = [step.party_id] if step.party_id else [party.id for party in of_level(session, step.level, step.department)]
    found: dict[int, int | None] = dict.fromkeys(own)
    for each in _running(session, clock.today(on)):
        if each.party_id in own and each.by_party_id is not None:
            found.setdefault(each.by_party_id, each.party_id)
    return found


def people(session: Session, step: ApprovalStep, on: datetime) -> list[Party]:
    """The same as people, those who decide for themselves first."""
    keys = deciders(session, step, on)
    found = {party.id: party for party in session.scalars(select(Party).where(Party.id.in_(keys)))}
    return [found[key] for key in keys if key in found]


def for_user(session: Session, user: User, on: datetime) -> set[int]:
    """The managers for whom this one decides at that moment."""
    return {
        each.user_id
        for each in _running(session, clock.today(on))
        if each.by_user_id == user.id and each.user_id is not None
    }


def decide(session: Session, command: StandIn, *, actor: User, at: datetime) -> ApprovalSubstitute:
    """Say who stands in for whom. The substitute is told; one without a login is told of by the managers. Raises Invalid."""
    _check_right(actor)
    away, instead = command.away, command.instead
    problems = {}
    if type(away) is not type(instead):
        problems["instead"] = N_("A manager stands in for a manager, a leader for a leader.")
    elif away.id == instead.id:
        problems["instead"] = N_("Nobody stands in for themselves.")
    elif isinstance(instead, User) and (instead.role != Role.MANAGER or not instead.is_active):
        problems["instead"] = N_("Only another manager decides for a manager.")
    if command.until_on < command.from_on:
        problems["until_on"] = N_("The last day lies before the first.")
    elif command.until_on < clock.today(at):
        problems["until_on"] = N_("These days are over.")
    if problems:
        raise Invalid(problems)
    is_user = isinstance(away, User)
    made = ApprovalSubstitute(
        user_id=away.id if is_user else None,
        party_id=None if is_user else away.id,
        by_user_id=instead.id if is_user else None,
        by_party_id=None if is_user else instead.id,
        from_on=command.from_on,
        until_on=command.until_on,
        reason=command.reason,
        made_by_id=actor.id,
        made_at=at,
    )
    session.add(made)
    session.flush()
    said: dict[str, Any] = {"name": instead.name, "for": away.name, "from": command.from_on, "until": command.until_on}
    events.record(session, EventKind.SETTING, action="substitute-set", actor=actor, at=at, **said)
    outbox.post(session, "notify_substitute", key=f"substitute:{made.id}", at=at, substitute_id=made.id)
    return made


def end(session: Session, substitute: ApprovalSubstitute, *, actor: User, at: datetime) -> None:
    """It ends before its last day."""
    _check_right(actor)
    if substitute.ended_at is not None or substitute.until_on < clock.today(at):
        raise DomainError(N_("This is over already."))
    substitute.ended_at = at
    events.record(
        session, EventKind.SETTING, action="substitute-ended", actor=actor, at=at, name=name_of(substitute)[1]
    )


def latest(session: Session) -> Sequence[ApprovalSubstitute]:
    """Who stands in, stood in or will, the latest first."""
    query = select(ApprovalSubstitute).options(
        joinedload(ApprovalSubstitute.user),
        joinedload(ApprovalSubstitute.party),
        joinedload(ApprovalSubstitute.by_user),
        joinedload(ApprovalSubstitute.by_party),
        joinedload(ApprovalSubstitute.made_by),
    )
    return session.scalars(
        query.order_by(ApprovalSubstitute.from_on.desc(), ApprovalSubstitute.id.desc()).limit(100)
    ).all()


def name_of(substitute: ApprovalSubstitute) -> tuple[str, str]:
    """Who is away, and who decides instead."""
    away, instead = substitute.party or substitute.user, substitute.by_party or substitute.by_user
    return (away.name if away else "–", instead.name if instead else "–")


def _check_right(actor: User) -> None:
    if not may(actor, Permission.APPROVAL_DECIDE):
        raise NotPermitted(N_("Only managers say who stands in for whom."))


def _running(session: Session, day: date) -> Sequence[ApprovalSubstitute]:
    query = select(ApprovalSubstitute).where(
        ApprovalSubstitute.from_on <= day, ApprovalSubstitute.until_on >= day, ApprovalSubstitute.ended_at.is_(None)
    )
    return session.scalars(query.order_by(ApprovalSubstitute.id)).all()
