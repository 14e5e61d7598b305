"""The columns of a list: which one sees, and in which order. Each person has their own."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires, see_other
from blueprints.records import blueprint, lists, menus
from portal.db import transaction
from portal.i18n import _
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.services import list_columns


def show(listing: Listing) -> ResponseReturnValue:
    """The form: a box for each column, in order, to be moved up and down; sent off, the columns are kept."""
    state, _problems = from_args(listing, request.values)
    every, chosen = list_columns.every(listing), lists.shown(listing)
    order = (*chosen, *(key for key in every if key not in chosen))
    if request.method == "POST":
        act, _dot, key = request.form.get("do", "")[:60].partition(".")
        wanted = set(request.form.getlist("columns"))
        order = tuple(dict.fromkeys(each for each in (*request.form.getlist("order")[:100], *every) if each in every))
        if act in ("up", "down") and key in order:
            order = _moved(order, key, -1 if act == "up" else 1)
            chosen = tuple(each for each in order if each in wanted)
        else:
            with transaction() as writing:
                kept = (
                    list_columns.opening(listing) if act == "reset" else tuple(each for each in order if each in wanted)
                )
                list_columns.choose(writing, g.user, listing, kept)
            flash(_("The list has your columns now."))
            return see_other(menus.link(listing, state))
    columns = [listing.column(key) for key in order]
    return page(
        "records/columns.html",
        listing=listing,
        action=f"{listing.path}/columns?{state.query()}",
        back=menus.link(listing, state),
        columns=[
            {"key": column.key, "label": str(column.label), "fixed": list_columns.is_title(column),
             "chosen": column.key in chosen or list_columns.is_title(column)}
            for column in columns if column is not None
        ],
        moved=request.form.get("do", ""),
    )  # fmt: skip


def _moved(order: tuple[str, ...], key: str, step: int) -> tuple[str, ...]:
    rest = [each for each in order if each != key]
    rest.insert(max(0, order.index(key) + step), key)
    return tuple(rest)


def _view(listing: Listing) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        return show(listing)

    view.__doc__ = f"The columns of the list of {listing.kind}."
    return requires(listing.permission)(view)


for _listing in LISTINGS.values():
    blueprint.add_url_rule(
        f"/{_listing.kind}/columns",
        endpoint=f"columns_of_{_listing.kind.replace('-', '_')}",
        view_func=_view(_listing),
        methods=["GET", "POST"],
    )
