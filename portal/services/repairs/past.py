"""Repairs of an old ledger: what is over is kept for reading, what is still open begins here. Source: `domain.md` 3.16, 4.14."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal.errors import DomainError, Invalid, Stale
from portal.i18n import N_, Text
from portal.models.consultation import Channel
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.models.repair import CostBearer, CostKind, RepairCost, RepairOrder
from portal.processes.repair import PROCESS, Cause, InWarranty, State, Trade, Urgency
from portal.services import events, numbering
from portal.services.fields import Field, apply, cleaned, link, money, phone, stamp, term
from portal.services.repairs.desk import ReportRepair, report

L = PROCESS.field_labels
LEDGER = "旧台账所记"
"""What the one line of cost says that stands for all an old ledger has."""


class Standing:
    """What an old ledger may say of a repair, with the labels of the states: the steps between are not taken over."""

    CODES = (State.CLOSED, State.DECLINED, State.REPORTED)

    @staticmethod
    def show(value: str | None) -> str:
        """The state as people call it, whichever it is."""
        return str(PROCESS.state(value).label) if value else "–"

    @classmethod
    def choices(cls) -> list[tuple[str, Text]]:
        """(code, label) pairs of those that can be brought in."""
        return [(code.value, PROCESS.state(code).label) for code in cls.CODES]


PAST_FIELDS: dict[str, Field] = {
    "reported_at": Field(L["reported_at"]),
    "reporter": Field(L["reporter"]),
    "phone": phone(L["phone"]),
    "trade": term(L["trade"], Trade),
    "symptom": Field(L["symptom"]),
    "state": Field(N_("State"), Standing.show, terms=Standing),  # type: ignore[arg-type]
    "project_id": link(N_("Project"), Project),
    "customer_id": link(N_("Number of the customer", "import"), Customer),
    "address": Field(L["address"]),
    "channel": term(N_("Channel"), Channel),
    "urgency": term(L["urgency"], Urgency),
    "in_warranty": term(L["in_warranty"], InWarranty),
    "responsible_crew_id": link(L["responsible_crew"], Crew),
    "cause": term(L["cause"], Cause),
    "work_done": Field(L["work_done"]),
    "done_at": Field(L["done_at"]),
    "signed_by": Field(L["signed_by"]),
    "rating": Field(L["rating"]),
    "closed_at": Field(N_("Closed", "record")),
    "cost": money(N_("Cost (yuan)", "repair")),
    "bearer": term(N_("Who bears it"), CostBearer),
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRepair:
    """A repair as an old ledger has it. `cost` in yuan, of all of it together; `rating` one to five.

    `address` None: that of the project. `closed_at` None: when it was done.
    """

    reported_at: datetime
    reporter: str
    phone: str
    trade: str
    symptom: str
    state: str
    project_id: int | None = None
    customer_id: int | None = None
    address: str | None = None
    channel: str = Channel.PHONE
    urgency: str = Urgency.NORMAL
    in_warranty: str | None = None
    responsible_crew_id: int | None = None
    cause: str | None = None
    work_done: str | None = None
    done_at: datetime | None = None
    signed_by: str | None = None
    rating: int | None = None
    closed_at: datetime | None = None
    cost: Decimal | None = None
    bearer: str | None = None
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in PAST_FIELDS if name not in ("cost", "bearer")}


def enter_past(
    session: Session, command: PastRepair, *, number: str | None, actor: User, at: datetime
) -> RepairOrder:  # fmt: skip
    """Take a repair over from an old ledger; `number`: the one it had there. Raises Invalid by field.

    One that is over is for reading: no clock starts, nobody is told. One that is still open is registered like any other.
    """
    if number is not None:
        numbering.check_own(RepairOrder, number)
    values = _checked(session, command, at)
    if command.state == State.REPORTED:
        return _go_on(session, command, values, number, actor, at)
    order = RepairOrder(number=number or numbering.next_number(session, RepairOrder.PREFIX, command.reported_at))
    order.branch_id = actor.branch_id
    for name, value in values.items():
        setattr(order, name, value)
    if home := _home(session, values):
        order.branch_id = home.branch_id or order.branch_id
    _note_cost(order, command)
    stamp(order, actor=actor, at=at)
    session.add(order)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=order, to=order.state)
    return order


def correct_past(
    session: Session, order: RepairOrder, command: PastRepair, *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Correct a repair that was taken over as one that is over; state and cost stay. Raises Stale, Invalid, DomainError for any other."""
    if order.version != version:
        raise Stale()
    if not order.is_historical:
        raise DomainError(N_("This repair goes through its steps here: a file changes only those taken over as over."))
    return apply(session, order, _checked(session, command, at), PAST_FIELDS, actor=actor, at=at)


def _checked(session: Session, command: PastRepair, at: datetime) -> dict[str, Any]:
    """The values to write, with what follows from others. Raises Invalid by field."""
    values, problems = command.values(), dict[str, Text | str]()
    project = session.get(Project, command.project_id) if command.project_id else None
    if project is not None and values["customer_id"] is None:
        values["customer_id"] = project.customer_id
    elif project is not None and values["customer_id"] != project.customer_id:
        problems["project_id"] = N_("This belongs to another customer.")
    if values["address"] is None and project is not None:
        values["address"] = project.property.address
    if values["address"] is None:
        problems["address"] = N_("Enter the address, or the project it belongs to.")
    problems |= _problems_of_times(values, at)
    if values["state"] == State.REPORTED:
        if values["done_at"] is not None or values["closed_at"] is not None:
            problems["state"] = N_("It was done or closed, so it is not open any more.")
    elif values["closed_at"] is None:
        values["closed_at"] = values["done_at"]
        if values["closed_at"] is None:
            problems["closed_at"] = N_("When was it done or closed?")
    if command.rating is not None and not 1 <= command.rating <= 5:
        problems["rating"] = N_("From 1 to 5.")
    if command.cost and command.bearer is None:
        problems["bearer"] = N_("Who bears the cost?")
    if problems:
        raise Invalid(problems)
    return values


def _problems_of_times(values: Mapping[str, Any], at: datetime) -> dict[str, Text | str]:
    names = ("reported_at", "done_at", "closed_at")
    problems: dict[str, Text | str] = {}
    earliest = None
    for name in names:
        moment = values[name]
        if moment is None:
            continue
        if moment > at:
            problems[name] = N_("This time is still to come.")
        elif earliest is not None and moment < earliest:
            problems[name] = N_("This lies before the day it was reported or done.")
        earliest = moment
    return problems


def _home(session: Session, values: Mapping[str, Any]) -> Any:
    """Whose branch it belongs to: the project's, else the customer's."""
    if values["project_id"] is not None:
        return session.get_one(Project, values["project_id"])
    return session.get_one(Customer, values["customer_id"]) if values["customer_id"] is not None else None


def _note_cost(order: RepairOrder, command: PastRepair) -> None:
    if command.cost:
        order.costs.append(RepairCost(kind=CostKind.OTHER, what=LEDGER, amount=command.cost, bearer=command.bearer))


def _go_on(
    session: Session, command: PastRepair, values: Mapping[str, Any], number: str | None, actor: User, at: datetime
) -> RepairOrder:
    """Register what is still open: its steps begin here, whatever the ledger says was found."""
    said = ReportRepair(
        **{name: values[name] for name in
           ("reporter", "phone", "address", "trade", "symptom", "urgency", "reported_at", "channel")},
        customer=session.get(Customer, values["customer_id"]) if values["customer_id"] else None,
        project=session.get(Project, values["project_id"]) if values["project_id"] else None,
    )  # fmt: skip
    order = report(session, said, actor=actor, at=at, number=number)
    order.remarks = values["remarks"]
    return order
