"""What those who follow a record are told of: exactly what they chose, there or once for all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.models.event import Event, EventKind
from portal.models.notice import Notice
from portal.models.task import Follower, Topic
from portal.permissions import Role
from portal.services import events, following, own_tasks, tasks
from portal.services.own_tasks import SetTask, Whose
from tests.records.test_own_tasks import work_off
from tests.services.test_complaints import story  # noqa: F401


@pytest.fixture
def room(sign_in, make, session):
    writer = sign_in(Role.SPECIALIST, name="周敏")
    customer = make.customer(owner_id=writer.user.id)
    reader = sign_in(Role.SPECIALIST, name="李静")
    base = f"/records/customers/{customer.number}"
    reader.post(f"{base}/follow", status=303)
    return SimpleNamespace(writer=writer, reader=reader, customer=customer, base=base)


def acts(room, clock):
    """Something of each topic that happens on a record."""
    writer, base = room.writer, room.base

    def event(kind, **data):
        with transaction() as writing:
            customer = writing.merge(room.customer)
            actor = writing.merge(writer.user)
            events.record(writing, kind, actor=actor, at=clock.now(), record=customer, **data)

    def task():
        with transaction() as writing:
            mine = Whose(writing.merge(writer.user))
            command = SetTask("量尺", clock.now().replace(hour=9), mine)
            own_tasks.add(writing, writing.merge(room.customer), command, actor=mine.person, at=clock.now())

    return {
        Topic.NOTES: lambda: writer.post(f"{base}/notes", {"text": "改到周六"}, status=303),
        Topic.TASKS: task,
        Topic.FILES: lambda: event(EventKind.FILE, action="add", name="合同.pdf"),
        Topic.CHANGES: lambda: event(EventKind.CHANGE, changes={"name": ["甲", "乙"]}),
        Topic.CALLS: lambda: event(EventKind.CALL, action="call-back", reached=True),
        Topic.MISSES: lambda: event(EventKind.BREACH, action="DL-02", title="First contact"),
    }


def told(session, person):
    work_off(session)
    return session.scalars(select(Notice).where(Notice.user_id == person.id).order_by(Notice.id)).all()


@pytest.mark.parametrize("where", ["record", "account"])
@pytest.mark.parametrize("chosen", [topic for topic in Topic if topic not in (Topic.STEPS, Topic.MESSAGES)])
def test_a_follower_is_told_of_what_was_chosen_and_nothing_else(room, session, clock, chosen, where):
    path = f"{room.base}/followers/topics" if where == "record" else "/account/following"
    room.reader.post(path, {"topic": [chosen.value]}, status=303)
    for topic, act in acts(room, clock).items():
        before = len(told(session, room.reader.user))
        act()
        now = told(session, room.reader.user)
        assert len(now) - before == (topic == chosen), topic
    assert told(session, room.writer.user) == []
    said = "DL-02" if chosen is Topic.MISSES else "周敏"
    assert said in room.reader.get("/records/notices?filter=", status=200).text


def test_without_a_word_it_is_steps_and_messages(room, session, clock):
    for act in acts(room, clock).values():
        act()
    assert told(session, room.reader.user) == []
    room.writer.post(f"{room.base}/messages", {"text": "水电验收改期"}, status=303)
    assert len(told(session, room.reader.user)) == 1


def test_who_takes_no_messages_is_no_receiver_and_is_not_named_as_one(room, session):
    assert "将发给 李静" in room.writer.get(f"{room.base}/talk?mode=message", status=200).text
    room.reader.post(f"{room.base}/followers/topics", {"topic": ["NOTES"]}, status=303)
    assert "李静" not in room.writer.get(f"{room.base}/talk?mode=message", status=200).text.split("composer")[2]
    room.writer.post(f"{room.base}/messages", {"text": "没有人收"}, status=422)
    assert "将发给 李静" in room.writer.get(f"{room.base}/talk?mode=note", status=200).text
    room.writer.post(f"{room.base}/messages", {"text": "@李静 请看"}, status=303)
    assert [row.level for row in told(session, room.reader.user)] == ["ACTION"]


@pytest.mark.parametrize(("topics", "is_told"), [(["STEPS"], True), (["NOTES", "TASKS"], False), ([], False)])
def test_every_step_is_told_to_those_who_want_steps(story, session, make, topics, is_told):  # noqa: F811
    follower = make.user(Role.SPECIALIST)
    story.register()
    work_off(session)
    with transaction() as writing:
        kept = following.kept([Topic(code) for code in topics])
        writing.add(
            Follower(record_kind="complaints", record_id=story.id, user_id=follower.id, since=make.now(), topics=kept)
        )
    heard = []
    for act in (lambda: story.hand_over("05-11 11:20"), lambda: story.verify("05-11 15:00")):
        act()
        heard.append(len(told(session, follower)))
    assert heard == ([1, 2] if is_told else [0, 0])


def test_the_choice_of_the_record_beats_that_of_the_account_and_can_be_taken_back(room, session, clock):
    room.reader.post("/account/following", {"topic": ["FILES"]}, status=303)
    room.reader.post(f"{room.base}/followers/topics", {"topic": ["CHANGES"]}, status=303)
    own = following.of_record(session, room.customer)[0]
    assert own.is_own and own.topics == {Topic.CHANGES}
    text = room.reader.get(room.base, status=200).text
    assert 'value="CHANGES" checked' in text and "按我的账号设置" in text and "李静 接收的内容：字段修改" in text
    room.reader.post(f"{room.base}/followers/topics", {"usual": "1"}, status=303)
    session.rollback()
    own = following.of_record(session, room.customer)[0]
    assert not own.is_own and own.topics == {Topic.FILES}
    assert 'value="FILES" checked' in room.reader.get("/account/", status=200).text
    assert "李静 接收的内容：按账号设置" in room.reader.get(room.base, status=200).text
    assert len(session.scalars(select(Event).where(Event.action == "follow-topics")).all()) == 2


@pytest.mark.parametrize("topics", [["NONSENSE"], ["STEPS", "<script>"], ["STEPS"] * 20])
def test_strange_topics_are_refused(room, session, topics):
    room.reader.post(f"{room.base}/followers/topics", {"topic": topics}, status=400)
    room.reader.post("/account/following", {"topic": topics}, status=400)
    assert session.scalars(select(Follower.topics)).all() == [None]


def test_whoever_does_not_follow_has_nothing_to_choose(room, make, sign_in):
    room.writer.post(f"{room.base}/followers/topics", {"topic": ["NOTES"]}, status=404)
    sign_in(Role.REVIEWER).post(f"{room.base}/followers/topics", {"topic": ["NOTES"]}, status=404)


def test_several_changes_at_once_are_told_once_and_not_to_the_one_who_made_them(room, session, clock):
    for browser in (room.reader, room.writer):
        browser.post(f"{room.base}/follow", status=303)
        browser.post(f"{room.base}/followers/topics", {"topic": ["FILES"]}, status=303)
    with transaction() as writing:
        for name in ("一.jpg", "二.jpg", "三.jpg"):
            events.record(
                writing, EventKind.FILE, action="add", actor=writing.merge(room.writer.user), at=clock.now(),
                record=writing.merge(room.customer), name=name,
            )  # fmt: skip
    assert len(told(session, room.reader.user)) == 1 and told(session, room.writer.user) == []


def test_a_task_of_ones_own_is_told_once(room, session, clock):
    room.reader.post(f"{room.base}/followers/topics", {"topic": ["TASKS"]}, status=303)
    room.writer.post(
        f"{room.base}/tasks", {"title": "量尺", "whose": f"p{room.reader.user.id}", "when": "TOMORROW"}, status=303
    )
    assert [row.level for row in told(session, room.reader.user)] == ["ACTION"]
    with transaction() as writing:
        task = writing.scalars(select(tasks.Task).where(tasks.Task.kind == "HAND")).one()
        own_tasks.call_off(writing, task, "不用了", actor=writing.merge(room.writer.user), at=clock.now())
    assert [row.level for row in told(session, room.reader.user)] == ["ACTION", "INFO"]


def test_whoever_sees_the_record_no_more_hears_nothing(room, session, make, clock):
    room.reader.post(f"{room.base}/followers/topics", {"topic": ["CHANGES", "NOTES"]}, status=303)
    branch, other = make.branch(), make.branch()
    with transaction() as writing:
        writing.merge(room.customer).branch_id = branch.id
        writing.merge(room.reader.user).branch_id = other.id
    for topic in (Topic.CHANGES, Topic.NOTES):
        acts(room, clock)[topic]()
    assert told(session, room.reader.user) == []
