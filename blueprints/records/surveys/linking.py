"""Making the link of a survey, sending it by e-mail, noting that it was passed on by hand."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.http import find_or_404, requires, see_other
from blueprints.records import blueprint
from portal import clock
from portal.db import transaction
from portal.errors import DomainError, Invalid, NotFound
from portal.i18n import _
from portal.models.survey import Survey
from portal.permissions import Permission
from portal.processes.survey import HandedVia
from portal.services.surveys import links

P = Permission
PATH = "/surveys/<number>/link"


@blueprint.post(PATH)
@requires(P.SURVEY_WORK)
def make_survey_link(number: str) -> ResponseReturnValue:
    """A fresh link; the one before no longer opens."""
    with transaction() as writing:
        links.make(writing, find_or_404(Survey, number), actor=g.user, at=clock.now())
    return _back(number)


@blueprint.post(f"{PATH}/mail")
@requires(P.SURVEY_WORK)
def mail_survey_link(number: str) -> ResponseReturnValue:
    """Send it to the customer's e-mail address."""
    try:
        with transaction() as writing:
            links.mail(writing, find_or_404(Survey, number), actor=g.user, at=clock.now())
    except Invalid as refusal:
        raise DomainError(next(iter(refusal.fields.values()))) from None
    flash(_("The e-mail is on its way."), "done")
    return _back(number)


@blueprint.post(f"{PATH}/handed")
@requires(P.SURVEY_WORK)
def note_survey_link(number: str) -> ResponseReturnValue:
    """Note by which way it was passed on."""
    via = request.form.get("via", "")
    if via not in HandedVia._value2member_map_:
        raise NotFound()
    with transaction() as writing:
        links.hand_over(writing, find_or_404(Survey, number), HandedVia(via), actor=g.user, at=clock.now())
    return _back(number)


def _back(number: str) -> ResponseReturnValue:
    return see_other(f"/records/surveys/{number}")
