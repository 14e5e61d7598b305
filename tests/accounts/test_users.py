"""Users: what the manager does to accounts, and what nobody may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import transaction
from portal.errors import DomainError, Invalid, Stale
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.permissions import Role
from portal.services import accounts
from portal.services.accounts import Details
from tests.client import Client
from tests.factories import PASSWORD, Make

SignIn = Callable[..., Client]
GOOD = "窗台上 seven 只麻雀"


def new_form(**fields: str) -> dict[str, str]:
    return {"username": "li.min", "name": "李敏", "role": "FRONT_DESK", "branch_id": "", **fields}


def last_event(session: Session) -> Event:
    return session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()


def test_a_new_user_signs_in_with_the_password_shown_once(
    sign_in: SignIn, visitor: Client, session: Session, make: Make
) -> None:
    branch = make.branch()
    manager = sign_in(Role.MANAGER)
    answer = manager.post(
        "/records/users/new",
        new_form(
            username="Li.Min",
            branch_id=str(branch.id),
            phone="0571-88123456 转 3",
            email="li@example.com",
            is_on_duty="y",
        ),
        status=200,
    )
    password = re.findall(r"<code>([^<]+)</code>", answer.text)[1]
    user = accounts.named(session, "LI.MIN")
    assert user is not None
    assert (user.username, user.role, user.branch_id) == ("li.min", "FRONT_DESK", branch.id)
    assert (user.phone, user.is_on_duty, user.must_change_password) == ("0571-88123456转3", True, True)
    event = last_event(session)
    assert (event.kind, event.action, event.record_kind, event.record_id) == (
        EventKind.ACCOUNT,
        "CREATED",
        "users",
        user.id,
    )
    assert event.data["changes"]["role"] == [None, "FRONT_DESK"]
    assert password not in str(event.data)
    assert "password" not in str(event.data)
    visitor.post("/account/sign-in", {"username": "li.min", "password": password}, status=303)
    assert visitor.get("/account/", status=303).location == "/account/password"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "李敏"),
        ("username", "a"),
        ("username", "li min"),
        ("username", "x" * 51),
        ("name", ""),
        ("name", "王" * 51),
        ("role", "ADMIN"),
        ("role", ""),
        ("branch_id", "999"),
        ("email", "a@b"),
        ("phone", "123"),
        ("extension", "1" * 11),
    ],
)
def test_what_cannot_be_taken_stands_at_its_field(sign_in: SignIn, session: Session, field: str, value: str) -> None:
    manager = sign_in(Role.MANAGER)
    answer = manager.post("/records/users/new", new_form(**{field: value}), status=422)
    assert f'id="{field}-under"><span class="error"' in answer.text
    assert accounts.named(session, "li.min") is None


def test_a_name_is_taken_in_any_case(sign_in: SignIn, make: Make) -> None:
    make.user(username="li.min")
    answer = sign_in(Role.MANAGER).post("/records/users/new", new_form(username="LI.MIN"), status=422)
    assert "该账号已存在" in answer.text


def test_changes_are_an_event_with_old_and_new(sign_in: SignIn, make: Make, session: Session) -> None:
    user = make.user(Role.FRONT_DESK, name="李敏")
    manager = sign_in(Role.MANAGER)
    data = {"name": "李敏", "role": "SPECIALIST", "branch_id": "", "group_name": "一组", "version": str(user.version)}
    manager.post(f"/records/users/{user.username}", data, status=303)
    assert user.role == "SPECIALIST"
    event = last_event(session)
    assert event.action == "CHANGED"
    assert event.data["changes"] == {"role": ["FRONT_DESK", "SPECIALIST"], "group_name": [None, "一组"]}
    assert event.actor_id == manager.user.id if manager.user else False


def test_a_stale_form_changes_nothing_and_keeps_what_was_typed(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.FRONT_DESK, name="李敏")
    manager = sign_in(Role.MANAGER)
    data = {"name": "李小敏", "role": "FRONT_DESK", "branch_id": "", "version": str(user.version)}
    with transaction():
        user.extension = "8001"
    answer = manager.post(f"/records/users/{user.username}", data, status=409)
    assert "李小敏" in answer.text
    assert user.name == "李敏"
    manager.post(f"/records/users/{user.username}", {**data, "version": "x"}, status=409)
    manager.post(
        f"/records/users/{user.username}", {key: value for key, value in data.items() if key != "version"}, status=409
    )


@pytest.mark.parametrize(
    "extra", ["id", "password_hash", "disabled_at", "totp_secret", "must_change_password", "username", "created_at"]
)
def test_no_other_field_can_be_set(sign_in: SignIn, make: Make, extra: str) -> None:
    user = make.user(Role.FRONT_DESK)
    before = user.password_hash
    data = {"name": "李敏", "role": "FRONT_DESK", "version": str(user.version), extra: "x"}
    sign_in(Role.MANAGER).post(f"/records/users/{user.username}", data, status=400)
    assert user.password_hash == before


def test_nobody_changes_the_own_role(sign_in: SignIn, make: Make) -> None:
    make.user(Role.MANAGER)
    me = make.user(Role.MANAGER)
    data = {"name": "陈", "role": "SPECIALIST", "version": str(me.version)}
    answer = sign_in(me).post(f"/records/users/{me.username}", data, status=422)
    assert "不能修改自己的岗位" in answer.text
    assert me.role == "MANAGER"


def test_nobody_disables_the_own_account(sign_in: SignIn, make: Make) -> None:
    make.user(Role.MANAGER)
    me = make.user(Role.MANAGER)
    client = sign_in(me)
    client.post(f"/records/users/{me.username}/disable", status=303)
    assert me.disabled_at is None
    assert "不能停用自己的账号" in client.get(f"/records/users/{me.username}").text


def test_there_is_always_a_manager(make: Make, clock: Any, session: Session) -> None:
    last, other = make.user(Role.MANAGER), make.user(Role.MANAGER, disabled_at=clock.now())
    details = Details(name="陈丽华", role=Role.SPECIALIST)
    with pytest.raises(DomainError, match="最后一位"), transaction() as writing:
        accounts.disable(writing, accounts.get(writing, last.id), actor=None, at=clock.now())
    with pytest.raises(Invalid), transaction() as writing:
        accounts.change(writing, accounts.get(writing, last.id), details, actor=None, at=clock.now())
    with transaction() as writing:
        accounts.enable(writing, accounts.get(writing, other.id), actor=None, at=clock.now())
    with transaction() as writing:
        accounts.disable(writing, accounts.get(writing, last.id), actor=None, at=clock.now())
    assert last.disabled_at is not None
    with pytest.raises(DomainError), transaction() as writing:
        accounts.disable(writing, accounts.get(writing, other.id), actor=None, at=clock.now())


def test_disable_and_enable(sign_in: SignIn, make: Make, session: Session) -> None:
    user = make.user(Role.SPECIALIST)
    theirs, manager = sign_in(user), sign_in(Role.MANAGER)
    theirs.get("/account/", status=200)
    manager.post(f"/records/users/{user.username}/disable", status=303)
    theirs.get("/account/", status=303)
    manager.post(f"/records/users/{user.username}/disable", status=303)
    manager.post(f"/records/users/{user.username}/enable", status=303)
    assert user.disabled_at is None
    actions = session.scalars(select(Event.action).where(Event.record_id == user.id).order_by(Event.id)).all()
    assert actions == ["DISABLED", "ENABLED"]


def test_a_one_time_password_of_the_manager(sign_in: SignIn, visitor: Client, make: Make) -> None:
    user = make.user(Role.SPECIALIST, username="zhou")
    theirs, manager = sign_in(user), sign_in(Role.MANAGER)
    answer = manager.post(f"/records/users/{user.username}/password", status=200)
    password = re.findall(r"<code>([^<]+)</code>", answer.text)[1]
    theirs.get("/account/", status=303)
    visitor.post("/account/sign-in", {"username": "zhou", "password": PASSWORD}, status=422)
    visitor.post("/account/sign-in", {"username": "zhou", "password": password}, status=303)
    own = manager.user
    assert own is not None
    before = own.password_hash
    manager.post(f"/records/users/{own.username}/password", status=303)
    assert own.password_hash == before


def test_only_the_manager_sees_users(sign_in: SignIn, make: Make) -> None:
    user = make.user(Role.SPECIALIST)
    paths = ["/records/users", "/records/users/new", f"/records/users/{user.username}"]
    steps = [
        f"/records/users/{user.username}/{step}" for step in ("disable", "enable", "password", "second-factor/reset")
    ]
    for role in set(Role) - {Role.MANAGER}:
        client = sign_in(role)
        for path in paths:
            client.get(path, status=403)
        for path in steps:
            client.post(path, status=403)
    assert user.disabled_at is None
    sign_in(Role.MANAGER).get("/records/users/nobody", status=404)


def test_the_list_shows_everybody_and_no_secret(
    sign_in: SignIn, make: Make, queries: Callable[[], Any], clock: Any
) -> None:
    people = [make.user(role) for role in Role for _ in range(4)]
    make.user(Role.SPECIALIST, name="离职者", disabled_at=clock.now())
    manager = sign_in(Role.MANAGER)
    with queries() as seen:
        text = manager.get("/records/users", status=200).text
    assert len(seen) <= 15
    assert all(person.name in text for person in people)
    assert "离职者" not in text and "离职者" in manager.get("/records/users?filter=closed", status=200).text
    assert "argon2" not in text


def test_old_addresses_lead_to_the_list_and_the_page(sign_in: SignIn, make: Make) -> None:
    user, manager = make.user(Role.SPECIALIST), sign_in(Role.MANAGER)
    expected = {"": "/records/users", "/new": "/records/users/new", f"/{user.id}": f"/records/users/{user.username}"}
    for old, new in expected.items():
        assert manager.get(f"/manager/users{old}", status=303).location == new
    manager.get("/manager/users/999999", status=404)


def test_a_manager_of_one_branch_finds_its_people_only(sign_in: SignIn, make: Make) -> None:
    own, other = make.branch(), make.branch()
    near, far = make.user(Role.SPECIALIST, branch_id=own.id), make.user(Role.SPECIALIST, branch_id=other.id)
    manager = sign_in(Role.MANAGER, branch_id=own.id)
    text = manager.get("/records/users", status=200).text
    assert near.username in text and far.username not in text
    manager.get(f"/records/users/{far.username}", status=404)
    manager.post(f"/records/users/{far.username}/disable", status=404)
    assert far.disabled_at is None


# Services for the command line


def test_add_user_and_password_from_the_command_line(make: Make, clock: Any, session: Session) -> None:
    with transaction() as writing:
        user = accounts.add_user(
            writing,
            username=" Root.User ",
            details=Details(name="管理员", role=Role.MANAGER),
            password=GOOD,
            actor=None,
            at=clock.now(),
            must_change=False,
        )
    assert user.username == "root.user"
    assert last_event(session).actor_id is None
    with pytest.raises(Invalid) as refusal, transaction() as writing:
        accounts.set_password(writing, accounts.get(writing, user.id), "root.user2026", actor=None, at=clock.now())
    assert set(refusal.value.fields) == {"password"}
    with transaction() as writing:
        accounts.set_password(writing, accounts.get(writing, user.id), GOOD + "!", actor=None, at=clock.now())
    assert user.must_change_password


def test_demo_people_may_have_the_demo_password(make: Make, clock: Any, session: Session) -> None:
    details = Details(name="李敏", role=Role.FRONT_DESK)
    given = {"username": "front_desk", "details": details, "password": "demo", "actor": None, "at": clock.now()}
    with pytest.raises(Invalid), transaction() as writing:
        accounts.add_user(writing, **given)
    with transaction() as writing:
        accounts.add_user(writing, **given, may_be_weak=True, must_change=False)
    assert session.scalars(select(User.username)).one() == "front_desk"


def test_a_version_of_the_past_is_stale(make: Make, clock: Any) -> None:
    user = make.user(Role.SPECIALIST)
    with pytest.raises(Stale), transaction() as writing:
        details = Details(name="x", role=Role.SPECIALIST)
        accounts.change(writing, accounts.get(writing, user.id), details, actor=None, at=clock.now(), version=99)
