"""Workbooks and text files, written row by row. Numbers, dates and moments keep their type; no text ever calculates."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from portal import clock, formatting
from portal.exporting.fields import Phone, Value
from portal.i18n import _

LONGEST = 32_000
"""Characters of one cell; a workbook takes hardly more."""
WIDTHS = {Decimal: 14, int: 10, date: 12, datetime: 17}
BEGINNINGS = "=+-@＝＋－＠"
"""With these a spreadsheet takes a text for a formula."""


class File(ABC):
    """A file under way: heads first, then the rows, then what it is about."""

    def __init__(self, path: Path, heads: Sequence[str], *, full_phones: bool) -> None:
        self.path, self.heads, self.full_phones = path, heads, full_phones

    def shown(self, value: Value) -> Value:
        """The value as it may leave the portal."""
        if isinstance(value, Phone):
            return str(value) if self.full_phones else formatting.phone_mask(value)
        return value

    @abstractmethod
    def add(self, line: Sequence[Value]) -> None:
        """Write one row."""

    @abstractmethod
    def finish(self, about: Sequence[tuple[str, str]]) -> None:
        """Write what is left; `about` says what the file shows, where there is room for it."""

    @abstractmethod
    def drop(self) -> None:
        """Let go of a file that is not wanted any more."""


class Workbook(File):
    """An Excel workbook; the rows lie in a temporary file until it is finished, never in memory."""

    def __init__(
        self, path: Path, heads: Sequence[str], *, full_phones: bool, title: str, workspace: Path, at: datetime
    ) -> None:
        super().__init__(path, heads, full_phones=full_phones)
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True, "tmpdir": str(workspace),
                "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
            },
        )  # fmt: skip
        self._book.set_properties({"title": title, "created": clock.local(at).replace(tzinfo=None)})
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._text, self._day, self._moment, self._money = (
            self._book.add_format({"num_format": how}) for how in ("@", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "#,##0.00")
        )
        self._sheet = self._book.add_worksheet(_sheet_name(title))
        self._sheet.freeze_panes(1, 0)
        for column, head in enumerate(heads):
            self._sheet.write_string(0, column, head, self._head)
        self._row = 0
        self._widths = [len(head) * 2 + 2 for head in heads]

    def add(self, line: Sequence[Value]) -> None:
        """See `File.add`."""
        self._row += 1
        for column, value in enumerate(line):
            self._write(column, self.shown(value))

    def _write(self, column: int, value: Value) -> None:
        if value is None or value == "":
            return
        if isinstance(value, date) and value.year < 1900:  # workbooks begin there
            value = value.isoformat()
        sheet, row = self._sheet, self._row
        if isinstance(value, str):
            text = value[:LONGEST]
            sheet.write_string(row, column, text, self._text)
            width = min(48, max((_width(part) for part in text.splitlines()), default=0) + 2)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, column, _wall(value), self._moment)
            width = WIDTHS[datetime]
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, self._day)
            width = WIDTHS[date]
        else:
            sheet.write_number(row, column, value, self._money if isinstance(value, Decimal) else None)
            width = WIDTHS[Decimal if isinstance(value, Decimal) else int]
        if width > self._widths[column]:
            self._widths[column] = width

    def finish(self, about: Sequence[tuple[str, str]]) -> None:
        """See `File.finish`: a second sheet says what the first one shows."""
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, width)
        self._sheet.autofilter(0, 0, self._row, len(self.heads) - 1)
        sheet = self._book.add_worksheet(_sheet_name(_("About this file")))
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 80)
        for row, (label, text) in enumerate(about):
            sheet.write_string(row, 0, label, self._head)
            sheet.write_string(row, 1, text[:LONGEST], self._text)
        self._book.close()

    def drop(self) -> None:
        """See `File.drop`."""
        self._book.close()


class Commas(File):
    """A text file with commas, in UTF-8 with the mark by which Excel knows it."""

    def __init__(self, path: Path, heads: Sequence[str], *, full_phones: bool, **_about: Any) -> None:
        super().__init__(path, heads, full_phones=full_phones)
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._out = csv.writer(self._file)
        self._out.writerow(harmless(head) for head in heads)

    def add(self, line: Sequence[Value]) -> None:
        """See `File.add`."""
        self._out.writerow(self._said(self.shown(value)) for value in line)

    def _said(self, value: Value) -> str:
        if isinstance(value, str):
            return harmless(value)
        if isinstance(value, datetime):
            return f"{_wall(value):%Y-%m-%d %H:%M}"
        return "" if value is None else str(value)

    def finish(self, about: Sequence[tuple[str, str]]) -> None:
        """See `File.finish`."""
        self._file.close()

    def drop(self) -> None:
        """See `File.drop`."""
        self._file.close()


def harmless(text: str) -> str:
    """The text such that a spreadsheet that opens it takes it for a text: an apostrophe before what would calculate."""
    said = text.replace("\0", "")
    dangerous = said[:1] in ("\t", "\r", "\n") or said.lstrip()[:1] in tuple(BEGINNINGS)
    return f"'{said}" if dangerous else said


def _wall(moment: datetime) -> datetime:
    """What the company's clocks showed; files know no zones."""
    return clock.local(moment).replace(tzinfo=None, second=0, microsecond=0)


def _width(text: str) -> int:
    """How wide a text stands: a Chinese character counts double."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text[:48])


def _sheet_name(title: str) -> str:
    """A name that a workbook takes."""
    return "".join(" " if sign in "[]:*?/\\'" else sign for sign in title)[:31]
