"""Some rows of every record type, in several states, with and without clocks and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from portal.db import transaction
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Complaint, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.contract import ContractTemplate, Quotation
from portal.models.document import Document
from portal.models.drawing_review import DeductionRule, DrawingReview, ReviewFinding, ReviewRound
from portal.models.export import Export
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.importing import ImportRun
from portal.models.knowledge import KnowledgeArticle
from portal.models.lead_touch import LeadTouch
from portal.models.milestone import (
    ChangeOrder,
    DelayNotice,
    OpenDay,
    SafetyNotice,
    StageAcceptance,
    SupervisorVisit,
    WeeklyReportToCustomer,
)
from portal.models.notice import Notice
from portal.models.org import PartyKind, User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance, PreAcceptanceList, RectificationNotice
from portal.models.repair import RepairCostCase, RepairOrder, RepairVisit, WarrantyCertificate
from portal.models.report import ReportRun
from portal.models.reward import RewardEntry
from portal.models.suggestion import Suggestion
from portal.models.survey import Survey
from portal.models.task import Task
from portal.models.works import DispatchOrder
from portal.permissions import Role


@dataclass
class Rows:
    """Who is there, and the branch that only some see."""

    specialist: User
    manager: User
    far: User
    """A specialist of another branch."""


def complaint(owner: User | None, customer: Any, number: int, at: datetime, due: datetime | None, **more: Any) -> int:
    """A complaint, with its clock when it is due."""
    kept = {
        "state": "REGISTERED", "received_at": at, "channel": "PHONE", "owner_id": owner.id if owner else None,
        "subject": f"漏水 {number}", "complainant": customer.name, "phone": customer.phone, "customer_id": customer.id,
        "phase": "IN_SALE", "category": "QUALITY", "content": "漏水", "demand": "修好", "created_at": at, "updated_at": at,
    }  # fmt: skip
    with transaction() as writing:
        made = Complaint(number=f"TS-2026-{number:04d}", **kept | more)
        writing.add(made)
        writing.flush()
        if due is not None:
            writing.add(
                Task(
                    kind="DEADLINE", code="DL-10", title="Hand over and have the head sign", record_kind="complaints",
                    record_id=made.id, record_number=made.number, customer_name=customer.name,
                    person_id=owner.id if owner else None, branch_id=made.branch_id, started_at=at - timedelta(hours=1),
                    due_at=due, warn_at=due - timedelta(hours=1),
                )
            )  # fmt: skip
        return made.id


def fill(make: Any, clock: Any) -> Rows:
    """Two branches; of every record type some rows, of complaints in every kind of state."""
    at = clock.now()
    near, far = make.branch(), make.branch()
    rows = Rows(
        make.user(Role.SPECIALIST, branch_id=near.id, name="周晓雯"),
        make.user(Role.MANAGER, name="陈丽华"),
        make.user(Role.SPECIALIST, branch_id=far.id, name="沈佳"),
    )
    states = ["REGISTERED", "REGISTERED", "HANDED_OVER", "SELF_HANDLING", "PLANNED", "CLOSED", "EXPLAINED", "ESCALATED"]
    for number, state in enumerate(states, 1):
        branch, owner = (near, rows.specialist) if number % 3 else (far, rows.far)
        customer = make.customer(branch_id=branch.id)
        project = make.project(customer)
        contract = make.contract(
            project, state="SIGNED" if number % 2 else "NEGOTIATING", amount=Decimal(number * 1000)
        )
        crew = make.crew()
        is_open = state not in ("CLOSED", "EXPLAINED", "ESCALATED")
        due = at + timedelta(hours=(-3, 0.5, 5, 30, -1)[number % 5]) if is_open and number != 4 else None
        closed = {} if is_open else {"closed_at": at}
        owned = None if number == 2 else owner
        made = complaint(
            owned, customer, number, at - timedelta(days=number), due, state=state, branch_id=branch.id, **closed
        )
        kept = {"created_at": at, "updated_at": at, "branch_id": branch.id}
        said = dict.fromkeys(("cause", "process_so_far", "customer_demand"), "话")
        with transaction() as writing:
            writing.add(
                Quotation(
                    number=f"BJ-{number}", title="报价", amount=Decimal(1000), quoted_on=(at - timedelta(days=(number - 1) * 11)).date(),
                    customer_id=customer.id, **kept,
                )
            )  # fmt: skip
            writing.add(
                Consultation(
                    number=f"ZX-{number}", channel="PHONE", kind="CONSULT", occurred_at=at - timedelta(hours=number),
                    name="罗", phone=customer.phone, question="多少钱", state=("LOGGED", "CLOSED")[number % 2], **kept,
                )
            )  # fmt: skip
            writing.add(
                Escalation(
                    number=f"SJ-{number}", complaint_id=made, submitted_at=at, why="SAFETY", state="SUBMITTED",
                    submitted_by_id=owner.id, **said, **kept,
                )
            )  # fmt: skip
        before_the_contract(number, customer, at, kept, make)
        before_the_customer(number, owner, customer, project, make, at, kept)
        after_the_works(number, owner, customer, project, contract, crew, at, kept)
        opinions(number, owner, customer, project, at, kept)
        of_money(number, owner, customer, project, contract, at, kept)
    for number, user in enumerate((rows.specialist, rows.manager, rows.far), 1):
        of_the_house(user, number, at)
    return rows


def before_the_contract(number: int, customer: Any, at: datetime, kept: dict[str, Any], make: Any) -> None:
    """A template of contracts, a touch, and a drawing review with a finding, in several states."""
    designer, head = make.party(PartyKind.DESIGNER), make.party(PartyKind.BRANCH_MANAGER)
    state, result = (("SUBMITTED", None), ("RETURNED", "RETURN"), ("PASSED", "PASS"))[number % 3]
    decided = {"result": result, "score": 70 + number, "reviewed_at": at} if result else {}
    with transaction() as writing:
        writing.add(
            ContractTemplate(
                number=f"MB-{number}", title="施工合同", edition=f"第{number}版", is_active=number > 2,
                effective_from=(at - timedelta(days=number)).date(), years_basic=2, years_water_electric=5,
                years_waterproof=5, years_woodwork=3, years_hardware=2, years_paint=2,
                **kept | {"branch_id": None},
            )
        )  # fmt: skip
        writing.add(
            LeadTouch(
                number=f"GJ-{number}", customer_id=customer.id, kind=("VISIT_3", "VISIT_0", "HANDOVER_3")[number % 3],
                state=("DUE", "SENT", "SKIPPED")[number % 3], hangs_on=f"visit:{number}", due_on=at.date() - timedelta(days=number),
                sent_at=at if number % 3 == 1 else None, channel="SMS" if number % 3 == 1 else None,
                skip_reason="PAST" if number % 3 == 2 else None, **kept,
            )
        )  # fmt: skip
        rule = writing.scalars(select(DeductionRule).where(DeductionRule.code == f"D{number:02d}")).one()
        review = DrawingReview(
            number=f"SH-{number}", state=state, customer_id=customer.id, designer_id=designer.id,
            branch_manager_id=head.id, contract_amount=Decimal(number * 1000), round_no=1, pass_score=80,
            first_result=result, submitted_at=at - timedelta(hours=number), **kept,
        )  # fmt: skip
        review.rounds.append(
            ReviewRound(round_no=1, submitted_at=review.submitted_at, documents=["PLAN"], pass_score=80, **decided)
        )
        review.findings.append(
            ReviewFinding(
                rule_id=rule.id, code=rule.code, title=rule.title, points_each=rule.points, count=number, round_no=1,
                must_fix=rule.must_fix, place="厨房" if number % 2 else None, fixed_in_round=2 if number == 5 else None,
                fixed_at=at if number == 5 else None,
            )
        )  # fmt: skip
        writing.add(review)


def before_the_customer(
    number: int, owner: User, customer: Any, project: Any, make: Any, at: datetime, kept: dict[str, Any]
) -> None:
    """A pre-acceptance with its first inspection, passed or failed with a notice."""
    week_from = (at - timedelta(days=at.weekday(), weeks=number)).date()
    failed, held_at = number % 2 == 1, at - timedelta(days=number)
    done = {} if failed else {"passed_at": at}
    foreman, manager = make.party(PartyKind.FOREMAN), make.party(PartyKind.PROJECT_MANAGER)
    people = {"foreman_id": foreman.id, "project_manager_id": manager.id, "customer_id": customer.id}
    with transaction() as writing:
        week = PreAcceptanceList(week_from=week_from, closes_at=at, schedule_due_at=at)
        entry = PreAcceptance(
            number=f"YY-{number}", state="RECTIFYING_1" if failed else "PASSED", week=week, project_id=project.id,
            owner_id=owner.id, listed_at=at - timedelta(days=number), list_due_at=at, schedule_due_at=at,
            scheduled_at=held_at, trades=["TILES"], fail_limit=3, **done, **people, **kept,
        )  # fmt: skip
        held = Inspection(
            number=f"YY-{number}-1", pre_acceptance=entry, cycle=1, round_no=1, inspector_id=owner.id, inspected_at=held_at,
            result="FAIL" if failed else "PASS", finished_at=at, **people, **kept,
        )  # fmt: skip
        writing.add(held)
        if failed:
            writing.add(
                RectificationNotice(
                    number=f"ZG-{number}", state=("OPEN", "REPORTED")[number % 4 == 1], pre_acceptance=entry, inspection=held,
                    customer_id=customer.id, cycle=1, round_no=1, responsible_id=foreman.id, requirement="重铺",
                    issued_on=held_at.date(), limit_on=at.date(), recheck_at=at + timedelta(hours=number), **kept,
                )
            )  # fmt: skip


SIGNED_BY_ALL = {f"{who}_signed_by": "某人" for who in ("designer", "foreman", "pm", "customer")}


def after_the_works(
    number: int, owner: User, customer: Any, project: Any, contract: Any, crew: Any, at: datetime, kept: dict[str, Any]
) -> None:
    """A certificate, a repair and its cost case, in several states."""
    state, trade = ("REPORTED", "ON_SITE", "CLOSED")[number % 3], ("PAINT", "WATERPROOF")[number % 2]
    with transaction() as writing:
        issued = (
            {"issued_at": at, "starts_on": at.date(), "ends_on": at.date(), "evaluation": "DECLINED"}
            if number % 2
            else {}
        )
        writing.add(
            WarrantyCertificate(
                number=f"BX-{number}", state="ISSUED" if number % 2 else "PENDING", project_id=project.id,
                contract_id=contract.id, customer_id=customer.id, owner_id=owner.id, paid_on=at.date(), **issued, **kept,
            )
        )  # fmt: skip
        writing.add(
            CompletionAcceptance(
                number=f"JG-{number}", state=("PREPARING", "NOTICE_SENT")[number % 2], project_id=project.id,
                contract_id=contract.id, customer_id=customer.id, owner_id=owner.id,
                appointed_at=at + timedelta(days=number) if number % 2 else None, **kept,
            )
        )  # fmt: skip
        writing.add(
            DispatchOrder(
                number=f"PG-{number}", project_id=project.id, customer_id=customer.id,
                received_at=at - timedelta(days=number), crew_id=crew.id, **kept,
            )
        )  # fmt: skip
        of_site = {"project_id": project.id, "customer_id": customer.id} | kept
        writing.add_all(
            [
                StageAcceptance(
                    number=f"JD-{number}", stage=("MATERIAL", "WATERPROOF")[number % 2], held_on=at.date(), place="厨房",
                    items="材料齐全", result=("PASS", "FAIL")[number % 2], **of_site,
                ),
                ChangeOrder(
                    number=f"BG-{number}", items="增加墙柜", amount=Decimal(number * 100), extra_days=1, **of_site,
                    **(SIGNED_BY_ALL | {"signed_on": at.date()} if number % 2 else {}),
                    state="SIGNED" if number % 2 else "PROPOSED",
                ),
                DelayNotice(
                    number=f"YQ-{number}", state=("PROPOSED", "SIGNED")[number % 2], cause="连续下雨", days=number + 1,
                    **({"signed_on": at.date(), "customer_signed_by": "李女士"} if number % 2 else {}), **of_site,
                ),
                WeeklyReportToCustomer(
                    number=f"GT-{number}", told_at=at - timedelta(days=number), channel=("PHONE", "WECHAT")[number % 2],
                    progress="水电完成", customer_words="满意" if number % 2 else None, **of_site,
                ),
                SupervisorVisit(
                    number=f"XJ-{number}", kind=("CONTACT", "VISIT")[number % 2], what="查看水电",
                    held_on=at.date() - timedelta(days=number), **of_site,
                ),
                OpenDay(
                    number=f"KF-{number}", held_on=at.date() - timedelta(days=number), invited="李女士",
                    attended="李女士、王先生" if number % 2 else None, sites=[writing.merge(project)], **kept,
                ),
                SafetyNotice(
                    number=f"AQ-{number}", found_on=at.date(), hazard="临时用电未接地", limit_on=at.date(),
                    responsible_id=crew.foreman_id, state=("OPEN", "REMOVED")[number % 2], rechecked_on=at.date(), **of_site,
                ),
            ]
        )  # fmt: skip
        order = RepairOrder(
            number=f"WX-{number}", state=state, reported_at=at - timedelta(hours=number), channel="PHONE",
            reporter=customer.name, phone=customer.phone, address="翠湖天地 5 号楼", customer_id=customer.id,
            project_id=project.id, owner_id=owner.id, trade=trade, symptom="漏水",
            closed_at=at if state == "CLOSED" else None, **kept,
        )  # fmt: skip
        writing.add(order)
        writing.flush()
        writing.add(
            RepairVisit(
                number=f"WX-{number}-1", order_id=order.id, order_number=order.number, round_no=1 + number % 2,
                executor=("RESPONSIBLE_CREW", "CAPTAIN_TEAM")[number % 2], planned_at=at + timedelta(hours=number),
                came_at=at - timedelta(hours=number) if number % 3 else None, left_at=at if number % 3 == 1 else None,
                work="更换接头" if number % 2 else None,
            )
        )  # fmt: skip
        writing.add(
            RepairCostCase(
                number=f"FY-{number}", state=("DRAFT", "CLOSED")[number % 2], order_id=order.id, crew_id=crew.id,
                crew_status="DEPARTED", owner_id=owner.id, estimate_material=Decimal(number), estimate_labour=Decimal(10),
                approval_limit=Decimal(1000), tolerance_percent=Decimal(10), **kept,
            )
        )  # fmt: skip
        writing.add(
            PenaltyEntry(
                number=f"JC-{number}", state=("PROPOSED", "REJECTED")[number % 2], kind="FINE", rule="K-20",
                crew_id=crew.id, record_kind=RepairOrder.KIND, record_id=order.id, record_number=order.number,
                amount=Decimal(200), occurrence_no=number, cause=f"DL-22:{number}", evidence={}, rule_said={},
                offended_on=date(2026, 7, 6), **kept,
            )
        )  # fmt: skip
        writing.add(
            RewardEntry(
                number=f"JC-9{number}", state=("PROPOSED", "REJECTED")[number % 2], kind=("BONUS", "PRAISE")[number % 2],
                reason=("CUSTOMER_PRAISE", "QUALITY")[number % 2], rule="K-70", crew_id=crew.id,
                record_kind=RepairOrder.KIND, record_id=order.id, record_number=order.number, words="客户来电表扬",
                amount=None if number % 2 else Decimal(100), cause=f"praise:{number}", evidence={}, **kept,
            )
        )  # fmt: skip
        writing.add(
            ReportRun(
                number=f"BB-{number}", state=("DRAFT", "LATE")[number % 2], code=("RP-06", "RP-02")[number % 2],
                period_from=date(2026, 5, 1 + number % 20), period_to=date(2026, 5, 31), is_late=bool(number % 2), **kept,
            )
        )  # fmt: skip


def opinions(number: int, owner: User, customer: Any, project: Any, at: datetime, kept: dict[str, Any]) -> None:
    """A survey in each state, a suggestion on its way."""
    answered = {"answered_at": at, "answered_via": "PHONE", "overall": 1 + number % 5, "lowest": 1 + number % 5}
    survey_state = ("SENT", "ANSWERED", "VOID")[number % 3]
    said = {"SENT": {}, "ANSWERED": answered, "VOID": {"void_reason": "重复"}}[survey_state]
    sent = (
        {"department": ("DESIGN", "STORE")[number % 2], "sent_at": at - timedelta(hours=number)} if number % 2 else {}
    )
    whose = {"customer_id": customer.id, "project_id": project.id, "owner_id": owner.id} | kept
    with transaction() as writing:
        writing.add(
            Survey(
                number=f"MY-{number}", state=survey_state, kind=("PERIODIC", "SETTLEMENT")[number % 2],
                contact_name=customer.name, contact_phone=customer.phone, questions=[],
                sent_at=at - timedelta(days=number), **said, **whose,
            )
        )  # fmt: skip
        talked = {
            "called_at": at - timedelta(hours=number),
            "overall": "FAIR",
            "manner": "PHONE",
            "answered_by": "CUSTOMER",
        }
        call = FollowUpCall(
            number=f"HF-{number}", state="DONE_UNSATISFIED" if number % 2 else "PLANNED", occurrence=50 + number,
            stage=("START", "MID")[number % 2], grade=("B", "C")[number % 2], window_from=at.date(), due_on=at.date(),
            is_effective=number % 2 == 1, is_late=number % 3 == 0, **(talked if number % 2 else {}), **whose,
        )  # fmt: skip
        writing.add(call)
        writing.flush()
        writing.add(
            FollowUpTicket(
                number=f"LX-{number}", state=("OPEN", "RECEIVED")[number % 2], call_id=call.id, problem="插座位置不符",
                department=("ENGINEERING", "DESIGN")[number % 2], handed_over_at=at - timedelta(hours=number), limit_from=at,
                limit_at=at + timedelta(hours=number), rounds=3, round_no=1 + number % 2, missed_count=number % 2, **whose,
            )
        )  # fmt: skip
        writing.add(
            Suggestion(
                number=f"JL-{number}", state="SENT" if sent else "RECORDED", name=customer.name, phone=customer.phone,
                channel="PHONE", content="延长营业时间", received_at=at - timedelta(days=number), **sent, **whose,
            )
        )  # fmt: skip


def of_money(
    number: int, owner: User, customer: Any, project: Any, contract: Any, at: datetime, kept: dict[str, Any]
) -> None:
    """A request for consent, a voucher, a cancellation and a loss notice, in several states."""
    with transaction() as writing:
        asked = Approval(
            number=f"SP-{number}", state=("WAITING", "APPROVED", "REFUSED")[number % 3], what="COMPENSATION",
            record_kind="escalations", record_id=number, record_number=f"SJ-{number}", customer_id=customer.id,
            subject="赔偿", amount=Decimal(number * 100), counted=Decimal(number * 200), round_no=1 + number % 2,
            asked_by_id=owner.id, asked_at=at - timedelta(days=number), decided_at=at if number % 3 else None, **kept,
        )  # fmt: skip
        writing.add(asked)
        writing.add(
            ArchiveLoan(
                number=f"JY-{number}", state=("REQUESTED", "OUT", "RETURNED")[number % 3], project_id=project.id,
                customer_id=customer.id, owner_id=owner.id, applicant=("赵工", owner.name)[number % 2],
                applicant_user_id=(None, owner.id)[number % 2], department=("ENGINEERING", "SERVICE")[number % 2],
                purpose="核对水电图", mode=("READ_ON_SITE", "BORROW")[number % 2], place="档案室", secrecy="CONFIDENTIAL",
                out_at=at - timedelta(days=2), pages_out=12, due_at=at - timedelta(days=number % 3),
                returned_at=at if number % 3 == 2 else None, pages_back=12, condition="INTACT", **kept,
            )
        )  # fmt: skip
        writing.flush()
        escalation_id = writing.scalar(select(Escalation.id).where(Escalation.number == f"SJ-{number}"))
        writing.add(
            PaymentVoucher(
                number=f"ZC-{number}", escalation_id=escalation_id, customer_id=customer.id, approval_id=asked.id,
                payee=customer.name, purpose="赔偿", amount=Decimal(number * 100), leader_decided_at=at,
                paid_at=at if number % 2 else None, **kept,
            )
        )  # fmt: skip
        ended = Cancellation(
            number=f"TD-{number}", state=("APPLIED", "NOTIFIED", "CLOSED")[number % 3], contract_id=contract.id,
            customer_id=customer.id, project_id=project.id, owner_id=owner.id, applied_at=at - timedelta(days=number),
            applicant=customer.name, reason_kind=("PRICE", "DESIGN")[number % 2], reason="太贵", loss_rate=Decimal(10),
            contract_amount=Decimal(number * 1000), loss=Decimal(number * 100), voided_on=at.date() if number % 3 == 2 else None,
            closed_at=at if number % 3 == 2 else None, **kept,
        )  # fmt: skip
        writing.add(ended)
        writing.flush()
        writing.add(
            LossNotice(
                number=f"SS-{number}", cancellation_id=ended.id, customer_id=customer.id, contract_id=contract.id,
                liability=("CUSTOMER", "OTHER")[number % 2], basis="客户自身", percent=Decimal(100),
                loss=Decimal(number * 100), amount=Decimal(number * 100), sent_at=at - timedelta(days=number),
                received_at=at if number % 2 else None, **kept,
            )
        )  # fmt: skip


def of_the_house(user: User, number: int, at: datetime) -> None:
    """Notices, articles, printed forms, exports and imports of one person, in several states."""
    with transaction() as writing:
        for place, state in enumerate(("DRAFT", "PUBLISHED", "RETIRED"), 1):
            number = user.id * 10 + place
            writing.add(
                KnowledgeArticle(
                    number=f"ZS-{number}", state=state, edition_no=(0, 2, 1)[place - 1], title=f"接听规范 {number}",
                    category=("SCRIPT", "FAQ", "RULE")[place - 1], grade=("ALL", "A", "BC")[place - 1],
                    stage=(None, "START", "MID")[place - 1], body="三声内接听", is_mandatory=state == "PUBLISHED",
                    effective_from=at.date() - timedelta(days=number) if place > 1 else None,
                    reason="过时" if state == "RETIRED" else None, owner_id=user.id, branch_id=user.branch_id,
                    created_at=at - timedelta(days=place), updated_at=at,
                )
            )  # fmt: skip
        complaints = list(writing.scalars(select(Complaint).order_by(Complaint.id).limit(4)))
        for place, complaint in enumerate(complaints, 1):
            key = f"{user.id}:{place}"
            writing.add(
                Notice(
                    user_id=user.id, key=key, level=("INFO", "OVERDUE")[place % 2], title="Overdue: %(task)s (%(customer)s)",
                    params={"task": {"text": "Call back", "context": None}, "customer": complaint.complainant},
                    link=f"/records/complaints/{complaint.number}", record_kind="complaints", record_id=complaint.id,
                    due_at=at + timedelta(hours=place) if place % 2 else None, created_at=at - timedelta(days=place),
                    read_at=at if place == 4 else None,
                )
            )  # fmt: skip
            writing.add(
                Document(
                    form=("F-06", "F-07", "F-16")[place % 3], record_kind="complaints", record_id=complaint.id,
                    record_number=complaint.number, locale="zh_Hans", fingerprint=key, requested_by_id=user.id,
                    state=("DONE", "FAILED")[place % 2], requested_at=at - timedelta(days=place), page_count=place,
                )
            )  # fmt: skip
            writing.add(
                Export(
                    kind="complaints", query="filter=", words=f"全部投诉 · {place}", columns=["number"],
                    format=("XLSX", "CSV")[place % 2], locale="zh_Hans", state=("READY", "STOPPED")[place % 2],
                    requested_by_id=user.id, requested_at=at - timedelta(hours=place), rows_total=place * 10,
                    expires_at=(None, at + timedelta(days=1), at - timedelta(days=1), None)[place - 1],
                )
            )  # fmt: skip
            writing.add(
                ImportRun(
                    number=f"DR-{user.id}-{place}", kind=("customers", "complaints")[place % 2], file_name=f"台账{place}.xlsx",
                    file_sha256="0" * 64, sheet="Sheet1", header_row=1, header_signature="0" * 64, mapping={}, answers={},
                    questions=[], counts={}, state=("DONE", "PREVIEWED")[place % 2], rows_total=place, created_by_id=user.id,
                    branch_id=user.branch_id, created_at=at - timedelta(days=place), updated_at=at,
                )
            )  # fmt: skip
