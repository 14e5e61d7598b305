"""Homes, projects, contracts with their money, quotations, people: through the pages."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from portal.models.contract import Contract, Payment
from portal.models.customer import Property
from portal.models.event import Event, EventKind
from portal.models.org import Branch, Crew, Party, PartyKind
from portal.models.project import Project
from portal.permissions import Role
from portal.services.contracts import instalments

TERMS = {"first_percent": "60", "mid_percent": "35", "final_percent": "5"}
SIGNED = {"number": "HT-2026-0100", "state": "SIGNED", "amount": "168000", "signed_on": "2026-03-31", **TERMS}


def version_of(answer) -> str:
    return re.search(r'name="version"[^>]*value="(\d+)"', answer.text).group(1)


@pytest.mark.parametrize(
    ("amount", "percents", "expected"),
    [
        ("168000.00", [60, 35, 5], ["100800.00", "58800.00", "8400.00"]),
        ("100.01", [60, 35, 5], ["60.01", "35.00", "5.00"]),
        ("0.05", [60, 35, 5], ["0.03", "0.02", "0.00"]),
        ("99999.99", [33, 33, 34], ["33000.00", "33000.00", "33999.99"]),
        ("1000.00", [100], ["1000.00"]),
    ],
)
def test_instalments_are_exact_to_the_fen(amount, percents, expected):
    parts = instalments(Decimal(amount), [Decimal(share) for share in percents])
    assert [str(part) for part in parts] == expected
    assert sum(parts) == Decimal(amount)


def test_a_home_is_added_to_a_customer_once(sign_in, make, session):
    customer = make.customer(branch_id=make.branch().id)
    specialist = sign_in(Role.SPECIALIST)
    sent = {"estate": "滨江花园", "building": "3", "unit": "2", "room": "1501", "area": "118", "client_key": "k1"}
    path = f"/records/properties/new?customer={customer.number}"
    for _attempt in range(2):
        specialist.post(path, sent, status=303)
    home = session.scalars(select(Property)).one()
    assert (home.customer_id, home.branch_id, home.area) == (customer.id, customer.branch_id, Decimal("118.00"))
    warned = specialist.post("/records/properties/lookalikes", sent, check=False).text
    assert home.number in warned and customer.name in warned


def test_without_a_customer_the_form_asks_whose_it_is(sign_in, make):
    customer = make.customer(name="欧阳修远")
    page = sign_in(Role.SPECIALIST).get("/records/contracts/new?q=欧阳", status=200)
    assert f"/records/contracts/new?customer={customer.number}" in page.text


def test_a_project_needs_its_people_and_dates_that_can_be(sign_in, make, session):
    customer = make.customer()
    home, branch = make.property(customer), make.branch()
    designer, sales = make.party(PartyKind.DESIGNER), make.party(PartyKind.SALES)
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/projects/new?customer={customer.number}"
    sent = {
        "property_id": home.id,
        "kind": "FULL",
        "stage": "ARCHIVED",
        "branch_id": branch.id,
        "contract_days": "90",
        "designer_id": designer.id,
        "sales_id": sales.id,
        "archive_secrecy": "CONFIDENTIAL",
    }
    specialist.post(path, sent | {"designer_id": ""}, status=422)
    late = specialist.post(
        path, sent | {"planned_start_on": "2026-04-08", "planned_finish_on": "2026-04-01"}, status=422
    )
    assert "竣工日期不能早于开工日期" in late.text
    begun = specialist.post(path, sent | {"stage": "IN_PROGRESS"}, status=422)
    assert "请填写实际开工日期" in begun.text and "项目经理" in begun.text
    specialist.post(path, sent, status=303)
    made = session.scalars(select(Project)).one()
    assert (made.number, made.branch_id, made.designer_id) == ("GC-2026-0001", branch.id, designer.id)


def test_who_worked_before_stays_in_the_history(sign_in, make, session):
    old, new = (make.party(PartyKind.DESIGNER, name=name) for name in ("许诺", "白露"))
    sales = make.party(PartyKind.SALES)
    project = make.project(branch_id=make.branch().id, designer_id=old.id, sales_id=sales.id, contract_days=90)
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/projects/{project.number}/edit"
    sent = {
        "kind": project.kind,
        "branch_id": project.branch_id,
        "contract_days": "90",
        "designer_id": new.id,
        "sales_id": sales.id,
        "archive_secrecy": "CONFIDENTIAL",
        "version": version_of(specialist.get(path, status=200)),
    }
    specialist.post(path, sent, status=303)
    change = session.scalars(select(Event).where(Event.kind == EventKind.CHANGE)).one()
    assert change.data["changes"] == {"designer_id": ["许诺", "白露"]}


def test_a_contract_splits_its_amount_and_lifts_the_grade(sign_in, make, session):
    project = make.project(make.customer(kind="LEAD", grade="C"))
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/contracts/new?customer={project.customer.number}"
    specialist.post(path, SIGNED | {"project_id": project.id, "client_key": "k"}, status=303)
    made = session.scalars(select(Contract)).one()
    assert [str(term.amount) for term in made.terms] == ["100800.00", "58800.00", "8400.00"]
    assert (made.output_value, made.customer.kind, made.customer.grade) == (Decimal("168000.00"), "SIGNED", "B")


def test_grades_follow_the_settings_and_are_never_lowered(sign_in, make, session):
    rich, vip = make.project(make.customer(grade="C")), make.project(make.customer(grade="A"))
    specialist = sign_in(Role.SPECIALIST)
    for number, project, amount in (("HT-1", rich, "200000"), ("HT-2", vip, "50000")):
        sent = SIGNED | {"number": number, "amount": amount, "project_id": project.id}
        specialist.post(f"/records/contracts/new?customer={project.customer.number}", sent, status=303)
    session.expire_all()
    assert (rich.customer.grade, vip.customer.grade) == ("A", "A")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"final_percent": "6"}, "各期比例之和必须等于 100%"),
        ({"signed_on": "2026-05-12"}, "日期不能晚于今天"),
        ({"signed_on": ""}, "请填写签订日期"),
        ({"amount": "0"}, "金额必须大于 0"),
    ],
)
def test_what_a_contract_refuses(sign_in, make, session, changed, sentence):
    customer = make.customer()
    path = f"/records/contracts/new?customer={customer.number}"
    answer = sign_in(Role.SPECIALIST).post(path, SIGNED | changed, status=422)
    assert sentence in answer.text
    assert session.scalar(select(func.count()).select_from(Contract)) == 0


def test_a_contract_number_is_taken_once(sign_in, make):
    there = make.branch()
    taken = make.contract(make.project(make.customer(branch_id=there.id)), number="HT-2026-0100")
    client = sign_in(Role.SPECIALIST, branch_id=make.branch().id)
    customer = make.customer()
    client.post(f"/records/contracts/new?customer={customer.number}", SIGNED, status=422)
    warned = client.post("/records/contracts/lookalikes", {"number": "HT-2026-0100"}, check=False).text
    assert "已有使用此编号的合同" in warned and taken.customer.name not in warned


def test_payments_are_recorded_once_per_receipt(sign_in, make, session):
    contract = make.contract(amount=Decimal("168000.00"))
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/contracts/{contract.number}/payments/new"
    sent = {"kind": "FIRST", "amount": "100800", "paid_on": "2026-03-31", "receipt_no": "SJ-1", "client_key": "p1"}
    specialist.post(path, sent, status=303)
    specialist.post(path, sent, status=303)
    specialist.post(path, sent | {"client_key": "p2"}, status=422)
    refund = {
        "kind": "REFUND",
        "amount": "100800.01",
        "paid_on": "2026-04-01",
        "receipt_no": "SJ-2",
        "client_key": "p3",
    }
    assert "退款不能超过已收金额" in specialist.post(path, refund, status=422).text
    specialist.post(path, refund | {"amount": "800"}, status=303)
    assert session.scalar(select(func.count()).select_from(Payment)) == 2
    here = f"/records/contracts/{contract.number}"
    for shown in (specialist.get(here, status=200).text, specialist.get(f"{here}?tab=payments", status=200).text):
        assert "已收 100,000.00 元" in shown and "未收 68,000.00 元" in shown
    assert "SJ-1" in shown


def test_a_changed_amount_changes_the_instalments(sign_in, make, session):
    contract = make.contract(amount=Decimal("100000.00"), number="HT-9", signed_on=date(2026, 3, 2))
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/contracts/{contract.number}/edit"
    sent = SIGNED | {"number": "HT-9A", "amount": "90000.01", "project_id": contract.project_id}
    del sent["state"]  # a state is entered by its step
    answer = specialist.post(path, sent | {"version": version_of(specialist.get(path))}, status=303)
    assert answer.location == "/records/contracts/HT-9A"
    session.expire_all()
    assert [str(term.amount) for term in contract.terms] == ["54000.01", "31500.00", "4500.00"]
    assert contract.output_value == Decimal("90000.01")


def test_a_voided_contract_stays_and_is_not_changed(sign_in, make, session):
    """One that is signed is ended by a cancellation, not by this step (P17)."""
    signed, contract = make.contract(), make.contract(state="NEGOTIATING", signed_on=None)
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/contracts/{contract.number}/steps/terminate"
    seen = version_of(specialist.get(path, status=200))
    specialist.post(path, {"voided_on": "2026-05-11", "void_reason": "", "version": seen}, status=422)
    specialist.post(path, {"voided_on": "2026-05-11", "void_reason": "客户退单", "version": seen}, status=303)
    shown = specialist.get(f"/records/contracts/{contract.number}", status=200).text
    assert "客户退单" in shown
    session.expire_all()
    assert contract.state == "TERMINATED"
    path = f"/records/contracts/{signed.number}/steps/terminate"
    seen = version_of(specialist.get(path, status=200))
    sent = {"voided_on": "2026-05-11", "void_reason": "客户退单", "version": seen}
    assert "已签合同须走退单流程" in specialist.post(path, sent, status=422).text


ROLES = {
    "contracts": {
        Role.SPECIALIST: 200,
        Role.MANAGER: 200,
        Role.REVIEWER: 200,
        Role.FRONT_DESK: 403,
        Role.REPAIR_CAPTAIN: 403,
    },
    "projects": {
        Role.SPECIALIST: 200,
        Role.MANAGER: 200,
        Role.REVIEWER: 200,
        Role.FRONT_DESK: 403,
        Role.REPAIR_CAPTAIN: 404,
    },
    "properties": {
        Role.SPECIALIST: 200,
        Role.MANAGER: 200,
        Role.REVIEWER: 200,
        Role.FRONT_DESK: 403,
        Role.REPAIR_CAPTAIN: 404,
    },
    "customers": {
        Role.SPECIALIST: 200,
        Role.MANAGER: 200,
        Role.REVIEWER: 404,
        Role.FRONT_DESK: 200,
        Role.REPAIR_CAPTAIN: 404,
    },
}


@pytest.mark.parametrize("role", list(Role))
def test_who_sees_which_records(sign_in, make, role):
    contract = make.contract()
    records = {
        "contracts": contract,
        "projects": contract.project,
        "properties": contract.project.property,
        "customers": contract.customer,
    }
    client = sign_in(role)
    for kind, record in records.items():
        client.get(f"/records/{kind}/{record.number}", status=ROLES[kind][role])


def test_a_case_given_to_a_captain_opens_its_customer_and_project(sign_in, make, clock):
    from portal.db import transaction
    from portal.models.task import Task

    project, other = make.project(), make.project()
    captain = sign_in(Role.REPAIR_CAPTAIN)
    with transaction() as writing:
        writing.add(
            Task(
                kind="TODO",
                title="看现场",
                record_kind="projects",
                record_id=project.id,
                record_number=project.number,
                customer_id=project.customer_id,
                person_id=captain.user.id,
                started_at=clock.now(),
            )
        )
    captain.get(f"/records/projects/{project.number}", status=200)
    captain.get(f"/records/customers/{project.customer.number}", status=200)
    captain.get(f"/records/projects/{other.number}", status=404)
    captain.get(f"/records/customers/{other.customer.number}", status=404)


def test_parties_crews_and_branches_are_entered_and_changed(sign_in, session):
    manager = sign_in(Role.MANAGER)
    party = {"name": "石磊", "kind": "DEPARTMENT_HEAD", "is_head": "y", "status": "ACTIVE"}
    assert "代表哪个部门" in manager.post("/records/parties/new", party, status=422).text
    manager.post("/records/parties/new", party | {"department": "ENGINEERING"}, status=303)
    manager.post(
        "/records/crews/new", {"name": "刘大勇队", "status": "ACTIVE", "retention_balance": "5000"}, status=303
    )
    manager.post("/records/branches/new", {"code": "CN", "name": "城南店", "is_active": "y"}, status=303)
    assert "已有同名门店" in manager.post("/records/branches/new", {"code": "X", "name": "城南店"}, status=422).text
    crew = session.scalars(select(Crew)).one()
    assert crew.retention_balance == Decimal("5000.00")
    path = f"/records/crews/{crew.number}/edit"
    sent = {"name": "刘大勇队", "status": "DEPARTED", "version": version_of(manager.get(path, status=200))}
    assert "请填写开始日期" in manager.post(path, sent, status=422).text
    manager.post(path, sent | {"status_from": "2026-05-10"}, status=303)
    manager.get("/records/branches/CN", status=200)
    branch = session.scalars(select(Branch)).one()
    path = "/records/branches/CN/edit"
    seen = version_of(manager.get(path, status=200))
    manager.post(path, {"code": "CN2", "name": "城南店", "is_active": "y", "version": seen}, status=303)
    session.expire_all()
    assert branch.code == "CN2"
    assert session.scalars(select(Party)).one().is_head
    sign_in(Role.SPECIALIST).get("/records/branches/new", status=403)


def test_a_quotation_has_its_head(sign_in, make):
    customer = make.customer()
    specialist = sign_in(Role.SPECIALIST)
    path = f"/records/quotations/new?customer={customer.number}"
    sent = {"title": "全屋半包", "amount": "88000", "quoted_on": "2026-05-11"}
    assert "有效期" in specialist.post(path, sent | {"valid_until": "2026-05-01"}, status=422).text
    answer = specialist.post(path, sent, status=303)
    assert "全屋半包" in specialist.get(answer.location, status=200).text
