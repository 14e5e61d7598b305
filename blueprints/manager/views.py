"""The manager's board: what is late and whose, what waits for the manager, how complaints go."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints import dashboards
from blueprints.http import page, requires
from blueprints.manager import blueprint
from portal import charts, clock, formatting
from portal.db import session
from portal.i18n import _
from portal.models.complaint import Escalation
from portal.models.task import Task
from portal.permissions import Permission
from portal.processes import escalation
from portal.services import boards, complaints, workload


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
    waiting = session().scalars(
        complaints.escalations_visible_to(user)
        .where(Escalation.state == escalation.State.SUBMITTED)
        .options(joinedload(Escalation.complaint), joinedload(Escalation.submitted_by))
        .order_by(Escalation.submitted_at)
        .limit(8)
    )
    mine = session().scalars(workload.queue(user).limit(8))
    late = session().scalars(workload.team(user).where(Task.due_at < at).limit(10))
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
        departments=boards.by_department(session(), user, at),
        people=boards.by_person(session(), user, at),
        waiting=list(waiting),
        mine=dashboards.queue_rows(list(mine)),
        late=dashboards.queue_rows(list(late)),
        chart=chart,
        at=at,
    )
