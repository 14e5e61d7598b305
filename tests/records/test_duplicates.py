"""Doubles through the pages: the list, two records side by side, merging, the way back, old addresses."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.customer import Customer
from portal.models.merging import DuplicatePair, Merge
from portal.permissions import Role
from portal.services import duplicates

LIST = "/records/duplicates"


def said(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


@pytest.fixture
def pair(make, clock):
    """Two customers with one phone, found by the night's search."""
    kept = make.customer(name="张建军", phone="13800001234", wechat="zjj")
    clock.advance(hours=1)
    other = make.customer(name="张建君", phone="13800001234", email="z@a.cn")
    make.project(other)
    with transaction() as current:
        duplicates.write(current, duplicates.search(current).pairs, at=clock.now())
    return kept, other


def form_of(answer) -> dict[str, str]:
    """What a browser would send: hidden fields and the chosen radios."""
    fields = {}
    for tag in re.findall(r"<input[^>]*>", answer.text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and name[1] != "csrf_token" and ('type="hidden"' in tag or " checked" in tag):
            fields[name[1]] = value[1]
    return fields


def url(pair) -> str:
    return f"{LIST}/customers/{pair[0].number}/{pair[1].number}"


def test_the_list_shows_reason_and_both_and_the_customer_says_so(sign_in, pair):
    specialist = sign_in(Role.SPECIALIST)
    words = said(specialist.get(LIST, status=200))
    assert "电话相同" in words and pair[0].number in words and pair[1].number in words and "13800001234" not in words
    for one, other in (pair, pair[::-1]):
        page = specialist.get(f"/records/customers/{one.number}", status=200)
        assert f"可能与 {other.name} {other.number} 重复" in said(page) and url(pair) in page.text


def test_front_desk_sees_neither_list_nor_sentence(sign_in, pair):
    desk = sign_in(Role.FRONT_DESK)
    desk.get(LIST, status=403)
    desk.post(f"{url(pair)}/dismiss", status=403)
    assert "重复" not in said(desk.get(f"/records/customers/{pair[0].number}", status=200))


def test_of_another_branch_the_pair_does_not_exist(sign_in, make, pair):
    here, there = make.branch(), make.branch()
    with transaction() as current:
        current.get_one(Customer, pair[1].id).branch_id = there.id
    mine = sign_in(Role.SPECIALIST, branch_id=here.id)
    mine.get(url(pair), status=404)
    mine.post(url(pair), status=404)
    mine.post(f"{url(pair)}/dismiss", status=404)


def test_not_a_duplicate_is_remembered_and_can_be_taken_back(sign_in, pair):
    specialist = sign_in(Role.SPECIALIST)
    specialist.post(f"{url(pair)}/dismiss", status=303)
    assert pair[1].number not in said(specialist.get(LIST))
    assert "重复：" not in said(specialist.get(f"/records/customers/{pair[0].number}"))
    assert specialist.user.name in said(specialist.get(LIST, query={"show": "dismissed"}))
    for way in (pair, pair[::-1]):  # whoever compares them all the same is told
        assert f"已注明不是重复：{specialist.user.name}" in said(specialist.get(url(way), status=200))
    session().rollback()
    with transaction() as current:
        assert (
            duplicates.write(
                current, duplicates.search(current).pairs, at=session().scalar(select(DuplicatePair.found_at))
            )
            == 0
        )
    specialist.post(f"{url(pair)}/reopen", status=303)
    assert pair[1].number in said(specialist.get(LIST))
    assert "已注明不是重复" not in said(specialist.get(url(pair), status=200))


def test_merge_shows_what_moves_and_leads_old_addresses_to_the_kept_one(sign_in, pair):
    specialist = sign_in(Role.SPECIALIST)
    page = specialist.get(url(pair), status=200)
    assert f"将 {pair[1].number} 并入 {pair[0].number}" in said(page) and "工程 1" in said(page)
    form = form_of(page)
    assert form["field-name"] == "other"  # the newest that has a value
    form["field-name"] = "kept"
    answer = specialist.post(url(pair), form, status=303)
    again = specialist.post(url(pair), form, status=303)
    assert answer.location == again.location
    assert session().scalars(select(Merge)).all().__len__() == 1
    result = said(specialist.get(answer.location, status=200))
    assert "z@a.cn" in result and "撤销合并" in result

    moved = specialist.get(f"/records/customers/{pair[1].number}", status=303)
    assert moved.location == f"/records/customers/{pair[0].number}"
    kept = said(specialist.get(moved.location))
    assert f"{pair[1].number} 已并入 张建军 {pair[0].number}" in kept and "张建君" in kept  # and its history
    deeper = specialist.get(f"/records/customers/{pair[1].number}/household?show=notes", status=303)
    assert deeper.location == f"/records/customers/{pair[0].number}/household?show=notes"
    specialist.post(f"/records/customers/{pair[1].number}/take", status=409)
    assert specialist.get(url(pair), status=303).location == answer.location

    rows = specialist.get("/records/customers", query={"q": pair[1].number}).text
    assert pair[0].number in rows and f"/records/customers/{pair[1].number}" not in rows
    assert pair[0].number in specialist.get("/records/palette", query={"q": pair[1].number}).text
    every = specialist.get("/records/customers").text
    assert f"/records/customers/{pair[1].number}" not in every

    specialist.post(f"{answer.location}/undo", status=303)
    assert "已撤销" in said(specialist.get(answer.location))
    specialist.get(f"/records/customers/{pair[1].number}", status=200)
    specialist.post(f"{answer.location}/undo", status=409)


def test_what_went_over_and_how_it_stands_now_is_said(sign_in, pair):
    specialist = sign_in(Role.SPECIALIST)
    turned = url(pair[::-1])
    done = specialist.post(turned, form_of(specialist.get(turned)) | {"field-name": "kept"}, status=303).location
    page = said(specialist.get(done, status=200))
    assert "已转移 无" in page and f"{pair[0].number} 已并入 {pair[1].number}" in page
    specialist.post(f"{done}/undo", status=303)
    page = said(specialist.get(done, status=200))
    assert f"{pair[0].number} 并入 {pair[1].number}：已撤销" in page and "已并入" not in page


def test_what_is_missing_is_said_at_the_field_and_nothing_chosen_is_lost(sign_in, pair):
    specialist = sign_in(Role.SPECIALIST)
    form = form_of(specialist.get(url(pair)))
    form["field-email"] = "kept"
    del form["field-name"]
    answer = specialist.post(url(pair), form, status=422)
    assert "请选择一个值" in said(answer)
    assert re.search(r'name="field-email" value="kept" required checked', answer.text)


def test_somebody_changed_one_of_them_meanwhile(sign_in, pair):
    specialist = sign_in(Role.SPECIALIST)
    form = form_of(specialist.get(url(pair)))
    with transaction() as current:
        current.get_one(Customer, pair[1].id).style = "现代"
    answer = specialist.post(url(pair), form, status=409)
    assert "还没有合并" in said(answer) and "现代" in answer.text


def test_phones_that_differ_where_nobody_sees_it(sign_in, make):
    one, other = make.customer(phone="13811111234"), make.customer(phone="13822221234")
    page = sign_in(Role.MANAGER).get(f"{LIST}/customers/{one.number}/{other.number}", status=200)
    assert "不同之处在隐藏的数字里" in said(page) and "1111" not in said(page)


def test_any_other_customer_can_be_chosen(sign_in, make):
    one, other = make.customer(), make.customer()
    specialist = sign_in(Role.SPECIALIST)
    choosing = specialist.get(f"/records/customers/{one.number}/merge", query={"q": other.number}, status=200)
    assert f"/records/customers/{one.number}/merge?customer={other.number}" in choosing.text
    answer = specialist.get(f"/records/customers/{one.number}/merge", query={"customer": other.number}, status=303)
    assert answer.location == f"{LIST}/customers/{one.number}/{other.number}"
    specialist.get(f"{LIST}/customers/{one.number}/{one.number}", status=409)


def test_homes_and_parties_have_the_same_pages(sign_in, make, clock):
    customer = make.customer()
    homes = make.property(customer, room="7"), make.property(customer, room="7室")
    people = make.party(name="周明"), make.party(name="周明")
    with transaction() as current:
        duplicates.write(current, duplicates.search(current).pairs, at=clock.now())
    manager = sign_in(Role.MANAGER)
    for kind, (one, other) in (("properties", homes), ("parties", people)):
        assert one.number in said(manager.get(LIST, query={"kind": kind}))
        assert other.number in said(manager.get(f"/records/{kind}/{one.number}", status=200))
        here = f"{LIST}/{kind}/{one.number}/{other.number}"
        manager.post(here, form_of(manager.get(here, status=200)), status=303)
        assert manager.get(f"/records/{kind}/{other.number}", status=303).location == f"/records/{kind}/{one.number}"


def test_a_caller_with_the_number_of_a_merged_customer_is_known(sign_in, make, app):
    from portal.services import customers

    kept, other = make.customer(phone="13811111234"), make.customer(phone="13922221234")
    specialist = sign_in(Role.SPECIALIST)
    here = f"{LIST}/customers/{kept.number}/{other.number}"
    form = form_of(specialist.get(here)) | {"field-phone": "kept", "field-phone2": "kept"}
    specialist.post(here, form, status=303)
    assert [one.id for one in customers.find_by_phone(session(), specialist.user, "13922221234")] == [kept.id]


def test_entered_in_spite_of_the_warning_they_are_a_pair_at_once(sign_in, make):
    known = make.customer(name="张建军", phone="13800001234")
    new = {"name": "张女士", "phone": "13800001234", "source": "STORE", "kind": "LEAD", "client_key": "k"}
    specialist = sign_in(Role.SPECIALIST)
    answer = specialist.post("/records/customers/new", new, status=303)
    assert f"可能与 张建军 {known.number} 重复" in said(specialist.get(answer.location))


def test_a_home_at_the_address_of_one_of_the_same_name_makes_a_pair_at_once(sign_in, make):
    known, stranger, again = make.customer(name="张建军"), make.customer(name="李四"), make.customer(name="张 建军")
    for owner in (known, stranger):
        make.property(owner, estate="翠湖天地", building="5", unit="1", room="1802")
    specialist = sign_in(Role.SPECIALIST)
    new = {
        "estate": "翠湖天地",
        "building": "５号楼",
        "unit": "1 单元",
        "room": "1802室",
        "area": "90",
        "client_key": "k",
    }
    warned = specialist.post("/records/properties/lookalikes", new, status=200).text
    assert "张建军" in warned and "李四" in warned
    answer = specialist.post(f"/records/properties/new?customer={again.number}", new, status=303)
    assert "翠湖天地 5 号楼 1 单元 1802" in specialist.get(answer.location, status=200).text
    told = said(specialist.get(f"/records/customers/{again.number}"))
    assert f"可能与 张建军 {known.number} 重复" in told and stranger.number not in told


def test_a_branch_takes_back_no_merge_of_another(sign_in, make):
    here, there = make.branch(), make.branch()
    kept, other = make.customer(branch_id=here.id), make.customer(branch_id=there.id)
    url = f"{LIST}/customers/{kept.number}/{other.number}"
    manager = sign_in(Role.MANAGER)
    answer = manager.post(url, form_of(manager.get(url)) | {"field-branch_id": "kept"}, status=303)
    sign_in(Role.SPECIALIST, branch_id=there.id).get(answer.location, status=404)
    sign_in(Role.SPECIALIST, branch_id=here.id).post(f"{answer.location}/undo", status=403)
