"""The own leave: from when to when, and which colleague stands in. The managers are told."""

from __future__ import annotations

from flask import flash, g
from flask.typing import ResponseReturnValue

from blueprints import absence_form
from blueprints.absence_form import OwnAbsenceForm
from blueprints.account import blueprint
from blueprints.http import get_or_404, page, requires, see_other
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import _
from portal.models.absence import Absence
from portal.permissions import Permission
from portal.services import absences


@blueprint.route("/absences", methods=["GET", "POST"])
@requires(Permission.HOME)
def own_absences() -> ResponseReturnValue:
    """When one is away, for whom one stands in, and a form for new days."""
    form = OwnAbsenceForm()
    form.prepare(g.user)
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                absences.enter(writing, form.to_command(writing, g.user), actor=g.user, at=clock.now())
        except Invalid as refusal:
            form.take(refusal)
        else:
            flash(_("Saved. Who stands in and the manager are told."), "done")
            return see_other(".own_absences")
    found = absence_form.rows(absences.of_person(session(), g.user), g.user, only_own=True)
    return page("absences/own.html", rows=found, form=form, status=form.status)


@blueprint.post("/absences/<int:absence_id>/end")
@requires(Permission.HOME)
def end_own_absence(absence_id: int) -> ResponseReturnValue:
    """Back before the last day, or not away after all."""
    with transaction() as writing:
        own = absences.visible_to(g.user).where(Absence.id == absence_id, Absence.user_id == g.user.id)
        absences.end(writing, get_or_404(own.with_for_update(of=Absence)), actor=g.user, at=clock.now())
    flash(_("Ended. What is not done is yours again."), "done")
    return see_other(".own_absences")
