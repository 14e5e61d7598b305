"""The browser somebody sits at: its mark, its name for people, and the cookies of a sign-in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, current_app, g, request
from flask import session as cookie
from itsdangerous import BadSignature, URLSafeSerializer

from portal.db import transaction
from portal.i18n import _
from portal.models.org import User
from portal.services import accounts, sessions
from portal.services.sessions import End
from portal.services.sign_in import Browser

DEVICE_COOKIE = "device"
YEAR = 365 * 24 * 3600
PEOPLE_PER_DEVICE = 8

View = TypeVar("View", bound=Callable[..., Any])


def for_unready(view: View) -> View:
    """Declare a page for people who must first change a password or set up a second factor."""
    view.for_unready = True  # type: ignore[attr-defined]
    return view


def browser_for(username: str) -> Browser:
    """Where this request comes from, and whether the browser is known to the account."""
    device, people = _device()
    known = device if _mark(accounts.fold(username)) in people else None
    return Browser(address=request.remote_addr or "?", device=(request.user_agent.string or "")[:200], known_as=known)


def keep_session(response: Response, token: str, user: User) -> Response:
    """Put the session into the cookie, which forgets all it held before, and remember the browser."""
    cookie.clear()
    cookie[sessions.COOKIE_KEY] = token
    device, people = _device()
    marks = [_mark(user.username), *(mark for mark in people if mark != _mark(user.username))][:PEOPLE_PER_DEVICE]
    response.set_cookie(
        DEVICE_COOKIE,
        _signer().dumps([device or secrets.token_hex(8), marks]),
        max_age=YEAR,
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
        path="/account",
    )
    return response


def leave(at: datetime) -> None:
    """End the session this browser holds, whole or half-way."""
    row, user = g.user_session or g.half_way, g.user
    cookie.clear()
    if row is None:
        return
    row_id = row.id
    with transaction() as session:
        sessions.end(session, row_id, at=at, reason=End.SIGNED_OUT)
        if user is not None:
            accounts.note(session, user, "SIGNED_OUT", at=at)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="device")


def _mark(username: str) -> str:
    return hashlib.sha256(username.encode()).hexdigest()[:12]


def _device() -> tuple[str | None, list[str]]:
    try:
        device, people = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""))
        return str(device), [str(mark) for mark in people]
    except (BadSignature, TypeError, ValueError):
        return None, []


BROWSERS = (
    ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("OPR/", "Opera"), ("QQBrowser", "QQ Browser"),
    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_name(agent: str | None) -> str:
    """What a browser calls itself, in two words: Chrome · Windows."""
    found = [next((name for sign, name in known if sign in (agent or "")), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, found)) or _("Unknown device")
