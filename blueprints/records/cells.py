"""One value changed in its cell of a list: the field in place of the value, then the line drawn anew."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from blueprints.http import get_or_404, page, requires, see_other, wants_fragment
from blueprints.records import blueprint, chosen, lines, lists
from blueprints.records.forms.changes import form_of
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, NotFound, NotPermitted, Stale
from portal.i18n import N_, _
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.permissions import Permission, may
from portal.services.changes import kinds, runs
from portal.services.changes.declaring import VALUE, Change, refuse
from portal.visibility import visible_to

P = Permission
PATH = "/records/cells"


def _listing(kind: str) -> Listing:
    listing = LISTINGS.get(kind)
    if listing is None:
        raise NotFound()
    if not may(g.user, listing.permission):
        raise NotPermitted(N_("Your role does not see this list."))
    return listing


def _found(listing: Listing, key: str) -> Change:
    change = kinds.find(listing.kind, key)
    if change is None or not change.column:
        raise NotFound()
    refuse(change, g.user)
    return change


def _record(listing: Listing, change: Change, record_id: int) -> Any:
    wanted = visible_to(g.user, listing.model).options(*change.load)
    return get_or_404(wanted, listing.model.id == record_id)


@blueprint.get("/cells/<kind>/<int:record_id>")
@requires(P.HOME)
def line(kind: str, record_id: int) -> ResponseReturnValue:
    """The line of one record as it is now; without JavaScript the list."""
    listing = _listing(kind)
    return _line(listing, record_id) if wants_fragment() else see_other(listing.path)


@blueprint.route("/cells/<kind>/<int:record_id>/<key>", methods=["GET", "POST"])
@requires(P.HOME)
def cell(kind: str, record_id: int, key: str) -> ResponseReturnValue:
    """The field of one cell; sent, the value is saved. Was somebody faster: 409 with the other's value beside one's own."""
    listing = _listing(kind)
    change, at = _found(listing, key), clock.now()
    record = _record(listing, change, record_id)
    if change.bars is not None:
        change.bars(record)
    form = form_of(change, g.user, at=at, is_sent=False, record=record)
    status, theirs = 200, ""
    if form.is_submitted():
        form = form_of(change, g.user, at=at, is_sent=True)
        status = 422
        if form.validate():
            try:
                with transaction() as writing:
                    fresh = _record(listing, change, record_id)
                    given, version = form.given(change), form.version.data or ""
                    runs.edit(writing, change, fresh, given, version=version, actor=g.user, at=at)
                return _line(listing, record_id) if wants_fragment() else see_other(listing.path)
            except Invalid as refusal:
                _take(form, change, refusal)
            except Stale:
                status = 409
        record = _record(listing, change, record_id)
        theirs = _theirs(change, form, record) if status == 409 else ""
    if status != 422 or not form.version.data:
        form.version.data, form.version.raw_data = str(record.version), None
    return page(
        "records/changes/cell.html",
        fragment="cell",
        status=status,
        listing=listing,
        change=change,
        form=form,
        action=f"{PATH}/{kind}/{record_id}/{key}",
        theirs=theirs,
        changed_by=_who(record) if status == 409 else "",
    )


def _take(form: Any, change: Change, refusal: Invalid) -> None:
    """What names no field of the cell stands at its first."""
    first = form.shown(change)[0]
    known = {name: sentence for name, sentence in refusal.fields.items() if name in form}
    other = [str(sentence) for name, sentence in refusal.fields.items() if name not in form]
    form.take(Invalid(known))
    if other:
        first.errors = [*first.errors, *other]


def _theirs(change: Change, form: Any, record: Any) -> str:
    """What the cell says now, as people read it; for an act, that it is another record by now."""
    if not change.attribute:
        return _("Somebody changed it in the meantime.")
    shown = form_of(change, g.user, at=clock.now(), is_sent=False, record=record)[VALUE]
    choices = getattr(shown, "choices", None)
    if choices is not None:
        return next((str(label) for value, label in choices if value == shown.data), "") or _("Nothing")
    return shown._value() or _("Nothing")


def _who(record: Any) -> str:
    if not hasattr(record, "updated_by_id"):
        return _("Somebody")
    key = record.updated_by_id
    return (session().scalar(select(User.name).where(User.id == key)) if key else None) or _("The portal")


def _line(listing: Listing, record_id: int) -> Response:
    found = engine.one(session(), g.user, listing, record_id, at=clock.now())
    line = lines.body(found, lists.shown(listing), boxes=chosen.may_choose(listing)) if found.raw else Markup("")
    answer = Response(str(line), mimetype="text/html")
    answer.vary.add("HX-Request")
    return answer
