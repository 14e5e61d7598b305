"""Templates that are finished as far as they can be when they are compiled, once per language.

Sentences without values, icons and the addresses of static files are the same on every request: a call of one of the
FOLDED names whose arguments are all constants becomes plain text of the compiled template. What depends on a person
or a record is left to the request.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import cache
from typing import Any

from flask import Flask
from flask.templating import Environment as FlaskEnvironment
from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from portal import i18n, static

FOLDED = frozenset({"_", "gettext", "pgettext", "icon", "static_url"})


class Environment(FlaskEnvironment):
    """The templates of one language; all languages share globals and filters."""

    language = i18n.DEFAULT

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What all templates know, as it is: the library's chain of mappings is gone through again for each import."""
        return super().make_globals(d) if d else self.globals

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        with i18n.use_locale(self.language):
            finished = _Folding(self, name).visit(source)
        return super()._generate(finished, name, filename, defer_init)


class _Folding(NodeTransformer):
    def __init__(self, environment: Environment, name: str | None) -> None:
        autoescape = environment.autoescape
        self._globals = environment.globals
        self._is_html = bool(autoescape(name) if callable(autoescape) else autoescape)
        self._context = nodes.EvalContext(environment, name)

    def visit_Call(self, node: nodes.Call, *_given: Any) -> nodes.Node:
        self.generic_visit(node)
        called = node.node
        constants = [*node.args, *(each.value for each in node.kwargs)]
        if (
            not isinstance(called, nodes.Name)
            or called.name not in FOLDED
            or node.dyn_args
            or node.dyn_kwargs
            or not all(isinstance(each, nodes.Const) for each in constants)
        ):
            return node
        values = [each.as_const(self._context) for each in node.args]
        named = {each.key: each.value.as_const(self._context) for each in node.kwargs}
        function: Any = _FUNCTIONS.get(called.name) or self._globals[called.name]
        text = function(*values, **named)
        return nodes.Const(Markup(text) if self._is_html else str(text), lineno=node.lineno)


_FUNCTIONS = {"_": i18n.gettext, "gettext": i18n.gettext, "pgettext": i18n.pgettext}


class Application(Flask):
    """Flask with an environment of templates per language: `jinja_env` is the one of the present request or job."""

    jinja_environment = Environment

    def ensure_sync(self, func: Any) -> Any:
        """All our views and hooks are plain functions: nothing to look up on each call of each."""
        return func

    @property
    def jinja_env(self) -> FlaskEnvironment:
        """The templates in the present language."""
        kept: dict[str, Any] = self.__dict__.setdefault("_environments", {})
        language = i18n.locale()
        if i18n.DEFAULT not in kept:
            kept[i18n.DEFAULT] = self.create_jinja_environment()
        if language not in kept:
            kept[language] = other = kept[i18n.DEFAULT].overlay()
            other.language = language
        return kept[language]


@cache
def icon(name: str, css: str = "", label: str = "") -> Markup:
    """One icon of the sprite, named as in Tabler Icons: decoration unless `label` says what it means."""
    meaning = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    classes = f"icon {css}" if css else "icon"
    return Markup('<svg class="{}" {}><use href="{}#{}"/></svg>').format(
        classes, meaning, static.url("icons.svg"), name
    )
