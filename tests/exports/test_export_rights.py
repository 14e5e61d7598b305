"""Who takes lists out, and who has the file."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.db import session as current_session
from portal.errors import Invalid, NotPermitted
from portal.models.event import Event, EventKind
from portal.models.export import ExportState
from portal.permissions import Role
from tests.exports.parts import fetched, rows_of, switch, work


def test_specialists_export_what_they_see_once_the_manager_says_so(make, sign_in, clock, store, ask):
    branch, other = make.branch(), make.branch()
    make.customer(name="本店", branch_id=branch.id)
    make.customer(name="别店", branch_id=other.id)
    client = sign_in(Role.SPECIALIST, branch_id=branch.id)
    with pytest.raises(NotPermitted):
        ask(client.user, "customers")
    client.get("/records/exports/new?kind=customers", status=403)
    switch("export_specialists", True)
    client.get("/records/exports/new?kind=customers", status=200)
    with pytest.raises(Invalid):
        ask(client.user, "customers", full_phones=True, purpose="问候")
    number = ask(client.user, "customers", columns=("name",), format="CSV")
    work()
    assert [row[0] for row in rows_of(store, fetched(number))[1:]] == ["本店"]


def test_nobody_else_exports(make, sign_in, ask):
    switch("export_specialists", True)
    for role in (Role.FRONT_DESK, Role.REVIEWER, Role.REPAIR_CAPTAIN):
        client = sign_in(role)
        client.get("/records/exports", status=403)
        client.get("/records/exports/new?kind=customers", status=403)
        client.post("/records/exports/new", {"kind": "customers", "columns": "name", "format": "CSV"}, status=403)
        with pytest.raises(NotPermitted):
            ask(client.user, "customers")
        assert "/records/exports" not in client.get("/records/customers", status=200).text


def test_only_who_asked_and_managers_have_the_file(make, sign_in, ask):
    switch("export_specialists", True)
    branch, other = make.branch(), make.branch()
    asker = sign_in(Role.SPECIALIST, branch_id=branch.id)
    number = ask(asker.user, "customers", format="CSV")
    work()
    path = f"/records/exports/{number}"
    colleague = sign_in(Role.SPECIALIST, branch_id=branch.id)
    stranger = sign_in(Role.MANAGER, branch_id=other.id)
    for page in ("", "/file", "/progress"):
        colleague.get(path + page, status=404)
        stranger.get(path + page, status=404)
    for act in ("stop", "retry"):
        colleague.post(f"{path}/{act}", status=404)
    assert asker.get(f"{path}/file", status=200).data.startswith(b"\xef\xbb\xbf")
    sign_in(Role.MANAGER, branch_id=branch.id).get(f"{path}/file", status=200)
    answer = sign_in(Role.MANAGER).get(f"{path}/file", status=200)
    assert (
        "attachment" in answer.headers["Content-Disposition"] and answer.headers["X-Content-Type-Options"] == "nosniff"
    )
    taken = current_session().scalars(select(Event).where(Event.action == "export-taken")).all()
    assert len(taken) == 3 and {event.kind for event in taken} == {EventKind.EXPORT}


def test_who_lost_the_right_meanwhile_gets_nothing(make, sign_in, store, ask):
    switch("export_specialists", True)
    user = sign_in(Role.SPECIALIST).user
    number = ask(user, "customers")
    switch("export_specialists", False)
    work()
    export = fetched(number)
    assert (export.state, export.sha256) == (ExportState.FAILED, None)
    assert list(store.all()) == []


def test_each_export_is_an_event(make, clock, sign_in, session, ask, store):
    make.customer()
    user = sign_in(Role.MANAGER).user
    number = ask(user, "customers", "filter=mine&q=%E5%BC%A0", words="客户 · 我的 · “张”", columns=("name", "number"))
    work()
    event = session.scalars(select(Event).where(Event.kind == EventKind.EXPORT)).one()
    export = fetched(number)
    assert event.actor_id == user.id and event.data["list"] == "customers"
    assert event.data["filter"] == "客户 · 我的 · “张”" and event.data["rows"] == export.rows_total
    assert event.data["sha256"] == export.sha256 and store.verify(export.sha256)
    shown = sign_in(Role.MANAGER).get("/manager/audit", query={"kind": "EXPORT"}, status=200).text
    assert "客户 · 我的" in shown
