"""What every view uses: the permission beside the route, page or fragment, redirects. HX- headers live here only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for
from jinja2_fragments.flask import render_block
from sqlalchemy import Select

from portal import visibility
from portal.db import session
from portal.errors import NotFound
from portal.permissions import Permission
from portal.reading import Whole

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare the permission a route asks for. A route without this or `public` is refused for everybody."""

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def public(view: View) -> View:
    """Declare that a route is for everybody, also without signing in."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def by_link(view: View) -> View:
    """Declare that a route is for whoever holds its address: no session is looked at, no cookie set.

    What it takes is protected by the signed address, not by a token of a session.
    """
    view.permission = None  # type: ignore[attr-defined]
    view.by_link = True  # type: ignore[attr-defined]
    return view


def is_by_link() -> bool:
    """Whether the present request is for such a page."""
    return bool(getattr(current_app.view_functions.get(request.endpoint or ""), "by_link", False))


def polled(view: View) -> View:
    """Declare that the page asks for this by itself: it does not count as the person being there."""
    view.polled = True  # type: ignore[attr-defined]
    return view


def wants_fragment() -> bool:
    """True when htmx asks for a part of the page; not for boosted links and restored history."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Boosted") != "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def page(template: str, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """The named block for an htmx swap, the whole page for everyone else."""
    if fragment and wants_fragment():
        render = partial(render_block, template, fragment)
    else:
        render = partial(render_template, template)
    response = make_response(render(**context), status)
    response.headers["Vary"] = "HX-Request"
    return response


def see_other(endpoint_or_path: str, **values: Any) -> Response:
    """After a POST: the browser goes on to another page, with and without htmx."""
    target = endpoint_or_path if endpoint_or_path.startswith("/") else url_for(endpoint_or_path, **values)
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = target
        return response
    return make_response(redirect(target, 303))


def safe_path(target: str | None, default: str) -> str:
    """A path of this portal to return to; anything that could lead elsewhere becomes the default."""
    if not target or len(target) > 500 or "\\" in target or any(ord(sign) < 32 for sign in target):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return default
    return target


def find_or_404(model: type[Row], number: str, options: tuple[Any, ...] = ()) -> Row:
    """The record of that number, if it exists for the person who asks. Raises NotFound; unknown and forbidden look alike."""
    row = visibility.by_number(session(), g.user, model, number, options)
    if row is None:
        raise NotFound()
    return row


def read_or_404(whole: Whole[Row], number: str) -> Row:
    """As `find_or_404`, for pages that only read: the record with all the page names. Raises NotFound."""
    row = whole.by_number(session(), g.user, number)
    if row is None:
        raise NotFound()
    return row


def get_or_404(visible: Select[Row], *conditions: Any) -> Row:
    """The one row of a visible query that meets the conditions. Raises NotFound; unknown and forbidden look alike."""
    row = session().scalars(visible.where(*conditions)).one_or_none()
    if row is None:
        raise NotFound()
    return row
