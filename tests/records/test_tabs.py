"""The tabs of a record's page: links, counts that are true, nothing asked for what is not open."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.permissions import Role
from tests.listing.rows import after_the_works, complaint


def tabs_of(text: str) -> list[tuple[str, str, bool]]:
    """Where each tab leads, what it says, whether it is open."""
    strip = text.split('class="tab-strip"')[1].split("</nav>")[0]
    found = re.findall(r'<a href="([^"]+)"( aria-current="page")?>(.*?)</a>', strip)
    return [(url, re.sub(r"<[^>]*>", "", said).strip(), bool(is_open)) for url, is_open, said in found]


def main_of(text: str) -> str:
    """The page without the talk beside it, which tells of everything."""
    return text.split('class="chatter"')[0]


@pytest.fixture
def household(make, clock):
    """A customer with a home, a project, a contract, a complaint and a repair, and a stranger with a complaint."""
    customer, stranger = make.customer(), make.customer()
    project, other = make.project(customer), make.project(stranger)
    owner = make.user(Role.SPECIALIST)
    at = clock.now()
    complaint(owner, customer, 1, at, at + timedelta(hours=3), project_id=project.id)
    complaint(owner, stranger, 2, at, None, project_id=other.id)
    contract = make.contract(project)
    kept = {"created_at": at, "updated_at": at}
    after_the_works(1, owner, customer, project, contract, make.crew(), at, kept)
    return {"customer": customer, "project": project, "contract": contract, "complaint": "TS-2026-0001"}


def test_each_tab_is_a_link_and_shows_as_many_as_it_says(household, sign_in):
    manager, customer = sign_in(Role.MANAGER), household["customer"]
    base = f"/records/customers/{customer.number}"
    tabs = tabs_of(manager.get(base, status=200).text)
    assert tabs == [
        (base, "基本信息", True),
        (f"{base}?tab=works", "房屋与工程 2", False),
        (f"{base}?tab=contracts", "合同与报价 1", False),
        (f"{base}?tab=cases", "案件 3", False),
        (f"{base}?tab=contacts", "接待 0", False),
        (f"{base}?tab=opinions", "满意度 0", False),
        (f"{base}?tab=files", "附件 0", False),
        (f"{base}?tab=changes", "变更记录", False),
    ]
    for url, said, _is_open in tabs:
        text = manager.get(url, status=200).text
        assert [is_open for _url, _said, is_open in tabs_of(text)] == [each[0] == url for each in tabs], said
    cases = manager.get(f"{base}?tab=cases", status=200).text
    assert all(number in main_of(cases) for number in ("TS-2026-0001", "WX-1", "BX-1"))
    assert "TS-2026-0002" not in cases
    assert f"/records/complaints?filter=customer.{customer.id}" in cases


def test_a_project_shows_its_own_cases_only(household, make, clock, sign_in):
    project, customer = household["project"], household["customer"]
    owner = make.user(Role.SPECIALIST)
    complaint(owner, customer, 3, clock.now(), None, project_id=make.project(customer).id)
    manager = sign_in(Role.MANAGER)
    main = main_of(manager.get(f"/records/projects/{project.number}?tab=cases", status=200).text)
    assert "TS-2026-0001" in main and "WX-1" in main and "TS-2026-0003" not in main
    assert f"/records/complaints?filter=project.{project.id}" in main
    listed = manager.get(f"/records/complaints?filter=project.{project.id}", status=200).text
    assert "TS-2026-0001" in listed and "TS-2026-0003" not in listed and project.number in listed


@pytest.mark.parametrize(
    ("kind", "record"), [("customers", "customer"), ("projects", "project"), ("contracts", "contract")]
)
def test_what_is_not_open_is_not_asked_for(household, sign_in, queries, kind, record):
    manager = sign_in(Role.MANAGER)
    base = f"/records/{kind}/{household[record].number}"
    asked = {}
    for tab in ("facts", "files"):
        with queries() as seen:
            manager.get(f"{base}?tab={tab}", status=200)
        asked[tab] = [statement for statement in seen if "FROM attachment" in statement]
        assert len([each for each in seen if each.lstrip().upper().startswith(("SELECT", "WITH"))]) <= 18
    assert len(asked["files"]) > len(asked["facts"])


def test_an_unknown_tab_is_the_first_one(household, sign_in):
    base = f"/records/customers/{household['customer'].number}"
    for wanted in ("nothing", "", "facts%27"):
        assert tabs_of(sign_in(Role.MANAGER).get(f"{base}?tab={wanted}", status=200).text)[0][2]


def test_a_role_has_the_tabs_of_what_it_sees(household, sign_in):
    base = f"/records/customers/{household['customer'].number}"
    keys = [url.partition("tab=")[2] for url, _said, _open in tabs_of(sign_in(Role.FRONT_DESK).get(base).text)]
    assert "contracts" not in keys and "contacts" in keys
    sign_in(Role.FRONT_DESK).get(f"{base}?tab=contracts", status=200)


def test_changes_stand_on_a_tab_old_and_new(household, sign_in):
    manager, customer = sign_in(Role.MANAGER), household["customer"]
    base = f"/records/customers/{customer.number}"
    assert "登记以来没有变更" in manager.get(f"{base}?tab=changes", status=200).text
    manager.post(f"{base}/grade", {"grade": "A", "reason": "老客户介绍了三家", "version": customer.version}, status=303)
    main = main_of(manager.get(f"{base}?tab=changes", status=200).text)
    assert "老客户介绍了三家" in main and "客户等级" in main


def test_a_contract_keeps_its_payments_on_a_tab_and_comes_back_to_it(household, sign_in):
    contract = household["contract"]
    base = f"/records/contracts/{contract.number}"
    specialist = sign_in(Role.SPECIALIST)
    paid = {"kind": "FIRST", "amount": "5000", "paid_on": "2026-03-31", "receipt_no": "SJ-9", "client_key": "t1"}
    answer = specialist.post(f"{base}/payments/new", paid, status=303)
    assert answer.location == f"{base}?tab=payments"
    assert "SJ-9" in specialist.get(answer.location, status=200).text
    assert "SJ-9" not in main_of(specialist.get(base, status=200).text)
