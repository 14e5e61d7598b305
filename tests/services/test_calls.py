"""P07 as it happens: the worked example, who cannot be reached, slips up to the complaint, who may read. Source: `domain.md` 4.7, 5, 8.1."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from jobs import calls as jobs
from portal import clock
from portal.clock import ZONE
from portal.db import session, transaction
from portal.errors import Invalid, NotPermitted
from portal.models.complaint import Complaint
from portal.models.event import Event
from portal.models.follow_up import CallAnswer, FollowUpCall, FollowUpTicket, RecordAccess
from portal.models.notice import Notice
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.suggestion import Suggestion
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes.follow_up import CallStage
from portal.services import call_plan, calls, consultations, surveys, tasks
from portal.services.calls import access, scripts, tickets

S = CallStage


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Story:
    """张建军's home under construction; each act is a transaction of its own at the company's time."""

    def __init__(self, make: Any, clock: Any, **customer: Any) -> None:
        self.clock = clock
        clock.set("2026-04-01 09:00")
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.manager = make.user(Role.MANAGER, name="陈丽华")
        self.head = make.party(name="石磊")
        given = {"name": "张建军", "grade": "B", "owner_id": self.specialist.id} | customer
        self.customer = make.customer(**given)
        self.project = make.project(self.customer, stage="IN_PROGRESS")

    def at(self, moment: str) -> datetime:
        return self.clock.set(when(moment))

    def act(self, service: Any, *args: Any, actor: Any = None, **more: Any) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=writing.merge(actor or self.specialist), at=self.clock.now(), **more)

    def opens(self, stage: CallStage, moment: str) -> FollowUpCall:
        at = self.at(moment)
        with transaction() as writing:
            project = writing.merge(self.project)
            return calls.open_window(writing, project, stage, on=at.astimezone(ZONE).date(), event=project, at=at)

    def answers(self, call: FollowUpCall, moment: str, overall: str = "SATISFIED", **more: Any) -> calls.Outcome:
        at = self.at(moment)
        return self.act(calls.finish, call, self.talk(call, at, overall, **more))

    def talk(self, call: FollowUpCall, at: datetime, overall: str, *, wrong: dict[str, str] | None = None, **more: Any):
        grade = session().get(FollowUpCall, call.id).customer.grade
        script = scripts.script_for(session(), call.stage, grade, at.astimezone(ZONE).date())
        good = {
            "YES_NO": ("YES", None),
            "SCORE": (None, 5),
            "RATE10": (None, 9),
            "NUMBER": ("3", None),
            "TEXT": ("好", None),
        }
        said = []
        for item in script.items:
            value, score = good[item["kind"]]
            if item.get("when") == "YES":
                value = "NO"
            said.append(calls.Answer(item["code"], (wrong or {}).get(item["code"], value), score))
        given = {"manner": "PHONE", "answered_by": "CUSTOMER", "customer_words": "挺好的"} | more
        return calls.FinishCall(called_at=at, overall=overall, answers=tuple(said), **given)

    def fresh(self, record: Any) -> Any:
        session().rollback()
        return session().get_one(type(record), record.id)

    def sweep(self) -> None:
        """What the scheduler and the worker do when a clock has run out."""
        at = self.clock.now()
        with transaction() as writing:
            tasks.sweep(writing, at)
        for key in (
            session().scalars(select(Task.id).where(Task.breached_at.is_not(None), Task.closed_at.is_(None))).all()
        ):
            for _twice in range(2):
                with transaction() as writing:
                    jobs.clock_missed(writing, task_id=key)


@pytest.fixture
def story(make, clock):
    return Story(make, clock)


def slip(problem: str = "客厅两个插座位置与图纸不符", **more: Any) -> calls.Slip:
    return calls.Slip(problem, "ENGINEERING", **more)


def test_the_worked_example(story):
    """Four effective calls, a slip, and everything in time (8.1)."""
    start = story.opens(S.START, "04-08 09:00")
    assert (start.window_from, start.due_on) == (date(2026, 4, 8), date(2026, 4, 18))
    story.answers(start, "04-10 10:00")
    concealed = story.opens(S.CONCEALED, "04-27 16:00")
    assert concealed.due_on == date(2026, 4, 30)
    made = story.opens(S.CONCEALED, "04-28 08:00")
    assert (made.id, made.due_on) == (concealed.id, date(2026, 4, 30)), "opened twice it is opened once"
    with pytest.raises(Invalid) as refused:
        story.answers(concealed, "04-28 10:00", "UNSATISFIED", customer_words=None)
    assert set(refused.value.fields) == {"slips", "customer_words"}
    story.answers(concealed, "04-28 10:00", "UNSATISFIED", slips=(slip(),), wrong={"lines_as_drawn": "NO"})
    concealed = story.fresh(concealed)
    given = concealed.tickets[0]
    assert (concealed.state, concealed.is_effective, given.number) == ("DONE_UNSATISFIED", True, "LX-2026-0001")
    assert given.limit_at == when("04-30 10:00")
    story.at("04-28 15:00")
    story.act(tickets.receive, given, tickets.Receive(when("04-28 15:00"), story.head))
    story.at("04-29 17:00")
    story.act(tickets.finish, given, tickets.Finish("移位两个插座", when("04-29 16:30")))
    assert story.fresh(concealed).state == "RESOLVED"
    story.answers(revisit_of(story, given), "04-30 09:30", customer_words="满意")
    assert (story.fresh(concealed).state, story.fresh(given).state) == ("CLOSED", "VERIFIED")
    mid = story.opens(S.MID, "05-20 15:00")
    assert mid.due_on == date(2026, 5, 23)
    story.answers(mid, "05-21 10:00")
    completion = story.opens(S.COMPLETION, "07-06 15:00")
    assert completion.due_on == date(2026, 7, 16)
    story.answers(completion, "07-08 10:00")
    month = story.opens(S.ONE_MONTH, "08-04 09:00")
    assert month.due_on == date(2026, 8, 9)
    story.answers(month, "08-04 10:00")
    found = session().scalars(select(FollowUpCall).order_by(FollowUpCall.id)).all()
    assert [(call.number[-4:], call.state, call.is_effective, call.is_late) for call in found] == [
        ("0001", "DONE_SATISFIED", True, False),
        ("0002", "CLOSED", True, False),
        ("0003", "DONE_SATISFIED", False, False),  # asked again, never counted
        ("0004", "DONE_SATISFIED", True, False),
        ("0005", "DONE_SATISFIED", True, False),
        ("0006", "DONE_SATISFIED", False, False),
    ]
    assert session().scalars(select(DeadlineBreach)).all() == []
    assert session().scalars(select(Task).where(Task.closed_at.is_(None))).all() == []
    assert session().scalar(select(func.count()).select_from(CallAnswer).where(CallAnswer.call_id == mid.id)) == 11


def test_the_ladder_of_who_is_not_reached_keeps_out_of_rest_and_avoided_times(make, clock):
    """Two hours later, in the evening, the next day; on the third day the customer cannot be reached (5.2)."""
    story = Story(make, clock, avoid_hours="18:00-19:00", avoid_times="上午开会 09:00-10:00")
    call = story.opens(S.START, "04-08 09:00")
    tries = [  # when, what came of it, when it is tried next
        ("04-09 09:50", "NO_ANSWER", "04-09 11:50"),
        ("04-09 11:50", "BUSY", "04-09 19:00"),
        ("04-09 19:10", "NO_ANSWER", "04-10 10:00"),
        ("04-10 10:30", "NO_ANSWER", "04-10 14:00"),
        ("04-10 19:20", "REFUSED", "04-11 10:00"),
    ]
    for moment, outcome, following in tries:
        at = story.at(moment)
        story.act(calls.attempt, call, calls.Attempt(outcome, at))
        assert story.fresh(call).next_at == when(following), moment
        assert story.fresh(call).state == "ATTEMPTED"
    at = story.at("04-11 10:00")
    for wrong in ("04-11 13:00", "04-11 18:30", "04-11 09:59"):
        with pytest.raises(Invalid) as refused:
            story.act(calls.attempt, call, calls.Attempt("BUSY", at, next_at=when(wrong)))
        assert "next_at" in refused.value.fields
    with pytest.raises(Invalid):
        story.act(calls.attempt, call, calls.Attempt("ASKED_LATER", at))
    story.act(calls.attempt, call, calls.Attempt("ASKED_LATER", at, next_at=when("04-11 12:30")))
    assert story.fresh(call).state == "ATTEMPTED", "who asks for another time was reached"
    story.act(calls.attempt, call, calls.Attempt("NO_ANSWER", story.at("04-11 12:30")))
    call = story.fresh(call)
    assert (call.state, call.next_at, call.is_effective) == ("UNREACHABLE", None, False)
    assert session().scalars(select(Task).where(Task.closed_at.is_(None))).all() == []
    told = session().scalar(select(func.count()).select_from(Notice))
    assert told == 0, "notices are sent by the worker"

    def calls_in(writing: Any, actor: Any, at: datetime) -> Any:
        command = consultations.LogContact(
            channel="PHONE", kind="CONSULT", complexity="COMMON", name="张建军", phone=story.customer.phone,
            caller_number=story.customer.phone, question="问开工进度", occurred_at=at, taken_seconds=20,
            customer=writing.merge(story.customer),
        )  # fmt: skip
        return consultations.log(writing, command, actor=actor, at=at)

    at = story.at("04-20 10:00")
    with transaction() as writing:
        calls_in(writing, writing.merge(story.specialist), at)
    call = story.fresh(call)
    assert (call.state, call.again_until) == ("PLANNED", date(2026, 4, 30)), "the next contact opens the stage again"
    story.act(calls.attempt, call, calls.Attempt("NO_ANSWER", story.at("04-20 10:30")))
    assert story.fresh(call).state == "ATTEMPTED", "tries of before count no more"
    story.answers(call, "04-20 14:30")
    call = story.fresh(call)
    assert (call.state, call.is_effective, call.is_late) == ("DONE_SATISFIED", True, True)


def test_a_missed_window_is_a_breach_and_the_call_is_made_late(story):
    call = story.opens(S.MID, "05-20 15:00")
    story.at("05-24 00:10")
    story.sweep()
    assert story.fresh(call).state == "MISSED"
    breach = session().scalars(select(DeadlineBreach)).one()
    assert (breach.code, breach.record_number, breach.user_id) == ("DL-28", call.number, story.specialist.id)
    story.act(calls.explain, call, calls.Explain("客户出差"))
    story.answers(call, "05-25 10:00")
    call = story.fresh(call)
    assert (call.state, call.is_effective, call.is_late) == ("DONE_SATISFIED", True, True)
    assert story.fresh(breach).met_at is not None


def test_a_slip_whose_limit_is_missed_twice_becomes_a_complaint_by_itself(story):
    call = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(call, "04-28 10:00", "FAIR", slips=(slip(),))
    given = story.fresh(call).tickets[0]
    story.at("04-30 10:01")
    story.sweep()
    given = story.fresh(given)
    assert (given.state, given.missed_count, given.limit_at) == ("OPEN", 1, when("05-02 10:01"))
    entry = session().scalars(select(PenaltyEntry)).one()
    assert (entry.rule, entry.party_id, entry.state, given.penalty_id) == ("K-08", story.head.id, "PROPOSED", entry.id)
    story.at("05-02 10:02")
    story.sweep()
    given = story.fresh(given)
    made = session().scalars(select(Complaint)).one()
    assert (given.state, given.complaint_id, given.missed_count) == ("ESCALATED", made.id, 2)
    assert story.fresh(call).state == "ESCALATED"
    assert "LX-2026-0001：客厅两个插座位置与图纸不符" in made.content
    assert (made.customer_id, made.category, made.received_by_id) == (story.customer.id, "QUALITY", None)
    assert len(session().scalars(select(PenaltyEntry)).all()) == 2
    assert len(session().scalars(select(DeadlineBreach).where(DeadlineBreach.code == "DL-08")).all()) == 2


def test_rounds_of_a_slip_end_with_the_customer_content_or_a_complaint(story):
    call = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(call, "04-28 10:00", "UNSATISFIED", slips=(slip(), slip("工地未打扫")))
    first, second = story.fresh(call).tickets
    day = 28
    for round_no in (1, 2, 3):
        story.at(f"04-{day} 15:00" if round_no == 1 else f"05-0{round_no} 15:00")
        story.act(tickets.finish, first, tickets.Finish("已返工", story.clock.now()))
        if round_no == 1:
            assert story.fresh(call).state == "DONE_UNSATISFIED", "the other slip is still with the department"
            story.act(tickets.finish, second, tickets.Finish("已打扫", story.clock.now()))
            story.act(tickets.verify, second, tickets.Verify(story.clock.now()))
        assert story.fresh(call).state == "RESOLVED"
        if round_no < 3:
            story.act(tickets.reopen, first, tickets.Reopen(story.clock.now(), "仍有一个不对"))
            given = story.fresh(first)
            assert (given.state, given.round_no, given.done_at) == ("REOPENED", round_no + 1, None)
            assert story.fresh(call).state == "DONE_UNSATISFIED"
    from portal.errors import ConditionsMissing

    with pytest.raises(ConditionsMissing):
        story.act(tickets.reopen, first, tickets.Reopen(story.clock.now(), "还是不对"))
    made = story.act(tickets.escalate, first, tickets.Escalate("要求赔偿并道歉", "三轮未解决"))
    assert (story.fresh(first).state, story.fresh(call).state) == ("ESCALATED", "ESCALATED")
    assert made.demand == "要求赔偿并道歉" and "三轮未解决" in made.content and "仍有一个不对" in made.content
    assert [
        task
        for task in session().scalars(select(Task))
        if task.record_kind == "follow-up-tickets" and not task.closed_at
    ] == []


def revisit_of(story: Story, slip: FollowUpTicket) -> FollowUpCall:
    """The call that asks about the present round."""
    given = story.fresh(slip)
    return next(each.call for each in given.revisits if each.round_no == given.round_no)


def test_a_done_slip_is_asked_about_by_a_call_with_its_script(story, sign_in):
    """5.6: within a day, in the queue, with the questions of the stage; content, everything is closed. It never counts (5.2)."""
    concealed = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(concealed, "04-28 10:00", "UNSATISFIED", slips=(slip(),))
    given = story.fresh(concealed).tickets[0]
    story.at("04-29 16:00")
    story.act(tickets.finish, given, tickets.Finish("移位两个插座", when("04-29 15:30")))
    again = revisit_of(story, given)
    assert (again.stage, again.state, again.owner_id) == ("REVISIT", "PLANNED", story.specialist.id)
    assert (again.window_from, again.due_at, again.about.id) == (date(2026, 4, 29), when("04-30 15:30"), given.id)
    desk = sign_in(story.specialist)
    shown = desk.get("/specialist/calls", status=200).text
    assert again.number in shown and given.number in shown and "上次反映的问题是否已解决？" in shown
    assert (
        shown.count(f'href="/specialist/calls/{again.number}"') == 1
        and f"/specialist/calls/{given.number}" not in shown
    )
    assert (
        f"/specialist/calls/{again.number}" in desk.get(f"/records/follow-up-tickets/{given.number}", status=200).text
    )
    said = {"version": str(again.version), "client_key": "a" * 32, "answers-measure_done": "YES", "overall": "SATISFIED",
            "answered_by": "CUSTOMER", "manner": "PHONE", "customer_words": "已改好"}  # fmt: skip
    story.at("04-30 09:30")
    desk = sign_in(story.specialist)
    path = f"/specialist/calls/{again.number}/talk"
    refused = desk.post(path, said | {"answers-measure_done": ""}, status=422)
    assert "已改好" in refused.text, "the script is asked"
    refused = desk.post(path, said | {"answers-measure_done": "NO"}, status=422)
    assert "没有解决的问题不能闭环" in refused.text and "已改好" in refused.text
    assert story.fresh(given).state == "DONE"
    desk.post(path, said, status=303)
    again, given = story.fresh(again), story.fresh(given)
    assert (again.state, again.is_effective, again.is_late) == ("DONE_SATISFIED", False, False)
    assert (given.state, given.revisit_result, story.fresh(concealed).state) == ("VERIFIED", "已改好", "CLOSED")
    assert given.is_solved is True
    assert session().scalars(select(Task).where(Task.closed_at.is_(None))).all() == []
    assert session().scalars(select(DeadlineBreach)).all() == []


def test_who_is_not_content_at_the_last_round_is_asked_about_a_complaint(story, sign_in):
    """5.6: FAIR is not content; a new limit each round, one call for each; then the form of the complaint, filled in."""
    concealed = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(concealed, "04-28 10:00", "UNSATISFIED", slips=(slip(),))
    given = story.fresh(concealed).tickets[0]
    for round_no, day in ((1, 5), (2, 8)):
        story.at(f"05-0{day} 10:00")
        story.act(tickets.finish, given, tickets.Finish("已返工", story.clock.now()))
        again = revisit_of(story, given)
        with pytest.raises(Invalid) as refused:
            story.answers(again, f"05-0{day} 15:00", "FAIR", customer_words=None)
        assert set(refused.value.fields) == {"customer_words"}, "no second slip is asked for"
        story.answers(
            again, f"05-0{day} 15:00", "FAIR", customer_words="还差一个", limit_at=when(f"05-0{day + 1} 12:00")
        )
        given = story.fresh(given)
        assert (given.state, given.round_no, given.limit_at) == ("REOPENED", round_no + 1, when(f"05-0{day + 1} 12:00"))
        assert (story.fresh(again).state, story.fresh(concealed).state) == ("DONE_UNSATISFIED", "DONE_UNSATISFIED")
    story.at("05-11 10:00")
    story.act(tickets.finish, given, tickets.Finish("第三次返工", story.clock.now()))
    assert story.fresh(again).state == "RESOLVED", "the calls before wait with their slip"
    last = revisit_of(story, given)
    story.at("05-11 15:00")
    desk = sign_in(story.specialist)
    assert "最后一轮" in desk.get(f"/specialist/calls/{last.number}", status=200).text
    said = {"version": str(last.version), "client_key": "b" * 32, "answers-measure_done": "NO", "overall": "UNSATISFIED",
            "answered_by": "CUSTOMER", "manner": "PHONE", "customer_words": "要求赔偿"}  # fmt: skip
    answer = desk.post(f"/specialist/calls/{last.number}/talk", said, status=303)
    form = f"/records/follow-up-tickets/{given.number}/steps/escalate"
    assert answer.headers["Location"].endswith(form)
    shown = desk.get(form, status=200).text
    assert "要求赔偿" in shown and "经过 3 轮客户仍不满意" in shown
    given = story.fresh(given)
    assert (given.state, given.is_refused, given.revisit_result) == ("DONE", True, "要求赔偿")
    waiting = session().scalars(select(Task).where(Task.closed_at.is_(None))).all()
    assert [task.title for task in waiting] == [tickets.COMPLAIN.message], "nobody forgets it"
    assert last.number not in desk.get("/specialist/calls", status=200).text
    made = story.act(tickets.escalate, given, tickets.Escalate("要求赔偿", tickets.why_complaint(given)))
    assert "要求赔偿" in made.content
    assert {call.state for call in session().scalars(select(FollowUpCall))} == {"ESCALATED"}
    assert session().scalars(select(Task).where(Task.closed_at.is_(None), Task.record_kind != "complaints")).all() == []


def test_a_slip_that_goes_on_without_its_call_leaves_none_to_be_made(story):
    """Settled on the slip's page the call is not needed; one that was cancelled leaves the slip itself in the queue."""
    from portal.services.calls import queue

    concealed = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(concealed, "04-28 10:00", "UNSATISFIED", slips=(slip(), slip("工地未打扫")))
    first, second = story.fresh(concealed).tickets
    at = story.at("04-29 10:00")
    for one in (first, second):
        story.act(tickets.finish, one, tickets.Finish("已处理", at))
    numbers = [
        call.occurrence for call in session().scalars(select(FollowUpCall).where(FollowUpCall.stage == "REVISIT"))
    ]
    assert sorted(numbers) == [1, 2]
    story.act(calls.cancel, revisit_of(story, second), calls.Because("客户当面说过"), actor=story.manager)
    specialist = session().merge(story.specialist)
    assert {line.number for line in queue.queue(session(), specialist, at=at)} == {
        revisit_of(story, first).number, second.number,
    }  # fmt: skip
    story.act(tickets.verify, first, tickets.Verify(at, "满意"))
    assert revisit_of(story, first).state == "CANCELLED"
    story.act(tickets.verify, second, tickets.Verify(at, "满意"))
    assert story.fresh(concealed).state == "CLOSED"


def test_on_its_page_too_a_slip_is_not_settled_unless_solved(story, sign_in):
    """4.7: settled means that the customer says it is solved; said otherwise, what was typed stays."""
    concealed = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(concealed, "04-28 10:00", "UNSATISFIED", slips=(slip(),))
    given = story.fresh(concealed).tickets[0]
    story.at("04-29 10:00")
    story.act(tickets.finish, given, tickets.Finish("已处理", story.clock.now()))
    desk, form = sign_in(story.specialist), f"/records/follow-up-tickets/{given.number}/steps/verify"
    said = {"version": str(story.fresh(given).version), "revisit_at": "2026-04-29T10:00", "revisit_result": "还差一个"}
    for wrong in ({}, {"is_solved": "NO"}):
        assert "还差一个" in desk.post(form, said | wrong, status=422).text
    assert story.fresh(given).state == "DONE"
    desk.post(form, said | {"is_solved": "YES"}, status=303)
    assert (story.fresh(given).state, story.fresh(given).is_solved) == ("VERIFIED", True)


def test_a_slip_without_works_is_asked_about_with_the_same_script(story, sign_in):
    """A survey about no project: the call has the questions of the stage all the same, and takes its slip on."""
    at = story.at("04-29 10:00")
    with transaction() as writing:
        actor, customer = writing.merge(story.specialist), writing.merge(story.customer)
        asked = surveys.send(writing, surveys.SendSurvey("PERIODIC", customer), actor=actor, at=at)
        scores = {line["code"]: 2 for line in asked.questions}
        surveys.answer(writing, asked, surveys.AnswerSurvey("PHONE", at, scores), actor=actor, at=at)
    given = session().scalars(select(FollowUpTicket)).one()
    story.act(tickets.finish, given, tickets.Finish("已回电致歉", at))
    again = revisit_of(story, given)
    assert (again.stage, again.project_id, again.customer_id) == ("REVISIT", None, story.customer.id)
    desk = sign_in(story.specialist)
    shown = desk.get(f"/specialist/calls/{again.number}", status=200).text
    assert "上次反映的问题是否已解决？" in shown and "已回电致歉" in shown
    said = {"version": str(again.version), "client_key": "c" * 32, "answers-measure_done": "YES", "overall": "SATISFIED",
            "answered_by": "CUSTOMER", "manner": "PHONE", "customer_words": "好了"}  # fmt: skip
    desk.post(f"/specialist/calls/{again.number}/talk", said | {"repair": "水龙头漏"}, status=303)
    assert (story.fresh(again).state, story.fresh(given).state) == ("DONE_SATISFIED", "VERIFIED")
    assert session().scalars(select(RepairOrder)).one().address == story.project.property.address
    desk.get(f"/records/follow-up-calls/{again.number}", status=200)
    assert again.number in desk.get(f"/records/follow-up-calls?filter=customer.{story.customer.id}", status=200).text
    desk.post(f"/records/follow-up-calls/{again.number}/documents/F-04", status=409)


def test_a_revisit_that_cannot_be_reached_is_made_at_the_next_contact(story):
    concealed = story.opens(S.CONCEALED, "04-27 16:00")
    story.answers(concealed, "04-28 10:00", "UNSATISFIED", slips=(slip(),))
    given = story.fresh(concealed).tickets[0]
    story.at("04-29 10:00")
    story.act(tickets.finish, given, tickets.Finish("已处理", story.clock.now()))
    again = revisit_of(story, given)
    for day in ("04-29", "04-30", "05-01"):
        at = story.at(f"{day} 15:00")
        story.act(calls.attempt, again, calls.Attempt("NO_ANSWER", at))
    assert story.fresh(again).state == "UNREACHABLE"
    story.at("05-06 10:00")
    story.act(calls.call_again, again, calls.Because("客户来电"))
    assert (story.fresh(again).state, story.fresh(again).due_at) == ("PLANNED", when("05-07 10:00"))
    story.answers(again, "05-06 11:00")
    assert (story.fresh(given).state, story.fresh(concealed).state) == ("VERIFIED", "CLOSED")


def test_what_is_heard_in_a_call_goes_on_at_once(make, clock):
    """Grade A unsatisfied and an incident are the manager's at once; a repair and a suggestion are registered."""
    story = Story(make, clock, grade="A")
    call = story.opens(S.MID, "05-20 15:00")
    wish = calls.RepairWish("阳台地漏堵塞", "WATER_ELECTRIC", True)
    out = story.answers(
        call, "05-21 10:00", "UNSATISFIED", slips=(slip(),), repair=wish, incident="客户称工人索要烟钱", suggestion="工地装一个摄像头",
        wrong={"money_asked": "YES"},
    )  # fmt: skip
    order = session().scalars(select(RepairOrder)).one()
    assert (order.id, order.symptom, order.urgency) == (out.repair.id, "阳台地漏堵塞", "URGENT")
    suggestion = session().scalars(select(Suggestion)).one()
    assert (suggestion.content, suggestion.source_number) == ("工地装一个摄像头", call.number)
    assert suggestion.customer_id == story.fresh(call).customer_id
    mine = session().scalars(select(Task).where(Task.role == "MANAGER").order_by(Task.due_at)).all()
    assert [task.due_at for task in mine] == [when("05-21 11:00"), when("05-21 23:59")]
    told = session().scalars(select(Notice).where(Notice.user_id == story.manager.id)).all()
    assert len(told) == 2 and all(notice.level == "ACTION" for notice in told)
    assert story.fresh(call).script.grade_class == "A"


def test_answers_are_checked_one_by_one(story):
    call = story.opens(S.MID, "05-20 15:00")
    at = story.at("05-21 10:00")
    said = (
        calls.Answer("on_schedule", "MAYBE"), calls.Answer("carpentry_score", None, 6),
        calls.Answer("supervisor_seen", "很多"), calls.Answer("nonsense", "YES"),
    )  # fmt: skip
    command = calls.FinishCall(at, "PHONE", "CUSTOMER", "SATISFIED", said)
    with pytest.raises(Invalid) as refused:
        story.act(calls.finish, call, command)
    wrong = set(refused.value.fields)
    assert {"answers-on_schedule", "answers-carpentry_score", "answers-supervisor_seen", "answers-nonsense"} <= wrong
    assert "answers-order_score" in wrong and "answers-days_late" not in wrong
    assert story.fresh(call).state == "PLANNED"


def test_somebody_else_at_the_telephone_is_a_try_and_satisfies_no_stage(story, sign_in):
    """5.2: only the customer or the representative counts; the call stays to be made, and nobody is given up for it."""
    mid = story.opens(S.MID, "05-20 09:00")
    with pytest.raises(Invalid) as refused:
        story.answers(mid, "05-20 10:00", answered_by="OTHER")
    assert set(refused.value.fields) == {"answered_by"}
    assert story.fresh(mid).state == "PLANNED"
    desk = sign_in(story.specialist)
    path = f"/specialist/calls/{mid.number}"
    shown = desk.get(path, status=200).text
    other = re.compile(r'name="answered_by"[^>]*value="OTHER"')
    assert not other.search(shown) and "其他人接听" in shown
    desk.post(f"{path}/try", {"outcome": "OTHER_PERSON", "reason": "母亲接听，客户晚上在家"}, status=303)
    waiting = story.fresh(mid)
    assert (waiting.state, waiting.next_at) == ("ATTEMPTED", when("05-20 14:00")), (
        "the ladder goes on, after the rest at noon"
    )
    for day in ("21", "22", "25"):
        story.at(f"05-{day} 10:00")
        story.act(calls.attempt, mid, calls.Attempt("OTHER_PERSON", when(f"05-{day} 10:00")))
    assert story.fresh(mid).state == "ATTEMPTED", "a household that answers can be reached"
    story.answers(mid, "05-25 15:00", answered_by="REPRESENTATIVE")
    assert story.fresh(mid).is_effective
    month = story.opens(S.ONE_MONTH, "08-04 09:00")
    assert other.search(sign_in(story.specialist).get(f"/specialist/calls/{month.number}", status=200).text)


def test_why_the_portal_cancelled_a_call_reads_in_the_readers_language(story, sign_in):
    mid = story.opens(S.MID, "05-20 09:00")
    with transaction() as writing:
        call_plan.call_off(writing, writing.merge(story.project), at=story.clock.now())
    shown = sign_in(story.specialist).get(f"/records/follow-up-calls/{mid.number}", status=200).text
    assert "合同已终止。" in shown and "The contract" not in shown


def test_mid_term_money_before_the_call_needs_a_reason(story, make, sign_in):
    """Q20: the money is recorded all the same, with why; once the customer was found content nobody is asked."""
    contract = make.contract(story.project, customer=story.customer, amount="168000.00", output_value="168000.00")
    story.at("05-20 09:00")
    desk = sign_in(story.specialist)
    path = f"/records/contracts/{contract.number}/payments/new"
    assert "早于中期回访的原因" in desk.get(path, status=200).text
    paid = {"kind": "MID", "amount": "50000", "paid_on": "2026-05-20", "receipt_no": "SJ-9"}
    refused = desk.post(path, paid | {"client_key": "a" * 32}, status=422)
    assert "中期回访尚未确认客户满意" in refused.text and "SJ-9" in refused.text
    desk.post(path, paid | {"client_key": "a" * 32, "early_reason": "客户出差前先付"}, status=303)
    shown = desk.get(f"/records/contracts/{contract.number}?tab=payments", status=200).text
    assert "早于中期回访：客户出差前先付" in shown
    said = session().scalars(select(Event).where(Event.action == "payment")).one().data["changes"]["payment"][1]
    assert said["early_reason"] == "客户出差前先付"
    mid = session().scalars(select(FollowUpCall).where(FollowUpCall.stage == "MID")).one()
    desk.post(path, paid | {"client_key": "b" * 32, "kind": "CHANGE", "receipt_no": "SJ-10"}, status=303)
    story.answers(mid, "05-21 10:00", "UNSATISFIED", slips=(slip(),), customer_words="慢")
    again = paid | {"client_key": "c" * 32, "receipt_no": "SJ-11", "paid_on": "2026-05-21"}
    desk = sign_in(story.specialist)
    desk.post(path, again, status=422)
    given = story.fresh(mid).tickets[0]
    story.at("05-21 12:00")
    story.act(tickets.finish, given, tickets.Finish("加人赶工", when("05-21 11:00")))
    story.act(tickets.verify, given, tickets.Verify(when("05-21 12:00"), "满意"))
    desk = sign_in(story.specialist)
    assert "早于中期回访的原因" not in desk.get(path, status=200).text
    desk.post(path, again, status=303)


def test_who_reads_call_records(story, make):
    """R-20: the owner, the manager, who handles the project, and who has leave while it lasts."""
    call = story.opens(S.START, "04-08 09:00")
    others = {
        "other": make.user(Role.SPECIALIST), "desk": make.user(Role.FRONT_DESK),
        "reviewer": make.user(Role.REVIEWER), "captain": make.user(Role.REPAIR_CAPTAIN),
    }  # fmt: skip

    def readers() -> set[str]:
        session().rollback()
        people = {"owner": story.specialist, "manager": story.manager, **others}
        return {name for name, person in people.items() if session().scalars(calls.visible_to(person)).all()}

    assert readers() == {"owner", "manager"}
    with pytest.raises(NotPermitted):
        story.act(access.ask, story.project, access.AskAccess("核对"), actor=others["desk"])
    with pytest.raises(Invalid):
        story.act(access.ask, story.project, access.AskAccess(" "), actor=others["other"])
    asked = story.act(access.ask, story.project, access.AskAccess("石磊要核对插座"), actor=others["other"])
    again = story.act(access.ask, story.project, access.AskAccess("再申请"), actor=others["other"])
    assert (again.id, readers()) == (asked.id, {"owner", "manager"})
    with pytest.raises(NotPermitted):
        story.act(access.decide, asked, access.Decide(True), actor=story.specialist)
    story.act(access.decide, asked, access.Decide(True, hours=24), actor=story.manager)
    assert readers() == {"owner", "manager", "other"}
    for person in (others["other"], story.manager):
        with transaction() as writing:
            access.looked(writing, writing.merge(call), writing.merge(person), at=story.clock.now())
    assert story.fresh(asked).looks == 1, "reading by right is no event"
    for hours, expected in ((23, {"owner", "manager", "other"}), (25, {"owner", "manager"})):
        story.at("04-08 09:00")
        story.clock.advance(hours=hours)
        with transaction() as writing:
            jobs.end_record_access(writing, access_id=asked.id)
        assert readers() == expected
    assert session().get_one(RecordAccess, asked.id).state == "EXPIRED"


def test_leave_to_read_is_asked_for_and_decided_on_the_pages(story, make, sign_in):
    """R-20: whoever handles the project neither by right nor by leave finds no record; the manager allows or refuses."""
    call = story.opens(S.START, "04-08 09:00")
    reader, refused = sign_in(make.user(Role.SPECIALIST, name="钱读")), sign_in(make.user(Role.SPECIALIST, name="孙拒"))
    form, record = f"/records/projects/{story.project.number}/call-access", f"/records/follow-up-calls/{call.number}"
    reader.get(record, status=404)
    reader.post(form, {"purpose": ""}, status=422)
    for person, why in ((reader, "核对插座"), (refused, "好奇")):
        person.get(form, status=200)
        person.post(form, {"purpose": why}, status=303)
    reader.get("/manager/call-access", status=403)
    manager = sign_in(story.manager)
    shown = manager.get("/manager/call-access", status=200).text
    assert all(words in shown for words in ("钱读", "核对插座", "孙拒", "好奇"))
    first, second = session().scalars(select(RecordAccess).order_by(RecordAccess.id)).all()
    reader.post(f"/manager/call-access/{first.id}/allow", status=403)
    manager.post(f"/manager/call-access/{first.id}/allow", {"note": "仅核对"}, status=303)
    manager.post(f"/manager/call-access/{second.id}/refuse", status=303)
    manager.post("/manager/call-access/9999/allow", status=404)
    reader.get(record, status=200)
    refused.get(record, status=404)
    assert story.fresh(first).looks == 1, "a look by leave is noted"


def test_the_manager_changes_a_script_on_its_page(story, sign_in):
    """Saved, it is the next edition; the question whether it is solved stays in the script of asking again."""
    sign_in(story.specialist).get("/manager/call-scripts", status=403)
    manager, path = sign_in(story.manager), "/manager/call-scripts/revisit/all"
    assert path in manager.get("/manager/call-scripts", status=200).text
    assert "上次反映的问题是否已解决？" in manager.get(path, status=200).text
    manager.get("/manager/call-scripts/nothing/all", status=404)
    solved = {
        "q0_place": "1",
        "q0_question": "现在解决了吗？",
        "q0_kind": "YES_NO",
        "q0_required": "y",
        "q0_code": "measure_done",
    }
    more = {"q1_place": "2", "q1_question": "还有什么要说？", "q1_kind": "TEXT", "q1_code": ""}
    at = {"effective_from": clock.today(story.clock.now()).isoformat()}
    kept = manager.post(path, at | more, status=422).text
    assert "必须保留“问题是否已解决”一题" in kept and "还有什么要说？" in kept
    manager.post(path, at | solved | {"q0_kind": "TEXT"}, status=422)
    manager.post(path, at | solved | more, status=303)
    found = scripts.script_for(session(), "REVISIT", "B", clock.today(story.clock.now()))
    assert (found.edition, [item["question"] for item in found.items]) == (2, ["现在解决了吗？", "还有什么要说？"])


def test_the_manager_makes_a_new_edition_of_a_script(story):
    call = story.opens(S.START, "04-08 09:00")
    story.answers(call, "04-08 10:00")
    known = scripts.script_for(session(), "START", "B", date(2026, 4, 9))
    command = scripts.NewEdition(
        date(2026, 4, 9),
        (
            scripts.Question("开工日期是否按约定？", "YES_NO", True, "SLIP", "NO", "start_kept"),
            scripts.Question("还有什么要说的？", "TEXT"),
        ),
    )
    with pytest.raises(NotPermitted):
        story.act(scripts.new_edition, known, command)
    wrong = scripts.NewEdition(
        date(2026, 4, 1), (scripts.Question(" ", "TEXT"), scripts.Question("几分？", "SCORE", False, "SLIP", "NO"))
    )
    with pytest.raises(Invalid) as refused:
        story.act(scripts.new_edition, known, wrong, actor=story.manager)
    assert set(refused.value.fields) == {"effective_from", "questions-0", "questions-1"}
    made = story.act(scripts.new_edition, known, command, actor=story.manager)
    assert (made.edition, [item["code"] for item in made.items]) == (2, ["start_kept", "own_2"])
    assert scripts.script_for(session(), "START", "B", date(2026, 4, 9)).id == made.id
    assert scripts.script_for(session(), "START", "B", date(2026, 4, 8)).id == known.id
    assert scripts.script_for(session(), "START", "A", date(2026, 4, 9)).grade_class == "A"
    assert story.fresh(call).script_id == known.id
    assert len(session().scalars(select(FollowUpTicket)).all()) == 0


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("9", "9:00"), ("930", "9:30"), ("1430", "14:30"), ("9:30", "9:30"), ("9：30", "9:30"), ("9点30", "9:30"),
     ("14时", "14:00"), ("上午", "上午"), ("12345", "12345")],
)  # fmt: skip
def test_a_time_is_taken_as_it_is_typed(typed, meant):
    assert calls.as_time(typed) == meant
