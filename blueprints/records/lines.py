"""The lines of a list as HTML, kept while they say the same: drawing eighty lines anew is most of a list's cost.

A line is kept by what the database says of it, so nothing has to be dropped when a record changes, and a kept line costs
neither reading nor formatting. Only the cell that moves with the clock is put in each time; it is kept until it moves.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from flask import current_app
from markupsafe import Markup

from portal import clock, formatting, i18n
from portal.kept import Kept
from portal.listing import engine
from portal.listing.cells import Due, Title
from portal.listing.engine import Page, Row
from portal.prepared import Values
from portal.services.changes import kinds

KEPT = 20_000
"""Lines, and chips; about a kilobyte each. When there are more, all are drawn anew."""

END = "</td>"
"""Of each cell: HTML allows to leave it out, and in eighty lines they weigh as much as five lines."""

_Line = tuple[str, str]
"""What stands before the moving cell and behind it; without one all stands before."""
_lines: Kept[tuple[str, str, int, tuple[str, ...], bool, Values], _Line] = Kept(KEPT)
_chips: Kept[tuple[str, Values], tuple[str, datetime, datetime]] = Kept(KEPT)


def body(page: Page, shown: tuple[str, ...], *, boxes: bool) -> Markup:
    """All lines of a page with the columns that are to be seen, in their order. `boxes`: each can be chosen."""
    at = formatting.page_moment()
    kind, language, today = page.listing.kind, i18n.locale(), clock.today(at).toordinal()
    still, drawn = engine.still(page.listing), []
    moves = any(column.moves and column.key in shown for column in page.listing.columns)
    for raw in page.raw:
        key = kind, language, today, shown, boxes, raw[:still]
        line = _lines.get(key)
        if line is None:
            line = _lines.keep(key, _line(Row(kind, page.read(raw)), page, shown, boxes))
        if not moves:
            drawn.append(line[0])
            continue
        chip = _chips.get((language, raw[still:-1]))
        if chip is None or not chip[1] <= at < chip[2]:
            chip = _chips.keep((language, raw[still:-1]), _chip(page, raw, at))
        drawn += (line[0], chip[0], line[1])
    return Markup("".join(drawn))  # every part was drawn, and escaped, by a template


def _line(row: Row, page: Page, shown: tuple[str, ...], boxes: bool) -> _Line:
    known = {column.key: (column, cell) for column, cell in zip(page.listing.columns, row.cells, strict=True)}
    wanted = [known[key] for key in shown]
    moving = next((place for place, (column, _cell) in enumerate(wanted) if column.moves), -1)
    is_sealed = bool(page.listing.sealed_by and known[page.listing.sealed_by][1])
    edits = (
        {}
        if is_sealed
        else {column.key: change.key for column, _cell in wanted if (change := kinds.in_column(row.kind, column.key))}
    )
    cells = [(_css(column.css), cell, isinstance(cell, Title), edits.get(column.key)) for column, cell in wanted]
    title = next((cell.main for _column, cell in wanted if isinstance(cell, Title)), row.number)
    html = str(_macro("records/line.html", "line")(row.path, cells, moving, row.id if boxes else None, title))
    before, hole, after = html.partition(">MOVING<")
    before, after = (f"{before}>", f"<{after}") if hole and moving >= 0 else (html, "")
    return before.replace(END, ""), after.replace(END, "")


@cache
def _css(css: str) -> str:
    """The class of a cell in short: it stands in each of eighty lines."""
    return css.replace("hide-small", "hs")


def _chip(page: Page, raw: Values, at: datetime) -> tuple[str, datetime, datetime]:
    """The moving cell, from when on, and when it says something else."""
    column = next(column for column in page.listing.columns if column.moves)
    cell = column.show(*page.read(raw)[engine.still(page.listing) : -1])
    until = cell.until if isinstance(cell, Due) else datetime.max.replace(tzinfo=at.tzinfo)
    return str(Markup.escape(cell_of(cell))), at, until


def cell_of(cell: Any) -> Any:
    """What stands in a cell, ready for a page: the time left as its chip, the rest as it is."""
    return _macro("components/time.html", "due_view")(cell.view, cell.code) if isinstance(cell, Due) else cell


def _macro(template: str, name: str) -> Any:
    return getattr(current_app.jinja_env.get_template(template).module, name)
