"""Passwords: what is taken, and how they are kept."""

from __future__ import annotations

import threading
import time

import pytest
from argon2 import PasswordHasher

from portal import passwords
from tests.factories import PASSWORD, PASSWORD_HASH


@pytest.mark.parametrize(
    "password", ["correct horse battery", "青花瓷与四十二只茶壶放在窗台上", "xkq7-m2pd-9wht-3fbn", "Wo!zai#8lou^chifan"]
)
def test_passwords_that_are_taken(password: str) -> None:
    assert passwords.problem(password, "li.min", "李敏", "示例装饰工程有限公司") is None


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "a" * 129,
        "aaaaaaaaaaaa",
        "abababababab",
        "123456789012",
        "password1234",
        "Passw0rd2026!",
        "1qaz2wsx3edc4rfv",
        "woaini5201314",
        "li.min20260511",
        "li.min.li.min",
        "specialist2026",
        "示例装饰工程有限公司2026",
        "ｐａｓｓｗｏｒｄ１２３４",
        "19900101199001",
    ],
)
def test_passwords_that_are_easy_to_guess(password: str) -> None:
    assert passwords.problem(password, "li.min", "李敏", "示例装饰工程有限公司") is not None


def test_one_time_passwords_are_good_and_differ() -> None:
    made = {passwords.one_time() for _ in range(50)}
    assert len(made) == 50
    assert all(passwords.problem(password) is None for password in made)


def test_a_hash_is_argon2id_with_the_agreed_parameters() -> None:
    made = passwords.make_hash("correct horse battery")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(made, "correct horse battery")
    assert not passwords.matches(made, "correct horse batterz")
    assert not passwords.is_outdated(made)
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x"))
    assert passwords.matches(PASSWORD_HASH, PASSWORD)


def test_the_same_letters_are_the_same_password() -> None:
    made = passwords.make_hash("Andre\u0301 Andre\u0301 Andre\u0301")
    assert passwords.matches(made, "André André André")


def test_broken_hashes_match_nothing() -> None:
    assert not passwords.matches("", "x")
    assert not passwords.matches("plain", "plain")
    assert passwords.is_outdated("plain")


def test_at_most_two_hashes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Slow:
        def verify(self, _hash: str, _password: str) -> bool:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.matches, args=("h", "p")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_who_waits_too_long_is_told_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(passwords, "_turns", threading.BoundedSemaphore(1))
    with passwords._turn(), pytest.raises(passwords.Busy) as refusal:
        passwords.matches(PASSWORD_HASH, PASSWORD)
    assert refusal.value.status == 503
