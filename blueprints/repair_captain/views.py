"""The captain's day on a phone: own tasks and the complaints that concern repairs."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import page, requires
from blueprints.repair_captain import blueprint
from portal.i18n import _
from portal.permissions import Permission


@blueprint.get("/")
@requires(Permission.CAPTAIN_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of a repair captain."""
    concerned = dashboards.Wanted(_("Complaints that concern me"), "complaints", "open")
    return page("repair_captain/dashboard.html", **dashboards.context(g.user, concerned))
