"""Heads of quotations; the items come with the drawing review. Source: `domain.md` 3.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import Invalid, Stale
from portal.i18n import N_
from portal.models.contract import Contract, Quotation
from portal.models.customer import Customer, Property
from portal.models.event import EventKind
from portal.models.org import Party, User
from portal.services import events, numbering
from portal.services.fields import Field, apply, cleaned, link, money, stamp

FIELDS: dict[str, Field] = {
    "title": Field(N_("Title", "quotation")),
    "property_id": link(N_("Property"), Property),
    "contract_id": link(N_("Contract"), Contract),
    "amount": money(N_("Amount")),
    "quoted_on": Field(N_("Quoted on")),
    "valid_until": Field(N_("Valid until")),
    "designer_id": link(N_("Designer"), Party),
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateQuotation:
    """The head of a quotation; `amount` in yuan."""

    title: str
    amount: Decimal
    quoted_on: date
    property_id: int | None = None
    contract_id: int | None = None
    valid_until: date | None = None
    designer_id: int | None = None
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS}


_COLUMNS = tuple(item.name for item in fields(CreateQuotation))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateQuotation(CreateQuotation):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[Quotation]:
    """The quotations that exist for the person."""
    return visibility.visible_to(user, Quotation)


def create(
    session: Session, customer: Customer, command: CreateQuotation, *, actor: User | None, at: datetime
) -> Quotation:
    """Record the head of a quotation for a customer. Raises Invalid."""
    check(command.values())
    quotation = Quotation(
        number=numbering.next_number(session, Quotation.PREFIX, at),
        customer_id=customer.id,
        branch_id=customer.branch_id,
        **command.values(),
    )
    stamp(quotation, actor=actor, at=at)
    session.add(quotation)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=quotation)
    return quotation


def update(
    session: Session, quotation: Quotation, command: UpdateQuotation, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change the head of a quotation. Raises Stale, Invalid."""
    return change(session, quotation, command.values(), version=command.version, actor=actor, at=at)


def change(
    session: Session, quotation: Quotation, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change some fields of the head of a quotation. Raises Stale, Invalid."""
    if quotation.version != version:
        raise Stale()
    check(present(quotation) | dict(values))
    return apply(session, quotation, values, FIELDS, actor=actor, at=at)


def present(quotation: Quotation) -> dict[str, Any]:
    """All fields as they are."""
    return {name: getattr(quotation, name) for name in _COLUMNS}


def check(values: Mapping[str, Any]) -> None:
    """Raise Invalid for what cannot be: an end before the day it was quoted."""
    if values["valid_until"] and values["valid_until"] < values["quoted_on"]:
        raise Invalid({"valid_until": N_("It cannot end before it is quoted.")})
