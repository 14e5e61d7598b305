"""Lists as files: the rows of the list in its order, typed, harmless, logged, for those who may, gone in time."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from jobs import exports as job
from jobs import outbox as delivery
from portal import settings
from portal.db import session as current_session
from portal.db import transaction
from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.exporting import reading
from portal.exporting.fields import fields, plain
from portal.files.store import Store
from portal.listing import criteria, engine
from portal.listing.criteria import Asked, Group
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Quotation
from portal.models.customer import Customer
from portal.models.event import Event, EventKind
from portal.models.export import Export, ExportPreset, ExportState
from portal.models.notice import Notice
from portal.models.outbox import Outbox, OutboxState
from portal.models.setting import SettingValue
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes import consultation, escalation
from portal.services import exports
from portal.services.exports import Wanted, presets
from tests.listing.rows import after_the_works, before_the_contract, before_the_customer, of_the_house

FORMULAS = ("=1+1", "+86 138", "-2", "@SUM(A1)", "\tx", "＝1", "=cmd|' /C calc'!A0")


@pytest.fixture
def store(app: Any) -> Store:
    return Store.of(app.config["PORTAL"])


@pytest.fixture
def ask(clock: Any) -> Any:
    """`ask(user, "customers", "filter=mine", format="CSV")`: an export that waits for the worker; gives its number."""

    def request(user: Any, kind: str, query: str = "filter=", **more: Any) -> int:
        from urllib.parse import parse_qsl

        listing = LISTINGS[kind]
        state, _problems = from_args(listing, dict(parse_qsl(query, keep_blank_values=True)))
        given = {"columns": tuple(fields(kind)), "format": "XLSX", "words": str(listing.title)} | more
        with transaction() as writing:
            wanted = Wanted(listing=listing, state=state, **given)
            actor = writing.merge(user)
            return exports.begin(writing, wanted, actor=actor, locale="zh_Hans", at=clock.now()).id

    return request


def work() -> int:
    """Deliver what waits for the pdf worker; how many pieces of work that was."""
    waiting = select(Outbox.id).where(Outbox.queue == "pdf", Outbox.state == OutboxState.PENDING)
    ids = list(current_session().scalars(waiting))
    current_session().rollback()
    return sum(delivery.deliver(number) for number in ids)


def fetched(export_id: int) -> Export:
    current_session().rollback()
    found = current_session().get_one(Export, export_id)
    current_session().refresh(found)
    return found


def sheet_of(store: Store, export: Export) -> Any:
    return openpyxl.load_workbook(io.BytesIO(store.read(export.sha256))).worksheets[0]


def rows_of(store: Store, export: Export) -> list[list[str]]:
    return list(csv.reader(io.StringIO(store.read(export.sha256).decode("utf-8-sig"), newline="")))


def switch(key: str, value: Any) -> None:
    with transaction() as writing:
        writing.merge(SettingValue(key=key, value=value, updated_at=datetime.now(UTC)))
        settings.forget(writing)


def many(count: int, at: Any) -> None:
    with transaction() as writing:
        writing.add_all(
            Customer(
                number=f"KH-2026-{number:05d}", name=f"张{number % 7}", phone=f"138{number:08d}",
                phone_tail=f"{number % 10_000:04d}", source="STORE", created_at=at, updated_at=at,
            )
            for number in range(1, count + 1)
        )  # fmt: skip


@pytest.fixture
def world(make: Any, clock: Any) -> Any:
    """Some of every kind."""
    owner, at = make.user(Role.SPECIALIST), clock.now()
    kept = {"created_at": at, "updated_at": at}
    for number in range(1, 6):
        project = make.project()
        contract, crew = make.contract(project), make.crew()
        before_the_contract(number, project.customer, at, kept, make)
        before_the_customer(number, owner, project.customer, project, make, at, kept)
        after_the_works(number, owner, project.customer, project, contract, crew, at, kept)
        make.branch()
        hours = (-3, 2, 50, -1, None)[number - 1]
        complaint_id = complaint_with_clocks(make, clock, owner, number=number, hours=hours)
        customer = make.customer(phone2="13899990000")
        with transaction() as writing:
            quotation = {
                "title": "报价",
                "amount": Decimal("1000.50"),
                "quoted_on": at.date(),
                "customer_id": customer.id,
            }
            contact = {"channel": "PHONE", "kind": "CONSULT", "occurred_at": at, "name": "罗", "phone": customer.phone}
            escalated = {"complaint_id": complaint_id, "submitted_at": at, "why": next(iter(escalation.Ground)).value}
            said = dict.fromkeys(("cause", "process_so_far", "customer_demand"), "话")
            first = {"state": next(iter(consultation.State)).value, "question": "多少钱"}
            writing.add(Quotation(number=f"BJ-{number}", **quotation, **kept))
            writing.add(Consultation(number=f"ZX-{number}", **contact, **first, **kept))
            writing.add(Escalation(number=f"SJ-{number}", state="SUBMITTED", **escalated, **said, **kept))
    return owner


@pytest.fixture
def manager(world: Any, sign_in: Any, clock: Any) -> Any:
    """Who takes lists out, with notices, forms, exports and imports of the own."""
    user = sign_in(Role.MANAGER).user
    of_the_house(user, 1, clock.now())
    return user


def complaint_with_clocks(make: Any, clock: Any, owner: Any, *, number: int, hours: float | None, **more: Any) -> int:
    at, customer = clock.now(), make.customer()
    with transaction() as writing:
        given = {
            "state": "REGISTERED", "received_at": at, "channel": "PHONE", "owner_id": owner.id, "subject": "漏水",
            "complainant": customer.name, "phone": customer.phone, "customer_id": customer.id, "phase": "IN_SALE",
            "category": "QUALITY", "content": "漏水", "demand": "修好", "created_at": at, "updated_at": at,
        }  # fmt: skip
        complaint = Complaint(number=f"TS-2026-{number:04d}", **given | more)
        writing.add(complaint)
        writing.flush()
        common = {
            "kind": "DEADLINE", "title": "Department signs for the complaint", "record_kind": "complaints",
            "record_id": complaint.id, "record_number": complaint.number, "person_id": owner.id,
        }  # fmt: skip
        start = at - timedelta(days=2)
        done = Task(
            code="DL-10", started_at=start, due_at=start + timedelta(hours=3), outcome="DONE",
            closed_at=start + timedelta(hours=4, minutes=5), **common,
        )  # fmt: skip
        writing.add(done)
        writing.flush()
        writing.add(
            DeadlineBreach(
                task_id=done.id, code="DL-10", record_kind="complaints", record_id=complaint.id,
                record_number=complaint.number, due_at=done.due_at, found_at=at,
            )
        )  # fmt: skip
        if hours is not None:
            writing.add(Task(code="DL-11", started_at=at, due_at=at + timedelta(hours=hours), **common))
        return complaint.id


# ---------- The rows of the list ----------


def ids_of_list(session: Any, user: Any, kind: str, query: dict[str, str], at: Any) -> list[str]:
    listing = LISTINGS[kind]
    state: State | None = from_args(listing, query)[0]
    found: list[str] = []
    while state is not None:
        page = engine.page(session, user, listing, state, at=at)
        found += [plain(row.cells[0]) if kind == "notices" else row.number for row in page.rows]
        state = page.next
    return found


@pytest.mark.parametrize("kind", list(LISTINGS))
def test_every_list_is_exported_row_by_row_in_its_order(manager, session, clock, store, ask, kind):
    user = manager
    key = {"branches": "code", "notices": "what"}.get(kind, "number")
    for query in ({"filter": ""}, {"filter": "overdue"}, {"filter": "", "sort": "-number"}, {"filter": "", "q": "漏"}):
        state = from_args(LISTINGS[kind], query)[0]
        number = ask(user, kind, state.query(), format="CSV", columns=(key,))
        expected = ids_of_list(session, user, kind, query, clock.now())
        assert work() == 1
        export = fetched(number)
        assert export.state == ExportState.READY, export.error
        assert [row[0] for row in rows_of(store, export)[1:]] == expected, query
        assert export.rows_total == export.rows_done == len(expected)
    assert ids_of_list(session, user, kind, {"filter": ""}, clock.now()), "an empty list proves nothing"


@pytest.mark.parametrize("kind", list(LISTINGS))
def test_every_column_of_every_list_can_be_taken_out(manager, store, ask, kind):
    number = ask(manager, kind)
    work()
    sheet = sheet_of(store, fetched(number))
    heads = [cell.value for cell in sheet[1]]
    assert heads == [str(field.label) for field in fields(kind).values()]
    assert len(heads) == len(set(heads)), "two columns with one name"


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


# ---------- What stands in the cells ----------


def test_values_keep_their_types(make, sign_in, store, ask):
    make.contract(number="HT-2026-0001")
    number = ask(sign_in(Role.MANAGER).user, "contracts")
    work()
    sheet = sheet_of(store, fetched(number))
    cells = dict(zip((cell.value for cell in sheet[1]), sheet[2], strict=True))
    amount, signed = cells["金额（元）"], cells["签订日期"]
    assert isinstance(amount.value, int | float) and amount.number_format == "#,##0.00"
    assert signed.value is None or (isinstance(signed.value, datetime) and signed.number_format == "yyyy-mm-dd")
    assert cells["合同编号"].value == "HT-2026-0001" and cells["合同编号"].data_type == "s"


def test_moments_stand_as_the_company_s_clocks_showed_them(make, clock, sign_in, store, ask):
    clock.set("2026-05-11 23:30")
    make.customer()
    user = sign_in(Role.MANAGER).user
    numbers = [ask(user, "customers", columns=("created",), format=each) for each in ("XLSX", "CSV")]
    work()
    cell = sheet_of(store, fetched(numbers[0]))["A2"]
    assert (cell.value, cell.number_format) == (datetime(2026, 5, 11, 23, 30), "yyyy-mm-dd hh:mm")
    assert rows_of(store, fetched(numbers[1]))[1] == ["2026-05-11 23:30"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_ever_calculates(make, sign_in, store, ask, text):
    make.customer(name=text, remarks=text)
    user = sign_in(Role.MANAGER).user
    numbers = [ask(user, "customers", format=each) for each in ("XLSX", "CSV")]
    work()
    book = sheet_of(store, fetched(numbers[0]))
    assert (book["A2"].value, book["A2"].data_type, book["A2"].number_format) == (text, "s", "@")
    assert all(cell.data_type != "f" and cell.hyperlink is None for row in book.iter_rows() for cell in row)
    content = store.read(fetched(numbers[1]).sha256)
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows_of(store, fetched(numbers[1]))[1][0] == f"'{text}"


def test_a_negative_amount_is_a_number_not_a_text(make, sign_in, store, ask):
    make.crew(retention_balance=Decimal("-12.50"))
    number = ask(sign_in(Role.MANAGER).user, "crews", columns=("retention",), format="CSV")
    work()
    assert rows_of(store, fetched(number))[1] == ["-12.50"]


def test_clock_columns_say_what_the_chips_say(make, clock, sign_in, store, ask):
    owner = make.user(Role.SPECIALIST, name="周晓雯")
    complaint_with_clocks(make, clock, owner, number=1, hours=-3)
    complaint_with_clocks(make, clock, owner, number=2, hours=2)
    complaint_with_clocks(make, clock, owner, number=3, hours=None)
    columns = tuple(key for key in fields("complaints") if key == "number" or key.startswith("clock."))
    number = ask(sign_in(Role.MANAGER).user, "complaints", "filter=&sort=number", columns=columns)
    clock.advance(minutes=30)
    work()
    clock.advance(days=3)
    said = [[cell.value for cell in row] for row in sheet_of(store, fetched(number)).iter_rows(min_row=2)]
    late = {row[0]: (row[1], row[4] is None, row[5], row[6], row[7]) for row in said}
    assert late == {
        "TS-2026-0001": ("DL-11", True, 210, "周晓雯", 1),
        "TS-2026-0002": ("DL-11", True, 0, "周晓雯", 1),
        "TS-2026-0003": ("DL-10", False, 65, "周晓雯", 1),
    }


def ran(
    record: tuple[str, int], code: str, start: datetime, due: float | None, closed: float | None, end: str = "DONE"
) -> None:
    """A clock that ran on a record: hours from its start to the limit and to its end."""
    hours = {
        name: None if given is None else start + timedelta(hours=given)
        for name, given in (("due", due), ("closed", closed))
    }
    with transaction() as writing:
        writing.add(
            Task(
                kind="DEADLINE", title="Hand over and have the head sign", record_kind=record[0], record_id=record[1],
                record_number="TS", code=code, started_at=start, due_at=hours["due"], closed_at=hours["closed"],
                outcome=end if closed is not None else None,
            )
        )  # fmt: skip


def test_each_deadline_has_its_columns_of_the_last_round(make, clock, sign_in, session, store, ask):
    """Against tasks written by hand: due, met, late by, outcome, rounds, for each clock of the process by itself."""
    owner, at = make.user(Role.SPECIALIST), clock.now()
    once = ("complaints", complaint_with_clocks(make, clock, owner, number=1, hours=None))
    twice = ("complaints", complaint_with_clocks(make, clock, owner, number=2, hours=5))
    never = ("complaints", complaint_with_clocks(make, clock, owner, number=3, hours=None))
    ran(twice, "DL-10", at - timedelta(hours=6), 4, 2)  # the second round, after the one that was late
    ran(once, "DL-13", at - timedelta(hours=9), 3, None)  # still late
    ran(once, "DL-12", at - timedelta(hours=9), 3, 1, "CANCELLED")
    ran(never, "DL-12", at - timedelta(hours=1), None, None)
    ran(("consultations", never[1]), "DL-13", at, 1, 2)  # of another record with the same number inside
    codes = [each.code for each in Complaint.PROCESS.deadlines]
    assert {"DL-10", "DL-11", "DL-12", "DL-13"} <= set(codes)
    columns = ("number", *(key for key in fields("complaints") if key.startswith("limit.")))
    assert set(columns) <= set(presets.built_in("complaints")["limits"][1])
    number = ask(sign_in(Role.MANAGER).user, "complaints", "filter=&sort=number", columns=columns)
    work()
    sheet = sheet_of(store, fetched(number))
    heads = [cell.value for cell in sheet[1]]
    assert len(heads) == 1 + 5 * len(codes) and all(any(code in head for code in codes) for head in heads[1:])
    rows = {
        row[0].value: dict(zip(columns, (cell.value for cell in row), strict=True))
        for row in sheet.iter_rows(min_row=2)
    }

    def said(number: int, code: str) -> tuple[Any, ...]:
        row = rows[f"TS-2026-{number:04d}"]
        return tuple(row[f"limit.{code}.{part}"] for part in ("due", "met", "late", "stands", "rounds"))

    def wall(hours: float) -> datetime:
        return datetime(2026, 5, 11, 10) + timedelta(hours=hours)

    assert said(1, "DL-10") == (wall(-45), wall(-44) + timedelta(minutes=5), 65, "逾期完成", 1)
    assert said(2, "DL-10") == (wall(-2), wall(-4), 0, "按时完成", 2)
    assert said(2, "DL-11") == (wall(5), None, 0, "进行中", 1)
    assert said(1, "DL-13") == (wall(-6), None, 360, "已逾期", 1)
    assert said(1, "DL-12") == (wall(-6), None, None, "不再需要", 1)
    assert said(3, "DL-12") == (None, None, None, "无时限", 1)
    assert said(3, "DL-13") == (None, None, None, None, None)


def test_the_columns_of_deadlines_cost_one_question_for_a_thousand_rows(world, session, clock, queries):
    listing = LISTINGS["complaints"]
    user, every = world, list(fields("complaints").values())
    plain_ones = [each for each in every if each.group == "list"]
    asked = {}
    for wanted in (plain_ones, plain_ones + [each for each in every if each.group == "limit"]):
        list(reading.lines(session, user, listing, State(), wanted, at=clock.now()))
        with queries() as seen:
            list(reading.lines(session, user, listing, State(), wanted, at=clock.now()))
        asked[len(wanted)] = len(seen)
    assert max(asked.values()) == min(asked.values()) + 1, asked


def test_phones_are_masked_unless_somebody_may_and_says_why(make, sign_in, session, store, ask):
    make.customer(phone="13812345678")
    manager = sign_in(Role.MANAGER).user
    masked = ask(manager, "customers", columns=("phone", "phone2"), format="CSV")
    with pytest.raises(Invalid) as error:
        ask(manager, "customers", full_phones=True)
    assert set(error.value.fields) == {"purpose"}
    full = ask(manager, "customers", columns=("phone",), format="CSV", full_phones=True, purpose="节日问候")
    work()
    assert rows_of(store, fetched(masked))[1] == ["138****5678", ""]
    assert rows_of(store, fetched(full))[1] == ["13812345678"]
    first, second = session.scalars(select(Event).where(Event.action == "export").order_by(Event.id))
    assert (first.data["full_phones"], second.data["full_phones"]) == (False, True)
    assert second.data["purpose"] == "节日问候" and "完整电话" in second.data["name"]


def test_no_column_shows_a_phone_that_its_list_masks(world, make, sign_in, session, store, ask):
    """Whatever column is added: with masking on, no full number of a customer, party or crew is in any file."""
    user = sign_in(Role.MANAGER).user
    phones = {phone for phone in session.scalars(select(Customer.phone))}
    assert phones
    for kind in LISTINGS:
        number = ask(user, kind, format="CSV")
        work()
        said = store.read(fetched(number).sha256).decode()
        assert not [phone for phone in phones if phone in said], kind


# ---------- Rights ----------


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


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.REVIEWER, Role.REPAIR_CAPTAIN])
def test_nobody_else_exports(make, sign_in, ask, role):
    switch("export_specialists", True)
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


# ---------- Once, stopped, too many, gone ----------


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


# ---------- Pages ----------


def test_from_the_list_to_the_file(make, sign_in, clock, store):
    client = sign_in(Role.MANAGER)
    make.customer(name="赵敏", owner_id=client.user.id)
    make.customer(name="钱多")
    shown = client.get("/records/customers", query={"filter": "mine"}, status=200).text
    link = re.search(r'href="(/records/exports/new[^"]*)"', shown).group(1).replace("&amp;", "&")
    form = client.get(link, status=200).text
    assert "我的" in form
    key = re.search(r'name="client_key" value="([^"]+)"', form).group(1)
    sent = {
        "kind": "customers", "filter": "mine", "q": "", "sort": "", "client_key": key, "format": "CSV",
        "columns": ["name", "phone"],
    }  # fmt: skip
    answer = client.post("/records/exports/new", sent, status=303)
    assert client.post("/records/exports/new", sent, status=303).location == answer.location, "sent twice, made once"
    other = client.post("/records/exports/new", sent | {"columns": ["name"]}, status=303).location
    assert other != answer.location, "gone back and chosen otherwise: another file"
    client.post(f"{other}/stop", status=303)
    path = answer.location
    assert "hx-get" in client.get(path, status=200).text
    client.get(f"{path}/progress", status=200)
    client.get(f"{path}/file", status=404)
    work()
    assert client.get(f"{path}/progress", htmx=True, status=204).headers["HX-Redirect"] == path
    assert f"{path}/file" in client.get(path, status=200).text
    taken = client.get(f"{path}/file", status=200)
    assert taken.data.decode("utf-8-sig").splitlines()[1].startswith("赵敏,") and "钱多" not in taken.data.decode()
    assert path in client.get("/records/exports", status=200).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": []},
        {"columns": ["nonsense"]},
        {"format": "EXE"},
        {"full_phones": "1"},
        {"filter": "nonsense", "columns": []},
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(make, sign_in, session, wrong):
    client = sign_in(Role.MANAGER)
    sent = {"kind": "customers", "filter": "mine", "columns": ["name"], "format": "CSV", "purpose": ""} | wrong
    said = client.post("/records/exports/new", sent | {"preset_name": "周报"}, status=422).text
    assert 'role="alert"' in said and 'value="周报"' in said
    assert session.scalar(select(func.count(Export.id))) == 0
    client.post("/records/exports/new", sent | {"kind": "nonsense"}, status=404)


def test_sets_of_columns_are_saved_shared_and_taken_away(make, sign_in, session):
    switch("export_specialists", True)
    manager, specialist = sign_in(Role.MANAGER), sign_in(Role.SPECIALIST)
    sent = {"kind": "customers", "filter": "", "format": "CSV", "columns": ["number", "grade"], "save": "1"}
    place = manager.post(
        "/records/exports/new", sent | {"preset_name": "=周报", "shared": "1"}, status=303
    ).location  # fmt: skip
    assert re.findall(r'value="(\w+)" checked', manager.get(place, status=200).text)[:2] == ["number", "grade"]
    specialist.post("/records/exports/new", sent | {"preset_name": "我的"}, status=303)
    specialist.post("/records/exports/new", sent | {"preset_name": "共享", "shared": "1"}, status=403)
    specialist.post("/records/exports/new", sent | {"preset_name": ""}, status=422)
    shared, own = session.scalars(select(ExportPreset).order_by(ExportPreset.id))
    assert "=周报" in specialist.get("/records/exports/new?kind=customers", status=200).text
    assert "我的</" not in manager.get(place, status=200).text.split("export-sets")[1].split("</nav>")[0]
    specialist.post(f"/records/exports/presets/{shared.id}/delete", status=403)
    manager.post(f"/records/exports/presets/{own.id}/delete", status=404)
    specialist.post(f"/records/exports/presets/{own.id}/delete", status=303)
    assert session.scalars(select(ExportPreset.id)).all() == [shared.id]


def test_an_expired_or_foreign_number_answers_alike(sign_in):
    client = sign_in(Role.MANAGER)
    for path in ("/records/exports/99999", "/records/exports/99999/file", "/records/exports/99999/progress"):
        client.get(path, status=404)
    with pytest.raises(NotFound):
        exports.find(current_session(), client.user, 99999, at=datetime.now().astimezone())


def test_a_worker_that_never_lives_gives_up_in_words(make, sign_in, session, ask):
    make.customer()
    client = sign_in(Role.MANAGER)
    number = ask(client.user, "customers")
    with transaction() as writing:
        job.HANDLERS["make_export"].gave_up(writing, "died", export_id=number)
    assert fetched(number).state == ExportState.FAILED
    assert "文件未能生成" in client.get(f"/records/exports/{number}", status=200).text
