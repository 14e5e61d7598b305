"""What stands before every view and behind every answer: who is asking, from where, with what; and the headers.

Order: host and text of the request, the person of the session, the token against forgery, what the person must do
first. Refusals are logged under `portal.security` without what was typed.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, Response, g, request
from flask import session as cookie
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import clock, i18n, static, typed
from portal.config import Config
from portal.db import session as database
from portal.db import transaction
from portal.errors import DomainError
from portal.i18n import N_
from portal.kept import Kept
from portal.models.org import User
from portal.services import second_factor, sessions

log = logging.getLogger("portal.security")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_FOR_STRANGERS = 64 * 1024
"""Bytes that somebody who is not signed in may send."""
COOKIE_NAME = "portal"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

csrf = CSRFProtect()
logins = LoginManager()
logins.session_protection = None  # our sessions are rows, see portal/services/sessions.py


class _Cookies(SecureCookieSessionInterface):
    """The cookie is marked Secure whenever it travels over https. Its signer is made once, and each is read once."""

    def __init__(self) -> None:
        self._signer: Any = None
        self._opened: Kept[str, tuple[dict[str, Any], datetime]] = Kept(2_000)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the cookie says. One that was checked once is the same, letter by letter, until it is too old."""
        value = request.cookies.get(COOKIE_NAME, "")
        known = self._opened.get(value)
        if known is not None and clock.machine_now() - known[1] <= app.permanent_session_lifetime:
            return self.session_class(known[0])
        opened = super().open_session(app, request)
        if opened and all(isinstance(each, str) for each in opened.values()):  # a list could be changed in its place
            _said, signed_at = self.get_signing_serializer(app).loads(value, return_timestamp=True)
            self._opened.keep(value, (dict(opened), signed_at))
        return opened

    def get_signing_serializer(self, app: Flask) -> Any:
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send what changed. Where nothing did, only say that the page depends on the cookie."""
        if session.modified or session.permanent:
            super().save_session(app, session, response)
        elif session.accessed:
            vary = response.headers.get("Vary")
            response.headers["Vary"] = f"{vary}, Cookie" if vary else "Cookie"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    """Register everything; before the guard, which asks `g.user`."""
    config: Config = app.config["PORTAL"]
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE_NAME,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below, once the person is known
        WTF_CSRF_SSL_STRICT=False,  # Origin and Sec-Fetch-Site are checked on every scheme
        WTF_I18N_ENABLED=False,
    )
    app.session_interface = _Cookies()
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf.init_app(app)
    logins.init_app(app)
    static.init_app(app)
    app.before_request(_receive)
    app.after_request(_send)


# Before the view -----------------------------------------------------------------------------------------------------


def _receive() -> ResponseReturnValue | None:
    g.user, g.user_session, g.half_way = None, None, None
    if request.endpoint == "static":
        return None
    has_session = not getattr(_view(), "by_link", False)
    if has_session:
        _take_token()
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        refusal = _refuse(N_("The address of the portal is not right."), 400, "malformed host")
        return Response(str(refusal), 400, mimetype="text/plain")  # no page: its links would hold the wrong address
    if has_session:
        _find_person()
    if g.user is None:
        request.max_content_length = LARGEST_FOR_STRANGERS
    elif largest := getattr(_view(), "largest_bytes", None):  # a page that takes several files at once
        request.max_content_length = largest
    _check_text(request.query_string, request)
    if request.method not in SAFE_METHODS:
        _check_origin()
        _check_body(request)
        if g.user is not None or _is_public():  # everybody else is led to the sign-in page by the guard
            if has_session:
                _check_token()
            _check_form(request)
    if g.user is not None and not getattr(_view(), "for_unready", False) and not _is_public():
        return _first_things()
    return None


def _view() -> Any:
    from flask import current_app

    return current_app.view_functions.get(request.endpoint or "")


def _is_public() -> bool:
    return getattr(_view(), "permission", "undeclared") is None


def _refuse(sentence: i18n.Text, status: int, why: str) -> DomainError:
    user = g.get("user")
    log.warning(
        "refused %s %s of %s from %s: %s",
        request.method,
        _place()[:200].encode("unicode_escape").decode("ascii"),
        user.username if user else "nobody",
        request.remote_addr,
        why,
    )
    return DomainError(sentence, status=status)


def _place() -> str:
    """The address as it may be written down: of a page that is opened by its address alone, not the address itself."""
    return str(request.url_rule) if getattr(_view(), "by_link", False) else request.path


UNREADABLE = N_("Contains characters that cannot be recognised")


def _check_text(query: bytes, asked: Request) -> None:
    """Nothing but text in the address. Bytes that are no UTF-8 would silently become other text."""
    try:
        readable = typed.is_readable(unquote_to_bytes(query.replace(b"+", b" ")).decode("utf-8"))
    except UnicodeDecodeError:
        readable = False
    values = (str(value) for value in (asked.view_args or {}).values())
    if not readable or not all(map(typed.is_readable, values)):
        raise _refuse(UNREADABLE, 400, "unreadable address")


def _check_body(asked: Request) -> None:
    """As for the address: a form in one piece is looked at as bytes, before they become text."""
    if asked.mimetype != "application/x-www-form-urlencoded":
        return
    if (asked.content_length or 0) > (asked.max_form_memory_size or 0):
        raise RequestEntityTooLarge()
    try:
        unquote_to_bytes(asked.get_data(cache=True).replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _refuse(UNREADABLE, 400, "unreadable form") from None


def _check_form(asked: Request) -> None:
    for name, value in asked.form.items(multi=True):
        if not typed.is_readable(name) or not typed.is_readable(value):
            raise _refuse(UNREADABLE, 400, "unreadable form")
    for name, file in asked.files.items(multi=True):
        if not typed.is_readable(name) or not typed.is_readable(file.filename or ""):
            raise _refuse(UNREADABLE, 400, "unreadable file name")


def _check_origin() -> None:
    """Writing is asked for by our own pages only. Old browsers that say nothing still need the token."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site is not None and site not in ("same-origin", "none")
    if origin is not None and urlsplit(origin).netloc.casefold() != request.host.casefold():
        foreign = True
    if foreign:
        raise _refuse(N_("This request came from another site and was refused."), 403, "cross-site")


_tokens: Kept[tuple[Any, str], str] = Kept(2_000)
"""The signed token of the forms by what it signs; both live as long as the session."""


def _take_token() -> None:
    """Sign the secret of the session once, not on each request. Whoever has none yet gets one with the first form."""
    from flask import current_app

    secret = cookie.get("csrf_token")
    if isinstance(secret, str):
        key = current_app.secret_key, secret
        g.csrf_token = _tokens.get(key) or _tokens.keep(key, generate_csrf())


def _check_token() -> None:
    try:
        csrf.protect()
    except CSRFError as error:
        sentence = N_("This page is out of date. Reload it and try again.")
        raise _refuse(sentence, 403, f"token: {error.description}") from None


def _find_person() -> None:
    """Who asks, by the row of the session; set `g.user`, language and appearance with it."""
    user = current_user._get_current_object()
    if not isinstance(user, AnonymousUserMixin):
        g.user = user
        i18n.set_locale(user.locale)


@logins.request_loader
def _load(_asked: Request) -> User | None:
    """The signed-in person of this request: one query, and a small write at most once a minute.

    Requests that only read get the plain row, others the record.
    """
    token = cookie.get(sessions.COOKIE_KEY)
    if not isinstance(token, str):
        return None
    at, current = clock.now(), database()
    find = sessions.look if request.method in SAFE_METHODS else sessions.find
    row = find(current, token)
    if row is None:
        return None
    reason = sessions.overdue(current, row, at)
    if reason is not None:
        row_id = row.id
        with transaction() as writing:
            sessions.end(writing, row_id, at=at, reason=reason)
        return None
    if sessions.is_half_way(row):
        g.half_way = row
        return None
    if not getattr(_view(), "polled", False) and sessions.wants_touch(row, at):
        row_id = row.id
        with transaction() as writing:
            sessions.touch(writing, row_id, at)
        row = find(current, token)
        if row is None:
            return None
    g.user_session = row
    return row.user


def _first_things() -> ResponseReturnValue | None:
    """What the person must do before anything else: a password of their own, a second factor if it is demanded."""
    from blueprints.http import see_other

    user: User = g.user
    if user.must_change_password:
        return see_other("account.change_password")
    if not second_factor.is_set_up(user) and second_factor.is_demanded(database(), user):
        return see_other("account.set_up_second_factor")
    return None


# Behind the view -----------------------------------------------------------------------------------------------------


def _send(response: Response) -> Response:
    given = {name for name, _value in response.headers}
    response.headers.extend([header for header in HEADERS.items() if header[0] not in given])
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static" and (g.get("user") is not None or response.mimetype == "text/html"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
