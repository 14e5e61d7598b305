"""Reports as they were drawn up, signed and delivered. Rules: `processes/report.py`. Source: `domain.md` 3.24, 4.19, 6.1."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record, where
from portal.models.org import User
from portal.processes import report as rules
from portal.terms import one_of


class ReportRun(Record, Base):
    """One report about one period. Its figures stand still once it is signed; a correction is a run of its own."""

    __tablename__ = "report_run"
    KIND, PREFIX, PROCESS = "report-runs", "BB", rules.PROCESS
    OWNER_ROLE = "SPECIALIST"

    state: Mapped[str] = mapped_column(String(10), index=True)
    code: Mapped[str] = mapped_column(String(10))
    """RP-01, …"""
    period_from: Mapped[date]
    period_to: Mapped[date]
    """First and last day, both included, on the company's calendar."""
    due_at: Mapped[datetime | None]
    """Until when it is to be with its recipients; None: somebody asked for it, or it corrects another one."""
    edition: Mapped[int] = mapped_column(default=1)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("report_run.id"), index=True)
    """The signed run whose figures it corrects."""
    why: Mapped[str | None] = mapped_column(Text)
    """Why it was corrected."""
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: the calendar."""
    sections_done: Mapped[int | None] = mapped_column(sort_order=1)
    """While a worker measures it: so many of its sections are there; None: nothing is under way."""
    drafted_at: Mapped[datetime | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """The figures: `portal.reports.content`. Never changed once it is signed."""
    calendar_version: Mapped[str | None] = mapped_column(String(20))
    """Of the working calendar by which its limits were counted."""
    analysis: Mapped[str | None] = mapped_column(Text)
    measures: Mapped[str | None] = mapped_column(Text)
    plan: Mapped[str | None] = mapped_column(Text)
    help: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None]
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    sent_at: Mapped[datetime | None]
    is_late: Mapped[bool] = mapped_column(default=False)
    """It was not with its recipients by its time."""

    corrects: Mapped[ReportRun | None] = relationship(remote_side="ReportRun.id")
    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id])
    signed_by: Mapped[User | None] = relationship(foreign_keys=[signed_by_id])
    deliveries: Mapped[list[ReportDelivery]] = relationship(back_populates="run", order_by="ReportDelivery.id")

    @property
    def subject(self) -> str:
        """Which report about which days."""
        return f"{self.code} {self.period_from:%Y-%m-%d} – {self.period_to:%Y-%m-%d}"

    @property
    def is_frozen(self) -> bool:
        """Whether its figures and words stand still."""
        return self.signed_at is not None

    __table_args__ = (
        one_of("state", rules.State),
        CheckConstraint("period_to >= period_from", name="period_in_order"),
        CheckConstraint("edition >= 1", name="editions_from_one"),
        CheckConstraint(
            "state NOT IN ('SIGNED', 'SENT') OR (signed_at IS NOT NULL AND content IS NOT NULL)",
            name="signed_has_its_figures",
        ),
        CheckConstraint("state <> 'SENT' OR sent_at IS NOT NULL", name="sent_has_a_time"),
        Index("uq_report_run_due", "code", "period_from", "period_to", unique=True, **where("due_at IS NOT NULL")),
        Index("ix_report_run_branch", "branch_id", "id"),
        Index("ix_report_run_code", "code", "period_from"),
    )


class ReportDelivery(Base):
    """One recipient of a signed report, and how it got there."""

    __tablename__ = "report_delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("report_run.id"))
    recipient: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default=rules.Delivered.WAITING)
    way: Mapped[str | None] = mapped_column(String(10))
    name: Mapped[str | None] = mapped_column(String(50))
    """Who took it."""
    address: Mapped[str | None] = mapped_column(String(200))
    """For e-mail."""
    locale: Mapped[str | None] = mapped_column(String(10))
    message_id: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    answer: Mapped[str | None] = mapped_column(Text)
    """What the mail server said."""
    sent_at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    run: Mapped[ReportRun] = relationship(back_populates="deliveries")
    by: Mapped[User | None] = relationship(foreign_keys=[by_id])

    __table_args__ = (
        one_of("recipient", rules.Recipient),
        one_of("state", rules.Delivered),
        one_of("way", rules.Way, nullable=True),
        CheckConstraint("state <> 'SENT' OR sent_at IS NOT NULL", name="sent_has_a_time"),
        UniqueConstraint("run_id", "recipient"),
    )
