"""The dashboard as one's own: tiles moved, hidden, made wide, added from favourites and from any list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from blueprints import dashboards
from blueprints.http import get_or_404, page, polled, requires, see_other
from blueprints.records import blueprint, graph, lines, menus, pivot
from portal import charts, clock
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, NotFound, Stale
from portal.i18n import N_, Text, _
from portal.listing import engine, series
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State, args_of, from_args
from portal.models.favourite import Favourite
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import favourites, requests, tiles
from portal.services.favourites import Wish
from portal.services.tiles import LOOKS, Arranged, Look, Tile
from portal.shell import DASHBOARD_PATHS
from portal.typed import clean
from portal.visibility import condition, visible_to

P = Permission
ROWS = 6
MOST_OFFERED = 200
LABELS: dict[Look, Text] = {
    Look.NUMBER: N_("Number", "tile"),
    Look.CHART: N_("Chart", "tile"),
    Look.ROWS: N_("First rows", "tile"),
    Look.PANEL: N_("Panel", "tile"),
}
ICONS = {Look.NUMBER: "hash", Look.CHART: "chart-bar", Look.ROWS: "list", Look.PANEL: "layout-list"}


# ---------- Arranging ----------


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile on the page where it is arranged."""

    tile: Tile
    about: str
    icon: str
    is_first: bool = False
    is_last: bool = False


@blueprint.route("/dashboard", methods=["GET", "POST"])
@requires(P.HOME)
def arrange_dashboard() -> ResponseReturnValue:
    """The tiles in their order, to be moved, hidden, widened, taken off and added."""
    if request.method == "GET":
        return _page()
    act, _dot, key = request.form.get("do", "")[:80].partition(".")
    try:
        with transaction() as writing:
            _carry_out(writing, act, key, _version())
    except Stale as error:
        return _page(said=str(error), status=409)
    except NotFound:
        return _page(said=_("That tile is not there any more."), status=404)
    except DomainError as error:
        return _page(said=str(error), status=error.status)
    if request.form.get("back") == "home":
        return see_other(DASHBOARD_PATHS[Role(g.user.role)])
    if request.headers.get("HX-Request") == "true":
        return _page(moved=f"{act}.{key}")
    return see_other("/records/dashboard")


def _carry_out(writing: Any, act: str, key: str, version: int) -> None:
    match act:
        case "reset":
            tiles.reset(writing, actor=g.user)
        case "tidy":
            tiles.tidy(writing, version=version, actor=g.user)
        case "order":
            tiles.reorder(writing, request.form.getlist("order")[:200], version=version, actor=g.user)
        case "add":
            look = _look(key.rpartition("-")[2])
            tiles.put_on(writing, tiles.favourite_of(key), look, wide=look is not Look.NUMBER, actor=g.user)
        case _:
            tiles.change(writing, key, act, version=version, actor=g.user)


def _version() -> int:
    said = request.form.get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else -1


def _look(said: str) -> Look:
    if said not in set(LOOKS):
        raise NotFound()
    return Look(said)


def _page(*, said: str = "", status: int = 200, moved: str = "") -> ResponseReturnValue:
    board = tiles.arranged(session(), g.user)
    return page(
        "dashboards/arrange.html",
        fragment="arrange",
        status=status,
        board=board,
        numbers=_shown(board.numbers),
        wide=_shown(board.panels(wide=True)),
        small=_shown(board.panels(wide=False)),
        hidden=_shown(board.hidden),
        offered=_offered(board),
        home=DASHBOARD_PATHS[Role(g.user.role)],
        said=said,
        moved=moved,
    )


def _shown(found: Any) -> list[Shown]:
    last = len(found) - 1
    return [Shown(tile, _about(tile), ICONS[tile.look], place == 0, place == last) for place, tile in enumerate(found)]


def _about(tile: Tile) -> str:
    parts = [str(LABELS[tile.look]), str(LISTINGS[tile.kind].title) if tile.kind else ""]
    return " · ".join(part for part in parts if part)


def _offered(board: Arranged) -> list[dict[str, Any]]:
    """Favourites that can be put on, each with the looks that are not there yet."""
    there = {tile.key for tile in (*board.tiles, *board.hidden)}
    rows = session().execute(
        select(Favourite.id, Favourite.kind, Favourite.name, Favourite.query)
        .where(condition(g.user, Favourite))
        .order_by(Favourite.owner_id != g.user.id, Favourite.kind, Favourite.name)
        .limit(MOST_OFFERED)
    )
    found = []
    for favourite_id, kind, name, query in rows:
        listing = LISTINGS.get(kind)
        if listing is None or not may(g.user, listing.permission):
            continue
        ways = [
            {"do": f"add.{key}", "label": str(LABELS[look]), "icon": ICONS[look]}
            for look in _looks(listing)
            if (key := tiles.key_of(favourite_id, look)) not in there
        ]
        if ways:
            found.append({"name": name, "about": str(listing.title), "url": f"{listing.path}?{query}", "ways": ways})
    return found


def _looks(listing: Listing) -> list[Look]:
    return [look for look in LOOKS if look is not Look.CHART or pivot.fits(listing)]


# ---------- A favourite as a tile ----------


@blueprint.get("/tiles/<int:favourite_id>/<string:look>")
@requires(P.HOME)
@polled
def tile(favourite_id: int, look: str) -> ResponseReturnValue:
    """One tile of a favourite, drawn when the dashboard is there already; without htmx the list itself."""
    favourite = get_or_404(visible_to(g.user, Favourite), Favourite.id == favourite_id)
    listing = LISTINGS.get(favourite.kind)
    if listing is None or not may(g.user, listing.permission):
        raise NotFound()
    shape = _look(look)
    url = f"{listing.path}?{favourite.query}"
    if request.headers.get("HX-Request") != "true":
        return see_other(url)
    state, lost = favourites.state_of(listing, favourite.query)
    wide = "wide" in request.args
    match shape:
        case Look.NUMBER:
            limit = favourite.alert_over if favourite.owner_id == g.user.id else None
            one = Tile(
                "", favourite.name, shape, listing.kind, favourite.query,
                is_wide=wide, favourite_id=favourite_id, alert_over=limit,
            )  # fmt: skip
            [number] = dashboards.numbers(g.user, [one], clock.now(), later=False)
            return page("dashboards/tile.html", look=shape, number=number)
        case Look.CHART if pivot.fits(listing):
            return page(
                "dashboards/tile.html", look=shape, lost=lost, **chart(g.user, listing, state, favourite_id, wide=wide)
            )
        case Look.ROWS:
            shown = rows(listing, state, wide=wide)
            return page("dashboards/tile.html", look=shape, lost=lost, name=favourite.name, rows=shown)
    raise NotFound()


def chart(user: User, listing: Listing, state: State, key: int, *, wide: bool) -> dict[str, Any]:
    """The chart of a favourite: its own graph, or what its pivot or its list looks like as one."""
    kind, layout, _unread = series.read(listing, state)
    drawn = series.make(session(), user, listing, state, kind, layout, at=clock.now())
    title = graph.heading(drawn)
    room = charts.WIDE if wide else charts.NARROW
    return {
        "heading": title,
        "count": drawn.total.count,
        "drawing": graph.drawing(listing, drawn, title, key=f"tile-{key}", room=room),
        "from_newest": graph.opens_at_newest(drawn),
        "table": graph.table(listing, drawn),
    }


def rows(listing: Listing, state: State, *, wide: bool) -> Markup:
    """The first rows as lines: whom, what of it, until when."""
    leading = [column.key for column in listing.columns if "cell-title" in column.css.split()]
    middle = list(listing.card) or [column.key for column in listing.columns if "fill" in column.css.split()]
    moving = [column.key for column in listing.columns if column.moves or "cell-due" in column.css.split()]
    shown = dict.fromkeys([*leading, *(middle if wide else []), *moving])
    found = engine.page(session(), g.user, listing, state.without_place(), at=clock.now())
    return lines.body(replace(found, raw=found.raw[:ROWS]), tuple(shown), boxes=False)


# ---------- From a list to the dashboard ----------


def pin(listing: Listing) -> ResponseReturnValue:
    """Put a list as it stands on one's dashboard: it becomes a favourite, and a tile of that favourite."""
    said = request.form.get("state")
    state = from_args(listing, args_of(said) if said is not None else request.args)[0].without_place()
    same = next((each for each in favourites.offered(session(), g.user, listing.kind)
                 if each.owner_id == g.user.id and each.query == favourites.kept(state)), None)  # fmt: skip
    if request.method == "GET":
        look = Look.CHART if state.view in ("graph", "pivot") and pivot.fits(listing) else Look.NUMBER
        return _pin_page(listing, state, {"name": same.name if same else "", "look": look.value, "alert_over": ""})
    form = request.form
    wanted = {
        "name": clean(form.get("name", ""))[:200],
        "look": form.get("look", "")[:20],
        "alert_over": clean(form.get("alert_over", ""))[:20],
    }
    if wanted["look"] not in [look.value for look in _looks(listing)]:
        return _pin_page(listing, state, wanted, {"look": _("Please choose how it is shown.")})
    look = Look(wanted["look"])
    home = DASHBOARD_PATHS[Role(g.user.role)]

    def act() -> str:
        found = same.id if same is not None and same.name == wanted["name"] else 0
        if not found:
            wish = Wish(wanted["name"], alert_over=wanted["alert_over"])
            found = favourites.save(writing, listing, state, wish, actor=g.user, at=clock.now()).id
        tiles.put_on(writing, found, look, wide=_is_wide(look, state), actor=g.user)
        return home

    try:
        with transaction() as writing:
            key, content = form.get("client_key"), form.to_dict(flat=False)
            requests.once(writing, user=g.user, key=key, content=content, at=clock.now(), act=act)
    except Invalid as error:
        return _pin_page(listing, state, wanted, {name: str(text) for name, text in error.fields.items()})
    except DomainError as error:
        return _pin_page(listing, state, wanted, {"": str(error)}, status=error.status)
    flash(_("“%(name)s” is on your dashboard.", name=wanted["name"]))
    return see_other(home)


def _is_wide(look: Look, state: State) -> bool:
    """Where a new tile goes: rows and charts into the main column, rings beside it."""
    return look is Look.ROWS or (look is Look.CHART and state.option("chart") != "pie")


def _pin_page(
    listing: Listing, state: State, wanted: dict[str, str], wrong: dict[str, str] | None = None, status: int = 422
) -> ResponseReturnValue:
    return page(
        "dashboards/pin.html",
        status=status if wrong else 200,
        listing=listing,
        state=state.query(),
        back=menus.link(listing, state),
        wanted=wanted,
        wrong=wrong or {},
        looks=[(look.value, LABELS[look], ICONS[look]) for look in _looks(listing)],
        client_key=(request.form.get("client_key") or requests.new_key())[:64],
    )


def _bound(listing: Listing) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        return pin(listing)

    view.__doc__ = f"The list of {listing.kind} as a tile."
    return requires(listing.permission)(view)


for _listing in LISTINGS.values():
    blueprint.add_url_rule(
        f"/{_listing.kind}/tile",
        endpoint=f"tile_of_{_listing.kind.replace('-', '_')}",
        view_func=_bound(_listing),
        methods=["GET", "POST"],
    )
