"""The ledger of penalties: who, by which rule, for what, with the evidence as it was. Source: `domain.md` 3.20."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.org import Crew, Party, User
from portal.processes.penalty import Kind, State
from portal.terms import one_of


class PenaltyEntry(Record, Base):
    """A penalty, proposed by the portal or by a person. Rules: `processes/penalty.py`."""

    __tablename__ = "penalty_entry"
    KIND, PREFIX = "penalties", "JC"

    state: Mapped[str] = mapped_column(String(20), default=State.PROPOSED, index=True)
    kind: Mapped[str] = mapped_column(String(20))
    rule: Mapped[str] = mapped_column(String(10))
    """The line of the catalogue, K-xx."""
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """The person, of a crew its foreman."""
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(String(40))
    """The record it is proposed for."""
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    """Yuan; None: to be decided."""
    occurrence_no: Mapped[int]
    """How often within twelve months, this time counted."""
    cause: Mapped[str] = mapped_column(String(100), unique=True)
    """What it is proposed for; nothing is proposed twice for the same."""
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was known when it was proposed: clock, limit, when it was found, who was told. Never changed."""
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: the portal."""

    crew: Mapped[Crew | None] = relationship()
    party: Mapped[Party | None] = relationship()
    proposed_by: Mapped[User | None] = relationship(foreign_keys=[proposed_by_id])

    @property
    def subject(self) -> str:
        """Whom it concerns and by which rule."""
        person = self.crew.name if self.crew else self.party.name if self.party else ""
        return f"{person} {self.rule}"

    __table_args__ = (
        one_of("state", State),
        one_of("kind", Kind),
        CheckConstraint("crew_id IS NOT NULL OR party_id IS NOT NULL", name="subject_known"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        Index("ix_penalty_entry_branch", "branch_id", "id"),
        Index("ix_penalty_entry_record", "record_kind", "record_id"),
    )
