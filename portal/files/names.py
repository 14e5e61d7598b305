"""File names as people may see them: what they typed, without what could lead astray."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

LENGTH = 120
_FORBIDDEN = re.compile(r'[\\/:*?"<>|;%]')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}")
_BLANKS = re.compile(r"\s+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def shown_name(name: str | None) -> str:
    """The last part of a name without signs that lead astray; empty when nothing is left."""
    text = unicodedata.normalize("NFC", name or "").replace("\\", "/").split("/")[-1]
    text = "".join(sign for sign in text if unicodedata.category(sign) not in _INVISIBLE or sign.isspace())
    return _BLANKS.sub(" ", _FORBIDDEN.sub("", text)).strip(" .")[:LENGTH]


def clean_name(name: str | None, *, extension: str, fallback: str) -> str:
    """A name safe to show, to send in a header and to save on any system, with the extension of the real type.

    Folders, control characters, line breaks, marks that turn the direction and reserved device names go; `x.jpg.exe`
    that is a picture becomes `x.jpg.jpg`. Nothing usable left: the fallback.
    """
    text = shown_name(name)
    path = PurePosixPath(text or fallback)
    stem = path.stem if _EXTENSION.fullmatch(path.suffix) else path.name
    stem = stem.strip(" .") or fallback
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return f"{stem[: LENGTH - len(extension)].rstrip(' .')}{extension}"
