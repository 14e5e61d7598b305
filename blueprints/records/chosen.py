"""The chosen rows of a list, as the bar above it and the pages after it send them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import current_app, g, request
from markupsafe import Markup

from portal import i18n
from portal.db import session
from portal.errors import NotFound, NotPermitted
from portal.i18n import N_
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State, args_of, from_args
from portal.permissions import Role, may
from portal.services import exports, prints
from portal.services.changes import kinds
from portal.services.changes.stepping import Step
from portal.services.selections import Selection

TOP = 3
"""So many changes stand in the bar as buttons of their own; the others fold."""


def bar(listing: Listing, state: State) -> dict[str, Any] | None:
    """What the bar of a list offers for chosen rows; None: the person can do nothing with rows of this kind."""
    buttons = _buttons(listing.kind, Role(g.user.role), exports.may_export(session(), g.user, listing), i18n.locale())
    return {"buttons": buttons, "kind": listing.kind, "rows": state.query()} if buttons else None


def may_choose(listing: Listing) -> bool:
    """Whether each line has a box that chooses it: rows of this kind can be changed, printed or taken out by the person."""
    return bar(listing, State()) is not None


@lru_cache(maxsize=500)
def _buttons(kind: str, role: Role, exported: bool, _language: str) -> Markup:
    """The buttons of a bar, the same for everybody of a role; empty: there are none."""
    offered, forms = kinds.offered(kind, role), prints.forms_of(role, LISTINGS[kind].model)
    changes = [change for change in offered if not isinstance(change, Step)]
    if not (offered or forms or exported):
        return Markup()
    macro = current_app.jinja_env.get_template("records/changes/buttons.html").module.buttons  # type: ignore[attr-defined]
    steps = [change for change in offered if isinstance(change, Step)]
    found = {"first": changes[:TOP], "more": changes[TOP:], "steps": steps, "forms": forms, "exported": exported}
    return Markup(macro(found))  # drawn by a template


def editable(listing: Listing, shown: tuple[str, ...]) -> str:
    """The changes that the person makes in cells of these columns, by key."""
    found = (kinds.in_column(listing.kind, column) for column in shown)
    return " ".join(change.key for change in found if change is not None and may(g.user, change.permission))


def selection() -> Selection:
    """What the form says is chosen. Raises NotFound for a list there is not, NotPermitted."""
    listing = LISTINGS.get(request.values.get("kind", ""))
    if listing is None:
        raise NotFound()
    if not may(g.user, listing.permission):
        raise NotPermitted(N_("Your role does not see this list."))
    state, _problems = from_args(listing, args_of(request.values.get("rows", "")))
    numbers = dict.fromkeys(text for text in request.values.getlist("id") if text.isascii() and text.isdecimal())
    ids = tuple(int(text) for text in numbers if len(text) < 10)
    return Selection(listing, state, ids, is_all=request.values.get("all") == "1")


def back(chosen: Selection) -> str:
    """The list as it stood."""
    return f"{chosen.listing.path}?{chosen.state.query()}"


def hidden(chosen: Selection) -> list[tuple[str, str]]:
    """What a page after the bar sends along, so that it is still the same choice."""
    said = [("kind", chosen.listing.kind), ("rows", chosen.state.query())]
    return [*said, ("all", "1")] if chosen.is_all else [*said, *(("id", str(number)) for number in chosen.ids)]
