"""Branches: the stores of the company. People with a branch see the rows of that branch only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Invalid, Stale
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.org import Branch, User
from portal.services import events
from portal.services.fields import Field, cleaned, same

FIELDS: dict[str, Field] = {
    "code": Field(N_("Code")),
    "name": Field(N_("Name")),
    "phone": Field(N_("Phone")),
    "address": Field(N_("Address")),
    "is_active": Field(N_("Open", "branch")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBranch:
    """A store."""

    code: str
    name: str
    phone: str | None = None
    address: str | None = None
    is_active: bool = True

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBranch(CreateBranch):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[Branch]:
    """The branches that exist for the person: all of them."""
    return visibility.visible_to(user, Branch)


def create(session: Session, command: CreateBranch, *, actor: User | None, at: datetime) -> Branch:
    """Enter a store. Raises Invalid when code or name are taken."""
    _check(session, command, 0)
    branch = Branch(**command.values())
    session.add(branch)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=branch)
    return branch


def update(
    session: Session, branch: Branch, command: UpdateBranch, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change a store. Raises Stale, Invalid."""
    if branch.version != command.version:
        raise Stale()
    _check(session, command, branch.id)
    changes: dict[str, list[Any]] = {}
    for name, value in command.values().items():
        old = getattr(branch, name)
        if not same(old, value):
            changes[name] = [old, value]
            setattr(branch, name, value)
    if changes:
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=branch, changes=changes)
    return changes


def _check(session: Session, command: CreateBranch, own: int) -> None:
    taken = session.execute(
        select(Branch.code, Branch.name).where(
            Branch.id != own, or_(Branch.code == command.code, Branch.name == command.name)
        )
    ).all()
    problems: dict[str, Text | str] = {}
    if any(row.code == command.code for row in taken):
        problems["code"] = N_("There is a branch with this code already.")
    if any(row.name == command.name for row in taken):
        problems["name"] = N_("There is a branch with this name already.")
    if problems:
        raise Invalid(problems)
