"""The rows of a file are those of the list, in its order, as of one moment."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from sqlalchemy import func, select

from portal.db import session as current_session
from portal.exporting import reading
from portal.exporting.fields import fields
from portal.files.store import Store
from portal.listing import criteria
from portal.listing.criteria import Asked, Group
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models.customer import Customer
from portal.models.export import Export, ExportState
from portal.permissions import Role
from portal.services import exports
from tests.exports.parts import fetched, ids_of_list, many, rows_of, sheet_of, work


def test_every_list_is_exported_row_by_row_in_its_order(manager, session, clock, store, ask):
    for kind in LISTINGS:
        exported_in_order(kind, manager, session, clock, store, ask)


def exported_in_order(kind: str, user: Any, session: Any, clock: Any, store: Store, ask: Any) -> None:
    key = {"branches": "code", "notices": "what"}.get(kind, "number")
    for query in ({"filter": ""}, {"filter": "overdue"}, {"filter": "", "sort": "-number"}, {"filter": "", "q": "漏"}):
        state = from_args(LISTINGS[kind], query)[0]
        number = ask(user, kind, state.query(), format="CSV", columns=(key,))
        expected = ids_of_list(session, user, kind, query, clock.now())
        assert work() == 1
        export = fetched(number)
        assert export.state == ExportState.READY, (kind, export.error)
        assert [row[0] for row in rows_of(store, export)[1:]] == expected, (kind, query)
        assert export.rows_total == export.rows_done == len(expected)
    assert ids_of_list(session, user, kind, {"filter": ""}, clock.now()), f"{kind}: an empty list proves nothing"


def test_every_column_of_every_list_can_be_taken_out(manager, store, ask):
    for kind in LISTINGS:
        number = ask(manager, kind)
        work()
        heads = [cell.value for cell in sheet_of(store, fetched(number))[1]]
        assert heads == [str(field.label) for field in fields(kind).values()], kind
        assert len(heads) == len(set(heads)), f"{kind}: two columns with one name"


def test_a_list_longer_than_a_chunk_has_no_gap_and_no_double(sign_in, session, clock, store, ask, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 100)
    user = sign_in(Role.MANAGER).user
    many(523, clock.now())
    expected = ids_of_list(session, user, "customers", {"filter": "", "sort": "name"}, clock.now())
    number = ask(user, "customers", "filter=&sort=name", format="CSV", columns=("number",))
    work()
    assert [row[0] for row in rows_of(store, fetched(number))[1:]] == expected
    assert len(set(expected)) == 523


def test_the_file_is_of_one_moment(sign_in, clock, store, ask, monkeypatch):
    """Rows that come and go while it is written are not seen: all of it is as it was at the first question."""
    monkeypatch.setattr(reading, "CHUNK", 100)
    user = sign_in(Role.MANAGER).user
    many(300, clock.now())
    number = ask(user, "customers", "filter=&sort=number", format="CSV", columns=("number", "name"))
    told = exports.progress

    def meanwhile(session: Any, export_id: int, **values: Any) -> bool:
        if values.get("rows_done") == 160:
            at = clock.now()
            session.add(
                Customer(
                    number="KH-2026-00250A", name="新客户", phone="13900000000", phone_tail="0000", source="STORE",
                    created_at=at, updated_at=at,
                )
            )  # fmt: skip
            session.scalars(select(Customer).where(Customer.number == "KH-2026-00299")).one().name = "改名"
        return told(session, export_id, **values)

    monkeypatch.setattr(exports, "progress", meanwhile)
    work()
    export = fetched(number)
    assert export.state == ExportState.READY
    said = rows_of(store, export)
    assert len(said) == 301 and "改名" not in str(said)
    assert current_session().scalar(select(func.count(Customer.id))) == 301, "it was written meanwhile"


def test_conditions_of_one_s_own_come_along(make, sign_in, session, clock, store):
    client = sign_in(Role.MANAGER)
    make.customer(name="赵敏", grade="A")
    make.customer(name="钱多", grade="B")
    where = criteria.write(Group("any", (Asked("grade", "is", ("A",)),)))
    form = client.get(
        "/records/exports/new", query={"kind": "customers", "filter": "", "where": where}, status=200
    ).text  # fmt: skip
    hidden = {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    }  # fmt: skip
    assert hidden["where"] == where
    client.post("/records/exports/new", hidden | {"columns": "name", "format": "CSV"}, status=303)
    work()
    export = session.scalars(select(Export)).one()
    assert rows_of(store, export)[1:] == [["赵敏"]] and "A" in export.words
