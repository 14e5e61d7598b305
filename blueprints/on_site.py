"""Work without signal: what a phone keeps to read, and how its outbox is answered.

A form that comes out of the outbox (`X-Outbox: 1`) is carried out by the view it was written for. It is answered as
JSON instead of a page: `{state, message, url}`, where `state` is done, refused, conflict or sign-in. An
answer of another kind, or none, means that the phone tries again later. The same key gives the same answer again.

Each blueprint whose people work without signal has a `Site`: which pages its phone keeps and what its records are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    has_request_context,
    jsonify,
    make_response,
    request,
    template_rendered,
)
from flask import session as cookie
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.http import page, polled, public, requires
from blueprints.records import chatter
from portal import clock, formatting, settings, static
from portal.db import session, transaction
from portal.errors import Stale
from portal.files.store import hash_of
from portal.i18n import N_, Text, _
from portal.models.field_entry import FieldEntry
from portal.services import field_entries, requests, sessions, timeline
from portal.services.field_entries import Arrival
from portal.shell import FieldArea

HEADER = "X-Outbox"
OWNER = "X-Portal-User"
"""Whose page an answer is: the service worker keeps it under that number and drops what it kept of others."""
CODE = (
    *(f"js/{name}.js" for name in ("outbox_store", "outbox_list", "outbox", "kept")),
    *(f"css/{name}.css" for name in ("tokens", "plain", "captain", "outbox")),
)
"""The files that each page of a phone stands on."""
MEANWHILE = 4
"""Entries of the history that a conflict shows beside what was written on the phone."""
LONGEST_SKEW = 100 * 365 * 24 * 3600
PAPER = "#f4f3ef"
"""The light ground of the pages (`--paper` of tokens.css): the frame of the installed app."""


def _nothing_to_heed(_entry: FieldEntry, _number: str | None) -> str:
    return ""


def _the_record(record: Any, _action: str) -> Any:
    return record


@dataclass(frozen=True)
class Site:
    """The pages of a role that work without signal."""

    area: FieldArea
    name: Text
    """Of the app on the start screen; `short_name` below its picture."""
    short_name: Text
    home: Text
    """What the first page is called."""
    keeps: Text
    """What a phone that is ready holds, for the page that stands in for one it does not."""
    files: tuple[str, ...]
    """The files that its pages stand on beside CODE."""
    pages: Callable[[str], list[tuple[str, str]]]
    """The addresses of the records' pages with the version they show; given the version of the code."""
    record: Callable[[str], Any]
    """The record of a number in an address, as far as the person sees it."""
    path: Callable[[str], str]
    """Its page on the phone, by that number."""
    heed: Callable[[FieldEntry, str | None], str] = _nothing_to_heed
    """What the person must know of an entry that was carried out, given the number in its address."""
    concerns: Callable[[Any, str], Any] = _the_record
    """What an action on a record is about, where that has a state and a history of its own."""

    @property
    def code(self) -> str:
        """Other scripts or styles are another version of every page."""
        return hashlib.sha256("".join(static.version(name) for name in (*CODE, *self.files)).encode()).hexdigest()[:10]

    def show(self, name: str) -> ResponseReturnValue:
        """A page that belongs to no record."""
        return page(f"on_site/{name}.html", site=self, files=(*CODE, *self.files))


def attach(blueprint: Blueprint, site: Site) -> None:
    """Give a blueprint the pages of its phone, and have the outbox answered on all its addresses."""
    prefix = site.area.root.removeprefix(blueprint.url_prefix or "").rstrip("/")
    may_work = requires(site.area.permission)

    @blueprint.get(f"{prefix}/sw.js")
    @public
    def service_worker() -> ResponseReturnValue:
        """The program that shows kept pages when there is no network. It holds nothing about anybody."""
        response = make_response((static.FOLDER / "js/sw.js").read_text(encoding="utf-8"))
        response.headers["Content-Type"] = "text/javascript; charset=utf-8"
        response.headers["Cache-Control"] = "no-cache"
        return response

    @blueprint.get(f"{prefix}/manifest.webmanifest")
    @public
    def manifest() -> ResponseReturnValue:
        """What the phone needs to put the pages on its start screen."""
        icons = [("icons/portal-192.png", "192x192", "any"), ("icons/portal-512.png", "512x512", "any"),
                 ("icons/portal-maskable-512.png", "512x512", "maskable")]  # fmt: skip
        response = jsonify(
            id=site.area.root,
            name=str(site.name),
            short_name=str(site.short_name),
            start_url=site.area.root,
            scope="/",  # lists and records are read in the app as well, not in a window of the browser
            display="standalone",
            lang="zh-CN",
            background_color=PAPER,
            theme_color=PAPER,
            icons=[
                {"src": static.url(name), "sizes": size, "type": "image/png", "purpose": purpose}
                for name, size, purpose in icons
            ],
        )
        response.mimetype = "application/manifest+json"
        return response

    @blueprint.get(f"{prefix}/kept")
    @may_work
    @polled
    def kept_pages() -> ResponseReturnValue:
        """Which pages the phone keeps: the day, the records of today and tomorrow with their forms, what waits to be sent."""
        plain = [(site.area.root + name, site.code) for name in ("", "outbox", "not-kept")]
        return jsonify(user=g.user.id, records=site.area.records, pages=[*plain, *site.pages(site.code)])

    @blueprint.get(f"{prefix}/not-kept")
    @may_work
    def not_kept() -> ResponseReturnValue:
        """Shown by the phone without network in place of a page that it does not keep."""
        return site.show("not_kept")

    @blueprint.get(f"{prefix}/not-ready")
    @public
    def not_ready() -> ResponseReturnValue:
        """Shown without network by a phone that keeps no pages of anybody yet, in place of the browser's own error."""
        return site.show("not_ready")

    @blueprint.get(f"{prefix}/outbox")
    @may_work
    def outbox() -> ResponseReturnValue:
        """What was written on this phone and is not sent yet; filled in by the phone itself."""
        return site.show("outbox")

    @blueprint.get(f"{prefix}/outbox/session")
    @may_work
    @polled
    def outbox_session() -> ResponseReturnValue:
        """Asked before anything is sent: who is signed in, the time, the mark of forms and the key of what is kept."""
        from flask_wtf.csrf import generate_csrf

        key = hmac.new(str(current_app.secret_key).encode(), f"outbox:{g.user.id}".encode(), hashlib.sha256)
        return jsonify(
            user=g.user.id,
            now=clock.now().timestamp(),
            token=generate_csrf(),
            key=base64.b64encode(key.digest()).decode(),
        )

    @blueprint.before_request
    def receive() -> ResponseReturnValue | None:
        return _receive(site)

    @blueprint.after_request
    def answer(response: Response) -> Response:
        return _answer(site, response)

    @blueprint.record_once
    def listen(state: Any) -> None:
        template_rendered.connect(_look, state.app)


def content() -> dict[str, Any]:
    """What the form that was sent says, with its files by their content; when it was sent is not what it says."""
    said: dict[str, Any] = {name: given for name, given in request.form.lists() if name not in ("device_at", "version")}
    for name, uploads in request.files.lists():
        hashes = []
        for upload in uploads:
            hashes.append(hash_of(cast(BinaryIO, upload.stream)))
            upload.stream.seek(0)
        said[f"{name} (file)"] = hashes
    return said


def is_from_outbox() -> bool:
    """Whether what is being carried out was written on a phone first."""
    return g.get("arrival") is not None


def leads_to(path: str) -> str:
    """Have the answer to the phone lead there. Gives the path."""
    arrival: Arrival | None = g.get("arrival")
    if arrival is not None:
        arrival.location = path
    return path


def photo_side() -> int:
    """The longer side, in pixels, to which phones make photos smaller."""
    return int(settings.get(session(), "photo_side"))


def happened_at() -> datetime:
    """When the person did what is being sent, by the clock of the portal: earlier than now for what comes out of an outbox."""
    arrival: Arrival | None = g.get("arrival")
    now = clock.now()
    return min(arrival.happened_at, now) if arrival is not None else now


# ---------- Before the view ----------


def _receive(site: Site) -> ResponseReturnValue | None:
    """An entry that was carried out before is answered at once, one that speaks against itself is refused."""
    if not _is_from_outbox():
        return None
    arrival = _read(site)
    if isinstance(arrival, Text):
        return _say("refused", str(arrival))
    g.arrival = arrival
    earlier = field_entries.find(session(), g.user, arrival.key)
    if earlier is not None:
        return _again(site, earlier, arrival)
    if objection := field_entries.objection(session(), arrival, g.user):
        return _say("refused", str(objection.sentence), may_confirm=objection.may_confirm)
    field_entries.begin(session(), arrival)
    return None


def _is_from_outbox() -> bool:
    return request.method == "POST" and request.headers.get(HEADER) == "1"


def _read(site: Site) -> Arrival | Text:
    """What the phone says of the entry; a sentence when that cannot be read."""
    form = request.form
    try:
        said = form.get("device_at") or ""
        device_at = datetime.fromisoformat(said) if said else clock.now()
        if device_at.tzinfo is None:
            device_at = device_at.replace(tzinfo=clock.ZONE)
        device_at = device_at.astimezone(UTC)
        skew = round(float(request.headers.get("X-Outbox-Skew", "0")))
        if abs(skew) > LONGEST_SKEW or not 1970 < device_at.year < 2200:
            raise ValueError
        user_id = int(request.headers.get("X-Outbox-User", g.user.id))
    except (ValueError, OverflowError):
        return N_("The time of the phone cannot be read. Set its clock, open the entry and send it anew.")
    content = {name: values for name, values in form.to_dict(flat=False).items() if name != "version"}
    return Arrival(
        user_id=user_id,
        key=form.get("client_key") or "",
        fingerprint=requests.fingerprint({"path": request.path, **content}),
        action=str((request.view_args or {}).get("action") or request.path.rsplit("/", 1)[-1])[:40],
        location=_path(site),
        device_at=device_at,
        skew_seconds=skew,
        received_at=clock.now(),
        is_confirmed=request.headers.get("X-Outbox-Confirmed") == "1",
    )


def _number() -> str | None:
    return (request.view_args or {}).get("number")


def _path(site: Site) -> str:
    number = _number()
    return site.path(number) if number else site.area.root


def _record(site: Site) -> Any:
    number = _number()
    return site.record(number) if number else None


# ---------- Behind the view ----------


def _answer(site: Site, response: Response) -> Response:
    """Say whose page it is; for the outbox, say in a few words what became of the entry."""
    if g.get("user") is not None:
        response.headers[OWNER] = str(g.user.id)
    if request.headers.get(HEADER) != "1" or g.get("outbox_answered"):
        return response
    location = response.headers.get("Location", "")
    if g.get("user") is None or location.startswith("/account/"):
        sentence, ended = _("Please sign in again. Nothing is lost."), _was_ended()
        return _say("sign-in", sentence, location or "/account/sign-in", status=401, ended=ended)
    if request.method != "POST":
        return response
    if response.status_code >= 500 or response.status_code == 429:
        return response  # no answer to the entry: the phone tries again
    session().rollback()
    arrival: Arrival | None = g.get("arrival")
    if arrival is None:  # refused before it was looked at
        return _say("refused", _reason() or _("The portal did not accept this."), _path(site))
    earlier = field_entries.find(session(), g.user, arrival.key)
    if earlier is not None:  # by this request, or by another one at the same moment
        return _again(site, earlier, arrival)
    if response.status_code < 400:
        return _noted(site, arrival)
    if response.status_code == 409:
        return _conflict(site)
    return _say("refused", _reason() or _("The portal did not accept this."), arrival.location)


def _was_ended() -> bool:
    """Whether somebody ended the session on purpose: then the phone also forgets the key of what it keeps."""
    token = cookie.get(sessions.COOKIE_KEY)
    reason = sessions.end_reason(session(), token) if isinstance(token, str) else None
    return reason not in (None, sessions.End.IDLE, sessions.End.EXPIRED)


def _noted(site: Site, arrival: Arrival) -> Response:
    """Done, with nothing to change: a photo that is there already. Known from now on all the same."""
    record = _record(site)
    about = (record.KIND, record.id) if record is not None else (None, None)
    with transaction() as writing:
        field_entries.note(writing, arrival, *about)
    return _say("done", "", arrival.location)


def _again(site: Site, entry: FieldEntry, arrival: Arrival) -> Response:
    if entry.fingerprint != arrival.fingerprint:
        return _say("conflict", str(requests.AlreadySent(entry.location)), entry.location)
    return _say("done", site.heed(entry, _number()), entry.location)


def _conflict(site: Site) -> Response:
    """What happened meanwhile, for the phone to show beside what was written on it."""
    record, arrival = _record(site), g.arrival
    if record is not None:
        record = site.concerns(record, arrival.action)
    meanwhile: list[dict[str, str]] = []
    state = ""
    if record is not None:
        state = str(record.PROCESS.state(record.state).label)
        meanwhile = [
            {"who": line.who, "at": formatting.moment(line.at), "what": _in_words(line)}
            for line in chatter.since_version(record, None)[:MEANWHILE]
        ]
    message = _reason() or str(Stale())
    return _say("conflict", message, _path(site), now={"state": state, "meanwhile": meanwhile})


def _in_words(line: timeline.Entry) -> str:
    said = str(Markup(line.body).striptags())
    if line.field is None:
        return said
    return f"{said} {line.field}：{line.before or '–'} → {line.after or '–'}".strip()


def _look(_app: Any, template: Any, context: dict[str, Any], **_more: Any) -> None:
    """Remember what the page that is thrown away said: the errors of its form, or the sentence of a rule."""
    if not has_request_context() or not _is_from_outbox():
        return
    form = context.get("sent") or context.get("form")
    said = [str(sentence) for sentence in (context.get("sentence"), context.get("problem")) if sentence]
    if form is not None and hasattr(form, "errors"):
        said += [str(error) for error in getattr(form, "form_errors", ())]
        for name, errors in form.errors.items():
            if name in form:
                label = form[name].label.text
                said += [f"{label}：{error}" if isinstance(error, str) else str(label) for error in errors]
    if said:
        g.outbox_said = list(dict.fromkeys(said))


def remember(sentences: Iterable[str]) -> None:
    """What is wrong with what was sent, where the page that says so does not name it as its form."""
    g.outbox_said = list(dict.fromkeys(sentences))


def _reason() -> str:
    return " ".join(g.get("outbox_said", ()))


def _say(state: str, message: str, url: str = "", *, status: int = 200, **more: Any) -> Response:
    g.outbox_answered = True
    response = jsonify(state=state, message=message, url=url, **more)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if g.get("user") is not None:
        response.headers[OWNER] = str(g.user.id)
    return response
