"""What a bad answer sets going, in the moment it is written: a liaison slip, which is a complaint where it is severe. Source: `domain.md` 4.21."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import i18n, settings
from portal.i18n import N_, _
from portal.models.complaint import Complaint
from portal.models.org import User
from portal.models.survey import Survey
from portal.processes.follow_up_ticket import Action
from portal.processes.survey import Dimension, SurveyKind, department_of, is_severe
from portal.services import steps

ASK = N_("To be asked: what the customer demands")
SEVERE = N_("A score of %(limit)s or less in the survey %(number)s.")
LOW = "low-score"
"""What is announced."""


def see_to(session: Session, survey: Survey, *, actor: User | None, at: datetime) -> None:
    """Where the answer is low or the customer asks to be called: owner and managers are told, a department has to act.

    A very low score is a complaint at once, with its clocks; what the customer demands is asked in its first call.
    """
    from portal.services.calls import (
        tickets,
    )  # here: calls register repairs, and a repair that is signed asks for a survey

    if not survey.is_low:
        return
    scores = {line.dimension: line.score for line in survey.answers}
    slip = tickets.open_ticket(
        session, customer=survey.customer, project=survey.project, problem=_problem(session, survey),
        department=department_of(scores), at=at, actor=actor, survey=survey,
    )  # fmt: skip
    steps.announce(session, survey, LOW, ("owner", "managers"), actor=actor, at=at)
    limit = int(settings.get(session, "survey_severe_score"))
    if is_severe(scores.values(), limit=limit):
        with i18n.use_locale(i18n.DEFAULT):
            why = _(SEVERE.message, limit=limit, number=survey.number)
            command = tickets.Escalate(survey.criticism or _(ASK.message), why)
            survey.complaint = tickets.escalate(session, slip, command, actor=None, at=at, action=Action.SEVERE)


def _problem(session: Session, survey: Survey) -> str:
    """What the department reads on the slip, in the company's own language: low scores, the customer's words."""
    limit = int(settings.get(session, "survey_low_score"))
    with i18n.use_locale(i18n.DEFAULT):
        low = [
            _("%(what)s %(score)s points", what=Dimension.show(line.dimension), score=line.score)
            for line in survey.answers
            if line.score <= limit
        ]
        wish = [_("The customer asks to be called")] if survey.wants_contact else []
        said = [survey.criticism] if survey.criticism else []
        return f"{survey.number} {SurveyKind.show(survey.kind)}：{'、'.join([*low, *wish])}\n{''.join(said)}".strip()


def became_complaint(session: Session, survey: Survey, complaint: Complaint, *, actor: User, at: datetime) -> None:
    """Somebody made a complaint of it."""
    survey.complaint, survey.updated_at, survey.updated_by_id = complaint, at, actor.id
