"""What those who follow a record are told of: kinds of events, chosen per record or once for all by each person.

Steps, notes and messages are announced where they are written. Everything else a follower may want is found here, among the
events of a transaction, and posted as one outbox row per record and topic. Source: `domain.md` 7.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from portal import outbox
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.task import Follower, Topic

DEFAULT = frozenset({Topic.STEPS, Topic.MESSAGES})
"""What a follower is told of who never said anything else."""

TOPICS: dict[str, Topic] = {
    EventKind.CHANGE: Topic.CHANGES,
    EventKind.FILE: Topic.FILES,
    EventKind.TASK: Topic.TASKS,
    EventKind.BREACH: Topic.MISSES,
    EventKind.CALL: Topic.CALLS,
}
"""Events that are told from here."""
BATCH = 400


def kept(topics: Iterable[Topic] | None) -> str | None:
    """Topics as a column keeps them; None: nothing was said."""
    return None if topics is None else ",".join(topic.value for topic in Topic if topic in set(topics))


def read(kept: str | None) -> frozenset[Topic] | None:
    """What a column keeps; what the list does not know any more is left out."""
    if kept is None:
        return None
    return frozenset(Topic(code) for code in kept.split(",") if code in Topic._value2member_map_)


def by_default(person: User) -> frozenset[Topic]:
    """What a person is told of wherever nothing else was said."""
    own = read(person.follow_topics)
    return DEFAULT if own is None else own


@dataclass(frozen=True, slots=True)
class Subscription:
    """A follower of a record and what they are told of; `is_own`: said for this record."""

    person: User
    topics: frozenset[Topic]
    is_own: bool


_FOLLOWING = (
    select(User, Follower.topics)
    .join(Follower, Follower.user_id == User.id)
    .where(Follower.record_kind == bindparam("kind"), Follower.record_id == bindparam("id"), User.disabled_at.is_(None))
    .order_by(User.name, User.id)
)


def of_record(session: Session, record: Any) -> list[Subscription]:
    """Who follows the record and may still sign in, by name."""
    found = session.execute(_FOLLOWING, {"kind": record.KIND, "id": record.id})
    return [_subscription(person, topics) for person, topics in found]


def told_of(session: Session, record: Any, topic: Topic) -> list[User]:
    """Who follows the record and wants to be told of a topic; whether they still see the record is asked elsewhere."""
    return [each.person for each in of_record(session, record) if topic in each.topics]


def _subscription(person: User, topics: str | None) -> Subscription:
    own = read(topics)
    return Subscription(person, by_default(person) if own is None else own, own is not None)


def tell(session: Session, sealed: Sequence[Event]) -> None:
    """Have followers told of what happened in this transaction: once per record, topic and person who did it."""
    events = [event for event in sealed if event.kind in TOPICS and event.record_id is not None]
    if not events:
        return
    last = {(event.record_kind, event.record_id, TOPICS[event.kind], event.actor_id): event for event in events}
    following = _followers(session, {(kind, number) for kind, number, _topic, _actor in last})
    for (kind, number, topic, actor_id), event in last.items():
        people = [
            each.person.id
            for each in following.get((kind, number), ())
            if topic in each.topics and each.person.id != actor_id
        ]
        if people:
            _post(session, event, people, event.at)


def _post(session: Session, event: Event, people: list[int], at: datetime) -> None:
    outbox.post(session, "notify_followers", key=f"followed:{event.id}", at=at, event_id=event.id, people=people)


def _followers(session: Session, records: set[tuple[Any, Any]]) -> dict[tuple[Any, Any], list[Subscription]]:
    found: dict[tuple[Any, Any], list[Subscription]] = {}
    for kind in {kind for kind, _number in records}:
        ids = sorted(number for each, number in records if each == kind)
        for start in range(0, len(ids), BATCH):
            rows = session.execute(
                select(Follower.record_id, User, Follower.topics)
                .join(User, User.id == Follower.user_id)
                .where(Follower.record_kind == kind, Follower.record_id.in_(ids[start : start + BATCH]))
                .where(User.disabled_at.is_(None))
            )
            for number, person, topics in rows:
                found.setdefault((kind, number), []).append(_subscription(person, topics))
    return found
