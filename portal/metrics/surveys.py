"""Figures of satisfaction surveys. Source: `domain.md` 6.2, M-70 to M-72; Q22."""

from __future__ import annotations

from portal.i18n import N_
from portal.metrics.questions import Balance, Count, Mean, Period, Question, Rows, Share
from portal.metrics.registry import Unit, metric
from portal.models.survey import Survey, SurveyAnswer
from portal.permissions import Permission
from portal.processes.survey import State

P = Permission
SATISFIED = 4
"""A score from which a customer is satisfied (Q22)."""
PROMOTER, DETRACTOR = 9, 6
"""Who would recommend us from here up, and who would not from here down."""


def _answered(period: Period) -> Rows:
    return Rows(Survey, (period.holds(Survey.answered_at), Survey.state == State.ANSWERED))


@metric("M-70", N_("Satisfied customers", "metric"), Unit.PERCENT, P.SURVEY_VIEW, "more")
def satisfied(period: Period) -> Question:
    """Surveys with an overall score of at least 4 ÷ valid surveys."""
    whole = _answered(period)
    return Share(whole.only(Survey.overall >= SATISFIED), whole)


@metric("M-70.surveys", N_("Surveys answered", "metric"), Unit.COUNT, P.SURVEY_VIEW)
def surveys(period: Period) -> Question:
    """M-70: valid surveys, of which the share is taken."""
    return Count(_answered(period))


def unsatisfied(period: Period) -> Rows:
    """Valid surveys with an overall score below 4."""
    return _answered(period).only(Survey.overall < SATISFIED)


@metric("M-70.unsatisfied", N_("Customers not satisfied", "metric"), Unit.COUNT, P.SURVEY_VIEW, "less")
def unsatisfied_surveys(period: Period) -> Question:
    """M-70: valid surveys with an overall score below 4."""
    return Count(unsatisfied(period))


def _scores(period: Period) -> Rows:
    return Rows(
        SurveyAnswer, (period.holds(Survey.answered_at), Survey.state == State.ANSWERED), Survey, SurveyAnswer.survey_id
    )


@metric("M-71", N_("Average score of surveys", "metric"), Unit.POINTS, P.SURVEY_VIEW, "more")
def average(period: Period) -> Question:
    """Mean of the scores of valid surveys, per dimension."""
    return Mean(_scores(period), SurveyAnswer.score)


@metric("M-71.satisfied", N_("Satisfied scores", "metric"), Unit.PERCENT, P.SURVEY_VIEW, "more")
def satisfied_scores(period: Period) -> Question:
    """M-70 per dimension: scores of at least 4 ÷ scores given, in valid surveys."""
    whole = _scores(period)
    return Share(whole.only(SurveyAnswer.score >= SATISFIED), whole)


@metric("M-71.unsatisfied", N_("Scores not satisfied", "metric"), Unit.COUNT, P.SURVEY_VIEW, "less")
def unsatisfied_scores(period: Period) -> Question:
    """M-70 per dimension: scores below 4 in valid surveys, which is what customers were not satisfied with."""
    return Count(_scores(period).only(SurveyAnswer.score < SATISFIED))


@metric("M-72", N_("Net promoter score", "metric"), Unit.POINTS, P.SURVEY_VIEW, "more")
def net_promoters(period: Period) -> Question:
    """Share of scores 9 and 10 less share of scores 0 to 6, of those who said whether they would recommend us."""
    whole = _answered(period).only(Survey.recommend.is_not(None))
    return Balance(whole.only(Survey.recommend >= PROMOTER), whole.only(Survey.recommend <= DETRACTOR), whole)
