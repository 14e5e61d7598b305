"""The household page, the palette, notes: what belongs together and who may see it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.permissions import Role
from portal.services import contracts, talk
from tests.listing import rows
from tests.listing.rows import of_the_house


def test_a_household_sums_its_money_and_tells_everything(sign_in, make, clock, session):
    contract = make.contract(amount=Decimal("168000.00"))
    customer = contract.customer
    specialist = sign_in(Role.SPECIALIST)
    with transaction() as writing:
        pay = contracts.RecordPayment("FIRST", Decimal("100800.00"), clock.now().date(), "SJ-7")
        contracts.record_payment(writing, contract, pay, actor=specialist.user, at=clock.now())
        talk.add_note(writing, contract.project, "水电已到场", actor=specialist.user, at=clock.now())
    path = f"/records/customers/{customer.number}/household"
    shown = specialist.get(path, status=200).text
    assert "67,200.00" in shown and "水电已到场" in shown and "SJ-7" in shown
    notes = specialist.get(f"{path}?show=notes", status=200).text
    assert "水电已到场" in notes and "SJ-7" not in notes
    assert "SJ-7" in specialist.get(f"{path}?show=contracts", status=200).text
    assert "SJ-7" not in specialist.get(f"{path}?show=complaints", status=200).text


def test_the_front_desk_sees_no_money_and_no_works(sign_in, make, clock):
    contract = make.contract(amount=Decimal("168000.00"))
    specialist, desk = sign_in(Role.SPECIALIST), sign_in(Role.FRONT_DESK)
    with transaction() as writing:
        pay = contracts.RecordPayment("FIRST", Decimal("100800.00"), clock.now().date(), "SJ-7")
        contracts.record_payment(writing, contract, pay, actor=specialist.user, at=clock.now())
    shown = desk.get(f"/records/customers/{contract.customer.number}/household", status=200).text
    for hidden in ("SJ-7", "100,800", "168,000", contract.number):
        assert hidden not in shown


def test_a_note_stands_on_the_record_and_in_the_household(sign_in, make):
    customer = make.customer()
    specialist = sign_in(Role.SPECIALIST)
    specialist.post(f"/records/customers/{customer.number}/notes", {"text": "请下午再打"}, status=303)
    for page in ("", "/household"):
        assert "请下午再打" in specialist.get(f"/records/customers/{customer.number}{page}", status=200).text


def test_the_palette_finds_by_name_tail_number_address_and_page(sign_in, make):
    customer = make.customer(name="林国栋", phone="13900010043")
    home = make.property(customer, estate="翠湖天地", building="5", unit="1", room="1802")
    project = make.project(customer, property=home)
    contract = make.contract(project, number="HT-2026-0301")
    client = sign_in(Role.SPECIALIST)

    def hits(text: str) -> str:
        return client.get("/records/palette", query={"q": text}, htmx=True, check=False, status=200).text

    assert (
        customer.number in hits("林国") and customer.number in hits("0043") and customer.number in hits("139 0001 0043")
    )
    assert home.number in hits("翠湖") and home.number in hits("5-1-1802")
    assert project.number in hits(project.number.lower()) and contract.number in hits("HT-2026-03")
    assert "/records/complaints" in hits("投诉")
    assert "13900010043" not in hits("林国")


def test_the_palette_names_the_records_of_whom_it_finds_as_far_as_one_may_see_them(sign_in, make, clock, queries):
    customer, namesake = (
        make.customer(name="罗建平", phone="13900010048"),
        make.customer(name="罗建平", phone="13900010049"),
    )
    project = make.project(customer)
    words = {"subject": "楼下渗水", "content": "无", "demand": "无"}
    for number in range(1, 9):
        rows.complaint(None, customer, number, clock.now(), None, **words)
    rows.complaint(None, namesake, 9, clock.now(), None, **words)
    manager, desk = sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)

    def found(client, text):
        shown = client.get("/records/palette", query={"q": text}, htmx=True, check=False, status=200).text
        return shown, re.findall(r"/records/(?:complaints|projects)/([^\"?]+)", shown)

    for text in ("0048", "罗建平 0048", "ljp 0048"):
        shown, numbers = found(manager, text)
        assert numbers[0] == project.number and len(numbers) == 4, "the project, and the last complaints"
        assert numbers[1:] == sorted(numbers[1:], reverse=True) and "罗建平的记录" in shown
    shown, numbers = found(manager, "罗建平")
    assert shown.count("罗建平的记录") == 2 and len(numbers) >= 3
    assert "罗建平" in found(manager, "渗水")[0], "whose record says it"
    assert not [number for number in found(desk, "0048")[1] if number != project.number]
    with queries() as seen:
        found(manager, "罗建平")
    assert len([statement for statement in seen if statement.lstrip().upper().startswith(("SELECT", "WITH"))]) <= 15


def test_the_palette_finds_people_forms_and_files_of_the_lists_one_sees(sign_in, make, clock, sample, queries):
    manager, desk = sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)
    make.crew(name="周记泥瓦班组")
    of_the_house(manager.user, 9, clock.now())

    def hits(client, text):
        return client.get("/records/palette", query={"q": text}, htmx=True, check=False, status=200).text

    for text, path in (
        ("周记泥瓦", "/records/crews/"), ("周晓雯", "/records/users/"), ("F-06", "/records/documents/"),
        ("台账2", "/records/import-runs/"), ("全部投诉", "/records/exports/"),
    ):  # fmt: skip
        assert path in hits(manager, text), text
        assert (path in hits(desk, text)) is (path == "/records/crews/"), text
    with queries() as seen:
        hits(manager, "周1")
    assert len([statement for statement in seen if statement.lstrip().upper().startswith(("SELECT", "WITH"))]) <= 15


def test_homes_in_the_palette_are_the_newest_first(sign_in, make):
    homes = [make.property(make.customer(), estate="翠湖天地", room=str(number)) for number in range(101, 111)]
    text = sign_in(Role.MANAGER).get("/records/palette", query={"q": "翠湖天地"}, htmx=True, check=False).text
    assert re.findall(r"/records/properties/([^\"]+)", text) == [home.number for home in homes[::-1][:6]]


@pytest.mark.parametrize(
    "text", ["", "张", "%", "' OR 1=1", "\x00", "9" * 500, "🙂", "\ud7ff\uffff", "a b c d e f g h"]
)
def test_no_search_text_breaks_the_palette(sign_in, make, text):
    make.customer(name="张三")
    manager = sign_in(Role.MANAGER)
    assert manager.get("/records/palette", query={"q": text}, check=False).status_code in (200, 400)
    assert manager.get("/records/customers", query={"q": text}, check=False).status_code in (200, 400)


def test_the_palette_offers_nothing_beyond_the_rights(sign_in, make):
    here, there = make.branch(), make.branch()
    contract = make.contract(make.project(make.customer(name="林国栋", branch_id=there.id)), number="HT-2026-0301")
    desk = sign_in(Role.FRONT_DESK, branch_id=here.id)
    for text in ("林国", "HT-2026-0301", contract.project.number, "翠湖"):
        shown = desk.get("/records/palette", query={"q": text}, htmx=True, check=False, status=200).text
        assert "/records/contracts/" not in shown and "/records/customers/KH" not in shown
        assert "/records/projects/" not in shown and "/records/properties/" not in shown


def test_a_changed_note_reads_as_now_with_what_it_said_folded(sign_in, make, session):
    from portal.models.event import Event, EventKind

    customer = make.customer()
    path = f"/records/customers/{customer.number}"
    specialist = sign_in(Role.SPECIALIST)
    specialist.post(f"{path}/notes", {"text": "客户周五在家"}, status=303)
    note = session.scalars(select(Event).where(Event.kind == EventKind.NOTE)).one()
    specialist.post(f"{path}/notes/{note.id}/edit", {"text": "客户周六在家", "seen": note.id}, status=303)
    talk = specialist.get(f"{path}/household", status=200).text.split('id="talk"')[1]
    slip = talk.split('class="slip"')[1].split("</li>")[0]
    assert "客户周六在家" in slip.split("<details>")[0] and "<del>客户周五在家</del>" in slip
    assert "/edit" not in talk
