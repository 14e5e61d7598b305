"""A file is made once, can be stopped, is not too large, and goes after its time."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from sqlalchemy import func, select

from jobs import exports as job
from jobs import outbox as delivery
from portal.db import transaction
from portal.errors import DomainError
from portal.exporting import reading
from portal.models.customer import Customer
from portal.models.event import Event
from portal.models.export import Export, ExportState
from portal.models.notice import Notice
from portal.models.outbox import Outbox
from portal.permissions import Role
from portal.services import exports
from tests.exports.parts import fetched, many, switch, work


def test_run_twice_it_is_one_file(make, sign_in, session, store, ask):
    make.customer()
    number = ask(sign_in(Role.MANAGER).user, "customers")
    (message,) = session.scalars(select(Outbox.id).where(Outbox.kind == "make_export"))
    assert [delivery.deliver(message), delivery.deliver(message)] == [True, False]
    order = exports.take_up(session, number, at=fetched(number).requested_at)
    assert order is None, "a ready one is not made again"
    assert [kept.sha256 for kept in store.all()] == [fetched(number).sha256]
    assert session.scalar(select(func.count(Event.id)).where(Event.action == "export")) == 1


def test_a_run_that_died_after_keeping_the_file_gives_it_out(make, sign_in, session, store, ask, monkeypatch):
    make.customer()
    number = ask(sign_in(Role.MANAGER).user, "customers", format="CSV")
    with transaction() as writing:
        order = exports.take_up(writing, number, at=fetched(number).requested_at)
    made = job.MakeExport().act(order)
    monkeypatch.setattr(job, "write", lambda *_given: pytest.fail("made again"))
    assert work() == 1
    assert fetched(number).sha256 == made.sha256 and len(list(store.all())) == 1


def test_stopped_in_the_middle_nothing_is_left(sign_in, clock, store, ask, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 100)
    client = sign_in(Role.MANAGER)
    many(300, clock.now())
    number = ask(client.user, "customers", format="CSV")
    told = job._told

    def stopping(order: Any, **values: Any) -> None:
        if values.get("rows_done"):
            with transaction() as writing:
                exports.stop(writing, writing.get_one(Export, number))
        told(order, **values)

    with monkeypatch.context() as patch:
        patch.setattr(job, "_told", stopping)
        assert work() == 1
    assert fetched(number).state == ExportState.STOPPED
    assert list(store.all()) == [] and not list(store.workspace.iterdir())
    assert work() == 0
    assert "已停止" in client.get(f"/records/exports/{number}", status=200).text
    clock.advance(minutes=1)
    client.post(f"/records/exports/{number}/retry", status=303)
    assert work() == 1 and fetched(number).state == ExportState.READY


def test_more_rows_than_the_setting_allows_are_refused_in_a_sentence(sign_in, clock, store, ask):
    client = sign_in(Role.MANAGER)
    many(60, clock.now())
    switch("export_max_rows", 50)
    sent = {"kind": "customers", "filter": "", "columns": ["name"], "format": "CSV"}
    said = client.post("/records/exports/new", sent, status=422).text
    assert "50" in said and "筛选" in said and 'value="name" checked' in said
    switch("export_max_rows", 60)
    number = ask(client.user, "customers")
    many_more(clock.now())
    work()
    export = fetched(number)
    assert export.state == ExportState.FAILED and "60" in exports.error_text(export)
    assert list(store.all()) == []


def many_more(at: Any) -> None:
    with transaction() as writing:
        writing.add(
            Customer(
                number="KH-2026-99999", name="多一", phone="13700000000", phone_tail="0000", source="STORE",
                created_at=at, updated_at=at,
            )
        )  # fmt: skip


def test_three_at_once_and_no_more(make, sign_in, ask):
    user = sign_in(Role.MANAGER).user
    for _number in range(3):
        ask(user, "customers")
    with pytest.raises(DomainError) as error:
        ask(user, "customers")
    assert error.value.status == 429
    work()
    ask(user, "customers")


def test_after_a_week_it_is_gone(make, clock, sign_in, session, store, ask):
    from jobs.upkeep import Cleanup

    make.customer()
    client = sign_in(Role.MANAGER)
    number, young = ask(client.user, "customers", format="CSV"), None
    work()
    kept = fetched(number).sha256
    clock.advance(days=6, hours=23)
    client = sign_in(client.user)
    client.get(f"/records/exports/{number}/file", status=200)
    young = ask(client.user, "branches")
    work()
    clock.advance(hours=2)
    client = sign_in(client.user)
    client.get(f"/records/exports/{number}", status=404)
    client.get(f"/records/exports/{number}/file", status=404)
    for _time in range(2):
        clean = Cleanup()
        with transaction() as writing:
            slot = clean.prepare(writing, schedule="cleanup", slot="2026-05-18")
        gone = clean.act(slot)
        with transaction() as writing:
            clean.finish(writing, slot, gone)
    assert not store.has(kept) and store.has(fetched(young).sha256)
    assert session.scalars(select(Export.id)).all() == [young]
    assert session.scalar(select(func.count(Event.id)).where(Event.action == "export")) == 2, "what was done stays"


def test_content_that_something_else_names_stays(make, clock, sign_in, session, store, ask):
    make.customer()
    user = sign_in(Role.MANAGER).user
    first = ask(user, "customers", columns=("name",), format="CSV")
    work()
    clock.advance(days=5)
    second = ask(user, "customers", columns=("name",), format="CSV")
    work()
    assert fetched(first).sha256 == fetched(second).sha256
    clock.advance(days=3)
    gone = exports.expired(session, at=clock.now())
    assert (gone.ids, gone.contents) == ([first], set())


def test_a_large_one_is_told_of(sign_in, clock, session, ask, monkeypatch):
    monkeypatch.setattr(exports, "TOLD_FROM", 20)
    user = sign_in(Role.MANAGER).user
    many(25, clock.now())
    number = ask(user, "customers")
    work()
    notice = session.scalars(select(Notice).where(Notice.user_id == user.id)).one()
    assert notice.link == f"/records/exports/{number}"


@pytest.mark.sqlite_only
@pytest.mark.parametrize("form", ["XLSX", "CSV"])
def test_memory_does_not_grow_with_the_rows(sign_in, clock, ask, form):
    user = sign_in(Role.MANAGER).user
    many(10_000, clock.now())
    ask(user, "customers", "filter=&q=138000000", format=form)
    peaks = [_peak(work)]
    number = ask(user, "customers", format=form)
    peaks.append(_peak(work))
    assert fetched(number).rows_total == 10_000
    assert peaks[1] < peaks[0] + 6_000_000, peaks


def _peak(act: Any) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
