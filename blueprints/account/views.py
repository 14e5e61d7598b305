"""Signing in and out, language and appearance."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints.account import blueprint
from blueprints.account.browsers import browser_for, keep_session, leave
from blueprints.account.forms import CodeForm, SignInForm
from blueprints.http import page, public, safe_path, see_other, wants_fragment
from portal import clock, i18n
from portal.config import DEMO
from portal.db import session, transaction
from portal.errors import DomainError, NotFound
from portal.i18n import N_, Text
from portal.models.org import User
from portal.permissions import Role
from portal.services import accounts
from portal.services import sign_in as entrance

log = logging.getLogger("portal.security")

HOME = "/"
YEAR = 365 * 24 * 3600

DEMO_PEOPLE: tuple[tuple[str, Role, str, Text], ...] = (
    ("front_desk", Role.FRONT_DESK, "phone-call", N_("Calls, visits, forwarding")),
    ("specialist", Role.SPECIALIST, "headset", N_("Complaints, follow-up, warranty, archive")),
    ("reviewer", Role.REVIEWER, "ruler-2", N_("Drawing review, pre-acceptance")),
    ("captain", Role.REPAIR_CAPTAIN, "tool", N_("Repairs on site, costs, signatures")),
    ("manager", Role.MANAGER, "users", N_("Approvals, escalated complaints, reports")),
)
"""The five buttons of the demo: name for signing in, role, icon, work."""


def to_sign_in() -> Response:
    """The way to the sign-in page, and back here afterwards. Also for htmx, whose page must move as a whole."""
    if g.get("half_way") is not None:
        return see_other("account.give_code", next=_present_path())
    return see_other("account.sign_in", next=_present_path())


def _present_path() -> str | None:
    """The page the person looks at: what htmx says, this one, or the one a form was sent from."""
    if wants_fragment():
        seen = request.headers.get("HX-Current-URL", "")
    elif request.method == "GET":
        seen = request.full_path.rstrip("?")
    else:
        seen = request.referrer or ""
    parts = urlsplit(seen)
    if parts.netloc and parts.netloc != request.host:
        return None
    path = safe_path(parts.path + (f"?{parts.query}" if parts.query else ""), HOME)
    return None if path == HOME else path


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Name and password; on to the page that was asked for."""
    target = safe_path(request.values.get("next"), HOME)
    if request.method == "GET" and g.user is not None:
        return see_other(target)
    form = SignInForm(next=target)
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            at = clock.now()
            try:
                browser = browser_for(form.username.data or "")
                token, user = entrance.with_password(form.username.data or "", form.password.data or "", browser, at=at)
            except DomainError as refusal:
                log.warning(
                    "sign-in as %a from %s: %s",
                    (form.username.data or "")[:50],
                    request.remote_addr,
                    type(refusal).__name__,
                )
                form.form_errors = [str(refusal)]
                status = refusal.status
            else:
                return _enter(token, user, target)
    return page("account/sign_in.html", form=form, status=status, people=_demo_people(), target=target)


@blueprint.post("/demo-sign-in")
@public
def demo_sign_in() -> ResponseReturnValue:
    """One of the five demo people, with one press. There is no such page outside the demo."""
    if current_app.config["PORTAL"].env != DEMO:
        raise NotFound()
    username = request.form.get("username", "")
    if username not in [name for name, *_rest in DEMO_PEOPLE]:
        raise NotFound()
    token, user = entrance.as_demo(username, browser_for(username), at=clock.now())
    return _enter(token, user, safe_path(request.form.get("next"), HOME))


def _enter(token: str, user: User, target: str) -> Response:
    old, waiting = g.user_session or g.half_way, user.totp_confirmed_at is not None
    if old is not None:
        leave(clock.now())
    response = see_other("account.give_code", next=target) if waiting else see_other(target)
    return keep_session(response, token, user)


@blueprint.route("/code", methods=["GET", "POST"])
@public
def give_code() -> ResponseReturnValue:
    """The second factor, after the password."""
    target = safe_path(request.values.get("next"), HOME)
    if g.half_way is None:
        return see_other(target if g.user is not None else "account.sign_in")
    form, status = CodeForm(next=target), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            user = g.half_way.user
            try:
                token = entrance.with_code(g.half_way, form.code.data or "", at=clock.now())
            except entrance.Refused:
                log.warning("code of %s from %s: refused", user.username, request.remote_addr)
                from portal.services.second_factor import WRONG

                form.code.errors = [str(WRONG)]
            except DomainError as refusal:
                form.form_errors, status = [str(refusal)], refusal.status
            else:
                return keep_session(see_other(target), token, user)
    return page("account/code.html", form=form, status=status)


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session here; the browser forgets what it kept of it. `keep`: others wrote something on this phone."""
    leave(clock.now())
    response = see_other("account.sign_in")
    kept = request.form.get("keep") == "1"
    response.headers["Clear-Site-Data"] = '"cache"' if kept else '"cache", "storage"'
    return response


@blueprint.post("/preferences")
@public
def preferences() -> ResponseReturnValue:
    """Switch language or appearance, for the person or, before signing in, for the browser."""
    chosen = {name: request.form.get(name) for name in ("locale", "theme")}
    response = see_other(safe_path(request.form.get("next"), HOME))
    if g.user is not None:
        user_id = g.user.id
        with transaction() as writing:
            accounts.prefer(accounts.get(writing, user_id), **chosen)
    allowed = {"locale": tuple(i18n.LOCALES), "theme": accounts.THEMES}
    for name, value in chosen.items():
        if value in allowed[name]:
            response.set_cookie(
                name, value or "", max_age=YEAR, secure=request.is_secure, httponly=True, samesite="Lax"
            )
    return response


def _demo_people() -> list[dict[str, str]]:
    """The buttons for those demo people who are there."""
    if current_app.config["PORTAL"].env != DEMO:
        return []
    names = [username for username, *_rest in DEMO_PEOPLE]
    query = select(User.username, User.name).where(User.username.in_(names), User.disabled_at.is_(None))
    there = {row.username: row.name for row in session().execute(query)}
    return [
        {"username": username, "role": str(role.label), "icon": icon, "work": str(work), "name": there[username]}
        for username, role, icon, work in DEMO_PEOPLE
        if username in there
    ]
