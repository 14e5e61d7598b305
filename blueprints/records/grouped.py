"""A list in groups: folded rows with their count and sums, opened to the groups inside or to the first rows.

Which groups are open stands in the URL, so it works without JavaScript; with it only the group that is clicked is
fetched (`part`). The rows of a group are those of the condition its head stands for (`groups.test_of`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import g, request
from markupsafe import Markup

from blueprints.records import chosen, lines, menus
from portal import formatting
from portal.db import session
from portal.i18n import N_
from portal.listing import criteria, engine, facets, groups
from portal.listing.declaration import Filter, Listing
from portal.listing.fields import Kind
from portal.listing.groups import Grouping
from portal.listing.pivot import names_of, rank
from portal.listing.state import MAX_OPTION, State, find_filter

Path = tuple[str, ...]
"""Where a group stands: its value in the URL, after those of the groups around it."""
NOTHING = "-"
UNKNOWN = N_("A group of this link is not known and was left out.")
TOO_MUCH = N_("With so many conditions the rows cannot be put into groups as well.")
LATE = "overdue"


@dataclass(slots=True)
class Head:
    """A group as its row shows it, with what is inside when it is open."""

    path: Path
    label: str
    rows_in: int
    url: str
    part_url: str
    is_open: bool
    late: int = 0
    sums: list[tuple[str, str]] = field(default_factory=list)
    inside: Level | None = None
    rows: Rows | None = None

    @property
    def id(self) -> str:
        """What stands apart from every other group of the page."""
        return "/".join(self.path)


@dataclass(slots=True)
class Level:
    """The groups of one level; `more`: there are more than are told."""

    heads: list[Head]
    more: bool


@dataclass(slots=True)
class Rows:
    """The first rows of a group, and where the others are."""

    body: Markup
    more_url: str = ""
    more_part: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL wants put together, how deep, and what of it is open."""

    listing: Listing
    state: State
    by: tuple[Grouping, ...]
    opened: frozenset[Path]
    at: datetime
    shown: tuple[str, ...]
    """The columns to be seen."""


def read(listing: Listing, state: State, problems: list[str], at: datetime, shown: tuple[str, ...]) -> Asked | None:
    """The groups of a URL; None when there are none, with a sentence for what cannot be done."""
    by = tuple(menus.levels(listing, state))
    if len(by) < len([key for key in state.option("group").split(",") if key]):
        problems.append(str(UNKNOWN))
    if not by:
        return None
    try:
        facets.narrowed(listing, state.where, tuple(map(_any_group, by)))
    except criteria.Unreadable:
        problems.append(str(TOO_MUCH))
        return None
    paths = {tuple(text.split("/")) for text in state.option("open").split(";") if text}
    opened = {path[: length + 1] for path in paths for length in range(len(path)) if len(path) <= len(by)}
    return Asked(listing, state, by, frozenset(opened), at, shown)


def _any_group(by: Grouping) -> criteria.Asked:
    """A condition as long as that of any group."""
    return groups.test_of(by, False if by.field.kind is Kind.YES else None)


def board(asked: Asked) -> Level:
    """All groups, the open ones with what is inside."""
    return _level(replace(asked, state=asked.state.without_place()), (), ())


def part(asked: Asked, text: str) -> Level | Rows | None:
    """One group of the highest level anew, or further rows of an innermost one; None when it is none of this list."""
    path = tuple(text[:MAX_OPTION].split("/"))
    try:
        tests = tuple(groups.test_of(by, _value(by, token)) for by, token in zip(asked.by, path, strict=False))
        if len(path) == len(asked.by) and asked.state.after:
            return _rows(asked, path, tests)
        return _level(asked, (), tests[:1])
    except (ValueError, OverflowError, criteria.Unreadable):
        return None


def _level(asked: Asked, path: Path, tests: tuple[criteria.Asked, ...]) -> Level:
    """The groups inside a path. At the top `tests` may name the only one that is wanted."""
    by, listing = asked.by[len(path)], asked.listing
    state = _narrowed(asked, tests)
    summed = groups.measures(listing)
    found, more = groups.of(session(), g.user, listing, state, [by], summed, at=asked.at)
    late = _late(asked, state, by)
    names = names_of(session(), g.user, by, (group.values[0] for group in found))
    heads = []
    labelled = [(group, groups.label(by, group.values[0], names)) for group in found]
    for group, label in sorted(labelled, key=lambda each: rank(by, each[0].values[0], each[1])):
        value = group.values[0]
        here = (*path, _token(value))
        is_open = here in asked.opened
        head = Head(
            here,
            label,
            group.count,
            menus.link(listing, _toggled(asked, here, asked.opened)),
            _part_url(asked, here),
            is_open,
            late.get(value, 0),
            [(str(measure.label), figure(total)) for measure, total in zip(summed, group.sums, strict=True) if total],
        )
        if is_open:
            inner = (*(tests if path else ()), groups.test_of(by, value))
            if len(here) < len(asked.by):
                head.inside = _level(asked, here, inner)
            else:
                head.rows = _rows(asked, here, inner)
        heads.append(head)
    return Level(heads, more)


def _rows(asked: Asked, path: Path, tests: tuple[criteria.Asked, ...]) -> Rows:
    """The first rows of a group, or those after a place."""
    state = replace(_narrowed(asked, tests), sort=asked.state.sort, after=asked.state.after)
    found = engine.page(session(), g.user, asked.listing, state, at=asked.at)
    body = lines.body(found, asked.shown, boxes=chosen.may_choose(asked.listing))
    if found.next is None:
        return Rows(body)
    inside = asked.state.seen_as("list", open="").placed("after", found.next.after)
    more = f"{asked.listing.path}?{inside.query()}&{urlencode({'part': '/'.join(path)})}"
    return Rows(body, menus.link(asked.listing, found.next), more)


def _narrowed(asked: Asked, tests: tuple[criteria.Asked, ...]) -> State:
    """The rows of a group, as a state of the plain list."""
    rows = asked.state.rows_only()
    return replace(rows, where=facets.narrowed(asked.listing, rows.where, tests)) if tests else rows


def _late(asked: Asked, state: State, by: Grouping) -> dict[Any, int]:
    """How many rows of each group are late, where the list has clocks and was not asked about them already."""
    late = find_filter(asked.listing, LATE)
    if not isinstance(late, Filter):
        return {}
    asked_about = [find_filter(asked.listing, key) for key in state.filters]
    if any(isinstance(each, Filter) and (each.group or each.key) == (late.group or late.key) for each in asked_about):
        return {}
    found, _more = groups.of(session(), g.user, asked.listing, state.toggled(LATE), [by], at=asked.at)
    return {group.values[0]: group.count for group in found}


# ---------- Addresses ----------


def _token(value: Any) -> str:
    """A value as it stands in the URL."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def _value(by: Grouping, token: str) -> Any:
    """The value a URL means. Raises ValueError."""
    if token == NOTHING:
        return None
    match by.field.kind:
        case Kind.YES:
            return {"yes": True, "no": False}[token] if token in ("yes", "no") else _refuse(token)
        case Kind.DAY | Kind.MOMENT:
            return date.fromisoformat(token)
    if by.field.choice is None or not by.field.choice.takes(token):
        _refuse(token)
    return token


def _refuse(token: str) -> Any:
    raise ValueError(token)


def _toggled(asked: Asked, path: Path, opened: frozenset[Path]) -> State:
    """The list with a group opened, or closed with all that is inside."""
    inside = {each for each in opened if each[: len(path)] == path}
    wanted = opened - inside if path in opened else opened | {path}
    ends = [each for each in wanted if not any(other != each and other[: len(each)] == each for other in wanted)]
    text = ""
    for each in sorted(ends, key=lambda each: (each != path, each)):  # the one just opened first, if not all have room
        longer = f"{text};{'/'.join(each)}" if text else "/".join(each)
        if len(longer) <= MAX_OPTION:
            text = longer
    return asked.state.seen_as("list", open=text)


def _part_url(asked: Asked, path: Path) -> str:
    """Where the highest group around a path is fetched with this path opened or closed."""
    inside = frozenset(each for each in asked.opened if each[:1] == path[:1])
    state = _toggled(asked, path, inside)
    return f"{menus.link(asked.listing, state)}&{urlencode({'part': path[0], 'at': '/'.join(path)})}"


def figure(total: Any) -> str:
    """A sum as people read it."""
    return formatting.money(total) if total != int(total) else f"{int(total):,}"


def total(level: Level) -> str:
    """How many rows there are in all."""
    return f"{sum(head.rows_in for head in level.heads):,}{'+' if level.more else ''}"


def focused() -> str:
    """The group that was clicked: its head keeps the focus."""
    return request.args.get("at", "")[:MAX_OPTION]
