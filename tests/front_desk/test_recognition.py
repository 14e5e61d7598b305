"""The caller is known while the number is typed: to those who may see the household, and only with what they may see."""

from __future__ import annotations

import pytest

from portal.db import transaction
from portal.permissions import Role
from portal.services import complaints, recognition
from portal.services import desk as desk_queries

URL = "/front-desk/recognise"


def ask(client, number, **fields):
    choose = "?choose=1" if "customer" in fields else ""
    return client.post(URL + choose, {"number": number, **fields}, htmx=True, status=200).text


def test_the_household_is_there_before_the_number_is_complete(desk, household):
    for typed in ("1390001", "139 0001", "0043", "+86 139 0001 0043", "１３９０００１００４３"):
        html = ask(desk.client, typed)
        assert all(word in html for word in ("林国栋", "翠湖天地", "1802", "王志强", "吴刚", "何静", "802")), typed
        assert f'name="customer" value="{household.number}"' in html


@pytest.mark.parametrize("typed", ["", "1", "13", "--", "客户", "%%%", "' OR 1=1 --", "9" * 400])
def test_too_little_or_nonsense_is_nobody(desk, household, typed):
    assert "林国栋" not in ask(desk.client, typed)


def test_the_desk_sees_numbers_masked_and_no_contract(desk, household):
    html = ask(desk.client, "1390001")
    assert "139****0043" in html and "13900010043" not in html
    assert "HT-2026" not in html and "186,000" not in html


def test_a_specialist_sees_the_contract(sign_in, household):
    assert "HT-2026-0001" in ask(sign_in(Role.SPECIALIST), "1390001")


def test_the_name_is_filled_in_unless_somebody_typed_one(desk, household):
    assert 'value="林国栋"' in ask(desk.client, "1390001", name="", filled_name="")
    assert 'id="name-cell"' not in ask(desk.client, "1390001", name="林太太", filled_name="")
    assert 'id="name-cell"' in ask(desk.client, "1390001", name="旧名", filled_name="旧名")


def test_open_cases_stand_with_their_clock_and_lead_nowhere_for_the_desk(
    desk, session, household, make, clock, sign_in
):
    project = recognition.household(session, desk.client.user, household, at=clock.now()).homes[0].project
    with transaction() as writing:
        owner = writing.merge(household.owner)
        complaint = complaints.register(
            writing,
            complaints.RegisterComplaint(
                complainant="林国栋", phone="13900010043", phase="IN_SALE", category="QUALITY", subject="厨房墙砖空鼓",
                content="多处空鼓", demand="返工", received_at=clock.now(), channel="PHONE", severity="ORDINARY",
                customer=household, project=project,
            ),
            actor=owner, at=clock.now(),
        )  # fmt: skip
        number = complaint.number
    html = ask(desk.client, "13900010043")
    assert "厨房墙砖空鼓" in html and "data-due" in html and f"/records/complaints/{number}" not in html
    assert f"/records/complaints/{number}" in ask(sign_in(Role.SPECIALIST), "13900010043")


def test_the_last_contacts_and_how_many_this_month(desk, household):
    for question in ("问工期", "问橱柜"):
        desk.register(number="13900010043", question=question)
    html = ask(desk.client, "13900010043")
    assert "问工期" in html and "问橱柜" in html and "本月 2 次来往" in html


def test_several_people_with_one_number_are_chosen_among(desk, household, make):
    wife = make.customer(name="周敏", phone="13900010043")
    html = ask(desk.client, "13900010043")
    assert "林国栋" in html and "周敏" in html and "data-digit-keys" in html and 'value="new"' in html
    assert "翠湖天地" not in html
    chosen = ask(desk.client, "13900010043", customer=household.number, matched="13900010043")
    assert "翠湖天地" in chosen and "data-focus" in chosen
    page = desk.register(422, number="13900010043", question="问工期", name="周敏")
    assert "choose" in page.text.lower() or "请选择" in page.text
    desk.register(number="13900010043", question="问工期", customer=wife.number, matched="13900010043")
    assert (desk.last.customer_id, desk.last.name) == (wife.id, "周敏")


def test_somebody_else_with_the_number_becomes_a_customer_of_his_own(desk, household):
    desk.register(number="13900010043", name="林小明", question="问工期", customer="new", matched="13900010043")
    assert desk.last.customer_id not in (None, household.id) and desk.last.customer.name == "林小明"


def test_who_was_shown_for_other_digits_is_not_taken(desk, household):
    """Typing on and sending at once must not hang the contact on whoever stood there a moment ago."""
    desk.register(number="13900019999", name="唐小雨", question="问报价", customer=household.number, matched="1390001")
    assert desk.last.customer.name == "唐小雨"


def test_a_beginning_of_a_number_is_nobody_until_the_person_saw_who_it_is(desk, household):
    page = desk.register(422, number="1390001", question="问报价")
    assert "林国栋" in page.text and desk.count() == 0
    desk.register(number="0043", question="问报价", matched="0043", customer=household.number)
    assert (desk.last.customer_id, desk.last.phone) == (household.id, "13900010043")


def test_another_branch_is_a_number_of_nobody(desk, make, sign_in):
    east, west = make.branch(), make.branch()
    make.customer(name="西店客户", phone="13700007777", branch_id=west.id)
    eastern, everybody = sign_in(Role.FRONT_DESK, branch_id=east.id), desk.client
    assert "西店客户" not in ask(eastern, "13700007777")
    assert "西店客户" in ask(everybody, "13700007777")


def test_the_same_person_of_another_branch_is_said_not_shown(desk, make, sign_in, session):
    east, west = make.branch(), make.branch()
    make.customer(name="西店客户", phone="13700007777", branch_id=west.id, needs="秘密")
    desk.client = sign_in(Role.FRONT_DESK, branch_id=east.id)
    sent = {"number": "13700007777", "name": "西店客户", "question": "问报价"}
    page = desk.register(422, **sent)
    assert "秘密" not in page.text
    desk.register(**sent, new_customer=None)
    assert desk.last.customer is None and desk.last.branch_id == east.id


def test_the_second_number_and_the_representative_are_known_too(desk, make):
    make.customer(name="高原", phone2="13611110000", representative="高母", representative_phone="13622220000")
    assert "高原" in ask(desk.client, "13611110000") and "高原" in ask(desk.client, "13622220000")


def test_few_queries_while_typing(desk, household, queries):
    desk.register(number="13900010043", question="问工期", promise="回电", promised_at="16:00")
    with queries() as seen:
        ask(desk.client, "13900010043")
    assert len(seen) <= 15, seen


def test_asking_writes_nothing(desk, household, queries):
    with queries() as seen:
        ask(desk.client, "13900010043")
    assert not [
        one for one in seen if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")) and "sign_in" not in one
    ]


def test_colleagues_of_the_house_can_have_messages(desk, session, make):
    make.user(Role.MANAGER, name="陈丽华")
    make.user(Role.MANAGER, name="离职", disabled_at=desk.client.user.created_at)
    names = [one.name for one in desk_queries.colleagues(session, desk.client.user)]
    assert "陈丽华" in names and "离职" not in names and "李敏" not in names
