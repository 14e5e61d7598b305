"""Static files under addresses that name their content, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, request, url_for

FOR_GOOD = "public, max-age=31536000, immutable"

_versions: dict[Path, tuple[int, str]] = {}


def version(path: Path) -> str:
    """Ten digits that change with the content of the file; empty when there is none."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return ""
    known = _versions.get(path)
    if known is None or known[0] != changed:
        known = _versions[path] = changed, hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return known[1]


def init_app(app: Flask) -> None:
    """Give templates `static_url(name)`, and let what it names be cached."""
    folder = Path(app.static_folder or "")
    made: dict[str, tuple[str, str]] = {}

    def static_url(name: str) -> str:
        now = version(folder / name)
        known = made.get(name)
        if known is None or known[0] != now:
            known = made[name] = now, url_for("static", filename=name, v=now)
        return known[1]

    app.jinja_env.globals["static_url"] = static_url

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 206, 304):
            asked = request.args.get("v", "")
            name = (request.view_args or {}).get("filename", "")
            is_exact = bool(asked) and asked == version(folder / name)
            response.headers["Cache-Control"] = FOR_GOOD if is_exact else "no-cache"
        return response
