"""Cancellations of signed contracts with their liability, and the loss notices. Source: `domain.md` 3.18, 4.17."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base, Record, where
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.org import Crew, Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.processes import cancellation as rules
from portal.processes.cancellation import Liability, Reason
from portal.processes.project import ProjectStage
from portal.terms import one_of

MONEY = Numeric(12, 2)
TOLD = (Department.DESIGN, Department.ENGINEERING, Department.FINANCE, Department.HR, Department.STORE)
"""Who must know (3.18)."""


class Cancellation(Record, Base):
    """A customer's wish to end a signed contract (退单). A second one of the same contract is a record of its own."""

    __tablename__ = "cancellation"
    KIND, PREFIX, PROCESS = "cancellations", "TD", rules.PROCESS

    state: Mapped[str] = mapped_column(String(20))
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    applied_at: Mapped[datetime]
    applicant: Mapped[str] = mapped_column(String(50))
    reason_kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    project_stage: Mapped[str | None] = mapped_column(String(20))
    """How far the works had come when the customer applied."""
    contract_amount: Mapped[Decimal] = mapped_column(MONEY)
    """Yuan, as it was when the customer applied."""
    design_opinion: Mapped[str | None] = mapped_column(Text)
    design_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    design_at: Mapped[datetime | None]
    facts_checked: Mapped[bool] = mapped_column(default=False)
    liability_reason: Mapped[str | None] = mapped_column(Text)
    loss_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    """Percent of the contract a customer who is liable pays, as it was set when the customer applied."""
    measuring_fee: Mapped[Decimal] = mapped_column(MONEY, default=rules.NOTHING)
    certification_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=rules.NOTHING)
    """Percent of the contract for the certification of the market; 0: it was not charged."""
    documented_loss: Mapped[Decimal] = mapped_column(MONEY, default=rules.NOTHING)
    """Yuan that papers prove, of a designer or a crew."""
    usual_loss: Mapped[Decimal | None] = mapped_column(MONEY)
    """Yuan by the rule of 4.17; another loss is the general manager's to approve."""
    loss: Mapped[Decimal | None] = mapped_column(MONEY)
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    drafted_at: Mapped[datetime | None]
    liability_at: Mapped[datetime | None]
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    finance_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    finance_at: Mapped[datetime | None]
    finance_opinion: Mapped[str | None] = mapped_column(Text)
    paid_total: Mapped[Decimal | None] = mapped_column(MONEY)
    paid_to_crew: Mapped[Decimal | None] = mapped_column(MONEY)
    work_done: Mapped[Decimal | None] = mapped_column(MONEY)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    gm_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    gm_at: Mapped[datetime | None]
    gm_decision: Mapped[str | None] = mapped_column(Text)
    notified_at: Mapped[datetime | None]
    voided_on: Mapped[date | None]
    output_value_reduction: Mapped[Decimal | None] = mapped_column(MONEY)
    withdrawn_on: Mapped[date | None]
    withdrawal_note: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None]

    contract: Mapped[Contract] = relationship()
    customer: Mapped[Customer] = relationship()
    project: Mapped[Project | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    design_by: Mapped[Party | None] = relationship(foreign_keys=[design_by_id])
    drafted_by: Mapped[User | None] = relationship(foreign_keys=[drafted_by_id])
    signed_by: Mapped[User | None] = relationship(foreign_keys=[signed_by_id])
    finance_by: Mapped[Party | None] = relationship(foreign_keys=[finance_by_id])
    gm: Mapped[Party | None] = relationship(foreign_keys=[gm_id])
    approval: Mapped[Approval | None] = relationship()
    shares: Mapped[list[CancellationShare]] = relationship(
        back_populates="cancellation", order_by="CancellationShare.position", cascade="all, delete-orphan"
    )
    told: Mapped[list[CancellationWord]] = relationship(back_populates="cancellation", order_by="CancellationWord.id")
    notices: Mapped[list[LossNotice]] = relationship(back_populates="cancellation", order_by="LossNotice.id")

    open_numbers = tuple[str, ...]()
    """Repairs and compensations of the project that are open; looked up before it is closed."""

    @property
    def customers_loss(self) -> Decimal:
        """What the customer bears of the loss, in yuan."""
        own = (share.amount or rules.NOTHING for share in self.shares if share.liability == Liability.CUSTOMER)
        return sum(own, rules.NOTHING)

    @property
    def refund(self) -> Decimal | None:
        """What the customer gets back, in yuan; below zero: still owes; None: finance has not verified it yet."""
        if self.paid_total is None or self.work_done is None:
            return None
        return rules.refund(paid=self.paid_total, customers_loss=self.customers_loss, work_done=self.work_done)

    @property
    def settled_amount(self) -> Decimal | None:
        """The refund as consent is asked for it, in yuan: nothing is paid out where the customer still owes."""
        return None if self.refund is None else max(self.refund, rules.NOTHING)

    @property
    def all_told(self) -> bool:
        """Whether every department that must know was told."""
        return {word.department for word in self.told} >= {department.value for department in TOLD}

    __table_args__ = (
        one_of("state", rules.State),
        one_of("reason_kind", Reason),
        one_of("project_stage", ProjectStage, nullable=True),
        Index("ix_cancellation_branch", "branch_id", "id"),
        Index(
            "uq_cancellation_running", "contract_id", unique=True,
            **where("state NOT IN ('CLOSED', 'WITHDRAWN')"),
        ),
    )  # fmt: skip


class CancellationShare(Base):
    """Who is liable for which part of the loss."""

    __tablename__ = "cancellation_share"

    id: Mapped[int] = mapped_column(primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(ForeignKey("cancellation.id"))
    position: Mapped[int]
    liability: Mapped[str] = mapped_column(String(20))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    amount: Mapped[Decimal | None] = mapped_column(MONEY)

    cancellation: Mapped[Cancellation] = relationship(back_populates="shares")
    party: Mapped[Party | None] = relationship()
    crew: Mapped[Crew | None] = relationship()

    @property
    def name(self) -> str | None:
        """The designer or crew; None: the customer, or nobody."""
        found = self.party or self.crew
        return found.name if found else None

    __table_args__ = (
        one_of("liability", Liability),
        CheckConstraint("percent > 0 AND percent <= 100", name="percent_in_range"),
        CheckConstraint("amount IS NULL OR amount >= 0", name="amount_not_negative"),
        CheckConstraint(
            "(liability = 'DESIGNER') = (party_id IS NOT NULL) AND (liability = 'CREW') = (crew_id IS NOT NULL)",
            name="liable_is_named",
        ),
    )


class CancellationWord(Base):
    """A department that was told, when, and who took it down."""

    __tablename__ = "cancellation_word"

    id: Mapped[int] = mapped_column(primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(ForeignKey("cancellation.id"))
    department: Mapped[str] = mapped_column(String(20))
    told_at: Mapped[datetime]

    cancellation: Mapped[Cancellation] = relationship(back_populates="told")

    __table_args__ = (one_of("department", Department), UniqueConstraint("cancellation_id", "department"))


class LossNotice(Record, Base):
    """F-26: what finance takes from whoever is liable, in yuan, and what came of it."""

    __tablename__ = "loss_notice"
    KIND, PREFIX = "loss-notices", "SS"

    cancellation_id: Mapped[int] = mapped_column(ForeignKey("cancellation.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    liability: Mapped[str] = mapped_column(String(20))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    basis: Mapped[str] = mapped_column(String(200))
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    """Of the whole loss."""
    loss: Mapped[Decimal] = mapped_column(MONEY)
    """The whole loss, in yuan."""
    amount: Mapped[Decimal] = mapped_column(MONEY)
    sent_at: Mapped[datetime]
    """When it went to finance."""
    received_at: Mapped[datetime | None]
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    copied_at: Mapped[datetime | None]
    """When human resources got a copy, of what a person bears."""
    executed_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("penalty_entry.id"))

    cancellation: Mapped[Cancellation] = relationship(back_populates="notices")
    customer: Mapped[Customer] = relationship()
    contract: Mapped[Contract] = relationship()
    party: Mapped[Party | None] = relationship(foreign_keys=[party_id])
    crew: Mapped[Crew | None] = relationship()
    received_by: Mapped[Party | None] = relationship(foreign_keys=[received_by_id])
    entry: Mapped[PenaltyEntry | None] = relationship()

    __table_args__ = (
        one_of("liability", Liability),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        Index("ix_loss_notice_branch", "branch_id", "id"),
    )
