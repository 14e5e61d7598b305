"""What people type, before it means anything: made readable, counted as people count, refused when it is no text."""

from __future__ import annotations

import re
import unicodedata

MARKS_IN_A_ROW = 8
"""More marks upon one letter are no writing of any language we meet."""

_DOTS = re.compile("[\u2022\u2027\u30fb\uff65\u2219\u22c5\u0387\u2024\u25cf\u02d9]")
_JOINER, _VARIATION = "\u200d", ("\ufe0e", "\ufe0f")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ud800-\udfff]")


def is_readable(text: str) -> bool:
    """False for text with control characters, halves of characters, or bytes that were no UTF-8."""
    return _CONTROL.search(text) is None


def clean(text: str) -> str:
    """The text without invisible marks and signs that turn the direction of writing, in one form (NFC), ends trimmed.

    Line ends become plain newlines. The joiner inside an emoji stays.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = [
        sign
        for index, sign in enumerate(text)
        if unicodedata.category(sign) != "Cf" or (sign == _JOINER and _joins_emoji(text, index))
    ]
    return "".join(kept).strip()


def _joins_emoji(text: str, index: int) -> bool:
    before, after = text[:index].rstrip("".join(_VARIATION))[-1:], text[index + 1 : index + 2]
    return bool(before and after) and is_emoji(before) and is_emoji(after)


def is_emoji(sign: str) -> bool:
    """True for pictures, flags and their modifiers."""
    code = ord(sign)
    return (
        0x1F000 <= code <= 0x1FAFF or 0x2600 <= code <= 0x27BF or code in (0xFE0F, 0x20E3) or 0xE0020 <= code <= 0xE007F
    )


def has_too_many_marks(text: str) -> bool:
    """True when one letter carries more marks than any writing needs."""
    run = 0
    for sign in text:
        run = run + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if run > MARKS_IN_A_ROW:
            return True
    return False


def count(text: str) -> int:
    """How many signs a person sees: a family emoji, a flag or a letter with its marks is one."""
    seen, joined, flag = 0, False, False
    for sign in text:
        code = ord(sign)
        if sign == _JOINER:
            joined = True
            continue
        if unicodedata.category(sign) in ("Mn", "Me", "Cf") or 0x1F3FB <= code <= 0x1F3FF:
            continue
        if 0x1F1E6 <= code <= 0x1F1FF:
            flag = not flag
            seen += flag
        elif not joined:
            seen, flag = seen + 1, False
        joined = False
    return seen


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as their plain forms; for numbers, codes and comparisons."""
    return unicodedata.normalize("NFKC", text).strip()


def one_dot(name: str) -> str:
    """A name with one kind of dot between its parts: 买买提·吐尔逊."""
    return re.sub(r"\s*·\s*", "·", _DOTS.sub("·", name))
