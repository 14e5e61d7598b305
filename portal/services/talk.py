"""What colleagues write on a record: internal notes, messages to those who follow it, and names with an @.

Customers read none of it and are never among the receivers. Who is told is settled when it is sent: a name that nobody
has who may see the record stays text. Source: `domain.md` 7.2.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import outbox, settings
from portal.errors import DomainError, Invalid, NotFound, Stale
from portal.i18n import N_
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.task import Topic
from portal.services import attachments, events, following, record_kinds
from portal.services.timeline import EDIT

LONGEST = 10_000
AT = re.compile(r"(?<![A-Za-z0-9._%+-])[@＠]")


@dataclass(frozen=True, slots=True)
class Said:
    """Whom a text names with @, and who is told of it: never who wrote it."""

    mentioned: list[User]
    receivers: list[User]


def add_note(session: Session, record: Any, text: str, *, actor: User, at: datetime, files: Sequence[int] = ()) -> Said:
    """An internal note: colleagues read it, customers never. Raises Invalid.

    Told are those who are named with @ and those who follow the record and want to hear of notes.
    """
    named = _files(session, record, files)
    words = _words(text, is_needed=not named)
    said = goes_to(session, record, words, Topic.NOTES, actor=actor)
    events.record(
        session, EventKind.NOTE, at=at, actor=actor, record=record, text=words, **_named(said.mentioned), **named
    )
    _tell(session, record, said, actor, at)
    return said


def add_message(
    session: Session, record: Any, text: str, *, actor: User, at: datetime, files: Sequence[int] = ()
) -> Said:
    """A message to those who follow the record and take messages, and who are named with @.

    Raises Invalid when that is nobody.
    """
    named = _files(session, record, files)
    words = _words(text, is_needed=not named)
    said = goes_to(session, record, words, Topic.MESSAGES, actor=actor)
    if not said.receivers:
        raise Invalid({"text": N_("Nobody else follows this record. Add a follower, or name a colleague with @.")})
    events.record(
        session, EventKind.MESSAGE, at=at, actor=actor, record=record, text=words,
        to=[person.name for person in said.receivers], **_named(said.mentioned), **named,
    )  # fmt: skip
    _tell(session, record, said, actor, at)
    return said


def goes_to(session: Session, record: Any, text: str, topic: Topic, *, actor: User) -> Said:
    """Who is told of a text: those who follow the record and want to hear of such, and those it names with @."""
    mentioned = mentions(session, record, text)
    told = _once([*listening(session, record, topic), *mentioned])
    return Said(mentioned, [person for person in told if person.id != actor.id])


def editable_until(session: Session, event: Event) -> datetime:
    """Until when whoever wrote a note may say it otherwise."""
    return event.at + timedelta(minutes=int(settings.get(session, "note_edit_minutes")))


def last_said(session: Session, event: Event) -> Event:
    """The event that says what a note says now: itself, or its last change."""
    same = (Event.record_kind == event.record_kind, Event.record_id == event.record_id, Event.id > event.id)
    changes = select(Event).where(*same, Event.kind == EventKind.NOTE, Event.action == EDIT).order_by(Event.id.desc())
    return next((each for each in session.scalars(changes) if each.data.get("edits") == event.id), event)


def own_note(session: Session, record: Any, event_id: int, actor: User) -> Event:
    """A note of this record that the person wrote. Raises NotFound."""
    event = session.get(Event, event_id)
    is_note = event is not None and event.kind == EventKind.NOTE and event.action is None
    if event is None or not is_note or event.actor_id != actor.id:
        raise NotFound()
    if (event.record_kind, event.record_id) != (record.KIND, record.id):
        raise NotFound()
    return event


def edit_note(session: Session, record: Any, event_id: int, text: str, *, seen: int, actor: User, at: datetime) -> Said:
    """Say one's own note otherwise, for a while after it was written: both wordings stay, and who is named anew is told.

    `seen` is the event whose words the person changed. Raises NotFound, DomainError, Stale, Invalid.
    """
    event = own_note(session, record, event_id, actor)
    if at > editable_until(session, event):
        raise DomainError(N_("This note can no longer be changed. Write another one."))
    before = last_said(session, event)
    if before.id != seen:
        raise Stale()
    words = _words(text)
    if words == before.data.get("text"):
        return Said([], [])
    mentioned = mentions(session, record, words)
    events.record(
        session, EventKind.NOTE, action=EDIT, at=at, actor=actor, record=record, edits=event.id,
        was=before.data.get("text", ""), text=words, **_named(mentioned),
    )  # fmt: skip
    known = set(before.data.get("mentioned", ())) | set(event.data.get("mentioned", ()))
    fresh = [person for person in mentioned if person.name not in known]
    said = Said(fresh, [person for person in fresh if person.id != actor.id])
    _tell(session, record, said, actor, at)
    return said


def listening(session: Session, record: Any, topic: Topic) -> list[User]:
    """Who follows the record, still sees it, and wants to be told of the topic."""
    wanting = following.told_of(session, record, topic)
    if not wanting:
        return []
    seeing = set(session.scalars(record_kinds.who_sees(record).with_only_columns(User.id)))
    return [person for person in wanting if person.id in seeing]


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


def _files(session: Session, record: Any, ids: Sequence[int]) -> dict[str, Any]:
    """The files a text comes with, by number and name. Raises Invalid for what is not on this record."""
    if not ids:
        return {}
    found = {each.id: each for each in attachments.of_record(session, record)}
    if any(number not in found for number in ids):
        raise Invalid({"text": N_("A file is not on this record any more. Please add it again.")})
    return {"files": [{"id": number, "name": found[number].name} for number in dict.fromkeys(ids)]}


def _words(text: str, *, is_needed: bool = True) -> str:
    words = text.strip()
    if not words and is_needed:
        raise Invalid({"text": N_("Write something first.")})
    if len(words) > LONGEST:
        raise Invalid({"text": N_("A note has at most 10,000 signs.")})
    return words


def _tell(session: Session, record: Any, said: Said, actor: User, at: datetime) -> None:
    if said.receivers:
        key = f"talk:{secrets.token_hex(8)}"
        outbox.post(
            session, "notify_talk", key=key, at=at, record_kind=record.KIND, record_id=record.id,
            people=[person.id for person in said.receivers], mentioned=[person.id for person in said.mentioned], by_id=actor.id, said=key,
        )  # fmt: skip
