"""Languages: message ids are English, zh_Hans is the catalogue people edit, zh_Hant is made from it.

Texts that live in data (labels of states, of settings) are `Text` objects: they translate when they are shown.
The catalogue is one plain po file per area in `translations/zh_Hans/`; nothing has to be compiled.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DEFAULT = "zh_Hans"
LOCALES = {"zh_Hans": "简体中文", "zh_Hant": "繁體中文", "en": "English"}
FOLDER = Path(__file__).parent / "translations"

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT)

TRADITIONAL_WORDS = {"前臺": "前臺", "台賬": "臺賬", "平台": "平臺", "聯系": "聯繫", "周期": "週期", "答復": "答覆"}
"""What character conversion alone would get wrong; `domain.md` appendix A is the judge."""


def locale() -> str:
    """The language of the present request or job: a key of LOCALES."""
    return _locale.get()


def set_locale(code: str) -> None:
    """Choose the language for the rest of this request; an unknown code means the default."""
    _locale.set(code if code in LOCALES else DEFAULT)


@contextmanager
def use_locale(code: str) -> Iterator[None]:
    """The language inside a `with` block, for jobs, commands and documents."""
    token = _locale.set(code if code in LOCALES else DEFAULT)
    try:
        yield
    finally:
        _locale.reset(token)


@cache
def _catalogue() -> Translations:
    merged = Translations()
    merged.plural = lambda n: 0  # Chinese has one form; without it the second English form would be looked up
    for path in sorted((FOLDER / "zh_Hans").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="zh_Hans_CN")
        buffer = io.BytesIO()
        write_mo(buffer, catalogue)
        buffer.seek(0)
        merged.merge(Translations(buffer))
    return merged


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("s2t")


@cache
def traditional(text: str) -> str:
    """A zh_Hans sentence in Traditional characters, mainland vocabulary (`domain.md` appendix A)."""
    converted = _converter().convert(text)
    for wrong, right in TRADITIONAL_WORDS.items():
        converted = converted.replace(wrong, right)
    return converted


def _translations(code: str) -> NullTranslations:
    return NullTranslations() if code == "en" else _catalogue()


@lru_cache(maxsize=30_000)
def _said(code: str, context: str | None, message: str) -> str:
    """A message before its values are filled in: a page says hundreds of them."""
    known = _translations(code)
    text = str(known.upgettext(context, message) if context is not None else known.ugettext(message))
    return traditional(text) if code == "zh_Hant" else text


def gettext(message: str, **values: Any) -> str:
    """The message in the present language, with its named values filled in."""
    text = _said(_locale.get(), None, message) if message else ""
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """As `gettext`, choosing the form for the number; `%(num)s` is the number."""
    code = _locale.get()
    text = _translations(code).ungettext(singular, plural, n)
    return (traditional(text) if code == "zh_Hant" else text) % {"num": n, **values}


def pgettext(context: str, message: str, **values: Any) -> str:
    """As `gettext` for a word whose meaning depends on where it stands."""
    text = _said(_locale.get(), context, message)
    return text % values if values else text


_, _n, _p = gettext, ngettext, pgettext


class Text:
    """A sentence kept in data and translated when shown: `str(text)`. Equal when message and context are."""

    __slots__ = ("context", "message", "values")

    def __init__(self, message: str, context: str | None = None, **values: Any) -> None:
        self.message, self.context, self.values = message, context, values

    def __str__(self) -> str:
        if self.context:
            return pgettext(self.context, self.message, **self.values)
        return gettext(self.message, **self.values)

    def __html__(self) -> str:
        from markupsafe import escape

        return str(escape(str(self)))

    def __mod__(self, values: dict[str, Any]) -> Text:
        return Text(self.message, self.context, **values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.message, self.context) == (other.message, other.context)

    def __hash__(self) -> int:
        return hash((self.message, self.context))

    def __repr__(self) -> str:
        return f"Text({self.message!r})"


def N_(message: str, context: str | None = None) -> Text:
    """Mark a text of module-level data for translation."""
    return Text(message, context)


def pack(text: Text | str) -> dict[str, Any]:
    """A sentence as it is written down, to be shown in any language."""
    if not isinstance(text, Text):
        return {"message": str(text), "context": None, "values": {}}
    values = {name: value if isinstance(value, int) else str(value) for name, value in text.values.items()}
    return {"message": text.message, "context": text.context, "values": values}


def unpack(packed: dict[str, Any]) -> str:
    """A written sentence in the present language."""
    message, context, values = packed["message"], packed["context"], packed["values"]
    return pgettext(context, message, **values) if context else gettext(message, **values)
