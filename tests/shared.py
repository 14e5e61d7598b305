"""What the applications of one test process share, since every test makes one of its own.

Most of what an application costs is Werkzeug writing, for each of hundreds of addresses, the small function that builds it;
most of what a first page costs is Jinja compiling its templates. Neither depends on anything but the text it is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from portal.templating import Application


def share() -> None:
    """From now on no address and no template is compiled twice in this process."""
    Rule._compile_builder = _compile_once  # type: ignore[method-assign]
    Application.jinja_options = {**Application.jinja_options, "bytecode_cache": _Templates()}


_compile = Rule._compile_builder
_builders: dict[Any, Callable[..., tuple[str, str]]] = {}


def _compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    if rule.defaults:  # they are written with the converters of the one application
        return _compile(rule, append_unknown)
    key = (tuple(rule._trace), append_unknown)
    if key not in _builders:
        _builders[key] = _compile(rule, append_unknown)
    return _builders[key]


class _Templates(BytecodeCache):
    """Compiled templates by language, name and text; the code is kept as it is, so there is nothing to load or dump."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Bucket] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        checksum = self.get_source_checksum(source)
        language: str = environment.language  # type: ignore[attr-defined]
        key = (language, self.get_cache_key(name, filename), checksum)
        return self._kept.setdefault(key, Bucket(environment, key[1], checksum))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Never asked: buckets are kept with their code."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """The bucket is kept already."""
