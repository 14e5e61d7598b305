"""A household: everything the company has to do with one customer, as far as the person may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, and_, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import visibility
from portal.i18n import N_, Text
from portal.models.complaint import Complaint
from portal.models.contract import Contract, ContractState
from portal.models.customer import Customer, Property
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.project import Project
from portal.permissions import Permission, Role, may
from portal.prepared import among, filled
from portal.reading import Asked
from portal.services import contracts, merged, records
from portal.services.timeline import NEWEST, newest_first

MOST = 50
"""Of each kind; a household has a handful."""

FILTERS: dict[str, Text] = {
    "all": N_("All"),
    "complaints": N_("Complaints"),
    "consultations": N_("Contacts"),
    "contracts": N_("Contracts"),
    "notes": N_("Notes"),
}
_KINDS = {
    "complaints": ("complaints", "escalations"),
    "consultations": ("consultations",),
    "contracts": ("contracts", "quotations"),
}


@dataclass(frozen=True, slots=True)
class Works:
    """A project with its contracts and where their money stands."""

    project: Project
    contracts: list[tuple[Contract, contracts.Money]]


@dataclass(frozen=True, slots=True)
class Home:
    """A home with what was done there."""

    property: Property
    works: list[Works]


@dataclass(frozen=True, slots=True)
class Household:
    """All of it. `loose` are contracts without a project; `total` sums the contracts that are not void."""

    homes: list[Home]
    loose: list[tuple[Contract, contracts.Money]]
    complaints: list[Complaint]
    total: contracts.Money | None


_PEOPLE = (joinedload(Project.project_manager), joinedload(Project.designer))
_PAYMENTS = (selectinload(Contract.payments),)


def of(session: Session, user: User, customer: Customer) -> Household:
    """The household as the person may see it, in a fixed number of queries."""

    def rows(model: Any, permission: Permission, options: tuple[Any, ...] = ()) -> Sequence[Any]:
        if not may(user, permission):
            return []
        return visibility.of_customer(session, user, model, customer.id, options, most=MOST)

    homes = rows(Property, Permission.PROJECT_VIEW)
    works = rows(Project, Permission.PROJECT_VIEW, _PEOPLE)
    agreed = rows(Contract, Permission.CONTRACT_VIEW, _PAYMENTS)
    cases = rows(Complaint, Permission.COMPLAINT_VIEW)
    stands = [(contract, contracts.money_of(contract)) for contract in agreed]
    valid = [money for contract, money in stands if contract.state != ContractState.TERMINATED]
    seen = {project.id for project in works}
    return Household(
        homes=[
            Home(
                home,
                [
                    Works(project, [pair for pair in stands if pair[0].project_id == project.id])
                    for project in works
                    if project.property_id == home.id
                ],
            )
            for home in homes
        ],
        loose=[pair for pair in stands if pair[0].project_id not in seen],
        complaints=sorted(cases, key=lambda case: (case.received_at, case.id), reverse=True),
        total=contracts.Money(
            sum((money.agreed for money in valid), Decimal(0)), sum((money.paid for money in valid), Decimal(0))
        )
        if may(user, Permission.CONTRACT_VIEW)
        else None,
    )


def timeline(
    session: Session, user: User, customer: Customer, *, chosen: str = "all", before: int | None = None, limit: int = 50
) -> list[Event]:
    """What happened around the household, newest first: events of the records the person may see."""
    same = merged.ids(session, Customer.KIND, customer.id)
    told = merged.ever(session, Customer.KIND, customer.id, same)
    given = visibility.parameters(user) | {"customer_id": customer.id, "before": before or NEWEST, "most": limit}
    given |= filled("same", same) | filled("told", told)
    chosen = chosen if chosen in FILTERS else "all"
    return _timeline(visibility.placeholder(user), chosen, len(same), len(told)).all(session, given)


@lru_cache
def _timeline(viewer: visibility.Placeholder, chosen: str, same: int, told: int) -> Asked[Event]:
    """`same` and `told`: how many the customer and who was merged into it are, and with those it was merged with once."""
    role = Role(viewer.role)
    parts = [
        and_(Event.record_kind == kind, _is_theirs(viewer, kind, same))
        for kind in _KINDS.get(chosen, tuple(records.RECORDS))
        if kind in records.RECORDS and may(role, records.permission_of(kind))
    ]
    only = [Event.kind == EventKind.NOTE] if chosen == "notes" else []
    return newest_first(among(Event.customer_id, "told", told), or_(*parts) if parts else Event.id < 0, *only)


_CUSTOMER = bindparam("customer_id", type_=Integer())


def _is_theirs(viewer: visibility.Placeholder, kind: str, same: int) -> Any:
    model = records.RECORDS[kind]
    if model is Customer:
        return among(Event.record_id, "same", same)
    if not hasattr(model, "customer_id"):
        return Event.record_id.in_(_ids_of_escalations(viewer, model) if kind == "escalations" else [])
    return Event.record_id.in_(
        select(model.id).where(model.customer_id == _CUSTOMER, visibility.condition(viewer, model))
    )


def _ids_of_escalations(viewer: visibility.Placeholder, model: Any) -> Any:
    return (
        select(model.id)
        .join(Complaint, Complaint.id == model.complaint_id)
        .where(Complaint.customer_id == _CUSTOMER, visibility.condition(viewer, model))
    )
