"""What happens again: crews, estates, trades, categories and materials with several cases, each number the records it counts."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.manager import blueprint
from portal import clock, settings
from portal.db import session
from portal.permissions import Permission
from portal.services import repeats
from portal.services.repeats import COUNTED

PATH = "/manager/repeats"


@blueprint.get("/repeats")
@requires(Permission.MANAGER_DESK)
def what_happens_again() -> ResponseReturnValue:
    """Who or what had several complaints, repairs and slips lately; with `by` and `value` the records behind a number."""
    at = clock.now()
    sort = next((each for each in COUNTED if each.value == request.args.get("by")), None)
    value = request.args.get("value", "")[:100]
    return page(
        "manager/repeats.html",
        days=int(settings.get(session(), "repeat_days")),
        sort=sort,
        name=repeats.name_of(session(), sort, value) if sort else "",
        earlier=repeats.behind(session(), g.user, sort, value, at=at) if sort else [],
        tables=[] if sort else [(each, repeats.counts(session(), g.user, each, at=at)) for each in COUNTED],
        url_of=lambda by, of: f"{PATH}?{urlencode({'by': by.value, 'value': of})}",
    )
