"""Completion acceptance with its lines, rounds and signatures. Source: `domain.md` 3.14; rules: `processes/completion.py`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.models.base import Base, Record
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.project import Project
from portal.processes import completion as rules
from portal.terms import one_of


class CompletionAcceptance(Record, Base):
    """The acceptance of finished works by the customer (JG-). Its day starts the warranty."""

    __tablename__ = "completion_acceptance"
    KIND, PREFIX, PROCESS = "completions", "JG", rules.PROCESS

    state: Mapped[str] = mapped_column(String(20), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), unique=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    self_checked_at: Mapped[datetime | None]
    initial_checked_at: Mapped[datetime | None]
    initial_present: Mapped[str | None] = mapped_column(String(200))
    initial_result: Mapped[str | None] = mapped_column(Text)
    defects_removed: Mapped[bool] = mapped_column(default=False)
    notice_sent_at: Mapped[datetime | None]
    notice_channel: Mapped[str | None] = mapped_column(String(20))
    notice_hours: Mapped[int | None]
    """The least hours between notice and acceptance, as the setting said when it was sent."""
    appointed_at: Mapped[datetime | None]
    place: Mapped[str | None] = mapped_column(String(200))
    invited: Mapped[str | None] = mapped_column(String(200))
    accepted_at: Mapped[datetime | None] = mapped_column(index=True)
    present: Mapped[str | None] = mapped_column(String(200))
    conclusion: Mapped[str | None] = mapped_column(Text)
    customer_words: Mapped[str | None] = mapped_column(Text)
    settled_on: Mapped[date | None]
    """The day on which the last money was in."""

    project: Mapped[Project] = relationship()
    contract: Mapped[Contract] = relationship()
    customer: Mapped[Customer] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    checks: Mapped[list[CompletionCheck]] = relationship(back_populates="completion", order_by="CompletionCheck.id")
    rounds: Mapped[list[CompletionRound]] = relationship(back_populates="completion", order_by="CompletionRound.id")
    signatures: Mapped[list[CompletionSignature]] = relationship(
        back_populates="completion", order_by="CompletionSignature.id"
    )

    @property
    def address(self) -> str:
        """The home that is handed over."""
        return self.project.property.address

    @property
    def contract_number(self) -> str:
        """The number printed on the contract."""
        return self.contract.number

    @property
    def accepted_on(self) -> date | None:
        """The day of the acceptance on the company's calendar: the first day of the warranty."""
        return clock.today(self.accepted_at) if self.accepted_at else None

    __table_args__ = (
        one_of("state", rules.State),
        one_of("notice_channel", rules.NoticeChannel, nullable=True),
        CheckConstraint("state NOT IN ('ACCEPTED', 'SETTLED') OR accepted_at IS NOT NULL", name="accepted_has_a_time"),
        CheckConstraint("state <> 'SETTLED' OR settled_on IS NOT NULL", name="settled_has_a_day"),
        Index("ix_completion_acceptance_branch", "branch_id", "id"),
    )


class CompletionCheck(Base):
    """One line of the acceptance: a trade in a room, and what the customer says to it."""

    __tablename__ = "completion_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    completion_id: Mapped[int] = mapped_column(ForeignKey("completion_acceptance.id"), index=True)
    room: Mapped[str] = mapped_column(String(50))
    trade: Mapped[str] = mapped_column(String(50))
    what: Mapped[str] = mapped_column(String(200))
    verdict: Mapped[str | None] = mapped_column(String(20))
    """None: not looked at yet."""
    remark: Mapped[str | None] = mapped_column(String(200))

    completion: Mapped[CompletionAcceptance] = relationship(back_populates="checks")

    __table_args__ = (one_of("verdict", rules.Verdict, nullable=True),)


class CompletionRound(Base):
    """What the customer refused on one day, what must be done about it and until when."""

    __tablename__ = "completion_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    completion_id: Mapped[int] = mapped_column(ForeignKey("completion_acceptance.id"), index=True)
    refused_at: Mapped[datetime]
    items: Mapped[str] = mapped_column(Text)
    """The refused lines, word for word."""
    requirement: Mapped[str] = mapped_column(Text)
    limit_on: Mapped[date]
    rectified_on: Mapped[date | None]

    completion: Mapped[CompletionAcceptance] = relationship(back_populates="rounds")


class CompletionSignature(Base):
    """A customer's signature under the acceptance, bound to exactly what was shown when it was given."""

    __tablename__ = "completion_signature"

    id: Mapped[int] = mapped_column(primary_key=True)
    completion_id: Mapped[int] = mapped_column(ForeignKey("completion_acceptance.id"), index=True)
    signed_by: Mapped[str] = mapped_column(String(50))
    signed_at: Mapped[datetime]
    shown: Mapped[str] = mapped_column(Text)
    shown_hash: Mapped[str] = mapped_column(String(64))
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    """The drawn signature or the scan of the signed paper; None: from before pictures were kept."""
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    completion: Mapped[CompletionAcceptance] = relationship(back_populates="signatures")
