"""P17: 8.2 no. 3 to the fen, designer, crew and mixed liability, refusal, withdrawal, freezing. Source: 4.17."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy import select

from portal import i18n
from portal.clock import ZONE
from portal.db import session, transaction
from portal.documents import money_building, paper
from portal.documents.views import Company, Issue
from portal.errors import ConditionsMissing, DomainError, Invalid
from portal.models.approval import Approval
from portal.models.cancellation import TOLD, Cancellation, LossNotice
from portal.models.org import PartyKind
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes.cancellation import Liability
from portal.services import cancellations, contracts, loss_notices, works
from portal.services.approvals import TakeBack, Word
from portal.services.cancellations import Apply, Draft, Liable, Notify, Opinion, Sign, Verify, Void, Withdraw


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Ending:
    """A contract of 96,000.00 with 57,600.00 paid, and who has a word in its end."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        clock.set("2026-04-14 15:00")
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.manager = make.user(Role.MANAGER, name="方敏")
        self.designer = make.party(PartyKind.DESIGNER, name="许诺", department="DESIGN")
        self.gm = make.party(PartyKind.GM, name="总经理", department="MANAGEMENT", is_head=True)
        self.finance = make.party(PartyKind.FINANCE, name="财务吴", department="FINANCE")
        self.engineer = make.party(PartyKind.DEPARTMENT_HEAD, name="工程主管")
        self.crew = make.crew(name="外包三队")
        self.customer = make.customer(name="王芳", owner_id=self.specialist.id)
        self.project = make.project(self.customer, designer_id=self.designer.id, stage="ARCHIVED")
        self.contract = make.contract(
            self.project, customer=self.customer, amount=D("96000.00"), signed_on=date(2026, 4, 14)
        )
        payment = contracts.RecordPayment("FIRST", D("57600.00"), date(2026, 4, 14), "SJ-1")
        self.act(contracts.record_payment, self.contract, payment, by=self.specialist)

    def act(self, service: Any, *args: Any, by: Any = None) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=writing.merge(by or self.manager), at=self.clock.now())

    def at(self, text: str) -> datetime:
        self.clock.set(f"2026-{text}")
        return when(text)

    def applied(self) -> Cancellation:
        moment = self.at("04-20 10:00")
        command = Apply(moment, "王芳", "CUSTOMER", "工作调动，不再装修")
        return self.act(cancellations.apply, self.contract, command, by=self.specialist)

    def with_opinion(self) -> Cancellation:
        case = self.applied()
        moment = self.at("04-21 16:00")
        self.act(cancellations.give_opinion, case, Opinion("客户自身原因", self.designer, moment), by=self.specialist)
        return case

    def verified(self, *shares: Liable, **draft: Any) -> Cancellation:
        case = self.with_opinion()
        self.at("04-22 10:00")
        command = Draft("已与客户核实", shares or (Liable("CUSTOMER", D(100)),), facts_checked=True, **draft)
        self.act(cancellations.draft, case, command, by=self.specialist)
        self.at("04-23 15:00")
        self.act(cancellations.sign, case, Sign())
        self.at("04-24 11:00")
        self.act(cancellations.verify, case, self.money(), by=self.specialist)
        return case

    def money(self, paid: str = "57600.00", work: str = "0.00") -> Verify:
        return Verify(self.finance, self.clock.now(), "款项属实", D(paid), D(0), D(work))

    def word(self, reason: str | None = None) -> Word:
        return Word(self.gm, self.clock.now(), reason, "总经办档案 12")

    def voided(self, case: Cancellation) -> None:
        self.at("04-27 10:00")
        self.act(cancellations.approve, case, self.word("同意"))
        self.at("04-28 17:00")
        told = tuple((department.value, self.clock.now()) for department in TOLD)
        with pytest.raises(ConditionsMissing):
            self.act(cancellations.notify, case, Notify(told[:-1]), by=self.specialist)
        self.act(cancellations.notify, case, Notify(told), by=self.specialist)
        self.at("04-29 10:00")
        self.act(cancellations.void, case, Void(date(2026, 4, 29), D("96000.00")), by=self.specialist)


@pytest.fixture
def ending(make, clock) -> Ending:
    return Ending(make, clock)


def fresh(record: Any) -> Any:
    return session().get(type(record), record.id, populate_existing=True)


def test_the_worked_example_to_the_fen(ending):
    """8.2 no. 3: DL-25 until 04-24, DL-26 until 04-29, loss 9,600.00, refund 48,000.00, output −96,000.00."""
    case = ending.applied()
    clocks = {task.code: task.due_at for task in session().scalars(select(Task).where(Task.code.is_not(None)))}
    assert clocks == {"DL-26": when("04-29 18:00")}
    assert fresh(ending.project).frozen_at == when("04-20 10:00")
    with pytest.raises(ConditionsMissing, match="退单"):
        handing = works.HandOver(ending.clock.now(), ending.engineer)
        ending.act(works.hand_over, ending.project, handing, by=ending.specialist)
    with pytest.raises(DomainError, match="TD-2026-0001"):
        ending.act(cancellations.apply, ending.contract, Apply(when("04-20 10:00"), "王芳", "PRICE", "贵"))
    moment = ending.at("04-21 16:00")
    with pytest.raises(Invalid, match="设计部"):
        ending.act(cancellations.give_opinion, case, Opinion("无", ending.gm, moment))
    ending.act(cancellations.give_opinion, case, Opinion("客户自身原因", ending.designer, moment), by=ending.specialist)
    liability = session().scalars(select(Task).where(Task.code == "DL-25")).one()
    assert liability.due_at == when("04-24 18:00")
    ending.at("04-22 10:00")
    with pytest.raises(ConditionsMissing):  # nothing was drafted
        ending.act(cancellations.sign, case, Sign())
    draft = Draft("客户自身原因", (Liable("CUSTOMER", D(100)),), facts_checked=True)
    with pytest.raises(ConditionsMissing):  # the facts are not checked
        ending.act(cancellations.draft, case, Draft("客户自身原因", draft.shares))
    ending.act(cancellations.draft, case, draft, by=ending.specialist)
    ending.at("04-23 15:00")
    ending.act(cancellations.sign, case, Sign())
    assert fresh(liability).outcome == "DONE"
    ending.at("04-24 11:00")
    with pytest.raises(Invalid, match="57600"):
        ending.act(cancellations.verify, case, ending.money("50000.00"), by=ending.specialist)
    ending.act(cancellations.verify, case, ending.money(), by=ending.specialist)
    case = fresh(case)
    assert (case.loss, case.refund, case.approval.amount) == (D("9600.00"), D("48000.00"), D("48000.00"))
    ending.voided(case)
    case = fresh(case)
    assert (fresh(ending.contract).state, fresh(ending.contract).output_value) == ("TERMINATED", D("0.00"))
    assert (fresh(ending.project).stage, fresh(ending.project).frozen_at) == ("CANCELLED", None)
    (notice,) = case.notices
    assert (notice.liability, notice.amount, notice.entry_id) == ("CUSTOMER", D("9600.00"), None)
    ending.at("04-30 10:00")
    with pytest.raises(ConditionsMissing):  # finance has not signed for the notice
        ending.act(cancellations.close, case, None, by=ending.specialist)
    receipt = loss_notices.Receive(ending.finance, ending.clock.now())
    ending.act(loss_notices.receive, notice, receipt, by=ending.specialist)
    with pytest.raises(DomainError):
        ending.act(loss_notices.receive, notice, receipt, by=ending.specialist)
    with transaction() as writing:
        order = RepairOrder(
            number="WX-1", state="REPORTED", reported_at=ending.clock.now(), channel="PHONE", reporter="王芳",
            phone="139", address="翠湖天地", customer_id=ending.customer.id, project_id=ending.project.id,
            trade="PAINT", symptom="漏水", created_at=ending.clock.now(), updated_at=ending.clock.now(),
        )  # fmt: skip
        writing.add(order)
    with pytest.raises(ConditionsMissing):  # a repair is open
        ending.act(cancellations.close, case, None, by=ending.specialist)
    with transaction() as writing:
        writing.get_one(RepairOrder, order.id).state = "DECLINED"
    ending.act(cancellations.close, case, None, by=ending.specialist)
    assert fresh(case).state == "CLOSED"
    assert session().scalars(select(DeadlineBreach)).all() == []
    assert [task.title for task in session().scalars(select(Task).where(Task.closed_at.is_(None)))] == []


@pytest.mark.parametrize(
    ("shares", "draft", "amounts", "refund"),
    [
        # designer: 3 % of 96,000.00 and 620.00 of documented losses
        ((("DESIGNER", "100"),), {"documented_loss": D("620.00")}, ["3500.00"], "57600.00"),
        ((("CREW", "100"),), {"documented_loss": D("1500.00")}, ["1500.00"], "57600.00"),
        ((("OTHER", "100"),), {}, [], "57600.00"),
        # mixed: 9,600.00 by thirds, the last takes the rest
        ((("CUSTOMER", "33.34"), ("DESIGNER", "33.33"), ("CREW", "33.33")), {}, ["3200.64", "3199.68", "3199.68"], "54399.36"),
        # another loss than by the rule
        ((("CUSTOMER", "100"),), {"loss": D("5000.00")}, ["5000.00"], "52600.00"),
    ],
)  # fmt: skip
@pytest.mark.sqlite_only
def test_who_is_liable_gets_the_notice(ending, shares, draft, amounts, refund):
    people = {"DESIGNER": ending.designer, "CREW": ending.crew}
    case = ending.verified(*(Liable(who, D(share), people.get(who)) for who, share in shares), **draft)
    assert fresh(case).refund == D(refund)
    ending.voided(case)
    notices = session().scalars(select(LossNotice).order_by(LossNotice.id)).all()
    assert [notice.amount for notice in notices] == [D(amount) for amount in amounts]
    assert sum(notice.amount for notice in notices) == fresh(case).loss
    entries = {entry.id: entry for entry in session().scalars(select(PenaltyEntry))}
    for notice in notices:
        entry = entries.pop(notice.entry_id, None)
        expected = {"DESIGNER": "HR", "CREW": "FINANCE"}.get(notice.liability)
        assert (entry.executor if entry else None, entry.amount if entry else None) == (
            expected, notice.amount if expected else None,
        )  # fmt: skip
        assert (notice.copied_at is not None) is (notice.liability == "DESIGNER")
    assert entries == {}
    with transaction() as writing:  # however often it is called
        again = writing.get_one(Cancellation, case.id)
        assert len(
            loss_notices.write(writing, again, actor=writing.merge(ending.manager), at=ending.clock.now())
        ) == len(notices)


def test_refused_decided_anew_taken_back_and_applied_again(ending):
    case = ending.verified()
    ending.at("04-27 10:00")
    ending.act(cancellations.refuse, case, ending.word("先挽留客户"))
    assert fresh(case).state == "GM_REFUSED"
    anew = Draft("双方各半", (Liable(Liability.CUSTOMER, D(50)), Liable(Liability.OTHER, D(50))))
    ending.act(cancellations.redraft, case, anew)
    assert [share.amount for share in fresh(case).shares] == [D("4800.00"), D("4800.00")]
    ending.act(cancellations.verify, case, ending.money(work="1000.00"), by=ending.specialist)
    assert fresh(case).refund == D("51800.00")
    ending.act(cancellations.approve, case, ending.word("同意"))
    ending.act(cancellations.recall, case, TakeBack("金额有误"))
    ending.act(cancellations.verify, case, ending.money(), by=ending.specialist)
    ending.at("04-28 10:00")
    ending.act(cancellations.withdraw, case, Withdraw(date(2026, 4, 28), "客户书面撤回"), by=ending.specialist)
    rounds = session().scalars(select(Approval).order_by(Approval.round_no)).all()
    assert [(one.state, one.amount) for one in rounds] == [
        ("REFUSED", D("48000.00")), ("WITHDRAWN", D("51800.00")), ("WITHDRAWN", D("52800.00")),
    ]  # fmt: skip
    assert (fresh(ending.project).frozen_at, fresh(ending.contract).state) == (None, "SIGNED")
    assert session().scalars(select(Task).where(Task.closed_at.is_(None))).all() == []
    ending.at("05-06 10:00")
    second = ending.act(cancellations.apply, ending.contract, Apply(when("05-06 09:00"), "王芳", "PRICE", "又要退"))
    assert second.number == "TD-2026-0002"


def test_the_pages_from_the_contract_to_the_notice(ending, sign_in):
    contract = f"/records/contracts/{ending.contract.number}"
    ending.at("04-21 15:50")
    specialist = sign_in(ending.specialist)
    assert f"{contract}/cancellation" in specialist.get(contract, status=200).text
    sent = {"applied_at": "2026-04-20T10:00", "applicant": "王芳", "reason_kind": "CUSTOMER", "reason": ""}
    assert "工作调动" not in specialist.post(f"{contract}/cancellation", sent, status=422).text
    path = specialist.post(f"{contract}/cancellation", sent | {"reason": "工作调动"}, status=303).location
    case = session().scalars(select(Cancellation)).one()
    assert path.endswith(case.number) and case.number in specialist.get(contract, status=200).text

    def step(who: Any, action: str, status: int = 303, **data: str) -> Any:
        who.get(f"{path}/steps/{action}", status=200)
        return who.post(f"{path}/steps/{action}", {"version": str(fresh(case).version)} | data, status=status)

    step(
        specialist,
        "give-opinion",
        design_by=str(ending.designer.id),
        design_at="2026-04-20T09:59",
        design_opinion="无",
        status=422,
    )
    ending.at("04-21 16:00")
    step(
        specialist,
        "give-opinion",
        design_by=str(ending.designer.id),
        design_at="2026-04-21T15:00",
        design_opinion="客户自身",
    )
    lines = {"who_1": "CUSTOMER", "percent_1": "60", "who_2": f"DESIGNER:{ending.designer.id}", "percent_2": "30"}
    said = step(specialist, "draft", 422, liability_reason="双方", facts_checked="y", **lines).text
    assert "100" in said and 'value="30"' in said
    step(specialist, "draft", liability_reason="双方", facts_checked="y", **(lines | {"percent_2": "40"}))
    specialist.get(f"{path}/steps/sign", status=403)
    manager = sign_in(ending.manager)
    step(manager, "sign")
    money = {"finance_by": str(ending.finance.id), "finance_at": "2026-04-21T15:30", "finance_opinion": "属实"}
    step(specialist, "verify", paid_total="57600", paid_to_crew="0", work_done="0", **money)
    shown = manager.get(path, status=200).text
    assert all(figure in shown for figure in ("9,600.00", "5,760.00", "3,840.00", "51,840.00"))
    assert "51,840.00" in manager.get("/manager/approvals", status=200).text
    step(manager, "approve", person=str(ending.gm.id), decided_at="2026-04-21T16:00", evidence="总经办", reason="同意")
    step(specialist, "notify", **{department.lower(): "2026-04-21T16:00" for department in TOLD})
    step(specialist, "void", voided_on="2026-04-21", output_value_reduction="96000")
    for notice in session().scalars(select(LossNotice)).all():
        page = f"/records/loss-notices/{notice.number}"
        assert f"{page}/receive" in specialist.get(page, status=200).text
        data = {"received_by": str(ending.finance.id), "received_at": "2026-04-21T16:00"}
        specialist.post(f"{page}/receive", data, status=303)
    step(specialist, "close")
    assert fresh(case).state == "CLOSED"
    issue = Issue(Company("示例装饰", "客服部"), "000001", ending.clock.now(), "方敏")
    with i18n.use_locale("zh_Hans"):
        view = money_building.BUILDERS["F-25"](session(), fresh(case), None)
        termination = str(paper.write(view, issue).html)
        notices = [
            str(paper.write(money_building.BUILDERS["F-26"](session(), notice, None), issue).html)
            for notice in session().scalars(select(LossNotice).order_by(LossNotice.id))
        ]
    for words in ("51,840.00 元（伍万壹仟捌佰肆拾元整）", "9,600.00 元（玖仟陆佰元整）", "57,600.00", "同意"):
        assert words in termination
    assert "5,760.00 元（伍仟柒佰陆拾元整）" in notices[0] and "51,840.00" in notices[0]
    assert "3,840.00 元（叁仟捌佰肆拾元整）" in notices[1] and "许诺" in notices[1] and "51,840.00" not in notices[1]
