"""Customers through the pages: rights, masks, doubles, conflicts, double sends."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from portal.models.customer import Customer
from portal.models.event import Event, EventKind
from portal.permissions import Role

NEW = {
    "name": "张建军",
    "phone": "138 0000 1234",
    "source": "STORE",
    "kind": "LEAD",
    "client_key": "a-key-of-this-form",
}


def said(answer) -> str:
    """The words of an answer, without the token that differs each time."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


def version_of(page) -> str:
    return re.search(r'name="version"[^>]*value="(\d+)"', page.text).group(1)


def test_a_registered_customer_has_a_number_a_grade_an_owner_and_an_event(sign_in, session):
    specialist = sign_in(Role.SPECIALIST)
    answer = specialist.post("/records/customers/new", NEW, status=303)
    assert answer.location == "/records/customers/KH-2026-0001"
    made = session.scalars(select(Customer)).one()
    assert (made.phone, made.phone_tail, made.grade, made.owner_id) == ("13800001234", "1234", "C", specialist.user.id)
    event = session.scalars(select(Event).where(Event.record_kind == "customers")).one()
    assert (event.kind, event.customer_id) == (EventKind.CREATED, made.id)


def test_the_same_form_sent_twice_makes_one_customer(sign_in, session):
    specialist = sign_in(Role.SPECIALIST)
    first = specialist.post("/records/customers/new", NEW, status=303)
    second = specialist.post("/records/customers/new", NEW, status=303)
    assert first.location == second.location
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_the_same_key_with_other_content_writes_nothing(sign_in, session):
    specialist = sign_in(Role.SPECIALIST)
    specialist.post("/records/customers/new", NEW, status=303)
    specialist.post("/records/customers/new", NEW | {"name": "李四", "phone": "13900001111"}, status=409)
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_name_and_phone_of_another_customer_are_refused_at_the_field(sign_in, make, session):
    make.customer(name="张建军", phone="13800001234")
    answer = sign_in(Role.SPECIALIST).post("/records/customers/new", NEW, status=422)
    assert "KH-2026-0001" in answer.text and 'aria-invalid="true"' in answer.text
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_a_double_in_another_branch_is_refused_without_telling_whose(sign_in, make):
    here, there = make.branch(), make.branch()
    hidden = make.customer(name="张建军", phone="13800001234", branch_id=there.id)
    answer = sign_in(Role.SPECIALIST, branch_id=here.id).post("/records/customers/new", NEW, status=422)
    assert hidden.number not in answer.text and "其他门店" in answer.text


def test_what_cannot_be_read_is_said_at_the_field(sign_in):
    answer = sign_in(Role.SPECIALIST).post(
        "/records/customers/new", NEW | {"phone": "1380000123", "kind": "LOST", "email": "no"}, status=422
    )
    assert "手机号应为 11 位" in answer.text and "邮箱格式不正确" in answer.text
    assert 'value="1380000123"' in answer.text


def test_times_to_be_left_alone_are_clock_times_also_over_midnight(sign_in, make, session):
    specialist = sign_in(Role.SPECIALIST)
    for wrong in ("中午", "12:00", "25:00-26:00", "12:00-12:00"):
        refused = specialist.post("/records/customers/new", NEW | {"avoid_hours": wrong}, status=422)
        assert "请填写钟点" in refused.text and wrong in refused.text
    sent = NEW | {"avoid_hours": "22：00～7:30、12:00-13:00，12:30-14:00", "avoid_times": "周三开会"}
    made = specialist.post("/records/customers/new", sent, status=303)
    customer = session.scalars(select(Customer)).one()
    assert customer.avoid_hours == "00:00-07:30, 12:00-14:00, 22:00-24:00"
    shown = specialist.get(made.location, status=200).text
    assert customer.avoid_hours in shown and "周三开会" in shown
    form = specialist.get(f"{made.location}/edit", status=200)
    sent |= {"avoid_hours": customer.avoid_hours, "version": version_of(form), "remarks": "好"}
    specialist.post(f"{made.location}/edit", sent, status=303)
    session.expire_all()
    assert customer.avoid_hours == "00:00-07:30, 12:00-14:00, 22:00-24:00", "what is kept reads as itself"


def test_a_lost_customer_needs_a_reason(sign_in):
    answer = sign_in(Role.SPECIALIST).post("/records/customers/new", NEW | {"kind": "LOST"}, status=422)
    assert "请说明丢单原因" in answer.text


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.REPAIR_CAPTAIN])
def test_roles_that_only_look_cannot_register(sign_in, role):
    sign_in(role).post("/records/customers/new", NEW, status=403)


def test_front_desk_registers_but_does_not_change(sign_in):
    desk = sign_in(Role.FRONT_DESK)
    desk.post("/records/customers/new", NEW, status=303)
    desk.get("/records/customers/KH-2026-0001/edit", status=403)


def test_a_customer_of_another_branch_looks_like_none(sign_in, make):
    here, there = make.branch(), make.branch()
    mine, foreign = make.customer(branch_id=here.id), make.customer(branch_id=there.id)
    shared = make.customer(branch_id=None)
    client = sign_in(Role.SPECIALIST, branch_id=here.id)
    client.get(f"/records/customers/{mine.number}", status=200)
    client.get(f"/records/customers/{shared.number}", status=200)
    missing = client.get("/records/customers/KH-2026-9999", status=404)
    for page in ("", "/edit", "/household"):
        hidden = client.get(f"/records/customers/{foreign.number}{page}", status=404)
    assert said(hidden) == said(missing)
    sign_in(Role.MANAGER).get(f"/records/customers/{foreign.number}", status=200)


def test_a_project_of_the_branch_shows_its_customer(sign_in, make):
    here, there = make.branch(), make.branch()
    customer = make.customer(branch_id=there.id)
    make.project(customer, branch_id=here.id)
    sign_in(Role.SPECIALIST, branch_id=here.id).get(f"/records/customers/{customer.number}", status=200)


@pytest.mark.parametrize("role", list(Role))
def test_no_page_shows_a_full_number_unasked(sign_in, make, role):
    customer = make.customer(phone="13877776666", phone2="13955554444")
    client = sign_in(role)
    pages = ["/records/customers", "/records/palette?q=1387777", f"/records/customers/{customer.number}"]
    pages += [f"/records/customers/{customer.number}/household", f"/records/customers/{customer.number}/edit"]
    for path in pages:
        text = client.get(path).text
        assert "13877776666" not in text and "138 7777 6666" not in text and "13955554444" not in text, path


def test_the_full_number_is_shown_for_a_purpose_and_kept_in_the_history(sign_in, make, session):
    customer = make.customer(phone="13877776666")
    path = f"/records/customers/{customer.number}/unmask"
    specialist = sign_in(Role.SPECIALIST)
    assert "138 7777 6666" in specialist.post(path, {"purpose": "complaint"}, status=200).text
    event = session.scalars(select(Event).where(Event.kind == EventKind.VIEW)).one()
    assert (event.customer_id, event.actor_id, event.data["purpose"]) == (
        customer.id,
        specialist.user.id,
        "Work on a complaint",
    )
    specialist.post(path, {"purpose": ""}, status=422)
    sign_in(Role.FRONT_DESK).post(path, {"purpose": "complaint"}, status=403)


def test_full_numbers_are_limited_per_day(sign_in, make, session, clock):
    from portal.db import transaction
    from portal.models.setting import SettingValue

    first, second = make.customer(), make.customer()
    manager = sign_in(Role.MANAGER)
    with transaction() as writing:
        writing.add(SettingValue(key="unmask_per_day", value=1, updated_at=clock.now()))
    manager.post(f"/records/customers/{first.number}/unmask", {"purpose": "check"}, status=200)
    manager.post(f"/records/customers/{first.number}/unmask", {"purpose": "check"}, status=200)
    manager.post(f"/records/customers/{second.number}/unmask", {"purpose": "check"}, status=429)
    clock.advance(days=1)
    sign_in(manager.user).post(f"/records/customers/{second.number}/unmask", {"purpose": "check"}, status=200)


def test_a_change_keeps_old_and_new_and_the_mask_sent_back_changes_no_phone(sign_in, make, session):
    customer = make.customer(name="张建军", phone="13800001234", source="STORE", kind="LEAD")
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/customers/{customer.number}/edit"
    form = specialist.get(path, status=200)
    assert "138****1234" in form.text
    sent = {"name": "张建军", "phone": "138****1234", "source": "EXPO", "kind": "LEAD", "version": version_of(form)}
    specialist.post(path, sent, status=303)
    session.expire_all()
    assert (customer.phone, customer.source) == ("13800001234", "EXPO")
    event = session.scalars(select(Event).where(Event.kind == EventKind.CHANGE)).one()
    assert event.data["changes"] == {"source": ["STORE", "EXPO"]}
    shown = specialist.get(f"/records/customers/{customer.number}", status=200).text
    assert "客户来源" in shown and "展会" in shown


def test_a_conflict_shows_both_values_and_keeps_what_was_typed(sign_in, make, session):
    customer = make.customer(name="张建军", phone="13800001234", source="STORE", kind="LEAD", style="中式")
    path = f"/records/customers/{customer.number}/edit"
    mine, theirs = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    sent = {"name": "张建军", "phone": "138****1234", "source": "STORE", "kind": "LEAD"}
    seen = version_of(mine.get(path))
    theirs.post(path, sent | {"style": "北欧", "version": seen}, status=303)
    answer = mine.post(path, sent | {"style": "现代简约", "version": seen}, status=409)
    assert "北欧" in answer.text and "现代简约" in answer.text and theirs.user.name in answer.text
    assert int(version_of(answer)) > int(seen)
    session.expire_all()
    assert customer.style == "北欧"
    mine.post(path, sent | {"style": "现代简约", "version": version_of(answer)}, status=303)
    session.expire_all()
    assert customer.style == "现代简约"


def test_after_a_conflict_the_other_value_is_taken_field_by_field(sign_in, make, session):
    customer = make.customer(name="张建军", phone="13800001234", source="STORE", kind="LEAD", style="中式")
    path = f"/records/customers/{customer.number}/edit"
    mine, theirs = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    sent = {"name": "张建军", "phone": "138****1234", "source": "STORE", "kind": "LEAD"}
    seen = version_of(mine.get(path))
    theirs.post(path, sent | {"style": "北欧", "remarks": "周末联系", "version": seen}, status=303)
    typed = sent | {"style": "现代简约", "remarks": "先发短信", "version": seen}
    answer = mine.post(path, typed, status=409)
    typed["version"] = version_of(answer)
    taken = mine.post(path, typed | {"take": "style"}, status=200)
    session.expire_all()
    assert customer.style == "北欧" and customer.remarks == "周末联系", "taking a value saves nothing"
    assert 'name="take" value="remarks"' in taken.text and 'name="take" value="style"' not in taken.text
    assert re.search(r'name="style"[^>]*value="北欧"', taken.text) and "先发短信</textarea>" in taken.text
    for strange in ("id", "version", "nothing", ""):
        mine.post(path, typed | {"take": strange}, status=200)
    mine.post(path, typed | {"style": "北欧", "version": version_of(taken)}, status=303)
    session.expire_all()
    assert (customer.style, customer.remarks) == ("北欧", "先发短信")


def test_only_the_manager_changes_the_grade_and_says_why(sign_in, make, session):
    customer = make.customer()
    path = f"/records/customers/{customer.number}/grade"
    sign_in(Role.SPECIALIST).get(path, status=403)
    manager = sign_in(Role.MANAGER)
    seen = version_of(manager.get(path, status=200))
    manager.post(path, {"grade": "A", "reason": "", "version": seen}, status=422)
    manager.post(path, {"grade": "A", "reason": "重要客户", "version": seen}, status=303)
    session.expire_all()
    assert customer.grade == "A"
    assert session.scalars(select(Event).where(Event.kind == EventKind.CHANGE)).one().data["reason"] == "重要客户"


def test_while_a_phone_is_typed_its_holders_are_named(sign_in, make):
    here, there = make.branch(), make.branch()
    make.customer(name="王芳", phone="13811112222", phone2="13900009999", branch_id=here.id)
    make.customer(name="李雷", phone="13700008888", branch_id=there.id)
    client = sign_in(Role.SPECIALIST, branch_id=here.id)
    path = "/records/customers/lookalikes"
    assert "王芳" in client.post(path, {"phone": "13811112222"}, check=False).text
    assert "备用电话" in client.post(path, {"phone": "139 0000 9999"}, check=False).text
    hidden = client.post(path, {"phone": "13700008888"}, check=False).text
    assert "李雷" not in hidden and "其他门店" in hidden
    assert client.post(path, {"phone": "137"}, check=False).text.strip() == ""
