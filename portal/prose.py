"""Plain text with a little structure: headings, lists and paragraphs, as people type them. What it yields is text, never markup.

`# ` or `## ` begins a heading, `- ` or `·` an item, `1. ` or `1、` a numbered one; an empty line parts paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

_HEADING = re.compile(r"(#{1,3})\s+(\S.*)")
_ITEM = re.compile(r"(?:[-*]\s+|[·•]\s*)(\S.*)")
_NUMBERED = re.compile(r"([0-9]{1,3})(?:[.．)）]\s+|、\s*)(\S.*)")


class Kind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    SUBHEADING = "subheading"
    ITEMS = "items"
    NUMBERED = "numbered"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (one line), a list (a line for each item), or the lines of a paragraph."""

    kind: Kind
    lines: tuple[str, ...]
    first: int = 1
    """Of a numbered list: where it begins, so that one goes on after what stands between."""


@dataclass(frozen=True, slots=True)
class _Line:
    kind: Kind | None
    """None: it is empty."""
    said: str = ""
    number: int = 1


def blocks(text: str) -> list[Block]:
    """The text in its blocks, in order. Whatever fits no rule is a paragraph, so nothing typed is lost."""
    found: list[Block] = []
    for kind, group in groupby(_read(text), key=lambda line: line.kind):
        lines = list(group)
        if kind in (Kind.HEADING, Kind.SUBHEADING):
            found.extend(Block(kind, (line.said,)) for line in lines)
        elif kind is not None:
            found.append(Block(kind, tuple(line.said for line in lines), lines[0].number))
    return found


def _read(text: str) -> Iterator[_Line]:
    """Each line with what it is; an empty one parts paragraphs, but not the items of a list."""
    before: Kind | None = None
    for line in map(_line, text.splitlines()):
        if line.kind is not None or before is Kind.PARAGRAPH:
            yield line
        before = line.kind or before


def _line(text: str) -> _Line:
    line = text.strip()
    if not line:
        return _Line(None)
    if found := _HEADING.fullmatch(line):
        return _Line(Kind.HEADING if len(found[1]) == 1 else Kind.SUBHEADING, found[2])
    if found := _ITEM.fullmatch(line):
        return _Line(Kind.ITEMS, found[1])
    if found := _NUMBERED.fullmatch(line):
        return _Line(Kind.NUMBERED, found[2], int(found[1]))
    return _Line(Kind.PARAGRAPH, line)
