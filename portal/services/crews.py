"""Crews with their foreman and the money kept back for repairs. Source: `domain.md` 1.2, 3.24."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Stale
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import Branch, Crew, Party, PartyStatus, User
from portal.services import events, numbering
from portal.services.fields import Field, apply, cleaned, link, money, phone, stamp, term
from portal.services.parties import check_status

FIELDS: dict[str, Field] = {
    "name": Field(N_("Name")),
    "foreman_id": link(N_("Foreman"), Party),
    "phone": phone(N_("Phone")),
    "branch_id": link(N_("Store"), Branch),
    "status": term(N_("Status", "party"), PartyStatus),
    "status_from": Field(N_("Since", "party")),
    "status_until": Field(N_("Until", "party")),
    "retention_balance": money(N_("Retention")),
    "wage_basis": Field(N_("Basis of wages")),
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCrew:
    """A crew. `retention_balance` in yuan."""

    name: str
    foreman_id: int | None = None
    phone: str | None = None
    branch_id: int | None = None
    status: str = PartyStatus.ACTIVE
    status_from: date | None = None
    status_until: date | None = None
    retention_balance: Decimal = Decimal("0.00")
    wage_basis: str | None = None
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS}


_COLUMNS = tuple(item.name for item in fields(CreateCrew))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCrew(CreateCrew):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[Crew]:
    """The crews that exist for the person."""
    return visibility.visible_to(user, Crew)


def working(session: Session, user: User, *, keep_id: int | None = None) -> list[Crew]:
    """Which crews can be chosen now: those at work, and the one that is chosen already."""
    wanted = visible_to(user).where((Crew.status == PartyStatus.ACTIVE) | (Crew.id == (keep_id or 0)))
    return list(session.scalars(wanted.order_by(Crew.name).limit(500)))


def create(session: Session, command: CreateCrew, *, actor: User | None, at: datetime) -> Crew:
    """Enter a crew. Raises Invalid."""
    check_status(command.status, command.status_from, command.status_until)
    crew = Crew(number=numbering.next_number(session, Crew.PREFIX, at), **command.values())
    stamp(crew, actor=actor, at=at)
    session.add(crew)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=crew)
    return crew


def update(session: Session, crew: Crew, command: UpdateCrew, *, actor: User, at: datetime) -> dict[str, list[Any]]:
    """Change a crew. Raises Stale, Invalid."""
    return change(session, crew, command.values(), version=command.version, actor=actor, at=at)


def change(
    session: Session, crew: Crew, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change some fields of a crew. Raises Stale, Invalid."""
    if crew.version != version:
        raise Stale()
    check(present(crew) | dict(values))
    return apply(session, crew, values, FIELDS, actor=actor, at=at)


def present(crew: Crew) -> dict[str, Any]:
    """All fields as they are."""
    return {name: getattr(crew, name) for name in _COLUMNS}


def check(values: Mapping[str, Any]) -> None:
    """Raise Invalid for a crew that is not at work since no day."""
    check_status(values["status"], values["status_from"], values["status_until"])
