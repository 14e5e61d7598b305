"""Who else looks at a record just now: a hint that lives in the queue store for a minute and is missed by nobody.

Nothing depends on it: a change made meanwhile is found by the version of the record. When the store is away there is no
hint, and the page is not kept waiting.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis

from portal import clock, queue, valkey
from portal.config import Config

log = logging.getLogger("portal.presence")

SEEN_FOR = timedelta(seconds=75)
"""Pages say so every thirty seconds while they are looked at."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at a record; `is_editing`: with its form open."""

    name: str
    is_editing: bool


def others(
    config: Config, kind: str, record_id: int, *, user_id: int, name: str, is_editing: bool,
    now: Callable[[], datetime] = clock.machine_now,
) -> list[Visitor]:  # fmt: skip
    """Note that the person is at the record, and give who else is. Empty when the store does not answer."""
    key, at = f"here:{kind}:{record_id}", now()
    said = json.dumps([name, is_editing, at.timestamp()])
    try:
        with queue.quick_client(queue.address(config)).pipeline(transaction=False) as asked:
            asked.hset(key, str(user_id), said)
            asked.expire(key, int(SEEN_FOR.total_seconds()) * 2)
            asked.hgetall(key)
            found = asked.execute()[-1]
    except (redis.RedisError, OSError, valkey.ValkeyError) as error:
        log.info("nobody can be told who is at %s %s: %s", kind, record_id, error)
        return []
    visitors = []
    for member, told in found.items():
        other, editing, seen = json.loads(told)
        if int(member) != user_id and at.timestamp() - seen < SEEN_FOR.total_seconds():
            visitors.append(Visitor(other, editing))
    return sorted(visitors, key=lambda visitor: (not visitor.is_editing, visitor.name))
