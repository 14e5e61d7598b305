"""Pages of homes."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, page, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.customers import PropertyForm
from portal import clock
from portal.db import session
from portal.i18n import N_, _
from portal.models.customer import Property
from portal.models.project import Project, ProjectKind, ProjectStage
from portal.permissions import Permission, may
from portal.services import duplicates, projects, properties

P = Permission
GROUPS = ((N_("Home"), ("area", "layout", "handover_on", "remarks")),)
WATCH: dict[str, Any] = {
    "watch_url": "/records/properties/lookalikes",
    "watched": ("estate", "building", "unit", "room"),
}


NAMED = (joinedload(Property.customer),)


def find(number: str) -> Property:
    """The home of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Property, number, NAMED)


@blueprint.get("/properties/<number>", endpoint="property")
@requires(P.PROJECT_VIEW)
def show_property(number: str) -> ResponseReturnValue:
    """A home: address, whose it is, what was done there."""
    home = find(number)
    query = projects.visible_to(g.user).where(Project.property_id == home.id).order_by(Project.id).limit(50)
    works = session().scalars(query).all()
    new_url = f"/records/projects/new?customer={home.customer.number}" if may(g.user, P.PROJECT_EDIT) else ""
    table = showing.Table(
        _("Projects"),
        [(_("Number"), ""), (_("Project kind"), ""), (_("Stage"), "")],
        [
            [(work.number, editing.path(work)), ProjectKind.show(work.kind), ProjectStage.show(work.stage)]
            for work in works
        ],
        _("No project here yet."),
        new_url,
        _("New project"),
    )
    return showing.show(
        home,
        home.address,
        properties.FIELDS,
        GROUPS,
        meta=[(home.customer.name, editing.path(home.customer))],
        actions=[showing.edit_action(home)] if may(g.user, P.PROJECT_EDIT) else [],
        tables=[table],
        household_url=f"{editing.path(home.customer)}/household",
    )


@blueprint.route("/properties/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_property() -> ResponseReturnValue:
    """Add a home to a customer."""
    customer = editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("New property"), "/records/properties/new")
    form = PropertyForm()

    def make(writing: Session) -> str:
        made = properties.create(writing, customer, form.to_create(), actor=g.user, at=clock.now())
        duplicates.at_address(writing, made, at=clock.now())
        return editing.path(made)

    sheet = showing.sheet(_("New property"), None, "properties", note=customer.name, **WATCH)
    return editing.create(form, sheet, make)


@blueprint.route("/properties/<number>/edit", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def edit_property(number: str) -> ResponseReturnValue:
    """Change a home."""
    home = find(number)
    form = PropertyForm(obj=home)

    def act(writing: Session, fresh: Property) -> None:
        properties.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())
        duplicates.at_address(writing, fresh, at=clock.now())

    sheet = showing.sheet(_("Change"), home, "properties", home.address, **WATCH)
    return editing.change(form, sheet, lambda: find(number), act, exclude=number)


@blueprint.post("/properties/lookalikes")
@requires(P.PROJECT_EDIT)
def property_lookalikes() -> ResponseReturnValue:
    """Whether the address being typed is known. Writes nothing."""
    form = PropertyForm()
    parts = {name: (form[name].data or "")[:100] for name in WATCH["watched"]}
    number = request.form.get("exclude", "")
    own = session().scalar(select(Property.id).where(Property.number == number)) if number else None
    found = (
        properties.same_address(session(), g.user, **parts, exclude_id=own) if parts["estate"] and parts["room"] else []
    )
    return page("records/property_lookalikes.html", found=found)
