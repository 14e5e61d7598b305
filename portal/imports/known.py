"""What the portal already has, as far as a plan must know it. The service fills it; the plan only reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol


class Home(NamedTuple):
    """An address as the key of a property."""

    estate: str
    building: str
    unit: str
    room: str


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer of the portal with the fields an import may fill."""

    id: int
    number: str
    name: str
    phone: str
    phone2: str | None = None
    is_shown: bool = True
    """False: the person who imports may not see this customer; the name is never put into a question."""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownProperty:
    """A home the portal has."""

    id: int
    number: str
    customer_id: int
    home: Home
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownContract:
    """A contract the portal has, with its holder."""

    id: int
    number: str
    customer_id: int
    customer_name: str
    customer_phones: tuple[str, ...]
    project_id: int | None = None
    signed_on: date | None = None
    finished_on: date | None = None
    is_shown: bool = True
    """False: the person who imports may not see the contract's holder."""

    @property
    def holder(self) -> str:
        """Name and phones for a question; empty for a holder who is not shown."""
        return f"{self.customer_name} {' '.join(self.customer_phones)}" if self.is_shown else ""


@dataclass(frozen=True, slots=True)
class KnownParty:
    """A person outside the portal: designer, project manager, …"""

    id: int
    number: str
    kind: str
    name: str


class Known(Protocol):
    """Questions to the portal, each asked once per plan with everything the file names."""

    def customers(self, phones: Collection[str]) -> Sequence[KnownCustomer]:
        """Customers with one of the phones as first phone."""

    def properties(self, homes: Collection[Home]) -> Sequence[KnownProperty]:
        """Properties at the addresses."""

    def contracts(self, numbers: Collection[str]) -> Sequence[KnownContract]:
        """Contracts with the numbers, voided ones too."""

    def contracts_of(self, phones: Collection[str]) -> Sequence[KnownContract]:
        """Contracts of customers with one of the phones."""

    def stores(self) -> Mapping[str, int]:
        """Active stores by name."""

    def parties(self, names: Collection[str]) -> Sequence[KnownParty]:
        """Parties who work for the company now."""

    def complaints(self, contract_ids: Collection[int]) -> Collection[tuple[int, date, str]]:
        """(contract id, day received, text) of complaints on the contracts."""


class Nothing:
    """A portal without records."""

    def customers(self, phones: Collection[str]) -> Sequence[KnownCustomer]:
        return ()

    def properties(self, homes: Collection[Home]) -> Sequence[KnownProperty]:
        return ()

    def contracts(self, numbers: Collection[str]) -> Sequence[KnownContract]:
        return ()

    def contracts_of(self, phones: Collection[str]) -> Sequence[KnownContract]:
        return ()

    def stores(self) -> Mapping[str, int]:
        return {}

    def parties(self, names: Collection[str]) -> Sequence[KnownParty]:
        return ()

    def complaints(self, contract_ids: Collection[int]) -> Collection[tuple[int, date, str]]:
        return ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings a plan needs. Yuan."""

    grade_a_amount: Decimal = Decimal(200_000)
    grade_b_amount: Decimal = Decimal(80_000)

    def grade(self, *, amount: Decimal, project_kind: str, layout: str) -> str:
        """The grade a customer has by default (`domain.md` 5.5): A from 200,000 yuan or a villa, C for partial works."""
        if amount >= self.grade_a_amount or "别墅" in layout or "別墅" in layout:
            return "A"
        return "B" if amount >= self.grade_b_amount and project_kind != "PARTIAL" else "C"
