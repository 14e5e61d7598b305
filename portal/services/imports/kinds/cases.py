"""Calls of the past, and tasks set by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.i18n import N_
from portal.imports.mapping import Kind
from portal.imports.records import Rule
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.task import Task
from portal.models.task_type import TaskType
from portal.permissions import Permission, Role
from portal.services import (
    consultations,
    own_tasks,
    record_kinds,
)
from portal.services.fields import Field, money, term
from portal.services.imports import deriving
from portal.services.imports.deriving import Link, Roles
from portal.services.imports.kinds.base import (
    NUMBER_LABEL,
    RecordKind,
    declare,
    moment,
    parent,
)

P = Permission

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
    said["occurred_at"] = moment(said["occurred_at"])
    return consultations.enter_past(session, consultations.PastContact(**said), actor=actor, at=at)


declare(
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
    "type": Field(N_("Kind", "task"), target=TaskType),
    "note": Field(N_("Note")),
}


@dataclass(frozen=True, slots=True)
class _NewTask:
    """What a row says of a task; only types and what is required matter here."""

    title: str
    due_at: datetime
    person: int | None = None
    role: str | None = None
    type: int | None = None
    note: str | None = None


def _make_task(session: Session, said: dict[str, Any], actor: User, at: datetime) -> Task:
    kind, record_id = said["record"]
    record = record_kinds.find(session, actor, kind, record_id=record_id)
    person = session.get_one(User, said["person"]) if said.get("person") else None
    role = Role(said["role"]) if said.get("role") and person is None else None
    given = own_tasks.SetTask(
        said["title"], moment(said["due_at"]), own_tasks.Whose(person or (None if role else actor), role),
        session.get_one(TaskType, said["type"]) if said.get("type") else None, said.get("note"),
    )  # fmt: skip
    try:
        return own_tasks.add(session, record, given, actor=actor, at=at)
    except Invalid as refusal:
        names = {"whose": "person"}
        raise Invalid({names.get(name, name): text for name, text in refusal.fields.items()}) from refusal


declare(
    RecordKind(
        Kind.TASKS, Task, N_("Tasks"), N_("Task", "record"), P.TASK_SET, P.TASK_SET, Rule(may_change=False),
        (
            replace(parent("record", N_("Record number", "import")), hint=N_("Number of any record", "import")),
            *deriving.of_service(TASK_FIELDS, _NewTask, Task),
        ),
        TASK_FIELDS,
        {"record": Link(None), "type": Link(TaskType, "name", only=lambda model: model.is_active), "person": Link(User, "username", "name", lambda model: model.disabled_at.is_(None))},
        _make_task,
        number="",
        columns={"number": "record", "customer": "", "kind": "type", "detail": "", "started": "", "due": "due_at"},
    )
)  # fmt: skip
