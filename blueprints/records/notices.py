"""One's own notices, opened from their list. Looking changes nothing: that one was read is said by a POST."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, page, requires, safe_path, see_other
from blueprints.records import blueprint
from portal import clock
from portal.db import transaction
from portal.listing.kinds import house
from portal.models.notice import Notice, NoticeLevel
from portal.permissions import Permission
from portal.services import notices
from portal.visibility import visible_to

LIST = "/records/notices"


@blueprint.get("/notices/<int:notice_id>")
@requires(Permission.HOME)
def notice(notice_id: int) -> ResponseReturnValue:
    """One's own notice with the button that opens what it is about. The list leads there at once where scripts run."""
    found = _find(notice_id)
    return page(
        "records/notices/show.html",
        notice=found,
        said=notices.sentence(found.title, found.params),
        level=NoticeLevel.show(found.level),
        about=" ".join(filter(None, (house.one_of(found.record_kind), str(found.params.get("number") or "")))),
    )


@blueprint.post("/notices/<int:notice_id>")
@requires(Permission.HOME)
def open_notice(notice_id: int) -> ResponseReturnValue:
    """Mark one's own notice as read and go where it leads."""
    target = safe_path(_find(notice_id).link, LIST)
    with transaction() as writing:
        notices.mark_read(writing, g.user, at=clock.now(), notice_id=notice_id)
    return see_other(target)


def _find(notice_id: int) -> Notice:
    return get_or_404(visible_to(g.user, Notice), Notice.id == notice_id)
