"""The bell, the inbox and the manager's page of operations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import clock as portal_clock
from portal import outbox
from portal.db import session, transaction
from portal.models.event import Event
from portal.models.notice import Notice, NoticeLevel
from portal.models.org import User
from portal.models.outbox import Outbox, Worker
from portal.permissions import Role
from portal.services import notices, slots
from portal.services.delivery import insert_once


def tell(user: User, clock: Any, key: str, **fields: Any) -> int:
    given = {"level": NoticeLevel.INFO, "title": "Overdue: %(task)s (%(customer)s)", "link": "/records/tasks"} | fields
    with transaction() as current:
        person = current.get_one(User, user.id)
        params = {"task": {"text": "Call back", "context": None}, "customer": "彭志刚"}
        notices.notify(current, user=person, key=key, params=params, at=clock.now(), **given)
    session().rollback()
    return session().scalars(select(Notice.id).where(Notice.key == key)).one()


def test_the_inbox_is_sorted_by_due_time_and_opening_marks_as_read(sign_in, make, clock):
    user = make.user(Role.SPECIALIST)
    browser = sign_in(user)
    tell(user, clock, "later", due_at=clock.now() + timedelta(hours=9), title="Later notice")
    tell(user, clock, "none", title="Notice without a time")
    soon = tell(user, clock, "soon", due_at=clock.now() + timedelta(hours=1), title="Sooner notice")
    assert browser.get("/account/notices").location == "/records/notices"
    text = browser.get("/records/notices", status=200).text
    assert text.index("Sooner notice") < text.index("Later notice") < text.index("Notice without a time")
    for _again in range(2):
        answer = browser.post(f"/records/notices/{soon}", status=303)
        assert answer.headers["Location"] == "/records/tasks"
    assert "Sooner notice" not in browser.get("/records/notices").text
    assert "Sooner notice" in browser.get(browser.get("/account/notices?show=all").location).text


def test_looking_at_a_notice_reads_none_and_its_button_does(sign_in, make, clock):
    user = make.user(Role.SPECIALIST)
    browser, number = sign_in(user), tell(user, clock, "new")
    text = browser.get(f"/records/notices/{number}", status=200).text
    assert "逾期：回电（彭志刚）" in text and f'action="/records/notices/{number}"' in text
    browser.open("HEAD", f"/records/notices/{number}", status=200)
    session().rollback()
    assert session().get_one(Notice, number).read_at is None
    assert ">1<" in browser.get("/account/notices/count").text
    browser.post(f"/records/notices/{number}", status=303)
    assert "bubble" not in browser.get("/account/notices/count").text


def test_the_bell_counts_unread_ones_in_one_query(sign_in, make, clock, queries):
    user = make.user(Role.SPECIALIST)
    browser = sign_in(user)
    for number in range(3):
        tell(user, clock, f"k{number}")
    assert ">3<" in browser.get("/account/notices/count").text
    assert user.id  # reads the person again, which is not the bell's cost
    with queries() as seen:
        assert notices.unread_count(session(), user) == 3
    assert len([statement for statement in seen if "SELECT" in statement]) == 1
    assert browser.post("/account/notices/read").status_code == 303
    assert browser.post("/account/notices/read").status_code == 303
    assert "bubble" not in browser.get("/account/notices/count").text


def test_nobody_reads_or_opens_the_notices_of_others(sign_in, make, clock):
    owner, other = make.user(Role.SPECIALIST), make.user(Role.SPECIALIST)
    number = tell(owner, clock, "mine")
    stranger = sign_in(other)
    assert stranger.get(f"/records/notices/{number}").status_code == 404
    assert stranger.post(f"/account/notices/{number}/read").status_code == 404
    assert stranger.post(f"/records/notices/{number}").status_code == 404
    assert "彭志刚" not in stranger.get("/records/notices?filter=").text
    session().rollback()
    assert session().get_one(Notice, number).read_at is None


def test_a_notice_leads_nowhere_else(sign_in, make, clock):
    user = make.user(Role.SPECIALIST)
    number = tell(user, clock, "bad", link="//evil.example/")
    assert sign_in(user).post(f"/records/notices/{number}").headers["Location"] == "/records/notices"


def test_asking_for_the_bell_is_no_sign_of_life(app):
    for endpoint in ("account.notice_count", "manager.operations_figures"):
        assert app.view_functions[endpoint].polled is True


def test_operations_shows_queues_dead_work_schedules_and_workers(sign_in, make, clock, app):
    manager = sign_in(Role.MANAGER)
    with transaction() as current:
        outbox.post(current, "cleanup", key="k", at=clock.now(), queue="pdf")
        current.query(Outbox).update({"state": "DEAD", "last_error": "the printer is on fire"})
        now = portal_clock.machine_now()
        fresh = {"name": "a:fast:1", "kind": "fast", "host": "a", "pid": 1, "started_at": now, "seen_at": now}
        silent = fresh | {"name": "a:pdf:2", "kind": "pdf", "seen_at": now - timedelta(minutes=2)}
        insert_once(current, Worker, [fresh, silent])
    for path in ("/manager/operations", "/manager/operations/figures"):
        text = manager.get(path).text
        for word in ("the printer is on fire", "a:fast:1", "a:pdf:2", "重新执行"):
            assert word in text, (path, word)
    assert text.count("alert-triangle") == 1, "one worker is silent"


def test_dead_work_is_run_again_once_and_the_act_is_logged(sign_in, clock, app):
    manager = sign_in(Role.MANAGER)
    with transaction() as current:
        outbox.post(current, "cleanup", key="k", at=clock.now())
        current.query(Outbox).update({"state": "DEAD"})
    number = session().scalars(select(Outbox.id)).one()
    assert manager.post(f"/manager/operations/{number}/rerun").status_code == 303
    session().rollback()
    assert session().get_one(Outbox, number).state == "PENDING"
    assert manager.post(f"/manager/operations/{number}/rerun").status_code == 409
    assert [event.action for event in session().scalars(select(Event).where(Event.kind == "SYSTEM"))] == ["rerun"]


def test_only_the_manager_sees_operations(sign_in, app):
    for role in set(Role) - {Role.MANAGER}:
        browser = sign_in(role)
        assert browser.get("/manager/operations").status_code == 403
        assert browser.post("/manager/operations/1/rerun").status_code == 403


def test_the_manager_confirms_a_clock_in_doubt(sign_in, clock, app):
    from portal.schedules import SCHEDULES

    with transaction() as current:
        slots.plan(current, SCHEDULES[0], at=clock.now())
    clock.advance(days=40)
    manager = sign_in(Role.MANAGER)
    assert "服务器的时钟" in manager.get("/manager/operations").text
    assert manager.post("/manager/operations/confirm-clock").status_code == 303
    assert "服务器的时钟" not in manager.get("/manager/operations").text
    session().rollback()
    assert slots.doubt(session(), clock.now()) is None
