"""From the signature to the running works: the worked example and what stands in the way. Source: `domain.md` 4.5, 8.1."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import i18n
from portal.clock import ZONE
from portal.db import session, transaction
from portal.documents import paper, works_building
from portal.errors import ConditionsMissing, Invalid
from portal.models.customer import CustomerKind
from portal.models.event import Event, EventKind
from portal.models.follow_up import FollowUpCall
from portal.models.org import Department, PartyKind, PartyStatus
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.models.task import DeadlineBreach, Task
from portal.models.works import Presence
from portal.permissions import Role
from portal.processes.project import PaperStage
from portal.services import contracts, projects, works
from tests.documents import examples

EVERYBODY = tuple(one.value for one in Presence)


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Story:
    """张建军's home; each act is a transaction of its own at the company's time."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.clock = clock
        clock.set("2026-03-31 16:00")
        self.branch = make.branch()
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.manager = make.user(Role.MANAGER)
        self.customer = make.customer(name="张建军", grade="C", owner_id=self.specialist.id, kind="LEAD")
        self.home = make.property(self.customer, estate="滨江花园", area=Decimal("118"))
        self.engineer = make.party(name="石磊")
        self.pm = make.party(PartyKind.PROJECT_MANAGER, name="王志强")
        self.foreman = make.party(PartyKind.FOREMAN, name="刘大勇")
        self.supervisor = make.party(PartyKind.SUPERVISOR, name="丁一")
        self.crew = make.crew(name="刘大勇队", foreman_id=self.foreman.id)
        command = projects.CreateProject(kind="FULL", branch_id=self.branch.id, contract_days=87)
        self.project = self.act(projects.create, self.home, command)

    def act(self, service: Any, *args: Any, actor: Any = None, **more: Any) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=writing.merge(actor or self.specialist), at=self.clock.now(), **more)

    def signs(self, **more: Any) -> None:
        command = contracts.CreateContract(
            amount=Decimal("168000.00"), project_id=self.project.id, signed_on=date(2026, 3, 31), **more
        )
        self.contract = self.act(contracts.create, self.customer, command)

    def pays(self) -> None:
        command = contracts.RecordPayment("FIRST", Decimal("100800.00"), date(2026, 3, 31), "SJ-1")
        self.act(contracts.record_payment, self.contract, command)

    def step(self, service: Any, command: Any, **more: Any) -> Any:
        return self.act(service, self.project, command, **more)

    def archives(self, **more: Any) -> None:
        sent = when("03-31 16:00")
        values = {"grade": "B", "is_repeat": False, "slip_engineering_at": sent, "slip_finance_at": sent}
        self.step(works.archive, works.Archive(**values | {"slip_service_at": sent} | more))

    def dispatches(self, **more: Any) -> None:
        people = {"project_manager": self.pm, "foreman": self.foreman, "crew": self.crew, "supervisor": self.supervisor}
        with transaction() as writing:
            named = {name: writing.merge(one) for name, one in (people | more).items()}
            command = works.Dispatch(dispatched_at=self.clock.now(), **named)
            works.dispatch(
                writing, writing.merge(self.project), command, actor=writing.merge(self.specialist), at=self.clock.now()
            )

    def all_papers(self) -> None:
        self.act(works.keep_papers, self.project, PaperStage.SIGNING, range(5))

    def clocks(self) -> dict[str, Any]:
        return {task.code: task for task in session().scalars(select(Task).where(Task.code.is_not(None)))}


@pytest.fixture
def story(make, clock):
    return Story(make, clock)


def test_the_worked_example_from_the_signature_to_the_first_day_of_work(story, session):
    assert story.project.number == "GC-2026-0001" and story.project.stage == "SIGNED"
    assert story.clocks() == {}, "nothing is signed yet"
    story.signs()
    assert story.clocks()["DL-05"].due_at == when("04-01 18:00")
    with pytest.raises(ConditionsMissing) as refused:
        story.archives()
    assert [reason.message for reason in refused.value.reasons] == ["the first payment is recorded"]
    story.pays()
    story.clock.set("2026-04-01 09:30")
    story.archives(promises="赠送开荒保洁")
    project = session.merge(story.project)
    session.refresh(project)
    assert (project.stage, project.archive_number, project.customer.grade) == ("ARCHIVED", "DA-2026-0001", "B")
    assert works.slip_days_late(session, project, project.slip.service_at) == 0
    assert works.slip_days_late(session, project, when("04-02 00:30")) == 2, "signed and paid on 03-31"
    assert project.slip.promises == "赠送开荒保洁"

    with pytest.raises(ConditionsMissing):
        story.step(works.hand_over, works.HandOver(story.clock.now(), story.engineer))
    story.all_papers()
    story.clock.set("2026-04-01 10:00")
    order = story.step(works.hand_over, works.HandOver(when("04-01 10:00"), story.engineer))
    assert order.number == "PG-2026-0001"
    found = story.clocks()["DL-06"]
    assert (found.due_at, found.department) == (when("04-03 18:00"), Department.ENGINEERING)

    story.clock.set("2026-04-03 11:00")
    story.dispatches()
    story.step(works.issue_card, works.IssueCard("LLK-0001", date(2026, 4, 3)))
    story.step(works.set_start, works.SetStart(date(2026, 4, 8), True))
    session.expire_all()
    assert project.planned_finish_on == date(2026, 7, 4)
    assert [project.project_manager.name, project.foreman.name, project.crew.name, project.supervisor.name] == [
        "王志强", "刘大勇", "刘大勇队", "丁一",
    ]  # fmt: skip

    story.clock.set("2026-04-08 09:00")
    with pytest.raises(ConditionsMissing) as refused:
        story.step(works.start, works.Start(date(2026, 4, 8)))
    assert len(refused.value.reasons) == 2
    said = {
        "held_at": story.clock.now(), "place": "现场", "items": "水电点位、防水高度", "condition": "原有地漏通畅",
        "signed_by": "张建军",
    }  # fmt: skip
    with pytest.raises(Invalid) as missing:
        story.step(works.disclose, works.Disclose(present=("FOREMAN",), drawings_reviewed=True, **said))
    assert "present" in missing.value.fields
    story.step(works.disclose, works.Disclose(present=EVERYBODY, drawings_reviewed=False, **said))
    with pytest.raises(ConditionsMissing):
        story.step(works.start, works.Start(date(2026, 4, 8)))
    story.step(works.disclose, works.Disclose(present=EVERYBODY, drawings_reviewed=True, **said))
    story.step(works.start, works.Start(date(2026, 4, 8)))

    session.expire_all()
    assert (project.stage, project.customer.kind) == ("IN_PROGRESS", CustomerKind.UNDER_CONSTRUCTION)
    assert session.scalars(select(DeadlineBreach)).all() == []
    todo = {task.title: task.due_at for task in session.scalars(select(Task).where(Task.kind == "TODO"))}
    assert todo["Tell the customer who builds"] == when("04-06 18:00"), "one working day"
    planned = session.scalars(select(FollowUpCall).order_by(FollowUpCall.id)).all()
    assert [call.stage for call in planned] == ["START", "CONCEALED", "MID", "COMPLETION", "ONE_MONTH"]
    assert (planned[0].number, planned[0].window_from, planned[0].due_on) == (
        "HF-2026-0001", date(2026, 4, 8), date(2026, 4, 18),
    )  # fmt: skip
    assert planned[2].expected_on == date(2026, 5, 21), "half of the works"
    taken = [
        event.action
        for event in session.scalars(select(Event).where(Event.record_kind == "projects").order_by(Event.id))
        if event.data.get("to")
    ]
    assert taken == ["open", "sign", "archive", "hand-over", "dispatch", "issue-card", "set-start", "start"]


def test_who_may_not_build_is_refused_with_the_reason(story, session):
    story.signs()
    story.pays()
    story.archives()
    story.all_papers()
    story.step(works.hand_over, works.HandOver(story.clock.now(), story.engineer))
    for who, status, until, field, said in (
        (story.foreman, PartyStatus.SUSPENDED, date(2026, 9, 5), "foreman", "2026-09-05"),
        (story.foreman, PartyStatus.DEPARTED, None, "foreman", "刘大勇"),
        (story.crew, PartyStatus.SUSPENDED, None, "crew", "刘大勇队"),
        (story.crew, PartyStatus.DEPARTED, None, "crew", "刘大勇队"),
    ):
        with transaction() as writing:
            one = writing.merge(who)
            one.status, one.status_from, one.status_until = status, date(2026, 3, 1), until
        session.expire_all()
        with pytest.raises(Invalid) as refused:
            story.dispatches()
        assert list(refused.value.fields) == [field] and said in str(refused.value.fields[field])
        with transaction() as writing:
            writing.merge(who).status = PartyStatus.ACTIVE
        session.expire_all()
    entry = suspension(story, date(2026, 3, 1), date(2026, 6, 1))
    with pytest.raises(Invalid) as refused:
        story.dispatches()
    assert "刘大勇" in str(refused.value.fields["foreman"]) and "2026-06-01" in str(refused.value.fields["foreman"])
    today = story.clock.now().astimezone(ZONE).date()
    for until, is_refused in ((today, True), (today - timedelta(days=1), False)):  # the last day counts
        with transaction() as writing:
            writing.merge(entry).suspended_until = until
        session.expire_all()
        if is_refused:
            with pytest.raises(Invalid):
                story.dispatches()
        else:
            story.dispatches()
    assert session.merge(story.project).stage == "DISPATCHED"


def test_a_suspended_foreman_is_not_given_works_on_the_page_of_a_project_either(story, make, session):
    """R-14: whoever is named as foreman of running works gets an order; what is finished may be put right."""
    other = make.party(PartyKind.FOREMAN, name="吴刚")
    project = make.project(
        story.customer, stage="IN_PROGRESS", actual_start_on=date(2026, 3, 1), project_manager_id=story.pm.id,
        foreman_id=other.id,
    )  # fmt: skip
    story.project = project
    suspension(story, date(2026, 3, 1), date(2026, 6, 1))

    def names_him() -> None:
        with transaction() as writing:
            known = writing.get_one(Project, project.id)
            values, version = {"foreman_id": story.foreman.id}, known.version
            projects.change(writing, known, values, version=version, actor=story.specialist, at=story.clock.now())

    with pytest.raises(Invalid) as refused:
        names_him()
    assert "2026-06-01" in str(refused.value.fields.get("foreman_id")), refused.value.fields
    with transaction() as writing:
        known = writing.get_one(Project, project.id)
        known.stage, known.actual_finish_on = "IN_WARRANTY", date(2026, 3, 20)
    names_him()
    session.expire_all()
    assert session.get_one(Project, project.id).foreman_id == story.foreman.id


def suspension(story, since, until):
    """The ledger says that the foreman takes no new orders (R-14)."""
    at = story.clock.now()
    with transaction() as writing:
        entry = PenaltyEntry(
            number="JC-1", state="APPROVED", kind="ORDER_SUSPENSION", rule="R-14", party_id=story.foreman.id,
            offended_on=since, rule_said={}, record_kind="projects", record_id=story.project.id,
            record_number=story.project.number, suspended_from=since, suspended_until=until, occurrence_no=1,
            cause="R-14", evidence={}, approved_by_id=story.manager.id, approved_at=at, created_at=at, updated_at=at,
        )  # fmt: skip
        writing.add(entry)
        return entry


def test_a_household_that_bought_before_is_a_repeat_customer_of_grade_a(story, make, session):
    before = make.customer(name="张太太", phone=story.customer.phone)
    make.contract(make.project(before), number="HT-OLD", signed_on=date(2022, 5, 1))
    story.signs()
    story.pays()
    project = session.merge(story.project)
    assert works.propose(session, project) == works.Proposal("A", True, "HT-OLD")
    with pytest.raises(Invalid) as refused:
        story.archives(grade="B")
    assert list(refused.value.fields) == ["grade"], "only the manager lowers"
    story.archives(grade="A", is_repeat=True)
    session.expire_all()
    assert (project.customer.grade, project.customer.is_repeat) == ("A", True)


def test_works_stop_and_go_on_and_the_system_takes_its_steps(story, make, session):
    project = make.project(
        story.customer, stage="IN_PROGRESS", actual_start_on=date(2026, 3, 1), project_manager_id=story.pm.id
    )
    story.project = project
    story.step(
        works.suspend, works.Suspend("PAYMENT", "中期款未到", date(2026, 3, 30), date(2026, 4, 10)), actor=story.manager
    )
    assert session.merge(project).stage == "SUSPENDED"
    with pytest.raises(Invalid):
        story.step(works.resume, works.Resume(date(2026, 3, 29)))
    story.step(works.resume, works.Resume(date(2026, 3, 31)))
    at = story.clock.now()
    for act, stage in (
        (projects.pre_accepted, "PRE_ACCEPTED"),
        (lambda s, p, at: projects.accepted(s, p, on=date(2026, 3, 31), at=at), "ACCEPTED"),
        (projects.settled, "SETTLED"),
        (projects.warranted, "IN_WARRANTY"),
        (projects.expired, "OUT_OF_WARRANTY"),
    ):
        for _twice in range(2):
            with transaction() as writing:
                act(writing, writing.merge(project), at=at)
        assert session.merge(project, load=True).stage == stage
    taken = session.scalars(
        select(Event.action)
        .where(Event.record_kind == "projects", Event.kind == EventKind.TRANSITION)
        .order_by(Event.id)
    ).all()
    assert taken == ["suspend", "resume", "pre-accept", "accept", "settle", "warrant", "expire"], "none was taken twice"


def test_works_begun_before_the_portal_stand_where_the_manager_says(story, make, session):
    project = make.project(
        story.customer, stage="TO_DISPATCH", actual_start_on=date(2024, 3, 1), actual_finish_on=date(2024, 6, 1)
    )
    said = {"reason": "上线前已完工"}
    with pytest.raises(Invalid):
        story.act(projects.place, make.project(), "ACCEPTED", actor=story.manager, **said)
    story.act(projects.place, project, "IN_WARRANTY", actor=story.manager, **said)
    session.expire_all()
    assert session.merge(project).stage == "IN_WARRANTY"
    event = session.scalars(select(Event).where(Event.action == "place")).one()
    assert event.data["fields"] == said


def test_on_the_contract_information_shares_and_amounts_stand_to_the_right(story, session):
    """F-15: the payments are read down their columns."""
    story.signs()
    project = session.merge(story.project)
    session.refresh(project)
    with i18n.use_locale("zh_Hans"):
        html = paper.write(works_building.contract_information(session, project, None), examples.ISSUE).html
    figures = re.findall(r'<t[hd] class="num">([^<]*)</t[hd]>', html)
    assert figures[:2] == ["比例", "金额（元）"]
    assert figures[2:] == ["60 %", "100,800.00", "35 %", "58,800.00", "5 %", "8,400.00"]
