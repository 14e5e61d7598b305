"""The metrics of a period: each with the period before beside it, each leading to the records it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint
from portal import clock, formatting, metrics
from portal.db import session
from portal.i18n import _
from portal.metrics import Figure, Metric, Period, lists, periods
from portal.permissions import Permission, Role, may

P = Permission
LONGEST_DAYS = 3700
OF_CAPTAINS = ("M-40", "M-45")
"""The repair part, which captains see (7.1)."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure changed: an arrow and the difference, and whether that is good, None where neither is."""

    arrow: str
    text: str
    is_better: bool | None


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the table. Addresses are empty where nothing stands behind."""

    code: str
    title: str
    now: str
    unit: str
    before: str
    change: Change | None
    part: str
    part_url: str
    whole: str
    whole_url: str
    has_source: bool
    why: str


@blueprint.get("/metrics")
@requires(P.METRIC_VIEW)
def metrics_page() -> ResponseReturnValue:
    """All metrics of the manual for any days, with the days before them."""
    today = clock.today(clock.now())
    period, problem = asked_period(periods.month_of(today))
    before = period.before
    families = [(title, keys) for title, keys in _families() if keys]
    found = metrics.compare(session(), g.user, [key for _title, keys in families for key in keys], [period, before])
    return page(
        "records/reports/metrics.html",
        period=period,
        before=before,
        problem=problem,
        usual=[
            (str(label), f"/records/metrics?from={each.first}&to={each.last}", each == period)
            for label, each in periods.usual(today)
        ],
        families=[
            (str(title), [line(key, found[key][0], found[key][1], period) for key in keys]) for title, keys in families
        ],
    )


def asked_period(usual: Period) -> tuple[Period, str]:
    """The days the address asks for, and a sentence where it cannot be read; then the usual ones stand."""
    texts = [request.args.get(name, "").strip() for name in ("from", "to")]
    if not any(texts):
        return usual, ""
    try:
        found = Period(*(date.fromisoformat(text[:20]) for text in texts))
    except ValueError:
        return usual, _("Please give a first and a last day, the last not before the first.")
    if found.first.year < 2000 or found.last.year > 2100 or found.days > LONGEST_DAYS:
        return usual, _("These days lie too far apart or too far away.")
    return found, ""


def _families() -> list[tuple[object, list[str]]]:
    only = OF_CAPTAINS if g.user.role == Role.REPAIR_CAPTAIN else ("M-00", "M-99")
    return [
        (
            title,
            [
                each.key
                for each in metrics.of_family(first, last)
                if only[0] <= each.code <= only[1] and may(g.user, each.permission)
            ],
        )
        for title, first, last in metrics.FAMILIES
    ]


def line(key: str, now: Figure, before: Figure, period: Period) -> Line:
    """A figure as the table shows it."""
    metric = metrics.METRICS[key]
    is_share = metric.unit == metrics.Unit.PERCENT and now.has_source
    return Line(
        code=metric.code,
        title=str(metric.title),
        now=metrics.shown(metric.unit, now),
        unit=str(metric.unit.label) if now.has_source and now.value is not None else "",
        before=metrics.shown(metric.unit, before) if before.has_source else "",
        change=change(metric, now.value, before.value),
        part=f"{now.part:,.0f}" if is_share else "",
        part_url=lists.path(key, "part", period) if is_share and now.part else "",
        whole=_whole(metric, now) if now.has_source else "",
        whole_url=lists.path(key, "whole", period) if now.has_source and (now.whole or now.part) else "",
        has_source=now.has_source,
        why=metrics.why(key, period),
    )


def _whole(metric: Metric, figure: Figure) -> str:
    if figure.whole is not None:
        return f"{figure.whole:,.0f}"
    return _("Records") if figure.part else formatting.DASH


def change(metric: Metric, now: Decimal | None, before: Decimal | None) -> Change | None:
    """From the period before to this one; None where one of them has no figure."""
    if now is None or before is None:
        return None
    difference = now - before
    if not difference:
        return Change("", _("unchanged"), None)
    better = None if metric.more_is_better is None else (difference > 0) == metric.more_is_better
    return Change("▲" if difference > 0 else "▼", metrics.formatted(metric.unit, abs(difference)), better)
