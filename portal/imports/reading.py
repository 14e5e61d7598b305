"""From a workbook to rows whose cells still know where they stood. Values only; nothing is calculated."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from portal.i18n import N_
from portal.imports import child, guard
from portal.imports.guard import Refused

CellValue = str | int | Decimal | bool | date | datetime
HEADER_SEARCH = 40
"""A header lies among the first rows of a sheet or there is none."""

_TOTALS = re.compile(
    r"^(本页|本頁|本表|累计|累計)?(合计|总计|小计|共计|合計|總計|小計|共計|total|subtotal)\W*$", re.IGNORECASE
)
_FORMULA_STARTS = ("=", "+", "-", "@")


class Drop(StrEnum):
    """Why a row below the header is not data."""

    TOTALS = "TOTALS"
    REPEATED_HEADER = "REPEATED_HEADER"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that holds something."""

    row: int
    """As Excel counts, from 1."""
    column: int
    """From 1."""
    value: CellValue
    is_formula: bool = False
    """The value is what Excel calculated last (empty text: nothing); it was not typed."""
    is_error: bool = False
    """#DIV/0! and its like; the value is empty text."""

    @property
    def address(self) -> str:
        """Column letters and row, "D9"."""
        return f"{guard.column_letters(self.column)}{self.row}"

    @property
    def text(self) -> str:
        """What a person sees in the cell, plainly written."""
        return plain(self.value)

    @property
    def looks_like_formula(self) -> bool:
        """Text that a spreadsheet would take for a formula if it were typed there."""
        if not isinstance(self.value, str):
            return False
        return unicodedata.normalize("NFKC", self.value).lstrip(" \t\r\n").startswith(_FORMULA_STARTS)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of data: its number in Excel and its cells by column number; empty cells are absent."""

    number: int
    cells: Mapping[int, Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as a ledger: title, header, rows, and what was left out."""

    name: str
    title: str
    """The text above the header; holds the year of the ledger more often than not."""
    header_row: int
    headers: Mapping[int, str]
    """Header text by column number."""
    rows: tuple[Row, ...]
    dropped: tuple[tuple[int, Drop], ...]
    merged: tuple[str, ...]
    """Merged ranges that touch the data, "F7:F8": all but their first cell are empty."""


def plain(value: CellValue) -> str:
    """A value as plain text: no exponent, no ".0", dates as 2026-09-11."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def header_key(text: str) -> str:
    """A header for comparison: "联系 电话(手机)" and "联系电话" are one, "面积(㎡)" and "面积" too."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[(\[【〔（].*?[)\]】〕）]", "", text)
    return re.sub(r"[\s:*_/、,.·-]+", "", text)


def read_workbook(path: Path, *, header_words: Collection[str]) -> tuple[Sheet, ...]:
    """All visible sheets of the workbook that hold a table.

    `header_words`: known headers as `header_key` writes them; the row that holds most of them is the header.
    Raises Refused, with a sentence, for everything that is no harmless .xlsx of a sensible size.
    """
    flags = guard.inspect(path)
    words = frozenset(header_words)
    sheets = [
        sheet
        for raw in _values(path)["sheets"]
        if raw["visible"] and (sheet := _sheet(raw, flags.get(raw["name"], guard.SheetFlags()), words))
    ]
    if not sheets:
        raise Refused(N_("No sheet of the workbook holds a table with a header row."))
    return tuple(sheets)


def _values(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-I", str(Path(child.__file__)), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(N_("Reading the workbook took too long. Copy the ledger's sheet into a new workbook.")) from error
    if done.returncode == 3:
        raise Refused(N_("The workbook holds more text than a ledger can. Split it into several files."))
    if done.returncode != 0:
        raise Refused(N_("The workbook is damaged and cannot be read. Open it in Excel and save it again."))
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _sheet(raw: dict[str, Any], flags: guard.SheetFlags, words: frozenset[str]) -> Sheet | None:
    first_row, first_column = raw["start"]
    table = [_cells(values, first_row + 1 + index, first_column + 1, flags) for index, values in enumerate(raw["rows"])]
    header_at = _header_index(table, words)
    if header_at is None:
        return None
    header = table[header_at]
    headers = {column: " ".join(cell.text.split()) for column, cell in header.items()}
    title = " ".join(cell.text for cells in table[:header_at] for cell in cells.values())
    rows, dropped = [], []
    for offset, cells in enumerate(table[header_at + 1 :], start=header_at + 1):
        number = first_row + 1 + offset
        if not cells:
            continue
        reason = _drop_reason(cells, headers)
        if reason:
            dropped.append((number, reason))
        else:
            rows.append(Row(number, cells))
    last = rows[-1].number if rows else 0
    header_row = first_row + 1 + header_at
    merged = tuple(
        f"{guard.column_letters(start[1] + 1)}{start[0] + 1}:{guard.column_letters(end[1] + 1)}{end[0] + 1}"
        for start, end in raw["merged"]
        if header_row < end[0] + 1 and start[0] + 1 <= last
    )
    if len(rows) > guard.MAX_ROWS:
        raise Refused(N_("The ledger may have at most 100,000 rows. Split it into several files."))
    return Sheet(raw["name"], title, header_row, headers, tuple(rows), tuple(dropped), merged)


def _cells(values: list[Any], row: int, first_column: int, flags: guard.SheetFlags) -> dict[int, Cell]:
    cells = {}
    for column, encoded in enumerate(values, start=first_column):
        address = f"{guard.column_letters(column)}{row}"
        is_error, is_formula = address in flags.errors, address in flags.formulas
        value = _decode(encoded)
        if value is None or (isinstance(value, str) and not value.strip()):
            if is_error or is_formula:
                cells[column] = Cell(row, column, "", is_formula, is_error)
            continue
        cells[column] = Cell(row, column, value, is_formula, is_error)
    return cells


def _decode(encoded: Any) -> CellValue | None:
    match encoded:
        case ["d", text]:
            return date.fromisoformat(text)
        case ["t", text]:
            return datetime.fromisoformat(text)
        case [_, text]:
            return str(text)
        case float():
            if not encoded.is_integer() or abs(encoded) >= 1e15:
                return Decimal(repr(encoded))
            return int(encoded)
    return encoded


def _header_index(table: list[dict[int, Cell]], words: frozenset[str]) -> int | None:
    best, best_score = None, 1
    for index, cells in enumerate(table[:HEADER_SEARCH]):
        score = sum(isinstance(cell.value, str) and header_key(cell.text) in words for cell in cells.values())
        if score > best_score:
            best, best_score = index, score
    if best is not None:
        return best
    for index, cells in enumerate(table[:HEADER_SEARCH]):
        texts = {cell.text for cell in cells.values() if isinstance(cell.value, str)}
        if len(texts) >= 3 and len(texts) == len(cells):
            return index
    return None


def _drop_reason(cells: dict[int, Cell], headers: dict[int, str]) -> Drop | None:
    first = cells[min(cells)]
    if isinstance(first.value, str) and _TOTALS.match(re.sub(r"\s", "", first.value)):
        return Drop.TOTALS
    same = sum(headers.get(column) == " ".join(cell.text.split()) for column, cell in cells.items())
    if same == len(cells) and same >= min(2, len(headers)):
        return Drop.REPEATED_HEADER
    return None
