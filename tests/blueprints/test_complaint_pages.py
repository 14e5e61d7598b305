"""Complaint pages through the client: who sees what, each step as a form, conflicts, double submits, queries."""

from __future__ import annotations

import re

import pytest

from portal.clock import local
from portal.db import transaction
from portal.models.complaint import Complaint
from portal.models.org import User
from portal.models.task import Follower
from portal.permissions import Role
from portal.services import calendars, complaints


@pytest.fixture
def case(make, clock, session):
    """A registered complaint of branch A with its people; `case.number` is its number."""

    class Case:
        branch = make.branch(name="城南店")
        other_branch = make.branch(name="城北店")
        specialist = make.user(Role.SPECIALIST, branch_id=branch.id)
        head = make.party(name="石磊")
        project = make.project(make.customer(branch_id=branch.id, phone="13800007777"))
        number = ""

    with transaction() as writing:
        calendars.seed(writing, [2026], at=clock.now())
        project = writing.merge(Case.project)
        made = complaints.register(
            writing,
            complaints.RegisterComplaint(
                complainant="林国栋", phone="13800007777", phase="IN_SALE", category="QUALITY",
                subject="墙砖空鼓", content="七块空鼓 <b>很多</b>", demand="返工", received_at=clock.now(),
                channel="PHONE", customer=project.customer, project=project,
            ),
            actor=writing.merge(Case.specialist),
            at=clock.now(),
        )  # fmt: skip
        Case.number, Case.id = made.number, made.id
    return Case


def shown(moment):
    return local(moment).strftime("%Y-%m-%dT%H:%M")


def state(session, case):
    session.rollback()
    return session.get_one(Complaint, case.id).state


def hand_over(case, clock, **changed):
    return {
        "department": "ENGINEERING", "head": str(case.head.id), "other_head": "", "signed_at": shown(clock.now()),
        "copy_left": "y", **changed,
    }  # fmt: skip


def test_the_record_page_shows_clock_and_next_step_and_escapes_text(case, sign_in):
    page = sign_in(case.specialist).get(f"/records/complaints/{case.number}", status=200).text
    assert "墙砖空鼓" in page and "DL-10" in page and "转部门" in page
    assert "&lt;b&gt;很多&lt;/b&gt;" in page and "<b>很多</b>" not in page


def test_every_grey_state_of_the_bar_says_what_comes_first(case, sign_in):
    page = sign_in(case.specialist).get(f"/records/complaints/{case.number}", status=200).text
    bar = re.search(r'<ol class="status-bar".*?</ol>', page, re.DOTALL).group()
    boxes = re.findall(r"<li.*?</li>", bar, re.DOTALL)
    assert len(boxes) == 6 and "/steps/hand-over" in boxes[1]
    for box in boxes[2:]:
        assert re.search(r'tabindex="0".* aria-describedby="([^"]+)".*id="\1" role="tooltip"', box, re.DOTALL), box
    assert "先办理：转部门签收 → 登记核实电话" in boxes[3]


def test_the_whole_line_is_carried_through_the_forms(case, sign_in, clock, session):
    path = f"/records/complaints/{case.number}/steps"

    def later(hours):
        """Sessions end when nobody works for half an hour: sign in again."""
        clock.advance(hours=hours)
        return sign_in(case.specialist)

    browser = later(1)
    browser.post(f"{path}/hand-over", hand_over(case, clock), status=303)
    assert state(session, case) == "HANDED_OVER"
    browser = later(2)
    browser.post(
        f"{path}/verify",
        {"verify_call_at": shown(clock.now()), "verified_by": str(case.head.id), "verify_result": "属实"},
        status=303,
    )
    browser = later(3)
    plan = {
        "plan": "返工", "plan_fed_back_at": shown(clock.now()), "visit_appointment": "2026-05-12T14:00",
        "customer_agreed": "yes",
    }  # fmt: skip
    browser.post(f"{path}/plan", plan, status=303)
    browser = later(20)
    visit = {"visit_at": shown(clock.now()), "visit_by": "王志强", "solution_record": "已返工", "customer_signed": "y"}
    browser.post(f"{path}/visit", visit, status=303)
    browser = later(2)
    close = {
        "follow_up_at": shown(clock.now()), "follow_up_satisfied": "yes", "verdict": "ESTABLISHED",
        "root_cause": "砂浆不满", "improvement": "自检", "responsible": "瓦工班组",
    }  # fmt: skip
    browser.post(f"{path}/close", close, status=303)
    assert state(session, case) == "CLOSED"
    assert "已结案" in browser.get(f"/records/complaints/{case.number}", status=200).text


def test_what_is_missing_stands_at_the_field_and_nothing_typed_is_lost(case, sign_in, clock, session):
    browser = sign_in(case.specialist)
    answer = browser.post(
        f"/records/complaints/{case.number}/steps/hand-over",
        hand_over(case, clock, head="", other_head="", copy_left=""),
        status=422,
    )
    assert "请选择人员" in answer.text
    assert state(session, case) == "REGISTERED"
    future = shown(clock.now().replace(year=2027))
    answer = browser.post(
        f"/records/complaints/{case.number}/steps/hand-over", hand_over(case, clock, signed_at=future), status=422
    )
    assert future in answer.text


def test_a_stale_form_is_409_with_what_happened_and_keeps_the_text(case, sign_in, clock, session):
    browser = sign_in(case.specialist)
    page = browser.get(f"/records/complaints/{case.number}/steps/hand-over", status=200).text
    version = re.search(r'name="version"[^>]*value="(\d+)"', page)[1]
    with transaction() as writing:
        complaint = writing.get_one(Complaint, case.id)
        complaints.assign(
            writing, complaint, writing.merge(case.specialist), actor=writing.merge(case.specialist), at=clock.now()
        )
        complaint.remarks = "变了"
    answer = browser.post(
        f"/records/complaints/{case.number}/steps/hand-over",
        hand_over(case, clock, other_head="手写姓名", head="", version=version),
        status=409,
    )
    assert "手写姓名" in answer.text
    assert state(session, case) == "REGISTERED"


def test_a_step_that_is_over_is_409_with_the_present_state(case, sign_in, clock, session):
    browser = sign_in(case.specialist)
    browser.post(f"/records/complaints/{case.number}/steps/hand-over", hand_over(case, clock), status=303)
    answer = browser.post(f"/records/complaints/{case.number}/steps/hand-over", hand_over(case, clock), status=409)
    assert "已转部门签收" in answer.text


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.SPECIALIST, 200), (Role.MANAGER, 200), (Role.FRONT_DESK, 403), (Role.REVIEWER, 404), (Role.REPAIR_CAPTAIN, 404)],
)  # fmt: skip
def test_who_may_open_a_complaint(case, sign_in, role, status):
    sign_in(role).get(f"/records/complaints/{case.number}", status=status)


def test_another_branch_does_not_know_it(case, sign_in, make):
    stranger = make.user(Role.SPECIALIST, branch_id=case.other_branch.id)
    browser = sign_in(stranger)
    browser.get(f"/records/complaints/{case.number}", status=404)
    browser.get("/records/complaints/TS-2026-9999", status=404)
    browser.post(f"/records/complaints/{case.number}/notes", {"text": "我看得到吗"}, status=404)


def test_a_reviewer_sees_it_when_it_is_given_to_him(case, sign_in, make, clock):
    reviewer = make.user(Role.REVIEWER)
    with transaction() as writing:
        writing.add(Follower(record_kind="complaints", record_id=case.id, user_id=reviewer.id, since=clock.now()))
    browser = sign_in(reviewer)
    browser.get(f"/records/complaints/{case.number}", status=200)
    browser.post(f"/records/complaints/{case.number}/steps/hand-over", {}, status=403)


def test_a_note_stands_in_the_talk_and_an_empty_one_is_refused(case, sign_in):
    browser = sign_in(case.specialist)
    browser.post(f"/records/complaints/{case.number}/notes", {"text": "返工前后都要留照片"}, status=303)
    assert "返工前后都要留照片" in browser.get(f"/records/complaints/{case.number}", status=200).text
    browser.post(f"/records/complaints/{case.number}/notes", {"text": "   "}, status=422)


def test_registering_twice_with_one_key_makes_one_complaint(case, sign_in, clock, session):
    browser = sign_in(Role.SPECIALIST)
    data = {
        "client_key": "one-key-for-two-clicks", "consultation": "", "customer": "", "complainant": "赵敏",
        "phone": "13900001234", "channel": "PHONE", "received_at": shown(clock.now()), "phase": "IN_SALE",
        "category": "SITE", "severity": "ORDINARY", "subject": "垃圾未清", "content": "三天", "demand": "清走",
    }  # fmt: skip
    first = browser.post("/records/complaints/new", data, status=303)
    second = browser.post("/records/complaints/new", data, status=303)
    assert first.location == second.location
    session.rollback()
    assert session.query(Complaint).filter_by(complainant="赵敏").count() == 1


def test_front_desk_registers_and_cannot_open(case, sign_in, clock):
    browser = sign_in(Role.FRONT_DESK)
    data = {
        "client_key": "k", "complainant": "钱伟", "phone": "13900004321", "channel": "PHONE",
        "received_at": shown(clock.now()), "phase": "IN_SALE", "category": "SCHEDULE", "severity": "ORDINARY",
        "subject": "停工", "content": "四天", "demand": "复工",
    }  # fmt: skip
    answer = browser.post("/records/complaints/new", data, status=303)
    assert answer.location.endswith("/front-desk/log")


def test_unknown_fields_are_refused(case, sign_in, clock):
    browser = sign_in(case.specialist)
    data = hand_over(case, clock, state="CLOSED", owner_id="1")
    browser.post(f"/records/complaints/{case.number}/steps/hand-over", data, status=400)


def test_the_manager_gives_it_to_another_specialist(case, sign_in, make, session):
    other = make.user(Role.SPECIALIST, name="沈佳")
    sign_in(Role.MANAGER).post(f"/records/complaints/{case.number}/owner", {"owner": str(other.id)}, status=303)
    session.rollback()
    assert session.get_one(Complaint, case.id).owner_id == other.id


def test_the_record_page_asks_the_database_at_most_fifteen_times(case, sign_in, queries):
    browser = sign_in(case.specialist)
    browser.get(f"/records/complaints/{case.number}")
    with queries() as seen:
        browser.get(f"/records/complaints/{case.number}", status=200)
    assert len(seen) <= 15, "\n".join(seen)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.SPECIALIST, "/specialist/"),
        (Role.REVIEWER, "/reviewer/"),
        (Role.REPAIR_CAPTAIN, "/repair-captain/dashboard"),
        (Role.MANAGER, "/manager/"),
        (Role.FRONT_DESK, "/front-desk/"),
    ],
)
def test_a_dashboard_asks_at_most_fifteen_times_and_its_tiles_count_their_lists(case, sign_in, queries, role, path):
    browser = sign_in(role)
    with queries() as seen:
        text = browser.get(path, status=200).text
    begins = ("BEGIN", "SAVEPOINT", "RELEASE")
    assert len([one for one in seen if not one.startswith(begins)]) <= 15, "\n".join(seen)
    for link, figure in re.findall(r'class="kpi[^"]*" href="([^"]+)".*?class="figure">(\d+)', text):
        listed = browser.get(link.replace("&amp;", "&"), status=200).text
        rows = len(re.findall(r'<tr class="line', listed))
        assert rows == int(figure), f"{link}: tile {figure}, list {rows}"


def test_a_task_people_set_is_ticked_off_and_a_clock_is_not(case, sign_in, make, clock, session):
    from portal.models.task import Task, TaskKind
    from portal.services import tasks

    with transaction() as writing:
        complaint = writing.get_one(Complaint, case.id)
        who = tasks.Responsible(writing.merge(case.specialist))
        own = tasks.open_task(writing, TaskKind.TODO, "回电", complaint, due_at=None, at=clock.now(), who=who)
        number = own.id
        running = tasks.open_of(writing, complaint, "DL-10")[0].id
    browser = sign_in(case.specialist)
    browser.post(f"/records/tasks/{running}/done", status=409)
    browser.post(f"/records/tasks/{number}/done", status=303)
    session.rollback()
    assert session.get_one(Task, number).outcome == "DONE"
    sign_in(make.user(Role.SPECIALIST, branch_id=case.other_branch.id)).post(
        f"/records/tasks/{number}/done", status=404
    )


def test_a_line_of_the_history_that_was_drawn_before_shows_the_name_of_today(case, sign_in, session):
    """Lines are kept by all that they say: a person who got another name is called by it at once, everywhere."""
    client = sign_in(case.specialist)
    client.post(f"/records/complaints/{case.number}/notes", data={"text": "打过电话", "client_key": "1" * 32})
    path, notes = (
        f"/records/complaints/{case.number}",
        re.compile(r'entry note"><span class="avatar-dot( me)?".*?<b>(.*?)</b>', re.DOTALL),
    )
    assert notes.findall(client.get(path).text) == [(" me", case.specialist.name)]
    manager = sign_in(Role.MANAGER)
    assert notes.findall(manager.get(path).text) == [("", case.specialist.name)]
    with transaction():
        session.get_one(User, case.specialist.id).name = "新名字"
    assert notes.findall(client.get(path).text) == [(" me", "新名字")]


@pytest.mark.parametrize("beside", [state.code for state in Complaint.PROCESS.states if not state.main_line])
def test_a_case_beside_the_main_line_is_read_too(case, sign_in, beside):
    """Its status bar shows what it went through, where it is, and no state of the main line that it never saw before."""
    with transaction() as writing:
        writing.get_one(Complaint, case.id).state = beside
    text = sign_in(Role.MANAGER).get(f"/records/complaints/{case.number}", status=200).text
    bar = re.findall(r'<li class="([^"]*)"', re.search(r'class="status-bar".*?</ol>', text, re.DOTALL)[0])
    assert bar[0] == "past" and bar.count("past") == 1 and "now-at" in bar
