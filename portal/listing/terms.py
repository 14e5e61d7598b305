"""What was typed into a search box, as conditions an index can serve. Free of HTTP."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, literal, true

MAX_LENGTH = 100
MAX_WORDS = 6
_LAST = 0x10FFFF


def normalised(text: str) -> str:
    """Full-width signs made narrow, blanks made single, at most MAX_LENGTH signs, nothing that no keyboard makes."""
    narrow = unicodedata.normalize("NFKC", text[: MAX_LENGTH * 4])
    kept = "".join(sign if sign.isprintable() else " " for sign in narrow)
    return re.sub(r"\s+", " ", kept).strip()[:MAX_LENGTH]


def words(text: str) -> list[str]:
    """The words that must all be found; more than MAX_WORDS are dropped. A phone typed in groups is one word."""
    said = normalised(text)
    if re.fullmatch(r"\+?[\d ()-]{7,25}", said) and sum(sign.isdigit() for sign in said) >= 7 and " " in said:
        return [said.replace(" ", "")]
    return said.split(" ")[:MAX_WORDS] if said else []


def starts_with(column: Any, start: str) -> ColumnElement[bool]:
    """Whether the text begins so, as a range by code point: a plain index serves it, on both databases."""
    if not start:
        return true()
    end = _after(start)
    low = column >= literal(start)
    return cast("ColumnElement[bool]", and_(low, column < literal(end)) if end else low)


def _after(start: str) -> str | None:
    """The least text above everything that begins so; None when there is none."""
    for index in range(len(start) - 1, -1, -1):
        code = ord(start[index])
        if code < _LAST:
            following = 0xE000 if code == 0xD7FF else code + 1
            return start[:index] + chr(following)
    return None


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Whether the text stands somewhere in the column: for small tables only, nothing serves it."""
    return cast("ColumnElement[bool]", column.contains(text, autoescape=True))
