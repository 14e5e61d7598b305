"""The night's look for doubles: what is a pair, what is none, once only, remembered."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from jobs import outbox as jobs_outbox
from portal import queue as portal_queue
from portal.db import session, transaction
from portal.models.customer import Customer
from portal.models.merging import DuplicatePair, Merge, PairState
from portal.models.org import PartyKind
from portal.models.outbox import Outbox, Slot
from portal.permissions import Role
from portal.schedules import SCHEDULES
from portal.services import duplicates, merging, slots


@pytest.fixture(autouse=True)
def no_queue_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_queue, "wake", lambda posted: None)


def found(kind: str = "customers", **options: Any) -> set[tuple[int, int, str]]:
    session().rollback()
    return {
        (pair.first_id, pair.second_id, pair.reason)
        for pair in duplicates.search(session(), **options).pairs
        if pair.kind == kind
    }


def night(clock: Any) -> str | None:
    """A whole night: the slot is planned and its work delivered."""
    clock.advance(days=1)
    with transaction() as current:
        slots.plan(current, next(each for each in SCHEDULES if each.name == "duplicates"), at=clock.now())
    session().rollback()
    for number in (
        session().scalars(select(Outbox.id).where(Outbox.kind == "duplicates", Outbox.state == "PENDING")).all()
    ):
        session().rollback()
        assert jobs_outbox.deliver(number)
    session().rollback()
    slot = session().scalars(select(Slot).where(Slot.schedule == "duplicates").order_by(Slot.due_at.desc())).first()
    return slot.result if slot else None


def states() -> list[tuple[int, int, str]]:
    session().rollback()
    rows = session().scalars(select(DuplicatePair).order_by(DuplicatePair.id))
    return [(row.first_id, row.second_id, row.state) for row in rows]


@pytest.mark.parametrize(
    ("mine", "theirs", "reason"),
    [
        ({"phone": "13800001234"}, {"phone": "13800001234"}, "PHONE"),
        ({"phone": "13800001234"}, {"phone2": "13800001234"}, "PHONE"),
        ({"phone": "021-55558888"}, {"phone": "02155558888"}, "PHONE"),
        ({"phone": "021-55558888"}, {"phone": "55558888"}, "PHONE_TAIL"),
        ({"phone": "13855558888"}, {"phone": "18355558888"}, "PHONE_TAIL"),
        ({"phone": "13800001234"}, {"phone": "13800001235"}, None),
    ],
)
def test_phones(app, make, mine, theirs, reason):
    one, other = make.customer(**mine), make.customer(**theirs)
    assert found() == ({(one.id, other.id, reason)} if reason else set())


def test_with_very_many_customers_eight_digits_alone_say_nothing(app, make, monkeypatch):
    monkeypatch.setattr(duplicates, "CHANCE", 0)
    make.customer(name="甲", phone="13855558888")
    make.customer(name="乙", phone="18355558888")
    same = make.customer(name="甲", phone="15055558888")
    assert [pair[1:] for pair in found()] == [(same.id, "PHONE_TAIL")]


def test_name_and_address_however_they_are_written(app, make):
    one, other, neighbour = make.customer(name="张 建军"), make.customer(name="张建军"), make.customer(name="李四")
    make.property(one, estate="翠湖天地", building="5号楼", unit="1单元", room="1802室")
    make.property(other, estate="翠湖 天地", building="5", unit="1", room="1802")
    make.property(neighbour, estate="翠湖天地", building="5", unit="1", room="1802")
    assert found() == {(one.id, other.id, "NAME_ADDRESS")}


def test_contract_numbers_however_they_are_written(app, make):
    one, other = make.customer(), make.customer()
    make.contract(make.project(one), number="HT-2026-0815")
    make.contract(make.project(other), number="ht20260815")
    assert found() == {(one.id, other.id, "CONTRACT")}


def test_homes_and_parties(app, make):
    customer = make.customer()
    home, twin = make.property(customer, room="7"), make.property(customer, room="7室")
    make.property(make.customer(), room="7")
    designer, same = make.party(name="周明"), make.party(name="周明")
    make.party(PartyKind.SALES, name="周明", phone="13900000000")
    assert found("properties") == {(home.id, twin.id, "ADDRESS")}
    assert found("parties") == {(designer.id, same.id, "NAME")}


def test_a_number_that_many_share_says_nothing(app, make):
    for index in range(duplicates.MOST_IN_GROUP + 1):
        make.customer(name=f"客户{index}", phone="13800000000")
    session().rollback()
    result = duplicates.search(session())
    assert (result.pairs, result.groups_left_out) == ([], 1)


def test_a_run_writes_so_many_and_the_next_goes_on(app, make, clock, monkeypatch):
    for index in range(3):
        make.customer(name="甲", phone=f"1380000000{index}")
        make.customer(name="乙", phone=f"1380000000{index}")
    session().rollback()
    first = duplicates.search(session(), most=2)
    assert (len(first.pairs), first.is_cut) == (2, True)
    with transaction() as current:
        assert duplicates.write(current, first.pairs, at=clock.now()) == 2
    session().rollback()
    rest = duplicates.search(session(), most=2)
    assert (len(rest.pairs), rest.is_cut) == (1, False)


def test_two_nights_make_nothing_twice_and_what_was_dismissed_stays_so(app, make, clock):
    one, other = make.customer(phone="13800001234"), make.customer(phone="13800001234")
    third, fourth = make.customer(phone="13900005678"), make.customer(phone="13900005678")
    with transaction() as current:
        slots.plan(current, next(each for each in SCHEDULES if each.name == "duplicates"), at=clock.now())
    assert night(clock) == "2"
    specialist = make.user(Role.SPECIALIST)
    with transaction() as current:
        duplicates.dismiss(
            current, current.get_one(Customer, other.id), current.get_one(Customer, one.id),
            actor=specialist, at=clock.now(),
        )  # fmt: skip
    assert night(clock) == "0"
    assert states() == [(one.id, other.id, "DISMISSED"), (third.id, fourth.id, "OPEN")]


def test_the_same_work_delivered_twice_writes_once(app, make, clock):
    make.customer(phone="13800001234"), make.customer(phone="13800001234")
    session().rollback()
    pairs = duplicates.search(session()).pairs
    for expected in (1, 0):
        with transaction() as current:
            assert duplicates.write(current, pairs, at=clock.now()) == expected


def test_a_merged_record_is_in_no_pair(app, make, clock):
    one, other = make.customer(phone="13800001234"), make.customer(phone="13800001234")
    manager = make.user(Role.MANAGER)
    with transaction() as current:
        duplicates.write(current, duplicates.search(current).pairs, at=clock.now())
    assert duplicates.count(session(), manager, "customers") == 1
    with transaction() as current:
        current.get_one(Customer, other.id).merged_into_id = one.id
    assert duplicates.count(session(), manager, "customers") == 0
    assert found() == set()


def test_a_branch_sees_the_pairs_of_its_own_rows(app, make, clock):
    here, there = make.branch(), make.branch()
    phone = "13800001234"
    make.customer(phone=phone, branch_id=here.id), make.customer(phone=phone, branch_id=there.id)
    with transaction() as current:
        duplicates.write(current, duplicates.search(current).pairs, at=clock.now())
    for branch, expected in ((here.id, 0), (there.id, 0), (None, 1)):
        person = make.user(Role.SPECIALIST, branch_id=branch)
        assert duplicates.count(session(), person, "customers") == expected
        assert len(duplicates.page(session(), person, "customers", PairState.OPEN)) == expected


def test_homes_that_come_together_are_a_pair_at_once(app, make, clock):
    one, other = make.customer(), make.customer()
    home, twin = make.property(one, room="9"), make.property(other, room="9")
    manager = make.user(Role.MANAGER)
    with transaction() as current:
        kept, gone = current.get_one(Customer, one.id), current.get_one(Customer, other.id)
        lines = merging.compare(current, merging.KINDS["customers"], kept, gone, manager)
        command = merging.MergeRecords(
            chosen={line.name: line.proposed for line in lines}, kept_version=kept.version, other_version=gone.version
        )
        done = merging.merge(current, kept, gone, command, actor=manager, at=clock.now())
        assert duplicates.after_merge(current, done, at=clock.now()) == 1
    assert (home.id, twin.id, "OPEN") in states()
    assert duplicates.count(session(), manager, "properties") == 1
    with transaction() as current:
        merging.undo(current, current.get_one(Merge, done.id), actor=manager, at=clock.now())
    assert duplicates.count(session(), manager, "properties") == 0


def test_two_that_nobody_found_can_be_told_apart_by_hand(app, make, clock):
    one, other, specialist = make.customer(), make.customer(), make.user(Role.SPECIALIST)
    for _ in range(2):
        with transaction() as current:
            mine, theirs = current.get_one(Customer, one.id), current.get_one(Customer, other.id)
            duplicates.dismiss(current, mine, theirs, actor=specialist, at=clock.now())
    assert states() == [(one.id, other.id, "DISMISSED")]
