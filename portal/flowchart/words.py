"""How wide words are in a drawing, and where their lines break."""

from __future__ import annotations

import re
import unicodedata

BOX_WIDTH, BOX_HEIGHT = 150, 84
WIDE, NARROW = 12.0, 6.6
"""Widths in drawing units of a Chinese character and of a Latin letter at 12 units height."""

_PIECES = re.compile(r"[A-Za-z0-9%-]+[、，：；/,:;]?\s*|.[、，：；/]?\s*")
_PARTS = re.compile(r"[^、，：；/\s]+[、，：；/]?\s*|.")


def text_width(text: str) -> float:
    """How wide a text is, in drawing units at 12 units height."""
    return sum(WIDE if unicodedata.east_asian_width(letter) in "WFA" else NARROW for letter in text)


def wrapped(text: str, room: float) -> list[str]:
    """The text in lines of about even length that fit the room.

    Broken behind words and signs when that is enough, else between characters; no line begins with a sign.
    """
    whole = text_width(text)
    if whole <= room:
        return [text]
    parts = _PARTS.findall(text)
    pieces = parts if all(text_width(part.strip()) <= room for part in parts) else _PIECES.findall(text)
    goal = whole / -(-whole // room)
    lines, line = [], ""
    for piece in pieces:
        if line and (text_width(line + piece.strip()) > room or text_width(line) + text_width(piece) / 2 > goal):
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()]
