"""Claim, lease, token, back-off, poison: what makes delivering twice harmless and losing work impossible."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from jobs import outbox as jobs_outbox
from jobs import sweeper
from jobs.outbox import Staged, deliver
from portal import clock as portal_clock
from portal.db import session, transaction
from portal.models.notice import Notice
from portal.models.outbox import Effect, Outbox, OutboxState
from portal.permissions import Role
from portal.services import delivery


def leave_a_mark(current: Any, *, name: str) -> None:
    current.add(Effect(key=name, at=portal_clock.now()))


def marks() -> int:
    session().rollback()
    return session().scalar(select(func.count()).select_from(Effect)) or 0


def expire(number: int) -> None:
    with transaction() as current:
        past = portal_clock.machine_now() - timedelta(seconds=1)
        current.execute(update(Outbox).where(Outbox.id == number).values(lease_until=past))


def claim(number: int, clock: Any, worker: str = "one") -> delivery.Claim | None:
    with transaction() as current:
        return delivery.claim(
            current, number, worker=worker, at=clock.now(), machine_at=portal_clock.machine_now()
        )  # fmt: skip


def test_work_is_done_once_however_often_it_is_delivered(post, row, handler):
    handler("mark", leave_a_mark)
    number = post("mark", name="a")
    assert [deliver(number) for _again in range(5)] == [True, False, False, False, False]
    assert marks() == 1
    assert (row(number).state, row(number).attempt) == (OutboxState.DONE, 1)


def test_eight_workers_at_once_claim_each_work_once(app: Flask, post, clock):
    numbers = [post("mark", key=str(index), name=str(index)) for index in range(10)]
    got: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for number in numbers:
            with app.app_context():
                if claim(number, clock, threading.current_thread().name):
                    got.append(number)

    threads = [threading.Thread(target=work) for _worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == numbers


def test_work_that_is_not_due_waits(post, row, handler, clock):
    handler("mark", leave_a_mark)
    number = post("mark", name="a")
    clock.advance(minutes=-1)
    assert not deliver(number)
    clock.advance(minutes=1)
    assert deliver(number)


def test_a_lease_keeps_others_out_until_it_runs_out(post, row, clock):
    number = post("mark", name="a")
    first = claim(number, clock)
    assert first is not None
    assert claim(number, clock, "two") is None
    expire(number)
    second = claim(number, clock, "two")
    assert second is not None and second.token != first.token
    assert (row(number).crashes, row(number).worker) == (1, "two")


def test_who_lost_the_lease_leaves_no_effect(post, row, handler, clock):
    class Slow(Staged):
        def prepare(self, session: Any, **ids: Any) -> str:
            return "prepared"

        def act(self, prepared: str) -> str:
            expire(number)
            assert claim(number, clock, "another") is not None
            return "acted"

        def finish(self, session: Any, prepared: str, result: str) -> None:
            leave_a_mark(session, name="must not stay")

    handler("slow", Slow())
    number = post("slow")
    deliver(number)
    assert marks() == 0
    assert (row(number).state, row(number).worker) == (OutboxState.LEASED, "another")


def test_the_lease_is_renewed_while_the_work_goes_on(post, row, handler, clock, monkeypatch):
    monkeypatch.setattr(delivery, "RENEW_EVERY_SECONDS", 0.05)
    renewed = threading.Event()
    keep = delivery.renew

    def watch(*given: Any, **named: Any) -> bool:
        kept = keep(*given, **named)
        if threading.current_thread().name == "lease":
            renewed.set()
        return kept

    monkeypatch.setattr(delivery, "renew", watch)

    class Slow(Staged):
        def prepare(self, session: Any, **ids: Any) -> str:
            return "prepared"

        def act(self, prepared: str) -> None:
            assert renewed.wait(5)

        def finish(self, session: Any, prepared: str, result: None) -> None:
            leave_a_mark(session, name="done")

    handler("slow", Slow())
    assert deliver(post("slow"))
    assert marks() == 1


def test_a_failed_try_leaves_nothing_and_comes_back_later(post, row, handler, clock):
    def fail(current: Any, **_ids: Any) -> None:
        leave_a_mark(current, name="half")
        raise RuntimeError("the printer is on fire")

    handler("mark", fail)
    number = post("mark", name="a")
    deliver(number)
    assert marks() == 0
    failed = row(number)
    assert failed.state == OutboxState.PENDING
    assert "the printer is on fire" in failed.last_error
    assert timedelta(seconds=24) <= failed.run_after - clock.now() <= timedelta(seconds=36)
    assert not deliver(number)
    clock.advance(seconds=40)
    handler("mark", leave_a_mark)
    assert deliver(number)
    assert marks() == 1


def test_tries_are_spread_and_end_after_three_days(clock):
    waits = [delivery.pause_before(attempt, 0).total_seconds() for attempt in range(1, 9)]
    assert waits == [30, 120, 600, 1800, 3600, 7200, 7200, 7200]
    for attempt in range(1, 9):
        base = delivery.pause_before(attempt, 0)
        assert all(0.8 * base <= delivery.pause_before(attempt) <= 1.2 * base for _try in range(50))
    whole = sum((delivery.pause_before(n, 0) for n in range(1, delivery.MOST_ATTEMPTS)), timedelta())
    assert timedelta(hours=68) <= whole <= timedelta(hours=72)


def test_work_given_up_alerts_the_managers_once_and_can_be_run_again(post, row, handler, clock, make):
    manager = make.user(Role.MANAGER)
    make.user(Role.SPECIALIST)

    def fail(current: Any, **_ids: Any) -> None:
        raise RuntimeError("no")

    handler("mark", fail)
    number = post("mark", name="a")
    while row(number).state == OutboxState.PENDING:
        clock.advance(hours=3)
        deliver(number)
    assert (row(number).state, row(number).attempt) == (OutboxState.DEAD, 24)  # every 3 h for 72 h
    run_all()
    notices = session().scalars(select(Notice)).all()
    assert [(notice.user_id, notice.level) for notice in notices] == [(manager.id, "OVERDUE")]
    handler("mark", leave_a_mark)
    with transaction() as current:
        assert delivery.rerun(current, number, at=clock.now())
    assert deliver(number)
    with transaction() as current:
        assert not delivery.rerun(current, number, at=clock.now())
    assert marks() == 1


def run_all() -> None:
    """Deliver all that is due."""
    for _round in range(20):
        session().rollback()
        due = session().scalars(
            select(Outbox.id).where(Outbox.state == "PENDING", Outbox.run_after <= portal_clock.now())
        ).all()  # fmt: skip
        if not due:
            return
        for number in due:
            deliver(number)
    raise AssertionError("work that never ends")


def test_three_silent_deaths_park_the_work(post, row, clock, make):
    make.user(Role.MANAGER)
    number = post("mark", name="a")
    for death in (1, 2):
        assert claim(number, clock) is not None
        expire(number)
        sweeper.sweep()
        assert (row(number).state, row(number).crashes) == (OutboxState.PENDING, death)
    assert claim(number, clock) is not None
    expire(number)
    assert claim(number, clock, "a worker must leave the third death to the sweep") is None
    sweeper.sweep()
    assert (row(number).state, row(number).crashes) == (OutboxState.DEAD, 3)
    sweeper.sweep()
    run_all()
    assert session().scalar(select(func.count()).select_from(Notice)) == 1


def test_leases_do_not_run_out_while_the_clock_is_in_doubt(post, row, clock):
    number = post("mark", name="a")
    claim(number, clock)
    expire(number)
    sweeper.sweep(leases=False)
    assert row(number).state == OutboxState.LEASED


def test_what_a_dead_worker_held_is_free_at_once(post, row, clock):
    mine, other = post("mark", key="1", name="1"), post("mark", key="2", name="2")
    claim(mine, clock, "dead")
    claim(other, clock, "alive")
    with transaction() as current:
        delivery.free_abandoned(current, machine_at=portal_clock.machine_now(), holder="dead")
    assert (row(mine).state, row(mine).crashes) == (OutboxState.PENDING, 1)
    assert row(other).state == OutboxState.LEASED


def test_work_given_back_counts_no_try(app: Flask, post, row, clock, monkeypatch):
    number = post("mark", name="a")
    work = claim(number, clock)
    monkeypatch.setattr(jobs_outbox, "_present", work)
    jobs_outbox.give_back_present(app)
    assert (row(number).state, row(number).attempt, row(number).crashes) == (OutboxState.PENDING, 0, 0)


def test_unknown_work_is_kept_and_says_why(post, row):
    number = post("nobody_knows")
    deliver(number)
    assert row(number).state == OutboxState.PENDING
    assert "nobody_knows" in row(number).last_error


def test_the_sweep_wakes_what_is_due_once_a_minute(post, clock, no_queue_store, monkeypatch):
    number = post("mark", name="a")
    no_queue_store.clear()
    sweeper.sweep()
    sweeper.sweep()
    assert no_queue_store == [[(number, "fast")]]
    later = portal_clock.machine_now() + timedelta(seconds=61)
    monkeypatch.setattr(portal_clock, "machine_now", lambda: later)
    sweeper.sweep()
    assert no_queue_store == [[(number, "fast")]] * 2


@pytest.mark.parametrize("sure", ["commit", "rollback"])
def test_work_exists_exactly_when_its_transaction_does(app: Flask, clock, no_queue_store, sure):
    from portal import outbox

    try:
        with transaction() as current:
            outbox.post(current, "mark", key="k", at=clock.now(), name="a")
            if sure == "rollback":
                raise KeyError
    except KeyError:
        pass
    session().rollback()
    count = session().scalar(select(func.count()).select_from(Outbox))
    assert (count, len(no_queue_store)) == ((1, 1) if sure == "commit" else (0, 0))
