"""The life of an import: uploaded, matched, asked, proved, run, undone."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from portal.db import transaction
from portal.imports.asking import Action, Answer
from portal.imports.mapping import Kind
from portal.models.complaint import Complaint
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.event import Event
from portal.models.importing import ImportedRecord, ImportRow, ImportRun, ImportState
from portal.models.notice import Notice
from portal.models.org import Branch, Party, User
from portal.models.outbox import Outbox
from portal.models.project import Project
from portal.models.spelling import Spelling
from portal.models.task import Task
from portal.permissions import Role
from portal.services import events, imports
from portal.services.imports import running
from tests.imports.desk import Desk
from tests.imports.workbooks import LEDGER, ledger

LEDGER_ANSWERS = {
    9: "17006103400", 136: "17258807040", 257: "19971589600", 291: "15427325650", 368: "15827606920", 374: "19018181360",
}  # fmt: skip


def ledger_answers(questions):
    answers = imports.proposals(questions)
    for question in questions:
        if question.code == "PHONE_SHORT":
            answers[question.id] = Answer(Action.ENTER, LEDGER_ANSWERS.get(question.rows[0], "19018181360"))
        elif question.code == "MISSING" and question.field == "name":
            answers[question.id] = Answer(Action.ENTER, "孙敏")
        elif question.code == "UNKNOWN_WORD":
            answers[question.id] = Answer(Action.USE, "PLATFORM")
        elif question.code == "SAME_CONTRACT":
            second = max(question.rows)
            choice = next(choice for choice in question.choices if choice.row == second and choice.takes_text)
            answers[question.id] = Answer(Action.RENUMBER, choice.value, second)
    return answers


@pytest.fixture
def desk(app, config, clock, make):
    clock.set("2026-11-23 09:00")
    return Desk(config, clock, make.user(Role.MANAGER))


def counts(session):
    session.rollback()
    return {
        model.KIND: session.scalar(select(func.count()).select_from(model))
        for model in (Customer, Property, Project, Contract, Complaint, Branch, Party)
    }


EMPTY = dict.fromkeys(("customers", "properties", "projects", "contracts", "complaints", "branches", "parties"), 0)


def small(tmp_path, *rows):
    return ledger(tmp_path / "small.xlsx", list(rows) or [{}]).read_bytes()


def test_the_departments_ledger_from_upload_to_undo(desk, session):
    run_id = desk.upload(LEDGER.read_bytes())
    assert desk.run(run_id).state == ImportState.UPLOADED
    run = desk.match(run_id)
    assert (run.state, len(run.questions), run.rows_total) == (ImportState.PREVIEWED, 107, 427)
    run = desk.answer(run_id, ledger_answers(desk.questions(run_id)))
    assert (run.state, run.questions) == (ImportState.READY, [])

    made = desk.prove(run_id)
    assert made == {
        "customers": 420,
        "properties": 420,
        "projects": 420,
        "contracts": 420,
        "branches": 4,
        "parties": 28,
    }
    assert counts(session) == EMPTY  # the dry run left nothing behind
    assert session.scalar(select(func.count()).select_from(ImportedRecord)) == 0
    assert set(session.scalars(select(Spelling.name))) <= set(session.scalars(select(User.name)))

    desk.confirm(run_id)
    run = desk.execute(run_id)
    assert (run.state, run.rows_done, run.counts["made"]) == (ImportState.DONE, 427, made)
    assert counts(session) == EMPTY | made
    spelt = set(session.scalars(select(Spelling.name)))
    assert spelt >= {*session.scalars(select(Customer.name)), *session.scalars(select(Property.estate))}
    assert set(session.scalars(select(Spelling.text).where(Spelling.name == "李丽"))) == {"lili", "ll"}
    first = session.scalars(select(Contract).where(Contract.number == "HT2026-0001")).one()
    assert (first.customer.name, first.customer.phone, first.customer.number) == ("李丽", "18773546848", "KH-2026-0001")
    assert first.project.property.address.startswith("绿地香颂")
    assert (first.project.branch.name, first.project.designer.name, first.project.foreman.name) == (
        "曲江店",
        "金萍",
        "陈帆",
    )
    said = session.scalars(
        select(Event).where(Event.record_kind == "customers", Event.record_id == first.customer_id)
    ).all()
    assert [(event.kind, event.action, event.data) for event in said] == [
        ("IMPORT", "create", {"run": run.number, "row": 5})
    ]  # fmt: skip
    assert events.check_chain(session).ok

    complaints = desk.bring_in(
        LEDGER.read_bytes(), Kind.COMPLAINTS, {"phone:PHONE_SHORT:15": Answer(Action.ENTER, "19018181360")}
    )
    assert complaints.counts["made"] == {"complaints": 40}
    old = session.scalars(select(Complaint).order_by(Complaint.received_at, Complaint.id)).all()
    assert Counter(item.state for item in old) == {"CLOSED": 9, "REGISTERED": 31}
    assert all(item.is_historical and item.project_id and item.customer_id for item in old)
    assert session.scalar(select(func.count()).select_from(Task)) == 0
    assert session.scalar(select(func.count()).select_from(Notice)) == 0

    found = running.survey(session, desk.run(run_id))
    assert len(found.remove) + len(found.kept) == 4 * 420 + 4 + 28
    assert {item.record_kind for item in found.kept} == {
        "customers",
        "properties",
        "projects",
        "contracts",
        "parties",
        "branches",
    } - {"contracts"}
    desk.undo(complaints.id)
    desk.undo(run_id)
    assert counts(session) == EMPTY
    assert desk.run(run_id).state == ImportState.UNDONE
    assert events.check_chain(session).ok


def test_a_second_upload_remembers_columns_and_answers(desk, session):
    first = desk.upload(LEDGER.read_bytes())
    columns = {int(key): value for key, value in desk.run(first).mapping["columns"].items() if value != "layout"}
    sheet = imports.sheet_of(desk.store, desk.run(first))
    with transaction() as current:
        run = current.get(ImportRun, first)
        imports.set_mapping(current, run, imports.SetMapping(columns, {}), sheet, actor=desk.actor, at=desk.clock.now())
    desk.answer(first, ledger_answers(desk.questions(first)))
    second = desk.upload(LEDGER.read_bytes())
    run = desk.run(second)
    assert "layout" not in run.mapping["columns"].values()
    assert run.mapping["remembered"] == desk.run(first).number
    assert desk.match(second).state == ImportState.READY


def test_nothing_is_written_when_one_row_is_refused_by_the_database(desk, session, tmp_path, make):
    run_id = desk.upload(
        small(tmp_path, {}, {"合同编号": "HT2026-0901", "房号": "1502", "客户姓名": "李梅", "联系电话": "13912345678"})
    )
    desk.match(run_id)
    desk.prove(run_id)
    desk.confirm(run_id)
    make.contract(number="HT2026-0901")  # somebody was faster
    before = counts(session)
    run = desk.execute(run_id)
    assert counts(session) == before
    assert run.state == ImportState.PREVIEWED
    assert [question["code"] for question in run.questions] == ["CONTRACT_TAKEN"]
    assert "changed" in run.error


def test_a_refusal_of_the_database_fails_the_run_and_leaves_nothing(desk, session, tmp_path, monkeypatch):
    run_id = desk.upload(small(tmp_path))
    desk.match(run_id)
    desk.prove(run_id)
    desk.confirm(run_id)
    from portal.services.imports import writing

    plain = writing._Writer._contract

    def broken(self, values, row):
        return plain(self, {**values, "amount": -1}, row)

    monkeypatch.setattr(writing._Writer, "_contract", broken)
    run = desk.execute(run_id)
    assert (run.state, counts(session)) == (ImportState.FAILED, EMPTY)
    assert run.error.startswith("The database refuses the rows.")


def test_the_dry_run_meets_the_true_constraints(desk, session, tmp_path, monkeypatch):
    from portal.errors import DomainError
    from portal.services.imports import writing

    run_id = desk.upload(small(tmp_path))
    desk.match(run_id)
    plain = writing._Writer._contract
    monkeypatch.setattr(
        writing._Writer, "_contract", lambda self, values, row: plain(self, {**values, "amount": -1}, row)
    )
    with pytest.raises(DomainError):
        desk.prove(run_id)
    assert (desk.run(run_id).counts["proved"], counts(session)) == (None, EMPTY)
    with pytest.raises(DomainError):
        desk.confirm(run_id)


def test_run_twice_it_is_done_once(desk, session, tmp_path):
    run = desk.bring_in(small(tmp_path))
    desk.execute(run.id)
    assert counts(session)["customers"] == 1


def test_the_worker_carries_it_out(desk, session, tmp_path):
    from jobs.outbox import deliver

    run_id = desk.upload(small(tmp_path))
    desk.match(run_id)
    desk.prove(run_id)
    desk.confirm(run_id)
    message = session.scalars(select(Outbox).where(Outbox.kind == "import_run")).one()
    message_id = message.id
    session.rollback()
    assert deliver(message_id)
    assert not deliver(message_id)
    assert (desk.run(run_id).state, counts(session)["contracts"]) == (ImportState.DONE, 1)


def test_confirming_needs_answers_and_happens_once(desk, session, tmp_path):
    from portal.errors import DomainError

    run_id = desk.upload(small(tmp_path, {"联系电话": "1381234567"}))
    desk.match(run_id)
    with pytest.raises(DomainError):
        desk.confirm(run_id)
    desk.answer(run_id, {"phone:PHONE_SHORT:2": Answer(Action.ENTER, "13812345670")})
    desk.prove(run_id)
    desk.confirm(run_id)
    with pytest.raises(DomainError):
        desk.confirm(run_id)
    with pytest.raises(DomainError):
        desk.answer(run_id, {})


def test_an_answer_can_be_taken_back(desk, tmp_path):
    run_id = desk.upload(small(tmp_path, {"联系电话": "1381234567"}))
    desk.match(run_id)
    assert desk.answer(run_id, {"phone:PHONE_SHORT:2": Answer(Action.ENTER, "13812345670")}).state == ImportState.READY
    assert desk.answer(run_id, {"phone:PHONE_SHORT:2": None}).state == ImportState.PREVIEWED


def test_merged_values_are_put_back(desk, session, tmp_path, make):
    customer = make.customer(name="张建军", phone="13812345678")
    run = desk.bring_in(small(tmp_path, {"备用电话": "13712345678"}))
    session.refresh(customer)
    assert (customer.gender_title, customer.phone2) == ("MR", "13712345678")
    with transaction():
        customer.phone2 = "13600000000"  # changed by somebody since
    found = desk.undo(run.id)
    session.refresh(customer)
    assert (customer.gender_title, customer.phone2) == (None, "13600000000")
    assert [(item.field, item.record_number) for item in found.kept] == [("phone2", customer.number)]
    assert counts(session) == EMPTY | {"customers": 1}


def test_what_was_worked_on_stays_with_what_it_stands_on(desk, session, tmp_path, make):
    second = {"合同编号": "HT2026-0901", "房号": "1502", "客户姓名": "李梅", "联系电话": "13912345678"}
    run = desk.bring_in(small(tmp_path, {}, second))
    contract = session.scalars(select(Contract).where(Contract.number == "HT2026-0900")).one()
    from portal.models.event import EventKind

    with transaction() as current:
        events.record(current, EventKind.NOTE, at=desk.clock.now(), actor=desk.actor, record=contract, text="called")
    found = running.survey(session, desk.run(run.id))
    kept = {(item.record_kind, item.reason.message) for item in found.kept}
    assert ("contracts", "It was changed or worked on since.") in kept
    assert {kind for kind, _ in kept} == {"contracts", "projects", "properties", "customers", "parties"}
    desk.undo(run.id)
    assert counts(session) == EMPTY | {"customers": 1, "properties": 1, "projects": 1, "contracts": 1, "parties": 1}


def test_who_sees_which_runs(desk, session, tmp_path, make):
    run_id = desk.upload(small(tmp_path))
    uploader, other = make.user(Role.SPECIALIST), make.user(Role.SPECIALIST)
    with transaction():
        desk.run(run_id).created_by_id = uploader.id
    seen = {
        name: session.scalars(imports.visible_to(user)).all() != []
        for name, user in (("uploader", uploader), ("other", other), ("manager", desk.actor))
    }
    assert seen == {"uploader": True, "other": False, "manager": True}


def test_rows_of_the_preview_are_kept_for_the_page(desk, session, tmp_path):
    run_id = desk.upload(small(tmp_path, {}, {}, {"联系电话": "1381234567", "合同编号": "HT2026-0901"}))
    desk.match(run_id)
    rows = session.scalars(select(ImportRow).where(ImportRow.run_id == run_id).order_by(ImportRow.row_no)).all()
    assert [(row.row_no, row.status, row.reason) for row in rows] == [
        (2, "CREATE", None), (3, "SKIP", "DUPLICATE"), (4, "QUESTION", None),
    ]  # fmt: skip
    assert [step["record"] for step in rows[0].said["steps"]] == ["customer", "property", "project", "contract"]


@pytest.mark.faults
def test_killed_before_the_commit_nothing_stays_and_the_next_worker_finishes(desk, session, tmp_path, monkeypatch):
    run_id = desk.upload(small(tmp_path))
    desk.match(run_id)
    desk.prove(run_id)
    desk.confirm(run_id)
    session.remove()
    desk.be_killed_before_the_commit(run_id)
    assert (desk.run(run_id).state, counts(session)) == (ImportState.RUNNING, EMPTY)
    assert (desk.execute(run_id).state, counts(session)["contracts"]) == (ImportState.DONE, 1)
