"""What P05 leaves behind: contract information, dispatch, material card, disclosure, stops, papers. Source: `domain.md` 3.6."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import formatting
from portal.models.base import Base, Record
from portal.models.customer import Customer
from portal.models.org import Crew, Department, Party
from portal.models.project import Project
from portal.processes.project import PaperStage, StopReason
from portal.terms import Term, one_of


class Presence(Term):
    """Who was there when the works were explained on site (3.6)."""

    CUSTOMER = "CUSTOMER", "Customer"
    DESIGNER = "DESIGNER", "Designer"
    FOREMAN = "FOREMAN", "Foreman"
    PROJECT_MANAGER = "PROJECT_MANAGER", "Project manager"
    SUPERVISOR = "SUPERVISOR", "Supervisor"


class ContractSlip(Base):
    """The contract information (F-15) that design sends at once to engineering, finance and customer service."""

    __tablename__ = "contract_slip"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), unique=True)
    is_repeat: Mapped[bool] = mapped_column(default=False)
    promises: Mapped[str | None] = mapped_column(Text)
    engineering_at: Mapped[datetime]
    finance_at: Mapped[datetime]
    service_at: Mapped[datetime]

    project: Mapped[Project] = relationship(back_populates="slip")


class DispatchOrder(Record, Base):
    """Who builds, as engineering named them (派工单). A new foreman later is a new order."""

    __tablename__ = "dispatch_order"
    KIND, PREFIX = "dispatch-orders", "PG"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    received_at: Mapped[datetime]
    """When it was handed to engineering."""
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    dispatched_at: Mapped[datetime | None]
    """None: engineering has not named anybody yet."""
    project_manager_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    foreman_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)

    project: Mapped[Project] = relationship(back_populates="dispatch_orders")
    customer: Mapped[Customer] = relationship()
    received_by: Mapped[Party | None] = relationship(foreign_keys=[received_by_id])
    project_manager: Mapped[Party | None] = relationship(foreign_keys=[project_manager_id])
    foreman: Mapped[Party | None] = relationship(foreign_keys=[foreman_id])
    crew: Mapped[Crew | None] = relationship()
    supervisor: Mapped[Party | None] = relationship(foreign_keys=[supervisor_id])

    department = Department.ENGINEERING.value
    """Which department answers for the clock."""
    replaced_at = None

    @property
    def head_id(self) -> int | None:
        """Who of engineering received it."""
        return self.received_by_id

    __table_args__ = (
        CheckConstraint(
            "dispatched_at IS NULL OR (project_manager_id IS NOT NULL AND foreman_id IS NOT NULL"
            " AND crew_id IS NOT NULL AND supervisor_id IS NOT NULL)",
            name="dispatched_names_all",
        ),
        Index("ix_dispatch_order_branch", "branch_id", "id"),
        Index("ix_dispatch_order_received", "received_at", "id"),
    )


class MaterialCard(Base):
    """Lets the crew draw materials (领料卡)."""

    __tablename__ = "material_card"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), unique=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    issued_on: Mapped[date]
    limit: Mapped[str | None] = mapped_column(Text)
    """Items, and how much of them."""

    project: Mapped[Project] = relationship(back_populates="material_card")
    crew: Mapped[Crew | None] = relationship()


class TechnicalDisclosure(Base):
    """The briefing on site before the start (F-31): who was there, drawings, questions, what was found as it was."""

    __tablename__ = "technical_disclosure"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    held_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(String(200))
    present: Mapped[list[str]] = mapped_column(JSON)
    """Codes of `Presence`."""
    drawings_reviewed: Mapped[bool] = mapped_column(default=False)
    """The drawings were reviewed jointly (图纸会审)."""
    items: Mapped[str] = mapped_column(Text)
    """What was explained."""
    questions: Mapped[str | None] = mapped_column(Text)
    condition: Mapped[str] = mapped_column(Text)
    """Tiles, pipes and what else is there as it was found (现场原状检查)."""
    signed_by: Mapped[str] = mapped_column(String(50))
    """Who signed for the customer."""

    project: Mapped[Project] = relationship(back_populates="disclosures")


class WorkStop(Base):
    """A stretch in which the works stood still. Days on the company's calendar."""

    __tablename__ = "work_stop"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    reason: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(Text)
    since: Mapped[date]
    until: Mapped[date | None]
    """When they are expected to go on; None: nobody knows."""
    resumed_on: Mapped[date | None]

    project: Mapped[Project] = relationship(back_populates="stops")

    @property
    def name(self) -> str:
        """What it is called where it is chosen: since when, and what for."""
        return f"{formatting.full_date(self.since)} {StopReason.show(self.reason)}"

    __table_args__ = (
        one_of("reason", StopReason),
        CheckConstraint("resumed_on IS NULL OR resumed_on >= since", name="resumed_after_it_stopped"),
    )


class FinishMove(Base):
    """The planned finish was set otherwise by hand while the works ran. What was reached by that day keeps its planned day."""

    __tablename__ = "finish_move"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    moved_on: Mapped[date]
    """The day on which it was set."""
    days: Mapped[int]
    """Calendar days by which it moved; negative: forward."""

    project: Mapped[Project] = relationship(back_populates="finish_moves")


class ProjectPaper(Base):
    """A paper that belongs into the file by a stage (4.16), and since when it is there."""

    __tablename__ = "project_paper"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    stage: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    is_required: Mapped[bool]
    present_on: Mapped[date | None]
    """None: it is not there yet."""

    project: Mapped[Project] = relationship(back_populates="papers")

    __table_args__ = (one_of("stage", PaperStage), UniqueConstraint("project_id", "stage", "title"))
