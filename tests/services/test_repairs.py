"""Repairs from the request to the closed file, as the worked example tells it. Source: `domain.md` 4.13 to 4.15, 8.1."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.db import session, transaction
from portal.documents import money_building
from portal.errors import ConditionsMissing, DomainError, Invalid, NotPermitted
from portal.models.compensation import PaymentVoucher
from portal.models.contract import Payment
from portal.models.follow_up import FollowUpCall
from portal.models.org import Crew, PartyStatus
from portal.models.repair import RepairCostCase, RepairOrder
from portal.processes.repair import fingerprint
from portal.services import approvals, calls, repair_costs, repairs, tasks, warranties
from portal.services.approvals import TakeBack, Word
from portal.services.calls import tickets
from tests.services.repair_story import Story, begun, fresh, local, task_of

VOID = warranties.Void("CONTRACT_CANCELLED", "合同解除")


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def test_the_certificate_is_opened_when_everything_is_paid(story):
    story.pays("FIRST", "100800.00", "2026-03-31")
    story.pays("MID", "62400.00", "2026-05-22")
    assert story.certificate is None
    story.pays("FINAL", "8400.00", "2026-07-06")
    certificate = story.certificate
    assert (certificate.state, certificate.is_paid) == ("PENDING", True)
    assert local(task_of(certificate, "DL-21").due_at) == "07-07 18:00"


def test_the_terms_run_from_the_acceptance(story):
    story.settled()
    certificate = story.issued()
    ends = {term.trade: term.ends_on.isoformat() for term in certificate.terms}
    assert ends == {
        "BASIC": "2028-07-03", "PAINT": "2028-07-03", "HARDWARE": "2028-07-03", "WOODWORK": "2029-07-03",
        "WATER_ELECTRIC": "2031-07-03", "WATERPROOF": "2031-07-03",
    }  # fmt: skip
    assert (certificate.state, certificate.project.stage) == ("ISSUED", "IN_WARRANTY")
    assert task_of(certificate, "DL-21").breached_at is None


@pytest.mark.parametrize(("trade", "years"), [("WATERPROOF", 4), ("PAINT", 1), ("HARDWARE", 1)])
def test_no_term_is_shorter_than_the_law_says(story, trade, years):
    story.settled()
    command = warranties.IssueWarranty(date(2026, 7, 4), True, "–", "张建军", "DECLINED", ((trade, years),))
    with pytest.raises(Invalid) as refusal:
        story.act(warranties.issue, story.certificate, command, actor=story.specialist)
    assert set(refusal.value.fields) == {f"years_{trade.lower()}"}


def test_no_certificate_without_a_signed_acceptance(story):
    story.settled()
    command = warranties.IssueWarranty(date(2026, 7, 4), None, "–", "张建军", "DECLINED")
    with pytest.raises(Invalid) as refusal:
        story.act(warranties.issue, story.certificate, command, actor=story.specialist)
    assert set(refusal.value.fields) == {"acceptance_signed"}


def test_money_that_went_back_stops_the_certificate(story):
    story.settled()
    with transaction() as writing:
        writing.add(
            Payment(
                contract_id=story.contract.id,
                kind="REFUND",
                amount=Decimal("1.00"),
                paid_on=date(2026, 7, 6),
                receipt_no="T1",
            )
        )
    session().expire_all()
    command = warranties.IssueWarranty(date(2026, 7, 4), True, "–", "张建军", "DECLINED")
    with pytest.raises(ConditionsMissing):
        story.act(warranties.issue, story.certificate, command, actor=story.specialist)


def test_a_lost_certificate_needs_the_managers_consent(story):
    story.settled()
    certificate = story.issued()
    old = certificate.number
    with pytest.raises(ConditionsMissing):
        story.act(warranties.reissue, certificate, warranties.Reissue("遗失"), actor=story.specialist)
    story.act(warranties.consent, certificate, actor=story.manager)
    story.act(warranties.reissue, certificate, warranties.Reissue("遗失"), actor=story.specialist)
    found = story.certificate
    assert found.number != old and found.replaced_numbers == old and found.state == "REISSUED"
    with pytest.raises(NotPermitted):
        story.act(warranties.void, found, VOID, actor=story.specialist)
    story.act(warranties.void, found, VOID, actor=story.manager)
    assert story.certificate.state == "VOID"


def test_the_repair_of_a_departed_crew_as_the_worked_example_tells_it(story):
    """Monday 2026-10-12 09:05 to Wednesday 10-14: 460 + 600 = 1,060.00 from the retention money, 5,000.00 → 3,940.00."""
    story.settled()
    story.issued()
    with transaction() as writing:
        crew = writing.get(Crew, story.crew.id)
        crew.status, crew.status_from = PartyStatus.DEPARTED, date(2026, 9, 30)
    story.clock.set("2026-10-12 09:05")
    order = story.reported()
    assert (order.number, order.state, order.owner.name) == ("WX-2026-0001", "REPORTED", "周晓雯")
    found, certificate = warranties.verdict(session(), order.project, "WATERPROOF", date(2026, 10, 12))
    assert (found.standing, certificate.number) == ("IN_TERM", story.certificate.number)
    story.checked(order)
    story.clock.set("2026-10-12 09:10")
    with pytest.raises(ConditionsMissing):  # its own crew is gone
        story.assigned(order, "RESPONSIBLE_CREW")
    session().rollback()
    story.assigned(order)
    clock = task_of(order, "DL-22")
    assert (local(clock.started_at), local(clock.due_at), clock.person_id) == (
        "10-12 09:10",
        "10-12 17:10",
        story.captain.id,
    )
    story.clock.set("2026-10-12 14:30")
    story.on_site(order)
    assert task_of(order, "DL-22").closed_at is not None and task_of(order, "DL-22").breached_at is None

    draft = repair_costs.DraftCase("DEPARTED", Decimal("460.00"), Decimal("600.00"))
    case = story.act(repair_costs.draft, order, draft, actor=story.captain)
    (telling,) = tasks.open_of(session(), case)  # engineering has no login: the specialist telephones
    assert (telling.title, telling.person_id) == (repair_costs.TELL_ENGINEERING.message, story.specialist.id)
    confirmed = repair_costs.ConfirmCase("CONSTRUCTION", True, session().merge(story.engineering), story.clock.now())
    story.act(repair_costs.confirm, case, confirmed, actor=story.specialist)
    story.act(repair_costs.approve, case, Word(reason="同意"), actor=story.manager)
    found = session().get(RepairCostCase, case.id)  # 1,060.00 is above the manager's 1,000.00
    assert (found.state, [step.level for step in found.approval.steps]) == ("CONFIRMED", ["MANAGER", "GM"])
    with pytest.raises(Invalid):  # the second word is not the manager's
        story.act(repair_costs.approve, case, Word(reason="同意"), actor=story.manager)
    session().rollback()
    decided = Word(session().merge(story.gm), story.clock.now(), "方总同意", "档案柜 2")
    story.act(repair_costs.approve, case, decided, actor=story.manager)
    found = session().get(RepairCostCase, case.id)
    assert (found.state, found.gm.name, found.decision) == ("APPROVED", story.gm.name, "同意；方总同意")

    story.act(repairs.start, order, actor=story.captain)
    story.clock.set("2026-10-13 16:00")
    story.done(order)
    actual = repair_costs.ActualCost(Decimal("460.00"), Decimal("600.00"))
    with pytest.raises(ConditionsMissing):  # not signed off yet
        story.act(repair_costs.execute, case, actual, actor=story.captain)
    session().rollback()
    story.signed(order)
    assert local(task_of(order, "DL-23").due_at)[:5] == "10-16"
    story.act(repair_costs.execute, case, actual, actor=story.captain)
    story.act(repair_costs.charge, case, actor=story.manager)
    booked = session().get(RepairCostCase, case.id)
    assert [(b.bearer, b.amount, b.balance_before, b.balance_after) for b in booked.bookings] == [
        ("ORIGINAL_CREW_RETENTION", Decimal("1060.00"), Decimal("5000.00"), Decimal("3940.00"))
    ]
    assert session().get(Crew, story.crew.id).retention_balance == Decimal("3940.00")

    story.clock.set("2026-10-14 10:00")
    (copy,) = [task for task in tasks.open_of(session(), session().get(RepairCostCase, case.id))]
    assert (copy.title, copy.role) == (repair_costs.GIVE_COPY.message, "MANAGER")
    assert session().get(RepairCostCase, case.id).voucher is None  # the retention money bears all of it
    story.called(order)
    call = fresh(order).follow_ups[0].call
    assert (call.stage, call.state, call.is_effective) == ("REPAIR", "DONE_SATISFIED", False)  # 5.2: never counts
    closing = repair_costs.CloseCase("PZ-1014", story.clock.now())
    story.act(repair_costs.close, case, closing, actor=story.specialist)
    assert (session().get(RepairOrder, order.id).state, session().get(RepairCostCase, case.id).state) == (
        "CLOSED",
        "CLOSED",
    )
    assert task_of(order, "DL-23").breached_at is None


def test_what_was_signed_is_void_once_the_text_changes(story):
    order = story.reported()
    story.checked(order, "ACTIVE")
    story.assigned(order, "RESPONSIBLE_CREW")
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    story.done(order)
    shown = fingerprint(session().merge(order))
    with transaction() as writing:
        writing.merge(order).work_done = "只换了接头"
    command = repairs.SignOff("张建军", story.clock.now(), "…", shown)
    with pytest.raises(DomainError, match="内容已改动"):
        story.act(repairs.sign_off, order, command, actor=story.captain)
    session().rollback()
    story.signed(order)
    assert not repairs.signature_is_void(session().get(RepairOrder, order.id))
    with transaction() as writing:
        writing.get(RepairOrder, order.id).costs[0].amount = Decimal("461.00")
    assert repairs.signature_is_void(session().get(RepairOrder, order.id))


def test_a_missed_arrival_lets_the_captain_take_over(story):
    order = story.reported()
    story.checked(order, "ACTIVE")
    story.assigned(order, "RESPONSIBLE_CREW")
    with pytest.raises(ConditionsMissing):
        story.act(repairs.take_over, order, repairs.TakeOver("没人来"), actor=story.captain)
    session().rollback()
    story.clock.advance(hours=8, minutes=1)
    with transaction() as writing:
        tasks.sweep(writing, story.clock.now())
    session().expire_all()
    story.act(repairs.take_over, order, repairs.TakeOver("班组未到"), actor=story.captain)
    found = session().get(RepairOrder, order.id)
    assert (found.state, found.executor) == ("ASSIGNED", "CAPTAIN_TEAM")
    assert task_of(order, "DL-22").closed_at is None  # the clock runs on


def test_what_is_not_free_is_quoted_first(story):
    order = story.reported()
    story.checked(order, "ACTIVE")
    story.assigned(order, "RESPONSIBLE_CREW")
    story.on_site(order, "CUSTOMER_USE")
    with pytest.raises(ConditionsMissing):
        story.act(repairs.start, order, actor=story.captain)
    session().rollback()
    story.act(repairs.quote, order, repairs.Quote(Decimal("280.00"), Decimal("400.00")), actor=story.captain)
    story.act(repairs.accept, order, repairs.AnswerQuote(story.clock.now(), "电话同意"), actor=story.specialist)
    assert session().get(RepairOrder, order.id).state == "REPAIRING"


def test_more_than_a_tenth_above_the_estimate_is_confirmed_anew(story):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    case = story.act(
        repair_costs.draft,
        order,
        repair_costs.DraftCase("DEPARTED", Decimal("400"), Decimal("500")),
        actor=story.captain,
    )
    confirmed = repair_costs.ConfirmCase("CONSTRUCTION", True, session().merge(story.engineering), story.clock.now())
    story.act(repair_costs.confirm, case, confirmed, actor=story.specialist)
    story.act(repair_costs.approve, case, Word(reason="同意"), actor=story.manager)
    story.act(repairs.start, order, actor=story.captain)
    story.done(order)
    story.signed(order)
    too_much = repair_costs.ActualCost(Decimal("460"), Decimal("600"), "多换一段管")
    with pytest.raises(ConditionsMissing):
        story.act(repair_costs.execute, case, too_much, actor=story.captain)
    session().rollback()
    story.act(repair_costs.exceed, case, too_much, actor=story.captain)
    found = session().get(RepairCostCase, case.id)
    assert (found.state, found.estimate, found.actual, found.approved_by_id) == (
        "CONFIRMED",
        Decimal("1060"),
        None,
        None,
    )
    earlier, now = approvals.of_record(session(), found)
    assert (earlier.state, earlier.amount, now.state, now.amount) == (
        "VOID",
        Decimal("900"),
        "WAITING",
        Decimal("1060"),
    )
    assert [step.level for step in now.steps] == ["MANAGER", "GM"]
    story.act(repair_costs.refuse, case, Word(reason="太贵"), actor=story.manager)
    found = session().get(RepairCostCase, case.id)
    assert (found.state, found.approval.state) == ("DRAFT", "REFUSED")
    lower = repair_costs.ConfirmCase(
        "CONSTRUCTION", True, session().merge(story.engineering), story.clock.now(),
        estimate_material=Decimal("400"), estimate_labour=Decimal("550"),
    )  # fmt: skip
    story.act(repair_costs.confirm, case, lower, actor=story.specialist)
    story.act(repair_costs.approve, case, Word(), actor=story.manager)
    found = session().get(RepairCostCase, case.id)
    assert (found.state, found.estimate, found.approval.round_no) == ("APPROVED", Decimal("950"), 3)
    story.act(repair_costs.recall, case, TakeBack("换人施工"), actor=story.manager)
    assert session().get(RepairCostCase, case.id).approval.state == "WITHDRAWN"


def test_two_visits_that_lie_on_each_other_need_a_reason(story):
    first, second = story.reported(), story.reported(trade="PAINT")
    visit = story.clock.now() + timedelta(hours=5)
    for order in (first, second):
        story.checked(order, "ACTIVE")
    story.assigned(first, "RESPONSIBLE_CREW", appointment_at=visit)
    with pytest.raises(Invalid) as refusal:
        story.assigned(second, "RESPONSIBLE_CREW", appointment_at=visit + timedelta(hours=1))
    assert first.number in str(refusal.value)
    session().rollback()
    story.assigned(second, "RESPONSIBLE_CREW", appointment_at=visit + timedelta(hours=1), overlap_reason="同一小区")


def test_a_repair_that_becomes_a_complaint(story):
    order = story.reported()
    made = story.act(
        repairs.complain, order, repairs.Complain("三次没修好", "彻底修好", "REPEATED"), actor=story.specialist
    )
    found = session().get(RepairOrder, order.id)
    assert (found.state, found.complaint_id, made.category) == ("COMPLAINT", made.id, "REPAIR")
    assert order.number in made.content


def signed_off(story: Story) -> RepairOrder:
    order = begun(story)
    story.done(order)
    story.signed(order)
    return order


def test_the_call_after_a_repair_stands_in_the_queue_with_its_script_until_dl_23(story, sign_in):
    """4.14, 5.3: three days after the signature; nobody closes the repair beside the script."""
    order = signed_off(story)
    call = fresh(order).waiting_call
    assert (call.stage, call.owner_id, call.due_at) == ("REPAIR", story.specialist.id, task_of(order, "DL-23").due_at)
    desk = sign_in(story.specialist)
    page = desk.get(f"/specialist/calls/{call.number}", status=200).text
    assert order.number in page and "是否已完全修好" in page
    refused = desk.get(f"/records/repair-orders/{order.number}", status=200).text
    assert f"/specialist/calls/{call.number}" in refused
    with pytest.raises(ConditionsMissing):
        story.act(repairs.close, order, repairs.CloseRepair(story.clock.now(), True), actor=story.specialist)


def test_not_repaired_sends_it_back_and_the_next_call_settles_the_first(story):
    """4.14: SIGNED_OFF → REPAIRING with the rework flag; 5.6: asked again until the customer is content."""
    order = signed_off(story)
    with pytest.raises(Invalid) as refusal:
        story.called(order, wrong=("repaired",))
    assert set(refusal.value.fields) == {"overall"}
    session().rollback()
    story.called(order, "还在滴水", wrong=("repaired",))
    found = fresh(order)
    assert (found.state, found.rework_count, found.round_no, found.waiting_call) == ("REPAIRING", 1, 2, None)
    assert (found.follow_up_satisfied, found.follow_up_note) == (False, "还在滴水")
    assert found.follow_ups[0].call.state == "DONE_UNSATISFIED"
    story.done(order)
    story.signed(order)
    assert [each.call.state for each in fresh(order).follow_ups] == ["RESOLVED", "PLANNED"]
    story.called(order)
    assert [each.call.state for each in fresh(order).follow_ups] == ["CLOSED", "DONE_SATISFIED"]
    assert fresh(order).state == "CLOSED"


def test_whole_but_not_content_needs_a_slip_and_is_closed_once_that_is_settled(story):
    """5.6: the repair waits for the department's measure; what the customer says then closes it."""
    order = signed_off(story)
    with pytest.raises(Invalid) as refusal:
        story.called(order, "没戴鞋套", wrong=("manners",))
    assert set(refusal.value.fields) == {"slips"}
    session().rollback()
    story.called(order, "没戴鞋套", wrong=("manners",), slips=(calls.Slip("没戴鞋套", "ENGINEERING"),))
    assert (fresh(order).state, fresh(order).follow_up_satisfied) == ("SIGNED_OFF", False)
    assert task_of(order, "DL-23").closed_at is not None  # the call was made in time
    slip = fresh(order).follow_ups[0].call.tickets[0]
    story.act(tickets.finish, slip, tickets.Finish("已批评并道歉", story.clock.now()), actor=story.specialist)
    content = tickets.AskedAgain(story.clock.now(), True, True, "可以了")
    story.act(tickets.asked_again, slip, content, actor=story.specialist)
    assert (fresh(order).state, fresh(order).follow_up_note) == ("CLOSED", "可以了")


def test_a_slip_that_becomes_a_complaint_takes_the_repair_along(story):
    order = signed_off(story)
    story.called(order, "态度恶劣", wrong=("manners",), slips=(calls.Slip("态度恶劣", "ENGINEERING"),))
    slip = fresh(order).follow_ups[0].call.tickets[0]
    made = story.act(tickets.escalate, slip, tickets.Escalate("换人道歉", "多次无果"), actor=story.manager)
    assert (fresh(order).state, fresh(order).complaint_id) == ("COMPLAINT", made.id)


def test_a_complaint_calls_off_what_was_still_to_be_called(story):
    order = signed_off(story)
    number = fresh(order).waiting_call.number
    story.act(repairs.complain, order, repairs.Complain("多次未修好", "退款", "REPEATED"), actor=story.specialist)
    call = session().scalars(select(FollowUpCall).where(FollowUpCall.number == number)).one()
    assert (call.state, fresh(order).waiting_call) == ("CANCELLED", None)


def test_a_repair_of_somebody_who_is_no_customer_is_asked_about_on_its_page(story):
    order = story.reported(project=None, customer=None)
    command = repairs.CheckRepair(
        "YES", "客户持旧保修单", "ACTIVE", "免费", session().merge(story.crew), has_no_certificate=True
    )
    story.act(repairs.check, order, command, actor=story.specialist)
    story.assigned(order, "RESPONSIBLE_CREW")
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    story.done(order)
    story.signed(order)
    assert fresh(order).follow_ups == []
    story.act(repairs.close, order, repairs.CloseRepair(story.clock.now(), True), actor=story.specialist)
    assert fresh(order).state == "CLOSED"


def test_the_share_of_the_company_has_a_voucher_of_its_own(story, app, sign_in):
    """4.15: retention money, then unsettled money, the rest the company by voucher F-08."""
    with transaction() as writing:
        writing.get_one(Crew, story.crew.id).retention_balance = Decimal("300.00")
    order = story.reported()
    story.checked(order, "DEPARTED")
    story.assigned(order)
    story.on_site(order)
    draft = repair_costs.DraftCase("DEPARTED", Decimal("400.00"), Decimal("500.00"))
    case = story.act(repair_costs.draft, order, draft, actor=story.captain)
    confirmed = repair_costs.ConfirmCase(
        "CONSTRUCTION", True, session().merge(story.engineering), story.clock.now(), Decimal("200.00")
    )
    story.act(repair_costs.confirm, case, confirmed, actor=story.specialist)
    story.act(repair_costs.approve, case, Word(reason="同意"), actor=story.manager)
    story.act(repairs.start, order, actor=story.captain)
    story.done(order)
    story.signed(order)
    actual = repair_costs.ActualCost(Decimal("400.00"), Decimal("500.00"))
    story.act(repair_costs.execute, case, actual, actor=story.captain)
    story.act(repair_costs.charge, case, actor=story.manager)
    session().expire_all()
    found = session().get_one(RepairCostCase, case.id)
    assert {each.bearer: each.amount for each in found.bookings} == {
        "ORIGINAL_CREW_RETENTION": Decimal("300.00"),
        "ORIGINAL_CREW_SETTLEMENT": Decimal("200.00"),
        "COMPANY": Decimal("400.00"),
    }
    voucher = found.voucher
    assert (voucher.amount, voucher.payee, voucher.paid_at) == (Decimal("400.00"), "马建国", None)
    with app.test_request_context():
        paper = money_building.voucher(session(), voucher, None)
    assert (paper.case_number, paper.is_cost_case, paper.leader) == (found.number, True, story.manager.name)
    assert [(row.percent, row.amount) for row in paper.shares] == [(Decimal(100), Decimal("400.00"))]
    number, path = voucher.number, f"/records/payment-vouchers/{voucher.number}"
    assert "肆佰元整" in sign_in(story.manager).get(path, status=200).text
    desk = sign_in(story.specialist)
    desk.get(path, status=403)
    assert f'value="{number}"' in desk.get(f"/records/repair-cost-cases/{found.number}/steps/close", status=200).text
    closing = repair_costs.CloseCase(number, story.clock.now())
    story.act(repair_costs.close, case, closing, actor=story.specialist)
    session().expire_all()
    voucher = session().get_one(RepairCostCase, case.id).voucher
    assert (voucher.paid_at, voucher.finance_no) == (story.clock.now(), None)


def test_a_voucher_is_for_one_case(story):
    with pytest.raises(IntegrityError), transaction() as writing:
        writing.add(
            PaymentVoucher(
                number="ZC-1", payee="甲", purpose="无", amount=Decimal(1), leader_decided_at=story.clock.now(),
                created_at=story.clock.now(), updated_at=story.clock.now(),
            )
        )  # fmt: skip
