"""P01 calls, visits and messages: registering, passing on, answering. Rules: `processes/consultation.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import settings, visibility
from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.i18n import N_, Text, _
from portal.models.consultation import Channel, Complexity, Consultation, Matter
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.org import Party, User
from portal.models.project import Project
from portal.models.task import Task, TaskKind
from portal.permissions import Permission, Role, may
from portal.processes.consultation import FIRST_CONTACT, Action, State
from portal.services import (
    call_reopening,
    customers,
    events,
    fields,
    lead_touches,
    numbering,
    standing_in,
    steps,
    tasks,
)

SEEN_TO: dict[str, Text] = {Matter.REPAIR: N_("See to the repair"), Matter.SUGGESTION: N_("See to the suggestion")}
"""Matters that go to the specialists when the contact is registered; a complaint goes there with its F-16."""
FAIR = 3
"""The score between satisfied and not."""
PEOPLE_TASKS = (TaskKind.MESSAGE, TaskKind.PROMISE, TaskKind.TODO)


def visible_to(user: User) -> Select[Consultation]:
    """The contacts that exist for this person."""
    return visibility.visible_to(user, Consultation)


# ---------- Commands ----------


@dataclass(frozen=True, slots=True)
class LogContact:
    """What the front desk writes down in under 30 seconds."""

    channel: str
    kind: str
    name: str
    phone: str
    question: str
    occurred_at: datetime
    caller_number: str | None = None
    complexity: str = Complexity.COMMON
    customer: Customer | None = None
    project: Project | None = None
    is_urgent: bool = False
    message_to: User | None = None
    promise: str | None = None
    promised_at: datetime | None = None
    needs_call_back: bool = False
    property_address: str | None = None
    area: Decimal | None = None
    """Square metres."""
    layout: str | None = None
    style: str | None = None
    budget: Decimal | None = None
    """Yuan."""
    handover_on: date | None = None
    wanted_start_on: date | None = None
    taken_seconds: int | None = None
    forwarded_department: str | None = None
    """Where the question shall go; it is passed on only by `forward`."""
    answer: str | None = None
    """What the caller was told meanwhile; it is the answer only by `answer`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a common question."""

    answer: str


@dataclass(frozen=True, slots=True)
class Forward:
    """The question goes to a department; the caller agreed and knows how long it takes."""

    forwarded_department: str
    transfer_consent: bool
    wait_told: bool
    forwarded_party: Party | None = None
    forwarded_at: datetime | None = None
    """When the caller agreed to it; None is now."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the department answered."""

    reply: str
    replied_at: datetime


@dataclass(frozen=True, slots=True)
class Close:
    """Satisfaction asked. `score` 1 to 5: the one question of the survey at the end of a service; None: not given."""

    is_satisfied: bool
    further_need: str | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class FirstContact:
    """The specialist has spoken with a new customer; the intention heard, where there was one."""

    note: str
    intention: str | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """Everything the desk does with one contact in one go. What is None is not done."""

    contact: LogContact
    lead: customers.CreateCustomer | None = None
    """Somebody new: becomes a customer first."""
    answer: Answer | None = None
    close: Close | None = None
    """Only after `answer`."""
    forward: Forward | None = None
    tell_specialists: bool = False
    """Have the specialists told although no other step does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastContact:
    """A contact of an old log. `occurred_at` is when it was; `area` in square metres, `budget` in yuan."""

    occurred_at: datetime
    name: str
    phone: str
    question: str
    channel: str = Channel.PHONE
    kind: str = Matter.CONSULT
    answer: str | None = None
    customer_id: int | None = None
    property_address: str | None = None
    area: Decimal | None = None
    layout: str | None = None
    style: str | None = None
    budget: Decimal | None = None
    handover_on: date | None = None
    wanted_start_on: date | None = None
    remarks: str | None = None


# ---------- Registering ----------


def register(session: Session, command: Register, *, actor: User, at: datetime) -> Consultation:
    """Register a contact and what was done with it at once. Raises Invalid by field."""
    contact = command.contact
    lead = None
    if command.lead is not None:
        lead = customers.create(session, command.lead, actor=actor, at=at)
        contact = replace(contact, customer=lead)
    record = log(session, contact, actor=actor, at=at)
    if lead is not None:
        _expect_first_contact(session, record, lead, actor=actor, at=at)
    if command.answer is not None:
        answer(session, record, command.answer, actor=actor, at=at)
        if command.close is not None:
            close(session, record, command.close, actor=actor, at=at)
    elif command.forward is not None:
        agreed = replace(command.forward, forwarded_at=record.occurred_at)  # in the same talk, whenever written down
        forward(session, record, agreed, actor=actor, at=at)
    if command.tell_specialists:
        steps.announce(session, record, "pass-on", ("specialists",), actor=actor, at=at)
    return record


def log(session: Session, command: LogContact, *, actor: User, at: datetime) -> Consultation:
    """Record a contact; promises, calls to return and messages become tasks at once. Raises Invalid by field.

    Written down later than it happened: what the customer waits for (DL-01, DL-02, a call back) counts from
    `occurred_at`, what colleagues are asked from now on counts from `at`.
    """
    problems = {}
    if command.promise and command.promised_at is None:
        problems["promised_at"] = N_("Until when was it promised?")
    if command.promised_at is not None and not command.promise:
        problems["promise"] = N_("What was promised?")
    if command.kind == Matter.MESSAGE and command.message_to is None:
        problems["message_to"] = N_("Whom is the message for?")
    if problems:
        raise Invalid(problems)
    entered: dict[str, Any] = {name: getattr(command, name) for name in command.__dataclass_fields__}
    links = {"customer", "project", "message_to"}
    contact = Consultation(
        number=numbering.next_number(session, Consultation.PREFIX, at),
        branch_id=command.customer.branch_id if command.customer else actor.branch_id,
        arrived_at=command.occurred_at if command.channel == Channel.VISIT else None,
        **{name: value for name, value in entered.items() if name not in {*links, "promised_at"}},
    )
    contact.customer, contact.project, contact.message_to = command.customer, command.project, command.message_to
    said = {**entered, "customer": None, "project": None}
    said["message_to"] = command.message_to.name if command.message_to else None
    steps.begin(session, contact, Action.LOG, actor=actor, at=at, entered=said)
    if command.customer is not None:
        call_reopening.contacted(session, command.customer.id, at=at)
    _tasks(session, contact, command, actor, at)
    lead_touches.of_visit(session, contact, actor=actor, at=at)
    lead_touches.of_contact(session, contact, actor=actor, at=at)
    if actor.role == Role.SPECIALIST and command.customer is not None and not command.needs_call_back:
        _contacted(session, command.customer, actor=actor, at=at, happened_at=command.occurred_at)
    return contact


def enter_past(session: Session, command: PastContact, *, actor: User, at: datetime) -> Consultation:
    """Enter a contact of the past, for reading: it is closed, starts no clock and tells nobody. Raises Invalid."""
    if command.occurred_at > at:
        raise Invalid({"occurred_at": N_("This time is still to come.")})
    customer = session.get(Customer, command.customer_id) if command.customer_id else None
    contact = Consultation(
        number=numbering.next_number(session, Consultation.PREFIX, command.occurred_at),
        state=State.CLOSED,
        branch_id=customer.branch_id if customer else actor.branch_id,
        **{name: fields.cleaned(getattr(command, name)) for name in command.__dataclass_fields__},
    )
    fields.stamp(contact, actor=actor, at=at)
    session.add(contact)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=contact, to=State.CLOSED)
    return contact


def _tasks(session: Session, contact: Consultation, command: LogContact, actor: User, at: datetime) -> None:
    soon = at + timedelta(minutes=settings.get(session, "message_minutes"))
    detail = command.question[:200]
    if command.needs_call_back:
        _wait_for_call(session, contact, contact.occurred_at, at)
    if command.message_to is not None:
        title = N_("Message to pass on").message
        _open_task(session, contact, TaskKind.MESSAGE, title, soon, at, detail, person=command.message_to)
        steps.announce(session, contact, "message", ("addressee",), actor=actor, at=at)
    if command.promise and command.promised_at is not None:
        person = command.message_to or actor
        made = _open_task(
            session, contact, TaskKind.PROMISE, command.promise, command.promised_at, at, detail, person=person
        )
        made.set_by_id = actor.id  # who gave the word, wherever promises are counted per person
    if command.kind == Matter.COMPLAINT:
        title = N_("Register the complaint (F-16)").message
        _open_task(session, contact, TaskKind.TODO, title, soon, at, detail, person=actor)
    if command.kind in SEEN_TO:
        owner = command.customer.owner if command.customer else None
        role = None if owner else Role.SPECIALIST.value
        title = SEEN_TO[command.kind].message
        _open_task(session, contact, TaskKind.TODO, title, soon, at, detail, person=owner, role=role)
        steps.announce(session, contact, "pass-on", ("specialists",), actor=actor, at=at)


def _wait_for_call(session: Session, contact: Consultation, since: datetime, at: datetime) -> None:
    due_at = since + timedelta(minutes=settings.get(session, "call_back_minutes"))
    detail = contact.question[:200]
    _open_task(session, contact, TaskKind.CALL_BACK, N_("Call back").message, due_at, at, detail, role="FRONT_DESK")


def _open_task(
    session: Session, contact: Consultation, kind: TaskKind, title: str, due_at: datetime, at: datetime, detail: str,
    *, person: User | None = None, role: str | None = None,
) -> Task:  # fmt: skip
    who = tasks.Responsible(person, role)
    return tasks.open_task(session, kind, title, contact, due_at=due_at, at=at, who=who, detail=detail)


# ---------- Steps ----------


def answer(session: Session, contact: Consultation, command: Answer, *, actor: User, at: datetime) -> None:
    """The question is answered at once."""
    contact.answer = command.answer
    steps.advance(session, contact, Action.ANSWER, actor=actor, at=at, entered={"answer": command.answer})


def forward(session: Session, contact: Consultation, command: Forward, *, actor: User, at: datetime) -> None:
    """The question goes to a department (DL-01 starts). Raises Invalid when it lies before the contact."""
    since = command.forwarded_at or at
    if since < contact.occurred_at - steps.CLOCK_SLACK:
        raise Invalid({"forwarded_at": N_("This lies before the contact itself.")})
    contact.forwarded_department, contact.forwarded_at = command.forwarded_department, since
    contact.forwarded_party_id = command.forwarded_party.id if command.forwarded_party else None
    contact.transfer_consent, contact.wait_told = command.transfer_consent, command.wait_told
    entered = {
        "forwarded_department": command.forwarded_department,
        "forwarded_party": command.forwarded_party.name if command.forwarded_party else None,
        "transfer_consent": command.transfer_consent,
        "wait_told": command.wait_told,
        "forwarded_at": contact.forwarded_at,
    }
    steps.advance(session, contact, Action.FORWARD, actor=actor, at=at, entered=entered)


def reply(session: Session, contact: Consultation, command: Reply, *, actor: User, at: datetime) -> None:
    """The department's answer reached the customer (DL-01 met). Raises Invalid when it lies before the question."""
    if contact.forwarded_at is not None and command.replied_at < contact.forwarded_at - steps.CLOCK_SLACK:
        raise Invalid({"replied_at": N_("This lies before the question was forwarded.")})
    contact.reply, contact.replied_at = command.reply, command.replied_at
    entered = {"reply": command.reply, "replied_at": command.replied_at}
    steps.advance(session, contact, Action.REPLY, actor=actor, at=at, entered=entered)


def close(session: Session, contact: Consultation, command: Close, *, actor: User, at: datetime) -> None:
    """Satisfaction was asked. A call to return ends with it; promises and messages stay until they are kept.

    Raises Invalid: the score says the opposite.
    """
    if command.score is not None and (command.score > FAIR if not command.is_satisfied else command.score < FAIR):
        raise Invalid({"score": N_("The score says the opposite: ask again whether the customer is satisfied.")})
    contact.is_satisfied, contact.further_need = command.is_satisfied, command.further_need
    entered = {name: getattr(command, name) for name in command.__dataclass_fields__}
    steps.advance(session, contact, Action.CLOSE, actor=actor, at=at, entered=entered)
    for task in _open(session, contact, TaskKind.CALL_BACK):
        tasks.close(session, task, happened_at=at, at=at, actor=actor)
    contact.needs_call_back = False
    _surveys().at_service_end(session, contact, command.score, actor=actor, at=at)


def _surveys() -> ModuleType:
    """When customers are asked. It knows slips and complaints, which know contacts: found late."""
    from portal.services.surveys import moments

    return moments


# ---------- Calls to return, messages, promises ----------


def called_back(session: Session, contact: Consultation, *, reached: bool, actor: User, at: datetime) -> None:
    """A missed caller was rung back. Not reached: it is to be tried again, with a fresh limit."""
    _may_work(actor)
    waiting = _open(session, contact, TaskKind.CALL_BACK)
    if not waiting:
        raise DomainError(N_("Nobody waits for a call back here."))
    for task in waiting:
        tasks.close(session, task, happened_at=at, at=at, actor=actor)
    if reached:
        contact.needs_call_back = False
    else:
        _wait_for_call(session, contact, at, at)
    contact.updated_at, contact.updated_by_id = at, actor.id
    said = "call-back" if reached else "call-back-missed"
    events.record(session, EventKind.CALL, action=said, actor=actor, at=at, record=contact, reached=reached)


def settle(session: Session, contact: Consultation, task_id: int, *, actor: User, at: datetime) -> None:
    """A message was passed on, or a promise kept. Raises NotFound, DomainError."""
    _may_work(actor)
    task = session.get(Task, task_id)
    if (
        task is None
        or (task.record_kind, task.record_id) != (contact.KIND, contact.id)
        or task.kind not in PEOPLE_TASKS
    ):
        raise NotFound()
    if task.closed_at is not None:
        raise DomainError(N_("This is done already."))
    tasks.close(session, task, happened_at=at, at=at, actor=actor)
    contact.updated_at, contact.updated_by_id = at, actor.id
    said = task.title if task.kind == TaskKind.PROMISE else _(task.title)
    events.record(session, EventKind.TASK, action="settled", actor=actor, at=at, record=contact, name=said)


def case_written(session: Session, contact: Consultation, *, actor: User | None, at: datetime) -> None:
    """The complaint or repair of this call is registered: nothing is left to write."""
    for task in _open(session, contact, TaskKind.TODO):
        tasks.close(session, task, happened_at=at, at=at, actor=actor)


def may_see_number(session: Session, contact: Consultation, user: User) -> bool:
    """Whether the full number may be opened: by role, or because a call to return or a promise is to be kept here."""
    if may(user, Permission.CUSTOMER_UNMASK):
        return True
    return may(user, Permission.CONSULTATION_WORK) and any(
        task.kind == TaskKind.CALL_BACK or (task.kind in PEOPLE_TASKS and standing_in.acts_as(user, task.person))
        for task in tasks.open_of(session, contact)
    )


def show_number(session: Session, contact: Consultation, *, actor: User, at: datetime) -> str:
    """The full number, for calling; written down as seen. Raises NotPermitted, DomainError past the day's limit."""
    if not may_see_number(session, contact, actor):
        raise NotPermitted(N_("Your role sees phone numbers masked."))
    purpose = str(N_("Call back"))
    if contact.customer is not None and may(actor, Permission.CUSTOMER_UNMASK):
        customers.unmask(session, contact.customer, purpose=purpose, actor=actor, at=at, record=contact)
    else:
        events.record(session, EventKind.VIEW, action="unmask", actor=actor, at=at, record=contact, purpose=purpose)
    return contact.phone


# ---------- New customers (DL-02) ----------


def first_contact(session: Session, contact: Consultation, command: FirstContact, *, actor: User, at: datetime) -> None:
    """The specialist has spoken with the new customer: DL-02 is met. Raises NotPermitted, Invalid, DomainError."""
    if not may(actor, Permission.CUSTOMER_EDIT):
        raise NotPermitted(N_("The specialist makes the first contact."))
    if not command.note.strip():
        raise Invalid({"note": N_("Write what was said.")})
    customer = contact.customer
    if customer is None or not tasks.open_of(session, contact, FIRST_CONTACT.code):
        raise DomainError(N_("No first contact is waited for here."))
    _contacted(session, customer, actor=actor, at=at, happened_at=at)
    if command.intention:
        intention = {"intention": command.intention}
        fields.apply(session, customer, intention, customers.FIELDS, actor=actor, at=at)
    events.record(
        session, EventKind.CALL, action="first-contact", actor=actor, at=at, record=contact, text=command.note.strip()
    )


def _expect_first_contact(
    session: Session, contact: Consultation, lead: Customer, *, actor: User, at: datetime
) -> None:
    """The specialists are told of somebody new and have DL-02 to call; a specialist who registers has called."""
    if actor.role == Role.SPECIALIST:
        return
    owner = lead.owner
    who = tasks.Responsible(owner, None if owner else Role.SPECIALIST.value)
    start = contact.occurred_at
    tasks.open_deadline(session, FIRST_CONTACT, contact, start=start, at=at, who=who, cap_start=start)
    steps.announce(session, contact, "new-customer", ("specialists",), actor=actor, at=at)


def _contacted(session: Session, customer: Customer, *, actor: User, at: datetime, happened_at: datetime) -> None:
    waiting = select(Task).where(
        Task.customer_id == customer.id, Task.code == FIRST_CONTACT.code, Task.closed_at.is_(None)
    )
    for task in session.scalars(waiting).all():
        tasks.close(session, task, happened_at=happened_at, at=at, actor=actor)


# ---------- Visitors ----------


def leave(session: Session, contact: Consultation, *, actor: User, at: datetime) -> None:
    """A visitor has left the house."""
    _may_work(actor)
    if contact.channel != Channel.VISIT or contact.left_at is not None:
        raise DomainError(N_("This visitor is not in the house."))
    contact.left_at, contact.updated_at, contact.updated_by_id = at, at, actor.id
    events.record(session, EventKind.NOTE, action="left", actor=actor, at=at, record=contact)


# ---------- Parts ----------


def _open(session: Session, contact: Consultation, kind: TaskKind) -> list[Task]:
    return [task for task in tasks.open_of(session, contact) if task.kind == kind]


def _may_work(actor: User) -> None:
    if not may(actor, Permission.CONSULTATION_WORK):
        raise NotPermitted(N_("Your role may read contacts, not work on them."))
