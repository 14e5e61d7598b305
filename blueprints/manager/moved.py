"""Addresses of earlier days, which lead to where their pages are now."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, requires, see_other
from blueprints.manager import blueprint
from portal.models.org import User
from portal.paths import record_path
from portal.permissions import Permission
from portal.visibility import visible_to


@blueprint.get("/users")
@requires(Permission.USER_EDIT)
def users() -> ResponseReturnValue:
    """The list of users."""
    return see_other("/records/users")


@blueprint.get("/users/new")
@requires(Permission.USER_EDIT)
def new_user() -> ResponseReturnValue:
    """The form for a new user."""
    return see_other("/records/users/new")


@blueprint.get("/users/<int:user_id>")
@requires(Permission.USER_EDIT)
def edit_user(user_id: int) -> ResponseReturnValue:
    """The page of a user."""
    person = get_or_404(visible_to(g.user, User), User.id == user_id)
    return see_other(record_path(User.KIND, person.username))
