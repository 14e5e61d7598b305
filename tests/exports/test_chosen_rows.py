"""Exports of chosen rows: exactly these, in the order of the list, as far as they are still the person's to see."""

from __future__ import annotations

import csv
import html
import io
import re

import openpyxl
import pytest
from sqlalchemy import select, update

from portal.db import session as current_session
from portal.db import transaction
from portal.files.store import Store
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import State, is_order
from portal.models.customer import Customer
from portal.models.event import Event, EventKind
from portal.models.export import Export
from portal.models.notice import Notice
from portal.models.task import Task
from portal.permissions import Role
from portal.services import exports
from tests.exports.parts import fetched, switch, work

NEW = "/records/exports/new"


@pytest.fixture
def store(app):
    return Store.of(app.config["PORTAL"])


@pytest.fixture
def five(make):
    return [make.customer(name=f"顾{n}").id for n in range(1, 6)]


def begin(client, ids, *, status=303, **more):
    sent = {"kind": "customers", "rows": "filter=&sort=number", "id": [str(each) for each in ids], "do": "make"}
    answer = client.post(NEW, sent | {"columns": ["name", "number"], "format": "CSV"} | more, status=status)
    return int(answer.location.rsplit("/", 1)[1]) if status == 303 else answer.text


def read(store, export):
    text = store.read(export.sha256).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def names(store, export):
    return [line[0] for line in read(store, export)[1:]]


def test_exactly_the_chosen_rows_in_the_order_of_the_list(sign_in, five, store, session):
    browser = sign_in(Role.MANAGER)
    shown = browser.post(
        NEW, {"kind": "customers", "rows": "filter=mine&sort=number", "id": [str(five[3]), str(five[1])]}
    )
    text = html.unescape(shown.text)
    assert "已选 2 条" in text and text.count('name="id"') == 4  # beside the sets of columns and beside the form
    number = begin(browser, [five[3], five[1]])
    work()
    export = fetched(number)
    assert (names(store, export), export.rows_total) == (["顾2", "顾4"], 2)
    assert "已选 2 条" in export.words
    event = session.scalars(select(Event).where(Event.kind == EventKind.EXPORT)).one()
    assert (event.data["chosen"], event.data["rows"]) == (2, 2) and "已选 2 条" in event.data["name"]
    number = begin(browser, [five[3], five[1]], rows="filter=&sort=-number", format="XLSX")
    work()
    book = openpyxl.load_workbook(io.BytesIO(store.read(fetched(number).sha256)))
    assert [row[0].value for row in book.worksheets[0].iter_rows(min_row=2, max_row=3)] == ["顾4", "顾2"]
    about = {row[0].value: row[1].value for row in book.worksheets[1].iter_rows()}
    assert about["所选记录"] == "2"


def test_a_row_that_no_longer_fits_the_filter_was_chosen_all_the_same(sign_in, five, store):
    with transaction() as writing:
        writing.execute(update(Customer).where(Customer.id == five[0]).values(grade="A"))
    browser = sign_in(Role.MANAGER)
    number = begin(browser, five[:2], rows="filter=grade.A&sort=number")
    with transaction() as writing:
        writing.execute(update(Customer).values(grade="B"))
    work()
    assert names(store, fetched(number)) == ["顾1", "顾2"]


def test_all_that_match_are_those_of_the_moment_it_was_asked_for(sign_in, five, make, store):
    number = begin(sign_in(Role.MANAGER), [], all="1")
    make.customer(name="后来")
    work()
    assert names(store, fetched(number)) == ["顾1", "顾2", "顾3", "顾4", "顾5"]


def test_what_is_no_longer_theirs_is_left_out_and_said(sign_in, five, make, store, session):
    here, there = make.branch(), make.branch()
    browser = sign_in(Role.MANAGER, branch_id=here.id)
    with transaction() as writing:
        writing.execute(update(Customer).values(branch_id=here.id))
    number = begin(browser, five[:3])
    with transaction() as writing:
        writing.execute(update(Customer).where(Customer.id == five[1]).values(branch_id=there.id))
    work()
    export = fetched(number)
    assert names(store, export) == ["顾1", "顾3"] and exports.missing(export) == 1
    assert "所选记录中有 1 条" in browser.get(f"/records/exports/{number}").text


def test_columns_and_their_sets_are_chosen_as_for_a_list(sign_in, five, session):
    browser = sign_in(Role.MANAGER)
    chosen = {"kind": "customers", "rows": "filter=", "id": [str(five[0])]}
    text = browser.post(NEW, chosen | {"preset": "all"}).text
    boxes = re.findall(r'name="columns" value="[^"]+"( checked)?', text)
    assert boxes and all(boxes)
    assert "已选 1 条" in begin(browser, five[:1], columns=[], status=422)
    kept = browser.post(
        NEW, chosen | {"do": "make", "columns": ["name"], "format": "CSV", "save": "1", "preset_name": "只要姓名"}
    ).text
    assert "只要姓名" in kept and "已选 1 条" in kept
    assert session.scalar(select(Export.id)) is None


def test_each_list_gives_its_chosen_rows_to_those_who_may(sign_in, sample, store):
    """Also the lists in which nothing can be changed: people, notices, forms, exports, imports."""
    browser, taken = sign_in(sample.manager), set()
    for kind, listing in LISTINGS.items():
        text = browser.get(f"/records/{kind}?filter=").text
        ids = re.findall(r'name="id" value="(\d+)" form="bulk"', text)
        assert len(ids) == text.count('<tr class="line">'), kind
        if not ids:
            continue
        assert 'formaction="/records/exports/new"' in text, kind
        column = next(each for each in listing.columns if each.sort is None or each.key != "number").key
        number = begin(browser, ids[:2], kind=kind, rows="filter=", columns=[column])
        work()
        export = fetched(number)
        assert (export.rows_total, len(read(store, export)), export.query) == (
            len(ids[:2]),
            1 + len(ids[:2]),
            "filter=",
        )
        taken.add(kind)
    assert taken >= {"users", "notices", "documents", "exports", "import-runs", "customers", "tasks"}
    grouped = browser.get("/records/notices?filter=&group=level&open=INFO").text
    assert grouped.count('name="id"') == grouped.count('<tr class="line">') > 0
    desk = sign_in(Role.FRONT_DESK)
    with transaction() as writing:
        writing.execute(update(Notice).values(user_id=desk.user.id))
    text = desk.get("/records/notices?filter=").text
    assert '<tr class="line">' in text and 'form="bulk"' not in text and "data-bulk" not in text
    assert 'form="bulk"' in desk.get("/records/customers?filter=").text


@pytest.mark.parametrize(("ids", "said"), [([], "请先"), ([999_999], "所选记录")])
def test_nothing_is_said(sign_in, five, ids, said):
    browser = sign_in(Role.MANAGER)
    assert (
        said
        in browser.post(NEW, {"kind": "customers", "rows": "filter=", "id": [str(i) for i in ids]}, status=422).text
    )
    assert said in begin(browser, ids, status=422)


def test_more_than_a_choice_takes_is_said(sign_in, five):
    switch("change_max_rows", 4)
    assert "4" in begin(sign_in(Role.MANAGER), [], all="1", status=422)


def test_who_may_not_export_gets_no_chosen_rows_either(sign_in, five):
    begin(sign_in(Role.SPECIALIST), five, status=403)
    assert "/records/exports/new" not in sign_in(Role.SPECIALIST).get("/records/customers?filter=").text


def test_sent_twice_it_is_one(sign_in, five, session):
    browser = sign_in(Role.MANAGER)
    assert begin(browser, five, client_key="k" * 20) == begin(browser, five, client_key="k" * 20)
    assert begin(browser, five[:2], client_key="k" * 20) > 1


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_the_order_of_chosen_rows_is_the_order_of_the_list(sample, clock, session, kind):
    listing, at = LISTINGS[kind], clock.now()
    manager = current_session().merge(sample.manager)
    for column in listing.columns:
        for sort in (column.key, f"-{column.key}"):
            if not is_order(listing, sort):
                continue
            state = State(sort=sort)
            wanted = [row.id for row in engine.page(session, manager, listing, state, at=at).rows]
            assert engine.in_order(session, manager, listing, state, sorted(wanted), at=at) == wanted
            assert engine.in_order(session, manager, listing, state, wanted[::2], at=at) == wanted[::2]


def test_there_are_tasks_in_that_test(sample, session):
    assert session.scalar(select(Task.id).limit(1))
