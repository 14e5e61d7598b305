"""People with a login: who they are, their password, whether they may come in. Source: `domain.md` 1.1, 7.1.

Every change is an event of kind ACCOUNT. Guards: never without a manager, nobody disables or promotes himself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import passwords, settings
from portal.errors import DomainError, Invalid, NotFound, Stale
from portal.i18n import LOCALES, N_, Text
from portal.models.event import EventKind
from portal.models.org import Branch, User
from portal.permissions import Role
from portal.services import absences, events, sessions
from portal.services.sessions import End

THEMES = ("light", "dark", "auto")
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,49}")

ACTION_LABELS: dict[str, Text] = {
    "CREATED": N_("Account created"),
    "CHANGED": N_("Account changed"),
    "DISABLED": N_("Account disabled"),
    "ENABLED": N_("Account enabled"),
    "HANDED_OVER": N_("Everything open handed over"),
    "PASSWORD_SET": N_("One-time password set"),
    "PASSWORD_CHANGED": N_("Password changed"),
    "SECOND_FACTOR_SET_UP": N_("Second factor set up"),
    "SECOND_FACTOR_RESET": N_("Second factor reset"),
    "RECOVERY_CODES_RENEWED": N_("Recovery codes renewed"),
    "RECOVERY_CODE_USED": N_("Recovery code used"),
    "SIGNED_IN": N_("Signed in"),
    "SIGNED_OUT": N_("Signed out"),
    "SESSIONS_ENDED": N_("Signed out elsewhere"),
}
"""What the actions of ACCOUNT events are called."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the manager says about a person. `branch_id` None: every branch."""

    name: str
    role: Role
    branch_id: int | None = None
    group_name: str | None = None
    is_lead: bool = False
    is_on_duty: bool = False
    email: str | None = None
    phone: str | None = None
    extension: str | None = None


def named(session: Session, username: str) -> User | None:
    """The person with the name, whichever way it is written."""
    return session.scalars(select(User).where(User.username == fold(username))).one_or_none()


def fold(username: str) -> str:
    """A name for signing in as it is compared: lower case, no spaces around."""
    return username.strip().casefold()


def add_user(
    session: Session,
    *,
    username: str,
    details: Details,
    password: str,
    actor: User | None,
    at: datetime,
    must_change: bool = True,
    may_be_weak: bool = False,
) -> User:
    """Give somebody a login. `may_be_weak` is for demo people only. Raises Invalid with fields username, password, branch_id."""
    name = fold(username)
    if not USERNAME.fullmatch(name):
        raise Invalid({"username": N_("2 to 50 signs: letters, digits, dot, dash, underscore")})
    if named(session, name) is not None:
        raise Invalid({"username": N_("This name is taken")})
    if not may_be_weak:
        _demand_strength(session, password, name, details.name)
    user = User(
        username=name,
        password_hash=passwords.make_hash(password),
        password_changed_at=at,
        must_change_password=must_change,
        created_at=at,
        **_columns(session, details),
    )
    session.add(user)
    session.flush()
    changes = {key: [None, value] for key, value in _shown(user).items() if value not in (None, False)}
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=user, action="CREATED", changes=changes)
    return user


def change(
    session: Session, user: User, details: Details, *, actor: User | None, at: datetime, version: int | None = None
) -> None:
    """Change what is said about a person; a new role counts from the next request on. Raises Invalid, Stale."""
    if version is not None and version != user.version:
        raise Stale()
    if details.role != user.role:
        if actor is not None and actor.id == user.id:
            raise Invalid({"role": N_("Nobody changes the own role; ask another manager")})
        _keep_a_manager(session, user, "role")
    before = _shown(user)
    for column, value in _columns(session, details).items():
        setattr(user, column, value)
    _record_changes(session, user, before, actor=actor, at=at)


def change_own(session: Session, user: User, *, name: str, locale: str, theme: str, at: datetime) -> None:
    """What people may change about themselves. Raises Invalid."""
    if locale not in LOCALES or theme not in THEMES:
        raise Invalid({"": N_("This choice is no longer available, please choose again")})
    before = _shown(user)
    user.name, user.locale, user.theme = name, locale, theme
    _record_changes(session, user, before, actor=user, at=at)


def prefer(user: User, *, locale: str | None = None, theme: str | None = None) -> None:
    """Switch language or appearance; no event, it concerns nobody else. Unknown values change nothing."""
    if locale in LOCALES:
        user.locale = locale
    if theme in THEMES:
        user.theme = theme


def disable(session: Session, user: User, *, actor: User | None, at: datetime) -> None:
    """Close the account: all its sessions end now. Raises DomainError for the last manager and for oneself."""
    if actor is not None and actor.id == user.id:
        raise DomainError(N_("Nobody disables the own account; ask another manager."))
    if user.disabled_at is not None:
        return
    _keep_a_manager(session, user, "")
    user.disabled_at = at
    sessions.end_all(session, user, at=at, reason=End.DISABLED)
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=user, action="DISABLED")
    if user.stands_in or user.stand_in_id is not None:
        session.flush()
        absences.settle(session, at)


def enable(session: Session, user: User, *, actor: User | None, at: datetime) -> None:
    """Open the account again, with the password it had."""
    if user.disabled_at is None:
        return
    user.disabled_at = None
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=user, action="ENABLED")


def set_password(
    session: Session, user: User, password: str, *, actor: User | None, at: datetime, one_time: bool = True
) -> None:
    """Set somebody's password; a one-time one must be changed at the next sign-in. All sessions end. Raises Invalid."""
    _demand_strength(session, password, user.username, user.name)
    user.password_hash, user.password_changed_at = passwords.make_hash(password), at
    user.must_change_password = one_time
    sessions.end_all(session, user, at=at, reason=End.PASSWORD_CHANGED)
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=user, action="PASSWORD_SET")


def change_password(session: Session, user: User, *, new: str, at: datetime, keep_session: int | None) -> None:
    """The own password, after the present one was checked; other sessions end. Raises Invalid with the field `new`."""
    try:
        _demand_strength(session, new, user.username, user.name)
    except Invalid as refusal:
        raise Invalid({"new": refusal.fields["password"]}) from refusal
    user.password_hash, user.password_changed_at = passwords.make_hash(new), at
    user.must_change_password = False
    sessions.end_all(session, user, at=at, reason=End.PASSWORD_CHANGED, keep=keep_session)
    events.record(session, EventKind.ACCOUNT, at=at, actor=user, record=user, action="PASSWORD_CHANGED")


def note(session: Session, user: User, action: str, *, at: datetime, actor: User | None = None, **data: Any) -> None:
    """An event of the person's account: SIGNED_IN, SIGNED_OUT, SESSIONS_ENDED."""
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor or user, record=user, action=action, **data)


def get(session: Session, user_id: int) -> User:
    """The person, locked until the end of the transaction. Raises NotFound."""
    user = session.scalars(
        select(User).where(User.id == user_id).with_for_update(of=User).execution_options(populate_existing=True)
    ).one_or_none()
    if user is None:
        raise NotFound()
    return user


def _demand_strength(session: Session, password: str, *own: str) -> None:
    company = settings.get(session, "company_name")
    if refusal := passwords.problem(password, *own, company):
        raise Invalid({"password": refusal})


def _keep_a_manager(session: Session, user: User, field: str) -> None:
    if user.role != Role.MANAGER or user.disabled_at is not None:
        return
    managers = select(User.id).where(User.role == Role.MANAGER.value, User.disabled_at.is_(None)).order_by(User.id)
    if list(session.scalars(managers.with_for_update())) == [user.id]:
        sentence = N_("This is the last manager; name another one first.")
        raise Invalid({field: sentence}) if field else DomainError(sentence)


def _columns(session: Session, details: Details) -> dict[str, Any]:
    if details.branch_id is not None and session.get(Branch, details.branch_id) is None:
        raise Invalid({"branch_id": N_("This choice is no longer available, please choose again")})
    return asdict(details) | {"role": Role(details.role).value}


SHOWN = (
    "username", "name", "role", "branch_id", "group_name", "is_lead", "is_on_duty", "email", "phone", "extension",
    "locale", "theme",
)  # fmt: skip


def _shown(user: User) -> dict[str, Any]:
    return {column: getattr(user, column) for column in SHOWN}


def _record_changes(
    session: Session, user: User, before: Mapping[str, Any], *, actor: User | None, at: datetime
) -> None:
    after = _shown(user)
    changes = {key: [before[key], value] for key, value in after.items() if before[key] != value}
    if changes:
        events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=user, action="CHANGED", changes=changes)
