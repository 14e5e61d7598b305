"""Favourites of a list: save it as it stands, share it, open the list with it, be told when it grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.records import blueprint, lists, menus
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.i18n import _
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State, args_of, from_args
from portal.models.favourite import Favourite, Shared
from portal.permissions import Permission, Role, may
from portal.services import favourites
from portal.services.favourites import Wish
from portal.typed import clean
from portal.visibility import visible_to

P = Permission


def show(listing: Listing) -> ResponseReturnValue:
    """The favourites of a list, with the form to save it as it stands."""
    return _page(listing, _state(listing))


def save(listing: Listing) -> ResponseReturnValue:
    """Keep the list as it stands under a name."""
    state, wish = _state(listing), _wish()
    try:
        with transaction() as writing:
            favourites.save(writing, listing, state, wish, actor=g.user, at=clock.now())
    except Invalid as error:
        return _page(listing, state, wish=wish, wrong=error)
    flash(_("“%(name)s” is among your favourites.", name=wish.name))
    return see_other(menus.link(listing, state))


def menu(listing: Listing) -> ResponseReturnValue:
    """The favourites of the menu with what they count, for when it is opened."""
    state, _problems = from_args(listing, request.args)
    found = favourites.seen(session(), g.user, listing.kind)
    counted = [each for each in found if each.is_counted]
    counts = favourites.counts(session(), g.user, counted, at=clock.now())
    shown = {
        each.id: (lists.total(*counts[each.id]), each.alert_over is not None and counts[each.id][0] > each.alert_over)
        for each in counted
    }
    items = list(menus.remembered(listing, state, menus.named(found), shown))
    return page("records/favourites/menu.html", items=items)


def go(listing: Listing, favourite_id: int) -> ResponseReturnValue:
    """The list as a favourite shows it; where a notice leads."""
    mine = visible_to(g.user, Favourite)
    favourite = get_or_404(mine, Favourite.id == favourite_id, Favourite.kind == listing.kind)
    return see_other(f"{listing.path}?{favourite.query}")


@blueprint.post("/favourites/<int:favourite_id>/change")
@requires(P.HOME)
def change_favourite(favourite_id: int) -> ResponseReturnValue:
    """Another name, other people, other wishes."""
    listing, wish = _listing_of(favourite_id), _wish()
    try:
        with transaction() as writing:
            favourites.change(writing, favourite_id, wish, actor=g.user)
    except Invalid as error:
        return _page(listing, _state(listing), wish=wish, wrong=error, about=favourite_id)
    flash(_("“%(name)s” is changed.", name=wish.name))
    return _back(listing)


@blueprint.post("/favourites/<int:favourite_id>/keep")
@requires(P.HOME)
def keep_favourite(favourite_id: int) -> ResponseReturnValue:
    """The favourite means the list as it stands now."""
    listing = _listing_of(favourite_id)
    with transaction() as writing:
        name = favourites.keep_instead(writing, favourite_id, _state(listing), actor=g.user).name
    flash(_("“%(name)s” is the list as it stands now.", name=name))
    return _back(listing)


@blueprint.post("/favourites/<int:favourite_id>/delete")
@requires(P.HOME)
def delete_favourite(favourite_id: int) -> ResponseReturnValue:
    """Take a favourite away."""
    listing = _listing_of(favourite_id)
    with transaction() as writing:
        name = favourites.delete(writing, favourite_id, actor=g.user).name
    flash(_("“%(name)s” is no favourite any more.", name=name))
    return _back(listing)


def _listing_of(favourite_id: int) -> Listing:
    """The list of one's own favourite. Raises NotFound, also when the list is not the person's to see."""
    listing = LISTINGS.get(favourites.own(session(), favourite_id, g.user).kind)
    if listing is None or not may(g.user, listing.permission):
        raise NotFound()
    return listing


def _state(listing: Listing) -> State:
    """The state that comes along: in the address, or in the form as `state`."""
    said = request.form.get("state")
    return from_args(listing, args_of(said) if said is not None else request.args)[0].without_place()


def _back(listing: Listing) -> ResponseReturnValue:
    return see_other(f"{listing.path}/favourites?{_state(listing).query()}")


def _wish() -> Wish:
    form = request.form
    return Wish(
        clean(form.get("name", ""))[:200],
        form.get("shared", Shared.ME.value)[:20],
        "is_default" in form,
        "is_counted" in form,
        clean(form.get("alert_over", ""))[:20],
    )


def _page(
    listing: Listing, state: State, *, wish: Wish | None = None, wrong: Invalid | None = None, about: int = 0
) -> ResponseReturnValue:
    """The page; what was typed stands in the form it was typed in."""
    said = {name: str(text) for name, text in wrong.fields.items()} if wrong is not None else {}
    found = favourites.seen(session(), g.user, listing.kind)
    known = lists.labels(listing, state)
    return page(
        "records/favourites/page.html",
        status=422 if wrong is not None else 200,
        listing=listing,
        state=state.query(),
        back=menus.link(listing, state),
        words=[chip["values"] for chip in menus.chips(listing, state, dict(known))],
        sharing=[(value, _sharing(value)) for value in favourites.may_give(g.user)],
        new={"wish": wish if wish is not None and not about else Wish(""), "wrong": {} if about else said},
        mine=[
            {
                "id": each.id,
                "url": f"{listing.path}?{each.query}",
                "name": each.name,
                "lost": favourites.state_of(listing, each.query)[1],
                "wish": wish if wish is not None and each.id == about else favourites.of_wish(each),
                "wrong": said if each.id == about else {},
            }
            for each in found
            if each.owner_id == g.user.id
        ],
        others=[
            {
                "url": f"{listing.path}?{each.query}",
                "name": each.name,
                "owner": each.owner.name,
                "lost": favourites.state_of(listing, each.query)[1],
            }
            for each in found
            if each.owner_id != g.user.id
        ],
    )


def _sharing(value: str) -> str:
    return Shared.show(value) if value in (Shared.ME, Shared.ALL) else str(Role(value).label)


def _bound(view: Callable[..., ResponseReturnValue], listing: Listing) -> Callable[..., ResponseReturnValue]:
    def bound(**about: Any) -> ResponseReturnValue:
        return view(listing, **about)

    bound.__doc__ = view.__doc__
    return requires(listing.permission)(bound)


for _listing in LISTINGS.values():
    for _end, _method, _view in (
        ("", "GET", show), ("", "POST", save), ("/menu", "GET", menu), ("/<int:favourite_id>", "GET", go),
    ):  # fmt: skip
        blueprint.add_url_rule(
            f"/{_listing.kind}/favourites{_end}",
            endpoint=f"favourites_{_view.__name__}_{_listing.kind.replace('-', '_')}",
            view_func=_bound(_view, _listing),
            methods=[_method],
        )
