"""Designers and reviewers at a glance: first-pass rates of a month, each row the list it counts."""

from __future__ import annotations

import re
from datetime import date

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint
from portal import clock
from portal.db import session
from portal.permissions import Permission
from portal.services import review_figures


@blueprint.get("/drawing-reviews/designers")
@requires(Permission.REVIEW_VIEW)
def designers_at_a_glance() -> ResponseReturnValue:
    """First-pass rate, mean score and the most frequent finding per designer; the same per reviewer."""
    month = _month(request.args.get("month", ""))
    start, end = review_figures.month_of(month)
    return page(
        "records/drawing_reviews/designers.html",
        month=month,
        before=_shifted(month, -1),
        after=_shifted(month, 1) if end <= clock.now() else None,
        submitted=review_figures.submitted(session(), g.user, start, end),
        designers=review_figures.by_designer(session(), g.user, start, end),
        reviewers=review_figures.by_reviewer(session(), g.user, start, end),
    )


def _month(text: str) -> date:
    """The first day of `2026-03`; of this month for anything else."""
    match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
    return date(int(match[1]), int(match[2]), 1) if match else clock.today(clock.now()).replace(day=1)


def _shifted(month: date, by: int) -> date:
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
