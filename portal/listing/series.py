"""The figures of a list as a chart needs them: one row of labels, one or more series, from the same numbers as its pivot.

Times without rows stand in the row too, so that a gap is seen as one; a long gap stands as one place that says how long
it is. What is more than can be told apart is put together as "others", which leads nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sqlalchemy.orm import Session

from portal.i18n import N_, Text, _
from portal.listing import analysis, groups, pivot
from portal.listing.analysis import Layout, Measure, Path
from portal.listing.declaration import Listing
from portal.listing.groups import MOST_GROUPS, Grouping
from portal.listing.pivot import Amount, Pivot
from portal.listing.state import State
from portal.models.org import User

CHARTS = {
    "bar": N_("Bars", "chart"),
    "line": N_("Lines", "chart"),
    "pie": N_("Shares", "chart"),
    "stacked": N_("Stacked bars", "chart"),
    "cumulative": N_("Added up", "chart"),
}
MOST_SERIES = 8
LONGEST_GAP = 11
"""So many times without rows stand each by itself; more of them would push the others out of sight."""
NO_CHART = N_("The chart of this link is not known; these are bars.")
NO_PARTS = N_("Averages and negative sums are no parts of a whole; these are bars.")
NOT_ADDED = N_("Averages cannot be added up; these are lines.")
ONE_GROUP = N_("A chart shows one group for its rows and one for its series; the others were left out.")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the list of its rows; None: of several lists at once, or of nothing."""

    value: Decimal | None
    records: State | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a chart shows. `figures[series][label]`."""

    chart: str
    layout: Layout
    labels: list[str]
    names: list[str]
    figures: list[list[Figure]]
    total: Amount
    problems: list[Text]

    @property
    def measure(self) -> Measure:
        """The figure it shows."""
        return self.layout.measures[0]

    @property
    def is_time(self) -> bool:
        """Whether its labels are times, which go from left to right."""
        return bool(self.layout.rows and self.layout.rows[0].stretch)


def read(listing: Listing, state: State) -> tuple[str, Layout, list[Text]]:
    """The chart a URL asks for: as the list declares it, else by month of the first time, else by the first term."""
    terms, times = analysis.defaults(listing)
    asked = state
    if not state.option("rows"):
        asked = _with(state, "rows", [*listing.analysed, *times, *terms, analysis.NONE][0])
    if not state.option("columns"):
        asked = _with(asked, "columns", analysis.NONE)
    layout, problems = analysis.read(listing, _with(asked, "order", ""))
    if max(len(layout.rows), len(layout.columns), len(layout.measures)) > 1:
        problems.append(ONE_GROUP)
    rows, columns = (layout.rows or layout.columns)[:1], layout.columns[:1] if layout.rows else ()
    layout = Layout(rows, columns, layout.measures[:1])
    chart = state.option("chart") or "bar"
    if chart not in CHARTS:
        problems.append(NO_CHART)
        chart = "bar"
    return chart, layout, problems


def _with(state: State, name: str, value: str) -> State:
    kept = dict(state.options) | {name: value}
    return replace(state, options=tuple(sorted((key, said) for key, said in kept.items() if said)))


def make(
    session: Session, user: User, listing: Listing, state: State, chart: str, layout: Layout, *, at: datetime
) -> Drawn:
    """The figures of a chart."""
    found = pivot.make(session, user, listing, state, layout, at=at)
    layout, measure, problems = found.layout, layout.measures[0], list(found.problems)
    rows = _row_paths(found)
    columns: list[Path] = [head.path for head in found.columns] or [()]
    negative = any((found.figure(row, column, measure) or 0) < 0 for row in rows for column in columns)
    if chart in ("pie", "stacked") and (measure.is_average or negative):
        problems.append(NO_PARTS)
        chart = "bar"
    if chart == "cumulative" and measure.is_average:
        problems.append(NOT_ADDED)
        chart = "line"
    if chart == "pie":
        columns = [()]
        rows.sort(key=lambda row: -(found.figure(row, (), measure) or 0))
    apart, others = columns[:MOST_SERIES], []
    if len(columns) > MOST_SERIES:
        large = sorted(columns, key=lambda column: -_size(found, (), column))[: MOST_SERIES - 1]
        apart, others = [each for each in columns if each in large], [each for each in columns if each not in large]
    figures = [[_figure(found, row, [column], measure) for row in rows] for column in apart]
    names = [found.labels["columns", column] if column else measure.label for column in apart]
    if others:
        figures.append([_figure(found, row, others, measure) for row in rows])
        names.append(_("Others"))
    labels = [_label(found, row) for row in rows]
    if layout.rows and layout.rows[0].stretch and chart != "pie":
        labels, figures = _folded(labels, figures, [(row, ()) in found.amounts for row in rows])
    if chart == "pie" and len(rows) > MOST_SERIES:
        rest = [each.value or Decimal(0) for each in figures[0][MOST_SERIES - 1 :]]
        figures = [[*figures[0][: MOST_SERIES - 1], Figure(sum(rest, Decimal(0)))]]
        labels = [*labels[: MOST_SERIES - 1], _("Others")]
    if chart == "cumulative":
        figures = [_added_up(each) for each in figures]
    return Drawn(chart, layout, labels, names, figures, found.total, problems)


def _folded(labels: list[str], figures: list[list[Figure]], filled: list[bool]) -> tuple[list[str], list[list[Figure]]]:
    """The times with each long gap as one place, which leads nowhere."""
    places: list[tuple[str, int]] = []
    for has_rows, run in groupby(range(len(labels)), key=lambda place: filled[place]):
        stretch = list(run)
        if has_rows or len(stretch) <= LONGEST_GAP:
            places += [(labels[place], place) for place in stretch]
        else:
            places.append((_("%(count)s empty", count=len(stretch)), stretch[0]))
    return [label for label, _place in places], [[each[place] for _label, place in places] for each in figures]


def _size(found: Pivot, row: Path, column: Path) -> int:
    held = found.amounts.get((row, column))
    return held.count if held else 0


def _label(found: Pivot, row: Path) -> str:
    if not row:
        return _("All records")
    return found.labels.get(("rows", row)) or groups.label(found.layout.rows[0], row[0], {})


def _row_paths(found: Pivot) -> list[Path]:
    """The labels of the chart; between the first and the last time every one."""
    if not found.layout.rows:
        return [()]
    paths = [head.path for head in found.rows]
    if not found.layout.rows[0].stretch:
        return paths
    grouping, days = found.layout.rows[0], [path[0] for path in paths if path[0] is not None]
    whole = _every(grouping, min(days), max(days)) if days else []
    if len(whole) > MOST_GROUPS:
        return paths
    return [*((day,) for day in whole), *(path for path in paths if path[0] is None)]


def _every(grouping: Grouping, first: date, last: date) -> list[date]:
    found = [first]
    while found[-1] < last and len(found) <= MOST_GROUPS:
        until = groups.test_of(grouping, found[-1]).values[1]
        found.append(date.fromisoformat(until) + timedelta(days=1))
    return found


def _figure(found: Pivot, row: Path, columns: list[Path], measure: Measure) -> Figure:
    held = [found.amounts[row, column] for column in columns if (row, column) in found.amounts]
    if not held:
        return Figure(None if measure.is_average else Decimal(0))
    amount = Amount()
    for each in held:
        amount.add(each)
    value = found.of(amount, measure)
    records = found.records(row, columns[0]) if len(columns) == 1 else None
    return Figure(None if value is None else Decimal(value), records)


def _added_up(figures: list[Figure]) -> list[Figure]:
    """Each with all before it; its records stay those that came with it."""
    total, found = Decimal(0), []
    for each in figures:
        total += each.value or 0
        found.append(Figure(total, each.records))
    return found
