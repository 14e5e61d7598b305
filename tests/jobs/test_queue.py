"""The door to RQ: quick, forgiving, and deaf to everything that is not a wake-up."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import runner
from portal import queue, valkey


@pytest.fixture(autouse=True)
def no_queue_store() -> None:
    """This file meets the real one."""


@pytest.fixture
def real_wake() -> Iterator[Any]:
    queue.take_up_again()
    yield importlib.import_module("portal.queue").wake
    queue.take_up_again()


@pytest.fixture
def store(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An embedded Valkey in the data folder."""
    process = valkey.start(home, output=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if connect(home).ping():
                break
        except redis.RedisError:
            time.sleep(0.02)
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def connect(home: Path) -> redis.Redis:
    return queue.client(valkey.url(home), timeout_seconds=1)


def test_a_wake_up_is_one_number_on_the_right_queue(app, home, store, real_wake):
    real_wake([(7, "fast"), (8, "pdf")])
    connection = connect(home)
    for name, number in (("fast", 7), ("pdf", 8)):
        line = Queue(name, connection=connection, serializer=JSONSerializer)
        (job,) = line.jobs
        assert (job.func_name, job.args, job.kwargs) == (queue.DELIVER, [number], {})
        assert runner.number_of(job) == number
        assert 0 < connection.ttl(job.key) <= queue.TTL_SECONDS


def test_without_a_queue_store_nothing_is_slower(app, real_wake):
    begun = time.monotonic()
    for number in range(100):
        real_wake([(number, "fast")])
    assert time.monotonic() - begun < 2


def test_a_store_that_hangs_costs_a_fifth_of_a_second_once(app, home, store, real_wake):
    os.kill(store.pid, signal.SIGSTOP)
    begun = time.monotonic()
    real_wake([(1, "fast")])
    assert time.monotonic() - begun < 1  # 0.1 s by the settings; the machine may be busy
    begun = time.monotonic()
    for _again in range(100):
        real_wake([(1, "fast")])
    assert time.monotonic() - begun < 0.1
    os.kill(store.pid, signal.SIGCONT)
    queue.take_up_again()
    real_wake([(2, "fast")])
    assert connect(home).llen("rq:queue:fast") >= 1


def hostile(connection: redis.Redis, function: str, *args: Any, **kwargs: Any) -> Job:
    return Queue("fast", connection=connection, serializer=JSONSerializer).enqueue_call(
        function, args=args, kwargs=kwargs
    )


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        ("os.system", ("true",), {}),
        ("jobs.outbox.announce_death", (1,), {}),
        ("jobs.outbox.deliver", ("1",), {}),
        ("jobs.outbox.deliver", (True,), {}),
        ("jobs.outbox.deliver", (-1,), {}),
        ("jobs.outbox.deliver", (2**70,), {}),
        ("jobs.outbox.deliver", (1, 2), {}),
        ("jobs.outbox.deliver", (1,), {"deadly": True}),
        ("jobs.outbox.deliver", (), {"message_id": 1}),
    ],
)
def test_only_wake_ups_are_heard(app, home, store, function, args, kwargs):
    assert runner.number_of(hostile(connect(home), function, *args, **kwargs)) is None


class Deaf(runner.Runner):
    """A runner that notes what it is told and stops when the queue is empty."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, "fast", "test")
        self.told: list[int] = []

    def deliver(self, message_id: int) -> bool:
        self.told.append(message_id)
        return True

    def look(self) -> None:
        if self.told:
            self.stopping.set()


def test_rubbish_in_the_store_is_dropped_and_the_next_wake_up_heard(app, home, store, real_wake, tmp_path):
    connection = connect(home)
    witness = tmp_path / "witness"
    hostile(connection, "os.mkdir", str(witness))
    broken = hostile(connection, queue.DELIVER, 3)
    connection.hset(broken.key, "data", b"\x80\x04not json")
    callback = hostile(connection, "os.mkdir", str(witness))
    connection.hset(callback.key, mapping={"success_callback_name": "os.abort", "failure_callback_name": "os.abort"})
    connection.rpush("rq:queue:fast", b"no such job")
    connection.hset("rq:job:mad", mapping={"data": b"\x00", "created_at": b"yesterday", "origin": b"fast"})
    connection.rpush("rq:queue:fast", b"mad")
    real_wake([(42, "fast")])
    deaf = Deaf(app)
    runner.Listener(deaf, "test:1").work()
    assert deaf.told == [42]
    assert not witness.exists()
    assert connection.llen("rq:queue:fast") == 0


def test_a_worker_registers_no_way_to_command_it(app, home, store):
    listener = runner.Listener(Deaf(app), "test:2")
    listener.bootstrap()
    assert connect(home).pubsub_channels("*") == []
    assert listener.pubsub is None
