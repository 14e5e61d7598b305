"""Starting a survey: who is asked, about what, with which lines. Source: `domain.md` 3.21, 4.21."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import i18n, settings, visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.models.survey import Survey
from portal.processes.survey import Action, Dimension, Question, State, SurveyKind, with_compulsory
from portal.services import assignment, numbering, steps
from portal.services.surveys import evaluation

LINES = {
    SurveyKind.SETTLEMENT: "survey_settlement",
    SurveyKind.SERVICE_END: "survey_service_end",
    SurveyKind.PERIODIC: "survey_periodic",
    SurveyKind.REPAIR: "survey_repair",
}
"""The setting that holds the lines of each kind."""
LONGEST_LINE = 40


@dataclass(frozen=True, slots=True)
class SendSurvey:
    """Whom to ask, and about what. Without a contact the customer is asked."""

    kind: SurveyKind
    customer: Customer
    project: Project | None = None
    repair_order: RepairOrder | None = None
    consultation: Consultation | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    cause: str | None = None
    """Why the portal asks by itself; single."""


def visible_to(user: User) -> Select[Survey]:
    """The surveys that exist for this person."""
    return visibility.visible_to(user, Survey)


def questions(session: Session, kind: SurveyKind) -> tuple[Question, ...]:
    """The lines of the setting, with what is always asked. A line that names no dimension is a question of its own."""
    with i18n.use_locale("zh_Hans"):
        known = {str(dimension.label): dimension.value for dimension in Dimension}
    chosen = []
    for line in settings.get(session, LINES[kind]):
        words = line.lstrip("*＊ ").strip()[:LONGEST_LINE]
        if words:
            chosen.append(Question(known.get(words, words), line.lstrip().startswith(("*", "＊"))))
    return with_compulsory(kind, chosen)


def send(session: Session, command: SendSurvey, *, actor: User | None, at: datetime) -> Survey:
    """Start a survey; it counts nowhere until it is answered. `actor` None: the portal itself."""
    _check(session, command)
    customer, about = command.customer, command.project or command.repair_order or command.consultation
    branch_id = (about.branch_id if about is not None else None) or customer.branch_id
    survey = Survey(
        number=numbering.next_number(session, Survey.PREFIX, at),
        branch_id=branch_id,
        kind=command.kind,
        cause=command.cause,
        contact_name=command.contact_name or customer.name,
        contact_phone=command.contact_phone or customer.phone,
        questions=[{"code": line.code, "is_required": line.is_required} for line in questions(session, command.kind)],
        sent_at=at,
        customer=customer,
        project=command.project,
        repair_order=command.repair_order,
        consultation=command.consultation,
        owner=_owner(session, customer, actor, branch_id),
    )
    said = {"kind": command.kind, "contact_name": survey.contact_name}
    steps.begin(session, survey, Action.SEND, actor=actor, at=at, entered=said)
    return survey


def _check(session: Session, command: SendSurvey) -> None:
    if command.kind != SurveyKind.SETTLEMENT:
        return
    if command.project is None:
        raise Invalid({"project": N_("The evaluation F-18 is about a project.")})
    known = evaluation.of_project(session, command.project, State.SENT, State.ANSWERED)
    if known is not None:
        raise Invalid(
            {"kind": N_("The evaluation of this project is there already: %(number)s.") % {"number": known.number}}
        )


def _owner(session: Session, customer: Customer, actor: User | None, branch_id: int | None) -> User | None:
    if actor is not None:
        return assignment.owner_for(session, customer=customer, actor=actor, branch_id=branch_id)
    if customer.owner is not None and customer.owner.is_active:
        return customer.owner
    return next(iter(assignment.specialists(session, branch_id)), None)
