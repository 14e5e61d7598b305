"""The pivot of a list: its rows counted and summed crosswise, each figure leading to its records; the same as a workbook."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from flask import Response, g, request, send_file
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint, lists
from blueprints.records.exports import MIMES, in_words
from portal import clock, formatting
from portal.db import session, transaction
from portal.i18n import N_, _, _p
from portal.listing import analysis, groups, pivot
from portal.listing.analysis import Layout, Measure, Path
from portal.listing.declaration import Listing
from portal.listing.groups import Grouping
from portal.listing.pivot import Pivot
from portal.listing.state import State, from_args
from portal.models.event import EventKind
from portal.models.export import ExportFormat
from portal.permissions import Permission
from portal.services import events, exports

VIEW = "pivot"
Figure = int | Decimal | None


def fits(listing: Listing) -> bool:
    """Whether the rows of a list have something to be put together by."""
    return bool(groups.groupings(listing))


def show(asked: lists.Asked) -> ResponseReturnValue:
    """The table."""
    found, problems = _made(asked.listing, asked.state, asked.at)
    asked = replace(asked, problems=[*asked.problems, *problems])
    return page(
        "records/pivot.html",
        **lists.around(asked),
        choosers=[*sides(asked.listing, asked.state, found.layout), figures(asked.listing, asked.state, found.layout)],
        tools=_tools(found),
        pivot=found,
        lines=_lines(found),
        measure_heads=_measure_heads(found),
        rows=[_row(found, head) for head in found.rows],
        total=_cells(found, ()),
        rows_label=" › ".join(each.label for each in found.layout.rows) or _("All records"),
    )


def _made(listing: Listing, state: State, at: datetime) -> tuple[Pivot, list[str]]:
    layout, problems = analysis.read(listing, state)
    found = pivot.make(session(), g.user, listing, state, layout, at=at)
    return found, list(dict.fromkeys(str(each) for each in (*problems, *found.problems)))


lists.VIEWS[VIEW] = lists.View(N_("Pivot", "view"), "table", fits, show)


# ---------- Choosing ----------


@dataclass(frozen=True, slots=True)
class Chooser:
    """A menu over the table: what is chosen, each with the way to drop it, and what else there is."""

    title: str
    chosen: list[tuple[str, str]]
    """Labels with the URL without them; empty where one must stay."""
    offered: list[tuple[str, str, bool]]
    """Labels with the URL that chooses them, and whether they are chosen."""


def url(listing: Listing, state: State, view: str = VIEW, **options: str) -> str:
    """The view with other options."""
    return f"{listing.path}?{state.seen_as(view, **options).query()}"


def said(groupings: Sequence[Grouping]) -> str:
    """A side as it stands in the URL."""
    return ",".join(each.key for each in groupings) or analysis.NONE


def sides(listing: Listing, state: State, layout: Layout) -> list[Chooser]:
    """The menus of the rows and of the columns. What is chosen on the one side moves there from the other."""
    found = []
    for name, title in (("rows", _p("pivot", "Rows")), ("columns", _p("pivot", "Columns"))):
        own, others = (layout.rows, layout.columns) if name == "rows" else (layout.columns, layout.rows)
        other = "columns" if name == "rows" else "rows"

        def where(chosen: Sequence[Grouping], name: str = name, other: str = other, others: Any = others) -> str:
            rest = [each for each in others if each not in chosen]
            return url(listing, state, order="", open="", **{name: said(chosen), other: said(rest)})

        chosen = [(each.label, where([kept for kept in own if kept != each])) for each in own]
        offered = [
            (each.label, where([*own[: groups.DEEPEST - 1], each]), False)
            for each in groups.groupings(listing)
            if each not in own
        ]
        found.append(Chooser(title, chosen, offered))
    return found


def figures(listing: Listing, state: State, layout: Layout) -> Chooser:
    """The menu of the figures; one at least stays."""
    keys = [each.key for each in layout.measures]

    def where(chosen: list[str]) -> str:
        return url(listing, state, measure=",".join(chosen), order="")

    chosen = [
        (each.label, where([key for key in keys if key != each.key]) if len(keys) > 1 else "")
        for each in layout.measures
    ]
    offered = [
        (each.label, where([*keys, each.key]), False) for each in analysis.measures(listing) if each.key not in keys
    ]
    return Chooser(_("Figures"), chosen, offered)


def _tools(found: Pivot) -> dict[str, str]:
    listing, state, layout = found.listing, found.state, found.layout
    tools = {
        "flip": url(listing, state, rows=said(layout.columns), columns=said(layout.rows), order="", open=""),
        "open": url(listing, state, open="") if layout.turned else "",
    }
    folds = [name for name in ("rows", "columns") if len(getattr(layout, name)) > 1]
    tools["fold"] = url(listing, state, open=",".join(folds)) if folds and layout.turned != set(folds) else ""
    may = exports.may_export(session(), g.user, listing)
    query = state.without_place().query()
    tools["file"] = f"/records/exports/pivot/{listing.kind}?{query}" if may else ""
    return tools


def _turned(found: Pivot, name: str) -> str:
    turned = found.layout.turned ^ {name}
    return url(found.listing, found.state, open=",".join(sorted(turned)))


# ---------- The table ----------


def _lines(found: Pivot) -> list[list[dict[str, Any]]]:
    wide = len(found.layout.measures)
    return [
        [
            {"head": head, "colspan": columns * wide, "rowspan": rows, "turn": _turned(found, head.name)}
            for head, columns, rows in line
        ]
        for line in found.column_lines()
    ]


def _places(found: Pivot) -> list[tuple[Path, str]]:
    """The columns with figures: their path and their name in an order; the total is the last."""
    return [*((head.path, head.name) for head in found.columns), ((), "")]


def _measure_heads(found: Pivot) -> list[dict[str, Any]]:
    heads = []
    for path, name in _places(found):
        for measure in found.layout.measures:
            order = f"{measure.key}@{name}" if name else measure.key
            present = {f"-{order}": "descending", order: "ascending"}.get(found.layout.order, "")
            following = {"": f"-{order}", "descending": order, "ascending": ""}[present]
            heads.append(
                {
                    "label": measure.label,
                    "direction": present,
                    "url": url(found.listing, found.state, order=following),
                    "total": not path,
                    "quiet": bool(path) and len(found.layout.measures) == 1,
                }
            )
    return heads


def _row(found: Pivot, head: pivot.Head) -> dict[str, Any]:
    return {"head": head, "turn": _turned(found, head.name), "cells": _cells(found, head.path)}


def _cells(found: Pivot, row: Path) -> list[dict[str, Any]]:
    cells = []
    for column, _name in _places(found):
        held = found.amounts.get((row, column))
        records = found.records(row, column) if held is not None else None
        target = f"{found.listing.path}?{records.query()}" if records is not None else ""
        for measure in found.layout.measures:
            value = found.of(held, measure) if held is not None else None
            cells.append({"text": text(value, measure), "url": target, "total": not column})
    return cells


def text(value: Figure, measure: Measure) -> str:
    """A figure as people read it; nothing where there is none."""
    return "" if value is None else formatting.money(value, measure.digits)


# ---------- The workbook ----------


@blueprint.get("/exports/pivot/<kind>")
@requires(Permission.EXPORT_RUN)
def export_pivot(kind: str) -> ResponseReturnValue:
    """The table as it is seen, with typed cells; that it was taken out is written down."""
    listing = exports.listing_for(session(), g.user, kind)
    at = clock.now()
    state, _problems = from_args(listing, request.args)
    found, problems = _made(listing, state, at)
    words = in_words(listing, state)
    content = workbook(found, [words, *problems], at)
    name = f"{listing.title}-{_p('view', 'Pivot')}-{clock.local(at):%Y-%m-%d}.xlsx"
    with transaction() as writing:
        events.record(
            writing, EventKind.EXPORT, at=at, actor=g.user, action="export", name=f"{words} · {_p('view', 'Pivot')}",
            list=listing.kind, query=state.query(), filter=words, rows=len(found.rows), counted=found.total.count,
            format=ExportFormat.XLSX.value, full_phones=False,
        )  # fmt: skip
    answer: Response = send_file(
        io.BytesIO(content), mimetype=MIMES[ExportFormat.XLSX], as_attachment=True, download_name=name
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def workbook(found: Pivot, about: Sequence[str], at: datetime) -> bytes:
    """The table as a workbook: figures as numbers, texts as texts that never calculate."""
    buffer = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, plain) as book:
        book.set_properties({"created": clock.local(at).replace(tzinfo=None)})
        formats = _Formats(book)
        sheet = book.add_worksheet(_p("view", "Pivot"))
        top = _write_heads(sheet, found, formats)
        every = [*((head.label, head.level, head.path) for head in found.rows), (_("Total"), 0, ())]
        for line, (label, level, path) in enumerate(every, start=top):
            sheet.write_string(line, 0, label[:32_000], formats.head(level))
            place = 0
            for column, _name in _places(found):
                for measure in found.layout.measures:
                    place += 1
                    value = found.figure(path, column, measure)
                    if value is not None:
                        sheet.write_number(line, place, value, formats.number(measure.digits, not path or not column))
        sheet.freeze_panes(top, 1)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, max(1, len(_places(found)) * len(found.layout.measures)), 14)
        notes = book.add_worksheet(_("About this file")[:31])
        notes.set_column(0, 0, 100)
        for line, words in enumerate([*about, formatting.stamp(at)]):
            notes.write_string(line, 0, words[:32_000], formats.head(1))
    return buffer.getvalue()


def _write_heads(sheet: Any, found: Pivot, formats: _Formats) -> int:
    """Write the heads; gives the first line of the figures."""
    wide, lines = len(found.layout.measures), found.column_lines()
    starts = {head.path: place * wide + 1 for place, head in enumerate(found.columns)}

    def write(line: int, column: int, label: str, columns: int, rows: int) -> None:
        if columns * rows == 1:
            sheet.write_string(line, column, label, formats.head(0))
        else:
            sheet.merge_range(line, column, line + rows - 1, column + columns - 1, "", formats.head(0))
            sheet.write_string(line, column, label, formats.head(0))

    for line, heads in enumerate(lines):
        for head, columns, rows in heads:
            first = min(start for path, start in starts.items() if path[: head.level] == head.path)
            write(line, first, head.label, columns * wide, rows)
    total = len(found.columns) * wide + 1
    if lines:
        write(0, total, _("Total"), wide, len(lines))
    rows_label = " › ".join(each.label for each in found.layout.rows) or _("All records")
    sheet.write_string(len(lines), 0, rows_label, formats.head(0))
    for place, figure in enumerate(_measure_heads(found), start=1):
        sheet.write_string(len(lines), place, figure["label"], formats.head(0))
    return len(lines) + 1


class _Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}

    def _get(self, key: tuple[Any, ...], make: Callable[[], dict[str, Any]]) -> Any:
        if key not in self._made:
            self._made[key] = self._book.add_format(make())
        return self._made[key]

    def head(self, level: int) -> Any:
        """Of a head; 0 is bold, deeper ones are set in."""
        return self._get(
            ("head", level),
            lambda: {"num_format": "@", "bold": True} if level == 0 else {"num_format": "@", "indent": level - 1},
        )

    def number(self, digits: int, bold: bool) -> Any:
        """Of a figure; totals are bold."""
        how = "#,##0" + ("." + "0" * digits if digits else "")
        return self._get(("number", digits, bold), lambda: {"num_format": how, "bold": bold})
