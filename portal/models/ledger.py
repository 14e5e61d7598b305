"""The ledger of penalties and rewards by month: a line per decision, a second one when it is reversed. Source: `domain.md` 3.20, 4.18."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry


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
    penalty_id: Mapped[int | None] = mapped_column(ForeignKey("penalty_entry.id"))
    """What was decided; None: it is a reward."""
    is_reversal: Mapped[bool] = mapped_column(default=False)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    """Yuan taken, or given where a reward is decided; below zero for a reversal, nothing where there is no money."""
    booked_at: Mapped[datetime]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reward_id: Mapped[int | None] = mapped_column(ForeignKey("reward_entry.id"))
    """What was decided; None: it is a penalty."""

    penalty: Mapped[PenaltyEntry | None] = relationship()
    reward: Mapped[RewardEntry | None] = relationship()
    booked_by: Mapped[User | None] = relationship()

    @property
    def entry(self) -> PenaltyEntry | RewardEntry:
        """What was decided."""
        found = self.penalty or self.reward
        assert found is not None, "a line is about one of the two"
        return found

    __table_args__ = (
        UniqueConstraint("penalty_id", "is_reversal"),
        UniqueConstraint("reward_id", "is_reversal"),
        CheckConstraint("(penalty_id IS NULL) <> (reward_id IS NULL)", name="one_entry"),
        Index("ix_ledger_line_month", "month", "id"),
    )


KEPT = {
    "sqlite": [
        "CREATE TRIGGER ledger_line_closed BEFORE INSERT ON ledger_line"
        " WHEN EXISTS (SELECT 1 FROM ledger_month WHERE ledger_month.month = NEW.month)"
        " BEGIN SELECT RAISE(ABORT, 'this month of the ledger is closed'); END",
        "CREATE TRIGGER ledger_line_no_update BEFORE UPDATE ON ledger_line"
        " BEGIN SELECT RAISE(ABORT, 'lines of the ledger are never changed'); END",
        "CREATE TRIGGER ledger_line_no_delete BEFORE DELETE ON ledger_line"
        " BEGIN SELECT RAISE(ABORT, 'lines of the ledger are never deleted'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION ledger_line_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP <> 'INSERT' THEN RAISE EXCEPTION 'lines of the ledger are never changed or deleted'; END IF;"
        " IF EXISTS (SELECT 1 FROM ledger_month WHERE ledger_month.month = NEW.month)"
        " THEN RAISE EXCEPTION 'this month of the ledger is closed'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER ledger_line_kept BEFORE INSERT OR UPDATE OR DELETE ON ledger_line"
        " FOR EACH ROW EXECUTE FUNCTION ledger_line_kept()",
    ],
}
"""The database itself keeps the ledger: no line is changed or deleted, none is written in a closed month; the migration runs these too."""

for _dialect, _statements in KEPT.items():
    for _statement in _statements:
        event.listen(
            LedgerLine.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),
        )
