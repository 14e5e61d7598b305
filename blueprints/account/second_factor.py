"""Setting up the second factor, and its recovery codes."""

from __future__ import annotations

from flask import g
from flask import session as cookie
from flask.typing import ResponseReturnValue

from blueprints.account import blueprint
from blueprints.account.browsers import for_unready, keep_session
from blueprints.account.forms import CodeForm
from blueprints.http import page, requires, see_other
from portal import clock, settings
from portal.db import session, transaction
from portal.errors import DomainError, Invalid
from portal.permissions import Permission
from portal.services import accounts, attempts, second_factor, sessions
from portal.services.sessions import End

SECRET_KEY = "new-secret"
"""Where the cookie keeps a secret that is not confirmed yet."""


@blueprint.route("/second-factor", methods=["GET", "POST"])
@requires(Permission.HOME)
@for_unready
def set_up_second_factor() -> ResponseReturnValue:
    """Show the code for the phone, take the first code back, then show the recovery codes once."""
    if second_factor.is_set_up(g.user):
        return see_other(".recovery_codes")
    secret = cookie.get(SECRET_KEY)
    if not isinstance(secret, str):
        secret = cookie[SECRET_KEY] = second_factor.new_secret()
    form = CodeForm()
    if form.validate_on_submit():
        at, user_id, row = clock.now(), g.user.id, g.user_session
        address, device = row.address or "", row.device or ""
        try:
            with transaction() as writing:
                user = accounts.get(writing, user_id)
                codes = second_factor.confirm(writing, user, secret, form.code.data or "", at=at)
                sessions.end_all(writing, user, at=at, reason=End.SECOND_FACTOR_CHANGED)
                token = sessions.begin(writing, user, at=at, address=address, device=device, second_factor=True)
        except Invalid as refusal:
            form.take(refusal)
        else:
            return keep_session(page("account/recovery_codes_shown.html", codes=codes), token, user)
    issuer = settings.get(session(), "company_name")
    return page(
        "account/second_factor.html",
        form=form,
        status=form.status,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        picture=second_factor.picture(second_factor.address(g.user, secret, issuer)),
        is_demanded=second_factor.is_demanded(session(), g.user),
    )


@blueprint.route("/recovery-codes", methods=["GET", "POST"])
@requires(Permission.HOME)
def recovery_codes() -> ResponseReturnValue:
    """How many codes are left; a code of the phone makes new ones, shown once."""
    if not second_factor.is_set_up(g.user):
        return see_other(".set_up_second_factor")
    form, status = CodeForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            at, user_id, username = clock.now(), g.user.id, g.user.username
            try:
                with transaction() as writing:
                    attempt = attempts.count(writing, attempts.quota(username, what="code:"), address=None, at=at)
                with transaction() as writing:
                    user = accounts.get(writing, user_id)
                    if not second_factor.check(writing, user, form.code.data or "", at=at):
                        raise Invalid({"code": second_factor.WRONG})
                    attempts.succeeded(writing, attempt, at=at)
                    codes = second_factor.renew_codes(writing, user, at=at)
            except Invalid as refusal:
                form.take(refusal)
            except DomainError as refusal:
                form.form_errors, status = [str(refusal)], refusal.status
            else:
                return page("account/recovery_codes_shown.html", codes=codes)
    left = second_factor.codes_left(session(), g.user)
    return page("account/recovery_codes.html", form=form, status=status, left=left)
