"""What one typed word may mean, as sets of record numbers that indexes find. Shared by the lists and the palette."""

from __future__ import annotations

import re
from typing import Any, cast

from sqlalchemy import CompoundSelect, Select, select, union

from portal.listing.declaration import Condition
from portal.listing.terms import starts_with
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.project import Project
from portal.models.task import Task

Ids = Select[Any] | CompoundSelect[Any]
_HOME = re.compile(r"([0-9A-Za-z]{1,6})[-号栋#]+(?:([0-9A-Za-z]{1,6})[-单元]+)?([0-9A-Za-z]{1,6})(?:室)?")


def phones(word: str) -> list[str]:
    """How a stored phone may begin when the word is one; empty when it is none."""
    from portal.services.customers import MIN_DIGITS, digits_of, phone_starts

    if not re.fullmatch(r"[+\d()\- ]+", word):
        return []
    digits = digits_of(word)
    return phone_starts(digits) if len(digits) >= MIN_DIGITS else []


def customer_ids(word: str) -> Ids:
    """Customers by the beginning of the name or number, by phone, by the last four digits, by their home."""
    parts: list[Select[Any]] = [
        select(Customer.id).where(starts_with(Customer.name, word)),
        select(Customer.id).where(starts_with(Customer.number, word.upper())),
        *(select(Property.customer_id).where(found) for found in homes(word)),
    ]
    for start in phones(word):
        columns = (Customer.phone, Customer.phone2, Customer.representative_phone)
        parts += [select(Customer.id).where(starts_with(column, start)) for column in columns]
    if re.fullmatch(r"\d{4}", word):
        parts.append(select(Customer.id).where(Customer.phone_tail == word))
    return union(*parts)


def homes(word: str) -> list[Condition]:
    """Conditions on a home: the beginning of the estate, the room, or building-unit-room as people write it."""
    if found := _HOME.fullmatch(word):
        building, unit, room = found.groups()
        exact = (Property.room == room) & (Property.building == building)
        return [cast(Condition, exact & (Property.unit == unit) if unit else exact)]
    if re.fullmatch(r"[0-9A-Za-z]{3,6}", word):
        return [Property.room == word, starts_with(Property.estate, word)]
    return [starts_with(Property.estate, word)]


def of_customer(model: Any) -> Any:
    """The search of a record type that belongs to a customer and has a number of its own."""

    def search(word: str) -> Condition:
        mine = select(model.id).where(starts_with(model.number, word.upper()))
        theirs = select(model.id).where(model.customer_id.in_(customer_ids(word)))
        return cast(Condition, model.id.in_(union(mine, theirs)))

    return search


def customers(word: str) -> Condition:
    """The search of customers."""
    return cast(Condition, Customer.id.in_(customer_ids(word)))


def projects(word: str) -> Condition:
    """The search of projects: also by the number of the contract."""
    contracts = select(Contract.project_id).where(Contract.project_id.is_not(None), starts_with(Contract.number, word))
    mine = select(Project.id).where(starts_with(Project.number, word.upper()))
    theirs = select(Project.id).where(Project.customer_id.in_(customer_ids(word)))
    return cast(Condition, Project.id.in_(union(mine, theirs, contracts)))


def contracts(word: str) -> Condition:
    """The search of contracts, whose numbers are kept as printed."""
    spellings = {word, word.upper()}
    mine = [select(Contract.id).where(starts_with(Contract.number, spelling)) for spelling in sorted(spellings)]
    theirs = select(Contract.id).where(Contract.customer_id.in_(customer_ids(word)))
    return cast(Condition, Contract.id.in_(union(*mine, theirs)))


def properties(word: str) -> Condition:
    """The search of homes: by address first, then by whose they are."""
    places = [select(Property.id).where(found) for found in homes(word)]
    theirs = select(Property.id).where(Property.customer_id.in_(customer_ids(word)))
    mine = select(Property.id).where(starts_with(Property.number, word.upper()))
    return cast(Condition, Property.id.in_(union(*places, theirs, mine)))


def consultations(word: str) -> Condition:
    """The search of contacts: also callers who are no customers yet."""
    parts = [
        select(Consultation.id).where(starts_with(Consultation.number, word.upper())),
        select(Consultation.id).where(starts_with(Consultation.name, word)),
        select(Consultation.id).where(Consultation.customer_id.in_(customer_ids(word))),
        *(select(Consultation.id).where(starts_with(Consultation.phone, start)) for start in phones(word)),
    ]
    return cast(Condition, Consultation.id.in_(union(*parts)))


def complaints(word: str) -> Condition:
    """The search of complaints: also complainants who are no customers."""
    parts = [
        select(Complaint.id).where(starts_with(Complaint.number, word.upper())),
        select(Complaint.id).where(starts_with(Complaint.complainant, word)),
        select(Complaint.id).where(Complaint.customer_id.in_(customer_ids(word))),
        *(select(Complaint.id).where(starts_with(Complaint.phone, start)) for start in phones(word)),
    ]
    return cast(Condition, Complaint.id.in_(union(*parts)))


def escalations(word: str) -> Condition:
    """The search of escalations: by their own number or whatever finds the complaint."""
    mine = select(Escalation.id).where(starts_with(Escalation.number, word.upper()))
    theirs = select(Escalation.id).join(Complaint, Complaint.id == Escalation.complaint_id).where(complaints(word))
    return cast(Condition, Escalation.id.in_(union(mine, theirs)))


def tasks(word: str) -> Condition:
    """The search of tasks: by the record's number or the customer's name."""
    parts = [
        select(Task.id).where(starts_with(Task.record_number, word.upper())),
        select(Task.id).where(Task.customer_id.in_(customer_ids(word))),
    ]
    return cast(Condition, Task.id.in_(union(*parts)))
