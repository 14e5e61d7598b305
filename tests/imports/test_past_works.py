"""Repairs and warranty certificates of a company that comes from Excel, and which lists take no file at all."""

import io
from datetime import date

import pytest
import xlsxwriter
from sqlalchemy import func, select

from portal import verify
from portal.clock import at_local
from portal.imports.asking import Action, Answer
from portal.imports.mapping import Kind
from portal.listing.registry import LISTINGS
from portal.models.importing import ImportState
from portal.models.notice import Notice
from portal.models.repair import RepairOrder, WarrantyCertificate
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.repair import PROCESS
from portal.services.imports.kinds import BY_LIST, LEFT_OUT
from portal.services.imports.record_writing import RowsRefused
from tests.imports.desk import Desk

HEADERS = (
    "报修日期",
    "客户姓名",
    "联系电话",
    "合同号",
    "维修项目",
    "报修内容",
    "处理结果",
    "完成日期",
    "维修费用",
    "费用承担",
)
DONE = ("2024-04-02", "周敏", "13812345679", "", "水电", "插座没电", "已处理", "2024-04-03", "120", "公司")


@pytest.fixture
def desk(app, config, clock, make):
    clock.set("2026-11-23 09:00")
    return Desk(config, clock, make.user(Role.MANAGER))


@pytest.fixture
def contract(make):
    customer = make.customer(name="周敏", phone="13812345679")
    return make.contract(make.project(customer, property=make.property(customer)))


def ledger(contract, *rows, headers=HEADERS):
    """A sheet as departments keep it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet("维修登记")
        page.write_row(0, 0, headers)
        for line, row in enumerate(rows, start=1):
            said = [contract.number if head == "合同号" else text for head, text in zip(headers, row, strict=True)]
            for column, text in enumerate(said):
                page.write_string(line, column, text)
    return buffer.getvalue()


def broken():
    """What the invariants about histories find against what was brought in."""
    found = [line for result in verify.run_all() if result.code in ("I2", "I7") for line in result.problems]
    return [line for line in found if "repair" in line or "warrant" in line or "chain" in line]


def repairs_of(session):
    session.rollback()
    session.expire_all()
    return session.scalars(select(RepairOrder).order_by(RepairOrder.id)).all()


def test_every_list_takes_a_file_or_says_why_not():
    taken = set(BY_LIST) & set(LISTINGS) | {"complaints"}  # payments stand in no list of their own
    assert not taken & set(LEFT_OUT)
    assert taken | set(LEFT_OUT) == set(LISTINGS), (
        "Declare an import in kinds/, or say why there is none in left_out.py."
    )


def test_a_ledger_of_repairs_is_recognised_and_read_as_it_is(desk, session, contract):
    run = desk.run(desk.upload(ledger(contract, DONE), None))
    assert run.kind == Kind.REPAIRS
    assert set(run.mapping["columns"].values()) == {
        "reported_at", "reporter", "phone", "project_id", "trade", "symptom", "state", "done_at", "cost", "bearer"
    }  # fmt: skip


def test_what_is_over_is_history_and_what_is_open_begins_here(desk, session, contract, make):
    owner = make.user(Role.SPECIALIST)
    still_open = ("2026-11-20", "周敏", "13812345679", "", "防水", "阳台渗水", "待修", "", "", "")
    given_up = ("2024-05-01", "周敏", "13812345679", "", "油漆", "墙面划痕", "客户放弃", "2024-05-02", "", "")
    run = desk.bring_in(ledger(contract, DONE, still_open, given_up), Kind.REPAIRS)
    assert run.state == ImportState.DONE, run.error
    over, open_, declined = repairs_of(session)
    assert [each.state for each in (over, open_, declined)] == ["CLOSED", "REPORTED", "DECLINED"]
    assert [each.is_historical for each in (over, open_, declined)] == [True, False, True]
    assert over.number.startswith("WX-2024-") and over.address == contract.project.property.address
    assert (over.closed_at, over.done_at) == (at_local(date(2024, 4, 3)), at_local(date(2024, 4, 3)))
    assert open_.reported_at == at_local(date(2026, 11, 20)) and open_.owner_id == owner.id
    assert [step.action for step in PROCESS.steps_from(open_.state)]  # and goes on as any other
    assert set(session.scalars(select(Notice.record_id).where(Notice.record_kind == "repair-orders"))) <= {open_.id}
    assert session.scalar(select(func.count()).select_from(Task).where(Task.record_id.in_([over.id, declined.id]))) == 0
    assert not broken()

    again = desk.match(desk.upload(ledger(contract, DONE, still_open, given_up), Kind.REPAIRS))
    assert again.counts.get("row.CREATE", 0) == 0  # found again by phone, time and symptom, without a number


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"完成日期": ""}, "closed_at"),
        ({"完成日期": "2024-04-01"}, "done_at"),
        ({"报修日期": "2026-11-25", "处理结果": "待修", "完成日期": ""}, "reported_at"),
        ({"费用承担": ""}, "bearer"),
        ({"处理结果": "待修"}, "state"),
        ({"编号": "WX-2024-0007"}, "number"),
    ],
)
def test_what_cannot_be_is_asked_at_its_field(desk, session, contract, change, field):
    headers = (*HEADERS, "编号")
    row = [change.get(head, text) for head, text in zip(headers, (*DONE, ""), strict=True)]
    run_id = desk.upload(ledger(contract, row, headers=headers), Kind.REPAIRS)
    desk.match(run_id)
    assert desk.questions(run_id) == []
    with pytest.raises(RowsRefused):
        desk.prove(run_id)
    assert {question.field for question in desk.questions(run_id)} == {field}
    assert repairs_of(session) == []


def test_a_repair_that_goes_through_its_steps_is_not_changed_by_a_file(desk, session, contract):
    still_open = ("2026-11-20", "周敏", "13812345679", "", "防水", "阳台渗水", "待修", "", "", "")
    desk.bring_in(ledger(contract, still_open), Kind.REPAIRS)
    (order,) = repairs_of(session)
    row = (*still_open[:4], "油漆", *still_open[5:], order.number)
    run_id = desk.upload(ledger(contract, row, headers=(*HEADERS, "编号")), Kind.REPAIRS)
    desk.match(run_id)
    with pytest.raises(RowsRefused):
        desk.prove(run_id)
    (question,) = desk.questions(run_id)
    assert "goes through its steps" in question.context["said"][1]
    desk.answer(run_id, {question.id: Answer(Action.SKIP)})
    assert repairs_of(session)[0].trade == "WATERPROOF"


def test_the_page_of_a_repair_of_the_past_offers_no_step(desk, session, contract, sign_in):
    desk.bring_in(ledger(contract, DONE), Kind.REPAIRS)
    (order,) = repairs_of(session)
    page = sign_in(Role.MANAGER).get(f"/records/repair-orders/{order.number}", status=200).text
    assert "来自历史台账" in page and f"{order.number}/steps/" not in page


def test_a_certificate_of_the_past_is_what_repairs_are_checked_against(desk, session, contract):
    headers = ("编号", "合同号", "起始日期", "评价表", "定制木作（年）")
    over = ("旧保-1", "", "2009-05-01", "未收", "3")
    run = desk.bring_in(ledger(contract, over, headers=headers), Kind.WARRANTIES)
    assert run.state == ImportState.DONE, run.error
    session.rollback()
    certificate = session.scalars(select(WarrantyCertificate)).one()
    assert certificate.state == "EXPIRED" and certificate.project.stage == "OUT_OF_WARRANTY"
    assert {term.trade: term.years for term in certificate.terms}["WOODWORK"] == 3
    assert not broken()
    second = desk.upload(ledger(contract, ("旧保-2", "", "2020-05-01", "未收", ""), headers=headers), Kind.WARRANTIES)
    desk.match(second)
    with pytest.raises(RowsRefused):
        desk.prove(second)
    (question,) = desk.questions(second)
    assert question.field == "project_id" and question.context["said"][2] == {"number": "旧保-1"}


def test_the_page_says_what_is_not_imported(sign_in):
    manager = sign_in(Role.MANAGER)
    page = manager.get("/records/import-runs/new", status=200).text
    assert "哪些不能导入" in page and "由系统自己产生" in page
    assert "/records/import-runs/new?kind=repair-orders" in manager.get("/records/repair-orders", status=200).text
