"""A desk with a number of households behind it, and one form filled in as a person would."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.permissions import Role


class Desk:
    """A browser at the desk; `register(...)` sends the form, `last` is the newest contact."""

    def __init__(self, client: Any, session: Any) -> None:
        self.client, self.session = client, session

    def form(self, **fields: Any) -> dict[str, Any]:
        """What a fresh page sends when the person fills in these fields."""
        html = self.client.get("/front-desk/calls/new", status=200).text
        key = re.search(r'name="client_key"[^>]*value="([^"]+)"', html)
        assert key
        given = {
            "client_key": key[1],
            "channel": "PHONE",
            "kind": "CONSULT",
            "complexity": "COMMON",
            "new_customer": "y",
            "then": "pass",
        }
        return {name: value for name, value in (given | fields).items() if value is not None}

    def register(self, status: int = 303, **fields: Any) -> Any:
        """Send a filled-in form."""
        return self.client.post("/front-desk/calls/new", self.form(**fields), status=status)

    @property
    def last(self) -> Consultation:
        """The newest contact."""
        found: Consultation = self.session.scalars(select(Consultation).order_by(Consultation.id.desc())).first()
        return found

    def count(self, model: type = Consultation) -> int:
        """How many there are."""
        return len(self.session.scalars(select(model)).all())


@pytest.fixture
def desk(sign_in, session, make) -> Desk:
    """Somebody at the front desk, with a specialist on duty in the house."""
    make.user(Role.SPECIALIST, name="周晓雯", is_on_duty=True)
    return Desk(sign_in(Role.FRONT_DESK, name="李敏"), session)


@pytest.fixture
def household(make) -> Customer:
    """A grade A customer with a project under way."""
    owner = make.user(Role.SPECIALIST, name="何静", extension="802")
    customer = make.customer(
        name="林国栋", phone="13900010043", grade="A", kind="UNDER_CONSTRUCTION", owner_id=owner.id
    )
    manager, foreman = make.party(name="王志强"), make.party(name="吴刚")
    home = make.property(customer, room="1802")
    project = make.project(
        customer, property=home, stage="IN_PROGRESS", project_manager_id=manager.id, foreman_id=foreman.id
    )
    make.contract(project)
    return customer
