"""Delivery of outbox rows: claim, carry out, finish, each run leaving what one run leaves.

A module of `jobs/` that carries out a kind of work lists it in its `HANDLERS`: a function `handler(session, **ids)`,
run in the one transaction that also marks the work done, or a `Staged` object for work that reaches outside the
database (files, mail) or reads for long.
"""

from __future__ import annotations

import logging
import os
import pkgutil
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from portal import clock, faults, outbox
from portal.db import session, transaction
from portal.errors import Stale
from portal.models.outbox import OutboxState
from portal.services import delivery
from portal.services.delivery import Claim, LostLease

log = logging.getLogger("portal.jobs")

Handler = Callable[..., None]

QUICK_RETRIES = 3
"""Tries at once when somebody else was faster on the same rows; nothing of the try before is left."""


class Staged(ABC):
    """Work in three steps, for effects that no transaction can take back.

    `prepare` and `finish` each run in a transaction that checks that the work is still ours; `act` runs in none, may
    take up to `limit_seconds` and may happen twice when a worker dies: a file is named by its content, a mail keeps
    its Message-ID.
    """

    limit_seconds: float = 300
    """A worker that is still at it then is killed; three such deaths and the work is given up."""

    @abstractmethod
    def prepare(self, session: Session, **ids: Any) -> Any:
        """Read the facts and write that it begins. None: nothing is to be done any more, the work is done."""

    @abstractmethod
    def act(self, prepared: Any) -> Any:
        """Do it. What is raised here is a failed try."""

    @abstractmethod
    def finish(self, session: Session, prepared: Any, result: Any) -> None:
        """Write what came of it, in the transaction that marks the work done."""

    def tried(self, session: Session, error: Exception, **ids: Any) -> None:  # noqa: B027
        """A try failed; written together with the next try's time."""

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:  # noqa: B027  most have nothing to say
        """The work was given up: say so where people look. May be called more than once."""


@cache
def handlers() -> dict[str, Handler | Staged]:
    """All kinds of work, from the modules of this package."""
    import jobs

    known: dict[str, Handler | Staged] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(jobs.__path__)):
        known.update(getattr(import_module(f"jobs.{module}"), "HANDLERS", {}))
    return known


def deliver(message_id: int, *, worker: str | None = None, deadly: bool = False) -> bool:
    """Make one outbox row true. False: it is done, not due, or somebody else's.

    Called by RQ's wake-ups, by the sweep and by workers that look for themselves, in any order and number.
    `deadly`: kill this process when the work overstays its limit (set by workers, which are started again).
    """
    name = worker or f"{os.uname().nodename}:{os.getpid()}"
    with transaction() as current:
        work = delivery.claim(current, message_id, worker=name, at=clock.now(), machine_at=clock.machine_now())
    if work is None:
        return False
    faults.reach("K6")
    handler = handlers().get(work.kind)
    try:
        with _kept(work, handler.limit_seconds if isinstance(handler, Staged) else Staged.limit_seconds, deadly):
            if handler is None:
                raise LookupError(f"nobody knows how to do {work.kind!r}")
            if isinstance(handler, Staged):
                _in_stages(work, handler)
            else:
                _at_once(work, handler)
    except LostLease as error:
        log.warning("%s", error)
    except Exception as error:
        _note_failure(work, error)
    return True


def _at_once(work: Claim, handler: Handler) -> None:
    for attempt in range(1, QUICK_RETRIES + 1):
        try:
            with transaction() as current:
                handler(current, **work.payload)
                faults.reach("K7")
                delivery.finish(current, work, at=clock.now())
            return
        except (Stale, IntegrityError, OperationalError):
            if attempt == QUICK_RETRIES:
                raise
            time.sleep(0.05 * attempt)


def _in_stages(work: Claim, handler: Staged) -> None:
    with transaction() as current:
        prepared = handler.prepare(current, **work.payload)
        if prepared is None:
            delivery.finish(current, work, at=clock.now())
        else:
            current.flush()
            if not delivery.renew(current, work, machine_at=clock.machine_now()):
                raise LostLease(f"{work.kind} {work.id} is somebody else's now")
    if prepared is None:
        return
    result = handler.act(prepared)
    session().rollback()  # what `act` read belongs to its own moment
    faults.reach("K7")
    with transaction() as current:
        handler.finish(current, prepared, result)
        delivery.finish(current, work, at=clock.now())


def _note_failure(work: Claim, error: Exception) -> None:
    """Write down a failed try. When even that fails, the lease runs out and the sweep takes over."""
    log.error("%s %d failed at try %d: %s", work.kind, work.id, work.attempt, error, exc_info=error)
    try:
        with transaction() as current:
            state = delivery.fail(current, work, f"{type(error).__name__}: {error}", at=clock.now())
            handler = handlers().get(work.kind)
            if state is not None and isinstance(handler, Staged):
                handler.tried(current, error, **work.payload)
            if state == OutboxState.DEAD:
                announce_death(current, work.id)
    except Exception:
        log.exception("the failure of %s %d could not be noted", work.kind, work.id)


def announce_death(current: Session, message_id: int) -> None:
    """Have the managers told of given-up work, and let its handler say so where people look."""
    at = clock.now()
    outbox.post(
        current, "work_given_up", key=f"dead:{message_id}:{at.isoformat()}", at=at, outbox_id=message_id
    )  # fmt: skip


# Keeping the lease ---------------------------------------------------------------------------------------------------

_present: Claim | None = None
"""The work in hand; a worker does one thing at a time."""


@contextmanager
def _kept(work: Claim, limit_seconds: float, deadly: bool) -> Iterator[None]:
    """Renew the lease while the work goes on."""
    global _present
    done = threading.Event()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    keeper = threading.Thread(
        target=_keep, args=(app, work, done, limit_seconds if deadly else None), daemon=True, name="lease"
    )
    keeper.start()
    _present = work
    try:
        yield
    finally:
        _present = None
        done.set()
        keeper.join(5)


def _keep(app: Flask, work: Claim, done: threading.Event, limit_seconds: float | None) -> None:
    begun = time.monotonic()
    while not done.wait(delivery.RENEW_EVERY_SECONDS):
        if limit_seconds is not None and time.monotonic() - begun > limit_seconds:
            log.error("%s %d takes longer than %g s; ending this worker", work.kind, work.id, limit_seconds)
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            with app.app_context(), transaction() as current:
                if not delivery.renew(current, work, machine_at=clock.machine_now()):
                    log.warning("%s %d is no longer ours", work.kind, work.id)
                    return
        except Exception as error:  # a busy database: the next renewal is soon enough
            log.warning("the lease of %s %d could not be renewed: %s", work.kind, work.id, error)


def present() -> Claim | None:
    """The work in hand, if any."""
    return _present


def give_back_present(app: Flask) -> None:
    """Put the work in hand back in line, because this worker has to stop now."""
    if (work := _present) is not None:
        with app.app_context(), transaction() as current:
            delivery.give_back(current, work)
