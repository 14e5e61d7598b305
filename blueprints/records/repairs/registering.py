"""Registering a repair, filled in from a call, a customer, a certificate, a complaint."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.materials import offer
from blueprints.records import blueprint, editing
from blueprints.records.repairs.desk_forms import ReportForm
from portal import clock, visibility
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import _
from portal.models.complaint import Complaint
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer, Property
from portal.models.project import Project
from portal.models.repair import WarrantyCertificate
from portal.permissions import Permission, may
from portal.processes.repair import Urgency
from portal.services import complaints, consultations, customers, repairs, requests, warranties

P = Permission


@blueprint.route("/repair-orders/new", methods=["GET", "POST"])
@requires(P.REPAIR_CREATE)
def report_repair() -> ResponseReturnValue:
    """Register a repair, filled in from a call or a customer."""
    form = ReportForm()
    contact, customer = _source(form)
    form.project.choices = _projects(customer)
    offer(form.material, session())
    if not form.is_submitted():
        _prefill(form, contact, customer)
    elif form.validate():
        try:
            return see_other(_register(form, contact, customer))
        except Invalid as refusal:
            form.take(refusal)
    return page("records/repairs/new.html", fragment="form", status=form.status, form=form)


def _source(form: ReportForm) -> tuple[Consultation | None, Customer | None]:
    """The contact the request came with, and the customer: of the contact, a certificate, a complaint, or named."""
    contact_number = form.consultation.data or request.args.get("consultation")
    customer_number = form.customer.data or request.args.get("customer")
    contact = customer = None
    if (certificate := _certificate()) is not None:
        customer_number = certificate.customer.number
    elif (complaint := _complaint()) is not None and complaint.customer is not None:
        customer_number = complaint.customer.number
    if contact_number:
        contact = get_or_404(consultations.visible_to(g.user), Consultation.number == contact_number)
        customer = contact.customer
    if customer is None and customer_number:
        customer = get_or_404(customers.visible_to(g.user), Customer.number == customer_number)
    return contact, customer


def _certificate() -> WarrantyCertificate | None:
    """The certificate whose code on F-19 was read; the front desk may not open it and still knows whose home it is."""
    number = request.args.get("certificate")
    if not number:
        return None
    found = session().scalars(select(WarrantyCertificate).where(WarrantyCertificate.number == number)).one_or_none()
    return found or warranties.in_place_of(session(), number)


def _complaint() -> Complaint | None:
    """The complaint that came up in a call after it."""
    number = request.args.get("complaint")
    return get_or_404(complaints.visible_to(g.user), Complaint.number == number) if number else None


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
    if (complaint := _complaint()) is not None:
        form.reporter.data, form.phone.data = complaint.complainant, complaint.phone
        form.symptom.data = complaint.subject
    known = [source.project_id for source in (_certificate(), complaint) if source is not None and source.project_id]
    if not known and form.project.choices and len(form.project.choices) == 1:
        known = [form.project.choices[0][0]]
    if known and any(key == known[0] for key, _name in form.project.choices or ()):
        form.project.data = known[0]
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
                material=form.material.data or None,
            ),
            actor=g.user,
            at=at,
        )
        if may(g.user, P.REPAIR_VIEW):
            return editing.path(made)
        flash(
            _(
                "Repair %(number)s for %(name)s is registered; the specialists check it next.",
                number=made.number,
                name=made.reporter,
            )
        )
        return "/front-desk/log"

    with transaction() as writing:
        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
        )
