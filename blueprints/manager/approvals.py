"""What waits for the manager's decision."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.manager import blueprint
from portal.db import session
from portal.permissions import Permission
from portal.services import approval_inbox


@blueprint.get("/approvals")
@requires(Permission.APPROVAL_DECIDE)
def approvals() -> ResponseReturnValue:
    """Everything that waits for a decision, what was asked first first."""
    return page("manager/approvals/list.html", waiting=approval_inbox.waiting(session(), g.user))
