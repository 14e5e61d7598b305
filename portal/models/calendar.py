"""The company's calendar as rows: holidays, make-up days, own days, the week. Every change is a new version."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class CalendarDay(Base):
    """A day that differs from its weekday."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    """HOLIDAY, MAKEUP or OVERRIDE (the company's own rule, which beats the others)."""
    name: Mapped[str] = mapped_column(String(100))
    intervals: Mapped[list[list[str]] | None] = mapped_column(JSON)
    """Working intervals [["09:00", "12:00"]]; [] closed; None as the kind says."""
    source: Mapped[str] = mapped_column(String(50))
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    updated_at: Mapped[datetime]


class CalendarYear(Base):
    """Whether the make-up days of a year are known or still to be announced."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True)
    confirmed: Mapped[bool]
    source: Mapped[str] = mapped_column(String(50))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class CalendarWeek(Base):
    """The weekly pattern (one row) and the calendar's version number."""

    __tablename__ = "calendar_week"

    id: Mapped[int] = mapped_column(primary_key=True)
    pattern: Mapped[dict[str, Any]] = mapped_column(JSON)
    """{"0": [["08:30", "12:00"], ["13:30", "18:00"]], …} Monday is 0."""
    version: Mapped[int] = mapped_column()
    changed_at: Mapped[datetime]
