"""A May whose figures are counted by hand: each record stands here because a figure counts it, or must not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import transaction
from portal.metrics import Period
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.cancellation import Cancellation, CancellationShare
from portal.models.compensation import CompensationShare, PaymentVoucher
from portal.models.complaint import Complaint, ComplaintDepartment, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.drawing_review import DrawingReview, ReviewRound
from portal.models.event import EventKind
from portal.models.follow_up import CallAnswer, FollowUpCall, FollowUpTicket, RepairFollowUp
from portal.models.ledger import LedgerLine
from portal.models.org import PartyKind
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance, PreAcceptanceList, RectificationNotice
from portal.models.repair import RepairCost, RepairOrder, WarrantyCertificate
from portal.models.survey import Survey, SurveyAnswer
from portal.models.task import DeadlineBreach, Task
from portal.models.works import ProjectPaper
from portal.permissions import Role
from portal.processes.escalation import Ground
from portal.services import events

MAY = Period(date(2026, 5, 1), date(2026, 5, 31))


def moment(text: str) -> datetime:
    """`05-11 10:00` of 2026 on the company's clocks; with a year as it stands."""
    return datetime.fromisoformat(text if text.startswith("20") else f"2026-{text}").replace(tzinfo=clock.ZONE)


class May:
    """The month; each method adds one record in a transaction of its own."""

    lent: ArchiveLoan
    """The file that comes back after the month."""

    def __init__(self, make: Any, hands: Any) -> None:
        hands.set("2026-02-01 09:00")
        self.make, self.count = make, 0
        self.manager, self.reviewer = make.user(Role.MANAGER), make.user(Role.REVIEWER)
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.xu = make.party(PartyKind.DESIGNER, name="许诺")
        self.gao = make.party(PartyKind.DESIGNER, name="高平")
        self.liu = make.party(PartyKind.FOREMAN, name="刘大勇")
        self.wang = make.party(PartyKind.PROJECT_MANAGER, name="王志强")
        self.customer = make.customer(name="张建军")
        self.site = make.project(
            customer=self.customer, stage="IN_PROGRESS", actual_start_on=date(2026, 4, 8),
            foreman_id=self.liu.id, project_manager_id=self.wang.id,
        )  # fmt: skip
        self.contract = make.contract(project=self.site, customer=self.customer, signed_on=date(2026, 3, 31))
        hands.set("2026-05-31 20:00")

    def add(self, row: Any, *more: Any) -> Any:
        with transaction() as writing:
            writing.add_all([row, *more])
        return row

    def record(self, model: Any, at: datetime, **fields: Any) -> Any:
        self.count += 1
        given = {"number": f"{model.PREFIX}-2026-{9000 + self.count}", "created_at": at, "updated_at": at}
        return self.add(model(**given | fields))

    def clock(self, code: str, record: Any, started: str, due: str, done: str | None, outcome: str = "DONE") -> Task:
        """A clock of a record; done after it was due, it leaves a breach."""
        due_at, done_at = moment(due), moment(done) if done else None
        is_missed = outcome == "DONE" and (done_at is None or done_at > due_at)
        task = self.add(
            Task(
                kind="DEADLINE",
                code=code,
                title="x",
                record_kind=record.KIND,
                record_id=record.id,
                record_number=record.number,
                started_at=moment(started),
                due_at=due_at,
                closed_at=done_at,
                outcome=outcome if done_at else None,
                breached_at=due_at if is_missed else None,
            )
        )
        if is_missed:
            late = int((done_at - due_at) / timedelta(minutes=1)) if done_at else None
            self.add(
                DeadlineBreach(
                    task_id=task.id,
                    code=code,
                    record_kind=record.KIND,
                    record_id=record.id,
                    record_number=record.number,
                    due_at=due_at,
                    found_at=due_at,
                    met_at=done_at,
                    late_minutes=late,
                    user_id=self.specialist.id,
                    department="ENGINEERING" if code in ("DL-10", "DL-13") else None,
                    party_id=self.wang.id if code == "DL-13" else None,
                )
            )
        return task

    # Reviews ---------------------------------------------------------------------------------------------------------

    def review(self, designer: Any, *rounds: tuple[str, str | None, int | None]) -> DrawingReview:
        """Rounds as (handed in, decided, score); 80 points pass."""
        first = moment(rounds[0][0])
        review = self.record(
            DrawingReview, first, state="RETURNED", customer_id=self.customer.id, designer_id=designer.id,
            branch_manager_id=designer.id, contract_amount=Decimal("168000"), round_no=len(rounds), pass_score=80,
            submitted_at=first,
        )  # fmt: skip
        for number, (handed_in, decided, score) in enumerate(rounds, 1):
            self.add(
                ReviewRound(
                    review_id=review.id,
                    round_no=number,
                    submitted_at=moment(handed_in),
                    documents=[],
                    pass_score=80,
                    reviewed_at=moment(decided) if decided else None,
                    score=score,
                    result=None if score is None else "PASS" if score >= 80 else "RETURN",
                )
            )
        return review

    def penalty(self, kind: str, rule: str, day: str, amount: str | None, party: Any, *, reversed_on: str = "") -> None:
        at = moment(f"{day} 09:00")
        entry = self.record(
            PenaltyEntry, at, state="APPROVED", kind=kind, rule=rule, party_id=party.id, offended_on=at.date(),
            rule_said={}, record_kind="projects", record_id=self.site.id, record_number=self.site.number,
            amount=Decimal(amount) if amount else None, occurrence_no=1, cause=f"{rule}:{day}:{kind}", evidence={},
            approved_at=at,
        )  # fmt: skip
        sum_ = Decimal(amount or 0)
        booked = {"penalty_id": entry.id, "booked_at": at}
        self.add(LedgerLine(month=at.date().replace(day=1), decided_on=at.date(), amount=sum_, **booked))
        if reversed_on:
            back = moment(f"{reversed_on} 09:00").date()
            self.add(LedgerLine(month=back.replace(day=1), decided_on=back, amount=-sum_, is_reversal=True, **booked))

    # Complaints ------------------------------------------------------------------------------------------------------

    def complaint(
        self, received: str, closed: str | None = None, *, verdict: str | None = "ESTABLISHED", category: str = "SITE",
        department: str = "ENGINEERING", project: Any = None, **fields: Any,
    ) -> Complaint:  # fmt: skip
        at = moment(received)
        found = self.record(
            Complaint, at, state="CLOSED" if closed else "HANDED_OVER", received_at=at, channel="PHONE",
            complainant="张建军", phone="13800001234", customer_id=self.customer.id,
            project_id=(project or self.site).id, subject="x", phase="IN_SALE", category=category, content="x",
            demand="x", verdict=verdict, closed_at=moment(closed) if closed else None, owner_id=self.specialist.id,
            **fields,
        )  # fmt: skip
        self.add(ComplaintDepartment(complaint_id=found.id, department=department, is_lead=True))
        return found

    def escalation(self, complaint: Complaint, at: str, *, paid: str | None = None) -> None:
        """Handed to the manager; with `paid`, 4,000 yuan were paid: 75 % of the company, 25 % of the project manager."""
        paid_at = moment(paid) if paid else None
        case = self.record(
            Escalation, moment(at), state="SUBMITTED", complaint_id=complaint.id, submitted_at=moment(at),
            why=Ground.COMPENSATION.value, cause="x", process_so_far="x", customer_demand="x", paid_at=paid_at,
        )  # fmt: skip
        if paid_at is None:
            return
        self.add(
            CompensationShare(
                escalation_id=case.id, position=1, bearer="COMPANY", percent=Decimal(75), amount=Decimal(3000)
            ),
            CompensationShare(
                escalation_id=case.id, position=2, bearer="PERSON", party_id=self.wang.id, percent=Decimal(25),
                amount=Decimal(1000),
            ),
        )  # fmt: skip
        asked = self.record(
            Approval, moment(at), state="APPROVED", what="COMPENSATION", record_kind="escalations", record_id=case.id,
            record_number=case.number, subject="x", amount=Decimal(4000), counted=Decimal(4000), asked_at=moment(at), round_no=1,
        )  # fmt: skip
        self.record(
            PaymentVoucher, paid_at, escalation_id=case.id, approval_id=asked.id, payee="x", purpose="x",
            amount=Decimal(4000), leader_decided_at=moment(at), paid_at=paid_at,
        )  # fmt: skip

    # Inspections -----------------------------------------------------------------------------------------------------

    def inspected(self, *rounds: tuple[str, str, str | None]) -> None:
        """Inspections as (held, result, agreed re-inspection)."""
        first = moment(rounds[0][0])
        monday = first.date() - timedelta(days=first.weekday() + 7 * self.count)
        week = self.add(PreAcceptanceList(week_from=monday, closes_at=first, schedule_due_at=first))
        project = self.make.project(customer=self.customer)
        case = self.record(
            PreAcceptance, first, state="PASSED", list_id=week.id, customer_id=self.customer.id,
            project_id=project.id, project_manager_id=self.wang.id, foreman_id=self.liu.id, listed_at=first,
            list_due_at=first, schedule_due_at=first, trades=[], fail_limit=3, passed_at=first,
        )  # fmt: skip
        notice = None
        for number, (held, result, agreed) in enumerate(rounds, 1):
            at = moment(held)
            done = self.record(
                Inspection,
                at,
                pre_acceptance_id=case.id,
                customer_id=self.customer.id,
                cycle=1,
                round_no=number,
                foreman_id=self.liu.id,
                project_manager_id=self.wang.id,
                inspector_id=self.reviewer.id,
                inspected_at=at,
                result=result,
                finished_at=at + timedelta(minutes=90),
            )
            if notice is not None:
                with transaction() as writing:
                    writing.merge(notice).rechecked_by_id = done.id
            notice = agreed and self.record(
                RectificationNotice,
                at,
                state="OPEN",
                pre_acceptance_id=case.id,
                inspection_id=done.id,
                customer_id=self.customer.id,
                cycle=1,
                round_no=number,
                responsible_id=self.liu.id,
                requirement="x",
                issued_on=at.date(),
                limit_on=at.date(),
                recheck_at=moment(agreed),
            )

    # Repairs ---------------------------------------------------------------------------------------------------------

    def repair(self, reported: str, signed: str | None = None, *costs: tuple[str, str], **fields: Any) -> RepairOrder:
        at = moment(reported)
        order = self.record(
            RepairOrder, at, **{
                "state": "SIGNED_OFF" if signed else "ASSIGNED", "reported_at": at, "channel": "PHONE",
                "reporter": "张建军", "phone": "13800001234", "address": "滨江花园", "trade": "WATERPROOF",
                "symptom": "漏水", "in_warranty": "YES", "customer_id": self.customer.id,
                "signed_at": moment(signed) if signed else None, **fields,
            },
        )  # fmt: skip
        for bearer, amount in costs:
            self.add(RepairCost(order_id=order.id, kind="LABOUR", what="x", amount=Decimal(amount), bearer=bearer))
        return order

    def contact(
        self, at: str, channel: str = "PHONE", kind: str = "CONSULT", *, replied: str | None = None,
        asked: str = "", satisfied: bool | None = None,
    ) -> Consultation:  # fmt: skip
        """A contact; with `replied`, its question was forwarded and answered then; `asked` whether one is satisfied."""
        found = self.record(
            Consultation, moment(at), state="ANSWERED", channel=channel, kind=kind, occurred_at=moment(at),
            name="张建军", phone="13800001234", question="x", forwarded_at=moment(at) if replied else None,
            replied_at=moment(replied) if replied else None, is_satisfied=satisfied,
        )  # fmt: skip
        if asked:
            with transaction() as writing:
                when = moment(asked)
                events.record(writing, EventKind.TRANSITION, at=when, actor=None, record=found, action="close")
        return found

    def to_return(self, contact: Consultation, since: str, rung: str | None) -> None:
        """A missed call; when it was rung back."""
        self.add(
            Task(
                kind="CALL_BACK", title="x", record_kind=contact.KIND, record_id=contact.id, record_number=contact.number,
                started_at=moment(since), closed_at=moment(rung) if rung else None, outcome="DONE" if rung else None,
            )
        )  # fmt: skip

    def certificate(self, first: str, last: str) -> WarrantyCertificate:
        project = self.make.project(customer=self.customer, stage="IN_WARRANTY", actual_finish_on=date(2025, 1, 10))
        contract = self.make.contract(project=project, customer=self.customer, signed_on=date(2024, 6, 1))
        begun = moment(f"{first} 00:00")
        return self.record(
            WarrantyCertificate, begun, state="ISSUED", project_id=project.id, contract_id=contract.id,
            customer_id=self.customer.id, paid_on=begun.date(), starts_on=begun.date(), issued_at=begun,
            ends_on=date.fromisoformat(last), evaluation="COLLECTED",
        )  # fmt: skip

    # Calls and surveys -----------------------------------------------------------------------------------------------

    def call(self, stage: str, due: str, called: str | None = None, overall: str | None = None, **fields: Any) -> Any:
        """A call whose window ended on a day; `called` and answered so, it was effective."""
        last = moment(f"{due} 00:00").date()
        given = {
            "state": "CLOSED" if called else "PLANNED", "stage": stage, "project_id": self.site.id,
            "customer_id": self.customer.id, "owner_id": self.specialist.id, "grade": "B", "due_on": last,
            "window_from": last - timedelta(days=3), "called_at": moment(called) if called else None,
            "overall": overall, "is_effective": called is not None,
        }  # fmt: skip
        return self.record(FollowUpCall, moment("04-01 09:00"), **given | fields)

    def asked_after(self, order: RepairOrder, at: str, overall: str, round_no: int = 1) -> None:
        """The call after a round of a repair."""
        last = moment(at).date()
        call = self.call("REPAIR", f"{last:%m-%d}", at, overall, occurrence=100 + self.count, is_effective=False)
        self.add(RepairFollowUp(call_id=call.id, order_id=order.id, round_no=round_no, due_at=moment(at)))

    def stepped(self, record: Any, action: str, state: str, at: str) -> None:
        """A step that took a record to a state."""
        with transaction() as writing:
            fresh = writing.get_one(type(record), record.id)
            fresh.state = state
            events.record(writing, EventKind.TRANSITION, action=action, actor=None, at=moment(at), record=fresh)

    def scored(self, call: FollowUpCall, **scores: int) -> None:
        """What was answered in a call about who worked there: `designer=4`."""
        for name, score in scores.items():
            self.add(CallAnswer(call_id=call.id, item_code=f"{name}_score", score=score))

    def accepted(self, at: str) -> Any:
        """The project of an acceptance."""
        project = self.make.project(customer=self.customer)
        contract = self.make.contract(project=project, customer=self.customer, signed_on=date(2025, 5, 1))
        self.record(
            CompletionAcceptance, moment(at), state="ACCEPTED", project_id=project.id, contract_id=contract.id,
            customer_id=self.customer.id, accepted_at=moment(at),
        )  # fmt: skip
        return project

    def settled(self, project: Any, on: str, *papers: tuple[bool, str | None]) -> None:
        """The last money came in; papers of its file: whether each is required, and since when it is there."""
        with transaction() as writing:
            query = select(CompletionAcceptance).where(CompletionAcceptance.project_id == project.id)
            found = writing.scalars(query).one()
            found.state, found.settled_on = "SETTLED", moment(f"{on} 00:00").date()
            for place, (is_required, present) in enumerate(papers):
                day = moment(f"{present} 00:00").date() if present else None
                writing.add(
                    ProjectPaper(
                        project_id=project.id, stage="COMPLETION", title=f"x {place}", is_required=is_required, present_on=day
                    )
                )  # fmt: skip

    def slip(self, limit: str, done: str | None, outcome: str = "DONE") -> None:
        call = self.call("REVISIT", "05-12", occurrence=self.count + 1)  # asked again: due, and counted nowhere
        slip = self.record(
            FollowUpTicket, moment("05-01 09:00"), state="OPEN", call_id=call.id, customer_id=self.customer.id,
            project_id=self.site.id, problem="插座少两个", department="ENGINEERING", rounds=3,
            handed_over_at=moment("05-01 09:00"), limit_at=moment(limit), limit_from=moment("05-01 09:00"),
        )  # fmt: skip
        self.clock("DL-08", slip, "05-01 09:00", limit, done, outcome)

    def survey(self, at: str, overall: int, recommend: int | None = None, *scores: int, state: str = "ANSWERED") -> Any:
        survey = self.record(
            Survey, moment(at), state=state, kind="SETTLEMENT", customer_id=self.customer.id, project_id=self.site.id,
            contact_name="张建军", contact_phone="13800001234", questions=[], sent_at=moment(at),
            answered_at=moment(at), answered_via="PHONE", overall=overall, recommend=recommend,
            void_reason="x" if state == "VOID" else None,
        )  # fmt: skip
        for place, (dimension, score) in enumerate(zip(("OVERALL", "DESIGN"), (overall, *scores), strict=False)):
            self.add(SurveyAnswer(survey_id=survey.id, place=place, dimension=dimension, score=score))
        return survey

    def cancelled(self, applied: str, voided: str, amount: str, *liable: str) -> None:
        """A contract of last year that was cancelled, with DL-26 met and a second one that was not."""
        project = self.make.project(customer=self.customer)
        contract = self.make.contract(project=project, customer=self.customer, signed_on=date(2025, 5, 1))
        case = self.record(
            Cancellation, moment(applied), state="VOIDED", contract_id=contract.id, customer_id=self.customer.id,
            project_id=project.id, applied_at=moment(applied), applicant="张建军", reason_kind="PRICE", reason="x",
            contract_amount=Decimal(amount), loss_rate=Decimal(10), voided_on=date.fromisoformat(voided),
            output_value_reduction=Decimal(amount),
        )  # fmt: skip
        for place, who in enumerate(liable):
            share = Decimal(100) / len(liable)
            self.add(CancellationShare(cancellation_id=case.id, position=place, liability=who, percent=share))
        due = f"{voided[5:]} 18:00"
        self.clock("DL-26", case, applied, due, f"{voided[5:]} 17:00")

    def loan(self, due: str, returned: str | None = None) -> ArchiveLoan:
        """A file that was lent the day before it was due; back whole, or still out."""
        due_at, back_at = moment(due), moment(returned) if returned else None
        state = "RETURNED" if back_at else "OVERDUE" if due_at < moment("05-31 20:00") else "OUT"
        return self.record(
            ArchiveLoan, due_at - timedelta(days=1), state=state, customer_id=self.customer.id,
            project_id=self.make.project(customer=self.customer).id, applicant="高建国", department="ENGINEERING",
            purpose="x", mode="READ_ON_SITE", place="x", secrecy="GENERAL", out_at=due_at - timedelta(days=1),
            pages_out=10, due_at=due_at, returned_at=back_at, pages_back=10 if back_at else None,
            condition="INTACT" if back_at else None,
        )  # fmt: skip


def tell(make: Any, hands: Any) -> May:
    """The whole month. The figures stand in `test_metrics.py`."""
    may = May(make, hands)
    # M-01: three handed in (04-30 is not). M-02: of four results two passed. M-03: (77 + 90 + 85 + 60) / 4 = 78.0.
    late = may.review(may.xu, ("04-30 16:00", "05-02 15:00", 77), ("05-03 10:00", "05-06 09:00", 95))
    good = may.review(may.xu, ("05-11 09:00", "05-12 09:00", 90))
    fine = may.review(may.gao, ("05-12 09:00", "05-13 09:00", 85))
    poor = may.review(may.gao, ("05-29 09:00", "05-31 23:59", 60), ("06-01 00:00", "06-01 09:00", 100))
    # M-05: five results in May, one of them late.
    may.clock("DL-04", late, "04-30 16:00", "05-02 16:00", "05-02 15:00")
    may.clock("DL-04", late, "05-03 10:00", "05-05 10:00", "05-06 09:00")
    may.clock("DL-04", good, "05-11 09:00", "05-13 09:00", "05-12 09:00")
    may.clock("DL-04", fine, "05-12 09:00", "05-14 09:00", "05-13 09:00")
    may.clock("DL-04", poor, "05-29 09:00", "05-31 09:00", "05-31 09:00")
    may.clock("DL-04", poor, "06-01 00:00", "06-03 00:00", "06-01 09:00")
    # M-04: one warning by R-01 (another rule's is none of it), 840.00 + 1,500.00 less 1,500.00 taken back.
    may.penalty("WARNING", "K-01", "05-04", None, may.xu)
    may.penalty("WARNING", "K-20", "05-05", None, may.xu)
    may.penalty("COMMISSION_DEDUCTION", "K-02", "05-08", "840.00", may.xu)
    may.penalty("COMMISSION_DEDUCTION", "K-03", "05-09", "1500.00", may.gao, reversed_on="05-20")
    may.penalty("FINE", "K-11", "06-01", "50.00", may.liu)
    # Complaints: registered 05-01 00:00 to 05-31 23:59, four founded or undecided and one not founded.
    first = may.complaint("2026-05-11 10:00", "2026-05-14 10:00")
    again = may.complaint("2026-05-20 10:00", "2026-05-21 16:00", category="SITE", department="DESIGN")
    open_ = may.complaint("2026-05-31 23:59", None, verdict=None, category="QUALITY")
    may.complaint("2026-05-01 00:00", "2026-05-01 12:00", verdict="NOT_ESTABLISHED", category="MONEY")
    moved = may.complaint("2026-05-15 08:00", "2026-06-02 08:00", verdict="MALICIOUS", category="OTHER")
    may.complaint("2026-04-20 10:00", "2026-05-04 10:00", category="MATERIAL")
    may.complaint("2026-04-30 23:59", None, category="MATERIAL")
    may.complaint("2026-02-10 09:59", "2026-02-20 10:00", category="SITE")  # 90 days and a minute before `first`
    may.complaint("2026-06-01 00:00", None)
    may.complaint("2020-01-01 10:00", None, is_historical=True, verdict=None)
    may.clock("DL-10", first, "05-11 10:00", "05-11 13:00", "05-11 11:20")
    may.clock("DL-10", again, "05-20 10:00", "05-20 13:00", "05-20 14:10")
    may.clock("DL-10", moved, "05-15 08:00", "05-15 11:00", "05-15 10:00", outcome="CANCELLED")
    may.clock("DL-10", open_, "05-31 23:59", "06-01 02:59", None)
    may.clock("DL-11", first, "05-11 11:20", "05-12 11:20", "05-11 15:00")
    may.clock("DL-12", first, "05-11 15:00", "05-12 15:00", "05-12 10:00")
    may.clock("DL-13", first, "05-12 10:00", "05-14 10:00", "05-14 12:00")
    may.escalation(again, "05-20 18:00", paid="05-31 23:59")
    may.escalation(moved, "06-01 00:00", paid="06-01 00:00")
    may.certificate("2025-02-01", "2030-01-31")
    may.certificate("2019-02-01", "2026-05-30")  # over the day before
    # Inspections: two projects for the first time, one passes; of one the second and the third fail.
    may.inspected(("05-07 09:30", "PASS", None))
    may.inspected(
        ("05-12 09:30", "FAIL", "05-15 10:00"), ("05-15 10:00", "FAIL", "05-19 10:00"),
        ("05-20 10:00", "FAIL", "06-02 10:00"), ("06-02 10:00", "PASS", None),
    )  # fmt: skip
    may.inspected(("04-28 09:30", "FAIL", "05-04 10:00"), ("05-04 15:00", "PASS", None))
    # Repairs: three reported, one of them again; two signed off after 28 and 5.5 hours.
    told = may.repair(
        "2026-05-11 09:00", "2026-05-12 13:00", ("CREW", "460.00"), ("CREW", "600.00"), ("CUSTOMER", "80.50")
    )
    short = may.repair(
        "2026-05-18 09:00", "2026-05-18 14:30", ("COMPANY", "120.00"), trade="WATER_ELECTRIC", in_warranty="NO"
    )
    rework = may.repair("2026-05-25 09:00", None, rework_of_id=told.id)
    old = may.repair("2026-04-01 09:00", "2026-04-02 09:00", ("COMPANY", "999.00"))
    may.clock("DL-22", told, "05-11 09:10", "05-11 17:10", "05-11 14:30")
    may.clock("DL-22", short, "05-18 09:10", "05-18 17:10", "05-18 18:00")
    may.clock("DL-22", rework, "05-31 20:00", "06-01 04:00", None)
    may.clock("DL-22", old, "04-01 09:10", "04-01 17:10", "04-01 18:00")
    may.asked_after(told, "05-14 10:00", "SATISFIED")
    may.asked_after(short, "05-20 10:00", "UNSATISFIED")
    may.asked_after(old, "04-05 10:00", "SATISFIED")
    # Reception: four contacts, two forwarded; two new leads; one contract signed on the last day.
    asked = may.contact("05-04 09:12", replied="05-04 15:30", asked="05-04 16:00", satisfied=True)
    may.contact("05-05 09:00", "VISIT", asked="05-05 10:00", satisfied=False)
    waits = may.contact("05-30 09:00", "WECHAT")
    last = may.contact("05-31 23:59", "PHONE", "REPAIR", replied="06-01 00:00", asked="06-01 00:00", satisfied=True)
    after = may.contact("06-01 00:00")
    # Both calls in of May were missed: one was rung back after 90 minutes, and once more; the other only in June.
    may.to_return(asked, "05-04 09:12", "05-04 10:42")
    may.to_return(asked, "05-04 10:42", "05-05 09:12")
    may.to_return(waits, "05-30 09:00", "05-30 19:00")
    may.to_return(last, "05-31 23:59", "06-01 08:00")
    may.to_return(after, "06-01 00:00", "06-01 08:00")
    may.clock("DL-01", asked, "05-04 09:12", "05-05 09:12", "05-04 15:30")
    may.clock("DL-01", waits, "05-30 09:00", "05-31 09:00", None)
    hands.set("2026-05-10 10:00")
    lead = make.customer(name="陈思远")
    make.customer(name="赵敏")
    # Files lent: of those that were to be back in May two were still out at its end; one was back late, one has June.
    may.loan("05-13 10:00", "05-12 16:00")
    may.loan("05-20 10:00", "05-22 10:00")
    may.loan("05-25 10:00")
    may.lent = may.loan("05-31 10:00")
    may.loan("06-01 10:00")
    # Calls: four due in May, two of them effective by its end, one satisfied; of two homes accepted one had all four.
    # Scores count in effective ones: the designer got 4 and 5. Unsatisfied: one of them, and one that is never effective.
    may.scored(may.call("START", "05-08", "05-04 10:00", "SATISFIED"), designer=4)
    late_call = may.call(
        "CONCEALED", "05-10", "05-12 10:00", "UNSATISFIED", is_late=True, customer_words="插座位置不对"
    )
    may.scored(late_call, designer=5, manager=2, supervisor=3)
    may.scored(may.call("MID", "05-23", "06-01 09:00", "UNSATISFIED"), manager=1)
    may.call("ONE_MONTH", "05-31", "05-30 11:00", "FAIR", is_effective=False, customer_words="有异味")
    may.scored(may.call("COMPLETION", "06-01", "05-30 10:00", "SATISFIED"), foreman=1)
    may.call("MATERIAL", "05-15", state="CANCELLED")
    whole, gap = may.accepted("05-20 10:00"), may.accepted("05-21 10:00")
    for project, stages in ((whole, 4), (gap, 3)):
        for stage in ("START", "CONCEALED", "MID", "COMPLETION")[:stages]:
            may.call(stage, "04-20", "04-20 10:00", "SATISFIED", project_id=project.id)
    later = may.accepted("06-01 10:00")
    # Files of the two settled in May: one is complete, of the other a paper came only in June.
    may.settled(whole, "05-28", (True, "05-20"), (True, "05-31"), (False, None))
    may.settled(gap, "05-31", (True, "05-20"), (True, "06-01"))
    may.settled(later, "06-01", (True, "06-01"))
    may.slip("05-03 09:00", "05-02 09:00")
    may.slip("05-04 09:00", "05-06 09:00")
    may.slip("05-05 09:00", "05-04 09:00", "CANCELLED")
    may.slip("06-01 09:00", "05-30 09:00")
    may.survey("05-05 10:00", 5, 10, 4)
    may.survey("05-06 10:00", 4, 9)
    may.survey("05-31 23:59", 3, 6)
    may.survey("05-20 10:00", 2)
    may.survey("05-21 10:00", 1, 0, state="VOID")
    may.survey("06-01 00:00", 1, 0)
    # Cancellations: one voided in May, in time; another one's limit passed.
    may.cancelled("05-04 09:00", "2026-05-12", "96000.00", "CUSTOMER", "OTHER")
    may.cancelled("04-04 09:00", "2026-04-12", "1000.00", "OTHER")
    hands.set("2026-05-31 21:00")
    home = make.project(customer=lead, kind="WHOLE", stage="SIGNED")
    make.contract(project=home, customer=lead, signed_on=date(2026, 5, 31), amount=Decimal("268000.00"))
    return may
