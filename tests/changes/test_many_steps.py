"""Steps of a process taken with many records: what the form asks once, what is skipped and why, each once, as one by one."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from blueprints.records.forms.many import FORMS, OWN
from jobs.outbox import deliver
from portal.db import transaction
from portal.models.change import ChangeRun
from portal.models.complaint import Complaint, ComplaintDepartment
from portal.models.event import Event
from portal.models.org import Department, Party
from portal.models.outbox import Outbox
from portal.models.repair import RepairOrder
from portal.models.task import Task
from portal.permissions import Role, may
from portal.processes.complaint import Action
from portal.services import complaints
from portal.services.changes import runs, stepping
from portal.services.changes.stepping import ALL, STEPS, pack, unpack
from tests.changes.test_changes import NEW, ids_of, outcomes
from tests.listing.rows import complaint

HAND_OVER = {"department": Department.ENGINEERING.value, "signed_at": "2026-05-11T09:30", "copy_left": "y"}


@pytest.fixture
def owner(make):
    return make.user(Role.SPECIALIST, name="周晓雯")


@pytest.fixture
def head(make):
    return make.party(name="石磊", department=Department.ENGINEERING.value, is_head=True)


@pytest.fixture
def four(make, clock, owner):
    """Three complaints to be handed over, and one that is closed."""
    customer, at = make.customer(owner_id=owner.id), clock.now() - timedelta(hours=2)
    made = [complaint(owner, customer, n, at, at + timedelta(hours=4)) for n in (1, 2, 3)]
    return [*made, complaint(owner, customer, 4, at, None, state="CLOSED", closed_at=at)]


def choose(client, ids, step="step-hand-over", *, kind="complaints", status=200, **given):
    sent = {"kind": kind, "change": step, "rows": "filter=", "id": [str(each) for each in ids], **given}
    answer = client.post(NEW, sent, status=status)
    return html.unescape(answer.text) if status != 303 else answer.headers["Location"]


def look(client, ids, step="step-hand-over", **given):
    return choose(client, ids, step, status=303, do="look", **given)


# What is declared ----------------------------------------------------------------------------------------------------


def test_a_step_of_many_is_the_service_of_the_single_step():
    for kind, steps in STEPS.items():
        for action, taken in steps.items():
            single = FORMS[kind][action][1]
            assert taken.act is single or (taken.command is None and taken.act.__module__ == stepping.__name__), action
        assert [step.action for step in ALL[kind]] == list(steps)
    assert {(kind, action) for kind, action in OWN} <= {(kind, action) for kind in STEPS for action in STEPS[kind]}


def test_what_was_filled_in_can_be_read_again(session, head, clock):
    session.merge(head)
    command = complaints.HandOver("ENGINEERING", session.get_one(Party, head.id), clock.now(), True, ("DESIGN",))
    kept = pack(command)
    assert complaints.HandOver(**{name: unpack(session, value) for name, value in kept.items()}) == command


# The form, once ------------------------------------------------------------------------------------------------------


def test_the_form_of_the_single_step_is_shown_once(sign_in, owner, four, head):
    text = choose(sign_in(owner), four)
    assert "签收" in text and text.count('name="signed_at"') == 1 and "石磊" in text
    assert 'name="other_head"' not in text and "无法撤销" in text
    assert text.count('name="id"') == 4


def test_words_of_one_record_are_not_offered_for_the_others(sign_in, sample):
    text = choose(sign_in(sample.manager), [1, 2, 3], "step-answer", kind="consultations", status=200)
    assert "<textarea" in text and "</textarea>" in text
    assert all(part.split("</textarea>")[0].split(">", 1)[1].strip() == "" for part in text.split("<textarea")[1:])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"signed_at": ""}, "请填写"),
        ({"head": ""}, "请选择签收人"),
        ({"signed_at": "2026-02-30T10:00"}, "日期不存在"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(sign_in, session, owner, four, head, given, said):
    sent = HAND_OVER | {"head": str(head.id), "do": "look"} | given
    text = choose(sign_in(owner), four, status=422, **sent)
    assert said in text and text.count('name="id"') == 4 and session.scalar(select(ChangeRun.id)) is None


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_every_step_opens_or_says_why_not(sign_in, sample, kind):
    client = sign_in(sample.manager)
    for step in ALL[kind]:
        if not may(sample.manager, step.permission):
            continue
        answer = client.get(f"{NEW}?kind={kind}&change={step.key}&all=1&rows=filter=", check=False)
        assert answer.status_code in (200, 422), step.key
        assert answer.status_code == 200 or "目前都不能办理此步骤" in answer.text


# Looked at, carried out ----------------------------------------------------------------------------------------------


def test_the_step_is_taken_with_each_that_can_and_the_others_are_named(sign_in, session, owner, four, head, clock):
    browser = sign_in(owner)
    before = session.scalar(select(func.count(Event.id)))
    path = look(browser, four, **HAND_OVER, head=str(head.id))
    session.expire_all()
    assert session.scalar(select(func.count(Event.id))) == before, "looking leaves nothing"
    assert session.scalar(select(func.count(ComplaintDepartment.id))) == 0
    assert session.scalar(select(func.count(Outbox.id))) == 0
    found = outcomes(session, path)
    assert [found[number][0] for number in four] == [None, None, None, "SKIPPED"]
    text = html.unescape(browser.get(path).text)
    assert "将更改 3 条记录" in text and "已结案" in text and "石磊" in text and "无法撤销" in text
    browser.post(f"{path}/carry-out", status=303)
    browser.post(f"{path}/carry-out", status=303)
    session.expire_all()
    states = dict(session.execute(select(Complaint.id, Complaint.state)).all())
    assert [states[number] for number in four] == ["HANDED_OVER"] * 3 + ["CLOSED"]
    assert session.scalar(select(func.count(ComplaintDepartment.id))) == 3
    closed = session.scalars(select(Task).where(Task.code == "DL-10")).all()
    assert len(closed) == 3 and all(task.closed_at is not None for task in closed)
    steps = session.scalars(select(Event).where(Event.action == Action.HAND_OVER)).all()
    assert sorted(event.record_id for event in steps) == four[:3]
    assert {event.acted_by_id for event in steps} == {head.id}
    text = html.unescape(browser.get(path).text)
    assert "已更改 3 条记录" in text and f"{path}/undo" not in text
    browser.post(f"{path}/undo", status=409)


def test_what_the_filled_in_fields_do_not_fulfil_is_said_before(sign_in, session, owner, four, head):
    given = {name: value for name, value in HAND_OVER.items() if name != "copy_left"}
    path = look(sign_in(owner), four, **given, head=str(head.id))
    reasons = [reason for outcome, reason in outcomes(session, path).values() if outcome == "SKIPPED"]
    assert len(reasons) == 4 and reasons.count("Please fill in: %(field)s") == 3
    assert "请填写：" in html.unescape(sign_in(owner).get(path).text)


def test_what_somebody_changed_meanwhile_is_left_alone(sign_in, session, owner, four, head):
    browser = sign_in(owner)
    path = look(browser, four[:3], **HAND_OVER, head=str(head.id))
    with transaction() as writing:
        writing.get_one(Complaint, four[1]).subject = "别人改的"
    browser.post(f"{path}/carry-out", status=303)
    found = outcomes(session, path)
    assert found[four[1]] == ("SKIPPED", runs.CHANGED.message)
    assert [found[number][0] for number in (four[0], four[2])] == ["CHANGED"] * 2


def test_each_has_a_transaction_of_its_own(sign_in, session, owner, four, head, monkeypatch):
    """One that breaks while it is carried out is left as it was, those before and after it are changed."""
    browser = sign_in(owner)
    path = look(browser, four[:3], **HAND_OVER, head=str(head.id))
    with transaction() as writing:
        writing.get_one(Party, head.id).department = Department.DESIGN.value
    browser.post(f"{path}/carry-out", status=303)
    assert {outcome for outcome, _reason in outcomes(session, path).values()} == {"SKIPPED"}
    assert session.scalar(select(func.count(ComplaintDepartment.id))) == 0


def test_many_are_left_to_a_worker_and_none_is_taken_twice(sign_in, session, owner, four, head, monkeypatch):
    monkeypatch.setattr(runs, "ALONE_AT_ONCE", 2)
    browser = sign_in(owner)
    path = look(browser, four, **HAND_OVER, head=str(head.id))
    browser.post(f"{path}/carry-out", status=303)
    assert session.get_one(ChangeRun, int(path.rsplit("/", 1)[1])).state == "WORKING"
    number = session.scalars(select(Outbox.id).where(Outbox.kind == runs.OUTBOX_KIND)).one()
    session.rollback()
    assert deliver(number)
    deliver(number)
    session.expire_all()
    assert session.scalar(select(func.count(ComplaintDepartment.id))) == 3
    assert "已更改 3 条记录" in html.unescape(browser.get(path).text)


def test_too_many_to_be_tried_are_looked_at_by_their_state(sign_in, session, owner, four, head, monkeypatch):
    monkeypatch.setattr(stepping, "REHEARSED", 2)
    given = {name: value for name, value in HAND_OVER.items() if name != "copy_left"}
    browser = sign_in(owner)
    path = look(browser, four, **given, head=str(head.id))
    assert [outcomes(session, path)[number][0] for number in four] == [None, None, None, "SKIPPED"]
    browser.post(f"{path}/carry-out", status=303)
    found = outcomes(session, path)
    assert {found[number] for number in four[:3]} == {("SKIPPED", "Please fill in: %(field)s")}


def test_none_that_can_is_said_with_the_reasons(sign_in, session, owner, four):
    browser = sign_in(owner)
    path = choose(browser, four[3:], status=303)
    assert [outcome for outcome, _reason in outcomes(session, path).values()] == ["SKIPPED"]
    assert "carry-out" not in browser.get(path).text


def test_sent_twice_it_is_one_draft(sign_in, session, owner, four, head):
    sent = HAND_OVER | {"head": str(head.id), "client_key": "k" * 20}
    browser = sign_in(owner)
    assert look(browser, four, **sent) == look(browser, four, **sent)


# Who may -------------------------------------------------------------------------------------------------------------


def test_a_step_is_offered_to_whom_it_belongs(sign_in, owner, four, head):
    assert 'value="step-hand-over"' in sign_in(owner).get("/records/complaints?filter=").text
    assert 'value="step-reassign"' not in sign_in(owner).get("/records/complaints?filter=").text
    assert 'value="step-reassign"' in sign_in(Role.MANAGER).get("/records/complaints?filter=").text
    choose(sign_in(owner), four, "step-reassign", status=403)
    choose(sign_in(Role.REVIEWER), four, status=403)
    choose(sign_in(owner), four, "step-escalate", status=404)


def test_records_of_others_are_not_there(sign_in, session, make, owner, four, head):
    here = make.branch()
    with transaction() as writing:
        for number in four:
            writing.get_one(Complaint, number).branch_id = here.id
    stranger = sign_in(Role.SPECIALIST, branch_id=make.branch().id)
    choose(stranger, four, status=422)
    assert session.scalar(select(ChangeRun.id)) is None


def test_a_captain_goes_only_to_repairs_of_the_own_branch(sign_in, session, make, clock):
    here, there = make.branch(), make.branch()
    captain = make.user(Role.REPAIR_CAPTAIN, branch_id=here.id)
    at, customer = clock.now(), make.customer()
    kept = {
        "reporter": "赵敏", "phone": customer.phone, "address": "翠湖 1-2-301", "trade": "WATERPROOF", "symptom": "漏水",
        "urgency": "NORMAL", "channel": "PHONE", "reported_at": at, "state": "CHECKED", "created_at": at,
        "updated_at": at, "customer_id": customer.id, "in_warranty": "YES", "crew_status": "DEPARTED",
    }  # fmt: skip
    with transaction() as writing:
        writing.add_all(
            RepairOrder(number=f"WX-2026-{n}", branch_id=b, **kept) for n, b in ((1, there.id), (2, here.id))
        )
    ids = ids_of(session, RepairOrder)
    path = look(
        sign_in(Role.MANAGER), ids, "step-assign", kind="repair-orders", captain=str(captain.id),
        executor="CAPTAIN_TEAM", told_at="2026-05-11T09:30",
    )  # fmt: skip
    outcome = {number: outcome for number, (outcome, _reason) in outcomes(session, path).items()}
    assert outcome[ids[0]] == "SKIPPED" and outcome[ids[1]] is None


def test_two_visits_at_one_time_are_seen_before(sign_in, session, make, clock):
    captain, at, customer = make.user(Role.REPAIR_CAPTAIN), clock.now(), make.customer()
    kept = {
        "reporter": "赵敏", "phone": customer.phone, "address": "翠湖 1-2-301", "trade": "WATERPROOF", "symptom": "漏水",
        "urgency": "NORMAL", "channel": "PHONE", "reported_at": at, "state": "CHECKED", "created_at": at,
        "updated_at": at, "customer_id": customer.id, "in_warranty": "YES", "crew_status": "DEPARTED",
    }  # fmt: skip
    with transaction() as writing:
        writing.add_all(RepairOrder(number=f"WX-2026-{n}", **kept) for n in (1, 2))
    ids, browser = ids_of(session, RepairOrder), sign_in(Role.MANAGER)
    given = {"captain": str(captain.id), "executor": "CAPTAIN_TEAM", "told_at": "2026-05-11T09:30"}
    given["appointment_at"] = "2026-05-12T10:00"
    path = look(browser, ids, "step-assign", kind="repair-orders", **given)
    before = {number: outcome for number, (outcome, _reason) in outcomes(session, path).items()}
    assert sorted(map(str, before.values())) == ["None", "SKIPPED"]
    browser.post(f"{path}/carry-out", status=303)
    after = {number: outcome for number, (outcome, _reason) in outcomes(session, path).items()}
    assert {number: outcome == "SKIPPED" for number, outcome in before.items()} == {
        number: outcome == "SKIPPED" for number, outcome in after.items()
    }, "what was foreseen is what happens"


def test_what_was_filled_in_wrongly_is_changed_with_the_choice_kept(sign_in, session, four, owner, head, make):
    """A head who may not sign for the department ends nowhere: the form opens again as it was filled in."""
    other = make.party(name="汪雪", department=Department.DESIGN.value, is_head=True)
    client = sign_in(owner)
    draft = look(client, four[:3], **HAND_OVER, head=str(other.id))
    assert {why for _outcome, why in outcomes(session, draft).values()} != {None}
    page = client.get(draft, status=200).text
    assert f'href="{draft}/again"' in page
    assert re.search(r'<a href="/records/complaints"[^>]*aria-current', page)  # not the dashboard
    form = client.get(f"{draft}/again", status=200).text
    chosen = set(re.findall(r'name="id" value="(\d+)"', form))
    assert chosen == {str(each) for each in four[:3]}
    assert re.search(rf'<option selected value="{other.id}">', form) and "2026-05-11T09:30" in form
    assert re.search(r'<option selected value="ENGINEERING">', form)
    assert re.search(r'<a href="/records/complaints"[^>]*aria-current', form)
    better = look(client, four[:3], **HAND_OVER, head=str(head.id))
    assert {why for _outcome, why in outcomes(session, better).values()} == {None}
    sign_in(make.user(Role.SPECIALIST)).get(f"{draft}/again", status=404)


def test_all_that_match_stay_all_and_what_was_carried_out_is_not_filled_in_again(sign_in, session, four, owner, head):
    client = sign_in(owner)
    draft = look(client, (), **HAND_OVER, head=str(head.id), all="1")
    form = client.get(f"{draft}/again", status=200).text
    assert 'name="all" value="1"' in form and 'name="id"' not in form
    client.post(f"{draft}/carry-out", status=303)
    assert "/again" not in client.get(draft, status=200).text
    client.get(f"{draft}/again", status=404)
