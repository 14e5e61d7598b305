"""Drawing reviews with rounds and findings, and the catalogue of deductions. Rules: `processes/drawing_review.py`.

Source: `domain.md` 3.5.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from portal.models.attachment import Attachment
from portal.models.base import Base, Record
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Party, User
from portal.processes.contract import SIGNED_STATES
from portal.processes.drawing_review import PROCESS, Result, State, score
from portal.terms import Term, one_of


class Provenance(Term):
    """Where a line of the catalogue comes from."""

    SEED = "SEED", "From the manual"
    ASSUMED = "ASSUMED", "Assumed default"
    OWN = "OWN", "The company's own"


class DeductionRule(Base):
    """A line of the catalogue 扣分标准: what is deducted for a finding, each time it is found."""

    __tablename__ = "deduction_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    title: Mapped[str] = mapped_column(String(100))
    points: Mapped[int]
    must_fix: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    provenance: Mapped[str] = mapped_column(String(10), default=Provenance.OWN)
    version: Mapped[int] = mapped_column()
    number: Mapped[str] = synonym("code")
    """What names the line in groups of lists, as every record has it."""

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        one_of("provenance", Provenance),
        CheckConstraint("points BETWEEN 1 AND 100", name="points_in_range"),
    )


class DrawingReview(Record, Base):
    """The review of drawings, quotation and draft before a customer signs. Its branch is the store of the designer."""

    __tablename__ = "drawing_review"
    KIND, PREFIX = "drawing-reviews", "SH"
    PROCESS, OWNER_ROLE = PROCESS, "REVIEWER"

    state: Mapped[str] = mapped_column(String(20), default=State.SUBMITTED)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    home_id: Mapped[int | None] = mapped_column(ForeignKey("property.id"))
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)
    designer_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    branch_manager_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    contract_amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    """Yuan, as it is to be signed: the base of deductions."""
    round_no: Mapped[int] = mapped_column(default=1)
    pass_score: Mapped[int]
    """The pass mark when the round was submitted."""
    first_result: Mapped[str | None] = mapped_column(String(10))
    """Of round 1, for first-pass rates; None: not decided."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """The reviewer; None: any."""
    submitted_at: Mapped[datetime]
    """Of the round that is open, or was last."""
    signed_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(Text)

    customer: Mapped[Customer] = relationship()
    home: Mapped[Property | None] = relationship()
    contract: Mapped[Contract | None] = relationship(back_populates="reviews")
    designer: Mapped[Party] = relationship(foreign_keys=[designer_id])
    branch_manager: Mapped[Party] = relationship(foreign_keys=[branch_manager_id])
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    store: Mapped[Branch | None] = relationship(
        primaryjoin="DrawingReview.branch_id == Branch.id", foreign_keys="DrawingReview.branch_id", viewonly=True
    )
    rounds: Mapped[list[ReviewRound]] = relationship(
        back_populates="review", order_by="ReviewRound.round_no", cascade="all, delete-orphan"
    )
    findings: Mapped[list[ReviewFinding]] = relationship(
        back_populates="review", order_by="ReviewFinding.id", cascade="all, delete-orphan"
    )

    @property
    def customer_owner(self) -> User | None:
        """The specialist who answers for the customer."""
        return self.customer.owner

    @property
    def title(self) -> str:
        """The home it is about, or the customer where none is known."""
        return self.home.address if self.home else self.customer.name

    @property
    def current(self) -> ReviewRound:
        """The round that is open, or was last."""
        return self.rounds[-1]

    @property
    def open_findings(self) -> list[ReviewFinding]:
        """What is not corrected as far as it is known now."""
        return [finding for finding in self.findings if finding.is_open]

    @property
    def earlier_findings(self) -> list[ReviewFinding]:
        """Found before this round and open when it began."""
        return [
            finding
            for finding in self.findings
            if finding.round_no < self.round_no and finding.fixed_in_round in (None, self.round_no)
        ]

    @property
    def score(self) -> int:
        """100 less the points of the open findings, at least 0."""
        return score(finding.points for finding in self.open_findings)

    @property
    def has_open_must_fix(self) -> bool:
        """Whether something is open that must be fixed."""
        return any(finding.must_fix for finding in self.open_findings)

    @property
    def has_unjudged(self) -> bool:
        """Whether an earlier finding waits for the reviewer's word in this round."""
        return any(finding.judged_in_round != self.round_no for finding in self.earlier_findings)

    @property
    def is_contract_signed(self) -> bool:
        """Whether the contract it is for is signed."""
        return self.contract is not None and self.contract.state in SIGNED_STATES

    @property
    def is_round_open(self) -> bool:
        """Whether the present round waits for its result."""
        return self.current.result is None

    @property
    def is_acknowledged(self) -> bool:
        """Whether the design department signed for the return of the last round."""
        return self.current.acknowledged_at is not None

    __table_args__ = (
        one_of("state", State),
        one_of("first_result", Result, nullable=True),
        CheckConstraint("contract_amount > 0", name="contract_amount_positive"),
        CheckConstraint("state <> 'SIGNED_WITHOUT_PASS' OR signed_on IS NOT NULL", name="bypass_has_a_day"),
        Index("ix_drawing_review_branch", "branch_id", "id"),
        Index("ix_drawing_review_state", "state", "id"),
        Index("ix_drawing_review_designer", "designer_id", "id"),
        Index("ix_drawing_review_owner", "owner_id", "id"),
    )


class ReviewRound(Base):
    """One round: what was handed in, what came out, who signed for it."""

    __tablename__ = "review_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("drawing_review.id"))
    round_no: Mapped[int]
    submitted_at: Mapped[datetime]
    documents: Mapped[list[str]] = mapped_column(JSON)
    """What was handed in, codes of `Paper`."""
    what_changed: Mapped[str | None] = mapped_column(Text)
    pass_score: Mapped[int]
    reviewed_at: Mapped[datetime | None]
    score: Mapped[int | None]
    result: Mapped[str | None] = mapped_column(String(10))
    opinion: Mapped[str | None] = mapped_column(Text)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    acknowledged_at: Mapped[datetime | None]
    acknowledgement_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    """The scan of the signed paper."""

    review: Mapped[DrawingReview] = relationship(back_populates="rounds")
    reviewer: Mapped[User | None] = relationship()
    acknowledged_by: Mapped[Party | None] = relationship()

    __table_args__ = (
        one_of("result", Result, nullable=True),
        Index("uq_review_round_no", "review_id", "round_no", unique=True),
        Index("ix_review_round_reviewed", "reviewed_at", "review_id"),
        CheckConstraint("score IS NULL OR score BETWEEN 0 AND 100", name="score_in_range"),
        CheckConstraint(
            "(result IS NULL) = (reviewed_at IS NULL) AND (result IS NULL) = (score IS NULL)", name="result_is_whole"
        ),
    )


class ReviewFinding(Base):
    """A finding: its rule as it was when it was found, where it is, and what became of it."""

    __tablename__ = "review_finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("drawing_review.id"), index=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("deduction_rule.id"), index=True)
    code: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(100))
    points_each: Mapped[int]
    count: Mapped[int] = mapped_column(default=1)
    must_fix: Mapped[bool]
    place: Mapped[str | None] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    round_no: Mapped[int]
    """The round it was found in."""
    claimed_in_round: Mapped[int | None]
    """The round for which the designer last said that it is corrected."""
    judged_in_round: Mapped[int | None]
    """The round in which the reviewer last said whether it is corrected."""
    fixed_in_round: Mapped[int | None]
    """None: it is open."""
    fixed_at: Mapped[datetime | None]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    """The paper or photo it is marked on."""
    page_no: Mapped[int | None]
    mark_x: Mapped[int | None]
    mark_y: Mapped[int | None]
    """Where on the page, in thousandths of its width and height."""

    review: Mapped[DrawingReview] = relationship(back_populates="findings")
    rule: Mapped[DeductionRule] = relationship()
    attachment: Mapped[Attachment | None] = relationship(lazy="joined")

    @property
    def points(self) -> int:
        """What it deducts while it is open."""
        return self.points_each * self.count

    @property
    def is_marked(self) -> bool:
        """Whether it is pinned to a page or photo that is not in the bin."""
        return self.attachment is not None and self.attachment.removed_at is None

    @property
    def is_open(self) -> bool:
        """Whether it is not corrected as far as it is known."""
        return self.fixed_in_round is None

    def is_open_in(self, round_no: int) -> bool:
        """Whether it counted in a round."""
        return self.round_no <= round_no and (self.fixed_in_round is None or self.fixed_in_round > round_no)

    __table_args__ = (
        CheckConstraint("count BETWEEN 1 AND 99", name="count_in_range"),
        CheckConstraint("points_each BETWEEN 1 AND 100", name="points_in_range"),
        CheckConstraint("fixed_in_round IS NULL OR fixed_in_round > round_no", name="fixed_later"),
        CheckConstraint(
            "mark_x IS NULL OR (attachment_id IS NOT NULL AND page_no >= 1 AND mark_x BETWEEN 0 AND 1000"
            " AND mark_y BETWEEN 0 AND 1000)",
            name="mark_is_whole",
        ),
    )
