"""The outbox: work written with the change that makes it necessary, delivered after the commit.

Emptying the queue store may cost seconds, never work: rows are the record, RQ carries a number (`docs/architecture.md`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models.outbox import Outbox


def post(
    session: Session,
    kind: str,
    *,
    key: str,
    at: datetime,
    run_after: datetime | None = None,
    queue: str = "fast",
    made_by_id: int | None = None,
    **ids: Any,
) -> None:
    """Write one piece of work; a key already written is the same work and is not written again.

    `ids` are numbers and codes, never personal data. Delivered as `HANDLERS[kind](session, **ids)` after the commit.
    """
    if session.scalar(select(Outbox.id).where(Outbox.key == key)) is not None:
        return
    row = Outbox(
        kind=kind,
        queue=queue,
        key=key,
        payload=ids,
        created_at=at,
        run_after=run_after or at,
        made_by_id=made_by_id,
    )
    session.add(row)
    session.flush()
    if row.run_after <= at:
        session.info.setdefault("outbox", []).append((row.id, queue))


def wake(posted: list[tuple[int, str]]) -> None:
    """Tell the workers that these rows are there. Failure is logged and ignored: the sweep finds them."""
    from portal import queue

    queue.wake(posted)
