"""Requests for consent with whoever has to give it. Rules: `processes/approval.py`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.attachment import Attachment
from portal.models.base import Base, Record
from portal.models.customer import Customer
from portal.models.org import Department, Party, User
from portal.processes.approval import PROCESS, Decision, Level, State, What
from portal.terms import one_of

Someone = tuple[str, int]
"""A colleague or a person without a login: what kind, and the number."""


class Approval(Record, Base):
    """One round of asking for consent to one record at one amount. Rounds are never deleted."""

    __tablename__ = "approval"
    KIND, PREFIX, PROCESS = "approvals", "SP", PROCESS

    state: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(20))
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(String(40))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    """What it is about, in the words of its record."""
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    """Yuan that consent is asked for; None: no money."""
    counted: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    """Yuan by which the level is found: with what the contract and the household were granted before."""
    round_no: Mapped[int]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """None: the portal."""
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When what was consented to was carried out; it cannot be taken back any more."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was refused, taken back, or void."""

    customer: Mapped[Customer | None] = relationship()
    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id])
    steps: Mapped[list[ApprovalStep]] = relationship(back_populates="approval", order_by="ApprovalStep.position")

    @property
    def present(self) -> ApprovalStep | None:
        """Whose word it waits for now."""
        return next((step for step in self.steps if step.decision is None), None)

    @property
    def is_used(self) -> bool:
        """Whether it was carried out."""
        return self.used_at is not None

    @property
    def asker(self) -> Someone | None:
        """Who asked, for four eyes."""
        return (User.__tablename__, self.asked_by_id) if self.asked_by_id else None

    @property
    def deciders(self) -> list[Someone]:
        """Who has decided, each as often as they did."""
        return [step.decider for step in self.steps if step.decider is not None]

    @property
    def owner(self) -> User | None:
        """Whoever asked and is told; whoever proposed a penalty is told by the steps of the penalty itself."""
        return None if self.what == What.PENALTY else self.asked_by

    __table_args__ = (
        one_of("state", State),
        one_of("what", What),
        UniqueConstraint("record_kind", "record_id", "round_no", name="uq_approval_round"),
        CheckConstraint("amount IS NULL OR amount >= 0", name="amount_not_negative"),
        Index("ix_approval_branch", "branch_id", "id"),
        Index("ix_approval_state", "state", "branch_id", "id"),
    )


class ApprovalStep(Base):
    """Whose consent a request takes, and what they said: themselves, or somebody for them (A for B)."""

    __tablename__ = "approval_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"))
    position: Mapped[int]
    level: Mapped[str] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    """Of a head: of which department; human resources may decide too."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """The colleague who decided, or to whom it was forwarded."""
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """The leader or head who decided, or to whom it was forwarded."""
    for_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    for_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """Whom the decider stood in for."""
    decision: Mapped[str | None] = mapped_column(String(20))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(String(200))
    """Where the signed paper is, of a word that was recorded."""
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    recorded_at: Mapped[datetime | None]

    approval: Mapped[Approval] = relationship(back_populates="steps")
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    party: Mapped[Party | None] = relationship(foreign_keys=[party_id])
    for_user: Mapped[User | None] = relationship(foreign_keys=[for_user_id])
    for_party: Mapped[Party | None] = relationship(foreign_keys=[for_party_id])
    recorded_by: Mapped[User | None] = relationship(foreign_keys=[recorded_by_id])
    scan: Mapped[Attachment | None] = relationship()

    @property
    def decider(self) -> Someone | None:
        """Who decided it; None: nobody yet."""
        if self.decision is None:
            return None
        return (Party.__tablename__, self.party_id) if self.party_id else (User.__tablename__, self.user_id or 0)

    @property
    def who(self) -> str | None:
        """The name of whoever decided, or is to decide because it was forwarded."""
        found = self.party or self.user
        return found.name if found else None

    @property
    def for_whom(self) -> str | None:
        """The name of whom they stood in for."""
        found = self.for_party or self.for_user
        return found.name if found else None

    __table_args__ = (
        one_of("level", Level),
        one_of("department", Department, nullable=True),
        one_of("decision", Decision, nullable=True),
        UniqueConstraint("approval_id", "position"),
        CheckConstraint("decision IS NULL OR decided_at IS NOT NULL", name="decision_has_a_time"),
        CheckConstraint("user_id IS NULL OR party_id IS NULL", name="one_person"),
    )
