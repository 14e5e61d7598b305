"""A browser for tests: keeps the session, sends the CSRF token, looks at every HTML answer."""

from __future__ import annotations

import contextvars
import secrets
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from portal.db import db
from portal.models.org import User
from portal.services import sessions
from tests.html import Page


class Client:
    """One signed-in (or anonymous) browser. `htmx=True` asks as htmx does; `token=False` leaves the CSRF token out."""

    def __init__(self, app: Flask, user: User | None = None, token: str | None = None) -> None:
        self.app, self.user, self.token = app, user, token
        self.browser = app.test_client()
        if token:
            self._alone(self._remember, token)

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET; `query={...}` is the query string."""
        return self.open("GET", path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """POST of a form."""
        return self.open("POST", path, data=data or {}, **options)

    def open(
        self,
        method: str,
        path: str,
        *,
        htmx: bool = False,
        token: bool = True,
        status: int | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        check: bool = True,
        **options: Any,
    ) -> TestResponse:
        """Any method. `status` is asserted when given; `check=False` skips the look at the HTML."""
        sent = dict(headers or {})
        if htmx:
            sent.setdefault("HX-Request", "true")
        if token and method not in {"GET", "HEAD", "OPTIONS"}:
            sent.setdefault("X-CSRFToken", self.csrf())
        options = {"headers": sent, "query_string": query, "buffered": True, **options}
        answer = self._alone(self.browser.open, path, method=method, **options)
        db.session.rollback()  # what the request wrote is to be seen by the test
        db.session.expire_all()
        if status is not None:
            assert answer.status_code == status, f"{method} {path}: {answer.status} {answer.text[:2000]}"
        if check and answer.mimetype == "text/html" and answer.data and not 300 <= answer.status_code < 400:
            problems = Page(answer.text).check()
            assert not problems, f"{method} {path}: " + "; ".join(problems)
        return answer

    def page(self, path: str, **options: Any) -> Page:
        """GET of a page that must be there, read."""
        options.setdefault("status", 200)
        return Page(self.get(path, **options).text)

    def csrf(self) -> str:
        """The token that a page of this browser would carry now."""

        def look() -> str:
            with self.browser.session_transaction() as kept:
                return str(kept.setdefault("csrf_token", secrets.token_hex(20)))

        signer = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token")  # type: ignore[arg-type]
        return str(signer.dumps(self._alone(look)))

    def _remember(self, token: str) -> None:
        with self.browser.session_transaction() as kept:
            kept[sessions.COOKIE_KEY] = token

    def _alone(self, call: Any, *arguments: Any, **options: Any) -> Any:
        """Outside the test's application context, as a request of a browser would be."""
        return contextvars.Context().run(call, *arguments, **options)
