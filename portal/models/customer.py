"""Customers and their properties. Source: `domain.md` 3.1, 3.2."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record, prefixed
from portal.models.org import User
from portal.terms import Term, one_of


class GenderTitle(Term):
    """How the customer is addressed in scripts."""

    MR = "MR", "Mr"
    MS = "MS", "Ms"


class CustomerGrade(Term):
    """Importance grade (`domain.md` 5.5)."""

    A = "A", "Grade A"
    B = "B", "Grade B"
    C = "C", "Grade C"


class CustomerSource(Term):
    """How the customer came."""

    PHONE = "PHONE", "Phone"
    WEBSITE = "WEBSITE", "Website"
    WECHAT = "WECHAT", "WeChat account"
    PLATFORM = "PLATFORM", "Decoration platform"
    STORE = "STORE", "Walk-in"
    EXPO = "EXPO", "Exhibition"
    ESTATE = "ESTATE", "Estate"
    REFERRAL = "REFERRAL", "Referral"


class Intention(Term):
    """How likely the customer is to sign."""

    HIGH = "HIGH", "High"
    MEDIUM = "MEDIUM", "Medium"
    LOW = "LOW", "Low"


class CustomerKind(Term):
    """Where the customer stands with the company."""

    LEAD = "LEAD", "Lead"
    SIGNED = "SIGNED", "Signed"
    UNDER_CONSTRUCTION = "UNDER_CONSTRUCTION", "Under construction"
    IN_WARRANTY = "IN_WARRANTY", "In warranty"
    OUT_OF_WARRANTY = "OUT_OF_WARRANTY", "Out of warranty"
    CANCELLED = "CANCELLED", "Cancelled"
    LOST = "LOST", "Lost"


class Customer(Record, Base):
    """A person who asks for or has bought renovation. Phones are digits only (a landline keeps its dash)."""

    __tablename__ = "customer"
    KIND, PREFIX = "customers", "KH"

    name: Mapped[str] = mapped_column(prefixed(50), index=True)
    gender_title: Mapped[str | None] = mapped_column(String(10))
    phone: Mapped[str] = mapped_column(prefixed(30))
    phone_tail: Mapped[str] = mapped_column(String(4), index=True)
    """Last four digits, for callers who say only these."""
    phone2: Mapped[str | None] = mapped_column(prefixed(30), index=True)
    wechat: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(200))
    representative: Mapped[str | None] = mapped_column(String(50))
    representative_phone: Mapped[str | None] = mapped_column(prefixed(30), index=True)
    grade: Mapped[str] = mapped_column(String(1), default=CustomerGrade.C)
    source: Mapped[str] = mapped_column(String(20))
    intention: Mapped[str | None] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(20), default=CustomerKind.LEAD)
    is_repeat: Mapped[bool] = mapped_column(default=False)
    referred_by_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    style: Mapped[str | None] = mapped_column(String(100))
    budget: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    needs: Mapped[str | None] = mapped_column(Text)
    avoid_times: Mapped[str | None] = mapped_column(String(200))
    sms_opt_out: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """The specialist who answers for this customer."""
    anniversaries: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    lost_reason: Mapped[str | None] = mapped_column(Text)

    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    referred_by: Mapped[Customer | None] = relationship(remote_side="Customer.id")
    properties: Mapped[list[Property]] = relationship(back_populates="customer")

    __table_args__ = (
        UniqueConstraint("phone", "name"),
        Index("ix_customer_branch", "branch_id", "id"),
        Index("ix_customer_owner", "owner_id", "id"),
        Index("ix_customer_kind", "kind", "id"),
        Index("ix_customer_grade", "grade", "id"),
        Index("ix_customer_opt_out", "sms_opt_out", "id"),
        Index("ix_customer_created", "created_at", "id"),
        one_of("gender_title", GenderTitle, nullable=True),
        one_of("grade", CustomerGrade),
        one_of("source", CustomerSource),
        one_of("intention", Intention, nullable=True),
        one_of("kind", CustomerKind),
    )


class Property(Record, Base):
    """A home to be renovated."""

    __tablename__ = "property"
    KIND, PREFIX = "properties", "FW"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    estate: Mapped[str] = mapped_column(prefixed(100))
    building: Mapped[str] = mapped_column(prefixed(20))
    unit: Mapped[str] = mapped_column(prefixed(20))
    room: Mapped[str] = mapped_column(prefixed(20))
    area: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    """Square metres."""
    layout: Mapped[str | None] = mapped_column(String(50))
    handover_on: Mapped[date | None]

    customer: Mapped[Customer] = relationship(back_populates="properties")

    __table_args__ = (
        Index("ix_property_branch", "branch_id", "id"),
        Index("ix_property_address", "estate", "building", "unit", "room"),
        Index("ix_property_room", "room", "building", "unit", "estate"),
    )

    @property
    def address(self) -> str:
        """The address as staff say it: 翠湖天地 5 号楼 1 单元 1802."""
        from portal.formatting import address

        return address(self.estate, self.building, self.unit, self.room)
