"""Parties: people and departments outside the portal, whose acts are recorded on their behalf. Source: `domain.md` 1.2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Invalid, Stale
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import Branch, Department, Party, PartyKind, PartyStatus, User
from portal.services import events, numbering
from portal.services.fields import Field, apply, cleaned, link, phone, stamp, term

FIELDS: dict[str, Field] = {
    "name": Field(N_("Name")),
    "kind": term(N_("Post"), PartyKind),
    "department": term(N_("Department"), Department),
    "is_head": Field(N_("Signs for the department")),
    "phone": phone(N_("Phone")),
    "branch_id": link(N_("Store"), Branch),
    "status": term(N_("Status", "party"), PartyStatus),
    "status_from": Field(N_("Since", "party")),
    "status_until": Field(N_("Until", "party")),
    "remarks": Field(N_("Remarks")),
}

POSTS: dict[str, tuple[PartyKind, ...]] = {
    "designer_id": (PartyKind.DESIGNER, PartyKind.DESIGN_ASSISTANT),
    "sales_id": (PartyKind.SALES, PartyKind.STORE_MANAGER, PartyKind.BRANCH_MANAGER),
    "project_manager_id": (PartyKind.PROJECT_MANAGER,),
    "foreman_id": (PartyKind.FOREMAN, PartyKind.TEAM_LEADER),
    "supervisor_id": (PartyKind.SUPERVISOR,),
}
"""Who can be chosen for what: the posts by the field of a project or a quotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateParty:
    """A person outside the portal. `branch_id` None: works for all."""

    name: str
    kind: str
    department: str | None = None
    is_head: bool = False
    phone: str | None = None
    branch_id: int | None = None
    status: str = PartyStatus.ACTIVE
    status_from: date | None = None
    status_until: date | None = None
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS}


_COLUMNS = tuple(item.name for item in fields(CreateParty))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateParty(CreateParty):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[Party]:
    """The parties that exist for the person."""
    return visibility.visible_to(user, Party)


def working(session: Session, user: User, kinds: Iterable[PartyKind], *, keep_id: int | None = None) -> list[Party]:
    """Who of these posts can be chosen now: those at work, and the one that is chosen already."""
    wanted = visible_to(user).where(Party.kind.in_(list(kinds)))
    wanted = wanted.where((Party.status == PartyStatus.ACTIVE) | (Party.id == (keep_id or 0)))
    return list(session.scalars(wanted.order_by(Party.name).limit(500)))


def create(session: Session, command: CreateParty, *, actor: User | None, at: datetime) -> Party:
    """Enter a party. Raises Invalid."""
    check(command.values())
    party = Party(number=numbering.next_number(session, Party.PREFIX, at), **command.values())
    stamp(party, actor=actor, at=at)
    session.add(party)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=party)
    return party


def update(session: Session, party: Party, command: UpdateParty, *, actor: User, at: datetime) -> dict[str, list[Any]]:
    """Change a party. Raises Stale, Invalid."""
    return change(session, party, command.values(), version=command.version, actor=actor, at=at)


def change(
    session: Session, party: Party, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change some fields of a party. Raises Stale, Invalid."""
    if party.version != version:
        raise Stale()
    check(present(party) | dict(values))
    return apply(session, party, values, FIELDS, actor=actor, at=at)


def present(party: Party) -> dict[str, Any]:
    """All fields as they are."""
    return {name: getattr(party, name) for name in _COLUMNS}


def check(values: Mapping[str, Any]) -> None:
    """Raise Invalid for what cannot be: not at work since no day, a head of no department."""
    check_status(values["status"], values["status_from"], values["status_until"])
    if values["is_head"] and not values["department"]:
        raise Invalid({"department": N_("Which department does this person sign for?")})


def check_status(status: str, since: date | None, until: date | None) -> None:
    """Raise Invalid: who is not at work has a first day of that; a suspension that ends does not end before it begins."""
    if status != PartyStatus.ACTIVE and since is None:
        raise Invalid({"status_from": N_("Since when?")})
    if since and until and until < since:
        raise Invalid({"status_until": N_("The end cannot lie before the beginning.")})


def same_name(session: Session, user: User, name: str, *, exclude_id: int | None = None) -> list[Party]:
    """Parties of that very name, so that nobody is entered twice."""
    query = visible_to(user).where(Party.name == name.strip(), Party.id != (exclude_id or 0))
    return list(session.scalars(query.limit(5)))


def branches(session: Session) -> list[tuple[int, str]]:
    """The stores that are open, for forms."""
    query = select(Branch.id, Branch.name).where(Branch.is_active.is_(True)).order_by(Branch.code)
    return [(key, name) for key, name in session.execute(query)]
