"""The company that does all the work: stores, people with a login, departments, designers, crews. Made by the services."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models.org import Branch, Crew, Department, Party, PartyKind
from portal.permissions import Role
from portal.seeding import words
from portal.services import accounts, branches, crews, parties

PROJECTS_PER_STORE = 2500
"""So that a small seed has few stores; at most as many as there are names."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store and who works there; row numbers, because sessions come and go."""

    branch_id: int
    designers: tuple[int, ...]
    sales: tuple[int, ...]
    specialists: tuple[int, ...]
    front_desks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody, by row number."""

    stores: tuple[Store, ...]
    project_managers: tuple[int, ...]
    foremen: tuple[int, ...]
    supervisors: tuple[int, ...]
    crews: tuple[int, ...]
    heads: dict[str, tuple[int, ...]]
    head_names: dict[int, str]
    managers: tuple[int, ...]
    specialists: tuple[int, ...]


def found(session: Session, projects: int, random: Random, *, at: datetime) -> Company:
    """Open the stores and enter the people, as far as they are not there from an earlier seed.

    Nobody knows the passwords: `portal user password NAME` sets one.
    """
    count = max(2, min(len(words.STORES), projects // PROJECTS_PER_STORE))
    stores = tuple(_store(session, index, random, at) for index in range(count))
    size = 4 + count
    manager = _user(session, "seed-manager", Role.MANAGER, None, random, at)
    for index in range(1 + count // 4):
        _user(session, f"seed-reviewer-{index + 1}", Role.REVIEWER, None, random, at)
        _user(session, f"seed-captain-{index + 1}", Role.REPAIR_CAPTAIN, None, random, at)
    lead = _user(session, "seed-specialist", Role.SPECIALIST, None, random, at)
    heads = {
        department.value: _people(session, PartyKind.DEPARTMENT_HEAD, 1, random, at, department=department)
        for department in Department
    }
    everybody = select(Party.id, Party.name).where(Party.id.in_([key for keys in heads.values() for key in keys]))
    foremen = _people(session, PartyKind.FOREMAN, size, random, at, department=Department.ENGINEERING)
    return Company(
        stores=stores,
        project_managers=_people(
            session, PartyKind.PROJECT_MANAGER, size, random, at, department=Department.ENGINEERING
        ),
        foremen=foremen,
        supervisors=_people(
            session, PartyKind.SUPERVISOR, 2 + count // 2, random, at, department=Department.ENGINEERING
        ),
        crews=_crews(session, foremen, at),
        heads=heads,
        head_names={key: name for key, name in session.execute(everybody)},
        managers=(manager,),
        specialists=(*(key for store in stores for key in store.specialists), lead),
    )


def _store(session: Session, index: int, random: Random, at: datetime) -> Store:
    code, name = f"S{index + 1:02d}", words.STORES[index]
    present = session.scalars(select(Branch).where((Branch.code == code) | (Branch.name == name))).first()
    if present is None:
        command = branches.CreateBranch(code=code, name=name, phone=f"010-8{index:03d}6000")
        present = branches.create(session, command, actor=None, at=at)
    branch_id = present.id
    people = {
        role: tuple(
            _user(session, f"seed-{word}-{index + 1:02d}{letter}", role, branch_id, random, at) for letter in letters
        )
        for role, word, letters in ((Role.SPECIALIST, "specialist", "abc"), (Role.FRONT_DESK, "desk", "a"))
    }
    _people(session, PartyKind.STORE_MANAGER, 1, random, at, department=Department.STORE, branch_id=branch_id)
    return Store(
        branch_id=branch_id,
        designers=_people(
            session, PartyKind.DESIGNER, 4, random, at, department=Department.DESIGN, branch_id=branch_id
        ),
        sales=_people(session, PartyKind.SALES, 4, random, at, department=Department.STORE, branch_id=branch_id),
        specialists=people[Role.SPECIALIST],
        front_desks=people[Role.FRONT_DESK],
    )


def _user(session: Session, username: str, role: Role, branch_id: int | None, random: Random, at: datetime) -> int:
    present = accounts.named(session, username)
    if present is not None:
        return present.id
    details = accounts.Details(
        name=words.person(random), role=role, branch_id=branch_id, is_on_duty=role is Role.SPECIALIST
    )
    return accounts.add_user(
        session, username=username, details=details, password=secrets.token_urlsafe(24), actor=None, at=at
    ).id


def _people(
    session: Session,
    kind: PartyKind,
    count: int,
    random: Random,
    at: datetime,
    *,
    department: Department,
    branch_id: int | None = None,
) -> tuple[int, ...]:
    """Parties of a kind and place: those of an earlier seed first, new ones where they are too few."""
    same_place = Party.branch_id.is_(None) if branch_id is None else Party.branch_id == branch_id
    query = select(Party.id).where(Party.kind == kind.value, Party.department == department.value, same_place)
    present = list(session.scalars(query.order_by(Party.id)))
    for _missing in range(count - len(present)):
        command = parties.CreateParty(
            name=words.person(random),
            kind=kind.value,
            department=department.value,
            is_head=kind is PartyKind.DEPARTMENT_HEAD,
            branch_id=branch_id,
        )
        present.append(parties.create(session, command, actor=None, at=at).id)
    return tuple(present[:count])


def _crews(session: Session, foremen: Sequence[int], at: datetime) -> tuple[int, ...]:
    made = []
    for foreman_id in foremen:
        present = session.scalar(select(Crew.id).where(Crew.foreman_id == foreman_id))
        if present is None:
            name = f"{session.get_one(Party, foreman_id).name}队"
            command = crews.CreateCrew(name=name, foreman_id=foreman_id, retention_balance=Decimal("5000.00"))
            present = crews.create(session, command, actor=None, at=at).id
        made.append(present)
    return tuple(made)
