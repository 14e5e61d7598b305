"""The problems of a file as a workbook: a list of what is wrong, and the rows themselves to correct and import again."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from portal.i18n import _
from portal.imports import texts
from portal.imports.asking import Question
from portal.imports.guard import column_number
from portal.imports.mapping import FIELDS
from portal.imports.plan import Plan
from portal.imports.reading import CellValue, Sheet

WRONG_CELL = "#FCE4C8"
"""The ground of a cell with something wrong in it."""


def write(plan: Plan, *, sheet_name: str, sheet: Sheet | None = None) -> bytes:
    """One line per row and question, then what was left out; with `sheet`, on a second page the rows with questions.

    Columns: sheet, row, column, field, value, what is wrong, what to do. In the present language. The second page is
    the file's own header and rows, the wrong cells coloured, and what is wrong in a last column. Nothing calculates.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    ) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        as_text = book.add_format({"num_format": "@"})
        page = book.add_worksheet(_("Problems"))
        for column, (title, width) in enumerate(
            (
                (_("Sheet"), 14),
                (_("Row"), 6),
                (_("Column"), 8),
                (_("Field"), 18),
                (_("Value"), 26),
                (_("What is wrong"), 46),
                (_("What to do"), 56),
            )
        ):
            page.write_string(0, column, title, head)
            page.set_column(column, column, width)
        page.freeze_panes(1, 0)
        for line, (row, *said) in enumerate(_lines(plan), start=1):
            page.write_string(line, 0, sheet_name, as_text)
            page.write_number(line, 1, row)
            for at, text in enumerate(said, start=2):
                page.write_string(line, at, text[:32_000], as_text)
        if sheet is not None:
            _write_rows(book, head, plan, sheet)
    return buffer.getvalue()


def _write_rows(book: Any, head: Any, plan: Plan, sheet: Sheet) -> None:
    """The rows with open questions as they stand in the file, ready to be corrected."""
    asked: dict[int, list[Question]] = {}
    for question in plan.questions:
        for number in question.rows:
            asked.setdefault(number, []).append(question)
    page = book.add_worksheet(_("Rows to correct"))
    formats = {
        (how, is_wrong): book.add_format({"num_format": how} | ({"bg_color": WRONG_CELL} if is_wrong else {}))
        for how in ("@", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "General")
        for is_wrong in (False, True)
    }
    last = max(sheet.headers, default=0)
    for column, text in sheet.headers.items():
        page.write_string(0, column - 1, text, head)
        page.set_column(column - 1, column - 1, 16)
    page.write_string(0, last, _("What is wrong"), head)
    page.set_column(last, last, 60)
    page.freeze_panes(1, 0)
    for line, row in enumerate((row for row in sheet.rows if row.number in asked), start=1):
        marked = {column_number(question.column) for question in asked[row.number] if question.column}
        for column in sheet.headers:
            cell = row.cells.get(column)
            _write_cell(page, line, column - 1, cell.value if cell else None, formats, column in marked)
        said = "\n".join(_said(plan, question) for question in asked[row.number])
        page.write_string(line, last, said[:32_000], formats["@", False])


def _write_cell(
    page: Any, line: int, column: int, value: CellValue | None, formats: dict[tuple[str, bool], Any], is_wrong: bool
) -> None:
    if isinstance(value, datetime):
        page.write_datetime(line, column, value, formats["yyyy-mm-dd hh:mm", is_wrong])
    elif isinstance(value, date):
        page.write_datetime(line, column, value, formats["yyyy-mm-dd", is_wrong])
    elif isinstance(value, int | Decimal) and not isinstance(value, bool) and -(10**15) < value < 10**15:
        page.write_number(line, column, value, formats["General", is_wrong])
    elif value is None or value == "":
        page.write_blank(line, column, None, formats["@", is_wrong])
    else:
        page.write_string(line, column, str(value)[:32_000], formats["@", is_wrong])


def _said(plan: Plan, question: Question) -> str:
    return f"{FIELDS[plan.kind][question.field].label}: {wrong(question)}"


def wrong(question: Question) -> str:
    """What is wrong, by the rule that says so where there is one."""
    if "said" in question.context:
        return texts.sentence(question.context["said"])
    return str(texts.WRONG[question.code])


def _lines(plan: Plan) -> list[tuple[int, str, str, str, str, str]]:
    fields = FIELDS[plan.kind]
    lines = [
        (
            row,
            question.column,
            str(fields[question.field].label),
            question.found,
            wrong(question),
            str(texts.TO_DO[question.code]),
        )
        for question in plan.questions
        for row in question.rows
    ]
    lines += [
        (row.number, "", "", "", texts.skip_text(row.skip, row.skip_value), _("Nothing; the row is left out."))
        for row in plan.rows
        if row.skip
    ]
    lines += [(row, "", "", "", texts.skip_text(why), _("Nothing; the row is left out.")) for row, why in plan.dropped]
    return sorted(lines, key=lambda line: line[:2])
