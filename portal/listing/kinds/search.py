"""What a typed word may mean: the columns it is looked up in. Shared by the lists and the palette.

Each place is served by an index. A word that few records fit is gathered first; one that many fit, as a surname, is
tried on each row while the list is walked in its order (`gathered`, `tried`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Select, and_, case, false, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from portal import hanzi
from portal.i18n import N_
from portal.listing import terms
from portal.listing.declaration import By
from portal.listing.terms import Word
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Complaint, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.contract import Contract, ContractTemplate
from portal.models.customer import Customer, Property
from portal.models.document import Document
from portal.models.export import Export
from portal.models.importing import ImportRun
from portal.models.knowledge import KnowledgeArticle
from portal.models.lead_touch import LeadTouch
from portal.models.milestone import OpenDay
from portal.models.notice import Notice
from portal.models.org import Branch, Crew, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance, RectificationNotice
from portal.models.project import Project
from portal.models.repair import RepairCostCase, RepairOrder, RepairVisit, WarrantyCertificate
from portal.models.report import ReportRun
from portal.models.reward import RewardEntry
from portal.models.spelling import ESTATE, PERSON, Spelling
from portal.models.suggestion import Suggestion
from portal.models.survey import Survey
from portal.models.task import Task
from portal.models.works import DispatchOrder
from portal.prepared import Prepared
from portal.visibility import Condition

FEW = 3000
"""So many records are gathered and sorted in a few milliseconds."""
TIMES = {"sqlite": 4, "postgresql": 2.5}
"""How many times as many a word may fit where a whole page is shown: of a million rows, walking until 80 are found that one
in a hundred fits costs as much as gathering these 10,000. The palette shows six, which are found sooner."""
TIMES_OF_A_STORE = {("postgresql", "customers"): 3.1, ("postgresql", "consultations"): 3.1}
"""The same where only the rows of one store are shown and walking these costs more: customers are a store's in two ways, and a
contact's address is that of its customer. Measured with a room that 8,900 homes have."""
_HOME = re.compile(r"([0-9A-Za-z]{1,6})[-号栋#]+(?:([0-9A-Za-z]{1,6})[-单元]+)?([0-9A-Za-z]{1,6})(?:室)?")
_NUMBER = re.compile(r"[A-Za-z]{2}-\d{4}-\d{3,}")
_PINYIN = re.compile(r"[A-Za-zÜü]{2,40}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a word is looked for, for records of one type."""

    model: Any
    own: tuple[Condition, ...]
    """Conditions on the record's own columns."""
    beside: tuple[tuple[Any, Condition], ...] = ()
    """A column of another table that names the record, and a condition on that table."""
    through: tuple[tuple[Any, Places], ...] = ()
    """A column of the record that names another one, and where the word is looked for there."""
    spelt: tuple[tuple[Any, Condition], ...] = ()
    """A column of the record that holds a name, and which spellings of names are meant."""

    def parts(self) -> list[Select[Any]]:
        """The record numbers found in each place."""
        return [
            *(select(self.model.id).where(condition).correlate(None) for condition in self.own),
            *(
                select(column).where(column.is_not(None), condition).correlate(None)
                for column, condition in self.beside
            ),
            *(
                select(self.model.id).where(column.in_(union_all(*places.parts()))).correlate(None)
                for column, places in self.through
            ),
            *(select(self.model.id).where(column.in_(_names(meant))).correlate(None) for column, meant in self.spelt),
        ]

    def gathered(self) -> Condition:
        """The condition for a word that few records fit: they are found first."""
        if not self.beside and not self.through and not self.spelt:
            return or_(*self.own)
        return cast(Condition, self.model.id.in_(union_all(*self.parts())))

    def tried(self) -> Condition:
        """The condition for a word that many records fit: each row is asked, so no index is to be seen in it."""
        return or_(
            *self.own,
            *(self._one(select(column).where(column == self.model.id, found), found) for column, found in self.beside),
            *(
                self._one(select(places.model.id).where(places.model.id == column, places.tried()))
                for column, places in self.through
            ),
            *(self._one(_names(meant).where(Spelling.name == column)) for column, meant in self.spelt),
        ).is_(True)

    def _one(self, query: Select[Any], condition: Condition | None = None) -> Condition:
        """Whether there is one for the row; with a condition, asked only if there is one for any row."""
        # Not as an EXISTS, which PostgreSQL would turn around: it would look for all there are in the other table first.
        found = query.correlate(self.model.__table__).limit(1).scalar_subquery().is_not(None)
        if condition is None:
            return found
        return and_(select(literal(1)).where(condition).correlate(None).exists(), found)

    def candidates(self) -> list[Select[Any]]:
        """What decides whether a word fits few: the records found, there and in the places it goes through."""
        mine = Places(self.model, self.own, self.beside, spelt=self.spelt).parts()
        return [*mine, *(part for _column, places in self.through for part in places.candidates())]


def _names(meant: Condition) -> Select[Any]:
    """The names with a spelling that is meant."""
    return select(Spelling.name).where(meant)


# ---------- Reading what was typed ----------


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed words: their shapes, what fills them, and which of them are known to fit few or many records."""

    words: tuple[Word, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    @property
    def narrow(self) -> list[Word]:
        """The words that cannot fit many: a whole number, a phone, a home."""
        return [word for word in self.words if "narrow" in word.readings]


def read(text: str, first: int = 0) -> Typed:
    """What was typed, word by word; `first` is the place of the first one."""
    shapes: list[Word] = []
    values: dict[str, str] = {}
    for place, said in enumerate(terms.words(text), first):
        shape, filled = _word(said, place)
        shapes.append(shape)
        values |= filled
    return Typed(tuple(shapes), tuple(values.items()))


def _word(said: str, place: int) -> tuple[Word, dict[str, str]]:
    beginnings = {"text": said} | ({"upper": said.upper()} if said.upper() != said else {})
    if _PINYIN.fullmatch(said):
        beginnings["spelt"] = said.lower().replace("ü", "v")
    elif not said.isascii():  # names in traditional signs are spelt in simplified ones
        beginnings["spelt"] = simple = hanzi.simplified(said)
        beginnings |= {"simple": simple} if simple != said else {}
    exact = {"like": terms.pattern(said)}
    starts = phones(said)
    beginnings |= {f"phone{number}": start for number, start in enumerate(starts)}
    if re.fullmatch(r"\d{4}", said):
        exact["tail"] = said
    if found := _HOME.fullmatch(said):
        exact |= {name: part for name, part in zip(("building", "unit", "room"), found.groups(), strict=True) if part}
    elif re.fullmatch(r"[0-9A-Za-z]{3,6}", said):
        exact["room"] = said
    folded = hanzi.folded(said)
    if len(folded) >= (terms.SHORTEST_LATIN if folded.isascii() else terms.SHORTEST):
        exact |= {"said": folded, "mention": terms.pattern(folded)}
        if not said.isascii() or "spelt" in beginnings:
            exact["person"] = ""
    if found or _NUMBER.fullmatch(said) or (starts and sum(sign.isdigit() for sign in said) >= 7):
        exact["narrow"] = ""
    return terms.word(place, beginnings, exact)


def phones(word: str) -> list[str]:
    """How a stored phone may begin when the word is one; empty when it is none."""
    from portal.services.customers import MIN_DIGITS, digits_of, phone_starts

    if not re.fullmatch(r"[+\d()\- ]+", word):
        return []
    digits = digits_of(word)
    return phone_starts(digits) if len(digits) >= MIN_DIGITS else []


# ---------- Few or many ----------


def times_on_a_page(session: Session, kind: str = "", *, of_a_store: bool = False) -> float:
    """How many times as many records may be gathered where a whole page is shown."""
    name = session.get_bind().dialect.name
    walks_dearly = of_a_store and (name, kind) in TIMES_OF_A_STORE
    return TIMES_OF_A_STORE[name, kind] if walks_dearly else TIMES.get(name, 1)


def many(
    session: Session, kind: str, places: Any, typed: Typed, *, times: float = 1, told: frozenset[int] = frozenset()
) -> frozenset[int]:
    """The words, by their place, that are tried on each row; the others are gathered. `times`: how many times as many as
    a few may be gathered; `told`: the words that many texts say, so that few names of that beginning do not make them rare.

    Beside a word that is narrow by itself all others are tried. Else those are that fit more than a few records, and
    beside the rarest one those that fit ten times as many.
    """
    narrow = {word.place for word in typed.narrow}
    if narrow or not typed.words:
        return frozenset(word.place for word in typed.words if word.place not in narrow)
    few = int(FEW * times)
    key = (kind, typed.words, few)
    asked = _asked.get(key)
    if asked is None:
        if len(_asked) > 500:
            _asked.clear()
        asked = _asked[key] = Prepared(select(*(_count(places(word), max(few, 0) + 1) for word in typed.words)))
    counts = asked.raw(session, dict(typed.values))[0]
    found = {word.place: count for word, count in zip(typed.words, counts, strict=True)}
    rarest = min((count for place, count in found.items() if place not in told), default=few)
    most = min(few, max(rarest, 1) * 10)
    return frozenset(place for place, count in found.items() if count > most)


_asked: dict[tuple[str, tuple[Word, ...], int], Prepared] = {}


def person(word: Word, column: Any) -> tuple[Condition, ...]:
    """Whether the column names a person of that name: only words that hardly anybody's surname or initials fit by chance."""
    if "person" not in word.readings:
        return ()
    found: dict[str, Any] = {"user": User, "party": Party}
    model = next(found[key.column.table.name] for key in column.foreign_keys)
    numbers = [select(model.id).where(named) for named in _named(word, model.name)]
    numbers += [select(model.id).where(name.in_(_names(meant))) for name, meant in _spelt(word, model.name)]
    is_named = column.is_not(None)  # some of the indexes hold only those rows, and SQLite wants to be told
    return tuple(and_(is_named, column.in_(each.correlate(None))) for each in numbers)


def _count(places: Places, most: int) -> Any:
    found = union_all(*places.candidates()).limit(most).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


def conditions(places: Any, words: Sequence[Word], tried: frozenset[int]) -> list[Condition]:
    """One condition per word."""
    return [places(word).tried() if word.place in tried else places(word).gathered() for word in words]


def gathered_first(column: Any) -> Any:
    """The column to order few rows by: no index gives its order, so that a database finds the rows before. PostgreSQL
    takes some words for more common than they are, and would walk everything in its order to fill a page."""
    return func.coalesce(column, column, type_=column.type)


# ---------- The record types ----------


def _phones(word: Word, *columns: Any) -> tuple[Condition, ...]:
    names = sorted(name for name in word.readings if re.fullmatch(r"phone\d+", name))
    return tuple(word.begins(column, name) for name in names for column in columns)


def _named(word: Word, column: Any) -> tuple[Condition, ...]:
    """The names in the column that begin so; of a word in traditional signs also those in simplified ones."""
    return (word.begins(column), *((word.begins(column, "simple"),) if "simple" in word.readings else ()))


def _spelt(word: Word, column: Any, scope: str = PERSON) -> tuple[tuple[Any, Condition], ...]:
    """The names in the column by full pinyin or initials or in simplified signs, when the word may be such."""
    if "spelt" not in word.readings:
        return ()
    return ((column, and_(Spelling.scope == scope, word.begins(Spelling.text, "spelt"))),)


def homes(word: Word) -> Places:
    """Homes by their address."""
    return Places(Property, _address(word), spelt=_spelt(word, Property.estate, ESTATE))


def _address(word: Word) -> tuple[Condition, ...]:
    """Conditions on a home: the beginning of the estate, the room, or building-unit-room as people write it."""
    if "building" in word.readings:
        exact = word.equals(Property.room, "room") & word.equals(Property.building, "building")
        return (exact & word.equals(Property.unit, "unit") if "unit" in word.readings else exact,)
    room = (word.equals(Property.room, "room"),) if "room" in word.readings else ()
    return (*room, *_named(word, Property.estate))


def customers(word: Word) -> Places:
    """Customers by the beginning of the name or number, by pinyin, by phone, by the last four digits, by their home."""
    own = (*_named(word, Customer.name), word.begins(Customer.number, "upper"), *_customer_phones(word))
    beside = (*_customer_homes(word), former(Customer, word))
    return Places(Customer, own, beside, spelt=_spelt(word, Customer.name))


def _customer_phones(word: Word) -> tuple[Condition, ...]:
    tail = (word.equals(Customer.phone_tail, "tail"),) if "tail" in word.readings else ()
    return (*_phones(word, Customer.phone, Customer.phone2, Customer.representative_phone), *tail)


def _customer_homes(word: Word) -> tuple[tuple[Any, Condition], ...]:
    home = homes(word)
    addresses = (*home.own, *(column.in_(_names(meant)) for column, meant in home.spelt))
    return tuple((Property.customer_id, address) for address in addresses)


def whose(model: Any, name: Any = None, phone: Any = None, *, without: tuple[str, ...] = ()) -> tuple[By, ...]:
    """The fields of a record type that belongs to a customer: the customer's name, phone and address.

    `name` and `phone` are the record's own, of people who may be no customers; `without` names what the list has itself.
    """

    def through(own: tuple[Condition, ...], customer: Places, spelt: tuple[tuple[Any, Condition], ...] = ()) -> Places:
        return Places(model, own, through=((model.customer_id, customer),), spelt=spelt)

    def by_name(word: Word) -> Places:
        customer = Places(Customer, _named(word, Customer.name), spelt=_spelt(word, Customer.name))
        if name is None:
            return through((), customer)
        return through(_named(word, name), customer, _spelt(word, name))

    def by_phone(word: Word) -> Places:
        own = () if phone is None else _phones(word, phone)
        return through(own, Places(Customer, _customer_phones(word) or (false(),)))

    def by_address(word: Word) -> Places:
        return through((), Places(Customer, (), _customer_homes(word)))

    offered = (
        By("of-name", N_("Customer name"), by_name),
        By("of-phone", N_("Phone"), by_phone),
        By("of-address", N_("Address"), by_address),
    )
    return tuple(by for by in offered if by.key not in without)


_FORMER: dict[Any, Any] = {model: aliased(model) for model in (Customer, Property, Party)}


def former(model: Any, word: Word) -> tuple[Any, Condition]:
    """The number of a record that was merged finds the one that is kept."""
    return _FORMER[model].merged_into_id, word.begins(_FORMER[model].number, "upper")


def of_customer(model: Any) -> Any:
    """The search of a record type that belongs to a customer and has a number of its own."""

    def places(word: Word) -> Places:
        number = (word.begins(model.number, "upper"),)
        return Places(model, number, through=((model.customer_id, customers(word)),))

    return places


def projects(word: Word) -> Places:
    """Projects: also by the number of the contract."""
    contract = ((Contract.project_id, word.begins(Contract.number)),)
    number = (word.begins(Project.number, "upper"),)
    return Places(Project, number, contract, ((Project.customer_id, customers(word)),))


def contracts(word: Word) -> Places:
    """Contracts, whose numbers are kept as printed."""
    own = (word.begins(Contract.number), word.begins(Contract.number, "upper"))
    return Places(Contract, own, through=((Contract.customer_id, customers(word)),))


def properties(word: Word) -> Places:
    """Homes: by address first, then by whose they are."""
    home = homes(word)
    own, through = (*home.own, word.begins(Property.number, "upper")), ((Property.customer_id, customers(word)),)
    return Places(Property, own, (former(Property, word),), through, home.spelt)


def consultations(word: Word) -> Places:
    """Contacts: also callers who are no customers yet."""
    own = (
        word.begins(Consultation.number, "upper"),
        *_named(word, Consultation.name),
        *_phones(word, Consultation.phone),
    )
    through = ((Consultation.customer_id, customers(word)),)
    return Places(Consultation, own, through=through, spelt=_spelt(word, Consultation.name))


def lead_touches(word: Word) -> Places:
    """Pre-sale messages: by their number or whatever finds the customer."""
    return of_customer(LeadTouch)(word)


def complaints(word: Word) -> Places:
    """Complaints: also complainants who are no customers."""
    own = (
        word.begins(Complaint.number, "upper"),
        *_named(word, Complaint.complainant),
        *_phones(word, Complaint.phone),
    )
    through = ((Complaint.customer_id, customers(word)),)
    return Places(Complaint, own, through=through, spelt=_spelt(word, Complaint.complainant))


def escalations(word: Word) -> Places:
    """Escalations: by their own number or whatever finds the complaint."""
    number = (word.begins(Escalation.number, "upper"),)
    return Places(Escalation, number, through=((Escalation.complaint_id, complaints(word)),))


def archive_loans(word: Word) -> Places:
    """Loans of files: by their number, whose need it is, or the project whose file it is."""
    own = (word.begins(ArchiveLoan.number, "upper"), *_named(word, ArchiveLoan.applicant))
    return Places(ArchiveLoan, own, through=((ArchiveLoan.project_id, projects(word)),))


def approvals(word: Word) -> Places:
    """Approvals: by their number or that of their record, or whatever finds the customer."""
    own = (word.begins(Approval.number, "upper"),)
    return Places(Approval, own, through=((Approval.customer_id, customers(word)),))


def payment_vouchers(word: Word) -> Places:
    """Payment vouchers: by their number or whatever finds the escalation or the cost case."""
    own = (word.begins(PaymentVoucher.number, "upper"),)
    cases = (
        (PaymentVoucher.escalation_id, escalations(word)),
        (PaymentVoucher.cost_case_id, repair_cost_cases(word)),
    )
    return Places(PaymentVoucher, own, through=cases)


def cancellations(word: Word) -> Places:
    """Cancellations: by their number or whatever finds the contract."""
    own = (word.begins(Cancellation.number, "upper"),)
    return Places(Cancellation, own, through=((Cancellation.contract_id, contracts(word)),))


def loss_notices(word: Word) -> Places:
    """Loss notices: by their number or whatever finds the cancellation."""
    own = (word.begins(LossNotice.number, "upper"),)
    return Places(LossNotice, own, through=((LossNotice.cancellation_id, cancellations(word)),))


def repair_orders(word: Word) -> Places:
    """Repairs: also by who reported them."""
    own = (
        word.begins(RepairOrder.number, "upper"),
        word.begins(RepairOrder.reporter),
        *_phones(word, RepairOrder.phone),
    )
    through = ((RepairOrder.customer_id, customers(word)),)
    return Places(RepairOrder, own, through=through, spelt=_spelt(word, RepairOrder.reporter))


def warranties(word: Word) -> Places:
    """Certificates: by their number or whatever finds the customer."""
    return of_customer(WarrantyCertificate)(word)


def repair_visits(word: Word) -> Places:
    """Visits: by their own number or whatever finds the repair."""
    number = (word.begins(RepairVisit.number, "upper"),)
    return Places(RepairVisit, number, through=((RepairVisit.order_id, repair_orders(word)),))


def repair_cost_cases(word: Word) -> Places:
    """Cost cases: by their own number or whatever finds the repair."""
    number = (word.begins(RepairCostCase.number, "upper"),)
    return Places(RepairCostCase, number, through=((RepairCostCase.order_id, repair_orders(word)),))


def dispatch_orders(word: Word) -> Places:
    """Dispatch orders: by their number, or the project they are for."""
    own = (word.begins(DispatchOrder.number, "upper"),)
    return Places(DispatchOrder, own, through=((DispatchOrder.project_id, projects(word)),))


def of_project(model: Any) -> Any:
    """The search of a record type of a site: by its number, or the project it is of."""

    def places(word: Word) -> Places:
        return Places(model, (word.begins(model.number, "upper"),), through=((model.project_id, projects(word)),))

    return places


def open_days(word: Word) -> Places:
    """Open days: by their number."""
    return Places(OpenDay, (word.begins(OpenDay.number, "upper"),))


def completions(word: Word) -> Places:
    """Completion acceptances: by their number, or the project that is accepted."""
    own = (word.begins(CompletionAcceptance.number, "upper"),)
    return Places(CompletionAcceptance, own, through=((CompletionAcceptance.project_id, projects(word)),))


def pre_acceptances(word: Word) -> Places:
    """Pre-acceptances: by their number or whatever finds the customer."""
    return of_customer(PreAcceptance)(word)


def inspections(word: Word) -> Places:
    """Inspections: by their number, which begins with that of the pre-acceptance, or whatever finds the customer."""
    return of_customer(Inspection)(word)


def rectification_notices(word: Word) -> Places:
    """Notices: by their number or whatever finds the customer."""
    return of_customer(RectificationNotice)(word)


def penalties(word: Word) -> Places:
    """Penalties: by their number, the record they are proposed for, the crew or the person."""
    own = (word.begins(PenaltyEntry.number, "upper"), word.begins(PenaltyEntry.record_number, "upper"))
    return Places(
        PenaltyEntry, own, through=((PenaltyEntry.crew_id, crews(word)), (PenaltyEntry.party_id, parties(word)))
    )


def rewards(word: Word) -> Places:
    """Rewards: by their number, the record they are proposed for, the crew or the person."""
    own = (word.begins(RewardEntry.number, "upper"), word.begins(RewardEntry.record_number, "upper"))
    return Places(RewardEntry, own, through=((RewardEntry.crew_id, crews(word)), (RewardEntry.party_id, parties(word))))


def surveys(word: Word) -> Places:
    """Surveys: by their number, the customer, the project."""
    own = (word.begins(Survey.number, "upper"),)
    return Places(Survey, own, through=((Survey.customer_id, customers(word)), (Survey.project_id, projects(word))))


def suggestions(word: Word) -> Places:
    """Suggestions: by their number, whose idea it is, the customer."""
    own = (
        word.begins(Suggestion.number, "upper"),
        *_named(word, Suggestion.name),
        *_phones(word, Suggestion.phone),
    )
    return Places(Suggestion, own, through=((Suggestion.customer_id, customers(word)),))


def report_runs(word: Word) -> Places:
    """Reports: by their number or their code."""
    return Places(ReportRun, (word.begins(ReportRun.number, "upper"), word.begins(ReportRun.code, "upper")))


def tasks(word: Word) -> Places:
    """Tasks: by the record's number or the customer's name."""
    number = (word.begins(Task.record_number, "upper"),)
    return Places(Task, number, through=((Task.customer_id, customers(word)),))


def parties(word: Word) -> Places:
    """Parties, few enough to be searched anywhere in the name."""
    own = (word.within(Party.name), word.begins(Party.number, "upper"))
    return Places(Party, own, (former(Party, word),), spelt=_spelt(word, Party.name))


def crews(word: Word) -> Places:
    """Crews: also by their foreman."""
    own = (word.within(Crew.name), word.begins(Crew.number, "upper"))
    foreman = Places(Party, (word.within(Party.name),), spelt=_spelt(word, Party.name))
    return Places(Crew, own, through=((Crew.foreman_id, foreman),), spelt=_spelt(word, Crew.name))


def branches(word: Word) -> Places:
    """Branches by anything people know of them."""
    return Places(Branch, (word.within(Branch.name), word.within(Branch.code), word.within(Branch.address)))


def contract_templates(word: Word) -> Places:
    """Contract templates, few enough to be searched anywhere."""
    own = (word.within(ContractTemplate.title), word.within(ContractTemplate.edition))
    return Places(ContractTemplate, (*own, word.begins(ContractTemplate.number, "upper")))


def knowledge_articles(word: Word) -> Places:
    """Articles, few enough to be searched anywhere in the title; their texts are found by any part of them."""
    own = (word.within(KnowledgeArticle.title), word.begins(KnowledgeArticle.number, "upper"))
    return Places(KnowledgeArticle, own)


def users(word: Word) -> Places:
    """People with a login by name, account, pinyin or phone."""
    own = (word.within(User.name), word.within(User.username), *_phones(word, User.phone))
    return Places(User, own, spelt=_spelt(word, User.name))


def notices(word: Word) -> Places:
    """One's own notices: by the number of the record, which their link holds, or by whom the record is about."""
    about: dict[Any, Any] = {Customer: customers, Complaint: complaints, Consultation: consultations}
    through = tuple(
        (case((Notice.record_kind == model.KIND, Notice.record_id)), places(word)) for model, places in about.items()
    )
    return Places(Notice, (word.within(Notice.link),), through=(*through, (Notice.task_id, tasks(word))))


def documents(word: Word) -> Places:
    """Printed forms by the number of the record, by the code of the form, or by who asked for them."""
    own = (word.begins(Document.record_number, "upper"), word.begins(Document.record_number))
    return Places(Document, (*own, word.within(Document.form)), through=((Document.requested_by_id, users(word)),))


def exports(word: Word) -> Places:
    """Exports by what they say of themselves, or by who asked for them."""
    return Places(Export, (word.within(Export.words),), through=((Export.requested_by_id, users(word)),))


def import_runs(word: Word) -> Places:
    """Imports by number, file or who uploaded it."""
    own = (word.begins(ImportRun.number, "upper"), word.within(ImportRun.file_name))
    return Places(ImportRun, own, through=((ImportRun.created_by_id, users(word)),))
