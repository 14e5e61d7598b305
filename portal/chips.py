"""The chip with the time left, drawn once until it says something else: it stands on every page, many times on some."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from portal import formatting, i18n
from portal.kept import Kept

FAR = datetime(9999, 1, 1, tzinfo=formatting.clock.ZONE)
_FIELDS = ("due_at", "started_at", "warn_at", "closed_at", "outcome", "paused_reason")

_chips: Kept[tuple[Any, ...], tuple[Markup, datetime, datetime]] = Kept(20_000)
"""A chip by all it shows but the time, with the moments from which on and until when it is true."""


def chip(task: Any, code: str = "", label: str = "") -> Markup:
    """The chip of a task, or of a mapping with its columns, at the moment of the page; see `formatting.clock_view`."""
    read = task.get if isinstance(task, dict) else lambda name: getattr(task, name, None)
    values = tuple([read(name) for name in _FIELDS])
    key = (i18n.locale(), code, label, *values)
    at, kept = formatting.page_moment(), _chips.get(key)
    if kept is None or not kept[1] <= at < kept[2]:
        draw: Any = current_app.jinja_env.get_template("components/time.html").module
        html = Markup(draw.due_view(formatting.clock_view(task, at), code, label))
        kept = _chips.keep(key, (html, at, changes(*values[:4], at=at)))
    return kept[0]


def changes(
    due_at: datetime | None,
    started_at: datetime | None,
    warn_at: datetime | None,
    closed_at: datetime | None,
    *,
    at: datetime,
) -> datetime:
    """When the chip of these will say something else: it counts minutes, beyond a day hours, and warns once."""
    if due_at is None or closed_at is not None:
        return FAR
    rest = (due_at - at).total_seconds()
    unit = 3600 if rest >= 86_400 else 60
    soon = at + timedelta(seconds=rest % unit or unit)
    if warn_at is None and started_at is not None:
        warn_at = due_at - (due_at - started_at) * formatting.SOON / 100
    return min(soon, warn_at) if warn_at is not None and warn_at > at else soon


def init_app(app: Flask) -> None:
    """Give the templates `chip`."""
    app.jinja_env.globals.update(chip=chip)
