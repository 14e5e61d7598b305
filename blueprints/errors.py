"""Every refusal and every failure as a page or a fragment with a plain sentence and a reference number."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from blueprints.http import is_by_link, wants_fragment
from portal.db import db
from portal.errors import DomainError
from portal.files.store import StoreError
from portal.i18n import _

log = logging.getLogger("portal.errors")


def init_app(app: Flask) -> None:
    """Answer rules that said no, HTTP errors, a busy database, and the unexpected."""

    @app.errorhandler(DomainError)
    def on_rule(error: DomainError) -> ResponseReturnValue:
        return answer(error.status, str(error))

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        return answer(error.code, None)

    @app.errorhandler(OperationalError)
    def on_busy(error: OperationalError) -> ResponseReturnValue:
        log.error("database not available: %s", error)
        db.session.rollback()
        return answer(503, _("The database is busy or not reachable. Please try again in a moment."))

    @app.errorhandler(StoreError)
    def on_store(error: StoreError) -> ResponseReturnValue:
        log.error("files not available: %s", error)
        db.session.rollback()
        return answer(503, _("The store of the files is not reachable. Please try again in a moment."))

    @app.errorhandler(Exception)
    def on_failure(error: Exception) -> ResponseReturnValue:
        reference = secrets.token_hex(4).upper()
        log.exception("error %s at %s", reference, request.url_rule if is_by_link() else request.path)
        db.session.rollback()
        if app.testing and app.config.get("PROPAGATE_EXCEPTIONS"):
            raise error
        return answer(500, None, reference)


def answer(status: int, sentence: str | None, reference: str | None = None) -> ResponseReturnValue:
    """The error as a page, or as a message that htmx shows without replacing what was typed."""
    values = {
        "status": status,
        "name": HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "",
        "sentence": sentence,
        "reference": reference,
        "user": g.get("user"),
    }
    if is_by_link():
        return render_template("public/over.html", **values), status
    if wants_fragment():
        body = render_template("errors/snack.html", **values)
        return body, status, {"HX-Retarget": "#snacks", "HX-Reswap": "beforeend"}
    return render_template("errors/error.html", **values), status
