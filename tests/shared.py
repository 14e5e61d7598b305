"""What tests share: the processes of a run the files to copy from, the tests of a process the application.

Most of what an application costs is Werkzeug writing, for each of hundreds of addresses, the small function that builds it;
most of what a first page costs is Jinja compiling its templates and SQLAlchemy writing its statements. None depends on
anything but the text it is made of.
"""

from __future__ import annotations

import fcntl
import gc
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, event, make_url
from werkzeug.routing import Rule

from portal.app import configure, create_app
from portal.config import Config
from portal.db import db
from portal.templating import Application


def share() -> None:
    """From now on no address and no template is compiled twice in this process."""
    Rule._compile_builder = _compile_once  # type: ignore[method-assign]
    Application.jinja_options = {**Application.jinja_options, "bytecode_cache": _Templates()}


def once(folder: Path, make: Callable[[Path], Path]) -> Path:
    """What `make` puts into a folder, made by the first of all processes that ask; the others wait for it."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "made"
        if not made.exists():
            made.write_text(str(make(Path(tempfile.mkdtemp(dir=folder)))), encoding="utf-8")
        return Path(made.read_text(encoding="utf-8"))


STATEMENTS = 5_000
"""So many statements stay written; a whole portal asks some thousand."""
_shared: list[Flask] = []
_settings: dict[str, Any] = {}
_engines: dict[str, Engine] = {}


def application(config: Config) -> Flask:
    """The application of this process, told to run as `config` says, connected to the database of `config`."""
    if not _shared:
        _shared.append(create_app(config))
        _settings.update(_shared[0].config)
    (app,) = _shared
    app.config.clear()
    app.config.update(_settings)
    configure(app, config)
    db._app_engines[app] = {None: _engine(config)}
    return app


def _engine(config: Config) -> Engine:
    """One for SQLite and one for PostgreSQL, as the library makes it; statements it wrote stay written.

    It is connected anew where the database is another; connections to the one of before stay.
    """
    url = make_url(config.database_url)
    kind = url.get_backend_name()
    if kind not in _engines:
        bare = Flask("bare")
        configure(bare, config)
        bare.config["SQLALCHEMY_ENGINE_OPTIONS"]["query_cache_size"] = STATEMENTS
        db.init_app(bare)
        engine = _engines[kind] = db._app_engines[bare][None]

        @event.listens_for(engine, "do_connect")
        def where(dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
            arguments[:], told = dialect.create_connect_args(engine.url)
            named.update(told)

    found = _engines[kind]
    if found.url != url:
        found.dispose()
        found.url = url
    return found


def disconnect(engine: Engine) -> None:
    """Close what a test has opened; the server's connections of this process wait for the next one."""
    if engine is not _engines.get("postgresql"):
        engine.dispose()


TESTS_BETWEEN = 16
"""So many applications wait together to be thrown away: each costs some megabytes."""
MADE_AT_MOST = 1_000_000
"""So many objects wait together, if fewer tests make them: those that compile thousands of statements."""
TESTS_UNTIL_ALL = 16 * TESTS_BETWEEN
"""After so many, everything is looked through once: else a process grows by gigabytes."""


def collect_between_tests(finished: int) -> None:
    """Garbage in circles is looked for between tests, and only among what they made since the last time.

    By itself Python would look through everything that is loaded, again and again: two fifths of the time of the tests.
    """
    if finished % TESTS_BETWEEN == 0 or gc.get_count()[0] > MADE_AT_MOST:
        gc.disable()
        if finished % TESTS_UNTIL_ALL == 0:
            gc.unfreeze()  # what lived when it was put aside may be dead by now
        gc.collect()
        gc.freeze()


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
    """Compiled templates by language, name and text. Only their code is kept: a bucket would keep its application alive."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get(self._key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[self._key(bucket)] = bucket.code  # what Jinja just compiled

    def _key(self, bucket: Bucket) -> tuple[str, str, str]:
        language: str = bucket.environment.language  # type: ignore[attr-defined]
        return language, bucket.key, bucket.checksum
