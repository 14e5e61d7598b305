"""Looks a workbook over before anything reads it: what it is, how large it unpacks, what it carries."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from portal.errors import DomainError
from portal.i18n import N_

MAX_FILE_BYTES = 15 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_PARTS = 1000
MAX_ROWS = 100_000
MAX_COLUMNS = 60
_CHUNK = 1 << 20
_ROW_LIMIT = 16 * 1024 * 1024

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?<!/)>(\s*<(?:\w+:)?f[\s/>])?")
_ADDRESS = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Refused(DomainError):
    """The workbook is not taken; the sentence says why and what to do."""

    status = 422


@dataclass(slots=True)
class SheetFlags:
    """What the reader of values cannot see: addresses ("D9") that hold formulas or errors."""

    formulas: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)


def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def inspect(path: Path) -> dict[str, SheetFlags]:
    """Check the file and answer flags per sheet name. Raises Refused with a sentence for the person."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Refused(N_("The file is larger than 15 MB. Split the ledger and import the parts one after another."))
    with path.open("rb") as file:
        start = file.read(8)
        if start == _OLE:
            raise Refused(
                N_("The workbook is protected by a password or in the old .xls format. Save it as .xlsx without one.")
            )
        if not start.startswith(b"PK\x03\x04"):
            raise Refused(N_("This is not an Excel workbook (.xlsx)."))
        try:
            with zipfile.ZipFile(file) as archive:
                return _inspect(file, archive)
        except (zipfile.BadZipFile, zlib.error, struct.error, ElementTree.ParseError, OSError, ValueError) as error:
            raise Refused(
                N_("The workbook is damaged and cannot be read. Open it in Excel and save it again.")
            ) from error


def _inspect(file: BinaryIO, archive: zipfile.ZipFile) -> dict[str, SheetFlags]:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if len(parts) > MAX_PARTS or len(names) != len(parts):
        raise Refused(N_("The workbook holds an unusual number of parts. Copy the sheet into a new workbook."))
    if any(part.flag_bits & 1 for part in parts):
        raise Refused(N_("The workbook is protected by a password. Save it without one."))
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused(N_("The workbook contains macros. Save it as .xlsx without macros."))
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise Refused(N_("This is not an Excel workbook (.xlsx)."))

    sheet_parts = {part for part in names if part.startswith("xl/worksheets/") and part.endswith(".xml")}
    small: dict[str, bytes] = {}
    flags: dict[str, SheetFlags] = {}
    unpacked = 0
    for part in parts:
        chunks: Iterator[bytes] = _unpack(file, part)
        scan = _Scan() if part.filename in sheet_parts else None
        keep = bytearray() if part.filename in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels") else None
        for chunk in chunks:
            unpacked += len(chunk)
            if unpacked > MAX_UNPACKED_BYTES:
                raise Refused(
                    N_("The workbook unpacks to more than 200 MB. Copy the ledger's sheet into a new workbook.")
                )
            if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                raise Refused(N_("The workbook contains declarations that no ledger needs. Save it again in Excel."))
            if scan:
                scan.feed(chunk)
            if keep is not None:
                keep += chunk
        if scan:
            flags[part.filename] = scan.finish()
        if keep is not None:
            small[part.filename] = bytes(keep)
    return _by_sheet(small, flags)


def _by_sheet(small: dict[str, bytes], flags: dict[str, SheetFlags]) -> dict[str, SheetFlags]:
    relations = ElementTree.fromstring(small.get("xl/_rels/workbook.xml.rels", b"<none/>"))
    targets = {item.get("Id"): (item.get("Target") or "") for item in relations}
    result: dict[str, SheetFlags] = {}
    for sheet in ElementTree.fromstring(small["xl/workbook.xml"]).iter():
        if not sheet.tag.endswith("}sheet"):
            continue
        name = sheet.get("name") or ""
        if name in result:
            raise Refused(N_("Two sheets of the workbook have one name. Rename one of them."))
        target = targets.get(sheet.get(_RELATION), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        result[name] = flags.get(part, SheetFlags())
    return result


def _unpack(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's bytes as they really unpack; the sizes written in the archive are claims."""
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(part.filename)
    file.seek(part.header_offset)
    header = struct.unpack("<4s5H3I2H", file.read(30))
    if header[0] != b"PK\x03\x04":
        raise zipfile.BadZipFile(part.filename)
    file.seek(header[9] + header[10], 1)
    left = part.compress_size
    if part.compress_type == zipfile.ZIP_STORED:
        while left > 0 and (data := file.read(min(left, _CHUNK))):
            left -= len(data)
            yield data
        return
    inflate = zlib.decompressobj(-15)
    while left > 0 and not inflate.eof and (data := file.read(min(left, _CHUNK))):
        left -= len(data)
        while data and not inflate.eof:
            yield inflate.decompress(data, _CHUNK)
            data = inflate.unconsumed_tail
    yield inflate.flush()


class _Scan:
    """Walks the text of a sheet for its true extent, formulas and errors, a few rows at a time."""

    def __init__(self) -> None:
        self._rest = b""
        self._flags = SheetFlags()

    def feed(self, chunk: bytes) -> None:
        text = self._rest + chunk
        cut = text.rfind(b"</row") if b"</row" in text else text.rfind(b":row>")
        if cut < 0:
            if len(text) > _ROW_LIMIT:
                raise Refused(
                    N_("A row of the workbook is far too large. Copy the ledger's sheet into a new workbook.")
                )
            self._rest = text
            return
        self._walk(text[:cut])
        self._rest = text[cut:]

    def finish(self) -> SheetFlags:
        self._walk(self._rest)
        return self._flags

    def _walk(self, text: bytes) -> None:
        for cell in _CELL.finditer(text):
            attributes = cell[1]
            found = _ADDRESS.search(attributes)
            if not found:
                continue
            letters, row = found[1].decode(), int(found[2])
            if row > MAX_ROWS:
                raise Refused(
                    N_("Row %(row)s: the ledger may have at most 100,000 rows. Split it into several files.")
                    % {"row": row}
                )
            if column_number(letters) > MAX_COLUMNS:
                raise Refused(
                    N_("Cell %(cell)s: the ledger may have at most 60 columns. Delete what lies to the right of it.")
                    % {"cell": f"{letters}{row}"}
                )
            if cell[2]:
                self._flags.formulas.add(f"{letters}{row}")
            if _ERROR.search(attributes):
                self._flags.errors.add(f"{letters}{row}")
