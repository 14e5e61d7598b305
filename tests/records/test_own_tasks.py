"""Tasks people set by hand beside a record: set, told, done, chained, put off, handed over, called off."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from jobs.outbox import deliver
from portal import clock as portal_clock
from portal.calendar import DayKind, DayRule, WorkCalendar
from portal.db import transaction
from portal.models.event import Event, EventKind
from portal.models.notice import Notice
from portal.models.org import User
from portal.models.outbox import Outbox
from portal.models.task import DeadlineBreach, Task
from portal.models.task_type import TaskType
from portal.permissions import Role
from portal.services import tasks, timeline
from portal.services.own_tasks import When, moment

SHANGHAI = ZoneInfo("Asia/Shanghai")


def work_off(session):
    """Deliver everything that is due."""
    session.rollback()
    waiting = session.scalars(
        select(Outbox.id).where(Outbox.state == "PENDING", Outbox.run_after <= portal_clock.now())
    ).all()
    session.rollback()
    for number in waiting:
        deliver(number)
    session.rollback()


def told(session, user):
    """(level, task, turn and level in the key) of the notices of a person."""
    rows = session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
    return [(row.level, row.params.get("task")) for row in rows]


@pytest.fixture
def room(sign_in, make, session):
    """A customer, a specialist at the page, a colleague and a manager."""
    specialist = sign_in(Role.SPECIALIST)
    customer = make.customer(owner_id=specialist.user.id)
    colleague, manager = make.user(Role.SPECIALIST), make.user(Role.MANAGER)
    base = f"/records/customers/{customer.number}"

    def add(browser=specialist, status=303, **fields):
        data = {
            "title": "打电话确认",
            "type_name": "打电话",
            "whose": f"p{specialist.user.id}",
            "when": "NEXT_WORKING_DAY",
        }
        return browser.post(f"{base}/tasks", {**data, **fields}, status=status)

    def task():
        session.rollback()
        return session.scalars(select(Task).order_by(Task.id.desc()).limit(1)).one()

    return SimpleNamespace(
        browser=specialist, me=specialist.user, customer=customer, colleague=colleague, manager=manager, base=base,
        add=add, task=task,
    )  # fmt: skip


def said(session):
    """What the history says, newest first."""
    session.rollback()
    found = session.scalars(select(Event).where(Event.kind == EventKind.TASK).order_by(Event.id.desc())).all()
    viewer = session.scalars(select(User).limit(1)).one()
    return [line.body for line in timeline.entries(found, viewer)]


# ---------- Times ----------

HOLIDAY = WorkCalendar.build([DayRule(date(2026, 5, 12), DayKind.HOLIDAY, "店庆")])


@pytest.mark.parametrize(
    ("when", "at", "due"),
    [
        (When.NEXT_WORKING_DAY, "2026-05-11 10:00", "2026-05-13 10:00"),  # Tuesday is a holiday
        (When.NEXT_WORKING_DAY, "2026-05-15 18:30", "2026-05-18 10:00"),  # Friday evening
        (When.IN_TWO_HOURS, "2026-05-11 23:00", "2026-05-12 01:00"),
        (When.TOMORROW, "2026-05-15 23:59", "2026-05-16 09:00"),
        (When.IN_THREE_WORKING_DAYS, "2026-05-11 10:00", "2026-05-15 18:00"),
        (When.NEXT_MONDAY, "2026-05-11 09:00", "2026-05-18 10:00"),  # on a Monday: the one after
        (When.NEXT_MONDAY, "2026-05-17 09:00", "2026-05-18 10:00"),
    ],
)
def test_quick_choices_of_a_due_time(when, at, due):
    now = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert moment(when, HOLIDAY, now).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") == due


# ---------- Setting ----------


def test_a_task_is_set_shown_and_told_to_the_colleague(room, session, sign_in):
    room.add(whose=f"p{room.colleague.id}", note="先看合同", when="IN_TWO_HOURS")
    task = room.task()
    assert (task.kind, task.type_name, task.person_id, task.set_by_id) == (
        "HAND", "打电话", room.colleague.id, room.me.id,
    )  # fmt: skip
    assert (task.record_number, task.note, task.code) == (room.customer.number, "先看合同", None)
    work_off(session)
    assert told(session, room.colleague) == [("ACTION", "打电话确认")] and told(session, room.me) == []
    text = room.browser.get(room.base, status=200).text
    assert "打电话确认" in text and "先看合同" in text and "data-due=" in text
    for browser in (sign_in(room.colleague), sign_in(room.manager)):
        listed = browser.get("/records/tasks?filter=open", status=200).text
        assert "打电话确认" in listed and f"/records/customers/{room.customer.number}" in listed
    assert "打电话确认" in room.browser.get("/records/tasks?filter=set-by-me", status=200).text
    assert "打电话确认" in sign_in(room.colleague).get("/specialist/", status=200).text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": " ", "type_name": ""}, "请填写要做什么"),
        ({"due_at": "2026-05-11T09:59"}, "该时间已过"),
        ({"due_at": "yesterday"}, "2026-05-11 10:00"),
        ({"whose": "p999999"}, "请重新选择"),
        ({"type_name": "没有这种"}, "请重新选择"),
        ({"when": "SOMEDAY"}, "请重新选择"),
        ({"title": "字" * 201}, "200"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_lost(room, session, changed, sentence):
    answer = room.add(status=422, note="留着这句", **changed)
    assert sentence in answer.text and "留着这句" in answer.text
    assert session.scalars(select(Task)).all() == []


@pytest.mark.parametrize(("usual", "title"), [(None, "打电话"), ("给客户回电", "给客户回电")])
def test_without_a_title_a_task_is_called_as_its_type_says(room, session, usual, title):
    session.scalars(select(TaskType).where(TaskType.name == "打电话")).one().summary = usual
    session.commit()
    room.add(title=" ")
    assert room.task().title == title


def test_the_form_is_there_without_javascript_and_as_a_part(room):
    whole = room.browser.get(f"{room.base}/talk", query={"mode": "task"}, status=200).text
    part = room.browser.get(f"{room.base}/talk", query={"mode": "task"}, htmx=True, status=200).text
    assert "<html" in whole and "<html" not in part
    for text in (whole, part):
        assert 'name="whose"' in text and "下个工作日" in text and 'action="' + room.base + '/tasks"' in text
    answer = room.browser.post(
        f"{room.base}/tasks",
        {"title": "上门看看", "whose": f"p{room.me.id}", "when": "TOMORROW"},
        htmx=True,
        status=200,
    )
    assert "上门看看" in answer.text and 'id="chatter"' in answer.text and "<html" not in answer.text


def test_sent_twice_it_is_set_once(room, session):
    for _again in range(2):
        room.add(client_key="k" * 20)
    assert len(session.scalars(select(Task)).all()) == 1


def test_a_role_is_given_a_task_only_when_all_of_it_see_the_record(room, session, make):
    make.user(Role.REVIEWER)
    form = room.browser.get(f"{room.base}/talk?mode=task", status=200).text
    assert 'value="rSPECIALIST"' in form and 'value="rREVIEWER"' not in form
    room.add(whose="rREVIEWER", status=422)
    room.add(whose="rSPECIALIST")
    assert (room.task().role, room.task().person_id) == ("SPECIALIST", None)


def test_who_may_not_see_the_record_is_not_given_a_task(room, make, session, sign_in):
    branch, other = make.branch(), make.branch()
    with transaction() as writing:
        writing.merge(room.customer).branch_id = branch.id
    elsewhere = make.user(Role.SPECIALIST, branch_id=other.id)
    room.add(whose=f"p{elsewhere.id}", status=422)
    reviewer = make.user(Role.REVIEWER)
    front = sign_in(Role.FRONT_DESK)
    room.add(front, whose=f"p{reviewer.id}", status=422)
    assert session.scalars(select(Task)).all() == []
    sign_in(reviewer).get(room.base, status=404)
    room.add(whose=f"p{reviewer.id}")  # a specialist brings the reviewer in: from now on the record is theirs to see
    sign_in(reviewer).get(room.base, status=200)
    sign_in(elsewhere).post(f"{room.base}/tasks", {"title": "x", "whose": f"p{elsewhere.id}"}, status=404)


# ---------- What becomes of it ----------


def test_done_with_a_result_and_the_next_one(room, session):
    room.add()
    first = room.task()
    answer = room.browser.post(
        f"/records/tasks/{first.id}/done",
        {"result": "客户同意", "then": "next", "version": str(first.version)},
        status=303,
    )
    assert answer.location == f"{room.base}/talk?mode=task&after={first.id}"
    form = room.browser.get(answer.location, status=200).text
    assert 'value="打电话确认"' in form
    first = room.task()
    assert (first.outcome, first.result) == ("DONE", "客户同意")
    assert said(session)[0] == "待办完成：打电话确认 · 客户同意"


def test_put_off_warns_of_the_new_time_and_never_of_the_old_one(room, session, clock, sign_in):
    room.add(due_at="2026-05-11T14:00")
    number = room.task().id
    clock.set("2026-05-11 13:30")
    with transaction() as writing:
        tasks.sweep(writing, clock.now())  # the warning is posted, not yet delivered
    browser = sign_in(room.me)
    browser.post(f"/records/tasks/{number}/later", {"due_at": "2026-05-11T13:50", "reason": "忙"}, status=422)
    browser.post(f"/records/tasks/{number}/later", {"due_at": "2026-05-12T10:00", "reason": ""}, status=422)
    browser.post(f"/records/tasks/{number}/later", {"due_at": "2026-05-12T14:00", "reason": "客户在开会"}, status=303)
    assert "客户在开会" in said(session)[0] and "14:00" in said(session)[0]
    work_off(session)
    assert told(session, room.me) == []
    for at, levels in (("2026-05-12 13:00", ["WARN"]), ("2026-05-12 14:01", ["WARN", "OVERDUE"])):
        clock.set(at)
        for _again in range(2):
            with transaction() as writing:
                tasks.sweep(writing, clock.now())
            work_off(session)
        assert [level for level, _task in told(session, room.me)] == levels
    assert session.scalars(select(DeadlineBreach)).all() == []


def test_only_later_times_are_offered_to_put_off(room):
    for due_at, offered in (
        ("2026-05-11T11:00", ["NEXT_WORKING_DAY", "IN_TWO_HOURS", "TOMORROW", "IN_THREE_WORKING_DAYS", "NEXT_MONDAY"]),
        ("2026-05-12T18:00", ["IN_THREE_WORKING_DAYS", "NEXT_MONDAY"]),
        ("2026-06-30T18:00", []),
    ):
        room.add(due_at=due_at)
        path = f"/records/tasks/{room.task().id}/later"
        form = room.browser.get(path, status=200).text
        assert re.findall(r'name="when"[^>]*value="(\w+)"', form) == offered
        assert [offered[0]] == re.findall(r'value="(\w+)"[^>]* checked', form) if offered else "checked" not in form
        nothing = room.browser.post(path, {"reason": "客户出差"}, status=303 if offered else 422)
        assert offered or ("请填写其他时间" in nothing.text and "客户出差" in nothing.text)


def test_handed_over_it_is_theirs_and_called_off_it_is_closed(room, session, sign_in):
    room.add()
    number = room.task().id
    room.browser.post(f"/records/tasks/{number}/hand-over", {"whose": f"p{room.me.id}"}, status=422)
    room.browser.post(f"/records/tasks/{number}/hand-over", {"whose": f"p{room.colleague.id}"}, status=303)
    assert room.task().person_id == room.colleague.id
    work_off(session)
    assert told(session, room.colleague) == [("ACTION", "打电话确认")]
    assert said(session)[0] == f"待办由 {room.me.name} 转给 {room.colleague.name}：打电话确认"
    theirs = sign_in(room.colleague)
    theirs.post(f"/records/tasks/{number}/call-off", {"reason": ""}, status=422)
    theirs.post(f"/records/tasks/{number}/call-off", {"reason": "客户已来电"}, status=303)
    assert (room.task().outcome, said(session)[0]) == ("CANCELLED", "待办取消：打电话确认。原因：客户已来电")
    theirs.post(f"/records/tasks/{number}/later", {"when": "TOMORROW", "reason": "x"}, status=409)


def test_a_stale_form_is_not_carried_out_and_keeps_what_was_typed(room, session):
    room.add()
    number = room.task().id
    with transaction() as writing:
        writing.execute(update(Task).values(version=5))
    answer = room.browser.post(
        f"/records/tasks/{number}/call-off", {"reason": "不用了", "version": "1"}, htmx=True, status=409
    )
    assert "不用了" in answer.text and 'value="5"' in answer.text
    assert room.task().closed_at is None


def test_others_see_the_task_and_cannot_touch_it(room, sign_in):
    room.add()
    number = room.task().id
    other = sign_in(room.colleague)
    text = other.get(room.base, status=200).text
    assert "打电话确认" in text and f"/records/tasks/{number}/" not in text
    for act in ("done", "later", "hand-over", "call-off"):
        other.post(f"/records/tasks/{number}/{act}", {"reason": "x"}, status=404)
    other.get(f"/records/tasks/{number}/nothing", status=404)
    sign_in(room.manager).post(f"/records/tasks/{number}/done", status=303)
    assert room.task().outcome == "DONE"


def test_own_words_are_never_translated(room, session):
    room.add(title="Done")
    assert room.task().title == "Done"
    text = room.browser.get("/records/tasks", status=200).text
    assert ">Done<" in text


def test_the_front_desk_has_it_beside_its_form(room, sign_in):
    front = sign_in(Role.FRONT_DESK)
    room.add(whose=f"p{front.user.id}", title="给客户备好合同复印件")
    assert "给客户备好合同复印件" in front.get("/front-desk/", status=200).text


def test_a_role_waits_until_one_of_it_takes_the_task_over(room, session, sign_in):
    room.add(whose="rSPECIALIST")
    number = room.task().id
    theirs = sign_in(room.colleague)
    assert "打电话确认" in theirs.get("/records/tasks?filter=mine,open", status=200).text
    theirs.post(f"/records/tasks/{number}/hand-over", {"whose": f"p{room.colleague.id}"}, status=303)
    assert (room.task().person_id, room.task().role) == (room.colleague.id, None)
    work_off(session)
    assert told(session, room.colleague) == []
