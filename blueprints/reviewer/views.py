"""The reviewer's day: own tasks and the complaints that concern the reviewer's work."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import page, requires
from blueprints.reviewer import blueprint
from portal.i18n import _
from portal.permissions import Permission


@blueprint.get("/")
@requires(Permission.REVIEWER_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of a reviewer."""
    concerned = dashboards.Wanted(_("Complaints that concern me"), "complaints", "open")
    return page("reviewer/dashboard.html", **dashboards.context(g.user, concerned))
