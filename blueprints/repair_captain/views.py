"""The day of a repair captain: the jobs in the order of driving, and the dashboard with its own numbers."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import requires
from blueprints.repair_captain import blueprint
from portal.i18n import _
from portal.permissions import Permission


@blueprint.get("/dashboard")
@requires(Permission.CAPTAIN_DESK)
def dashboard() -> ResponseReturnValue:
    """Numbers, queue, and what the captain added to them."""
    return dashboards.show(_("My day"))
