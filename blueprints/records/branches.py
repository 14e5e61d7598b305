"""Pages of branches."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.people import BranchForm
from portal import clock
from portal.i18n import N_, _
from portal.models.org import Branch
from portal.permissions import Permission, may
from portal.services import branches

P = Permission
GROUPS = ((N_("Branch"), ("code", "phone", "address", "is_active")),)


def find(number: str) -> Branch:
    """The record of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Branch, number)


@blueprint.get("/branches/<number>")
@requires(P.PARTY_VIEW)
def branch(number: str) -> ResponseReturnValue:
    """The page of a store."""
    record = find(number)
    actions = [showing.edit_action(record)] if may(g.user, P.SETTING_EDIT) else []
    return showing.show(record, record.name, branches.FIELDS, GROUPS, actions=actions)


@blueprint.route("/branches/new", methods=["GET", "POST"])
@requires(P.SETTING_EDIT)
def new_branch() -> ResponseReturnValue:
    """Enter a store."""
    form = BranchForm()

    def make(writing: Session) -> str:
        return editing.path(branches.create(writing, form.to_create(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("New branch"), None, "branches"), make)


@blueprint.route("/branches/<number>/edit", methods=["GET", "POST"])
@requires(P.SETTING_EDIT)
def edit_branch(number: str) -> ResponseReturnValue:
    """Change a store."""
    record = find(number)
    form = BranchForm(obj=record)
    kept = record.id

    def now() -> Branch:
        return get_or_404(branches.visible_to(g.user), Branch.id == kept)

    def act(writing: Session, fresh: Branch) -> None:
        branches.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Change"), record, "branches", record.name), now, act)
