"""Loans of the files that customer service keeps, one of each project. Source: `domain.md` 3.19, 4.16."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base, Record, prefixed, where
from portal.models.customer import Customer
from portal.models.org import Department, User
from portal.models.project import Project
from portal.processes.archive_loan import PROCESS, Condition, Mode, Secrecy, State
from portal.terms import one_of


class ArchiveLoan(Record, Base):
    """A file read on the spot, taken out or copied (档案借阅). Rules: `processes/archive_loan.py`."""

    __tablename__ = "archive_loan"
    KIND, PREFIX, PROCESS = "archive-loans", "JY", PROCESS

    state: Mapped[str] = mapped_column(String(20))
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """The specialist who keeps the file."""
    applicant: Mapped[str] = mapped_column(prefixed(50))
    applicant_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """Who asks for their own need; None: somebody without a login, written down by the specialist."""
    department: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(String(100))
    secrecy: Mapped[str] = mapped_column(String(20))
    """Of the file, as it was when asked for: it says whose consent it takes."""
    wanted_until: Mapped[date | None]
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), index=True)
    approved_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(Text)
    """What was said with consent or refusal."""
    out_at: Mapped[datetime | None]
    pages_out: Mapped[int | None]
    due_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    pages_back: Mapped[int | None]
    condition: Mapped[str | None] = mapped_column(String(20))
    condition_note: Mapped[str | None] = mapped_column(Text)

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    applicant_user: Mapped[User | None] = relationship(foreign_keys=[applicant_user_id])
    approval: Mapped[Approval | None] = relationship(foreign_keys=[approval_id])

    other_loan = ""
    """The number of the loan by which the file is with somebody else; looked up before it is handed out. Empty: it is there."""

    replaced_at = None
    head_id = None

    @property
    def departments(self) -> list[ArchiveLoan]:
        """The department of the applicant, which answers for DL-24, as the clocks want it."""
        return [self]

    @property
    def subject(self) -> str:
        """Whose need it is, and how."""
        return f"{self.applicant} · {Mode.show(self.mode)}"

    __table_args__ = (
        one_of("state", State),
        one_of("department", Department),
        one_of("mode", Mode),
        one_of("secrecy", Secrecy),
        one_of("condition", Condition, nullable=True),
        CheckConstraint(
            "state IN ('REQUESTED', 'APPROVED', 'REFUSED')"
            " OR (out_at IS NOT NULL AND due_at IS NOT NULL AND pages_out IS NOT NULL)",
            name="out_has_a_time",
        ),
        CheckConstraint(
            "state <> 'RETURNED' OR (returned_at IS NOT NULL AND pages_back = pages_out AND condition = 'INTACT')",
            name="returned_whole",
        ),
        Index("ix_archive_loan_branch", "branch_id", "id"),
        Index("ix_archive_loan_state", "state", "id"),
        Index("uq_archive_loan_out", "project_id", unique=True, **where("state IN ('OUT', 'OVERDUE')")),
    )
