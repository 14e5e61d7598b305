"""Types of tasks kept by the manager, and the chains that set or suggest the next task."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.db import transaction
from portal.errors import Invalid, NotPermitted
from portal.models.event import Event, EventKind
from portal.models.task import Task
from portal.models.task_type import TaskType
from portal.permissions import Role
from portal.services import calendars, own_tasks, task_types
from portal.services.task_types import Details
from tests.records.test_own_tasks import room, said, told, work_off  # noqa: F401

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHAIN = ("开工回访", "水电回访", "竣工回访")


def local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%m-%d %H:%M")


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


@pytest.fixture
def chain(manager, clock):
    """Three calls: each sets the next by itself, three working days after the time that was due."""

    def build(**more):
        made: list[TaskType] = []
        for name in reversed(CHAIN):
            given = {"delay": 3, "delay_unit": "WORKING_DAYS", "summary": f"{name}：问是否满意", **more}
            links = {"chaining": "TRIGGER", "counted_from": "DEADLINE", "next_id": made[-1].id} if made else {}
            given = {**links, **given, **({} if made else {"chaining": "NONE"})}
            with transaction() as writing:
                actor = writing.merge(manager.user)
                made.append(task_types.add(writing, Details(name, **given), actor=actor, at=clock.now()))
        return made[::-1]

    return build


def form(**fields):
    return {
        "name": "回访", "icon": "phone", "delay": "3", "delay_unit": "WORKING_DAYS", "chaining": "NONE",
        "counted_from": "COMPLETION", "position": "9", "is_active": "y", **fields,
    }  # fmt: skip


def hand_tasks(session):
    session.rollback()
    return session.scalars(select(Task).where(Task.kind == "HAND").order_by(Task.id)).all()


# ---------- Kept by the manager ----------


def test_the_words_of_before_are_there_and_can_be_changed(manager, session):
    assert [each.name for each in task_types.every(session)] == ["打电话", "上门", "送资料", "提醒", "其他"]
    text = manager.get("/manager/task-types", status=200).text
    assert text.count("公司默认") == 5 and "1 个工作日" in text
    first = session.scalars(select(TaskType).where(TaskType.name == "打电话")).one()
    assert "打电话" in manager.get(f"/manager/task-types/{first.id}", status=200).text
    manager.post(f"/manager/task-types/{first.id}", form(name="电话沟通", version=str(first.version)), status=303)
    changed = session.get(TaskType, first.id)
    assert (changed.name, changed.delay, changed.is_default) == ("电话沟通", 3, False)
    event = session.scalars(select(Event).where(Event.action == "task-type")).one()
    assert event.data["changes"]["name"] == ["打电话", "电话沟通"]
    assert "电话沟通" in manager.get("/manager/audit", status=200).text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "请填写"),
        ({"name": "字" * 21}, "20"),
        ({"name": "上门"}, "已有同名的类型"),
        ({"icon": "rocket"}, "请重新选择"),
        ({"delay": "0"}, "1"),
        ({"delay": "9999"}, "三年"),
        ({"delay": "x"}, "1"),
        ({"delay_unit": "WEEKS"}, "请重新选择"),
        ({"chaining": "TRIGGER"}, "请选择接着做哪一类"),
        ({"chaining": "TRIGGER", "next_id": "99"}, "请重新选择"),
        ({"whose": "p99999"}, "请重新选择"),
        ({"whose": "rKING"}, "请重新选择"),
        ({"summary": "字" * 300}, "200"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field(manager, session, changed, sentence):
    answer = manager.post("/manager/task-types/new", form(**changed), status=422)
    assert sentence in answer.text
    assert len(task_types.every(session)) == 5


def test_only_the_manager(sign_in, session, clock):
    for role in set(Role) - {Role.MANAGER}:
        browser = sign_in(role)
        browser.get("/manager/task-types", status=403)
        browser.post("/manager/task-types/new", form(), status=403)
        with pytest.raises(NotPermitted), transaction() as writing:
            task_types.add(writing, Details("x"), actor=browser.user, at=clock.now())


def test_two_managers_at_once(manager, session):
    each = task_types.every(session)[0]
    seen = str(each.version)
    manager.post(f"/manager/task-types/{each.id}", form(name="甲", version=seen), status=303)
    answer = manager.post(f"/manager/task-types/{each.id}", form(name="乙", version=seen), status=409)
    assert 'value="乙"' in answer.text and session.get(TaskType, each.id).name == "甲"


@pytest.mark.parametrize("back_to", [0, 1, 2])
def test_a_chain_never_leads_back(manager, chain, session, back_to):
    made = chain()
    last, target = made[2], made[back_to]
    answer = manager.post(
        f"/manager/task-types/{last.id}",
        form(name=last.name, chaining="SUGGEST", next_id=str(target.id), version=str(last.version)),
        status=422,
    )
    assert ("回到起点" if back_to < 2 else "请重新选择") in answer.text
    session.rollback()
    assert session.get(TaskType, last.id).next_id is None


def test_a_type_others_lead_to_stays_until_they_lead_elsewhere(manager, chain, session):
    first, second, _third = chain()
    fields = form(name=second.name, version=str(second.version))
    fields.pop("is_active")
    assert "开工回访" in manager.post(f"/manager/task-types/{second.id}", fields, status=422).text
    manager.post(f"/manager/task-types/{first.id}", form(name=first.name, version=str(first.version)), status=303)
    manager.post(f"/manager/task-types/{second.id}", fields, status=303)
    assert second.name not in [each.name for each in task_types.offered(session)]


# ---------- What a type says of a task ----------


def test_the_type_fills_in_what_nobody_wrote(room, manager, chain, session, clock):  # noqa: F811
    chain(role="SPECIALIST")
    room.add(type_name="竣工回访", title="", when="AS_TYPE", whose="type")
    task = room.task()
    assert (task.title, task.role, task.person_id) == ("竣工回访：问是否满意", "SPECIALIST", None)
    assert local(task.due_at) == "05-14 18:00"
    room.add(type_name="竣工回访", title="自己写的", when="IN_TWO_HOURS", whose=f"p{room.me.id}")
    assert (room.task().title, local(room.task().due_at)) == ("自己写的", "05-11 12:00")
    room.add(type_name="", title="", status=422)
    assert "请选择类型" in room.add(type_name="", title="没有类型", when="AS_TYPE", status=422).text


# ---------- Chains ----------


def test_three_in_a_chain_from_the_deadline_over_a_holiday(room, chain, session, clock, manager, sign_in):  # noqa: F811
    """Due on Thursday; the next on Wednesday the 20th, as Friday is a holiday of the company and a weekend follows."""
    chain()
    with transaction() as writing:
        calendars.set_day(writing, date(2026, 5, 15), "店庆", [], actor=writing.merge(manager.user), at=clock.now())
        calendars.forget(writing)
    room.add(type_name="开工回访", when="AS_TYPE")
    first = room.task()
    assert local(first.due_at) == "05-14 18:00"
    clock.set("2026-05-12 09:30")  # early: the plan stays as it was
    sign_in(room.me).post(f"/records/tasks/{first.id}/done", {"result": "满意"}, status=303)
    assert [local(each.due_at) for each in hand_tasks(session)] == ["05-14 18:00", "05-20 18:00"]
    clock.set("2026-05-22 16:00")  # late: the plan stays all the same
    second = hand_tasks(session)[1]
    with transaction() as writing:
        own_tasks.finish(writing, writing.get_one(Task, second.id), actor=writing.merge(room.me), at=clock.now())
    third = hand_tasks(session)[2]
    assert (local(third.due_at), third.type_name, third.after_id) == ("05-25 18:00", "竣工回访", second.id)
    assert (third.title, third.person_id, third.set_by_id) == ("竣工回访：问是否满意", room.me.id, room.me.id)
    with transaction() as writing:
        assert own_tasks.finish(writing, writing.get_one(Task, third.id), actor=room.me, at=clock.now()) is None
    assert len(hand_tasks(session)) == 3


def test_from_its_completion(room, chain, session, clock):  # noqa: F811
    chain(counted_from="COMPLETION", delay_unit="HOURS")
    room.add(type_name="开工回访", due_at="2026-05-11T18:00")
    clock.set("2026-05-11 10:20")
    answer = room.browser.post(f"/records/tasks/{room.task().id}/done", htmx=True, status=200)
    assert local(room.task().due_at) == "05-11 13:20"
    assert "水电回访：问是否满意" in answer.text and "完成。接着：" in answer.text


def test_two_closings_never_make_two(room, chain, session, clock):  # noqa: F811
    chain()
    room.add(type_name="开工回访", when="AS_TYPE")
    number = room.task().id
    for _again in range(2):
        room.browser.post(f"/records/tasks/{number}/done", status=303)
    assert len(hand_tasks(session)) == 2
    first, second = hand_tasks(session)
    with pytest.raises(IntegrityError), transaction() as writing:
        writing.add(
            Task(kind="HAND", title="x", record_kind="customers", record_id=1, record_number="x",
                 started_at=clock.now(), after_id=first.id)
        )  # fmt: skip
    with transaction() as writing:  # as if the first closing had been lost, and its consequence not
        again = writing.get_one(Task, first.id)
        again.closed_at = again.outcome = None
    room.browser.post(f"/records/tasks/{first.id}/done", status=303)
    assert [task.id for task in hand_tasks(session)] == [first.id, second.id]


def test_what_follows_is_in_the_history_and_told_to_whose_turn_it_is(room, chain, session, sign_in):  # noqa: F811
    chain(person_id=room.colleague.id)
    room.add(type_name="开工回访", when="AS_TYPE")
    room.browser.post(f"/records/tasks/{room.task().id}/done", status=303)
    assert room.task().person_id == room.colleague.id
    assert said(session)[0].startswith(f"“打电话确认”之后，{room.colleague.name} 的待办")
    work_off(session)
    assert told(session, room.colleague) == [("ACTION", "水电回访：问是否满意")]
    assert "水电回访" in sign_in(room.colleague).get(room.base, status=200).text


def test_whom_the_type_names_and_who_may_not_see_the_record_is_passed_over(room, make, chain, session):  # noqa: F811
    branch, other = make.branch(), make.branch()
    with transaction() as writing:
        writing.merge(room.customer).branch_id = branch.id
    elsewhere = make.user(Role.SPECIALIST, branch_id=other.id)
    chain(person_id=elsewhere.id)
    room.add(type_name="开工回访", when="AS_TYPE", whose=f"p{room.colleague.id}")
    first = room.task()
    with transaction() as writing:
        own_tasks.finish(writing, writing.get_one(Task, first.id), actor=room.me, at=first.started_at)
    assert room.task().person_id == room.colleague.id
    room.add(type_name="开工回访", when="AS_TYPE", whose="type", status=422)


def test_a_suggestion_is_filled_in_and_not_set_by_itself(room, chain, session):  # noqa: F811
    chain(chaining="SUGGEST")
    room.add(type_name="开工回访", due_at="2026-05-12T10:00")
    number = room.task().id
    part = room.browser.post(f"/records/tasks/{number}/done", htmx=True, status=200).text
    assert "已完成。建议接着：水电回访" in part and 'value="水电回访：问是否满意"' in part
    assert 'value="2026-05-15T18:00"' in part  # three working days after the 12th
    assert len(hand_tasks(session)) == 1
    room.add(type_name="开工回访")
    answer = room.browser.post(f"/records/tasks/{room.task().id}/done", status=303)
    assert "mode=task&after=" in answer.location
    assert 'value="水电回访：问是否满意"' in room.browser.get(answer.location, status=200).text


@pytest.mark.parametrize("chaining", ["TRIGGER", "SUGGEST"])
def test_what_follows_is_called_as_its_own_type(room, manager, chain, session, chaining):  # noqa: F811
    with transaction() as writing:
        first, then = (writing.merge(each) for each in chain(summary=None)[:2])
        first.chaining = chaining
        name = then.name
    room.add(type_name=first.name, title="")
    number = room.task().id
    room.browser.post(f"/records/tasks/{number}/done", status=303)
    if chaining == "SUGGEST":
        form = room.browser.get(f"{room.base}/talk", query={"mode": "task", "after": number}, status=200).text
        assert re.search(rf'name="title"[^>]*value="{name}"', form)
    else:
        assert (room.task().title, room.task().type_name) == (name, name)


def test_called_off_nothing_follows(room, chain, session):  # noqa: F811
    chain()
    room.add(type_name="开工回访")
    room.browser.post(f"/records/tasks/{room.task().id}/call-off", {"reason": "客户退单"}, status=303)
    assert len(hand_tasks(session)) == 1


def test_closed_from_the_matrix_it_chains_and_leads_back(room, chain, session):  # noqa: F811
    chain()
    room.add(type_name="开工回访")
    here = "/records/customers?view=tasks"
    text = room.browser.get(here, status=200).text
    done = f"/records/tasks/{room.task().id}/done"
    assert f'action="{done}"' in text and ">开工回访</th>" in text
    answer = room.browser.post(done, {"next": here}, status=303)
    assert answer.location == here
    text = room.browser.get(here, status=200).text
    assert ">水电回访</th>" in text and "完成。接着：" in text
    assert room.browser.post(f"/records/tasks/{room.task().id}/done", {"next": "//evil.example"}).location == room.base


def test_a_type_in_the_middle_that_is_refused_leaves_nothing_behind(manager, session, clock):
    with pytest.raises(Invalid), transaction() as writing:
        task_types.add(writing, Details("上门"), actor=writing.merge(manager.user), at=clock.now())
    assert session.scalars(select(Event).where(Event.kind == EventKind.SETTING)).all() == []
