"""The audit log: everything is there, found again by filters, paged without gaps, and its chain checked."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select, text

from portal.db import transaction
from portal.models.event import Event, EventKind
from portal.permissions import Role
from portal.services import audit, events
from portal.services.audit import Filters


@pytest.fixture
def history(session, make, clock):
    """130 notes by two people on two customers, one an hour, and one setting."""
    first, second = make.user(Role.SPECIALIST, name="周晓雯"), make.user(Role.MANAGER, name="陈丽华")
    customers = [make.customer(), make.customer()]
    for number in range(130):
        with transaction() as writing:
            events.record(
                writing, EventKind.NOTE, at=clock.now(), actor=(first, second)[number % 2],
                record=customers[number % 2], text=f"备注 {number:03}",
            )  # fmt: skip
        clock.advance(hours=1)
    with transaction() as writing:
        events.record(
            writing, EventKind.SETTING, action="setting", at=clock.now(), actor=second,
            changes={"complaint_handover_hours": [3, 5]},
        )  # fmt: skip
    return first, second, customers


def test_the_newest_stand_first_with_person_record_and_words(sign_in, history):
    first, _second, customers = history
    client = sign_in(Role.MANAGER)
    html = client.get("/manager/audit", status=200).text
    assert html.index("DL-10 转部门并由主管签收：3 → 5") < html.index("备注 129") < html.index("备注 128")
    assert f'href="/records/customers/{customers[0].number}"' in html
    assert first.name in html and "备注 000" not in html


def test_pages_go_on_without_gap_or_repetition_in_both_directions(sign_in, history):
    client = sign_in(Role.MANAGER)
    seen, url = [], "/manager/audit?kind=NOTE"
    pages = 0
    while url:
        html = client.get(url, status=200).text
        seen += re.findall(r"备注 (\d{3})", html)
        pages += 1
        older = re.search(r'href="([^"]+)">较早', html)
        url = older.group(1).replace("&amp;", "&") if older else ""
    assert seen == [f"{number:03}" for number in reversed(range(130))] and pages == 3
    newer = re.search(r'href="([^"]+)"><svg[^>]*><use[^>]*/></svg>较新', html).group(1).replace("&amp;", "&")
    assert re.findall(r"备注 (\d{3})", client.get(newer).text) == seen[50:100]


def test_filters_narrow_by_person_kind_record_and_period(session, history):
    first, second, customers = history

    def count(**fields):
        return len(audit.page(session, Filters(**fields)).events)

    assert count(person_id=first.id) == 50 and {e.actor_id for e in audit.page(session, Filters(first.id)).events} == {
        first.id
    }
    assert count(kind="SETTING") == 1
    assert {e.record_id for e in audit.page(session, Filters(number=customers[1].number)).events} == {customers[1].id}
    days = audit.page(session, Filters(kind="NOTE", first=date(2026, 5, 12), last=date(2026, 5, 12))).events
    assert [event.data["text"] for event in days] == [f"备注 {number:03}" for number in reversed(range(14, 38))]
    assert count(number="KH-2026-%") == 0
    assert second.id != first.id


def test_strange_filters_are_left_out(sign_in, history):
    client = sign_in(Role.MANAGER)
    html = client.get("/manager/audit?person=x&kind=NOPE&from=yesterday&until=2026-99-99&before=-1&after=1e9").text
    assert "备注 129" in html
    assert "没有符合条件的记录" in client.get("/manager/audit?number=ZZ").text
    client.get("/manager/audit?number=%27%22%3Cscript%3E%25_", status=200)
    client.get("/manager/audit?number=%00", status=400)


def test_the_chain_is_checked_on_demand(sign_in, history):
    client = sign_in(Role.MANAGER)
    assert "最后校验值" in client.get("/manager/audit").text
    assert "日志链完整" in client.post("/manager/audit/check", status=200).text


@pytest.mark.sqlite_only
def test_a_changed_removed_or_cut_off_event_is_found(session, history, clock):
    whole = audit.check_recent(session, at=clock.now())
    assert whole.is_whole and whole.checked == whole.last_id
    part = audit.check_recent(session, at=clock.now(), limit=10)
    assert part.is_whole and part.checked == 10
    for statement, broken in (
        ("UPDATE event SET action = 'other' WHERE id = :id", whole.last_id - 5),
        ("DELETE FROM event WHERE id = :id", whole.last_id - 5),
        ("DELETE FROM event WHERE id = :id", whole.last_id),
    ):
        session.rollback()
        for name in ("event_no_update", "event_no_delete"):
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(text(statement), {"id": broken})
        found = audit.check_recent(session, at=clock.now(), limit=10)
        assert found.broken_at == broken and not found.is_whole
        session.rollback()
    assert audit.check_recent(session, at=clock.now()).is_whole


def test_the_number_of_queries_does_not_grow_with_the_rows(sign_in, history, queries):
    client = sign_in(Role.MANAGER)
    with queries() as few:
        client.get("/manager/audit?kind=SETTING")
    with queries() as many:
        client.get("/manager/audit?kind=NOTE")
    assert len(many) <= len(few) + 1 and len(many) <= 15, many


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MANAGER])
def test_only_the_manager_reads_it(sign_in, role):
    client = sign_in(role)
    client.get("/manager/audit", status=403)
    client.post("/manager/audit/check", status=403)


def test_every_kind_of_event_can_be_shown(session, sign_in, make, clock):
    boss = make.user(Role.MANAGER)
    with transaction() as writing:
        for kind in EventKind:
            if kind is not EventKind.TRANSITION:
                events.record(writing, kind, at=clock.now(), actor=boss, action="DISABLED")
        for action in ("calendar.day", "calendar.week", "calendar.import", "calendar.year"):
            events.record(
                writing, EventKind.SETTING, at=clock.now(), actor=None, action=action, year=2026, day="2026-05-01"
            )
    html = sign_in(Role.MANAGER).get("/manager/audit", status=200).text
    assert "账号" in html and "停用账号" in html and "工作日历：确认了 2026 年的安排。" in html
    assert len(session.scalars(select(Event)).all()) == len(EventKind) + 3
