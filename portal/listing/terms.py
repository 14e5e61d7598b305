"""What was typed into a search box, as conditions an index can serve. Free of HTTP.

Statements are built for the shape of what was typed and filled with the text: a `Word` is a typed word as placeholders.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, String, and_, bindparam

MAX_LENGTH = 100
MAX_WORDS = 6
SHORTEST, SHORTEST_LATIN = 2, 3
"""Signs, or letters and digits, that a word needs to be looked for in texts: shorter ones stand everywhere."""
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


def _after(start: str) -> str | None:
    """The least text above everything that begins so; None when there is none."""
    for index in range(len(start) - 1, -1, -1):
        code = ord(start[index])
        if code < _LAST:
            following = 0xE000 if code == 0xD7FF else code + 1
            return start[:index] + chr(following)
    return None


@dataclass(frozen=True, slots=True)
class Word:
    """One of the typed words, of which only the readings are known: which placeholders there are to fill."""

    place: int
    """Which of the words it is."""
    readings: frozenset[str]

    def begins(self, column: Any, reading: str = "text") -> ColumnElement[bool]:
        """Whether the column begins with that reading of the word; with the text, where there is no such reading."""
        reading = reading if reading in self.readings else "text"
        low = column >= self._filled(reading)
        ends = f"{reading}_end" in self.readings
        return cast("ColumnElement[bool]", and_(low, column < self._filled(f"{reading}_end")) if ends else low)

    def equals(self, column: Any, reading: str) -> ColumnElement[bool]:
        """Whether the column says just that."""
        return cast("ColumnElement[bool]", column == self._filled(reading))

    def within(self, column: Any) -> ColumnElement[bool]:
        """Whether the word stands somewhere in the column: for small tables only, nothing serves it."""
        return cast("ColumnElement[bool]", column.like(self._filled("like"), escape="/"))

    def _filled(self, reading: str) -> ColumnElement[str]:
        return bindparam(f"{reading}_{self.place}", type_=String())


def word(place: int, beginnings: Mapping[str, str], exact: Mapping[str, str]) -> tuple[Word, dict[str, str]]:
    """The word with these readings, and what fills its placeholders."""
    values = {**beginnings, **exact}
    values |= {f"{name}_end": end for name, start in beginnings.items() if (end := _after(start)) is not None}
    return Word(place, frozenset(values)), {f"{name}_{place}": value for name, value in values.items()}


def pattern(text: str) -> str:
    """The pattern that finds the text anywhere; the signs with a meaning of their own are escaped."""
    escaped = re.sub("([/%_])", r"/\1", text)
    return f"%{escaped}%"
