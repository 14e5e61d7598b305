"""Parts that the dashboards share: tiles that count a list they open, the queue of a person's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal import clock
from portal.db import session
from portal.i18n import N_, Text, _, _p
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.paths import record_path
from portal.services import tasks, workload

QUEUE_ROWS = 16


@dataclass(frozen=True, slots=True)
class Tile:
    """A number and the list with just those rows."""

    label: Text | str
    figure: str
    url: str
    kind: str = ""
    unit: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tile to be counted: `/records/<kind>?filter=<filters>`. `mark` (late, soon) colours it when it is not zero."""

    label: Text | str
    kind: str
    filters: str
    mark: str = ""
    context: str = ""


def tiles(user: User, at: datetime, wanted: list[Wanted]) -> list[Tile]:
    """The tiles with the numbers of the lists they open."""
    found = engine.count_many(session(), user, [(one.kind, {"filter": one.filters}) for one in wanted], at=at)
    return [
        Tile(
            one.label,
            f"{number}+" if capped else str(number),
            f"/records/{one.kind}?filter={one.filters}",
            one.mark if number else "",
            _("items"),
            one.context,
        )
        for one, (number, capped) in zip(wanted, found, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A task, or a row of `workload.LINE`, as one line: what, for whom, until when."""

    task: Any
    icon: str
    process: str
    title: str
    url: str


ICONS = {"complaints": "message-report", "consultations": "phone", "escalations": "flag"}


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
    """The short name of a record kind."""
    names = {
        "complaints": _p("record", "Complaint"),
        "consultations": _p("record", "Contact"),
        "escalations": _p("record", "Escalation"),
    }
    return names.get(kind) or str(LISTINGS[kind].one)


def my_queue(user: User) -> list[QueueRow]:
    """The first tasks of the person by due time."""
    return queue_rows(workload.own_lines(session(), user, QUEUE_ROWS))


MINE = [
    Wanted(N_("Overdue"), "tasks", "mine,open,overdue", "late"),
    Wanted(N_("Due in 24 hours"), "tasks", "mine,open,soon", "soon"),
    Wanted(N_("Due today"), "tasks", "mine,open,today"),
]
"""Late, due within 24 hours, due today: of the person's own tasks."""


def greeting(user: User, at: datetime) -> str:
    """A greeting that knows the time of day."""
    hour = clock.local(at).hour
    if hour < 11:
        return _("Good morning, %(name)s", name=user.name)
    if hour < 18:
        return _("Good afternoon, %(name)s", name=user.name)
    return _("Good evening, %(name)s", name=user.name)


def context(user: User, *more: Wanted) -> dict[str, Any]:
    """What every dashboard shows: greeting, tiles, queue."""
    at = clock.now()
    counted = tiles(user, at, [*MINE, *more])
    return {"greeting": greeting(user, at), "tiles": counted, "queue": my_queue(user), "at": at}
