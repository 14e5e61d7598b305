"""Contracts with legal reviews, payment terms and payments, quotation headers. Source: `domain.md` 3.3, 3.4."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Party, User
from portal.models.project import Project
from portal.processes.contract import PROCESS, SIGNED_STATES, LegalPoint, LegalResult
from portal.processes.contract import State as ContractState
from portal.terms import Term, one_of

if TYPE_CHECKING:
    from portal.models.drawing_review import DrawingReview

__all__ = [
    "Contract",
    "ContractState",
    "ContractTemplate",
    "LegalReview",
    "Payment",
    "PaymentKind",
    "PaymentTerm",
    "Quotation",
]


class PaymentKind(Term):
    """What a payment is for."""

    FIRST = "FIRST", "First payment"
    MID = "MID", "Mid-term payment"
    FINAL = "FINAL", "Final payment"
    CHANGE = "CHANGE", "Change order"
    REPAIR = "REPAIR", "Repair fee"
    REFUND = "REFUND", "Refund"


TEMPLATE_TRADES = ("basic", "water_electric", "waterproof", "woodwork", "hardware", "paint")
"""The trades a contract promises a warranty for, as the columns of a template are named."""
_SIGNS: dict[str, int] = {PaymentKind.REFUND: -1, PaymentKind.REPAIR: 0}


class ContractTemplate(Record, Base):
    """A printed contract that the company uses from a day on, with the warranty it promises for each trade (3.15)."""

    __tablename__ = "contract_template"
    KIND, PREFIX = "contract-templates", "MB"

    title: Mapped[str] = mapped_column(String(50))
    edition: Mapped[str] = mapped_column(String(20))
    effective_from: Mapped[date]
    """The first day on which a contract may be signed on it."""
    years_basic: Mapped[int]
    years_water_electric: Mapped[int]
    years_waterproof: Mapped[int]
    years_woodwork: Mapped[int]
    years_hardware: Mapped[int]
    years_paint: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)
    """Whether further contracts may be signed on it."""

    @property
    def name(self) -> str:
        """What it is called, with its edition."""
        return f"{self.title} {self.edition}"

    def years(self, trade: str) -> int:
        """How long it promises a trade, in years."""
        return int(getattr(self, f"years_{trade.lower()}"))

    __table_args__ = (
        UniqueConstraint("title", "edition"),
        CheckConstraint(
            " AND ".join(f"years_{trade} BETWEEN 0 AND 50" for trade in TEMPLATE_TRADES), name="years_in_range"
        ),
    )


class Contract(Record, Base):
    """A construction contract; `number` is the company's contract number as printed on it."""

    __tablename__ = "contract"
    KIND, PREFIX = "contracts", "HT"
    PROCESS = PROCESS

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), unique=True)
    state: Mapped[str] = mapped_column(String(20), default=ContractState.SIGNED)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    """Yuan, as signed."""
    output_value: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    """Yuan: amount plus signed changes minus reductions."""
    signed_on: Mapped[date | None]
    signed_by_company: Mapped[str | None] = mapped_column(String(50))
    copies: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    """Who holds an original: [{"holder": "finance", "count": 1}]."""
    voided_on: Mapped[date | None]
    void_reason: Mapped[str | None] = mapped_column(Text)
    scope: Mapped[str | None] = mapped_column(Text, sort_order=1)
    duration_days: Mapped[int | None] = mapped_column(sort_order=1)
    """Calendar days, as the letter of intent says."""
    intended_on: Mapped[date | None] = mapped_column(sort_order=1)
    """The day of the letter of intent."""
    designer_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), sort_order=1)
    draft: Mapped[str | None] = mapped_column(String(200), sort_order=1)
    """Which draft is talked about: its version or day."""
    covered: Mapped[list[str] | None] = mapped_column(JSON, sort_order=1)
    """What the negotiation has covered, codes of `Topic`."""
    identities_checked: Mapped[bool | None] = mapped_column(sort_order=1)
    """Whether both sides showed who they are before they signed; None: it was not asked."""
    signed_by_customer: Mapped[str | None] = mapped_column(String(50), sort_order=1)
    bypass_reason: Mapped[str | None] = mapped_column(Text, sort_order=1)
    """Why it was signed although a review had not passed; None: it was not."""
    reviewed_on_paper: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """Its drawings passed before the portal or beside it."""
    style: Mapped[str | None] = mapped_column(String(100), sort_order=1)
    """Of the works, as the letter of intent says."""
    deposit: Mapped[Decimal | None] = mapped_column(Numeric(12, 2), sort_order=1)
    """Yuan paid with the letter of intent; None: nothing was agreed."""
    intended_until: Mapped[date | None] = mapped_column(sort_order=1)
    """The last day on which the letter of intent holds; None: no day was named."""

    template_id: Mapped[int | None] = mapped_column(ForeignKey("contract_template.id"), sort_order=1)
    """Which printed contract it was signed on; None: nobody said."""

    is_ending = False
    """Whether a cancellation that went its way voids it now."""

    customer: Mapped[Customer] = relationship()
    project: Mapped[Project | None] = relationship(back_populates="contract")
    designer: Mapped[Party | None] = relationship()
    template: Mapped[ContractTemplate | None] = relationship()
    store: Mapped[Branch | None] = relationship(
        primaryjoin="Contract.branch_id == Branch.id", foreign_keys="Contract.branch_id", viewonly=True
    )
    legal_reviews: Mapped[list[LegalReview]] = relationship(
        back_populates="contract", order_by="LegalReview.round_no", cascade="all, delete-orphan"
    )
    reviews: Mapped[list[DrawingReview]] = relationship(back_populates="contract", order_by="DrawingReview.id")
    terms: Mapped[list[PaymentTerm]] = relationship(back_populates="contract", order_by="PaymentTerm.position")
    payments: Mapped[list[Payment]] = relationship(back_populates="contract", order_by="Payment.paid_on")

    @property
    def owner(self) -> User | None:
        """The specialist who answers for the customer."""
        return self.customer.owner

    @property
    def round_no(self) -> int:
        """The round of the legal review, for its clock."""
        return len(self.legal_reviews) or 1

    @property
    def is_bypassed(self) -> bool:
        """Whether it was signed although a review had not passed (违规签约)."""
        return self.bypass_reason is not None

    @property
    def legal_review(self) -> LegalReview | None:
        """The last legal review."""
        return self.legal_reviews[-1] if self.legal_reviews else None

    @property
    def review(self) -> DrawingReview | None:
        """The last drawing review that was not withdrawn."""
        standing = [review for review in self.reviews if review.state != "WITHDRAWN"]
        return standing[-1] if standing else None

    @property
    def received(self) -> Decimal:
        """Yuan that came in less what was refunded; repair fees count apart."""
        return sum((payment.amount * _SIGNS.get(payment.kind, 1) for payment in self.payments), Decimal("0.00"))

    @property
    def is_signed(self) -> bool:
        """Whether both sides signed it."""
        return self.state in SIGNED_STATES

    @property
    def has_first_payment(self) -> bool:
        """Whether the first payment is recorded (4.5)."""
        return any(payment.kind == PaymentKind.FIRST for payment in self.payments)

    @property
    def has_final_payment(self) -> bool:
        """Whether the final payment is recorded (4.12)."""
        return any(payment.kind == PaymentKind.FINAL for payment in self.payments)

    @property
    def is_paid(self) -> bool:
        """Whether everything is paid, open changes too."""
        return self.received >= self.output_value

    __table_args__ = (
        one_of("state", ContractState),
        Index("ix_contract_branch", "branch_id", "id"),
        Index("ix_contract_branch_state", "branch_id", "state", "id"),
        Index("ix_contract_signed", "signed_on", "id", "branch_id"),
        Index("ix_contract_state", "state", "id"),
        Index("ix_contract_amount", "amount", "id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("state <> 'TERMINATED' OR voided_on IS NOT NULL", name="voided_has_a_day"),
    )


class LegalReview(Base):
    """One round of the legal review of a draft (3.4)."""

    __tablename__ = "legal_review"

    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    round_no: Mapped[int]
    draft: Mapped[str] = mapped_column(String(200))
    what_changed: Mapped[str | None] = mapped_column(Text)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    submitted_at: Mapped[datetime]
    points: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What legal said of each point: {"LAWFUL": {"holds": true, "comment": "…"}}; None: nothing yet."""
    opinion: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(String(10))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    decided_at: Mapped[datetime | None]

    contract: Mapped[Contract] = relationship(back_populates="legal_reviews")
    submitted_by: Mapped[Party | None] = relationship(foreign_keys=[submitted_by_id])
    approver: Mapped[Party | None] = relationship(foreign_keys=[approver_id])

    @property
    def holds(self) -> bool:
        """Whether legal said of all five points that they hold."""
        return all((self.points or {}).get(point, {}).get("holds") for point in LegalPoint)

    __table_args__ = (
        one_of("result", LegalResult, nullable=True),
        Index("uq_legal_review_round_no", "contract_id", "round_no", unique=True),
    )


class PaymentTerm(Base):
    """One instalment as agreed; the default split is the setting `payment_split`."""

    __tablename__ = "payment_term"

    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    due_event: Mapped[str | None] = mapped_column(String(100))

    contract: Mapped[Contract] = relationship(back_populates="terms")

    __table_args__ = (one_of("kind", PaymentKind),)


class Payment(Base):
    """Money received or refunded, as finance reported it. Yuan; a refund is positive with kind REFUND."""

    __tablename__ = "payment"

    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    paid_on: Mapped[date]
    receipt_no: Mapped[str] = mapped_column(String(50), unique=True)
    note: Mapped[str | None] = mapped_column(String(200))
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    early_reason: Mapped[str | None] = mapped_column(Text)
    """Why it came before the customer was found content at the mid-term call (Q20)."""

    contract: Mapped[Contract] = relationship(back_populates="payments")

    __table_args__ = (one_of("kind", PaymentKind), CheckConstraint("amount > 0", name="amount_positive"))


class Quotation(Record, Base):
    """The head of a quotation; its items come with the drawing review."""

    __tablename__ = "quotation"
    KIND, PREFIX = "quotations", "BJ"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    property_id: Mapped[int | None] = mapped_column(ForeignKey("property.id"))
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"))
    title: Mapped[str] = mapped_column(String(100))
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    quoted_on: Mapped[date]
    valid_until: Mapped[date | None]
    designer_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))

    customer: Mapped[Customer] = relationship()
    property: Mapped[Property | None] = relationship()
    contract: Mapped[Contract | None] = relationship()
    designer: Mapped[Party | None] = relationship()

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_quotation_branch", "branch_id", "id"),
        Index("ix_quotation_quoted", "quoted_on", "id", "branch_id"),
    )
