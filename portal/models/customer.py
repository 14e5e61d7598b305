"""Customers and their properties. Source: `domain.md` 3.1, 3.2."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import MERGED, STANDING, Base, Mergeable, Record, prefixed, where
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


CHOSEN_BY = ("kind", "grade", "source", "intention", "owner_id", "sms_opt_out")
"""What lists of customers are narrowed by: columns of their filters and choices."""


class Customer(Record, Mergeable, Base):
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
    """When not to call, in words."""
    avoid_hours: Mapped[str | None] = mapped_column(String(100), sort_order=1)
    """The same as clock times of one day: `12:00-14:00, 20:00-22:00`; nobody is offered for a call then."""
    sms_opt_out: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """The specialist who answers for this customer."""
    anniversaries: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    lost_reason: Mapped[str | None] = mapped_column(Text)

    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    referred_by: Mapped[Customer | None] = relationship(foreign_keys=[referred_by_id], remote_side="Customer.id")
    properties: Mapped[list[Property]] = relationship(
        back_populates="customer",
        primaryjoin="and_(Customer.id == Property.customer_id, Property.merged_into_id.is_(None))",
    )

    @property
    def quiet(self) -> str:
        """When not to call, as clock times and in words; empty: at any time."""
        return " · ".join(filter(None, (self.avoid_hours, self.avoid_times)))

    __table_args__ = (
        Index("uq_customer_phone_name", "phone", "name", unique=True, **STANDING),
        Index("ix_customer_phone", "phone", "name"),
        Index("ix_customer_merged", "merged_into_id", "number", **MERGED),
        Index("ix_customer_referred_by", "referred_by_id", **where("referred_by_id IS NOT NULL")),
        # With what customers are chosen by, so that those of a store are counted without reading them.
        Index("ix_customer_branch", "branch_id", "id", *CHOSEN_BY, **STANDING),
        Index("ix_customer_owner", "owner_id", "id", "branch_id", **STANDING),
        Index("ix_customer_kind", "kind", "id", "branch_id", **STANDING),
        Index("ix_customer_grade", "grade", "id", **STANDING),
        Index("ix_customer_opt_out", "sms_opt_out", "id", **STANDING),
        Index("ix_customer_created", "created_at", "id", "branch_id", **STANDING),
        one_of("gender_title", GenderTitle, nullable=True),
        one_of("grade", CustomerGrade),
        one_of("source", CustomerSource),
        one_of("intention", Intention, nullable=True),
        one_of("kind", CustomerKind),
    )


class Property(Record, Mergeable, Base):
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

    customer: Mapped[Customer] = relationship(
        back_populates="properties", primaryjoin="Customer.id == Property.customer_id"
    )

    __table_args__ = (
        Index("ix_property_branch", "branch_id", "id", **STANDING),
        Index("ix_property_handover", "handover_on", "id", "branch_id", **STANDING),
        Index("ix_property_merged", "merged_into_id", "number", **MERGED),
        Index("ix_property_address", "estate", "building", "unit", "room", "customer_id"),
        Index("ix_property_room", "room", "building", "unit", "estate", "customer_id"),
    )

    @property
    def address(self) -> str:
        """The address as staff say it: 翠湖天地 5 号楼 1 单元 1802."""
        from portal.formatting import address

        return address(self.estate, self.building, self.unit, self.room)
