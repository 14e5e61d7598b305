"""Tries to sign in, counted before a password or a code is looked at. Source: `docs/decisions`, guessing passwords.

Ten wrong tries per account in 15 minutes, then the hash is not even touched. A browser that signed in to the account
before has a quota of its own, so that a stranger who keeps guessing cannot keep the owner out.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from portal.errors import DomainError
from portal.i18n import N_
from portal.models.account import LoginAttempt

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 60
KEPT = timedelta(days=180)


class TooMany(DomainError):
    """Enough tries for now."""

    status = 429

    def __init__(self) -> None:
        super().__init__(N_("Too many tries. Please try again in 15 minutes."))


def quota(username: str, device: str | None = None, *, what: str = "") -> str:
    """The name under which tries are counted: the account for strangers, account and device for a known browser."""
    name = f"{what}{username}" if device is None else f"{what}{username}@{device}"
    return name if len(name) <= 50 else "#" + hashlib.sha256(name.encode()).hexdigest()[:40]


def count(session: Session, name: str, *, address: str | None, at: datetime) -> int:
    """Count one try; gives its number for `succeeded`. Raises TooMany when the quota is used up: nothing is counted then.

    `address`: None for a known browser, which is not held up by others behind the same address.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    since = at - WINDOW
    wrong = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at > since, ~LoginAttempt.succeeded)
    if (session.scalar(wrong.where(LoginAttempt.account == name)) or 0) >= PER_ACCOUNT:
        raise TooMany()
    if address is not None and (session.scalar(wrong.where(LoginAttempt.address == address[:60])) or 0) >= PER_ADDRESS:
        raise TooMany()
    attempt = LoginAttempt(account=name, address=(address or "")[:60], at=at)
    session.add(attempt)
    session.flush()
    return attempt.id


def succeeded(session: Session, attempt_id: int, *, at: datetime) -> None:
    """The try was right, so it does not count; very old tries are forgotten."""
    session.execute(update(LoginAttempt).where(LoginAttempt.id == attempt_id).values(succeeded=True))
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < at - KEPT))
