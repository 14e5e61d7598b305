"""Plans on small ledgers: each rule, each answer, and what the portal has already."""

import io
from datetime import date

import openpyxl

from portal.i18n import use_locale
from portal.imports import errors_workbook, mapping, texts
from portal.imports.asking import Action, Answer, Ask
from portal.imports.known import Home, KnownContract, KnownCustomer, KnownParty, KnownProperty, Nothing
from portal.imports.mapping import ColumnMapping, Kind
from portal.imports.plan import Act, Status
from portal.imports.rows import Skip
from portal.imports.values import Doubt
from tests.imports.plans import planned, row, steps
from tests.imports.workbooks import HEADERS, LEDGER, ledger, read

# --- single rules on small ledgers


def small(tmp_path, *rows, **options):
    return read(ledger(tmp_path / "small.xlsx", list(rows), **options))[0]


def test_a_plain_row_becomes_four_records(tmp_path):
    done = planned(small(tmp_path, {}))
    assert done.questions == ()
    assert [(step.record, step.act) for step in done.rows[0].steps] == [
        ("customer", Act.CREATE), ("property", Act.CREATE), ("project", Act.CREATE), ("contract", Act.CREATE),
    ]  # fmt: skip
    assert done.rows[0].status is Status.CREATE


def test_grades_follow_the_rule_where_the_ledger_is_silent(tmp_path):
    cases = [
        ("19.9万", "全包", None, "B"),
        ("20万", "全包", None, "A"),
        ("7.9万", "全包", None, "C"),
        ("12万", "局部", None, "C"),
        ("5万", "半包", "别墅", "A"),
    ]
    rows = [
        {"客户等级": None, "合同金额": amount, "装修类型": kind, "户型": layout, "合同编号": f"HT{n}", "联系电话": f"1381234567{n}", "房号": str(n)}
        for n, (amount, kind, layout, _) in enumerate(cases)
    ]  # fmt: skip
    done = planned(small(tmp_path, *rows))
    assert [steps(done, item.number)["customer"].values["grade"] for item in done.rows] == [case[3] for case in cases]
    assert all("GRADE_BY_RULE" in {note.code for note in item.notes} for item in done.rows)


def test_hours_of_quiet_have_a_column_and_what_are_no_hours_is_asked(tmp_path):
    rows = [
        {"勿扰时段": "12:00-14:00，22:00至7:30"},
        {"勿扰时段": "午休", "合同编号": "HT2", "房号": "2", "联系电话": "13812345670"},
    ]
    sheet = small(tmp_path, *rows, headers=[*HEADERS, "勿扰时段"])
    done = planned(sheet)
    assert steps(done, done.rows[0].number)["customer"].values["avoid_hours"] == "00:00-07:30, 12:00-14:00, 22:00-24:00"
    (question,) = done.questions
    assert (question.code, question.field, question.found) == (Doubt.NO_CLOCK_TIMES, "avoid_hours", "午休")
    assert "钟点" in str(texts.WRONG[question.code])
    answered = planned(sheet, {question.id: Answer(Action.ENTER, "13:00-14:00")})
    assert steps(answered, answered.rows[1].number)["customer"].values["avoid_hours"] == "13:00-14:00"


def test_one_customer_with_two_contracts_is_one_customer(tmp_path):
    done = planned(small(tmp_path, {}, {"合同编号": "HT2026-0901", "房号": "1502"}))
    assert done.questions == ()
    assert done.counts()["customer.CREATE"] == 1
    assert done.counts()["customer.REUSE"] == 1
    assert done.counts()["contract.CREATE"] == 2


def test_one_phone_under_two_names_is_asked(tmp_path):
    sheet = small(tmp_path, {}, {"客户姓名": "李梅", "合同编号": "HT2026-0901", "房号": "1502"})
    (question,) = planned(sheet).questions
    assert (question.code, question.rows) == (Ask.NAME_DIFFERS, (2, 3))
    one = planned(sheet, {question.id: Answer(Action.SAME, "李梅")})
    assert one.counts()["customer.CREATE"] == 1
    assert steps(one, 2)["customer"].values["name"] == "李梅"
    two = planned(sheet, {question.id: Answer(Action.SEPARATE)})
    assert two.counts()["customer.CREATE"] == 2


def test_one_address_of_two_customers_is_asked(tmp_path):
    sheet = small(tmp_path, {}, {"客户姓名": "李梅", "联系电话": "13912345678", "合同编号": "HT2026-0901"})
    (question,) = planned(sheet).questions
    assert (question.code, question.rows) == (Ask.HOME_TAKEN, (3,))
    assert planned(sheet, {question.id: Answer(Action.SEPARATE)}).counts()["property.CREATE"] == 2
    assert planned(sheet, {question.id: Answer(Action.SKIP)}).counts()["property.CREATE"] == 1


def test_a_contract_number_can_be_kept_changed_or_left_out(tmp_path):
    sheet = small(tmp_path, {}, {"客户姓名": "李梅", "联系电话": "13912345678", "房号": "1502"})
    (question,) = planned(sheet).questions
    kept = planned(sheet, {question.id: Answer(Action.KEEP, row=3)})
    assert (row(kept, 2).skip, row(kept, 2).skip_value) == (Skip.OTHER_KEPT, "3")
    changed = planned(sheet, {question.id: Answer(Action.RENUMBER, "HT2026-0999", 3)})
    assert steps(changed, 3)["contract"].values["contract_number"] == "HT2026-0999"
    (again,) = planned(sheet, {question.id: Answer(Action.RENUMBER, "HT2026-0900", 3)}).questions
    assert again.problem == "TAKEN"
    (again,) = planned(sheet, {question.id: Answer(Action.RENUMBER, "=1", 3)}).questions
    assert again.problem == Doubt.UNREADABLE
    assert planned(sheet, {question.id: Answer(Action.SKIP)}).counts()["row.SKIP"] == 2


def test_an_answer_that_cannot_be_read_opens_the_question_again(tmp_path):
    sheet = small(tmp_path, {"联系电话": "1381234567"})
    (question,) = planned(sheet).questions
    (again,) = planned(sheet, {question.id: Answer(Action.ENTER, "138123456")}).questions
    assert (again.id, again.problem) == (question.id, Doubt.PHONE_SHORT)
    (again,) = planned(sheet, {question.id: Answer(Action.ENTER, "  ")}).questions
    assert again.problem == Doubt.MISSING
    assert planned(sheet, {question.id: Answer(Action.ENTER, "138 1234 5670")}).questions == ()


def test_an_answer_the_question_does_not_offer_is_ignored(tmp_path):
    sheet = small(tmp_path, {"联系电话": "1381234567"})
    (question,) = planned(sheet).questions
    for answer in (
        Answer(Action.EMPTY),
        Answer(Action.KEEP),
        Answer(Action.USE, "13812345670"),
        Answer(Action.SEPARATE),
    ):
        assert [item.id for item in planned(sheet, {question.id: answer}).questions] == [question.id]


def test_dates_out_of_order_are_asked(tmp_path):
    sheet = small(tmp_path, {"计划开工": "2026-03-01"})
    (question,) = planned(sheet).questions
    assert (question.code, question.field, question.found) == (
        Ask.DATE_ORDER,
        "planned_start",
        "2026-03-20 > 2026-03-01",
    )
    assert planned(sheet, {question.id: Answer(Action.KEEP)}).questions == ()
    fixed = planned(sheet, {question.id: Answer(Action.ENTER, "2026-04-02")})
    assert steps(fixed, 2)["project"].values["planned_start"] == date(2026, 4, 2)


def test_two_phones_in_the_cell_become_phone_and_other_phone(tmp_path):
    done = planned(small(tmp_path, {"联系电话": "13812345678/13912345678"}))
    assert (steps(done, 2)["customer"].values["phone"], steps(done, 2)["customer"].values["phone2"]) == (
        "13812345678",
        "13912345678",
    )
    (question,) = planned(small(tmp_path, {"联系电话": "13812345678/13912345678", "备用电话": "13712345678"})).questions
    assert question.code == Doubt.PHONE_MANY


def test_a_true_formula_is_confirmed_by_a_person(tmp_path):
    import xlsxwriter

    path = ledger(tmp_path / "f.xlsx", [{}])
    from tests.imports.workbooks import HEADERS, ROW

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row(0, 0, HEADERS)
        for column, header in enumerate(HEADERS):
            sheet.write(1, column, ROW.get(header, ""))
        sheet.write_formula(1, HEADERS.index("合同金额"), "=100000+25000", None, 125000)
    (question,) = planned(read(path)[0]).questions
    assert (question.code, question.proposed) == (Doubt.FORMULA, "use:125000")


# --- against what the portal has


class Portal(Nothing):
    """One customer with one home and one contract."""

    customer = KnownCustomer(
        7, "KH-2026-0007", "张建军", "13812345678", values={"gender_title": None, "grade": "A", "source": "PHONE"}
    )
    home = KnownProperty(8, "FW-2026-0008", 7, Home("滨江花园", "3", "2", "1501"), {"layout": None})
    contract = KnownContract(9, "HT2026-0900", 7, "张建军", ("13812345678",), 3, date(2026, 3, 20))

    def customers(self, phones):
        return [self.customer] if self.customer.phone in phones else []

    def properties(self, homes):
        return [self.home] if self.home.home in homes else []

    def contracts(self, numbers):
        return [self.contract] if self.contract.number in numbers else []

    def stores(self):
        return {"高新店": 1}

    def parties(self, names):
        return [KnownParty(number, f"RY-2026-000{number}", "DESIGNER", "曹勇") for number in (1, 2)]


def test_a_contract_the_portal_has_is_left_out(tmp_path):
    done = planned(small(tmp_path, {}), known=Portal())
    assert (row(done, 2).skip, row(done, 2).skip_value) == (Skip.ALREADY_THERE, "HT2026-0900")


def test_a_known_customer_is_filled_not_overwritten(tmp_path):
    sheet = small(tmp_path, {"合同编号": "HT2026-0901", "户型": "三室两厅", "设计师": None})
    done = planned(sheet, known=Portal())
    customer, home = steps(done, 2)["customer"], steps(done, 2)["property"]
    assert (customer.act, customer.existing_id, customer.values) == (Act.MERGE, 7, {"gender_title": "MR"})
    assert (home.act, home.existing_id, home.values) == (Act.MERGE, 8, {"layout": "三室两厅"})
    assert ("KEPT", "grade", "A") in {(note.code, note.field, note.value) for note in row(done, 2).notes}


def test_a_contract_number_of_another_customer_is_asked(tmp_path):
    sheet = small(tmp_path, {"客户姓名": "李梅", "联系电话": "13912345678", "房号": "1502", "设计师": None})
    (question,) = planned(sheet, known=Portal()).questions
    assert (question.code, question.context["holder"]) == (Ask.CONTRACT_TAKEN, "张建军 13812345678")
    done = planned(sheet, {question.id: Answer(Action.RENUMBER, "HT2026-0902", 2)}, Portal())
    assert done.is_ready


def test_a_known_phone_with_another_name_and_a_taken_home_are_asked(tmp_path):
    sheet = small(tmp_path, {"客户姓名": "李梅", "合同编号": "HT2026-0901", "设计师": None})
    assert {question.code for question in planned(sheet, known=Portal()).questions} == {
        Ask.NAME_DIFFERS,
        Ask.HOME_TAKEN,
    }
    (question,) = (item for item in planned(sheet, known=Portal()).questions if item.code == Ask.NAME_DIFFERS)
    same = planned(sheet, {question.id: Answer(Action.SAME, "张建军")}, Portal())
    assert same.is_ready
    assert steps(same, 2)["customer"].existing_id == 7


def test_stores_and_people_are_found_or_asked(tmp_path):
    sheet = small(tmp_path, {"合同编号": "HT2026-0901", "店面": "高新店"})
    (question,) = planned(sheet, known=Portal()).questions
    assert question.code == Ask.PARTY_SEVERAL
    done = planned(sheet, {question.id: Answer(Action.USE, "RY-2026-0002")}, Portal())
    assert steps(done, 2)["project"].values["designer"] == "RY-2026-0002"
    assert (done.parties, done.stores) == ((), ())
    unknown = planned(small(tmp_path, {"合同编号": "HT2026-0901", "店面": "新店", "设计师": None}), known=Portal())
    assert [choice.key for choice in unknown.questions[0].choices] == ["create", "use:高新店", "empty", "skip"]


# --- mapping, texts, error workbook


def test_a_mapping_names_what_is_missing_or_double(tmp_path):
    sheet = small(tmp_path, {})
    columns = mapping.guess(sheet, Kind.CUSTOMERS)
    assert mapping.problems(Kind.CUSTOMERS, ColumnMapping(columns)) == []
    without = {column: key for column, key in columns.items() if key != "phone"}
    assert [
        str(problem.values["field"].message) for problem in mapping.problems(Kind.CUSTOMERS, ColumnMapping(without))
    ] == ["Phone"]
    assert mapping.problems(Kind.CUSTOMERS, ColumnMapping(without, {"phone": "13812345678"})) == []
    assert len(mapping.problems(Kind.CUSTOMERS, ColumnMapping({**columns, 99: "phone"}))) == 1


def test_traditional_headers_are_guessed_and_signatures_ignore_spacing(tmp_path):
    path = ledger(
        tmp_path / "hant.xlsx",
        [{}],
        [
            "客戶姓名",
            "聯繫電話",
            "小區",
            "樓號",
            "單元",
            "房號",
            "面積",
            "客戶來源",
            "裝修類型",
            "合同編號",
            "合同金額",
        ],
    )
    assert set(mapping.guess(read(path)[0], Kind.CUSTOMERS).values()) >= {
        "name",
        "phone",
        "estate",
        "building",
        "contract_number",
        "amount",
    }
    assert mapping.signature(["客户姓名", "面积(㎡)"]) == mapping.signature([" 客户 姓名", "面积"])
    assert mapping.signature(["客户姓名", "面积"]) != mapping.signature(["面积", "客户姓名"])


def test_every_code_has_its_sentences():
    codes = {str(code) for code in (*Doubt, *Ask)}
    assert codes <= set(texts.WRONG)
    assert codes <= set(texts.TO_DO)
    assert {str(code) for code in Skip} <= set(texts.SKIPS)


def test_the_error_workbook_names_row_column_and_cure_and_calculates_nothing():
    plan = planned(read(LEDGER)[0])
    with use_locale("en"):
        data = errors_workbook.write(plan, sheet_name="客户台账")
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    lines = list(page.iter_rows(min_row=2, values_only=True))
    assert page.max_row - 1 == sum(len(question.rows) for question in plan.questions) + 7 + 1
    assert ("客户台账", 9, "D", "Phone", "1700610340") in {line[:5] for line in lines}
    assert next(line for line in lines if line[1] == 432)[5] == "A row of totals."
    assert {cell.data_type for line in page.iter_rows(min_row=2) for cell in line} <= {"s", "n"}


def test_five_thousand_rows_are_planned_in_one_go(tmp_path):
    rows = [
        {"合同编号": f"HT{n:06d}", "联系电话": f"138{n:08d}", "房号": str(n), "签订日期": "3月3日" if n % 125 == 0 else "2026-03-20"}
        for n in range(5_000)
    ]  # fmt: skip
    done = planned(small(tmp_path, *rows))
    assert (len(done.questions), done.counts()["row.CREATE"]) == (40, 4_960)
