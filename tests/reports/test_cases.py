"""Records one by one in reports: key cases, who missed limits, unsatisfied customers, duty, what the group is told."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session, transaction
from portal.i18n import use_locale
from portal.metrics import Company, Period
from portal.models.cancellation import Cancellation, CancellationShare
from portal.models.complaint import ComplaintRound, Escalation
from portal.models.follow_up import FollowUpTicket
from portal.models.milestone import OpenDay
from portal.models.reward import RewardEntry
from portal.models.survey import Survey
from portal.models.task import DeadlineBreach, Task
from portal.processes.escalation import Ground
from portal.reports import cases, drawing
from portal.reports.catalogue import REPORTS, Cases
from tests.metrics import may as month
from tests.metrics.may import MAY, moment

JUNE = moment("06-01 09:00")


def read(listed: cases.Listed) -> list[tuple[str, ...]]:
    """The rows as people read them, with the line for all."""
    rows = [*listed.rows, *([listed.total] if listed.total else [])]
    with use_locale("zh_Hans"):
        return [tuple(drawing.cell(value).text for value in row) for row in rows]


def test_the_group_is_told_of_activities_and_of_praise(sample, clock):
    at = clock.now()
    first = portal_clock.today(at) - timedelta(days=40)
    period = Period(first, portal_clock.today(at))
    with transaction() as writing:
        survey = writing.scalars(select(Survey).where(Survey.answered_at.is_not(None))).first()
        survey.praise = "师傅讲解耐心"
        reward = writing.scalars(select(RewardEntry).where(RewardEntry.state == "PROPOSED")).first()
        told = survey.number, reward.record_number, reward.person
    viewer = sample.manager
    days = cases.activities(session(), viewer, period, at)
    held = list(session().scalars(select(OpenDay).where(period.holds_day(OpenDay.held_on)).order_by(OpenDay.held_on)))
    assert [row[-1] for row in days.rows] == [each.number for each in held] != []
    praised = cases.praise(session(), viewer, period, at)
    words = {row[-1]: (row[1], row[2]) for row in praised.rows}
    assert words[told[0]] == ("", "师傅讲解耐心")
    assert words[told[1]] == (told[2], "客户来电表扬")
    later = Period(date(2030, 1, 1), date(2030, 1, 31))
    assert (
        not cases.activities(session(), viewer, later, at).rows and not cases.praise(session(), viewer, later, at).rows
    )
    listed = {section.listed for section in REPORTS["RP-10"].sections if isinstance(section, Cases)}
    assert listed >= {"activities", "praise", "open_homes"}


def test_a_refused_proposal_is_no_praise(sample, clock):
    at = clock.now()
    period = Period(portal_clock.today(at) - timedelta(days=40), portal_clock.today(at))
    viewer = sample.manager
    before = cases.praise(session(), viewer, period, at).rows
    with transaction() as writing:
        for each in writing.scalars(select(RewardEntry)):
            each.state = "REJECTED"
    after = cases.praise(session(), viewer, period, at).rows
    assert len(after) < len(before)


class Hands(month.May):
    """Cases that stand somewhere on their way."""

    def escalated(self, subject: str, at: str, *, amount: int | None = None, **fields: Any) -> Escalation:
        found = self.complaint(f"2026-{at}", None)
        with transaction() as writing:
            writing.merge(found).subject = subject
        given = {"state": "SUBMITTED", "submitted_at": moment(at), "amount": amount and Decimal(amount)}
        return self.record(
            Escalation, moment(at), complaint_id=found.id, why=Ground.COMPENSATION.value, cause="x", process_so_far="x",
            customer_demand="要说法", **given | fields,
        )  # fmt: skip

    def cancelling(self, at: str, reason: str, **fields: Any) -> Cancellation:
        project = self.make.project(customer=self.customer)
        contract = self.make.contract(project=project, customer=self.customer, signed_on=date(2025, 5, 1))
        given = {"state": "FINANCE_VERIFIED"} | fields
        return self.record(
            Cancellation, moment(at), contract_id=contract.id, customer_id=self.customer.id, project_id=project.id,
            applied_at=moment(at), applicant="张建军", reason_kind="PRICE", reason=reason,
            contract_amount=Decimal(142000), loss_rate=Decimal(10), **given,
        )  # fmt: skip


def test_key_cases_stand_with_the_clock_that_runs_or_their_end(make, clock):
    """RP-03: escalations, compensations and cancellations that ran in May; what ended before or came later is not there."""
    may = Hands(make, clock)
    running = may.escalated("阳台渗水", "05-20 18:00")
    may.clock("DL-15", running, "05-20 18:00", "05-22 18:00", None)
    may.clock("DL-15", running, "05-20 18:00", "05-21 18:00", "05-21 10:00")  # met: it runs no more
    may.escalated("墙砖空鼓", "05-10 09:00", amount=5200, state="PAID", paid_at=moment("05-28 11:00"))
    done = {"state": "CLOSED", "paid_at": moment("04-29 11:00"), "closed_at": moment("05-02 10:00")}
    may.escalated("地板划伤", "04-10 09:00", amount=800, **done)
    may.escalated("旧案", "04-10 09:00", state="CLOSED", closed_at=moment("04-30 23:59"))
    may.escalated("新案", "06-01 00:00")
    refund = may.cancelling(
        "05-25 09:00", "搬去外地", paid_total=Decimal(85200), paid_to_crew=Decimal(0), work_done=Decimal(0)
    )
    may.add(
        CancellationShare(
            cancellation_id=refund.id, position=0, liability="CUSTOMER", percent=100, amount=Decimal(14200)
        )
    )
    may.clock("DL-26", refund, "05-25 09:00", "06-08 18:00", None)
    may.clock("DL-25", refund, "05-25 09:00", "06-03 18:00", None)
    may.cancelling("05-03 09:00", "价格太高", state="WITHDRAWN", withdrawn_on=date(2026, 5, 4))
    may.cancelling("04-03 09:00", "旧", state="WITHDRAWN", withdrawn_on=date(2026, 4, 30))
    may.cancelling("04-03 09:00", "旧", state="CLOSED", closed_at=moment("04-30 10:00"))
    may.inspected(
        ("05-12 09:30", "FAIL", "05-15 10:00"), ("05-15 10:00", "FAIL", "05-19 10:00"), ("05-20 10:00", "FAIL", None)
    )
    rows = [row[1:2] + row[3:] for row in read(cases.key_cases(session(), Company(), MAY, JUNE))]
    assert rows == [
        ("赔偿：地板划伤：要说法", "工程部", "800.00", "已结案", "2026-05-02 结束"),
        ("赔偿：墙砖空鼓：要说法", "工程部", "5,200.00", "已支付", "2026-05-28 已付款"),
        ("升级：阳台渗水：要说法", "工程部", "–", "已提交经理", "DL-15 05-22 18:00 逾期"),
        ("退单：价格太高", "客服部", "–", "客户撤回", "2026-05-04 结束"),
        ("退单：搬去外地", "客服部", "71,000.00", "财务已核款", "DL-25 06-03 18:00"),
        ("三次不合格，工长刘大勇", "工程部", "–", "预验收合格", "–"),
    ]
    early = read(cases.key_cases(session(), Company(), MAY, moment("05-22 09:00")))
    assert early[2][-1] == "DL-15 05-22 18:00"


@pytest.fixture
def told(make, clock):
    return month.tell(make, clock)


def test_limits_missed_stand_with_who_answers_for_them(told):
    """RP-03: 6 of M-95: of a department its head, of the manager the role; the departments' table sums to the same."""
    with transaction() as writing:
        of_may = DeadlineBreach.code == "DL-22", MAY.holds(DeadlineBreach.due_at)
        breach = writing.scalars(select(DeadlineBreach).where(*of_may)).one()
        breach.user_id = None
        writing.get_one(Task, breach.task_id).role = "MANAGER"
    assert read(cases.missed_by_person(session(), Company(), MAY, JUNE)) == [
        ("周晓雯", "客服部", "DL-01、DL-04、DL-08", "3"),
        ("部门主管", "工程部", "DL-10", "1"),
        ("客服经理", "客服部", "DL-22", "1"),
        ("王志强", "工程部", "DL-13", "1"),
        ("合计", "", "", "6"),
    ]
    missed = {row[0]: row[1] for row in read(cases.departments(session(), Company(), MAY, JUNE))}
    assert missed == {"工程部": "2", "客服部": "4", "合计": "6"}
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    assert cases.missed_by_person(session(), Company(), march, JUNE).total is None


def test_unsatisfied_cases_name_who_worked_there(told):
    rows = read(cases.unsatisfied_calls(session(), Company(), MAY, JUNE))
    assert [row[:2] + row[3:] for row in rows] == [
        ("张建军", "插座位置不对", "隐蔽工程回访", "–", "王志强", "刘大勇", "–", "已闭环"),
        ("张建军", "有异味", "完工一月回访", "–", "王志强", "刘大勇", "–", "已闭环"),
    ]
    sections = REPORTS["RP-08"].sections
    assert Cases(next(each.title for each in sections if isinstance(each, Cases)), "unsatisfied_calls") in sections


def test_duty_tells_what_was_accepted_urged_fed_back_and_called(told):
    """RP-15: by hand from the May of the figures, with one round of a complaint."""
    with transaction() as writing:
        case = writing.scalars(select(Escalation)).first().complaint_id
        given = {"plan_fed_back_at": moment("05-21 10:00"), "follow_up_at": moment("06-01 00:00")}
        writing.add(ComplaintRound(complaint_id=case, round_no=1, **given))
    assert read(cases.duty(session(), Company(), MAY, JUNE)) == [
        ("咨询来电来访", "4", "1", "1", "–"),
        ("投诉", "5", "2", "1", "0"),
        ("维修单", "3", "1", "0", "2"),
        ("回访联系单", "4", "1", "0", "0"),
        ("回访", "–", "0", "–", "4"),
        ("合计", "16", "5", "2", "6"),
    ]
    assert not cases.duty(session(), Company(), Period(date(2019, 1, 1), date(2019, 1, 2)), JUNE).rows


def test_what_customers_were_not_satisfied_with(make, clock):
    """RP-04: the surveys of May below 4, the worst first: with what, in whose words, and what came of it."""
    may = month.May(make, clock)
    low = may.survey("05-20 10:00", 2, None, 2)
    may.survey("05-06 10:00", 4, None, 3)  # on the whole satisfied
    plain = may.survey("05-21 10:00", 3, None, 4)
    may.survey("05-22 10:00", 1, state="VOID")
    may.survey("06-01 00:00", 1)
    with transaction() as writing:
        writing.merge(low).criticism = "图纸改了三次"
    slip = may.record(
        FollowUpTicket, moment("05-20 11:00"), state="OPEN", survey_id=low.id, customer_id=may.customer.id,
        problem="图纸改了三次", department="DESIGN", rounds=3, handed_over_at=moment("05-20 11:00"),
        limit_at=moment("05-21 11:00"), limit_from=moment("05-20 11:00"),
    )  # fmt: skip
    assert read(cases.unsatisfied_surveys(session(), Company(), MAY, JUNE)) == [
        ("张建军", "设计 2 分", "图纸改了三次", "2", low.number, f"{slip.number} 待签收"),
        ("张建军", "–", "–", "3", plain.number, "–"),
    ]
    assert "unsatisfied_surveys" in {part.listed for part in REPORTS["RP-04"].sections if isinstance(part, Cases)}
