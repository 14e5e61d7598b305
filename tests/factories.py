"""A plausible world in few words: `make.user(Role.SPECIALIST)`, `make.project(customer=...)`. Each call is saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import transaction
from portal.files.intake import Accepted
from portal.models.contract import Contract
from portal.models.customer import Customer, CustomerKind, CustomerSource, Property
from portal.models.drawing_review import DrawingReview
from portal.models.event import Event, EventKind
from portal.models.org import Branch, Crew, Department, Party, PartyKind, User
from portal.models.project import Project, ProjectKind, ProjectStage
from portal.permissions import Role
from portal.processes.registry import PROCESSES
from portal.services import attachments, events
from portal.services.numbering import next_number
from portal.services.record_kinds import MODELS
from portal.services.review_findings import Mark

PASSWORD = "青花瓷 and 42 teapots"
PASSWORD_HASH = "$argon2id$v=19$m=19456,t=2,p=1$0QGTAKH/WIkjRi2FI/HaGQ$j6z9E62s9YoEm0yA0EsvA0+5tR4tXKXvtJRmyGfN2Hk"
"""Made once for PASSWORD, because making it is slow on purpose."""

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗"
GIVEN = ("建国", "晓雯", "志刚", "丽华", "敏", "秀英", "伟", "芳", "海涛", "玉兰", "文博", "静")

Row = TypeVar("Row")


def pinned(session: Session, review: DrawingReview, *, actor: User, at: datetime) -> Mark:
    """A place on the floor plan of a review; the plan is handed in with the first one."""
    plan = Accepted("平面图.png", "image/png", sha256(review.number.encode()).hexdigest(), 1000, 640, 480)
    paper = attachments.add(session, review, plan, actor=actor, at=at, kind="PHOTO").attachment
    return Mark(paper, 1, 500, 500)


class Make:
    """Makes rows and saves them, each in a transaction of its own: never call it inside `transaction()`."""

    def __init__(self, now: Callable[[], datetime], first: int = 1) -> None:
        self.now = now
        self._next = count(first)

    def name(self) -> str:
        """A person's name, different for the first 240 calls."""
        index = next(self._next)
        return SURNAMES[index % len(SURNAMES)] + GIVEN[index // len(SURNAMES) % len(GIVEN)]

    def phone(self) -> str:
        """A mobile number nobody else has."""
        return f"138{next(self._next):08d}"

    def _save(self, build: Callable[[Session], Row]) -> Row:
        with transaction() as session:
            row = build(session)
            session.add(row)
        return row

    def _record(self, kind: type[Row], fields: dict[str, Any]) -> Row:
        """A numbered record: number and times are given to it unless the fields say so."""

        def build(session: Session) -> Row:
            at = self.now()
            given = {"created_at": at, "updated_at": at, **fields}
            given.setdefault("number", next_number(session, kind.PREFIX, at))  # type: ignore[attr-defined]
            return kind(**given)

        return self._save(build)

    # People ----------------------------------------------------------------------------------------------------------

    def branch(self, **fields: Any) -> Branch:
        """A store."""
        index = next(self._next)
        return self._save(lambda _session: Branch(**{"code": f"B{index}", "name": f"城东 {index} 店", **fields}))

    def user(self, role: Role = Role.SPECIALIST, **fields: Any) -> User:
        """Somebody with a login; the password is PASSWORD."""
        index = next(self._next)
        given = {
            "username": f"{role.lower()}{index}",
            "name": self.name(),
            "role": role.value,
            "password_hash": PASSWORD_HASH,
            "created_at": self.now(),
            **fields,
        }
        return self._save(lambda _session: User(**given))

    def party(self, kind: PartyKind = PartyKind.DEPARTMENT_HEAD, **fields: Any) -> Party:
        """A person outside the portal; by default the head of engineering."""
        given = {"name": self.name(), "kind": kind.value, "phone": self.phone()}
        if kind is PartyKind.DEPARTMENT_HEAD:
            given |= {"department": Department.ENGINEERING.value, "is_head": True}
        return self._record(Party, given | fields)

    def crew(self, **fields: Any) -> Crew:
        """A crew with its foreman."""
        if "foreman" not in fields and "foreman_id" not in fields:
            fields["foreman_id"] = self.party(PartyKind.FOREMAN).id
        return self._record(Crew, {"name": f"{self.name()}班组"} | fields)

    # Customers and their works ---------------------------------------------------------------------------------------

    def customer(self, **fields: Any) -> Customer:
        """A customer who has signed."""
        phone = fields.pop("phone", None) or self.phone()
        given = {
            "name": self.name(),
            "phone": phone,
            "phone_tail": phone[-4:],
            "source": CustomerSource.STORE.value,
            "kind": CustomerKind.SIGNED.value,
        }
        return self._record(Customer, given | fields)

    def property(self, customer: Customer | None = None, **fields: Any) -> Property:
        """A home of the customer."""
        customer = customer or self.customer()
        given = {
            "customer_id": customer.id,
            "branch_id": customer.branch_id,
            "estate": "翠湖天地",
            "building": "5",
            "unit": "1",
            "room": f"{next(self._next) + 100}",
            "area": Decimal("126.50"),
        }
        return self._record(Property, given | fields)

    def project(self, customer: Customer | None = None, **fields: Any) -> Project:
        """A renovation of a home of the customer."""
        customer = customer or self.customer()
        home = fields.pop("property", None) or self.property(customer)
        given = {
            "customer_id": customer.id,
            "property_id": home.id,
            "branch_id": customer.branch_id,
            "kind": ProjectKind.FULL.value,
            "stage": ProjectStage.ARCHIVED.value,
        }
        return self._record(Project, given | fields)

    def contract(self, project: Project | None = None, **fields: Any) -> Contract:
        """The signed contract of the project."""
        project = project or self.project()
        amount = fields.pop("amount", Decimal("186000.00"))
        given = {
            "customer_id": project.customer_id,
            "project_id": project.id,
            "branch_id": project.branch_id,
            "amount": amount,
            "output_value": amount,
            "signed_on": date(2026, 3, 2),
        }
        return self._record(Contract, given | fields)


def tell_the_history(at: datetime) -> None:
    """What the factory makes has no history; in a house it has."""
    with transaction() as current:
        for kind in PROCESSES:
            told = select(Event.record_id).where(Event.record_kind == kind)
            for record in current.scalars(select(MODELS[kind]).where(MODELS[kind].id.not_in(told))):
                events.record(current, EventKind.CREATED, at=at, actor=None, record=record)
