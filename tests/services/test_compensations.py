"""P10 from the visit to the closed file, and approvals: 8.2 no. 1 to the fen, split payments, stand-ins, rounds."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from jobs import outbox
from portal import i18n
from portal.clock import ZONE
from portal.db import session, transaction
from portal.documents import money_building, paper
from portal.documents.views import Company, Issue
from portal.errors import ConditionsMissing, DomainError, Invalid
from portal.models.approval import Approval
from portal.models.attachment import Attachment, StoredFile
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Complaint, ComplaintDepartment, Escalation
from portal.models.event import Event
from portal.models.ledger import LedgerLine
from portal.models.notice import Notice
from portal.models.org import PartyKind
from portal.models.outbox import Outbox
from portal.models.penalty import PenaltyEntry
from portal.models.setting import SettingValue
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.services import absences, approvals, compensations, complaints, penalties, penalty_steps
from portal.services.approvals import TakeBack, Word
from portal.services.compensations import AskLeader, Bears, Close, Execute, Judge, Pay, SetVisit


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Case:
    """A home, its people, the leaders; complaints of it are escalated one after the other."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        clock.set("2026-06-01 09:00")
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.manager = make.user(Role.MANAGER, name="方敏")
        self.other_manager = make.user(Role.MANAGER, name="代经理")
        self.head = make.party(PartyKind.DEPARTMENT_HEAD, name="工程主管", department="ENGINEERING", is_head=True)
        self.foreman = make.party(PartyKind.FOREMAN, name="刘工长", department="ENGINEERING")
        self.deputy = make.party(PartyKind.DEPUTY_GM, name="副总", department="MANAGEMENT", is_head=True)
        self.gm = make.party(PartyKind.GM, name="总经理", department="MANAGEMENT", is_head=True)
        self.finance = make.party(PartyKind.FINANCE, name="财务吴", department="FINANCE")
        self.crew = make.crew(name="外包三队")
        self.customer = make.customer(name="陈思远", owner_id=self.specialist.id)
        self.project = make.project(self.customer, foreman_id=self.foreman.id)
        self.contract = make.contract(self.project, customer=self.customer, amount=D("268000.00"))

    def act(self, service: Any, *args: Any, by: Any = None) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=writing.merge(by or self.manager), at=self.clock.now())

    def escalated(self, subject: str = "入户门刮伤") -> Escalation:
        command = complaints.RegisterComplaint(
            complainant="陈思远", phone="13900008888", channel="PHONE", received_at=self.clock.now(), phase="IN_SALE",
            category="QUALITY", subject=subject, content="入户门三道划痕", demand="赔偿 5,000 元",
            customer=self.customer, project=self.project,
        )  # fmt: skip
        complaint = self.act(complaints.register, command, by=self.specialist)
        self.clock.set(f"{self.clock.now().astimezone(ZONE):%Y-%m-%d} 10:00")
        escalate = complaints.Escalate("COMPENSATION", "防护膜破损", "已核实", "赔偿 5,000 元")
        case = self.act(complaints.escalate, complaint, escalate, by=self.specialist)
        self.act(complaints.take, case)
        return case

    def judged(self, *shares: Bears, subject: str = "入户门刮伤") -> Escalation:
        case = self.escalated(subject)
        judge = Judge(solution="赔偿并换门扇", involves_money=True, shares=shares or (Bears(None, D(100)),))
        self.act(compensations.judge, case, judge)
        return case

    def word(self, person: Any, reason: str | None = None, evidence: str | None = "签字原件在档案柜 3") -> Word:
        return Word(person, self.clock.now(), reason, evidence)


@pytest.fixture
def case(make, clock) -> Case:
    return Case(make, clock)


def fresh(record: Any) -> Any:
    return session().get(type(record), record.id, populate_existing=True)


def test_the_worked_example_to_the_fen(case):
    """8.2 no. 1: visit Wednesday, 70/30 of 4,000.00, voucher Friday, closed Monday, recovered in June."""
    case.clock.set("2026-06-02 09:30")
    escalation = case.escalated()
    assert escalation.visit_due_at == when("06-04 18:00")
    with pytest.raises(ConditionsMissing, match="DL-15"):
        case.act(compensations.set_visit, escalation, SetVisit(when("06-05 09:00"), case.head))
    case.act(compensations.set_visit, escalation, SetVisit(when("06-03 14:00"), case.head))
    case.clock.set("2026-06-03 16:00")
    shares = (
        Bears(case.foreman, D(70), "未贴防护膜", monthly_wage=D("10000.00")),
        Bears(None, D(30), "监督不到位"),
    )
    visit = {
        "visited_at": when("06-03 14:00"),
        "present": "陈思远、工程主管",
        "findings": "三道划痕",
        "solution": "赔偿",
    }
    with pytest.raises(ConditionsMissing, match="100"):
        case.act(compensations.judge, escalation, Judge(**visit, involves_money=True, shares=shares[:1]))
    case.act(compensations.judge, escalation, Judge(**visit, involves_money=True, shares=shares))
    assert [task.outcome for task in session().scalars(select(Task).where(Task.code == "DL-15"))] == ["DONE"]
    with pytest.raises(ConditionsMissing, match="不涉及赔偿"):
        case.act(compensations.execute, escalation, Execute("换门", date(2026, 6, 10)))
    case.act(compensations.ask_leader, escalation, AskLeader(D("4000.00")))
    escalation = fresh(escalation)
    assert next((share.name, share.amount) for share in escalation.shares) == ("刘工长", D("2800.00"))
    assert [share.amount for share in escalation.shares] == [D("2800.00"), D("1200.00")]
    assert next(str(said) for said in compensations.warnings(session(), escalation)).count("800.00") >= 1
    assert [step.level for step in escalation.approval.steps] == ["DEPUTY_GM"]

    case.clock.set("2026-06-04 15:00")
    for word, field in (
        (Word(), "person"),
        (Word(case.deputy), "decided_at"),
        (case.word(case.head), "person"),
        (case.word(case.deputy, evidence=None), "evidence"),
        (Word(case.deputy, when("06-03 15:00"), None, "档案柜"), "decided_at"),
        (Word(case.deputy, when("06-05 15:00"), None, "档案柜"), "decided_at"),
    ):
        with pytest.raises(Invalid) as refusal:
            case.act(compensations.approve, escalation, word)
        assert field in refusal.value.fields
    case.act(compensations.approve, escalation, case.word(case.deputy, "同意"))
    voucher = session().scalars(select(PaymentVoucher)).one()
    assert (voucher.payee, voucher.amount, voucher.leader_id, voucher.paid_at) == (
        "陈思远",
        D("4000.00"),
        case.deputy.id,
        None,
    )

    case.clock.set("2026-06-05 11:00")
    with pytest.raises(Invalid, match="财务"):
        case.act(compensations.pay, escalation, Pay("PZ-06-011", when("06-05 10:30"), case.head))
    case.act(compensations.pay, escalation, Pay("PZ-06-011", when("06-05 10:30"), case.finance))
    entry = session().scalars(select(PenaltyEntry)).one()
    assert (entry.kind, entry.rule, entry.amount, entry.state, entry.executor) == (
        "COMPENSATION_SHARE", "K-07", D("2800.00"), "SENT", "HR",
    )  # fmt: skip
    assert entry.recover_by == when("06-30 18:00")
    wage = session().scalars(select(Task).where(Task.code == "DL-16")).one()
    assert (wage.due_at, wage.department, wage.closed_at) == (when("06-30 18:00"), "HR", None)
    assert session().scalars(select(LedgerLine.amount)).all() == [D("2800.00")]
    with pytest.raises(DomainError):
        case.act(compensations.recall, escalation, TakeBack("太迟"))

    case.clock.set("2026-06-08 09:00")
    end = {
        "signed_by": "陈思远",
        "signed_on": date(2026, 6, 8),
        "root_cause": "成品保护缺失",
        "improvement": "入场即贴膜",
    }
    with pytest.raises(ConditionsMissing, match="满意"):
        case.act(compensations.close, escalation, Close(**end))
    case.act(compensations.close, escalation, Close(**end, has_agreement=True))
    complaint = session().scalars(select(Complaint)).one()
    assert (fresh(escalation).state, complaint.state, complaint.root_cause) == ("CLOSED", "CLOSED", "成品保护缺失")
    assert complaint.verdict == "ESTABLISHED"
    case.clock.set("2026-06-25 09:00")
    case.act(
        penalty_steps.execute, entry, penalty_steps.ExecutePenalty(case.clock.now(), "六月工资"), by=case.specialist
    )
    assert fresh(wage).outcome == "DONE"
    assert session().scalars(select(DeadlineBreach)).all() == []
    said = session().scalars(select(Event).where(Event.record_kind == "approvals", Event.action == "approve")).one()
    assert (said.acted_by_id, said.actor_id) == (case.deputy.id, case.manager.id)


def test_an_outside_crew_goes_to_the_settlement(case):
    """R-13: to finance, no wage clock."""
    escalation = case.judged(Bears(case.crew, D("33.33")), Bears(None, D("66.67")))
    case.act(compensations.ask_leader, escalation, AskLeader(D("100.00")))
    case.act(compensations.approve, escalation, case.word(case.deputy))
    case.act(compensations.pay, escalation, Pay("PZ-1", case.clock.now(), case.finance))
    entry = session().scalars(select(PenaltyEntry)).one()
    assert (entry.amount, entry.executor, entry.crew_id, entry.recover_by) == (
        D("33.33"),
        "FINANCE",
        case.crew.id,
        None,
    )
    assert session().scalars(select(Task).where(Task.code == "DL-16")).all() == []


def test_paying_in_parts_comes_to_the_same_level_as_paying_at_once(case):
    """Three times 2,000.00 to one household: the third is the general manager's; what was refused does not count."""
    levels, counted = [], []
    for number in (1, 2, 3):
        case.clock.set(f"2026-06-0{number} 09:00")
        escalation = case.judged(subject=f"第 {number} 次")
        case.act(compensations.ask_leader, escalation, AskLeader(D("2000.00")))
        approval = fresh(escalation).approval
        levels.append([step.level for step in approval.steps])
        counted.append(approval.counted)
        case.act(compensations.approve, escalation, case.word(case.gm if number == 3 else case.deputy))
    assert (levels, counted) == ([["DEPUTY_GM"], ["DEPUTY_GM"], ["GM"]], [D("2000"), D("4000"), D("6000")])
    case.clock.set("2026-06-08 09:00")
    fourth = case.judged(subject="第 4 次")
    case.act(compensations.ask_leader, fourth, AskLeader(D("1.00")))
    with pytest.raises(Invalid, match="金额"):
        case.act(compensations.approve, fourth, case.word(case.deputy))
    case.act(compensations.refuse, fourth, case.word(case.gm, "不再赔偿"))
    case.customer = case.make.customer(name="别家", owner_id=case.specialist.id)
    case.project = case.make.project(case.customer)
    elsewhere = case.judged(subject="别家")
    case.act(compensations.ask_leader, elsewhere, AskLeader(D("5000.00")))
    assert [step.level for step in fresh(elsewhere).approval.steps] == ["DEPUTY_GM"]


def test_a_changed_amount_needs_another_consent_and_rounds_are_kept(case):
    escalation = case.judged()
    case.act(compensations.ask_leader, escalation, AskLeader(D("3000.00")))
    case.act(compensations.refuse, escalation, case.word(case.deputy, "太多"))
    assert fresh(escalation).state == "LIABILITY_SET"
    case.act(compensations.ask_leader, escalation, AskLeader(D("2500.00")))
    case.act(compensations.approve, escalation, case.word(case.deputy))
    first = fresh(escalation).voucher
    case.act(compensations.recall, escalation, TakeBack("客户加价"))
    assert (fresh(first).voided_at is not None, fresh(escalation).voucher) == (True, None)
    case.act(compensations.ask_leader, escalation, AskLeader(D("5000.01")))
    rounds = session().scalars(select(Approval).order_by(Approval.round_no)).all()
    assert [(one.round_no, one.state, one.amount) for one in rounds] == [
        (1, "REFUSED", D("3000.00")), (2, "WITHDRAWN", D("2500.00")), (3, "WAITING", D("5000.01")),
    ]  # fmt: skip
    assert [step.level for step in rounds[-1].steps] == ["GM"]
    with pytest.raises(DomainError):
        case.act(approvals.refuse, rounds[0], case.word(case.deputy, "再次拒绝"))


def test_both_leaders_one_after_the_other_and_each_once(case):
    with transaction() as writing:
        writing.add(SettingValue(key="approval_both_leaders", value=True, updated_at=case.clock.now()))
    escalation = case.judged()
    case.act(compensations.ask_leader, escalation, AskLeader(D("9000.00")))
    case.act(compensations.approve, escalation, case.word(case.gm))  # the general manager may decide less, too
    assert fresh(escalation).state == "LEADER_REVIEW"
    with pytest.raises(DomainError, match="只审批一次"):
        case.act(compensations.approve, escalation, case.word(case.gm))


def test_who_stands_in_is_told_and_written_as_a_for_b(case, sign_in):
    days = (date(2026, 6, 1), date(2026, 6, 7))
    for away, instead in ((case.manager, case.deputy), (case.manager, case.specialist), (case.gm, case.gm)):
        with pytest.raises(Invalid):
            case.act(absences.enter, absences.Enter(away, instead, *days))
    case.act(absences.enter, absences.Enter(case.deputy, case.head, *days, "出差"))
    case.act(absences.enter, absences.Enter(case.manager, case.other_manager, *days))
    kinds = session().scalars(select(Outbox.kind).where(Outbox.kind == "notify_absence")).all()
    assert len(kinds) == 2
    for row in session().scalars(select(Outbox.id).where(Outbox.kind == "notify_absence")).all():
        session().rollback()
        outbox.deliver(row, worker="test")
    told = session().scalars(select(Notice).where(Notice.link == "/manager/absences")).all()
    assert {notice.user_id for notice in told} == {case.other_manager.id}  # not who entered it
    escalation = case.judged()
    case.act(compensations.ask_leader, escalation, AskLeader(D("800.00")))
    case.act(compensations.approve, escalation, case.word(case.head))
    (step,) = fresh(escalation).approval.steps
    assert (step.who, step.for_whom) == ("工程主管", "副总")
    said = session().scalars(select(Event).where(Event.record_kind == "approvals", Event.action == "approve")).one()
    assert said.data["fields"]["for"] == "副总"
    voucher, manager = fresh(escalation).voucher, sign_in(case.manager)
    for path in (
        f"payment-vouchers/{voucher.number}",
        f"escalations/{escalation.number}",
        f"approvals/{fresh(escalation).approval.number}",
    ):
        assert "工程主管 代 副总" in manager.get(f"/records/{path}", status=200).text, path
    with i18n.use_locale("zh_Hans"):
        paid = money_building.BUILDERS["F-08"](session(), voucher, None)
    assert paid.leader == paid.signatures[0].name == "工程主管 代 副总"
    case.clock.set("2026-06-08 09:00")  # the days are over
    later = case.judged(subject="下一件")
    case.act(compensations.ask_leader, later, AskLeader(D("800.00")))
    with pytest.raises(Invalid):
        case.act(compensations.approve, later, case.word(case.head))
    approval = fresh(later).approval
    case.act(approvals.forward, approval, approvals.Forward(case.gm, "副总请假"))
    with pytest.raises(Invalid):
        case.act(compensations.approve, later, case.word(case.deputy))
    case.act(compensations.approve, later, case.word(case.gm))
    assert fresh(later).state == "FINANCE"


def test_the_payee_signs_with_the_pen_unless_a_signed_scan_lies_with_the_voucher(case):
    escalation = case.judged()
    case.act(compensations.ask_leader, escalation, AskLeader(D("800.00")))
    case.act(compensations.approve, escalation, case.word(case.deputy))
    clerk = case.finance
    case.act(compensations.pay, fresh(escalation), Pay("CW-1", case.clock.now(), clerk))

    def line() -> tuple[str, str | None, date | None]:
        session().rollback()
        with i18n.use_locale("zh_Hans"):
            signature = money_building.BUILDERS["F-08"](session(), fresh(escalation).voucher, None).signatures[-1]
        return (signature.label, signature.name, signature.day)

    assert line() == ("收款人 陈思远 签字", None, None)  # paid, but nobody recorded a signature
    case.clock.set("2026-06-03 10:00")
    voucher = fresh(escalation).voucher
    with transaction() as writing:
        writing.add(
            Attachment(
                record_kind=voucher.KIND, record_id=voucher.id, name="签收.png", kind="SIGNATURE",
                file=StoredFile(sha256="0" * 64, size=9, mime="image/png", created_at=case.clock.now()),
                uploaded_at=case.clock.now(),
            )
        )  # fmt: skip
    assert line() == ("收款人 陈思远 签字", "陈思远", date(2026, 6, 3))


def test_whoever_bears_the_liability_does_not_decide_not_even_as_a_stand_in(case, sign_in):
    """4.10, Q31: four eyes. The head of the liable department stands in for the general manager."""
    days = (date(2026, 6, 1), date(2026, 6, 7))
    buyer = case.make.party(PartyKind.DEPARTMENT_HEAD, name="采购主管", department="PURCHASING", is_head=True)
    case.act(absences.enter, absences.Enter(case.gm, case.head, *days))
    case.act(absences.enter, absences.Enter(case.deputy, buyer, *days))
    for bears in (Bears(case.foreman, D(100)), Bears(case.crew, D(100)), Bears(case.head, D(100))):
        escalation = case.judged(bears, subject=f"由 {bears.who.name} 承担")
        case.act(compensations.ask_leader, escalation, AskLeader(D("900.00")))
        for service, reason in ((compensations.approve, None), (compensations.refuse, "太多")):
            with pytest.raises(Invalid, match="工程主管本人或所在部门承担本次责任") as refused:
                case.act(service, escalation, case.word(case.head, reason))
            assert list(refused.value.fields) == ["person"]
        page = sign_in(case.manager).get(f"/records/escalations/{escalation.number}/steps/approve", status=200).text
        assert "须回避、不可选：工程主管" in page and f'<option value="{case.head.id}"' not in page
        assert f'<option value="{buyer.id}"' in page  # who stands in for the deputy bears nothing
    case.act(compensations.approve, escalation, case.word(buyer))
    assert fresh(escalation).state == "FINANCE"


def test_the_department_of_the_complaint_is_liable_and_a_leader_who_bears_it_too(case):
    days = (date(2026, 6, 1), date(2026, 6, 7))
    case.act(absences.enter, absences.Enter(case.gm, case.head, *days))
    escalation = case.judged(Bears(case.deputy, D(100)))
    with transaction() as writing:
        row = ComplaintDepartment(complaint_id=escalation.complaint_id, department="ENGINEERING")
        writing.add(row)
    case.act(compensations.ask_leader, escalation, AskLeader(D("900.00")))
    approval = fresh(escalation).approval
    for person in (case.deputy, case.head):
        with pytest.raises(Invalid, match="承担本次责任"):
            case.act(compensations.approve, escalation, case.word(person))
    with pytest.raises(Invalid):
        case.act(approvals.forward, approval, approvals.Forward(case.deputy, "转副总"))
    case.act(compensations.approve, escalation, case.word(case.gm))  # of the same company management, but bears nothing
    assert fresh(escalation).state == "FINANCE"


def test_without_money_the_manager_follows_the_solution(case):
    escalation = case.escalated()
    judge = Judge(solution="补漆", involves_money=False, shares=(Bears(None, D(100)),))
    case.act(compensations.judge, escalation, judge)
    assert session().scalars(select(Task.outcome).where(Task.code == "DL-15")).all() == ["CANCELLED"]
    with pytest.raises(ConditionsMissing):
        case.act(compensations.ask_leader, escalation, AskLeader(D("1.00")))
    case.act(compensations.execute, escalation, Execute("刘工长补漆", date(2026, 6, 5)))
    end = Close("陈思远", date(2026, 6, 1), "成品保护", "贴膜", is_satisfied=True)
    case.act(compensations.close, escalation, end)
    assert (fresh(escalation).state, session().scalars(select(Approval)).all()) == ("CLOSED", [])


def test_the_pages_from_inbox_to_closed(case, sign_in):
    """Through the client: what the manager sees, records and is refused; a specialist only looks."""
    other = case.escalated("另一件")
    judging, at_judge = sign_in(case.manager), f"/records/escalations/{other.number}/steps/judge"
    assert "刘工长" in judging.get(at_judge, status=200).text
    lines = {"who_1": f"PERSON:{case.foreman.id}", "percent_1": "60", "who_2": "COMPANY", "percent_2": "30"}
    said = {"version": str(fresh(other).version), "solution": "换门", "involves_money": "yes", **lines}
    refused = judging.post(at_judge, said, status=422).text
    assert "各责任方承担比例之和必须等于 100%。" in refused and 'value="60"' in refused
    judging.post(at_judge, said | {"percent_2": "40"}, status=303)
    assert [share.percent for share in fresh(other).shares] == [D("60.00"), D("40.00")]
    case.clock.set("2026-06-01 10:05")
    escalation = case.judged(Bears(case.foreman, D(70)), Bears(None, D(30)))
    manager, path = sign_in(case.manager), f"/records/escalations/{escalation.number}"
    seen = manager.get(f"{path}/steps/ask-leader", status=200)
    sent = {"version": str(fresh(escalation).version), "amount": "4000"}
    assert "金额" in manager.post(f"{path}/steps/ask-leader", sent | {"amount": "-1"}, status=422).text
    manager.post(f"{path}/steps/ask-leader", sent, status=303)
    assert "70%" in seen.text
    inbox = manager.get("/manager/approvals", status=200).text
    assert "陈思远" in inbox and "4,000.00" in inbox and "代录同意" in inbox
    approval = fresh(escalation).approval
    page = manager.get(path, status=200).text
    assert approval.number in page and "2,800.00" in page and "1,200.00" in page
    word = {"version": str(approval.version), "person": str(case.deputy.id), "decided_at": "2026-06-01T10:00"}
    approve = f"/records/approvals/{approval.number}/steps/approve"
    assert "扫描" in manager.post(approve, word, status=422).text
    scan = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(scan, "PNG")
    signed = word | {"scan": (io.BytesIO(scan.getvalue()), "签字.png"), "next": "/manager/approvals"}
    manager.post(approve, signed, status=303)
    assert fresh(escalation).state == "FINANCE"
    assert "没有待审批的事项" in manager.get("/manager/approvals", status=200).text
    voucher = fresh(escalation).voucher
    with transaction() as writing:
        case.seen = penalties.propose(
            writing, rule="K-08", party_id=case.foreman.id, record=writing.merge(escalation), cause="hand:1",
            evidence={}, amount=D("200.00"), at=case.clock.now(), actor=None,
        ).number  # fmt: skip
    inbox = manager.get("/manager/approvals", status=200).text
    assert f"/records/penalties/{case.seen}/steps/approve" in inbox and "刘工长" in inbox
    with i18n.use_locale("zh_Hans"):
        issue = Issue(Company("示例装饰", "客服部"), "000001", case.clock.now(), "方敏")
        form = str(paper.write(money_building.BUILDERS["F-08"](session(), voucher, None), issue).html)
        assert money_building.BUILDERS["F-08"](session(), voucher, None).annex_count == 1  # the signed decision
    assert all(words in form for words in ("4,000.00 元（肆仟元整）", "2,800.00", "1,200.00", "副总", "70 %"))
    assert "肆仟元整" in manager.get(f"/records/payment-vouchers/{voucher.number}", status=200).text
    specialist = sign_in(case.specialist)
    assert "2,800.00" in specialist.get(path, status=200).text
    specialist.get(f"{path}/steps/pay", status=403)
    specialist.get(f"/records/payment-vouchers/{voucher.number}", status=403)
    specialist.get("/manager/approvals", status=403)
