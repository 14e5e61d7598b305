"""`portal scheduler`: looks at clocks, plans the periodic table, sweeps. One leads; a second one waits its turn.

Two schedulers at once would do no harm, because every effect has a unique key; the lease only saves the effort.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType

from flask import Flask
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from jobs import sweeper
from portal import clock, faults, queue
from portal.app import create_app
from portal.config import Config
from portal.db import session, transaction
from portal.i18n import N_
from portal.models.notice import NoticeLevel
from portal.models.outbox import Worker
from portal.schedules import SCHEDULES
from portal.services import notices, slots, tasks
from portal.services.delivery import changed, insert_once

log = logging.getLogger("portal.scheduler")

NAME = "scheduler"
LEADS_FOR = timedelta(seconds=30)
TICK_SECONDS = 0.5
BATCH = 200
JUMP = timedelta(seconds=30)
"""Business time that moves further than this between two ticks was moved by somebody: look at once."""

CLOCK_JUMPED = N_("The server's clock jumped by %(seconds)s seconds. Clocks and schedules rest for five minutes.")


def run() -> None:
    """Schedule until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    config = Config.from_env()
    Scheduler(create_app(config), guard=Guard(watches=config.test_clock is None)).run()


@dataclass
class Guard:
    """Compares the wall clock with a clock nobody can set; after a jump nothing is planned for a while."""

    watches: bool = True
    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = field(
        default=lambda: time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    )
    """Counts sleep of the machine too, where the system can."""
    largest_seconds: float = 5.0
    window_seconds: float = 60.0
    rest_seconds: float = 300.0
    _anchor: tuple[float, float] | None = None
    _resting_until: float = 0.0

    def look(self) -> float | None:
        """By how many seconds the clock jumped since the last look; None: it did not."""
        wall, steady = self.wall(), self.steady()
        if self._anchor is None:
            self._anchor = (wall, steady)
        drift = (wall - self._anchor[0]) - (steady - self._anchor[1])
        if abs(drift) > self.largest_seconds:
            self._anchor = (wall, steady)
            self._resting_until = steady + self.rest_seconds
            return drift if self.watches else None
        if steady - self._anchor[1] > self.window_seconds:
            self._anchor = (wall, steady)
        return None

    @property
    def is_resting(self) -> bool:
        """Whether nothing is to be planned now."""
        return self.watches and self.steady() < self._resting_until


class Scheduler:
    """The loop. Each act stands in a transaction, a context and a try of its own."""

    def __init__(self, app: Flask, guard: Guard) -> None:
        self.app, self.guard = app, guard
        self.over = threading.Event()
        self.leads = False
        self.acts: list[tuple[float, Callable[[], None]]] = [
            (5.0, self.keep_lead),
            (5.0, self.look_at_clocks),
            (10.0, self.plan),
            (15.0, self.sweep),
            (900.0, self.reconcile),
        ]
        self.next = [0.0] * len(self.acts)
        self.seen = clock.now()

    def run(self) -> None:
        """Until told to stop."""
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        log.info("the scheduler is ready")
        while not self.over.is_set():
            self.tick()
            self.over.wait(TICK_SECONDS)
        if self.leads:
            self._carry_out(self.resign)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.over.set()

    def tick(self) -> None:
        """Do what is due by now."""
        jump = self.guard.look()
        if jump is not None:
            log.error("the clock jumped by %.0f s; nothing is planned for a while", jump)
            self._carry_out(lambda: alert_jump(round(jump)))
        now = clock.now()
        moved, self.seen = abs(now - self.seen) > JUMP, now
        for number, (every, act) in enumerate(self.acts):
            if moved or time.monotonic() >= self.next[number]:
                self.next[number] = time.monotonic() + every
                if act == self.keep_lead or self.leads:
                    self._carry_out(act)

    def _carry_out(self, act: Callable[[], object]) -> None:
        try:
            with self.app.app_context():
                act()
        except Exception:  # a database that is away for a moment ends no scheduler
            log.exception("the scheduler could not %s", getattr(act, "__name__", "act"))

    def keep_lead(self) -> None:
        """Take or keep the lead; it is also the sign of life."""
        with transaction() as current:
            leads = lead(current, seen=self.leads)
        if leads != self.leads:
            log.info("this scheduler %s", "leads now" if leads else "waits: another one leads")
        self.leads = leads

    def look_at_clocks(self) -> None:
        """Warn, record breaches, tell again."""
        if self._may_plan():
            for _batch in range(100):
                with transaction() as current:
                    seen = tasks.sweep(current, clock.now(), limit=BATCH)
                if seen < BATCH or self.over.is_set():
                    return

    def plan(self) -> None:
        """Plan the slots that fell due."""
        if not self._may_plan():
            return
        for schedule in SCHEDULES:
            with transaction() as current:
                slots.plan(current, schedule, at=clock.now())
                posted = current.info.pop("outbox", [])
            if posted:
                faults.reach("K14")
                queue.wake(posted)

    def sweep(self) -> None:
        """What was left behind."""
        sweeper.sweep(leases=not self.guard.is_resting)

    def reconcile(self) -> None:
        """Compare with the business facts, every quarter of an hour."""
        if self._may_plan():
            sweeper.reconcile()

    def resign(self) -> None:
        """Let the next one lead at once."""
        with transaction() as current:
            current.execute(delete(Worker).where(Worker.name == NAME, Worker.pid == os.getpid()))

    def _may_plan(self) -> bool:
        if self.guard.is_resting:
            return False
        if not self.guard.watches:
            return True
        doubt = slots.doubt(session(), clock.now())
        if doubt:
            log.warning("nothing is planned until a manager confirms the clock on the operations page (%s)", doubt)
        return doubt is None


def lead(current: Session, *, seen: bool = False) -> bool:
    """Take or keep the lead among schedulers: one row, free when its holder was silent for LEADS_FOR or is gone."""
    now, host, pid = clock.machine_now(), os.uname().nodename, os.getpid()
    holder = current.execute(select(Worker.host, Worker.pid).where(Worker.name == NAME)).one_or_none()
    free = or_(Worker.seen_at < now - LEADS_FOR, (Worker.host == host) & (Worker.pid == pid))
    if holder is not None and holder.host == host and not _runs(holder.pid):
        free = or_(free, (Worker.host == host) & (Worker.pid == holder.pid))
    values = {"host": host, "pid": pid, "seen_at": now} | ({} if seen else {"started_at": now})
    if changed(current, update(Worker).where(Worker.name == NAME, free).values(**values)):
        return True
    return bool(insert_once(current, Worker, [{"name": NAME, "kind": NAME, "started_at": now, **values}]))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def alert_jump(seconds: int) -> None:
    """Tell the managers that the clock jumped."""
    at = clock.now()
    with transaction() as current:
        for person in notices.audience(current, "managers", None):
            notices.notify(
                current,
                user=person,
                key=f"clock:{at.isoformat(timespec='minutes')}",
                level=NoticeLevel.WARN,
                title=CLOCK_JUMPED,
                params={"seconds": seconds},
                link="/manager/operations",
                at=at,
            )
