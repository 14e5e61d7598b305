"""Properties: homes of customers. Source: `domain.md` 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Stale
from portal.i18n import N_
from portal.models.customer import Customer, Property
from portal.models.event import EventKind
from portal.models.org import User
from portal.services import events, lead_touches, numbering
from portal.services.fields import Field, apply, cleaned, stamp

FIELDS: dict[str, Field] = {
    "estate": Field(N_("Estate")),
    "building": Field(N_("Building")),
    "unit": Field(N_("Unit", "address")),
    "room": Field(N_("Room")),
    "area": Field(N_("Area (m²)"), str),
    "layout": Field(N_("Layout")),
    "handover_on": Field(N_("Hand-over of the estate")),
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProperty:
    """A home. `area` in square metres; building, unit and room as people write them, without the words around."""

    estate: str
    building: str
    unit: str
    room: str
    area: Decimal
    layout: str | None = None
    handover_on: date | None = None
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS} | {"unit": (self.unit or "").strip()}


_COLUMNS = tuple(item.name for item in fields(CreateProperty))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProperty(CreateProperty):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[Property]:
    """The properties that exist for the person."""
    return visibility.visible_to(user, Property)


def create(
    session: Session, customer: Customer, command: CreateProperty, *, actor: User | None, at: datetime
) -> Property:
    """Add a home to a customer. It belongs to the customer's branch."""
    home = Property(
        number=numbering.next_number(session, Property.PREFIX, at),
        customer_id=customer.id,
        branch_id=customer.branch_id,
        **command.values(),
    )
    stamp(home, actor=actor, at=at)
    session.add(home)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=home)
    if home.handover_on is not None:
        lead_touches.of_home(session, home, customer, actor=actor, at=at)
    return home


def update(
    session: Session, home: Property, command: UpdateProperty, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change a home; what differs is kept as old and new. Raises Stale."""
    return change(session, home, command.values(), version=command.version, actor=actor, at=at)


def change(
    session: Session, home: Property, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change some fields of a home. Raises Stale."""
    if home.version != version:
        raise Stale()
    changes = apply(session, home, values, FIELDS, actor=actor, at=at)
    if "handover_on" in changes:
        lead_touches.of_home(session, home, home.customer, actor=actor, at=at)
    return changes


@dataclass(frozen=True, slots=True)
class SameAddress:
    """A home at the address being typed; `home` is None when the person may not see it."""

    home: Property | None


def same_address(
    session: Session, user: User, *, estate: str, building: str, unit: str, room: str, exclude_id: int | None = None
) -> list[SameAddress]:
    """Homes at exactly this address. Says that one of another branch exists, not whose it is."""
    found = session.scalars(
        select(Property)
        .where(
            Property.estate == estate.strip(),
            Property.building == building.strip(),
            Property.unit == unit.strip(),
            Property.room == room.strip(),
            Property.id != (exclude_id or 0),
            visibility.standing(Property),
        )
        .limit(5)
    ).all()
    seen = visible_to(user).with_only_columns(Property.id).where(Property.id.in_([home.id for home in found]))
    mine = set(session.scalars(seen))
    return [SameAddress(home if home.id in mine else None) for home in found]
