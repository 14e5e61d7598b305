"""Customers, homes, projects, contracts, payments, quotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.i18n import N_
from portal.imports import mapping, values
from portal.imports.mapping import NUMBER, Kind, Need
from portal.imports.records import Rule
from portal.models.contract import Contract, ContractState, Payment, PaymentKind, Quotation
from portal.models.customer import Customer, Property
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.permissions import Permission
from portal.services import (
    contracts,
    customers,
    projects,
    properties,
    quotations,
)
from portal.services.fields import Field, money, term
from portal.services.imports import deriving
from portal.services.imports.deriving import Link
from portal.services.imports.kinds.base import (
    BRANCH,
    NUMBER_LABEL,
    OWNER,
    POSTS,
    VERSION,
    RecordKind,
    as_now,
    changes,
    declare,
    names,
    parent,
)

P = Permission

declare(
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
        changes(customers, customers.UpdateCustomer),
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


declare(
    RecordKind(
        Kind.PROPERTIES, Property, N_("Properties"), N_("Property"), P.PROJECT_EDIT, P.PROJECT_EDIT,
        Rule(("estate", "building", "unit", "room")),
        (deriving.number_field(NUMBER_LABEL), parent("customer", N_("Customer")), *_home_fields(), VERSION),
        properties.FIELDS,
        {"customer": Link(Customer, name="name")},
        _make_home,
        changes(properties, properties.UpdateProperty),
        columns={"home": ""},
    )
)  # fmt: skip

# ---------- Works ----------


def _make_project(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Project:
    home = session.get_one(Property, said.pop("property"))
    return projects.create(session, home, projects.CreateProject(**said), actor=actor, at=at)


declare(
    RecordKind(
        Kind.PROJECTS, Project, N_("Projects"), N_("Project"), P.PROJECT_EDIT, P.PROJECT_EDIT, Rule(),
        (
            deriving.number_field(NUMBER_LABEL),
            parent("property", N_("Number of the home", "import")),
            *deriving.of_service(projects.FIELDS, projects.CreateProject, Project),
            VERSION,
        ),
        projects.FIELDS,
        {"property": Link(Property), "branch_id": BRANCH, "crew_id": Link(Crew, name="name"),
         **{key: link for key, link in POSTS.items() if key in projects.FIELDS}},
        _make_project,
        changes(projects, projects.UpdateProject),
        columns={"customer": "", "manager": "project_manager_id", "start": "actual_start_on",
                 "finish": "actual_finish_on"},
    )
)  # fmt: skip


def _of_the_same(session: Session, said: Mapping[str, Any], customer_id: int, **models: Any) -> None:
    """Raise Invalid for a link to something of another customer."""
    for key, model in models.items():
        if said.get(key) and session.get_one(model, said[key]).customer_id != customer_id:
            raise Invalid({key: N_("This belongs to another customer.")})


def _refuse_voiding(said: Mapping[str, Any]) -> None:
    if said.get("state") == ContractState.TERMINATED:
        raise Invalid({"state": N_("A contract is voided on its page, with the day and the reason.")})


def _make_contract(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Contract:
    _refuse_voiding(said)
    customer = session.get_one(Customer, said.pop("customer"))
    return contracts.create(session, customer, contracts.CreateContract(**said), actor=actor, at=at)


def _change_contract(session: Session, record: Contract, said: dict[str, Any], actor: User, at: datetime) -> Any:
    _refuse_voiding(said)
    known = [name for name in names(contracts.CreateContract) if name != "terms"]
    terms = tuple(contracts.TermLine(line.kind, line.percent, line.due_event) for line in record.terms)
    whole = contracts.UpdateContract(**as_now(record, known, said), terms=terms, version=record.version)
    return contracts.update(session, record, whole, actor=actor, at=at)


declare(
    RecordKind(
        Kind.CONTRACTS, Contract, N_("Contracts"), N_("Contract"), P.CONTRACT_EDIT, P.CONTRACT_EDIT,
        Rule(gives_number=True),
        (
            deriving.number_field(contracts.FIELDS["number"].label, values.text(40)),
            parent("customer", N_("Customer")),
            *(
                replace(item, read=values.amount) if item.key == "amount" else item
                for item in deriving.of_service(
                    contracts.FIELDS, contracts.CreateContract, Contract, leave_out=("number", "template_id", "copies", "terms")
                )
            ),
            VERSION,
        ),
        contracts.FIELDS,
        {"customer": Link(Customer, name="name"), "project_id": Link(Project)},
        _make_contract,
        _change_contract,
        columns={"template": ""},
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
    command = contracts.RecordPayment(**said)
    return contracts.record_payment(session, contract, command, actor=actor, at=at, is_past=True)


declare(
    RecordKind(
        Kind.PAYMENTS, Payment, N_("Payments", "import"), N_("Payment"), P.CONTRACT_EDIT, P.CONTRACT_EDIT,
        Rule(gives_number=True, may_change=False),
        (
            deriving.number_field(PAYMENT_FIELDS["receipt_no"].label, values.text(50), must=True),
            parent("contract", N_("Contract number")),
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
    return changes(quotations, quotations.UpdateQuotation)(session, record, said, actor, at)


declare(
    RecordKind(
        Kind.QUOTATIONS, Quotation, N_("Quotations"), N_("Quotation"), P.CONTRACT_EDIT, P.CONTRACT_EDIT, Rule(),
        (
            deriving.number_field(NUMBER_LABEL),
            parent("customer", N_("Customer")),
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
