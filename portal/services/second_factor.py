"""The second factor: a code of the phone (TOTP) or, once each, a recovery code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import secrets
from datetime import datetime

import pyotp
import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal import settings
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.account import RecoveryCode
from portal.models.event import EventKind
from portal.models.org import User
from portal.permissions import Role
from portal.services import events

STEP_SECONDS = 30
CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
WRONG = N_("This code is not right, or was used already. Wait for the next one and try again.")


def is_set_up(user: User) -> bool:
    """True when the person gives a code after the password."""
    return user.totp_confirmed_at is not None


def is_demanded(session: Session, user: User) -> bool:
    """True when the manager demands a second factor of the role."""
    return Role(user.role) in settings.second_factor_roles(session)


def new_secret() -> str:
    """A secret for a phone: 160 bits in base 32."""
    return pyotp.random_base32()


def address(user: User, secret: str, issuer: str) -> str:
    """The `otpauth:` address that the phone reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=issuer)


def picture(text: str) -> str:
    """A QR code as a `data:` address."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=5, border=2, dark="#000", light="#fff")
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def _counter(secret: str, code: str, at: datetime, last: int | None) -> int | None:
    """The time step of a right code that was not used yet; the neighbours count too, for clocks that differ."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in (now, now - 1, now + 1):
        if (last is None or step > last) and hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def check(session: Session, user: User, code: str, *, at: datetime) -> bool:
    """Whether the code is right now. It is used up: the same one is refused afterwards. Recovery codes count too."""
    if user.totp_secret is None:
        return False
    locked = select(User.totp_last_counter).where(User.id == user.id).with_for_update()
    step = _counter(user.totp_secret, code, at, session.scalar(locked))
    if step is not None:
        user.totp_last_counter = step
        return True
    return _use_recovery_code(session, user, code, at)


def confirm(session: Session, user: User, secret: str, code: str, *, at: datetime) -> list[str]:
    """Set the second factor up with a first right code; gives the recovery codes, which are shown once. Raises Invalid."""
    step = _counter(secret, code, at, None)
    if step is None:
        raise Invalid({"code": WRONG})
    user.totp_secret, user.totp_confirmed_at, user.totp_last_counter = secret, at, step
    events.record(session, EventKind.ACCOUNT, at=at, actor=user, record=user, action="SECOND_FACTOR_SET_UP")
    return _new_codes(session, user)


def renew_codes(session: Session, user: User, *, at: datetime) -> list[str]:
    """New recovery codes; the old ones are worth nothing any more."""
    events.record(session, EventKind.ACCOUNT, at=at, actor=user, record=user, action="RECOVERY_CODES_RENEWED")
    return _new_codes(session, user)


def reset(session: Session, user: User, *, actor: User | None, at: datetime) -> None:
    """Take the second factor away, for somebody who lost the phone and the codes."""
    user.totp_secret = user.totp_confirmed_at = user.totp_last_counter = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=user, action="SECOND_FACTOR_RESET")


def codes_left(session: Session, user: User) -> int:
    """How many recovery codes are unused."""
    unused = select(func.count()).select_from(RecoveryCode)
    return session.scalar(unused.where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))) or 0


def _new_codes(session: Session, user: User) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_digest(user, code)) for code in codes)
    return codes


def _digest(user: User, code: str) -> str:
    bare = "".join(sign for sign in code.casefold() if sign.isalnum())
    return hashlib.sha256(f"{user.id}:{bare}".encode()).hexdigest()


def _use_recovery_code(session: Session, user: User, code: str, at: datetime) -> bool:
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _digest(user, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    ).first()
    if used is None:
        return False
    events.record(session, EventKind.ACCOUNT, at=at, actor=user, record=user, action="RECOVERY_CODE_USED")
    return True
