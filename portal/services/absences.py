"""Leave: who is away, who stands in, and that it goes back by itself. Read by `services/standing_in.py`.

Nothing is moved: what is due to somebody away is shown to who stands in as long as the days last (`visibility.turn_of`),
told to both (`notices.notify`), and written as "A for B". Clocks go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from portal import clock, outbox, visibility
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_, Text
from portal.models.absence import Absence
from portal.models.event import EventKind
from portal.models.org import Party, User
from portal.permissions import Permission, Role, may
from portal.processes import absence as rules
from portal.services import events, standing_in

TOLD_FOR = timedelta(days=31)
"""How long after its last day somebody is still told, after an outage, that they are back."""


@dataclass(frozen=True, slots=True)
class Enter:
    """Who is away from when to when, both days counted, and who stands in."""

    away: User | Party
    instead: User | Party
    from_on: date
    until_on: date
    reason: str | None = None


def enter(session: Session, command: Enter, *, actor: User, at: datetime) -> Absence:
    """Say that somebody is away: managers of anybody, everybody of themselves. Both are told, and the managers.

    Raises Invalid by field: somebody whose role may not do the work, days that meet another absence of the same person,
    somebody to stand in who is away on one of these days: a leave is arranged beforehand with whoever is there (3.23).
    """
    away, instead = command.away, command.instead
    _check_right(actor, away)
    _one_at_a_time(session)
    if problems := _problems(session, command, at):
        raise Invalid(problems)
    is_user = isinstance(away, User)
    made = Absence(
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
    is_now = command.from_on <= clock.today(at)
    _tell(session, made, "begins" if is_now else "set", at, by_id=actor.id)
    settle(session, at)
    return made


def end(session: Session, absence: Absence, *, actor: User, at: datetime) -> None:
    """Back before the last day, or not away after all: what is not done is with its own person again."""
    _check_right(actor, absence.user or absence.party)
    _one_at_a_time(session)
    if absence.ended_at is not None or absence.until_on < clock.today(at):
        raise DomainError(N_("This is over already."))
    has_begun = absence.from_on <= clock.today(at)
    absence.ended_at = at
    session.flush()
    events.record(session, EventKind.SETTING, action="substitute-ended", actor=actor, at=at, name=name_of(absence)[1])
    _tell(session, absence, "over" if has_begun else "called-off", at, by_id=actor.id)
    settle(session, at)


def settle(session: Session, at: datetime) -> int:
    """Write down who stands in for whom today, by the days alone; gives for how many that changed.

    Run each day, after each change, and after an outage; a second time changes nothing. Whoever comes back is told.
    """
    _one_at_a_time(session)
    today = clock.today(at)
    now = standing_in.acting_for(standing_in.running(session, today))
    active = set(session.scalars(select(User.id).where(User.id.in_(now.values()), User.disabled_at.is_(None))))
    acting = {away: by for away, by in now.items() if by in active}
    changed = 0
    known = select(User.id, User.stand_in_id, User.stands_in).where(
        or_(User.stand_in_id.is_not(None), User.stands_in.is_(True), User.id.in_([*acting, *acting.values()]))
    )
    for user_id, stand_in_id, stands_in in session.execute(known.order_by(User.id)).all():
        wanted = {"stand_in_id": acting.get(user_id), "stands_in": user_id in acting.values()}
        if wanted != {"stand_in_id": stand_in_id, "stands_in": stands_in}:
            session.execute(update(User).where(User.id == user_id).values(wanted))
            changed += 1
    return changed


def tell_of_today(session: Session, at: datetime) -> None:
    """Tell those who stand in from today, and those who are back, once each; after an outage too."""
    today = clock.today(at)
    for absence in standing_in.running(session, today):
        _tell(session, absence, "begins", at)
    over = (Absence.until_on < today, Absence.until_on >= today - TOLD_FOR, Absence.ended_at.is_(None))
    for absence in session.scalars(select(Absence).where(*over).order_by(Absence.id)):
        _tell(session, absence, "over", at)


# ---------- Reading ----------

_NAMES = (
    joinedload(Absence.user),
    joinedload(Absence.party),
    joinedload(Absence.by_user),
    joinedload(Absence.by_party),
    joinedload(Absence.made_by),
)


def visible_to(user: User) -> Select[Absence]:
    """The absences that exist for this person, with the names."""
    return visibility.visible_to(user, Absence).options(*_NAMES)


def latest(session: Session, user: User) -> Sequence[Absence]:
    """Who is, was or will be away, the latest first."""
    query = visible_to(user).order_by(Absence.from_on.desc(), Absence.id.desc()).limit(100)
    return session.scalars(query).all()


def of_person(session: Session, person: User) -> Sequence[Absence]:
    """A person's own, and where they stand in, the latest first."""
    own = or_(Absence.user_id == person.id, Absence.by_user_id == person.id)
    query = visible_to(person).where(own).order_by(Absence.from_on.desc(), Absence.id.desc()).limit(50)
    return session.scalars(query).all()


def of_days(session: Session, user: User, first: date, last: date) -> Sequence[Absence]:
    """Who is away on some of these days, by first day."""
    query = visible_to(user).where(*_on_some_of(first, last)).order_by(Absence.from_on, Absence.id)
    return session.scalars(query.limit(200)).all()


def name_of(absence: Absence) -> tuple[str, str]:
    """Who is away, and who stands in."""
    away, instead = absence.party or absence.user, absence.by_party or absence.by_user
    return (away.name if away else "–", instead.name if instead else "–")


def may_enter(actor: User, away: User | Party | None) -> bool:
    """Managers of anybody, everybody of themselves."""
    return may(actor, Permission.ABSENCE_EDIT) or (isinstance(away, User) and away.id == actor.id)


def could_stand_in(session: Session, away: User) -> list[User]:
    """The colleagues whose role may do somebody's work and who see the same branch, the same role first."""
    roles = rules.roles_for(Role(away.role))
    query = select(User).where(User.role.in_(roles), User.disabled_at.is_(None), User.id != away.id)
    if away.branch_id is None:
        query = query.where(User.branch_id.is_(None))
    else:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == away.branch_id))
    found = session.scalars(query.order_by(User.name, User.id)).all()
    return sorted(found, key=lambda user: roles.index(Role(user.role)))


def alone(session: Session, people: Sequence[User]) -> list[User]:
    """Those of these colleagues for whom nobody can stand in, because no other account has the role it takes."""
    query = select(User.role, User.branch_id, func.count()).where(User.disabled_at.is_(None))
    there = {
        (Role(role), branch): count
        for role, branch, count in session.execute(query.group_by(User.role, User.branch_id))
    }

    def is_alone(away: User) -> bool:
        own = (Role(away.role), away.branch_id)
        return not any(
            count > (kind == own) and rules.fits(*kind, for_role=own[0], for_branch_id=own[1])
            for kind, count in there.items()
        )

    return [person for person in people if is_alone(person)]


def needed_for(people: Sequence[User]) -> list[Text]:
    """What it takes so that somebody can stand in for these colleagues, a sentence for each role."""
    found = []
    for role in Role:
        names = "、".join(person.name for person in people if person.role == role)
        if names:
            roles = " / ".join(str(each.label) for each in rules.roles_for(role))
            said = N_(
                "Nobody can stand in for %(names)s. That takes another account with the role %(roles)s for the same branch; managers add it under users."
            )
            found.append(said % {"names": names, "roles": roles})
    return found


# ---------- Parts ----------


def _check_right(actor: User, away: User | Party | None) -> None:
    if not may_enter(actor, away):
        raise NotPermitted(N_("Only managers say who stands in for whom."))


def _one_at_a_time(session: Session) -> None:
    """Changes of who stands in wait for each other, so that each sees the days that the other wrote."""
    session.execute(select(User.id).order_by(User.id).limit(1).with_for_update())


def _problems(session: Session, command: Enter, at: datetime) -> dict[str, Any]:
    away, instead, found = command.away, command.instead, {}
    if type(away) is not type(instead):
        found["instead"] = N_("A colleague stands in for a colleague, a leader for a leader.")
    elif away.id == instead.id:
        found["instead"] = N_("Nobody stands in for themselves.")
    elif isinstance(away, User) and isinstance(instead, User):
        if not away.is_active:
            found["away"] = N_("This account is disabled.")
        if refusal := _unfit(away, instead):
            found["instead"] = refusal
    if command.until_on < command.from_on:
        found["until_on"] = N_("The last day lies before the first.")
    elif command.until_on < clock.today(at):
        found["until_on"] = N_("These days are over.")
    elif (command.until_on - command.from_on).days >= rules.LONGEST_DAYS:
        found["until_on"] = N_("At most a year at once.")
    return found or _clashes(session, command)


def _on_some_of(first: date, last: date) -> tuple[Any, ...]:
    return Absence.from_on <= last, Absence.until_on >= first, Absence.ended_at.is_(None)


def _unfit(away: User, instead: User) -> Any:
    if not instead.is_active:
        return N_("This account is disabled.")
    if Role(instead.role) not in rules.MAY_STAND_IN[Role(away.role)]:
        if away.role == Role.MANAGER:
            return N_("Only another manager stands in for a manager.")
        return N_("The role %(role)s may not do the work of %(name)s.") % {
            "role": str(Role(instead.role).label),
            "name": away.name,
        }
    if not rules.fits(Role(instead.role), instead.branch_id, for_role=Role(away.role), for_branch_id=away.branch_id):
        return N_("%(name)s does not see the same branch.") % {"name": instead.name}
    return None


def _clashes(session: Session, command: Enter) -> dict[str, Any]:
    """Another absence of the same person, or somebody who is to stand in on days of their own absence.

    Colleagues may go away while they stand in: their tasks are passed on. For a leader nobody else decides then
    (`standing_in.leaders_for`), so somebody else is named first.
    """
    away, instead = command.away, command.instead
    near = session.scalars(
        select(Absence).where(*_on_some_of(command.from_on, command.until_on)).order_by(Absence.from_on, Absence.id)
    ).all()
    column, by = ("user_id", "by_user_id") if isinstance(away, User) else ("party_id", "by_party_id")
    for each in near:
        days = {"from": each.from_on.isoformat(), "until": each.until_on.isoformat()}
        if getattr(each, column) == away.id:
            return {"from_on": N_("Away from %(from)s until %(until)s already; end that first.") % days}
        if getattr(each, column) == instead.id:
            said = N_(
                "%(name)s is away from %(from)s until %(until)s and cannot stand in: choose somebody who is there."
            )
            return {"instead": said % (days | {"name": instead.name})}
        if isinstance(away, Party) and getattr(each, by) == away.id:
            said = N_(
                "%(name)s stands in for %(other)s on some of these days: have somebody else stand in there first."
            )
            return {"away": said % {"name": away.name, "other": name_of(each)[0]}}
    return {}


def _tell(session: Session, absence: Absence, what: str, at: datetime, by_id: int | None = None) -> None:
    key = f"absence:{absence.id}:{what}"
    outbox.post(session, "notify_absence", key=key, at=at, absence_id=absence.id, what=what, by_id=by_id)
