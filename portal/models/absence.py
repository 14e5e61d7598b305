"""Who is away from when to when, and who stands in. Rules: `processes/absence.py`; read by `services/standing_in.py`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import Party, User


class Absence(Base):
    """Somebody is away between two days, both counted, and somebody stands in.

    Of people with a login the whole work goes to who stands in; of leaders without one, what they decide.
    """

    __tablename__ = "absence"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    """Who is away: somebody with a login, or a leader without one."""
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    by_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """Who stands in."""
    from_on: Mapped[date]
    until_on: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(200))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was ended before its last day."""

    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    party: Mapped[Party | None] = relationship(foreign_keys=[party_id])
    by_user: Mapped[User | None] = relationship(foreign_keys=[by_user_id])
    by_party: Mapped[Party | None] = relationship(foreign_keys=[by_party_id])
    made_by: Mapped[User | None] = relationship(foreign_keys=[made_by_id])

    __table_args__ = (
        CheckConstraint("from_on <= until_on", name="days_in_order"),
        CheckConstraint("(user_id IS NULL) <> (party_id IS NULL)", name="one_is_away"),
        CheckConstraint("(by_user_id IS NULL) <> (by_party_id IS NULL)", name="one_stands_in"),
        Index("ix_absence_days", "until_on", "from_on"),
    )
