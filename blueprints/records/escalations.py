"""The page of an escalated complaint, for the manager who takes it. Rules: `portal/processes/escalation.py`."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint, chatter, process_view
from portal import clock
from portal.db import transaction
from portal.models.complaint import Escalation
from portal.permissions import Permission
from portal.processes.escalation import Ground
from portal.services import complaints

P = Permission
PATH = "/escalations/<number>"


@blueprint.get(PATH)
@requires(P.ESCALATION_VIEW)
def escalation(number: str) -> ResponseReturnValue:
    """The case as the specialist handed it over."""
    record = _find(number)
    return page(
        "records/escalations/show.html",
        escalation=record,
        complaint=record.complaint,
        status_views=process_view.status_views(record, g.user, None),
        actions=process_view.buttons(record, g.user),
        why_label=Ground.show(record.why),
        talk=chatter.of(record),
    )


@blueprint.post(f"{PATH}/take")
@requires(P.ESCALATION_WORK)
def take_escalation(number: str) -> ResponseReturnValue:
    """The manager takes the case."""
    with transaction() as writing:
        complaints.take(writing, _find(number), actor=g.user, at=clock.now())
    return see_other(f"/records/escalations/{number}")


def _find(number: str) -> Escalation:
    return find_or_404(Escalation, number)
