"""What a new version makes of the rows of an older one: requests of what waited, and who stood in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from portal import database as structure
from portal.db import session, transaction
from portal.models.absence import Absence
from portal.models.approval import Approval
from portal.models.follow_up import FollowUpTicket
from portal.models.milestone import DelayNotice
from portal.models.org import PartyKind, User
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.models.repair import RepairCostCase
from portal.models.works import WorkStop
from portal.permissions import Role
from portal.processes.follow_up import CallStage
from portal.services import absences, calls, penalties, repair_costs
from portal.services.approvals import Word
from portal.services.calls import tickets
from tests.services.repair_story import Story
from tests.services.test_calls import Story as CallStory


def to(version: str, *, up: bool = False) -> None:
    session().rollback()
    session().close()
    (structure.upgrade if up else structure.downgrade)(version)


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def cost_case(story: Story, material: str) -> RepairCostCase:
    order = story.reported(symptom=f"漏水 {material}")
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    made = story.act(
        repair_costs.draft,
        order,
        repair_costs.DraftCase("DEPARTED", Decimal(material), Decimal("20")),
        actor=story.captain,
    )
    engineering = session().merge(story.engineering)
    command = repair_costs.ConfirmCase("CONSTRUCTION", True, engineering, story.clock.now(), Decimal("100000"))
    story.act(repair_costs.confirm, made, command, actor=story.specialist)
    found: RepairCostCase = made
    return found


def steps_of(record: Any) -> list[tuple[str, str | None]]:
    return [(step.level, step.department) for step in record.approval.steps]


def test_what_waited_for_a_decision_becomes_a_request(story, make):
    done = cost_case(story, "500")
    story.act(repair_costs.approve, done, Word(), actor=story.manager)
    small, large = cost_case(story, "800"), cost_case(story, "90000")
    designer, own = make.party(PartyKind.DESIGNER, name="许诺"), make.party(department="SERVICE", is_head=False)
    project = make.project()
    with transaction() as writing:
        record = writing.get_one(Project, project.id)
        foreign = penalties.propose(
            writing, rule="K-02", party_id=designer.id, record=record, cause="case:1", evidence={}, at=story.clock.now(),
            percent=Decimal("0.5"), base=Decimal("168000.00"),
        )  # fmt: skip
        ours = penalties.propose(
            writing, rule="K-60", party_id=own.id, record=record, cause="case:2", evidence={}, at=story.clock.now()
        )
    before = {
        (one.record_kind, one.record_id): (one.amount, one.customer_id)
        for one in session().scalars(select(Approval).where(Approval.state == "WAITING"))
    }
    kept = [foreign.id, ours.id, small.id, large.id, done.id]
    to("0036")
    to("head", up=True)
    entries = [session().get_one(PenaltyEntry, key) for key in kept[:2]]
    cases = [session().get_one(RepairCostCase, key) for key in kept[2:]]
    assert [steps_of(one) for one in entries] == [[("MANAGER", None), ("HEAD", "DESIGN")], [("MANAGER", None)]]
    assert [steps_of(one) for one in cases[:2]] == [[("MANAGER", None)], [("MANAGER", None), ("GM", None)]]
    assert cases[2].approval is None and cases[2].state == "APPROVED"
    for record in (*entries, *cases[:2]):
        approval = record.approval
        assert (approval.state, approval.round_no, approval.record_number) == ("WAITING", 1, record.number)
        assert (approval.amount, approval.customer_id) == before[approval.record_kind, approval.record_id]
    assert entries[0].approval.amount == Decimal("840.00")
    assert cases[0].approval.amount == Decimal("820.00")
    assert cases[0].approval.subject == "张建军 · 刘大勇队"
    numbers = session().scalars(select(Approval.number)).all()
    assert len(set(numbers)) == len(numbers) == 4
    story.act(
        repair_costs.approve, cases[0], Word(), actor=session().merge(story.manager)
    )  # and is decided like any other
    session().expire_all()
    assert session().get_one(RepairCostCase, kept[2]).state == "APPROVED"
    assert session().get_one(RepairCostCase, kept[2]).approval.state == "APPROVED"


def test_who_stood_in_for_approvals_stays_entered(make, clock):
    manager, other = make.user(Role.MANAGER, name="郑经理"), make.user(Role.MANAGER, name="何经理")
    deputy, head = make.party(PartyKind.DEPUTY_GM), make.party()
    with transaction() as writing:
        for away, instead in ((manager, other), (deputy, head)):
            people = [writing.get_one(type(one), one.id) for one in (away, instead)]
            command = absences.Enter(*people, date(2026, 5, 11), date(2026, 5, 17), "出差")
            absences.enter(writing, command, actor=writing.get_one(User, manager.id), at=clock.now())
    keys = (manager.id, other.id, deputy.id, head.id)
    to("0038")
    kept = session().execute(
        text("SELECT user_id, by_user_id, party_id, by_party_id, reason FROM approval_substitute ORDER BY id")
    )
    expected = [(keys[0], keys[1], None, None, "出差"), (None, None, keys[2], keys[3], "出差")]
    assert [tuple(row) for row in kept] == expected
    to("head", up=True)
    found = session().scalars(select(Absence).order_by(Absence.id)).all()
    assert [(one.user_id, one.by_user_id, one.party_id, one.by_party_id, one.reason) for one in found] == expected
    assert session().get_one(User, keys[0]).stand_in_id is None  # until midnight, or the next change
    with transaction() as writing:
        assert absences.settle(writing, clock.now()) == 2
        assert absences.settle(writing, clock.now()) == 0
    with transaction() as writing:  # numbers go on after those that were taken over
        people = [writing.get_one(User, keys[0]), writing.get_one(User, keys[1])]
        command = absences.Enter(*people, date(2026, 6, 1), date(2026, 6, 2))
        assert absences.enter(writing, command, actor=people[1], at=clock.now()).id > found[-1].id


def test_what_was_settled_was_solved_and_a_delay_agreed_to_the_last_stop(make, clock):
    calls_of = CallStory(make, clock)
    call = calls_of.opens(CallStage.CONCEALED, "04-27 16:00")
    calls_of.answers(call, "04-28 10:00", "UNSATISFIED", slips=(calls.Slip("插座位置不对", "ENGINEERING"),))
    given = calls_of.fresh(call).tickets[0]
    at = calls_of.at("04-29 10:00")
    calls_of.act(tickets.finish, given, tickets.Finish("已移位", at))
    calls_of.act(tickets.verify, given, tickets.Verify(at, "满意"))
    project = calls_of.project
    site = {"project_id": project.id, "customer_id": project.customer_id, "state": "SIGNED", "customer_signed_by": "张建军",
            "cause": "停工", "days": 3, "created_at": at, "updated_at": at}  # fmt: skip
    with transaction() as writing:
        stop = WorkStop(project_id=project.id, reason="QUALITY", what="返工", since=date(2026, 4, 10))
        before = DelayNotice(number="YQ-1", signed_on=date(2026, 4, 9), **site)
        after = DelayNotice(number="YQ-2", signed_on=date(2026, 4, 12), **site)
        writing.add_all([stop, before, after])
        writing.flush()
        kept = (stop.id, before.id, after.id, given.id)
    to("0045")
    to("head", up=True)
    assert session().get_one(FollowUpTicket, kept[3]).is_solved is True
    assert [session().get_one(DelayNotice, key).stop_id for key in kept[1:3]] == [None, kept[0]]
