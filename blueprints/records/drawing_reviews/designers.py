"""Designers and reviewers at a glance: first-pass rates of a month, each row the list it counts."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint, stretches
from portal import clock
from portal.db import session
from portal.permissions import Permission
from portal.services import review_figures


@blueprint.get("/drawing-reviews/designers")
@requires(Permission.REVIEW_VIEW)
def designers_at_a_glance() -> ResponseReturnValue:
    """First-pass rate, mean score and the most frequent finding per designer; the same per reviewer."""
    month = stretches.asked_month(request.args.get("month", ""), clock.now())
    start, end = review_figures.month_of(month)
    return page(
        "records/drawing_reviews/designers.html",
        month=month,
        before=stretches.month(month, -1),
        after=stretches.month(month, 1) if end <= clock.now() else None,
        submitted=review_figures.submitted(session(), g.user, start, end),
        designers=review_figures.by_designer(session(), g.user, start, end),
        reviewers=review_figures.by_reviewer(session(), g.user, start, end),
    )
