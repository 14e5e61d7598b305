"""What a row says on a card of a board and in an entry of a calendar: less than its line in the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask import g

from portal import formatting
from portal.listing.cells import Title
from portal.listing.declaration import Column
from portal.listing.engine import Row
from portal.listing.registry import LISTINGS
from portal.models.org import User


@dataclass(slots=True)
class Face:
    """A row in short."""

    number: str
    url: str
    title: Title
    text: str
    notes: list[Any] = field(default_factory=list)
    due: Any = None
    """The time left, or another last fact."""
    person: str = ""
    is_mine: bool = False
    stays: str = ""
    """For how long it has stood in its column."""
    move_url: str = ""

    @property
    def clock(self) -> str:
        """How its clock stands: late, soon, or nothing."""
        return str(self.due.view.kind) if hasattr(self.due, "view") else ""


def read(row: Row, without: str = "") -> Face:
    """The row in short; `without` is a column that says nothing here, since all neighbours say the same."""
    listing = LISTINGS[row.kind]
    told = zip((column.key for column in listing.columns), row.cells, strict=True)
    cells = {key: "" if cell == formatting.DASH else cell for key, cell in told}
    by_place = {place: column.key for column in listing.columns for place in column.css.split()}
    wanted = [key for key in listing.card or (by_place.get("fill", ""),) if key in cells and key != without]
    facts = [cells[key] for key in wanted if cells[key]]
    title, foot, person = cells.get(by_place.get("cell-title", "")), by_place.get("cell-foot", ""), who(row.kind)
    if foot and (person is None or person.key != foot) and cells[foot] and foot != without:
        facts.append(cells[foot])
    name = str(cells[person.key] or "") if person else ""
    return Face(
        row.number,
        row.path,
        title if isinstance(title, Title) else Title(str(title or row.number)),
        facts[0] if facts else "",
        facts[1:],
        cells.get(by_place.get("cell-due", "")),
        name,
        bool(name) and name == g.user.name,
    )


@cache
def who(kind: str) -> Column | None:
    """The column that names the person whose row it is; None: no person is named."""
    return next((column for column in LISTINGS[kind].columns if person_of(column) is not None), None)


def person_of(column: Column) -> Any:
    """The table of people that a column names somebody of."""
    parent = getattr(column.values[0], "parent", None) if column.values else None
    return parent.entity if parent is not None and parent.class_ is User else None
