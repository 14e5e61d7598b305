"""Figures of limits, penalties and the telephone. Source: `domain.md` 6.2, M-95 to M-97."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.metrics.questions import Condition, Count, Mean, Period, Question, Rows, Share, Sum
from portal.metrics.registry import Unit, metric
from portal.metrics.reviews import decided
from portal.models.consultation import Channel, Consultation
from portal.models.ledger import LedgerLine
from portal.models.reward import RewardEntry
from portal.models.task import DeadlineBreach, Task, TaskKind
from portal.permissions import Permission

P = Permission


_EARLIER = aliased(Task)


def _calls_in(period: Period) -> tuple[Condition, ...]:
    return period.holds(Consultation.occurred_at), Consultation.channel == Channel.PHONE


def _to_return(task: Any = Task) -> Select[Any]:
    """The tasks to ring a missed caller back."""
    return (
        select(task.id)
        .where(
            task.record_kind == Consultation.KIND, task.record_id == Consultation.id, task.kind == TaskKind.CALL_BACK
        )
        .correlate(Consultation, Task)
    )


def _rewarded(period: Period, *where: Any) -> Rows:
    return Rows(LedgerLine, (period.holds_day(LedgerLine.decided_on), *where), RewardEntry, LedgerLine.reward_id)


def missed(period: Period) -> Rows:
    """Limits that ran out in the period without being met; what was noted late and happened in time was in time."""
    ran_out = (period.holds(DeadlineBreach.due_at), func.coalesce(DeadlineBreach.late_minutes, 1) > 0)
    return Rows(DeadlineBreach, ran_out, Task, DeadlineBreach.task_id)


@metric("M-95", N_("Limits missed", "metric"), Unit.COUNT, P.HOME, "less")
def breaches(period: Period) -> Question:
    """Limits that ran out in the period without being met, by limit and person."""
    return Count(missed(period))


@metric("M-96", N_("Penalties decided", "metric"), Unit.COUNT, P.PENALTY_VIEW, "less")
def penalties(period: Period) -> Question:
    """Penalties approved in the period, by kind."""
    return Count(decided(period, LedgerLine.is_reversal.is_(False)))


@metric("M-96.amount", N_("Sum of penalties", "metric"), Unit.YUAN, P.PENALTY_VIEW, "less")
def amount(period: Period) -> Question:
    """Sum of the penalties approved in the period, less those taken back."""
    return Sum(decided(period), LedgerLine.amount)


@metric("M-96.rewards", N_("Rewards decided", "metric"), Unit.COUNT, P.PENALTY_VIEW, "more")
def rewards(period: Period) -> Question:
    """Rewards approved in the period, by kind."""
    return Count(_rewarded(period, LedgerLine.is_reversal.is_(False)))


@metric("M-96.given", N_("Sum of rewards", "metric"), Unit.YUAN, P.PENALTY_VIEW)
def given(period: Period) -> Question:
    """Sum of the rewards approved in the period, less those taken back."""
    return Sum(_rewarded(period), LedgerLine.amount)


@metric("M-97", N_("Calls in", "metric"), Unit.COUNT, P.CONSULTATION_VIEW)
def calls(period: Period) -> Question:
    """Telephone contacts written down in the period; what they were about by kind."""
    return Count(Rows(Consultation, _calls_in(period)))


@metric("M-97.answered", N_("Calls answered", "metric"), Unit.PERCENT, P.CONSULTATION_VIEW, "more")
def answered(period: Period) -> Question:
    """M-97: calls in whose question was answered at once or by the end of the period ÷ calls in; by kind of problem."""
    whole = Rows(Consultation, _calls_in(period))
    at_once = and_(Consultation.forwarded_at.is_(None), Consultation.answer.is_not(None))
    return Share(whole.only(or_(at_once, Consultation.replied_at < period.end)), whole)


@metric("M-97.missed", N_("Calls missed", "metric"), Unit.COUNT, P.CONSULTATION_VIEW, "less")
def missed_calls(period: Period) -> Question:
    """Calls in that nobody answered: those the desk noted as to be returned."""
    return Count(Rows(Consultation, (*_calls_in(period), _to_return().exists())))


@metric("M-97.wait", N_("Average wait until rung back", "metric"), Unit.HOURS, P.CONSULTATION_VIEW, "less")
def wait(period: Period) -> Question:
    """Mean hours from a missed call to the first time it was rung back, of those missed in the period and rung back by its end.

    How long the telephone rang before, it does not report [assumed].
    """
    first = ~_to_return(_EARLIER).where(_EARLIER.id < Task.id).exists()
    rung_back = (Task.kind == TaskKind.CALL_BACK, Task.record_kind == Consultation.KIND, Task.closed_at < period.end)
    rows = Rows(Task, (*rung_back, first, *_calls_in(period)), Consultation, Task.record_id)
    return Mean(rows, Consultation.occurred_at, Task.closed_at)
