"""The specialist's day: what is late, what is next, what was promised."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import page, requires
from blueprints.specialist import blueprint
from portal.db import session
from portal.i18n import _
from portal.models.task import Task, TaskKind
from portal.permissions import Permission
from portal.services import complaints, workload


@blueprint.get("/")
@requires(Permission.SPECIALIST_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of a specialist."""
    department = _("Department in all: %(count)s", count=complaints.count_open(session(), g.user))
    shown = dashboards.context(
        g.user,
        dashboards.Wanted(_("My open complaints"), "complaints", "mine,open", context=department),
        dashboards.Wanted(_("Forwarded questions"), "consultations", "state.FORWARDED"),
    )
    talk = Task.kind.in_((TaskKind.PROMISE, TaskKind.MESSAGE, TaskKind.CALL_BACK))
    promises = session().scalars(workload.queue(g.user).where(talk).limit(8)).all()
    return page("specialist/dashboard.html", **shown, promises=dashboards.queue_rows(list(promises)))
