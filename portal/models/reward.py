"""Rewards: who, for what, with what was known then. They stand in the ledger beside the penalties. Source: `domain.md` 3.20, 4.18."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.org import Crew, Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.processes.penalty import Executor
from portal.processes.reward import PROCESS, Cause, Kind, State
from portal.terms import one_of


class RewardEntry(Record, Base):
    """Praise, a bonus or a proposed promotion. Rules: `processes/reward.py`. Numbered with the penalties: one ledger."""

    __tablename__ = "reward_entry"
    KIND, PREFIX, PROCESS = "rewards", PenaltyEntry.PREFIX, PROCESS

    state: Mapped[str] = mapped_column(String(20), default=State.PROPOSED, index=True)
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(20))
    """What for: high satisfaction, praise of a customer …"""
    rule: Mapped[str] = mapped_column(String(10))
    """The line of the catalogue, K-70."""
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    """The person, of a crew its foreman."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """A colleague with a login."""
    department: Mapped[str | None] = mapped_column(String(20))
    """Whose person it was when it was proposed; None: not known. Customer service decides about its own alone."""
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(String(40))
    """The record it is proposed for."""
    words: Mapped[str] = mapped_column(Text)
    """What was done well: in the customer's words where it was praise."""
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    """Yuan of a bonus; None: to be decided, or a reward without money."""
    cause: Mapped[str] = mapped_column(String(100))
    """What it is proposed for; no kind is proposed twice for the same."""
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was known when it was proposed. Never changed."""
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: the portal."""

    decision: Mapped[str | None] = mapped_column(Text)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """The head of the other department, or HR, who confirmed it."""
    confirmed_at: Mapped[datetime | None]
    executor: Mapped[str | None] = mapped_column(String(20))
    """Who carries it out: HR or finance."""
    sent_at: Mapped[datetime | None]
    executed_at: Mapped[datetime | None]
    execution_note: Mapped[str | None] = mapped_column(Text)

    crew: Mapped[Crew | None] = relationship()
    party: Mapped[Party | None] = relationship(foreign_keys=[party_id])
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    proposed_by: Mapped[User | None] = relationship(foreign_keys=[proposed_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    confirmed_by: Mapped[Party | None] = relationship(foreign_keys=[confirmed_by_id])

    @property
    def person(self) -> str:
        """Whom it concerns."""
        named = self.crew or self.party or self.user
        return named.name if named else ""

    @property
    def owner(self) -> User | None:
        """Who proposed it and is told what becomes of it."""
        return self.proposed_by

    @property
    def subject(self) -> str:
        """Whom it concerns and by which rule."""
        return f"{self.person} {self.rule}"

    __table_args__ = (
        one_of("state", State),
        one_of("kind", Kind),
        one_of("reason", Cause),
        one_of("department", Department, nullable=True),
        one_of("executor", Executor, nullable=True),
        UniqueConstraint("cause", "kind"),
        CheckConstraint("crew_id IS NOT NULL OR party_id IS NOT NULL OR user_id IS NOT NULL", name="subject_known"),
        CheckConstraint("amount IS NULL OR (amount > 0 AND kind = 'BONUS')", name="amount_of_a_bonus"),
        CheckConstraint(
            "state NOT IN ('APPROVED', 'SENT', 'EXECUTED') OR approved_at IS NOT NULL", name="nothing_without_approval"
        ),
        CheckConstraint("state <> 'EXECUTED' OR executed_at IS NOT NULL", name="executed_has_a_time"),
        Index("ix_reward_entry_branch", "branch_id", "id"),
        Index("ix_reward_entry_record", "record_kind", "record_id"),
    )
