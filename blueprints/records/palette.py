"""The palette (Ctrl K): records and pages in one search, as a list for the dialog or a page of its own."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint
from portal.db import session
from portal.i18n import N_, Text
from portal.listing.registry import LISTINGS
from portal.listing.terms import normalised
from portal.permissions import Permission, may
from portal.services import search
from portal.services.search import Hit
from portal.shell import APPS

PAGES = N_("Pages", "palette")
MOST_PAGES = 8


def pages(text: str) -> list[Hit]:
    """The pages of the person's role whose name holds the text; nothing typed: the first ones."""
    wanted = text.casefold()
    found: dict[str, Hit] = {}
    for app in APPS:
        for entry in app.entries:
            label = str(entry.label)
            if may(g.user, entry.permission) and wanted in f"{label} {app.label}".casefold():
                found.setdefault(entry.path, Hit(app.icon, label, entry.path, str(app.label)))
    for listing in LISTINGS.values():
        label = str(listing.create_label) if listing.create_label else ""
        if listing.create and may(g.user, listing.create) and label and wanted in label.casefold():
            found.setdefault(listing.create_path, Hit("plus", label, listing.create_path))
    return list(found.values())[:MOST_PAGES]


@blueprint.get("/palette")
@requires(Permission.HOME)
def palette() -> ResponseReturnValue:
    """At most twenty things that fit what is typed, with the person's rights."""
    text = normalised(request.args.get("q", "")[:200])
    groups: list[tuple[Text, list[Hit]]] = search.find(session(), g.user, text)
    room = search.MOST - sum(len(hits) for _title, hits in groups)
    groups.append((PAGES, pages(text)[: max(0, room)]))
    shown = [(str(title), hits) for title, hits in groups if hits]
    return page("records/palette.html", fragment="results", groups=shown, q=text)
