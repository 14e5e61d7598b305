"""The application: the one module that knows all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, g, request

from portal import clock, faults, i18n
from portal.config import TEST, Config
from portal.db import db
from portal.paths import NumberConverter, record_path
from portal.permissions import may
from portal.templating import Application, icon

KEPT_STATEMENTS = 512
"""Statements that SQLite keeps ready per connection, some 20 kB each. A day's pages ask several hundred; making one ready
again costs up to as much as its answer, and the driver's own hundred are used up by ten pages."""


def create_app(config: Config | None = None) -> Flask:
    """The portal as a WSGI application, configured by the environment unless a `Config` is given."""
    config = config or Config.from_env()
    app = Application("portal", root_path=str(_root()), template_folder="templates", static_folder="static")
    app.config.update(MAX_CONTENT_LENGTH=20 * 1024 * 1024, MAX_FORM_MEMORY_SIZE=500 * 1024, MAX_FORM_PARTS=1000)
    configure(app, config)
    db.init_app(app)
    with i18n.use_locale(i18n.DEFAULT):
        _jinja(app)

    import portal.models  # noqa: F401  every table must be known before the first query
    from blueprints import errors, guard, registration
    from portal import chips, formatting, security, shell

    security.init_app(app)
    guard.init_app(app)
    errors.init_app(app)
    formatting.init_app(app)
    chips.init_app(app)
    shell.init_app(app)
    app.url_map.converters["default"] = NumberConverter
    for blueprint in registration.blueprints():
        app.register_blueprint(blueprint)
    return app


def configure(app: Flask, config: Config) -> None:
    """Tell the application how it runs."""
    if config.env == TEST:
        clock.use_test_clock(config.test_clock)
        faults.configure(config.faults)
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config),
        PORTAL=config,
    )


def _root() -> Path:
    return Path(__file__).parent.parent


def _engine_options(config: Config) -> dict[str, Any]:
    if not config.is_sqlite:
        return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}
    from portal.sqlite import module

    return {"module": module(), "connect_args": {"timeout": 10, "cached_statements": KEPT_STATEMENTS}}


def _jinja(app: Flask) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        i18n.gettext, i18n.ngettext, newstyle=True, pgettext=i18n.pgettext
    )
    app.jinja_env.globals.update(icon=icon, record_path=record_path)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.before_request
    def choose_language() -> None:
        chosen = request.cookies.get("locale") or i18n.DEFAULT
        i18n.set_locale(chosen)

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        return {"may": lambda permission: may(g.get("user"), permission), "user": g.get("user"), "now": clock.now}
