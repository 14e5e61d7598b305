"""The HTML of a form and the fingerprint of what it shows. Knows templates; knows no records, no requests, no PDF."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal import clock, formatting, i18n
from portal.documents.fetching import SCHEME, Asset, media_type
from portal.documents.rendering import FONTS, ROOT, STYLESHEET
from portal.documents.views import Company, Issue, View

TEMPLATES = ROOT / "templates" / "documents"
LANGUAGE_TAGS = {"zh_Hans": "zh-Hans", "zh_Hant": "zh-Hant", "en": "en"}
HIDDEN_SIGNS = frozenset(
    "\u200b\u200c\u200d\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad"
)
"""Marks that turn, join or hide text; on paper nobody could see that they are there."""
MISSING = "〓"
"""What printers set for a sign they do not have."""
MINUS, DASH = "\u2212", "\u2013"
"""Our fonts have no minus; the dash looks like one."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A form ready to print: its page and the pictures the page names."""

    html: str
    assets: Mapping[str, Asset]


def write(view: View, issue: Issue) -> Paper:
    """Set the form in the present language (`i18n.use_locale`)."""
    assets: dict[str, Asset] = {}

    def asset(picture: Asset) -> str:
        name = f"picture-{len(assets) + 1}"
        assets[name] = picture
        return SCHEME + name

    before, between, after = page_words()
    html = (
        _environment()
        .get_template(view.TEMPLATE)
        .render(
            view=view,
            form=view.FORM,
            title=str(view.TITLE),
            issue=issue,
            company=issue.company,
            language=LANGUAGE_TAGS[i18n.locale()],
            asset=asset,
            shown=is_shown,
            page_before=before,
            page_between=between,
            page_after=after,
        )
    )
    return Paper(html, assets)


def pictures(part: Any) -> Iterator[Path]:
    """The files of the store that a view or an issue names, wherever they stand in it."""
    if isinstance(part, Path):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from pictures(item)
    elif dataclasses.is_dataclass(part):
        for one in dataclasses.fields(part):
            yield from pictures(getattr(part, one.name))


def fingerprint(view: View, company: Company, locale: str) -> str:
    """What the paper shows, as 64 hex digits: equal means that printing anew would give the same paper."""
    content = [view.FORM, dataclasses.asdict(cast(Any, view)), dataclasses.asdict(company), locale, edition()]
    text = json.dumps(content, default=_canonical, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def edition() -> str:
    """The look of our forms: changes when a template, the style sheet, a font or a word of a label changes."""
    digest = hashlib.sha256()
    words = (i18n.FOLDER / "zh_Hans").glob("documents*.po")
    for path in (*sorted(TEMPLATES.glob("*.html")), STYLESHEET, *sorted(words)):
        digest.update(path.read_bytes())
    for path in sorted(FONTS.glob("*.otf")):
        digest.update(f"{path.name}:{path.stat().st_size};".encode())
    return digest.hexdigest()


def is_shown(picture: Asset | None) -> bool:
    """Whether a picture is there and is one that paper can show; a broken one leaves a placeholder, not a failure."""
    if picture is None:
        return False
    try:
        if isinstance(picture, Path):
            with picture.open("rb") as file:
                media_type(file.read(16))
        else:
            media_type(picture[:16])
    except (OSError, ValueError):
        return False
    return True


def page_words() -> tuple[str, str, str]:
    """The words around the two page numbers: ("第 ", " 页，共 ", " 页")."""
    before, between, after = re.split(r"\{page\}|\{pages\}", i18n.pgettext("form", "Page {page} of {pages}"))
    return before, between, after


def plain(value: Any) -> Any:
    """Text as it may stand on paper: marks that hide or turn text are left out, signs we cannot draw (😀) become 〓."""
    if isinstance(value, Markup):
        return Markup(value.replace(MINUS, DASH)) if MINUS in value else value
    if not isinstance(value, str):
        return value
    drawn = _drawn_characters()
    text = "".join(
        sign if sign == "\n" or sign in drawn else MISSING
        for sign in value.replace(MINUS, DASH)
        if sign == "\n" or not (sign in HIDDEN_SIGNS or unicodedata.category(sign) in ("Cc", "Cs", "Mn"))
    )
    return re.sub(f"{MISSING}+", MISSING, text)


def show_short_moment(moment: datetime) -> str:
    """05-11 10:00."""
    return clock.local(moment).strftime("%m-%d %H:%M")


def show_number(number: Decimal) -> str:
    """118 or 118.5: no trailing zeros."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_code(link: str) -> Markup:
    """A code that a phone reads, as a drawing."""
    code = segno.make(link, error="m", micro=False)
    return Markup(code.svg_inline(scale=3, border=2, dark="#1c2229"))


def show_yuan(amount: Decimal) -> str:
    """4,000.00 元（肆仟元整）; in English, figures only."""
    figures = i18n.pgettext("form", "%(amount)s yuan", amount=formatting.money(amount))
    return figures if i18n.locale() == "en" else f"{figures}（{formatting.yuan_capital(amount)}）"


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(clock.ZONE).isoformat()
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Path):
        return value.name  # a file of the content-addressed store: the name is the content
    return str(value)


@cache
def _drawn_characters() -> frozenset[str]:
    from fontTools.ttLib import TTFont  # a dependency of WeasyPrint

    points: set[int] = set()
    for path in FONTS.glob("*-Regular.otf"):
        with TTFont(path, lazy=True) as font:
            points.update(font.getBestCmap())
    return frozenset(map(chr, points))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_p=i18n.pgettext)
    environment.filters.update(
        stamp=formatting.stamp,
        short_stamp=show_short_moment,
        day=formatting.full_date,
        phone=formatting.phone_group,
        number=show_number,
        yuan=show_yuan,
        qr=show_code,
    )
    return environment
