"""What a row says on a card of a board and in an entry of a calendar: less than its line in the list.

As with the lines of a list, what was read from the same values is kept, and what was drawn of it with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from flask import current_app, g
from markupsafe import Markup

from portal import clock, formatting, i18n
from portal.kept import Kept
from portal.listing.cells import Due, Title
from portal.listing.declaration import Column
from portal.listing.engine import Row
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.prepared import Values

KEPT = 10_000
"""Faces; with what is drawn of them some two kilobytes each. When there are more, all are read anew."""
KEPT_OF_ONE = 8
"""Ways in which one was drawn: as a card of several boards, as an entry, by whom it is looked at."""


@dataclass(frozen=True, slots=True)
class Face:
    """A row in short."""

    number: str
    url: str
    title: Title
    text: str
    notes: tuple[Any, ...] = ()
    due: Any = None
    """The time left, or another last fact."""
    person: str = ""
    drawn: dict[tuple[Any, ...], Markup] = field(default_factory=dict, repr=False, compare=False)

    @property
    def clock(self) -> str:
        """How its clock stands: late, soon, or nothing."""
        return str(self.due.view.kind) if isinstance(self.due, Due) else ""

    @property
    def is_mine(self) -> bool:
        """Whether the person who looks is the one it names."""
        return bool(self.person) and self.person == g.user.name

    def draw(self, template: str, macro: str, *given: Any) -> Markup:
        """What a macro makes of it and of what is given beside; kept while the same is given to the same eyes."""
        key = macro, self.is_mine, given
        html = self.drawn.get(key)
        if html is None:
            if len(self.drawn) >= KEPT_OF_ONE:
                self.drawn.clear()
            module = current_app.jinja_env.get_template(template).module
            html = self.drawn[key] = getattr(module, macro)(self, *given)
        return html


_faces: Kept[tuple[str, str, int, str, Values], tuple[Face, datetime, datetime]] = Kept(KEPT)


def read(rows: Iterable[Row], without: str = "") -> list[Face]:
    """Rows in short; `without` is a column that says nothing here, since all neighbours say the same."""
    at = formatting.page_moment()
    language, today = i18n.locale(), clock.today(at).toordinal()
    found = []
    for row in rows:
        key = row.kind, language, today, without, row.values
        kept = _faces.get(key)
        if kept is None or not kept[1] <= at < kept[2]:
            face = _read(row, without)
            until = face.due.until if isinstance(face.due, Due) else datetime.max.replace(tzinfo=at.tzinfo)
            kept = _faces.keep(key, (face, at, until))
        found.append(kept[0])
    return found


def _read(row: Row, without: str) -> Face:
    listing = LISTINGS[row.kind]
    told = zip((column.key for column in listing.columns), row.cells, strict=True)
    cells = {key: "" if cell == formatting.DASH else cell for key, cell in told}
    by_place = {place: column.key for column in listing.columns for place in column.css.split()}
    wanted = [key for key in listing.card or (by_place.get("fill", ""),) if key in cells and key != without]
    facts = [cells[key] for key in wanted if cells[key]]
    title, foot, person = cells.get(by_place.get("cell-title", "")), by_place.get("cell-foot", ""), who(row.kind)
    if foot and (person is None or person.key != foot) and cells[foot] and foot != without:
        facts.append(cells[foot])
    return Face(
        row.number,
        row.path,
        title if isinstance(title, Title) else Title(str(title or row.number)),
        facts[0] if facts else "",
        tuple(facts[1:]),
        cells.get(by_place.get("cell-due", "")),
        str(cells[person.key] or "") if person else "",
    )


@cache
def who(kind: str) -> Column | None:
    """The column that names the person whose row it is; None: no person is named."""
    return next((column for column in LISTINGS[kind].columns if person_of(column) is not None), None)


def person_of(column: Column) -> Any:
    """The table of people that a column names somebody of."""
    parent = getattr(column.values[0], "parent", None) if column.values else None
    return parent.entity if parent is not None and parent.class_ is User else None
