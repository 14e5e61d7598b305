"""How crews are rated by repairs (R-17): the page of all crews or foremen, and the panel on the page of a crew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint, editing, showing
from portal import clock, formatting
from portal.db import session
from portal.i18n import _, _p
from portal.models.org import Crew
from portal.permissions import Permission
from portal.services import crew_ratings
from portal.services.crew_ratings import Period, Rating, Weights

P = Permission


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the list of the records it counts."""

    text: str
    url: str
    more: str = ""
    """Its share."""


@dataclass(frozen=True, slots=True)
class Line:
    """A crew or a foreman with the figures."""

    name: str
    url: str
    beside: str
    figures: tuple[Figure, ...]
    score: str


@blueprint.get("/crew-ratings")
@requires(P.CREW_RATING)
def crew_ratings_page() -> ResponseReturnValue:
    """All crews, or all foremen, with what their repairs say of them within some days."""
    at = clock.now()
    usual = crew_ratings.usual_period(session(), at)
    period, problem = _period(usual)
    by_foreman = request.args.get("by") == "foreman"
    found = (crew_ratings.of_foremen if by_foreman else crew_ratings.of_crews)(session(), g.user, period)
    return page(
        "records/repairs/crew_ratings.html",
        lines=[_line(rating, period, by_foreman) for rating in sorted(found, key=_worst_first)],
        period=period,
        problem=problem,
        by_foreman=by_foreman,
        method=method(crew_ratings.weights(session())),
    )


def panel(crew: Crew) -> showing.Table:
    """The figures of one crew, each leading to the repairs it counts."""
    period = crew_ratings.usual_period(session(), clock.now())
    (rating,) = crew_ratings.of_crews(session(), g.user, period, [crew])
    line = _line(rating, period, by_foreman=False)
    names = (_("Repairs filed"), _("Rework"), _("Came late (DL-22)"), _("Cost borne (yuan)"))
    rows: list[list[Any]] = [
        [name, (figure.text, figure.url), figure.more]
        for name, figure in zip(names, line.figures, strict=True)
    ]  # fmt: skip
    rows.append([_("Rating of 100"), line.score, ""])
    return showing.Table(
        _("Rating by repairs"),
        [(_("Figure"), ""), (_p("figure", "Number"), "num"), (_("Share"), "num")],
        rows,
        "",
        foot=[_("%(start)s to %(end)s", start=formatting.full_date(period.start), end=formatting.full_date(period.end))],
    )  # fmt: skip


def method(by: Weights) -> str:
    """How the rating comes about, in one sentence with the weights in force."""
    return _(
        "100 less %(rework)s × rework ÷ repairs, less %(late)s × late ÷ sent to, "
        "less %(cost)s × cost per repair ÷ %(full)s yuan (at most the whole weight).",
        rework=by.rework, late=by.late, cost=by.cost, full=formatting.money(by.cost_full),
    )  # fmt: skip


def _worst_first(rating: Rating) -> tuple[bool, Decimal]:
    return (rating.score is None, rating.score or Decimal(0))


def _line(rating: Rating, period: Period, by_foreman: bool) -> Line:
    def url(*filters: str) -> str:
        return crew_ratings.records_url(rating.crews, period, *filters)

    names = "、".join(crew.name for crew in rating.crews)
    foreman = rating.foreman
    late = f"{_percent(rating.late_share)} ({rating.late}/{rating.told})" if rating.told else formatting.DASH
    each = rating.cost_per_repair
    return Line(
        name=foreman.name if by_foreman and foreman else names,
        url=editing.path(foreman if by_foreman and foreman else rating.crews[0]),
        beside=names if by_foreman else (foreman.name if foreman else ""),
        figures=(
            Figure(str(rating.repairs), url()),
            Figure(str(rating.reworked), url("again"), _percent(rating.rework_share)),
            Figure(str(rating.late), url("crew-late"), late),
            Figure(
                formatting.money(rating.cost),
                url("crew-cost"),
                _("%(amount)s each", amount=formatting.money(each)) if each is not None else formatting.DASH,
            ),
        ),
        score=str(rating.score) if rating.score is not None else formatting.DASH,
    )


def _percent(part: Decimal | None) -> str:
    return formatting.percent(part) if part is not None else formatting.DASH


def _period(usual: Period) -> tuple[Period, str]:
    """The days of the address; what cannot be read is said, and the usual ones are shown."""
    given = [request.args.get(name, "").strip() for name in ("from", "until")]
    if not any(given):
        return usual, ""
    try:
        start, end = (
            date.fromisoformat(text) if text else day for text, day in zip(given, (usual.start, usual.end), strict=True)
        )
        if not (start.year >= 2000 and end.year <= 2100 and start <= end):
            raise ValueError(given)
    except ValueError:
        return usual, _("These days cannot be read; the usual ones are shown.")
    return Period(start, end), ""
