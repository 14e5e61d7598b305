"""Building blocks of the stories: a household with its project, a contact, a complaint that is carried on step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal.demo.hours import next_on_duty
from portal.demo.stage import Stage, local
from portal.models.complaint import Complaint
from portal.models.customer import CustomerKind
from portal.models.project import ProjectKind
from portal.services import complaints, consultations, contracts, customers, projects, properties


@dataclass(frozen=True, slots=True)
class Household:
    """A customer with one home, one project and one contract. `key` names them in the story."""

    key: str
    name: str
    phone: str
    estate: str
    building: str
    unit: str
    room: str
    area: str
    amount: str
    signed: str
    title: str = "MR"
    kind: str = ProjectKind.FULL
    source: str = "STORE"
    owner: str = "specialist"
    layout: str = "三室两厅"
    days: int = 90


def signs(stage: Stage, house: Household) -> None:
    """The household signs: home, project, contract, first payment; who was not there before comes in on that day."""

    def act(writing: Session, at: datetime) -> None:
        known = f"{house.key}.customer"
        customer = stage.get(writing, known) if known in stage.names else comes_in(stage, writing, house, at)
        opens(stage, writing, house, customer, at)

    stage.at(f"{house.signed} 10:00", act)


def comes_in(stage: Stage, writing: Session, house: Household, at: datetime, kind: str = CustomerKind.SIGNED) -> Any:
    """The customer of a household."""
    actor = stage.get(writing, house.owner)
    command = customers.CreateCustomer(
        name=house.name, phone=house.phone, source=house.source, gender_title=house.title, kind=kind, owner_id=actor.id
    )
    return stage.keep(f"{house.key}.customer", customers.create(writing, command, actor=actor, at=at))


def opens(stage: Stage, writing: Session, house: Household, customer: Any, at: datetime) -> None:
    """Home, project, contract and first payment of a customer who is known already."""
    actor = stage.get(writing, house.owner)
    start = date.fromisoformat(house.signed) + timedelta(days=8)
    home = properties.create(
        writing,
        customer,
        properties.CreateProperty(
            estate=house.estate,
            building=house.building,
            unit=house.unit,
            room=house.room,
            area=Decimal(house.area),
            layout=house.layout,
        ),
        actor=actor,
        at=at,
    )
    project = projects.create(
        writing,
        home,
        projects.CreateProject(
            kind=house.kind,
            branch_id=stage.get(writing, "城南店").id,
            designer_id=stage.get(writing, "许诺").id,
            sales_id=stage.get(writing, "蒋涛").id,
            planned_start_on=start,
            planned_finish_on=start + timedelta(days=house.days),
            contract_days=house.days,
        ),
        actor=actor,
        at=at,
    )
    stage.keep(f"{house.key}.project", project)
    contract = contracts.create(
        writing,
        customer,
        contracts.CreateContract(
            amount=Decimal(house.amount),
            project_id=project.id,
            signed_on=date.fromisoformat(house.signed),
            template_id=stage.get(writing, "template").id,
            signed_by_company="方总",
            reviewed_on_paper=True,
        ),
        actor=actor,
        at=at,
    )
    stage.keep(f"{house.key}.contract", contract)
    pays(stage, writing, house.key, "FIRST", str(contract.terms[0].amount), house.signed, at)


def pays(stage: Stage, writing: Session, key: str, kind: str, amount: str, day: str, at: datetime) -> None:
    """Finance reports money of a contract."""
    contract = stage.get(writing, f"{key}.contract")
    number = f"SJ{day.replace('-', '')}{contract.id:03d}{kind[0]}"
    early = "客户出差前先付" if contracts.comes_early(writing, contract, kind) else None
    contracts.record_payment(
        writing,
        contract,
        contracts.RecordPayment(kind, Decimal(amount), date.fromisoformat(day), number, early_reason=early),
        actor=stage.get(writing, "specialist"),
        at=at,
    )


def reaches(stage: Stage, key: str, moment: str, act: Callable[..., None], **said: Any) -> None:
    """Another process brings the works of a project on."""

    def step(writing: Session, at: datetime) -> None:
        act(writing, stage.get(writing, f"{key}.project"), at=at, **said)

    stage.at(moment, step)


def contact(
    stage: Stage,
    moment: datetime | str,
    name: str,
    phone: str,
    question: str,
    *,
    channel: str = "PHONE",
    kind: str = "CONSULT",
    key: str | None = None,
    customer: str | None = None,
    answer: str | None = None,
    satisfied: bool | None = None,
    **fields: Any,
) -> None:
    """A contact at the front desk, answered and closed at once when an answer is given."""

    def act(writing: Session, at: datetime) -> None:
        desk = stage.get(writing, "front_desk")
        person = stage.get(writing, f"{customer}.customer") if customer else None
        given = {
            **fields,
            "message_to": stage.get(writing, fields["message_to"]) if fields.get("message_to") else None,
            "project": stage.get(writing, f"{customer}.project") if f"{customer}.project" in stage.names else None,
        }
        made = consultations.log(
            writing,
            consultations.LogContact(
                channel=channel,
                kind=kind,
                name=name,
                phone=phone,
                caller_number=phone,
                question=question,
                occurred_at=at,
                customer=person,
                taken_seconds=18 + len(question) % 17,
                **given,
            ),
            actor=desk,
            at=at,
        )
        if key:
            stage.keep(key, made)
        if answer:
            consultations.answer(writing, made, consultations.Answer(answer), actor=desk, at=at)
        if satisfied is not None:
            consultations.close(writing, made, consultations.Close(satisfied), actor=desk, at=at)

    stage.at(moment, act)


class Case:
    """A complaint of a household; each call is a step of the story at its own time."""

    def __init__(self, stage: Stage, key: str, house: Household, *, owner: str = "specialist") -> None:
        self.stage, self.key, self.house, self.owner = stage, key, house, owner

    def registered(
        self,
        moment: datetime | str,
        category: str,
        subject: str,
        content: str,
        demand: str,
        *,
        severity: str = "ORDINARY",
        phase: str = "IN_SALE",
        channel: str = "PHONE",
        several: bool = False,
    ) -> Case:
        """F-16 is filled in."""

        def act(writing: Session, at: datetime) -> None:
            customer = self.stage.get(writing, f"{self.house.key}.customer")
            made = complaints.register(
                writing,
                complaints.RegisterComplaint(
                    complainant=customer.name,
                    phone=customer.phone,
                    phase=phase,
                    category=category,
                    subject=subject,
                    content=content,
                    demand=demand,
                    received_at=at,
                    channel=channel,
                    severity=severity,
                    customer=customer,
                    project=self.stage.get(writing, f"{self.house.key}.project"),
                    is_multi_department=several,
                ),
                actor=self.stage.get(writing, "front_desk" if channel == "PHONE" else self.owner),
                at=at,
            )
            self.stage.keep(self.key, made)

        self.stage.at(moment, act)
        return self

    def signed(self, moment: datetime | str, department: str = "ENGINEERING", head: str = "石磊") -> Case:
        """The department's head signs."""
        return self._step(
            moment,
            complaints.hand_over,
            lambda writing, at: complaints.HandOver(department, self.stage.get(writing, head), at, True),
        )

    def verified(self, moment: datetime | str, facts: str, by: str = "王志强") -> Case:
        """The department telephones the customer."""
        return self._step(
            moment,
            complaints.verify,
            lambda writing, at: complaints.Verify(at, self.stage.get(writing, by), facts),
        )

    def planned(self, moment: datetime | str, plan: str, visit_in_hours: float = 24, costs: bool = False) -> Case:
        """The plan is fed back."""
        return self._step(
            moment,
            complaints.plan,
            lambda _writing, at: complaints.Plan(
                plan, next_on_duty(at + timedelta(hours=visit_in_hours)), True, at, costs
            ),
        )

    def plan_seen(self, moment: datetime | str) -> Case:
        """The manager looks through the plan."""

        def act(writing: Session, at: datetime) -> None:
            complaints.see_plan(writing, self._complaint(writing), actor=self.stage.get(writing, "manager"), at=at)

        self.stage.at(moment, act)
        return self

    def handled(self, moment: datetime | str, plan: str) -> Case:
        """Customer service settles it alone."""
        return self._step(moment, complaints.handle, lambda _writing, _at: complaints.Handle(plan))

    def visited(self, moment: datetime | str, record: str, by: str = "王志强、瓦工班组", signed: bool = True) -> Case:
        """The plan is carried out."""
        reason = None if signed else "客户不在现场，委托物业签收"
        return self._step(
            moment, complaints.visit, lambda _writing, at: complaints.Visit(at, by, record, signed, reason)
        )

    def reworked(self, moment: datetime | str, demand: str, plan: str) -> Case:
        """Not satisfied: the next round."""
        return self._step(
            moment,
            complaints.rework,
            lambda _writing, at: complaints.Rework(at, demand, plan, next_on_duty(at + timedelta(hours=30))),
        )

    def closed(self, moment: datetime | str, cause: str, improvement: str, responsible: str) -> Case:
        """Satisfied, analysed, closed."""
        return self._step(
            moment,
            complaints.close,
            lambda _writing, at: complaints.Close(
                at, True, "ESTABLISHED", cause, improvement, responsible, "客户表示满意"
            ),
        )

    def explained(self, moment: datetime | str, reason: str, explanation: str) -> Case:
        """Not founded."""
        return self._step(
            moment, complaints.explain, lambda _writing, _at: complaints.Explain("NOT_ESTABLISHED", reason, explanation)
        )

    def refused(self, moment: datetime | str, evidence: str) -> Case:
        """Malicious."""
        return self._step(
            moment, complaints.refuse, lambda _writing, _at: complaints.Refuse("MALICIOUS", evidence), who="manager"
        )

    def escalated(self, moment: datetime | str, why: str, cause: str, so_far: str, demand: str) -> Case:
        """Handed to the manager."""

        def act(writing: Session, at: datetime) -> None:
            made = complaints.escalate(
                writing,
                self._complaint(writing),
                complaints.Escalate(why, cause, so_far, demand),
                actor=self.stage.get(writing, self.owner),
                at=at,
            )
            self.stage.keep(f"{self.key}.escalation", made)

        self.stage.at(moment, act)
        return self

    def taken(self, moment: datetime | str) -> Case:
        """The manager takes the escalated case."""

        def act(writing: Session, at: datetime) -> None:
            found = self.stage.get(writing, f"{self.key}.escalation")
            complaints.take(writing, found, actor=self.stage.get(writing, "manager"), at=at)

        self.stage.at(moment, act)
        return self

    def _complaint(self, writing: Session) -> Complaint:
        found: Complaint = self.stage.get(writing, self.key)
        return found

    def _step(self, moment: datetime | str, service: Any, command: Any, *, who: str | None = None) -> Case:
        def act(writing: Session, at: datetime) -> None:
            actor = self.stage.get(writing, who or self.owner)
            service(writing, self._complaint(writing), command(writing, at), actor=actor, at=at)

        self.stage.at(moment, act)
        return self


__all__ = ["Case", "Household", "contact", "local", "opens", "pays", "reaches", "signs"]
