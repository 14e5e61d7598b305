"""What a file is, by its first bytes; its name and the type the browser claims count for nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A type that we take."""

    name: str
    mime: str
    extension: str

    @property
    def is_image(self) -> bool:
        """Whether it is re-encoded and gets a thumbnail."""
        return self.mime.startswith("image/")


JPEG = Kind("jpeg", "image/jpeg", ".jpg")
PNG = Kind("png", "image/png", ".png")
WEBP = Kind("webp", "image/webp", ".webp")
HEIC = Kind("heic", "image/heic", ".heic")
PDF = Kind("pdf", "application/pdf", ".pdf")
XLSX = Kind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx")

ATTACHMENTS = frozenset({JPEG, PNG, WEBP, HEIC, PDF})
"""What records take."""
IMPORTS = frozenset({XLSX})
"""What the import takes."""

_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


def sniff(head: bytes) -> Kind | None:
    """The kind of a file by its first 4096 bytes; None for everything we do not take."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return HEIC
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head):
        return XLSX
    return None
