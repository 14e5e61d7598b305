"""Workers, schedulers and a queue store as real processes on the database of the test, to be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal import outbox, queue, valkey, verify
from portal.config import Config
from portal.db import session, transaction
from portal.models.notice import Notice
from portal.models.outbox import Outbox, OutboxState
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.reports.catalogue import REPORTS
from tests.faults.nursery import Nursery, Started

PATIENCE_SECONDS = 30


class House:
    """The processes of one test."""

    def __init__(self, config: Config, clock: Any, nursery: Nursery) -> None:
        self.config, self.clock, self.nursery = config, clock, nursery
        self.started: list[Started | subprocess.Popen[bytes]] = []

    def start(self, *words: str, faults: str = "") -> Started:
        """`house.start("worker", "--queue", "fast")`: returns at once."""
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
            "PORTAL_ENV": "test",
            "PORTAL_HOME": str(self.config.home),
            "PORTAL_DATABASE_URL": self.config.database_url,
            "PORTAL_TEST_CLOCK": str(self.clock.path),
            "PORTAL_SECRET_KEY": self.config.secret_key,
            "PORTAL_FAULTS": faults,
        }
        process = self.nursery.start(*words, environ=environ, log=self.config.home / f"{words[0]}.log")
        self.started.append(process)
        return process

    def worker(self, *, queue_name: str = "fast", faults: str = "") -> Started:
        """A worker, waited for until its child gives a sign of life."""
        process = self.start("worker", "--queue", queue_name, faults=faults)
        self.until(lambda: children(process.pid), "the worker has a child")
        return process

    def store(self) -> subprocess.Popen[bytes]:
        """The embedded Valkey, waited for."""
        process = valkey.start(self.config.home, output=subprocess.DEVNULL)
        self.started.append(process)

        def answers() -> bool:
            try:
                return bool(queue.client(valkey.url(self.config.home), timeout_seconds=1).ping())
            except Exception:
                return False

        self.until(answers, "the queue store answers")
        queue.take_up_again()
        return process

    def log(self, name: str = "worker") -> str:
        """What the processes of that name printed."""
        path = self.config.home / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def once(self, point: str, action: str = "kill") -> str:
        """The plan for a fault that happens once."""
        trigger = self.config.home / f"fault-{point}"
        trigger.touch()
        return f"{point}={action}@{trigger}"

    def happened(self, point: str) -> bool:
        """Whether the fault was met."""
        return not (self.config.home / f"fault-{point}").exists()

    def until(self, holds: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> float:
        """Wait until something holds, and say how long that took."""
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > seconds:
                raise AssertionError(
                    f"not within {seconds} s: {what}\n{self.log()[-3000:]}\n{self.log('scheduler')[-3000:]}"
                )
            time.sleep(0.05)
        return time.monotonic() - begun

    def freeze(self, pid: int) -> None:
        """Stop a process between two writes: one stopped in the middle of a write would keep the database to itself."""

        write = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.5).execute('BEGIN IMMEDIATE')"
        command = [sys.executable, "-c", write, str(self.config.home / "portal.sqlite3")]

        def stopped_and_holds_nothing() -> bool:
            os.kill(pid, signal.SIGSTOP)
            # asked by another process: closing a second handle here would drop the locks of the first
            if subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0:
                return True
            os.kill(pid, signal.SIGCONT)
            return False

        self.until(stopped_and_holds_nothing, "the process is stopped between two writes")

    def until_quiet(self, seconds: float = PATIENCE_SECONDS) -> float:
        """Wait until no work waits or is in hand."""
        return self.until(lambda: not open_work(), "all work is done", seconds)

    def end(self) -> None:
        """Stop what still runs."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                for child in children(process.pid):
                    quietly_kill(child)
                process.kill()
            process.wait()


def quietly_kill(pid: int, number: int = signal.SIGKILL) -> None:
    """A process may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def children(pid: int) -> list[int]:
    """The living children of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(word) for word in text.split()]


def open_work() -> list[int]:
    """Work that is not done, whether due or not."""
    session().rollback()
    return list(session().scalars(select(Outbox.id).where(Outbox.state.in_((OutboxState.PENDING, OutboxState.LEASED)))))


def told() -> list[str]:
    """The keys of all notices, one per line of an inbox."""
    session().rollback()
    return list(session().scalars(select(Notice.key).order_by(Notice.id)))


def problems() -> dict[str, list[str]]:
    """What `portal verify` finds."""
    session().rollback()
    return {result.code: result.problems for result in verify.run_all() if not result.ok}


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def house(app: Any, config: Config, clock: Any, nursery: Nursery) -> Iterator[House]:
    if not Path("/proc/self/task").exists():
        pytest.fail("these tests find processes in /proc")
    queue.take_up_again()
    with transaction() as writing:  # reports are waited for until their hour: other work is what is looked at here
        writing.add(SettingValue(key="reports_off", value=list(REPORTS), updated_at=clock.now()))
    made = House(config, clock, nursery)
    yield made
    made.end()
    queue.take_up_again()


@pytest.fixture
def work(app: Any, make: Any, clock: Any) -> Callable[..., list[int]]:
    """`work(3)`: three reminders for one specialist, written as the sweep writes them; gives their numbers."""
    person = make.user(Role.SPECIALIST)
    person_id = person.id

    def write(count: int = 1) -> list[int]:
        at = clock.now()
        with transaction() as current:
            for _task in range(count):
                task = Task(
                    kind="DEADLINE", code="DL-11", title="Call back", record_kind="complaints", record_id=1,
                    record_number="TS-2026-0001", customer_name="彭志刚", person_id=person_id, warned_at=at,
                    started_at=at - timedelta(hours=3), due_at=at + timedelta(hours=1),
                    next_check_at=at + timedelta(hours=1),
                )  # fmt: skip
                current.add(task)
                current.flush()
                outbox.post(
                    current, "notify_task", key=f"task:{task.id}:WARN:0", at=at, task_id=task.id, level="WARN", repeat=0
                )  # fmt: skip
        return open_work()[-count:]

    return write
