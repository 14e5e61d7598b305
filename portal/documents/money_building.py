"""F-08, F-25 and F-26: what they show, and where that comes from. Call inside `i18n.use_locale`. Source: `domain.md` 4.28."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal import clock
from portal.documents.building import name_of, ticks
from portal.documents.views import Signature, Ticks
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.attachment import Attachment
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Escalation
from portal.models.contract import PaymentKind
from portal.models.org import Department, User
from portal.models.project import Project, ProjectStage
from portal.models.repair import RepairCostCase
from portal.processes.cancellation import Liability, Reason
from portal.processes.escalation import Bearer
from portal.processes.repair_cost import Bearer as CostBearer
from portal.services import approvals


@dataclass(frozen=True, slots=True)
class ShareRow:
    """Who bears which part, in yuan."""

    who: str
    kind: str
    percent: Decimal
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class VoucherPaper:
    """F-08 支出凭证."""

    FORM: ClassVar[str] = "F-08"
    TITLE: ClassVar[Text] = N_("Payment voucher", "form")
    TEMPLATE: ClassVar[str] = "f08.html"

    number: str
    made_on: date
    payee: str
    purpose: str
    case_number: str
    is_cost_case: bool
    """Whether the case is one of P15; else it is an escalation."""
    contract_number: str | None
    amount: Decimal
    annex_count: int
    shares: tuple[ShareRow, ...]
    approval_number: str | None
    leader: str | None
    leader_decided_at: datetime | None
    decision: str | None
    finance_no: str | None
    clerk: str | None
    paid_at: datetime | None
    is_void: bool
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in, or went back."""

    kind: str
    paid_on: date
    receipt_no: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TerminationPaper:
    """F-25 合同终止申请单."""

    FORM: ClassVar[str] = "F-25"
    TITLE: ClassVar[Text] = N_("Application to end the contract", "form")
    TEMPLATE: ClassVar[str] = "f25.html"

    number: str
    contract_number: str
    customer: str
    address: str | None
    amount: Decimal
    signed_on: date | None
    stage: str | None
    applied_at: datetime
    reasons: Ticks
    reason: str
    receipts: tuple[Receipt, ...]
    paid_total: Decimal | None
    design_opinion: str | None
    design_by: str | None
    design_at: datetime | None
    liabilities: Ticks
    liability_reason: str | None
    shares: tuple[ShareRow, ...]
    loss: Decimal | None
    finance_opinion: str | None
    finance_at: datetime | None
    paid_to_crew: Decimal | None
    work_done: Decimal | None
    customers_loss: Decimal | None
    refund: Decimal | None
    gm_decision: str | None
    gm_at: datetime | None
    told: tuple[tuple[str, datetime], ...]
    voided_on: date | None
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class LossPaper:
    """F-26 退单损失费通知单."""

    FORM: ClassVar[str] = "F-26"
    TITLE: ClassVar[Text] = N_("Notice of the loss of a cancellation", "form")
    TEMPLATE: ClassVar[str] = "f26.html"

    number: str
    case_number: str
    contract_number: str
    contract_amount: Decimal
    customer: str
    liabilities: Ticks
    debtor: str
    basis: str
    rate: Decimal | None
    loss: Decimal
    percent: Decimal
    amount: Decimal
    way: str
    refund: Decimal | None
    sent_at: datetime
    received_at: datetime | None
    received_by: str | None
    copied_at: datetime | None
    signatures: tuple[Signature, ...]


def _day(moment: datetime | None) -> date | None:
    return clock.today(moment) if moment is not None else None


def _annexes(session: Session, record: PaymentVoucher, case: Escalation | RepairCostCase | None) -> int:
    """How many papers lie with it: those of the voucher, of the case, and the signed decision."""
    mine = or_(
        *(
            and_(Attachment.record_kind == each.KIND, Attachment.record_id == each.id)
            for each in (record, case, case.approval if case else None)
            if each is not None
        )
    )
    return session.scalar(select(func.count(Attachment.id)).where(mine, Attachment.removed_at.is_(None))) or 0


def voucher(session: Session, record: PaymentVoucher, _store: Store) -> VoucherPaper:
    """F-08 with amount in figures and capitals; before it is paid the places of finance stay open.

    The payee's name is printed; the line stays empty for the pen unless a signed scan lies with the voucher.
    """
    case, project = record.case, _project(record)
    contract = project.contract if project is not None else None
    counts = case.approval is not None and case.approval.id == record.approval_id
    leader = approvals.said_by(session, record.approval_id, record.leader or _manager(session, record))
    signed_at = _signed_at(session, record)
    return VoucherPaper(
        number=record.number,
        made_on=clock.today(record.created_at),
        payee=record.payee,
        purpose=record.purpose,
        case_number=case.number,
        is_cost_case=record.cost_case is not None,
        contract_number=contract.number if contract else None,
        amount=record.amount,
        annex_count=_annexes(session, record, case if counts else None),
        shares=_shares_paid(record) if counts or record.cost_case is not None else (),
        approval_number=case.approval.number if counts and case.approval else None,
        leader=leader,
        leader_decided_at=record.leader_decided_at,
        decision=_decision(record) if counts else None,
        finance_no=record.finance_no,
        clerk=name_of(record.clerk),
        paid_at=record.paid_at,
        is_void=record.voided_at is not None,
        signatures=(
            Signature(_p("form", "Company leader"), leader, _day(record.leader_decided_at)),
            Signature(_p("form", "Finance clerk"), name_of(record.clerk), _day(record.paid_at)),
            Signature(
                _p("form", "Signature of the payee %(payee)s", payee=record.payee),
                record.payee if signed_at else None,
                _day(signed_at),
            ),
        ),
    )


def _project(record: PaymentVoucher) -> Project | None:
    if record.escalation is not None:
        return record.escalation.complaint.project
    return record.cost_case.order.project if record.cost_case is not None else None


def _shares_paid(record: PaymentVoucher) -> tuple[ShareRow, ...]:
    """Out of whose money it is paid: a compensation of several, the share of a repair of the company's."""
    if record.escalation is None:
        label = CostBearer.show(CostBearer.COMPANY)
        return (ShareRow(label, label, Decimal(100), record.amount),)
    return tuple(ShareRow(s.name, Bearer.show(s.bearer), s.percent, s.amount) for s in record.escalation.shares)


def _decision(record: PaymentVoucher) -> str | None:
    if record.escalation is not None:
        return record.escalation.leader_decision
    return record.cost_case.decision if record.cost_case is not None else None


def _manager(session: Session, record: PaymentVoucher) -> User | None:
    """Who consented where no leader had to: the manager, within the limit of cost cases."""
    key = record.cost_case.approved_by_id if record.cost_case is not None else None
    return session.get(User, key) if key else None


def _signed_at(session: Session, record: PaymentVoucher) -> datetime | None:
    """When the scan with the payee's signature was put to the voucher; None: nobody has signed."""
    mine = (Attachment.record_kind == record.KIND, Attachment.record_id == record.id, Attachment.kind == "SIGNATURE")
    return session.scalar(select(func.max(Attachment.uploaded_at)).where(*mine, Attachment.removed_at.is_(None)))


def termination(session: Session, case: Cancellation, _store: Store) -> TerminationPaper:
    """F-25 as far as the cancellation has come."""
    contract, project = case.contract, case.project
    return TerminationPaper(
        number=case.number,
        contract_number=contract.number,
        customer=case.customer.name,
        address=project.property.address if project is not None else None,
        amount=case.contract_amount,
        signed_on=contract.signed_on,
        stage=ProjectStage.show(case.project_stage) if case.project_stage else None,
        applied_at=case.applied_at,
        reasons=ticks(Reason, case.reason_kind),
        reason=case.reason,
        receipts=tuple(
            Receipt(PaymentKind.show(each.kind), each.paid_on, each.receipt_no, each.amount)
            for each in contract.payments
        ),
        paid_total=case.paid_total,
        design_opinion=case.design_opinion,
        design_by=name_of(case.design_by),
        design_at=case.design_at,
        liabilities=tuple((str(each.label), any(s.liability == each for s in case.shares)) for each in Liability),
        liability_reason=case.liability_reason,
        shares=tuple(_share(each) for each in case.shares),
        loss=case.loss,
        finance_opinion=case.finance_opinion,
        finance_at=case.finance_at,
        paid_to_crew=case.paid_to_crew,
        work_done=case.work_done,
        customers_loss=case.customers_loss if case.loss is not None else None,
        refund=case.refund,
        gm_decision=case.gm_decision,
        gm_at=case.gm_at,
        told=tuple((Department.show(word.department), word.told_at) for word in case.told),
        voided_on=case.voided_on,
        signatures=(
            Signature(_p("form", "Customer's signature"), case.applicant, _day(case.applied_at)),
            Signature(_p("form", "Design"), name_of(case.design_by), _day(case.design_at)),
            Signature(_p("form", "Customer service"), name_of(case.signed_by), _day(case.liability_at)),
            Signature(_p("form", "Finance"), name_of(case.finance_by), _day(case.finance_at)),
            Signature(
                _p("form", "General manager"), approvals.said_by(session, case.approval_id, case.gm), _day(case.gm_at)
            ),
        ),
    )


def loss_notice(session: Session, notice: LossNotice, _store: Store) -> LossPaper:
    """F-26 of one who is liable: basis, rate, amount, and how finance takes it."""
    case = notice.cancellation
    debtor = notice.party or notice.crew
    ways = {
        Liability.CUSTOMER: _p("form", "Deducted from the refund"),
        Liability.DESIGNER: _p("form", "By human resources from the wage; commission withdrawn"),
        Liability.CREW: _p("form", "Deducted from settlement or retention money"),
        Liability.OTHER: _p("form", "Borne by the company"),
    }
    alone = notice.liability == Liability.CUSTOMER and notice.percent == 100 and case.loss == case.usual_loss
    return LossPaper(
        number=notice.number,
        case_number=case.number,
        contract_number=notice.contract.number,
        contract_amount=case.contract_amount,
        customer=notice.customer.name,
        liabilities=ticks(Liability, notice.liability),
        debtor=debtor.name if debtor else notice.customer.name if notice.liability == Liability.CUSTOMER else "–",
        basis=notice.basis,
        rate=case.loss_rate if alone else None,
        loss=notice.loss,
        percent=notice.percent,
        amount=notice.amount,
        way=ways[Liability(notice.liability)],
        refund=case.refund if notice.liability == Liability.CUSTOMER else None,
        sent_at=notice.sent_at,
        received_at=notice.received_at,
        received_by=name_of(notice.received_by),
        copied_at=notice.copied_at,
        signatures=(
            Signature(_p("form", "Manager"), name_of(case.signed_by), _day(case.liability_at)),
            Signature(
                _p("form", "General manager"), approvals.said_by(session, case.approval_id, case.gm), _day(case.gm_at)
            ),
            Signature(_p("form", "Received by finance"), name_of(notice.received_by), _day(notice.received_at)),
        ),
    )


def _share(each: Any) -> ShareRow:
    return ShareRow(
        each.name or Liability.show(each.liability), Liability.show(each.liability), each.percent, each.amount
    )


BUILDERS: dict[str, Any] = {"F-08": voucher, "F-25": termination, "F-26": loss_notice}
