"""Each role follows every link of the Chinese portal: all answer, and none shows an English word by oversight."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock as portal_clock
from portal import i18n
from portal.app import create_app
from portal.db import db, session, transaction
from portal.models.org import User
from portal.permissions import Role
from portal.services import sessions
from tests import databases, story
from tests.client import Client
from tests.conftest import Clock

PAGES_PER_ROLE = 150
OF_A_KIND = 4
"""Pages of one shape that are looked at: records, steps, lists with a filter."""

READ_ALOUD = ("alt", "aria-label", "placeholder", "title")
UNSEEN = {"script", "style", "template", "title"}
IN_ENGLISH = re.compile(r"[A-Za-z]{3,}")
MEANT = re.compile(
    r"""
    \b[A-Z]{1,3}-?\d[\w-]*            # numbers and codes: TS-2026-0001, DL-10, F-06, P09
    | [\w.+-]+@[\w.-]+                # e-mail
    | \b\d+\s?(?:MB|kg|km|mm)\b
    | \.(?:jpg|png)\b                 # names of files
    | \b(?:English|Ctrl|Alt|Tab|Esc|Enter|Excel|PDF|HTTP|HTTPS|IP|JPEG|JPG|PNG|HEIC|WEBP|WebP|TOTP|SMTP|STARTTLS|CSV|ISO|SQLite|Valkey)\b
    | \bPostgreSQL\b | \bRedis\b | \bChromium\b | \bChrome\b | \bWindows\b | \bLinux\b
    | https?://\S+ | \b[0-9a-f]{12,}\b | “portal\ \w+” | \bfront_desk\b
    | \.?xlsx?\b | \.?docx?\b | \bsha256\b
    """,
    re.VERBOSE,
)


class Reading(HTMLParser):
    """What a person reads or hears on a page, and where its links lead. `code` and `kbd` hold names, not words."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[str] = []
        self._unseen = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in UNSEEN | {"code", "kbd"} and not (tag == "title" and self._unseen):
            self._unseen += 1
        self.words += [given[name] for name in READ_ALOUD if name in given]
        if tag == "a" and "href" in given and "download" not in given:
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN | {"code", "kbd"}:
            self._unseen = max(0, self._unseen - 1)

    def handle_data(self, data: str) -> None:
        if not self._unseen and data.strip():
            self.words.append(data.strip())


@pytest.fixture(scope="module")
def portal(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Clock]]:
    home = tmp_path_factory.mktemp("crawl")
    databases.copy_sqlite(demo_template, home)
    moved = Clock(home / "clock")
    moved.set(story.NOW)
    portal_clock.use_test_clock(moved.path)
    app = create_app(story.config(home))
    with app.app_context(), i18n.use_locale(i18n.DEFAULT):
        yield app, moved
        db.session.remove()
        db.engine.dispose()
    portal_clock.use_test_clock(None)


def sign_in(app: Flask, role: Role, moved: Clock) -> tuple[Client, set[str]]:
    """A browser of the demo person with this role, and the Latin names that are no English words."""
    user = session().scalars(select(User).where(User.role == role.value).order_by(User.id)).first()
    assert user is not None
    names = set(session().scalars(select(User.username)))
    with transaction() as writing:
        token = sessions.begin(writing, user, at=moved.now(), address="127.0.0.1", device="Chrome", second_factor=True)
    return Client(app, user, token), names


def shape(path: str) -> str:
    """What pages of one kind have in common: the path without numbers, the names of the query."""
    parts = urlsplit(path)
    named = ",".join(sorted(piece.split("=")[0] for piece in parts.query.split("&") if piece))
    return re.sub(r"[A-Z]{2}-\d{4}-\d+|\b\d+\b", "*", parts.path) + "?" + named


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_every_page_of(role: Role, portal: tuple[Flask, Clock]) -> None:
    app, moved = portal
    client, names = sign_in(app, role, moved)
    waiting, seen, kinds = deque(["/"]), {"/"}, dict[str, int]()
    wrong: list[str] = []
    pages = 0
    while waiting and pages < PAGES_PER_ROLE:
        path = waiting.popleft()
        answer = client.get(path, check=False)
        pages += 1
        if answer.status_code >= 400:
            wrong.append(f"{path}: {answer.status}")
            continue
        if 300 <= answer.status_code < 400:
            reading = Reading(f'<a href="{answer.headers["Location"]}"></a>')
        elif answer.mimetype == "text/html":
            reading = Reading(answer.text)
            for words in reading.words:
                left = MEANT.sub(" ", words)
                english = [word for word in IN_ENGLISH.findall(left) if word not in names]
                if english:
                    wrong.append(f"{path}: {words[:120]!r}")
        else:
            continue
        for link in reading.links:
            target = urldefrag(urljoin(path, link))[0]
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or target in seen or parts.path.startswith("/static/"):
                continue
            kind = shape(target)
            if kinds.get(kind, 0) < OF_A_KIND:
                kinds[kind] = kinds.get(kind, 0) + 1
                seen.add(target)
                waiting.append(target)
    assert pages > 20
    assert not wrong, f"{len(wrong)} on {pages} pages:\n" + "\n".join(sorted(set(wrong))[:60])
