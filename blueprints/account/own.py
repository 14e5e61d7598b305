"""The own account: name, language, password, and where one is signed in."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.account import blueprint
from blueprints.account.browsers import device_name, for_unready
from blueprints.account.forms import OwnForm, PasswordForm
from blueprints.forms import StrangeForm
from blueprints.http import page, requires, see_other
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.i18n import _
from portal.models.task import Topic
from portal.permissions import Permission
from portal.services import accounts, followers, following, second_factor, sessions
from portal.services.sessions import End
from portal.services.sign_in import confirm_password


@blueprint.route("/", methods=["GET", "POST"])
@requires(Permission.HOME)
def own_account() -> ResponseReturnValue:
    """Name, language and appearance; the state of password and second factor; open sessions."""
    form = OwnForm(obj=g.user)
    if form.validate_on_submit():
        user_id = g.user.id
        with transaction() as writing:
            accounts.change_own(
                writing,
                accounts.get(writing, user_id),
                name=form.name.data or "",
                locale=form.locale.data or "",
                theme=form.theme.data or "",
                at=clock.now(),
            )
        flash(_("Saved."), "done")
        return see_other(".own_account")
    at = clock.now()
    here = g.user_session.id
    rows = [
        {"row": row, "device": device_name(row.device), "here": row.id == here}
        for row in sessions.open_sessions(session(), g.user, at)
    ]
    return page(
        "account/own_account.html",
        form=form,
        status=form.status,
        rows=rows,
        has_second_factor=second_factor.is_set_up(g.user),
        codes_left=second_factor.codes_left(session(), g.user),
        topics=[(topic.value, str(topic.label), topic in following.by_default(g.user)) for topic in Topic],
    )


@blueprint.post("/following")
@requires(Permission.HOME)
def choose_followed_topics() -> ResponseReturnValue:
    """What one is told of on every record one follows, unless something else was chosen there."""
    given = request.form.getlist("topic")
    if len(given) > len(Topic) or any(code not in Topic._value2member_map_ for code in given):
        raise StrangeForm()
    with transaction() as writing:
        person = accounts.get(writing, g.user.id)
        followers.subscribe_by_default(writing, person, [Topic(code) for code in given], at=clock.now())
    flash(_("Saved."), "done")
    return see_other("/account/#following")


@blueprint.route("/password", methods=["GET", "POST"])
@requires(Permission.HOME)
@for_unready
def change_password() -> ResponseReturnValue:
    """The own password; whoever got a one-time password comes here first."""
    form = PasswordForm()
    if form.validate_on_submit():
        at, user_id, here = clock.now(), g.user.id, g.user_session.id
        if form.new.data != form.again.data:
            form.again.errors = [_("The two are not the same")]
        elif form.new.data == form.present.data:
            form.new.errors = [_("This is the present password; choose another one")]
        elif not confirm_password(g.user, form.present.data or "", at=at):
            form.present.errors = [_("This is not the present password")]
        else:
            try:
                with transaction() as writing:
                    user = accounts.get(writing, user_id)
                    accounts.change_password(writing, user, new=form.new.data or "", at=at, keep_session=here)
            except Invalid as refusal:
                form.take(refusal)
            else:
                flash(_("The password is changed. Other devices were signed out."), "done")
                return see_other(".own_account")
    return page("account/password.html", form=form, status=form.status, is_forced=g.user.must_change_password)


@blueprint.post("/sessions/<int:session_id>/end")
@requires(Permission.HOME)
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign out on another device."""
    at, user = clock.now(), g.user
    if session_id == g.user_session.id or session_id not in [
        row.id for row in sessions.open_sessions(session(), user, at)
    ]:
        raise NotFound()
    with transaction() as writing:
        sessions.end(writing, session_id, at=at, reason=End.ENDED_BY_OWNER)
        accounts.note(writing, user, "SESSIONS_ENDED", at=at)
    flash(_("Signed out there."), "done")
    return see_other(".own_account")


@blueprint.post("/sessions/end-others")
@requires(Permission.HOME)
def end_other_sessions() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    at, user, here = clock.now(), g.user, g.user_session.id
    with transaction() as writing:
        sessions.end_all(writing, user, at=at, reason=End.ENDED_BY_OWNER, keep=here)
        accounts.note(writing, user, "SESSIONS_ENDED", at=at)
    flash(_("Signed out everywhere else."), "done")
    return see_other(".own_account")
