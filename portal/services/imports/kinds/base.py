"""What a kind with one record in a row is, and how it is made known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import clock
from portal.errors import NotPermitted
from portal.exporting.more import MORE
from portal.i18n import N_, Text
from portal.imports import mapping, values
from portal.imports.mapping import Kind, Need
from portal.imports.records import Rule
from portal.listing.registry import LISTINGS
from portal.models.org import Branch, Party, PartyStatus, User
from portal.permissions import Permission, Role, may
from portal.services import parties
from portal.services.fields import Field
from portal.services.imports import deriving
from portal.services.imports.deriving import Link

P = Permission
Create = Callable[[Session, dict[str, Any], User, datetime], Any]
Change = Callable[[Session, Any, dict[str, Any], User, datetime], Any]


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record that rows of a file become."""

    kind: Kind
    model: Any
    title: Text
    one: Text
    create_needs: Permission
    change_needs: Permission
    rule: Rule
    fields: tuple[mapping.Field, ...]
    labels: Mapping[str, Field]
    links: Mapping[str, Link]
    create: Create
    change: Change | None = None
    number: str = "number"
    """The column whose text names a record in a file."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of the list that are called otherwise than the field they show; "" for one that shows none."""

    as_stored: frozenset[str] = frozenset()
    """Columns of the list that say more than the record; a file has what the record says."""

    def may(self, user: User) -> bool:
        """Whether the person may make or change such records at all."""
        return may(user, P.IMPORT_RUN) and (may(user, self.create_needs) or may(user, self.change_needs))

    def rule_for(self, user: User) -> Rule:
        """What the rows may do for this person."""
        return replace(
            self.rule,
            may_create=self.rule.may_create and may(user, self.create_needs),
            may_change=self.change is not None and may(user, self.change_needs),
        )

    def is_yes_or_no(self, key: str) -> bool:
        """Whether the record says yes or no there."""
        return key in {name for name, column in self.model.__table__.c.items() if column.type.python_type is bool}

    def field_of(self, column: str) -> str | None:
        """The field that a column of the list shows."""
        if column in self.columns:
            return self.columns[column] or None
        keys = {item.key for item in self.fields}
        return next((key for key in (column, f"{column}_id", f"{column}_on", f"is_{column}") if key in keys), None)


RECORD_KINDS: dict[Kind, RecordKind] = {}
BY_LIST: dict[str, RecordKind] = {}
"""By the plural name of the records."""


def declare(made: RecordKind) -> None:
    headers: dict[str, list[Text]] = {}
    listing = LISTINGS.get(_list_name(made))
    for column in (*(listing.columns if listing else ()), *MORE.get(_list_name(made), ())):
        if key := made.field_of(column.key):
            headers.setdefault(key, []).append(column.label)
    known = replace(made, fields=deriving.named(made.fields, headers))
    RECORD_KINDS[made.kind] = BY_LIST[_list_name(made)] = known
    mapping.declare(made.kind, known.fields, titles=(made.title,))


def _list_name(made: RecordKind) -> str:
    return "customers" if made.kind is Kind.CUSTOMER_LIST else str(made.kind)


def demand(user: User, kind: Kind) -> None:
    """Raise NotPermitted unless the person may import the kind."""
    allowed = RECORD_KINDS[kind].may(user) if kind in RECORD_KINDS else may(user, P.IMPORT_RUN)
    if not allowed:
        raise NotPermitted(N_("Your role does not make or change such records."))


def offered(user: User) -> list[Kind]:
    """What the person may import, ledgers first."""
    return [kind for kind in Kind if (kind.is_ledger and may(user, P.IMPORT_RUN)) or _is_offered(user, kind)]


def _is_offered(user: User, kind: Kind) -> bool:
    return kind in RECORD_KINDS and RECORD_KINDS[kind].may(user)


def as_now(record: Any, names: Iterable[str], said: dict[str, Any]) -> dict[str, Any]:
    """All values of a command as they shall be: the record's own, with those that the file says."""
    return {name: said[name] if name in said else getattr(record, name) for name in names}


def names(command: Any) -> list[str]:
    return [name for name in command.__dataclass_fields__ if name != "version"]


def changes(service: Any, command: Any) -> Change:
    """A change by the command of a service that takes all fields."""
    known = names(command)

    def act(session: Session, record: Any, said: dict[str, Any], actor: User, at: datetime) -> Any:
        whole = command(**as_now(record, known, said), version=record.version)
        return service.update(session, record, whole, actor=actor, at=at)

    return act


def parent(key: str, label: Text, headers: Text | None = None) -> mapping.Field:
    return mapping.Field(
        key, label, values.text(100), "", Need.REQUIRED, is_link=True, is_set_once=True, hint=deriving.NUMBER_OR_NAME
    )


def moment(wall: datetime) -> datetime:
    """What the company's clocks showed, as a moment."""
    return clock.at_local(wall.date(), wall.hour, wall.minute)


NUMBER_LABEL = N_("Number")
BRANCH = Link(Branch, "code", "name")
POSTS = {
    name: Link(
        Party, name="name", only=lambda model, kinds=kinds: model.kind.in_(kinds) & (model.status != PartyStatus.DEPARTED)
    )
    for name, kinds in parties.POSTS.items()
}  # fmt: skip
OWNER = Link(
    User, "username", "name", lambda model: (model.role == Role.SPECIALIST.value) & model.disabled_at.is_(None)
)
VERSION = deriving.version_field()
