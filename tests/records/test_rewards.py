"""Rewards as people handle them: proposed from a record, decided, made known, carried out, in the ledger. Source: `domain.md` 4.18."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import openpyxl
from sqlalchemy import select

from jobs.outbox import handlers
from portal import clock as portal_clock
from portal import verify
from portal.db import session, transaction
from portal.models.notice import Notice
from portal.models.org import Department, Party, PartyKind, User
from portal.models.outbox import Outbox
from portal.models.project import Project
from portal.models.reward import RewardEntry
from portal.permissions import Role
from portal.services import rewards

WORDS = "客户来电：刘师傅主动补好了旧裂缝"


def test_from_the_customers_praise_to_the_bonus_that_was_paid(make: Any, clock: Any, sign_in: Any):
    crew, hr = make.crew(name="刘大勇队"), make.party(PartyKind.HR, name="郑红", department=Department.HR)
    project = make.project(crew_id=crew.id)
    specialist, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    new = f"/records/rewards/new?kind=projects&number={project.number}"
    assert new.replace("&", "&amp;") in specialist.get(f"/records/projects/{project.number}").text
    sign_in(Role.FRONT_DESK).get(new, status=403)
    specialist.get("/records/rewards/new?kind=parties&number=x", status=404)
    sent = {"person": f"crews:{crew.id}", "reason": "CUSTOMER_PRAISE", "kind": "PRAISE", "words": WORDS}
    refused = specialist.post(new, sent | {"amount": "100"}, status=422).text
    assert "只有奖金才填写金额" in refused and WORDS in refused
    specialist.post(new, sent | {"reason": ""}, status=422)
    praise = specialist.post(new, sent, status=303).location.rpartition("/")[2]
    again = specialist.post(new, sent | {"words": "再填一次"}, status=422).text
    assert praise in again and "再填一次" in again
    bonus = specialist.post(new, sent | {"kind": "BONUS", "amount": "200"}, status=303).location.rpartition("/")[2]
    assert int(bonus[-4:]) == int(praise[-4:]) + 1, "numbered in one row with the penalties"

    other = sign_in(Role.SPECIALIST)
    other.get(f"/records/rewards/{praise}", status=404)
    at = {"confirmed_by": str(hr.id), "confirmed_at": f"{portal_clock.local(clock.now()):%Y-%m-%dT%H:%M}"}
    approve = "/records/rewards/{}/steps/approve"
    specialist.post(approve.format(praise), {"kind": "PRAISE", **at}, status=403)
    assert at["confirmed_at"] in manager.get(approve.format(praise), status=200).text
    for alone in ({}, {"confirmed_by": "", "confirmed_at": at["confirmed_at"]}):  # filled in beforehand: says nothing
        assert "须由" in manager.post(approve.format(praise), {"kind": "PRAISE", **alone}, status=422).text
    assert "奖金要填写金额" in manager.post(approve.format(bonus), {"kind": "BONUS", **at}, status=422).text
    same = manager.post(approve.format(bonus), {"kind": "PRAISE", **at}, status=422).text
    assert "同一事由已有这种奖励" in same
    manager.post(approve.format(praise), {"kind": "PRAISE", **at}, status=303)
    manager.post(approve.format(bonus), {"kind": "BONUS", "amount": "188", **at}, status=303)
    page = other.get(f"/records/rewards/{bonus}").text
    assert "188.00" in page and WORDS in page and project.number in page and "郑红" in page

    for _time in range(2):  # told once, however often the job runs
        for row in session().scalars(select(Outbox).where(Outbox.kind == "publish_praise")).all():
            with transaction() as writing:
                handlers()["publish_praise"](writing, **row.payload)
    told = session().scalars(select(Notice).where(Notice.key.like("praise:%"))).all()
    assert {notice.user_id for notice in told} == set(session().scalars(select(User.id))) and len(told) == 4

    send, execute = f"/records/rewards/{bonus}/steps/send", f"/records/rewards/{bonus}/steps/execute"
    assert 'selected value="FINANCE"' in specialist.get(send).text
    specialist.post(send, {"executor": "FINANCE", "sent_at": at["confirmed_at"]}, status=303)
    specialist.post(execute, {"executed_at": at["confirmed_at"], "execution_note": "随五月工资发放"}, status=303)
    assert session().scalars(select(RewardEntry.state).order_by(RewardEntry.id)).all() == ["APPROVED", "EXECUTED"]

    month = f"{portal_clock.today(clock.now()):%Y-%m}"
    ledger = manager.get(f"/records/penalty-ledger?month={month}").text
    assert "处罚合计 0.00 元" in ledger and "奖励合计 188.00 元" in ledger
    book = openpyxl.load_workbook(io.BytesIO(manager.get(f"/records/penalty-ledger/{month}/xlsx").data))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(row[0], row[8], row[9], row[10]) for row in rows] == [
        (praise, None, 0, "已批准"), (bonus, None, 188, "已执行"),
    ]  # fmt: skip
    assert [sheet.title for sheet in book.worksheets[1:]] == ["奖励 · 按人员", "奖励 · 按部门", "奖励 · 按类别"]
    assert all(result.ok for result in verify.run_all() if result.code == "I11")
    with transaction() as writing, writing.begin_nested() as savepoint:
        writing.query(RewardEntry).filter_by(number=bonus).update({"amount": Decimal(1)})
        result = verify.Result("I11", "")
        verify.penalties_hold(writing, result)
        savepoint.rollback()
    assert result.problems == [f"reward {bonus}: 1.00 decided, 188.00 in 1 lines of the ledger"]


def test_one_proposal_per_cause_and_kind(make: Any, clock: Any):
    """What a call or a survey proposes is there once, however often it is asked for."""
    actor, designer, project = make.user(Role.SPECIALIST), make.party(PartyKind.DESIGNER), make.project()
    made = set()
    for kind in ("PRAISE", "PRAISE", "PROMOTION_PROPOSED"):
        with transaction() as writing:
            made.add(
                rewards.propose(
                    writing, record=writing.get_one(Project, project.id), person=writing.get_one(Party, designer.id),
                    reason="HIGH_SATISFACTION", words=WORDS, kind=kind, actor=actor, at=clock.now(),
                    evidence={"overall": 5},
                ).id
            )  # fmt: skip
    found = session().scalars(select(RewardEntry).order_by(RewardEntry.id)).all()
    assert [entry.id for entry in found] == sorted(made) and [entry.kind for entry in found] == [
        "PRAISE", "PROMOTION_PROPOSED",
    ]  # fmt: skip
    assert (found[0].department, found[0].evidence["overall"], found[0].evidence["project"]) == (
        "DESIGN", 5, project.number,
    )  # fmt: skip
