"""The manager's board: what is late and whose, what waits for the manager, how complaints go."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from blueprints import dashboards
from blueprints.http import requires
from blueprints.manager import blueprint
from portal.i18n import _
from portal.permissions import Permission


@blueprint.get("/")
@requires(Permission.MANAGER_DESK)
def dashboard() -> ResponseReturnValue:
    """The start page of the manager."""
    return dashboards.show(_("Department board"))
