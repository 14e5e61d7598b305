"""Pages of parties."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.people import PartyForm
from portal import clock
from portal.i18n import N_, _
from portal.models.org import Party
from portal.permissions import Permission, may
from portal.services import parties

P = Permission
GROUPS = (
    (N_("Who"), ("kind", "department", "is_head", "phone", "branch_id")),
    (N_("At work"), ("status", "status_from", "status_until", "remarks")),
)


NAMED = (joinedload(Party.branch),)


def find(number: str) -> Party:
    """The record of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Party, number, NAMED)


@blueprint.get("/parties/<number>")
@requires(P.PARTY_VIEW)
def party(number: str) -> ResponseReturnValue:
    """The page of somebody outside the portal."""
    record = find(number)
    actions = [showing.edit_action(record)] if may(g.user, P.PARTY_EDIT) else []
    return showing.show(record, record.name, parties.FIELDS, GROUPS, actions=actions)


@blueprint.route("/parties/new", methods=["GET", "POST"])
@requires(P.PARTY_EDIT)
def new_party() -> ResponseReturnValue:
    """Enter somebody outside the portal."""
    form = PartyForm().prepare()

    def make(writing: Session) -> str:
        return editing.path(parties.create(writing, form.to_create(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("New party"), None, "parties"), make)


@blueprint.route("/parties/<number>/edit", methods=["GET", "POST"])
@requires(P.PARTY_EDIT)
def edit_party(number: str) -> ResponseReturnValue:
    """Change somebody outside the portal."""
    record = find(number)
    form = PartyForm(obj=record).prepare()
    kept = record.id

    def now() -> Party:
        return get_or_404(parties.visible_to(g.user), Party.id == kept)

    def act(writing: Session, fresh: Party) -> None:
        parties.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Change"), record, "parties", record.name), now, act)
