"""Promises per person: how many of a month were kept and broken, each number the list it counts."""

from __future__ import annotations

import json
from datetime import date, timedelta
from urllib.parse import urlencode

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.manager import blueprint
from blueprints.records import stretches
from portal import clock
from portal.db import session
from portal.permissions import Permission
from portal.services import promises, review_figures


@blueprint.get("/promises")
@requires(Permission.MANAGER_DESK)
def promises_per_person() -> ResponseReturnValue:
    """The promises made in a month by who keeps them, the lowest share first."""
    at = clock.now()
    month = stretches.asked_month(request.args.get("month", ""), at)
    start, end = review_figures.month_of(month)
    return page(
        "manager/promises.html",
        month=month,
        before=stretches.month(month, -1),
        after=stretches.month(month, 1) if end <= at else None,
        people=promises.by_person(session(), g.user, start, end, at=at),
        list_of=lambda person_id, *filters: _list(month, person_id, filters),
    )


def _list(month: date, person_id: int | None, filters: tuple[str, ...]) -> str:
    """The list of exactly the promises that a number counts."""
    last = stretches.month(month, 1) - timedelta(days=1)
    whose = f"person.{person_id}" if person_id is not None else "unassigned"
    made = json.dumps(["started", "between", month.isoformat(), last.isoformat()], separators=(",", ":"))
    return "/records/tasks?" + urlencode({"filter": ",".join(("promised", whose, *filters)), "where": made})
