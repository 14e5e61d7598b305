"""Who follows a record: told of its steps and messages. Source: `domain.md` 7.1, 7.2.

Only people with a login follow, customers never. To reviewers and captains following opens a case (`portal.visibility`),
so only specialists and managers bring them in, and the history says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Invalid, NotPermitted
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.task import Follower
from portal.permissions import Permission, may
from portal.reading import Asked
from portal.services import events, record_kinds

MOST_SHOWN = 200


_OF_RECORD = select(Follower.user_id).where(
    Follower.record_kind == bindparam("kind"), Follower.record_id == bindparam("id")
)
_FOLLOWING = Asked(User, (), (User.id.in_(_OF_RECORD), User.disabled_at.is_(None)), (User.name, User.id))


def of_record(session: Session, record: Any) -> list[User]:
    """Who follows the record and may still sign in, by name; to be read only."""
    session.flush()
    return _FOLLOWING.all(session, {"kind": record.KIND, "id": record.id})


def candidates(session: Session, record: Any, actor: User) -> list[User]:
    """Colleagues who can be made to follow: those who see the record, and reviewers and captains to be brought in."""
    following = {person.id for person in of_record(session, record)}
    seeing = session.scalars(record_kinds.who_sees(record).order_by(User.name, User.id))
    people = [*seeing, *record_kinds.who_could_be_given(session, record, actor)]
    return [person for person in people if person.id not in following]


def follow(session: Session, record: Any, person: User, *, actor: User, at: datetime) -> bool:
    """Let a person follow; False: follows already. Raises NotPermitted for colleagues, Invalid for who may not see it."""
    if person.id != actor.id and not may(actor, Permission.FOLLOWER_ADD):
        raise NotPermitted(N_("You may follow yourself; specialists and managers add colleagues."))
    if session.get(Follower, (record.KIND, record.id, person.id)) is not None:
        return False
    session.add(Follower(record_kind=record.KIND, record_id=record.id, user_id=person.id, since=at))
    session.flush()
    if not record_kinds.sees(session, person, record):
        raise Invalid({"person": N_("%(name)s may not see this record.") % {"name": person.name}})
    events.record(session, EventKind.FOLLOW, action="follow", actor=actor, at=at, record=record, name=person.name)
    return True


def unfollow(session: Session, record: Any, person: User, *, actor: User, at: datetime) -> bool:
    """Let a person follow no more; False: did not. Raises NotPermitted for colleagues."""
    if person.id != actor.id and not may(actor, Permission.FOLLOWER_ADD):
        raise NotPermitted(N_("You may stop following yourself; specialists and managers remove colleagues."))
    row = session.get(Follower, (record.KIND, record.id, person.id))
    if row is None:
        return False
    session.delete(row)
    session.flush()
    events.record(session, EventKind.FOLLOW, action="unfollow", actor=actor, at=at, record=record, name=person.name)
    return True


@dataclass(frozen=True, slots=True)
class Followed:
    """A record that a person follows."""

    record: Any
    title: str
    since: datetime


def followed_by(session: Session, user: User) -> list[Followed]:
    """The records a person follows and still sees, the latest first."""
    rows = session.execute(
        select(Follower.record_kind, Follower.record_id, Follower.since)
        .where(Follower.user_id == user.id)
        .order_by(Follower.since.desc(), Follower.record_kind, Follower.record_id.desc())
        .limit(MOST_SHOWN)
    ).all()
    found: dict[tuple[str, int], Any] = {}
    for kind in {row.record_kind for row in rows}:
        model = record_kinds.MODELS.get(kind)
        if model is None or not may(user, record_kinds.VIEW[model]):
            continue
        ids = [row.record_id for row in rows if row.record_kind == kind]
        for record in session.scalars(visibility.visible_to(user, model).where(model.id.in_(ids))):
            found[kind, record.id] = record
    return [
        Followed(record, title_of(record), row.since)
        for row in rows
        if (record := found.get((row.record_kind, row.record_id))) is not None
    ]


TITLES: Mapping[str, tuple[str, ...]] = {"complaints": ("complainant", "subject"), "consultations": ("name",)}


def title_of(record: Any) -> str:
    """What a record is about, in its own words; its number when it has none."""
    names = TITLES.get(record.KIND, ("name", "address"))
    return " · ".join(str(text) for name in names if (text := getattr(record, name, None))) or record.number
