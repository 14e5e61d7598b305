"""The graph of a list: bars, lines, shares, stacks, sums that grow; each figure leads to its records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.http import page
from blueprints.records import lists
from blueprints.records.pivot import Chooser, fits, said, text, url
from portal import charts
from portal.db import session
from portal.i18n import N_, _, _p
from portal.listing import analysis, groups, series
from portal.listing.declaration import Listing
from portal.listing.series import Drawn
from portal.listing.state import State

VIEW, FEW = "graph", 5
"""So many times stand at the left of a drawing, where a phone sees them; more of them fill it, the newest at its right."""
ICONS = {
    "bar": "chart-bar",
    "line": "chart-line",
    "pie": "chart-pie",
    "stacked": "stack-2",
    "cumulative": "trending-up",
}


def show(asked: lists.Asked) -> ResponseReturnValue:
    """The chart with its figures beside it."""
    listing, state = asked.listing, asked.state
    chart, layout, unread = series.read(listing, state)
    drawn = series.make(session(), g.user, listing, state, chart, layout, at=asked.at)
    problems = list(dict.fromkeys(str(each) for each in (*unread, *drawn.problems)))
    title = heading(drawn)
    return page(
        "records/graph.html",
        **lists.around(replace(asked, problems=[*asked.problems, *problems])),
        choosers=choosers(listing, state, drawn),
        charts=[
            {"label": str(label), "icon": ICONS[name], "url": url(listing, state, VIEW, chart=name), "current": name == drawn.chart}
            for name, label in series.CHARTS.items()
        ],
        heading=title,
        count=drawn.total.count,
        drawing=drawing(listing, drawn, title),
        from_newest=opens_at_newest(drawn),
        table=table(listing, drawn),
    )  # fmt: skip


lists.VIEWS[VIEW] = lists.View(N_("Graph", "view"), "chart-bar", fits, show)


def heading(drawn: Drawn) -> str:
    """What the chart shows: `Number of records · Received by month · State`."""
    parts = [drawn.measure.label, *(each.label for each in (*drawn.layout.rows, *drawn.layout.columns))]
    return " · ".join(parts)


def opens_at_newest(drawn: Drawn) -> bool:
    """Whether a screen too narrow for the drawing shows its right end first."""
    return drawn.is_time and drawn.chart != "pie" and len(drawn.labels) > FEW


def choosers(listing: Listing, state: State, drawn: Drawn) -> list[Chooser]:
    """The menus: one group for the labels, one for the series, one figure."""
    rows, columns, measure = drawn.layout.rows, drawn.layout.columns, drawn.measure
    every = groups.groupings(listing)

    def at(**options: str) -> str:
        return url(listing, state, VIEW, **({"rows": said(rows), "columns": said(columns)} | options))

    without = {each.key for each in columns}
    labels = [
        (each.label, at(rows=each.key, **({"columns": analysis.NONE} if each.key in without else {})), each in rows)
        for each in every
    ]
    inner = [(each.label, at(columns=each.key), each in columns) for each in every if each not in rows]
    figures = [(each.label, at(measure=each.key), each == measure) for each in analysis.measures(listing)]
    return [
        Chooser(_p("chart", "By"), [(each.label, "") for each in rows], labels),
        Chooser(_p("chart", "Series"), [(each.label, at(columns=analysis.NONE)) for each in columns], inner),
        Chooser(_("Figures"), [(measure.label, "")], figures),
    ]


def drawing(listing: Listing, drawn: Drawn, title: str, *, key: str = "chart", room: int = charts.WIDE) -> Markup:
    """The chart as SVG: times go from left to right, names stand before lying bars."""
    made = [
        charts.Series(name, [_point(listing, drawn, figure) for figure in figures])
        for name, figures in zip(drawn.names, drawn.figures, strict=True)
    ]
    match drawn.chart:
        case "pie":
            total = charts.short(sum(float(each.value or 0) for each in drawn.figures[0]))
            return charts.shares(drawn.labels, made[0].points, title=title, total=total, key=key)
        case "line" | "cumulative":
            return charts.lines(drawn.labels, made, title=title, key=key, room=room)
        case "bar" if drawn.is_time or len(made) > 1:
            return charts.columns(drawn.labels, made, title=title, key=key, room=room)
        case "stacked" if drawn.is_time:
            return charts.columns(drawn.labels, made, title=title, stacked=True, key=key, room=room)
    return charts.rows_of_bars(drawn.labels, made, title=title, key=key, room=room)


def _point(listing: Listing, drawn: Drawn, figure: series.Figure) -> charts.Point:
    value = None if figure.value is None else float(figure.value)
    return charts.Point(value, text(figure.value, drawn.measure), _url(listing, figure))


def _url(listing: Listing, figure: series.Figure) -> str:
    return f"{listing.path}?{figure.records.query()}" if figure.records is not None else ""


def table(listing: Listing, drawn: Drawn) -> dict[str, Any]:
    """The figures as a table, for those who listen, for keys and for paper."""
    return {
        "corner": drawn.layout.rows[0].label if drawn.layout.rows else "",
        "heads": drawn.names,
        "lines": [
            (
                label,
                [
                    (text(figures[place].value, drawn.measure), _url(listing, figures[place]))
                    for figures in drawn.figures
                ],
            )
            for place, label in enumerate(drawn.labels)
        ],
    }
