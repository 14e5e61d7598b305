"""The manager's board: what is late and whose, what is about to be, what waits for the manager, how things go."""

from __future__ import annotations

from flask import g, render_template
from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import polled, requires
from blueprints.manager import blueprint
from portal import charts, clock, metrics
from portal.charts import Point, Series
from portal.db import session
from portal.errors import NotFound
from portal.i18n import N_, Text, _
from portal.metrics import METRICS, Period, lists
from portal.permissions import Permission
from portal.services import boards
from portal.services.boards import Track

TITLES = {
    "trend": N_("Complaints: received and closed"),
    "timeliness": N_("In time: complaints"),
    "satisfaction": N_("Satisfied customers", "metric"),
}
SIDES: dict[tuple[str, str], Text] = {
    ("M-20", "whole"): N_("Received in the week, founded or not yet judged"),
    ("M-22", "part"): N_("Closed in the week"),
}
"""What is drawn where it is a side of a figure."""


@blueprint.get("/")
@requires(Permission.MANAGER_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of the manager."""
    return dashboards.show(_("Department board"))


@blueprint.get("/cockpit")
@requires(Permission.MANAGER_DESK)
@polled
def cockpit() -> ResponseReturnValue:
    """What falls due in the next quarter of an hour, as it stands now; the board asks again every minute."""
    return render_template("manager/cockpit.html", day=dashboards.Day(g.user, clock.now()))


@blueprint.get("/weeks/<which>")
@requires(Permission.MANAGER_DESK)
def weeks(which: str) -> ResponseReturnValue:
    """A chart of twelve weeks; each point opens the records behind it."""
    if which not in boards.TRENDS:
        raise NotFound()
    at = clock.now()
    periods = boards.weeks(at)
    drawn = [_drawn(track, periods) for track in boards.trend(session(), g.user, which, at)]
    labels = [f"{period.first:%m-%d}" for period in periods]
    draw, room = (charts.columns, charts.WIDE) if which == "trend" else (charts.lines, charts.NARROW)
    return render_template(
        "manager/weeks.html",
        title=TITLES[which],
        labels=labels,
        series=drawn,
        drawing=draw(labels, drawn, title=str(TITLES[which]), key=f"weeks-of-{which}", room=room),
    )


def _drawn(track: Track, periods: list[Period]) -> Series:
    unit = metrics.Unit.COUNT if track.side else METRICS[track.key].unit
    name = SIDES[track.key, track.side] if track.side else METRICS[track.key].title
    sign = "%" if unit is metrics.Unit.PERCENT else ""
    points = [
        Point(
            None if value is None else float(value),
            metrics.formatted(unit, value) + (sign if value is not None else ""),
            lists.path(track.key, track.side or "whole", period) if value is not None else "",
        )
        for value, period in zip(track.values, periods, strict=True)
    ]
    return Series(f"{track.key} {name}", points)
