"""The search box of a list: its chips, and the menu of filters, groups and favourites."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from portal.i18n import _, _p
from portal.listing import criteria, facets, groups
from portal.listing.criteria import Asked
from portal.listing.declaration import Listing
from portal.listing.fields import Field, Kind, fields_of
from portal.listing.state import State, find_filter
from portal.models.favourite import Favourite, Shared
from portal.services.favourites import Seen

Known = dict[str, tuple[tuple[str, str], ...]]
"""Per choice the records it names, as the database says now."""


class Named(NamedTuple):
    """A favourite as the menu says it."""

    id: int
    name: str
    query: str
    is_shared: bool
    is_counted: bool


Favourites = tuple[Named, ...]
QUICK_SPANS = (
    "today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-quarter", "this-year",
    "last-30-days", "next-7-days",
)  # fmt: skip
"""The stretches of days that are one click away; the builder has them all."""

SHORTEST = 2
"""Signs that are needed for a filter to be offered by its name."""


def search_box(listing: Listing, state: State, known: Known, favourites: Favourites) -> dict[str, Any]:
    """The box with its chips and the menu."""
    kept = (("sort", state.sort), ("where", state.where), ("view", state.view), *state.options)
    hidden = [("filter", ",".join(state.filters)), *((name, value) for name, value in kept if value)]
    return {
        "action": listing.path,
        "label": _("Search: %(title)s", title=str(listing.title)),
        "query": state.q,
        "placeholder": str(listing.placeholder),
        "hidden": hidden,
        "facets": chips(listing, state, known),
        "fields": [(field.key, str(field.label)) for field in texts(listing)],
        "menu": [
            {"icon": "filter", "title": _p("list", "Filters"), "items": list(filters(listing, state, known))},
            {"icon": "stack-2", "title": _p("list", "Groups"), "items": list(grouping(listing, state))},
            {"icon": "star", "title": _p("list", "Favourites"), "items": list(remembered(listing, state, favourites)),
             "load_url": f"{listing.path}/favourites/menu?{state.query()}"
             if any(each.is_counted for each in favourites) else ""},
        ],
    }  # fmt: skip


def texts(listing: Listing) -> list[Field]:
    """The fields a typed word can be looked for in."""
    return [field for field in fields_of(listing).values() if field.kind in (Kind.TEXT, Kind.PLACES, Kind.PASSAGES)]


def link(listing: Listing, state: State) -> str:
    """The address of a list in a state."""
    return f"{listing.path}?{state.query()}"


def naming(known: Known) -> Callable[[Field, str], str]:
    """How the records that conditions name are called."""
    return lambda field, value: dict(known.get(field.key, ())).get(value, value)


# ---------- Chips ----------


def chips(listing: Listing, state: State, known: Known) -> list[dict[str, Any]]:
    """All that narrows the list or puts it together, each to be taken off by itself."""
    return [*chosen(listing, state, known), *conditions(listing, state, known), *grouped_by(listing, state)]


def chosen(listing: Listing, state: State, known: Known) -> list[dict[str, Any]]:
    """One chip per group of chosen filters; inside a group they are alternatives."""
    gathered: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for key in state.filters:
        found = find_filter(listing, key)
        if isinstance(found, tuple):
            choice, value = found
            label = dict(known[choice.key]).get(value, value) if choice.is_link else choice.read(value)
            gathered.setdefault(choice.key, []).append((key, label))
            names[choice.key] = str(choice.label)
        elif found is not None:
            gathered.setdefault(found.group or found.key, []).append((key, str(found.label)))
    chips = []
    for group, members in gathered.items():
        keys = {key for key, _label in members}
        rest = state.without_place(filters=tuple(key for key in state.filters if key not in keys))
        values = [label for _key, label in members]
        chips.append(
            {
                "icon": None if group in names else "filter",
                "kind": names.get(group, ""),
                "values": values,
                "name": names.get(group) or values[0],
                "drop_url": link(listing, rest),
            }
        )
    return chips


def conditions(listing: Listing, state: State, known: Known) -> list[dict[str, Any]]:
    """One chip per condition of one's own, as a sentence that leads to the builder."""
    chips = []
    for place, part in enumerate(facets.read(listing, state.where)):
        tests = facets.gathered(part)
        said = criteria.words(listing, part, naming(known))
        chip: dict[str, Any] = {
            "icon": "filter",
            "kind": "",
            "values": [said],
            "name": said,
            "drop_url": link(listing, state.without_place(where=facets.without(listing, state.where, place))),
            "edit_url": f"{listing.path}/conditions?{state.without_place().query()}",
        }
        if tests:
            chip |= {
                "icon": None,
                "kind": str(fields_of(listing)[tests[0].field].label),
                "values": [
                    str(criteria.SPANS[each.values[0]]) if each.operator == "in" else each.values[0] for each in tests
                ],
            }
        chips.append(chip)
    return chips


def grouped_by(listing: Listing, state: State) -> list[dict[str, Any]]:
    """One chip per level of groups."""
    by = levels(listing, state)
    return [
        {
            "icon": "stack-2",
            "kind": "",
            "values": [each.label],
            "name": each.label,
            "drop_url": link(listing, _by(state, [key for key in _keys(by) if key != each.key])),
        }
        for each in by
    ]


# ---------- The menu ----------


def filters(listing: Listing, state: State, known: Known) -> Iterator[dict[str, Any] | None]:
    """Named filters, then a fold for each choice and each date, then the way to conditions of one's own."""

    def item(key: str, label: str) -> dict[str, Any]:
        return {"label": label, "url": link(listing, state.toggled(key)), "checked": key in state.filters}

    folds: dict[str, list[dict[str, Any]]] = {}
    for named in listing.filters:
        if named.heading is None:
            yield item(named.key, str(named.label))
        else:
            folds.setdefault(str(named.heading), []).append(item(named.key, str(named.label)))
    for choice in listing.choices:
        offered = known.get(choice.key, ()) if choice.is_link else choice.values
        if choice.name_of is None and offered:
            folds[str(choice.label)] = [item(f"{choice.key}.{value}", label) for value, label in offered]
    for field in fields_of(listing).values():
        if field.kind in (Kind.DAY, Kind.MOMENT) and field.key not in _further(listing):
            folds[str(field.label)] = list(_spans(listing, state, field))
    if listing.filters and folds:
        yield None
    for label, items in folds.items():
        if items:
            yield {"label": label, "fold": items, "checked": any(each["checked"] for each in items)}
    yield None
    yield {"label": _("Own conditions…"), "url": f"{listing.path}/conditions?{state.without_place().query()}"}


def filters_called(listing: Listing, state: State, known: Known, word: str) -> Iterator[tuple[str, str]]:
    """The filters that are called so, with where they lead: what the box offers while one types, for who has pressed Enter."""
    wanted = word.strip().casefold()
    for item in filters(listing, state, known) if len(wanted) >= SHORTEST else ():
        for each in (item or {}).get("fold", [item]):
            if each and "checked" in each and not each["checked"] and wanted in each["label"].casefold():
                heading = f"{item['label']} · " if item and "fold" in item else ""
                yield each["url"], f"{heading}{each['label']}"


def _further(listing: Listing) -> frozenset[str]:
    """Fields that are no column until somebody chooses it: in the builder, but no fold of the menu, which stays light."""
    hidden = [column.key for column in listing.columns if column.hidden]
    return frozenset([*hidden, *(each.key for each in listing.asked)])


def _spans(listing: Listing, state: State, field: Field) -> Iterator[dict[str, Any]]:
    for name in QUICK_SPANS:
        test = Asked(field.key, "in", (name,))
        try:
            where = facets.toggled(listing, state.where, test)
        except criteria.Unreadable:  # as many conditions as there may be
            continue
        yield {
            "label": str(criteria.SPANS[name]),
            "url": link(listing, state.without_place(where=where)),
            "checked": facets.holds(listing, state.where, test),
        }


def grouping(listing: Listing, state: State) -> Iterator[dict[str, Any] | None]:
    """What the rows can be put together by, one level after the other; dates fold their stretches."""
    keys = _keys(levels(listing, state))
    folds: dict[str, list[dict[str, Any]]] = {}
    for each in groups.groupings(listing):
        put_on = each.key not in keys
        if put_on and (len(keys) >= groups.DEEPEST or (each.stretch and each.field.key in _further(listing))):
            continue
        rest = [*keys, each.key] if put_on else [key for key in keys if key != each.key]
        label = str(groups.STRETCHES[each.stretch]) if each.stretch else each.label
        item = {"label": label, "url": link(listing, _by(state, rest)), "checked": not put_on}
        if each.stretch:
            folds.setdefault(str(each.field.label), []).append(item)
        else:
            yield item
    for label, items in folds.items():
        yield {"label": label, "fold": items, "checked": any(each["checked"] for each in items)}


def named(found: Sequence[Favourite | Seen]) -> Favourites:
    """Favourites as the menu says them."""
    return tuple(Named(each.id, each.name, each.query, each.shared != Shared.ME, each.is_counted) for each in found)


def remembered(
    listing: Listing, state: State, favourites: Favourites, counts: Mapping[int, tuple[str, bool]] | None = None
) -> Iterator[dict[str, Any] | None]:
    """The favourites one sees, then the ways to keep and to manage them. What they count is asked for when the menu
    is opened; a count that is more than wanted is late."""
    here = state.seen_as(state.view or "list", open="").query()
    for each in favourites:
        count, is_late = (counts or {}).get(each.id, ("", False))
        yield {
            "label": each.name,
            "url": f"{listing.path}?{each.query}",
            "checked": each.query == here,
            "tag": _p("favourite", "Shared") if each.is_shared else "",
            "late" if is_late else "count": count,
        }
    if favourites:
        yield None
    manage = f"{listing.path}/favourites?{here}"
    yield {"label": _("Keep this list as a favourite…"), "url": f"{manage}#new"}
    yield {"label": _("Put this list on my dashboard…"), "url": f"{listing.path}/tile?{here}"}
    if favourites:
        yield {"label": _("Manage favourites"), "url": manage}


def levels(listing: Listing, state: State) -> list[groups.Grouping]:
    """What the rows of a state are put together by, outermost first."""
    found = (groups.read(listing, key) for key in state.option("group").split(",") if key)
    return list({each.key: each for each in found if each is not None}.values())[: groups.DEEPEST]


def _keys(by: list[groups.Grouping]) -> list[str]:
    return [each.key for each in by]


def _by(state: State, keys: list[str]) -> State:
    return state.seen_as(state.view or "list", group=",".join(keys), open="")
