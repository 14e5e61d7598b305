"""Coming in with name and password, and what guessers meet."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import passwords
from portal.app import create_app
from portal.config import Config
from portal.errors import DomainError
from portal.models.account import LoginAttempt, UserSession
from portal.models.event import Event
from portal.permissions import Role
from portal.services import sign_in as entrance
from tests.client import Client
from tests.factories import PASSWORD, Make

SIGN_IN = "/account/sign-in"


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that reached the hash, in order."""
    seen: list[str] = []
    real = passwords.matches

    def watched(password_hash: str, password: str) -> bool:
        seen.append(password)
        return real(password_hash, password) if password == PASSWORD else False

    monkeypatch.setattr(passwords, "matches", watched)
    return seen


def enter(client: Client, username: str, password: str = PASSWORD, **options: Any) -> Any:
    return client.post(SIGN_IN, {"username": username, "password": password}, **options)


def test_the_right_password_opens_a_session(visitor: Client, make: Make, session: Session) -> None:
    user = make.user(Role.SPECIALIST, username="zhou")
    answer = enter(visitor, "zhou", status=303)
    assert answer.location == "/"
    row = session.scalars(select(UserSession)).one()
    assert row.user_id == user.id
    with visitor.browser.session_transaction() as cookie:
        assert hashlib.sha256(cookie["token"].encode()).hexdigest() == row.token_hash
    assert visitor.get("/account/").status_code == 200
    assert [event.action for event in session.scalars(select(Event))] == ["SIGNED_IN"]


@pytest.mark.parametrize("typed", ["ZHOU", " Zhou ", "zhou\u200b", "zhoU"])
def test_the_name_may_be_written_in_any_case(visitor: Client, make: Make, typed: str) -> None:
    make.user(username="zhou")
    enter(visitor, typed, status=303)


def test_unknown_wrong_and_disabled_look_the_same(visitor: Client, make: Make, clock: Any, hashes: list[str]) -> None:
    make.user(username="known")
    make.user(username="closed", disabled_at=clock.now())
    bodies = []
    for username, password in (("nobody", PASSWORD), ("known", "wrong"), ("closed", PASSWORD)):
        answer = enter(visitor, username, password, status=422)
        bodies.append(re.sub(r"[\w.-]{60,}", "token", answer.text.replace(username, "")))
        assert "账号或密码不正确" in answer.text
    assert len(set(bodies)) == 1
    assert len(hashes) == 3  # each of them costs the time of a hash


def test_ten_wrong_tries_and_the_hash_is_not_touched_any_more(
    visitor: Client, make: Make, clock: Any, hashes: list[str]
) -> None:
    make.user(username="zhou")
    for _ in range(10):
        enter(visitor, "zhou", "wrong", status=422)
    answer = enter(visitor, "Zhou", PASSWORD, status=429)
    assert "15 分钟后再试" in answer.text
    assert len(hashes) == 10
    clock.advance(minutes=15, seconds=1)
    enter(visitor, "zhou", status=303)


def test_many_tries_at_once_do_not_slip_through(app: Flask, make: Make, clock: Any, hashes: list[str]) -> None:
    make.user(username="zhou")
    answers: list[str] = []

    def guess() -> None:
        with app.app_context():
            try:
                entrance.with_password("zhou", "wrong", entrance.Browser("10.0.0.9", "x"), at=clock.now())
            except DomainError as refusal:
                answers.append(type(refusal).__name__)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["Refused"] * 10 + ["TooMany"] * 20
    assert len(hashes) == 10


def test_a_guesser_cannot_keep_the_owner_out(app: Flask, visitor: Client, make: Make, hashes: list[str]) -> None:
    make.user(username="zhou")
    owner = Client(app)
    enter(owner, "zhou", status=303)
    owner.post("/account/sign-out", status=303)
    for _ in range(12):
        enter(visitor, "zhou", "wrong")
    enter(visitor, "zhou", status=429)
    enter(owner, "zhou", status=303)


def test_a_known_browser_has_a_quota_too(app: Flask, make: Make, hashes: list[str]) -> None:
    make.user(username="zhou")
    thief = Client(app)
    enter(thief, "zhou", status=303)
    thief.post("/account/sign-out", status=303)
    del hashes[:]
    for _ in range(10):
        enter(thief, "zhou", "wrong", status=422)
    enter(thief, "zhou", status=429)
    assert len(hashes) == 10


def test_a_device_cookie_cannot_be_made_up(app: Flask, visitor: Client, make: Make, hashes: list[str]) -> None:
    make.user(username="zhou")
    for number in range(11):
        visitor.browser.set_cookie("device", f"WyJhYiIsWyI{number}Il1d.forged", path="/account")
        answer = enter(visitor, "zhou", "wrong")
    assert answer.status_code == 429


def test_one_address_may_not_try_one_password_on_everybody(visitor: Client, hashes: list[str]) -> None:
    statuses = [enter(visitor, f"name{number}", "Summer2026!!").status_code for number in range(62)]
    assert statuses == [422] * 60 + [429] * 2
    assert len(hashes) == 60


def test_forwarded_addresses_are_not_believed(visitor: Client, session: Session, hashes: list[str]) -> None:
    for number in range(3):
        enter(visitor, f"name{number}", "wrong", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    assert set(session.scalars(select(LoginAttempt.address))) == {"127.0.0.1"}


def test_the_address_behind_a_trusted_proxy(config: Config, clock: Any) -> None:
    app = create_app(replace(config, trusted_proxies=1))
    with app.test_client() as browser:
        browser.get(SIGN_IN, headers={"X-Forwarded-For": "203.0.113.7, 198.51.100.2"})
        from flask import request

        assert request.remote_addr == "198.51.100.2"
    with app.app_context():
        from portal.db import db

        db.engine.dispose()


def test_a_weak_hash_is_renewed(visitor: Client, make: Make) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    user = make.user(username="zhou", password_hash=old)
    enter(visitor, "zhou", status=303)
    assert user.password_hash != old
    assert not passwords.is_outdated(user.password_hash)


def test_signing_in_changes_the_cookie(visitor: Client, make: Make) -> None:
    make.user(username="zhou")
    with visitor.browser.session_transaction() as cookie:
        cookie["token"] = "planted"
        cookie["left-behind"] = "yes"
        token_before = cookie["csrf_token"] = "planted"
    enter(visitor, "zhou", status=303)
    with visitor.browser.session_transaction() as cookie:
        assert cookie["token"] != "planted"
        assert "left-behind" not in cookie
        assert cookie.get("csrf_token") != token_before


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/records/complaints?view=kanban", "/records/complaints?view=kanban"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_back_to_the_page_that_was_asked_for(visitor: Client, make: Make, asked: str, led_to: str) -> None:
    make.user(username="zhou")
    answer = visitor.post(SIGN_IN, {"username": "zhou", "password": PASSWORD, "next": asked}, status=303)
    assert answer.location == led_to


def test_missing_words_are_asked_for_at_their_fields(visitor: Client) -> None:
    answer = visitor.post(SIGN_IN, {}, status=422)
    assert "请填写账号" in answer.text.replace(" ", "")
    assert "请填写密码" in answer.text.replace(" ", "")


def test_demo_buttons_exist_in_the_demo_only(visitor: Client, make: Make) -> None:
    make.user(Role.MANAGER, username="manager")
    assert "demo-sign-in" not in visitor.get(SIGN_IN).text
    visitor.post("/account/demo-sign-in", {"username": "manager"}, status=404)


def test_a_demo_button_signs_in(app: Flask, config: Config, make: Make, visitor: Client) -> None:
    make.user(Role.MANAGER, username="manager", name="陈丽华")
    make.user(Role.SPECIALIST, username="zhou")
    app.config["PORTAL"] = replace(config, env="demo")
    page = visitor.page(SIGN_IN)
    assert "陈丽华" in "".join(page.text)
    visitor.post("/account/demo-sign-in", {"username": "zhou"}, status=404)
    assert visitor.post("/account/demo-sign-in", {"username": "manager"}, status=303).location == "/"
    assert visitor.get("/account/").status_code == 200


def test_whoever_is_in_is_led_on(sign_in: Callable[..., Client]) -> None:
    assert sign_in(Role.REVIEWER).get(SIGN_IN, query={"next": "/account/"}, status=303).location == "/account/"
