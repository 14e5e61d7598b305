"""What colleagues write on a record: internal notes, messages to those who follow it, and names with an @.

Customers read none of it and are never among the receivers. Who is told is settled when it is sent: a name that nobody
has who may see the record stays text. Source: `domain.md` 7.2.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import outbox
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import User
from portal.services import events, followers, record_kinds

LONGEST = 10_000
AT = re.compile(r"(?<![A-Za-z0-9._%+-])[@＠]")


@dataclass(frozen=True, slots=True)
class Said:
    """What was written, and who is told of it."""

    mentioned: list[User]
    receivers: list[User]


def add_note(session: Session, record: Any, text: str, *, actor: User, at: datetime) -> Said:
    """An internal note: colleagues read it, customers never; who is named with @ is told. Raises Invalid."""
    words = _words(text)
    mentioned = mentions(session, record, words)
    events.record(session, EventKind.NOTE, at=at, actor=actor, record=record, text=words, **_named(mentioned))
    _tell(session, record, mentioned, mentioned, actor, at)
    return Said(mentioned, mentioned)


def add_message(session: Session, record: Any, text: str, *, actor: User, at: datetime) -> Said:
    """A message to everybody who follows the record and who is named with @. Raises Invalid when that is nobody."""
    words = _words(text)
    mentioned = mentions(session, record, words)
    seeing = set(session.scalars(record_kinds.who_sees(record).with_only_columns(User.id)))
    following = [person for person in followers.of_record(session, record) if person.id in seeing]
    receivers = [person for person in _once([*following, *mentioned]) if person.id != actor.id]
    if not receivers:
        raise Invalid({"text": N_("Nobody else follows this record. Add a follower, or name a colleague with @.")})
    events.record(
        session, EventKind.MESSAGE, at=at, actor=actor, record=record, text=words,
        to=[person.name for person in receivers], **_named(mentioned),
    )  # fmt: skip
    _tell(session, record, receivers, mentioned, actor, at)
    return Said(mentioned, receivers)


def mentions(session: Session, record: Any, text: str) -> list[User]:
    """The colleagues named with @ who may see the record, each once; by name or by sign-in name, the longest counts."""
    places = [found.end() for found in AT.finditer(text)]
    if not places:
        return []
    people = list(session.scalars(record_kinds.who_sees(record)))
    names: dict[str, list[User]] = {}
    for person in people:
        for name in {_plain(person.name), _plain(person.username)}:
            names.setdefault(name, []).append(person)
    longest_first = sorted(names, key=len, reverse=True)
    found: list[User] = []
    for place in places:
        rest = _plain(text[place : place + 60])
        named = next((name for name in longest_first if name and _begins(rest, name)), "")
        found += names.get(named, [])
    return _once(found)


def _begins(text: str, name: str) -> bool:
    """Whether the text begins with the name; a name in Latin letters ends where the word does."""
    if not text.startswith(name):
        return False
    after = text[len(name) : len(name) + 1]
    return not (name[-1].isascii() and after.isascii() and (after.isalnum() or after == "_"))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _once(people: Iterable[User]) -> list[User]:
    return list({person.id: person for person in people}.values())


def _named(mentioned: list[User]) -> dict[str, Any]:
    return {"mentioned": [person.name for person in mentioned]} if mentioned else {}


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise Invalid({"text": N_("Write something first.")})
    if len(words) > LONGEST:
        raise Invalid({"text": N_("A note has at most 10,000 signs.")})
    return words


def _tell(
    session: Session, record: Any, receivers: list[User], mentioned: list[User], actor: User, at: datetime
) -> None:
    people = [person.id for person in receivers if person.id != actor.id]
    if people:
        key = f"talk:{secrets.token_hex(8)}"
        outbox.post(
            session, "notify_talk", key=key, at=at, record_kind=record.KIND, record_id=record.id, people=people,
            mentioned=[person.id for person in mentioned], by_id=actor.id, said=key,
        )  # fmt: skip
