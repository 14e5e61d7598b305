"""Penalties as people handle them: proposed by hand, decided, carried out, appealed, in the ledger. Source: `domain.md` 4.18, 7.9."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from jobs.outbox import handlers
from portal import clock as portal_clock
from portal import i18n
from portal.db import session, transaction
from portal.documents import paper, penalty_building
from portal.documents.views import Company, Issue
from portal.models.approval import Approval
from portal.models.event import Event, EventKind
from portal.models.ledger import LedgerLine
from portal.models.notice import Notice
from portal.models.org import Department, PartyKind
from portal.models.outbox import Outbox
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.permissions import Role
from portal.services import events, penalties
from tests.html import Page


@pytest.fixture
def site(make: Any, clock: Any, sign_in: Any) -> Any:
    """A project with its crew; browsers of those who act."""
    crew = make.crew(name="刘大勇队")
    designer = make.party(PartyKind.DESIGNER, name="许诺")
    project = make.project(crew_id=crew.id, designer_id=designer.id)
    return SimpleNamespace(
        crew=crew,
        designer=designer,
        project=project,
        clock=clock,
        engineering=make.party(name="石磊"),
        hr=make.party(PartyKind.HR, name="郑红", department=Department.HR),
        specialist=sign_in(Role.SPECIALIST, name="周晓雯"),
        manager=sign_in(Role.MANAGER, name="陈丽华"),
        sign_in=sign_in,
        new=f"/records/penalties/new?kind=projects&number={project.number}",
    )


def entry(number: str) -> PenaltyEntry:
    session().expire_all()
    return session().scalars(select(PenaltyEntry).where(PenaltyEntry.number == number)).one()


def run(kind: str) -> None:
    for row in session().scalars(select(Outbox).where(Outbox.kind == kind)).all():
        with transaction() as writing:
            handlers()[kind](writing, **row.payload)


def later(site: Any, moment: str) -> None:
    """Another day: everybody signs in again."""
    site.clock.set(moment)
    site.specialist, site.manager = site.sign_in(site.specialist.user), site.sign_in(site.manager.user)


def wall(moment: Any) -> str:
    return f"{portal_clock.local(moment):%Y-%m-%dT%H:%M}"


def proposed(site: Any, browser: Any = None, **more: str) -> str:
    """Propose by hand; gives the number."""
    sent = {
        "person": f"crews:{site.crew.id}", "rule": "K-11", "offended_on": "2026-05-11", "what": "客厅地面有烟头",
        "client_key": f"key-{len(session().scalars(select(PenaltyEntry)).all()):032d}", **more,
    }  # fmt: skip
    return (browser or site.specialist).post(site.new, sent, status=303).location.rpartition("/")[2]


def approved(site: Any, number: str, **more: str) -> None:
    sent = {
        "kind": "FINE", "amount": "50", "confirmed_by": str(site.engineering.id),
        "confirmed_at": wall(site.clock.now()), **more,
    }  # fmt: skip
    site.manager.post(f"/records/penalties/{number}/steps/approve", sent, status=303)


def test_from_the_cigarette_end_to_the_fine_that_was_carried_out(site, sign_in, make):
    """K-11, 50.00; who proposed it sees it, the head of engineering confirms it, finance carries it out."""
    form = site.specialist.get(site.new, status=200).text
    assert form.index("刘大勇队") < form.index("石磊") and "K-11 乱扔烟头 · 罚款 50.00" in form
    assert "K-70" not in form
    wrong = site.specialist.post(site.new, {"rule": "K-11", "offended_on": "2026-05-12", "what": "烟头"}, status=422)
    assert "请选择" in wrong.text and "烟头" in wrong.text
    number = proposed(site)
    made = entry(number)
    assert (made.state, made.kind, made.amount, made.crew_id, made.party_id) == (
        "PROPOSED", "FINE", Decimal("50.00"), site.crew.id, site.crew.foreman_id,
    )  # fmt: skip
    assert made.evidence["what"] == "客厅地面有烟头" and made.evidence["project"] == site.project.number
    again = site.specialist.post(
        site.new,
        {"person": f"crews:{site.crew.id}", "rule": "K-11", "offended_on": "2026-05-11", "what": "再填一次"},
        status=422,
    )
    assert number in again.text and "再填一次" in again.text

    page = site.manager.get(f"/records/penalties/{number}", status=200).text
    assert "客厅地面有烟头" in page and "乱扔烟头" in page and site.project.number in page
    sign_in(Role.SPECIALIST).get(f"/records/penalties/{number}", status=404)
    sign_in(Role.FRONT_DESK).get(f"/records/penalties/{number}", status=403)
    step = f"/records/penalties/{number}/steps"
    site.specialist.post(f"{step}/approve", {"kind": "FINE"}, status=403)
    inbox = site.manager.get("/manager/approvals", status=200).text
    assert (
        number in inbox
        and "乱扔烟头" in inbox
        and made.approval.number in page
        and f"/records/approvals/{made.approval.number}" in page
    )
    now = wall(site.clock.now())
    controls = Page(site.manager.get(f"{step}/approve", status=200).text).controls
    assert [given["value"] for _tag, given in controls if given.get("name") == "confirmed_at"] == [now]
    assert "处罚在表单中确定方式和金额" in inbox
    as_it_comes = {"kind": "FINE", "amount": "50", "decision": "属实", "confirmed_by": "", "confirmed_at": now}
    site.manager.post(f"{step}/approve", as_it_comes, status=303)  # the time alone says nothing
    made = entry(number)  # the manager's word alone is not enough for another department
    assert (made.state, made.approval.present.level, session().scalars(select(LedgerLine)).all()) == (
        "PROPOSED",
        "HEAD",
        [],
    )
    refused = site.manager.post(f"{step}/approve", {"kind": "FINE", "amount": "50", "decision": "属实"}, status=422)
    assert "须由当事人所在部门的主管或人力资源部确认" in refused.text and "属实" in refused.text
    stranger = make.party(name="外部门", department="FINANCE")
    sent = {"kind": "FINE", "amount": "50", "confirmed_at": wall(site.clock.now())}
    site.manager.post(f"{step}/approve", sent | {"confirmed_by": str(stranger.id)}, status=422)
    site.manager.post(f"{step}/send", {}, status=409)
    approved(site, number)
    made = entry(number)
    assert (made.state, made.confirmed_by_id, made.approved_at) == (
        "APPROVED", site.engineering.id, site.clock.now(),
    )  # fmt: skip
    assert [(said.level, said.who) for said in made.approval.steps] == [("MANAGER", "陈丽华"), ("HEAD", "石磊")]
    assert portal_clock.local(made.appeal_until).strftime("%Y-%m-%d %H:%M") == "2026-05-14 18:00"
    sign_in(Role.SPECIALIST).get(f"/records/penalties/{number}", status=200)

    later(site, "2026-05-11 11:00")
    form = site.specialist.get(f"{step}/send", status=200).text
    assert "从工资中扣款只能在法律允许的限额内进行" in form
    before = wall(made.approved_at - timedelta(hours=2))
    site.specialist.post(f"{step}/send", {"executor": "FINANCE", "sent_at": before}, status=422)
    site.specialist.post(f"{step}/send", {"executor": "FINANCE", "sent_at": wall(site.clock.now())}, status=303)
    done = {"executed_at": wall(site.clock.now()), "execution_note": "结算扣款 51"}
    site.specialist.post(f"{step}/execute", done, status=303)
    made = entry(number)
    assert (made.state, made.executor, made.execution_note) == ("EXECUTED", "FINANCE", "结算扣款 51")
    happened = session().scalars(
        select(Event.action).where(Event.record_kind == "penalties", Event.kind.in_((EventKind.CREATED, EventKind.TRANSITION))).order_by(Event.id)
    ).all()  # fmt: skip
    assert happened == ["propose", "approve", "send", "execute"] and events.check_chain(session()).ok
    run("notify_step")
    told = session().scalars(select(Notice.title).where(Notice.user_id == site.manager.user.id)).all()
    assert "A penalty is proposed: %(subject)s" in told


def test_an_appeal_is_in_time_or_refused_and_a_reversal_leaves_both_lines(site):
    first, second = proposed(site), proposed(site, rule="K-14")
    approved(site, first)
    approved(site, second, amount="200")
    step = f"/records/penalties/{first}/steps"
    late = {"appeal": "烟头不是我们扔的", "appealed_at": "2026-05-14T18:01"}
    later(site, "2026-05-15 09:00")
    answer = site.specialist.post(f"{step}/appeal", late, status=422).text
    assert "申诉在决定后的期限内提出" in answer and "烟头不是我们扔的" in answer
    site.specialist.post(f"{step}/appeal", late | {"appealed_at": "2026-05-14T18:00"}, status=303)
    site.specialist.post(f"{step}/reverse", {"appeal_result": "是"}, status=403)
    site.manager.post(f"{step}/reverse", {"appeal_result": "监控证明是水电工"}, status=303)
    made = entry(first)
    assert (made.state, made.appeal_result) == ("CANCELLED", "监控证明是水电工")
    assert (made.approval.state, made.approval.reason) == ("WITHDRAWN", "监控证明是水电工")
    lines = session().execute(
        select(LedgerLine.amount, LedgerLine.is_reversal, LedgerLine.month).order_by(LedgerLine.id)
    ).all()  # fmt: skip
    may = date(2026, 5, 1)
    assert [tuple(line) for line in lines] == [
        (Decimal("50.00"), False, may), (Decimal("200.00"), False, may), (Decimal("-50.00"), True, may),
    ]  # fmt: skip
    page = site.manager.get("/records/penalty-ledger?month=2026-05", status=200).text
    assert "合计 200.00 元" in page and first in page and second in page and "−50.00" in page

    step = f"/records/penalties/{second}/steps"
    site.specialist.post(f"{step}/appeal", {"appeal": "太重", "appealed_at": "2026-05-14T10:00"}, status=303)
    site.manager.post(f"{step}/uphold", {"appeal_result": "照标准"}, status=303)
    assert entry(second).state == "APPROVED"
    site.specialist.post(f"{step}/appeal", {"appeal": "再申诉", "appealed_at": "2026-05-14T11:00"}, status=422)


def test_a_closed_month_takes_no_lines_and_the_workbook_says_the_same(site, sign_in, make):
    """What was confirmed in May and written down in June stands in June once May is closed."""
    number = proposed(site)
    approved(site, number)
    afterwards = proposed(site, rule="K-12")
    site.manager.post("/records/penalty-ledger/2026-05/close", status=409)
    later(site, "2026-06-01 09:00")
    of_a_branch = sign_in(Role.MANAGER, branch_id=make.branch().id)
    of_a_branch.post("/records/penalty-ledger/2026-05/close", status=403)
    site.specialist.post("/records/penalty-ledger/2026-05/close", status=403)
    site.manager.post("/records/penalty-ledger/2026-05/close", status=303)
    site.manager.post("/records/penalty-ledger/2026-05/close", status=409)
    approved(site, afterwards, amount="30", confirmed_at="2026-05-29T10:00")
    (line,) = session().scalars(select(LedgerLine).where(LedgerLine.penalty_id == entry(afterwards).id)).all()
    assert (line.month, line.decided_on) == (date(2026, 6, 1), date(2026, 5, 29))
    assert "关账" in site.manager.get("/records/penalty-ledger?month=2026-05", status=200).text
    book = openpyxl.load_workbook(io.BytesIO(site.manager.get("/records/penalty-ledger/2026-05/xlsx", status=200).data))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(row[0], row[1], row[8]) for row in rows] == [(number, "刘大勇队", 50)]
    assert [[cell.value for cell in row] for row in book.worksheets[1].iter_rows(min_row=2)] == [["刘大勇队", 1, 50]]
    for path in ("/records/penalty-ledger?month=xx", "/records/penalty-ledger/2026-13/xlsx"):
        site.manager.get(path, status=404)
    site.specialist.get("/records/penalty-ledger/2026-05/xlsx", status=404)


def test_a_suspension_and_a_criticism_have_their_effects(site, sign_in):
    """ORDER_SUSPENSION bars orders, its end is told; PUBLIC_CRITICISM is made known to everybody, and taken back."""
    desk = sign_in(Role.FRONT_DESK)
    party = {"person": f"parties:{site.crew.foreman_id}", "rule": "K-05"}
    numbers = [proposed(site, **party)]
    made = session().scalars(select(PenaltyEntry).order_by(PenaltyEntry.id)).all()
    assert [(each.kind, each.amount) for each in made] == [
        ("FOREMAN_REPLACED", None), ("FINE", Decimal("500.00")), ("ORDER_SUSPENSION", None),
    ]  # fmt: skip
    barred = made[2].number
    days = {"kind": "ORDER_SUSPENSION", "amount": "", "suspended_from": "2026-05-12"}
    step = f"/records/penalties/{barred}/steps/approve"
    confirmed = {"confirmed_by": str(site.hr.id), "confirmed_at": wall(site.clock.now())}
    site.manager.post(step, days | confirmed | {"suspended_until": "2026-05-11"}, status=422)
    assert penalties.suspension_of(session(), site.crew.foreman_id, date(2026, 5, 12)) is None
    page = f"/records/penalties/{barred}"
    assert "批准后自" in site.manager.get(page, status=200).text
    approved(site, barred, **days, suspended_until="2026-08-12")
    said = site.manager.get(page, status=200).text
    assert "停单，首尾两天都算" in said and "批准后自" not in said
    assert penalties.suspension_of(session(), site.crew.foreman_id, date(2026, 8, 12)).number == barred
    (ends,) = session().scalars(select(Outbox).where(Outbox.kind == "suspension_ended")).all()
    assert f"{portal_clock.local(ends.run_after):%Y-%m-%d %H:%M}" == "2026-08-13 08:00"
    run("suspension_ended")
    run("suspension_ended")
    told = select(Notice.title).where(Notice.title == "The suspension of %(person)s has ended")
    assert len(session().scalars(told.where(Notice.user_id == site.manager.user.id)).all()) == 1

    criticism = proposed(site, person=f"parties:{site.designer.id}", rule="K-03", kind="PUBLIC_CRITICISM")
    approved(site, criticism, kind="PUBLIC_CRITICISM", amount="", confirmed_by=str(site.hr.id))
    run("publish_criticism")
    run("publish_criticism")
    known = select(Notice).where(Notice.user_id == desk.user.id)
    (notice,) = session().scalars(known).all()
    assert notice.link == "/records/notices" and notice.params["person"] == "许诺"
    assert "通报批评：许诺" in desk.get("/records/notices", status=200).text
    appeal = {"appeal": "已整改", "appealed_at": wall(site.clock.now())}
    site.specialist.post(f"/records/penalties/{criticism}/steps/appeal", appeal, status=303)
    site.manager.post(f"/records/penalties/{criticism}/steps/reverse", {"appeal_result": "属实"}, status=303)
    run("publish_criticism")
    assert "撤销对许诺的通报批评" in desk.get("/records/notices", status=200).text
    assert numbers[0] == made[0].number
    site.clock.set("2026-08-13 09:00")
    assert "停单，已期满" in sign_in(site.manager.user).get(page, status=200).text


def test_what_the_manager_decides_needs_a_kind_and_own_people_nobody_elses_word(site, make):
    """K-61: by decision, with the choices of the catalogue; customer service decides about its own people alone."""
    colleague = make.user(Role.FRONT_DESK, name="李敏")
    number = proposed(site, person=f"users:{colleague.id}", rule="K-61")
    made = entry(number)
    assert (made.kind, made.department, made.user_id) == ("BY_DECISION", "SERVICE", colleague.id)
    step = f"/records/penalties/{number}/steps/approve"
    site.manager.post(step, {"decision": "谈话"}, status=422)
    site.manager.post(step, {"kind": "FINE"}, status=422)
    site.manager.post(step, {"kind": "WARNING", "amount": "99", "decision": "谈话"}, status=303)
    assert (entry(number).kind, entry(number).amount, entry(number).state) == ("WARNING", None, "APPROVED")
    rejected = proposed(site, rule="K-12")
    site.manager.post(f"/records/penalties/{rejected}/steps/reject", {"decision": ""}, status=422)
    site.manager.post(f"/records/penalties/{rejected}/steps/reject", {"decision": "当天已清理"}, status=303)
    assert (entry(rejected).state, entry(rejected).approval.state) == ("REJECTED", "REFUSED")
    changed = proposed(site, rule="K-14")
    change = f"/records/penalties/{changed}/steps"
    site.manager.post(f"{change}/approve", {"kind": "FINE", "amount": "150"}, status=303)
    first, second = session().scalars(
        select(Approval).where(Approval.record_number == changed).order_by(Approval.round_no)
    ).all()  # fmt: skip
    assert (first.state, second.state, second.amount) == ("VOID", "WAITING", Decimal("150.00"))
    assert [said.decision for said in second.steps] == ["APPROVED", None]
    assert "石磊" in site.manager.get(f"{change}/reject", status=200).text
    sent = {"person": str(site.engineering.id), "decided_at": wall(site.clock.now()), "decision": "不属实"}
    site.manager.post(f"{change}/reject", {"decision": "不属实"}, status=422)
    site.manager.post(f"{change}/reject", sent, status=303)
    assert (entry(changed).state, entry(changed).approval.steps[1].who) == ("REJECTED", "石磊")
    assert [line.penalty_id for line in session().scalars(select(LedgerLine))] == [made.id]


def test_the_catalogue_is_changed_by_editions_and_an_entry_keeps_its_own(site):
    """K-33 rises by occurrence; a changed amount holds for what is proposed from then on."""
    page = site.specialist.get("/records/penalty-rules", status=200).text
    assert "罚款 50.00 → 罚款 100.00 → 建议辞退" in page and "K-70" in page
    site.specialist.get("/records/penalty-rules/K-11", status=403)
    old = proposed(site)
    form = site.manager.get("/records/penalty-rules/K-11", status=200).text
    assert "罚款 50.00" in form and "从未修改" in form
    sent = {
        "code": "K-11", "subject": "CREW", "offence": "乱扔烟头", "is_active": "y", "times": "罚款 80\n罚款 160、警告",
        "reason": "2026 年起加重", "version": "0",
    }  # fmt: skip
    wrong = site.manager.post("/records/penalty-rules/K-11", sent | {"times": "打手心"}, status=422).text
    assert "“打手心”不是处罚类别" in wrong and "2026 年起加重" in wrong
    site.manager.post("/records/penalty-rules/K-11", sent | {"times": "警告 50"}, status=422)
    site.manager.post("/records/penalty-rules/K-11", sent, status=303)
    site.manager.post("/records/penalty-rules/K-11", sent, status=409)
    new = proposed(site, offended_on="2026-05-10")
    made = (
        session().scalars(select(PenaltyEntry).where(PenaltyEntry.id > entry(old).id).order_by(PenaltyEntry.id)).all()
    )
    assert [(each.kind, each.amount, each.occurrence_no) for each in made] == [
        ("FINE", Decimal("160.00"), 2), ("WARNING", None, 2),
    ]  # fmt: skip
    assert (entry(old).amount, entry(old).rule_said["edition"], entry(new).rule_said["edition"]) == (
        Decimal("50.00"), 0, 1,
    )  # fmt: skip
    added = sent | {"code": "k-90", "offence": "工地养宠物", "times": "停单 1 个月", "version": ""}
    site.manager.post("/records/penalty-rules/new", added | {"code": "X1"}, status=422)
    site.manager.post("/records/penalty-rules/new", added, status=303)
    assert "工地养宠物" in site.specialist.get(site.new, status=200).text
    site.manager.post(
        "/records/penalty-rules/K-90", added | {"code": "K-90", "is_active": "", "version": "1"}, status=303
    )
    assert "工地养宠物" not in site.specialist.get(site.new, status=200).text


def test_evidence_is_shown_whole_and_in_words(site):
    """What a penalty rests on is read line by line on a phone too; a code is no word, and two facts are called two things."""
    facts = {
        "clock": "DL-19", "title": "Re-inspect on the agreed date", "due_at": "2026-06-05T10:00:00+00:00",
        "inspections": [
            {"number": f"YY-2026-0001-{number}", "inspected_at": "2026-06-05T02:00:00+00:00", "absent": absent, "failed": failed}
            for number, absent, failed in ((1, None, ["瓷砖空鼓率 9 %", "阴阳角顺直：不合格"]), (2, "FOREMAN", []))
        ],
    }  # fmt: skip
    with transaction() as writing:
        made = penalties.propose(
            writing, rule="K-05", party_id=site.designer.id, record=writing.get_one(Project, site.project.id),
            cause="R-14:test", evidence=facts, at=site.clock.now(),
        )  # fmt: skip
        number = made.number
    html = site.manager.get(f"/records/penalties/{number}", status=200).text
    rows = dict(re.findall(r'<td class="cell-title">([^<]*)</td><td class="fill wrap">([^<]*)</td>', html))
    assert list(rows) == ["时限", "到期", "验收经过"]
    first, second = rows["验收经过"].splitlines()
    assert "瓷砖空鼓率 9 %；阴阳角顺直：不合格" in first and second.endswith("未到场 工长")
    line = (
        site.manager.get("/records/penalties", status=200).text.partition('<tr class="line">')[2].partition("</tr>")[0]
    )
    assert re.search(r'<td class="">更换工长<', line), "a phone tells the consequences of one cause apart"


def test_the_slip_says_what_was_decided_and_only_the_manager_prints_it(site):
    """F-27: a ticket for the fine with the warning about wages, a warning slip for the warning; gaps before the decision."""
    ticket = proposed(site, is_ticket="y")
    words = slip(ticket)
    assert "未送达" not in words  # nothing to send before the decision: the gap is left to be written in
    assert "现场罚款单" in words and "客厅地面有烟头" in words and "K-11" in words and site.project.number in words
    approved(site, ticket, decision="照标准执行")
    words = slip(ticket)
    for said in (
        "照标准执行",
        "陈丽华",
        "石磊",
        "50.00",
        "只能在法律允许的限额内进行",
        "未送达",
        "截止 2026-05-14 18:00",
    ):
        assert said in words
    warning = proposed(site, person=f"parties:{site.designer.id}", rule="K-01")
    assert "法律允许的限额" not in slip(warning)
    views = [penalty_building.penalty_slip(session(), entry(number), None) for number in (ticket, warning)]
    with i18n.use_locale("zh_Hans"):
        assert [[word for word, holds in view.slips if holds] for view in views] == [["现场罚款单"], ["警告单"]]
    assert "F-27" in site.manager.get(f"/records/penalties/{ticket}", status=200).text
    assert "F-27" not in site.specialist.get(f"/records/penalties/{ticket}", status=200).text


def slip(number: str) -> str:
    """The words of F-27 in Chinese."""
    with i18n.use_locale("zh_Hans"):
        view = penalty_building.penalty_slip(session(), entry(number), None)
        issue = Issue(Company("示例装饰工程有限公司", "客户服务部", "400-000-0000"), "1", portal_clock.now(), "陈丽华")
        return paper.write(view, issue).html
