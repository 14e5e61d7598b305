"""Who else is here: each page of a record says that somebody looks at it, and is told who else does."""

from __future__ import annotations

from flask import current_app, g, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.http import polled, requires
from blueprints.records import blueprint
from portal import presence
from portal.db import session
from portal.permissions import Permission
from portal.services import record_kinds


@blueprint.get("/<kind>/<number>/here")
@requires(Permission.HOME)
@polled
def who_is_here(kind: str, number: str) -> ResponseReturnValue:
    """The hint as it stands now; writes nothing that lasts."""
    record = record_kinds.find(session(), g.user, kind, number=number)
    visitors = presence.others(
        current_app.config["PORTAL"],
        kind,
        record.id,
        user_id=g.user.id,
        name=g.user.name,
        is_editing="editing" in request.args,
    )
    return render_template("records/here.html", visitors=visitors)
