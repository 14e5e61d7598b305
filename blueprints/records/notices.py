"""One's own notices, opened from their list."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, requires, safe_path, see_other
from blueprints.records import blueprint
from portal import clock
from portal.db import transaction
from portal.models.notice import Notice
from portal.permissions import Permission
from portal.services import notices
from portal.visibility import visible_to


@blueprint.get("/notices/<int:notice_id>")
@requires(Permission.HOME)
def notice(notice_id: int) -> ResponseReturnValue:
    """Go where one's own notice leads. As with a file that is handed out, it is noted that it was opened."""
    found = get_or_404(visible_to(g.user, Notice), Notice.id == notice_id)
    target, is_new = safe_path(found.link, "/records/notices"), found.read_at is None
    if is_new and request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        with transaction() as writing:
            notices.mark_read(writing, g.user, at=clock.now(), notice_id=notice_id)
    return see_other(target)
