"""The inbox behind the bell: own notices by due time, opened and marked as read."""

from __future__ import annotations

from flask import flash, g, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.account import blueprint
from blueprints.http import page, polled, requires, safe_path, see_other
from portal import clock
from portal.db import session, transaction
from portal.errors import NotFound
from portal.i18n import _, _n
from portal.listing.registry import LISTINGS
from portal.models.notice import NoticeLevel
from portal.permissions import Permission
from portal.services import followers, notices


@blueprint.get("/notices")
@requires(Permission.HOME)
def inbox() -> ResponseReturnValue:
    """Own notices: unread first, by due time. `show=followed`: the records one follows."""
    if request.args.get("show") == "followed":
        return page(
            "account/notices/followed.html",
            followed=followers.followed_by(session(), g.user),
            kind_name=lambda kind: str(LISTINGS[kind].one),
            unread=notices.unread_count(session(), g.user),
        )
    unread_only = request.args.get("show") != "all"
    rows = session().scalars(notices.inbox(g.user, unread_only=unread_only).limit(notices.PAGE_SIZE)).all()
    return page(
        "account/notices/inbox.html",
        fragment="list",
        notices=[(row, notices.sentence(row.title, row.params)) for row in rows],
        unread_only=unread_only,
        unread=notices.unread_count(session(), g.user),
        NoticeLevel=NoticeLevel,
    )


@blueprint.get("/notices/count")
@requires(Permission.HOME)
@polled
def notice_count() -> ResponseReturnValue:
    """The bell as it stands now."""
    return render_template("components/notice_count.html"), {"Cache-Control": "no-store"}


@blueprint.post("/notices/<int:notice_id>/open")
@requires(Permission.HOME)
def open_notice(notice_id: int) -> ResponseReturnValue:
    """Mark one's own notice as read and go where it leads."""
    user, at = g.user, clock.now()
    with transaction() as writing:
        notice = notices.find(writing, user, notice_id)
        if notice is None:
            raise NotFound()
        link = notice.link
        notices.mark_read(writing, user, at=at, notice_id=notice_id)
    return see_other(safe_path(link, "/account/notices"))


@blueprint.post("/notices/<int:notice_id>/read")
@requires(Permission.HOME)
def read_notice(notice_id: int) -> ResponseReturnValue:
    """Mark one's own notice as read."""
    user, at = g.user, clock.now()
    with transaction() as writing:
        if notices.find(writing, user, notice_id) is None:
            raise NotFound()
        notices.mark_read(writing, user, at=at, notice_id=notice_id)
    return see_other(".inbox")


@blueprint.post("/notices/read")
@requires(Permission.HOME)
def read_all_notices() -> ResponseReturnValue:
    """Mark all own notices as read."""
    user, at = g.user, clock.now()
    with transaction() as writing:
        count = notices.mark_read(writing, user, at=at)
    if count:
        flash(_n("One notice marked as read.", "%(num)s notices marked as read.", count), "done")
    else:
        flash(_("All notices were read already."), "done")
    return see_other(".inbox")
