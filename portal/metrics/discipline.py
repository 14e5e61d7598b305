"""Figures of limits, penalties and the telephone. Source: `domain.md` 6.2, M-95 to M-97."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_

from portal.i18n import N_
from portal.metrics.questions import Count, NoSource, Period, Question, Rows, Share, Sum
from portal.metrics.registry import Unit, metric
from portal.metrics.reviews import decided
from portal.models.consultation import Channel, Consultation
from portal.models.ledger import LedgerLine
from portal.models.reward import RewardEntry
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Permission

P = Permission


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
    return Count(Rows(Consultation, (period.holds(Consultation.occurred_at), Consultation.channel == Channel.PHONE)))


@metric("M-97.answered", N_("Calls answered", "metric"), Unit.PERCENT, P.CONSULTATION_VIEW, "more")
def answered(period: Period) -> Question:
    """M-97: calls in whose question was answered at once or by the end of the period ÷ calls in; by kind of problem."""
    whole = Rows(Consultation, (period.holds(Consultation.occurred_at), Consultation.channel == Channel.PHONE))
    at_once = and_(Consultation.forwarded_at.is_(None), Consultation.answer.is_not(None))
    return Share(whole.only(or_(at_once, Consultation.replied_at < period.end)), whole)


@metric("M-97.missed", N_("Calls missed", "metric"), Unit.COUNT, P.CONSULTATION_VIEW, "less")
def missed_calls(_period: Period) -> Question:
    """Calls nobody answered."""
    return NoSource(N_("Missed calls are not counted yet: the telephone does not report them."))


@metric("M-97.wait", N_("Average wait", "metric"), Unit.HOURS, P.CONSULTATION_VIEW, "less")
def wait(_period: Period) -> Question:
    """How long callers waited."""
    return NoSource(N_("How long callers wait is not known yet: the telephone does not report it."))
