"""Reads one workbook in a process of its own, with memory and time capped by the system.

Run as a file (`python -I child.py PATH`): a workbook made to exhaust memory kills this process and nothing else.
Prints one JSON object; exits 3 when the text of the workbook is larger than any ledger.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 60
TEXT_LIMIT = 50_000_000
"""Characters in all cells together; shared texts may be repeated far beyond the size of the file."""


def limit_resources() -> None:
    """Cap memory and processor time where the system can do it."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    for kind, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (ValueError, OSError):
            continue


def encode(value: Any) -> Any:
    """A cell as JSON: text, number, true/false, null, or a pair of a letter and a text."""
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, time):
        return ["h", value.isoformat()]
    if isinstance(value, timedelta):
        return ["s", str(value)]
    return None if value == "" else value


def read(path: str) -> dict[str, Any]:
    """Every worksheet with its rows, the address of the first one, and the merged ranges."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_path(path)
    sheets, characters = [], 0
    for index, about in enumerate(workbook.sheets_metadata):
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_index(index)
        rows: list[list[Any]] = []
        for row in sheet.to_python(skip_empty_area=True):
            characters += sum(len(value) for value in row if isinstance(value, str))
            if characters > TEXT_LIMIT:
                raise SystemExit(3)
            rows.append([encode(value) for value in row])
        sheets.append(
            {
                "name": about.name,
                "visible": about.visible == SheetVisibleEnum.Visible,
                "start": list(sheet.start or (0, 0)),
                "rows": rows,
                "merged": [[list(first), list(last)] for first, last in sheet.merged_cell_ranges or []],
            }
        )
    return {"sheets": sheets}


if __name__ == "__main__":
    limit_resources()
    json.dump(read(sys.argv[1]), sys.stdout, ensure_ascii=True)
