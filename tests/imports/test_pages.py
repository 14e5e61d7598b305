"""The pages of an import, with and without htmx, for those who may and those who may not."""

import io
import re

import openpyxl
import pytest

from portal.db import session as current_session
from portal.files.store import Store
from portal.models.importing import ImportRun, ImportState
from portal.permissions import Role
from portal.services.imports import running
from tests.imports.workbooks import LEDGER, ledger


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


def upload(browser, content, name="台账.xlsx", **fields):
    answer = browser.post("/records/import-runs/new", data={"file": (io.BytesIO(content), name), **fields})
    assert answer.status_code == 303, answer.text[:2000]
    return answer.headers["Location"].split("/")[-2]


def run_of(number) -> ImportRun:
    current_session().expire_all()
    current_session().rollback()
    return current_session().query(ImportRun).filter_by(number=number).one()


def chosen(browser, number):
    """The form of the columns page as a browser would send it."""
    text = browser.get(f"/records/import-runs/{number}/columns").text
    data = {}
    for name, options in re.findall(r'<select class="input"[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
        found = re.search(r'<option value="([^"]*)" selected>', options)
        data[name] = found[1] if found else ""
    return data


def match(browser, number, **changes):
    return browser.post(f"/records/import-runs/{number}/columns", data=chosen(browser, number) | changes)


def open_groups(browser, number):
    text = browser.get(f"/records/import-runs/{number}/questions").text
    return re.findall(r"group=([A-Za-z_.0-9]+)\"", text)


def test_the_ledger_by_browser_from_upload_to_undo(manager, config, clock):
    assert "直接上传部门现有的台账" in manager.get("/records/import-runs").text
    number = upload(manager, LEDGER.read_bytes())
    page = manager.get(f"/records/import-runs/{number}/columns").text
    assert "表头在第 4 行，数据 427 行" in page
    assert "投诉记录" in page
    assert match(manager, number).headers["Location"].endswith("/questions")
    assert "回答 107 个问题" in manager.get(f"/records/import-runs/{number}").text

    questions = f"/records/import-runs/{number}/questions"
    for group in open_groups(manager, number):
        text = manager.get(f"{questions}?group={group}").text
        if 'value="proposal"' in text:
            manager.post(questions, data={"group": group, "all": "proposal"})
    assert {question["code"] for question in run_of(number).questions} == {
        "MISSING", "PHONE_SHORT", "SAME_CONTRACT", "UNKNOWN_WORD", "NAME_TITLE",
    }  # fmt: skip
    data = {"group": "phone.PHONE_SHORT"} | {
        f"text.phone:PHONE_SHORT:{row}": f"1700610{row:04d}" for row in (9, 136, 257, 291, 368)
    }
    manager.post(questions, data=data | {"text.phone:PHONE_SHORT:374": "12"})
    (left,) = [item for item in run_of(number).questions if item["code"] == "PHONE_SHORT"]
    assert (left["rows"], left["problem"]) == ([374], "PHONE_SHORT")
    assert "电话号码位数不足" in manager.get(f"{questions}?group=phone.PHONE_SHORT").text
    manager.post(questions, data={"group": "phone.PHONE_SHORT", "text.phone:PHONE_SHORT:374": "1901818 1360"})
    manager.post(questions, data={"group": "name.MISSING", "text.name:MISSING:263": "孙敏"})
    manager.post(questions, data={"group": "source.UNKNOWN_WORD", "choice.source:UNKNOWN_WORD:抖音": "use:PLATFORM"})
    manager.post(questions, data={"group": "gender_title.NAME_TITLE", "choice.gender_title:NAME_TITLE:9": "use:MS"})
    data = {"group": "contract_number.SAME_CONTRACT"}
    for item in run_of(number).questions:
        second = max(item["rows"])
        free = next(choice["value"] for choice in item["choices"] if choice["row"] == second and choice["takes_text"])
        data[f"choice.{item['id']}"] = f"renumber:{second}"
        data[f"text.{item['id']}.renumber:{second}"] = free
    answer = manager.post(questions, data=data)
    assert answer.headers["Location"].endswith(f"/import-runs/{number}")

    page = manager.get(f"/records/import-runs/{number}").text
    assert "数据库接受所有行" in page
    assert "新建 420" in page
    assert "与第 8 行重复" in manager.get(f"/records/import-runs/{number}?status=SKIP").text
    manager.post(f"/records/import-runs/{number}/confirm")
    run = run_of(number)
    assert run.state == ImportState.RUNNING
    assert "等待后台处理" in manager.get(f"/records/import-runs/{number}").text
    run_id = run.id
    current_session().rollback()
    running.execute(Store.of(config), run_id, at=clock.now())
    page = manager.get(f"/records/import-runs/{number}").text
    assert "已导入" in page
    assert "接着导入“投诉记录”" in page

    other = manager.post(f"/records/import-runs/{number}/other-sheet", data={"sheet": "投诉记录"})
    complaints = other.headers["Location"].split("/")[-2]
    match(manager, complaints)
    assert len(run_of(complaints).questions) == 30
    survey = manager.get(f"/records/import-runs/{number}/undo").text
    assert "撤销整批导入" in survey
    manager.post(f"/records/import-runs/{number}/undo")
    assert run_of(number).state == ImportState.UNDONE
    assert "已移除" in manager.get(f"/records/import-runs/{number}").text


def small(tmp_path, *rows):
    return ledger(tmp_path / "small.xlsx", list(rows) or [{}]).read_bytes()


def test_a_refused_file_says_why_and_keeps_nothing(manager, config):
    answer = manager.post("/records/import-runs/new", data={"file": (io.BytesIO(b"MZ\x90"), "台账.xlsx")})
    assert answer.status_code == 422
    assert "这不是 Excel 工作簿" in answer.text
    assert list(Store.of(config).all()) == []
    assert "请选择工作簿" in manager.post("/records/import-runs/new", data={}).text


def test_a_file_sent_twice_begins_one_import(manager, tmp_path):
    key = re.search(r'name="client_key" value="([^"]+)"', manager.get("/records/import-runs/new").text)[1]
    content = small(tmp_path)
    first = upload(manager, content, client_key=key)
    assert upload(manager, content, client_key=key) == first
    assert upload(manager, content) != first
    assert current_session().query(ImportRun).count() == 2


def test_the_other_sheet_pressed_twice_begins_one_more_import(manager):
    number = upload(manager, LEDGER.read_bytes())
    page = manager.get(f"/records/import-runs/{number}/columns").text
    form = page[page.index("other-sheet") :]
    key = re.search(r'name="client_key" value="([^"]+)"', form)[1]
    sent = {"sheet": "投诉记录", "client_key": key}
    first = manager.post(f"/records/import-runs/{number}/other-sheet", data=sent)
    again = manager.post(f"/records/import-runs/{number}/other-sheet", data=sent)
    assert first.headers["Location"] == again.headers["Location"]
    assert current_session().query(ImportRun).count() == 2
    assert (
        manager.post(f"/records/import-runs/{number}/other-sheet", data={**sent, "sheet": "客户台账"}).status_code
        != 303
    )


def test_a_column_without_field_is_named(manager, tmp_path):
    number = upload(manager, small(tmp_path))
    answer = match(manager, number, **{"column.3": ""})
    assert answer.status_code == 422
    assert "“联系电话”尚未对应任何列" in answer.text
    answer = match(manager, number, **{"column.4": "phone"})
    assert "“联系电话”对应了多列" in answer.text


def test_with_htmx_the_questions_answer_with_their_part(manager, tmp_path):
    number = upload(
        manager, small(tmp_path, {"联系电话": "1381234567"}, {"联系电话": "1391234567", "合同编号": "HT2", "房号": "2"})
    )
    match(manager, number)
    answer = manager.post(
        f"/records/import-runs/{number}/questions",
        data={"group": "phone.PHONE_SHORT", "text.phone:PHONE_SHORT:2": "13812345678"},
        headers={"HX-Request": "true"},
    )
    assert answer.text.lstrip().startswith('<div id="questions"')
    assert "C3" in answer.text
    answer = manager.post(
        f"/records/import-runs/{number}/questions",
        data={"group": "phone.PHONE_SHORT", "all": "skip"},
        headers={"HX-Request": "true"},
    )
    assert answer.headers["HX-Redirect"].endswith(f"/import-runs/{number}")


def test_an_answer_is_taken_back(manager, tmp_path):
    number = upload(manager, small(tmp_path, {"联系电话": "1381234567"}))
    match(manager, number)
    questions = f"/records/import-runs/{number}/questions"
    manager.post(questions, data={"group": "phone.PHONE_SHORT", "text.phone:PHONE_SHORT:2": "13812345678"})
    assert run_of(number).state == ImportState.READY
    assert "第 2 行" in manager.get(questions).text
    manager.post(questions, data={"take_back": "phone:PHONE_SHORT:2"})
    assert run_of(number).state == ImportState.PREVIEWED


def test_the_problems_come_as_a_workbook(manager, tmp_path):
    number = upload(manager, small(tmp_path, {"联系电话": "1381234567", "备注": "=1+1"}))
    match(manager, number)
    answer = manager.get(f"/records/import-runs/{number}/problems.xlsx")
    lines = list(openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0].values)
    assert lines[0] == ("工作表", "行", "列", "字段", "值", "问题", "如何处理")
    assert lines[1][:5] == ("客户台账", 2, "C", "联系电话", "1381234567")


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.REVIEWER, Role.REPAIR_CAPTAIN])
def test_others_may_not_import(sign_in, role):
    browser = sign_in(role)
    for path in ("", "/new", "/DR-2026-0001", "/DR-2026-0001/questions", "/DR-2026-0001/problems.xlsx"):
        assert browser.get(f"/records/import-runs{path}").status_code == 403


def test_an_import_of_somebody_else_does_not_exist(sign_in, manager, tmp_path):
    number = upload(manager, small(tmp_path))
    other = sign_in(Role.SPECIALIST)
    for path in ("", "/columns", "/questions", "/undo", "/problems.xlsx", "/progress"):
        assert other.get(f"/records/import-runs/{number}{path}").status_code == 404
    assert number not in other.get("/records/import-runs").text
