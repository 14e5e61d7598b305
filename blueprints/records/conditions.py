"""Conditions of one's own, put together: any, all or none of several rows, and groups of rows among them.

A form of method GET that is drawn anew with each change, with htmx or by its buttons; what it means goes back to the
list as `where`. What the form cannot show, groups inside groups, stands as a sentence and is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires, see_other
from blueprints.records import blueprint, lists, menus
from portal.i18n import N_, Text
from portal.listing import criteria, facets
from portal.listing.criteria import Asked, Group, Operator, Unreadable
from portal.listing.declaration import Listing
from portal.listing.fields import Field, Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.typed import clean

MOST_PARTS = 60
"""Rows and groups a form may hold; what a list can take is said when it is sent."""
TOO_MANY = N_("These are more conditions than a list can take. Please leave some out.")
WRONG: dict[Kind, Text] = {
    Kind.TEXT: N_("Please write what to look for."),
    Kind.PLACES: N_("Please write what to look for."),
    Kind.PASSAGES: lists.TOO_SHORT,
    Kind.NUMBER: N_("Please write a number, such as 1200 or 0.5."),
    Kind.DAY: N_("Please give a date, such as 2026-10-15."),
    Kind.MOMENT: N_("Please give a date, such as 2026-10-15."),
    Kind.TERM: N_("Please choose one to twenty of these."),
    Kind.LINK: N_("Please choose one to twenty of these."),
    Kind.YES: N_("Please choose yes or no."),
}


@dataclass(slots=True)
class Row:
    """One condition as it stands in the form; `wrong`: why it cannot be asked."""

    field: str
    operator: str = ""
    values: tuple[str, ...] = ()
    wrong: str = ""


@dataclass(slots=True)
class Kept:
    """A part that the form does not take apart."""

    part: Asked | Group


@dataclass(slots=True)
class Block:
    """Rows of which all, any or none must hold; at the top also groups of rows."""

    how: str = "all"
    parts: list[Row | Kept | Block] = field(default_factory=list)


def show(listing: Listing) -> ResponseReturnValue:
    """The form; sent off, the list with these conditions."""
    state, _problems = from_args(listing, request.args)
    act, _dot, place = request.args.get("do", "")[:40].partition(".")
    block = _typed(listing) if act else _standing(listing, state)
    if not act and not block.parts:
        block.parts.append(Row(next(iter(fields_of(listing)))))
    problem = ""
    if act == "apply":
        try:
            found = state.without_place(where=_meant(listing, block))
        except Unreadable as error:
            problem = str(TOO_MANY) if str(error) != "row" else ""
        else:
            return see_other(menus.link(listing, found))
    focus = _changed(listing, block, act, place)
    known = dict(lists.labels(listing, replace(state, where=_where_of(listing, block))))
    kept = (("q", state.q), ("sort", state.sort), ("view", state.view), *state.options)
    return page(
        "records/conditions.html",
        fragment="builder",
        status=422 if act == "apply" else 200,
        listing=listing,
        back=menus.link(listing, state),
        action=f"{listing.path}/conditions",
        hidden=[("filter", ",".join(state.filters)), *((name, value) for name, value in kept if value)],
        problem=problem,
        block=_drawn(listing, block, "", known, focus),
        hows=[(key, str(label)) for key, label in criteria.GROUPS.items()],
    )


# ---------- Reading ----------


def _standing(listing: Listing, state: State) -> Block:
    """The form of the conditions in the URL."""
    return _block(criteria.read(listing, state.where)) if state.where else Block()


def _block(group: Group, depth: int = 1) -> Block:
    parts: list[Row | Kept | Block] = []
    for part in group.parts:
        if isinstance(part, Asked):
            parts.append(Row(part.field, part.operator, part.values))
        elif depth == 1 and all(isinstance(each, Asked) for each in part.parts):
            parts.append(_block(part, 2))
        else:
            parts.append(Kept(part))
    return Block(group.how, parts)


def _typed(listing: Listing) -> Block:
    """The form as it was sent: `part` names rows `r.0`, groups `g.1` with their rows `r.1-0`, and what is kept."""
    args = request.args
    top = Block(_how(args.get("how", "")))
    blocks = {"": top}
    for name in args.getlist("part")[:MOST_PARTS]:
        sort, _dot, place = name[:20].partition(".")
        inside = blocks.get(place.rpartition("-")[0])
        if inside is None:
            continue
        if sort == "g" and inside is top:
            blocks[place] = Block(_how(args.get(f"how.{place}", "")))
            inside.parts.append(blocks[place])
        elif sort == "k":
            try:
                inside.parts.append(Kept(criteria.read(listing, args.get(f"kept.{place}", ""))))
            except Unreadable:
                continue
        elif sort == "r":
            values = tuple(clean(value)[:200] for value in args.getlist(f"value.{place}")[: criteria.MOST_VALUES + 1])
            row = Row(args.get(f"field.{place}", ""), args.get(f"op.{place}", ""), values)
            inside.parts.append(_fitting(listing, row, args.get(f"was.{place}", "")))
    return top


def _how(said: str) -> str:
    return said if said in criteria.GROUPS else "all"


def _fitting(listing: Listing, row: Row, was: str) -> Row:
    """The row with a field and operator that go together; values stay while their sort does."""
    every = fields_of(listing)
    asked = every.get(row.field) or next(iter(every.values()))
    offered = _operators(asked, row.values)
    operator = next((each for each in offered if each.key == row.operator), offered[0])
    before = every.get(was)
    stays = before is None or before is asked or (before.kind is asked.kind and asked.choice is None)
    return Row(asked.key, operator.key, row.values if stays else ())


def _operators(asked: Field, values: tuple[str, ...]) -> list[Operator]:
    """What can be asked here: a link that offers no records is not compared with one, unless one was given."""
    offered = criteria.operators(asked)
    nothing = asked.kind is Kind.LINK and (asked.choice is None or asked.choice.options is None) and not any(values)
    return [each for each in offered if each.values is not None] if nothing else offered


def _meant(listing: Listing, block: Block) -> str:
    """The conditions as they stand in the URL. Raises Unreadable; rows say for themselves what is wrong."""
    parts = tuple(_parts(listing, block))
    if any(row.wrong for row in _rows(block)):
        raise Unreadable("row")
    if block.how == "all" or not parts:
        return facets.write(listing, parts)
    text = criteria.write(Group(block.how, parts))
    criteria.read(listing, text)
    return text


def _parts(listing: Listing, block: Block) -> Iterator[Asked | Group]:
    for part in block.parts:
        if isinstance(part, Kept):
            yield part.part
        elif isinstance(part, Block):
            if inner := tuple(_parts(listing, part)):
                yield Group(part.how, inner)
        else:
            test = Asked(part.field, part.operator, _values(listing, part))
            try:
                criteria.check(listing, test)
            except Unreadable:
                part.wrong = str(WRONG[fields_of(listing)[part.field].kind])
            yield test


def _values(listing: Listing, row: Row) -> tuple[str, ...]:
    """What was given, as the operator takes it."""
    asked = fields_of(listing)[row.field]
    operator = criteria.operator_of(asked, row.operator)
    given = tuple(value.replace(",", "") if asked.kind is Kind.NUMBER else value for value in row.values if value)
    return given if operator is None or operator.values is None else given[: operator.values]


def _rows(block: Block) -> Iterator[Row]:
    for part in block.parts:
        if isinstance(part, Row):
            yield part
        elif isinstance(part, Block):
            yield from _rows(part)


def _where_of(listing: Listing, block: Block) -> str:
    """The rows that can be asked already, for the names of the records they mention."""
    tests = [Asked(row.field, row.operator, _values(listing, row)) for row in _rows(block) if any(row.values)]
    sound = []
    for test in tests[: criteria.MOST]:
        try:
            sound.append(criteria.check(listing, test))
        except Unreadable:
            continue
    kept = [part.part for part in block.parts if isinstance(part, Kept)]
    text = criteria.write(Group("all", (*sound, *kept)))
    try:
        criteria.read(listing, text)
    except Unreadable:
        return ""
    return text


# ---------- Changing ----------


def _changed(listing: Listing, block: Block, act: str, place: str) -> str:
    """Carry out a button of the form. Gives the name of the control that has the focus then."""
    new = Row(next(iter(fields_of(listing))))
    inside = block
    head, _dash, tail = place.partition("-")
    if tail or (act == "add" and head):
        found = block.parts[int(head)] if head.isdecimal() and int(head) < len(block.parts) else None
        if not isinstance(found, Block):
            return ""
        inside = found
    match act:
        case "add":
            inside.parts.append(_fitting(listing, new, ""))
            return f"field.{head}-{len(inside.parts) - 1}" if inside is not block else f"field.{len(block.parts) - 1}"
        case "group":
            block.parts.append(Block("any", [_fitting(listing, new, ""), _fitting(listing, new, "")]))
            return f"how.{len(block.parts) - 1}"
        case "drop":
            last = tail or head
            if last.isdecimal() and int(last) < len(inside.parts):
                del inside.parts[int(last)]
            return "add"
        case "fit":
            return request.args.get("at", "")[:40]
    return ""


# ---------- Drawing ----------


def _drawn(listing: Listing, block: Block, place: str, known: menus.Known, focus: str) -> dict[str, Any]:
    """A block as the template draws it; each part is named by its place."""
    parts = []
    for number, part in enumerate(block.parts):
        name = f"{place}-{number}" if place else str(number)
        if isinstance(part, Block):
            parts.append({"sort": "g", "place": name, **_drawn(listing, part, name, known, focus)})
        elif isinstance(part, Kept):
            kept = part.part if isinstance(part.part, Group) else Group("all", (part.part,))
            said = criteria.words(listing, part.part, menus.naming(known))
            parts.append({"sort": "k", "place": name, "text": criteria.write(kept), "words": said})
        else:
            parts.append({"sort": "r", "place": name, **_drawn_row(listing, part, known), "focus": focus})
    return {"how": block.how, "parts": parts, "name": f"how.{place}" if place else "how", "focus": focus}


def _drawn_row(listing: Listing, row: Row, known: menus.Known) -> dict[str, Any]:
    fitting = replace(_fitting(listing, row, row.field), wrong=row.wrong)
    asked = fields_of(listing)[fitting.field]
    operator = criteria.operator_of(asked, fitting.operator)
    assert operator is not None
    return {
        "fields": [(each.key, str(each.label)) for each in fields_of(listing).values()],
        "operators": [(each.key, str(each.label)) for each in _operators(asked, fitting.values)],
        "field": asked.key,
        "operator": operator.key,
        "label": str(asked.label),
        "wrong": fitting.wrong,
        "options": _options(asked, operator, fitting.values, known),
        "many": operator.values is None,
        "inputs": [*fitting.values, *("" for _missing in range(2))][: operator.values or 0],
        "input": {Kind.DAY: "date", Kind.MOMENT: "date"}.get(asked.kind, "text"),
        "numeric": asked.kind is Kind.NUMBER,
    }


def _options(
    asked: Field, operator: Operator, given: tuple[str, ...], known: menus.Known
) -> list[tuple[str, str, bool]]:
    """What can be chosen as a value: stretches of days, terms, records; what was given is always among it."""
    if operator.span:
        found = [(key, str(label)) for key, label in criteria.SPANS.items()]
    elif operator.values is None and asked.choice is not None:
        found = list(known.get(asked.key, ())) if asked.choice.is_link else asked.choice.values
        found += [(value, value) for value in given if value and value not in dict(found)]
    else:
        return []
    return [(key, label, key in given) for key, label in found]


def _view(listing: Listing) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        return show(listing)

    view.__doc__ = f"Conditions of one's own on {listing.kind}."
    return requires(listing.permission)(view)


for _listing in LISTINGS.values():
    blueprint.add_url_rule(
        f"/{_listing.kind}/conditions",
        endpoint=f"conditions_of_{_listing.kind.replace('-', '_')}",
        view_func=_view(_listing),
    )
