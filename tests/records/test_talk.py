"""Notes, messages, names with an @, followers: who is told, and whom a record is opened to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.models.event import Event, EventKind
from portal.models.notice import Notice
from portal.models.task import Follower
from portal.permissions import Role
from portal.services import record_kinds, talk
from tests.records.test_own_tasks import work_off


@pytest.fixture
def room(sign_in, make, session):
    browser = sign_in(Role.SPECIALIST, name="周敏")
    customer = make.customer(owner_id=browser.user.id)
    return SimpleNamespace(
        browser=browser,
        customer=customer,
        base=f"/records/customers/{customer.number}",
        li=make.user(Role.SPECIALIST, name="李静", username="lijing"),
        wen=make.user(Role.SPECIALIST, name="李静文", username="wen"),
        reviewer=make.user(Role.REVIEWER, name="沈月"),
    )


def told(session):
    work_off(session)
    return [(row.user_id, row.level) for row in session.scalars(select(Notice).order_by(Notice.id))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@李静 请看", {"李静"}),
        ("请@李静文看一下，＠李静也看", {"李静文", "李静"}),
        ("@李静 @李静 @李静", {"李静"}),
        ("@lijing, please", {"李静"}),
        ("@lijingwen", set()),
        ("mail li@wen.com", set()),
        ("@沈月 看不到这个客户", set()),
        ("@没有这人", set()),
        ("@", set()),
    ],
)
def test_names_are_resolved_when_it_is_sent(room, session, text, names):
    assert {person.name for person in talk.mentions(session, room.customer, text)} == names


def test_who_can_be_named_is_offered(room, sign_in):
    offered = room.browser.get(f"{room.base}/colleagues", status=200).text
    assert (
        "李静文" in offered
        and "lijing" in offered
        and "lijingwen" in offered
        and " ljw " in offered
        and "沈月" not in offered
        and "周敏" not in offered
    )
    sign_in(room.reviewer).get(f"{room.base}/colleagues", status=404)


def test_a_note_tells_who_is_named_once_and_no_follower(room, session, make):
    follower = make.user(Role.SPECIALIST)
    with transaction() as writing:
        writing.add(
            Follower(
                record_kind="customers", record_id=room.customer.id, user_id=follower.id, since=room.customer.created_at
            )
        )
    room.browser.post(f"{room.base}/notes", {"text": "@李静 @lijing @不认识 看看"}, status=303)
    assert told(session) == [(room.li.id, "ACTION")]
    text = room.browser.get(room.base, status=200).text
    assert '<b class="mention">@李静</b>' in text and "@不认识 看看" in text


def test_a_message_goes_to_followers_and_names_its_receivers(room, session, sign_in):
    sent = {"text": "水电验收改到周五"}
    refused = room.browser.post(f"{room.base}/messages", sent, htmx=True, status=422)
    assert "还没有其他人关注" in refused.text and "水电验收改到周五" in refused.text
    sign_in(room.li).post(f"{room.base}/follow", status=303)
    for _again in range(2):
        room.browser.post(f"{room.base}/messages", {**sent, "client_key": "m" * 20}, status=303)
    assert told(session) == [(room.li.id, "INFO")]
    event = session.scalars(select(Event).where(Event.kind == EventKind.MESSAGE)).one()
    assert event.data["to"] == ["李静"]
    assert "发送给李静" in (page := room.browser.get(room.base, status=200).text).replace(" ", "") or "李静" in page


def test_words_of_people_stay_text(room):
    room.browser.post(f"{room.base}/notes", {"text": "<script>alert(1)</script> @李静 <b>"}, status=303)
    text = room.browser.get(room.base, status=200).text
    assert "<script>alert(1)" not in text and "&lt;b&gt;" in text


def test_following_opens_a_record_to_a_reviewer_and_the_history_says_so(room, session, sign_in):
    reviewer = sign_in(room.reviewer)
    reviewer.get(room.base, status=404)
    reviewer.post(f"{room.base}/follow", status=404)
    room.browser.post(f"{room.base}/followers", {"person": str(room.reviewer.id)}, status=303)
    reviewer.get(room.base, status=200)
    assert room.customer.number in reviewer.get("/account/notices?show=followed", status=200).text
    assert "沈月 关注了此记录" in room.browser.get(room.base, status=200).text
    room.browser.post(f"{room.base}/followers/{room.reviewer.id}/remove", status=303)
    reviewer.get(room.base, status=404)
    assert room.customer.number not in reviewer.get("/account/notices?show=followed", status=200).text


def test_only_specialists_and_managers_bring_in_colleagues(room, session, sign_in, make):
    front = sign_in(Role.FRONT_DESK)
    front.post(f"{room.base}/followers", {"person": str(room.li.id)}, status=403)
    front.post(f"{room.base}/follow", status=303)
    front.post(f"{room.base}/followers/{room.browser.user.id}/remove", status=403)
    with transaction() as writing:
        other = make_branch_of(writing, room)
    stranger = make.user(Role.SPECIALIST, branch_id=other)
    room.browser.post(f"{room.base}/followers", {"person": str(stranger.id)}, status=422)
    assert [row.user_id for row in session.scalars(select(Follower))] == [front.user.id]


def make_branch_of(writing, room):
    """The customer belongs to one branch; gives the number of another."""
    from portal.models.org import Branch

    own, other = Branch(code="A1", name="城南店"), Branch(code="A2", name="城北店")
    writing.add_all([own, other])
    writing.flush()
    writing.merge(room.customer).branch_id = own.id
    return other.id


def test_who_follows_no_more_loses_only_what_following_gave(room, sign_in):
    reviewer = sign_in(room.reviewer)
    room.browser.post(f"{room.base}/followers", {"person": str(room.reviewer.id)}, status=303)
    answer = reviewer.post(f"{room.base}/followers/{room.reviewer.id}/remove", status=303)
    assert answer.location == "/account/notices?show=followed"
    reviewer.get(room.base, status=404)


def test_the_icons_lead_to_files_and_followers(room, make):
    text = room.browser.get(room.base, status=200).text
    assert 'id="followers"' in text and '#followers"' in text
    assert f'href="{room.base}?tab=files#attachments"' in text
    assert 'id="attachments"' in room.browser.get(f"{room.base}?tab=files", status=200).text


@pytest.mark.parametrize("role", Role)
def test_who_sees_is_the_same_question_as_visible_to(make, session, role):
    """For every kind of record, asked about everybody at once and about each alone."""
    from portal import visibility
    from portal.permissions import may

    one, two = make.branch(), make.branch()
    people = [make.user(role), make.user(role, branch_id=one.id), make.user(role, branch_id=two.id)]
    gone = make.user(role, disabled_at=make.now())
    customer = make.customer(branch_id=one.id)
    project = make.project(customer)
    records = [
        customer,
        project,
        project.property,
        make.contract(project),
        make.party(branch_id=two.id),
        make.crew(),
        one,
    ]
    with transaction() as writing:
        writing.add(Follower(record_kind="customers", record_id=customer.id, user_id=people[1].id, since=make.now()))
        writing.add(Follower(record_kind="projects", record_id=project.id, user_id=people[0].id, since=make.now()))
    for record in records:
        model = type(record)
        expected = {
            person.id
            for person in people
            if may(role, record_kinds.VIEW[model]) and visibility.may_see(session, person, record)
        }
        found = set(session.scalars(record_kinds.who_sees(record).with_only_columns(record_kinds.User.id)))
        assert found == expected and gone.id not in found, model


def test_the_rules_hold_below_the_pages_too(room, make, session):
    """Forms offer only what is possible; the services refuse it all the same."""
    from datetime import timedelta

    from portal.errors import Invalid, NotPermitted
    from portal.services import followers, own_tasks

    with transaction() as writing:
        other = make_branch_of(writing, room)
    stranger, front, at = make.user(Role.SPECIALIST, branch_id=other), make.user(Role.FRONT_DESK), make.now()
    for actor, whose in ((room.browser.user, stranger), (front, stranger), (front, room.reviewer)):
        command = own_tasks.SetTask("看看", at + timedelta(hours=1), own_tasks.Whose(whose))
        with pytest.raises(Invalid, match="无权查看"), transaction() as writing:
            own_tasks.add(writing, writing.merge(room.customer), command, actor=writing.merge(actor), at=at)
    with pytest.raises(Invalid, match="无权查看"), transaction() as writing:
        followers.follow(writing, writing.merge(room.customer), stranger, actor=room.browser.user, at=at)
    with pytest.raises(NotPermitted), transaction() as writing:
        followers.follow(writing, writing.merge(room.customer), room.li, actor=front, at=at)
    assert session.scalars(select(Follower)).all() == []


def test_whom_a_text_goes_to_is_said_before_it_is_sent(room, sign_in, session):
    sign_in(room.li).post(f"{room.base}/follow", status=303)

    def goes_to(mode, text):
        answer = room.browser.post(f"{room.base}/talk/receivers?mode={mode}", {"text": text}, status=200, check=False)
        return " ".join(answer.text.split())

    assert "将发给 李静<" in goes_to("message", "改到周五")
    assert "将发给 李静、李静文<" in goes_to("message", "@李静文 @周敏 @李静 改到周五")
    assert "将发给" not in goes_to("note", "改到周五") and "将发给 李静文<" in goes_to("note", "@wen 看看")
    goes_to("nonsense", "@" * 20_000)
    refused = room.browser.post(f"{room.base}/messages", {"text": "@李静文 " + "长" * 10_000}, htmx=True, status=422)
    assert "将发给 李静、李静文<" in refused.text
    room.browser.post(f"{room.base}/messages", {"text": "@李静文 @周敏 @李静 改到周五"}, status=303)
    assert {person for person, _level in told(session)} == {room.li.id, room.wen.id}
    sign_in(room.reviewer).post(f"{room.base}/talk/receivers", {"text": "@李静"}, status=404)
