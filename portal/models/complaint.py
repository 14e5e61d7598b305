"""Complaints with their departments and rounds, escalations. Source: `domain.md` 3.11, 3.12, 4.9, 4.10."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base, Record, prefixed
from portal.models.consultation import Channel
from portal.models.customer import Customer
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.processes import complaint as rules
from portal.processes import escalation as escalation_rules
from portal.processes.complaint import Category, Phase, Severity, Verdict
from portal.terms import one_of

if TYPE_CHECKING:
    from portal.models.compensation import CompensationShare, PaymentVoucher


class Complaint(Record, Base):
    """A customer's dissatisfaction that needs a remedy. Rules: `processes/complaint.py`."""

    __tablename__ = "complaint"
    KIND, PREFIX, PROCESS = "complaints", "TS", rules.PROCESS

    state: Mapped[str] = mapped_column(String(20), index=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    channel: Mapped[str] = mapped_column(String(20))
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """The specialist who tracks it to the end."""
    complainant: Mapped[str] = mapped_column(prefixed(50), index=True)
    phone: Mapped[str] = mapped_column(prefixed(30), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    """The earlier complaint about the same problem (Q30)."""
    subject: Mapped[str] = mapped_column(String(100))
    phase: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(Text)
    demand: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str | None] = mapped_column(String(20))
    severity: Mapped[str] = mapped_column(String(20), default=Severity.ORDINARY)
    is_multi_department: Mapped[bool] = mapped_column(default=False)
    costs_money: Mapped[bool] = mapped_column(default=False)
    """A plan that costs money must be seen by the manager first (R-09)."""
    explanation: Mapped[str | None] = mapped_column(Text)
    """What the customer was told when the complaint was not founded, or why it was refused."""
    verify_call_at: Mapped[datetime | None]
    verify_result: Mapped[str | None] = mapped_column(Text)
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    plan_seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    plan_seen_at: Mapped[datetime | None]
    round_no: Mapped[int] = mapped_column(default=1)
    root_cause: Mapped[str | None] = mapped_column(Text)
    improvement: Mapped[str | None] = mapped_column(Text)
    responsible: Mapped[str | None] = mapped_column(String(100))
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    is_historical: Mapped[bool] = mapped_column(default=False)
    """Imported from the old ledger: no clocks, no notices; when it was closed may be unknown."""
    historical_result: Mapped[str | None] = mapped_column(String(200))
    material: Mapped[str | None] = mapped_column(String(40), sort_order=1)
    """What it is about, in a word of the setting; None: no material, or not known."""

    customer: Mapped[Customer | None] = relationship()
    project: Mapped[Project | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    received_by: Mapped[User | None] = relationship(foreign_keys=[received_by_id])
    plan_seen_by: Mapped[User | None] = relationship(foreign_keys=[plan_seen_by_id])
    verified_by: Mapped[Party | None] = relationship(foreign_keys=[verified_by_id])
    departments: Mapped[list[ComplaintDepartment]] = relationship(
        back_populates="complaint", order_by="ComplaintDepartment.id"
    )
    rounds: Mapped[list[ComplaintRound]] = relationship(back_populates="complaint", order_by="ComplaintRound.round_no")
    escalation: Mapped[Escalation | None] = relationship(back_populates="complaint", uselist=False)

    @property
    def lead_department(self) -> ComplaintDepartment | None:
        """The department that answers for it now."""
        return next((item for item in reversed(self.departments) if not item.replaced_at and item.is_lead), None)

    @property
    def signed_at(self) -> datetime | None:
        """When the head of the responsible department signed."""
        lead = self.lead_department
        return lead.signed_at if lead else None

    @property
    def present_round(self) -> ComplaintRound | None:
        """The round that runs now."""
        return self.rounds[-1] if self.rounds else None

    __table_args__ = (
        one_of("state", rules.State),
        one_of("channel", Channel),
        one_of("phase", Phase),
        one_of("category", Category),
        one_of("verdict", Verdict, nullable=True),
        one_of("severity", Severity),
        CheckConstraint("state <> 'CLOSED' OR closed_at IS NOT NULL OR is_historical", name="closed_has_a_time"),
        Index("ix_complaint_owner_state", "owner_id", "state"),
        Index("ix_complaint_named_material", "material", "received_at", "id"),
        Index("ix_complaint_category", "category", "received_at", "id"),
        Index("ix_complaint_branch", "branch_id", "received_at", "id"),
        Index("ix_complaint_branch_state", "branch_id", "state", "received_at", "id"),
    )


class ComplaintDepartment(Base):
    """A department made responsible, and its head's signature for the copy of F-06 (R: 3 hours, DL-10)."""

    __tablename__ = "complaint_department"

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"), index=True)
    department: Mapped[str] = mapped_column(String(20))
    is_lead: Mapped[bool] = mapped_column(default=True)
    head_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    signed_at: Mapped[datetime | None]
    copy_left: Mapped[bool] = mapped_column(default=False)
    replaced_at: Mapped[datetime | None]
    """Set when the manager moved the complaint to another department."""
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    complaint: Mapped[Complaint] = relationship(back_populates="departments")
    head: Mapped[Party | None] = relationship()

    __table_args__ = (
        one_of("department", Department),
        Index("ix_complaint_department_department", "department", "complaint_id"),
    )


class ComplaintRound(Base):
    """One round of plan, visit and call-back; an unsatisfied call opens the next."""

    __tablename__ = "complaint_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    round_no: Mapped[int]
    new_demand: Mapped[str | None] = mapped_column(Text)
    plan: Mapped[str | None] = mapped_column(Text)
    plan_fed_back_at: Mapped[datetime | None]
    customer_agreed: Mapped[bool | None]
    visit_appointment: Mapped[datetime | None]
    visit_at: Mapped[datetime | None]
    visit_by: Mapped[str | None] = mapped_column(String(200))
    solution_record: Mapped[str | None] = mapped_column(Text)
    customer_signed: Mapped[bool | None]
    no_signature_reason: Mapped[str | None] = mapped_column(String(200))
    follow_up_at: Mapped[datetime | None]
    follow_up_satisfied: Mapped[bool | None]
    follow_up_note: Mapped[str | None] = mapped_column(Text)

    complaint: Mapped[Complaint] = relationship(back_populates="rounds")

    __table_args__ = (UniqueConstraint("complaint_id", "round_no"),)


class Escalation(Record, Base):
    """A complaint handed to the manager with the three texts of P10."""

    __tablename__ = "escalation"
    KIND, PREFIX, PROCESS = "escalations", "SJ", escalation_rules.PROCESS

    state: Mapped[str] = mapped_column(String(20))
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"), unique=True)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    submitted_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(30))
    """Which ground of R-10."""
    cause: Mapped[str] = mapped_column(Text)
    process_so_far: Mapped[str] = mapped_column(Text)
    customer_demand: Mapped[str] = mapped_column(Text)
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    taken_at: Mapped[datetime | None]
    visit_due_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    """By when the customer is to be visited (DL-15); None: handed over before that clock ran."""
    visit_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    """When the visit is agreed for; None: none is needed, or not yet."""
    visit_head_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), sort_order=1)
    """The head of the department who comes along."""
    late_reason: Mapped[str | None] = mapped_column(Text, sort_order=1)
    visited_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    present: Mapped[str | None] = mapped_column(String(200), sort_order=1)
    findings: Mapped[str | None] = mapped_column(Text, sort_order=1)
    solution: Mapped[str | None] = mapped_column(Text, sort_order=1)
    involves_money: Mapped[bool | None] = mapped_column(sort_order=1)
    liability_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    measures: Mapped[str | None] = mapped_column(Text, sort_order=1)
    execute_until: Mapped[date | None] = mapped_column(sort_order=1)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2), sort_order=1)
    """Yuan the customer gets; None: no money, or not agreed yet."""
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), sort_order=1)
    """The round of consent that counts now."""
    leader_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), sort_order=1)
    leader_decided_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    leader_decision: Mapped[str | None] = mapped_column(Text, sort_order=1)
    paid_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    is_satisfied: Mapped[bool] = mapped_column(default=False, sort_order=1)
    has_agreement: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """The customer has signed an agreement."""
    signed_by: Mapped[str | None] = mapped_column(String(50), sort_order=1)
    signed_on: Mapped[date | None] = mapped_column(sort_order=1)
    root_cause: Mapped[str | None] = mapped_column(Text, sort_order=1)
    improvement: Mapped[str | None] = mapped_column(Text, sort_order=1)
    closed_at: Mapped[datetime | None] = mapped_column(sort_order=1)

    complaint: Mapped[Complaint] = relationship(back_populates="escalation")
    submitted_by: Mapped[User | None] = relationship(foreign_keys=[submitted_by_id])
    visit_head: Mapped[Party | None] = relationship(foreign_keys=[visit_head_id])
    leader: Mapped[Party | None] = relationship(foreign_keys=[leader_id])
    approval: Mapped[Approval | None] = relationship()
    shares: Mapped[list[CompensationShare]] = relationship(
        back_populates="escalation", order_by="CompensationShare.position", cascade="all, delete-orphan"
    )
    vouchers: Mapped[list[PaymentVoucher]] = relationship(back_populates="escalation", order_by="PaymentVoucher.id")

    @property
    def owner(self) -> User | None:
        """The specialist who tracks the complaint, else whoever handed it over."""
        return self.complaint.owner or self.submitted_by

    @property
    def customer(self) -> Customer | None:
        """Whose complaint it is."""
        return self.complaint.customer

    @property
    def project(self) -> Project | None:
        """The works it is about."""
        return self.complaint.project

    @property
    def voucher(self) -> PaymentVoucher | None:
        """The voucher that counts."""
        return next((each for each in reversed(self.vouchers) if each.voided_at is None), None)

    __table_args__ = (
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        one_of("state", escalation_rules.State),
        one_of("why", escalation_rules.Ground),
    )
