"""Projects: one renovation under one contract. Source: `domain.md` 3.2, stages of 4.5."""

from __future__ import annotations

import builtins
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from portal import clock
from portal.models.base import Base, Record, where
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Crew, Party, User
from portal.processes import change_order
from portal.processes import project as rules
from portal.processes.archive_loan import Secrecy
from portal.processes.project import ProjectStage
from portal.terms import Term, one_of

if TYPE_CHECKING:
    from portal.models.contract import Contract
    from portal.models.milestone import ChangeOrder
    from portal.models.works import (
        ContractSlip,
        DispatchOrder,
        FinishMove,
        MaterialCard,
        ProjectPaper,
        TechnicalDisclosure,
        WorkStop,
    )

__all__ = ["Project", "ProjectKind", "ProjectStage"]


class ProjectKind(Term):
    """How much the company does (business-type statistics)."""

    FULL = "FULL", "Full package"
    HALF = "HALF", "Half package"
    WHOLE = "WHOLE", "Whole-house package"
    LABOUR = "LABOUR", "Labour only"
    COMMERCIAL = "COMMERCIAL", "Commercial"
    PARTIAL = "PARTIAL", "Partial"


class Project(Record, Base):
    """One renovation. Its branch is the store that sold it; who changed when is in the events."""

    __tablename__ = "project"
    KIND, PREFIX, PROCESS = "projects", "GC", rules.PROCESS
    STATE_FIELD: ClassVar[str] = "stage"
    """What its state is called in lists, filters and changes."""

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    property_id: Mapped[int] = mapped_column(ForeignKey("property.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    stage: Mapped[str] = mapped_column(String(20), default=ProjectStage.SIGNED)
    archive_number: Mapped[str | None] = mapped_column(String(40), unique=True, sort_order=1)
    """Of the file of customer service, DA-; None: it was opened before the portal, or not yet."""
    archive_shelf: Mapped[str | None] = mapped_column(String(40), sort_order=2)
    """Where the papers of the file stand."""
    archive_secrecy: Mapped[str] = mapped_column(String(20), default=Secrecy.CONFIDENTIAL, sort_order=2)
    """How secret the file is; it says whose consent a loan takes (P16)."""
    archived_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    start_agreed: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """The customer agreed to the planned day of the start."""
    designer_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    sales_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    project_manager_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
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
    frozen_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    """Since when nothing is dispatched or begun, because the customer wants to end the contract (P17); None: it is not so."""

    customer: Mapped[Customer] = relationship()
    property: Mapped[Property] = relationship()
    branch: Mapped[Branch | None] = relationship()
    designer: Mapped[Party | None] = relationship(foreign_keys=[designer_id])
    sales: Mapped[Party | None] = relationship(foreign_keys=[sales_id])
    project_manager: Mapped[Party | None] = relationship(foreign_keys=[project_manager_id])
    foreman: Mapped[Party | None] = relationship(foreign_keys=[foreman_id])
    crew: Mapped[Crew | None] = relationship()
    supervisor: Mapped[Party | None] = relationship(foreign_keys=[supervisor_id])
    contract: Mapped[Contract | None] = relationship(back_populates="project", uselist=False)
    slip: Mapped[ContractSlip | None] = relationship(back_populates="project", uselist=False)
    dispatch_orders: Mapped[list[DispatchOrder]] = relationship(back_populates="project", order_by="DispatchOrder.id")
    material_card: Mapped[MaterialCard | None] = relationship(back_populates="project", uselist=False)
    disclosures: Mapped[list[TechnicalDisclosure]] = relationship(
        back_populates="project", order_by="TechnicalDisclosure.held_at"
    )
    stops: Mapped[list[WorkStop]] = relationship(back_populates="project", order_by="WorkStop.id")
    finish_moves: Mapped[list[FinishMove]] = relationship(back_populates="project", order_by="FinishMove.id")
    change_orders: Mapped[list[ChangeOrder]] = relationship(viewonly=True)
    papers: Mapped[list[ProjectPaper]] = relationship(back_populates="project", order_by="ProjectPaper.id")

    state = synonym("stage")
    """Where it stands in P05, as every record with a process calls it."""
    foreman_suspended = False
    """Whether the foreman being named takes no new orders; looked up before a dispatch."""

    @builtins.property
    def owner(self) -> User | None:
        """The specialist of the customer, whose work the steps of the project are."""
        return self.customer.owner

    @builtins.property
    def is_signed(self) -> bool:
        """Whether its contract is signed and stands."""
        found = self.contract
        return found is not None and found.signed_on is not None and found.voided_on is None and found.is_signed

    @builtins.property
    def has_first_payment(self) -> bool:
        """Whether the first payment of the contract is recorded."""
        return self.contract is not None and self.contract.has_first_payment

    @builtins.property
    def has_open_changes(self) -> bool:
        """Whether a change order is neither signed nor withdrawn, so that nobody knows yet what the works cost."""
        return any(order.state == change_order.State.PROPOSED for order in self.change_orders)

    @builtins.property
    def signed_from(self) -> datetime | None:
        """The beginning of the day of signing, from which DL-05 counts; None: no contract is signed."""
        signed_on = self.contract.signed_on if self.contract else None
        return clock.at_local(signed_on) if signed_on else None

    @builtins.property
    def works_from(self) -> datetime | None:
        """The end of the day on which works began, or went on after the last stop; from it DL-07 counts."""
        resumed = self.stops[-1].resumed_on if self.stops else None
        day = resumed or self.actual_start_on
        return clock.at_local(day) + timedelta(days=1) if day else None

    @builtins.property
    def departments(self) -> list[DispatchOrder]:
        """Engineering, which answers for DL-06, as the clocks want it."""
        return self.dispatch_orders

    __table_args__ = (
        one_of("kind", ProjectKind),
        one_of("stage", ProjectStage),
        one_of("archive_secrecy", Secrecy),
        Index("ix_project_branch", "branch_id", "id"),
        Index("ix_project_branch_stage", "branch_id", "stage", "id"),
        Index("ix_project_crew", "crew_id", **where("crew_id IS NOT NULL")),
        Index("ix_project_start", "actual_start_on", "id", "branch_id"),
        Index("ix_project_branch_customer", "branch_id", "customer_id"),
        Index("ix_project_stage", "stage", "id"),
        Index("ix_project_kind", "kind", "id"),
        Index("ix_project_model_house", "is_model_house", "id"),
        Index("ix_project_visit_allowed", "visit_allowed", "id"),
    )
