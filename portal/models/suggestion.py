"""Suggestions of customers. Source: `domain.md` 3.24, 4.8."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record, prefixed, where
from portal.models.consultation import Channel
from portal.models.customer import Customer
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.processes.suggestion import PROCESS, Decision, State, Worth
from portal.terms import one_of


class Suggestion(Record, Base):
    """An idea of a customer, not a grievance. Rules: `processes/suggestion.py`."""

    __tablename__ = "suggestion"
    KIND, PREFIX, PROCESS = "suggestions", "JL", PROCESS

    state: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    name: Mapped[str | None] = mapped_column(prefixed(50))
    """Whose idea it is; None: a slip of the box without a name."""
    phone: Mapped[str | None] = mapped_column(prefixed(30))
    channel: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    source_kind: Mapped[str | None] = mapped_column(String(30))
    source_id: Mapped[int | None]
    source_number: Mapped[str | None] = mapped_column(String(40))
    """The contact, call or survey in which it was said."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    worth: Mapped[str | None] = mapped_column(String(20))
    worth_note: Mapped[str | None] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(String(20))
    sent_to_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    sent_at: Mapped[datetime | None]
    expected_on: Mapped[date | None]
    """The day by which the customer was told to hear again."""
    decision: Mapped[str | None] = mapped_column(String(20))
    decision_note: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    progress: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    is_satisfied: Mapped[bool | None]
    """None: not asked or no opinion."""

    customer: Mapped[Customer | None] = relationship()
    project: Mapped[Project | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    sent_to: Mapped[Party | None] = relationship(foreign_keys=[sent_to_id])
    decided_by: Mapped[Party | None] = relationship(foreign_keys=[decided_by_id])

    @property
    def subject(self) -> str:
        """The idea in short."""
        return self.content.splitlines()[0][:60]

    __table_args__ = (
        one_of("state", State),
        one_of("channel", Channel),
        one_of("department", Department, nullable=True),
        one_of("decision", Decision, nullable=True),
        one_of("worth", Worth, nullable=True),
        CheckConstraint(
            "state = 'RECORDED' OR (department IS NOT NULL AND sent_at IS NOT NULL)", name="sent_somewhere"
        ),
        CheckConstraint(
            "state IN ('RECORDED', 'SENT') OR (decision IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_has_a_time",
        ),
        CheckConstraint("state <> 'IMPLEMENTED' OR done_at IS NOT NULL", name="implemented_has_a_time"),
        CheckConstraint("state <> 'ANSWERED_CUSTOMER' OR answered_at IS NOT NULL", name="answered_has_a_time"),
        Index("ix_suggestion_branch", "branch_id", "id"),
        Index("ix_suggestion_source", "source_kind", "source_id", **where("source_id IS NOT NULL")),
    )
