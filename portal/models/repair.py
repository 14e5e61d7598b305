"""Warranty certificates, repairs, and the cost of repairs of crews that are gone. Source: `domain.md` 3.15 to 3.17."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint, exists, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from portal import clock
from portal.models.approval import Approval
from portal.models.attachment import Attachment
from portal.models.base import Base, Record, prefixed, where
from portal.models.consultation import Channel
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.org import Crew, Party, User
from portal.models.project import Project
from portal.models.task import DeadlineBreach
from portal.processes import repair as rules
from portal.processes import repair_cost as cost_rules
from portal.processes import warranty as warranty_rules
from portal.processes.follow_up_call import WAITING
from portal.processes.follow_up_call import State as CallState
from portal.processes.repair import Cause, CrewStatus, Executor, InWarranty, PhotoKind, StandsFor, Trade, Urgency
from portal.processes.repair_cost import Bearer
from portal.terms import Term, one_of

if TYPE_CHECKING:
    from portal.models.compensation import PaymentVoucher
    from portal.models.follow_up import FollowUpCall, RepairFollowUp

MONEY = Numeric(12, 2)
NOTHING = Decimal("0.00")


class Evaluation(Term):
    """What became of the evaluation form F-18 when the certificate was issued."""

    COLLECTED = "COLLECTED", "Collected"
    DECLINED = "DECLINED", "The customer declined"


class CostKind(Term):
    """What a cost line of a repair is for."""

    MATERIAL = "MATERIAL", "Material"
    LABOUR = "LABOUR", "Labour"
    OTHER = "OTHER", "Other"


class CostBearer(Term):
    """Who bears a cost line of a repair."""

    COMPANY = "COMPANY", "Company"
    CREW = "CREW", "Responsible crew"
    SUPPLIER = "SUPPLIER", "Supplier"
    CUSTOMER = "CUSTOMER", "Customer"


class PaymentMethod(Term):
    """How a customer paid for a repair."""

    CASH = "CASH", "Cash"
    WECHAT = "WECHAT", "WeChat Pay"
    ALIPAY = "ALIPAY", "Alipay"
    CARD = "CARD", "Card"
    TRANSFER = "TRANSFER", "Bank transfer"


class WarrantyCertificate(Record, Base):
    """The warranty of a project, with a term per trade (F-19). Rules: `processes/warranty.py`."""

    __tablename__ = "warranty_certificate"
    KIND, PREFIX, PROCESS = "warranties", "BX", warranty_rules.PROCESS

    state: Mapped[str] = mapped_column(String(20), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), unique=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    paid_on: Mapped[date]
    """The day of the payment that settled the contract; DL-21 counts from it."""
    starts_on: Mapped[date | None]
    """The day of acceptance."""
    acceptance_signed: Mapped[bool] = mapped_column(default=False)
    exclusions: Mapped[str | None] = mapped_column(Text)
    care_notes: Mapped[str | None] = mapped_column(Text, sort_order=1)
    hotline: Mapped[str | None] = mapped_column(String(50), sort_order=1)
    evaluation: Mapped[str | None] = mapped_column(String(20))
    received_by: Mapped[str | None] = mapped_column(String(50))
    issued_at: Mapped[datetime | None]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ends_on: Mapped[date | None] = mapped_column(index=True)
    """The last day of the longest term."""
    template: Mapped[str | None] = mapped_column(String(80), sort_order=2)
    """The contract template whose terms it was issued by, as it was called then; None: the usual terms."""
    consented_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """The manager who consents to the next reissue."""
    replaced_numbers: Mapped[str | None] = mapped_column(String(200))
    """Numbers of lost certificates, which no longer count."""
    ground: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    """What made it void."""
    reason: Mapped[str | None] = mapped_column(Text)

    project: Mapped[Project] = relationship()
    contract: Mapped[Contract] = relationship()
    customer: Mapped[Customer] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    issued_by: Mapped[User | None] = relationship(foreign_keys=[issued_by_id])
    terms: Mapped[list[WarrantyTerm]] = relationship(
        back_populates="certificate", order_by="WarrantyTerm.id", cascade="all, delete-orphan"
    )

    @property
    def is_paid(self) -> bool:
        """Whether everything of the contract is paid."""
        return self.contract.is_paid

    @property
    def has_final_payment(self) -> bool:
        """Whether the final payment of the contract is recorded."""
        return self.contract.has_final_payment

    @property
    def paid_from(self) -> datetime:
        """The beginning of the day of payment, from which DL-21 counts."""
        return clock.at_local(self.paid_on)

    @property
    def is_valid(self) -> bool:
        """Whether the customer may rely on it."""
        return self.state in warranty_rules.VALID

    __table_args__ = (
        one_of("state", warranty_rules.State),
        one_of("evaluation", Evaluation, nullable=True),
        one_of("ground", warranty_rules.VoidGround, nullable=True),
        CheckConstraint("state = 'PENDING' OR issued_at IS NOT NULL", name="issued_has_a_time"),
        CheckConstraint("state = 'PENDING' OR evaluation IS NOT NULL", name="issued_with_evaluation"),
        Index("ix_warranty_certificate_branch", "branch_id", "id"),
        Index("ix_warranty_certificate_replaced", "replaced_numbers", **where("replaced_numbers IS NOT NULL")),
    )


class WarrantyTerm(Base):
    """How long one trade is covered. First and last day are on the company's calendar, both included."""

    __tablename__ = "warranty_term"

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("warranty_certificate.id"))
    trade: Mapped[str] = mapped_column(String(20))
    years: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date] = mapped_column(index=True)

    certificate: Mapped[WarrantyCertificate] = relationship(back_populates="terms")

    __table_args__ = (one_of("trade", Trade), UniqueConstraint("certificate_id", "trade"))


class RepairOrder(Record, Base):
    """One reported defect and its repair (F-20, F-21). Rules: `processes/repair.py`."""

    __tablename__ = "repair_order"
    KIND, PREFIX, PROCESS = "repair-orders", "WX", rules.PROCESS

    state: Mapped[str] = mapped_column(String(20), index=True)
    reported_at: Mapped[datetime] = mapped_column(index=True)
    channel: Mapped[str] = mapped_column(String(20))
    reporter: Mapped[str] = mapped_column(prefixed(50), index=True)
    phone: Mapped[str] = mapped_column(prefixed(30), index=True)
    address: Mapped[str] = mapped_column(String(200))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("warranty_certificate.id"), index=True)
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    """The complaint it became."""
    rework_of_id: Mapped[int | None] = mapped_column(ForeignKey("repair_order.id"))
    """An earlier repair of the same trade in the same home, not long ago."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """The specialist who tracks it to the end."""
    captain_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    trade: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20), default=Urgency.NORMAL)
    symptom: Mapped[str] = mapped_column(Text)

    in_warranty: Mapped[str | None] = mapped_column(String(20))
    warranty_reason: Mapped[str | None] = mapped_column(Text)
    """Why a person decided so, beside what the dates say."""
    has_no_certificate: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """The archive was consulted and holds no certificate."""
    basis_told: Mapped[str | None] = mapped_column(String(200))
    responsible_crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    crew_status: Mapped[str | None] = mapped_column(String(20))
    """How the responsible crew stood to this repair when it was checked."""

    executor: Mapped[str | None] = mapped_column(String(20))
    told_at: Mapped[datetime | None]
    """When the crew was phoned: DL-22 counts from it."""
    overlap_reason: Mapped[str | None] = mapped_column(String(200))
    """Why two visits of the captain may lie on each other."""
    taken_over_at: Mapped[datetime | None]
    take_over_reason: Mapped[str | None] = mapped_column(Text)

    arrived_at: Mapped[datetime | None]
    cause: Mapped[str | None] = mapped_column(String(20))
    plan: Mapped[str | None] = mapped_column(Text)
    plan_made_at: Mapped[datetime | None]
    planned_done_at: Mapped[datetime | None]
    is_plan_told: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """The customer was told the method and the date."""
    quote_material: Mapped[Decimal | None] = mapped_column(MONEY)
    quote_labour: Mapped[Decimal | None] = mapped_column(MONEY)
    quote_accepted: Mapped[bool | None]
    quote_answered_at: Mapped[datetime | None]
    quote_note: Mapped[str | None] = mapped_column(Text)
    work_done: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    site_cleaned: Mapped[bool] = mapped_column(default=False)
    has_no_costs: Mapped[bool] = mapped_column(default=False)
    defects: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str | None] = mapped_column(String(50))
    rating: Mapped[int | None]
    """One to five, by the customer; None: not given."""
    follow_up_at: Mapped[datetime | None]
    follow_up_satisfied: Mapped[bool | None]
    follow_up_note: Mapped[str | None] = mapped_column(Text)
    rework_count: Mapped[int] = mapped_column(default=0)
    """How often it had to be done again after the customer had signed."""
    round_no: Mapped[int] = mapped_column(default=1, sort_order=2)
    """1, and one more each time the customer sends the work back: before signing, or in the call after it."""
    complaint_ground: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    material: Mapped[str | None] = mapped_column(String(40), sort_order=3)
    """What failed, in a word of the setting; None: no material, or not known."""
    photo_rules: Mapped[dict[str, str] | None] = mapped_column(JSON, sort_order=1)
    """Which steps need a photo, `processes.repair.PhotoRule` by action, as it was set when the captain was told."""

    customer: Mapped[Customer | None] = relationship()
    project: Mapped[Project | None] = relationship()
    certificate: Mapped[WarrantyCertificate | None] = relationship()
    responsible_crew: Mapped[Crew | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    captain: Mapped[User | None] = relationship(foreign_keys=[captain_id])
    rework_of: Mapped[RepairOrder | None] = relationship(remote_side="RepairOrder.id")
    costs: Mapped[list[RepairCost]] = relationship(
        back_populates="order", order_by="RepairCost.id", cascade="all, delete-orphan"
    )
    signatures: Mapped[list[RepairSignature]] = relationship(
        primaryjoin=f"and_(RepairOrder.id == RepairSignature.order_id, RepairSignature.stands_for == '{StandsFor.WORK}')",
        order_by="RepairSignature.id",
        overlaps="consents, order",
    )
    """For the finished work."""
    consents: Mapped[list[RepairSignature]] = relationship(
        primaryjoin=f"and_(RepairOrder.id == RepairSignature.order_id, RepairSignature.stands_for == '{StandsFor.QUOTE}')",
        order_by="RepairSignature.id",
        overlaps="signatures, order",
    )
    """For a quote."""
    payments: Mapped[list[RepairPayment]] = relationship(back_populates="order", order_by="RepairPayment.id")
    visits: Mapped[list[RepairVisit]] = relationship(
        back_populates="order", order_by="RepairVisit.id", cascade="all, delete-orphan"
    )
    calls: Mapped[list[RepairCall]] = relationship(back_populates="order", order_by="RepairCall.called_at")
    follow_ups: Mapped[list[RepairFollowUp]] = relationship(back_populates="order", order_by="RepairFollowUp.round_no")
    """The calls after it, one for each round."""
    cost_case: Mapped[RepairCostCase | None] = relationship(back_populates="order", uselist=False)
    all_photos: Mapped[list[RepairPhoto]] = relationship(back_populates="order", order_by="RepairPhoto.id")
    """Also those in the bin; what people see is `photos`."""
    checks: Mapped[list[RepairCheck]] = relationship(
        back_populates="order", order_by="RepairCheck.id", cascade="all, delete-orphan"
    )

    if TYPE_CHECKING:
        is_arrival_late: bool
        appointment_at: Mapped[datetime | None]

    @property
    def waiting_call(self) -> FollowUpCall | None:
        """The call after the repair that is still to be made, also where nobody could be reached yet."""
        waiting = (each.call for each in self.follow_ups if each.call.state in (*WAITING, CallState.UNREACHABLE))
        return next(waiting, None)

    @property
    def photos(self) -> list[RepairPhoto]:
        """The photos of the visit that are not in the bin, oldest first; drawn-on copies among them."""
        return [photo for photo in self.all_photos if photo.attachment.removed_at is None]

    @property
    def is_historical(self) -> bool:
        """Whether it was over before the portal: whatever ended here was assigned first, and so told."""
        return self.state in (rules.State.CLOSED, rules.State.DECLINED) and self.told_at is None

    @property
    def cost(self) -> Decimal | None:
        """What it cost in all, in yuan; None: nothing is noted."""
        return sum((line.amount for line in self.costs), NOTHING) if self.costs else None

    @property
    def bearer(self) -> str | None:
        """Who bears the cost; None: nobody, or more than one."""
        bearers = {line.bearer for line in self.costs}
        return bearers.pop() if len(bearers) == 1 else None

    @property
    def is_free(self) -> bool:
        """Whether the customer pays nothing (R-16)."""
        return rules.is_free(in_warranty=self.in_warranty, cause=self.cause)

    @property
    def present_photos(self) -> list[RepairPhoto]:
        """The photos of the present round: those from before the work was sent back do not show it as it is now."""
        return [photo for photo in self.photos if photo.round_no == self.round_no]

    @property
    def present_checks(self) -> list[RepairCheck]:
        """The lines of the checklists in the present round; those of earlier rounds say how it was then."""
        return [line for line in self.checks if line.round_no == self.round_no]

    @property
    def is_signed(self) -> bool:
        """Whether the customer signed what the repair says now."""
        return rules.is_signed(self)

    @property
    def is_quote_signed(self) -> bool:
        """Whether the customer signed the quote as it stands."""
        return rules.is_quote_signed(self)

    @property
    def accepted_quote(self) -> Decimal:
        """What the customer agreed to pay, in yuan."""
        return rules.ACCEPTED_QUOTE(self)

    @property
    def customer_share(self) -> Decimal:
        """What of the cost the customer bears, in yuan."""
        return rules.CUSTOMER_SHARE(self)

    @property
    def paid_amount(self) -> Decimal:
        """What the customer paid for it, in yuan."""
        return sum((payment.amount for payment in self.payments), NOTHING)

    @property
    def still_owed(self) -> Decimal:
        """What the customer still has to pay, in yuan."""
        return self.customer_share - self.paid_amount

    @property
    def urgent_from(self) -> datetime | None:
        """When the shorter limit of an urgent repair begins; None: it has none."""
        return self.told_at if self.urgency == Urgency.URGENT else None

    __table_args__ = (
        Index("ix_repair_order_trade", "trade", "reported_at", "id"),
        Index("ix_repair_order_named_material", "material", "reported_at", "id"),
        Index("ix_repair_order_material", "reported_at", "id", **where("cause = 'MATERIAL'")),
        one_of("state", rules.State),
        one_of("channel", Channel),
        one_of("trade", Trade),
        one_of("urgency", Urgency),
        one_of("in_warranty", InWarranty, nullable=True),
        one_of("crew_status", CrewStatus, nullable=True),
        one_of("executor", Executor, nullable=True),
        one_of("cause", Cause, nullable=True),
        one_of("complaint_ground", rules.Ground, nullable=True),
        CheckConstraint("state <> 'CLOSED' OR closed_at IS NOT NULL", name="closed_has_a_time"),
        CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5", name="rating_in_range"),
        CheckConstraint("round_no > 0", name="rounds_from_one"),
        Index("ix_repair_order_captain", "captain_id", "state"),
        Index("ix_repair_order_branch", "branch_id", "reported_at", "id"),
    )


# Whether nobody was on site within the limit (DL-22), as the sweep found it.
RepairOrder.is_arrival_late = column_property(  # type: ignore[assignment]
    exists(DeadlineBreach.id)
    .where(
        DeadlineBreach.record_kind == RepairOrder.KIND,
        DeadlineBreach.record_id == RepairOrder.id,
        DeadlineBreach.code == "DL-22",
    )
    .correlate_except(DeadlineBreach)
)


class RepairVisit(Base):
    """One visit to the home of a repair: agreed, come, left, what was done there. Source: `domain.md` 3.16 (上门记录)."""

    __tablename__ = "repair_visit"
    KIND = "repair-visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(prefixed(50), unique=True)
    """That of the repair and which visit it is: WX-2026-0007-2."""
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    order_number: Mapped[str] = mapped_column(String(40))
    """The repair as people call it, to which a line of the list leads."""
    round_no: Mapped[int]
    """The round of the repair that it belongs to."""
    captain_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    executor: Mapped[str | None] = mapped_column(String(20))
    planned_at: Mapped[datetime | None] = mapped_column(index=True)
    """The time agreed with the customer; None: nothing was agreed."""
    came_at: Mapped[datetime | None] = mapped_column(index=True)
    left_at: Mapped[datetime | None]
    workers: Mapped[str | None] = mapped_column(String(100))
    """Who was there, by name."""
    work: Mapped[str | None] = mapped_column(Text)
    """What was done."""
    version: Mapped[int] = mapped_column(sort_order=1)
    """Counts writes, so that two people who note the same visit hear of each other."""
    updated_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), sort_order=1)

    __mapper_args__ = {"version_id_col": version}

    order: Mapped[RepairOrder] = relationship(back_populates="visits")
    captain: Mapped[User | None] = relationship(foreign_keys=[captain_id])
    all_photos: Mapped[list[RepairPhoto]] = relationship(back_populates="visit", order_by="RepairPhoto.id")

    @property
    def is_going_on(self) -> bool:
        """Whether the captain is there."""
        return self.came_at is not None and self.left_at is None

    @property
    def begins_at(self) -> datetime:
        """When it was agreed for; else when the captain came, or only left, as far as anybody noted."""
        return self.planned_at or self.came_at or self.left_at  # type: ignore[return-value]

    @property
    def photos(self) -> list[RepairPhoto]:
        """The photos that were taken during it and are not in the bin."""
        return [photo for photo in self.all_photos if photo.attachment.removed_at is None]

    __table_args__ = (
        one_of("executor", Executor, nullable=True),
        CheckConstraint("came_at IS NOT NULL OR left_at IS NOT NULL OR planned_at IS NOT NULL", name="has_a_time"),
        CheckConstraint("left_at >= came_at", name="left_after_coming"),
        Index("ix_repair_visit_agreed", "order_id", "id", "planned_at", **where("planned_at IS NOT NULL")),
    )


# The time agreed with the customer for the last visit for which one was; None: nothing was ever agreed.
RepairOrder.appointment_at = column_property(
    select(RepairVisit.planned_at)
    .where(RepairVisit.order_id == RepairOrder.id, RepairVisit.planned_at.is_not(None))
    .order_by(RepairVisit.id.desc())
    .limit(1)
    .correlate_except(RepairVisit)
    .scalar_subquery()
)


class RepairCost(Base):
    """One line of what a repair cost, in yuan, and who bears it."""

    __tablename__ = "repair_cost"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(100))
    quantity: Mapped[Decimal | None] = mapped_column(Numeric(10, 2), sort_order=1)
    unit: Mapped[str | None] = mapped_column(String(10), sort_order=1)
    amount: Mapped[Decimal] = mapped_column(MONEY)
    """Of all of it together."""
    bearer: Mapped[str] = mapped_column(String(20))

    order: Mapped[RepairOrder] = relationship(back_populates="costs")

    @property
    def measure(self) -> str:
        """How much of it, as people say it: 2.5 桶. Empty: not counted."""
        return f"{self.quantity.normalize():f} {self.unit or ''}".strip() if self.quantity is not None else ""

    __table_args__ = (
        one_of("kind", CostKind),
        one_of("bearer", CostBearer),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("quantity IS NULL OR quantity > 0", name="quantity_positive"),
    )


class RepairPayment(Base):
    """What a customer paid for a repair, in yuan, and who noted it. Source: 3.3 (维修费), 4.14."""

    __tablename__ = "repair_payment"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(MONEY)
    method: Mapped[str] = mapped_column(String(20))
    paid_at: Mapped[datetime]
    paid_by: Mapped[str] = mapped_column(String(50))
    receipt_no: Mapped[str] = mapped_column(String(50), unique=True)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    order: Mapped[RepairOrder] = relationship(back_populates="payments")
    recorded_by: Mapped[User | None] = relationship()

    __table_args__ = (one_of("method", PaymentMethod), CheckConstraint("amount > 0", name="amount_positive"))


class RepairCall(Base):
    """A call to the customer while a repair goes on. Source: 3.16 (维修中回访)."""

    __tablename__ = "repair_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    called_at: Mapped[datetime]
    is_reached: Mapped[bool]
    is_satisfied: Mapped[bool | None]
    said: Mapped[str] = mapped_column(Text)
    called_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    order: Mapped[RepairOrder] = relationship(back_populates="calls")
    called_by: Mapped[User | None] = relationship()


class RepairSignature(Base):
    """A customer's signature, bound to exactly what was shown when it was given."""

    __tablename__ = "repair_signature"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    signed_by: Mapped[str] = mapped_column(String(50))
    signed_at: Mapped[datetime]
    shown: Mapped[str] = mapped_column(Text)
    """What was shown, word for word: by the portal, or by a phone without network from what it had not sent yet."""
    shown_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of these words."""
    facts_hash: Mapped[str | None] = mapped_column(String(64), sort_order=1)
    """`processes.repair.fingerprint` of the record that says the same; None: none did, so the signature is void."""
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    """The drawn signature or the scan of the signed paper."""
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    stands_for: Mapped[str] = mapped_column(String(10), default=StandsFor.WORK, sort_order=2)

    order: Mapped[RepairOrder] = relationship(overlaps="signatures, consents")

    __table_args__ = (one_of("stands_for", StandsFor),)


class RepairPhoto(Base):
    """A photo of the visit: what it shows, when it was taken, and which one before belongs to which one after."""

    __tablename__ = "repair_photo"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    pair: Mapped[int | None]
    """Photos of the same number show the same spot, before and after; None: stands alone."""
    round_no: Mapped[int] = mapped_column(default=1, sort_order=2)
    """The round of the repair in which it was taken: only those of the present one show how it is now."""
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("repair_visit.id"), index=True, sort_order=2)
    """During which visit; None: nobody noted one."""
    taken_at: Mapped[datetime | None]
    """When the camera took it, as the phone says."""
    note: Mapped[str | None] = mapped_column(String(200))
    drawn_on_id: Mapped[int | None] = mapped_column(ForeignKey("repair_photo.id"))
    """The photo of which this is the copy with marks drawn on it."""

    order: Mapped[RepairOrder] = relationship(back_populates="all_photos")
    visit: Mapped[RepairVisit | None] = relationship(back_populates="all_photos")
    attachment: Mapped[Attachment] = relationship(lazy="joined")

    __table_args__ = (
        one_of("kind", PhotoKind),
        CheckConstraint("pair IS NULL OR pair BETWEEN 1 AND 99", name="pair_in_range"),
    )


class RepairCheck(Base):
    """One line of the checklist of a step, with the words that held when the captain was told."""

    __tablename__ = "repair_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), index=True)
    step: Mapped[str] = mapped_column(String(20))
    """The action before which it is looked at."""
    text: Mapped[str] = mapped_column(String(200))
    is_required: Mapped[bool]
    round_no: Mapped[int] = mapped_column(default=1, sort_order=2)
    """The round of the repair it is for: what is looked at before handing over is looked at anew in each."""
    ticked_at: Mapped[datetime | None]
    """When it was found in order; None: not, or not yet."""
    ticked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    order: Mapped[RepairOrder] = relationship(back_populates="checks")


class RepairCostCase(Record, Base):
    """Who bears the cost of repairing what a departed or replaced crew built (F-22). Rules: `processes/repair_cost.py`."""

    __tablename__ = "repair_cost_case"
    KIND, PREFIX, PROCESS = "repair-cost-cases", "FY", cost_rules.PROCESS

    state: Mapped[str] = mapped_column(String(20), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"), unique=True)
    crew_id: Mapped[int] = mapped_column(ForeignKey("crew.id"), index=True)
    """The crew that built it."""
    crew_status: Mapped[str] = mapped_column(String(20))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    captain_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    estimate_material: Mapped[Decimal] = mapped_column(MONEY)
    estimate_labour: Mapped[Decimal] = mapped_column(MONEY)
    cause: Mapped[str | None] = mapped_column(String(20))
    is_crew_at_fault: Mapped[bool | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    confirmed_at: Mapped[datetime | None]
    settlement_available: Mapped[Decimal] = mapped_column(MONEY, default=Decimal("0.00"))
    """Yuan not yet paid to the crew for its works, as finance says."""
    approval_limit: Mapped[Decimal] = mapped_column(MONEY)
    """Yuan up to which the manager decides, as it was set when the case was written."""
    tolerance_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    """How far the actual cost may lie above the estimate, as it was set when the case was written."""
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), sort_order=1)
    """The round of consent that counts now."""
    decision: Mapped[str | None] = mapped_column(Text)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    gm_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    gm_decided_at: Mapped[datetime | None]
    actual_material: Mapped[Decimal | None] = mapped_column(MONEY)
    actual_labour: Mapped[Decimal | None] = mapped_column(MONEY)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it came to cost more than was approved."""
    voucher_no: Mapped[str | None] = mapped_column(String(50))
    executor_paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    order: Mapped[RepairOrder] = relationship(back_populates="cost_case")
    crew: Mapped[Crew] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    captain: Mapped[User | None] = relationship(foreign_keys=[captain_id])
    confirmed_by: Mapped[Party | None] = relationship(foreign_keys=[confirmed_by_id])
    approval: Mapped[Approval | None] = relationship()
    gm: Mapped[Party | None] = relationship(foreign_keys=[gm_id])
    bookings: Mapped[list[CostBooking]] = relationship(back_populates="case", order_by="CostBooking.id")
    voucher: Mapped[PaymentVoucher | None] = relationship(back_populates="cost_case")
    """F-08 for the share of the company; None: it bears nothing, or it is not booked yet."""

    @property
    def estimate(self) -> Decimal:
        """Material and labour together, in yuan."""
        return self.estimate_material + self.estimate_labour

    @property
    def actual(self) -> Decimal | None:
        """What it really cost, in yuan; None: not known yet."""
        if self.actual_material is None or self.actual_labour is None:
            return None
        return self.actual_material + self.actual_labour

    @property
    def may_cost(self) -> Decimal:
        """The most it may come to without being confirmed anew, in yuan."""
        return cost_rules.may_cost(self.estimate, self.tolerance_percent)

    @property
    def customer(self) -> Any:
        """Whose home it is."""
        return self.order.customer

    __table_args__ = (
        one_of("state", cost_rules.State),
        one_of("crew_status", CrewStatus),
        one_of("cause", Cause, nullable=True),
        Index("ix_repair_cost_case_branch", "branch_id", "id"),
    )


class CostBooking(Base):
    """What was taken from whom for a repair, in yuan; for retention money what was there before and after."""

    __tablename__ = "cost_booking"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("repair_cost_case.id"))
    bearer: Mapped[str] = mapped_column(String(30))
    amount: Mapped[Decimal] = mapped_column(MONEY)
    balance_before: Mapped[Decimal | None] = mapped_column(MONEY)
    balance_after: Mapped[Decimal | None] = mapped_column(MONEY)
    booked_at: Mapped[datetime]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    case: Mapped[RepairCostCase] = relationship(back_populates="bookings")

    __table_args__ = (
        one_of("bearer", Bearer),
        UniqueConstraint("case_id", "bearer"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )
