"""A person's browser over real HTTP: reads pages, fills in the forms on them, tries again when the connection breaks."""

from __future__ import annotations

import http.client
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

PATIENCE_SECONDS = 60
BROKEN = (urllib.error.URLError, http.client.HTTPException, OSError)
"""What a request looks like whose server died."""
FORM = "application/x-www-form-urlencoded"


@dataclass
class Button:
    """A button that sends a form."""

    name: str
    value: str
    text: str = ""


@dataclass
class Form:
    """A form as it stands on a page, with what is filled in already."""

    action: str
    is_multipart: bool
    fields: list[tuple[str, str]] = field(default_factory=list)
    """What would be sent now: a radio or a box only when it is chosen."""
    offered: list[tuple[str, str]] = field(default_factory=list)
    """All values of radios, boxes and lists."""
    buttons: list[Button] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """What is filled in under a name."""
        return next((value for key, value in self.fields if key == name), None)

    def names(self) -> set[str]:
        """All controls."""
        return {name for name, _value in (*self.fields, *self.offered)}


class Reader(HTMLParser):
    """The text, the links and the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._choices: list[tuple[str, bool]] = []
        self._into: Callable[[str], None] | None = None
        self._silent = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("enctype") == "multipart/form-data")
            self.forms.append(self._form)
        elif tag in ("script", "style"):
            self._silent = True
        if self._form is not None and "disabled" not in given:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "text")
        if tag == "button":
            button = Button(name, value)
            form.buttons.append(button)
            self._into = lambda text: setattr(button, "text", button.text + text)
        elif not name and tag != "option":
            return
        elif tag == "input" and kind in ("radio", "checkbox"):
            form.offered.append((name, value or "on"))
            if "checked" in given:
                form.fields.append((name, value or "on"))
        elif tag == "input" and kind not in ("file", "submit", "button"):
            form.fields.append((name, value))
        elif tag == "textarea":
            at = len(form.fields)
            form.fields.append((name, ""))
            self._into = lambda text: form.fields.__setitem__(at, (name, form.fields[at][1] + text))
        elif tag == "select":
            self._select, self._choices = name, []
        elif tag == "option" and self._select:
            form.offered.append((self._select, value))
            self._choices.append((value, "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("button", "textarea"):
            self._into = None
        elif tag in ("script", "style"):
            self._silent = False
        elif tag == "select" and self._form is not None and self._select and self._choices:
            chosen = next((value for value, is_chosen in self._choices if is_chosen), self._choices[0][0])
            self._form.fields.append((self._select, chosen))
            self._select = None
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into(data)
        if not self._silent:
            self.said.append(data)


@dataclass
class Answer:
    """What came back, after following redirects."""

    status: int
    path: str
    """Path and query of the page that was reached."""
    body: bytes
    kind: str
    was_repeated: bool
    """The connection broke and the request was sent again, so that it may have been carried out before."""

    @property
    def text(self) -> str:
        """The page as sent."""
        return self.body.decode(errors="replace")

    @property
    def reader(self) -> Reader:
        """The page, read."""
        return Reader(self.text)

    @property
    def said(self) -> str:
        """What a person reads on the page, runs of blanks made one."""
        return " ".join(" ".join(self.reader.said).split())

    def form(self, action: str = "", *, control: str = "") -> Form:
        """The form whose action ends so and that has such a control or button name."""
        for one in self.reader.forms:
            named = one.names() | {button.name for button in one.buttons}
            if one.action.endswith(action) and (not control or control in named):
                return one
        raise AssertionError(f"no form {action or control!r} on {self.path}: {self.said[:1500]}")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand: each step of the way may break by itself."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


class Browser:
    """One person at one browser. Signs in by itself, also again when the session is over."""

    def __init__(self, base: str, username: str, password: str) -> None:
        self.base, self.username, self.password = base, username, password
        self.broken = 0
        """How often a connection broke."""
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()), _Stay()
        )

    def get(self, path: str, *, status: int = 200) -> Answer:
        """A page, after signing in where that is needed."""
        answer = self.send("GET", path)
        if _is_sign_in(answer):
            self._sign_in(answer)
            answer = self.send("GET", path)
        assert answer.status == status, f"GET {path}: {answer.status} {answer.said[:1500]}"
        return answer

    def fill_in(
        self,
        path: str,
        action: str = "",
        /,
        *,
        control: str = "",
        press: tuple[str, str] | None = None,
        file: Path | None = None,
        before: Callable[[], None] | None = None,
        **values: str,
    ) -> Answer:
        """Open the page, change `values` in its form, send it. `before`: just before that."""
        form = self.get(path).form(action, control=control)
        return self.press(path, form, press=press, file=file, before=before, **values)

    def press(
        self,
        path: str,
        form: Form,
        /,
        *,
        press: tuple[str, str] | None = None,
        file: Path | None = None,
        before: Callable[[], None] | None = None,
        **values: str,
    ) -> Answer:
        """Send a form of the page that is open already, with `values` changed."""
        unknown = set(values) - form.names()
        assert not unknown, f"{path} has no {unknown}; it has {sorted(form.names())}"
        fields = [(name, value) for name, value in form.fields if name not in values]
        fields += [*values.items(), *([press] if press else [])]
        body, kind = _multipart(fields, file) if form.is_multipart else (urlencode(fields).encode(), FORM)
        if before is not None:
            before()
        answer = self.send("POST", urljoin(path, form.action), body, kind)
        assert not _is_sign_in(answer), f"{path}: the session ended between reading and sending"
        return answer

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = FORM) -> Answer:
        """Ask, and follow where it leads. Sent again, the very same, while the connection breaks."""
        was_repeated = False
        for _step in range(8):
            status, headers, content, again = self._ask(method, path, body, kind)
            was_repeated |= again
            if status not in (301, 302, 303, 307):
                return Answer(status, path, content, headers.get("Content-Type", ""), was_repeated)
            goal = urlsplit(urljoin(self.base + path, headers["Location"]))
            path = goal.path + (f"?{goal.query}" if goal.query else "")
            method, body = "GET", None
        raise AssertionError(f"{path} leads in circles")

    def _ask(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, Mapping[str, str], bytes, bool]:
        again, until = False, time.monotonic() + PATIENCE_SECONDS
        while True:
            request = urllib.request.Request(self.base + path, data=body, method=method)
            if body is not None:
                request.add_header("Content-Type", kind)
            try:
                with self.opener.open(request, timeout=30) as answer:
                    return answer.status, answer.headers, answer.read(), again
            except urllib.error.HTTPError as answer:
                with answer:
                    return answer.code, answer.headers, answer.read(), again
            except BROKEN as error:
                if time.monotonic() > until:
                    raise AssertionError(f"{method} {path} was never answered: {error}") from error
                self.broken += 1
                again = True
                time.sleep(0.1)

    def _sign_in(self, page: Answer) -> None:
        form = page.form("/account/sign-in", control="password")
        fields = [(name, value) for name, value in form.fields if name not in ("username", "password")]
        fields += [("username", self.username), ("password", self.password)]
        answer = self.send("POST", "/account/sign-in", urlencode(fields).encode())
        assert answer.status == 200 and not _is_sign_in(answer), f"{self.username}: {answer.status} {answer.said[:500]}"


def _is_sign_in(answer: Answer) -> bool:
    return answer.path.startswith("/account/sign-in")


def _multipart(fields: list[tuple[str, str]], file: Path | None) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    if file is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
        parts.append(head.encode() + file.read_bytes() + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
