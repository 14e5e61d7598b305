"""`portal worker`: a parent that never opens the database keeps one working child alive.

The parent loads everything once; a child that dies is replaced in a moment by a fork of the warm parent, and what the
dead one had in hand is freed at once instead of when its lease runs out.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from types import FrameType

from flask import Flask

from jobs import outbox, runner
from portal import clock, lifeline, queue
from portal.app import create_app
from portal.config import Config

log = logging.getLogger("portal.worker")

BACK_OFF_SECONDS = (0.0, 0.2, 1.0, 3.0, 5.0)
HEALTHY_AFTER_SECONDS = 30
LAST_WORD_SECONDS = 2
"""Beyond the child's own grace, to give its work back; then it is killed."""


def run(queue_name: str) -> None:
    """Work on one queue until SIGTERM or Ctrl-C. Raises ValueError for a queue that does not exist."""
    if queue_name not in queue.QUEUES:
        raise ValueError(f"there is no queue {queue_name!r}; the queues are {', '.join(queue.QUEUES)}")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # its steps are of no use in a log
    config = Config.from_env()
    app = create_app(config)
    _warm_up(config, queue_name)
    Keeper(app, queue_name).run()


def _warm_up(config: Config, queue_name: str) -> None:
    """Load what work needs before the first child is made; open no database and start no thread."""
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    outbox.handlers()
    if queue_name == "pdf":
        from portal.documents import rendering

        try:
            rendering.warm_up(config.home)
        except rendering.PdfError as error:  # documents say so themselves; imports and reports go on
            log.error("%s", error)
    gc.collect()
    gc.freeze()


class Keeper:
    """The parent: forks, waits, buries."""

    def __init__(self, app: Flask, queue_name: str) -> None:
        self.app, self.queue_name = app, queue_name
        self.stopping = False

    def run(self) -> None:
        """Keep one child working until told to stop."""
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        log.info("worker of the %s queue is ready", self.queue_name)
        deaths = 0
        while not self.stopping:
            begun = time.monotonic()
            child = fork(lambda: runner.main(self.app, self.queue_name, self._name(os.getpid()), os.getppid()))
            status = self._wait(child)
            if status == 0:
                deaths = 0
                continue
            self._bury(child, counts=not self.stopping)
            if self.stopping:
                return
            deaths = 1 if time.monotonic() - begun > HEALTHY_AFTER_SECONDS else deaths + 1
            log.error("the worker's child %d ended with status %d; starting another", child, status)
            self._pause(BACK_OFF_SECONDS[min(deaths, len(BACK_OFF_SECONDS)) - 1])

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _name(self, pid: int) -> str:
        return f"{os.uname().nodename}:{self.queue_name}:{pid}"

    def _wait(self, child: int) -> int:
        """The child's end; after a request to stop it is asked, and at last made, to end."""
        asked_at: float | None = None
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if self.stopping and asked_at is None:
                os.kill(child, signal.SIGTERM)
                asked_at = time.monotonic()
            if asked_at is not None and time.monotonic() - asked_at > runner.GRACE_SECONDS + LAST_WORD_SECONDS:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.05)

    def _bury(self, child: int, *, counts: bool) -> None:
        """Free what the dead child had in hand, in a process of its own: the parent opens no database."""
        name = self._name(child)
        undertaker = fork(lambda: _free(self.app, name, counts))
        until = time.monotonic() + 15
        while time.monotonic() < until:
            if os.waitpid(undertaker, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        os.kill(undertaker, signal.SIGKILL)
        os.waitpid(undertaker, 0)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.stopping:
            time.sleep(0.05)


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a child and give its number. The child never returns into the parent's code."""
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries; none of them holds a lock of ours
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        lifeline.tied_to(parent)()
        work()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _free(app: Flask, holder: str, counts: bool) -> None:
    from sqlalchemy import delete

    from portal.db import transaction
    from portal.models.outbox import Worker
    from portal.services import delivery

    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is over in a moment
    with app.app_context(), transaction() as current:
        dead = delivery.free_abandoned(current, machine_at=clock.machine_now(), holder=holder, counts=counts)
        for message_id in dead:
            outbox.announce_death(current, message_id)
        current.execute(delete(Worker).where(Worker.name == holder))
