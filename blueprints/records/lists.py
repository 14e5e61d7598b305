"""Lists of records: one page for every record type that declares a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint, lines
from portal import clock
from portal.db import session
from portal.i18n import _
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State, find_filter, from_args
from portal.permissions import may


def show(listing: Listing) -> ResponseReturnValue:
    """One page of the list, as the URL says."""
    state, problems = from_args(listing, request.args)
    at = clock.now()
    if "count" in request.args:
        return page("records/count.html", total=total(*engine.count_state(session(), g.user, listing, state, at=at)))
    found = engine.page(session(), g.user, listing, state, at=at)
    return page(
        "records/list.html",
        listing=listing,
        state=state,
        problems=[str(problem) for problem in problems],
        body=lines.body(found),
        columns=columns(listing, state),
        search=search_box(listing, state),
        pager=pager(listing, state, found),
        create=listing.create if listing.create and may(g.user, listing.create) else None,
    )


def columns(listing: Listing, state: State) -> list[dict[str, Any]]:
    """The heads: what sorts leads to the list sorted so, and the other way round when it is already."""
    present = state.sort or listing.order_for(state.filters)
    heads = []
    for column in listing.columns:
        head: dict[str, Any] = {"label": str(column.label), "num": "num" in column.css.split(), "css": column.css}
        if column.sort is not None:
            up, down = column.key, f"-{column.key}"
            head["sort_url"] = f"{listing.path}?{state.without_place(sort=down if present == up else up).query()}"
            head["direction"] = {up: "ascending", down: "descending"}.get(present)
        heads.append(head)
    return heads


def search_box(listing: Listing, state: State) -> dict[str, Any]:
    """The box with its facets and the menu of filters."""
    kept = state.without_place()
    hidden = [("filter", ",".join(kept.filters))] + ([("sort", kept.sort)] if kept.sort else [])
    return {
        "action": listing.path,
        "label": _("Search: %(title)s", title=str(listing.title)),
        "query": state.q,
        "placeholder": str(listing.placeholder),
        "hidden": hidden,
        "facets": facets(listing, kept),
        "menu": menu(listing, kept),
    }


def facets(listing: Listing, state: State) -> list[dict[str, Any]]:
    """One chip per group of chosen filters; inside a group they are alternatives."""
    groups: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for key in state.filters:
        found = find_filter(listing, key)
        if isinstance(found, tuple):
            choice, value = found
            groups.setdefault(choice.key, []).append((key, label_of(listing, choice.key, value)))
            names[choice.key] = str(choice.label)
        elif found is not None:
            groups.setdefault(found.group or found.key, []).append((key, str(found.label)))
    chips = []
    for group, chosen in groups.items():
        keys = {key for key, _label in chosen}
        rest = state.without_place(filters=tuple(key for key in state.filters if key not in keys))
        labels = [label for _key, label in chosen]
        chips.append(
            {
                "icon": None if group in names else "filter",
                "kind": names.get(group, ""),
                "values": labels,
                "name": names.get(group) or labels[0],
                "drop_url": f"{listing.path}?{rest.query()}",
            }
        )
    return chips


def label_of(listing: Listing, key: str, value: str) -> str:
    """The label of a chosen value."""
    choice = next(choice for choice in listing.choices if choice.key == key)
    if choice.name_of is not None:
        return choice.name_of(session(), g.user, int(value))
    if choice.options is None:
        return choice.read(value)
    return dict(offered(listing, key)).get(value, value)


def offered(listing: Listing, key: str) -> list[tuple[str, str]]:
    """The values of a choice, asked once per request."""
    known: dict[str, list[tuple[str, str]]] = g.setdefault("offered_choices", {})
    if key not in known:
        choice = next(choice for choice in listing.choices if choice.key == key)
        known[key] = choice.offered(session(), g.user)
    return known[key]


def menu(listing: Listing, state: State) -> list[dict[str, Any]]:
    """The menu of the box: named filters, then one column per choice."""
    named: dict[str, list[tuple[str, str]]] = {}
    for item in listing.filters:
        named.setdefault(str(item.heading) if item.heading else "", []).append((item.key, str(item.label)))
    sections = [("tag" if title else "filter", title or _("Filters"), items) for title, items in named.items()]
    for choice in listing.choices:
        if choice.name_of is not None:
            continue
        values = [(f"{choice.key}.{value}", label) for value, label in offered(listing, choice.key)]
        sections.append(("tag", str(choice.label), values))
    return [
        {
            "icon": icon,
            "title": title,
            "items": [
                {
                    "label": label,
                    "url": f"{listing.path}?{state.toggled(key).query()}",
                    "checked": key in state.filters,
                }
                for key, label in items
            ],
        }
        for icon, title, items in sections
    ]


def pager(listing: Listing, state: State, found: engine.Page) -> dict[str, Any]:
    """Which rows these are, of how many, and the ways on. The total is counted only when it does not follow."""
    last = found.first + len(found.raw) - 1
    known = found.next is None
    return {
        "first": found.first if found.raw else 0,
        "last": last,
        "total": f"{last:,}" if known else "",
        "count_url": "" if known else f"{listing.path}?{state.without_place().query()}&count=1",
        "previous_url": f"{listing.path}?{found.previous.query()}" if found.previous else "",
        "next_url": f"{listing.path}?{found.next.query()}" if found.next else "",
    }


def total(number: int, capped: bool) -> str:
    """A count as people read it: `2,304`, `10,000+`."""
    return f"{number:,}{'+' if capped else ''}"


def _view(listing: Listing) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        return show(listing)

    view.__doc__ = f"The list of {listing.kind}."
    return requires(listing.permission)(view)


for _listing in LISTINGS.values():
    blueprint.add_url_rule(
        f"/{_listing.kind}", endpoint=f"list_{_listing.kind.replace('-', '_')}", view_func=_view(_listing)
    )
