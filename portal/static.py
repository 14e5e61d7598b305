"""Static files under addresses that name their content, so that browsers keep them for good."""

from __future__ import annotations

import gzip
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


PRESSED = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})
"""What is text is sent in a sixth of its size; fonts and pictures are small already."""


@cache
def pressed(name: str) -> bytes:
    """The file as gzip."""
    return gzip.compress((FOLDER / name).read_bytes(), 9, mtime=0)


def _press(response: Response, name: str) -> None:
    response.vary.add("Accept-Encoding")
    if response.status_code == 200 and request.accept_encodings.quality("gzip") and "Range" not in request.headers:
        etag, _is_weak = response.get_etag()
        response.close()  # the file itself is not read
        response.direct_passthrough = False
        response.set_data(pressed(name))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("Accept-Ranges", None)
        if etag:
            response.set_etag(f"{etag}-gzip")


def init_app(app: Flask) -> None:
    """Give templates `static_url(name)`, let what it names be cached, and send text pressed."""
    app.jinja_env.globals["static_url"] = url

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 206, 304):
            asked, name = request.args.get("v", ""), (request.view_args or {}).get("filename", "")
            is_exact = bool(asked) and asked == version(name)
            response.headers["Cache-Control"] = FOR_GOOD if is_exact else "no-cache"
            if response.mimetype in PRESSED:
                _press(response, name)
        return response
