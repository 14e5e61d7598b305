"""The department's own ledger: what it becomes, and exactly what it asks."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from portal.imports import mapping
from portal.imports.asking import Action, Answer, Ask
from portal.imports.known import KnownContract, Nothing
from portal.imports.mapping import Kind
from portal.imports.plan import Act, Plan
from portal.imports.rows import Skip
from portal.imports.values import Doubt
from tests.imports.plans import accepted, planned, steps
from tests.imports.workbooks import LEDGER, read


@pytest.fixture(scope="module")
def sheets():
    return {sheet.name: sheet for sheet in read(LEDGER)}


@pytest.fixture(scope="module")
def plan(sheets):
    return planned(sheets["客户台账"])


# --- the department's ledger; every figure was counted in the file by a script that knows nothing of the portal


def test_the_ledgers_columns_are_all_guessed_but_the_running_number(sheets):
    sheet = sheets["客户台账"]
    columns = mapping.guess(sheet, Kind.CUSTOMERS)
    assert [sheet.headers[column] for column in sheet.headers if column not in columns] == ["序号"]
    assert {sheet.headers[column]: key for column, key in columns.items()} == {
        "客户姓名": "name", "称谓": "gender_title", "联系电话": "phone", "备用电话": "phone2", "小区": "estate",
        "楼号": "building", "单元": "unit", "房号": "room", "面积(㎡)": "area", "户型": "layout", "客户来源": "source",
        "装修类型": "project_kind", "合同编号": "contract_number", "合同金额(元)": "amount", "签订日期": "signed_on",
        "店面": "store", "设计师": "designer", "项目经理": "project_manager", "工长": "foreman", "计划开工": "planned_start",
        "计划竣工": "planned_finish", "客户等级": "grade", "备注": "remarks",
    }  # fmt: skip
    assert mapping.guess_kind(sheet) is Kind.CUSTOMERS


def test_the_ledger_asks_exactly_what_it_leaves_unclear(plan):
    assert Counter(question.group for question in plan.questions) == {
        "amount.APPROXIMATE": 21,
        "contract_number.SAME_CONTRACT": 6,
        "gender_title.NAME_TITLE": 1,
        "name.MISSING": 1,
        "phone.PHONE_SHORT": 6,
        "signed_on.DATE_NO_YEAR": 22,
        "planned_start.DATE_NO_YEAR": 21,
        "planned_finish.DATE_NO_YEAR": 24,
        "source.UNKNOWN_WORD": 1,
        "store.STORE_UNKNOWN": 4,
    }


def test_the_ledgers_seven_double_rows_are_left_out(plan):
    left_out = {item.number: item.skip_value for item in plan.rows if item.skip is Skip.DUPLICATE}
    assert left_out == {254: "8", 287: "57", 109: "77", 411: "128", 393: "161", 224: "167", 358: "216"}
    assert [item.number for item in plan.rows if item.skip and item.skip is not Skip.DUPLICATE] == []


def test_the_ledgers_clashing_contract_numbers_and_short_phones_are_named(plan):
    clashes = {question.found: question.rows for question in plan.questions if question.code == Ask.SAME_CONTRACT}
    assert clashes == {
        "HT2026-0001": (5, 9), "HT2026-0081": (86, 90), "HT2026-0104": (110, 114),
        "HT2026-0268": (276, 280), "HT2026-0276": (284, 289), "HT2026-0295": (304, 308),
    }  # fmt: skip
    short = {question.rows[0]: question.found for question in plan.questions if question.code == Doubt.PHONE_SHORT}
    assert short == {
        9: "1700610340", 136: "1725880704", 257: "1997158960", 291: "1542732565", 368: "1582760692", 374: "1901818136",
    }  # fmt: skip
    assert all(not question.proposed for question in plan.questions if question.code == Doubt.PHONE_SHORT)


def test_one_unknown_source_is_one_question_for_all_its_rows(plan):
    question = next(question for question in plan.questions if question.field == "source")
    assert (question.found, len(question.rows)) == ("抖音", 42)  # 43 in the file, one of them in a double row
    assert question.proposed == ""


def test_days_without_a_year_get_proposals_in_order_with_the_rows_other_dates(plan):
    asked = {(question.rows[0], question.field): question for question in plan.questions}
    assert asked[11, "planned_finish"].proposed == "use:2027-03-03"  # starts 2026-10-29
    assert asked[12, "planned_finish"].proposed == "use:2026-07-01"
    assert asked[55, "signed_on"].proposed == "use:2026-01-26"  # starts 2026-02-07
    assert [asked[74, key].proposed for key in ("signed_on", "planned_start", "planned_finish")] == [
        "use:2026-09-05", "use:2026-09-27", "use:2026-12-06",
    ]  # fmt: skip
    assert asked[318, "planned_finish"].proposed == "use:2027-01-30"
    for question in plan.questions:
        if question.code == Doubt.DATE_NO_YEAR:
            assert question.proposed.startswith("use:20"), question


def test_the_rest_of_the_ledger_is_read_without_a_question(plan):
    notes = Counter(note.code for item in plan.rows for note in item.notes)
    assert (notes["FORMULA_TEXT"], notes["AVOID_TIMES"], notes["SURNAME_ONLY"]) == (30, 41, 1)
    assert notes["PHONE_RANGE_UNKNOWN"] == 46


def answers_for_the_ledger(plan: Plan) -> dict[str, Answer]:
    answers = accepted(plan, {})
    phones = {
        9: "17006103400",
        136: "17258807040",
        257: "19971589600",
        291: "15427325650",
        368: "15827606920",
        374: "19018181360",
    }
    for question in plan.questions:
        if question.code == Doubt.PHONE_SHORT:
            answers[question.id] = Answer(Action.ENTER, phones[question.rows[0]])
        elif question.code == Doubt.MISSING:
            answers[question.id] = Answer(Action.ENTER, "孙敏")
        elif question.code == Doubt.UNKNOWN_WORD:
            answers[question.id] = Answer(Action.USE, "PLATFORM")
        elif question.code == Ask.SAME_CONTRACT:
            second = max(question.rows)
            choice = next(choice for choice in question.choices if choice.row == second and choice.takes_text)
            answers[question.id] = Answer(Action.RENUMBER, choice.value, second)
    return answers


def test_answered_the_ledger_becomes_420_projects_of_420_customers(sheets, plan):
    done = planned(sheets["客户台账"], answers_for_the_ledger(plan))
    assert done.questions == ()
    assert done.is_ready
    counts = done.counts()
    assert {key: counts.get(key) for key in ("customer.CREATE", "property.CREATE", "project.CREATE", "contract.CREATE")} == {
        "customer.CREATE": 420, "property.CREATE": 420, "project.CREATE": 420, "contract.CREATE": 420,
    }  # fmt: skip
    assert (counts["row.CREATE"], counts["row.SKIP"], counts["store.CREATE"], counts["party.CREATE"]) == (420, 7, 4, 28)
    numbers = [step.values["contract_number"] for item in done.rows for step in item.steps if step.record == "contract"]
    assert sorted(numbers) == [f"HT2026-{number:04d}" for number in range(1, 421)]
    assert Counter(kind for kind, _ in done.parties) == {"DESIGNER": 9, "PROJECT_MANAGER": 7, "FOREMAN": 12}


def test_values_of_single_rows_are_what_the_sheet_says(sheets, plan):
    done = planned(sheets["客户台账"], answers_for_the_ledger(plan))
    first = steps(done, 5)
    assert first["customer"].values["phone"] == "18773546848"
    assert (first["customer"].values["grade"], first["customer"].values["source"]) == ("C", "ESTATE")
    assert (first["property"].values["building"], first["property"].values["area"]) == ("3", Decimal("160.00"))
    assert (first["contract"].values["amount"], first["contract"].values["signed_on"]) == (
        Decimal("219900.00"),
        date(2026, 9, 20),
    )
    assert steps(done, 16)["customer"].values["phone"] == "18247289811"
    assert steps(done, 26)["contract"].values["amount"] == Decimal("389600.00")
    assert steps(done, 10)["customer"].values["remarks"] == '=HYPERLINK("x","点我")'
    assert steps(done, 12)["customer"].values["name"] == "张英"
    assert steps(done, 274)["customer"].values["name"] == "𠮷辉"
    assert steps(done, 154)["customer"].values["phone"] == "029-89590884"
    assert steps(done, 9)["customer"].values["gender_title"] == "MS"
    assert steps(done, 9)["contract"].values["contract_number"] == "HT2026-0004"
    assert "signed_on" not in steps(done, 405)["contract"].values  # empty in the file, and empty it stays


def test_the_complaints_sheet_asks_for_what_it_does_not_hold(sheets, plan):
    known = FromPlan(planned(sheets["客户台账"], answers_for_the_ledger(plan)))
    complaints = planned(sheets["投诉记录"], known=known, kind=Kind.COMPLAINTS)
    assert Counter(question.group for question in complaints.questions) == {
        "category.CATEGORY": 10,
        "closed_on.CLOSED_NO_DATE": 9,
        "demand.MISSING": 6,
        "phone.PHONE_SHORT": 1,
        "received_on.DATE_NO_YEAR": 4,
    }
    answers = accepted(complaints, {"phone:PHONE_SHORT:15": Answer(Action.ENTER, "19018181360")})
    done = planned(sheets["投诉记录"], answers, known, Kind.COMPLAINTS)
    assert done.questions == ()
    assert done.counts()["complaint.CREATE"] == 40
    assert steps(done, 2)["complaint"].values["phase"] == "PRE_SALE"  # 2026-10-25, signed 2026-11-03
    assert steps(done, 3)["complaint"].values["phase"] == "IN_SALE"
    assert steps(done, 8)["complaint"].values["department"] == "PURCHASING"
    assert steps(done, 5)["complaint"].values["historical_result"] == "已处理 / 不满意"
    assert Counter(step.values.get("result") for item in done.rows for step in item.steps) == {
        "CLOSED": 9, "OPEN": 8, "REJECTED": 9, None: 14,
    }  # fmt: skip


def test_without_the_contracts_every_complaint_is_a_question(sheets):
    complaints = planned(sheets["投诉记录"], kind=Kind.COMPLAINTS)
    assert sum(question.code == Ask.CONTRACT_UNKNOWN for question in complaints.questions) == 40
    assert not complaints.is_ready


class FromPlan(Nothing):
    """A portal that holds what a plan would make."""

    def __init__(self, plan: Plan) -> None:
        self.held = []
        for number, item in enumerate(plan.rows, start=1):
            made = {step.record: step.values for step in item.steps}
            if made:
                person = made["customer"]
                phones = tuple(phone for key in ("phone", "phone2") if (phone := person.get(key)))
                self.held.append(
                    KnownContract(
                        number,
                        made["contract"]["contract_number"],
                        number,
                        person["name"],
                        phones,
                        number,
                        made["contract"].get("signed_on"),
                    )
                )

    def contracts(self, numbers):
        return [item for item in self.held if item.number in numbers]

    def contracts_of(self, phones):
        return [item for item in self.held if set(item.customer_phones) & set(phones)]


def test_a_second_import_of_the_same_ledger_makes_nothing(sheets, plan):
    answers = answers_for_the_ledger(plan)
    again = planned(sheets["客户台账"], answers, FromPlan(planned(sheets["客户台账"], answers)))
    assert Counter(item.skip for item in again.rows)[Skip.ALREADY_THERE] >= 414
    assert not any(step.act is Act.CREATE for item in again.rows for step in item.steps)
