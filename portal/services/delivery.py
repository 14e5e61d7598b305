"""Claiming, ending and sweeping pieces of work. The database decides who does what; a lease runs out by itself.

Two times are told apart: `at` is the business time in which work falls due, `machine_at` the machine's own time, in
which leases run. Source: `docs/architecture.md`, delivery of work.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Table, and_, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models.outbox import Outbox, OutboxState, Slot

LEASE = timedelta(seconds=60)
RENEW_EVERY_SECONDS = 15
BACK_OFF = tuple(timedelta(seconds=s) for s in (30, 120, 600, 1800, 3600))
LATER = timedelta(hours=2)
"""Between tries once BACK_OFF is used up."""
GIVE_UP_AFTER = timedelta(hours=72)
MOST_ATTEMPTS = 40
"""As many tries as fit into GIVE_UP_AFTER."""
CRASHES_TO_GIVE_UP = 3
WAKE_AGAIN_AFTER = timedelta(seconds=60)


class LostLease(RuntimeError):
    """Somebody else holds the work now; what was done in this transaction must not stay."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work in our hands until the lease runs out."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    token: str
    attempt: int


def claim(session: Session, message_id: int, *, worker: str, at: datetime, machine_at: datetime) -> Claim | None:
    """Take one piece of work. None: it is done, not due yet, or somebody else's; nothing is wrong then."""
    token = secrets.token_hex(16)
    pending = and_(Outbox.state == OutboxState.PENDING, Outbox.run_after <= at)
    abandoned = and_(
        Outbox.state == OutboxState.LEASED,
        Outbox.lease_until <= machine_at,
        Outbox.crashes < CRASHES_TO_GIVE_UP - 1,  # the third death is the sweep's: it gives up and raises the alarm
    )
    taken = changed(
        session,
        update(Outbox)
        .where(Outbox.id == message_id, or_(pending, abandoned))
        .values(
            crashes=Outbox.crashes + case((Outbox.state == OutboxState.LEASED, 1), else_=0),
            state=OutboxState.LEASED,
            attempt=Outbox.attempt + 1,
            lease_token=token,
            lease_until=machine_at + LEASE,
            worker=worker,
        ),
    )
    if not taken:
        return None
    row = session.execute(
        select(Outbox.kind, Outbox.key, Outbox.payload, Outbox.attempt).where(Outbox.id == message_id)
    ).one()
    return Claim(message_id, row.kind, row.key, row.payload, token, row.attempt)


def _held(session: Session, work: Claim, **values: Any) -> bool:
    met = changed(
        session,
        update(Outbox)
        .where(Outbox.id == work.id, Outbox.state == OutboxState.LEASED, Outbox.lease_token == work.token)
        .values(**values),
    )
    return met == 1


def renew(session: Session, work: Claim, *, machine_at: datetime) -> bool:
    """Keep the work for another lease. False: it is no longer ours."""
    return _held(session, work, lease_until=machine_at + LEASE)


def finish(session: Session, work: Claim, *, at: datetime) -> None:
    """Mark the work done, in the transaction of its effect. Raises LostLease, and the effect goes with it."""
    session.flush()
    done = {"state": OutboxState.DONE, "done_at": at, "lease_token": None, "lease_until": None, "last_error": None}
    if not _held(session, work, **done):
        raise LostLease(f"{work.kind} {work.id} is somebody else's now")


def give_back(session: Session, work: Claim) -> bool:
    """Put unfinished work back in line at once, because this worker stops; the try does not count."""
    return _held(
        session,
        work,
        state=OutboxState.PENDING,
        attempt=Outbox.attempt - 1,
        lease_token=None,
        lease_until=None,
        woken_at=None,
    )


def pause_before(attempt: int, spread: float | None = None) -> timedelta:
    """How long to wait after a failed try; `spread` is -1 … 1, by chance when None: ± 20 %."""
    base = BACK_OFF[attempt - 1] if attempt <= len(BACK_OFF) else LATER
    return base * (1 + 0.2 * (random.uniform(-1, 1) if spread is None else spread))


def fail(session: Session, work: Claim, error: str, *, at: datetime) -> OutboxState | None:
    """Note a failed try: later again, or given up. Gives the new state; None when the work is no longer ours."""
    created = session.scalar(select(Outbox.created_at).where(Outbox.id == work.id))
    too_old = created is not None and at - created >= GIVE_UP_AFTER and work.attempt > len(BACK_OFF)
    state = OutboxState.DEAD if too_old or work.attempt >= MOST_ATTEMPTS else OutboxState.PENDING
    ours = _held(
        session,
        work,
        state=state,
        run_after=at + pause_before(work.attempt),
        lease_token=None,
        lease_until=None,
        woken_at=None,
        last_error=error[-2000:],
    )
    return state if ours else None


def due_ids(session: Session, queue: str, *, at: datetime, machine_at: datetime, limit: int = 20) -> list[int]:
    """What a worker can take right now, oldest first; for workers that look by themselves."""
    pending = and_(Outbox.state == OutboxState.PENDING, Outbox.run_after <= at)
    abandoned = and_(Outbox.state == OutboxState.LEASED, Outbox.lease_until <= machine_at)
    rows = select(Outbox.id).where(Outbox.queue == queue, or_(pending, abandoned))
    return list(session.scalars(rows.order_by(Outbox.run_after, Outbox.id).limit(limit)))


# The sweep -----------------------------------------------------------------------------------------------------------


def free_abandoned(
    session: Session, *, machine_at: datetime, holder: str | None = None, counts: bool = True
) -> list[int]:
    """Put work whose lease ran out back in line; after the third death it is given up. Gives the given-up ids.

    `holder` names a worker that is known to be dead: its work is freed without waiting for the lease. `counts`: the
    death is held against the work; not so when the worker was made to stop.
    """
    over = Outbox.worker == holder if holder else Outbox.lease_until <= machine_at
    gone = (Outbox.state == OutboxState.LEASED, over)
    deaths = 1 if counts else 0
    freed = {"crashes": Outbox.crashes + deaths, "lease_token": None, "lease_until": None, "woken_at": None}
    last = Outbox.crashes >= CRASHES_TO_GIVE_UP - deaths
    hopeless = list(session.scalars(select(Outbox.id).where(*gone, last)))
    given_up = []
    for message_id in hopeless:
        message = "The worker died three times while doing this."
        done = changed(
            session,
            update(Outbox)
            .where(Outbox.id == message_id, *gone)
            .values(state=OutboxState.DEAD, last_error=message, **freed),
        )
        if done:
            given_up.append(message_id)
    changed(
        session,
        update(Outbox).where(*gone).values(state=OutboxState.PENDING, **freed),
    )
    return given_up


def to_wake(session: Session, *, at: datetime, machine_at: datetime, limit: int = 200) -> list[tuple[int, str]]:
    """Due work that nobody was told of in the last minute; it is noted as told now."""
    rows = session.execute(
        select(Outbox.id, Outbox.queue)
        .where(
            Outbox.state == OutboxState.PENDING,
            Outbox.run_after <= at,
            or_(Outbox.woken_at.is_(None), Outbox.woken_at <= machine_at - WAKE_AGAIN_AFTER),
        )
        .order_by(Outbox.run_after, Outbox.id)
        .limit(limit)
    ).all()
    if rows:
        changed(
            session,
            update(Outbox).where(Outbox.id.in_([row.id for row in rows])).values(woken_at=machine_at),
        )
    return [(row.id, row.queue) for row in rows]


# For the manager ----------------------------------------------------------------------------------------------------


def rerun(session: Session, message_id: int, *, at: datetime) -> bool:
    """Give up work another chance from the first try on. False when it is not given up (any more)."""
    queue = session.scalar(select(Outbox.queue).where(Outbox.id == message_id))
    met = changed(
        session,
        update(Outbox)
        .where(Outbox.id == message_id, Outbox.state == OutboxState.DEAD)
        .values(state=OutboxState.PENDING, run_after=at, created_at=at, attempt=0, crashes=0, woken_at=None),
    )
    if met:
        session.info.setdefault("outbox", []).append((message_id, queue))
    return met == 1


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many pieces of unfinished work there are per (queue, state)."""
    rows = session.execute(
        select(Outbox.queue, Outbox.state, func.count())
        .where(Outbox.state != OutboxState.DONE)
        .group_by(Outbox.queue, Outbox.state)
    )
    return {(queue, state): count for queue, state, count in rows}


# Helpers ------------------------------------------------------------------------------------------------------------


def changed(session: Session, statement: Any) -> int:
    """Run an UPDATE or DELETE beside the objects of the session; gives how many rows it met."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return max(cast(CursorResult[Any], result).rowcount, 0)


def insert_once(session: Session, table: Any, rows: Iterable[dict[str, Any]]) -> int:
    """Insert rows, leaving out those whose key is already there. Gives how many are new. Safe beside others."""
    target: Table = table.__table__
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = 0
    for row in rows:
        key = next(iter(target.primary_key.columns))
        done = session.execute(dialect.insert(target).values(**row).on_conflict_do_nothing().returning(key))
        new += len(done.all())
    return new


def close_slot(session: Session, schedule: str, slot: str, scope: str = "", *, at: datetime, result: str = "") -> None:
    """Note that a slot of the periodic table is done; a slot already done stays as it is."""
    changed(
        session,
        update(Slot)
        .where(Slot.schedule == schedule, Slot.key == slot, Slot.scope == scope, Slot.state == "DUE")
        .values(state="DONE", done_at=at, result=result[:200] or None),
    )
