"""The life of a session: it ends when it should, at once, and nothing brings it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import UnmappedInstanceError

from portal.db import transaction
from portal.models.account import UserSession
from portal.models.org import User
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.services import accounts, sessions
from tests.client import Client
from tests.factories import PASSWORD, Make

SignIn = Callable[..., Client]
PAGES = ("/account/", "/account/password", "/account/second-factor", "/records/users", "/records/users/new")


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_a_copied_cookie_is_dead_after_signing_out(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in(Role.MANAGER)
    thief = Client(app, token=manager.token)
    assert is_in(thief)
    answer = manager.post("/account/sign-out", status=303)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    for path in PAGES:
        assert "/account/sign-in" in thief.get(path, status=303).location


def test_a_disabled_person_is_out_with_the_next_request(
    sign_in: SignIn, make: Make, session: Session, clock: Any
) -> None:
    user = make.user(Role.SPECIALIST)
    client = sign_in(user)
    assert is_in(client)
    with transaction() as writing:
        accounts.disable(writing, accounts.get(writing, user.id), actor=None, at=clock.now())
    assert not is_in(client)
    with transaction() as writing:
        accounts.enable(writing, accounts.get(writing, user.id), actor=None, at=clock.now())
    assert not is_in(client)  # the session stays ended


def test_disabled_in_the_database_is_enough(sign_in: SignIn, make: Make, clock: Any) -> None:
    user = make.user(Role.SPECIALIST)
    client = sign_in(user)
    with transaction():
        user.disabled_at = clock.now()
    assert not is_in(client)


def test_a_new_role_counts_from_the_next_request(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.MANAGER)
    client = sign_in(user)
    client.get("/records/users", status=200)
    with transaction():
        user.role = Role.REVIEWER.value
    client.get("/records/users", status=403)


def test_idle_for_too_long(sign_in: SignIn, session: Session, clock: Any) -> None:
    client = sign_in(Role.SPECIALIST)
    clock.advance(minutes=29)
    assert is_in(client)
    clock.advance(minutes=29)
    assert is_in(client)
    clock.advance(minutes=30)
    assert not is_in(client)
    assert session.scalars(select(UserSession.end_reason)).one() == "IDLE"


def test_open_for_too_long(sign_in: SignIn, session: Session, clock: Any) -> None:
    client = sign_in(Role.SPECIALIST)
    for _ in range(23):
        clock.advance(minutes=26)
        assert is_in(client)
    clock.advance(minutes=3)
    assert not is_in(client)
    assert session.scalars(select(UserSession.end_reason)).one() == "EXPIRED"


def test_setting_the_clock_back_revives_nothing(sign_in: SignIn, clock: Any) -> None:
    client = sign_in(Role.SPECIALIST)
    start = clock.now()
    clock.advance(minutes=31)
    assert not is_in(client)
    clock.set(start)
    assert not is_in(client)
    clock.advance(days=-1)
    assert not is_in(client)


def test_the_settings_say_how_long(sign_in: SignIn, session: Session, clock: Any) -> None:
    with transaction() as writing:
        writing.add(SettingValue(key="session_idle_minutes", value=5, updated_at=clock.now()))
    client = sign_in(Role.SPECIALIST)
    clock.advance(minutes=5)
    assert not is_in(client)


def test_what_the_page_asks_by_itself_keeps_nobody_in(app: Flask, sign_in: SignIn, clock: Any) -> None:
    client = sign_in(Role.SPECIALIST)
    app.view_functions["account.own_account"].polled = True  # type: ignore[attr-defined]
    try:
        clock.advance(minutes=20)
        assert is_in(client)
        clock.advance(minutes=20)
        assert not is_in(client)
    finally:
        del app.view_functions["account.own_account"].polled  # type: ignore[attr-defined]


def test_being_there_is_written_once_a_minute(sign_in: SignIn, session: Session, clock: Any) -> None:
    client = sign_in(Role.SPECIALIST)
    began = session.scalars(select(UserSession.seen_at)).one()
    clock.advance(seconds=59)
    assert is_in(client)
    assert session.scalars(select(UserSession.seen_at)).one() == began
    at = clock.advance(seconds=1)
    assert is_in(client)
    assert session.scalars(select(UserSession.seen_at)).one() == at


def test_a_request_asks_once_who_it_is(sign_in: SignIn, queries: Callable[[], Any]) -> None:
    client = sign_in(Role.SPECIALIST)
    with queries() as seen:
        client.get("/account/password", status=200)
    asked = [statement for statement in seen if "user_session" in statement]
    assert len(asked) == 1
    assert len(seen) <= 15


def test_an_unknown_token_is_nobody(app: Flask, visitor: Client) -> None:
    assert not is_in(Client(app, token="x" * 43))
    with visitor.browser.session_transaction() as cookie:
        cookie[sessions.COOKIE_KEY] = ["not", "text"]
    assert not is_in(visitor)


def test_the_present_page_is_remembered(visitor: Client) -> None:
    answer = visitor.get("/account/password?x=1", status=303)
    assert answer.location == "/account/sign-in?next=/account/password?x%3D1"


def test_htmx_moves_the_whole_page(visitor: Client) -> None:
    headers = {"HX-Current-URL": "http://localhost/records/complaints?view=kanban"}
    answer = visitor.get("/account/", htmx=True, headers=headers, status=204)
    assert answer.headers["HX-Redirect"] == "/account/sign-in?next=/records/complaints?view%3Dkanban"
    foreign = visitor.get("/account/", htmx=True, headers={"HX-Current-URL": "http://evil.example/x"}, status=204)
    assert foreign.headers["HX-Redirect"] == "/account/sign-in"


def test_a_form_sent_too_late_leads_back_to_its_page(visitor: Client, session: Session) -> None:
    headers = {"Referer": "http://localhost/account/password"}
    answer = visitor.post("/account/password", {"new": "x"}, headers=headers, status=303)
    assert answer.location == "/account/sign-in?next=/account/password"


def test_own_sessions_are_listed_and_can_be_ended(app: Flask, sign_in: SignIn, make: Make, session: Session) -> None:
    user = make.user(Role.SPECIALIST)
    here, there = sign_in(user), sign_in(user)
    rows = session.scalars(select(UserSession.id).order_by(UserSession.id)).all()
    text = "".join(here.page("/account/").text)
    assert text.count("127.0.0.1") == 2
    assert text.count("本机") == 1
    here.post(f"/account/sessions/{rows[0]}/end", status=404)  # this one is ended by signing out
    here.post(f"/account/sessions/{rows[1]}/end", status=303)
    assert is_in(here)
    assert not is_in(there)


def test_nobody_ends_the_sessions_of_others(sign_in: SignIn, session: Session) -> None:
    sign_in(Role.MANAGER)
    other = sign_in(Role.SPECIALIST)
    first = session.scalars(select(UserSession.id).order_by(UserSession.id)).first()
    other.post(f"/account/sessions/{first}/end", status=404)
    other.post("/account/sessions/999999/end", status=404)


def test_sign_out_everywhere_else(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.SPECIALIST)
    here, there, elsewhere = sign_in(user), sign_in(user), sign_in(user)
    stranger = sign_in(Role.REVIEWER)
    here.post("/account/sessions/end-others", status=303)
    assert is_in(here)
    assert not is_in(there)
    assert not is_in(elsewhere)
    assert is_in(stranger)


def test_a_new_password_ends_the_other_sessions(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.SPECIALIST)
    here, there = sign_in(user), sign_in(user)
    new = "窗台上 seven 只麻雀"
    data = {"present": PASSWORD, "new": new, "again": new}
    here.post("/account/password", {**data, "present": "wrong"}, status=422)
    assert is_in(there)
    here.post("/account/password", data, status=303)
    assert is_in(here)
    assert not is_in(there)
    here.post("/account/password", {**data, "present": PASSWORD}, status=422)


@pytest.mark.parametrize(
    ("new", "again"),
    [("short", "short"), ("password123456", "password123456"), ("窗台上 seven 只麻雀", "other"), (PASSWORD, PASSWORD)],
)
def test_passwords_that_are_not_taken(sign_in: SignIn, make: Make, new: str, again: str) -> None:
    user = make.user(Role.SPECIALIST)
    before = user.password_hash
    sign_in(user).post("/account/password", {"present": PASSWORD, "new": new, "again": again}, status=422)
    assert user.password_hash == before


def test_a_one_time_password_is_changed_first(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.SPECIALIST, must_change_password=True)
    client = sign_in(user)
    assert client.get("/account/", status=303).location == "/account/password"
    assert client.get("/account/", htmx=True, status=204).headers["HX-Redirect"] == "/account/password"
    client.get("/account/password", status=200)
    new = "窗台上 seven 只麻雀"
    client.post("/account/password", {"present": PASSWORD, "new": new, "again": new}, status=303)
    assert is_in(client)


def test_language_and_appearance(sign_in: SignIn, visitor: Client, make: Make) -> None:
    user = make.user(Role.SPECIALIST)
    client = sign_in(user)
    client.post("/account/preferences", {"locale": "en", "theme": "dark", "next": "/account/"}, status=303)
    assert (user.locale, user.theme) == ("en", "dark")
    assert "Where I am signed in" in client.get("/account/").text
    client.post("/account/preferences", {"locale": "xx", "theme": "pink", "next": "//evil.example"}, status=303)
    assert (user.locale, user.theme) == ("en", "dark")
    visitor.post("/account/preferences", {"locale": "zh_Hant", "next": "/account/sign-in"}, status=303)
    assert "密碼" in visitor.get("/account/sign-in").text


def test_own_name(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.SPECIALIST, name="周晓雯")
    client = sign_in(user)
    client.post("/account/", {"name": "周小雯", "locale": "zh_Hans", "theme": "auto"}, status=303)
    assert user.name == "周小雯"
    client.post("/account/", {"name": "周😀", "locale": "zh_Hans", "theme": "auto"}, status=422)
    client.post("/account/", {"name": "周", "locale": "zh_Hans", "theme": "auto", "role": "MANAGER"}, status=400)
    assert (user.name, user.role) == ("周小雯", "SPECIALIST")


def test_who_only_reads_is_a_plain_row_that_no_relationship_takes(sign_in: SignIn, session: Session) -> None:
    """So a page that handed it to one would fail when every link is followed (tests/house/test_language_crawl.py)."""
    client = sign_in(Role.SPECIALIST)
    person: Any
    for kept in ("first", "kept"):
        found = sessions.look(session, client.token or "")
        assert found is not None, kept
        person = found.user
        assert (person.id, person.name, person.role) == (client.user.id, client.user.name, client.user.role)
    with pytest.raises(AttributeError, match="_sa_instance_state"):
        session.scalars(select(UserSession)).one().user = person
    with pytest.raises(UnmappedInstanceError):
        session.add(person)
    session.rollback()


def test_what_is_kept_of_a_person_is_what_the_row_says(sign_in: SignIn, session: Session, make: Make) -> None:
    client = sign_in(Role.SPECIALIST)
    assert is_in(client)
    with transaction():
        session.get_one(User, client.user.id).name = "别名"
    assert "别名" in client.get("/account/").text


def test_a_cookie_that_was_read_once_is_not_read_for_ever(app: Flask, sign_in: SignIn) -> None:
    client = sign_in(Role.SPECIALIST)
    assert is_in(client)
    assert is_in(client)
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=-2)
    try:
        assert not is_in(client)
    finally:
        app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(days=31)


def test_each_session_signs_its_own_secret(app: Flask, sign_in: SignIn, visitor: Client) -> None:
    """The signed token is kept by what it signs: neither a stranger nor another session gets somebody else's."""
    first, second = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    assert is_in(first)  # the first page gives the secret
    assert is_in(second)
    tokens = [re.findall(r'"X-CSRFToken": "([^"]+)"', each.get("/account/").text)[0] for each in (first, first, second)]
    assert tokens[0] == tokens[1] != tokens[2]
    first.post("/account/sign-out", status=303)
    strange = visitor.get("/account/sign-in", status=200)
    assert tokens[0] not in strange.text
    assert "Set-Cookie" in strange.headers
