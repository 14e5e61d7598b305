"""The door to RQ. A wake-up carries one number: the row of the outbox. Losing it costs seconds, never work."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache

import redis
from flask import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from portal import faults, valkey
from portal.config import Config

log = logging.getLogger("portal.queue")

DELIVER = "jobs.outbox.deliver"
"""The only function that workers carry out."""
QUEUES = ("fast", "pdf")
TIMEOUT_SECONDS = 0.1
"""Per answer of the queue store; a request meets at most two of them."""
REST_SECONDS = 5.0
"""After a failure nobody asks the queue store for so long; the sweep and the workers find the work anyway."""
TTL_SECONDS = 600
MOST_AT_ONCE = 20
"""Wake-ups per transaction: a woken worker takes everything that is due, not only the number it was told."""

_resting_until = 0.0
_lock = threading.Lock()


def address(config: Config) -> str:
    """Where the queue store answers: PORTAL_REDIS_URL, else the embedded Valkey of the data folder."""
    return config.redis_url or valkey.url(config.home)


def client(url: str, *, timeout_seconds: float) -> redis.Redis:
    """A client that fails at once instead of trying again: whoever asks has better things to do."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


@cache
def quick_client(url: str) -> redis.Redis:
    """A client kept per process, for requests: it answers within TIMEOUT_SECONDS or fails."""
    return client(url, timeout_seconds=TIMEOUT_SECONDS)


def wake(posted: list[tuple[int, str]]) -> None:
    """Tell the workers of outbox rows: (number, queue) pairs. Takes 200 ms at most; failure is logged and ignored."""
    global _resting_until
    faults.reach("K3")
    if time.monotonic() < _resting_until:
        return
    try:
        push(quick_client(address(current_app.config["PORTAL"])), posted[:MOST_AT_ONCE])
    except (redis.RedisError, OSError, valkey.ValkeyError) as error:
        with _lock:
            _resting_until = time.monotonic() + REST_SECONDS
        log.warning("the queue store was not told of %d pieces of work: %s", len(posted), error)
    faults.reach("K4")


def push(connection: redis.Redis, posted: list[tuple[int, str]]) -> None:
    """Put wake-ups on their queues, all in one exchange. Raises RedisError."""
    with connection.pipeline(transaction=False) as pipeline:
        for number, name in posted:
            queue = Queue(name, connection=connection, serializer=JSONSerializer)
            queue.redis_server_version = (7, 2, 0)  # the oldest we support; asking would be another exchange
            queue.enqueue_call(
                DELIVER,
                args=(number,),
                ttl=TTL_SECONDS,
                result_ttl=0,
                failure_ttl=TTL_SECONDS,
                description=f"outbox {number}",
                pipeline=pipeline,
            )
        pipeline.execute()


def take_up_again() -> None:
    """Forget that the queue store failed a moment ago (tests, and a scheduler that sees it answer)."""
    global _resting_until
    _resting_until = 0.0
