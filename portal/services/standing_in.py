"""Who stands in for whom on a day: the one answer for approvals, tasks and notices. Written by `services/absences.py`.

What stands in the database as `User.stand_in_id` is this answer for today, so that every list can ask for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.models.absence import Absence
from portal.models.approval import ApprovalStep
from portal.models.org import Department, Party, PartyKind, PartyStatus, User
from portal.permissions import Permission, Role, may
from portal.processes import absence as rules
from portal.processes.approval import MAY_STAND_IN, Level, bears_liability
from portal.services import liability

RESPONSIBLE = ("person_id", "owner_id", "captain_id", "inspector_id", "message_to_id")
"""Columns of records that say whose work it is."""


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
    """Who may decide a step of a leader at that moment: party number → whom they stand in for, None for themselves.

    Never whoever bears the liability of what is decided, nor who stands in for them (`rules.bears_liability`).
    """
    found = _entitled(session, step, on)
    out = _liable(session, step, found)
    return {key: instead_of for key, instead_of in found.items() if out.isdisjoint((key, instead_of))}


def barred(session: Session, step: ApprovalStep, on: datetime) -> list[Party]:
    """Who would decide a step of a leader at that moment, but bears the liability or belongs to a department that does."""
    out = _liable(session, step, _entitled(session, step, on))
    return list(session.scalars(select(Party).where(Party.id.in_(out)).order_by(Party.name, Party.id)))


def may_be_given(session: Session, step: ApprovalStep) -> list[Party]:
    """The people of the level to whom a step of a leader may be forwarded: nobody who bears the liability."""
    found = of_level(session, step.level, step.department)
    out = _liable(session, step, {party.id: None for party in found})
    return [party for party in found if party.id not in out]


def _entitled(session: Session, step: ApprovalStep, on: datetime) -> dict[int, int | None]:
    own = [step.party_id] if step.party_id else [party.id for party in of_level(session, step.level, step.department)]
    found: dict[int, int | None] = dict.fromkeys(own)
    for away, acting in leaders_for(running(session, clock.today(on))).items():
        if away in own:
            found.setdefault(acting, away)
    return found


def _liable(session: Session, step: ApprovalStep, found: dict[int, int | None]) -> set[int]:
    people, departments = liability.of_approval(session, step.approval)
    named = select(Party.id, Party.department).where(Party.id.in_({*found, *filter(None, found.values())}))
    return {
        key
        for key, department in session.execute(named).all()
        if bears_liability((key, department), people=people, departments=departments)
    }


def people(session: Session, step: ApprovalStep, on: datetime) -> list[Party]:
    """The same as people, those who decide for themselves first."""
    keys = deciders(session, step, on)
    found = {party.id: party for party in session.scalars(select(Party).where(Party.id.in_(keys)))}
    return [found[key] for key in keys if key in found]


def for_user(session: Session, user: User, on: datetime) -> set[int]:
    """The people with a login for whom this one decides at that moment, by their own word: no chain is followed."""
    found = _direct(running(session, clock.today(on)), "user_id", "by_user_id")
    return {away for away, acting in found.items() if acting == user.id}


def acting_for(absences: Sequence[Absence]) -> dict[int, int | None]:
    """Who acts for each person away, of absences that run at the same time; None: nobody is there."""
    direct = {each.user_id: each.by_user_id for each in absences if each.user_id and each.by_user_id}
    return rules.resolve(direct)


def leaders_for(absences: Sequence[Absence]) -> dict[int, int]:
    """Who decides for each leader away, without a login. A chain is not followed: who is away stands in for nobody.

    The law lets somebody decide for somebody else who named them (3.23, Q29) and is silent about a third; read strictly
    nobody hands on what was entrusted to them.
    """
    return _direct(absences, "party_id", "by_party_id")


def _direct(absences: Sequence[Absence], away: str, by: str) -> dict[int, int]:
    found = {getattr(each, away): getattr(each, by) for each in absences if getattr(each, away) and getattr(each, by)}
    return {key: acting for key, acting in found.items() if acting not in found}


def running(session: Session, day: date) -> Sequence[Absence]:
    """The absences of a day, the earliest entered first."""
    query = select(Absence).where(Absence.from_on <= day, Absence.until_on >= day, Absence.ended_at.is_(None))
    return session.scalars(query.order_by(Absence.id)).all()


def of_now(session: Session, user: User) -> list[User]:
    """The people away for whom this one acts now, by name; asks nothing of whoever stands in for nobody."""
    if not user.stands_in:
        return []
    return list(session.scalars(select(User).where(User.stand_in_id == user.id).order_by(User.name, User.id)))


def acts_as(user: Any, person: Any) -> bool:
    """Whether what is the person's turn is this user's now: the same one, or the one who stands in."""
    return person is not None and user.id in (person.id, person.stand_in_id)


def whom(session: Session, actor: User | None, record: Any, permission: Permission | None = None) -> str | None:
    """The name of whom the actor stands in for with this record or task. None: it is work of their own.

    `permission`: what the step takes; what the one who is away could not have done either is nobody's but the actor's.
    """
    if actor is None or not actor.stands_in:
        return None
    ids = [getattr(record, column, None) for column in RESPONSIBLE]
    if actor.id in ids:
        return None
    for person in of_now(session, actor):
        if person.id in ids and (permission is None or may(Role(person.role), permission)):
            return person.name
    return None
