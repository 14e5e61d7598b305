"""Parts of pages that are drawn once for all they say: a form before anything is typed, above all.

What differs each time is left open while drawing and put in afterwards: the token of the forms, and the key that makes
a form count once. Everything else a part says or depends on is in its facts, or it may not be drawn here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g
from flask_wtf.csrf import generate_csrf
from jinja2_fragments.flask import render_block
from markupsafe import Markup, escape

from portal import clock, formatting, i18n
from portal.kept import Kept
from portal.shell import TOKEN

Facts = TypeVar("Facts")

KEY = "\ue000key\ue000"
"""Stands for the key of a form while it is drawn."""
_parts: Kept[tuple[Any, ...], str] = Kept(1_000)


def once(template: str, block: str, facts: Facts, values: Callable[[Facts], dict[str, Any]], key: str = "") -> Markup:
    """The block of a template for these facts; `values` makes what it is drawn with, and is asked only the first time."""
    known = template, block, facts, i18n.locale(), clock.today(formatting.page_moment())
    token = generate_csrf()
    html = _parts.get(known)
    if html is None:
        g.csrf_token = TOKEN
        try:
            html = _parts.keep(known, render_block(template, block, **values(facts)))
        finally:
            g.csrf_token = token
    return Markup(html.replace(TOKEN, str(escape(token))).replace(KEY, str(escape(key))))  # drawn by a template
