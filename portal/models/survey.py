"""Satisfaction surveys, their answers and their one-time links. Source: `domain.md` 3.21, 4.21."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record, prefixed, where
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.processes.survey import PROCESS, AnsweredVia, State, SurveyKind
from portal.terms import one_of


class Survey(Record, Base):
    """One customer asked once. Only what is ANSWERED counts in a figure. Rules: `processes/survey.py`."""

    __tablename__ = "survey"
    KIND, PREFIX, PROCESS = "surveys", "MY", PROCESS

    state: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    repair_order_id: Mapped[int | None] = mapped_column(ForeignKey("repair_order.id"), index=True)
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"), index=True)
    """What it is about, as far as it is about one thing."""
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    """The complaint that came of it."""
    cause: Mapped[str | None] = mapped_column(String(100), unique=True)
    """Why the portal asked by itself; nobody is asked twice for the same. None: a person started it."""
    contact_name: Mapped[str] = mapped_column(String(50))
    contact_phone: Mapped[str] = mapped_column(prefixed(30))
    """The one person who is asked."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What is asked, as it was when it was sent: `code`, `is_required`."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    sent_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_via: Mapped[str | None] = mapped_column(String(20))
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who wrote the answers down; None: the customer."""
    overall: Mapped[int | None]
    """1 to 5, as in the answers; None: not answered."""
    lowest: Mapped[int | None]
    """The lowest score of all."""
    recommend: Mapped[int | None]
    """0 to 10; None: not said."""
    praise: Mapped[str | None] = mapped_column(Text)
    criticism: Mapped[str | None] = mapped_column(Text)
    wants_contact: Mapped[bool] = mapped_column(default=False)
    is_low: Mapped[bool] = mapped_column(default=False)
    """Answered so that somebody sees to it, by the limit that was in force then."""
    void_reason: Mapped[str | None] = mapped_column(Text)

    customer: Mapped[Customer] = relationship()
    project: Mapped[Project | None] = relationship()
    repair_order: Mapped[RepairOrder | None] = relationship()
    consultation: Mapped[Consultation | None] = relationship()
    complaint: Mapped[Complaint | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    entered_by: Mapped[User | None] = relationship(foreign_keys=[entered_by_id])
    answers: Mapped[list[SurveyAnswer]] = relationship(
        order_by="SurveyAnswer.place", cascade="all, delete-orphan", back_populates="survey"
    )
    links: Mapped[list[SurveyLink]] = relationship(order_by="SurveyLink.id", back_populates="survey")

    @property
    def subject(self) -> str:
        """What it is about."""
        return SurveyKind.show(self.kind)

    __table_args__ = (
        one_of("state", State),
        one_of("kind", SurveyKind),
        one_of("answered_via", AnsweredVia, nullable=True),
        CheckConstraint(
            "state <> 'ANSWERED' OR (overall IS NOT NULL AND answered_at IS NOT NULL AND answered_via IS NOT NULL)",
            name="answered_has_answers",
        ),
        CheckConstraint("state <> 'VOID' OR void_reason IS NOT NULL", name="void_has_a_reason"),
        CheckConstraint("overall IS NULL OR overall BETWEEN 1 AND 5", name="overall_in_range"),
        CheckConstraint("lowest IS NULL OR lowest BETWEEN 1 AND 5", name="lowest_in_range"),
        CheckConstraint("recommend IS NULL OR recommend BETWEEN 0 AND 10", name="recommend_in_range"),
        Index("ix_survey_branch", "branch_id", "id"),
        Index("ix_survey_answered", "answered_at", **where("state = 'ANSWERED'")),
        Index("ix_survey_contact", "contact_phone"),
    )


class SurveyAnswer(Base):
    """The score of one dimension, or of a line of the manager's own. What was not answered has no row."""

    __tablename__ = "survey_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    place: Mapped[int]
    dimension: Mapped[str] = mapped_column(String(40), index=True)
    """The code of `processes.survey.Dimension`, or the words of the line."""
    score: Mapped[int]
    """1 to 5."""

    survey: Mapped[Survey] = relationship(back_populates="answers")

    __table_args__ = (
        UniqueConstraint("survey_id", "dimension"),
        CheckConstraint("score BETWEEN 1 AND 5", name="score_in_range"),
    )


class SurveyLink(Base):
    """The way to a survey for its one contact, once. The address is signed; the table alone opens nothing."""

    __tablename__ = "survey_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    nonce: Mapped[str] = mapped_column(String(40), unique=True)
    """What the address signs."""
    made_at: Mapped[datetime]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime]
    mailed_to: Mapped[str | None] = mapped_column(String(200))
    mailed_at: Mapped[datetime | None]
    handed_via: Mapped[str | None] = mapped_column(String(40))
    """By which way somebody passed it on by hand."""
    handed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    used_mark: Mapped[str | None] = mapped_column(String(64))
    """A hash of the answers that came, so that the same form sent twice is known."""

    survey: Mapped[Survey] = relationship(back_populates="links")
    made_by: Mapped[User] = relationship()
