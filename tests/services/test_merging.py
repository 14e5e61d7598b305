"""Merging two records and taking it back: everything goes over, exactly that comes back, nothing else moves."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Base, session, transaction
from portal.errors import DomainError, Invalid, NotPermitted, Stale
from portal.models.attachment import Attachment, StoredFile
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer, Property
from portal.models.event import EventKind
from portal.models.merging import DuplicatePair, Merge
from portal.models.org import Party, PartyKind
from portal.models.project import Project
from portal.models.task import Follower, Task
from portal.permissions import Role
from portal.services import events, household, links, merging, timeline
from portal.verify import run_all

OWN = {"record_merge", "duplicate_pair", "event", "event_head", "user_session", "client_request"}
"""What a merge writes about itself."""
COUNTERS = {"version", "updated_at", "updated_by_id"}
"""Of the two records themselves: who touched them last, and how often."""


def dump() -> dict[tuple[str, Any], dict[str, Any]]:
    """Every row of every table, by table and primary key."""
    session().rollback()
    rows = {}
    for table in Base.metadata.sorted_tables:
        if table.name in OWN:
            continue
        for row in session().execute(select(table)).mappings():
            said = {name: value for name, value in row.items() if table.name not in TOUCHED or name not in COUNTERS}
            rows[table.name, tuple(row[key.name] for key in table.primary_key)] = said
    return rows


TOUCHED = {"customer", "property", "party"}


def merge(kept: Any, other: Any, actor: Any, clock: Any, **chosen: str) -> Merge:
    with transaction() as current:
        mine, gone = (current.get_one(type(kept), one.id) for one in (kept, other))
        kind = merging.KINDS[kept.KIND]
        proposed = {line.name: line.proposed for line in merging.compare(current, kind, mine, gone, actor)}
        return merging.merge(
            current,
            mine,
            gone,
            merging.MergeRecords(chosen=proposed | chosen, kept_version=mine.version, other_version=gone.version),
            actor=actor,
            at=clock.now(),
        )


def undo(done: Merge, actor: Any, clock: Any) -> Merge:
    with transaction() as current:
        return merging.undo(current, current.get_one(Merge, done.id), actor=actor, at=clock.now())


def furnish(make: Any, clock: Any, customer: Customer, people: list[Any], luck: random.Random) -> None:
    """Homes, projects, contracts, contacts, complaints, tasks, files, followers, in numbers left to chance."""
    at = clock.now()
    works = [make.project(customer) for _ in range(luck.randint(1, 3))]
    for project in works[: luck.randint(0, 2)]:
        make.contract(project)
    with transaction() as current:
        for number in range(luck.randint(0, 3)):
            contact = Consultation(
                number=f"ZX-{customer.id}-{number}", state="LOGGED", channel="PHONE", kind="CONSULT",
                occurred_at=at, name=customer.name, phone=customer.phone, customer_id=customer.id, question="问",
                created_at=at, updated_at=at,
            )  # fmt: skip
            complaint = Complaint(
                number=f"TS-{customer.id}-{number}", state="REGISTERED", received_at=at, channel="PHONE",
                complainant=customer.name, phone=customer.phone, customer_id=customer.id, project_id=works[0].id,
                subject="漏水", phase="IN_SALE", category="QUALITY", content="漏水", demand="修",
                created_at=at, updated_at=at,
            )  # fmt: skip
            current.add_all([contact, complaint])
            current.flush()
            for record in (contact, complaint):
                events.record(current, EventKind.CREATED, at=at, actor=people[0], record=record, to=record.state)
        for kind, of, number in (
            ("customers", customer.id, customer.number),
            ("projects", works[0].id, works[0].number),
        ):
            current.add(
                Task(
                    kind="TODO", title="打电话", record_kind=kind, record_id=of, record_number=number,
                    customer_id=customer.id, customer_name=customer.name, started_at=at,
                )
            )  # fmt: skip
        file = StoredFile(sha256=f"{customer.id:064d}", size=1, mime="text/plain", created_at=at)
        current.add(file)
        current.flush()
        current.add(
            Attachment(record_kind="customers", record_id=customer.id, file_id=file.id, name="a.txt", uploaded_at=at)
        )
        for person in luck.sample(people, luck.randint(1, len(people))):
            current.add(Follower(record_kind="customers", record_id=customer.id, user_id=person.id, since=at))
        events.record(current, EventKind.NOTE, at=at, actor=people[0], record=customer, text=f"记 {customer.number}")


@pytest.mark.parametrize("seed", range(4))
def test_merge_and_undo_restore_every_row(app, make, clock, seed):
    luck = random.Random(seed)
    manager = make.user(Role.MANAGER)
    people = [make.user(Role.SPECIALIST) for _ in range(3)]
    kept = make.customer(name="张建军", phone="13800001234", remarks="老客户")
    clock.advance(hours=1)
    other = make.customer(
        name="张建君", phone="13900001234", budget=Decimal("80000.50"), remarks="要静音", needs="地暖",
        anniversaries=[{"label": "BIRTHDAY", "on": "05-12"}], referred_by_id=kept.id, owner_id=people[0].id,
    )  # fmt: skip
    for customer in (kept, other):
        furnish(make, clock, customer, people, luck)
    friend = make.customer(referred_by_id=other.id)
    before = dump()
    done = merge(kept, other, manager, clock)

    after = dump()
    links_left = [link for link in links.to(Customer) if link.table.name != "follower"]
    for link in links_left:
        query = select(*link.keys).where(link.of(other.id))
        found = session().execute(query).all()
        assert not found, f"{link.table.name}.{link.column.name} still names the merged record: {found}"
    assert after["customer", (friend.id,)]["referred_by_id"] == kept.id
    assert all(
        row["record_number"] == kept.number
        for (table, _), row in after.items()
        if table == "task" and (row["record_kind"], row["record_id"]) == ("customers", kept.id)
    )
    now = session().get_one(Customer, kept.id)
    assert (now.budget, now.phone_tail) == (Decimal("80000.50"), now.phone[-4:])
    assert "老客户" in now.remarks and "要静音" in now.remarks

    clock.advance(days=merging.UNDO_DAYS)
    undo(done, manager, clock)
    assert dump() == before
    session().rollback()
    known = {"I2", "I5"}  # works and contracts of the factory have no history, the file of the test has no bytes
    assert [result.problems for result in run_all() if not result.ok and result.code not in known] == []


def test_what_came_after_the_merge_stays_and_what_changed_since_is_named(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(wechat="old"), make.customer(wechat="new", email="a@b.cn")
    old_home, going = make.property(kept), make.property(other)
    done = merge(kept, other, manager, clock, wechat="other")
    later = make.property(session().get_one(Customer, kept.id))
    with transaction() as current:
        current.get_one(Customer, kept.id).email = "c@d.cn"
        current.get_one(Property, old_home.id).remarks = "x"
    third = make.customer()
    with transaction() as current:
        current.get_one(Property, going.id).customer_id = third.id
    done = undo(done, manager, clock)
    assert done.left == {"fields": ["email"], "links": 1}
    assert "邮箱" in merging.left_text(done)
    session().rollback()
    mine = session().get_one(Customer, kept.id)
    assert (mine.wechat, mine.email) == ("old", "c@d.cn")
    assert session().get_one(Property, later.id).customer_id == kept.id
    assert session().get_one(Property, going.id).customer_id == third.id


def test_a_chain_of_merges_comes_back_in_the_order_in_which_it_was_made(app, make, clock):
    manager = make.user(Role.MANAGER)
    first, second, third = (make.customer() for _ in range(3))
    for customer in (first, second, third):
        make.project(customer)
    before = dump()
    one = merge(second, first, manager, clock)
    two = merge(third, second, manager, clock)
    session().rollback()
    assert session().get_one(Customer, first.id).merged_into_id == third.id
    with pytest.raises(DomainError, match=second.number):
        undo(one, manager, clock)
    undo(two, manager, clock)
    undo(one, manager, clock)
    assert dump() == before


def test_after_thirty_days_and_twice_a_merge_is_not_undone(app, make, clock):
    manager = make.user(Role.MANAGER)
    one = merge(make.customer(), make.customer(), manager, clock)
    two = merge(make.customer(), make.customer(), manager, clock)
    undo(one, manager, clock)
    with pytest.raises(DomainError):
        undo(one, manager, clock)
    clock.advance(days=merging.UNDO_DAYS, seconds=1)
    with pytest.raises(DomainError, match="30"):
        undo(two, manager, clock)


def test_name_and_phone_of_a_third_customer_are_named(app, make, clock):
    manager = make.user(Role.MANAGER)
    make.customer(name="王芳", phone="13700001111", number="KH-2026-0900")
    kept, other = make.customer(name="王芳", phone="13700002222"), make.customer(name="王方", phone="13700001111")
    with pytest.raises(Invalid) as refused:
        merge(kept, other, manager, clock, name="kept", phone="other", phone2="spare")
    assert "KH-2026-0900" in str(refused.value.fields["phone"])
    merge(kept, other, manager, clock, name="kept", phone="kept")


def test_the_kept_record_may_take_name_and_phone_of_the_merged_one_and_undo_finds_them_taken(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(name="王芳", phone="13700002222"), make.customer(name="王方", phone="13700001111")
    done = merge(kept, other, manager, clock, name="other", phone="other", phone2="spare")
    session().rollback()
    assert session().get_one(Customer, kept.id).phone2 == "13700002222"
    with transaction() as current:
        current.get_one(Customer, kept.id).wechat = "w"  # makes no difference
    undo(done, manager, clock)
    again = merge(kept, other, manager, clock, name="kept", phone="kept")
    make.customer(name="王方", phone="13700001111", number="KH-2026-0901")
    with pytest.raises(DomainError, match="KH-2026-0901"):
        undo(again, manager, clock)


def test_rows_that_cannot_go_together_are_named(app, make, clock, monkeypatch):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(), make.customer()
    make.project(kept)
    going = make.project(other)

    def unique(link: links.Link):
        return iter([[Project.__table__.c.kind]] if link.table is Project.__table__ else [])

    monkeypatch.setattr(links, "_unique", unique)
    before = dump()
    with pytest.raises(links.Clash) as refused:
        merge(kept, other, manager, clock)
    assert going.number in str(refused.value) and kept.number in str(refused.value)
    assert dump() == before


def test_somebody_was_faster(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(), make.customer()
    with pytest.raises(Stale), transaction() as current:
        merging.merge(
            current, kept, other, merging.MergeRecords(chosen={}, kept_version=9, other_version=1),
            actor=manager, at=clock.now(),
        )  # fmt: skip


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.REVIEWER, Role.REPAIR_CAPTAIN])
def test_other_roles_do_not_merge(app, make, clock, role):
    with pytest.raises(NotPermitted):
        merge(make.customer(), make.customer(), make.user(role), clock)


def test_of_another_branch_only_a_manager_of_all_merges(app, make, clock):
    here, there = make.branch(), make.branch()
    mine, theirs = make.customer(branch_id=here.id), make.customer(branch_id=there.id)
    make.project(theirs, branch_id=here.id)  # so that this branch sees the customer
    with pytest.raises(NotPermitted):
        merge(mine, theirs, make.user(Role.SPECIALIST, branch_id=here.id), clock)
    merge(mine, theirs, make.user(Role.MANAGER), clock)


def test_a_specialist_settles_neither_owner_nor_grade(app, make, clock):
    specialist, other_one = make.user(Role.SPECIALIST), make.user(Role.SPECIALIST)
    kept = make.customer(owner_id=specialist.id, grade="B")
    clock.advance(hours=1)
    other = make.customer(owner_id=other_one.id, grade="A")
    merge(kept, other, specialist, clock)
    session().rollback()
    now = session().get_one(Customer, kept.id)
    assert (now.owner_id, now.grade) == (specialist.id, "A")


def test_the_second_phone_is_not_lost_and_the_better_standing_wins(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept = make.customer(phone="13800001234", kind="UNDER_CONSTRUCTION", source="EXPO")
    clock.advance(hours=1)
    other = make.customer(phone="13900001234", kind="LEAD", sms_opt_out=True)
    merge(kept, other, manager, clock)
    session().rollback()
    now = session().get_one(Customer, kept.id)
    assert {now.phone, now.phone2} == {"13800001234", "13900001234"}
    assert (now.kind, now.source, now.sms_opt_out) == ("UNDER_CONSTRUCTION", "EXPO", True)


def test_the_history_of_both_stands_at_the_kept_one(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(), make.customer()
    with transaction() as current:
        for customer in (kept, other):
            events.record(current, EventKind.NOTE, at=clock.now(), actor=manager, record=customer, text=customer.number)
    done = merge(kept, other, manager, clock)
    session().rollback()
    now = session().get_one(Customer, kept.id)

    def told() -> set[str]:
        found = household.timeline(session(), manager, session().get_one(Customer, kept.id))
        return {event.data["text"] for event in found if event.kind == EventKind.NOTE}

    assert told() == {kept.number, other.number}
    beside = timeline.entries(timeline.of_record(session(), "customers", now.id), manager)
    assert any(f"{other.number} 已并入" in line.body for line in beside), [line.body for line in beside]
    undo(done, manager, clock)
    session().rollback()
    assert told() == {kept.number}
    back = timeline.entries(timeline.of_record(session(), "customers", other.id), manager)
    assert len([line for line in back if kept.number in line.body]) == 2


def test_homes_of_one_customer_and_parties_merge_by_the_same_rules(app, make, clock):
    manager = make.user(Role.MANAGER)
    customer = make.customer()
    home, twin = make.property(customer, room="1802"), make.property(customer, room="1802", layout="三室")
    project = make.project(customer, property=twin)
    elsewhere = make.property(make.customer())
    designer, same_designer = make.party(PartyKind.DESIGNER), make.party(PartyKind.DESIGNER)
    with transaction() as current:
        current.get_one(Project, project.id).designer_id = same_designer.id
    before = dump()
    with pytest.raises(DomainError):
        merge(home, elsewhere, manager, clock)
    one, two = merge(home, twin, manager, clock), merge(designer, same_designer, manager, clock)
    session().rollback()
    now = session().get_one(Project, project.id)
    assert (now.property_id, now.designer_id) == (home.id, designer.id)
    assert session().get_one(Property, home.id).layout == "三室"
    assert session().get_one(Party, same_designer.id).merged_into_id == designer.id
    undo(two, manager, clock)
    undo(one, manager, clock)
    assert dump() == before


def test_what_came_to_a_merged_record_late_follows_at_night_and_comes_back(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(), make.customer()
    done = merge(kept, other, manager, clock)
    late = make.property(session().get_one(Customer, other.id))
    with transaction() as current:
        assert merging.follow_up(current, at=clock.now() + timedelta(hours=12)) == 1
    session().rollback()
    assert session().get_one(Property, late.id).customer_id == kept.id
    undo(done, manager, clock)
    session().rollback()
    assert session().get_one(Property, late.id).customer_id == other.id


def test_dates_and_money_come_back_as_they_were(app, make, clock):
    manager = make.user(Role.MANAGER)
    customer = make.customer()
    home = make.property(customer, handover_on=date(2026, 3, 1), area=Decimal("88.80"))
    clock.advance(hours=1)
    twin = make.property(customer, handover_on=date(2026, 4, 1), area=Decimal("90.00"))
    done = merge(home, twin, manager, clock)
    session().rollback()
    now = session().get_one(Property, home.id)
    assert (now.handover_on, now.area) == (date(2026, 4, 1), Decimal("90.00"))
    undo(done, manager, clock)
    session().rollback()
    now = session().get_one(Property, home.id)
    assert (now.handover_on, now.area) == (date(2026, 3, 1), Decimal("88.80"))


def test_the_pair_says_what_was_done(app, make, clock):
    manager = make.user(Role.MANAGER)
    kept, other = make.customer(), make.customer()
    with transaction() as current:
        current.add(
            DuplicatePair(kind="customers", first_id=kept.id, second_id=other.id, reason="PHONE", found_at=clock.now())
        )
    done = merge(kept, other, manager, clock)
    session().rollback()
    assert session().scalars(select(DuplicatePair.state)).one() == "MERGED"
    undo(done, manager, clock)
    session().rollback()
    assert session().scalars(select(DuplicatePair.state)).one() == "OPEN"
