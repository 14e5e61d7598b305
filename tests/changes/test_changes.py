"""Many records changed at once: what is looked at is what is done, each once, and what is skipped is said."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from jobs.outbox import deliver
from portal import settings
from portal.db import transaction
from portal.listing.registry import LISTINGS
from portal.models.change import ChangeItem, ChangeRun
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from portal.models.event import Event
from portal.models.notice import Notice
from portal.models.outbox import Outbox
from portal.models.project import Project
from portal.models.setting import SettingValue
from portal.models.task import Follower, Task
from portal.permissions import GRANTS, Permission, Role, may
from portal.services.changes import kinds, runs
from portal.services.changes.stepping import Step
from portal.services.requests import new_key
from tests.listing.rows import complaint

NEW = "/records/changes/new"


@pytest.fixture
def people(sample):
    return sample


def ids_of(session, model=Complaint, *conditions):
    return list(session.scalars(select(model.id).where(*conditions).order_by(model.id)))


def look(client, kind, change, *, ids=(), rows="filter=", everything=False, status=303, **given):
    """Choose and fill in; gives the path of the draft."""
    sent = {"kind": kind, "change": change, "rows": rows, "id": [str(each) for each in ids], "do": "look", **given}
    if everything:
        sent["all"] = "1"
    answer = client.post(NEW, sent, status=status)
    return answer.headers["Location"] if status == 303 else answer.text


def outcomes(session, path):
    number = int(path.rsplit("/", 1)[1])
    session.expire_all()
    rows = session.scalars(select(ChangeItem).where(ChangeItem.run_id == number))
    return {item.record_id: (item.outcome, item.reason and item.reason["message"]) for item in rows}


# What is declared ----------------------------------------------------------------------------------------------------


def test_what_is_changed_of_a_kind_is_said_once():
    assert {kind for kind in LISTINGS if not kinds.of_kind(kind)} == {
        "users",
        "notices",
        "repair-visits",
        "documents",
        "exports",
        "import-runs",
        "review-findings",
    }
    for kind, listing in LISTINGS.items():
        found = kinds.of_kind(kind)
        assert len({change.key for change in found}) == len(found)
        columns = [change.column for change in found if change.column]
        assert len(set(columns)) == len(columns) and all(listing.column(column) for column in columns), kind
        for change in found:
            assert not change.column or change.attribute or change.bars, change.key
            assert not change.attribute or hasattr(listing.model, change.attribute)
            assert not change.attribute or "value" in change.asked


def test_a_column_is_changed_where_its_own_value_stands():
    """The cell must show the very field that the change writes, itself or by the name of what it links to."""
    for kind, listing in LISTINGS.items():
        for change in kinds.of_kind(kind):
            if not change.column or not change.attribute:
                continue
            own = [
                value
                for value in listing.column(change.column).values
                if getattr(value, "class_", None) is listing.model
            ]
            keys = {value.key for value in own}
            linked = change.attribute.endswith("_id")
            assert linked or change.attribute in keys, (kind, change.key)


# Owner ---------------------------------------------------------------------------------------------------------------


def test_the_owner_of_many_is_changed_with_the_reasons_of_those_that_are_not(sign_in, session, people, make):
    client = sign_in(people.manager)
    other = make.user(Role.SPECIALIST, branch_id=people.specialist.branch_id, name="李伟")
    with transaction() as writing:
        writing.execute(update(Complaint).where(Complaint.number == "TS-2026-0001").values(owner_id=other.id))
    path = look(client, "complaints", "owner_id", everything=True, value=other.id)
    text = client.get(path, status=200).text
    assert "将更改 5 条记录" in text and "3 条保持不变" in text
    assert "已经是这样" in text and "李伟属于其他店面" in text
    before = ids_of(session, Event)
    assert not any(
        row.owner_id == other.id for row in session.scalars(select(Complaint)) if row.number != "TS-2026-0001"
    )
    client.post(f"{path}/carry-out", status=303)
    done = client.get(path, status=200).text
    assert "已更改 5 条记录" in done
    owned = set(session.scalars(select(Complaint.number).where(Complaint.owner_id == other.id)))
    assert owned == {f"TS-2026-000{number}" for number in (1, 2, 4, 5, 7, 8)}
    events = list(session.scalars(select(Event).where(Event.id.not_in(before), Event.action == "assign")))
    assert len(events) == 5 and all(event.data["changes"]["owner"][1] == "李伟" for event in events)
    assert {event.actor_id for event in events} == {people.manager.id}


def test_sent_twice_it_is_done_once(sign_in, session, people, make, clock):
    client = sign_in(people.manager)
    other = make.user(Role.SPECIALIST, name="李伟")
    key = new_key()
    paths = {look(client, "complaints", "owner_id", everything=True, value=other.id, client_key=key) for _ in range(2)}
    assert len(paths) == 1
    path = paths.pop()
    for _ in range(3):
        client.post(f"{path}/carry-out", status=303)
    runs.work(int(path.rsplit("/", 1)[1]), at=clock.now())
    assert len(list(session.scalars(select(Event).where(Event.action == "assign")))) == 8


def test_what_somebody_changed_meanwhile_is_left_alone_and_said(sign_in, session, people, make):
    client = sign_in(people.manager)
    other = make.user(Role.SPECIALIST, name="李伟")
    path = look(client, "complaints", "owner_id", everything=True, value=other.id)
    first = ids_of(session)[0]
    with transaction() as writing:
        writing.get(Complaint, first).subject = "别的"
    client.post(f"{path}/carry-out", status=303)
    assert outcomes(session, path)[first] == ("SKIPPED", runs.CHANGED.message)
    assert session.get(Complaint, first).owner_id != other.id
    assert "已更改 7 条记录" in client.get(path, status=200).text


def test_numbers_that_are_not_there_or_not_ones_own_are_told_not_changed(sign_in, session, people, make):
    far = ids_of(session, Complaint, Complaint.branch_id == people.far.branch_id)
    near = ids_of(session, Complaint, Complaint.branch_id == people.specialist.branch_id)
    client = sign_in(people.specialist)
    path = look(client, "complaints", "follow", ids=[*near, *far, 999_999])
    text = client.get(path, status=200).text
    assert f"将更改 {len(near)} 条记录" in text and f"{len(far) + 1} 条未找到" in text
    client.post(f"{path}/carry-out", status=303)
    followed = set(session.scalars(select(Follower.record_id).where(Follower.user_id == people.specialist.id)))
    assert followed == set(near)
    sign_in(people.far).get(path, status=404)
    sign_in(people.far).post(f"{path}/carry-out", status=404)


def test_only_foreign_numbers_are_a_sentence(sign_in, session, people):
    far = ids_of(session, Complaint, Complaint.branch_id == people.far.branch_id)
    text = look(sign_in(people.specialist), "complaints", "follow", ids=far, status=422)
    assert "所选记录都不存在" in text


def test_a_role_that_may_not_is_refused_everywhere(sign_in, session, people):
    number = ids_of(session)[0]
    client = sign_in(people.specialist)
    client.get(f"{NEW}?kind=complaints&change=owner_id&id={number}", status=403)
    client.post(NEW, {"kind": "complaints", "change": "owner_id", "id": number, "do": "look", "value": 1}, status=403)
    client.get(f"/records/cells/complaints/{number}/owner_id", status=403)
    sign_in(Role.FRONT_DESK).get(f"{NEW}?kind=complaints&change=follow&id={number}", status=403)


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "nothing", "change": "owner_id"}, {"kind": "complaints", "change": "nothing"}, {"kind": "complaints"}, {},
        {"kind": "contracts", "change": "amount"}, {"kind": "<script>", "change": "'"},
    ],
)  # fmt: skip
def test_what_there_is_not_is_not_found(sign_in, people, sent):
    sign_in(people.manager).post(NEW, {**sent, "id": "1", "do": "look"}, status=404)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"value": ""}, "请选择"), ({"value": "999999"}, "该选项已失效"), ({"value": "x" * 5000}, "该选项已失效"),
        ({"value": "-1"}, "该选项已失效"), ({}, "请选择"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_at_the_field(sign_in, session, people, given, said):
    text = look(sign_in(people.manager), "complaints", "owner_id", ids=ids_of(session), status=422, **given)
    assert said in html.unescape(text) and 'aria-invalid="true"' in text
    assert session.scalar(select(ChangeRun.id)) is None


def test_nothing_chosen_and_odd_numbers_are_a_sentence(sign_in, people):
    client = sign_in(people.manager)
    for ids in ((), ("x", "-3", "１２", "9" * 40, "")):
        assert "没有选中任何记录" in look(client, "complaints", "follow", ids=ids, status=422)


def test_too_many_are_refused_with_the_limit(sign_in, session, people, clock):
    with transaction() as writing:
        writing.add(SettingValue(key="change_max_rows", value=5, updated_at=clock.now()))
        settings.forget(writing)
    text = look(sign_in(people.manager), "complaints", "follow", everything=True, status=422)
    assert "超过 5 条" in text and session.scalar(select(ChangeRun.id)) is None


def test_ten_megabytes_of_numbers_are_refused(sign_in, people):
    body = "kind=complaints&change=follow&do=look&" + "&".join(f"id={number}" for number in range(1_100_000))
    answer = sign_in(people.manager).post(NEW, data=body, content_type="application/x-www-form-urlencoded", check=False)
    assert len(body) > 10_000_000 and 400 <= answer.status_code < 500


def test_all_that_match_is_asked_anew_and_is_what_the_list_shows(sign_in, session, people):
    client = sign_in(people.manager)
    path = look(client, "complaints", "follow", everything=True, rows="filter=open")
    assert set(outcomes(session, path)) == set(
        ids_of(session, Complaint, Complaint.state.not_in(["CLOSED", "EXPLAINED", "ESCALATED"]))
    )


def test_a_state_that_cannot_be_read_is_the_whole_list_never_an_error(sign_in, session, people):
    path = look(
        sign_in(people.manager), "complaints", "follow", everything=True, rows="filter=&where=[[[&sort=zz&after=~~"
    )
    assert len(outcomes(session, path)) == 8


def test_the_draft_asks_as_much_for_few_as_for_many(sign_in, session, make, clock, queries):
    client = sign_in(Role.MANAGER)
    customer, other = make.customer(), make.user(Role.SPECIALIST)
    counts = []
    for number in range(1, 61):
        complaint(client.user, customer, number, clock.now(), None)
        if number in (3, 60):
            with queries() as seen:
                path = look(client, "complaints", "owner_id", everything=True, value=other.id)
            drafting = len(seen)
            with queries() as seen:
                client.get(path, status=200)
            counts.append((drafting, len(seen)))
    assert counts[0] == counts[1], counts
    assert counts[0][0] <= 25 and counts[0][1] <= 15, counts


# Many: a worker ------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(sample, monkeypatch):
    monkeypatch.setattr(runs, "AT_ONCE", 3)
    monkeypatch.setattr(runs, "CHUNK", 2)
    return sample


def begin(client, session, change="follow", **given):
    path = look(client, "complaints", change, everything=True, **given)
    client.post(f"{path}/carry-out", status=303)
    return path, session.scalars(select(Outbox).where(Outbox.kind == runs.OUTBOX_KIND)).one()


def test_many_are_left_to_a_worker_that_tells_when_it_is_done(sign_in, session, many):
    client = sign_in(many.manager)
    path, piece = begin(client, session)
    text = client.get(path, status=200).text
    assert "change-progress" in text and session.scalar(select(Follower.user_id)) is None
    assert "0 / 8" in client.get(f"{path}/progress", htmx=True, status=200).text
    deliver(piece.id)
    assert len(list(session.scalars(select(Follower.record_id)))) == 8
    assert client.get(f"{path}/progress", htmx=True, status=204).headers["HX-Redirect"] == path
    assert "已更改 8 条记录" in client.get(path, status=200).text
    notice = session.scalars(select(Notice).where(Notice.key == f"changes:{path.rsplit('/', 1)[1]}")).one()
    assert notice.link == path


def test_a_worker_that_died_in_the_middle_changes_nothing_twice(sign_in, session, many, make, clock, monkeypatch):
    client, other = sign_in(many.manager), make.user(Role.SPECIALIST)
    path, piece = begin(client, session, "owner_id", value=other.id)
    number, done = int(path.rsplit("/", 1)[1]), []
    real = runs._some

    def dies(*args, **kw):
        if len(done) == 2:
            raise RuntimeError("killed")
        done.append(1)
        return real(*args, **kw)

    monkeypatch.setattr(runs, "_some", dies)
    with pytest.raises(RuntimeError):
        runs.work(number, at=clock.now())
    assert len([each for each, _why in outcomes(session, path).values() if each]) == 4
    monkeypatch.setattr(runs, "_some", real)
    runs.work(number, at=clock.now())
    runs.work(number, at=clock.now())
    assert len(list(session.scalars(select(Event).where(Event.action == "assign")))) == 8
    deliver(piece.id)
    assert len(list(session.scalars(select(Event).where(Event.action == "assign")))) == 8


def test_one_that_is_refused_while_it_is_changed_keeps_none_of_the_others(sign_in, session, many, make, monkeypatch):
    from portal.errors import DomainError
    from portal.services import complaints

    other = make.user(Role.SPECIALIST)
    client = sign_in(many.manager)
    path, piece = begin(client, session, "owner_id", value=other.id)
    real, bad = complaints.assign, ids_of(session)[4]

    def refuses(writing, record, owner, **kw):
        real(writing, record, owner, **kw)
        if record.id == bad:
            raise DomainError("not this one")

    monkeypatch.setattr(complaints, "assign", refuses)
    deliver(piece.id)
    found = outcomes(session, path)
    assert found.pop(bad) == ("SKIPPED", "not this one")
    assert {outcome for outcome, _why in found.values()} == {"CHANGED"}
    assert session.get(Complaint, bad).owner_id != other.id
    assert len(list(session.scalars(select(Event).where(Event.action == "assign")))) == 7


def test_who_lost_the_right_meanwhile_changes_nothing_more(sign_in, session, many, make):
    client, other = sign_in(many.manager), make.user(Role.SPECIALIST)
    path, piece = begin(client, session, "owner_id", value=other.id)
    with transaction() as writing:
        writing.merge(many.manager).role = Role.SPECIALIST
    deliver(piece.id)
    assert {why for _outcome, why in outcomes(session, path).values()} == {runs.BARRED.message}
    assert session.scalar(select(Event.id).where(Event.action == "assign")) is None


# Taking back ---------------------------------------------------------------------------------------------------------


def test_old_values_are_put_back_but_not_over_newer_ones(sign_in, session, people, make):
    client = sign_in(people.manager)
    other = make.user(Role.SPECIALIST, name="李伟")
    before = dict(session.execute(select(Complaint.id, Complaint.owner_id)).all())
    path = look(client, "complaints", "owner_id", everything=True, value=other.id)
    client.post(f"{path}/carry-out", status=303)
    newer = ids_of(session)[2]
    with transaction() as writing:
        writing.get(Complaint, newer).subject = "别的"
    undo = client.post(f"{path}/undo", status=303).headers["Location"]
    text = client.get(undo, status=200).text
    assert "恢复原来的值" in text or "原来的值" in text
    client.post(f"{undo}/carry-out", status=303)
    after = dict(session.execute(select(Complaint.id, Complaint.owner_id)).all())
    nobody = next(number for number, owner in before.items() if owner is None)
    for number, owner in before.items():
        assert after[number] == (other.id if number in (newer, nobody) else owner), number
    assert outcomes(session, undo)[newer] == ("SKIPPED", runs.CHANGED.message)
    client.post(f"{path}/undo", status=409)
    client.post(f"{undo}/undo", status=409)


def test_nobody_comes_back_where_nobody_may_be_named(sign_in, session, people, make):
    client, other = sign_in(people.manager), people.specialist
    with transaction() as writing:
        writing.execute(update(Customer).values(owner_id=None))
    path = look(client, "customers", "owner_id", everything=True, value=other.id)
    client.post(f"{path}/carry-out", status=303)
    assert session.scalar(select(Customer.id).where(Customer.owner_id == other.id))
    undo = client.post(f"{path}/undo", status=303).headers["Location"]
    assert "无人" in client.get(undo, status=200).text
    client.post(f"{undo}/carry-out", status=303)
    assert session.scalar(select(Customer.id).where(Customer.owner_id.is_not(None))) is None


def test_an_act_cannot_be_taken_back_and_a_draft_is_dropped(sign_in, session, people):
    client = sign_in(people.manager)
    path = look(client, "complaints", "follow", everything=True)
    client.post(f"{path}/undo", status=409)
    assert client.post(f"{path}/drop", status=303).headers["Location"].startswith("/records/complaints?filter=")
    client.get(path, status=404)
    path = look(client, "complaints", "follow", everything=True)
    client.post(f"{path}/carry-out", status=303)
    client.post(f"{path}/undo", status=409)
    client.post(f"{path}/drop", status=303)
    client.get(path, status=200)


# The others ----------------------------------------------------------------------------------------------------------


def test_grades_change_with_a_reason_that_is_kept(sign_in, session, people):
    client = sign_in(people.manager)
    assert 'aria-invalid="true"' in look(client, "customers", "grade", everything=True, value="A", status=422)
    path = look(client, "customers", "grade", everything=True, value="A", reason="年度调整")
    client.post(f"{path}/carry-out", status=303)
    assert set(session.scalars(select(Customer.grade))) == {"A"}
    said = [
        event.data["reason"]
        for event in session.scalars(select(Event).where(Event.record_kind == "customers"))
        if "reason" in event.data
    ]
    assert set(said) == {"年度调整"}


def test_a_stage_that_needs_more_is_skipped_with_what_is_missing(sign_in, session, people):
    client = sign_in(people.manager)
    before = dict(session.execute(select(Project.id, Project.stage)).all())
    path = look(client, "projects", "stage", everything=True, value="ACCEPTED", reason="上线前已竣工")
    text = client.get(path, status=200).text
    assert "请填写实际" in text
    assert dict(session.execute(select(Project.id, Project.stage)).all()) == before


def test_a_task_is_set_on_each_for_who_sees_it(sign_in, session, people, clock):
    client = sign_in(people.manager)
    due = clock.now() + timedelta(days=2)
    given = {"title": "回访", "person": people.specialist.id, "due_at": f"{due.astimezone():%Y-%m-%dT%H:%M}"}
    path = look(client, "complaints", "task", everything=True, **given)
    assert "周晓雯 无权查看此记录" in client.get(path, status=200).text
    client.post(f"{path}/carry-out", status=303)
    kept = set(session.scalars(select(Task.record_id).where(Task.kind == "HAND", Task.title == "回访")))
    assert kept == set(ids_of(session, Complaint, Complaint.branch_id == people.specialist.branch_id))
    path = look(client, "tasks", "hand-over", everything=True, person=people.manager.id, reason="请跟进")
    client.post(f"{path}/carry-out", status=303)
    found = outcomes(session, path)
    hand = set(session.scalars(select(Task.id).where(Task.kind == "HAND")))
    assert {number for number, (outcome, _why) in found.items() if outcome == "CHANGED"} == hand
    assert set(session.scalars(select(Task.person_id).where(Task.kind == "HAND"))) == {people.manager.id}
    assert "This belongs to the case; only tasks set by hand can be moved." in {why for _outcome, why in found.values()}
    path = look(client, "tasks", "call-off", everything=True, reason="不需要了")
    client.post(f"{path}/carry-out", status=303)
    assert set(session.scalars(select(Task.outcome).where(Task.kind == "HAND"))) == {"CANCELLED"}


def test_escalations_are_taken_over_together(sign_in, session, people):
    client = sign_in(people.manager)
    path = look(client, "escalations", "take", everything=True)
    client.post(f"{path}/carry-out", status=303)
    assert {outcome for outcome, _why in outcomes(session, path).values()} == {"CHANGED"}


@pytest.mark.parametrize("kind", list(LISTINGS))
def test_every_change_of_every_kind_opens_is_looked_at_and_says_what_comes_of_it(sign_in, session, people, kind, clock):
    """The forms can be shown, and filled in with what they offer; nothing gives an error."""
    client = sign_in(people.manager)
    for change in kinds.offered(kind, people.manager):
        if isinstance(change, Step):
            continue  # test_many_steps.py
        text = client.get(f"{NEW}?kind={kind}&change={change.key}&all=1&rows=filter=", status=200).text
        given = {ask.key: _something(text, ask, clock) for ask in change.asks}
        path = look(client, kind, change.key, everything=True, **given)
        client.get(path, status=200)
        client.post(f"{path}/carry-out", status=303)
        client.get(path, status=200)
        assert all(outcome for outcome, _why in outcomes(session, path).values()), change.key
        client.get(f"/records/{kind}?filter=", status=200)


def _something(text, ask, clock):
    if ask.options is not None:
        options = re.findall(
            r'<option[^>]* value="([^"]+)"', text[text.index(f'name="{ask.key}"') :].split("</select>")[0]
        )
        return options[-1] if options else ""
    day = clock.now() - timedelta(days=3)
    return {
        "text": "话",
        "day": f"{day:%Y-%m-%d}",
        "money": "12.50",
        "moment": f"{clock.now() + timedelta(days=9):%Y-%m-%dT%H:%M}",
    }[ask.kind.value]


def test_drafts_and_old_runs_are_cleared_away(sign_in, session, people, clock):
    client = sign_in(people.manager)
    draft = look(client, "complaints", "follow", everything=True)
    done = look(client, "complaints", "unfollow", everything=True)
    client.post(f"{done}/carry-out", status=303)
    assert runs.expired(session, at=clock.now() + timedelta(days=29)) == []
    assert runs.expired(session, at=clock.now() + timedelta(days=30)) == [int(done.rsplit("/", 1)[1])]
    assert draft != done


def test_lists_offer_what_the_role_may(sign_in, people):
    text = sign_in(people.manager).get("/records/complaints?filter=", status=200).text
    assert 'value="owner_id"' in text and 'data-edits="owner_id"' in text
    text = sign_in(people.specialist).get("/records/complaints?filter=", status=200).text
    assert 'value="owner_id"' not in text and "data-edits=" not in text and 'value="follow"' in text


def test_what_is_declared_is_granted_to_somebody():
    asked = {change.permission for kind in LISTINGS for change in kinds.of_kind(kind)}
    assert asked <= set().union(*GRANTS.values()) and not may(None, Permission.HOME)
