"""Somebody leaves: everything open goes to colleagues for good, seen before, and the account is closed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from jobs.notices import notify_handover
from portal.db import session, transaction
from portal.errors import DomainError, Invalid
from portal.models.canned import CannedText
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from portal.models.event import Event
from portal.models.favourite import Favourite
from portal.models.notice import Notice
from portal.models.org import User
from portal.models.outbox import Outbox
from portal.models.task import Follower, Task, TaskKind
from portal.permissions import Role
from portal.services import complaints, handovers, tasks


class Leaving:
    """A specialist with three customers, cases and tasks, two colleagues and a manager."""

    def __init__(self, make: Any, sign_in: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        self.manager = sign_in(Role.MANAGER, name="郑经理")
        self.person, self.first, self.second = (
            make.user(Role.SPECIALIST, name=name) for name in ("周敏", "吴桐", "孙静")
        )
        self.customers = [make.customer(name=name, owner_id=self.person.id) for name in ("甲客户", "乙客户", "丙客户")]
        self.other = make.customer(name="别人的客户", owner_id=self.first.id)
        self.cases = [self.complaint(customer) for customer in self.customers[:2]]
        self.closed = self.complaint(self.customers[0])
        with transaction() as writing:
            closed = writing.merge(self.closed)
            closed.state, closed.closed_at = "CLOSED", clock.now()
            for task in writing.scalars(select(Task).where(Task.record_id == self.closed.id)):
                tasks.cancel(writing, task, at=clock.now(), actor=None)
            who = tasks.Responsible(writing.get_one(User, self.person.id))
            for record in (self.customers[2], self.other):
                tasks.open_task(
                    writing, TaskKind.HAND, "送保修卡", writing.merge(record), due_at=None, at=clock.now(), who=who
                )
            for owner, name in ((self.person, "我的"), (self.first, "我的"), (self.person, "紧急")):
                writing.add(
                    Favourite(
                        kind="complaints", name=name, query="filter=open", owner_id=owner.id, role="SPECIALIST", shared="ME",
                        created_at=clock.now(), is_default=owner is self.person and name == "我的", is_counted=False,
                    )
                )  # fmt: skip

    def complaint(self, customer: Customer) -> Complaint:
        with transaction() as writing:
            command = complaints.RegisterComplaint(
                complainant=customer.name, phone="13900008888", channel="PHONE", received_at=self.clock.now(), phase="IN_SALE",
                category="QUALITY", subject="墙面开裂", content="客厅墙面开裂", demand="修好", customer=writing.merge(customer),
            )  # fmt: skip
            return complaints.register(
                writing, command, actor=writing.get_one(User, self.person.id), at=self.clock.now()
            )

    def to(self, *people: User, by: User | None = None) -> handovers.Plan:
        with transaction() as writing:
            person, *receivers = (writing.get_one(User, one.id) for one in (self.person, *people))
            actor = writing.get_one(User, (by or self.manager.user).id)
            return handovers.carry_out(writing, person, receivers, actor=actor, at=self.clock.now())


@pytest.fixture
def leaving(make: Any, sign_in: Any, clock: Any) -> Leaving:
    return Leaving(make, sign_in, clock)


def owners(model: Any) -> dict[str, str]:
    session().rollback()
    return {row.name if model is Customer else row.number: row.owner.name for row in session().scalars(select(model))}


def test_everything_open_goes_and_what_is_closed_stays(leaving):
    leaving.to(leaving.first)
    assert owners(Customer) == dict.fromkeys(("甲客户", "乙客户", "丙客户", "别人的客户"), "吴桐")
    assert owners(Complaint) == {
        leaving.cases[0].number: "吴桐", leaving.cases[1].number: "吴桐", leaving.closed.number: "周敏",
    }  # fmt: skip
    still = select(Task).where(Task.person_id == leaving.person.id, Task.closed_at.is_(None))
    assert session().scalars(still).all() == []
    names = select(Favourite.name, Favourite.is_default).where(Favourite.owner_id == leaving.first.id)
    assert {tuple(row) for row in session().execute(names)} == {
        ("我的", False),
        ("我的 2", False),
        ("紧急", False),
    }
    assert session().get_one(User, leaving.person.id).disabled_at is not None
    said = session().scalars(select(Event).where(Event.action == "handed-over")).all()
    assert {event.record_number for event in said} == {
        *(one.number for one in leaving.customers), *(one.number for one in leaving.cases),
    }  # fmt: skip
    assert said[0].data["changes"] == {"owner": ["周敏", "吴桐"]}
    account = session().scalars(select(Event).where(Event.action == "HANDED_OVER")).one()
    assert account.data["to"]["吴桐"]["customers"] == 3
    row = session().scalars(select(Outbox).where(Outbox.kind == "notify_handover")).one()
    assert (row.payload["customers"], row.payload["records"]) == (3, 2)
    payload = dict(row.payload)
    for _turn in range(2):
        with transaction() as writing:
            notify_handover(writing, **payload)
    assert [one.user_id for one in session().scalars(select(Notice).where(Notice.link.like("/records/tasks%")))] == [
        leaving.first.id
    ]


def test_texts_and_what_was_followed_go_along(leaving):
    with transaction() as writing:
        for owner, title in ((leaving.person, "道歉"), (leaving.first, "道歉"), (leaving.person, "预约")):
            writing.add(
                CannedText(
                    title=title, text="{客户}您好", owner_id=owner.id, shared="ME", updated_at=leaving.clock.now()
                )
            )
        follows = [
            (leaving.person, leaving.closed),
            *((who, leaving.cases[0]) for who in (leaving.person, leaving.first)),
        ]
        for who, record in [*follows, (leaving.person, leaving.cases[1]), (leaving.person, leaving.other)]:
            writing.add(
                Follower(record_kind=record.KIND, record_id=record.id, user_id=who.id, since=leaving.clock.now())
            )
    plan = handovers.plan(session(), leaving.person, [leaving.first, leaving.second])
    assert (plan.counts[leaving.first.id]["texts"], plan.counts[leaving.first.id]["follows"]) == (2, 2)
    leaving.to(leaving.first, leaving.second)
    titles = select(CannedText.title).where(CannedText.owner_id == leaving.first.id)
    assert set(session().scalars(titles)) == {"道歉", "道歉 2", "预约"}
    followed = select(Follower.record_kind, Follower.record_id).where(Follower.user_id == leaving.first.id)
    assert {tuple(row) for row in session().execute(followed)} == {
        ("complaints", leaving.cases[0].id), ("complaints", leaving.cases[1].id), ("customers", leaving.other.id),
    }  # fmt: skip
    told = session().scalars(select(Event).where(Event.action == "follow", Event.record_kind == "complaints")).all()
    assert [(event.record_number, event.data["name"]) for event in told] == [(leaving.cases[1].number, "吴桐")]


def test_several_share_the_customers_and_each_customer_has_one(leaving):
    plan = handovers.plan(session(), leaving.person, [leaving.first, leaving.second])
    assert [plan.counts[one.id]["customers"] for one in (leaving.first, leaving.second)] == [2, 1]
    moves = {move.kind: 0 for move in plan.moves}
    for move in plan.moves:
        moves[move.kind] += 1
    assert (moves["customers"], moves["complaints"], moves["favourites"]) == (3, 2, 2)
    assert session().get_one(User, leaving.person.id).disabled_at is None  # looking changes nothing
    leaving.to(leaving.first, leaving.second)
    by = owners(Customer)
    assert [by[name] for name in ("甲客户", "乙客户", "丙客户")] == ["吴桐", "孙静", "吴桐"]
    assert owners(Complaint)[leaving.cases[1].number] == "孙静"
    clocks = select(Task.person_id).where(
        Task.record_kind == "complaints", Task.record_id == leaving.cases[1].id, Task.person_id.is_not(None)
    )
    assert set(session().scalars(clocks.where(Task.closed_at.is_(None)))) <= {leaving.second.id}


def test_who_may_not_do_the_work_is_refused_and_nothing_moves(leaving, make):
    desk, gone = make.user(Role.FRONT_DESK), make.user(Role.SPECIALIST, disabled_at=leaving.clock.now())
    for people in ((), (desk,), (leaving.first, gone), (leaving.person,)):
        with pytest.raises(Invalid):
            leaving.to(*people)
    with pytest.raises(DomainError):
        leaving.to(leaving.first, by=leaving.person)
    assert owners(Customer)["甲客户"] == "周敏"
    assert session().get_one(User, leaving.person.id).disabled_at is None


def test_the_page_shows_first_what_would_move(leaving):
    path, manager = f"/records/users/{leaving.person.username}/hand-over", leaving.manager
    assert path in manager.get(f"/records/users/{leaving.person.username}", status=200).text
    manager.get(path, status=200)
    shown = manager.get(f"{path}?to={leaving.first.id}&to={leaving.second.id}&to=999999&to=x", status=200).text
    assert "吴桐" in shown and "移交并停用账号" in shown
    assert "请选择接手人" in manager.post(path, {}, status=422).text
    manager.get("/records/users/nobody-here/hand-over", status=404)
    manager.post(path, {"to": str(leaving.first.id)}, status=303)
    assert set(owners(Customer).values()) == {"吴桐"}
    own = manager.get(f"/records/users/{manager.user.username}/hand-over?to={leaving.first.id}", status=200).text
    assert "移交并停用账号" not in own
