"""Events as HTML, each drawn once: what happened never changes. Only whose names it shows, who looks and the day may."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from flask import current_app
from markupsafe import Markup

from portal import clock, formatting, i18n
from portal.kept import Kept
from portal.models.event import Event
from portal.models.org import User
from portal.services import timeline

_drawn: Kept[tuple[Any, ...], str] = Kept(20_000)
"""The lines of an event, by its link in the chain of events and by all else that they show."""


def days(found: Iterable[Event], viewer: User, household: str = "") -> list[tuple[str, Markup]]:
    """The lines under the heading of their day on the company's clocks; `household`: number of the customer they are of."""
    today = clock.today(formatting.page_moment())
    return [
        (formatting.day(day), Markup("".join(_lines(event, viewer, household, today.toordinal()) for event in events)))
        for day, events in groupby(found, key=lambda event: clock.today(event.at))
    ]


def _lines(event: Event, viewer: User, household: str, today: int) -> str:
    names = event.actor and event.actor.name, event.acted_by and event.acted_by.name
    key = event.hash, *names, event.actor_id == viewer.id, household, i18n.locale(), today
    return _drawn.get(key) or _drawn.keep(key, _draw(event, viewer, household))


def _draw(event: Event, viewer: User, household: str) -> str:
    made: Any = current_app.jinja_env.get_template("components/chatter.html").module
    lines = timeline.entries([event], viewer)
    return "".join(str(made.household_entry(line, household) if household else made.entry(line)) for line in lines)
