"""What the tests of delivery share: writing work, looking at it, a kind of work of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from jobs import outbox as jobs_outbox
from portal import outbox
from portal import queue as portal_queue
from portal.db import session, transaction
from portal.models.outbox import Outbox
from tests.smtp import Sink, serving


@pytest.fixture(autouse=True)
def no_queue_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[tuple[int, str]]]]:
    """Wake-ups are noted instead of sent; tests of the queue store itself bring their own."""
    woken: list[list[tuple[int, str]]] = []
    monkeypatch.setattr(portal_queue, "wake", woken.append)
    yield woken


@pytest.fixture
def post(app: Flask, clock: Any) -> Callable[..., int]:
    """`post("kind", key="k", task_id=3)`: write work and give its number."""

    def write(kind: str, *, key: str = "", **ids: Any) -> int:
        with transaction() as current:
            outbox.post(current, kind, key=key or f"{kind}:{ids}", at=clock.now(), **ids)
        found = session().scalars(select(Outbox.id).order_by(Outbox.id.desc()).limit(1)).one()
        session().rollback()
        return found

    return write


@pytest.fixture
def row(app: Flask) -> Callable[[int], Outbox]:
    """The outbox row as it stands now."""

    def read(number: int) -> Outbox:
        session().rollback()
        return session().get_one(Outbox, number, populate_existing=True)

    return read


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """`handler("kind", function_or_staged)`: a kind of work for this test alone."""

    def know(kind: str, what: Any) -> None:
        monkeypatch.setitem(jobs_outbox.handlers(), kind, what)

    return know


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server of this test."""
    with serving() as kept:
        yield kept
