"""What can be taken out of a list, column by column, and as which type each value stands in the file.

The columns of the list come by themselves: a number, a date or a moment stays one, anything else is the plain text of
what the list shows. What the list has no room for stands in `more.py`; lists with clocks get the columns of `clocks`
and those of each deadline by itself (`limits`), lists whose records can be imported again the fields that an import changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from markupsafe import Markup
from sqlalchemy import case, func, inspect, select
from sqlalchemy.orm import aliased

from portal.exporting import limits
from portal.exporting.limits import late_minutes
from portal.exporting.more import MORE
from portal.i18n import N_, Text
from portal.imports.mapping import NUMBER, VERSION
from portal.listing import cells
from portal.listing.declaration import Column, Listing
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.models.task import DeadlineBreach, Task, TaskOutcome
from portal.services.fields import as_text, is_phone
from portal.services.imports.kinds import BY_LIST, RecordKind

LATE_BY = N_("Late by (minutes)")


class Phone(str):
    """A phone number in full; files show it masked unless the export says otherwise."""

    __slots__ = ()


Value = str | Phone | int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Field:
    """A column that may be chosen. `read` is given the moment the file shows and the values, in their order."""

    key: str
    label: Text
    values: tuple[Any, ...]
    read: Callable[..., Value]
    group: str = "list"
    """Where it stands on the page that asks: list, more, record, clock or limit."""
    code: str = ""
    """The deadline whose last round is read instead of values; `read` is given a `limits.Round`."""
    short: Text | None = None
    """The label under the name of its deadline; None: `label`."""
    record_field: str = ""
    """The field that an import of the file would change by this column."""


# ---------- From a column of a list ----------


def plain(shown: Any) -> Value:
    """What a cell shows, as text; a dash means that there is nothing."""
    if isinstance(shown, cells.Title):
        shown = shown.main
    text = shown.striptags() if isinstance(shown, Markup) else str(shown)
    return None if text == cells.formatting.DASH else text


def _field(column: Column, group: str) -> Field:
    def read(_at: datetime, *values: Any) -> Value:
        if column.show is cells.phone:
            return Phone(values[0]) if values[0] else None
        if len(values) == 1 and isinstance(values[0], datetime | date | Decimal | int) and not _is_word(values[0]):
            return values[0]
        return plain(column.show(*values))

    return Field(column.key, column.label, column.values, read, group)


def _is_word(value: Any) -> bool:
    """True for yes and no, which lists show as words."""
    return isinstance(value, bool)


def has_clock(listing: Listing) -> bool:
    """Whether its rows have deadlines."""
    return any(column.show is cells.due for column in listing.columns)


@cache
def fields(kind: str) -> dict[str, Field]:
    """Everything that can be taken out of a list, by key, in the order of the file."""
    listing = LISTINGS[kind]
    shown = [column for column in listing.columns if column.show is not cells.due]
    found = [_field(column, "list") for column in shown if not column.hidden]
    found += [_field(column, "more") for column in shown if column.hidden]
    found += [_field(column, "more") for column in MORE.get(kind, ())]
    if (again := BY_LIST.get(kind)) and again.change is not None:
        found = _importable(again, found)
    if has_clock(listing):
        found += own_clock() if listing.model is Task else clocks(listing).fields
    found += one_by_one(listing)
    return {field.key: field for field in found}


@cache
def joins(kind: str) -> tuple[tuple[Any, Any], ...]:
    """The tables that the columns read from, beside the one of the list."""
    listing = LISTINGS[kind]
    more = clocks(listing).joins if has_clock(listing) and listing.model is not Task else ()
    return (*listing.joins, *more)


# ---------- What an import changes ----------


def _importable(again: RecordKind, found: list[Field]) -> list[Field]:
    """The columns with what an import knows of them, and the fields of the record that no column shows."""
    made = []
    for column in found:
        key = again.field_of(column.key) or ""
        if column.key in again.as_stored:
            said = _record_field(again, key)
            made.append(replace(column, values=said.values, read=said.read, record_field=key))
        elif again.is_yes_or_no(key):
            made.append(replace(column, values=(getattr(again.model, key),), read=_yes_or_no, record_field=key))
        else:
            made.append(replace(column, record_field=key))
    there = {column.record_field for column in made}
    kept = {NUMBER, *inspect(again.model).column_attrs.keys(), *again.links}
    made += [_record_field(again, item.key) for item in again.fields if item.key in kept - there]
    return made


def _yes_or_no(_at: datetime, value: Any) -> Value:
    return None if value is None else as_text(bool(value))


def _record_field(again: RecordKind, key: str) -> Field:
    item = next(item for item in again.fields if item.key == key)
    column = _link_text(again, key) if item.is_link else getattr(again.model, again.number if key == NUMBER else key)

    def read(_at: datetime, value: Any) -> Value:
        if value is None or key in (NUMBER, VERSION) or item.is_link:
            return value
        if isinstance(value, bool):
            return as_text(value)
        if item.terms is not None:
            return item.terms.show(value)
        return Phone(value) if key in again.labels and is_phone(again.labels[key]) else value

    return Field(f"record.{key}", item.label, (column,), read, "record", record_field=key)


def _link_text(again: RecordKind, key: str) -> Any:
    """The name of what a link leads to, or its number where names say little."""
    link = again.links[key]
    target = aliased(link.model)
    own = getattr(again.model, key if hasattr(again.model, f"{key}_id") is False else f"{key}_id")
    said = getattr(target, link.name or link.number)
    return select(said).where(target.id == own).correlate(again.model.__table__).scalar_subquery()


# ---------- Clocks ----------


@dataclass(frozen=True, slots=True)
class Clocks:
    """The columns of the clock in hand of each row, and the tables they are read from."""

    fields: list[Field]
    joins: tuple[tuple[Any, Any], ...]


def _clock_fields(task: Any, person: Any) -> list[Field]:
    def same(_at: datetime, value: Any) -> Value:
        return value

    def whose(_at: datetime, name: str | None, role: str | None) -> Value:
        return name or cells.role(role)

    late_from = (task.due_at, task.closed_at, task.outcome)
    return [
        Field("clock.code", N_("Clock", "export"), (task.code,), same, "clock"),
        Field("clock.started", N_("Clock started", "export"), (task.started_at,), same, "clock"),
        Field("clock.due", N_("Clock due", "export"), (task.due_at,), same, "clock"),
        Field("clock.done", N_("Clock done", "export"), (task.closed_at,), same, "clock"),
        Field("clock.late", LATE_BY, late_from, late_minutes, "clock"),
        Field("clock.person", N_("Whose clock", "export"), (person.name, task.role), whose, "clock"),
    ]


@cache
def clocks(listing: Listing) -> Clocks:
    """The clock a row stands at: of the open ones the most urgent, as in the list; else the one that ended last."""
    task, person, model = aliased(Task), aliased(User), listing.model
    is_open = Task.closed_at.is_(None)
    number = (
        select(Task.id)
        .where(Task.record_kind == listing.kind, Task.record_id == model.id)
        .order_by(
            case((is_open, 0), (Task.outcome == TaskOutcome.CANCELLED, 2), else_=1),
            case((Task.due_at.is_(None), 1), else_=0),
            case((is_open, Task.due_at)),
            Task.closed_at.desc(),
            Task.id,
        )
        .limit(1)
        .correlate(model.__table__)
        .scalar_subquery()
    )
    missed = (
        select(func.count(DeadlineBreach.id))
        .where(DeadlineBreach.record_kind == listing.kind, DeadlineBreach.record_id == model.id)
        .correlate(model.__table__)
        .scalar_subquery()
    )
    count = Field("clock.missed", N_("Deadlines missed", "export"), (missed,), lambda _at, value: value, "clock")
    return Clocks(
        [*_clock_fields(task, person), count], ((task, task.id == number), (person, person.id == task.person_id))
    )


def one_by_one(listing: Listing) -> list[Field]:
    """What can be said of each deadline of the process by itself."""
    found = []
    for each in limits.deadlines(listing):
        said = {"code": each.code, "what": each.label}
        for part, (label, short, read) in limits.PARTS.items():
            found.append(Field(f"limit.{each.code}.{part}", label % said, (), read, "limit", each.code, short))
    return found


def own_clock() -> list[Field]:
    """The clock of a task is the task itself; the list shows since when and whose turn."""
    wanted = {"clock.code", "clock.due", "clock.done", "clock.late"}
    return [field for field in _clock_fields(Task, User) if field.key in wanted]
