"""Work without signal: what the phone keeps to read, and how its outbox is answered.

A form that comes out of the outbox (`X-Outbox: 1`) is carried out by the view it was written for. It is answered as
JSON instead of a page: `{state, message, url}`, where `state` is done, refused, conflict or sign-in. An
answer of another kind, or none, means that the phone tries again later. The same key gives the same answer again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from flask import (
    Response,
    current_app,
    g,
    has_request_context,
    jsonify,
    make_response,
    request,
    template_rendered,
    url_for,
)
from flask import session as cookie
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.http import page, polled, public, requires
from blueprints.records import chatter
from blueprints.repair_captain import blueprint
from portal import clock, formatting, static
from portal.db import session, transaction
from portal.errors import Stale
from portal.i18n import N_, Text, _, _p
from portal.models.field_entry import FieldEntry
from portal.models.repair import RepairOrder
from portal.permissions import Permission
from portal.processes.repair import Action, State
from portal.services import field_entries, repairs, requests, sessions, timeline
from portal.services.field_entries import Arrival
from portal.visibility import by_number

P = Permission
HEADER = "X-Outbox"
OWNER = "X-Portal-User"
"""Whose page an answer is: the service worker keeps it under that number and drops what it kept of others."""
CODE = (
    *(f"js/{name}.js" for name in ("outbox_store", "outbox_list", "outbox", "kept", "conditions", "visit", "captain")),
    *(f"css/{name}.css" for name in ("tokens", "plain", "captain", "outbox")),
)
"""The files that a page of the phone stands on."""
MEANWHILE = 4
"""Entries of the history that a conflict shows beside what was written on the phone."""
LONGEST_SKEW = 100 * 365 * 24 * 3600


# ---------- The installed app ----------


@blueprint.get("/sw.js")
@public
def service_worker() -> ResponseReturnValue:
    """The program that shows kept pages when there is no network. It holds nothing about anybody."""
    response = make_response((static.FOLDER / "js/sw.js").read_text(encoding="utf-8"))
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    """What the phone needs to put the pages on its start screen."""
    icons = [("icons/portal-192.png", "192x192", "any"), ("icons/portal-512.png", "512x512", "any"),
             ("icons/portal-maskable-512.png", "512x512", "maskable")]  # fmt: skip
    response = jsonify(
        id="/repair-captain/",
        name=_("Repairs: customer service portal"),
        short_name=_p("app name", "Repairs"),
        start_url="/repair-captain/",
        scope="/repair-captain/",
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


PAPER = "#f4f3ef"
"""The light ground of the pages (`--paper` of tokens.css): the frame of the installed app."""


@blueprint.get("/kept")
@requires(P.CAPTAIN_DESK)
@polled
def kept_pages() -> ResponseReturnValue:
    """Which pages the phone keeps: the day, the jobs of today and tomorrow with their forms, what waits to be sent."""
    plain = [(url_for(f".{name}"), _code()) for name in ("today", "outbox", "not_kept")]
    return jsonify(user=g.user.id, pages=[*plain, *_job_pages()])


@blueprint.get("/not-kept")
@requires(P.CAPTAIN_DESK)
def not_kept() -> ResponseReturnValue:
    """Shown by the phone without network in place of a page that it does not keep."""
    return page("repair_captain/not_kept.html")


@blueprint.get("/not-ready")
@public
def not_ready() -> ResponseReturnValue:
    """Shown without network by a phone that keeps no pages of anybody yet, in place of the browser's own error."""
    return page("repair_captain/not_ready.html", files=CODE)


@blueprint.get("/outbox")
@requires(P.CAPTAIN_DESK)
def outbox() -> ResponseReturnValue:
    """What was written on this phone and is not sent yet; filled in by the phone itself."""
    return page("repair_captain/outbox.html")


@blueprint.get("/outbox/session")
@requires(P.CAPTAIN_DESK)
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


def _code() -> str:
    """Other scripts or styles are another version of every page."""
    return hashlib.sha256("".join(static.version(name) for name in CODE).encode()).hexdigest()[:10]


def _job_pages() -> list[tuple[str, str]]:
    """The pages of each job with the version they show."""
    code = _code()
    found: list[tuple[str, str]] = []
    for order in repairs.to_carry(session(), g.user, at=clock.now()):
        version = f"{code}-{timeline.last_id(session(), order)}"
        found += [(f"/repair-captain/jobs/{order.number}{page}", version) for page in ("", "/record")]
    return found


# ---------- Before the view ----------


@blueprint.before_request
def _receive() -> ResponseReturnValue | None:
    """An entry that was carried out before is answered at once, one that speaks against itself is refused."""
    if not _is_from_outbox():
        return None
    arrival = _read()
    if isinstance(arrival, Text):
        return _say("refused", str(arrival))
    g.arrival = arrival
    earlier = field_entries.find(session(), g.user, arrival.key)
    if earlier is not None:
        return _again(earlier, arrival)
    if objection := field_entries.objection(session(), arrival, g.user):
        return _say("refused", str(objection.sentence), may_confirm=objection.may_confirm)
    field_entries.begin(session(), arrival)
    return None


def _is_from_outbox() -> bool:
    return request.method == "POST" and request.headers.get(HEADER) == "1"


def _read() -> Arrival | Text:
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
        location=_job_path(),
        device_at=device_at,
        skew_seconds=skew,
        received_at=clock.now(),
        is_confirmed=request.headers.get("X-Outbox-Confirmed") == "1",
    )


def _job_path() -> str:
    number = (request.view_args or {}).get("number")
    return f"/repair-captain/jobs/{number}" if number else "/repair-captain/"


# ---------- Behind the view ----------


@blueprint.after_request
def _answer(response: Response) -> Response:
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
        return _say("refused", _reason() or _("The portal did not accept this."), _job_path())
    earlier = field_entries.find(session(), g.user, arrival.key)
    if earlier is not None:  # by this request, or by another one at the same moment
        return _again(earlier, arrival)
    if response.status_code < 400:
        return _noted(arrival)
    if response.status_code == 409:
        return _conflict()
    return _say("refused", _reason() or _("The portal did not accept this."), arrival.location)


def _was_ended() -> bool:
    """Whether somebody ended the session on purpose: then the phone also forgets the key of what it keeps."""
    token = cookie.get(sessions.COOKIE_KEY)
    reason = sessions.end_reason(session(), token) if isinstance(token, str) else None
    return reason not in (None, sessions.End.IDLE, sessions.End.EXPIRED)


def _noted(arrival: Arrival) -> Response:
    """Done, with nothing to change: a photo that is there already. Known from now on all the same."""
    order = _order()
    about = (order.KIND, order.id) if order is not None else (None, None)
    with transaction() as writing:
        field_entries.note(writing, arrival, *about)
    return _say("done", "", arrival.location)


def _again(entry: FieldEntry, arrival: Arrival) -> Response:
    if entry.fingerprint != arrival.fingerprint:
        return _say("conflict", str(requests.AlreadySent(entry.location)), entry.location)
    return _say("done", _heed(entry), entry.location)


def _heed(entry: FieldEntry) -> str:
    """What the captain must know of what was carried out: a signature that is kept and does not count."""
    waits = {
        Action.SIGN_OFF: (State.DONE, repairs.signature_is_void),
        Action.ACCEPT: (State.QUOTED, repairs.consent_is_void),
    }
    state, is_void = waits.get(entry.action or "", (None, None))  # type: ignore[call-overload]
    order = _order() if is_void is not None else None
    if order is None or order.state != state or not is_void(order):
        return ""
    return _("Kept, but void: the record says something else than what was signed. Have it signed again.")


def _conflict() -> Response:
    """What happened meanwhile, for the phone to show beside what was written on it."""
    order = _order()
    meanwhile: list[dict[str, str]] = []
    state = ""
    if order is not None:
        state = str(order.PROCESS.state(order.state).label)
        meanwhile = [
            {"who": line.who, "at": formatting.moment(line.at), "what": _in_words(line)}
            for line in chatter.since_version(order, None)[:MEANWHILE]
        ]
    message = _reason() or str(Stale())
    return _say("conflict", message, _job_path(), now={"state": state, "meanwhile": meanwhile})


def _in_words(line: timeline.Entry) -> str:
    said = str(Markup(line.body).striptags())
    if line.field is None:
        return said
    return f"{said} {line.field}：{line.before or '–'} → {line.after or '–'}".strip()


def _order() -> RepairOrder | None:
    number = (request.view_args or {}).get("number")
    return by_number(session(), g.user, RepairOrder, number) if number else None


@blueprint.record_once
def _listen(state: Any) -> None:
    template_rendered.connect(_look, state.app)


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
