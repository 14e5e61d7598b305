"""What can be imported one record in a row: every kind that people make or change by hand.

A kind costs one declaration: its fields come from the service of the record (`deriving`), its rows are made and changed
by the commands of that service, so rules, numbers, rights and events are those of the forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import clock, passwords
from portal.errors import Invalid, NotPermitted
from portal.exporting.more import MORE
from portal.i18n import N_, Text
from portal.imports import mapping, values
from portal.imports.mapping import NUMBER, Kind, Need
from portal.imports.records import Rule
from portal.listing.registry import LISTINGS
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.contract import Contract, Payment, PaymentKind, Quotation
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Crew, Party, PartyKind, PartyStatus, User
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Permission, Role, may
from portal.services import (
    accounts,
    branches,
    consultations,
    contracts,
    crews,
    customers,
    own_tasks,
    parties,
    projects,
    properties,
    quotations,
    record_kinds,
)
from portal.services.fields import Field, money, term
from portal.services.imports import deriving
from portal.services.imports.deriving import Link, Roles

P = Permission
Create = Callable[[Session, dict[str, Any], User, datetime], Any]
Change = Callable[[Session, Any, dict[str, Any], User, datetime], Any]


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record that rows of a file become."""

    kind: Kind
    model: Any
    title: Text
    one: Text
    create_needs: Permission
    change_needs: Permission
    rule: Rule
    fields: tuple[mapping.Field, ...]
    labels: Mapping[str, Field]
    links: Mapping[str, Link]
    create: Create
    change: Change | None = None
    number: str = "number"
    """The column whose text names a record in a file."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of the list that are called otherwise than the field they show; "" for one that shows none."""

    def may(self, user: User) -> bool:
        """Whether the person may make or change such records at all."""
        return may(user, P.IMPORT_RUN) and (may(user, self.create_needs) or may(user, self.change_needs))

    def rule_for(self, user: User) -> Rule:
        """What the rows may do for this person."""
        return replace(
            self.rule,
            may_create=self.rule.may_create and may(user, self.create_needs),
            may_change=self.change is not None and may(user, self.change_needs),
        )

    def is_yes_or_no(self, key: str) -> bool:
        """Whether the record says yes or no there."""
        return key in {name for name, column in self.model.__table__.c.items() if column.type.python_type is bool}

    def field_of(self, column: str) -> str | None:
        """The field that a column of the list shows."""
        if column in self.columns:
            return self.columns[column] or None
        keys = {item.key for item in self.fields}
        return next((key for key in (column, f"{column}_id", f"{column}_on", f"is_{column}") if key in keys), None)


RECORD_KINDS: dict[Kind, RecordKind] = {}
BY_LIST: dict[str, RecordKind] = {}
"""By the plural name of the records."""


def _declare(made: RecordKind) -> None:
    headers: dict[str, list[Text]] = {}
    listing = LISTINGS.get(_list_name(made))
    for column in (*(listing.columns if listing else ()), *MORE.get(_list_name(made), ())):
        if key := made.field_of(column.key):
            headers.setdefault(key, []).append(column.label)
    known = replace(made, fields=deriving.named(made.fields, headers))
    RECORD_KINDS[made.kind] = BY_LIST[_list_name(made)] = known
    mapping.declare(made.kind, known.fields, titles=(made.title,))


def _list_name(made: RecordKind) -> str:
    return "customers" if made.kind is Kind.CUSTOMER_LIST else str(made.kind)


def demand(user: User, kind: Kind) -> None:
    """Raise NotPermitted unless the person may import the kind."""
    allowed = RECORD_KINDS[kind].may(user) if kind in RECORD_KINDS else may(user, P.IMPORT_RUN)
    if not allowed:
        raise NotPermitted(N_("Your role does not make or change such records."))


def offered(user: User) -> list[Kind]:
    """What the person may import, ledgers first."""
    return [kind for kind in Kind if (kind.is_ledger and may(user, P.IMPORT_RUN)) or _is_offered(user, kind)]


def _is_offered(user: User, kind: Kind) -> bool:
    return kind in RECORD_KINDS and RECORD_KINDS[kind].may(user)


def _as_now(record: Any, names: Iterable[str], said: dict[str, Any]) -> dict[str, Any]:
    """All values of a command as they shall be: the record's own, with those that the file says."""
    return {name: said[name] if name in said else getattr(record, name) for name in names}


def _names(command: Any) -> list[str]:
    return [name for name in command.__dataclass_fields__ if name != "version"]


def _changes(service: Any, command: Any) -> Change:
    """A change by the command of a service that takes all fields."""
    names = _names(command)

    def act(session: Session, record: Any, said: dict[str, Any], actor: User, at: datetime) -> Any:
        whole = command(**_as_now(record, names, said), version=record.version)
        return service.update(session, record, whole, actor=actor, at=at)

    return act


def _parent(key: str, label: Text, headers: Text | None = None) -> mapping.Field:
    return mapping.Field(
        key, label, values.text(100), "", Need.REQUIRED, is_link=True, is_set_once=True, hint=deriving.NUMBER_OR_NAME
    )


NUMBER_LABEL = N_("Number")
BRANCH = Link(Branch, "code", "name")
PARTY = Link(Party, name="name", only=lambda model: model.status != PartyStatus.DEPARTED)
POSTS = {
    name: Link(
        Party, name="name", only=lambda model, kinds=kinds: model.kind.in_(kinds) & (model.status != PartyStatus.DEPARTED)
    )
    for name, kinds in parties.POSTS.items()
}  # fmt: skip
OWNER = Link(
    User, "username", "name", lambda model: (model.role == Role.SPECIALIST.value) & model.disabled_at.is_(None)
)
VERSION = deriving.version_field()

# ---------- Customers and homes ----------

_declare(
    RecordKind(
        Kind.CUSTOMER_LIST, Customer, N_("Customers"), N_("Customer"), P.CUSTOMER_CREATE, P.CUSTOMER_EDIT,
        Rule(("name", "phone")),
        (
            deriving.number_field(NUMBER_LABEL),
            *deriving.of_service(customers.FIELDS, customers.CreateCustomer, Customer, leave_out=("anniversaries",)),
            VERSION,
        ),
        customers.FIELDS,
        {"referred_by_id": Link(Customer), "owner_id": OWNER},
        lambda session, said, actor, at: customers.create(
            session, customers.CreateCustomer(**said), actor=actor, at=at
        ),
        _changes(customers, customers.UpdateCustomer),
    )
)  # fmt: skip


def _make_home(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Property:
    customer = session.get_one(Customer, said.pop("customer"))
    return properties.create(
        session, customer, properties.CreateProperty(**{"unit": "", **said}), actor=actor, at=at
    )  # fmt: skip


def _home_fields() -> list[mapping.Field]:
    reads = {"building": values.building, "unit": values.unit, "room": values.room}
    made = deriving.of_service(properties.FIELDS, properties.CreateProperty, Property)
    return [
        replace(item, read=reads.get(item.key, item.read), need=Need.OPTIONAL if item.key == "unit" else item.need)
        for item in made
    ]


_declare(
    RecordKind(
        Kind.PROPERTIES, Property, N_("Properties"), N_("Property"), P.PROJECT_EDIT, P.PROJECT_EDIT,
        Rule(("estate", "building", "unit", "room")),
        (deriving.number_field(NUMBER_LABEL), _parent("customer", N_("Customer")), *_home_fields(), VERSION),
        properties.FIELDS,
        {"customer": Link(Customer, name="name")},
        _make_home,
        _changes(properties, properties.UpdateProperty),
        columns={"home": ""},
    )
)  # fmt: skip

# ---------- Works ----------


def _make_project(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Project:
    home = session.get_one(Property, said.pop("property"))
    return projects.create(session, home, projects.CreateProject(**said), actor=actor, at=at)


_declare(
    RecordKind(
        Kind.PROJECTS, Project, N_("Projects"), N_("Project"), P.PROJECT_EDIT, P.PROJECT_EDIT, Rule(),
        (
            deriving.number_field(NUMBER_LABEL),
            _parent("property", N_("Property")),
            *deriving.of_service(projects.FIELDS, projects.CreateProject, Project),
            VERSION,
        ),
        projects.FIELDS,
        {"property": Link(Property), "branch_id": BRANCH, "crew_id": Link(Crew, name="name"),
         **{key: link for key, link in POSTS.items() if key in projects.FIELDS}},
        _make_project,
        _changes(projects, projects.UpdateProject),
        columns={"customer": "", "manager": "project_manager_id", "start": "actual_start_on",
                 "finish": "actual_finish_on"},
    )
)  # fmt: skip


def _of_the_same(session: Session, said: Mapping[str, Any], customer_id: int, **models: Any) -> None:
    """Raise Invalid for a link to something of another customer."""
    for key, model in models.items():
        if said.get(key) and session.get_one(model, said[key]).customer_id != customer_id:
            raise Invalid({key: N_("This belongs to another customer.")})


def _make_contract(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Contract:
    customer = session.get_one(Customer, said.pop("customer"))
    return contracts.create(session, customer, contracts.CreateContract(**said), actor=actor, at=at)


def _change_contract(session: Session, record: Contract, said: dict[str, Any], actor: User, at: datetime) -> Any:
    names = [name for name in _names(contracts.CreateContract) if name != "terms"]
    terms = tuple(contracts.TermLine(line.kind, line.percent, line.due_event) for line in record.terms)
    whole = contracts.UpdateContract(**_as_now(record, names, said), terms=terms, version=record.version)
    return contracts.update(session, record, whole, actor=actor, at=at)


_declare(
    RecordKind(
        Kind.CONTRACTS, Contract, N_("Contracts"), N_("Contract"), P.CONTRACT_EDIT, P.CONTRACT_EDIT,
        Rule(gives_number=True),
        (
            deriving.number_field(contracts.FIELDS["number"].label, values.text(40)),
            _parent("customer", N_("Customer")),
            *(
                replace(item, read=values.amount) if item.key == "amount" else item
                for item in deriving.of_service(
                    contracts.FIELDS, contracts.CreateContract, Contract, leave_out=("number", "copies", "terms")
                )
            ),
            VERSION,
        ),
        contracts.FIELDS,
        {"customer": Link(Customer, name="name"), "project_id": Link(Project)},
        _make_contract,
        _change_contract,
    )
)  # fmt: skip

PAYMENT_FIELDS: dict[str, Field] = {
    "kind": term(N_("Kind of payment"), PaymentKind),
    "amount": money(N_("Amount")),
    "paid_on": Field(N_("Received on", "payment")),
    "receipt_no": Field(N_("Receipt number")),
    "note": Field(N_("Note")),
}


def _make_payment(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Payment:
    contract = session.get_one(Contract, said.pop("contract"))
    said["receipt_no"] = said.pop(NUMBER)
    return contracts.record_payment(session, contract, contracts.RecordPayment(**said), actor=actor, at=at)


_declare(
    RecordKind(
        Kind.PAYMENTS, Payment, N_("Payments", "import"), N_("Payment"), P.CONTRACT_EDIT, P.CONTRACT_EDIT,
        Rule(gives_number=True, may_change=False),
        (
            deriving.number_field(PAYMENT_FIELDS["receipt_no"].label, values.text(50), must=True),
            _parent("contract", N_("Contract number")),
            *(
                replace(item, read=values.amount) if item.key == "amount" else item
                for item in deriving.of_service(
                    PAYMENT_FIELDS, contracts.RecordPayment, Payment, leave_out=("receipt_no",)
                )
            ),
        ),
        PAYMENT_FIELDS,
        {"contract": Link(Contract)},
        _make_payment,
        number="receipt_no",
    )
)  # fmt: skip


def _make_quotation(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Quotation:
    customer = session.get_one(Customer, said.pop("customer"))
    _of_the_same(session, said, customer.id, property_id=Property, contract_id=Contract)
    return quotations.create(session, customer, quotations.CreateQuotation(**said), actor=actor, at=at)


def _change_quotation(session: Session, record: Quotation, said: dict[str, Any], actor: User, at: datetime) -> Any:
    _of_the_same(session, said, record.customer_id, property_id=Property, contract_id=Contract)
    return _changes(quotations, quotations.UpdateQuotation)(session, record, said, actor, at)


_declare(
    RecordKind(
        Kind.QUOTATIONS, Quotation, N_("Quotations"), N_("Quotation"), P.CONTRACT_EDIT, P.CONTRACT_EDIT, Rule(),
        (
            deriving.number_field(NUMBER_LABEL),
            _parent("customer", N_("Customer")),
            *(
                replace(item, read=values.amount) if item.key == "amount" else item
                for item in deriving.of_service(quotations.FIELDS, quotations.CreateQuotation, Quotation)
            ),
            VERSION,
        ),
        quotations.FIELDS,
        {"customer": Link(Customer, name="name"), "property_id": Link(Property), "contract_id": Link(Contract),
         "designer_id": POSTS["designer_id"]},
        _make_quotation,
        _change_quotation,
    )
)  # fmt: skip

# ---------- Calls and tasks ----------

CONTACT_FIELDS: dict[str, Field] = {
    "occurred_at": Field(N_("When")),
    "name": Field(N_("Name")),
    "phone": Field(N_("Phone")),
    "question": Field(N_("Question")),
    "channel": term(N_("Channel"), Channel),
    "kind": term(N_("Matter"), Matter),
    "answer": Field(N_("Answer", "export")),
    "customer_id": Field(N_("Customer"), target=Customer),
    "property_address": Field(N_("Address of the home", "export")),
    "area": Field(N_("Area (m²)")),
    "layout": Field(N_("Layout")),
    "style": Field(N_("Preferred style")),
    "budget": money(N_("Budget")),
    "handover_on": Field(N_("Hand-over of the estate")),
    "wanted_start_on": Field(N_("Start wanted on", "import")),
    "remarks": Field(N_("Remarks")),
}


def _make_contact(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Consultation:
    said["occurred_at"] = _moment(said["occurred_at"])
    return consultations.enter_past(session, consultations.PastContact(**said), actor=actor, at=at)


def _moment(wall: datetime) -> datetime:
    """What the company's clocks showed, as a moment."""
    return clock.at_local(wall.date(), wall.hour, wall.minute)


_declare(
    RecordKind(
        Kind.CONSULTATIONS, Consultation, N_("Past calls, visits, messages", "import"), N_("Contact", "record"),
        P.CONSULTATION_CREATE, P.CONSULTATION_CREATE, Rule(("phone", "occurred_at", "question"), may_change=False),
        (
            deriving.number_field(NUMBER_LABEL),
            *deriving.of_service(CONTACT_FIELDS, consultations.PastContact, Consultation),
        ),
        CONTACT_FIELDS,
        {"customer_id": Link(Customer)},
        _make_contact,
        columns={"customer": "", "whole": "question", "address": "property_address"},
    )
)  # fmt: skip

TASK_FIELDS: dict[str, Field] = {
    "title": Field(N_("To do", "column")),
    "due_at": Field(N_("Due")),
    "person": Field(N_("Whose turn"), target=User),
    "role": Field(N_("Role"), Roles.show, terms=Roles),  # type: ignore[arg-type]
    "type_name": Field(N_("Kind", "task")),
    "note": Field(N_("Note")),
}


@dataclass(frozen=True, slots=True)
class _NewTask:
    """What a row says of a task; only types and what is required matter here."""

    title: str
    due_at: datetime
    person: int | None = None
    role: str | None = None
    type_name: str | None = None
    note: str | None = None


def _make_task(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Task:
    kind, record_id = said["record"]
    record = record_kinds.find(session, actor, kind, record_id=record_id)
    person = session.get_one(User, said["person"]) if said.get("person") else None
    role = Role(said["role"]) if said.get("role") and person is None else None
    given = own_tasks.SetTask(
        said["title"], _moment(said["due_at"]), own_tasks.Whose(person or (None if role else actor), role),
        said.get("type_name"), said.get("note"),
    )  # fmt: skip
    try:
        return own_tasks.add(session, record, given, actor=actor, at=at)
    except Invalid as refusal:
        names = {"whose": "person"}
        raise Invalid({names.get(name, name): text for name, text in refusal.fields.items()}) from refusal


_declare(
    RecordKind(
        Kind.TASKS, Task, N_("Tasks"), N_("Task", "record"), P.TASK_SET, P.TASK_SET, Rule(may_change=False),
        (
            replace(_parent("record", N_("Record number", "import")), hint=N_("Number of any record", "import")),
            *deriving.of_service(TASK_FIELDS, _NewTask, Task),
        ),
        TASK_FIELDS,
        {"record": Link(None), "person": Link(User, "username", "name", lambda model: model.disabled_at.is_(None))},
        _make_task,
        number="",
        columns={"number": "record", "customer": "", "kind": "type_name", "detail": "", "started": "", "due": "due_at"},
    )
)  # fmt: skip

# ---------- People, crews, stores ----------

_declare(
    RecordKind(
        Kind.PARTIES, Party, N_("Parties"), N_("Party"), P.PARTY_EDIT, P.PARTY_EDIT, Rule(("name", "kind")),
        (
            deriving.number_field(NUMBER_LABEL),
            *deriving.of_service(parties.FIELDS, parties.CreateParty, Party),
            VERSION,
        ),
        parties.FIELDS,
        {"branch_id": BRANCH},
        lambda session, said, actor, at: parties.create(session, parties.CreateParty(**said), actor=actor, at=at),
        _changes(parties, parties.UpdateParty),
        columns={"head": "is_head"},
    )
)  # fmt: skip

_declare(
    RecordKind(
        Kind.CREWS, Crew, N_("Crews"), N_("Crew"), P.PARTY_EDIT, P.PARTY_EDIT, Rule(("name",)),
        (
            deriving.number_field(NUMBER_LABEL),
            *deriving.of_service(crews.FIELDS, crews.CreateCrew, Crew),
            VERSION,
        ),
        crews.FIELDS,
        {"branch_id": BRANCH, "foreman_id": Link(
            Party, name="name",
            only=lambda model: model.kind.in_((PartyKind.FOREMAN, PartyKind.TEAM_LEADER))
            & (model.status != PartyStatus.DEPARTED),
        )},
        lambda session, said, actor, at: crews.create(session, crews.CreateCrew(**said), actor=actor, at=at),
        lambda session, record, said, actor, at: _changes(crews, crews.UpdateCrew)(
            session, record, _zero(said, "retention_balance"), actor, at
        ),
        columns={"retention": "retention_balance"},
    )
)  # fmt: skip


def _zero(said: dict[str, Any], name: str) -> dict[str, Any]:
    return said | {name: Decimal("0.00")} if name in said and said[name] is None else said


_declare(
    RecordKind(
        Kind.BRANCHES, Branch, N_("Branches"), N_("Branch"), P.SETTING_EDIT, P.SETTING_EDIT, Rule(gives_number=True),
        (
            deriving.number_field(branches.FIELDS["code"].label, values.text(20), must=True),
            *(
                replace(item, read=values.text(50)) if item.key == "name" else item
                for item in deriving.of_service(branches.FIELDS, branches.CreateBranch, Branch, leave_out=("code",))
            ),
            VERSION,
        ),
        branches.FIELDS,
        {},
        lambda session, said, actor, at: branches.create(
            session, branches.CreateBranch(code=said.pop(NUMBER), **said), actor=actor, at=at
        ),
        _changes(branches, branches.UpdateBranch),
        number="code",
        columns={"code": NUMBER, "active": "is_active"},
    )
)  # fmt: skip

USER_FIELDS: dict[str, Field] = {
    "name": Field(N_("Name")),
    "role": Field(N_("Role"), Roles.show, terms=Roles),  # type: ignore[arg-type]
    "branch_id": Field(N_("Branch or store"), target=Branch),
    "group_name": Field(N_("Group")),
    "is_lead": Field(N_("Leads the group")),
    "is_on_duty": Field(N_("On duty: gets what nobody owns yet")),
    "email": Field(N_("E-mail")),
    "phone": Field(N_("Mobile or landline")),
    "extension": Field(N_("Extension")),
}


def _make_user(session: Session, said: dict[str, Any], actor: User, at: datetime) -> User:
    """The account is closed, with a password that nobody knows: the manager sets a one-time one and opens it."""
    username = said.pop(NUMBER)
    user = accounts.add_user(
        session, username=username, details=accounts.Details(**said | {"role": Role(said["role"])}),
        password=passwords.one_time(), actor=actor, at=at,
    )  # fmt: skip
    accounts.disable(session, user, actor=actor, at=at)
    return user


def _change_user(session: Session, record: User, said: dict[str, Any], actor: User, at: datetime) -> None:
    names = _names(accounts.Details)
    whole = _as_now(record, names, said)
    details = accounts.Details(**whole | {"role": Role(whole["role"])})
    accounts.change(session, record, details, actor=actor, at=at, version=record.version)


def _username(value: Any) -> values.Reading:
    read = values.text(50)(value)
    return values.Found(accounts.fold(str(read.value))) if isinstance(read, values.Found) else read


_declare(
    RecordKind(
        Kind.USERS, User, N_("People with a login", "import"), N_("Person with a login", "import"),
        P.USER_EDIT, P.USER_EDIT, Rule(gives_number=True),
        (
            deriving.number_field(N_("Account"), _username, must=True),
            *deriving.of_service(USER_FIELDS, accounts.Details, User),
            VERSION,
        ),
        USER_FIELDS,
        {"branch_id": BRANCH},
        _make_user,
        _change_user,
        number="username",
    )
)  # fmt: skip
