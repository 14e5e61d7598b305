"""The palette (Ctrl K): records, pages and actions in one search, as a list for the dialog or a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from blueprints.http import page, requires, safe_path
from blueprints.records import blueprint, documents
from portal import i18n
from portal.db import session
from portal.errors import NotFound
from portal.i18n import N_, Text, _, _p
from portal.listing.cells import Title
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.terms import normalised
from portal.paths import record_path
from portal.permissions import Permission, Role, may
from portal.pinyin import spellings
from portal.services import record_kinds, search, steps
from portal.services.search import Hit
from portal.shell import APPS
from portal.visibility import condition

PAGES, ACTIONS = N_("Pages", "palette"), N_("Actions", "palette")
HERE, RECENT = N_("This record", "palette"), N_("Opened lately", "palette")
MOST_PAGES = MOST_ACTIONS = MOST_RECENT = 8
ROOM_FOR_OTHERS = 6
"""However many records fit, so many pages and actions that fit are offered, too."""
THEMES = (
    ("light", N_("Appearance: light"), "sun"),
    ("dark", N_("Appearance: dark"), "moon"),
    ("auto", N_("Appearance: as the device"), "sun-moon"),
)

OWN = (
    ("user-circle", N_("My account and sign-in"), "/account/"),
    ("user-circle", N_("Change password"), "/account/password"),
    ("user-check", N_("Leave and who stands in"), "/account/absences"),
)
"""Pages that the menu under the person's name leads to."""


@dataclass(frozen=True, slots=True)
class Act(Hit):
    """Something to do. `fields`: it is a form that is sent to `url`; none: a page to open."""

    fields: tuple[tuple[str, str], ...] = ()


def fits(wanted: str, said: str) -> int:
    """How well a name fits what is typed, in its own signs, in pinyin or by initials; 0: not at all."""
    said = said.casefold()
    if wanted in said:
        return 4 if said.startswith(wanted) else 3
    typed = wanted.replace(" ", "")
    if not typed.isascii() or not typed or typed.isdigit():
        return 0
    ways = _spelled(said)
    if any(way.startswith(typed) for way in ways):
        return 2
    if any(typed in way for way in ways):
        return 1
    return int(len(typed) > 2 and any(_in_order(typed, way) for way in ways[:1]))


@lru_cache(maxsize=2_000)
def _spelled(said: str) -> tuple[str, ...]:
    return (*spellings(said), "".join(word[:1] for word in said.split()))


def _in_order(typed: str, way: str) -> bool:
    signs = iter(way)
    return all(sign in signs for sign in typed)


def best(text: str, found: Sequence[Any], most: int) -> list[Any]:
    """What fits, the best first; nothing typed: the first ones."""
    wanted = text.casefold().strip()
    if not wanted:
        return list(found[:most])
    rated = [(max(fits(wanted, hit.label), fits(wanted, hit.extra) - 1), hit) for hit in found]
    return [hit for rate, hit in sorted(rated, key=lambda pair: -pair[0]) if rate > 0][:most]


def pages(text: str) -> list[Hit]:
    """The pages of the person's role that fit, and the person's own; where something is made stands under the actions."""
    made = {hit.url for hit in _making()}
    found = [hit for hit in _pages_of(g.user.role, i18n.locale()) if hit.url not in made]
    own = [Hit(icon, str(label), path, g.user.name) for icon, label, path in OWN]
    return best(text, [*found, *own], MOST_PAGES)


@lru_cache(maxsize=len(Role) * len(i18n.LOCALES))
def _pages_of(role: str, _language: str) -> tuple[Hit, ...]:
    found: dict[str, Hit] = {}
    for app in APPS:
        for entry in app.entries:
            if may(Role(role), entry.permission):
                found.setdefault(entry.path, Hit(app.icon, str(entry.label), entry.path, str(app.label)))
    return tuple(found.values())


def _making() -> list[Hit]:
    """What the person may register or make anew."""
    found: list[Hit] = []
    if may(g.user, Permission.CONSULTATION_CREATE):
        found.append(Hit("phone-call", _("Register a call"), "/front-desk/calls/new"))
    for listing in LISTINGS.values():
        if listing.create and may(g.user, listing.create) and listing.create_label:
            found.append(Hit("plus", str(listing.create_label), listing.create_path))
    return list({hit.url: hit for hit in found}.values())


def actions(text: str) -> list[Hit]:
    """What the person can do from anywhere: register something, look and language, leave."""
    found = _making()
    found.append(Hit("layout-dashboard", _("Arrange my dashboard"), "/records/dashboard"))
    found.append(Hit("keyboard", _("Keys"), "/records/keys"))
    back = ("next", _whence())
    send = "/account/preferences"
    found += [Act(icon, str(label), send, fields=(("theme", theme), back)) for theme, label, icon in THEMES]
    found += [
        Act("language", _p("palette", "Language: %(name)s", name=name), send, fields=(("locale", code), back))
        for code, name in i18n.LOCALES.items()
    ]
    found.append(Act("logout", _("Sign out"), "/account/sign-out", fields=(back,)))
    return best(text, found, MOST_ACTIONS if text else 5)


def _whence() -> str:
    """The page that the palette was opened on."""
    seen = urlsplit(request.headers.get("HX-Current-URL", ""))
    return safe_path(f"{seen.path}?{seen.query}" if seen.query else seen.path, "/")


def of_this_record(text: str) -> list[Hit]:
    """What can be done with the record of the page: its steps, its papers, a task."""
    parts = _whence().partition("?")[0].split("/")
    if len(parts) < 4 or parts[1] != "records" or parts[2] not in record_kinds.MODELS:
        return []
    try:
        record = record_kinds.find(session(), g.user, parts[2], number=unquote(parts[3])[:60])
    except NotFound:
        return []
    path, found = record_path(record.KIND, record.number), list[Hit]()
    if hasattr(record, "PROCESS"):
        found += [
            Hit("player-play", str(view.label), f"{path}/steps/{view.action}", record.number)
            for view in steps.actions(record, g.user)
            if view.is_allowed and _is_page(f"{path}/steps/{view.action}")
        ]
    if may(g.user, Permission.DOCUMENT_PRINT):
        found += [
            Act(
                "printer",
                _p("document", "Print %(code)s %(title)s", code=item.code, title=item.title),
                item.url,
                record.number,
                (("print", "1"),),
            )
            for item in documents.print_menu(record)
        ]
    if may(g.user, Permission.TASK_SET):
        found.append(Hit("checklist", _("Set a task"), f"{path}/talk?mode=task", record.number))
    return best(text, found, MOST_ACTIONS)


def _is_page(path: str) -> bool:
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return False
    return True


def recent(said: str) -> list[Hit]:
    """The records among these addresses that the person may still see, with their names of today, in their order."""
    wanted: dict[str, list[str]] = {}
    paths = list(dict.fromkeys(said[:1_500].split("\n")))[:MOST_RECENT]
    for path in paths:
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "records" and parts[2] in LISTINGS and not LISTINGS[parts[2]].link:
            wanted.setdefault(parts[2], []).append(unquote(parts[3])[:60])
    found = {path: hit for kind, numbers in wanted.items() for path, hit in _named(LISTINGS[kind], numbers)}
    return [found[path] for path in paths if path in found]


def _named(listing: Listing, numbers: list[str]) -> Iterator[tuple[str, Hit]]:
    if not may(g.user, listing.permission):
        return
    leading = next(column for column in listing.columns if "cell-title" in column.css.split())
    query = select(listing.number, *leading.values).select_from(listing.model)
    for table, on in listing.joins:
        query = query.outerjoin(table, on)
    for number, *values in session().execute(
        query.where(condition(g.user, listing.model), listing.number.in_(numbers))
    ):
        shown = leading.show(*values)
        name = shown.main if isinstance(shown, Title) else str(shown)
        path = record_path(listing.kind, number)
        yield path, Hit(listing.icon, name, path, f"{listing.one} {number}")


@blueprint.get("/palette")
@requires(Permission.HOME)
def palette() -> ResponseReturnValue:
    """At most twenty things that fit what is typed, with the person's rights."""
    text = normalised(request.args.get("q", "")[:200])
    records: list[tuple[Text | str, Sequence[Hit]]] = list(search.find(session(), g.user, text))
    if not text:
        records.append((RECENT, recent(request.args.get("recent", ""))))
    others: list[tuple[Text | str, Sequence[Hit]]] = [
        (HERE, of_this_record(text)), (PAGES, pages(text)), (ACTIONS, actions(text)),
    ]  # fmt: skip
    kept_free = min(ROOM_FOR_OTHERS, sum(len(hits) for _title, hits in others))
    shown = _at_most(records, search.MOST - kept_free)
    shown += _at_most(others, search.MOST - sum(len(hits) for _title, hits in shown))
    return page("records/palette.html", fragment="results", groups=shown, q=text)


def _at_most(groups: Sequence[tuple[Text | str, Sequence[Hit]]], room: int) -> list[tuple[str, list[Hit]]]:
    shown = []
    for title, hits in groups:
        if kept := list(hits)[: max(0, room)]:
            shown.append((str(title), kept))
            room -= len(kept)
    return shown


@blueprint.get("/keys")
@requires(Permission.HOME)
def keys() -> ResponseReturnValue:
    """Which key does what."""
    return page("records/keys.html", fragment="keys")
