"""Some rows of every kind, a manager who takes them out, and a way to ask for a file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from portal.db import transaction
from portal.exporting.fields import fields
from portal.files.store import Store
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models.complaint import Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Quotation
from portal.permissions import Role
from portal.processes import consultation, escalation
from portal.services import exports
from portal.services.exports import Wanted
from tests.exports.parts import complaint_with_clocks
from tests.listing.rows import (
    after_the_works,
    before_the_contract,
    before_the_customer,
    of_money,
    of_the_house,
    opinions,
)


@pytest.fixture
def store(app: Any) -> Store:
    return Store.of(app.config["PORTAL"])


@pytest.fixture
def ask(clock: Any) -> Any:
    """`ask(user, "customers", "filter=mine", format="CSV")`: an export that waits for the worker; gives its number."""

    def request(user: Any, kind: str, query: str = "filter=", **more: Any) -> int:
        from urllib.parse import parse_qsl

        listing = LISTINGS[kind]
        state, _problems = from_args(listing, dict(parse_qsl(query, keep_blank_values=True)))
        given = {"columns": tuple(fields(kind)), "format": "XLSX", "words": str(listing.title)} | more
        with transaction() as writing:
            wanted = Wanted(listing=listing, state=state, **given)
            actor = writing.merge(user)
            return exports.begin(writing, wanted, actor=actor, locale="zh_Hans", at=clock.now()).id

    return request


@pytest.fixture
def world(make: Any, clock: Any) -> Any:
    """Some of every kind."""
    owner, at = make.user(Role.SPECIALIST), clock.now()
    kept = {"created_at": at, "updated_at": at}
    for number in range(1, 6):
        project = make.project()
        contract, crew = make.contract(project), make.crew()
        before_the_contract(number, project.customer, at, kept, make)
        before_the_customer(number, owner, project.customer, project, make, at, kept)
        after_the_works(number, owner, project.customer, project, contract, crew, at, kept)
        opinions(number, owner, project.customer, project, at, kept)
        make.branch()
        hours = (-3, 2, 50, -1, None)[number - 1]
        complaint_id = complaint_with_clocks(make, clock, owner, number=number, hours=hours)
        customer = make.customer(phone2="13899990000")
        with transaction() as writing:
            quotation = {
                "title": "报价",
                "amount": Decimal("1000.50"),
                "quoted_on": at.date(),
                "customer_id": customer.id,
            }
            contact = {"channel": "PHONE", "kind": "CONSULT", "occurred_at": at, "name": "罗", "phone": customer.phone}
            escalated = {"complaint_id": complaint_id, "submitted_at": at, "why": next(iter(escalation.Ground)).value}
            said = dict.fromkeys(("cause", "process_so_far", "customer_demand"), "话")
            first = {"state": next(iter(consultation.State)).value, "question": "多少钱"}
            writing.add(Quotation(number=f"BJ-{number}", **quotation, **kept))
            writing.add(Consultation(number=f"ZX-{number}", **contact, **first, **kept))
            writing.add(Escalation(number=f"SJ-{number}", state="SUBMITTED", **escalated, **said, **kept))
        of_money(number, owner, project.customer, project, contract, at, kept)
    return owner


@pytest.fixture
def manager(world: Any, sign_in: Any, clock: Any) -> Any:
    """Who takes lists out, with notices, forms, exports and imports of the own."""
    user = sign_in(Role.MANAGER).user
    of_the_house(user, 1, clock.now())
    return user
