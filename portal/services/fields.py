"""The fields of a record as people call them, and the one way to change them: old and new are kept.

Forms take their labels from here, the timeline shows changes with them, and a conflict compares with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import formatting
from portal.i18n import Text, _
from portal.models.event import EventKind
from portal.models.org import User
from portal.services import events
from portal.terms import Term


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its label, how a stored value reads, for links the record whose name is shown, its closed list."""

    label: Text
    show: Callable[[Any], str] | None = None
    target: type[Any] | None = None
    terms: type[Term] | None = None

    def text(self, value: Any) -> str:
        """The value for people, in the present language. Values from events are what JSON keeps."""
        if value is None or value == "" or value == []:
            return formatting.DASH
        return self.show(value) if self.show else as_text(value)


def as_text(value: Any) -> str:
    """Any plain value for people."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return formatting.moment(value)
    if isinstance(value, date):
        return formatting.full_date(value)
    if isinstance(value, Decimal):
        return formatting.money(value)
    return str(value)


def term(label: Text, terms: type[Term]) -> Field:
    """A field with a closed list of values."""
    return Field(label, terms.show, terms=terms)


def money(label: Text) -> Field:
    """A field in yuan."""
    return Field(label, lambda value: _("%(amount)s yuan", amount=formatting.money(value)))


def phone(label: Text) -> Field:
    """A phone number: never in full outside the record one works on."""
    return Field(label, formatting.phone_mask)


def is_phone(field: Field) -> bool:
    """Whether the field holds a phone number."""
    return field.show is formatting.phone_mask


def link(label: Text, target: type[Any]) -> Field:
    """A link to another record; changes keep its name as it was."""
    return Field(label, target=target)


def name_of(record: Any) -> str:
    """What a linked record is called: the number with a name where both are there."""
    name = getattr(record, "name", None) or getattr(record, "address", None) or getattr(record, "title", None)
    return str(name or getattr(record, "number", ""))


def cleaned(value: Any) -> Any:
    """Text without outer blanks; empty text is no value."""
    if isinstance(value, str):
        return value.strip() or None
    return value


def apply(
    session: Session,
    record: Any,
    values: Mapping[str, Any],
    fields: Mapping[str, Field],
    *,
    actor: User | None,
    at: datetime,
    **said: Any,
) -> dict[str, list[Any]]:
    """Write what differs, and one CHANGE event with old and new of each field. Gives the changes; none: nothing is written.

    `said` is kept with the event, for example a reason.
    """
    changes: dict[str, list[Any]] = {}
    for name, value in values.items():
        old = getattr(record, name)
        if same(old, value):
            continue
        target = fields[name].target if name in fields else None
        changes[name] = [_kept(session, target, old), _kept(session, target, value)]
        setattr(record, name, value)
    if changes:
        record.updated_at = at
        record.updated_by_id = actor.id if actor else None
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=record, changes=changes, **said)
    return changes


def same(old: Any, new: Any) -> bool:
    """Whether two values say the same: an empty text and no value do, 5.0 and 5.00 do."""
    return (None if old == "" else old) == (None if new == "" else new)


def _kept(session: Session, target: type[Any] | None, value: Any) -> Any:
    if target is None or value is None:
        return value
    found = session.get(target, value)
    return name_of(found) if found is not None else value


def stamp(record: Any, *, actor: User | None, at: datetime) -> None:
    """Who made the record and when."""
    record.created_at = record.updated_at = at
    record.created_by_id = record.updated_by_id = actor.id if actor else None
