"""One search over everything a person may open: customers, their works, cases by number, and the pages of the role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import String, bindparam, cast, literal, null, select, tuple_, union_all
from sqlalchemy.orm import Session

from portal import formatting, visibility
from portal.i18n import N_, Text, _
from portal.listing import criteria, engine, passages, terms
from portal.listing.declaration import Choice
from portal.listing.fields import PASSAGES, fields_of
from portal.listing.kinds import search
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.listing.terms import Word
from portal.models.approval import Approval
from portal.models.cancellation import Cancellation
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract, ContractTemplate, Quotation
from portal.models.customer import Customer, Property
from portal.models.document import Document
from portal.models.export import Export, ExportFormat
from portal.models.follow_up import FollowUpCall
from portal.models.importing import ImportRun
from portal.models.knowledge import KnowledgeArticle
from portal.models.org import Branch, Crew, Party, PartyKind, User
from portal.models.passage import Passage
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.paths import record_path
from portal.permissions import Permission, Role, may
from portal.prepared import Prepared
from portal.processes.knowledge import Category
from portal.services import documents
from portal.services.record_kinds import MODELS, VIEW
from portal.typed import narrow

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


HOUSEHOLD = (Project.KIND, Complaint.KIND, RepairOrder.KIND, FollowUpCall.KIND, Consultation.KIND)
"""What is shown of a customer who was found."""
MOST_HOUSEHOLDS, MOST_OF_HOUSEHOLD = 3, 6
"""Customers whose records are shown, and how many of them in all."""
MOST_TEXTS = 3
"""Records of a type that are shown because of what their texts say."""
CUSTOMERS, HOMES, CASES = N_("Customers"), N_("Properties"), N_("Records by number")
TEXTS = N_("In texts and notes")
OTHERS = N_("People, forms and files")
MOST_OF_OTHERS = 3

SHOWN: dict[str, tuple[Any, Any, Callable[[str, str], tuple[str, str]]]] = {
    "parties": (Party.name, Party.kind, lambda name, kind: (name, PartyKind.show(kind))),
    "crews": (Crew.name, Crew.number, lambda name, number: (name, number)),
    "branches": (Branch.name, Branch.code, lambda name, code: (name, code)),
    "contract-templates": (
        ContractTemplate.title,
        ContractTemplate.edition,
        lambda title, edition: (title, edition),
    ),
    "knowledge-articles": (
        KnowledgeArticle.title,
        KnowledgeArticle.category,
        lambda title, category: (title, Category.show(category)),
    ),
    "users": (User.name, User.role, lambda name, role: (name, str(Role(role).label))),
    "documents": (Document.form, Document.record_number, lambda form, number: (documents.name_of(form), number)),
    "import-runs": (ImportRun.file_name, ImportRun.number, lambda name, number: (name, number)),
    "exports": (Export.words, Export.format, lambda words, form: (words, ExportFormat.show(form))),
}
"""The smaller lists that are searched as well: two of their columns, and how these read. Notices are left to their own
list: what they lead to is found itself."""

ANY_NUMBER: tuple[Any, ...] = (
    Project, Contract, Complaint, Escalation, Cancellation, Approval, Consultation, Quotation,
)  # fmt: skip
"""Records whose numbers may be those of a ledger; the others have the portal's own."""
NUMBERED: tuple[Any, ...] = (
    *ANY_NUMBER,
    *(
        model
        for model in VIEW
        if hasattr(model, "PREFIX") and model not in (*ANY_NUMBER, Customer, Property) and model.KIND not in SHOWN
    ),
)
"""Records that are found by their number: all that have one, but for those that other groups find."""


def find(session: Session, user: User, text: str) -> list[tuple[Text | str, list[Hit]]]:
    """What the words may mean, at most MOST things in groups, only what the person may open. Served by indexes."""
    typed = search.read(text)
    if not typed.words or (text.strip().isascii() and len(text.strip()) < 2):
        return []
    values = visibility.parameters(user) | dict(typed.values)
    viewer = visibility.placeholder(user)
    groups: list[tuple[Text | str, list[Hit]]] = []
    if may(user, P.CUSTOMER_VIEW):
        tried = search.many(session, Customer.KIND, search.customers, typed)
        rows = _customers(viewer, typed.words, tried).rows(session, values)
        groups.append((CUSTOMERS, [_customer(*row[1:]) for row in rows]))
        if len(rows) <= MOST_HOUSEHOLDS:
            groups += _households(session, user, viewer, values, [(row[0], row[2]) for row in rows])
    if len(typed.words) == 1 and any(sign.isdigit() for sign in text):
        kinds = _may_be(user, narrow(text).strip().upper())
        rows = _numbered(viewer, typed.words[0], kinds).rows(session, values) if kinds else []
        groups.append((CASES, [_case(*row) for row in sorted(rows, key=itemgetter(0))]))
    if may(user, P.PROJECT_VIEW):
        tried = search.many(session, "homes", search.homes, typed)
        groups.append((HOMES, [_home(*row) for row in _homes(viewer, typed.words, tried).rows(session, values)]))
    groups.append((OTHERS, _others(session, user, typed)))
    groups.append((TEXTS, _said(session, user, viewer, values, text)))
    return _at_most(groups, MOST)


@lru_cache(maxsize=256)
def _customers(viewer: visibility.Placeholder, words: tuple[Word, ...], tried: frozenset[int]) -> Prepared:
    """The newest customers that fit all words."""
    query = select(Customer.id, Customer.number, Customer.name, Customer.phone)
    query = query.where(visibility.condition(viewer, Customer), *search.conditions(search.customers, words, tried))
    return Prepared(query.order_by(_place(Customer, words, tried).desc()).limit(MOST_OF_A_KIND))


def _place(model: Any, words: tuple[Word, ...], tried: frozenset[int]) -> Any:
    """What the newest are known by: walked in that order only if many fit all words."""
    return model.id if len(tried) == len(words) else search.gathered_first(model.id)


def _customer(number: str, name: str, phone: str) -> Hit:
    return Hit("user", f"{name} {number}", record_path(Customer.KIND, number), formatting.phone_mask(phone))


def _households(
    session: Session, user: User, viewer: visibility.Placeholder, values: dict[str, Any], found: list[tuple[int, str]]
) -> list[tuple[Text | str, list[Hit]]]:
    """What each of these customers has with the company: of each kind the newest the person may see, in one question."""
    kinds = tuple(kind for kind in HOUSEHOLD if may(user, LISTINGS[kind].permission))
    if not kinds or not found:
        return []
    given = values | {f"customer_{at}": number for at, (number, _name) in enumerate(found)}
    rows = _records_of(viewer, kinds, len(found)).rows(session, given)
    groups: list[tuple[Text | str, list[Hit]]] = []
    for at, (_number, name) in enumerate(found):
        newest = [[row for row in rows if row[:2] == (at, place)] for place in range(len(kinds))]
        first = sorted(((age, row) for some in newest for age, row in enumerate(some)), key=lambda each: each[0])
        kept = sorted((row[1], age, row) for age, row in first[: MOST_OF_HOUSEHOLD // len(found)])
        hits = [_record(kinds[row[1]], row[3], row[4]) for _place, _age, row in kept]
        groups.append((_("Records of %(name)s", name=name), hits))
    return groups


@lru_cache(maxsize=256)
def _records_of(viewer: visibility.Placeholder, kinds: tuple[str, ...], customers: int) -> Prepared:
    parts = []
    for at in range(customers):
        for place, kind in enumerate(kinds):
            model = LISTINGS[kind].model
            columns = literal(at).label("at"), literal(place).label("place"), model.id.label("id")
            query = select(*columns, model.number.label("number"), _stands(kind).column.label("stands"))
            query = query.where(visibility.condition(viewer, model), model.customer_id == bindparam(f"customer_{at}"))
            parts.append(select(query.order_by(model.id.desc()).limit(MOST_OF_HOUSEHOLD // 2).subquery()))
    return Prepared(union_all(*parts))


def _stands(kind: str) -> Choice:
    """How far a record is."""
    return next(choice for choice in LISTINGS[kind].choices if choice.key in ("state", "stage"))


def _record(kind: str, number: str, stands: str) -> Hit:
    listing = LISTINGS[kind]
    return Hit(listing.icon, f"{listing.one} {number}", record_path(kind, number), _stands(kind).read(stands))


def _may_be(user: User, text: str) -> tuple[int, ...]:
    """Which records may have a number that begins so, of those the person may open."""
    return tuple(
        place
        for place, model in enumerate(NUMBERED)
        if may(user, VIEW[model]) and (model in ANY_NUMBER or text.startswith(f"{model.PREFIX}-"))
    )


@lru_cache(maxsize=256)
def _numbered(viewer: visibility.Placeholder, word: Word, kinds: tuple[int, ...]) -> Prepared:
    """Records whose number begins so, the last four of each kind. Only contracts may have small letters in theirs."""
    parts = []
    for place in kinds:
        model = NUMBERED[place]
        for reading in ("upper", "text") if model is Contract and "upper" in word.readings else ("upper",):
            query = select(literal(place).label("place"), model.number.label("number"))
            query = query.where(visibility.condition(viewer, model), word.begins(model.number, reading))
            parts.append(select(query.order_by(model.number.desc()).limit(4).subquery()))
    return Prepared(union_all(*parts))


def _case(place: int, number: str) -> Hit:
    kind = NUMBERED[place].KIND
    return Hit(LISTINGS[kind].icon, number, record_path(kind, number), str(LISTINGS[kind].one))


@lru_cache(maxsize=256)
def _homes(viewer: visibility.Placeholder, words: tuple[Word, ...], tried: frozenset[int]) -> Prepared:
    """The newest homes that fit all words."""
    places = search.conditions(search.homes, words, tried)
    columns = (Property.number, Property.estate, Property.building, Property.unit, Property.room, Customer.name)
    query = select(*columns).join(Customer, Customer.id == Property.customer_id)
    query = query.where(visibility.condition(viewer, Property), *places)
    return Prepared(query.order_by(_place(Property, words, tried).desc()).limit(MOST_OF_A_KIND))


def _home(number: str, estate: str, building: str, unit: str, room: str, owner: str) -> Hit:
    address = formatting.short_address(estate, building, unit, room)
    return Hit("home-2", address, record_path(Property.KIND, number), owner)


def _others(session: Session, user: User, typed: search.Typed) -> list[Hit]:
    """The newest of each of the smaller lists, by what these lists themselves search: one question for all."""
    kinds = tuple(kind for kind in SHOWN if may(user, LISTINGS[kind].permission))
    values = engine.moments(user, formatting.page_moment()) | dict(typed.values)
    rows = _newest(visibility.placeholder(user), typed.words, kinds).rows(session, values) if kinds else []
    hits = []
    for place, _id, number, first, second in sorted(rows, key=lambda row: (row[0], -row[1])):
        label, extra = SHOWN[kinds[place]][2](first, second)
        hits.append(Hit(LISTINGS[kinds[place]].icon, label, record_path(kinds[place], number), extra))
    return hits


@lru_cache(maxsize=256)
def _newest(viewer: visibility.Placeholder, words: tuple[Word, ...], kinds: tuple[str, ...]) -> Prepared:
    parts = []
    for place, kind in enumerate(kinds):
        listing, (first, second, _read) = LISTINGS[kind], SHOWN[kind]
        columns = (
            literal(place).label("place"),
            listing.model.id.label("id"),
            cast(listing.number, String).label("number"),
        )
        question = engine.Question(kind, viewer, typed=words)
        query = engine.matching(question, *columns, first.label("first"), second.label("second"))
        parts.append(select(query.order_by(listing.model.id.desc()).limit(MOST_OF_OTHERS).subquery()))
    return Prepared(union_all(*parts))


def _said(session: Session, user: User, viewer: visibility.Placeholder, values: dict[str, Any], text: str) -> list[Hit]:
    """The newest records of each type whose texts and notes say it, and the lists of all of them.

    Of what very many say only the list is named: whoever looks for one of them has to say more.
    """
    said = passages.meant(text)
    kinds = [kind for kind, model in _texts().items() if may(user, VIEW[model])]
    if len(said) < (terms.SHORTEST_LATIN if said.isascii() else passages.SHORTEST) or not kinds:
        return []
    found = dict(zip(kinds, passages.counts(session, kinds, said, search.FEW + 1), strict=True))
    few = tuple(kind for kind in kinds if 0 < found[kind] <= search.FEW)
    rows: list[Any] = []
    if few:
        for place, kind in enumerate(few):
            values[f"said_{place}"], values[f"phrase_{place}"], _pattern = passages.asked(kind, said)
        rows = _saying(viewer, few).rows(session, values)
    near = _texts_of(session, [(few[place], number) for place, number, _name, _whose in rows])
    hits: list[Hit] = []
    for kind in kinds:
        mine = [row[1:] for row in rows if few[row[0]] == kind]
        icon = LISTINGS[kind].icon
        for number, name, whose in sorted(mine, key=itemgetter(0), reverse=True):
            around = passages.around(near.get((kind, number), []), said)
            hits.append(Hit(icon, name, record_path(kind, name), f"{whose} · {around}" if whose else around))
        if len(mine) == MOST_TEXTS or found[kind] > search.FEW:
            where = criteria.write(criteria.Group("all", (criteria.Asked(PASSAGES, "contains", (text.strip(),)),)))
            label = _("%(title)s: all with “%(text)s”", title=str(LISTINGS[kind].title), text=text.strip())
            hits.append(Hit("search", label, f"{LISTINGS[kind].path}?{State(where=where).query()}"))
    return hits[:MOST_OF_A_KIND]


@cache
def _texts() -> dict[str, Any]:
    """The record types with texts and a list of their own."""
    return {kind: model for kind, model in MODELS.items() if kind in LISTINGS and PASSAGES in fields_of(LISTINGS[kind])}


@lru_cache(maxsize=64)
def _saying(viewer: visibility.Placeholder, kinds: tuple[str, ...]) -> Prepared:
    """The last records of each type that say it."""
    parts = []
    for place, kind in enumerate(kinds):
        model = MODELS[kind]
        said, phrase = (bindparam(f"{name}_{place}", type_=String()) for name in ("said", "phrase"))
        columns = literal(place).label("place"), model.id.label("id"), model.number.label("number")
        query = select(*columns, _whose(model).label("whose"))
        query = query.where(visibility.condition(viewer, model), passages.gathered(model, said, phrase))
        parts.append(select(query.order_by(model.id.desc()).limit(MOST_TEXTS).subquery()))
    return Prepared(union_all(*parts))


def _whose(model: Any) -> Any:
    """The name of the customer a record is of."""
    if model is Customer:
        return Customer.name
    if not hasattr(model, "customer_id"):
        return cast(null(), String)
    return select(Customer.name).where(Customer.id == model.customer_id).correlate(model).scalar_subquery()


def _texts_of(session: Session, records: list[tuple[str, int]]) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    if records:
        places = tuple_(Passage.record_kind, Passage.record_id).in_(records)
        for kind, number, said in session.execute(
            select(Passage.record_kind, Passage.record_id, Passage.text).where(places)
        ):
            found.setdefault((kind, number), []).append(said)
    return found


def _at_most(groups: list[tuple[Text | str, list[Hit]]], most: int) -> list[tuple[Text | str, list[Hit]]]:
    kept: list[tuple[Text | str, list[Hit]]] = []
    for title, hits in groups:
        if hits and most > 0:
            kept.append((title, hits[:most]))
            most -= len(hits[:most])
    return kept
