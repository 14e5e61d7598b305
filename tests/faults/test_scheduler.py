"""Schedulers that are killed, doubled, or wake up in another week."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from sqlalchemy import select

from portal.db import session
from portal.models.outbox import Schedule, Slot, Worker
from portal.models.task import DeadlineBreach
from portal.permissions import Role
from tests.faults.conftest import House, problems, told

pytestmark = pytest.mark.faults


def lead(house: House) -> None:
    def leads() -> bool:
        session().rollback()
        return session().get(Worker, "scheduler") is not None and len(session().scalars(select(Schedule)).all()) > 0

    house.until(leads, "a scheduler leads and has planned")


def test_thirty_hours_later_everything_was_told_once_and_at_once(house, work, make, clock):
    make.user(Role.MANAGER)
    house.store()
    house.worker()
    for _scheduler in range(2):
        house.start("scheduler")
    lead(house)
    work(3)
    house.until_quiet()
    clock.advance(hours=30)
    expected = Counter({f"task:{task}:OVERDUE:{repeat}": 2 for task in (1, 2, 3) for repeat in (0, 1)})
    expected += Counter({f"task:{task}:WARN:0": 1 for task in (1, 2, 3)})
    expected += Counter({"digest:2026-05-12": 1})
    took = house.until(lambda: len(told()) >= expected.total(), "warned, missed, told again")
    assert took < 10  # 5 s on a machine that does nothing else
    time.sleep(2)
    house.until_quiet()
    assert Counter(told()) == expected
    assert len(session().scalars(select(DeadlineBreach)).all()) == 3
    assert problems() == {}


@pytest.mark.parametrize("point", ["K1", "K2", "K13", "K14", "K3", "K4"])
def test_killed_at_each_point_the_next_one_plans_each_slot_once(house, work, clock, point):
    house.store()
    house.worker()
    house.worker(queue_name="pdf")  # reports fall due as well
    first = house.start("scheduler")
    lead(house)
    first.terminate()
    assert first.wait(10) == 0
    clock.advance(days=3)
    dying = house.start("scheduler", faults=house.once(point))
    house.until(lambda: dying.poll() is not None, "the scheduler dies")
    assert dying.returncode == -9
    house.start("scheduler")

    def planned() -> list[str]:
        session().rollback()
        return sorted(session().scalars(select(Slot.key).where(Slot.schedule == "audit-check")))

    house.until(lambda: len(planned()) == 3, "three nights are planned")
    house.until(
        lambda: not session().rollback() and not session().scalars(select(Slot).where(Slot.state == "DUE")).all(),
        "done",
    )
    house.until(
        lambda: not session().rollback() and "I4" not in problems(), "every schedule is planned and carried out"
    )
    house.until_quiet()
    assert planned() == ["2026-05-12", "2026-05-13", "2026-05-14"]
    assert problems() == {}


def test_a_killed_scheduler_is_followed_by_the_waiting_one(house, clock):
    first = house.start("scheduler")
    lead(house)
    second = house.start("scheduler")
    time.sleep(3)
    session().rollback()
    assert session().get_one(Worker, "scheduler").pid == first.pid
    first.kill()
    first.wait()

    def leads() -> bool:
        session().rollback()
        return session().get_one(Worker, "scheduler", populate_existing=True).pid == second.pid

    assert house.until(leads, "the second one leads", 15) < 15
