"""Leave: while it lasts, what is due to somebody away is with who stands in, told and written as "A for B"; then it goes back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from jobs import absences as midnight
from jobs import outbox
from jobs.notices import notify_task
from portal import visibility
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, NotPermitted
from portal.listing.registry import LISTINGS
from portal.models.absence import Absence
from portal.models.event import Event
from portal.models.favourite import Favourite
from portal.models.notice import Notice
from portal.models.org import PartyKind, User
from portal.models.outbox import Outbox
from portal.models.task import Task, TaskKind
from portal.permissions import GRANTS, Permission, Role, may
from portal.processes import absence as rules
from portal.services import (
    absences,
    accounts,
    assignment,
    favourites,
    own_tasks,
    record_kinds,
    standing_in,
    tasks,
    workload,
)
from portal.services.own_tasks import SetTask, Whose

R = Role


def day(text: str) -> date:
    return date.fromisoformat(text)


class House:
    """A specialist who goes on leave, a colleague, a manager, and what happens to them."""

    def __init__(self, make: Any, sign_in: Any, clock: Any) -> None:
        self.make, self.sign_in, self.clock = make, sign_in, clock
        self.away, self.instead = sign_in(R.SPECIALIST, name="周敏"), sign_in(R.SPECIALIST, name="吴桐")
        self.manager = sign_in(R.MANAGER, name="郑经理")
        self.customer = make.customer(name="彭志刚")

    def enter(
        self, away: Any, instead: Any, first: str, last: str, by: Any = None, reason: str | None = None
    ) -> Absence:
        with transaction() as writing:
            people = [writing.get_one(type(one), one.id) for one in (away, instead)]
            command = absences.Enter(*people, day(first), day(last), reason)
            actor = writing.get_one(User, (by or self.manager.user).id)
            return absences.enter(writing, command, actor=actor, at=self.clock.now())

    def end(self, absence: Absence, by: Any = None) -> None:
        with transaction() as writing:
            actor = writing.get_one(User, (by or self.manager.user).id)
            absences.end(writing, writing.get_one(Absence, absence.id), actor=actor, at=self.clock.now())

    def task(self, title: str, person: Any = None, due: str = "2026-05-20 10:00") -> Task:
        with transaction() as writing:
            whose = Whose(writing.get_one(User, (person or self.away.user).id))
            at = datetime.fromisoformat(due).replace(tzinfo=self.clock.now().tzinfo)
            command = SetTask(title, at, whose)
            actor = writing.get_one(User, self.manager.user.id)
            return own_tasks.add(writing, writing.merge(self.customer), command, actor=actor, at=self.clock.now())

    def midnight(self, when: str) -> None:
        self.clock.set(when)
        with transaction() as writing:
            midnight.look(writing, schedule="absences", slot=when[:10])

    def queue(self, client: Any) -> list[tuple[str, str | None]]:
        session().rollback()
        user = session().get_one(User, client.user.id, populate_existing=True)
        return [(line.title, line.for_whom) for line in workload.own_lines(session(), user, 20)]

    def stands_in(self) -> dict[str, str | None]:
        session().rollback()
        return {
            person.name: person.stand_in.name if person.stand_in else None
            for person in session().scalars(select(User).where(User.stand_in_id.is_not(None)).order_by(User.id))
        }

    def posted(self, kind: str = "notify_absence") -> list[str]:
        session().rollback()
        return list(session().scalars(select(Outbox.key).where(Outbox.kind == kind).order_by(Outbox.id)))


@pytest.fixture
def house(make: Any, sign_in: Any, clock: Any) -> House:
    return House(make, sign_in, clock)


# ---------- Rules ----------


def test_who_may_stand_in_holds_what_the_work_of_the_role_takes():
    work = {  # written by hand: what the daily work of each role takes
        R.FRONT_DESK: {"consultation:work", "lead-touch:work", "complaint:prefill", "repair:create", "customer:create"},
        R.SPECIALIST: {"complaint:work", "follow-up:work", "repair:check", "repair:close", "completion:work", "warranty:issue"},
        R.REVIEWER: {"review:decide", "pre-acceptance:work"},
        R.REPAIR_CAPTAIN: {"repair:work", "repair-cost:work", "repair:plan"},
        R.MANAGER: {"approval:decide", "penalty:decide", "user:edit"},
    }  # fmt: skip
    for role, needed in work.items():
        for other in Role:
            holds = {Permission(each) for each in needed} <= GRANTS[other]
            assert (other in rules.MAY_STAND_IN[role]) == holds, (role, other)


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        ({1: 2}, {1: 2}),
        ({1: 2, 2: 3}, {1: 3, 2: 3}),
        ({1: 2, 2: 3, 3: 4}, {1: 4, 2: 4, 3: 4}),
        ({1: 2, 2: 1}, {1: None, 2: None}),
        ({1: 2, 2: 3, 3: 2}, {1: None, 2: None, 3: None}),
        ({1: 3, 2: 3}, {1: 3, 2: 3}),
    ],
)
def test_whoever_is_away_as_well_is_stood_in_for_in_turn(direct, expected):
    assert rules.resolve(direct) == expected


def test_what_cannot_be_entered_is_said_at_its_field(house, make):
    here, there = make.branch(), make.branch()
    of_here, of_there = make.user(R.SPECIALIST, branch_id=here.id), make.user(R.SPECIALIST, branch_id=there.id)
    gone = make.user(R.SPECIALIST, disabled_at=house.clock.now())
    away, instead, manager = house.away.user, house.instead.user, house.manager.user
    third = make.user(R.SPECIALIST)
    reviewer, desk, deputy = make.user(R.REVIEWER), make.user(R.FRONT_DESK), make.party(PartyKind.DEPUTY_GM)
    week = ("2026-05-11", "2026-05-17")
    for one, other, days, field in (
        (away, desk, week, "instead"),  # a front desk does not do a specialist's work
        (reviewer, manager, week, "instead"),  # reviewing is nobody else's
        (manager, instead, week, "instead"),
        (away, away, week, "instead"),
        (away, gone, week, "instead"),
        (gone, instead, week, "away"),
        (of_here, of_there, week, "instead"),
        (away, of_here, week, "instead"),  # sees one branch only, the other all
        (manager, deputy, week, "instead"),
        (away, instead, ("2026-05-13", "2026-05-12"), "until_on"),
        (away, instead, ("2026-05-01", "2026-05-10"), "until_on"),
        (away, instead, ("2026-05-11", "2027-05-12"), "until_on"),
    ):
        with pytest.raises(Invalid) as refused:
            house.enter(one, other, *days)
        assert list(refused.value.fields) == [field], (one.name, other.name)
    house.enter(away, instead, "2026-05-20", "2026-05-25")
    with pytest.raises(Invalid) as refused:
        house.enter(away, manager, "2026-05-25", "2026-05-28")
    assert list(refused.value.fields) == ["from_on"]
    for who, until in ((instead, "2026-05-30"), (third, "2026-05-20")):  # away on the last of these days too
        with pytest.raises(Invalid, match="本人也请假，不能代理") as refused:
            house.enter(who, away, "2026-05-18", until)
        assert list(refused.value.fields) == ["instead"]
    house.enter(instead, manager, "2026-05-22", "2026-05-30")  # what is passed on to them goes to the manager
    with pytest.raises(NotPermitted):
        house.enter(away, instead, "2026-06-01", "2026-06-02", by=instead)
    assert house.stands_in() == {}


# ---------- While it lasts ----------


def test_tasks_are_with_who_stands_in_and_go_back_by_themselves(house):
    task = house.task("核对竣工资料")
    own = house.task("自己的任务", house.instead.user)
    assert house.queue(house.instead) == [("自己的任务", None)]
    house.enter(house.away.user, house.instead.user, "2026-05-12", "2026-05-14", reason="年假")
    assert house.queue(house.instead) == [("自己的任务", None)]  # it begins tomorrow
    house.midnight("2026-05-12 00:00")
    assert house.stands_in() == {"周敏": "吴桐"}
    assert house.queue(house.instead) == [("核对竣工资料", "周敏"), ("自己的任务", None)]
    late = house.task("请假期间新派的任务")
    assert ("请假期间新派的任务", "周敏") in house.queue(house.instead)
    due = session().get_one(Task, task.id).due_at
    with transaction() as writing:
        actor = writing.get_one(User, house.instead.user.id)
        own_tasks.finish(writing, own_tasks.find(writing, actor, task.id), "已核对", actor=actor, at=house.clock.now())
    done = session().scalars(select(Event).where(Event.action == "task-done")).one()
    assert (done.actor_id, done.data["stood_for"]) == (house.instead.user.id, "周敏")
    page = house.sign_in(R.MANAGER).get(f"/records/customers/{house.customer.number}", status=200).text
    assert "吴桐代周敏" in page.replace(" ", "")
    house.midnight("2026-05-15 00:00")
    house.midnight("2026-05-15 00:00")  # twice leaves what once leaves
    assert house.stands_in() == {}
    assert house.queue(house.instead) == [("自己的任务", None)]
    assert house.queue(house.away) == [("请假期间新派的任务", None)]
    assert session().get_one(Task, task.id).due_at == due  # a leave moves no deadline
    assert session().get_one(Task, late.id).person_id == house.away.user.id
    assert own.id != late.id
    assert [key.rpartition(":")[2] for key in house.posted()] == ["set", "begins", "over"]


def test_after_an_outage_the_days_alone_count(house):
    house.task("核对竣工资料")
    house.enter(house.away.user, house.instead.user, "2026-05-12", "2026-05-14")
    house.midnight("2026-05-20 00:00")  # nobody looked while it lasted
    assert house.stands_in() == {}
    assert [key.rpartition(":")[2] for key in house.posted()] == ["set", "over"]
    house.enter(house.away.user, house.instead.user, "2026-05-21", "2026-05-30")
    house.midnight("2026-05-25 09:00")  # nobody looked when it began
    assert house.queue(house.instead) == [("核对竣工资料", "周敏")]


def test_whoever_stands_in_and_goes_away_too_passes_it_on(house, make):
    third = house.sign_in(R.SPECIALIST, name="孙静")
    house.task("核对竣工资料")
    house.enter(house.away.user, house.instead.user, "2026-05-11", "2026-05-20")
    assert house.stands_in() == {"周敏": "吴桐"}
    second = house.enter(house.instead.user, third.user, "2026-05-11", "2026-05-12")
    assert house.stands_in() == {"周敏": "孙静", "吴桐": "孙静"}
    assert house.queue(third) == [("核对竣工资料", "周敏")]
    house.end(second, by=house.instead.user)  # back earlier
    assert house.stands_in() == {"周敏": "吴桐"}
    assert house.queue(third) == []
    with pytest.raises(DomainError):
        house.end(second)


def test_notices_go_to_both_and_say_for_whom(house):
    task = house.task("核对竣工资料")
    house.enter(house.away.user, house.instead.user, "2026-05-11", "2026-05-20")
    for _turn in range(2):
        with transaction() as writing:
            notify_task(writing, task_id=task.id, level="WARN")
    told = session().scalars(select(Notice).where(Notice.task_id == task.id).order_by(Notice.id)).all()
    assert {(one.user_id, one.params.get("stood_for")) for one in told} == {
        (house.away.user.id, None), (house.instead.user.id, "周敏"),
    }  # fmt: skip
    assert len(told) == 2
    assert "代周敏：" in house.instead.get("/records/notices", status=200).text


def test_a_captain_who_stands_in_sees_the_given_cases_for_these_days_only(house, make):
    first, second = make.user(R.REPAIR_CAPTAIN, name="老李"), make.user(R.REPAIR_CAPTAIN, name="小王")
    with transaction() as writing:
        who = tasks.Responsible(writing.get_one(User, first.id))
        record = writing.merge(house.customer)
        tasks.open_task(writing, TaskKind.HAND, "看现场", record, due_at=None, at=house.clock.now(), who=who)

    def sees(user: User) -> bool:
        session().rollback()
        person = session().get_one(User, user.id, populate_existing=True)
        return visibility.may_see(session(), person, session().merge(house.customer))

    assert (sees(first), sees(second)) == (True, False)
    absence = house.enter(first, second, "2026-05-11", "2026-05-12")
    assert (sees(first), sees(second)) == (True, True)
    record = session().merge(house.customer)
    assert record_kinds.sees(session(), session().get_one(User, second.id), record)
    house.end(absence)
    assert (sees(first), sees(second)) == (True, False)


def test_favourites_are_seen_for_these_days_but_stay_their_owners(house):
    with transaction() as writing:
        writing.add(
            Favourite(
                kind="complaints", name="我的紧急投诉", query="filter=open", owner_id=house.away.user.id, role="SPECIALIST",
                shared="ME", created_at=house.clock.now(), is_default=False, is_counted=False,
            )
        )  # fmt: skip
    assert "我的紧急投诉" not in house.instead.get("/records/complaints", status=200).text
    house.enter(house.away.user, house.instead.user, "2026-05-11", "2026-05-12")
    assert "我的紧急投诉" in house.instead.get("/records/complaints", status=200).text
    with transaction() as writing:
        favourite = writing.scalars(select(Favourite)).one()
        actor = writing.get_one(User, house.instead.user.id)
        with pytest.raises(DomainError):
            favourites.delete(writing, favourite.id, actor=actor)


def test_is_me_in_own_conditions_counts_whoever_is_away_for_these_days(house, make):
    make.customer(name="罗代管", owner=house.away.user)
    make.customer(name="罗自管", owner=house.instead.user)
    make.customer(name="罗他管", owner=make.user(R.SPECIALIST))

    def found() -> list[str]:
        where = quote('["all",["owner","me"]]')
        page = house.instead.get(f"/records/customers?q=罗&where={where}", status=200).text
        return [name for name in ("罗代管", "罗自管", "罗他管") if name in page]

    assert found() == ["罗自管"]
    absence = house.enter(house.away.user, house.instead.user, "2026-05-11", "2026-05-12")
    assert found() == ["罗代管", "罗自管"]
    house.end(absence)
    assert found() == ["罗自管"]


def test_new_cases_nobody_owns_go_to_whoever_is_there(house):
    with transaction() as writing:
        writing.get_one(User, house.away.user.id).is_on_duty = True
    assert assignment.specialists(session(), None)[0].name == "周敏"
    house.enter(house.away.user, house.instead.user, "2026-05-11", "2026-05-12")
    session().rollback()
    assert assignment.specialists(session(), None)[0].name == "吴桐"


def test_approvals_ask_the_same_days(house, make):
    other = make.user(R.MANAGER, name="何经理")
    house.enter(house.manager.user, other, "2026-05-12", "2026-05-13")
    at = house.clock.now()
    assert standing_in.for_user(session(), other, at) == set()
    house.clock.set("2026-05-13 23:59")
    assert standing_in.for_user(session(), other, house.clock.now()) == {house.manager.user.id}


def test_a_leader_who_stands_in_is_there_and_nobody_hands_it_on(house, make):
    gm, deputy = make.party(PartyKind.GM, name="方总"), make.party(PartyKind.DEPUTY_GM, name="周副总")
    head = make.party(PartyKind.DEPARTMENT_HEAD, name="石磊", department="ENGINEERING", is_head=True)
    first = house.enter(deputy, head, "2026-05-14", "2026-05-20")
    with pytest.raises(Invalid, match="周副总在 2026-05-14 至 2026-05-20 本人也请假") as refused:
        house.enter(gm, deputy, "2026-05-11", "2026-05-14")
    assert list(refused.value.fields) == ["instead"]
    house.end(first)
    house.enter(gm, deputy, "2026-05-11", "2026-05-14")
    with pytest.raises(Invalid, match="周副总正代理方总") as refused:
        house.enter(deputy, head, "2026-05-14", "2026-05-20")
    assert list(refused.value.fields) == ["away"]
    session().rollback()
    running = standing_in.running(session(), day("2026-05-14"))
    assert standing_in.leaders_for(running) == {gm.id: deputy.id}
    taken_over = Absence(party_id=deputy.id, by_party_id=head.id)  # as a row written before this was refused
    assert standing_in.leaders_for([*running, taken_over]) == {deputy.id: head.id}


def test_a_disabled_stand_in_does_nothing(house):
    house.enter(house.away.user, house.instead.user, "2026-05-11", "2026-05-20")
    with transaction() as writing:
        person, manager = (writing.get_one(User, one.user.id) for one in (house.instead, house.manager))
        accounts.disable(writing, person, actor=manager, at=house.clock.now())
    assert house.stands_in() == {}
    house.midnight("2026-05-12 00:00")
    assert house.stands_in() == {}


# ---------- Pages ----------


def test_the_managers_page_keeps_what_was_typed_and_shows_who_is_away(house):
    typed = {"away": f"user:{house.away.user.id}", "instead": f"user:{house.manager.user.id}", "reason": "婚假"}
    wrong = house.manager.post(
        "/manager/absences", typed | {"from_on": "2026-05-20", "until_on": "2026-05-10"}, status=422
    )
    assert "婚假" in wrong.text
    house.manager.post("/manager/absences", typed | {"from_on": "2026-05-11", "until_on": "2026-05-13"}, status=303)
    page = house.manager.get("/manager/absences", status=200).text
    assert page.count("周敏请假，由郑经理代理") == 3  # days of the calendar
    assert "婚假" in page and "请假中" in page
    house.manager.get("/manager/absences?month=2026-04", status=200)
    house.manager.get("/manager/absences?month=9999-99", status=200)
    house.away.get("/manager/absences", status=403)
    absence = session().scalars(select(Absence)).one()
    house.away.post(f"/manager/absences/{absence.id}/end", {}, status=403)
    house.manager.post(f"/manager/absences/{absence.id}/end", {}, status=303)
    assert house.stands_in() == {}


def test_for_whom_nobody_can_stand_in_is_said_before_anything_is_typed(house, make):
    reviewer = make.user(R.REVIEWER, name="独审")
    page = house.manager.get("/manager/absences", status=200).text
    away = page[page.index('name="away"') : page.index('name="instead"')]
    assert "周敏" in away and "郑经理" not in away and "独审" not in away
    for name, role in (("郑经理", R.MANAGER), ("独审", R.REVIEWER)):
        assert f"没有人可以代理{name}：需要另有一个能看到同一门店业务、角色为“{role.label}”的账号" in page
    assert "没有人可以代理周敏" not in page
    own = house.sign_in(session().get_one(User, reviewer.id)).get("/account/absences", status=200).text
    assert "没有人可以代理独审" in own and 'name="until_on"' not in own
    second = make.user(R.MANAGER, name="何经理", branch_id=make.branch().id)  # sees one branch only
    page = house.manager.get("/manager/absences", status=200).text
    assert "没有人可以代理郑经理" in page and f'value="user:{second.id}"' in page
    make.user(R.MANAGER, name="吕经理")
    page = house.manager.get("/manager/absences", status=200).text
    assert (
        "没有人可以代理郑经理" not in page
        and "郑经理" in page[page.index('name="away"') : page.index('name="instead"')]
    )
    for away in (house.manager.user, house.away.user, second, reviewer):  # the one statement says what each form offers
        assert bool(absences.could_stand_in(session(), away)) == (away not in absences.alone(session(), [away])), (
            away.name
        )


def test_everybody_enters_their_own_leave_and_the_manager_is_told(house):
    house.away.get("/account/absences", status=200)
    typed = {"instead": f"user:{house.instead.user.id}", "from_on": "2026-05-11", "until_on": "2026-05-13"}
    house.away.post("/account/absences", typed, status=303)
    assert house.stands_in() == {"周敏": "吴桐"}
    for number in session().scalars(select(Outbox.id).where(Outbox.kind == "notify_absence")).all():
        session().rollback()
        outbox.deliver(number, worker="test")
    told = {one.user_id: one.link for one in session().scalars(select(Notice)).all()}
    assert told == {house.instead.user.id: "/account/absences", house.manager.user.id: "/manager/absences"}
    mine = house.instead.get("/account/absences", status=200).text
    assert "周敏" in mine
    absence = session().scalars(select(Absence)).one()
    house.instead.post(f"/account/absences/{absence.id}/end", {}, status=404)  # not theirs to end
    house.away.post(f"/account/absences/{absence.id}/end", {}, status=303)
    assert house.stands_in() == {}
    stranger = house.sign_in(R.FRONT_DESK)
    refused = stranger.post("/account/absences", typed | {"instead": "user:999999"}, status=422)
    assert "代理人" in refused.text


PLACES = {
    R.FRONT_DESK: ("/front-desk/", "/front-desk/log", "/records/lead-touches/today"),
    R.SPECIALIST: ("/specialist/", "/specialist/calls", "/records/lead-touches/today"),
    R.REVIEWER: ("/reviewer/", "/records/pre-acceptances/day", "/records/pre-acceptances/week"),
    R.REPAIR_CAPTAIN: ("/repair-captain/", "/repair-captain/dashboard"),
    R.MANAGER: ("/manager/", "/manager/approvals", "/manager/promises"),
}


@pytest.mark.parametrize("role", list(Role))
def test_every_list_and_desk_opens_for_whoever_stands_in(make, sign_in, clock, role):
    """With a branch on one database, without on the other: what may go wrong is a statement of somebody else's."""
    branch_id = make.branch().id if session().get_bind().dialect.name == "sqlite" else None
    away, instead = make.user(role, branch_id=branch_id), make.user(role, branch_id=branch_id)
    manager = make.user(R.MANAGER)
    with transaction() as writing:
        people = [writing.get_one(User, one.id) for one in (away, instead)]
        command = absences.Enter(*people, day("2026-05-11"), day("2026-05-12"))
        absences.enter(writing, command, actor=writing.get_one(User, manager.id), at=clock.now())
    client = sign_in(session().get_one(User, instead.id))
    assert client.user.stands_in
    for place in PLACES[role]:
        client.get(place, status=200)
    for kind, listing in LISTINGS.items():
        if may(role, listing.permission):
            names = [each.key for each in listing.filters if each.key in ("mine", "my-jobs")]
            for query in ("", *(f"?filter={name}" for name in names)):
                client.get(f"/records/{kind}{query}", status=200)
