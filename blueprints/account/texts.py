"""Canned texts (常用语): one's own, and for the manager those for everybody or a role; a list with forms."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import SelectMultipleField

from blueprints.account import blueprint
from blueprints.forms import ChoiceField, Form, HiddenField, TextField
from blueprints.http import page, requires, see_other
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, NotFound, Stale
from portal.i18n import _
from portal.listing.registry import LISTINGS
from portal.models.canned import CannedText, Place
from portal.models.favourite import Shared
from portal.permissions import Permission
from portal.services import canned, record_kinds, requests
from portal.services.canned import FIELDS, Details

P = Permission


class TextForm(Form):
    """A text under a title."""

    title = TextField(FIELDS["title"].label, limit=canned.LONGEST_TITLE, required=True)
    text = TextField(FIELDS["text"].label, limit=canned.LONGEST, required=True, rows=5)
    shared = ChoiceField(FIELDS["shared"].label, required=True)
    kinds = SelectMultipleField(FIELDS["kinds"].label)
    places = SelectMultipleField(FIELDS["places"].label)
    version = HiddenField()
    client_key = HiddenField()

    def prepare(self, each: CannedText | None) -> None:
        """Fill in the choices, and what is there now when nothing was sent."""
        present = each.role if each is not None and each.shared == Shared.ROLE else each.shared if each else None
        offered = canned.may_give(g.user)
        if present and present not in offered:
            offered = [*offered, present]
        self.shared.choices = [(code, canned.shared_label(code)) for code in offered]
        self.kinds.choices = [(kind, str(LISTINGS[kind].title)) for kind in record_kinds.MODELS if kind in LISTINGS]
        self.places.choices = [(place.value, str(place.label)) for place in Place]
        if self.is_submitted():
            return
        if each is not None:
            self.title.data, self.text.data, self.shared.data = each.title, each.text, present
            self.kinds.data = (each.kinds or "").split(",")
            self.places.data = (each.places or "").split(",")
        self.client_key.data = requests.new_key()

    def to_details(self) -> Details:
        """What the service takes."""
        return Details(
            title=self.title.data or "",
            text=self.text.data or "",
            shared=self.shared.data or "",
            kinds=tuple(self.kinds.data or ()),
            places=tuple(self.places.data or ()),
        )


@blueprint.get("/texts")
@requires(P.NOTE_WRITE)
def list_texts() -> ResponseReturnValue:
    """The texts one can use."""
    return page("account/texts/list.html", texts=[_line(each) for each in canned.seen(session(), g.user)])


@blueprint.route("/texts/new", methods=["GET", "POST"])
@requires(P.NOTE_WRITE)
def new_text() -> ResponseReturnValue:
    """A new text."""
    return _edit(None)


@blueprint.route("/texts/<int:text_id>", methods=["GET", "POST"])
@requires(P.NOTE_WRITE)
def edit_text(text_id: int) -> ResponseReturnValue:
    """Change a text of one's own; the manager also changes shared ones."""
    each = canned.find(session(), g.user, text_id)
    if not canned.may_change(g.user, each):
        raise NotFound()
    return _edit(each)


@blueprint.post("/texts/<int:text_id>/delete")
@requires(P.NOTE_WRITE)
def delete_text(text_id: int) -> ResponseReturnValue:
    """Take a text away."""
    with transaction() as writing:
        each = canned.find(writing, g.user, text_id)
        title = each.title
        canned.delete(writing, each, actor=g.user, at=clock.now())
    flash(_("“%(title)s” is deleted.", title=title), "done")
    return see_other(".list_texts")


def _edit(each: CannedText | None) -> ResponseReturnValue:
    form = TextForm()
    form.prepare(each)
    status = 200
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                _save(writing, each.id if each is not None else None, form)
        except Invalid as refusal:
            form.take(refusal)
        except Stale as refusal:
            form.form_errors, status = [str(refusal)], refusal.status
        else:
            flash(_("Saved."), "done")
            return see_other(".list_texts")
    return page(
        "account/texts/form.html",
        form=form,
        each=each,
        version=request.form.get("version") or (each.version if each is not None else ""),
        variables=[(f"{{{variable.names[0]}}}", str(variable.label)) for variable in canned.VARIABLES],
        status=status if status != 200 else form.status,
    )


def _save(writing: Session, text_id: int | None, form: TextForm) -> None:
    at = clock.now()
    if text_id is not None:
        version = request.form.get("version") or ""
        if not version.isdecimal() or len(version) > 9:
            raise Stale()
        each = canned.find(writing, g.user, text_id)
        canned.change(writing, each, form.to_details(), version=int(version), actor=g.user, at=at)
        return

    def act() -> str:
        canned.add(writing, form.to_details(), actor=g.user, at=at)
        return "/account/texts"

    content = request.form.to_dict(flat=False)
    requests.once(writing, user=g.user, key=form.client_key.data, content=content, at=at, act=act)


def _line(each: CannedText) -> dict[str, Any]:
    kinds = [str(LISTINGS[kind].title) for kind in (each.kinds or "").split(",") if kind in LISTINGS]
    places = [Place.show(code) for code in (each.places or "").split(",") if code]
    return {
        "title": each.title,
        "text": each.text,
        "url": f"/account/texts/{each.id}" if canned.may_change(g.user, each) else None,
        "where": "、".join([*kinds, *places]),
        "shared": str(canned.shared_label(each.role if each.role and each.shared == Shared.ROLE else each.shared)),
        "owner": each.owner.name if each.owner_id != g.user.id else "",
    }
