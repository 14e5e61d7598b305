"""A form that is sent twice is carried out once: a double click, a reload, an impatient network.

Each form that makes a record carries a key; the first arrival claims it in the transaction that makes the record.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.errors import DomainError
from portal.i18n import N_
from portal.models.org import User
from portal.models.outbox import ClientRequest

KEY_LENGTH = 64


class AlreadySent(DomainError):
    """The form was sent before with other content; `location` is what came of it. Nothing was written now."""

    def __init__(self, location: str) -> None:
        super().__init__(N_("This form was sent already and is saved. Open the saved record to change it."))
        self.location = location


def new_key() -> str:
    """A key for the hidden field `client_key` of a fresh form."""
    return secrets.token_urlsafe(24)


def fingerprint(values: Mapping[str, Any]) -> str:
    """What a form says, as a hash; the token against forgery and the key itself do not count."""
    said = sorted((name, value) for name, value in values.items() if name not in ("csrf_token", "client_key"))
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()


def once(
    session: Session, *, user: User, key: str | None, content: Mapping[str, Any], at: datetime, act: Callable[[], str]
) -> str:
    """Carry out `act` and return the path it returns; sent again with the same key, return that path and do nothing.

    Two arrivals at the same moment wait for each other. A form without a usable key is simply carried out.
    Raises AlreadySent when the same key comes with other content.
    """
    if not key or len(key) > KEY_LENGTH:
        return act()
    said = fingerprint(content)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    claimed = session.execute(
        insert(ClientRequest)
        .values(user_id=user.id, key=key, fingerprint=said, location="", at=at)
        .on_conflict_do_nothing()
        .returning(ClientRequest.key)
    ).scalar_one_or_none()
    mine = (ClientRequest.user_id == user.id, ClientRequest.key == key)
    if claimed is None:
        earlier = session.execute(select(ClientRequest.fingerprint, ClientRequest.location).where(*mine)).one()
        if earlier.fingerprint != said:
            raise AlreadySent(earlier.location)
        return earlier.location
    location = act()
    session.execute(
        update(ClientRequest).where(*mine).values(location=location).execution_options(synchronize_session=False)
    )
    return location
