"""A note that is typed in an hour later: when it happened counts for the customer, both times are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models.complaint import Complaint
from portal.models.event import Event
from portal.models.task import Task

NEW = {"number": "13811112222", "name": "唐小雨", "question": "旧房改造怎么报价？"}
AN_HOUR = timedelta(hours=1)


def clock_of(session, record, code=None, kind=None):
    query = select(Task).where(Task.record_kind == record.KIND, Task.record_id == record.id)
    return session.scalars(query.where(Task.code == code if code else Task.kind == kind)).one()


def first_event(session, record):
    mine = Event.record_kind == record.KIND, Event.record_id == record.id
    return session.scalars(select(Event).where(*mine).order_by(Event.id)).first()


@pytest.mark.parametrize("typed", ["09:00", "0900", "2026-05-11 09:00", "2026-05-11T09:00"])
def test_a_call_of_an_hour_ago_is_kept_with_both_times(desk, session, clock, typed):
    desk.register(**NEW, occurred_at=typed)
    contact, event, now = desk.last, first_event(session, desk.last), clock.now()
    assert (contact.occurred_at, contact.created_at) == (now - AN_HOUR, now)
    assert (event.acted_at, event.at) == (now - AN_HOUR, now)
    shown = desk.client.get(f"/records/consultations/{contact.number}").text
    assert "登记时间" in shown and "发生于今天 09:00" in shown


def test_left_blank_it_happens_when_it_is_sent(desk, session, clock):
    desk.register(**NEW)
    assert desk.last.occurred_at == clock.now() and first_event(session, desk.last).acted_at is None
    assert "发生于" not in desk.client.get(f"/records/consultations/{desk.last.number}").text


@pytest.mark.parametrize("typed", ["10:30", "2026-05-11 10:30", "2026-05-12 09:00", "25:00", "vorhin"])
def test_what_is_to_come_is_refused_at_the_field_and_nothing_is_lost(desk, typed):
    page = desk.register(422, **NEW, occurred_at=typed)
    field = page.text[page.text.index('id="occurred_at"') :][:900]
    assert 'role="alert"' in field and f'value="{typed}"' in page.text
    assert NEW["question"] in page.text and desk.count() == 0


def test_what_the_customer_waits_for_counts_from_the_call(desk, session, clock):
    agreed = {"complexity": "SPECIAL", "forwarded_department": "DESIGN", "transfer_consent": "y", "wait_told": "y"}
    desk.register(**NEW, **agreed, occurred_at="09:00")
    begun = clock.now() - AN_HOUR
    assert desk.last.forwarded_at == begun
    for code in ("DL-01", "DL-02"):
        task = clock_of(session, desk.last, code)
        assert (task.started_at, task.due_at) == (begun, begun + timedelta(hours=24)), code
    desk.register(number="18600027719", kind=None, needs_call_back="y", occurred_at="09:00")
    assert clock_of(session, desk.last, kind="CALL_BACK").due_at == begun + timedelta(minutes=120)


def test_what_a_colleague_is_asked_counts_from_now(desk, session, clock, household):
    desk.register(number="13900010043", kind="REPAIR", question="阳台地漏返味", occurred_at="09:00")
    assert clock_of(session, desk.last, kind="TODO").due_at > clock.now()


def test_a_visitor_of_this_morning_came_when_he_came(desk, clock):
    desk.register(**NEW, channel="VISIT", occurred_at="09:00")
    assert desk.last.arrived_at == clock.now() - AN_HOUR


def test_the_complaint_of_a_call_that_was_noted_late_has_its_three_hours_from_the_call(desk, session, clock, household):
    answer = desk.register(number="13900010043", kind="COMPLAINT", question="厨房墙砖多处空鼓", occurred_at="09:00")
    form = desk.client.page(answer.headers["Location"])
    received = next(given["value"] for _tag, given in form.controls if given["name"] == "received_at")
    assert received == "2026-05-11T09:00"
    data = {
        "client_key": "one", "consultation": desk.last.number, "complainant": "林国栋", "phone": "13900010043",
        "channel": "PHONE", "received_at": received, "phase": "IN_SALE", "category": "QUALITY", "severity": "ORDINARY",
        "subject": "墙砖空鼓", "content": "厨房墙砖多处空鼓", "demand": "返工", "project": str(desk.last.project_id),
    }  # fmt: skip
    desk.client.post("/records/complaints/new", {**data, "received_at": "2026-05-11T10:30"}, status=422)
    desk.client.post("/records/complaints/new", data, status=303)
    made = session.scalars(select(Complaint)).one()
    task, event = clock_of(session, made, "DL-10"), first_event(session, made)
    assert (task.started_at, task.due_at) == (made.received_at, made.received_at + timedelta(hours=3))
    assert (event.acted_at, event.at) == (clock.now() - AN_HOUR, clock.now())


def test_a_question_can_be_recorded_as_forwarded_earlier_but_not_before_the_call(desk, session, clock):
    desk.register(**NEW, complexity="SPECIAL", forwarded_department="DESIGN", then="record", occurred_at="09:00")
    path = f"/records/consultations/{desk.last.number}/steps/forward"
    said = {"forwarded_department": "DESIGN", "transfer_consent": "y", "wait_told": "y"}
    assert "早于" in desk.client.post(path, {**said, "forwarded_at": "2026-05-11T08:00"}, status=422).text
    desk.client.post(path, {**said, "forwarded_at": "2026-05-11T11:00"}, status=422)
    desk.client.post(path, {**said, "forwarded_at": "2026-05-11T09:30"}, status=303)
    assert clock_of(session, desk.last, "DL-01").started_at == clock.now() - AN_HOUR / 2
