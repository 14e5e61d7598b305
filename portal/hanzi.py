"""Text made alike, so that what was typed finds what was written: simplified signs, narrow and small letters.

Everything here goes sign by sign, so a part of a text made alike is a part of the text made alike.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_BLOCKS = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))
"""Where Chinese signs stand."""


@cache
def _simplified() -> dict[int, str]:
    """The traditional signs that have one simplified form, as OpenCC knows them."""
    import opencc  # loaded where somebody searches or writes in Chinese, not with the portal

    signs = [chr(code) for first, last in _BLOCKS for code in range(first, last)]
    changed = opencc.OpenCC("t2s").convert("\n".join(signs)).split("\n")
    return {ord(sign): new for sign, new in zip(signs, changed, strict=True) if new != sign and len(new) == 1}


def simplified(text: str) -> str:
    """The text in simplified signs, sign by sign: 張建軍 as 张建军."""
    return text if text.isascii() else text.translate(_simplified())


def plain(text: str) -> str:
    """Full-width signs made narrow, lines and blanks made one blank each, nothing that cannot be seen."""
    narrow = unicodedata.normalize("NFKC", text)
    return re.sub(r"\s+", " ", "".join(sign if sign.isprintable() else " " for sign in narrow)).strip()


def folded(text: str) -> str:
    """A plain text as it is compared: simplified, in small letters; of the same length."""
    small = text.lower()
    if len(small) != len(text):
        small = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    return simplified(small)
