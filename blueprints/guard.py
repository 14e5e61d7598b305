"""Refused unless declared: every endpoint names a permission or says that it is public."""

from __future__ import annotations

from flask import Flask, g, request
from flask.typing import ResponseReturnValue

from portal.errors import NotPermitted
from portal.i18n import N_, _
from portal.permissions import Permission, may, who_may

_MISSING = object()


def permission_of(app: Flask, endpoint: str) -> Permission | object | None:
    """The declared permission, None for a public endpoint, `_MISSING` when nothing was declared."""
    if endpoint == "static":
        return None
    return getattr(app.view_functions[endpoint], "permission", _MISSING)


def is_declared(app: Flask, endpoint: str) -> bool:
    """Whether the endpoint says who may use it."""
    return permission_of(app, endpoint) is not _MISSING


def init_app(app: Flask) -> None:
    """Check the permission of each request before any view runs."""

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None
        permission = permission_of(app, request.endpoint)
        if permission is None:
            return None
        if g.get("user") is None:
            from blueprints.account.views import to_sign_in

            return to_sign_in()
        if permission is _MISSING:
            raise NotPermitted(N_("This page is not open to anybody."))
        assert isinstance(permission, Permission)
        if not may(g.user, permission):
            roles = "、".join(str(role.label) for role in who_may(permission)) or "–"
            raise NotPermitted(_("Your role may not do this. Who may: %(roles)s.", roles=roles))
        return None
