"""`portal import` from the command line: questions to a file, answers from it, and a dry run that leaves nothing."""

import json
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from portal import cli
from portal.imports.cli import import_command
from portal.models.customer import Customer
from portal.models.importing import ImportRun
from portal.permissions import Role
from tests.imports.workbooks import ledger


@pytest.fixture
def run(app, session, monkeypatch):
    @contextmanager
    def present():
        yield app

    monkeypatch.setattr(cli, "application", present)

    def call(*words):
        answer = CliRunner().invoke(import_command, [str(word) for word in words])
        session.rollback()
        return answer.exit_code, answer.output, session.scalar(select(func.count()).select_from(Customer))

    return call


@pytest.fixture
def file(tmp_path):
    return ledger(tmp_path / "ledger.xlsx", [{}, {"联系电话": "1391234567", "合同编号": "HT2026-0901", "房号": "2"}])


def test_questions_stop_it_and_answers_carry_it_on(run, make, file, tmp_path):
    make.user(Role.MANAGER)
    asked = tmp_path / "questions.json"
    code, said, customers = run("customers", file, "--questions", asked)
    assert (code, customers) == (1, 0)
    assert "C3 Phone: '1391234567' The phone number has too few digits." in said
    data = json.loads(asked.read_text(encoding="utf-8"))
    data["phone:PHONE_SHORT:3"]["answer"] = {"action": "enter", "value": "13912345678"}
    asked.write_text(json.dumps(data), encoding="utf-8")
    code, said, customers = run("customers", file, "--answers", asked)
    assert (code, customers) == (0, 2), said
    assert "is done" in said


def test_a_dry_run_leaves_nothing(run, make, tmp_path, session):
    make.user(Role.MANAGER)
    code, said, customers = run("customers", ledger(tmp_path / "one.xlsx", [{}]), "--dry-run")
    assert (code, customers) == (0, 0), said
    assert "contracts    1" in said
    assert session.scalar(select(func.count()).select_from(ImportRun)) == 0


def test_what_is_wrong_is_said_in_one_line(run, make, file, tmp_path):
    assert "there is no active manager" in run("customers", file)[1]
    make.user(Role.FRONT_DESK, username="desk")
    assert "may not import" in run("customers", file, "--user", "desk")[1]
    make.user(Role.MANAGER)
    other = tmp_path / "no.xlsx"
    other.write_bytes(b"not a workbook")
    code, said, _customers = run("customers", other)
    assert (code, said) == (1, "Error: This is not an Excel workbook (.xlsx).\n")
    assert "no file of answers" in run("customers", file, "--answers", other)[1]
