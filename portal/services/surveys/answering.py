"""The answers of a survey, however they came, and what follows at once. Source: `domain.md` 4.21, 5.6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import settings
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import User
from portal.models.survey import Survey, SurveyAnswer
from portal.processes.survey import BEST, MOST_LIKELY, WORST, Action, AnsweredVia, Dimension, State, SurveyKind, is_low
from portal.services import steps
from portal.services.surveys import care, evaluation


@dataclass(frozen=True, slots=True)
class AnswerSurvey:
    """What the customer said. `scores`: 1 to 5 by code of the question; what was not answered is left out."""

    answered_via: AnsweredVia
    answered_at: datetime
    scores: Mapping[str, int] = field(default_factory=dict)
    recommend: int | None = None
    praise: str | None = None
    criticism: str | None = None
    wants_contact: bool = False


@dataclass(frozen=True, slots=True)
class VoidSurvey:
    """Why it does not count."""

    void_reason: str


def field_of(survey: Survey, code: str) -> str:
    """The name of the form's field for a question, by its place."""
    return next(f"score_{place}" for place, line in enumerate(survey.questions) if line["code"] == code)


def answer(session: Session, survey: Survey, command: AnswerSurvey, *, actor: User, at: datetime) -> None:
    """Write down what the customer said by telephone, in person or on paper. Raises Invalid by field, TransitionNotAllowed."""
    survey.entered_by = actor
    _take(session, survey, command, Action.ANSWER, actor=actor, at=at, required=True)


def receive(
    session: Session, survey: Survey, command: AnswerSurvey, *, at: datetime, entered_by: User | None = None,
    required: bool = True,
) -> None:  # fmt: skip
    """Take the answers that came by the link, or with another record: nobody of the desk enters them.

    `required` False: another record asked one question only.
    """
    survey.entered_by = entered_by
    _take(session, survey, command, Action.RECEIVE, actor=None, at=at, required=required)


def void(session: Session, survey: Survey, command: VoidSurvey, *, actor: User, at: datetime) -> None:
    """It counts nowhere any more; what was said stays to be read. Raises NotPermitted for answers, except by the manager."""
    action = Action.VOID if survey.state == State.SENT else Action.ANNUL
    steps.check_permission(actor, survey.PROCESS.transition(survey.state, action))
    survey.void_reason = command.void_reason
    entered = steps.entered_of(command)
    session.flush()
    steps.advance(session, survey, action, actor=actor, at=at, entered=entered)


def _take(
    session: Session, survey: Survey, command: AnswerSurvey, action: Action, *, actor: User | None, at: datetime,
    required: bool,
) -> None:  # fmt: skip
    survey.PROCESS.transition(survey.state, action)
    _check(survey, command, required)
    survey.answers = [
        SurveyAnswer(place=place, dimension=line["code"], score=command.scores[line["code"]])
        for place, line in enumerate(survey.questions)
        if line["code"] in command.scores
    ]
    survey.overall = command.scores.get(Dimension.OVERALL)
    survey.lowest = min(command.scores.values(), default=None)
    survey.recommend, survey.praise, survey.criticism = command.recommend, command.praise, command.criticism
    survey.wants_contact = command.wants_contact
    survey.answered_at, survey.answered_via = command.answered_at, command.answered_via
    limit = int(settings.get(session, "survey_low_score"))
    survey.is_low = is_low(command.scores.values(), limit=limit, wants_contact=command.wants_contact)
    entered: dict[str, Any] = steps.entered_of(command) | {"scores": dict(command.scores) or None}
    steps.advance(session, survey, action, actor=actor, at=at, entered=entered)
    if survey.kind == SurveyKind.SETTLEMENT and survey.project is not None:
        evaluation.evaluated(session, survey.project, actor=actor, at=at)
    care.see_to(session, survey, actor=actor, at=at)


def _check(survey: Survey, command: AnswerSurvey, required: bool) -> None:
    asked = {line["code"] for line in survey.questions}
    problems: dict[str, Any] = {}
    for code in command.scores:
        if code not in asked:
            problems[""] = N_("This was not asked.")
        elif not WORST <= command.scores[code] <= BEST:
            problems[field_of(survey, code)] = N_("One to five.")
    for line in survey.questions if required else ():
        if line["is_required"] and line["code"] not in command.scores:
            problems[field_of(survey, line["code"])] = N_("Please choose a score.")
    if command.recommend is not None and not 0 <= command.recommend <= MOST_LIKELY:
        problems["recommend"] = N_("Zero to ten.")
    if command.answered_at < survey.sent_at - steps.CLOCK_SLACK:
        problems["answered_at"] = N_("It was not asked yet then.")
    if problems:
        raise Invalid(problems)
