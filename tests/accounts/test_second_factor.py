"""The second factor: set up, given, used up, lost, demanded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import transaction
from portal.models.account import RecoveryCode, UserSession
from portal.models.event import Event
from portal.models.org import User
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.services import accounts, second_factor
from tests.client import Client
from tests.factories import PASSWORD, Make

SignIn = Callable[..., Client]


@pytest.fixture
def equipped(make: Make, clock: Any) -> tuple[User, pyotp.TOTP, list[str]]:
    """A person with a second factor, the app of the phone, and the recovery codes."""
    user = make.user(Role.SPECIALIST, username="zhou")
    app = pyotp.TOTP(second_factor.new_secret())
    with transaction() as session:
        person = accounts.get(session, user.id)
        codes = second_factor.confirm(session, person, app.secret, app.at(clock.now()), at=clock.now())
    clock.advance(seconds=30)
    return user, app, codes


def give_password(client: Client) -> Any:
    return client.post("/account/sign-in", {"username": "zhou", "password": PASSWORD}, status=303)


def test_set_up_with_the_picture_and_a_first_code(sign_in: SignIn, make: Make, session: Session, clock: Any) -> None:
    user = make.user(Role.SPECIALIST)
    client, elsewhere = sign_in(user), sign_in(user)
    shown = client.get("/account/second-factor", status=200).text
    assert 'src="data:image/svg+xml;base64,' in shown
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", shown)
    assert secret
    app = pyotp.TOTP(secret[1].replace(" ", ""))
    client.post("/account/second-factor", {"code": "000000"}, status=422)
    assert user.totp_confirmed_at is None
    answer = client.post("/account/second-factor", {"code": app.at(clock.now())}, status=200)
    codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", answer.text)
    assert len(set(codes)) == 10
    kept = session.scalars(select(RecoveryCode.code_hash)).all()
    assert len(kept) == 10
    assert not any(code in kept for code in codes)
    assert user.totp_secret == app.secret
    assert client.get("/account/").status_code == 200  # with a new session
    assert elsewhere.get("/account/").status_code == 303
    assert codes[0] not in client.get("/account/recovery-codes", status=200).text


def test_a_first_code_cannot_be_used_again_to_sign_in(equipped: Any, visitor: Client, clock: Any) -> None:
    _user, app, _codes = equipped
    clock.advance(seconds=-30)
    give_password(visitor)
    visitor.post("/account/code", {"code": app.at(clock.now())}, status=422)


def test_the_password_alone_opens_nothing(equipped: Any, visitor: Client, session: Session) -> None:
    assert give_password(visitor).location == "/account/code?next=/"
    for path in ("/account/", "/account/password", "/account/second-factor"):
        assert visitor.get(path, status=303).location.startswith("/account/code")
    visitor.post("/account/password", {"present": PASSWORD}, status=303)
    actions = [event.action for event in session.scalars(select(Event))]
    assert "SIGNED_IN" not in actions


def test_password_and_code_open_the_page_asked_for(
    equipped: Any, visitor: Client, session: Session, clock: Any
) -> None:
    _user, app, _codes = equipped
    give_password(visitor)
    with visitor.browser.session_transaction() as cookie:
        half_way = cookie["token"]
    answer = visitor.post("/account/code", {"code": app.at(clock.now()), "next": "/account/"}, status=303)
    assert answer.location == "/account/"
    visitor.get("/account/", status=200)
    with visitor.browser.session_transaction() as cookie:
        assert cookie["token"] != half_way
    assert set(session.scalars(select(UserSession.end_reason))) == {"REPLACED", None}


def test_a_code_works_once(app: Flask, equipped: Any, visitor: Client, clock: Any) -> None:
    _user, phone, _codes = equipped
    give_password(visitor)
    code = phone.at(clock.now())
    visitor.post("/account/code", {"code": code}, status=303)
    thief = Client(app)
    give_password(thief)
    thief.post("/account/code", {"code": code}, status=422)
    clock.advance(seconds=30)
    thief.post("/account/code", {"code": code}, status=422)  # still in the window, but used


@pytest.mark.parametrize(("seconds", "status"), [(-30, 303), (0, 303), (30, 303), (-90, 422), (90, 422)])
def test_clocks_may_differ_a_little(equipped: Any, visitor: Client, clock: Any, seconds: int, status: int) -> None:
    _user, phone, _codes = equipped
    clock.advance(minutes=5)
    give_password(visitor)
    code = phone.at(int(clock.now().timestamp()) + seconds)
    visitor.post("/account/code", {"code": f"{code[:3]} {code[3:]}"}, status=status)


def test_recovery_codes_work_once_each(app: Flask, equipped: Any, visitor: Client, session: Session) -> None:
    user, _phone, codes = equipped
    give_password(visitor)
    visitor.post("/account/code", {"code": codes[3].upper()}, status=303)
    assert second_factor.codes_left(session, user) == 9
    second = Client(app)
    give_password(second)
    second.post("/account/code", {"code": codes[3]}, status=422)
    second.post("/account/code", {"code": codes[4].replace("-", "")}, status=303)


def test_codes_of_others_are_worth_nothing(equipped: Any, make: Make, visitor: Client, clock: Any) -> None:
    other = make.user(Role.SPECIALIST)
    with transaction() as session:
        phone = pyotp.TOTP(second_factor.new_secret())
        person = accounts.get(session, other.id)
        codes = second_factor.confirm(session, person, phone.secret, phone.at(clock.now()), at=clock.now())
    give_password(visitor)
    visitor.post("/account/code", {"code": codes[0]}, status=422)
    visitor.post("/account/code", {"code": phone.at(clock.now())}, status=422)


def test_ten_wrong_codes_are_enough(equipped: Any, visitor: Client, clock: Any) -> None:
    _user, phone, _codes = equipped
    give_password(visitor)
    for number in range(10):
        visitor.post("/account/code", {"code": f"{number:06d}"}, status=422)
    visitor.post("/account/code", {"code": phone.at(clock.now())}, status=429)


def test_the_second_step_waits_ten_minutes(equipped: Any, visitor: Client, clock: Any) -> None:
    _user, phone, _codes = equipped
    give_password(visitor)
    clock.advance(minutes=10)
    assert visitor.post("/account/code", {"code": phone.at(clock.now())}, status=303).location == "/account/sign-in"


def test_sign_in_as_somebody_else(equipped: Any, visitor: Client) -> None:
    give_password(visitor)
    visitor.post("/account/sign-out", status=303)
    assert visitor.get("/account/code", status=303).location == "/account/sign-in"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "٠١٢٣٤٥", "x" * 30])
def test_what_is_no_code(equipped: Any, visitor: Client, code: str) -> None:
    give_password(visitor)
    visitor.post("/account/code", {"code": code}, status=422)


def test_new_recovery_codes_make_the_old_ones_worthless(
    sign_in: SignIn, equipped: Any, session: Session, clock: Any
) -> None:
    user, phone, codes = equipped
    client = sign_in(user)
    client.post("/account/recovery-codes", {"code": "000000"}, status=422)
    answer = client.post("/account/recovery-codes", {"code": phone.at(clock.now())}, status=200)
    fresh = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", answer.text)
    assert len(fresh) == 10
    with transaction() as writing:
        person = accounts.get(writing, user.id)
        assert not second_factor.check(writing, person, codes[0], at=clock.now())
        assert second_factor.check(writing, person, fresh[0], at=clock.now())


def test_the_manager_demands_it_of_a_role(sign_in: SignIn, make: Make, clock: Any) -> None:
    with transaction() as writing:
        writing.add(SettingValue(key="second_factor_roles", value=["SPECIALIST"], updated_at=clock.now()))
    client = sign_in(Role.SPECIALIST)
    assert client.get("/account/", status=303).location == "/account/second-factor"
    client.post("/account/sessions/end-others", status=303)
    shown = client.get("/account/second-factor", status=200).text
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", shown)
    assert secret
    client.post("/account/second-factor", {"code": pyotp.TOTP(secret[1].replace(" ", "")).at(clock.now())}, status=200)
    client.get("/account/", status=200)
    sign_in(Role.REVIEWER).get("/account/", status=200)


def test_the_manager_resets_it(sign_in: SignIn, equipped: Any, visitor: Client, session: Session) -> None:
    user, _phone, _codes = equipped
    theirs = sign_in(user)
    sign_in(Role.MANAGER).post(f"/records/users/{user.username}/second-factor/reset", status=303)
    assert theirs.get("/account/", status=303)
    assert user.totp_secret is None
    assert give_password(visitor).location == "/"
    assert "SECOND_FACTOR_RESET" in [event.action for event in session.scalars(select(Event))]


def test_the_secret_is_in_no_event(equipped: Any, session: Session) -> None:
    user, _phone, codes = equipped
    said = " ".join(str(event.data) for event in session.scalars(select(Event)))
    assert user.totp_secret not in said
    assert not any(code in said for code in codes)
