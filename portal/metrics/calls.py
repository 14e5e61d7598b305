"""Figures of follow-up calls and liaison slips. Source: `domain.md` 6.2, M-10 to M-14; 5.1, 5.2."""

from __future__ import annotations

from sqlalchemy import distinct, func, or_, select

from portal.i18n import N_
from portal.metrics import clocks
from portal.metrics.hindsight import only_later, steps_to
from portal.metrics.questions import Count, Mean, Period, Question, Rows, Share
from portal.metrics.registry import Unit, metric
from portal.models.completion import CompletionAcceptance
from portal.models.follow_up import CallAnswer, FollowUpCall, FollowUpTicket
from portal.permissions import Permission
from portal.processes.follow_up import OBLIGATORY, UNCOUNTED, Overall
from portal.processes.follow_up_call import State

P = Permission
OFF = steps_to(FollowUpCall, State.CANCELLED)
"""How a call is called off."""


def _due(period: Period) -> Rows:
    """Calls of the plan, less those called off by the end of the period; who is only asked after a measure or a repair is
    counted there (5.2)."""
    return Rows(
        FollowUpCall,
        (
            period.holds_day(FollowUpCall.due_on),
            or_(FollowUpCall.state != State.CANCELLED, only_later(FollowUpCall, OFF, period)),
            FollowUpCall.stage.not_in(UNCOUNTED),
        ),
    )


def effective(period: Period) -> Rows:
    """Of the calls due in the period those that were effective by its end, in time or late."""
    return _due(period).only(FollowUpCall.is_effective.is_(True), FollowUpCall.called_at < period.end)


@metric("M-10", N_("Follow-up calls due", "metric"), Unit.COUNT, P.FOLLOW_UP_VIEW)
def due(period: Period) -> Question:
    """Calls whose window ended in the period."""
    return Count(_due(period))


@metric("M-10.effective", N_("Effective follow-up calls", "metric"), Unit.COUNT, P.FOLLOW_UP_VIEW, "more")
def effective_calls(period: Period) -> Question:
    """Of these the calls that were effective by the end of the period."""
    return Count(effective(period))


@metric("M-10.missed", N_("Follow-up calls missed", "metric"), Unit.COUNT, P.FOLLOW_UP_VIEW, "less")
def missed_calls(period: Period) -> Question:
    """M-10: of the calls due in the period those that were not effective by its end."""
    made = select(FollowUpCall.id).where(FollowUpCall.is_effective.is_(True), FollowUpCall.called_at < period.end)
    return Count(_due(period).only(FollowUpCall.id.not_in(made)))


@metric("M-11", N_("Effective call rate", "metric"), Unit.PERCENT, P.FOLLOW_UP_VIEW, "more")
def effective_rate(period: Period) -> Question:
    """Effective ÷ due."""
    return Share(effective(period), _due(period))


@metric("M-12", N_("Satisfied at the call", "metric"), Unit.PERCENT, P.FOLLOW_UP_VIEW, "more")
def satisfied(period: Period) -> Question:
    """Effective calls with a satisfied customer ÷ effective calls."""
    whole = effective(period)
    return Share(whole.only(FollowUpCall.overall == Overall.SATISFIED), whole)


def unsatisfied(period: Period) -> Rows:
    """Calls due in the period, of every stage, that left a customer not satisfied by its end; FAIR is treated so (5.6)."""
    return _due(period).only(FollowUpCall.overall != Overall.SATISFIED, FollowUpCall.called_at < period.end)


@metric("M-12.unsatisfied", N_("Not satisfied at the call", "metric"), Unit.COUNT, P.FOLLOW_UP_VIEW, "less")
def unsatisfied_calls(period: Period) -> Question:
    """M-12: calls due in the period, of every stage, after which the customer was fair or unsatisfied."""
    return Count(unsatisfied(period))


def _scores(period: Period, code: str) -> Question:
    """The mean of what effective calls answered to one question of their scripts (5.4), 1 to 5."""
    where = (*effective(period).where, CallAnswer.item_code == code)
    return Mean(Rows(CallAnswer, where, FollowUpCall, CallAnswer.call_id), CallAnswer.score)


@metric("M-12.designer", N_("Score of the designer", "metric"), Unit.POINTS, P.FOLLOW_UP_VIEW, "more")
def designers_score(period: Period) -> Question:
    """Mean of the scores, 1 to 5, that customers gave the designer in effective calls."""
    return _scores(period, "designer_score")


@metric("M-12.manager", N_("Score of the project manager", "metric"), Unit.POINTS, P.FOLLOW_UP_VIEW, "more")
def managers_score(period: Period) -> Question:
    """Mean of the scores, 1 to 5, that customers gave the project manager in effective calls."""
    return _scores(period, "manager_score")


@metric("M-12.foreman", N_("Score of the foreman", "metric"), Unit.POINTS, P.FOLLOW_UP_VIEW, "more")
def foremans_score(period: Period) -> Question:
    """Mean of the scores, 1 to 5, that customers gave the foreman in effective calls."""
    return _scores(period, "foreman_score")


@metric("M-12.supervisor", N_("Score of the supervisor", "metric"), Unit.POINTS, P.FOLLOW_UP_VIEW, "more")
def supervisors_score(period: Period) -> Question:
    """Mean of the scores, 1 to 5, that customers gave the supervisor in effective calls."""
    return _scores(period, "supervisor_score")


@metric("M-13", N_("Projects with all four calls", "metric"), Unit.PERCENT, P.FOLLOW_UP_VIEW, "more")
def all_four(period: Period) -> Question:
    """Projects accepted in the period with an effective call at each obligatory stage by its end ÷ projects accepted."""
    reached = (
        select(FollowUpCall.project_id)
        .where(
            FollowUpCall.stage.in_(OBLIGATORY),
            FollowUpCall.is_effective.is_(True),
            FollowUpCall.called_at < period.end,
        )
        .group_by(FollowUpCall.project_id)
        .having(func.count(distinct(FollowUpCall.stage)) >= len(OBLIGATORY))
    )
    whole = Rows(CompletionAcceptance, (period.holds(CompletionAcceptance.accepted_at),))
    return Share(whole.only(CompletionAcceptance.project_id.in_(reached)), whole)


@metric("M-14", N_("Liaison slips in time", "metric"), Unit.PERCENT, P.FOLLOW_UP_VIEW, "more")
def slips_in_time(period: Period) -> Question:
    """Slips whose measure was done by their limit ÷ slips whose limit lay in the period."""
    return clocks.kept_of_due(period, "DL-08", FollowUpTicket)
