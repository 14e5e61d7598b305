"""Clocks met without signal and heard of too late: the manager accepts or refuses each with one tap."""

from __future__ import annotations

from flask import flash, g
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.manager import blueprint
from portal import clock
from portal.db import session, transaction
from portal.i18n import _
from portal.models.field_entry import DeadlineClaim
from portal.permissions import Permission
from portal.services import claim_decisions, claims


@blueprint.get("/late-entries")
@requires(Permission.CLOCK_DECIDE)
def late_entries() -> ResponseReturnValue:
    """What waits for a decision, and what was decided, with the time of the phone and of the server."""
    return page(
        "manager/late_entries.html",
        waiting=claims.open_ones(session(), g.user),
        decided=claims.decided_ones(session(), g.user),
    )


@blueprint.post("/late-entries/<int:claim_id>/<any(accept, refuse):decision>")
@requires(Permission.CLOCK_DECIDE)
def decide_late_entry(claim_id: int, decision: str) -> ResponseReturnValue:
    """One tap: the clock counts as met when it was met on the phone, or stays missed."""
    with transaction() as writing:
        found = claims.visible_to(g.user).where(DeadlineClaim.id == claim_id).with_for_update()
        claim = get_or_404(found)
        standing = claim_decisions.decide(writing, claim, accept=decision == "accept", actor=g.user, at=clock.now())
    flash(_("Accepted: the clock counts as met.") if decision == "accept" else _("Refused: it stays missed."), "done")
    if standing:
        numbers = "、".join(entry.number for entry in standing)
        words = _(
            "%(numbers)s was decided before and stands; while an appeal is possible, that takes it back.",
            numbers=numbers,
        )
        flash(words, "alert")
    return see_other(".late_entries")
