"""Which fields of a record were ever changed, and what each said before: read from the events, kept nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from portal.i18n import _
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.services import timeline

MOST = 300
"""Changes of one record that are looked through, from the newest."""

_CHANGES = (
    select(Event.data, Event.at, User.name)
    .outerjoin(User, User.id == Event.actor_id)
    .where(
        Event.record_kind == bindparam("kind"),
        Event.record_id == bindparam("id"),
        Event.kind == EventKind.CHANGE.value,
    )
    .order_by(Event.id.desc())
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a field, as people read it."""

    at: datetime
    who: str
    before: str
    after: str
    reason: str


def changed(session: Session, record: Any) -> frozenset[str]:
    """The names of the fields that were ever changed."""
    return frozenset(name for data, _at, _who in _found(session, record) for name in data.get("changes") or ())


def names(events: Iterable[Event], record: Any) -> frozenset[str]:
    """As `changed`, of events that were read already."""
    own = (each for each in events if each.kind == EventKind.CHANGE and each.record_id == record.id)
    return frozenset(name for each in own for name in each.data.get("changes") or ())


def of_field(session: Session, record: Any, name: str) -> tuple[str, list[Change]]:
    """What the field is called, and its changes, newest first; none: it never was changed."""
    label, _show = timeline.field_of(record.KIND, name)
    return label, [change for _label, change in _read(_found(session, record), record.KIND, name)]


def of_record(session: Session, record: Any) -> list[tuple[str, Change]]:
    """The changes of all fields, newest first, each with what the field is called."""
    return list(_read(_found(session, record), record.KIND))


def _read(found: Iterable[Any], kind: str, only: str | None = None) -> Iterator[tuple[str, Change]]:
    for data, at, who in found:
        reason = _(str(data["reason"])) if data.get("reason") else ""
        for name, (before, after) in (data.get("changes") or {}).items():
            if only is None or name == only:
                label, show = timeline.field_of(kind, name)
                yield label, Change(at, who or _("The portal"), show(before), show(after), reason)


def _found(session: Session, record: Any) -> list[Any]:
    return list(session.execute(_CHANGES, {"kind": record.KIND, "id": record.id}))
