"""Pages of crews."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, crew_rating, editing, showing
from blueprints.records.forms.people import CrewForm
from portal import clock
from portal.i18n import N_, _
from portal.models.org import Crew
from portal.permissions import Permission, may
from portal.services import crews

P = Permission
GROUPS = (
    (N_("Crew"), ("foreman_id", "phone", "branch_id", "retention_balance", "wage_basis")),
    (N_("At work"), ("status", "status_from", "status_until", "remarks")),
)


NAMED = (joinedload(Crew.foreman), joinedload(Crew.branch))


def find(number: str) -> Crew:
    """The record of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Crew, number, NAMED)


@blueprint.get("/crews/<number>")
@requires(P.PARTY_VIEW)
def crew(number: str) -> ResponseReturnValue:
    """The page of a crew."""
    record = find(number)
    actions = [showing.edit_action(record)] if may(g.user, P.PARTY_EDIT) else []
    tables = [crew_rating.panel(record)] if may(g.user, P.CREW_RATING) else []
    return showing.show(record, record.name, crews.FIELDS, GROUPS, actions=actions, tables=tables)


@blueprint.route("/crews/new", methods=["GET", "POST"])
@requires(P.PARTY_EDIT)
def new_crew() -> ResponseReturnValue:
    """Enter a crew."""
    form = CrewForm().prepare(g.user)

    def make(writing: Session) -> str:
        return editing.path(crews.create(writing, form.to_create(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("New crew"), None, "crews"), make)


@blueprint.route("/crews/<number>/edit", methods=["GET", "POST"])
@requires(P.PARTY_EDIT)
def edit_crew(number: str) -> ResponseReturnValue:
    """Change a crew."""
    record = find(number)
    form = CrewForm(obj=record).prepare(g.user, record.foreman_id)
    kept = record.id

    def now() -> Crew:
        return get_or_404(crews.visible_to(g.user), Crew.id == kept)

    def act(writing: Session, fresh: Crew) -> None:
        crews.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Change"), record, "crews", record.name), now, act)
