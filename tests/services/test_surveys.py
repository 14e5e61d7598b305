"""Surveys: asked, answered, seen to; F-18 at the settlement; after a repair; the half-yearly sample. Source: `domain.md` 4.21."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from portal import settings, visibility
from portal.db import session, transaction
from portal.errors import Invalid, NotPermitted, TransitionNotAllowed
from portal.models.complaint import Complaint
from portal.models.event import Event
from portal.models.follow_up import FollowUpTicket
from portal.models.outbox import Outbox
from portal.models.setting import SettingValue
from portal.models.survey import Survey
from portal.models.task import Task
from portal.permissions import Role
from portal.processes import survey as rules
from portal.processes.survey import COMPULSORY, AnsweredVia, Dimension, Question, State, SurveyKind
from portal.services import documents, surveys, warranties
from portal.services.surveys import asking, evaluation
from tests.services.repair_story import ALL_CONTENT, Story

D = Dimension


@pytest.fixture
def desk(make: Any, clock: Any) -> Any:
    """A customer with a project, and who asks."""
    specialist = make.user(Role.SPECIALIST, name="周晓雯")
    customer = make.customer(name="张建军", owner_id=specialist.id)
    return SimpleNamespace(
        make=make,
        clock=clock,
        specialist=specialist,
        manager=make.user(Role.MANAGER),
        customer=customer,
        project=make.project(customer),
    )


def sent(desk: Any, kind: SurveyKind = SurveyKind.PERIODIC, **more: Any) -> Survey:
    with transaction() as writing:
        customer = writing.merge(desk.customer)
        command = surveys.SendSurvey(kind, customer, writing.merge(desk.project), **more)
        return surveys.send(writing, command, actor=writing.merge(desk.specialist), at=desk.clock.now())


def answered(desk: Any, survey: Survey, scores: dict[str, int], actor: Any = None, **more: Any) -> Survey:
    with transaction() as writing:
        found = writing.merge(survey)
        said = surveys.AnswerSurvey(AnsweredVia.PHONE, desk.clock.now(), scores, **more)
        surveys.answer(writing, found, said, actor=writing.merge(actor or desk.specialist), at=desk.clock.now())
    return session().merge(survey)


def slips() -> list[FollowUpTicket]:
    return list(session().scalars(select(FollowUpTicket).order_by(FollowUpTicket.id)))


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("SETTLEMENT", {"CONSTRUCTION", "PROGRESS", "ATTITUDE", "OVERALL"}),
        ("PERIODIC", {"CONSTRUCTION", "RESPONSE", "ATTITUDE", "OVERALL"}),
        ("REPAIR", {"CONSTRUCTION", "RESPONSE", "ATTITUDE", "OVERALL"}),
        ("SERVICE_END", {"OVERALL"}),
    ],
)
def test_what_is_always_asked_cannot_be_left_out(kind, asked):
    """000: attitude, quality and efficiency; 003: one question at the end of a service."""
    assert {code.value for code in COMPULSORY[SurveyKind(kind)]} == asked
    lines = rules.with_compulsory(SurveyKind(kind), [Question("OVERALL", False), Question("自家孩子的房间", False)])
    assert {line.code for line in lines if line.is_required} == asked
    assert lines[-1].code == "OVERALL" and len({line.code for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("scores", "wants", "low", "severe", "department"),
    [
        ({"OVERALL": 5, "CONSTRUCTION": 3}, False, False, False, "ENGINEERING"),
        ({"OVERALL": 5, "CONSTRUCTION": 2}, False, True, False, "ENGINEERING"),
        ({"OVERALL": 2, "DESIGN": 2}, False, True, False, "DESIGN"),
        ({"OVERALL": 1, "ATTITUDE": 1}, False, True, True, "SERVICE"),
        ({"OVERALL": 5}, True, True, False, "SERVICE"),
        ({"MATERIALS": 1, "ATTITUDE": 2}, False, True, True, "PURCHASING"),
    ],
)
def test_which_answers_somebody_must_see_to(scores, wants, low, severe, department):
    assert rules.is_low(scores.values(), limit=2, wants_contact=wants) is low
    assert rules.is_severe(scores.values(), limit=1) is severe
    assert not rules.is_severe(scores.values(), limit=0)
    assert rules.department_of(scores) == department


def test_a_survey_from_the_question_to_the_figures(desk):
    survey = sent(desk)
    assert (survey.number, survey.state, survey.owner_id) == ("MY-2026-0001", "SENT", desk.specialist.id)
    assert (survey.contact_name, survey.contact_phone) == ("张建军", desk.customer.phone)
    assert [line["code"] for line in survey.questions] == [
        "CONSTRUCTION", "RESPONSE", "ATTITUDE", "AFTER_SALES", "OVERALL",
    ]  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        answered(desk, survey, {"CONSTRUCTION": 5, "OVERALL": 6, "DESIGN": 3})
    assert set(refusal.value.fields) == {"score_1", "score_2", "score_4", ""}
    assert session().merge(survey).state == "SENT" and not slips()
    good = answered(
        desk, survey, {"CONSTRUCTION": 4, "RESPONSE": 5, "ATTITUDE": 5, "OVERALL": 4}, recommend=9, praise="好"
    )
    assert (good.state, good.overall, good.lowest, good.recommend, good.is_low) == ("ANSWERED", 4, 4, 9, False)
    assert {line.dimension: line.score for line in good.answers} == {
        "CONSTRUCTION": 4, "RESPONSE": 5, "ATTITUDE": 5, "OVERALL": 4,
    }  # fmt: skip
    assert good.entered_by_id == desk.specialist.id and not slips()
    with pytest.raises(TransitionNotAllowed):
        answered(desk, survey, ALL_CONTENT)
    with pytest.raises(NotPermitted), transaction() as writing:
        command = surveys.VoidSurvey("不想要")
        surveys.void(writing, writing.merge(survey), command, actor=writing.merge(desk.specialist), at=desk.clock.now())
    assert session().merge(survey).state == "ANSWERED"
    with transaction() as writing:
        command = surveys.VoidSurvey("不是客户本人")
        surveys.void(writing, writing.merge(survey), command, actor=writing.merge(desk.manager), at=desk.clock.now())
    gone = session().merge(survey)
    assert (gone.state, gone.void_reason, len(gone.answers)) == ("VOID", "不是客户本人", 4)


def test_a_low_score_opens_a_slip_at_once_and_a_severe_one_is_a_complaint(desk):
    bad = answered(
        desk, sent(desk), {"CONSTRUCTION": 1, "RESPONSE": 4, "ATTITUDE": 4, "OVERALL": 2}, criticism="墙砖空鼓没人管"
    )
    (slip,) = slips()
    assert (slip.survey_id, slip.call_id, slip.department, slip.owner_id) == (
        bad.id, None, "ENGINEERING", desk.specialist.id,
    )  # fmt: skip
    assert slip.handed_over_at == desk.clock.now() == bad.answered_at
    for words in (bad.number, "施工质量 1 分", "总体 2 分", "墙砖空鼓没人管"):
        assert words in slip.problem
    (made,) = session().scalars(select(Complaint)).all()
    assert (slip.state, slip.complaint_id, session().merge(bad).complaint_id) == ("ESCALATED", made.id, made.id)
    assert (made.state, made.category, made.phase, made.demand) == (
        "REGISTERED", "QUALITY", "IN_SALE", "墙砖空鼓没人管",
    )  # fmt: skip
    assert (made.complainant, made.customer_id, made.received_at) == (
        bad.contact_name,
        bad.customer_id,
        bad.answered_at,
    )
    assert slip.number in made.content and "不高于 1 分" in made.content
    running = (
        session().scalars(select(Task.code).where(Task.record_kind == "complaints", Task.closed_at.is_(None))).all()
    )
    assert "DL-10" in running
    told = session().scalars(select(Outbox.payload).where(Outbox.kind == "notify_step")).all()
    assert [each["audiences"] for each in told if each["action"] == "low-score"] == [["owner", "managers"]]

    fair = answered(desk, sent(desk), {"CONSTRUCTION": 2, "RESPONSE": 3, "ATTITUDE": 3, "OVERALL": 3})
    assert fair.is_low and len(slips()) == 2
    assert len(session().scalars(select(Complaint)).all()) == 1, "two points are no complaint"
    call = answered(desk, sent(desk), dict.fromkeys(("CONSTRUCTION", "RESPONSE", "ATTITUDE", "OVERALL"), 5), wants_contact=True)  # fmt: skip
    assert call.is_low and len(slips()) == 3 and slips()[-1].department == "SERVICE"
    assert "客户希望回电" in slips()[-1].problem


def test_the_lines_are_the_managers_and_an_asked_survey_keeps_its_own(desk):
    before = sent(desk)
    with transaction() as writing:
        value = ["* 服务态度", "儿童房环保", "总体"]
        writing.add(SettingValue(key="survey_periodic", value=value, updated_at=desk.clock.now()))
    settings.forget(session())
    after = sent(desk)
    assert [line["code"] for line in session().merge(before).questions][3] == "AFTER_SALES"
    assert after.questions == [
        {"code": "ATTITUDE", "is_required": True},
        {"code": "儿童房环保", "is_required": False},
        {"code": "CONSTRUCTION", "is_required": True},
        {"code": "RESPONSE", "is_required": True},
        {"code": "OVERALL", "is_required": True},
    ]
    scores = {"ATTITUDE": 5, "儿童房环保": 3, "CONSTRUCTION": 5, "RESPONSE": 5, "OVERALL": 5}
    assert [line.dimension for line in answered(desk, after, scores).answers][1] == "儿童房环保"


def test_f18_is_collected_when_it_was_answered(make, clock):
    """The worked example, 07-06: MY-2026-0001 overall 5, then the certificate."""
    story = Story(make, clock)
    story.settled()
    (survey,) = session().scalars(select(Survey)).all()
    assert (survey.number, survey.kind, survey.state, survey.project_id) == (
        "MY-2026-0001", "SETTLEMENT", "SENT", story.project.id,
    )  # fmt: skip
    with transaction() as writing:  # once per project, however often it is asked for
        project = writing.merge(story.project)
        assert surveys.at_settlement(writing, project, at=clock.now()).id == survey.id
        with pytest.raises(Invalid, match="MY-2026-0001"):
            command = surveys.SendSurvey(SurveyKind.SETTLEMENT, project.customer, project)
            asking.send(writing, command, actor=writing.merge(story.specialist), at=clock.now())
    collected = warranties.IssueWarranty(date(2026, 7, 4), True, "–", "张建军", "COLLECTED")
    with pytest.raises(Invalid) as refusal:
        story.act(warranties.issue, story.certificate, collected, actor=story.specialist)
    assert set(refusal.value.fields) == {"evaluation"}
    certificate = story.issued()
    found = evaluation.collected(session(), story.project)
    assert found is not None and (found.id, found.overall) == (survey.id, 5)
    assert certificate.evaluation == "COLLECTED"
    sheet: Any = documents.BUILDERS["F-18"](session(), found, None)
    chosen = {line.label: [word for word, holds in line.boxes if holds] for line in sheet.lines}
    assert (chosen["总体"], chosen["设计"], sheet.address) == (["5"], [], story.project.property.address)
    printed = [form.code for form in documents.forms_for(session().merge(story.specialist), found)]
    found.kind = SurveyKind.PERIODIC
    assert printed == ["F-18"] and documents.forms_for(session().merge(story.specialist), found) == []
    session().rollback()


def test_a_customer_who_declines_leaves_no_question_open(make, clock):
    story = Story(make, clock)
    story.settled()
    declined = warranties.IssueWarranty(date(2026, 7, 4), True, "–", "张建军", "DECLINED")
    story.act(warranties.issue, story.certificate, declined, actor=story.specialist)
    (survey,) = session().scalars(select(Survey)).all()
    assert (survey.state, survey.overall, survey.void_reason) == ("VOID", None, "客户谢绝填写。")


def test_the_rating_of_a_repair_is_its_survey_once_per_round(make, clock):
    story = Story(make, clock)
    order = story.reported()
    for rating, state, overall in ((4, "ANSWERED", 4), (4, "ANSWERED", 4)):  # the second time nothing is made
        with transaction() as writing:
            found = writing.merge(order)
            found.rating = rating
            captain = writing.merge(story.captain)
            survey = surveys.after_repair(writing, found, actor=captain, at=clock.now())
        assert survey is not None and (survey.kind, survey.state, survey.overall) == ("REPAIR", state, overall)
        assert (survey.answered_via, survey.entered_by_id) == ("PAPER", story.captain.id)
    with transaction() as writing:
        found = writing.merge(order)
        found.round_no, found.rating = 2, None
        waits = surveys.after_repair(writing, found, actor=writing.merge(story.captain), at=clock.now())
    assert waits is not None and (waits.state, waits.cause) == ("SENT", f"repair:{order.id}:2")
    with transaction() as writing:
        found = writing.merge(order)
        found.round_no, found.customer = 3, None
        assert surveys.after_repair(writing, found, actor=writing.merge(story.captain), at=clock.now()) is None
    assert session().scalar(select(func.count()).select_from(Survey)) == 2


def test_the_half_yearly_sample_asks_some_once(desk):
    make, clock = desk.make, desk.clock
    for _number in range(6):
        make.project(make.customer(), stage="IN_WARRANTY")
    make.project(make.customer(sms_opt_out=True), stage="IN_WARRANTY")
    make.customer()  # without works
    rested = sent(desk)

    def run(period: str) -> int:
        with transaction() as writing:
            settings.forget(writing)
            return surveys.sample(writing, period, at=clock.now())

    with transaction() as writing:
        writing.add(SettingValue(key="survey_sample", value=4, updated_at=clock.now()))
    assert (run("2026-1"), run("2026-1")) == (4, 0)
    asked = session().scalars(select(Survey).where(Survey.cause.is_not(None))).all()
    assert len({each.customer_id for each in asked}) == 4 and rested.customer_id not in {e.customer_id for e in asked}
    assert {(each.kind, each.state) for each in asked} == {("PERIODIC", "SENT")}
    clock.advance(days=10)
    assert run("2026-2") == 2  # those who were asked rest
    clock.advance(days=400)
    with transaction() as writing:
        writing.get_one(SettingValue, "survey_sample").value = 0
    assert run("2027-2") == 0


def test_who_sees_which_surveys(make, clock, desk):
    branch = make.branch()
    far = make.user(Role.SPECIALIST, branch_id=make.branch().id)
    near = make.user(Role.SPECIALIST, branch_id=branch.id)
    with transaction() as writing:
        survey = writing.merge(sent(desk))
        survey.branch_id = branch.id

    def seen(person: Any) -> int:
        return len(session().scalars(visibility.visible_to(person, Survey)).all())

    roles = {role: seen(make.user(role)) for role in Role}
    assert roles == {
        Role.FRONT_DESK: 1, Role.SPECIALIST: 1, Role.REVIEWER: 0, Role.REPAIR_CAPTAIN: 0, Role.MANAGER: 1,
    }  # fmt: skip
    assert (seen(near), seen(far)) == (1, 0)
    assert session().scalar(select(func.count()).select_from(Event).where(Event.record_kind == "surveys")) == 1
    assert State(survey.state) == State.SENT and clock.now() - survey.sent_at < timedelta(minutes=1)
