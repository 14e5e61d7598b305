"""Customers with their homes, works, contracts and money, as they stand today after a history of some years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from portal.models.contract import Contract, Payment, PaymentTerm, Quotation
from portal.models.customer import Customer, Property
from portal.models.project import Project
from portal.seeding import words
from portal.seeding.bulk import Bulk, Row
from portal.seeding.company import Company, Store
from portal.seeding.days import Days
from portal.services import contracts, customers

FEN = Decimal("0.01")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SECOND_HOME = 0.1
"""The share of customers who come again with another home."""
LEADS = 0.1
"""People who asked and did not sign, per customer who did."""
KINDS = ("FULL", "FULL", "FULL", "HALF", "HALF", "WHOLE", "LABOUR", "COMMERCIAL", "PARTIAL")
YUAN_PER_METRE = {"FULL": 1250, "HALF": 780, "WHOLE": 1600, "LABOUR": 420, "COMMERCIAL": 1100, "PARTIAL": 350}
SOURCES = ("STORE", "STORE", "ESTATE", "ESTATE", "WECHAT", "PLATFORM", "REFERRAL", "PHONE", "WEBSITE", "EXPO")
WARRANTY_DAYS = 730


@dataclass(frozen=True, slots=True)
class Household:
    """What a later case needs to know of a project and its customer."""

    customer_id: int
    name: str
    phone: str
    project_id: int
    branch_id: int
    owner_id: int
    store: Store
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Sale:
    """One contract being made: who, where, when."""

    customer: Row
    store: Store
    at: datetime


class Households:
    """Makes households into a `Bulk`. One per seeding: the payment terms and grades are those of the settings."""

    def __init__(self, bulk: Bulk, company: Company, days: Days, session: Session) -> None:
        self.bulk, self.company, self.days = bulk, company, days
        self.terms = contracts.default_terms(session)
        self.percents = [line.percent for line in self.terms]

    def make(self, count: int, first: float, share: float, random: Random) -> list[Household]:
        """So many projects in a stretch of the years: from `first` on, `share` of them long (0 to 1)."""
        made: list[Household] = []
        while len(made) < count:
            at = self.days.moment(first + share * len(made) / count, random)
            if random.random() < LEADS:
                self._lead(at, random)
            store = self.company.stores[int(random.random() * len(self.company.stores))]
            comes_again = random.random() < SECOND_HOME and len(made) + 1 < count
            customer = self._customer(at, store, comes_again, random)
            made.append(self._project(Sale(customer, store, at + random.randrange(20, 90) * MINUTE), random))
            if comes_again:
                later = min(at + random.randrange(15, 400) * DAY, self.days.now - 30 * MINUTE)
                made.append(self._project(Sale(customer, store, later), random))
        return made

    def _customer(self, at: datetime, store: Store, is_repeat: bool, random: Random) -> Row:
        owner_id = store.specialists[int(random.random() * len(store.specialists))]
        row = self._person(at, store.branch_id, owner_id, random)
        row |= {"is_repeat": is_repeat, "kind": "SIGNED", "grade": "C"}
        return row

    def _lead(self, at: datetime, random: Random) -> None:
        store = self.company.stores[int(random.random() * len(self.company.stores))]
        is_lost = self.days.now - at > 60 * DAY
        row = self._person(at, store.branch_id, store.specialists[0] if random.random() < 0.8 else None, random)
        row["kind"] = "LOST" if is_lost else "LEAD"
        row["intention"] = ("HIGH", "MEDIUM", "LOW")[int(random.random() * 3)]
        if is_lost:
            row["lost_reason"] = words.LOST_REASONS[int(random.random() * len(words.LOST_REASONS))]

    def _person(self, at: datetime, branch_id: int, owner_id: int | None, random: Random) -> Row:
        row = self.bulk.add(Customer, {
            "number": "", "name": words.person(random), "gender_title": "MR" if random.random() < 0.5 else "MS",
            "phone": "", "phone_tail": "", "grade": "C",
            "source": SOURCES[int(random.random() * len(SOURCES))], "intention": None, "kind": "LEAD",
            "is_repeat": False, "style": words.STYLES[int(random.random() * len(words.STYLES))], "sms_opt_out": False,
            "owner_id": owner_id, "lost_reason": None, **record_fields(at, owner_id, branch_id),
            "remarks": words.REMARKS[int(random.random() * len(words.REMARKS))] if random.random() < 0.1 else None,
        })  # fmt: skip
        row["phone"] = words.phone(row["id"])
        row["phone_tail"] = row["phone"][-4:]
        self.bulk.say(at, "CREATED", None, "customers", row, actor_id=owner_id)
        return row

    def _project(self, sale: Sale, random: Random) -> Household:
        customer, at, actor_id = sale.customer, sale.at, sale.customer["owner_id"]
        kind = KINDS[int(random.random() * len(KINDS))]
        area = Decimal(6000 + int(random.gauss(5000, 2400)) if random.random() < 0.97 else 26000) / 100
        area = max(area, Decimal("28.00"))
        home = self._home(sale, area, random)
        days = 45 + int(area) // 3
        signed_on = self.days.local(at)
        works = _Works(signed_on, days, self.days.today, is_cancelled=random.random() < 0.03)
        company, pick = self.company, random.random
        later = min(at + MINUTE * random.randrange(5, 20), self.days.now)
        project = self.bulk.add(Project, {
            "number": "", "customer_id": customer["id"], "property_id": home["id"], "kind": kind,
            "stage": works.stage,
            "designer_id": sale.store.designers[int(pick() * len(sale.store.designers))],
            "sales_id": sale.store.sales[int(pick() * len(sale.store.sales))],
            "project_manager_id": company.project_managers[int(pick() * len(company.project_managers))],
            "foreman_id": company.foremen[crew := int(pick() * len(company.foremen))],
            "crew_id": company.crews[crew],
            "supervisor_id": company.supervisors[int(pick() * len(company.supervisors))],
            "planned_start_on": works.start, "actual_start_on": works.started_on,
            "planned_finish_on": works.finish, "actual_finish_on": works.finished_on, "contract_days": days,
            "is_model_house": pick() < 0.004, "visit_allowed": pick() < 0.02,
            **record_fields(later, actor_id, sale.store.branch_id),
        })  # fmt: skip
        self.bulk.say(later, "CREATED", None, "projects", project, actor_id=actor_id)
        amount = (area * YUAN_PER_METRE[kind] * (80 + int(pick() * 45)) / 100).quantize(FEN, ROUND_HALF_UP)
        self._contract(sale, project, amount, works, later, random)
        customer["kind"] = works.customer_kind
        grade = customers.default_grade(
            self.bulk.session,
            amount=amount,
            layout=home["layout"],
            project_kind=kind,
            is_model_house=project["is_model_house"],
            is_repeat=customer["is_repeat"],
        )
        customer["grade"] = min(customer["grade"], grade.value)
        return Household(
            customer["id"], customer["name"], customer["phone"], project["id"], sale.store.branch_id,
            customer["owner_id"], sale.store, works.finished_on is not None,
        )  # fmt: skip

    def _home(self, sale: Sale, area: Decimal, random: Random) -> Row:
        floor, door = 1 + int(random.random() * 28), 1 + int(random.random() * 4)
        home = self.bulk.add(Property, {
            "number": "", "customer_id": sale.customer["id"],
            "estate": words.ESTATES[int(random.random() * len(words.ESTATES))],
            "building": str(1 + int(random.random() * 30)), "unit": str(1 + int(random.random() * 3)),
            "room": f"{floor}{door:02d}", "area": area,
            "layout": words.LAYOUTS[-1] if area > 250 else words.LAYOUTS[int(random.random() * 8)],
            "handover_on": self.days.local(sale.at - random.randrange(10, 200) * DAY),
            **record_fields(sale.at, sale.customer["owner_id"], sale.store.branch_id),
        })  # fmt: skip
        self.bulk.say(sale.at, "CREATED", None, "properties", home, actor_id=sale.customer["owner_id"])
        return home

    def _contract(self, sale: Sale, project: Row, amount: Decimal, works: _Works, at: datetime, random: Random) -> None:
        actor_id = sale.customer["owner_id"]
        extra = (amount * random.randrange(1, 9) / 100).quantize(FEN) if random.random() < 0.1 else Decimal(0)
        extra = extra if works.finished_on else Decimal(0)
        contract = self.bulk.add(Contract, {
            "number": "", "customer_id": sale.customer["id"], "project_id": project["id"],
            "state": "TERMINATED" if works.is_cancelled else "SIGNED", "amount": amount, "output_value": amount + extra,
            "signed_on": works.signed_on, "signed_by_company": "示例装饰工程有限公司",
            "voided_on": works.cancelled_on,
            "void_reason": words.VOID_REASONS[int(random.random() * 3)] if works.is_cancelled else None,
            **record_fields(at, actor_id, sale.store.branch_id),
        })  # fmt: skip
        self.bulk.say(at, "CREATED", None, "contracts", contract, actor_id=actor_id)
        if random.random() < 0.1:
            self._quotation(sale, project, contract, amount, at)
        parts = contracts.instalments(amount, self.percents)
        for position, (line, part) in enumerate(zip(self.terms, parts, strict=True), start=1):
            self.bulk.add(PaymentTerm, {
                "contract_id": contract["id"], "position": position, "kind": str(line.kind), "percent": line.percent,
                "amount": part, "due_event": line.due_event,
            })  # fmt: skip
            paid_on = works.paid_on(position, len(parts))
            if paid_on is not None:
                self._payment(contract, str(line.kind), part, paid_on, actor_id)
        if extra and works.finished_on:
            self._payment(contract, "CHANGE", extra, works.finished_on, actor_id)
        if works.cancelled_on:
            self._payment(contract, "REFUND", (parts[0] / 2).quantize(FEN), works.cancelled_on, actor_id)

    def _payment(self, contract: Row, kind: str, amount: Decimal, paid_on: date, actor_id: int) -> None:
        row = self.bulk.add(Payment, {
            "contract_id": contract["id"], "kind": kind, "amount": amount, "paid_on": paid_on, "receipt_no": "",
            "recorded_by_id": actor_id,
        })  # fmt: skip
        row["receipt_no"] = f"SK{paid_on.year}-{row['id']:08d}"

    def _quotation(self, sale: Sale, project: Row, contract: Row, amount: Decimal, at: datetime) -> None:
        row = self.bulk.add(Quotation, {
            "number": "", "customer_id": sale.customer["id"], "property_id": project["property_id"],
            "contract_id": contract["id"], "title": "装修工程报价", "amount": amount,
            "quoted_on": contract["signed_on"], "valid_until": contract["signed_on"] + 30 * DAY,
            "designer_id": project["designer_id"], **record_fields(at, sale.customer["owner_id"], sale.store.branch_id),
        })  # fmt: skip
        self.bulk.say(at, "CREATED", None, "quotations", row, actor_id=sale.customer["owner_id"])


class _Works:
    """How far the works of a contract have come by today."""

    def __init__(self, signed_on: date, days: int, today: date, *, is_cancelled: bool) -> None:
        self.signed_on, self.today = signed_on, today
        self.start = signed_on + 12 * DAY
        self.finish = self.start + days * DAY
        self.is_cancelled = is_cancelled and today - signed_on > 20 * DAY
        self.cancelled_on = signed_on + 9 * DAY if self.is_cancelled else None
        self.middle = self.start + days * DAY / 2
        self.started_on = self._passed(self.start)
        self.finished_on = self._passed(self.finish)

    def _passed(self, day: date) -> date | None:
        return day if day <= self.today and not self.is_cancelled else None

    @property
    def stage(self) -> str:
        """The stage of the project."""
        if self.is_cancelled:
            return "CANCELLED"
        if self.started_on is None:
            age = (self.today - self.signed_on).days
            return "ARCHIVED" if age < 3 else "TO_DISPATCH" if age < 8 else "DISPATCHED"
        late = (self.today - self.finish).days
        steps = ((-5, "IN_PROGRESS"), (0, "PRE_ACCEPTED"), (7, "ACCEPTED"), (25, "SETTLED"))
        for limit, stage in steps:
            if late < limit:
                return stage
        return "IN_WARRANTY" if late < WARRANTY_DAYS else "OUT_OF_WARRANTY"

    @property
    def customer_kind(self) -> str:
        """Where the customer stands with us."""
        kinds = {"CANCELLED": "CANCELLED", "IN_WARRANTY": "IN_WARRANTY", "OUT_OF_WARRANTY": "OUT_OF_WARRANTY"}
        if self.started_on is None and not self.is_cancelled:
            return "SIGNED"
        return kinds.get(self.stage, "UNDER_CONSTRUCTION")

    def paid_on(self, position: int, count: int) -> date | None:
        """When the instalment came in: at signing, half way, after the end; those between are spread."""
        if position == 1:
            return self.signed_on
        if position == count:
            return self._passed(self.finish + 15 * DAY)
        return self._passed(self.middle)


def record_fields(at: datetime, actor_id: int | None, branch_id: int | None) -> dict[str, Any]:
    """What every record carries."""
    return {
        "remarks": None, "created_at": at, "updated_at": at, "created_by_id": actor_id, "updated_by_id": actor_id,
        "branch_id": branch_id, "version": 1,
    }  # fmt: skip
