"""The pivot of a list: its figures are those of the list, its totals those of the rows, its URLs never break it."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from portal.listing import analysis, criteria, engine, groups, pivot
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.models.event import Event, EventKind
from portal.permissions import Role
from tests.listing import rows as listing_rows

AT = datetime(2026, 10, 15, 1, 0, tzinfo=UTC)
CONTRACTS = (
    ("SIGNED", date(2026, 9, 30), "100000.50", "90000"),
    ("SIGNED", date(2026, 10, 1), "168000.25", "150000"),
    ("SIGNED", date(2026, 10, 9), "31999.99", "0.01"),
    ("NEGOTIATING", None, "1", "1"),
    ("NEGOTIATING", date(2026, 10, 9), "0.10", "0.20"),
)


@pytest.fixture
def manager(make):
    for state, signed_on, amount, value in CONTRACTS:
        make.contract(state=state, signed_on=signed_on, amount=Decimal(amount), output_value=Decimal(value))
    return make.user(Role.MANAGER)


def made(session, user, kind, at=AT, rows_only=None, **options):
    listing = LISTINGS[kind]
    state = rows_only or State()
    state = State(state.q, state.filters, where=state.where, view="pivot", options=tuple(sorted(options.items())))
    layout, problems = analysis.read(listing, state)
    found = pivot.make(session, user, listing, state, layout, at=at)
    return found, [*problems, *found.problems]


def count(session, user, state, kind, at=AT):
    return engine.count_state(session, user, LISTINGS[kind], state, at=at)


def sides_of(listing):
    keys = [each.key for each in groups.groupings(listing)]
    half = max(1, len(keys) // 2)
    return ",".join(keys[:half][-2:]), ",".join(keys[half:][:2]) or analysis.NONE


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_cell_counts_the_rows_its_click_opens(session, sample, kind):
    listing, manager = LISTINGS[kind], sample.manager
    rows, columns = sides_of(listing)
    found, _problems = made(session, manager, kind, rows=rows, columns=columns)
    whole = count(session, manager, State(), kind)[0]
    assert found.total.count == whole > 0
    for (row, column), amount in found.amounts.items():
        opened = found.records(row, column)
        assert opened is not None
        assert from_args(listing, dict(parse_qsl(opened.query(), keep_blank_values=True))) == (opened, [])
        assert count(session, manager, opened, kind) == (amount.count, False), (row, column)
    for side in range(2):
        deepest = max((len(paths[side]) for paths in found.amounts), default=0)
        for level in range(1, deepest + 1):
            parts = [
                amount.count
                for paths, amount in found.amounts.items()
                if len(paths[side]) == level and not paths[1 - side]
            ]
            assert sum(parts) == whole


def test_totals_and_averages_come_from_the_rows(session, manager):
    found, problems = made(
        session, manager, "contracts", rows="state", columns="signed:month", measure="count,amount,value:average"
    )
    assert not problems
    counted, summed, average = found.layout.measures

    def rows(state=None, month=None):
        return [
            (Decimal(amount), Decimal(value))
            for code, day, amount, value in CONTRACTS
            if state in (None, code) and (month is None or (day.replace(day=1) if day else None) == month[0])
        ]

    assert len(found.amounts) == (1 + 2) * (1 + 3) - 2
    for row, column in found.amounts:
        wanted = rows(row[0] if row else None, column if column else None)
        assert found.figure(row, column, counted) == len(wanted)
        assert found.figure(row, column, summed) == sum(amount for amount, _value in wanted)
        assert found.figure(row, column, average) == sum(value for _amount, value in wanted) / len(wanted)


def test_an_average_counts_only_what_is_filled_in(session, manager, make):
    make.property(area=Decimal("80"))
    make.property(area=Decimal("100.5"))
    found, _problems = made(session, manager, "properties", rows="customer", columns="-", measure="area:average,area")
    listed = session.execute(select(LISTINGS["properties"].model.area)).scalars().all()
    average, summed = found.layout.measures
    assert found.figure((), (), summed) == sum(listed)
    assert found.figure((), (), average) == sum(listed) / len(listed)
    half_filled = pivot.Amount(4, [Decimal(10)], [2])
    half_filled.add(pivot.Amount(1, [Decimal(0)], [0]))
    assert (found.of(half_filled, average), found.of(half_filled, summed)) == (5, 10)
    assert found.of(pivot.Amount(3, [Decimal(0)], [0]), average) is None


def test_how_long_complaints_took_is_averaged_over_those_that_are_closed(session, make):
    for number, (category, days) in enumerate(
        (("QUALITY", "1"), ("QUALITY", "3.5"), ("SERVICE", "7.2"), ("SERVICE", None))
    ):
        closed_at = None if days is None else AT + timedelta(days=float(days))
        more = {"state": "VERIFIED"} if days is None else {"state": "CLOSED", "closed_at": closed_at}
        listing_rows.complaint(None, make.customer(name=f"客{number}"), number, AT, None, category=category, **more)
    manager = make.user(Role.MANAGER)
    found, problems = made(
        session, manager, "complaints", rows="category", columns="-", measure="count,days-open:average"
    )
    assert not problems
    counted, average = found.layout.measures
    shown = {row: (found.figure(row, (), counted), found.figure(row, (), average)) for row, _column in found.amounts}
    assert shown[("QUALITY",)] == (2, Decimal("2.25")) and shown[("SERVICE",)] == (2, Decimal("7.2"))
    assert shown[()] == (4, Decimal("11.7") / 3)
    assert "days-open" not in [each.key for each in analysis.measures(found.listing)], "nobody asks for the sum"
    slow = State(where='["all",["days-open","least","3.5"]]')
    assert count(session, manager, slow, "complaints") == (2, False)
    still_open = State(where='["all",["days-open","empty"]]')
    assert count(session, manager, still_open, "complaints") == (1, False)


def test_conditions_of_the_list_stay(session, manager):
    where = criteria.write(
        criteria.read(LISTINGS["contracts"], '["any",["state","is","NEGOTIATING"],["amount","least","150000"]]')
    )
    found, _problems = made(
        session, manager, "contracts", rows_only=State(where=where), rows="state", columns="signed:year"
    )
    assert found.total.count == 3 == count(session, manager, State(where=where), "contracts")[0]
    for (row, column), amount in found.amounts.items():
        assert count(session, manager, found.records(row, column), "contracts")[0] == amount.count


def test_more_conditions_than_a_url_takes_lead_nowhere():
    listing = LISTINGS["contracts"]
    full = criteria.Group("all", (criteria.Asked("state", "filled"),) * criteria.MOST)
    state = State(where=criteria.write(full))
    assert pivot.narrowed(listing, state, [criteria.Asked("state", "is", ("NEGOTIATING",))]) is None


def test_folding_hides_what_is_inside_and_nothing_else(session, manager):
    options = {"rows": "state,signed:month", "columns": "-"}
    opened, _problems = made(session, manager, "contracts", **options)
    assert [head.level for head in opened.rows] == [1, 2, 2, 1, 2, 2]
    draft = next(head for head in opened.rows if head.path == ("NEGOTIATING",))
    one, _problems = made(session, manager, "contracts", **options, open=draft.name)
    assert [head.path for head in one.rows if head.path[0] == "NEGOTIATING"] == [("NEGOTIATING",)]
    assert len(one.rows) == 4 and one.total.count == opened.total.count
    folded, _problems = made(session, manager, "contracts", **options, open="rows")
    assert {head.level for head in folded.rows} == {1}


def test_rows_are_sorted_by_a_figure(session, manager):
    options = {"rows": "state", "columns": "signed:month", "measure": "amount"}
    up, _problems = made(session, manager, "contracts", **options, order="amount")
    down, _problems = made(session, manager, "contracts", **options, order="-amount")
    assert [head.path[0] for head in up.rows] == ["NEGOTIATING", "SIGNED"] == [head.path[0] for head in down.rows][::-1]
    october = next(head for head in up.columns if head.path[0] == date(2026, 9, 1))
    by_column, _problems = made(session, manager, "contracts", **options, order=f"amount@{october.name}")
    assert [head.path[0] for head in by_column.rows] == ["SIGNED", "NEGOTIATING"], "what has no figure stands last"


def test_what_is_too_much_is_cut_and_said(session, manager, monkeypatch):
    monkeypatch.setattr(pivot, "MOST_GROUPS", 1)
    found, problems = made(session, manager, "contracts", rows="state", columns="-")
    assert [head.path for head in found.rows] == [("SIGNED",)] and found.total.count == len(CONTRACTS)
    assert any("1" in str(each) for each in problems)


def test_too_fine_groups_are_left_out_and_totals_stay(session, manager, monkeypatch):
    monkeypatch.setattr(pivot, "MOST_LEAVES", 2)
    pivot._statement.cache_clear()
    try:
        found, problems = made(session, manager, "contracts", rows="state,signed:day", columns="customer")
        assert [each.key for each in found.layout.rows] == ["state"] and not found.layout.columns
        assert len(problems) == 2 and found.total.count == len(CONTRACTS)
        monkeypatch.setattr(pivot, "MOST_GROUPS", 2)
        alone, problems = made(session, manager, "contracts", rows="customer", columns="-", measure="amount")
        assert len(alone.rows) == 2 and problems
        assert alone.figure((), (), alone.layout.measures[0]) == sum(Decimal(each[2]) for each in CONTRACTS)
    finally:
        pivot._statement.cache_clear()


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_each_list_has_its_pivot_page(sign_in, manager, kind):
    desk = sign_in(Role.MANAGER)
    answer = desk.get(f"/records/{kind}", query={"filter": "", "view": "pivot"}, status=200)
    assert "pivot" in answer.text


HOSTILE = [
    {"rows": "nothing"}, {"rows": "state,state,state,state"}, {"rows": "x" * 5_000}, {"columns": "signed:eon"},
    {"measure": "amount;drop"}, {"measure": ",".join(["count"] * 90)}, {"order": "-nothing@zz"}, {"order": "amount@@"},
    {"open": ",,rows,columns,é"}, {"rows": "-", "columns": "-"}, {"where": '["all",["amount","least","1e99"]]'},
    {"rows": "state,signed:day,customer", "columns": "state", "measure": "count,amount,value,amount:average"},
    {"rows": "'; --", "columns": "\u202e", "chart": "3d", "measure": "﷽", "day": "9999-99-99", "span": "-1"},
]  # fmt: skip


@pytest.mark.parametrize("options", HOSTILE)
@pytest.mark.parametrize("view", ["pivot", "graph", "tasks"])
def test_odd_urls_give_a_sensible_page(sign_in, manager, view, options):
    desk = sign_in(Role.MANAGER)
    for chart in ("bar", "pie", "cumulative"):
        desk.get("/records/contracts", query={"filter": "", "view": view, "chart": chart, **options}, status=200)
    desk.get("/records/exports/pivot/contracts", query={"filter": "", **options}, status=200)


def test_the_workbook_is_what_is_seen_and_written_down(sign_in, manager, session):
    query = {
        "filter": "", "view": "pivot", "rows": "state", "columns": "signed:month",
        "measure": "count,amount",
    }  # fmt: skip
    answer = sign_in(Role.MANAGER).get("/records/exports/pivot/contracts", query=query, status=200)
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    last = [cell.value for cell in sheet[sheet.max_row]]
    assert last[-2:] == [len(CONTRACTS), pytest.approx(300001.84)]
    kinds = {cell.data_type for row in sheet.iter_rows(min_row=3, min_col=2) for cell in row if cell.value is not None}
    assert kinds == {"n"}
    event = session.scalars(select(Event).where(Event.kind == EventKind.EXPORT).order_by(Event.id.desc())).first()
    assert event.data["list"] == "contracts" and event.data["counted"] == len(CONTRACTS)


def test_a_name_never_calculates_in_the_workbook(sign_in, make):
    make.contract(make.project(make.customer(name="=1+1")), amount=Decimal("5"))
    query = {"filter": "", "rows": "customer", "columns": "-"}
    answer = sign_in(Role.MANAGER).get("/records/exports/pivot/contracts", query=query, status=200)
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    held = [cell for cell in sheet["A"] if cell.value == "=1+1"]
    assert [cell.data_type for cell in held] == ["s"]


def test_the_workbook_asks_for_the_right_to_export(sign_in):
    assert sign_in(Role.SPECIALIST).get("/records/exports/pivot/contracts").status_code == 403
    assert sign_in(Role.MANAGER).get("/records/exports/pivot/nothing").status_code == 404
