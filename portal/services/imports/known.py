"""What the portal has, asked by an import plan in a few wide queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from portal import clock, visibility
from portal.imports.customer_steps import CUSTOMER_FILLS, PROPERTY_FILLS
from portal.imports.known import Home, KnownContract, KnownCustomer, KnownParty, KnownProperty
from portal.models.complaint import Complaint
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Party, PartyStatus, User
from portal.models.project import Project

BATCH = 400


def batches(values: Collection[Any]) -> Iterator[list[Any]]:
    """The values in parts that fit into one query."""
    every = sorted(values)
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


class Stored:
    """The database behind a plan. What the importing person may not see counts, but is not shown."""

    def __init__(self, session: Session, viewer: User) -> None:
        self._session = session
        self._viewer = viewer

    def customers(self, phones: Collection[str]) -> Sequence[KnownCustomer]:
        """Customers with one of the phones as first phone; one that was merged means the one who was kept, and comes first."""
        kept = aliased(Customer)
        found = [
            (customer, into or customer)
            for part in batches(phones)
            for customer, into in self._session.execute(
                select(Customer, kept)
                .outerjoin(kept, kept.id == Customer.merged_into_id)
                .where(Customer.phone.in_(part))
                .order_by(Customer.merged_into_id.is_(None), Customer.id)
            )
        ]
        shown = self._shown({stands.id for _, stands in found})
        return [
            KnownCustomer(
                stands.id,
                stands.number,
                customer.name,
                customer.phone,
                customer.phone2,
                stands.id in shown,
                {name: getattr(stands, name) for name in (*CUSTOMER_FILLS, "grade", "source")},
            )
            for customer, stands in found
        ]

    def _shown(self, ids: set[int]) -> set[int]:
        visible = visibility.condition(self._viewer, Customer)
        return {
            row
            for part in batches(ids)
            for row in self._session.scalars(select(Customer.id).where(Customer.id.in_(part), visible))
        }

    def properties(self, homes: Collection[Home]) -> Sequence[KnownProperty]:
        """Properties at the addresses; found by room and compared in full."""
        found = [
            home
            for part in batches({home.room for home in homes})
            for home in self._session.scalars(
                select(Property).where(
                    Property.room.in_(part),
                    Property.estate.in_({home.estate for home in homes}),
                    visibility.standing(Property),
                )
            )
        ]
        known = [(Home(home.estate, home.building, home.unit, home.room), home) for home in found]
        return [
            KnownProperty(
                home.id, home.number, home.customer_id, key, {name: getattr(home, name) for name in PROPERTY_FILLS}
            )
            for key, home in known
            if key in homes
        ]

    def contracts(self, numbers: Collection[str]) -> Sequence[KnownContract]:
        """Contracts with the numbers, voided ones too."""
        return [known for part in batches(numbers) for known in self._contracts(Contract.number.in_(part))]

    def contracts_of(self, phones: Collection[str]) -> Sequence[KnownContract]:
        """Contracts of customers with one of the phones."""
        return [
            known
            for part in batches(phones)
            for known in self._contracts(or_(Customer.phone.in_(part), Customer.phone2.in_(part)))
        ]

    def _contracts(self, condition: Any) -> list[KnownContract]:
        rows = self._session.execute(
            select(Contract, Customer, Project)
            .join(Customer, Customer.id == Contract.customer_id)
            .outerjoin(Project, Project.id == Contract.project_id)
            .where(condition)
            .order_by(Contract.id)
        ).all()
        shown = self._shown({customer.id for _, customer, _ in rows})
        return [
            KnownContract(
                contract.id,
                contract.number,
                customer.id,
                customer.name,
                tuple(phone for phone in (customer.phone, customer.phone2) if phone),
                project.id if project else None,
                contract.signed_on,
                project.actual_finish_on if project else None,
                customer.id in shown,
            )
            for contract, customer, project in rows
        ]

    def stores(self) -> Mapping[str, int]:
        """Active stores by name."""
        active = select(Branch.name, Branch.id).where(Branch.is_active).order_by(Branch.name)
        return {name: branch_id for name, branch_id in self._session.execute(active)}

    def parties(self, names: Collection[str]) -> Sequence[KnownParty]:
        """Parties who work for the company now."""
        return [
            KnownParty(party.id, party.number, party.kind, party.name)
            for part in batches(names)
            for party in self._session.scalars(
                select(Party)
                .where(Party.name.in_(part), Party.status != PartyStatus.DEPARTED, visibility.standing(Party))
                .order_by(Party.id)
            )
        ]

    def complaints(self, contract_ids: Collection[int]) -> Collection[tuple[int, date, str]]:
        """(contract id, day received, text) of complaints on the contracts."""
        return {
            (contract_id, clock.today(received_at), content)
            for part in batches(contract_ids)
            for contract_id, received_at, content in self._session.execute(
                select(Contract.id, Complaint.received_at, Complaint.content)
                .join(Complaint, Complaint.project_id == Contract.project_id)
                .where(Contract.id.in_(part))
            )
        }
