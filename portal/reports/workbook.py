"""A report as a workbook: a sheet for each part, the same figures to the digit; texts never calculate."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from portal import clock
from portal.i18n import _p
from portal.reports.drawing import Cell, Chart, Nothing, Part, Table, Tiles, Words

FORMATS = {0: "#,##0", 1: "#,##0.0", 2: "#,##0.00"}
WIDEST = 60


def write(title: str, about: Sequence[tuple[str, str]], parts: Sequence[Part]) -> bytes:
    """The workbook. `about`: what the first sheet says of the report."""
    buffer = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, plain) as book:
        _Writer(book).write(title, about, parts)
    return buffer.getvalue()


class _Writer:
    """Sheets under way."""

    def __init__(self, book: Any) -> None:
        self.book, self.names = book, set[str]()
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self.bold = book.add_format({"bold": True})
        self.large = book.add_format({"bold": True, "font_size": 14})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.right = book.add_format({"align": "right"})
        self.numbers = {digits: book.add_format({"num_format": how}) for digits, how in FORMATS.items()}
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})

    def write(self, title: str, about: Sequence[tuple[str, str]], parts: Sequence[Part]) -> None:
        first = self._sheet(_p("report", "Report"))
        first.set_column(0, 0, 26)
        first.set_column(1, 1, WIDEST)
        first.write_string(0, 0, title, self.large)
        row = 2
        for label, text in about:
            first.write_string(row, 0, label, self.bold)
            first.write_string(row, 1, text, self.wrapped)
            row += 1
        for part in parts:
            match part:
                case Nothing():
                    first.write_string(row + 1, 0, part.title, self.bold)
                    for sentence in part.sentences:
                        first.write_string(row + 1, 1, sentence, self.wrapped)
                        row += 1
                    row += 1
                case Words(heading, paragraphs, empty):
                    first.write_string(row + 1, 0, heading, self.bold)
                    first.write_string(row + 1, 1, "\n".join(paragraphs) or empty, self.wrapped)
                    row += 2
                case Tiles():
                    self._figures(part)
                case Chart():
                    self._table(part.title, part.table)
                case Table():
                    self._table(part.title, part)

    def _figures(self, part: Tiles) -> None:
        sheet = self._sheet(part.title)
        for column, (label, width) in enumerate(
            ((_p("report", "Code"), 10), (_p("report", "Figure"), 28), (_p("report", "This period"), 16),
             (_p("report", "Unit"), 8), (_p("report", "Change"), 30), (_p("report", "Counted"), 16))
        ):  # fmt: skip
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, label, self.head)
        for row, tile in enumerate((tile for line in part.rows for tile in line), 1):
            sheet.write_string(row, 0, tile.code)
            sheet.write_string(row, 1, tile.title)
            self._cell(sheet, row, 2, tile.cell)
            for column, text in ((3, tile.unit), (4, tile.delta), (5, tile.counted)):
                sheet.write_string(row, column, text)

    def _table(self, title: str, part: Table) -> None:
        sheet = self._sheet(title)
        widths = [_width(label) + 2 for label, _css in part.heads]
        for column, (label, _css) in enumerate(part.heads):
            sheet.write_string(0, column, label, self.head)
        lines = [*part.rows, part.total] if part.total else list(part.rows)
        for row, line in enumerate(lines, 1):
            for column, cell in enumerate(line):
                self._cell(sheet, row, column, cell)
                widths[column] = max(widths[column], min(WIDEST, _width(cell.text) + 2))
        if not part.rows:
            sheet.write_string(1, 0, part.empty)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        if cell.number is not None:
            sheet.write_number(row, column, cell.number, self.numbers[cell.digits])
        elif cell.day is not None:
            sheet.write_datetime(row, column, cell.day, self.day)
        elif cell.moment is not None:
            sheet.write_datetime(row, column, _wall(cell.moment), self.moment)
        else:
            sheet.write_string(row, column, cell.text, self.right if cell.css.startswith("num") else self.wrapped)

    def _sheet(self, title: str) -> Any:
        """A sheet of a name that a workbook takes and that is not there yet."""
        base = "".join(" " if sign in "[]:*?/\\'" else sign for sign in title)[:28] or "-"
        name, number = base, 1
        while name in self.names:
            number += 1
            name = f"{base} {number}"
        self.names.add(name)
        return self.book.add_worksheet(name)


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text[:WIDEST])


def _wall(moment: datetime) -> datetime:
    return clock.local(moment).replace(tzinfo=None, second=0, microsecond=0)
