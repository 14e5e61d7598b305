"""The jobs of today and tomorrow in the order of driving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.repair_captain import blueprint, route, sync
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_
from portal.models.repair import RepairOrder
from portal.models.task import Task
from portal.permissions import Permission
from portal.services import captain_days, maps, repairs

OPEN = N_("Open", "phone")


@dataclass(frozen=True, slots=True)
class Card:
    """A job as a card shows it."""

    order: RepairOrder
    task: Task | None
    slot: str
    basis: str
    next: str


@blueprint.get("/")
@requires(Permission.CAPTAIN_DESK)
def today() -> ResponseReturnValue:
    """The jobs of the day as cards: the next one first."""
    day = captain_days.of(session(), g.user, clock.now())
    cards = {name: [_card(stop) for stop in getattr(day, name)] for name in captain_days.PARTS}

    def map_url(address: str) -> str:
        return maps.url(session(), address)

    kept = [path for order in repairs.to_carry(session(), g.user, at=clock.now()) for path in sync.paths(order.number)]
    return page("repair_captain/today.html", fragment="content", day=cards, map_url=map_url, kept=kept)


def _card(stop: captain_days.Stop) -> Card:
    order: Any = stop.order
    when = stop.when
    step = route.next_step(order)
    return Card(
        order,
        stop.task,
        formatting.moment(when) if when else formatting.DASH,
        route.basis(order),
        str(route.HEADINGS[step] if step else OPEN),
    )
