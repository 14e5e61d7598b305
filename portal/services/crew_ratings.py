"""How crews are rated by the repairs of what they built (R-17). Weights and period are settings, [assumed].

The conditions below are those of the filters of the list of repairs, so a figure and the list behind it are the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, joinedload

from portal import clock, settings, visibility
from portal.models.org import Crew, Party, User
from portal.models.repair import MONEY, NOTHING, CostBearer, CostBooking, RepairCost, RepairCostCase, RepairOrder
from portal.models.task import DeadlineBreach
from portal.processes.repair import Executor, State
from portal.processes.repair_cost import Bearer

FILED = RepairOrder.state == State.CLOSED
"""Each repair that is filed counts, on the day it was closed (R-17)."""
TOLD = or_(RepairOrder.executor == Executor.RESPONSIBLE_CREW, RepairOrder.taken_over_at.is_not(None))
"""The crew was sent there, also where the captain took over later."""
REWORKED = or_(RepairOrder.rework_count > 0, RepairOrder.rework_of_id.is_not(None))
"""Done again because the customer was not satisfied, or itself the same trade again soon after (3.16)."""
LATE = and_(
    TOLD,
    exists(DeadlineBreach.id)
    .where(
        DeadlineBreach.record_kind == RepairOrder.KIND,
        DeadlineBreach.record_id == RepairOrder.id,
        DeadlineBreach.code == "DL-22",
        func.coalesce(DeadlineBreach.late_minutes, 1) > 0,
    )
    .correlate(RepairOrder),
)
"""DL-22 was missed by the crew; what was noted late and happened in time is not."""
FROM_CREW = CostBooking.bearer.in_([Bearer.ORIGINAL_CREW_RETENTION, Bearer.ORIGINAL_CREW_SETTLEMENT])
"""Booked on money of the crew that built it (P15)."""
IS_BOOKED = (
    exists(CostBooking.id)
    .where(CostBooking.case_id == RepairCostCase.id, RepairCostCase.order_id == RepairOrder.id)
    .correlate(RepairOrder)
)
"""A cost case says to the fen who bore it; the lines of the repair then count no more."""
COSTLY = or_(
    and_(
        ~IS_BOOKED,
        exists(RepairCost.id)
        .where(RepairCost.order_id == RepairOrder.id, RepairCost.bearer == CostBearer.CREW, RepairCost.amount > 0)
        .correlate(RepairOrder),
    ),
    exists(CostBooking.id)
    .where(CostBooking.case_id == RepairCostCase.id, RepairCostCase.order_id == RepairOrder.id, FROM_CREW)
    .correlate(RepairOrder),
)
"""The crew bears cost of it."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days a rating looks at, both included."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Weights:
    """What takes how many of 100 points; `cost_full` is the cost per repair, in yuan, that takes the whole weight."""

    rework: Decimal
    late: Decimal
    cost: Decimal
    cost_full: Decimal


@dataclass(frozen=True, slots=True)
class Rating:
    """The figures of a crew, or of a foreman over all crews. Cost in yuan; `score` of 100, None: no repair yet."""

    crews: tuple[Crew, ...]
    foreman: Party | None
    repairs: int
    told: int
    reworked: int
    late: int
    costly: int
    cost: Decimal
    score: Decimal | None

    @property
    def rework_share(self) -> Decimal | None:
        """Rework of the repairs; None: no repairs (0/0)."""
        return share(self.reworked, self.repairs)

    @property
    def late_share(self) -> Decimal | None:
        """Late of those the crew was sent to; None: to none."""
        return share(self.late, self.told)

    @property
    def cost_per_repair(self) -> Decimal | None:
        """Cost borne for a repair on average; None: no repairs."""
        return (self.cost / self.repairs).quantize(Decimal("0.01")) if self.repairs else None


def share(part: int, whole: int) -> Decimal | None:
    """A part of a whole, from 0 to 1; None for 0/0."""
    return Decimal(part) / whole if whole else None


def usual_period(session: Session, at: datetime) -> Period:
    """The days up to today that the setting `crew_rating_days` says."""
    today = clock.today(at)
    return Period(today - timedelta(days=int(settings.get(session, "crew_rating_days")) - 1), today)


def weights(session: Session) -> Weights:
    """The weights in force."""
    names = ("crew_rating_rework", "crew_rating_late", "crew_rating_cost", "crew_rating_cost_full")
    return Weights(*(Decimal(settings.get(session, name)) for name in names))


def score(repairs: int, told: int, reworked: int, late: int, cost: Decimal, by: Weights) -> Decimal | None:
    """100 less each weight times its share: rework of repairs, late of those sent to, cost per repair up to the full one.

    Never below 0; None where nothing was repaired.
    """
    if not repairs:
        return None
    lost = by.rework * (share(reworked, repairs) or 0) + by.late * (share(late, told) or 0)
    lost += by.cost * min(Decimal(1), cost / repairs / by.cost_full)
    return max(Decimal(0), 100 - lost).quantize(Decimal("0.1"))


def of_crews(session: Session, user: User, period: Period, crews: Iterable[Crew] | None = None) -> list[Rating]:
    """The rating of each crew the person sees, or of these, by name; every figure counts repairs the person sees."""
    if crews is None:
        query = visibility.visible_to(user, Crew).options(joinedload(Crew.foreman)).order_by(Crew.name, Crew.id)
        crews = list(session.scalars(query))
    counted, costs, by = _counted(session, user, period), _costs(session, user, period), weights(session)
    return [_rating((crew,), crew.foreman, counted, costs, by) for crew in crews]


def of_foremen(session: Session, user: User, period: Period) -> list[Rating]:
    """The rating of each foreman over all crews he leads."""
    query = visibility.visible_to(user, Crew).where(Crew.foreman_id.is_not(None))
    led: dict[Party, list[Crew]] = {}
    for crew in session.scalars(query.options(joinedload(Crew.foreman)).order_by(Crew.name, Crew.id)):
        if crew.foreman is not None:
            led.setdefault(crew.foreman, []).append(crew)
    counted, costs, by = _counted(session, user, period), _costs(session, user, period), weights(session)
    return sorted(
        (_rating(tuple(crews), foreman, counted, costs, by) for foreman, crews in led.items()),
        key=lambda rating: (rating.foreman.name if rating.foreman else "", rating.crews[0].id),
    )


def records_url(crews: Iterable[Crew], period: Period, *filters: str) -> str:
    """The list of the repairs that a figure counts."""
    chosen = ["filed", *filters, *(f"crew.{crew.id}" for crew in crews)]
    where = json.dumps(["all", ["closed", "between", period.start.isoformat(), period.end.isoformat()]])
    return f"/records/repair-orders?{urlencode({'filter': ','.join(chosen), 'where': where})}"


def _rating(
    crews: tuple[Crew, ...],
    foreman: Party | None,
    counted: dict[int, tuple[int, ...]],
    costs: dict[int, Decimal],
    by: Weights,
) -> Rating:
    sums = [sum(column) for column in zip(*(counted.get(crew.id, (0,) * 5) for crew in crews), strict=True)]
    repairs, told, reworked, late, costly = sums
    cost = sum((costs.get(crew.id, NOTHING) for crew in crews), NOTHING)
    found = score(repairs, told, reworked, late, cost, by)
    return Rating(crews, foreman, repairs, told, reworked, late, costly, cost, found)


def _counted(session: Session, user: User, period: Period) -> dict[int, tuple[int, ...]]:
    figures = [func.sum(case((condition, 1), else_=0)) for condition in (TOLD, REWORKED, LATE, COSTLY)]
    rows = session.execute(
        _within(user, period)
        .with_only_columns(RepairOrder.responsible_crew_id, func.count(), *figures)
        .group_by(RepairOrder.responsible_crew_id)
    )
    return {crew_id: tuple(numbers) for crew_id, *numbers in rows}


def _costs(session: Session, user: User, period: Period) -> dict[int, Decimal]:
    """What each crew bears: what was booked on it, and the lines of repairs of which nothing was booked."""
    orders = RepairOrder.id.in_(_within(user, period).with_only_columns(RepairOrder.id))
    lines = (
        select(RepairOrder.responsible_crew_id, RepairCost.amount.label("amount"))
        .join(RepairCost, RepairCost.order_id == RepairOrder.id)
        .where(orders, RepairCost.bearer == CostBearer.CREW, ~IS_BOOKED)
    )
    booked = (
        select(RepairCostCase.crew_id, CostBooking.amount)
        .join(RepairCostCase, RepairCostCase.id == CostBooking.case_id)
        .join(RepairOrder, RepairOrder.id == RepairCostCase.order_id)
        .where(orders, FROM_CREW)
    )
    both = union_all(lines, booked).subquery()
    crew_id, amount = both.c
    rows = session.execute(select(crew_id, func.sum(amount, type_=MONEY)).group_by(crew_id))
    return {crew: total.quantize(Decimal("0.01")) for crew, total in rows if crew is not None}


def _within(user: User, period: Period) -> Any:
    """The filed repairs of crews that were closed within the days."""
    return visibility.visible_to(user, RepairOrder).where(
        FILED,
        RepairOrder.responsible_crew_id.is_not(None),
        RepairOrder.closed_at >= clock.at_local(period.start),
        RepairOrder.closed_at < clock.at_local(period.end + timedelta(days=1)),
    )
