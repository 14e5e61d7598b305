"""Who is told of what: deadlines, steps, the morning. Once per task and level, however often a job runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs import sweeper
from jobs.outbox import deliver, handlers
from portal import clock as portal_clock
from portal import i18n
from portal.db import session, transaction
from portal.models.notice import Notice
from portal.models.org import User
from portal.models.outbox import Outbox
from portal.models.task import DeadlineBreach, Follower, Task
from portal.permissions import Role
from portal.schedules import SCHEDULES
from portal.services import notices, slots, tasks
from portal.services.record_kinds import MODELS


def run_all() -> int:
    """Deliver everything that is due; gives how much that was."""
    done = 0
    for _round in range(20):
        session().rollback()
        due = session().scalars(
            select(Outbox.id).where(Outbox.state == "PENDING", Outbox.run_after <= portal_clock.now())
        ).all()  # fmt: skip
        if not due:
            return done
        done += sum(deliver(number) for number in due)
    raise AssertionError("work that never ends")


def sweep(clock: Any) -> None:
    with transaction() as current:
        tasks.sweep(current, clock.now())


@pytest.fixture
def world(app: Any, make: Any, clock: Any) -> dict[str, Any]:
    """A specialist with one clock of four hours, a manager, and noise."""
    specialist, manager = make.user(Role.SPECIALIST), make.user(Role.MANAGER)
    make.user(Role.SPECIALIST)
    make.user(Role.MANAGER, disabled_at=clock.now())
    make.user(Role.FRONT_DESK)
    customer = make.customer(owner_id=specialist.id)
    with transaction() as current:
        at = clock.now()
        task = Task(
            kind="DEADLINE", code="DL-11", title="Call back", record_kind="customers", record_id=customer.id,
            record_number=customer.number, customer_name="彭志刚", person_id=specialist.id, started_at=at,
            due_at=at + timedelta(hours=4), warn_at=at + timedelta(hours=3), next_check_at=at + timedelta(hours=3),
        )  # fmt: skip
        current.add(task)
    return {"specialist": specialist.id, "manager": manager.id, "task": task.id, "customer": customer}


def told() -> list[tuple[int, str, str]]:
    session().rollback()
    rows = session().execute(select(Notice.user_id, Notice.level, Notice.key).order_by(Notice.id))
    return [(user_id, level, key.rpartition(":")[2]) for user_id, level, key in rows]


def test_warned_missed_and_told_again_each_once(world, clock):
    who, manager = world["specialist"], world["manager"]
    sweep(clock)
    assert run_all() == 0
    clock.advance(hours=3)
    for _again in range(3):
        sweep(clock)
        run_all()
    assert told() == [(who, "WARN", "0")]
    clock.advance(hours=1)
    for _again in range(3):
        sweep(clock)
        run_all()
    assert told()[1:] == [(who, "OVERDUE", "0"), (manager, "OVERDUE", "0")]
    clock.advance(hours=24)
    sweep(clock)
    run_all()
    assert told()[3:] == [(who, "OVERDUE", "1"), (manager, "OVERDUE", "1")]


def test_thirty_hours_at_once_warn_miss_and_repeat_once_each(world, clock):
    who, manager = world["specialist"], world["manager"]
    clock.advance(hours=34)
    for _again in range(3):
        sweep(clock)
        run_all()
    assert sorted(told()) == sorted(
        [(who, "WARN", "0"), (who, "OVERDUE", "0"), (manager, "OVERDUE", "0"), (who, "OVERDUE", "1"), (manager, "OVERDUE", "1")]
    )  # fmt: skip
    assert len(session().scalars(select(DeadlineBreach)).all()) == 1


def test_every_handler_run_twice_tells_once(world, clock):
    for _again in range(2):
        for level, repeat in (("WARN", 0), ("OVERDUE", 0)):
            with transaction() as current:
                handlers()["notify_task"](current, task_id=world["task"], level=level, repeat=repeat)
    assert len(told()) == 3


def test_a_task_done_meanwhile_tells_nobody(world, clock):
    clock.advance(hours=3)
    sweep(clock)
    with transaction() as current:
        tasks.close(current, current.get_one(Task, world["task"]), happened_at=clock.now(), at=clock.now(), actor=None)
    assert run_all() == 1
    assert told() == []


def test_a_task_of_nobody_goes_to_the_role(world, clock, make):
    on_duty = make.user(Role.SPECIALIST, is_on_duty=True)
    with transaction() as current:
        current.execute(update(Task).values(person_id=None, role="SPECIALIST"))
    clock.advance(hours=3)
    sweep(clock)
    run_all()
    assert told() == [(on_duty.id, "WARN", "0")]


def test_a_person_who_left_passes_the_task_to_those_on_duty(world, clock, make):
    with transaction() as current:
        current.get_one(User, world["specialist"]).disabled_at = clock.now()
    on_duty = make.user(Role.SPECIALIST, is_on_duty=True)
    clock.advance(hours=3)
    sweep(clock)
    run_all()
    assert told() == [(on_duty.id, "WARN", "0")]


def test_a_step_is_told_to_audience_and_followers_but_not_to_the_actor(world, clock, make, post):
    follower = make.user(Role.REVIEWER)
    customer = world["customer"]
    with transaction() as current:
        for user_id in (follower.id, world["manager"]):
            current.add(Follower(record_kind="customers", record_id=customer.id, user_id=user_id, since=clock.now()))
    number = post(
        "notify_step", record_kind="customers", record_id=customer.id, action="grade",
        audiences=["owner", "managers"], by_id=world["manager"],
    )  # fmt: skip
    deliver(number)
    assert {user_id for user_id, _level, _key in told()} == {world["specialist"], follower.id}


def test_every_audience_of_the_processes_is_known(app, make):
    from portal.processes.registry import PROCESSES

    captain = make.user(Role.REPAIR_CAPTAIN)
    assert set(PROCESSES) <= set(MODELS)
    for kind, process in PROCESSES.items():
        record = MODELS[kind]()
        if hasattr(record, "captain"):
            record.captain = captain
        for name in {name for step in process.transitions for name in step.notify}:
            told = notices.audience(session(), name, record)
            assert captain in told or name != "captain"
    with pytest.raises(ValueError, match="nobody"):
        notices.audience(session(), "nobody", make.customer())


def test_a_title_is_translated_when_it_is_shown(world, clock):
    clock.advance(hours=3)
    sweep(clock)
    run_all()
    notice = session().scalars(select(Notice)).one()
    assert notices.sentence(notice.title, notice.params) == "即将到期：回电（彭志刚）"
    with i18n.use_locale("en"):
        assert notices.sentence(notice.title, notice.params) == "Due soon: Call back (彭志刚)"


def test_one_digest_per_person_and_morning(world, clock):
    digest = next(schedule for schedule in SCHEDULES if schedule.kind == "digest")
    with transaction() as current:
        slots.plan(current, digest, at=clock.now())
    clock.set("2026-05-12 08:15")
    for _again in range(3):
        with transaction() as current:
            slots.plan(current, digest, at=clock.now())
        run_all()
    assert told() == [(world["specialist"], "INFO", "2026-05-12")], "nobody else has anything to do"
    session().rollback()
    held = session().scalars(select(Notice.params)).one()
    assert {name: held[name] for name in ("overdue", "today", "new", "said")} == {
        "overdue": 1, "today": 0, "new": 0, "said": 0,
    }  # fmt: skip


def test_the_audit_check_of_the_night_closes_its_slot_and_raises_the_alarm(world, clock, post, monkeypatch):
    from portal.models.outbox import Slot
    from portal.services.events import ChainReport

    with transaction() as current:
        current.add(Slot(schedule="audit-check", key="2026-05-11", scope="", due_at=clock.now()))
    number = post("audit_check", schedule="audit-check", slot="2026-05-11", scope="")
    monkeypatch.setattr("jobs.upkeep.check_chain", lambda _session: ChainReport(6, 7, "event 7 does not fit"))
    deliver(number)
    assert [(user_id, level) for user_id, level, _key in told()] == [(world["manager"], "OVERDUE")]
    assert session().scalars(select(Slot.state, Slot.result)).all() == ["DONE"]
    assert session().scalars(select(Slot.result)).one() == "event 7 does not fit"


def test_what_was_lost_is_made_up_and_reported(world, clock, caplog):
    clock.advance(hours=3)
    sweep(clock)
    with transaction() as current:
        current.query(Outbox).delete()  # somebody cleaned up too well
    assert sweeper.reconcile() == 0, "it may still be under way"
    clock.advance(minutes=6)
    assert sweeper.reconcile() == 1
    assert sweeper.reconcile() == 0
    run_all()
    assert told() == [(world["specialist"], "WARN", "0")]
    assert "made up what was missing" in caplog.text
    with transaction() as current:
        current.execute(update(Task).values(next_check_at=None))
    assert sweeper.reconcile() == 1
    clock.advance(hours=1)
    sweep(clock)
    run_all()
    assert len(told()) == 3
