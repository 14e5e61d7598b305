"""When the portal asks by itself: at the settlement, after a repair, when a service ends, each half year some customers. Source: `domain.md` 4.21."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import i18n, settings
from portal.i18n import N_
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.project import Project, ProjectStage
from portal.models.repair import RepairOrder
from portal.models.survey import Survey
from portal.processes.survey import AnsweredVia, Dimension, State, SurveyKind
from portal.services.surveys import answering, asking, evaluation

DECLINED = N_("The customer declined.")
SAMPLED = (ProjectStage.IN_PROGRESS, ProjectStage.IN_WARRANTY, ProjectStage.OUT_OF_WARRANTY)
"""Customers of these works are asked."""
STRIDE, SPREAD = 7919, 10_007
"""Two primes: the numbers of customers are shuffled the same way on every machine."""


def at_settlement(session: Session, project: Project, *, at: datetime) -> Survey:
    """The last money is in: the evaluation F-18 waits for the customer. Once per project."""
    cause = f"settlement:{project.id}"
    known = _once(session, cause) or evaluation.of_project(session, project, State.SENT, State.ANSWERED)
    command = asking.SendSurvey(SurveyKind.SETTLEMENT, project.customer, project, cause=cause)
    return known or asking.send(session, command, actor=None, at=at)


def declined(session: Session, project: Project, *, actor: User, at: datetime) -> None:
    """The customer does not want to fill in F-18: what waits for it is void."""
    waiting = evaluation.of_project(session, project, State.SENT)
    if waiting is not None:
        with i18n.use_locale(i18n.DEFAULT):
            command = answering.VoidSurvey(str(DECLINED))
        answering.void(session, waiting, command, actor=actor, at=at)


def after_repair(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> Survey | None:
    """The customer signed a repair: the rating on the paper is the answer, without one the survey waits for it.

    Once per round. None: whoever reported it is no customer.
    """
    cause = f"repair:{order.id}:{order.round_no}"
    known = _once(session, cause)
    if known is not None or order.customer is None:
        return known
    command = asking.SendSurvey(
        SurveyKind.REPAIR, order.customer, order.project, order, contact_name=order.reporter,
        contact_phone=order.phone, cause=cause,
    )  # fmt: skip
    survey = asking.send(session, command, actor=None, at=at)
    if order.rating is not None:
        said = answering.AnswerSurvey(AnsweredVia.PAPER, at, {Dimension.OVERALL.value: order.rating})
        answering.receive(session, survey, said, at=at, entered_by=actor, required=False)
    return survey


def sample(session: Session, period: str, *, at: datetime) -> int:
    """Ask some customers of a half year, as `2026-1`. A second run asks nobody. Returns how many were asked."""
    wanted = int(settings.get(session, "survey_sample"))
    prefix = f"periodic:{period}:"
    if not wanted or session.scalar(select(func.count()).where(Survey.cause.startswith(prefix))):
        return 0
    rest = at - timedelta(days=int(settings.get(session, "survey_rest_days")))
    asked = select(Survey.id).where(Survey.customer_id == Customer.id, Survey.sent_at > rest).exists()
    works = select(Project.id).where(Project.customer_id == Customer.id, Project.stage.in_(SAMPLED)).exists()
    turn = sum(map(ord, period))
    chosen = session.scalars(
        select(Customer)
        .where(Customer.merged_into_id.is_(None), Customer.sms_opt_out.is_(False), works, ~asked)
        .order_by((Customer.id * STRIDE + turn) % SPREAD, Customer.id)
        .limit(wanted)
    ).all()
    for customer in chosen:
        command = asking.SendSurvey(SurveyKind.PERIODIC, customer, cause=f"{prefix}{customer.id}")
        asking.send(session, command, actor=None, at=at)
    return len(chosen)


def at_service_end(
    session: Session, contact: Consultation, score: int | None, *, actor: User, at: datetime
) -> Survey | None:
    """A service has ended (003): the score that the customer gave then is the survey. Once per contact.

    Without one the survey waits, where the setting wants that and no other of the customer does. None: nothing is
    asked, or whoever called is no customer.
    """
    if contact.customer is None or (score is None and not _may_wait(session, contact.customer)):
        return None
    cause = f"service-end:{contact.id}"
    if (known := _once(session, cause)) is not None:
        return known
    command = asking.SendSurvey(
        SurveyKind.SERVICE_END, contact.customer, contact.project, consultation=contact, contact_name=contact.name,
        contact_phone=contact.phone, cause=cause,
    )  # fmt: skip
    survey = asking.send(session, command, actor=None, at=at)
    if score is not None:
        via = AnsweredVia.VISIT if contact.channel == Channel.VISIT else AnsweredVia.PHONE
        said = answering.AnswerSurvey(via, at, {Dimension.OVERALL.value: score})
        answering.receive(session, survey, said, at=at, entered_by=actor, required=False)
    return survey


def _may_wait(session: Session, customer: Customer) -> bool:
    """Whether a customer may be asked later about a service that has ended: wanted, and not asked already."""
    waiting = select(Survey.id).where(
        Survey.customer_id == customer.id, Survey.kind == SurveyKind.SERVICE_END, Survey.state == State.SENT
    )
    return bool(settings.get(session, "survey_service_end_waits")) and session.scalar(waiting.limit(1)) is None


def _once(session: Session, cause: str) -> Survey | None:
    return session.scalars(select(Survey).where(Survey.cause == cause)).one_or_none()
