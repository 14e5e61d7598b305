"""Starting a survey: by telephone at once, or by a link."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import ChoiceField, HiddenField, NameField, PhoneField, TermField
from blueprints.http import get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from portal import clock, visibility
from portal.db import session
from portal.i18n import N_, _
from portal.models.consultation import Consultation
from portal.models.customer import Customer, Property
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes.survey import Action, SurveyKind
from portal.services import surveys
from portal.services.surveys import links

P = Permission
PHONE, LINK = "phone", "link"
HOW = ((PHONE, N_("By telephone, now")), (LINK, N_("By a link")))


class StartForm(RecordForm):
    """Whom, about what, and how."""

    SECTIONS = ((N_("New survey"), ("kind", "project", "contact_name", "contact_phone", "how")),)
    WIDE = frozenset({"kind", "how"})
    kind = TermField(N_("Kind"), SurveyKind, leave_out=(SurveyKind.REPAIR,), required=True, radio=True)
    project = ChoiceField(N_("Project"), coerce=int, choices=[], blank=N_("Not about a project"))
    contact_name = NameField(N_("Who is asked"))
    contact_phone = PhoneField(N_("Phone"), allow_landline=True, masked=True)
    how = ChoiceField(N_("How"), choices=HOW, required=True, radio=True)
    consultation = HiddenField()


@blueprint.route("/surveys/new", methods=["GET", "POST"])
@requires(P.SURVEY_WORK)
def start_survey() -> ResponseReturnValue:
    """Ask one customer, now by telephone or by a link."""
    contact = _contact()
    customer = contact.customer if contact is not None else editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("New survey"), "/records/surveys/new")
    form = StartForm(data={"contact_phone": customer.phone})  # the mask sent back is this number
    form.project.choices = _projects(customer)
    if not form.is_submitted():
        form.contact_name.data, form.how.data = customer.name, PHONE
        form.kind.data = SurveyKind.SERVICE_END if contact is not None else None
        form.project.data = form.project.choices[0][0] if len(form.project.choices) == 1 else None

    def make(writing: Session) -> str:
        at = clock.now()
        project = None
        if form.project.data:
            mine = visibility.visible_to(g.user, Project)
            project = get_or_404(mine, Project.id == form.project.data, Project.customer_id == customer.id)
        command = surveys.SendSurvey(
            SurveyKind(str(form.kind.data)),
            customer,
            project,
            consultation=contact,
            contact_name=form.contact_name.data,
            contact_phone=form.contact_phone.data,
        )
        made = surveys.send(writing, command, actor=g.user, at=at)
        if form.how.data == PHONE:
            return f"{editing.path(made)}/steps/{Action.ANSWER}"
        links.make(writing, made, actor=g.user, at=at)
        return editing.path(made)

    return editing.create(form, showing.sheet(_("New survey"), None, "surveys", note=customer.name), make)


def _contact() -> Consultation | None:
    number = request.args.get("consultation", "")
    if not number:
        return None
    return get_or_404(visibility.visible_to(g.user, Consultation), Consultation.number == number)


def _projects(customer: Customer) -> list[tuple[int, str]]:
    rows = session().execute(
        visibility.visible_to(g.user, Project)
        .join(Property, Project.property_id == Property.id)
        .add_columns(Property)
        .where(Project.customer_id == customer.id)
        .order_by(Project.id.desc())
    )
    return [(project.id, f"{project.number} · {home.address}") for project, home in rows]
