"""The problems of a file as a workbook: open it beside the ledger, correct the cells, import again."""

from __future__ import annotations

import io

import xlsxwriter

from portal.i18n import _
from portal.imports import texts
from portal.imports.mapping import FIELDS
from portal.imports.plan import Plan


def write(plan: Plan, *, sheet_name: str) -> bytes:
    """One line per row and question, then what was left out. Every value is text; nothing in it calculates.

    Columns: sheet, row, column, field, value, what is wrong, what to do. In the present language.
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
    return buffer.getvalue()


def _lines(plan: Plan) -> list[tuple[int, str, str, str, str, str]]:
    fields = FIELDS[plan.kind]
    lines = [
        (
            row,
            question.column,
            str(fields[question.field].label),
            question.found,
            str(texts.WRONG[question.code]),
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
