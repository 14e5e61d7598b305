"""The addresses of the portal as data, for people and for scripts."""

from __future__ import annotations

from typing import Any

from flask import Flask

from portal.permissions import Permission


def describe(app: Flask) -> list[dict[str, Any]]:
    """One object per route: `path`, `methods`, `endpoint`, `permission` and `kind`.

    permission: None for a public route. kind: the plural kind of record (`complaints`) below `/records/`, else None.
    """
    from blueprints.guard import permission_of

    routes = []
    for rule in app.url_map.iter_rules():
        permission = permission_of(app, rule.endpoint)
        routes.append(
            {
                "path": rule.rule,
                "methods": sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}),
                "endpoint": rule.endpoint,
                "permission": str(permission) if isinstance(permission, Permission) else None,
                "kind": _kind(app, rule.endpoint, rule.rule),
            }
        )
    return sorted(routes, key=lambda route: (route["path"], route["methods"]))


def _kind(app: Flask, endpoint: str, path: str) -> str | None:
    declared = getattr(app.view_functions.get(endpoint), "kind", None)
    parts = path.split("/")
    if declared is None and parts[1:2] == ["records"] and len(parts) > 2 and not parts[2].startswith("<"):
        return parts[2]
    return declared
