"""Coming in: name and password, then the second factor. Unknown, wrong and disabled look and take the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal import db, passwords
from portal.errors import DomainError
from portal.i18n import N_
from portal.models.account import UserSession
from portal.models.org import User
from portal.services import accounts, attempts, second_factor, sessions
from portal.services.sessions import End


class Refused(DomainError):
    """The one sentence for everything that is wrong with a name and its password."""

    status = 422

    def __init__(self) -> None:
        super().__init__(N_("Account or password is not right."))


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in from. `known_as`: the device's mark when it signed in to this account before."""

    address: str
    device: str
    known_as: str | None = None


def with_password(username: str, password: str, browser: Browser, *, at: datetime) -> tuple[str, User]:
    """Open a session for a right name and password; gives its token and the person.

    Holds no transaction while the hash is computed. Raises Refused, TooMany, Busy.
    """
    name = accounts.fold(username)[:100]
    quota = attempts.quota(name, browser.known_as)
    with db.transaction() as session:
        attempt = attempts.count(session, quota, address=None if browser.known_as else browser.address, at=at)
        found = session.execute(
            select(User.id, User.password_hash).where(User.username == name, User.disabled_at.is_(None))
        ).first()
    right = passwords.matches(found.password_hash if found else passwords.NOBODY, password)
    if not right or found is None:
        raise Refused()
    renewed = passwords.make_hash(password) if passwords.is_outdated(found.password_hash) else None
    with db.transaction() as session:
        user = accounts.get(session, found.id)
        if user.disabled_at is not None or user.password_hash != found.password_hash:
            raise Refused()  # closed or changed while the hash was computed
        attempts.succeeded(session, attempt, at=at)
        if renewed:
            user.password_hash = renewed
        return _open(session, user, browser, at=at), user


def as_demo(username: str, browser: Browser, *, at: datetime) -> tuple[str, User]:
    """Open a session for a demo person, without a password. The caller makes sure that this is the demo."""
    with db.transaction() as session:
        user = accounts.named(session, username)
        if user is None or user.disabled_at is not None:
            raise Refused()
        return _open(session, user, browser, at=at), user


def _open(session: db.Session, user: User, browser: Browser, *, at: datetime) -> str:
    token = sessions.begin(session, user, at=at, address=browser.address, device=browser.device)
    if not second_factor.is_set_up(user):
        accounts.note(session, user, "SIGNED_IN", at=at, address=browser.address)
    return token


def with_code(half_way: UserSession, code: str, *, at: datetime) -> str:
    """The second step: a right code turns the half-way session into a new one; gives its token.

    Raises Refused, and TooMany after ten wrong codes in 15 minutes.
    """
    row_id, user_id, address, device = half_way.id, half_way.user_id, half_way.address or "", half_way.device or ""
    quota = attempts.quota(half_way.user.username, what="code:")
    with db.transaction() as session:
        attempt = attempts.count(session, quota, address=None, at=at)
    with db.transaction() as session:
        user = accounts.get(session, user_id)
        if user.disabled_at is not None or not second_factor.check(session, user, code, at=at):
            raise Refused()
        attempts.succeeded(session, attempt, at=at)
        sessions.end(session, row_id, at=at, reason=End.REPLACED)
        accounts.note(session, user, "SIGNED_IN", at=at, address=address)
        return sessions.begin(session, user, at=at, address=address, device=device, second_factor=True)


def confirm_password(user: User, password: str, *, at: datetime) -> bool:
    """Whether the signed-in person knows the password, counted like a sign-in. Raises TooMany, Busy."""
    name, password_hash = attempts.quota(user.username, what="own:"), user.password_hash
    with db.transaction() as session:
        attempt = attempts.count(session, name, address=None, at=at)
    if not passwords.matches(password_hash, password):
        return False
    with db.transaction() as session:
        attempts.succeeded(session, attempt, at=at)
    return True
