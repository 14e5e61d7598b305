"""Workbooks made for tests: small ledgers, and files no honest person would send."""

import zipfile
from pathlib import Path

import xlsxwriter

from portal.imports import mapping, reading

LEDGER = Path(__file__).parent / "data" / "customer-ledger-2026.xlsx"

HEADERS = [
    "客户姓名",
    "称谓",
    "联系电话",
    "备用电话",
    "小区",
    "楼号",
    "单元",
    "房号",
    "面积",
    "户型",
    "客户来源",
    "装修类型",
    "合同编号",
    "合同金额",
    "签订日期",
    "店面",
    "设计师",
    "计划开工",
    "计划竣工",
    "客户等级",
    "备注",
]
ROW = {
    "客户姓名": "张建军", "称谓": "先生", "联系电话": "13812345678", "小区": "滨江花园", "楼号": "3号楼", "单元": "2",
    "房号": "1501", "面积": "118平", "客户来源": "电话", "装修类型": "全包", "合同编号": "HT2026-0900", "合同金额": "12.5万",
    "签订日期": "2026-03-20", "设计师": "曹勇", "计划开工": "2026-04-01", "计划竣工": "2026-07-01", "客户等级": "B",
}  # fmt: skip


def read(path: Path) -> tuple[reading.Sheet, ...]:
    """The sheets of a workbook, read as the portal reads them."""
    return reading.read_workbook(path, header_words=mapping.header_words())


def ledger(path: Path, rows: list[dict[str, object]], headers: list[str] = HEADERS) -> Path:
    """A ledger with these rows; what a row does not say is taken from ROW, None empties a cell."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("客户台账")
        sheet.write_row(0, 0, headers)
        for number, row in enumerate(rows, start=1):
            for column, header in enumerate(headers):
                value = row.get(header, ROW.get(header))
                if value is not None:
                    sheet.write(number, column, value)
    return path


def repack(source: Path, target: Path, change) -> Path:
    """A copy of a workbook with its parts changed: `change(name, bytes)` answers the new bytes or None."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target
