"""Writing beside a record: notes and messages with files and canned texts, and one's own note said otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.http import requires
from blueprints.records import attachments as files
from blueprints.records import blueprint, chatter
from blueprints.records.chatter import Composer
from portal import clock
from portal.db import session
from portal.errors import Invalid, NotFound, Stale
from portal.i18n import _
from portal.models.canned import Place
from portal.permissions import Permission, may
from portal.pinyin import searchable
from portal.services import attachments, canned, records, talk

P = Permission
MOST_FILES = 10
"""Files that come with one note."""


@blueprint.get("/<kind>/<number>/texts")
@requires(P.NOTE_WRITE)
def canned_texts(kind: str, number: str) -> ResponseReturnValue:
    """The canned texts for a record, filled in: offered under what one writes."""
    record = records.find(g.user, kind, number)
    place = request.args.get("place", "")
    if place not in Place._value2member_map_:
        raise NotFound()
    found = canned.offered(session(), g.user, record, Place(place), clock.now())
    return render_template("records/canned_texts.html", texts=found, searchable=searchable)


@blueprint.post("/<kind>/<number>/notes")
@requires(P.NOTE_WRITE)
def add_note(kind: str, number: str) -> ResponseReturnValue:
    """Write an internal note on a record one may see."""
    return _write(kind, number, Place.NOTE, talk.add_note)


@blueprint.post("/<kind>/<number>/messages")
@requires(P.NOTE_WRITE)
def send_message(kind: str, number: str) -> ResponseReturnValue:
    """Write to everybody who follows a record one may see."""
    return _write(kind, number, Place.MESSAGE, talk.add_message)


@blueprint.post("/<kind>/<number>/talk/receivers")
@requires(P.NOTE_WRITE)
def receivers_of_text(kind: str, number: str) -> ResponseReturnValue:
    """Whom what one writes goes to as it stands; asked for while somebody is named."""
    record = records.find(g.user, kind, number)
    mode, text = request.args.get("mode", "note"), (request.form.get("text") or "")[: talk.LONGEST]
    return render_template("records/receivers.html", mode=mode, receivers=chatter.receivers(record, mode, text))


@blueprint.post("/<kind>/<number>/talk/files")
@requires(P.ATTACHMENT_ADD)
def add_talk_file(kind: str, number: str) -> ResponseReturnValue:
    """A file dropped, pasted or photographed into what one writes: it is on the record at once, and is named when it is sent."""
    record = records.find(g.user, kind, number)
    attachments.refuse_closed(record)
    added, problems = files.take(record, request.files.getlist("files")[:MOST_FILES])
    return render_template("records/composer_files.html", files=_chosen(record, added), problems=problems), (
        422 if problems and not added else 200
    )


for _view in (add_note, send_message, add_talk_file):
    _view.largest_bytes = files.LARGEST  # type: ignore[attr-defined]


def _write(kind: str, number: str, place: Place, write: Callable[..., talk.Said]) -> ResponseReturnValue:
    mode, text = place.value.lower(), request.form.get("text") or ""
    record = records.find(g.user, kind, number)
    if "insert" in request.form:
        return chatter.show(record, _with_text(record, place, mode, text, _ids()))
    ids = _ids()
    problems: list[str] = []
    if may(g.user, P.ATTACHMENT_ADD) and any(upload.filename for upload in request.files.getlist("files")):
        attachments.refuse_closed(record)
        added, problems = files.take(record, request.files.getlist("files")[:MOST_FILES])
        ids = [*ids, *added]
        record = records.find(g.user, kind, number)
    if problems:
        return chatter.show(record, _composer(record, mode, text, ids, problems=problems), status=422)
    told: list[str] = []

    def act(writing: Session) -> str:
        fresh = records.find(g.user, kind, number)
        said = write(writing, fresh, text, actor=g.user, at=clock.now(), files=ids)
        told.extend(person.name for person in said.receivers)
        return chatter.path(fresh)

    try:
        chatter.once(act)
    except Invalid as refusal:
        record = records.find(g.user, kind, number)
        return chatter.show(record, _composer(record, mode, text, ids, error=str(refusal)), status=422)
    names = "、".join(told)
    said = _("Written. Told: %(names)s", names=names) if names else _("Written.")
    return chatter.answer(records.find(g.user, kind, number), said)


def _ids() -> list[int]:
    """The files that came before, by number; what is no number is none."""
    given = request.form.getlist("attachment")[:MOST_FILES]
    return [int(text) for text in given if text.isascii() and text.isdecimal() and len(text) < 10]


def _composer(
    record: Any, mode: str, text: str, ids: Sequence[int], *, error: str = "", problems: Sequence[str] = ()
) -> Composer:
    return Composer(mode, text, error, files=_chosen(record, ids), problems=tuple(problems))


def _chosen(record: Any, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Files of the record that go with what is written."""
    return [
        {"id": each.id, "name": each.name, "thumbnail": bool(each.file.thumbnail_sha256), "size": each.file.size}
        for each in attachments.of_record(session(), record)
        if each.id in ids
    ]


def _with_text(record: Any, place: Place, mode: str, text: str, ids: Sequence[int]) -> Composer:
    """What was typed, with the canned text that was chosen behind it: the way without JavaScript."""
    return _composer(record, mode, with_canned(record, place, text), ids)


def with_canned(record: Any, place: Place, text: str) -> str:
    """A text with the chosen canned one behind it; nothing was chosen: as it is."""
    wanted = request.form.get("canned") or ""
    found = canned.offered(session(), g.user, record, place, clock.now())
    chosen = next((each.text for each in found if str(each.id) == wanted), "")
    return "\n".join(part for part in (text.rstrip(), chosen) if part)


# ---------- One's own note said otherwise ----------


@blueprint.route("/<kind>/<number>/notes/<int:event_id>/edit", methods=["GET", "POST"])
@requires(P.NOTE_WRITE)
def edit_note(kind: str, number: str, event_id: int) -> ResponseReturnValue:
    """Change the words of one's own note while that is possible; the history keeps both."""
    record = records.find(g.user, kind, number)
    event = talk.own_note(session(), record, event_id, g.user)
    if request.method == "GET":
        return chatter.show(record, _edit(record, event_id, talk.last_said(session(), event)))
    text, seen = request.form.get("text") or "", request.form.get("seen") or ""
    try:
        if not seen.isdecimal() or len(seen) > 18:
            raise Stale()

        def act(writing: Session) -> str:
            fresh = records.find(g.user, kind, number)
            talk.edit_note(writing, fresh, event_id, text, seen=int(seen), actor=g.user, at=clock.now())
            return chatter.path(fresh)

        chatter.once(act)
    except (Invalid, Stale) as refusal:
        record = records.find(g.user, kind, number)
        last = talk.last_said(session(), talk.own_note(session(), record, event_id, g.user))
        return chatter.show(record, _edit(record, event_id, last, text=text, error=str(refusal)), status=refusal.status)
    return chatter.answer(records.find(g.user, kind, number), _("Changed. What it said before stays in the history."))


def _edit(record: Any, event_id: int, last: Any, *, text: str | None = None, error: str = "") -> Composer:
    words = str(last.data.get("text", "")) if text is None else text
    action = f"{chatter.path(record)}/notes/{event_id}/edit"
    return Composer("edit", words, error, title=_("Change the note"), action=action, seen=last.id)
