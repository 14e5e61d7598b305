"""What stands before every view and behind every answer."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models.event import Event
from portal.models.org import User
from portal.permissions import Role
from tests.client import Client
from tests.factories import Make

SignIn = Callable[..., Client]
OWN = {"name": "周晓雯", "locale": "zh_Hans", "theme": "auto"}


@pytest.fixture
def person(make: Make) -> User:
    return make.user(Role.SPECIALIST, name="原名")


@pytest.fixture
def client(sign_in: SignIn, person: User) -> Client:
    return sign_in(person)


def refused(client: Client, person: User, **options: Any) -> str:
    """A change that must be answered 403 and change nothing; gives the page."""
    answer = client.post("/account/", OWN, status=403, **options)
    assert person.name == "原名"
    return answer.text


def test_our_own_form_is_taken(client: Client, person: User) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    client.post("/account/", OWN, headers=headers, status=303)
    assert person.name == "周晓雯"


def test_without_the_token(client: Client, person: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "portal.security"):
        assert "页面已过期，请刷新后重试" in refused(client, person, token=False)
    assert len([record for record in caplog.records if record.name == "portal.security"]) == 1


def test_tokens_of_others_old_ones_and_forged_ones(client: Client, person: User, sign_in: SignIn) -> None:
    other = sign_in(Role.MANAGER)
    for token in (other.csrf(), "x", "", client.csrf()[:-2] + "xx"):
        refused(client, person, headers={"X-CSRFToken": token}, token=False)
    refused(client, person, query={"csrf_token": client.csrf()}, token=False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "HX-Request": "true"},
    ],
)
def test_from_another_site(
    client: Client, person: User, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "portal.security"):
        assert "请求来自其他网站" in refused(client, person, headers=headers)
    assert len(caplog.records) == 1


def test_content_types_of_simple_requests(client: Client, person: User) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/json"):
        answer = client.open("POST", "/account/", token=False, content_type=kind, data=b"name=x")
        assert answer.status_code == 403
    assert person.name == "原名"


def test_the_sign_in_form_is_protected_too(visitor: Client) -> None:
    visitor.post("/account/sign-in", {"username": "x", "password": "y"}, token=False, status=403)
    visitor.post("/account/sign-in", {"username": "x"}, headers={"Sec-Fetch-Site": "cross-site"}, status=403)
    visitor.post("/account/sign-out", token=False, status=403)


def test_reading_changes_nothing(sign_in: SignIn, session: Session) -> None:
    manager = sign_in(Role.MANAGER)
    before = session.scalar(select(func.count()).select_from(Event))
    for path in ("/account/", "/account/sign-in", "/records/users", "/account/second-factor"):
        manager.get(path)
        manager.open("HEAD", path)
    for path in ("/account/sign-out", "/account/demo-sign-in", "/account/preferences"):
        manager.get(path, status=405)
    assert session.scalar(select(func.count()).select_from(Event)) == before


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE"])
def test_other_methods(client: Client, method: str) -> None:
    client.open(method, "/account/", status=405)
    client.post("/account/", {"name": ""}, headers={"X-HTTP-Method-Override": method}, status=422)


# Text


@pytest.mark.parametrize("value", ["王\x00", "\x1b[31m", "a\x08", "\x7f", "\x9f"])
def test_control_characters_in_a_form(client: Client, person: User, value: str) -> None:
    answer = client.post("/account/", {**OWN, "name": value}, status=400)
    assert "包含无法识别的字符" in answer.text
    client.post("/account/", {**OWN, "name\x00": "x"}, status=400)
    assert person.name == "原名"


@pytest.mark.parametrize("body", [b"name=%FF%FE", b"name=%C0%80", b"name=%ED%A0%80", "name=王".encode("gbk")])
def test_bytes_that_are_no_utf8(client: Client, person: User, body: bytes) -> None:
    answer = client.open("POST", "/account/", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert person.name == "原名"


def test_bytes_that_are_no_utf8_in_parts(client: Client, person: User) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\xfe\r\n--x--\r\n'
    answer = client.open("POST", "/account/", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
    assert person.name == "原名"


@pytest.mark.parametrize("query", ["q=%00", "q=%FF", "%00=1", "q=%1b", "q=%ED%A0%80", "q=%C2%85"])
def test_the_address_holds_text_only(client: Client, query: str) -> None:
    client.open("GET", f"/account/?{query}", status=400)
    client.open("GET", "/account/?q=%E7%8E%8B+%F0%9F%98%80&x=%0a", status=200)


def test_htmx_gets_a_message_and_keeps_the_form(client: Client) -> None:
    answer = client.post("/account/", {**OWN, "name": "\x00"}, htmx=True, status=400)
    assert answer.headers["HX-Retarget"] == "#snacks"


# Host, size


@pytest.mark.parametrize("host", ["evil.example/", "a b", "a@b", "x\\y", "", "host:port", "-bad", "[::g]", "a" * 300])
def test_malformed_hosts(visitor: Client, host: str) -> None:
    answer = visitor.get("/account/sign-in", headers={"Host": host}, check=False)
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["portal.example.cn", "127.0.0.1:8000", "[::1]:8000", "kefu", "portal_intern:80"])
def test_well_formed_hosts(visitor: Client, host: str) -> None:
    visitor.get("/account/sign-in", headers={"Host": host}, status=200)


def test_strangers_may_not_send_much(visitor: Client) -> None:
    visitor.post("/account/sign-in", {"username": "x" * 70_000, "password": "y"}, status=413)


def test_too_many_parts_and_too_long_fields(client: Client) -> None:
    client.post("/account/", {f"f{number}": "x" for number in range(1001)}, status=400)
    part = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + b"x" * 600_000 + b"\r\n--x--\r\n"
    client.open("POST", "/account/", data=part, content_type="multipart/form-data; boundary=x", status=413)
    client.post("/account/", {"name": "x" * 600_000}, status=413)


# Headers


def test_headers_of_every_answer(app: Flask, client: Client, visitor: Client) -> None:
    for answer in (
        client.get("/account/"),
        visitor.get("/account/sign-in"),
        visitor.get("/nothing-here"),
        client.post("/account/", {"name": ""}),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers
        assert "Server" not in answer.headers


def test_https_has_stricter_cookies(visitor: Client) -> None:
    answer = visitor.get("/account/sign-in", base_url="https://localhost", status=200)
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax"))
    assert len(cookie) < 4096
    plain = visitor.get("/account/sign-in", base_url="http://other.local").headers.get("Set-Cookie", "")
    assert "Secure" not in plain


def test_static_files_are_kept_for_good_when_their_address_names_their_content(app: Flask, visitor: Client) -> None:
    with app.test_request_context():
        address = app.jinja_env.globals["static_url"]("css/tokens.css")
    kept = visitor.get(address, status=200)
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in kept.headers
    for old in (address.split("?")[0], address[:-3] + "000"):
        assert visitor.get(old, status=200).headers["Cache-Control"] == "no-cache"
    visitor.get("/static/..%2fpyproject.toml", status=404, check=False)


def test_static_text_is_sent_pressed_to_those_who_can_read_it(visitor: Client) -> None:
    path = "/static/css/portal.css"
    plain = visitor.get(path, status=200)
    pressed = visitor.get(path, headers={"Accept-Encoding": "gzip, br"}, status=200, check=False)
    assert "Content-Encoding" not in plain.headers
    assert pressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(pressed.data) == plain.data
    assert int(pressed.headers["Content-Length"]) == len(pressed.data) < len(plain.data) / 3
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, pressed))
    assert pressed.headers["ETag"] != plain.headers["ETag"]
    part = visitor.get(path, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"}, status=206, check=False)
    assert part.data == plain.data[:10]
    picture = visitor.get(
        "/static/favicon.svg", headers={"Accept-Encoding": "gzip", "If-None-Match": plain.headers["ETag"]}
    )
    assert picture.status_code == 200
    assert "Content-Encoding" not in visitor.get("/static/fonts/README.md", headers={"Accept-Encoding": "gzip"}).headers
