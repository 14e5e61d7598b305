"""Dashboards: the tiles of the role as the person arranged them, each number the number of rows it opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import page
from portal import clock, formatting
from portal.db import session
from portal.i18n import _, _p
from portal.listing import cells
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.paths import record_path
from portal.permissions import Permission, Role, may
from portal.services import (
    approval_inbox,
    boards,
    claims,
    inspections,
    pre_acceptances,
    review_figures,
    tasks,
    tiles,
    workload,
)
from portal.services.tiles import Arranged, Look, Tile

QUEUE_ROWS, NEAR_ROWS = 16, 12
ICONS = {"complaints": "message-report", "drawing-reviews": "ruler-2", "consultations": "phone", "escalations": "flag"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number and the list with just those rows. `load_url`: it is counted when the page is there."""

    key: str
    label: str
    url: str
    figure: str = ""
    kind: str = ""
    context: str = ""
    is_wide: bool = False
    load_url: str = ""

    @property
    def unit(self) -> str:
        """What is counted."""
        return _("items")


def numbers(user: User, found: Sequence[Tile], at: datetime, *, later: bool = True) -> list[Number]:
    """The tiles with the numbers of the lists they open, in one question.

    A word that is searched for costs a question of its own, so those tiles come `later`, each by itself.
    """
    waiting = [tile for tile in found if later and tile.state.q]
    now = [tile for tile in found if tile not in waiting]
    besides = [Tile(tile.key, tile.label, kind=tile.kind, query=tile.beside[1]) for tile in now if tile.beside]
    counts = tiles.counted(session(), user, [*now, *besides], at=at)
    by_key = dict(zip([tile.key for tile in now], counts, strict=False))
    beside = dict(zip([tile.key for tile in besides], counts[len(now) :], strict=True))
    return [
        Number(tile.key, str(tile.label), tile.url, is_wide=tile.is_wide, load_url=part_url(tile))
        if tile in waiting
        else _number(tile, by_key[tile.key], beside.get(tile.key))
        for tile in found
    ]


def _number(tile: Tile, counted: tuple[int, bool], beside: tuple[int, bool] | None) -> Number:
    count, _capped = counted
    mark, context = tile.mark if count else "", ""
    if tile.beside and beside:
        context = str(tile.beside[0]) % {"count": figure(*beside)}
    if tile.alert_over is not None:
        is_over = count > tile.alert_over
        mark = "late" if is_over else ""
        limit = {"limit": tile.alert_over}
        context = _("More than %(limit)s", **limit) if is_over else _("At most %(limit)s", **limit)
    said = figure(*counted)
    if tile.is_lost:
        mark, said, context = "soon", "–", _("A part of it is not there any more")
    return Number(tile.key, str(tile.label), tile.url, said, mark, context, tile.is_wide)


def figure(number: int, capped: bool) -> str:
    """A count as a tile says it."""
    return f"{number}+" if capped else str(number)


def part_url(tile: Tile) -> str:
    """Where a tile of a favourite is drawn by itself."""
    return f"/records/tiles/{tile.favourite_id}/{tile.look.value}" + ("?wide=1" if tile.is_wide else "")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A task, or a `workload.Line`, as one line: what, for whom, until when."""

    task: Any
    icon: str
    process: str
    title: str
    url: str


def queue_rows(found: Sequence[Any]) -> list[QueueRow]:
    """Tasks as lines; titles of clocks are translated, people's own words stay."""
    return [
        QueueRow(
            task,
            ICONS.get(task.record_kind, "checklist"),
            process_name(task.record_kind),
            tasks.shown_title(task),
            record_path(task.record_kind, task.record_number),
        )
        for task in found
    ]


def process_name(kind: str) -> str:
    """The short name of a record kind; nothing for one that has no list of its own."""
    names = {
        "complaints": _p("record", "Complaint"),
        "consultations": _p("record", "Contact"),
        "escalations": _p("record", "Escalation"),
    }
    return names.get(kind) or (str(LISTINGS[kind].one) if kind in LISTINGS else "")


@dataclass(frozen=True, slots=True)
class NearRow:
    """A clock in its last quarter of an hour, and whose turn it is."""

    row: QueueRow
    who: str


class Day:
    """What the panels of one page are drawn from, each asked for once and only when a panel shows it.

    A panel of a role has the macro of its key in `templates/dashboards/panels.html`, which reads this.
    """

    def __init__(self, user: User, at: datetime) -> None:
        self.user, self.at = user, at

    @cached_property
    def queue(self) -> list[QueueRow]:
        """The first tasks of the person by due time."""
        return queue_rows(workload.own_lines(session(), self.user, QUEUE_ROWS))

    @cached_property
    def promises(self) -> list[QueueRow]:
        """What was promised to customers and passed on to the person."""
        return queue_rows(workload.promised_lines(session(), self.user, 8))

    @cached_property
    def loads(self) -> boards.Loads:
        """Who has how much."""
        return boards.loads(session(), self.user, self.at)

    @cached_property
    def cockpit(self) -> list[NearRow]:
        """What will be missed in a quarter of an hour unless somebody acts now."""
        found = workload.near_lines(session(), self.user, self.at, NEAR_ROWS)
        rows = queue_rows([near.line for near in found])
        return [NearRow(row, near.person or cells.role(near.role)) for row, near in zip(rows, found, strict=True)]

    @cached_property
    def late(self) -> list[QueueRow]:
        """The latest of all."""
        return queue_rows(workload.late_lines(session(), self.user, self.at, 10))

    @cached_property
    def to_take(self) -> Any:
        """Escalations that wait for the manager."""
        return boards.escalations_to_take(session(), self.user, 8)

    @cached_property
    def mine(self) -> list[QueueRow]:
        """What waits for the manager."""
        return queue_rows(workload.own_lines(session(), self.user, 8))

    @cached_property
    def to_approve(self) -> Any:
        """What waits for the manager's decision."""
        return approval_inbox.waiting(session(), self.user, 8)

    @cached_property
    def signal(self) -> Any:
        """Clocks met without signal, for the manager to accept or refuse."""
        return claims.open_ones(session(), self.user, 8)

    @cached_property
    def reviews(self) -> list[QueueRow]:
        """Drawing reviews that wait for the reviewers, by the time left."""
        return queue_rows(workload.clock_lines(session(), self.user, "drawing-reviews", "DL-04", 10))

    @cached_property
    def month(self) -> tuple[datetime, datetime]:
        """This month."""
        return review_figures.month_of(clock.today(self.at))

    @cached_property
    def first_pass(self) -> review_figures.Figures:
        """The reviewer's own figures of this month."""
        return review_figures.of_reviewer(session(), self.user, *self.month)

    @cached_property
    def designers(self) -> list[review_figures.Figures]:
        """Designers of this month, those with the lowest rate first."""
        return review_figures.by_designer(session(), self.user, *self.month)[:8]

    @cached_property
    def route(self) -> Any:
        """The inspections of today in the order they are driven to."""
        return pre_acceptances.of_day(session(), self.user, clock.today(self.at))

    @cached_property
    def foremen(self) -> Any:
        """How the works of each foreman passed: M-31 and what is open."""
        return inspections.foremen(session(), self.user, 8)

    @property
    def may_register(self) -> bool:
        """Whether the way out of an empty queue is to register a complaint."""
        return may(self.user, Permission.COMPLAINT_PREFILL)


def greeting(user: User, at: datetime) -> str:
    """A greeting that knows the time of day; for the manager the date."""
    if user.role == Role.MANAGER:
        return formatting.day(at)
    hour = clock.local(at).hour
    if hour < 12:
        return _("Good morning, %(name)s", name=user.name)
    if hour < 18:
        return _("Good afternoon, %(name)s", name=user.name)
    return _("Good evening, %(name)s", name=user.name)


def context(user: User, at: datetime) -> dict[str, Any]:
    """What a dashboard shows."""
    board = tiles.arranged(session(), user)
    return {
        "greeting": greeting(user, at),
        "board": board,
        "numbers": numbers(user, board.numbers, at),
        "day": Day(user, at),
        "part_url": part_url,
        "side_is_wide": side_is_wide(user, board),
    }


def side_is_wide(user: User, board: Arranged) -> bool:
    """Whether the side column needs room for more than lines of names."""
    return user.role == Role.MANAGER or any(tile.look is not Look.PANEL for tile in board.panels(wide=False))


def show(title: str) -> ResponseReturnValue:
    """The start page of the person's role."""
    return page("dashboards/page.html", title=title, **context(g.user, clock.now()))
