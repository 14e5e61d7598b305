"""Branches, people with a login, parties without one, crews. Source: `domain.md` 1.1, 1.2, 3.24."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from portal.models.base import MERGED, Base, Mergeable, Record, prefixed
from portal.permissions import Role
from portal.terms import Term, one_of


class Branch(Base):
    """A branch or store (店面). People with a branch see the rows of that branch only."""

    __tablename__ = "branch"
    KIND = "branches"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    phone: Mapped[str | None] = mapped_column(String(30))
    address: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column()
    number: Mapped[str] = synonym("code")
    """What names the branch in addresses and events, as every record has it."""

    __mapper_args__ = {"version_id_col": version}


class User(Base):
    """A person with a login and one role. Sign-in facts are in `portal/models/account.py`."""

    __tablename__ = "user"
    KIND = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(50), unique=True)
    """Lower case; what is typed is lowered before it is compared."""
    name: Mapped[str] = mapped_column(String(50))
    role: Mapped[str] = mapped_column(String(20))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    """None: every branch."""
    group_name: Mapped[str | None] = mapped_column(String(50))
    is_lead: Mapped[bool] = mapped_column(default=False)
    email: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(30))
    extension: Mapped[str | None] = mapped_column(String(10))
    is_on_duty: Mapped[bool] = mapped_column(default=False)
    """The specialist on duty gets what nobody owns yet."""
    password_hash: Mapped[str] = mapped_column(String(200))
    password_changed_at: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_counter: Mapped[int | None]
    disabled_at: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(String(10), default="zh_Hans")
    theme: Mapped[str] = mapped_column(String(10), default="auto")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    follow_topics: Mapped[str | None] = mapped_column(String(100))
    """What the person is told of when following a record: codes of `models.task.Topic`; None: the usual."""
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """Who stands in now, while the person is away; set by `services/absences.py`, which knows the days."""
    stands_in: Mapped[bool] = mapped_column(default=False)
    """Whether the person stands in for somebody now."""
    number: Mapped[str] = synonym("username")
    """What names the person in addresses and events, as every record has it."""

    branch: Mapped[Branch | None] = relationship()
    stand_in: Mapped[User | None] = relationship(remote_side=[id])

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (one_of("role", Role),)

    @property
    def is_active(self) -> bool:
        """Whether the account may sign in."""
        return self.disabled_at is None


class Department(Term):
    """Departments that act through a portal user (`domain.md` 1.2, 4.9.3)."""

    DESIGN = "DESIGN", "Design"
    STORE = "STORE", "Store"
    ENGINEERING = "ENGINEERING", "Engineering"
    PURCHASING = "PURCHASING", "Purchasing"
    FINANCE = "FINANCE", "Finance"
    SERVICE = "SERVICE", "Customer service"
    HR = "HR", "Human resources"
    LEGAL = "LEGAL", "Legal"
    MARKETING = "MARKETING", "Marketing"
    ADMIN = "ADMIN", "Administration"
    MANAGEMENT = "MANAGEMENT", "Company management"


class PartyKind(Term):
    """What a person outside the portal does (`domain.md` 1.2)."""

    DESIGNER = "DESIGNER", "Designer"
    DESIGN_ASSISTANT = "DESIGN_ASSISTANT", "Assistant designer"
    BRANCH_MANAGER = "BRANCH_MANAGER", "Design branch manager"
    STORE_MANAGER = "STORE_MANAGER", "Store manager"
    SALES = "SALES", "Sales"
    PROJECT_MANAGER = "PROJECT_MANAGER", "Project manager"
    FOREMAN = "FOREMAN", "Foreman"
    TEAM_LEADER = "TEAM_LEADER", "Team leader"
    SUPERVISOR = "SUPERVISOR", "Supervisor"
    DEPARTMENT_HEAD = "DEPARTMENT_HEAD", "Department head"
    FINANCE = "FINANCE", "Finance clerk"
    HR = "HR", "HR clerk"
    LEGAL = "LEGAL", "Legal officer"
    GM = "GM", "General manager"
    DEPUTY_GM = "DEPUTY_GM", "Deputy general manager"
    SUPPLIER = "SUPPLIER", "Supplier"
    OTHER = "OTHER", "Other"


class PartyStatus(Term):
    """Whether a party or crew works for the company now."""

    ACTIVE = "ACTIVE", "Active"
    SUSPENDED = "SUSPENDED", "Suspended"
    DEPARTED = "DEPARTED", "Departed"


class Party(Record, Mergeable, Base):
    """A person or department outside the portal whose acts are recorded on their behalf."""

    __tablename__ = "party"
    KIND, PREFIX = "parties", "RY"

    name: Mapped[str] = mapped_column(prefixed(50), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(20))
    is_head: Mapped[bool] = mapped_column(default=False)
    """Signs for the department; a deputy is a second party with the same mark (Q29)."""
    phone: Mapped[str | None] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(20), default=PartyStatus.ACTIVE)
    status_from: Mapped[date | None]
    status_until: Mapped[date | None]

    branch: Mapped[Branch | None] = relationship()

    __table_args__ = (
        Index("ix_party_merged", "merged_into_id", "number", **MERGED),
        one_of("kind", PartyKind),
        one_of("department", Department, nullable=True),
        one_of("status", PartyStatus),
    )


class Crew(Record, Base):
    """A crew (施工队) with its foreman and the money kept back for repairs."""

    __tablename__ = "crew"
    KIND, PREFIX = "crews", "SG"

    name: Mapped[str] = mapped_column(prefixed(50), index=True)
    foreman_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    phone: Mapped[str | None] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(20), default=PartyStatus.ACTIVE)
    status_from: Mapped[date | None]
    status_until: Mapped[date | None]
    retention_balance: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal("0.00"))
    """Yuan."""
    wage_basis: Mapped[str | None] = mapped_column(Text)

    foreman: Mapped[Party | None] = relationship()
    branch: Mapped[Branch | None] = relationship()

    __table_args__ = (one_of("status", PartyStatus),)
