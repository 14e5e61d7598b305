"""Files of records: added by choosing or dropping, listed, shown small, saved. Each asks the rule of the record anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, flash, g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints.http import page, requires, see_other, wants_fragment
from blueprints.records import blueprint
from blueprints.records.documents import send_content
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.files import intake
from portal.files.store import Store
from portal.i18n import N_, _, _n, _p
from portal.models.attachment import Attachment
from portal.models.org import User
from portal.permissions import Permission, may
from portal.services import attachments, records

P = Permission
ACCEPT = ".jpg,.jpeg,.png,.webp,.heic,.pdf,image/*,application/pdf"
NONE_CHOSEN = N_("Please choose a file.")


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file as the component `file_list` shows it."""

    name: str
    url: str
    size: int
    at: datetime
    by: str | None
    thumbnail_url: str | None
    kind_label: str
    remove_url: str | None


@dataclass(frozen=True, slots=True)
class Panel:
    """The files of a record with the form to add more; templates include `records/attachments_panel.html` with it."""

    url: str
    files: list[FileLine]
    may_add: bool
    kinds: list[tuple[str, str]]
    room: int
    problems: tuple[str, ...] = ()
    accept: str = ACCEPT


def panel(record: Any, problems: tuple[str, ...] = ()) -> Panel:
    """The files of a record for the person who asks."""
    found = attachments.of_record(session(), record)
    people = {
        person.id: person.name for person in session().scalars(select(User).where(User.id.in_(_uploaders(found))))
    }
    return Panel(
        url=url_for("records.attachments", kind=record.KIND, number=record.number),
        files=[_line(item, people, _is_open(record)) for item in found],
        may_add=may(g.user, P.ATTACHMENT_ADD) and _is_open(record),
        kinds=[(kind, attachments.kind_label(kind)) for kind in attachments.KINDS],
        room=max(0, attachments.MOST_PER_RECORD - len(found)),
        problems=problems,
    )


@blueprint.get("/<kind>/<number>/attachments", endpoint="attachments")
@requires(P.HOME)
def list_attachments(kind: str, number: str) -> ResponseReturnValue:
    """The files of a record: a page of its own, or the panel on the record's page."""
    record = records.find(g.user, kind, number)
    return _show(record, panel(record))


@blueprint.post("/<kind>/<number>/attachments")
@requires(P.ATTACHMENT_ADD)
def add_attachments(kind: str, number: str) -> ResponseReturnValue:
    """Add one or more files. What is refused is said by name; the others are kept."""
    record = records.find(g.user, kind, number)
    attachments.refuse_closed(record)
    uploads = [upload for upload in request.files.getlist(intake.FIELD) if upload.filename]
    if not uploads:
        return _show(record, panel(record, (str(NONE_CHOSEN),)), status=422)
    added, problems = take(record, uploads, kind=request.form.get("kind") or "FILE")
    if problems:
        record = records.find(g.user, kind, number)
        return _show(record, panel(record, tuple(problems)), status=422)
    if wants_fragment():
        record = records.find(g.user, kind, number)
        return _show(record, panel(record))
    flash(_n("%(num)s file added.", "%(num)s files added.", len(added)), "done")
    return see_other(".attachments", kind=kind, number=number)


LARGEST = 150_000_000
"""Bytes of one sending: ten photos as phones take them."""
add_attachments.largest_bytes = LARGEST  # type: ignore[attr-defined]


def take(record: Any, uploads: Sequence[Any], *, kind: str = "FILE") -> tuple[list[int], list[str]]:
    """Put what was uploaded on a record: the numbers of what is there now, and a sentence for each that is refused."""
    problems: list[str] = []
    accepted = []
    store = Store.of(current_app.config["PORTAL"])
    for upload in [upload for upload in uploads if upload.filename][: attachments.MOST_PER_RECORD + 1]:
        try:
            accepted.append(intake.take(upload.stream, upload.filename, store))
        except Invalid as refusal:
            problems += map(str, refusal.fields.values())
    ids = []
    with transaction() as writing:
        fresh = records.find(g.user, record.KIND, record.number)
        for file in accepted:
            try:
                added = attachments.add(writing, fresh, file, actor=g.user, at=clock.now(), kind=kind)
                ids.append(added.attachment.id)
            except Invalid as refusal:
                problems += map(str, refusal.fields.values())
                break
    return ids, list(dict.fromkeys(problems))


@blueprint.get("/attachments/<int:attachment_id>/file")
@requires(P.HOME)
def attachment_file(attachment_id: int) -> ResponseReturnValue:
    """The file. Pictures are shown, everything else is saved."""
    item, _record = attachments.find(session(), g.user, attachment_id)
    saved = intake.is_download_only(item.file.mime) or "download" in request.args
    return _send(item.file.sha256, item.file.mime, item.name, as_attachment=saved)


@blueprint.get("/attachments/<int:attachment_id>/thumbnail")
@requires(P.HOME)
def attachment_thumbnail(attachment_id: int) -> ResponseReturnValue:
    """The picture, small."""
    item, _record = attachments.find(session(), g.user, attachment_id)
    if not item.file.thumbnail_sha256:
        raise NotFound()
    return _send(item.file.thumbnail_sha256, "image/jpeg", item.name, as_attachment=False)


@blueprint.post("/attachments/<int:attachment_id>/remove")
@requires(P.ATTACHMENT_ADD)
def remove_attachment(attachment_id: int) -> ResponseReturnValue:
    """Put a file into the bin."""
    with transaction() as writing:
        item, record = attachments.find(writing, g.user, attachment_id)
        attachments.remove(writing, item, record, actor=g.user, at=clock.now())
        kind, number = record.KIND, record.number
    if wants_fragment():
        record = records.find(g.user, kind, number)
        return _show(record, panel(record))
    flash(_("The file was removed."), "done")
    return see_other(".attachments", kind=kind, number=number)


def _show(record: Any, shown: Panel, status: int = 200) -> ResponseReturnValue:
    if wants_fragment():
        return page("records/attachments_panel.html", status=status, panel=shown)
    title = getattr(record, "name", None) or record.number
    return page("records/attachments.html", status=status, panel=shown, record=record, title=title)


def _send(sha256: str, mime: str, name: str, *, as_attachment: bool) -> ResponseReturnValue:
    store = Store.of(current_app.config["PORTAL"])
    try:
        return send_content(store, sha256, mime, name, as_attachment=as_attachment)
    except FileNotFoundError as error:
        raise NotFound(_p("attachment", "The file is missing in the store. Please tell the manager.")) from error


def _line(item: Attachment, people: dict[int, str], is_open: bool) -> FileLine:
    number = item.id
    return FileLine(
        name=item.name,
        url=url_for("records.attachment_file", attachment_id=number),
        size=item.file.size,
        at=item.uploaded_at,
        by=people.get(item.uploaded_by_id or 0),
        thumbnail_url=url_for("records.attachment_thumbnail", attachment_id=number)
        if item.file.thumbnail_sha256
        else None,
        kind_label=attachments.kind_label(item.kind),
        remove_url=(
            url_for("records.remove_attachment", attachment_id=number)
            if is_open and attachments.may_remove(g.user, item)
            else None
        ),
    )


def _uploaders(found: list[Attachment]) -> set[int]:
    return {item.uploaded_by_id for item in found if item.uploaded_by_id is not None}


def _is_open(record: Any) -> bool:
    return not attachments.is_closed(record)
