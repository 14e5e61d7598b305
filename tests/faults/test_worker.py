"""A worker that is killed anywhere, and a queue store that is killed, flushed or hangs: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from portal import queue, valkey
from portal.db import session
from portal.models.outbox import Outbox
from tests.faults.conftest import children, open_work, problems, quietly_kill, told

pytestmark = pytest.mark.faults


def row(number: int) -> Outbox:
    session().rollback()
    return session().get_one(Outbox, number, populate_existing=True)


@pytest.mark.parametrize("point", ["K1", "K2", "K5", "K6", "K7", "K10"])
def test_killed_at_each_point_the_work_is_done_once(house, work, point):
    house.store()
    house.worker(faults=house.once(point))
    time.sleep(0.5)
    (number,) = work()
    house.until(lambda: house.happened(point), "the fault is met")
    house.until_quiet()
    assert told() == ["task:1:WARN:0"]
    assert row(number).state == "DONE"
    assert problems() == {}


@pytest.mark.parametrize("who", ["parent", "child", "both"])
def test_killed_in_the_middle_of_its_work(house, work, who):
    house.store()
    worker = house.worker(faults=house.once("K7", "sleep:2"))
    (number,) = work()
    house.until(lambda: house.happened("K7"), "the work goes on")
    (child,) = children(worker.pid)
    if who in ("parent", "both"):
        worker.kill()
    if who in ("child", "both"):
        quietly_kill(child)
    if who != "child":
        house.worker()
    if who == "both":
        session().rollback()
        assert row(number).state == "LEASED", "the lease still runs; nobody was left to free it"
        from datetime import timedelta

        from sqlalchemy import update

        from portal import clock as portal_clock
        from portal.db import transaction

        with transaction() as current:  # a minute goes by
            current.execute(update(Outbox).values(lease_until=portal_clock.machine_now() - timedelta(seconds=1)))
    house.until_quiet()
    assert told() == ["task:1:WARN:0"]
    assert problems() == {}


@pytest.mark.sqlite_only
def test_the_parent_opens_no_database(house, work):
    house.store()
    worker = house.worker()
    work()
    house.until_quiet()
    opened = {os.readlink(entry) for entry in Path(f"/proc/{worker.pid}/fd").iterdir()}
    assert not [name for name in opened if "sqlite3" in name or "socket" in name]
    (child,) = children(worker.pid)
    assert Path(f"/proc/{child}/fd").exists()


@pytest.mark.sqlite_only
def test_asked_to_stop_it_finishes_what_it_has_in_hand(house, work):
    house.store()
    worker = house.worker(faults=house.once("K7", "sleep:2"))
    numbers = work(3)
    house.until(lambda: house.happened("K7"), "the work goes on")
    worker.terminate()
    assert worker.wait(10) == 0
    states = sorted(row(number).state for number in numbers)
    assert states == ["DONE", "PENDING", "PENDING"], "it claims nothing more"
    assert sum(row(number).crashes for number in numbers) == 0


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_asked_to_stop_it_gives_back_what_takes_too_long(house, work):
    house.store()
    worker = house.worker(faults=house.once("K7", "sleep:60"))
    (number,) = work()
    house.until(lambda: house.happened("K7"), "the work goes on")
    worker.terminate()
    begun = time.monotonic()
    assert worker.wait(40) == 0
    assert 18 < time.monotonic() - begun < 30
    assert (row(number).state, row(number).crashes) == ("PENDING", 0)
    house.worker()
    house.until_quiet()
    assert told() == ["task:1:WARN:0"]


def test_work_that_kills_three_workers_is_parked_and_the_rest_goes_on(house, work, make):
    from portal.permissions import Role

    make.user(Role.MANAGER)
    house.store()
    house.worker(faults="K7=kill")  # every work kills
    (poison,) = work()
    house.until(lambda: row(poison).state == "DEAD", "given up after three deaths")
    assert row(poison).crashes == 3
    house.end()
    house.store()
    house.worker()
    (healthy,) = work()
    house.until(lambda: row(healthy).state == "DONE", "the next one is done")
    house.until_quiet()
    assert len([key for key in told() if key.startswith("dead:")]) == 1


@pytest.mark.sqlite_only
def test_without_a_queue_store_work_is_done_all_the_same(house, work):
    house.worker()
    work(20)
    assert house.until_quiet(15) < 15
    assert len(told()) == len(set(told())) == 20


@pytest.mark.sqlite_only
def test_the_store_is_killed_and_comes_back(house, work):
    store = house.store()
    worker = house.worker()
    work(3)
    house.until_quiet()
    store.kill()
    store.wait()
    work(10)
    house.until_quiet(15)
    house.store()
    time.sleep(5)  # the worker listens again
    work(1)
    assert house.until_quiet(5) < 5
    assert worker.poll() is None
    assert len(told()) == len(set(told())) == 14
    assert problems() == {}


@pytest.mark.sqlite_only
def test_the_store_is_flushed(house, work):
    house.store()
    worker = house.worker()
    os.kill(worker.pid, signal.SIGSTOP)
    (child,) = children(worker.pid)
    house.freeze(child)
    work(20)
    connection = queue.client(valkey.url(house.config.home), timeout_seconds=1)
    assert connection.llen("rq:queue:fast") > 0
    connection.flushall()
    os.kill(child, signal.SIGCONT)
    os.kill(worker.pid, signal.SIGCONT)
    house.until_quiet(15)
    assert len(told()) == len(set(told())) == 20


@pytest.mark.sqlite_only
def test_wake_ups_that_never_arrive(house, work, monkeypatch):
    house.store()
    house.worker()
    time.sleep(1)
    monkeypatch.setattr(queue, "wake", lambda posted: None)
    work(5)
    assert house.until_quiet(10) < 10
    assert len(told()) == len(set(told())) == 5


@pytest.mark.sqlite_only
def test_the_store_hangs(house, work):
    store = house.store()
    house.worker()
    work(1)
    house.until_quiet()
    os.kill(store.pid, signal.SIGSTOP)
    begun = time.monotonic()
    work(5)
    assert time.monotonic() - begun < 1
    house.until_quiet(20)
    os.kill(store.pid, signal.SIGCONT)
    assert len(told()) == len(set(told())) == 6


def test_every_wake_up_delivered_five_times_to_two_workers(house, work):
    house.store()
    house.worker()
    house.worker()
    numbers = work(20)
    connection = queue.client(valkey.url(house.config.home), timeout_seconds=1)
    for _copy in range(5):
        queue.push(connection, [(number, "fast") for number in reversed(numbers)])
    house.until_quiet()
    assert len(told()) == len(set(told())) == 20
    assert {row(number).attempt for number in numbers} == {1}
    assert open_work() == []
