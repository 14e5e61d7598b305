"""Static files under addresses that name their content, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

FOLDER = Path(__file__).parent.parent / "static"
FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def version(name: str) -> str:
    """Ten digits that change with the content of the file; empty when there is none. Files change with a new start."""
    path = FOLDER / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""


@cache
def url(name: str) -> str:
    """The address of a file below static/, with a mark of its content."""
    return f"/static/{name}?v={version(name)}"


def init_app(app: Flask) -> None:
    """Give templates `static_url(name)`, and let what it names be cached."""
    app.jinja_env.globals["static_url"] = url

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 206, 304):
            asked = request.args.get("v", "")
            is_exact = bool(asked) and asked == version((request.view_args or {}).get("filename", ""))
            response.headers["Cache-Control"] = FOR_GOOD if is_exact else "no-cache"
        return response
