"""The record of a contact: its steps, what is promised, calls to return, and who may do what."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from portal.models.event import Event
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role

NEW = {"number": "13811112222", "name": "唐小雨", "question": "旧房改造怎么报价？"}
SPECIAL = {"complexity": "SPECIAL", "forwarded_department": "DESIGN", "transfer_consent": "y", "wait_told": "y"}


@pytest.fixture
def path(desk):
    """Where the newest contact is."""
    return lambda rest="": f"/records/consultations/{desk.last.number}{rest}"


def test_the_page_shows_the_contact_and_its_next_steps(desk, path):
    desk.register(**NEW, then="record")
    page = desk.client.page(path())
    text = "".join(page.text)
    assert "唐小雨" in text and "138****2222" in text and "13811112222" not in text
    assert page.headings == ["唐小雨 ZX-2026-0001"]


def test_from_logged_over_a_department_to_closed(desk, session, path, clock):
    desk.register(**NEW, then="record")
    step = {"version": str(desk.last.version), "forwarded_department": "DESIGN", "transfer_consent": "y"}
    desk.client.post(path("/steps/forward"), step, status=422)
    desk.client.post(path("/steps/forward"), step | {"wait_told": "y"}, status=303)
    assert desk.last.state == "FORWARDED"
    clock.advance(minutes=20)
    reply = {"reply": "按面积报价", "replied_at": "2026-05-11T10:15"}
    desk.client.post(path("/steps/reply"), {**reply, "version": "1"}, status=409)
    desk.client.post(path("/steps/reply"), {**reply, "version": str(desk.last.version)}, status=303)
    desk.client.post(path("/steps/close"), {"version": str(desk.last.version)}, status=422)
    close = {"version": str(desk.last.version), "is_satisfied": "no", "further_need": "要书面报价"}
    desk.client.post(path("/steps/close"), close, status=303)
    assert (desk.last.state, desk.last.is_satisfied, desk.last.further_need) == ("CLOSED", False, "要书面报价")


def test_a_reply_after_24_hours_is_a_breach(desk, session, path, clock, sign_in):
    desk.register(**NEW, **SPECIAL)
    clock.advance(hours=25)
    desk.client = sign_in(Role.SPECIALIST)
    late = {"reply": "按面积报价", "replied_at": "2026-05-12T10:30", "version": str(desk.last.version)}
    desk.client.post(path("/steps/reply"), late, status=303)
    assert [(one.code, one.late_minutes) for one in session.scalars(select(DeadlineBreach))] == [("DL-01", 30)]


@pytest.mark.parametrize("replied", ["2026-05-12T10:00", "2026-05-11T09:00", "gestern"])
def test_a_reply_lies_neither_ahead_nor_before_the_question(desk, path, replied):
    desk.register(**NEW, **SPECIAL)
    sent = {"reply": "按面积报价", "replied_at": replied, "version": str(desk.last.version)}
    desk.client.post(path("/steps/reply"), sent, status=422)
    assert desk.last.state == "FORWARDED"


def test_a_step_that_is_not_possible_now_is_refused(desk, path):
    desk.register(**NEW, then="record")
    desk.client.post(path("/steps/close"), {"is_satisfied": "yes"}, status=409)
    desk.client.get(path("/steps/register"), status=404)


def test_a_missed_caller_is_tried_until_reached(desk, session, path, clock):
    desk.register(number="18600027719", kind=None, needs_call_back="y")
    clock.advance(minutes=10)
    desk.client.post(path("/call-back"), {"reached": "no"}, status=303)
    again = session.scalars(select(Task).where(Task.kind == "CALL_BACK", Task.closed_at.is_(None))).one()
    assert again.due_at == clock.now() + timedelta(minutes=120) and desk.last.needs_call_back
    desk.client.post(path("/call-back"), {"reached": "maybe"}, status=404)
    desk.client.post(path("/call-back"), {"reached": "yes"}, status=303)
    assert not desk.last.needs_call_back
    assert session.scalars(select(Task).where(Task.kind == "CALL_BACK", Task.closed_at.is_(None))).all() == []
    desk.client.post(path("/call-back"), {"reached": "yes"}, status=409)


def test_the_number_is_opened_for_a_call_back_and_that_is_written_down(desk, session, path):
    desk.register(number="18600027719", kind=None, needs_call_back="y")
    assert "186 0002 7719" not in desk.client.get(path(), status=200).text
    assert "186 0002 7719" in desk.client.post(path("/phone"), status=200).text
    seen = session.scalars(select(Event).where(Event.action == "unmask")).one()
    assert (seen.record_number, seen.actor_id) == (desk.last.number, desk.client.user.id)


def test_without_anything_to_call_about_the_desk_sees_no_full_number(desk, path, session):
    desk.register(**NEW, then="record")
    desk.client.post(path("/phone"), status=403)
    assert session.scalars(select(Event).where(Event.action == "unmask")).all() == []


def test_a_promise_is_kept_once(desk, session, path):
    desk.register(**NEW, promise="回电确认", promised_at="15:00")
    task = session.scalars(select(Task).where(Task.kind == "PROMISE")).one()
    desk.client.post(path(f"/tasks/{task.id}/done"), status=303)
    assert session.get(Task, task.id).outcome == "DONE"
    desk.client.post(path(f"/tasks/{task.id}/done"), status=409)


def test_the_task_of_another_record_is_not_settled_here(desk, session, path):
    desk.register(**NEW, promise="回电确认", promised_at="15:00")
    foreign = session.scalars(select(Task).where(Task.kind == "PROMISE")).one()
    desk.register(number="13811113333", name="高原", question="问工期")
    desk.client.post(path(f"/tasks/{foreign.id}/done"), status=404)
    clock_task = session.scalars(select(Task).where(Task.code == "DL-02", Task.record_number == desk.last.number)).one()
    desk.client.post(path(f"/tasks/{clock_task.id}/done"), status=404)


def test_the_specialist_makes_the_first_contact(desk, session, path, sign_in, clock):
    desk.register(**NEW)
    desk.client.post(path("/first-contact"), {"note": "已联系"}, status=403)
    specialist = sign_in(Role.SPECIALIST)
    assert "DL-02" in specialist.get(path(), status=200).text
    specialist.post(path("/first-contact"), {"note": ""}, status=422)
    clock.advance(minutes=20)
    specialist.post(path("/first-contact"), {"note": "约周六量房", "intention": "MEDIUM"}, status=303)
    task = session.scalars(select(Task).where(Task.code == "DL-02")).one()
    assert task.closed_at == clock.now() and task.breached_at is None
    assert desk.last.customer.intention == "MEDIUM"
    assert "约周六量房" in specialist.get(path(), status=200).text
    specialist.post(path("/first-contact"), {"note": "再来"}, status=409)


@pytest.mark.parametrize("role", [Role.REVIEWER])
def test_readers_read(desk, path, sign_in, role):
    desk.register(**NEW, promise="回电", promised_at="15:00")
    reader = sign_in(role)
    reader.get(path(), status=200)
    for rest in ("/steps/answer", "/call-back", "/tasks/1/done", "/first-contact", "/phone"):
        reader.post(path(rest), {"reached": "yes", "answer": "x", "note": "x"}, status=403)


def test_captains_and_other_branches_find_nothing(desk, path, make, sign_in):
    east, west = make.branch(), make.branch()
    desk.client = sign_in(Role.FRONT_DESK, branch_id=east.id)
    desk.register(**NEW)
    sign_in(Role.REPAIR_CAPTAIN).get(path(), status=403)
    western = sign_in(Role.FRONT_DESK, branch_id=west.id)
    western.get(path(), status=404)
    western.post(path("/phone"), status=404)
    western.post(f"/front-desk/visitors/{desk.last.number}/leave", status=404)
    assert desk.last.number not in western.get("/front-desk/log", status=200).text


def test_the_log_is_filtered_by_day_channel_matter_and_state(desk):
    desk.register(**NEW)
    desk.register(number="13811113333", name="高原", question="看工地", channel="VISIT", kind="OTHER")
    both = desk.client.get("/front-desk/log", status=200).text
    assert "唐小雨" in both and "高原" in both and "138****3333" in both and "13811113333" not in both
    visits = desk.client.get("/front-desk/log", query={"channel": "VISIT"}, status=200).text
    assert "唐小雨" not in visits and "高原" in visits
    assert "高原" not in desk.client.get("/front-desk/log", query={"kind": "CONSULT"}, status=200).text
    assert "高原" not in desk.client.get("/front-desk/log", query={"state": "CLOSED"}, status=200).text
    assert "高原" not in desk.client.get("/front-desk/log", query={"day": "2026-05-10"}, status=200).text
    odd = {"day": "2026-02-31", "channel": "'; --", "kind": "x", "state": "y"}
    assert "高原" in desk.client.get("/front-desk/log", query=odd, status=200).text
    desk.client.get("/front-desk/log", query={"day": "9999-12-31"}, status=200)
    desk.client.get("/front-desk/log", query={"day": "0001-01-01"}, status=200)


def test_the_manager_takes_the_log_out_as_text_and_that_is_written_down(desk, session, sign_in):
    desk.register(**{**NEW, "question": "=1+1", "name": "+唐小雨"})
    desk.client.get("/front-desk/log.xlsx", status=403)
    answer = sign_in(Role.MANAGER).get("/front-desk/log.xlsx", status=200)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 2 and all(isinstance(cell, str) for cell in rows[1])
    assert {"=1+1", "+唐小雨", "138****2222"} <= set(rows[1])
    taken = session.scalars(select(Event).where(Event.kind == "EXPORT")).one()
    assert (taken.data["rows"], taken.data["name"]) == (1, "2026-05-11")


def test_few_queries_for_a_record_and_a_log(desk, path, household, queries):
    for index in range(8):
        desk.register(number="13900010043", question=f"问题 {index}", promise="回电", promised_at="16:00")
    for address in (path(), "/front-desk/log", "/front-desk/visitors"):
        with queries() as seen:
            desk.client.get(address, status=200)
        assert len(seen) <= (22 if "records" in address else 15), (address, len(seen), seen)
