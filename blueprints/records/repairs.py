"""Repairs: registering one, its page, its steps. Rules: `portal/processes/repair.py`."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, get_or_404, page, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.repair_forms import STEP_FORMS, ReportForm
from blueprints.records.steps import StepPages
from portal import clock, formatting, visibility
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import N_, Text, _
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer, Property
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.models.repair import CostBearer, CostKind, RepairOrder, WarrantyCertificate
from portal.permissions import Permission, may
from portal.processes.repair import PROCESS, Action, Cause, CrewStatus, Executor, InWarranty, Trade, Urgency
from portal.services import consultations, customers, repairs, requests
from portal.services.fields import Field, link, money, phone, term

P = Permission
PATH = "/repair-orders/<number>"
L = PROCESS.field_labels
NAMED = (
    joinedload(RepairOrder.customer),
    joinedload(RepairOrder.owner),
    joinedload(RepairOrder.captain),
    joinedload(RepairOrder.responsible_crew),
    joinedload(RepairOrder.certificate),
    joinedload(RepairOrder.cost_case),
    joinedload(RepairOrder.project).joinedload(Project.property),
    selectinload(RepairOrder.costs),
    selectinload(RepairOrder.signatures),
)
"""Everything the page of a repair names, in few questions to the database."""

FIELDS: dict[str, Field] = {
    "reporter": Field(L["reporter"]),
    "phone": phone(L["phone"]),
    "address": Field(L["address"]),
    "trade": term(L["trade"], Trade),
    "symptom": Field(L["symptom"]),
    "urgency": term(L["urgency"], Urgency),
    "channel": term(N_("Channel"), Channel),
    "reported_at": Field(L["reported_at"]),
    "project_id": link(N_("Project"), Project),
    "in_warranty": term(L["in_warranty"], InWarranty),
    "warranty_reason": Field(L["warranty_reason"]),
    "basis_told": Field(L["basis_told"]),
    "responsible_crew_id": link(L["responsible_crew"], Crew),
    "crew_status": term(L["crew_status"], CrewStatus),
    "captain_id": link(L["captain"], User),
    "executor": term(L["executor"], Executor),
    "told_at": Field(L["told_at"]),
    "appointment_at": Field(L["appointment_at"]),
    "arrived_at": Field(L["arrived_at"]),
    "cause": term(L["cause"], Cause),
    "plan": Field(L["plan"]),
    "planned_done_at": Field(L["planned_done_at"]),
    "quote_material": money(L["quote_material"]),
    "quote_labour": money(L["quote_labour"]),
    "quote_note": Field(L["quote_note"]),
    "work_done": Field(L["work_done"]),
    "done_at": Field(L["done_at"]),
    "defects": Field(L["defects"]),
    "signed_by": Field(L["signed_by"]),
    "signed_at": Field(L["signed_at"]),
    "rating": Field(L["rating"]),
    "follow_up_at": Field(L["follow_up_at"]),
    "follow_up_note": Field(L["follow_up_note"]),
    "rework_count": Field(N_("Repaired again")),
    "owner_id": link(N_("Owner", "record"), User),
}

REPORTED: tuple[Text, tuple[str, ...]] = (
    N_("Reported", "repair"),
    ("reporter", "phone", "address", "project_id", "trade", "urgency", "reported_at", "channel", "symptom", "owner_id"),
)
LATER: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        N_("Warranty and crew"),
        ("in_warranty", "basis_told", "warranty_reason", "responsible_crew_id", "crew_status"),
    ),
    (
        N_("Visit"),
        ("captain_id", "executor", "told_at", "appointment_at", "arrived_at", "planned_done_at", "cause", "plan"),
    ),
    (N_("Quote"), ("quote_material", "quote_labour", "quote_note")),
    (N_("Work and signature"), ("done_at", "work_done", "defects", "signed_by", "signed_at", "rating")),
    (N_("Call after the repair"), ("follow_up_at", "follow_up_note", "rework_count")),
)
"""Groups of facts that are shown once one of them is known."""


@blueprint.get(PATH)
@requires(P.REPAIR_VIEW)
def repair_order(number: str) -> ResponseReturnValue:
    """The repair: clocks, what is possible now, what is known, its costs, the talk beside it."""
    record = find_or_404(RepairOrder, number, NAMED)
    notes = []
    if record.is_arrival_late and record.arrived_at is None:
        notes.append(("alert-triangle", _("Nobody was on site within the limit (DL-22). The captain may take over.")))
    if repairs.signature_is_void(record):
        notes.append(
            ("signature", _("The customer signed other words than those that stand here now: the signature is void."))
        )
    customer = record.customer
    return showing.show(
        record,
        record.symptom[:40],
        FIELDS,
        (REPORTED, *(group for group in LATER if any(getattr(record, name) for name in group[1]))),
        meta=[(record.reporter, editing.path(customer) if customer else ""), (Trade.show(record.trade), "")],
        smart=_smart(record),
        actions=_actions(record),
        tabs=[showing.Tab("costs", _("Costs"), lambda: [_costs(record)], len(record.costs))] if record.costs else [],
        household_url=f"{editing.path(customer)}/household" if customer else "",
        notes=notes,
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.REPAIR_VIEW)
def repair_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the repair: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.route("/repair-orders/new", methods=["GET", "POST"])
@requires(P.REPAIR_CREATE)
def report_repair() -> ResponseReturnValue:
    """Register a repair, filled in from a call or a customer."""
    form = ReportForm()
    contact, customer = _source(form)
    form.project.choices = [(0, N_("Not known yet")), *_projects(customer)]
    if not form.is_submitted():
        _prefill(form, contact, customer)
    elif form.validate():
        try:
            return see_other(_register(form, contact, customer))
        except Invalid as refusal:
            form.take(refusal)
    return page("records/repairs/new.html", fragment="form", status=form.status, form=form)


# ---------- Parts ----------


def _find(number: str) -> RepairOrder:
    return find_or_404(RepairOrder, number)


def _smart(record: RepairOrder) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if record.certificate is not None and may(g.user, P.WARRANTY_VIEW):
        found.append({
            "url": editing.path(record.certificate), "icon": "shield-check", "count": "", "label": _("Warranty"),
        })  # fmt: skip
    if record.cost_case is not None and may(g.user, P.COST_CASE_VIEW):
        found.append({
            "url": editing.path(record.cost_case), "icon": "receipt", "count": "", "label": _("Cost case"),
        })  # fmt: skip
    return found


def _actions(record: RepairOrder) -> list[dict[str, Any]]:
    gone = record.crew_status in (CrewStatus.DEPARTED, CrewStatus.REPLACED_ON_REQUEST)
    if not gone or record.cause is None or record.cost_case is not None or not may(g.user, P.COST_CASE_WORK):
        return []
    return [{"label": _("Write a cost case"), "url": f"{editing.path(record)}/cost-case", "icon": "receipt"}]


def _costs(record: RepairOrder) -> showing.Table:
    rows = [
        [CostKind.show(line.kind), line.what, CostBearer.show(line.bearer), formatting.money(line.amount)]
        for line in record.costs
    ]
    head = [
        (_("Kind"), ""),
        (_("What"), ""),
        (_("Borne by"), ""),
        (_("Amount (yuan)"), "num"),
    ]
    total = sum(line.amount for line in record.costs)
    return showing.Table(
        _("Costs"), head, rows, "", foot=[_("Together %(amount)s yuan", amount=formatting.money(total))]
    )


def _source(form: ReportForm) -> tuple[Consultation | None, Customer | None]:
    contact_number = form.consultation.data or request.args.get("consultation")
    customer_number = form.customer.data or request.args.get("customer")
    contact = customer = None
    if certificate_number := request.args.get("certificate"):  # read from the code on F-19
        found = select(WarrantyCertificate).where(WarrantyCertificate.number == certificate_number)
        certificate = session().scalars(found).one_or_none()
        customer_number = certificate.customer.number if certificate is not None else customer_number
    if contact_number:
        contact = get_or_404(consultations.visible_to(g.user), Consultation.number == contact_number)
        customer = contact.customer
    if customer is None and customer_number:
        customer = get_or_404(customers.visible_to(g.user), Customer.number == customer_number)
    return contact, customer


def _projects(customer: Customer | None) -> list[tuple[int, str]]:
    if customer is None:
        return []
    rows = session().execute(
        select(Project, Property)
        .join(Property, Project.property_id == Property.id)
        .where(Project.customer_id == customer.id)
    )
    return [(project.id, f"{project.number} · {home.address}") for project, home in rows]


def _prefill(form: ReportForm, contact: Consultation | None, customer: Customer | None) -> None:
    form.client_key.data = requests.new_key()
    form.reported_at.data = clock.now()
    form.channel.data, form.urgency.data = Channel.PHONE, Urgency.NORMAL
    if customer is not None:
        form.customer.data = customer.number
        form.reporter.data, form.phone.data = customer.name, customer.phone
    if contact is not None:
        form.consultation.data = contact.number
        form.reporter.data, form.phone.data = contact.name, contact.phone
        form.channel.data, form.reported_at.data = Channel(contact.channel), contact.occurred_at
        form.symptom.data, form.address.data = contact.question, contact.property_address
    if form.project.choices and len(form.project.choices) == 2:
        form.project.data = form.project.choices[1][0]
        project = session().get(Project, form.project.data)
        form.address.data = project.property.address if project else form.address.data


def _register(form: ReportForm, contact: Consultation | None, customer: Customer | None) -> str:
    at = clock.now()

    def act() -> str:
        project = None
        if form.project.data:
            mine = visibility.visible_to(g.user, Project) if may(g.user, P.PROJECT_VIEW) else select(Project)
            condition = Project.id == form.project.data
            if customer is not None:
                condition &= Project.customer_id == customer.id
            project = get_or_404(mine, condition)
        made = repairs.report(
            writing,
            repairs.ReportRepair(
                reporter=form.reporter.data,
                phone=form.phone.data,
                address=form.address.data,
                trade=str(form.trade.data),
                symptom=form.symptom.data,
                urgency=str(form.urgency.data),
                reported_at=form.reported_at.data,
                channel=str(form.channel.data),
                customer=customer,
                project=project,
                consultation=contact,
            ),
            actor=g.user,
            at=at,
        )
        return editing.path(made) if may(g.user, P.REPAIR_VIEW) else "/front-desk/log"

    with transaction() as writing:
        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
        )


STEPS = StepPages(
    find=_find,
    forms=STEP_FORMS,
    kinds=N_("Repairs"),
    heading=lambda order: (order.reporter, order.symptom[:40]),
    shows_waiting_clocks=False,
)
assert set(STEP_FORMS) == {str(step.action) for step in PROCESS.transitions} - {Action.REPORT}
