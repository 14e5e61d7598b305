"""F-16: registering a complaint, pre-filled from a call or a customer."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.materials import offer
from blueprints.records import blueprint
from blueprints.records.complaint_forms import RegisterForm
from portal import clock, visibility
from portal.db import session, transaction
from portal.errors import Invalid
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer, Property
from portal.models.project import Project, ProjectStage
from portal.models.survey import Survey
from portal.permissions import Permission, may
from portal.processes.complaint import Phase, Severity
from portal.services import complaints, consultations, customers, requests, surveys

P = Permission


@dataclass(frozen=True, slots=True)
class Source:
    """Where a registration comes from: a call, a survey, a customer, or none of them."""

    customer: Customer | None
    contact: Consultation | None
    survey: Survey | None = None
    """A survey in which the customer was not content."""


@blueprint.route("/complaints/new", methods=["GET", "POST"])
@requires(P.COMPLAINT_PREFILL)
def register_complaint() -> ResponseReturnValue:
    """F-16: register a complaint, pre-filled from a call or a customer."""
    form = RegisterForm()
    offer(form.material, session())
    source = _source(form)
    form.project.choices = _project_choices(source.customer)
    if not form.is_submitted():
        _prefill(form, source)
    elif form.validate():
        try:
            return see_other(_register(form, source))
        except Invalid as refusal:
            form.take(refusal)
    phone = form.phone.data if isinstance(form.phone.data, str) else ""
    customer_id = source.customer.id if source.customer else None
    same = complaints.similar(session(), g.user, phone=phone, customer_id=customer_id) if phone or customer_id else []
    return page(
        "records/complaints/new.html", fragment="form", status=form.status, form=form, source=source, similar=same
    )


# ---------- Parts ----------


def _source(form: RegisterForm) -> Source:
    contact_number = form.consultation.data or request.args.get("consultation")
    customer_number = form.customer.data or request.args.get("customer")
    contact = customer = survey = None
    if survey_number := form.survey.data or request.args.get("survey"):
        survey = get_or_404(surveys.visible_to(g.user), Survey.number == survey_number)
        customer = survey.customer
    if contact_number:
        contact = get_or_404(consultations.visible_to(g.user), Consultation.number == contact_number)
        customer = contact.customer
    if customer is None and customer_number:
        customer = get_or_404(customers.visible_to(g.user), Customer.number == customer_number)
    return Source(customer, contact, survey)


def _project_choices(customer: Customer | None) -> list[tuple[int, str]]:
    if customer is None:
        return []
    rows = session().execute(
        select(Project, Property)
        .join(Property, Project.property_id == Property.id)
        .where(Project.customer_id == customer.id)
    )
    return [(project.id, f"{project.number} · {home.address}") for project, home in rows]


def _prefill(form: RegisterForm, source: Source) -> None:
    form.client_key.data = requests.new_key()
    form.received_at.data = clock.now()
    form.channel.data = Channel.PHONE
    form.severity.data = Severity.ORDINARY
    if source.customer is not None:
        form.customer.data = source.customer.number
        form.complainant.data, form.phone.data = source.customer.name, source.customer.phone
    if source.contact is not None:
        form.consultation.data = source.contact.number
        form.complainant.data, form.phone.data = source.contact.name, source.contact.phone
        form.channel.data, form.received_at.data = Channel(source.contact.channel), source.contact.occurred_at
        form.content.data = source.contact.question
        form.subject.data = source.contact.question.splitlines()[0][:40]
    if source.survey is not None:
        form.survey.data = source.survey.number
        form.complainant.data, form.phone.data = source.survey.contact_name, source.survey.contact_phone
        form.content.data = source.survey.criticism
        form.project.data = source.survey.project_id
        form.phase.data = _phase(source.survey.project)
    elif form.project.choices and len(form.project.choices) == 1:
        form.project.data = form.project.choices[0][0]
        form.phase.data = _phase(session().get(Project, form.project.data))


def _phase(project: Project | None) -> Phase:
    late = {ProjectStage.ACCEPTED, ProjectStage.SETTLED, ProjectStage.IN_WARRANTY, ProjectStage.OUT_OF_WARRANTY}
    if project is None:
        return Phase.PRE_SALE
    return Phase.AFTER_SALE if project.stage in late else Phase.IN_SALE


def _register(form: RegisterForm, source: Source) -> str:
    at = clock.now()

    def act() -> str:
        project = None
        if form.project.data:
            project = get_or_404(visibility.visible_to(g.user, Project), Project.id == form.project.data)
        made = complaints.register(
            writing,
            complaints.RegisterComplaint(
                complainant=form.complainant.data,
                phone=form.phone.data,
                phase=str(form.phase.data),
                category=str(form.category.data),
                subject=form.subject.data,
                content=form.content.data,
                demand=form.demand.data,
                received_at=form.received_at.data,
                channel=str(form.channel.data),
                severity=str(form.severity.data),
                customer=source.customer,
                project=project,
                consultation=source.contact,
                is_multi_department=bool(form.is_multi_department.data),
                material=form.material.data or None,
            ),
            actor=g.user,
            at=at,
        )
        if source.survey is not None:
            surveys.became_complaint(writing, source.survey, made, actor=g.user, at=at)
        return f"/records/complaints/{made.number}" if may(g.user, P.COMPLAINT_VIEW) else "/front-desk/log"

    with transaction() as writing:
        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
        )
