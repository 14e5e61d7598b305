"""P09 carried through the services with the figures of the worked example (`domain.md` 8.1, 8.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.clock import ZONE
from portal.db import transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotPermitted, TransitionNotAllowed
from portal.models.complaint import Complaint
from portal.models.event import Event
from portal.models.outbox import Outbox
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.services import calendars, complaints, events, steps, tasks


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).astimezone(UTC)


class Story:
    """A complaint and the people around it; every step says its own time."""

    def __init__(self, make, clock):
        self.clock = clock
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.manager = make.user(Role.MANAGER, name="陈丽华")
        self.head = make.party(name="石磊")
        self.project = make.project()
        clock.set("2026-05-11 10:00")
        with transaction() as session:
            calendars.seed(session, [2026], at=clock.now())

    def register(self, received="05-11 10:00", **fields):
        self.at = self.clock.set(f"2026-{received}")
        with transaction() as session:
            project = session.merge(self.project)
            made = complaints.register(
                session,
                complaints.RegisterComplaint(
                    complainant="张建军", phone="13800001111", phase="IN_SALE", category="SITE",
                    subject="工地脏乱", content="工地有灰尘和烟头", demand="清理", received_at=self.at,
                    channel="PHONE", customer=project.customer, project=project, **fields,
                ),
                actor=session.merge(self.specialist),
                at=self.at,
            )  # fmt: skip
            self.id = made.id
        return self

    def do(self, when, act, command=None, actor=None):
        at = self.clock.set(f"2026-{when}")
        with transaction() as session:
            complaint = session.get_one(Complaint, self.id)
            arguments = () if command is None else (command(at) if callable(command) else command,)
            return act(session, complaint, *arguments, actor=session.merge(actor or self.specialist), at=at)

    def hand_over(self, when, signed=None, **fields):
        return self.do(
            when,
            complaints.hand_over,
            lambda at: complaints.HandOver("ENGINEERING", self.head, local(signed) if signed else at, True, **fields),
        )

    def verify(self, when):
        self.do(when, complaints.verify, lambda at: complaints.Verify(at, self.head, "属实"))

    def plan(self, when, **fields):
        visit = local("05-13 14:00")
        return self.do(when, complaints.plan, lambda at: complaints.Plan("清扫组上门", visit, True, at, **fields))

    def visit(self, when):
        self.do(when, complaints.visit, lambda at: complaints.Visit(at, "清扫组", "已清理", True))

    def close(self, when):
        self.do(
            when,
            complaints.close,
            lambda at: complaints.Close(at, True, "ESTABLISHED", "班组未清场", "每日清场", "刘大勇队"),
        )

    def due(self, session, code):
        task = session.scalars(
            select(Task).where(Task.record_id == self.id, Task.code == code).order_by(Task.id.desc())
        ).first()
        return task.due_at if task else None


@pytest.fixture
def story(make, clock):
    return Story(make, clock)


def test_the_main_line_of_the_worked_example(story, session):
    story.register()
    assert story.due(session, "DL-10") == local("05-11 13:00")
    story.hand_over("05-11 11:20")
    assert story.due(session, "DL-11") == local("05-12 11:20")
    story.verify("05-11 15:00")
    assert story.due(session, "DL-12") == local("05-12 15:00")
    story.plan("05-12 10:00")
    assert story.due(session, "DL-13") == local("05-14 10:00")
    story.visit("05-13 14:00")
    assert story.due(session, "DL-14") == local("05-14 14:00")
    story.close("05-14 09:30")
    complaint = session.get_one(Complaint, story.id)
    assert (complaint.number, complaint.state) == ("TS-2026-0001", "CLOSED")
    assert session.scalars(select(DeadlineBreach)).all() == []
    assert tasks.open_of(session, complaint) == []
    assert events.check_chain(session).ok


def test_signed_after_four_hours_and_called_after_thirty_breaks_two_clocks(story, session):
    story.register("05-18 09:00")
    story.hand_over("05-18 13:10")
    story.verify("05-19 19:10")
    breaches = {row.code: row for row in session.scalars(select(DeadlineBreach))}
    assert set(breaches) == {"DL-10", "DL-11"}
    assert breaches["DL-10"].late_minutes == 70
    assert breaches["DL-10"].user_id == story.specialist.id
    assert breaches["DL-11"].late_minutes == 6 * 60
    assert breaches["DL-11"].department == "ENGINEERING"


def test_the_plan_is_due_48_hours_after_the_signature_at_the_latest(story, session):
    story.register("05-18 09:00")
    story.hand_over("05-18 10:00")
    story.verify("05-19 20:00")
    assert story.due(session, "DL-12") == local("05-20 10:00")


def test_recorded_late_but_signed_in_time_is_no_breach(story, session):
    story.register("05-18 09:00")
    story.hand_over("05-18 16:00", signed="05-18 11:00")
    assert session.scalars(select(DeadlineBreach)).all() == []
    assert story.due(session, "DL-11") == local("05-19 11:00")


def test_the_sweep_warns_once_breaches_once_and_tells_again_every_day(story, session):
    story.register("05-18 09:00")

    def sweep(when):
        with transaction() as writing:
            tasks.sweep(writing, local(when))

    def told():
        session.rollback()
        rows = session.scalars(select(Outbox).where(Outbox.kind == "notify_task").order_by(Outbox.id))
        return [(row.payload["level"], row.payload["repeat"]) for row in rows]

    sweep("05-18 11:14")
    assert told() == []
    sweep("05-18 11:15")
    sweep("05-18 11:16")
    assert told() == [("WARN", 0)]
    for when in ("05-18 12:00", "05-18 12:00", "05-18 13:00"):
        sweep(when)
    assert told() == [("WARN", 0), ("OVERDUE", 0)]
    sweep("05-19 12:00")
    sweep("05-19 12:30")
    assert told() == [("WARN", 0), ("OVERDUE", 0), ("OVERDUE", 1)]
    assert len(session.scalars(select(DeadlineBreach)).all()) == 1


def test_not_satisfied_opens_a_second_round_and_then_only_escalation_is_left(story, session):
    story.register()
    story.hand_over("05-11 11:20")
    story.verify("05-11 15:00")
    story.plan("05-12 10:00")
    story.visit("05-13 14:00")

    def rework(at):
        return complaints.Rework(at, "还有烟头", "再次清理", at + timedelta(days=1))

    story.do("05-14 09:00", complaints.rework, rework)
    complaint = session.get_one(Complaint, story.id)
    assert (complaint.state, complaint.round_no, len(complaint.rounds)) == ("PLANNED", 2, 2)
    assert story.due(session, "DL-13") == local("05-16 09:00")
    story.visit("05-15 09:00")
    with pytest.raises(ConditionsMissing):
        story.do("05-15 10:00", complaints.rework, rework)
    made = story.do("05-15 11:00", complaints.escalate, complaints.Escalate("TWO_ROUNDS", "a", "b", "c"))
    session.rollback()
    assert session.get_one(Complaint, story.id).state == "ESCALATED"
    assert made.number == "SJ-2026-0001"
    assert [task for task in tasks.open_of(session, session.get_one(Complaint, story.id)) if task.code] == []


def test_a_plan_that_costs_money_waits_for_the_manager(story, session):
    story.register()
    story.hand_over("05-11 11:20")
    story.verify("05-11 15:00")
    assert story.plan("05-12 10:00", costs_money=True) is False
    assert session.get_one(Complaint, story.id).state == "VERIFIED"
    session.rollback()
    with pytest.raises(NotPermitted):
        story.do("05-12 10:10", complaints.see_plan)
    story.do("05-12 10:20", complaints.see_plan, actor=story.manager)
    assert story.plan("05-12 10:30", costs_money=True) is True
    session.rollback()
    assert session.get_one(Complaint, story.id).state == "PLANNED"


def test_a_plan_that_was_changed_after_the_manager_saw_it_is_seen_again(story, session):
    story.register()
    story.hand_over("05-11 11:20")
    story.verify("05-11 15:00")
    story.plan("05-12 10:00", costs_money=True)
    story.do("05-12 10:20", complaints.see_plan, actor=story.manager)
    visit = local("05-13 14:00")
    changed = story.do(
        "05-12 10:30",
        complaints.plan,
        lambda at: complaints.Plan("另一个更贵的方案", visit, True, at, costs_money=True),
    )
    assert changed is False
    session.rollback()
    assert session.get_one(Complaint, story.id).state == "VERIFIED"


def test_the_second_round_of_a_costly_plan_goes_to_the_manager_too(story, session):
    story.register()
    story.hand_over("05-11 11:20")
    story.verify("05-11 15:00")
    story.plan("05-12 10:00", costs_money=True)
    story.do("05-12 10:20", complaints.see_plan, actor=story.manager)
    story.plan("05-12 10:30", costs_money=True)
    story.visit("05-13 14:00")
    story.do(
        "05-14 09:00", complaints.rework, lambda at: complaints.Rework(at, "不满意", "再做一次", at + timedelta(days=1))
    )
    complaint = session.get_one(Complaint, story.id)
    assert complaint.plan_seen_by_id is None
    assert [task.role for task in tasks.open_of(session, complaint) if task.code is None] == [Role.MANAGER]


def test_without_the_head_or_the_copy_nothing_is_handed_over(story, session):
    story.register()
    with pytest.raises((Invalid, ConditionsMissing)):
        story.do(
            "05-11 11:00", complaints.hand_over, lambda at: complaints.HandOver("ENGINEERING", story.head, at, False)
        )
    session.rollback()
    assert session.get_one(Complaint, story.id).state == "REGISTERED"


def test_a_future_signature_is_refused_at_the_field(story):
    story.register()
    with pytest.raises(Invalid) as refused:
        story.hand_over("05-11 11:00", signed="05-12 11:00")
    assert "signed_at" in refused.value.fields


def test_only_the_manager_refuses_a_malicious_complaint(story):
    story.register()
    command = complaints.Refuse("MALICIOUS", "多次敲诈，有录音")
    with pytest.raises(NotPermitted):
        story.do("05-11 10:30", complaints.refuse, command)
    story.do("05-11 10:40", complaints.refuse, command, actor=story.manager)
    with pytest.raises(TransitionNotAllowed):
        story.verify("05-11 11:00")


def test_every_step_leaves_an_event_and_tells_whom_the_process_names(story, session):
    story.register(severity="MAJOR")
    rows = session.scalars(select(Event).where(Event.record_id == story.id).order_by(Event.id)).all()
    assert [(row.kind, row.data["to"]) for row in rows] == [("CREATED", "REGISTERED")]
    audiences = [
        row.payload["audiences"] for row in session.scalars(select(Outbox).where(Outbox.kind == "notify_step"))
    ]
    assert audiences == [["owner"], ["managers"]]


def test_a_paused_clock_moves_by_the_time_it_stood(story, session):
    story.register("05-18 09:00")

    def clock_of(writing):
        return tasks.open_of(writing, writing.get_one(Complaint, story.id), "DL-10")[0]

    with transaction() as writing:
        tasks.pause(
            writing, clock_of(writing), "客户不在", actor=writing.merge(story.specialist), at=local("05-18 10:00")
        )
    assert clock_of(session).due_at is None
    with transaction() as writing:
        tasks.resume(writing, clock_of(writing), actor=writing.merge(story.specialist), at=local("05-18 11:00"))
    assert clock_of(session).due_at == local("05-18 13:00")


def test_the_status_bar_and_buttons_follow_the_table(story, session):
    story.register()
    complaint = session.get_one(Complaint, story.id)
    bar = [(item.code, item.kind) for item in steps.status_bar(session, complaint, story.specialist)]
    assert bar == [
        ("REGISTERED", "now"),
        ("HANDED_OVER", "allowed"),
        ("VERIFIED", "future"),
        ("PLANNED", "future"),
        ("VISITED", "future"),
        ("CLOSED", "future"),
    ]
    assert [item.reasons for item in steps.status_bar(session, complaint, story.specialist)][2:4] == [
        ("先办理：转部门签收",),
        ("先办理：转部门签收 → 登记核实电话",),
    ]
    views = {view.action: view for view in steps.actions(complaint, story.specialist)}
    assert not views["refuse"].is_allowed and "客服经理" in views["refuse"].reasons[0]
    assert next(iter(views)) == "hand-over"


def test_a_historical_complaint_takes_no_steps(story, session):
    story.register()
    with transaction() as writing:
        writing.get_one(Complaint, story.id).is_historical = True
    with pytest.raises(DomainError):
        story.hand_over("05-11 11:20")
