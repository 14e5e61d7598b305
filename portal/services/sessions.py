"""Signed-in browsers: rows on the server, of which the cookie holds a random token and the table its hash.

Ending the row ends the session: a copied cookie is worth nothing after signing out. Times are aware UTC.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload

from portal import settings
from portal.kept import Kept
from portal.models.account import UserSession
from portal.models.org import User
from portal.prepared import Prepared, Values

COOKIE_KEY = "token"
"""The name of the token in the signed cookie."""
TOUCH_EVERY = timedelta(minutes=1)
"""How often at most a session writes down that its person is there."""
HALF_WAY = timedelta(minutes=10)
"""How long somebody who gave the password may take to give the second factor."""


class End(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "SIGNED_OUT"
    IDLE = "IDLE"
    EXPIRED = "EXPIRED"
    ENDED_BY_OWNER = "ENDED_BY_OWNER"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    SECOND_FACTOR_CHANGED = "SECOND_FACTOR_CHANGED"
    DISABLED = "DISABLED"
    REPLACED = "REPLACED"


def digest(token: str) -> str:
    """What the table keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(session: Session, user: User, *, at: datetime, address: str, device: str, second_factor: bool = False) -> str:
    """Open a session for the person; gives the token for the cookie, which is kept nowhere else.

    `second_factor`: a code was given, or a person without one needs none.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=digest(token),
            user_id=user.id,
            created_at=at,
            seen_at=at,
            expires_at=at + timedelta(hours=settings.get(session, "session_hours")),
            second_factor_at=at if second_factor else None,
            address=address[:60],
            device=device[:200],
        )
    )
    session.flush()
    return token


@dataclass(frozen=True, slots=True)
class Seen:
    """What reading requests know of a session: plain values. `user` has the columns of User and nothing else."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    second_factor_at: datetime | None
    user: User


_OWN = (
    UserSession.id,
    UserSession.created_at,
    UserSession.seen_at,
    UserSession.expires_at,
    UserSession.second_factor_at,
)
_Person = namedtuple("_Person", [column.key for column in User.__table__.c])  # type: ignore[misc]
_LOOK = Prepared(
    select(*_OWN, *User.__table__.c)
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == bindparam("token"), UserSession.ended_at.is_(None), User.disabled_at.is_(None))
)
_seen: Kept[Values, Seen] = Kept(500)


def look(session: Session, token: str) -> Seen | None:
    """As `find`, for requests that only read: no records are made of the rows, and the same rows are read once."""
    found = _LOOK.raw(session, {"token": digest(token)})
    if not found:
        return None
    return _seen.get(found[0]) or _seen.keep(found[0], _read(_LOOK.reader(session)(found[0])))


def _read(row: Values) -> Seen:
    user = cast(User, _Person(*row[len(_OWN) :]))
    return Seen(row[0], row[1], row[2], row[3], row[4], user)


_FIND = (
    select(UserSession)
    .join(UserSession.user)
    .options(contains_eager(UserSession.user).options(joinedload(User.branch)))
    .where(UserSession.token_hash == bindparam("token"), UserSession.ended_at.is_(None), User.disabled_at.is_(None))
    .execution_options(populate_existing=True)
)


def find(session: Session, token: str) -> UserSession | None:
    """The session of a token with its person and branch in one query; None when ended, unknown or disabled."""
    return session.scalars(_FIND, {"token": digest(token)}).one_or_none()


def end_reason(session: Session, token: str) -> str | None:
    """Why the session of a token ended; None: it lives, or there never was one."""
    return session.scalar(select(UserSession.end_reason).where(UserSession.token_hash == digest(token)))


def overdue(session: Session, row: UserSession | Seen, at: datetime) -> End | None:
    """Why the session must end now: idle or open for too long. None: it lives."""
    if at >= row.expires_at:
        return End.EXPIRED
    if is_half_way(row) and at >= row.created_at + HALF_WAY:
        return End.EXPIRED
    idle = timedelta(minutes=settings.get(session, "session_idle_minutes"))
    return End.IDLE if at >= row.seen_at + idle else None


def is_half_way(row: UserSession | Seen) -> bool:
    """True while the password was given but not the second factor that the person has set up."""
    return row.user.totp_confirmed_at is not None and row.second_factor_at is None


def wants_touch(row: UserSession | Seen, at: datetime) -> bool:
    """True when it is time to write down that the person is there."""
    return at - row.seen_at >= TOUCH_EVERY


def touch(session: Session, row_id: int, at: datetime) -> None:
    """Write down that the person was there; never moves backwards."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == row_id, UserSession.seen_at < at)
        .values(seen_at=at)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, row_id: int, *, at: datetime, reason: End) -> None:
    """End one session; one that has ended stays as it is."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == row_id, UserSession.ended_at.is_(None))
        .values(ended_at=at, end_reason=reason.value)
    )


def end_all(session: Session, user: User, *, at: datetime, reason: End, keep: int | None = None) -> None:
    """End all sessions of the person, but the one with the id `keep`."""
    ending = update(UserSession).where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
    if keep is not None:
        ending = ending.where(UserSession.id != keep)
    session.execute(ending.values(ended_at=at, end_reason=reason.value))


def open_sessions(session: Session, user: User, at: datetime) -> Sequence[UserSession]:
    """The person's living sessions, the latest used first."""
    idle = timedelta(minutes=settings.get(session, "session_idle_minutes"))
    return session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == user.id,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > at,
            UserSession.seen_at > at - idle,
        )
        .order_by(UserSession.seen_at.desc())
    ).all()
