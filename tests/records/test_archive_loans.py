"""Loans of files as people handle them: asked for on the page of the project, decided in the inbox, handed out, counted back, printed. Source: 4.16, R-21, F-24."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portal import clock as portal_clock
from portal import i18n
from portal.db import session, transaction
from portal.documents import archive_building
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.project import Project
from portal.permissions import Role

NEW = "/records/projects/{}/archive-loans/new"
STEP = "/records/archive-loans/{}/steps/{}"
PURPOSE = "核对隐蔽工程验收记录"


@pytest.fixture
def project(make: Any) -> Project:
    owner = make.user(Role.SPECIALIST, name="周晓雯")
    found = make.project(
        make.customer(name="王芳", owner_id=owner.id),
        stage="ARCHIVED",
        archive_number="DA-2026-0001",
        archive_shelf="B3-07",
    )
    return found


def typed(moment: Any) -> str:
    return f"{portal_clock.local(moment):%Y-%m-%dT%H:%M}"


def number_of(answer: Any) -> str:
    return str(answer.location.rpartition("/")[2])


def test_from_the_request_to_the_register(project: Project, clock: Any, sign_in: Any):
    specialist, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    new, sent = NEW.format(project.number), {"mode": "READ_ON_SITE", "place": "客服部档案室", "purpose": PURPOSE}
    assert new in specialist.get(f"/records/projects/{project.number}").text
    refused = specialist.post(new, sent | {"applicant": "高建国"}, status=422).text
    assert "请填写申请人所在部门" in refused and PURPOSE in refused
    number = number_of(specialist.post(new, sent | {"applicant": "高建国", "department": "ENGINEERING"}, status=303))
    page = specialist.get(f"/records/archive-loans/{number}").text
    assert "待审批：客服经理（SP-2026-0001）" in re.sub(r"<[^>]+>", "", page)
    assert "柜号 B3-07" in page and PURPOSE in page
    specialist.post(STEP.format(number, "approve"), {"reason": "同意"}, status=403)
    asked = session().query(Approval).one()
    assert asked.number in manager.get("/manager/approvals").text
    manager.post(f"/records/approvals/{asked.number}/steps/approve", {"reason": "限现场查阅"}, status=303)
    form = specialist.get(STEP.format(number, "hand-out")).text
    at = clock.now()
    assert typed(at) in form
    due = re.search(r'name="due_at"[^>]*value="([^"]+)"', form)
    assert due is not None
    kept = {"out_at": typed(at), "due_at": due[1]}
    assert "46a" in specialist.post(STEP.format(number, "hand-out"), kept | {"pages_out": "46a"}, status=422).text
    specialist.post(STEP.format(number, "hand-out"), kept | {"pages_out": "46"}, status=303)
    assert "未经批准不得复印" in specialist.get(f"/records/archive-loans/{number}").text
    back = {"returned_at": typed(at), "pages_back": "45", "condition": "INTACT"}
    short = specialist.post(STEP.format(number, "return"), back, status=422).text
    assert "页数" in short and 'value="45"' in short
    specialist.post(STEP.format(number, "return"), back | {"pages_back": "46"}, status=303)
    assert session().query(ArchiveLoan).one().state == "RETURNED"
    with transaction() as reading, i18n.use_locale("zh_Hans"):
        view = archive_building.register(reading, reading.query(ArchiveLoan).one(), None)  # type: ignore[arg-type]
    (line,) = view.lines
    assert (view.number, view.shelf, view.secrecy) == ("DA-2026-0001", "B3-07", "保密")
    assert (line.department, line.applicant, line.pages_out, line.pages_back) == ("工程部", "高建国", 46, 46)
    assert line.state == "完好"
    assert line.consent == manager.user.name


def test_reviewers_ask_for_themselves_and_the_front_desk_for_nothing(project: Project, sign_in: Any):
    reviewer, new = sign_in(Role.REVIEWER), NEW.format(project.number)
    assert 'name="applicant"' not in reviewer.get(new).text
    sent = {"mode": "COPY", "place": "客服部档案室", "purpose": PURPOSE}
    reviewer.post(new, sent | {"applicant": "别人"}, status=400)
    number = number_of(reviewer.post(new, sent, status=303))
    loan = session().query(ArchiveLoan).one()
    assert (loan.applicant, loan.applicant_user_id) == (reviewer.user.name, reviewer.user.id)
    reviewer.get(f"/records/archive-loans/{number}", status=200)
    reviewer.get(STEP.format(number, "hand-out"), status=409)
    desk = sign_in(Role.FRONT_DESK)
    desk.get(new, status=403)
    desk.get(f"/records/archive-loans/{number}", status=403)
    desk.get("/records/archive-loans", status=403)


@pytest.mark.parametrize(
    "sent",
    [
        {"mode": "STEAL"},
        {"mode": ""},
        {"purpose": ""},
        {"purpose": "啊" * 1001},
        {"place": "x" * 101},
        {"wanted_until": "2026-02-30"},
        {"wanted_until": "2020-01-01"},
        {"applicant": "高建国", "department": "MOON"},
    ],
)
def test_bad_input_is_told_at_the_field_and_loses_nothing(project: Project, sign_in: Any, sent: dict[str, str]):
    good = {"mode": "BORROW", "place": "设计部", "purpose": PURPOSE}
    said = sign_in(Role.SPECIALIST).post(NEW.format(project.number), good | sent, status=422).text
    assert 'aria-invalid="true"' in said
    kept = (good | sent)["purpose"]
    assert not kept or kept in said
    assert session().query(ArchiveLoan).count() == 0


def test_nobody_asks_for_the_file_of_another_branch(make: Any, sign_in: Any):
    there = make.project(stage="ARCHIVED", branch_id=make.branch(name="东店").id)
    here = sign_in(Role.SPECIALIST, branch_id=make.branch(name="西店").id)
    here.post(NEW.format(there.number), {"mode": "COPY", "place": "x", "purpose": "x"}, status=404)
