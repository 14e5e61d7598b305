"""Figures of repairs. Source: `domain.md` 6.2, M-40 to M-45."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.i18n import N_
from portal.metrics import clocks
from portal.metrics.questions import Count, Mean, Period, Question, Rows, Share, Sum
from portal.metrics.registry import Unit, metric
from portal.models.follow_up import FollowUpCall, RepairFollowUp
from portal.models.repair import RepairCost, RepairOrder
from portal.permissions import Permission
from portal.processes.follow_up import Overall

P = Permission


def _signed_off(period: Period) -> Rows:
    return Rows(RepairOrder, (period.holds(RepairOrder.signed_at),))


@metric("M-40", N_("Repairs reported", "metric"), Unit.COUNT, P.REPAIR_VIEW, "less")
def repairs(period: Period) -> Question:
    """Repairs reported in the period; by trade, in and out of warranty."""
    return Count(Rows(RepairOrder, (period.holds(RepairOrder.reported_at),)))


@metric("M-41", N_("On site within eight hours", "metric"), Unit.PERCENT, P.REPAIR_VIEW, "more")
def on_site_in_time(period: Period) -> Question:
    """DL-22 met ÷ repairs assigned in the period; what still runs when it ends counts in neither."""
    return clocks.kept_of_started(period, "DL-22", RepairOrder)


@metric("M-42", N_("Average repair time", "metric"), Unit.HOURS, P.REPAIR_VIEW, "less")
def repair_time(period: Period) -> Question:
    """Mean hours from reported to signed off, of repairs signed off in the period."""
    return Mean(_signed_off(period), RepairOrder.reported_at, RepairOrder.signed_at)


@metric("M-43", N_("Rework rate", "metric"), Unit.PERCENT, P.REPAIR_VIEW, "less")
def rework_rate(period: Period) -> Question:
    """Repairs reported in the period that repeat one of the last 30 days ÷ repairs signed off in it."""
    again = Rows(RepairOrder, (period.holds(RepairOrder.reported_at), RepairOrder.rework_of_id.is_not(None)))
    return Share(again, _signed_off(period))


@metric("M-44", N_("Cost of repairs", "metric"), Unit.YUAN, P.REPAIR_VIEW, "less")
def cost(period: Period) -> Question:
    """Sum of the cost of repairs signed off in the period, per bearer."""
    lines = Rows(RepairCost, (period.holds(RepairOrder.signed_at),), RepairOrder, RepairCost.order_id)
    return Sum(lines, RepairCost.amount)


@metric("M-45", N_("Satisfied repair calls", "metric"), Unit.PERCENT, P.REPAIR_VIEW, "more")
def satisfied_calls(period: Period) -> Question:
    """Satisfied calls after repairs ÷ calls after repairs, by the moment of the call; who sends a repair back is called
    after each round."""

    def called(*where: Any) -> Rows:
        calls = select(FollowUpCall.id).where(
            period.holds(FollowUpCall.called_at), FollowUpCall.overall.is_not(None), *where
        )
        return Rows(RepairFollowUp, (RepairFollowUp.call_id.in_(calls),), RepairOrder, RepairFollowUp.order_id)

    return Share(called(FollowUpCall.overall == Overall.SATISFIED), called())
