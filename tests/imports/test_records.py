"""Lists taken out, changed in a spreadsheet and brought in again: exactly what was changed is changed, for every kind."""

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import inspect

from portal.clock import at_local
from portal.exporting import reading
from portal.exporting.fields import fields
from portal.exporting.files import Workbook
from portal.i18n import use_locale
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.contract import Quotation
from portal.models.importing import ImportState
from portal.models.org import PartyKind
from portal.models.repair import RepairCost, RepairOrder
from portal.permissions import Role
from portal.services.imports.kinds import BY_LIST
from tests.imports.desk import Desk


@pytest.fixture
def desk(app, config, clock, make):
    clock.set("2026-11-23 09:00")
    return Desk(config, clock, make.user(Role.MANAGER))


def taken_out(session, desk, kind, tmp_path, *, locale="zh_Hans", full_phones=False):
    """The export "for changing and importing again", as the worker writes it."""
    listing = LISTINGS[kind]
    chosen = [each for each in fields(kind).values() if each.record_field]
    path = tmp_path / f"{kind}.xlsx"
    with use_locale(locale):
        book = Workbook(
            path, [str(each.label) for each in chosen], full_phones=full_phones, title=str(listing.title),
            workspace=tmp_path, at=desk.clock.now(),
        )  # fmt: skip
        for lines in reading.lines(session, desk.actor, listing, State(), chosen, at=desk.clock.now()):
            for line in lines:
                book.add(line)
        book.finish([])
    session.rollback()
    return path, [each.record_field for each in chosen]


def changed_in_excel(path, keys, changes):
    """The file with other cells in its first row of data."""
    book = openpyxl.load_workbook(path)
    for key, value in changes.items():
        book.worksheets[0].cell(2, keys.index(key) + 1).value = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def columns_of(record):
    mapper = inspect(type(record)).mapper
    return {each.key: getattr(record, each.key) for each in mapper.column_attrs}


def everything(make):
    """One record of each kind, with a value in every field an import knows."""
    branch = make.branch(phone="0571-88001122", address="文一路 1 号")
    owner = make.user(Role.SPECIALIST)
    friend = make.customer()
    customer = make.customer(
        gender_title="MR", phone2="13900001111", wechat="wx_1", email="a@b.cn", representative="王强",
        representative_phone="0571-88112233", intention="HIGH", referred_by_id=friend.id, style="现代",
        budget=Decimal("250000.00"), needs="开放厨房\n两个卫生间", avoid_times="午休", avoid_hours="12:00-14:00", owner_id=owner.id,
        remarks="=要票据\n第二行", is_repeat=True, branch_id=branch.id,
    )  # fmt: skip
    home = make.property(customer, layout="三室两厅", handover_on=date(2026, 1, 5), remarks="钥匙在前台")
    people = {
        "designer_id": make.party(PartyKind.DESIGNER).id,
        "sales_id": make.party(PartyKind.SALES).id,
        "project_manager_id": make.party(PartyKind.PROJECT_MANAGER).id,
        "foreman_id": make.party(PartyKind.FOREMAN).id,
        "supervisor_id": make.party(PartyKind.SUPERVISOR).id,
    }
    crew = make.crew(branch_id=branch.id, wage_basis="按日", retention_balance=Decimal("0.00"), phone="13700001111")
    project = make.project(
        customer, property=home, stage="IN_PROGRESS", crew_id=crew.id, contract_days=90, branch_id=branch.id,
        planned_start_on=date(2026, 3, 1), actual_start_on=date(2026, 3, 2), planned_finish_on=date(2026, 6, 1),
        remarks="备注", **people,
    )  # fmt: skip
    contract = make.contract(project, signed_by_company="赵经理", remarks="两份")
    quotation = make._record(
        Quotation,
        {"customer_id": customer.id, "title": "一稿", "amount": Decimal("188000.00"), "quoted_on": date(2026, 2, 1),
         "valid_until": date(2026, 3, 1), "designer_id": people["designer_id"], "property_id": home.id,
         "contract_id": contract.id, "remarks": "含水电"},
    )  # fmt: skip
    repair = make._record(
        RepairOrder,
        {"state": "CLOSED", "reported_at": at_local(date(2026, 3, 5), 9, 30), "reporter": "周敏", "phone": "13812345679", "trade": "PAINT",
         "channel": "WECHAT", "urgency": "URGENT", "address": "文一路 2 号", "symptom": "墙面起皮\n" + "很长" * 100,
         "customer_id": customer.id, "project_id": project.id, "in_warranty": "EXCLUDED", "cause": "THIRD_PARTY",
         "responsible_crew_id": crew.id, "work_done": "重刷", "done_at": at_local(date(2026, 3, 5), 15), "closed_at": at_local(date(2026, 3, 6), 9), "signed_by": "周敏",
         "rating": 5, "remarks": "旧单",
         "costs": [RepairCost(kind="OTHER", what="合计", amount=Decimal("120.50"), bearer="CREW")]},
    )  # fmt: skip
    party = make.party(branch_id=branch.id, remarks="周一休息", status_from=date(2026, 1, 1))
    return {
        "customers": customer, "properties": home, "projects": project, "contracts": contract, "quotations": quotation,
        "repair-orders": repair, "parties": party, "crews": crew, "branches": branch,
        "users": make.user(Role.REVIEWER, group_name="二组", email="r@b.cn", phone="13600001111", extension="8001"),
    }  # fmt: skip


CHANGES = {
    "customers": ({"wechat": "wx_2", "budget": 300000, "is_repeat": "否"},
                  {"wechat": "wx_2", "budget": Decimal("300000.00"), "is_repeat": False}),
    "properties": ({"area": "130.5㎡", "layout": "四室"}, {"area": Decimal("130.50"), "layout": "四室"}),
    "projects": ({"contract_days": 100, "visit_allowed": "是", "planned_finish_on": "2026-06-15"},
                 {"contract_days": 100, "visit_allowed": True, "planned_finish_on": date(2026, 6, 15)}),
    "contracts": ({"amount": "19万", "signed_on": date(2026, 3, 3)},
                  {"amount": Decimal("190000.00"), "output_value": Decimal("190000.00"),
                   "signed_on": date(2026, 3, 3)}),
    "quotations": ({"title": "二稿", "amount": 179000.5}, {"title": "二稿", "amount": Decimal("179000.50")}),
    "parties": ({"phone": "13811112222", "is_head": "否"}, {"phone": "13811112222", "is_head": False}),
    "crews": ({"retention_balance": 5000, "wage_basis": "按平方"},
              {"retention_balance": Decimal("5000.00"), "wage_basis": "按平方"}),
    "repair-orders": ({"symptom": "墙面起皮", "cause": "材料", "done_at": "2026-03-05 16:20"},
                      {"symptom": "墙面起皮", "cause": "MATERIAL", "done_at": at_local(date(2026, 3, 5), 16, 20)}),
    "users": ({"extension": "8002", "branch_id": "城西店", "is_on_duty": "是"},
              {"extension": "8002", "is_on_duty": True}),
    "branches": ({"address": "文二路 2 号", "is_active": "否"}, {"address": "文二路 2 号", "is_active": False}),
}  # fmt: skip
SELDOM = {"version", "updated_at", "updated_by_id"}


def only(session, model, record_id):
    session.rollback()
    session.expire_all()
    return session.get_one(model, record_id)


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant", "en"])
@pytest.mark.parametrize("kind", list(CHANGES))
def test_what_comes_back_unchanged_changes_nothing(desk, make, session, tmp_path, kind, locale):
    everything(make)
    path, keys = taken_out(session, desk, kind, tmp_path, locale=locale)
    run_id = desk.upload(path.read_bytes(), kind=None)
    run = desk.match(run_id)
    assert run.kind == BY_LIST[kind].kind
    assert sorted(run.mapping["columns"].values()) == sorted(keys)
    assert (run.state, run.questions) == (ImportState.READY, [])
    assert run.counts == {"rows": run.rows_total, "row.SAME": run.rows_total}


@pytest.mark.parametrize("kind", list(CHANGES))
def test_exactly_what_was_changed_in_excel_is_changed_and_undoing_puts_it_back(desk, make, session, tmp_path, kind):
    record = everything(make)[kind]
    model, record_id = type(record), record.id
    path, keys = taken_out(session, desk, kind, tmp_path)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    numbers = [sheet.cell(row, keys.index("number") + 1).value for row in range(2, sheet.max_row + 1)]
    at = numbers.index(getattr(record, "number", None) or record.username) + 2
    sheet.move_range(f"A{at}:BZ{at}", rows=100)
    for row in range(sheet.max_row - 1, 1, -1):
        sheet.delete_rows(row)
    book.save(path)
    said, wanted = CHANGES[kind]
    before = columns_of(only(session, model, record_id))
    if kind == "users":
        wanted = wanted | {"branch_id": make.branch(name="城西店").id}
    run = desk.bring_in(changed_in_excel(path, keys, said), BY_LIST[kind].kind)
    assert run.state == ImportState.DONE, run.error
    assert run.counts["made"][f"{kind}.changed"] == 1
    after = columns_of(only(session, model, record_id))
    assert {key: value for key, value in after.items() if value != before[key] and key not in SELDOM} == wanted

    found = desk.undo(run.id)
    assert found.kept == []
    back = columns_of(only(session, model, record_id))
    assert {key: value for key, value in back.items() if value != before[key]}.keys() <= SELDOM
