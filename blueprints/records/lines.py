"""The lines of a list as HTML, kept while they say the same: drawing eighty lines anew is most of a list's cost.

A line is kept by all the values it shows, the language and the company's day, so nothing has to be dropped when a
record changes. Only the cell that moves with the clock is put in each time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup

from portal import clock, formatting, i18n
from portal.listing.cells import Due, Title
from portal.listing.declaration import Listing
from portal.listing.engine import Row

KEPT = 20_000
"""Lines; about a kilobyte each."""


def body(listing: Listing, rows: list[Row]) -> Markup:
    """All lines of a page."""
    today, language = clock.today(formatting.page_moment()).toordinal(), i18n.locale()
    moving = next((place for place, column in enumerate(listing.columns) if column.moves), -1)
    if moving < 0:
        return Markup("\n".join(_line(row, moving, language, today)[0] for row in rows))
    column = listing.columns[moving]
    start = 3 + len(listing.link) + sum(len(earlier.values) for earlier in listing.columns[:moving])
    looked_up = sum(1 for earlier in listing.columns[:moving] if earlier.attach is not None)
    drawn = []
    for row in rows:
        given = row.values[start : start + len(column.values)]
        found = row.found
        if column.attach is not None:
            given = (*given, found[looked_up])
            found = (*found[:looked_up], None, *found[looked_up + 1 :])
        before, after = _line(Row(row.kind, row.values, found), moving, language, today)
        drawn.append(f"{before}{_moving(column.show(*given), language)}{after}")
    return Markup("\n".join(drawn))  # every part was drawn, and escaped, by a template


@lru_cache(maxsize=KEPT)
def _line(row: Row, moving: int, _language: str, _today: int) -> tuple[str, str]:
    from portal.listing.registry import LISTINGS

    columns = LISTINGS[row.kind].columns
    cells = [(column.css, cell, isinstance(cell, Title)) for column, cell in zip(columns, row.cells, strict=True)]
    html = str(_macro("records/line.html", "line")(row.path, cells, moving))
    if moving < 0:
        return html, ""
    before, _hole, after = html.partition(">MOVING<")
    return f"{before}>", f"<{after}"


@lru_cache(maxsize=KEPT)
def _moving(cell: Any, _language: str) -> str:
    if isinstance(cell, Due):
        return str(_macro("components/time.html", "due_view")(cell.view, cell.code))
    return str(Markup.escape(cell))


def _macro(template: str, name: str) -> Any:
    return getattr(current_app.jinja_env.get_template(template).module, name)
