"""Tasks changed in their row: other words, a later time, somebody else, done; as the rules of tasks allow."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import transaction
from portal.models.event import Event
from portal.models.task import Task, TaskKind
from portal.permissions import Role
from portal.services import own_tasks
from portal.services.own_tasks import SetTask, Whose
from tests.listing.rows import complaint

FIXED = "只有手工设置的待办才能改动"


@pytest.fixture
def owner(make):
    return make.user(Role.SPECIALIST, name="周晓雯")


@pytest.fixture
def task(make, clock, owner):
    """A task of the owner on a complaint that has a clock, too."""
    from portal.models.complaint import Complaint

    number = complaint(owner, make.customer(owner_id=owner.id), 1, clock.now(), clock.now() + timedelta(hours=4))
    with transaction() as session:
        actor = session.merge(owner)
        command = SetTask("打电话", clock.now() + timedelta(days=1), Whose(actor))
        made = own_tasks.add(session, session.get_one(Complaint, number), command, actor=actor, at=clock.now())
        return made.id


def clock_of(session):
    return session.scalars(select(Task.id).where(Task.kind == TaskKind.DEADLINE)).one()


def version(client, number, key):
    text = client.get(f"/records/cells/tasks/{number}/{key}", htmx=True, status=200).text
    return re.search(r'name="version"[^>]*value="(\d+)"', text)[1]


def save(client, number, key, *, status=200, **given):
    given = {"version": version(client, number, key)} | given
    return html.unescape(client.post(f"/records/cells/tasks/{number}/{key}", given, htmx=True, status=status).text)


def local(moment):
    return f"{portal_clock.local(moment):%Y-%m-%dT%H:%M}"


def test_the_words_are_changed_and_the_history_says_so(sign_in, session, owner, task):
    client = sign_in(owner)
    assert "问水电" in save(client, task, "title", value="问水电")
    assert session.get_one(Task, task).title == "问水电"
    event = session.scalars(select(Event).where(Event.action == "task-renamed")).one()
    assert (event.data["text"], event.data["name"]) == ("打电话", "问水电")
    assert "待办“打电话”改为：问水电" in html.unescape(client.get("/records/complaints/TS-2026-0001").text)
    assert "请填写" in save(client, task, "title", value="  ", status=422)


def test_it_is_put_off_with_the_reason(sign_in, session, owner, task, clock):
    client, before = sign_in(owner), session.get_one(Task, task).due_at
    save(client, task, "due_at", value=local(before + timedelta(days=2)), reason="客户出差")
    session.expire_all()
    found = session.get_one(Task, task)
    assert (found.due_at - before, found.put_off_count) == (timedelta(days=2), 1)
    assert "请填写" in save(client, task, "due_at", value=local(before + timedelta(days=3)), reason="", status=422)
    earlier = save(client, task, "due_at", value=local(before), reason="早一点", status=422)
    assert "延后" in earlier and "早一点" in earlier


def test_it_becomes_somebody_elses_turn(sign_in, session, make, owner, task):
    other, client = make.user(Role.SPECIALIST, name="沈佳"), sign_in(owner)
    save(client, task, "person_id", value=str(other.id), reason="你熟悉")
    session.expire_all()
    assert session.get_one(Task, task).person_id == other.id
    blind = make.user(Role.FRONT_DESK, name="李敏")
    text = save(sign_in(other), task, "person_id", value=str(blind.id), status=422)
    assert "李敏无权查看" in text.replace(" ", "") and session.get_one(Task, task).person_id == other.id


def test_it_is_done_with_what_came_of_it(sign_in, session, owner, task):
    client = sign_in(owner)
    line = save(client, task, "done", result="已约好周三")
    assert "data-edit" not in line, "a row that is over is changed no more"
    session.expire_all()
    found = session.get_one(Task, task)
    assert (found.outcome, found.result, found.closed_by_id) == ("DONE", "已约好周三", owner.id)
    client.get(f"/records/cells/tasks/{task}/title", htmx=True, status=409)
    client.post(f"/records/cells/tasks/{task}/done", {"version": str(found.version)}, htmx=True, status=422)


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("title", {"value": "别的"}),
        ("due_at", {"value": "2026-06-01T10:00", "reason": "晚"}),
        ("done", {"result": "好"}),
    ],
)
def test_who_was_slower_is_told_and_nothing_typed_is_lost(sign_in, session, owner, task, key, given):
    client = sign_in(owner)
    old = version(client, task, key)
    with transaction() as writing:
        writing.get_one(Task, task).note = "别人写的"
    text = client.post(f"/records/cells/tasks/{task}/{key}", given | {"version": old}, htmx=True, status=409).text
    assert next(iter(given.values())) in text and "data-cell-form" in text
    session.expire_all()
    assert session.get_one(Task, task).closed_at is None


def test_a_clock_of_a_process_is_not_moved_by_hand(sign_in, session, owner, task):
    client, number = sign_in(owner), clock_of(session)
    session.rollback()
    for key in ("title", "due_at", "person_id", "done"):
        text = client.get(f"/records/cells/tasks/{number}/{key}", htmx=True, status=409).text
        assert "data-cell-form" not in text
    line = html.unescape(client.get(f"/records/cells/tasks/{number}", htmx=True, status=200).text)
    assert "随步骤完成" in line and "data-edit" not in line


def test_tasks_of_others_are_not_there(sign_in, make, task):
    stranger = sign_in(Role.SPECIALIST)
    for key in ("title", "due_at", "person_id", "done"):
        stranger.get(f"/records/cells/tasks/{task}/{key}", htmx=True, status=404)
        stranger.post(f"/records/cells/tasks/{task}/{key}", {"value": "x", "version": "1"}, htmx=True, status=404)


def test_the_cells_are_marked_in_the_list(sign_in, owner, task):
    text = sign_in(owner).get("/records/tasks?filter=open").text
    for key in ("title", "due_at", "person_id", "done"):
        assert text.count(f'data-edit="{key}"') == 1
    edits = re.search(r'data-edits="([^"]*)"', text)[1].split()
    assert {"title", "due_at", "person_id", "done"} <= set(edits)
