"""What stands in the cells: typed, harmless, as the lists say it, phones masked."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.errors import Invalid
from portal.exporting import reading
from portal.exporting.fields import fields
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from portal.models.event import Event
from portal.models.task import Task
from portal.permissions import Role
from portal.services.exports import presets
from tests.exports.parts import complaint_with_clocks, fetched, rows_of, sheet_of, work

FORMULAS = ("=1+1", "+86 138", "-2", "@SUM(A1)", "\tx", "＝1", "=cmd|' /C calc'!A0")


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


def test_no_text_ever_calculates(make, sign_in, store, ask):
    for text in FORMULAS:
        make.customer(name=text, remarks=text)
    user = sign_in(Role.MANAGER).user
    numbers = [ask(user, "customers", "filter=&sort=number", format=each) for each in ("XLSX", "CSV")]
    work()
    book = sheet_of(store, fetched(numbers[0]))
    told = [
        (book.cell(row, 1).value, book.cell(row, 1).data_type, book.cell(row, 1).number_format)
        for row in range(2, book.max_row + 1)
    ]
    assert told == [(text, "s", "@") for text in FORMULAS]
    assert all(cell.data_type != "f" and cell.hyperlink is None for row in book.iter_rows() for cell in row)
    content = store.read(fetched(numbers[1]).sha256)
    assert content.startswith(b"\xef\xbb\xbf")
    assert [row[0] for row in rows_of(store, fetched(numbers[1]))[1:]] == [f"'{text}" for text in FORMULAS]


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
