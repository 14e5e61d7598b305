"""The bell and its count, notices marked as read, the digest of a morning, and the records one follows."""

from __future__ import annotations

from flask import flash, g, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.account import blueprint
from blueprints.http import page, polled, requires, see_other
from portal import clock
from portal.db import session, transaction
from portal.errors import NotFound
from portal.i18n import _, _n
from portal.listing.registry import LISTINGS
from portal.permissions import Permission
from portal.services import digest, followers, notices, tasks


@blueprint.get("/notices")
@requires(Permission.HOME)
def inbox() -> ResponseReturnValue:
    """The list of one's notices; `show=followed`: the records one follows."""
    show = request.args.get("show")
    if show != "followed":
        return see_other("/records/notices?filter=" if show == "all" else "/records/notices")
    return page(
        "account/notices/followed.html",
        followed=followers.followed_by(session(), g.user),
        kind_name=lambda kind: str(LISTINGS[kind].one) if kind in LISTINGS else "",
    )


@blueprint.get("/digest/<day>")
@requires(Permission.HOME)
def morning_digest(day: str) -> ResponseReturnValue:
    """One's own digest of a morning: each line leads to its record and says how it stands by now."""
    kept = notices.by_key(session(), g.user, f"{digest.KEY}{day}")
    if kept is None:
        raise NotFound()
    return page(
        "account/notices/digest.html",
        notice=kept,
        said=notices.sentence(kept.title, kept.params),
        sections=digest.sections(session(), g.user, kept.params),
        title_of=tasks.shown_title,
        sentence=notices.sentence,
    )


@blueprint.get("/notices/count")
@requires(Permission.HOME)
@polled
def notice_count() -> ResponseReturnValue:
    """The bell as it stands now."""
    return render_template("components/notice_count.html"), {"Cache-Control": "no-store"}


@blueprint.post("/notices/<int:notice_id>/read")
@requires(Permission.HOME)
def read_notice(notice_id: int) -> ResponseReturnValue:
    """Mark one's own notice as read."""
    user, at = g.user, clock.now()
    with transaction() as writing:
        if notices.find(writing, user, notice_id) is None:
            raise NotFound()
        notices.mark_read(writing, user, at=at, notice_id=notice_id)
    return see_other("/records/notices")


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
    return see_other("/records/notices")
