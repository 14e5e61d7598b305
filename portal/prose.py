"""Plain text with a little structure: headings, lists and paragraphs, as people type them. What it yields is text, never markup.

`# ` or `## ` begins a heading, `- ` or `· ` an item, `1. ` or `1、` a numbered one; an empty line parts paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

_HEADING = re.compile(r"(#{1,3})\s*(\S.*)")
_ITEM = re.compile(r"[-*·•]\s*(\S.*)")
_NUMBERED = re.compile(r"\d{1,3}(?:[.．)）]\s+|、\s*)(\S.*)")


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


def blocks(text: str) -> list[Block]:
    """The text in its blocks, in order. Whatever fits no rule is a paragraph, so nothing typed is lost."""
    found: list[Block] = []
    for kind, lines in groupby(_read(text), key=lambda each: each[0]):
        said = tuple(line for _kind, line in lines)
        if kind in (Kind.HEADING, Kind.SUBHEADING):
            found.extend(Block(kind, (line,)) for line in said)
        elif kind is not None:
            found.append(Block(kind, said))
    return found


def _read(text: str) -> Iterator[tuple[Kind | None, str]]:
    """Each line with what it is; an empty one parts what stands around it, but not the items of a list."""
    before: Kind | None = None
    for line in map(str.strip, text.splitlines()):
        kind, said = _line(line)
        if kind is None:
            if before is Kind.PARAGRAPH:
                yield None, ""
            continue
        yield kind, said
        before = kind


def _line(line: str) -> tuple[Kind | None, str]:
    if not line:
        return None, ""
    if found := _HEADING.fullmatch(line):
        return (Kind.HEADING if len(found[1]) == 1 else Kind.SUBHEADING), found[2]
    if found := _ITEM.fullmatch(line):
        return Kind.ITEMS, found[1]
    if found := _NUMBERED.fullmatch(line):
        return Kind.NUMBERED, found[1]
    return Kind.PARAGRAPH, line
