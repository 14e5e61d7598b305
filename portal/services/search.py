"""One search over everything a person may open: customers, their works, cases by number, and the pages of the role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal import formatting, visibility
from portal.i18n import N_, Text
from portal.listing.engine import record_path
from portal.listing.kinds import search
from portal.listing.terms import starts_with, words
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract, Quotation
from portal.models.customer import Customer, Property
from portal.models.org import User
from portal.models.project import Project
from portal.permissions import Permission, may

MOST = 20
MOST_OF_A_KIND = 6
P = Permission


@dataclass(frozen=True, slots=True)
class Hit:
    """Something to open."""

    icon: str
    label: str
    url: str
    extra: str = ""


CUSTOMERS, HOMES, CASES = N_("Customers"), N_("Properties"), N_("Records by number")

NUMBERED: tuple[tuple[Any, Permission, str, Any], ...] = (
    (Project, P.PROJECT_VIEW, "hammer", Project.number),
    (Contract, P.CONTRACT_VIEW, "file-text", Contract.number),
    (Complaint, P.COMPLAINT_VIEW, "message-report", Complaint.number),
    (Escalation, P.ESCALATION_VIEW, "flag", Escalation.number),
    (Consultation, P.CONSULTATION_VIEW, "phone", Consultation.number),
    (Quotation, P.CONTRACT_VIEW, "currency-yuan", Quotation.number),
)


def find(session: Session, user: User, text: str) -> list[tuple[Text, list[Hit]]]:
    """What the words may mean, at most MOST things in groups, only what the person may open. Served by indexes."""
    typed = words(text)
    if not typed or (text.strip().isascii() and len(text.strip()) < 2):
        return []
    groups: list[tuple[Text, list[Hit]]] = []
    if may(user, P.CUSTOMER_VIEW):
        groups.append((CUSTOMERS, _customers(session, user, typed)))
    groups.append((CASES, _numbered(session, user, typed[0]) if len(typed) == 1 else []))
    if may(user, P.PROJECT_VIEW):
        groups.append((HOMES, _homes(session, user, typed)))
    return _at_most(groups, MOST)


def _customers(session: Session, user: User, typed: list[str]) -> list[Hit]:
    query: Any = select(Customer.number, Customer.name, Customer.phone)
    query = query.where(visibility.condition(user, Customer))
    if len(typed) == 1 and len(typed[0]) == 1:  # a surname: many thousand, so the first ones in the order of the index
        query = query.where(starts_with(Customer.name, typed[0])).order_by(Customer.name, Customer.id)
    else:
        query = query.where(*(search.customers(word) for word in typed)).order_by(Customer.id.desc())
    rows = session.execute(query.limit(MOST_OF_A_KIND))
    return [
        Hit("user", f"{row.name} {row.number}", record_path("customers", row.number), formatting.phone_mask(row.phone))
        for row in rows
    ]


def _numbered(session: Session, user: User, word: str) -> list[Hit]:
    hits: list[Hit] = []
    if not any(sign.isdigit() for sign in word):
        return hits
    for model, permission, icon, number in NUMBERED:
        if not may(user, permission):
            continue
        begins = or_(*(starts_with(number, spelling) for spelling in sorted({word, word.upper()})))
        query = select(number).where(visibility.condition(user, model), begins).order_by(number.desc()).limit(4)
        hits += [Hit(icon, found, record_path(model.KIND, found)) for found in session.scalars(query)]
    return hits


def _homes(session: Session, user: User, typed: list[str]) -> list[Hit]:
    places = [or_(*search.homes(word)) for word in typed]
    columns = (Property.number, Property.estate, Property.building, Property.unit, Property.room, Customer.name)
    query = (
        select(*columns)
        .join(Customer, Customer.id == Property.customer_id)
        .where(visibility.condition(user, Property), *places)
        .limit(MOST_OF_A_KIND)
    )
    return [
        Hit("home-2", formatting.short_address(*row[1:5]), record_path("properties", row[0]), row[5])
        for row in session.execute(query)
    ]


def _at_most(groups: list[tuple[Text, list[Hit]]], most: int) -> list[tuple[Text, list[Hit]]]:
    kept: list[tuple[Text, list[Hit]]] = []
    for title, hits in groups:
        if hits and most > 0:
            kept.append((title, hits[:most]))
            most -= len(hits[:most])
    return kept
