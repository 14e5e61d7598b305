"""Who bears a compensation, and the voucher it is paid by. Source: `domain.md` 3.12, form F-08."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.customer import Customer
from portal.models.org import Crew, Party
from portal.models.penalty import PenaltyEntry
from portal.processes.escalation import Bearer
from portal.terms import one_of

if TYPE_CHECKING:
    from portal.models.complaint import Escalation
    from portal.models.repair import RepairCostCase

MONEY = Numeric(12, 2)


class CompensationShare(Base):
    """What one bearer is liable for, in percent, and once an amount is agreed in yuan."""

    __tablename__ = "compensation_share"

    id: Mapped[int] = mapped_column(primary_key=True)
    escalation_id: Mapped[int] = mapped_column(ForeignKey("escalation.id"))
    position: Mapped[int]
    bearer: Mapped[str] = mapped_column(String(20))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    amount: Mapped[Decimal | None] = mapped_column(MONEY)
    reason: Mapped[str | None] = mapped_column(String(200))
    monthly_wage: Mapped[Decimal | None] = mapped_column(MONEY)
    """Yuan, as human resources said; None: not asked."""
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("penalty_entry.id"))
    """Its line of the ledger, once the customer is paid."""
    copied_at: Mapped[datetime | None]
    """When the copy went to human resources, of a crew to finance."""

    escalation: Mapped[Escalation] = relationship(back_populates="shares")
    party: Mapped[Party | None] = relationship()
    crew: Mapped[Crew | None] = relationship()
    entry: Mapped[PenaltyEntry | None] = relationship()

    @property
    def name(self) -> str:
        """Who bears it."""
        found = self.party or self.crew
        return found.name if found else str(Bearer.COMPANY.label)

    __table_args__ = (
        one_of("bearer", Bearer),
        UniqueConstraint("escalation_id", "position"),
        CheckConstraint("percent > 0 AND percent <= 100", name="percent_in_range"),
        CheckConstraint("amount IS NULL OR amount >= 0", name="amount_not_negative"),
        CheckConstraint(
            "(bearer = 'PERSON') = (party_id IS NOT NULL) AND (bearer = 'CREW') = (crew_id IS NOT NULL)",
            name="bearer_is_named",
        ),
    )


class PaymentVoucher(Record, Base):
    """F-08: what is paid out to whom and for what, who consented, and when finance paid it."""

    __tablename__ = "payment_voucher"
    KIND, PREFIX = "payment-vouchers", "ZC"

    escalation_id: Mapped[int | None] = mapped_column(ForeignKey("escalation.id"), index=True)
    """The compensation it pays; None: it pays a cost case."""
    cost_case_id: Mapped[int | None] = mapped_column(ForeignKey("repair_cost_case.id"), unique=True, sort_order=1)
    """The cost case whose company share it pays."""
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), unique=True)
    """None: a cost case that was approved elsewhere."""
    payee: Mapped[str] = mapped_column(String(50))
    purpose: Mapped[str] = mapped_column(String(200))
    amount: Mapped[Decimal] = mapped_column(MONEY)
    leader_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    leader_decided_at: Mapped[datetime]
    clerk_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    finance_no: Mapped[str | None] = mapped_column(String(50))
    """The number finance gave it."""
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(Text)

    escalation: Mapped[Escalation | None] = relationship(back_populates="vouchers")
    cost_case: Mapped[RepairCostCase | None] = relationship(back_populates="voucher")
    customer: Mapped[Customer | None] = relationship()
    leader: Mapped[Party | None] = relationship(foreign_keys=[leader_id])
    clerk: Mapped[Party | None] = relationship(foreign_keys=[clerk_id])

    @property
    def case(self) -> Escalation | RepairCostCase:
        """What it pays for."""
        return self.escalation or self.cost_case  # type: ignore[return-value]

    __table_args__ = (
        CheckConstraint("(escalation_id IS NULL) <> (cost_case_id IS NULL)", name="one_case"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("paid_at IS NULL OR voided_at IS NULL", name="not_paid_and_void"),
        Index("ix_payment_voucher_branch", "branch_id", "id"),
    )
