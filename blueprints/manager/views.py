"""The manager's board: what is late and whose, what waits for the manager, how complaints go."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import page, requires
from blueprints.manager import blueprint
from portal import charts, clock, formatting
from portal.db import session
from portal.i18n import _
from portal.permissions import Permission
from portal.services import boards, workload


@blueprint.get("/")
@requires(Permission.MANAGER_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of the manager."""
    at, user = clock.now(), g.user
    wanted = [
        dashboards.Wanted(_("Overdue in the department"), "tasks", "open,overdue", "late"),
        dashboards.Wanted(_("Due in 24 hours"), "tasks", "open,soon", "soon"),
        dashboards.Wanted(_("Waiting for me"), "tasks", "mine,open"),
        dashboards.Wanted(_("Open complaints"), "complaints", "open"),
        dashboards.Wanted(_("Escalations to take"), "escalations", "waiting"),
    ]
    weeks = boards.trend(session(), user, at)
    chart = charts.bars_and_line(
        [f"{monday:%m-%d}" for monday, _received, _closed in weeks],
        [received for _monday, received, _closed in weeks],
        [closed for _monday, _received, closed in weeks],
        bar_name=_("Received"),
        line_name=_("Closed"),
    )
    return page(
        "manager/dashboard.html",
        heading=formatting.day(at),
        tiles=dashboards.tiles(user, at, wanted),
        loads=boards.loads(session(), user, at),
        waiting=boards.escalations_to_take(session(), user, 8),
        mine=dashboards.queue_rows(workload.own_lines(session(), user, 8)),
        late=dashboards.queue_rows(workload.late_lines(session(), user, at, 10)),
        chart=chart,
        at=at,
    )
