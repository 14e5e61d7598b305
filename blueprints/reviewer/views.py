"""The day of a reviewer: own numbers, own queue, and what was added to them."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import requires
from blueprints.reviewer import blueprint
from portal.i18n import _
from portal.permissions import Permission


@blueprint.get("/")
@requires(Permission.REVIEWER_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of a reviewer."""
    return dashboards.show(_("My day"))
