"""Projects: one renovation under one contract. Source: `domain.md` 3.2, stages of 4.5."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Crew, Party
from portal.terms import Term, one_of


class ProjectKind(Term):
    """How much the company does (business-type statistics)."""

    FULL = "FULL", "Full package"
    HALF = "HALF", "Half package"
    WHOLE = "WHOLE", "Whole-house package"
    LABOUR = "LABOUR", "Labour only"
    COMMERCIAL = "COMMERCIAL", "Commercial"
    PARTIAL = "PARTIAL", "Partial"


class ProjectStage(Term):
    """The stage of the works (`domain.md` 4.5)."""

    ARCHIVED = "ARCHIVED", "Archive opened"
    TO_DISPATCH = "TO_DISPATCH", "To dispatch"
    DISPATCHED = "DISPATCHED", "Dispatched"
    IN_PROGRESS = "IN_PROGRESS", "Under construction"
    PRE_ACCEPTED = "PRE_ACCEPTED", "Pre-accepted"
    ACCEPTED = "ACCEPTED", "Accepted"
    SETTLED = "SETTLED", "Settled"
    IN_WARRANTY = "IN_WARRANTY", "In warranty"
    OUT_OF_WARRANTY = "OUT_OF_WARRANTY", "Out of warranty"
    CANCELLED = "CANCELLED", "Cancelled"


class Project(Record, Base):
    """One renovation. Its branch is the store that sold it; who changed when is in the events."""

    __tablename__ = "project"
    KIND, PREFIX = "projects", "GC"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    property_id: Mapped[int] = mapped_column(ForeignKey("property.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    stage: Mapped[str] = mapped_column(String(20), default=ProjectStage.ARCHIVED)
    designer_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    sales_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    project_manager_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    foreman_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    planned_start_on: Mapped[date | None]
    actual_start_on: Mapped[date | None]
    planned_finish_on: Mapped[date | None]
    actual_finish_on: Mapped[date | None]
    contract_days: Mapped[int | None]
    is_model_house: Mapped[bool] = mapped_column(default=False)
    visit_allowed: Mapped[bool] = mapped_column(default=False)

    customer: Mapped[Customer] = relationship()
    property: Mapped[Property] = relationship()
    branch: Mapped[Branch | None] = relationship()
    designer: Mapped[Party | None] = relationship(foreign_keys=[designer_id])
    sales: Mapped[Party | None] = relationship(foreign_keys=[sales_id])
    project_manager: Mapped[Party | None] = relationship(foreign_keys=[project_manager_id])
    foreman: Mapped[Party | None] = relationship(foreign_keys=[foreman_id])
    crew: Mapped[Crew | None] = relationship()
    supervisor: Mapped[Party | None] = relationship(foreign_keys=[supervisor_id])

    __table_args__ = (
        one_of("kind", ProjectKind),
        one_of("stage", ProjectStage),
        Index("ix_project_branch", "branch_id", "id"),
        Index("ix_project_branch_stage", "branch_id", "stage", "id"),
        Index("ix_project_start", "actual_start_on", "branch_id"),
        Index("ix_project_branch_customer", "branch_id", "customer_id"),
        Index("ix_project_stage", "stage", "id"),
        Index("ix_project_kind", "kind", "id"),
        Index("ix_project_model_house", "is_model_house", "id"),
        Index("ix_project_visit_allowed", "visit_allowed", "id"),
    )
