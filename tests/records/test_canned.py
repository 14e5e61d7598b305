"""Canned texts: kept, shared, filled in from the record, put in with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.errors import NotPermitted
from portal.models.canned import CannedText, Place
from portal.models.event import Event
from portal.permissions import Role
from portal.services import canned
from portal.services.canned import BLANK, Details


@pytest.fixture
def me(sign_in):
    return sign_in(Role.SPECIALIST, name="周敏")


@pytest.fixture
def customer(make, me):
    made = make.customer(name="欧阳志刚", gender_title="MR", owner_id=me.user.id)
    make.property(made, room="1802")
    return made


def form(**fields):
    return {"title": "问候", "text": "您好 {称谓}，我是{专员}", "shared": "ME", **fields}


def add(session, user, **fields):
    with transaction() as writing:
        details = Details(**{"title": "问候", "text": "您好 {称谓}", **fields})
        return canned.add(writing, details, actor=writing.merge(user), at=user.created_at).id


# ---------- Variables ----------


def test_every_variable_is_filled_in(session, customer, me, clock):
    text = "{客户}|{称谓}|{编号}|{地址}|{专员}|{今天}|{我}|{ customer }|{編號}"
    assert canned.fill(text, customer, me.user, clock.now()) == (
        f"欧阳志刚|欧阳先生|{customer.number}|翠湖天地 5 号楼 1 单元 1802|周敏|2026-05-11|周敏|欧阳志刚|{customer.number}"
    )


def test_what_a_record_lacks_is_a_visible_blank_and_never_a_brace(session, make, me, clock):
    bare = make.customer(name="李", gender_title=None, owner_id=None)
    filled = canned.fill(
        "".join(f"{{{name}}}" for each in canned.VARIABLES for name in each.names), bare, me.user, clock.now()
    )
    assert BLANK in filled and not re.search(r"[{}]", filled)
    assert canned.fill("{称谓}", bare, me.user, clock.now()) == BLANK


def test_a_value_is_only_text(session, make, me, clock):
    """A customer called like a variable is not filled in again, and markup stays text."""
    odd = make.customer(name="{编号}<b>&", owner_id=me.user.id)
    assert canned.fill("{客户}", odd, me.user, clock.now()) == "{编号}<b>&"
    add(session, me.user, text="{客户}")
    html = me.get(f"/records/customers/{odd.number}/texts?place=NOTE", status=200).text
    assert "<b>&" not in html and "{编号}&lt;b&gt;&amp;" in html


def test_of_several_homes_none_is_guessed_and_who_may_see_none_is_told_none(
    session, customer, make, me, sign_in, clock
):
    front = sign_in(Role.FRONT_DESK)
    assert canned.fill("{地址}", customer, front.user, clock.now()) == BLANK
    make.property(customer, room="1803")
    session.expire_all()
    assert canned.fill("{地址}", customer, me.user, clock.now()) == BLANK


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"text": "你好 {客户名}"}, "没有变量 {客户名}"),
        ({"text": "{ 你好"}, "花括号不成对"),
        ({"text": "你好}"}, "花括号不成对"),
        ({"text": "{{客户}}"}, "花括号不成对"),
        ({"text": "{}"}, "没有变量"),
        ({"text": ""}, "请填写"),
        ({"title": ""}, "请填写"),
        ({"title": "字" * 41}, "40"),
        ({"text": "字" * 2001}, "2000"),
        ({"shared": "ALL"}, "请重新选择"),
        ({"shared": "MANAGER"}, "请重新选择"),
        ({"kinds": ["customers", "nonsense"]}, ""),
        ({"places": ["EVERYWHERE"]}, ""),
    ],
)
def test_what_cannot_be_taken_is_said_and_kept(me, session, changed, sentence):
    answer = me.post("/account/texts/new", form(**changed), status=422)
    assert sentence in answer.text.replace(" ", "") or sentence in answer.text
    assert 'value="问候"' in answer.text or "title" in changed
    assert session.scalars(select(CannedText)).all() == []


# ---------- Kept and shared ----------


def test_kept_changed_and_deleted(me, session):
    key = "c" * 20
    for _again in range(2):
        me.post("/account/texts/new", form(kinds=["customers"], places=["NOTE"], client_key=key), status=303)
    each = session.scalars(select(CannedText)).one()
    assert (each.kinds, each.places, each.shared) == ("customers", "NOTE", "ME")
    assert "同名" in me.post("/account/texts/new", form(), status=422).text
    path = f"/account/texts/{each.id}"
    assert "问候" in me.get("/account/texts", status=200).text and "checked" in me.get(path, status=200).text
    me.post(path, form(title="再见", version="1"), status=303)
    assert "有人" in me.post(path, form(title="又见", version="1"), status=409).text
    session.rollback()
    assert session.get(CannedText, each.id).title == "再见"
    me.post(f"{path}/delete", status=303)
    assert session.scalars(select(CannedText)).all() == []
    actions = session.scalars(select(Event).where(Event.action == "canned-text").order_by(Event.id)).all()
    assert len(actions) == 3 and "text" not in actions[0].data["changes"]  # the words are the person's own


def test_who_sees_and_who_changes(session, sign_in, make, me):
    manager, front = sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)
    mine = add(session, me.user, title="我的")
    for_all = add(session, manager.user, title="全员", shared="ALL")
    for_front = add(session, manager.user, title="前台", shared="FRONT_DESK")
    seen = {browser: {each.title for each in canned.seen(session, browser.user)} for browser in (me, front, manager)}
    assert seen == {me: {"我的", "全员"}, front: {"全员", "前台"}, manager: {"全员", "前台"}}
    for number in (for_all, for_front):
        me.get(f"/account/texts/{number}", status=404)
    me.post(f"/account/texts/{for_all}/delete", status=403)
    front.get(f"/account/texts/{mine}", status=404)
    manager.get(f"/account/texts/{mine}", status=404)
    manager.post(f"/account/texts/{for_front}", form(title="前台用", shared="ALL", version="1"), status=303)
    with pytest.raises(NotPermitted), transaction() as writing:
        canned.add(writing, Details("x", "y", "ALL"), actor=writing.merge(me.user), at=me.user.created_at)
    assert "前台用" in sign_in(Role.MANAGER).get("/manager/audit", status=200).text


def test_only_what_fits_the_record_and_the_place_is_offered(session, me, customer, sign_in):
    add(session, me.user, title="备注", places=("NOTE",))
    add(session, me.user, title="投诉", kinds=("complaints",))
    add(session, me.user, title="到处")
    found = {
        place: [each.title for each in canned.offered(session, me.user, customer, place, customer.created_at)]
        for place in Place
    }
    assert found == {Place.NOTE: ["到处", "备注"], Place.MESSAGE: ["到处"], Place.RESULT: ["到处"]}
    base = f"/records/customers/{customer.number}/texts"
    me.get(f"{base}?place=NOWHERE", status=404)
    sign_in(Role.REVIEWER).get(f"{base}?place=NOTE", status=404)


# ---------- Put in without JavaScript ----------


def test_put_in_behind_what_is_typed(session, me, customer):
    number = add(session, me.user)
    base = f"/records/customers/{customer.number}"
    page = me.get(f"{base}/talk?mode=note", status=200).text
    assert f'<option value="{number}">问候</option>' in page
    answer = me.post(f"{base}/notes", {"text": "已打电话", "canned": str(number), "insert": "1"}, status=200)
    assert "已打电话\n您好 欧阳先生</textarea>" in answer.text
    assert session.scalars(select(Event).where(Event.kind == "NOTE")).all() == []
    foreign = me.post(f"{base}/notes", {"text": "已打电话", "canned": "99999", "insert": "1"}, status=200)
    assert "已打电话</textarea>" in foreign.text


def test_put_into_the_result_of_a_task(session, me, customer):
    number = add(session, me.user, places=("RESULT",))
    base = f"/records/customers/{customer.number}"
    me.post(f"{base}/tasks", {"title": "问好", "whose": f"p{me.user.id}", "when": "TOMORROW"}, status=303)
    path = "/records/tasks/1/done"
    assert f'<option value="{number}">' in me.get(path, status=200).text
    answer = me.post(path, {"result": "通了", "canned": str(number), "insert": "1", "version": "1"}, status=200)
    assert "通了\n您好 欧阳先生</textarea>" in answer.text
