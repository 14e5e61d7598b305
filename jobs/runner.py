"""The working half of a worker: listens to RQ for wake-ups, looks into the database by itself, does one thing at a time.

Runs in a child of `jobs/worker.py`, which opens no database; everything here is opened after the fork.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from datetime import datetime
from types import FrameType
from typing import Any

import redis
from flask import Flask
from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker.base import StopRequested
from sqlalchemy import delete, update

from jobs import outbox, sweeper
from portal import clock, faults, lifeline, queue
from portal.db import db, transaction
from portal.models.outbox import Worker
from portal.services import delivery

log = logging.getLogger("portal.worker")

LOOK_EVERY_SECONDS = 4
"""How long one blocking pop lasts; after each the worker looks into the database by itself."""
HEARTBEAT_SECONDS = 10
GRACE_SECONDS = 20
"""After a request to stop, the work in hand may go on for so long; then it is given back."""
RECYCLE_AFTER = 2000
"""Pieces of work after which the child makes room for a fresh one."""


def main(app: Flask, queue_name: str, name: str, parent: int) -> None:
    """Work until told to stop. Runs in the child, ends with it."""
    lifeline.tied_to(parent)()
    with app.app_context():
        db.engine.dispose(close=False)  # nothing was opened before the fork; should that ever change, it stays unused
    Runner(app, queue_name, name).run()


class Runner:
    """One child: its wake-ups, its look into the database, its sign of life."""

    def __init__(self, app: Flask, queue_name: str, name: str) -> None:
        self.app, self.queue_name, self.name = app, queue_name, name
        self.stopping = threading.Event()
        self.listening = False
        self.delivered = 0
        self.store_is_away = False

    def run(self) -> None:
        """Listen while the queue store answers, look while it does not."""
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        pulse = Pulse(self.app, self.name, self.queue_name)
        pulse.start()
        self._sweep()
        number = 0
        while not self._is_over():
            self.look()
            if self._is_over():
                break
            if not self._store_answers():
                self.stopping.wait(LOOK_EVERY_SECONDS)
                continue
            number += 1
            with contextlib.suppress(redis.RedisError, OSError, StopRequested):
                Listener(self, f"{self.name}:{number}").work()
        pulse.end()

    def _is_over(self) -> bool:
        return self.stopping.is_set() or self.delivered >= RECYCLE_AFTER

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        if not self.stopping.is_set():
            self.stopping.set()
            last = threading.Timer(GRACE_SECONDS, self._leave)
            last.daemon = True
            last.start()
        if self.listening:
            self.listening = False
            raise StopRequested

    def _leave(self) -> None:
        """The work in hand takes too long: give it back and go."""
        log.warning("%s stops in the middle of its work, which goes back in line", self.name)
        given = False
        try:
            outbox.give_back_present(self.app)
            given = True
        finally:
            os._exit(0 if given else 1)  # the parent frees what we could not

    def _store_answers(self) -> bool:
        address = queue.address(self.app.config["PORTAL"])
        try:
            queue.client(address, timeout_seconds=0.5).ping()
        except (redis.RedisError, OSError) as error:
            if not self.store_is_away:
                log.warning("the queue store is away, looking into the database instead: %s", error)
            self.store_is_away = True
            return False
        if self.store_is_away:
            log.warning("the queue store is back")
        self.store_is_away = False
        return True

    def _sweep(self) -> None:
        """Free what dead workers left, once at the start."""
        with self._quietly(), self.app.app_context():
            sweeper.sweep()

    def deliver(self, message_id: int) -> bool:
        """Do one piece of work, if it is free."""
        with self._quietly(), self.app.app_context():
            done = outbox.deliver(message_id, worker=self.name, deadly=True)
            self.delivered += done
            return done
        return False

    def look(self) -> None:
        """Do all that is due now, without being told."""
        while not self._is_over():
            ids: list[int] = []
            with self._quietly(), self.app.app_context():
                ids = delivery.due_ids(
                    db.session(), self.queue_name, at=clock.now(), machine_at=clock.machine_now()
                )  # fmt: skip
            if not any([self.deliver(number) for number in ids if not self._is_over()]):
                return

    @contextlib.contextmanager
    def _quietly(self) -> Any:
        """A database that is away for a moment ends no worker."""
        try:
            yield
        except Exception:
            log.exception("%s could not look into the database", self.name)
            time.sleep(0.5)


class Listener(SimpleWorker):
    """RQ's worker, reduced to what a wake-up needs: one queue, one function, nothing that Redis could make us import."""

    def __init__(self, runner: Runner, name: str) -> None:
        self.runner = runner
        connection = queue.client(
            queue.address(runner.app.config["PORTAL"]), timeout_seconds=LOOK_EVERY_SECONDS + 2
        )  # fmt: skip
        super().__init__(
            [RqQueue(runner.queue_name, connection=connection, serializer=JSONSerializer)],
            name=name,
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=60,
        )

    connection_timeout = LOOK_EVERY_SECONDS + 2  # a store that hangs is noticed then
    dequeue_timeout = LOOK_EVERY_SECONDS

    def bootstrap(self, *_args: Any, **_kwargs: Any) -> None:
        """Be seen by `rq info`. No commands are taken from the queue store, so nothing is subscribed to."""
        self.register_birth()

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""

    def _install_signal_handlers(self) -> None:
        """The runner has its own."""

    def run_maintenance_tasks(self) -> None:
        """Forget wake-ups that dead workers had taken; their work is found in the database."""
        for each in self.queues:
            self.connection.delete(each.intermediate_queue_key)
        self.last_cleaned_at = clock.machine_now()  # type: ignore[assignment]  # RQ annotates it None

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """Wait for a wake-up; look into the database in between. Raises RedisError when the store is away."""
        while not self.runner._is_over():
            self.heartbeat()
            try:
                self.runner.listening = True
                return self.queue_class.dequeue_any(
                    self.queues, timeout, connection=self.connection, job_class=self.job_class,
                    serializer=self.serializer, death_penalty_class=self.death_penalty_class,
                )  # fmt: skip
            except DequeueTimeout:
                pass
            except (redis.RedisError, OSError) as error:
                log.warning("the queue store does not answer: %s", error)
                raise StopRequested from error
            except StopRequested:
                raise
            except Exception as error:  # something in the store that no wake-up of ours looks like
                log.error("an unreadable wake-up was dropped: %s", error)
            finally:
                self.runner.listening = False
            self.runner.look()
        raise StopRequested

    def execute_job(self, job: Job, queue: RqQueue) -> None:
        """Carry out a wake-up, then whatever else is due."""
        with self.connection.pipeline() as pipeline:  # a wake-up is spent once it is heard
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.delete(job.key)
            pipeline.execute()
        number = number_of(job)
        if number is None:
            log.error("refused a job that is no wake-up: %s", job.id)
            return
        faults.reach("K5")
        self.runner.deliver(number)
        faults.reach("K10")
        self.runner.look()


def number_of(job: Job) -> int | None:
    """The outbox row a wake-up names; None for anything that is not exactly a wake-up of ours."""
    try:
        if job.func_name != queue.DELIVER or job.kwargs or len(job.args) != 1:
            return None
        number = job.args[0]
    except Exception:
        return None
    return number if type(number) is int and 0 < number < 2**63 else None


class Pulse(threading.Thread):
    """Writes the sign of life of a process into the database, over a connection of its own."""

    def __init__(self, app: Flask, name: str, kind: str) -> None:
        super().__init__(daemon=True, name="pulse")
        self.app, self.worker, self.kind = app, name, kind
        self.over = threading.Event()

    def run(self) -> None:
        """Every ten seconds until the end."""
        started_at = clock.machine_now()
        while True:
            try:
                with self.app.app_context():
                    beat(self.worker, self.kind, started_at)
            except Exception as error:
                log.warning("no sign of life could be written: %s", error)
            if self.over.wait(HEARTBEAT_SECONDS):
                return

    def end(self) -> None:
        """Sign off."""
        self.over.set()
        self.join(5)
        with contextlib.suppress(Exception), self.app.app_context(), transaction() as current:
            current.execute(delete(Worker).where(Worker.name == self.worker))


def beat(name: str, kind: str, started_at: datetime) -> None:
    """Write one sign of life."""
    present = outbox.present()
    seen = {"seen_at": clock.machine_now(), "outbox_id": present.id if present else None}
    with transaction() as current:
        if not delivery.changed(current, update(Worker).where(Worker.name == name).values(**seen)):
            row = {"name": name, "kind": kind, "host": os.uname().nodename, "pid": os.getpid()}
            delivery.insert_once(current, Worker, [{**row, "started_at": started_at, **seen}])
