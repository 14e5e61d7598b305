"""The wall board of the stand-up in the morning: few numbers, large, as they stand now; no customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue

from blueprints.dashboards import Number, numbers
from blueprints.http import page, polled, requires
from blueprints.manager import blueprint
from portal import clock, metrics
from portal.db import session
from portal.i18n import N_
from portal.metrics import Period, lists
from portal.permissions import Permission
from portal.services import boards
from portal.services.tiles import Tile

SHOWN = 8
TILES = (
    Tile("late", N_("Overdue"), kind="tasks", query="filter=open,overdue", mark="late"),
    Tile("near", N_("Due within 15 minutes"), kind="tasks", query="filter=open,near", mark="soon"),
    Tile("today", N_("Due today"), kind="tasks", query="filter=open,today", mark="soon"),
    Tile("escalations", N_("Escalations to take"), kind="escalations", query="filter=waiting", mark="late"),
)


@blueprint.get("/wall")
@requires(Permission.MANAGER_DESK)
def wall() -> ResponseReturnValue:
    """The board for a screen that all can see."""
    return page("manager/wall.html", **_shown(clock.now()))


@blueprint.get("/wall/figures")
@requires(Permission.MANAGER_DESK)
@polled
def wall_figures() -> ResponseReturnValue:
    """The same as it stands now; the page asks again every minute."""
    return render_template("manager/wall_figures.html", **_shown(clock.now()))


def _shown(at: datetime) -> dict[str, Any]:
    today = clock.today(at)
    found = metrics.measure_all(session(), g.user, ("M-10", "M-10.effective"), Period(today, today))
    late = boards.late_now(session(), g.user, at)
    return {
        "at": at,
        "tiles": numbers(g.user, TILES, at),
        "calls": _calls(found, Period(today, today)),
        "departments": [(boards.filter_of(key), *rest) for key, *rest in late.departments[:SHOWN]],
        "people": [(f"person.{key}", *rest) for key, *rest in late.people[:SHOWN]],
        "more_people": sum(number for _key, _name, number in late.people[SHOWN:]),
        "nobody": late.nobody,
    }


def _calls(found: dict[str, metrics.Figure], today: Period) -> list[Number]:
    """Calls of the day: done and planned, as M-10 counts them."""
    return [
        Number(key, "", lists.path(key, "whole", today), metrics.formatted(metrics.Unit.COUNT, found[key].value))
        for key in ("M-10.effective", "M-10")
    ]
