"""Lists of records: one page for every record type that declares a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from flask import current_app, g, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.http import page, requires, see_other, wants_fragment
from blueprints.records import blueprint, chosen, grouped, lines, menus
from portal import clock, formatting, i18n
from portal.db import session
from portal.errors import NotFound
from portal.i18n import N_, _
from portal.listing import criteria, engine, groups, kept, passages, totals
from portal.listing.declaration import Listing
from portal.listing.facets import toggled
from portal.listing.fields import PASSAGES, fields_of
from portal.listing.kinds import search as words
from portal.listing.registry import LISTINGS
from portal.listing.state import VIEWS as NAMES
from portal.listing.state import State, from_args
from portal.permissions import may
from portal.services import exports, favourites, list_columns
from portal.services.favourites import Seen

Labels = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Values of choices that name other records, with how they read: per choice, as the database says now."""
facets = menus.chosen
MOST_CALLED_SO = 4
"""Filters that are offered where nothing fits a word."""
TOO_SHORT = N_("Two signs or more are needed to look through texts.")
TOO_MUCH = N_("These are more conditions than a list can take; the last one was left out.")


def show(listing: Listing) -> ResponseReturnValue:
    """One page of the list, as the URL says."""
    state, problems = opened(listing)
    if request.args.get("in"):
        try:
            return see_other(f"{listing.path}?{looked_for(listing, state, request.args['in']).query()}")
        except criteria.Unreadable:
            short = request.args["in"] == PASSAGES and len(state.q) < passages.SHORTEST
            problems.append(TOO_SHORT if short else TOO_MUCH)
    if "anew" in request.args:
        kept.forget(session())
    at = clock.now()
    if "count" in request.args:
        return page("records/count.html", total=total(*engine.count_state(session(), g.user, listing, state, at=at)))
    look = VIEWS.get(state.view)
    if look is not None and look.fits(listing):
        return look.show(Asked(listing, state, [str(problem) for problem in problems], at))
    if "totals" in request.args:
        return page("records/totals.html", totals=totals_of(listing, state, at), span=span(listing))
    asked = Asked(listing, state, [str(problem) for problem in problems], at)
    if (
        state.option("group")
        and (put_together := grouped.read(listing, state, asked.problems, at, shown(listing))) is not None
    ):
        return in_groups(asked, put_together)
    found = engine.page(session(), g.user, listing, state, at=at)
    return page(
        "records/list.html",
        body=lines.body(found, shown(listing), boxes=chosen.may_choose(listing)),
        pager=pager(listing, state, found),
        page_size=engine.PAGE,
        instead=[] if found.raw else instead(listing, state),
        **around(asked),
        **chosen_rows(asked),
    )


def opened(listing: Listing) -> tuple[State, list[i18n.Text]]:
    """The state of the URL. A link that says nothing of the rows opens one's own default, else that of the role."""
    state, problems = from_args(listing, request.args)
    favourite = favourites.opening(g.user, remembered(listing)) if request.args.keys() <= {"view"} else None
    if favourite is None:
        return state, problems
    kept, lost = favourites.state_of(listing, favourite.query)
    return (kept.seen_as(state.view or "list") if "view" in request.args else kept), [*problems, *lost]


def remembered(listing: Listing) -> list[Seen]:
    """The person's favourites of a list, asked for once per request."""
    if listing.kind not in (known := g.setdefault("favourites", {})):
        known[listing.kind] = favourites.offered(session(), g.user, listing.kind)
    found: list[Seen] = known[listing.kind]
    return found


def shown(listing: Listing) -> tuple[str, ...]:
    """The columns the person wants of the list, asked for once per request."""
    if listing.kind not in (known := g.setdefault("columns", {})):
        known[listing.kind] = list_columns.chosen(session(), g.user, listing)
    found: tuple[str, ...] = known[listing.kind]
    return found


def span(listing: Listing) -> int:
    """How many cells a line has: the columns, and the box that chooses it."""
    return len(shown(listing)) + chosen.may_choose(listing)


def chosen_rows(asked: Asked) -> dict[str, Any]:
    """What a list offers for the rows one chooses, and which cells are changed on the spot."""
    return {
        "bulk": chosen.bar(asked.listing, asked.state),
        "edits": chosen.editable(asked.listing, shown(asked.listing)),
        "span": span(asked.listing),
    }


def totals_of(listing: Listing, state: State, at: datetime) -> list[tuple[str, str]] | None:
    """What all rows sum to; None where they are too many."""
    found = totals.of(session(), g.user, listing, state, at=at)
    return None if found is None else [(str(measure.label), grouped.figure(total)) for measure, total in found]


def looked_for(listing: Listing, state: State, field: str) -> State:
    """The state with the typed word looked for in one field. Raises Unreadable."""
    if not state.q or field not in (each.key for each in menus.texts(listing)):
        return state
    where = toggled(listing, state.where, criteria.Asked(field, "contains", (state.q,)))
    return state.without_place(q="", where=where)


def instead(listing: Listing, state: State) -> list[tuple[str, str]]:
    """Where to go on when nothing fits what was typed: to the filters that are called so, and into the texts."""
    if not state.q:
        return []
    bare = State(view=state.view)
    found = list(islice(menus.filters_called(listing, bare, dict(labels(listing, bare)), state.q), MOST_CALLED_SO))
    ways = [(url, _("Filter: %(name)s", name=name)) for url, name in found]
    if url := in_texts(listing, state):
        ways.append((url, _("Look for “%(text)s” in all texts and notes", text=state.q)))
    return ways


def in_texts(listing: Listing, state: State) -> str:
    """Where the same is looked for in the texts of all records, whatever is filtered; empty: there would be nothing."""
    is_all = (
        not state.filters and not state.where and all("said" in word.readings for word in words.read(state.q).words)
    )
    if not state.q or PASSAGES not in fields_of(listing) or is_all:
        return ""
    try:
        return menus.link(listing, looked_for(listing, State(q=state.q, view=state.view), PASSAGES))
    except criteria.Unreadable:
        return ""


def in_groups(asked: Asked, put_together: grouped.Asked) -> ResponseReturnValue:
    """The list in groups; for htmx only the part that was clicked."""
    focus = grouped.focused()
    if wants_fragment() and "part" in request.args:
        found = grouped.part(put_together, request.args["part"])
        if found is None:
            raise NotFound()
        return page("records/groups.html", found=found, span=span(asked.listing), focus=focus)
    board = grouped.board(put_together)
    rows = grouped.total(board)
    return page("records/list.html", board=board, rows=rows, focus=focus, **around(asked), **chosen_rows(asked))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a view is asked for. `problems`: what of the URL was left out."""

    listing: Listing
    state: State
    problems: list[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at the rows of a list. Its module puts it into VIEWS."""

    label: i18n.Text
    icon: str
    fits: Callable[[Listing], bool]
    """Whether rows of this type can be looked at so."""
    show: Callable[[Asked], ResponseReturnValue]


VIEWS: dict[str, View] = {}
"""The views beside the plain list, by their name in the URL."""


def switch(listing: Listing, state: State) -> list[dict[str, Any]]:
    """The buttons that show the same rows otherwise; none where there is only the list."""
    found = [("list", N_("List", "view"), "list")]
    found += [
        (name, VIEWS[name].label, VIEWS[name].icon) for name in NAMES if name in VIEWS and VIEWS[name].fits(listing)
    ]
    return (
        [
            {
                "label": str(label),
                "icon": icon,
                "url": f"{listing.path}?{state.seen_as(name).query()}",
                "current": name == (state.view or "list"),
            }
            for name, label, icon in found
        ]
        if len(found) > 1
        else []
    )


def counted(asked: Asked) -> tuple[str, str] | None:
    """Of when the numbers of very many rows are, with the way to count them anew; None: they are of this moment."""
    at = kept.counted_at(session())
    if at is None:
        return None
    said = {"most": f"{kept.CEILING:,}", "moment": formatting.moment(at)}
    text = _("These are more than %(most)s records: the numbers are those of %(moment)s.", **said)
    return text, f"{asked.listing.path}?{asked.state.query()}&anew=1"


def around(asked: Asked) -> dict[str, Any]:
    """What every view hands to `records/view.html`: heading and box, the switch, what was left out."""
    listing, state = asked.listing, asked.state
    may_create = listing.create is not None and may(g.user, listing.create)
    return {
        "listing": listing,
        "state": state,
        "problems": asked.problems,
        "counted": counted(asked),
        "create": may_create,
        "totals_url": f"{listing.path}?{state.rows_only().query()}&totals=1" if groups.measures(listing) else "",
        "frame": frame(
            listing.kind,
            state.without_place(),
            labels(listing, state),
            menus.named(remembered(listing)),
            shown(listing),
            may_create,
            g.user.role,
            exports.may_export(session(), g.user, listing),
            i18n.locale(),
        ),
    }


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the lines, drawn: the heading with the search, and the heads of the columns."""

    top: Markup
    head: Markup
    switch: Markup
    sorts: Markup
    """The orders as a menu: where no heads are shown."""
    ways: Markup
    """The ways to the export of the list and to an import into it."""


@lru_cache(maxsize=500)
def frame(
    kind: str,
    state: State,
    known: Labels,
    kept: menus.Favourites,
    wanted: tuple[str, ...],
    may_create: bool,
    _role: str,
    _exports: bool,
    _language: str,
) -> Frame:
    """The frame of a list in a state; it is the same for everybody of a role who sees the same choices."""
    listing, made = LISTINGS[kind], current_app.jinja_env.get_template("records/frame.html").module
    top = made.top(listing, may_create, menus.search_box(listing, state, dict(known), kept))  # type: ignore[attr-defined]
    views = made.switch(switch(listing, state))  # type: ignore[attr-defined]
    sorts = made.sorts(columns(listing, state, tuple(each.key for each in listing.columns), boxes=False))  # type: ignore[attr-defined]
    head = made.head(columns(listing, state, wanted, boxes=chosen.may_choose(listing)))  # type: ignore[attr-defined]
    ways = made.ways(listing, state)  # type: ignore[attr-defined]
    return Frame(Markup(top), Markup(head), Markup(views), Markup(sorts), Markup(ways))


def labels(listing: Listing, state: State) -> Labels:
    """What the database has to say for the frame: the records that can be chosen, and the names of those that are.

    Asked for once per request.
    """
    if (key := (listing.kind, state.rows_only())) not in (known := g.setdefault("labels", {})):
        known[key] = _labels(listing, state)
    kept: Labels = known[key]
    return kept


def _labels(listing: Listing, state: State) -> Labels:
    found = []
    asked = list(criteria.tests(criteria.read(listing, state.where))) if state.where else []
    for choice in listing.choices:
        if choice.options is not None:
            found.append((choice.key, tuple(choice.offered(session(), g.user))))
        elif choice.name_of is not None:
            chosen = [key.removeprefix(f"{choice.key}.") for key in state.filters if key.startswith(f"{choice.key}.")]
            chosen += [value for test in asked if test.field == choice.key for value in test.values]
            names = ((value, choice.name_of(session(), g.user, int(value))) for value in dict.fromkeys(chosen))
            found.append((choice.key, tuple(names)))
    return tuple(found)


def columns(listing: Listing, state: State, wanted: tuple[str, ...], *, boxes: bool) -> list[dict[str, Any]]:
    """The heads: what sorts leads to the list sorted so, and the other way round when it is already."""
    present = state.sort or listing.order_for(state.filters)
    heads: list[dict[str, Any]] = [{"check": True}] if boxes else []
    for column in filter(None, map(listing.column, wanted)):
        head: dict[str, Any] = {"label": str(column.label), "num": "num" in column.css.split(), "css": column.css}
        if column.sort is not None:
            up, down = column.key, f"-{column.key}"
            head["sort_url"] = f"{listing.path}?{state.without_place(sort=down if present == up else up).query()}"
            head["direction"] = {up: "ascending", down: "descending"}.get(present)
        heads.append(head)
    return heads


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
