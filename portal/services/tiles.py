"""Dashboards: the tiles of each role as data, and what each person made of them.

A tile is a number that opens the list it counts, a panel of the role, or a favourite as a number, a chart or its first
rows. What a person moved, hid and added is kept as places; tiles of the role that no place speaks of stand where the
role has them, so new ones are seen and hidden ones stay hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.orm import Session

from portal.errors import DomainError, NotFound, Stale
from portal.i18n import N_, Text
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import State, args_of, from_args
from portal.models.dashboard import Dashboard
from portal.models.favourite import Favourite
from portal.models.org import User
from portal.permissions import Role, may
from portal.prepared import Prepared
from portal.visibility import Placeholder, condition, parameters, placeholder, visible_to

MOST = 24
"""Favourites on one dashboard."""
FULL = N_("Your dashboard has as many tiles of your own as there may be. Please take one off.")
CHANGED = N_("You arranged your dashboard in another window. This is how it stands now; please do it again.")


class Look(StrEnum):
    """How a tile shows what it is about."""

    NUMBER = "number"
    PANEL = "panel"
    """A panel of the role; what stands in it is drawn by `blueprints/dashboards.py`."""
    CHART = "chart"
    ROWS = "rows"


DRAWN = frozenset({"trend", "timeliness", "satisfaction"})
"""Panels that are charts."""
LOOKS = (Look.NUMBER, Look.CHART, Look.ROWS)
"""What a favourite can be shown as."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile. `query` is the state of the list it opens; `mark` (late, soon) colours a number that is not zero."""

    key: str
    label: Text | str
    look: Look = Look.NUMBER
    kind: str = ""
    query: str = ""
    mark: str = ""
    is_wide: bool = False
    """A panel in the main column, a number over two cells."""
    beside: tuple[Text, str] | None = None
    """A sentence with `%(count)s`, and the state of the same list that is counted for it."""
    favourite_id: int = 0
    alert_over: int | None = None
    """A number of a favourite is coloured beyond this."""

    @property
    def url(self) -> str:
        """The list it opens."""
        return f"/records/{self.kind}?{self.query}" if self.kind else ""

    @property
    def state(self) -> State:
        """The state of its list."""
        return from_args(LISTINGS[self.kind], args_of(self.query))[0]

    @property
    def is_lost(self) -> bool:
        """A favourite that says what its list does not know any more: its number would be of other records."""
        return bool(self.favourite_id and from_args(LISTINGS[self.kind], args_of(self.query))[1])


def _panel(key: str, label: Text, *, wide: bool = True) -> Tile:
    return Tile(key, label, Look.PANEL, is_wide=wide)


_MINE = (
    Tile("overdue", N_("Overdue"), kind="tasks", query="filter=mine,open,overdue", mark="late"),
    Tile("soon", N_("Due in 24 hours"), kind="tasks", query="filter=mine,open,soon", mark="soon"),
    Tile("today", N_("Due today"), kind="tasks", query="filter=mine,open,today"),
)
"""Late, due within 24 hours, due today: of the person's own tasks."""
_CONCERNED = Tile("concerned", N_("Complaints that concern me"), kind="complaints", query="filter=open")
_FORWARDED = Tile("forwarded", N_("Forwarded questions"), kind="consultations", query="filter=state.FORWARDED")
_TO_READ = Tile("to-read", N_("To be read by me"), kind="knowledge-articles", query="filter=unread", mark="soon")
_QUEUE = _panel("queue", N_("My queue"))

DEFAULTS: dict[Role, tuple[Tile, ...]] = {
    Role.FRONT_DESK: (
        *_MINE,
        Tile("calls", N_("Calls to return"), kind="consultations", query="filter=to-call"),
        _FORWARDED,
        _TO_READ,
    ),
    Role.SPECIALIST: (
        *_MINE,
        Tile(
            "complaints", N_("My open complaints"), kind="complaints", query="filter=mine,open",
            beside=(N_("Department in all: %(count)s"), "filter=open"),
        ),
        _FORWARDED,
        _TO_READ,
        _QUEUE,
        _panel("promises", N_("Promised and passed on"), wide=False),
    ),
    Role.REVIEWER: (
        *_MINE,
        Tile("to-review", N_("Drawings to review"), kind="drawing-reviews", query="filter=to-review"),
        Tile("returned", N_("With the stores"), kind="drawing-reviews", query="filter=state.RETURNED"),
        Tile("inspections", N_("Inspections today"), kind="pre-acceptances", query="filter=inspect-today"),
        Tile("rechecks", N_("Re-inspections"), kind="pre-acceptances", query="filter=again"),
        _CONCERNED,
        _TO_READ,
        _panel("reviews", N_("Reviews by the time left")),
        _panel("route", N_("Inspections today")),
        _QUEUE,
        _panel("first_pass", N_("My first-pass figures"), wide=False),
        _panel("designers", N_("Designers at a glance"), wide=False),
        _panel("foremen", N_("Foremen at a glance"), wide=False),
    ),
    Role.REPAIR_CAPTAIN: (
        *_MINE,
        Tile("jobs", N_("My repairs"), kind="repair-orders", query="filter=my-jobs,open"),
        Tile("visits", N_("Visits today"), kind="repair-orders", query="filter=my-jobs,visit-today"),
        _CONCERNED,
        _TO_READ,
        _QUEUE,
    ),
    Role.MANAGER: (
        Tile("late-in-all", N_("Overdue in the department"), kind="tasks", query="filter=open,overdue", mark="late"),
        Tile("today-in-all", N_("Due today"), kind="tasks", query="filter=open,today"),
        Tile("soon-in-all", N_("Due in 24 hours"), kind="tasks", query="filter=open,soon", mark="soon"),
        Tile("waiting", N_("Waiting for me"), kind="tasks", query="filter=mine,open"),
        Tile("complaints", N_("Open complaints"), kind="complaints", query="filter=open"),
        Tile("escalations", N_("Escalations to take"), kind="escalations", query="filter=waiting"),
        Tile("approvals", N_("To approve"), kind="approvals", query="filter=waiting"),
        _panel("cockpit", N_("The last 15 minutes")),
        _panel("departments", N_("Open and late by department")),
        _panel("late", N_("Late now")),
        _panel("to-approve", N_("To approve")),
        _panel("trend", N_("Complaints: received and closed")),
        _panel("to-take", N_("Escalations to take"), wide=False),
        _panel("mine", N_("Waiting for me"), wide=False),
        _panel("signal", N_("Met without signal"), wide=False),
        _panel("people", N_("Open work by person"), wide=False),
        _panel("timeliness", N_("In time: complaints"), wide=False),
        _panel("satisfaction", N_("Satisfied customers", "metric"), wide=False),
    ),
}  # fmt: skip
"""The dashboard of each role, in order."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a person said of a tile. `is_wide` None: as the tile is declared."""

    key: str
    is_hidden: bool = False
    is_wide: bool | None = None
    name: str = ""
    """What the favourite was called when it was put here, for the day it is gone."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """A person's dashboard: what is shown in order, what is hidden, favourites that are gone."""

    tiles: tuple[Tile, ...]
    hidden: tuple[Tile, ...]
    gone: tuple[str, ...]
    places: tuple[Place, ...]
    version: int
    """0: as the role has it."""

    @property
    def numbers(self) -> list[Tile]:
        """The tiles of the upper rows."""
        return [tile for tile in self.tiles if tile.look is Look.NUMBER]

    @property
    def has_charts(self) -> bool:
        """Whether a favourite or a panel is drawn."""
        return any(tile.look is Look.CHART or tile.key in DRAWN for tile in self.tiles)

    def panels(self, *, wide: bool) -> list[Tile]:
        """The tiles of one column."""
        return [tile for tile in self.tiles if tile.look is not Look.NUMBER and tile.is_wide is wide]


# ---------- Reading ----------

_KEPT = Prepared(select(Dashboard.places, Dashboard.version).where(Dashboard.user_id == bindparam("viewer_id")))


def arranged(session: Session, user: User) -> Arranged:
    """The person's dashboard, in two questions at most."""
    rows = _KEPT.rows(session, parameters(user))
    kept, version = rows[0] if rows else ([], 0)
    places = _read(kept)
    known: dict[str, Tile] = {tile.key: tile for tile in DEFAULTS[Role(user.role)]}
    asked = {number for place in places if (number := favourite_of(place.key))}
    known |= _favourites(session, user, places, asked)
    gone = [place.name for place in places if favourite_of(place.key) and place.key not in known]
    places = _whole(places, DEFAULTS[Role(user.role)])
    shown: list[Tile] = []
    hidden: list[Tile] = []
    for place in places:
        tile = known.get(place.key)
        if tile is None:
            continue
        tile = tile if place.is_wide is None else replace(tile, is_wide=place.is_wide)
        (hidden if place.is_hidden else shown).append(tile)
    return Arranged(tuple(shown), tuple(hidden), tuple(dict.fromkeys(gone)), places, version)


def _read(kept: Any) -> tuple[Place, ...]:
    found: dict[str, Place] = {}
    for each in kept:
        place = Place(str(each["key"]), bool(each.get("is_hidden")), each.get("is_wide"), str(each.get("name", "")))
        found.setdefault(place.key, place)
    return tuple(found.values())


def _whole(places: Sequence[Place], defaults: Sequence[Tile]) -> tuple[Place, ...]:
    """The places with those of the role that nobody spoke of, each behind the one it follows there."""
    found = list(places)
    for number, tile in enumerate(defaults):
        if any(place.key == tile.key for place in found):
            continue
        before = {each.key for each in defaults[:number]}
        at = max((at for at, place in enumerate(found) if place.key in before), default=-1)
        found.insert(at + 1, Place(tile.key))
    return tuple(found)


def favourite_of(key: str) -> int:
    """The number of the favourite a key means; 0: a tile of the role."""
    name, _dash, rest = key.partition("-")
    number, _dash, look = rest.partition("-")
    is_one = name == "favourite" and look in set(LOOKS) and number.isascii() and number.isdecimal() and len(number) < 10
    return int(number) if is_one else 0


def key_of(favourite_id: int, look: Look) -> str:
    """The key of a favourite on a dashboard."""
    return f"favourite-{favourite_id}-{look.value}"


def _favourites(session: Session, user: User, places: Sequence[Place], asked: set[int]) -> dict[str, Tile]:
    """The tiles of favourites that still exist for the person."""
    if not asked:
        return {}
    wanted = [*sorted(asked), *[0] * MOST][:MOST]
    given = parameters(user) | {f"favourite_{place}": number for place, number in enumerate(wanted)}
    rows = {row[0]: row for row in _among(placeholder(user)).rows(session, given)}
    found = {}
    for place in places:
        row = rows.get(favourite_of(place.key))
        if row is not None and (tile := _tile(user, place.key, *row)) is not None:
            found[place.key] = tile
    return found


def _tile(
    user: User, key: str, favourite_id: int, kind: str, name: str, query: str, alert_over: int | None, owner_id: int
) -> Tile | None:
    listing = LISTINGS.get(kind)
    if listing is None or not may(user, listing.permission):
        return None
    limit = alert_over if owner_id == user.id else None
    return Tile(key, name, Look(key.rpartition("-")[2]), kind, query, favourite_id=favourite_id, alert_over=limit)


@lru_cache(maxsize=32)
def _among(viewer: Placeholder) -> Prepared:
    numbers = [bindparam(f"favourite_{place}", type_=Integer()) for place in range(MOST)]
    return Prepared(
        select(
            Favourite.id, Favourite.kind, Favourite.name, Favourite.query, Favourite.alert_over, Favourite.owner_id
        ).where(condition(viewer, Favourite), Favourite.id.in_(numbers))
    )


def counted(session: Session, user: User, tiles: Sequence[Tile], *, at: datetime) -> list[tuple[int, bool]]:
    """How many rows each list has, and whether counting stopped: all in one question to the database."""
    wanted: list[tuple[str, Mapping[str, str]]] = [(tile.kind, args_of(tile.query)) for tile in tiles]
    return engine.count_many(session, user, wanted, at=at) if wanted else []


# ---------- Changing ----------


def put_on(session: Session, favourite_id: int, look: Look, *, wide: bool, actor: User) -> Tile:
    """Put a favourite that one sees on one's dashboard, at the end. Raises NotFound; DomainError when it is full."""
    seen = visible_to(actor, Favourite).where(Favourite.id == favourite_id)
    favourite = session.scalars(seen).one_or_none()
    if favourite is None or look not in LOOKS:
        raise NotFound()
    key = key_of(favourite_id, look)
    tile = _tile(actor, key, favourite_id, favourite.kind, favourite.name, favourite.query, None, favourite.owner_id)
    if tile is None:
        raise NotFound()
    now = arranged(session, actor)
    places = [place for place in now.places if place.key != key and _is_there(place, now)]
    if sum(bool(favourite_of(place.key)) for place in places) >= MOST:
        raise DomainError(FULL)
    _keep(session, actor, [*places, Place(key, is_wide=wide, name=favourite.name)])
    return tile


def change(session: Session, key: str, act: str, *, version: int, actor: User) -> Tile:
    """Hide a tile or show it again, take a favourite off, move it up or down, make it wide or small.

    Raises Stale when it was arranged elsewhere meanwhile, NotFound for a tile that is not there.
    """
    now = _as_seen(session, actor, version)
    tile = next((each for each in (*now.tiles, *now.hidden) if each.key == key), None)
    if tile is None:
        raise NotFound()
    places = [place for place in now.places if _is_there(place, now)]
    at = next(at for at, place in enumerate(places) if place.key == key)
    match act:
        case "hide":
            places[at] = replace(places[at], is_hidden=True)
        case "show":
            places[at] = replace(places[at], is_hidden=False)
        case "off" if tile.favourite_id:
            del places[at]
        case "wide" | "small":
            places[at] = replace(places[at], is_wide=act == "wide")
        case "up" | "down":
            fellows = _fellows(now, tile)
            to = fellows.index(tile) + (-1 if act == "up" else 1)
            if 0 <= to < len(fellows):
                other = next(place for place, each in enumerate(places) if each.key == fellows[to].key)
                places.insert(other, places.pop(at))
        case _:
            raise NotFound()
    _keep(session, actor, places)
    return tile


def reorder(session: Session, keys: Sequence[str], *, version: int, actor: User) -> None:
    """Put what is shown into this order; a panel named in the other column goes there. Raises Stale.

    `keys` are keys, each with `.wide` or `.small` behind it for panels that change their column.
    """
    now = _as_seen(session, actor, version)
    kept = {place.key: place for place in now.places if _is_there(place, now)}
    wanted: dict[str, Place] = {}
    for said in keys:
        key, _dot, width = said.partition(".")
        if key in kept and key not in wanted:
            wanted[key] = replace(kept[key], is_wide=width == "wide") if width in ("wide", "small") else kept[key]
    _keep(session, actor, [*wanted.values(), *(place for key, place in kept.items() if key not in wanted)])


def tidy(session: Session, *, version: int, actor: User) -> None:
    """Forget the favourites that are gone. Raises Stale."""
    now = _as_seen(session, actor, version)
    _keep(session, actor, [place for place in now.places if _is_there(place, now)])


def reset(session: Session, *, actor: User) -> None:
    """The dashboard of the role again."""
    kept = session.get(Dashboard, actor.id)
    if kept is not None:
        session.delete(kept)


def _fellows(now: Arranged, tile: Tile) -> list[Tile]:
    """The tiles it stands among."""
    return now.numbers if tile.look is Look.NUMBER else now.panels(wide=tile.is_wide)


def _is_there(place: Place, now: Arranged) -> bool:
    """Whether a place is to be kept: tiles of other roles are, favourites that are gone are not."""
    return not favourite_of(place.key) or any(each.key == place.key for each in (*now.tiles, *now.hidden))


def _as_seen(session: Session, actor: User, version: int) -> Arranged:
    now = arranged(session, actor)
    if now.version != version:
        raise Stale(CHANGED)
    return now


def _keep(session: Session, actor: User, places: Sequence[Place]) -> None:
    said = [asdict(place) for place in places]
    kept = session.get(Dashboard, actor.id)
    if kept is None:
        session.add(Dashboard(user_id=actor.id, places=said))
    else:
        kept.places = said
    session.flush()
