"""One search over everything a person may open: customers, their works, cases by number, and the pages of the role."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from portal import formatting, visibility
from portal.i18n import N_, Text
from portal.listing.kinds import search
from portal.listing.terms import Word
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract, Quotation
from portal.models.customer import Customer, Property
from portal.models.org import User
from portal.models.project import Project
from portal.paths import record_path
from portal.permissions import Permission, may
from portal.prepared import Prepared

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

NUMBERED: tuple[tuple[Any, Permission, str], ...] = (
    (Project, P.PROJECT_VIEW, "hammer"),
    (Contract, P.CONTRACT_VIEW, "file-text"),
    (Complaint, P.COMPLAINT_VIEW, "message-report"),
    (Escalation, P.ESCALATION_VIEW, "flag"),
    (Consultation, P.CONSULTATION_VIEW, "phone"),
    (Quotation, P.CONTRACT_VIEW, "currency-yuan"),
)


def find(session: Session, user: User, text: str) -> list[tuple[Text, list[Hit]]]:
    """What the words may mean, at most MOST things in groups, only what the person may open. Served by indexes."""
    typed = search.read(text)
    if not typed.words or (text.strip().isascii() and len(text.strip()) < 2):
        return []
    values = visibility.parameters(user) | dict(typed.values)
    viewer = visibility.placeholder(user)
    groups: list[tuple[Text, list[Hit]]] = []
    if may(user, P.CUSTOMER_VIEW):
        tried = search.many(session, Customer.KIND, search.customers, typed)
        rows = _customers(viewer, typed.words, tried).rows(session, values)
        groups.append((CUSTOMERS, [_customer(*row) for row in rows]))
    if len(typed.words) == 1 and any(sign.isdigit() for sign in text):
        kinds = tuple(place for place, (_model, permission, _icon) in enumerate(NUMBERED) if may(user, permission))
        rows = _numbered(viewer, typed.words[0], kinds).rows(session, values) if kinds else []
        groups.append((CASES, [_case(*row) for row in sorted(rows, key=itemgetter(0))]))
    if may(user, P.PROJECT_VIEW):
        tried = search.many(session, "homes", search.homes, typed)
        groups.append((HOMES, [_home(*row) for row in _homes(viewer, typed.words, tried).rows(session, values)]))
    return _at_most(groups, MOST)


@lru_cache(maxsize=256)
def _customers(viewer: visibility.Placeholder, words: tuple[Word, ...], tried: frozenset[int]) -> Prepared:
    """The newest customers that fit all words."""
    query = select(Customer.number, Customer.name, Customer.phone)
    query = query.where(visibility.condition(viewer, Customer), *search.conditions(search.customers, words, tried))
    return Prepared(query.order_by(Customer.id.desc()).limit(MOST_OF_A_KIND))


def _customer(number: str, name: str, phone: str) -> Hit:
    return Hit("user", f"{name} {number}", record_path(Customer.KIND, number), formatting.phone_mask(phone))


@lru_cache(maxsize=256)
def _numbered(viewer: visibility.Placeholder, word: Word, kinds: tuple[int, ...]) -> Prepared:
    """Records whose number begins so, the last four of each kind. Only contracts may have small letters in theirs."""
    parts = []
    for place in kinds:
        model = NUMBERED[place][0]
        for reading in ("upper", "text") if model is Contract and "upper" in word.readings else ("upper",):
            query = select(literal(place).label("place"), model.number.label("number"))
            query = query.where(visibility.condition(viewer, model), word.begins(model.number, reading))
            parts.append(select(query.order_by(model.number.desc()).limit(4).subquery()))
    return Prepared(union_all(*parts))


def _case(place: int, number: str) -> Hit:
    model, _permission, icon = NUMBERED[place]
    return Hit(icon, number, record_path(model.KIND, number))


@lru_cache(maxsize=256)
def _homes(viewer: visibility.Placeholder, words: tuple[Word, ...], tried: frozenset[int]) -> Prepared:
    """Homes that fit all words."""
    places = search.conditions(search.homes, words, tried)
    columns = (Property.number, Property.estate, Property.building, Property.unit, Property.room, Customer.name)
    query = select(*columns).join(Customer, Customer.id == Property.customer_id)
    return Prepared(query.where(visibility.condition(viewer, Property), *places).limit(MOST_OF_A_KIND))


def _home(number: str, estate: str, building: str, unit: str, room: str, owner: str) -> Hit:
    address = formatting.short_address(estate, building, unit, room)
    return Hit("home-2", address, record_path(Property.KIND, number), owner)


def _at_most(groups: list[tuple[Text, list[Hit]]], most: int) -> list[tuple[Text, list[Hit]]]:
    kept: list[tuple[Text, list[Hit]]] = []
    for title, hits in groups:
        if hits and most > 0:
            kept.append((title, hits[:most]))
            most -= len(hits[:most])
    return kept
