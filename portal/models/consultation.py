"""Calls, visits and messages. Source: `domain.md` 3.8, 4.1."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record, prefixed, where
from portal.models.customer import Customer
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.processes import consultation as rules
from portal.terms import Term, one_of


class Channel(Term):
    """How the customer reached us."""

    PHONE = "PHONE", "Call"
    VISIT = "VISIT", "Visit"
    WEBSITE = "WEBSITE", "Website"
    WECHAT = "WECHAT", "WeChat"
    PLATFORM = "PLATFORM", "Platform"
    EMAIL = "EMAIL", "E-mail"
    BOX = "BOX", "Suggestion box"
    EXPO = "EXPO", "Exhibition"


class Matter(Term):
    """What the contact is about."""

    CONSULT = "CONSULT", "Consultation"
    COMPLAINT = "COMPLAINT", "Complaint"
    REPAIR = "REPAIR", "Repair"
    SUGGESTION = "SUGGESTION", "Suggestion"
    MESSAGE = "MESSAGE", "Message"
    OTHER = "OTHER", "Other"


class Complexity(Term):
    """COMMON is answered at once, SPECIAL is forwarded."""

    COMMON = "COMMON", "Common"
    SPECIAL = "SPECIAL", "Special"


class Consultation(Record, Base):
    """One contact: who, when, about what, who answers. The log of the day is this table."""

    __tablename__ = "consultation"
    KIND, PREFIX, PROCESS = "consultations", "ZX", rules.PROCESS

    state: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    complexity: Mapped[str] = mapped_column(String(10), default=Complexity.COMMON)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    """When somebody called or came; `created_at` is when it was written down, the same or later."""
    caller_number: Mapped[str | None] = mapped_column(String(30), index=True)
    name: Mapped[str] = mapped_column(prefixed(50), index=True)
    phone: Mapped[str] = mapped_column(prefixed(30), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"))
    property_address: Mapped[str | None] = mapped_column(String(200))
    area: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    layout: Mapped[str | None] = mapped_column(String(50))
    style: Mapped[str | None] = mapped_column(String(100))
    budget: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    handover_on: Mapped[date | None]
    """When the developer hands the home over to the customer."""
    wanted_start_on: Mapped[date | None]
    """When the customer would like the works to begin."""
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    is_urgent: Mapped[bool] = mapped_column(default=False)
    promise: Mapped[str | None] = mapped_column(String(200))
    """What was promised to the customer, in the words used; its moment is the task's."""
    needs_call_back: Mapped[bool] = mapped_column(default=False)
    message_to_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    forwarded_department: Mapped[str | None] = mapped_column(String(20))
    forwarded_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    forwarded_at: Mapped[datetime | None]
    wait_told: Mapped[bool] = mapped_column(default=False)
    transfer_consent: Mapped[bool] = mapped_column(default=False)
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None]
    is_satisfied: Mapped[bool | None]
    """None: not asked or no opinion."""
    further_need: Mapped[str | None] = mapped_column(String(200))
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    """Visitors: in the house from arrived_at until left_at."""
    taken_seconds: Mapped[int | None]
    """How long the registration took, from the first key to saved."""
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id", use_alter=True))

    customer: Mapped[Customer | None] = relationship()
    project: Mapped[Project | None] = relationship()
    message_to: Mapped[User | None] = relationship(foreign_keys=[message_to_id])
    forwarded_party: Mapped[Party | None] = relationship(foreign_keys=[forwarded_party_id])

    __table_args__ = (
        one_of("state", rules.State),
        one_of("channel", Channel),
        one_of("kind", Matter),
        one_of("complexity", Complexity),
        one_of("forwarded_department", Department, nullable=True),
        Index("ix_consultation_in_house", "channel", "left_at"),
        Index("ix_consultation_state", "state", "occurred_at"),
        Index("ix_consultation_writer", "created_by_id", "occurred_at"),
        Index("ix_consultation_message_to", "message_to_id", **where("message_to_id IS NOT NULL")),
        Index("ix_consultation_branch", "branch_id", "occurred_at", "id"),
        Index("ix_consultation_branch_state", "branch_id", "state", "occurred_at", "id"),
    )
