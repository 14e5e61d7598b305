"""Health and figures for supervisors, and the door to the right dashboard."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from blueprints.http import public, see_other
from blueprints.public import blueprint
from portal import clock
from portal.db import session
from portal.errors import NotFound
from portal.permissions import Role
from portal.services import figures
from portal.shell import HOME_PATHS
from portal.web import is_loopback


@blueprint.get("/healthz")
@public
def health() -> ResponseReturnValue:
    """200 when the portal can answer from its database, 503 when not. Says nothing else."""
    session().execute(text("SELECT 1"))
    return "ok", 200, {"Content-Type": "text/plain"}


@blueprint.get("/")
@public
def home() -> ResponseReturnValue:
    """The dashboard of whoever is signed in, else the sign-in page."""
    user = g.get("user")
    return see_other(HOME_PATHS[Role(user.role)] if user else "/account/sign-in")


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Figures for a monitor on this machine, in the Prometheus text format. From anywhere else it does not exist."""
    if not is_loopback(request.remote_addr or ""):
        raise NotFound()
    lines = []
    for name, help_text, figure in figures.gauges(session(), at=clock.now()):
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge", f"{name} {figure:g}"]
    return "\n".join(lines) + "\n", 200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
