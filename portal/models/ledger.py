"""The ledger of penalties by month: a line per decision, a second one when it is reversed. Source: `domain.md` 3.20, 4.18."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import User
from portal.models.penalty import PenaltyEntry


class LedgerMonth(Base):
    """A month that is closed: no line is written in it any more."""

    __tablename__ = "ledger_month"

    month: Mapped[date] = mapped_column(primary_key=True)
    """Its first day."""
    closed_at: Mapped[datetime]
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    closed_by: Mapped[User] = relationship()


class LedgerLine(Base):
    """One decision in the month it belongs to. Never changed: what is reversed gets a line of its own."""

    __tablename__ = "ledger_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    month: Mapped[date]
    """The first day of its month."""
    decided_on: Mapped[date]
    """The company's day of the decision; in a closed month, the line stands in the first open one after it."""
    entry_id: Mapped[int] = mapped_column(ForeignKey("penalty_entry.id"))
    is_reversal: Mapped[bool] = mapped_column(default=False)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    """Yuan, below zero for a reversal, nothing for a penalty without money."""
    booked_at: Mapped[datetime]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    entry: Mapped[PenaltyEntry] = relationship()
    booked_by: Mapped[User | None] = relationship()

    __table_args__ = (UniqueConstraint("entry_id", "is_reversal"), Index("ix_ledger_line_month", "month", "id"))
