"""Reading workbooks: where the table is, what the cells hold, and which files are refused with which sentence."""

import shutil
import struct
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter

from portal.imports import guard
from portal.imports.reading import Drop, Refused, header_key
from tests.imports.workbooks import LEDGER, ledger, read, repack


@pytest.fixture(scope="module")
def sheets():
    return {sheet.name: sheet for sheet in read(LEDGER)}


def test_the_ledger_is_found_below_its_titles(sheets):
    sheet = sheets["客户台账"]
    assert sheet.header_row == 4
    assert sheet.title.startswith("2026年客户及在施工程台账")
    assert len(sheet.headers) == 24
    assert (len(sheet.rows), sheet.rows[0].number, sheet.rows[-1].number) == (427, 5, 431)
    assert sheet.dropped == ((432, Drop.TOTALS),)
    assert sheet.merged == ()  # the title is merged, the data is not


def test_the_complaints_sheet_starts_with_its_header(sheets):
    sheet = sheets["投诉记录"]
    assert (sheet.header_row, len(sheet.rows), sheet.dropped) == (1, 40, ())


def test_every_cell_keeps_its_address_and_its_kind(sheets):
    cells = sheets["客户台账"].rows[0].cells
    assert (cells[4].address, cells[4].value) == ("D5", 18773546848)
    assert (cells[9].value, cells[15].value, cells[16].value) == ("2501", "219,900", date(2026, 9, 20))
    assert 5 not in cells  # empty cells are absent


def test_text_that_looks_like_a_formula_is_the_text_the_sheet_holds(sheets):
    remarks = [row.cells[24] for row in sheets["客户台账"].rows if 24 in row.cells]
    traps = [cell for cell in remarks if cell.looks_like_formula]
    assert len(traps) == 30
    assert {cell.value for cell in traps} == {'=HYPERLINK("x","点我")'}
    assert not any(cell.is_formula for cell in traps)


def test_true_formulas_and_errors_are_marked(tmp_path):
    path = tmp_path / "formulas.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row("A1", ["客户姓名", "联系电话", "合同金额", "备注"])
        sheet.write_row("A2", ["甲", "13812345678"])
        sheet.write_formula("C2", "=1+1", None, 2)
        sheet.write_formula("D2", "=1/0", None, "#DIV/0!")
    row = read(path)[0].rows[0]
    assert (row.cells[3].value, row.cells[3].is_formula, row.cells[3].is_error) == (2, True, False)
    assert (row.cells[4].text, row.cells[4].is_error) == ("", True)


@pytest.mark.parametrize("is_1904", [False, True])
def test_all_date_systems_mean_the_same_day(tmp_path, is_1904):
    path = tmp_path / "dates.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": is_1904}) as book:
        sheet = book.add_worksheet("a")
        day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row("A1", ["客户姓名", "签订日期", "计划开工", "面积"])
        sheet.write("A2", "甲")
        sheet.write_datetime("B2", datetime(2026, 9, 11), day)
        sheet.write_datetime("C2", datetime(2026, 9, 11, 10, 30), moment)
        sheet.write_number("D2", 88.5)
    cells = read(path)[0].rows[0].cells
    assert (cells[2].value, cells[3].value) == (date(2026, 9, 11), datetime(2026, 9, 11, 10, 30))
    assert cells[4].value == Decimal("88.5")


def test_repeated_headers_totals_and_empty_rows_are_left_out_but_a_person_called_total_is_not(tmp_path):
    path = tmp_path / "pages.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        header = ["客户姓名", "联系电话", "合同编号"]
        for number, row in enumerate(
            [header, ["甲", "1", "x"], ["小 计", "", "1"], [], header, ["总计成", "2", "y"], ["合计:", "", "2"]]
        ):
            sheet.write_row(number, 0, row)
    sheet = read(path)[0]
    assert [row.number for row in sheet.rows] == [2, 6]
    assert sheet.dropped == ((3, Drop.TOTALS), (5, Drop.REPEATED_HEADER), (7, Drop.TOTALS))


def test_hidden_sheets_are_not_offered_and_merged_data_is_told(tmp_path):
    path = tmp_path / "hidden.xlsx"
    with xlsxwriter.Workbook(path) as book:
        shown, hidden = book.add_worksheet("shown"), book.add_worksheet("hidden")
        for sheet in (shown, hidden):
            sheet.write_row("A1", ["客户姓名", "联系电话", "小区"])
            sheet.write_row("A2", ["甲", "13812345678"])
            sheet.write_row("A3", ["乙", "13812345679"])
            sheet.merge_range("C2:C3", "滨江花园")
        hidden.hide()
    sheets = read(path)
    assert [sheet.name for sheet in sheets] == ["shown"]
    assert sheets[0].merged == ("C2:C3",)


def test_a_table_that_starts_right_of_a_keeps_true_columns(tmp_path):
    path = tmp_path / "shifted.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row("D7", ["客户姓名", "联系电话", "小区"])
        sheet.write_row("D8", ["甲", "13812345678", "滨江花园"])
    sheet = read(path)[0]
    assert (sheet.header_row, sheet.rows[0].cells[5].address) == (7, "E8")


def test_headers_are_compared_without_spaces_and_brackets():
    assert header_key(" 联系 电话(手机)") == header_key("联系电话") == header_key("联系电话:")
    assert header_key("面积(㎡)") == "面积"


def refusal(path):
    with pytest.raises(Refused) as error:
        read(path)
    assert error.value.status == 422
    return error.value.message.message


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<a/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(210):
                part.write(b"</row>" + b" " * (1 << 20))
    assert path.stat().st_size < 1 << 20
    assert "200 MB" in refusal(path)


def test_a_bomb_that_lies_about_its_size_is_refused_too(tmp_path):
    path = tmp_path / "liar.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/workbook.xml", "<a/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(210):
                part.write(b"</row>" + b" " * (1 << 20))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)  # the uncompressed size, as the directory claims
    path.write_bytes(data)
    assert "200 MB" in refusal(path)


@pytest.mark.parametrize(
    ("cell", "word"),
    [("A100001", "100,000 rows"), ("XFD1", "60 columns"), ("BI2", "60 columns"), ("A1048576", "100,000 rows")],
)
def test_a_single_far_cell_is_refused_with_its_address(tmp_path, cell, word):
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row("A1", ["客户姓名", "联系电话"])
        sheet.write(cell, "x")
    assert word in refusal(path)


def test_formats_without_content_far_out_do_no_harm(tmp_path):
    path = tmp_path / "formats.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row("A1", ["客户姓名", "联系电话"])
        sheet.write_row("A2", ["甲", "13812345678"])
        sheet.write_blank("XFD1048576", None, book.add_format({"bold": True}))
    assert len(read(path)[0].rows) == 1


def test_shared_text_repeated_beyond_all_measure_is_refused(tmp_path):
    path = tmp_path / "amplified.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row("A1", ["客户姓名", "联系电话"])
        for row in range(1, 2000):
            sheet.write_string(row, 0, "长" * 32_000)
    assert path.stat().st_size < 1 << 20
    assert "more text" in refusal(path)


def test_macros_are_refused(tmp_path):
    path = ledger(tmp_path / "plain.xlsx", [{}])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert "macros" in refusal(path)


def test_protected_and_old_workbooks_are_refused(tmp_path):
    path = tmp_path / "old.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)
    assert "password" in refusal(path)


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"name,phone\n", b"%PDF-1.7", b"PK\x03\x04" + b"\0" * 100, b"\xff\xd8\xff"]
)
def test_what_is_no_workbook_is_refused(tmp_path, data):
    path = tmp_path / "file.xlsx"
    path.write_bytes(data)
    assert refusal(path).startswith(("This is not an Excel workbook", "The workbook is damaged"))


def test_a_zip_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert "not an Excel workbook" in refusal(path)


def test_a_file_cut_off_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "half.xlsx"
    path.write_bytes(LEDGER.read_bytes()[:40_000])
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_declarations_of_entities_are_refused(tmp_path, part):
    trap = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    source = ledger(tmp_path / "plain.xlsx", [{}])

    def change(name, data):
        return data.replace(b"?>", b"?>" + trap, 1) if name == part else data

    assert "declarations" in refusal(repack(source, tmp_path / "entities.xlsx", change))


def test_broken_xml_is_refused(tmp_path):
    source = ledger(tmp_path / "plain.xlsx", [{}])

    def change(name, data):
        return data[: len(data) // 2] if name == "xl/workbook.xml" else data

    assert "damaged" in refusal(repack(source, tmp_path / "broken.xlsx", change))


def test_two_sheets_of_one_name_are_refused(tmp_path):
    path = tmp_path / "two.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("abc1", "abc2"):
            book.add_worksheet(name).write_row("A1", ["客户姓名", "联系电话"])

    def change(name, data):
        return data.replace(b"abc2", b"abc1") if name == "xl/workbook.xml" else data

    assert "one name" in refusal(repack(path, tmp_path / "same.xlsx", change))


def test_an_empty_workbook_and_one_without_table_are_refused(tmp_path):
    path = tmp_path / "empty.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("a")
    assert "header" in refusal(path)


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.xlsx"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(guard.MAX_FILE_BYTES + 1)
    assert "15 MB" in refusal(path)


def test_column_letters_and_numbers_agree():
    assert [guard.column_letters(number) for number in (1, 26, 27, 60, 16384)] == ["A", "Z", "AA", "BH", "XFD"]
    assert all(guard.column_number(guard.column_letters(number)) == number for number in range(1, 16385))


def test_the_fixture_is_the_departments_file(tmp_path):
    copy = tmp_path / "copy.xlsx"
    shutil.copy(LEDGER, copy)
    assert [sheet.name for sheet in read(copy)] == ["客户台账", "投诉记录"]
