"""What happens on a site between the start and the pre-acceptance (P06). Source: `domain.md` 3.7, 4.6.

Customer service records it, because it opens the calls of the plan, changes the money, or moves the finish.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.customer import Customer
from portal.models.org import Party
from portal.models.project import Project
from portal.models.works import WorkStop
from portal.processes import change_order, delay_notice, safety_notice
from portal.terms import Term, one_of


class StageKind(Term):
    """Which stage was accepted (3.7)."""

    MATERIAL = "MATERIAL", "Material arrival"
    CONCEALED = "CONCEALED", "Concealed works"
    WATERPROOF = "WATERPROOF", "Waterproofing"
    MID = "MID", "Mid-term"
    TRADE_HANDOVER = "TRADE_HANDOVER", "Hand-over between trades"


class StageResult(Term):
    """How a stage was found."""

    PASS = "PASS", "Passed"
    FAIL = "FAIL", "Failed"


class ContactChannel(Term):
    """How somebody of the site reached the customer."""

    PHONE = "PHONE", "By phone"
    WECHAT = "WECHAT", "By WeChat"
    ON_SITE = "ON_SITE", "On site"
    OTHER = "OTHER", "Other"


class SupervisorVisitKind(Term):
    """What a supervisor's entry counts as (4.6, 7)."""

    CONTACT = "CONTACT", "Contact with the customer"
    VISIT = "VISIT", "Obligatory visit"


class StageAcceptance(Record, Base):
    """One look at a finished stage with those who sign. A failed one is looked at again as a new record."""

    __tablename__ = "stage_acceptance"
    KIND, PREFIX = "stage-acceptances", "JD"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    stage: Mapped[str] = mapped_column(String(20))
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(200))
    items: Mapped[str] = mapped_column(Text)
    """What was looked at, and what was found."""
    result: Mapped[str] = mapped_column(String(10))
    customer_told_at: Mapped[datetime | None]
    supervisor_told_at: Mapped[datetime | None]
    """Concealed works: when customer and supervisor were told that they can be looked at."""
    covering_on: Mapped[date | None]
    """The day on which the works are covered; nobody can look at them afterwards."""
    customer_signed_by: Mapped[str | None] = mapped_column(String(50))
    supervisor_signed_by: Mapped[str | None] = mapped_column(String(50))
    pm_signed_by: Mapped[str | None] = mapped_column(String(50))
    foreman_signed_by: Mapped[str | None] = mapped_column(String(50))

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()

    __table_args__ = (
        one_of("stage", StageKind),
        one_of("result", StageResult),
        CheckConstraint(
            "stage <> 'CONCEALED' OR result <> 'PASS' OR (customer_signed_by IS NOT NULL"
            " AND supervisor_signed_by IS NOT NULL AND customer_told_at IS NOT NULL AND supervisor_told_at IS NOT NULL)",
            name="concealed_is_signed",
        ),
        Index("ix_stage_acceptance_branch", "branch_id", "id"),
        Index("ix_stage_acceptance_held", "held_on", "id"),
        Index("ix_stage_acceptance_stage", "stage", "id"),
    )


class ChangeOrder(Record, Base):
    """Works added to the contract or left out of it (工程变更单). It counts from the customer's signature on.

    Rules: `processes/change_order.py`.
    """

    __tablename__ = "change_order"
    KIND, PREFIX, PROCESS = "change-orders", "BG", change_order.PROCESS

    state: Mapped[str] = mapped_column(String(20), sort_order=1)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    items: Mapped[str] = mapped_column(Text)
    """What is added, what is left out."""
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    """Yuan; negative where works are left out."""
    extra_days: Mapped[int] = mapped_column(default=0)
    """Calendar days by which the agreed finish moves."""
    designer_signed_by: Mapped[str | None] = mapped_column(String(50))
    foreman_signed_by: Mapped[str | None] = mapped_column(String(50))
    pm_signed_by: Mapped[str | None] = mapped_column(String(50))
    customer_signed_by: Mapped[str | None] = mapped_column(String(50))
    signed_on: Mapped[date | None]
    """The day of the customer's signature; None: nothing of it may be carried out yet."""
    withdrawn_why: Mapped[str | None] = mapped_column(Text, sort_order=1)

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()

    @property
    def title(self) -> str:
        """What it is about, in one line."""
        return self.items.splitlines()[0][:60]

    __table_args__ = (
        CheckConstraint(
            "signed_on IS NULL OR (designer_signed_by IS NOT NULL AND foreman_signed_by IS NOT NULL"
            " AND pm_signed_by IS NOT NULL AND customer_signed_by IS NOT NULL)",
            name="signed_by_all_four",
        ),
        one_of("state", change_order.State),
        CheckConstraint("(state = 'SIGNED') = (signed_on IS NOT NULL)", name="signed_has_a_day"),
        CheckConstraint("state <> 'WITHDRAWN' OR withdrawn_why IS NOT NULL", name="withdrawn_has_a_reason"),
        Index("ix_change_order_branch", "branch_id", "id"),
        Index("ix_change_order_state", "state", "id"),
        Index("ix_change_order_signed", "signed_on", "id"),
    )


class SafetyNotice(Record, Base):
    """A hazard on a site, who removes it until when, and what the recheck found (安全整改通知书).

    Rules: `processes/safety_notice.py`.
    """

    __tablename__ = "safety_notice"
    KIND, PREFIX, PROCESS = "safety-notices", "AQ", safety_notice.PROCESS

    state: Mapped[str] = mapped_column(String(20), sort_order=1)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    found_on: Mapped[date]
    hazard: Mapped[str] = mapped_column(Text)
    responsible_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    limit_on: Mapped[date]
    rechecked_on: Mapped[date | None]
    """The day of the last recheck."""
    recheck: Mapped[str | None] = mapped_column(Text)
    """What it found."""

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()
    responsible: Mapped[Party] = relationship()

    @property
    def title(self) -> str:
        """What it is about, in one line."""
        return self.hazard.splitlines()[0][:60]

    __table_args__ = (
        one_of("state", safety_notice.State),
        CheckConstraint("state <> 'REMOVED' OR rechecked_on IS NOT NULL", name="removed_is_rechecked"),
        CheckConstraint("limit_on >= found_on", name="limit_after_found"),
        Index("ix_safety_notice_branch", "branch_id", "id"),
        Index("ix_safety_notice_state", "state", "limit_on"),
    )


class DelayNotice(Record, Base):
    """An agreed later finish (工期延长单). Calendar days. Rules: `processes/delay_notice.py`."""

    __tablename__ = "delay_notice"
    KIND, PREFIX, PROCESS = "delays", "YQ", delay_notice.PROCESS

    state: Mapped[str] = mapped_column(String(20))
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    cause: Mapped[str] = mapped_column(Text)
    days: Mapped[int]
    customer_signed_by: Mapped[str | None] = mapped_column(String(50))
    signed_on: Mapped[date | None]
    """The day of the customer's signature; None: the finish stays where it is."""
    withdrawn_why: Mapped[str | None] = mapped_column(Text)
    stop_id: Mapped[int | None] = mapped_column(ForeignKey("work_stop.id"), sort_order=1)
    """The stop of works whose days it agrees to; None: another cause, its days come on top."""

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()
    stop: Mapped[WorkStop | None] = relationship()

    @property
    def title(self) -> str:
        """What it is about, in one line."""
        return self.cause.splitlines()[0][:60]

    __table_args__ = (
        one_of("state", delay_notice.State),
        CheckConstraint("days > 0", name="days_positive"),
        CheckConstraint(
            "(state = 'SIGNED') = (signed_on IS NOT NULL) AND (signed_on IS NULL OR customer_signed_by IS NOT NULL)",
            name="signed_by_the_customer",
        ),
        CheckConstraint("state <> 'WITHDRAWN' OR withdrawn_why IS NOT NULL", name="withdrawn_has_a_reason"),
        Index("ix_delay_notice_branch", "branch_id", "id"),
        Index("ix_delay_notice_state", "state", "id"),
    )


class WeeklyReportToCustomer(Record, Base):
    """What the project manager told the customer (每周客户沟通记录); DL-07 counts from it."""

    __tablename__ = "weekly_report"
    KIND, PREFIX = "weekly-reports", "GT"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    told_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    progress: Mapped[str] = mapped_column(Text)
    quality: Mapped[str | None] = mapped_column(Text)
    safety: Mapped[str | None] = mapped_column(Text)
    next_week: Mapped[str | None] = mapped_column(Text)
    customer_words: Mapped[str | None] = mapped_column(Text)

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()
    by: Mapped[Party | None] = relationship()

    @property
    def title(self) -> str:
        """What it is about, in one line."""
        return self.progress.splitlines()[0][:60]

    __table_args__ = (
        one_of("channel", ContactChannel),
        Index("ix_weekly_report_project", "project_id", "told_at"),
        Index("ix_weekly_report_branch", "branch_id", "id"),
        Index("ix_weekly_report_told", "told_at", "id"),
    )


class SupervisorVisit(Record, Base):
    """A contact of the supervisor with the customer, or one of the obligatory visits; only counted (Q23)."""

    __tablename__ = "supervisor_visit"
    KIND, PREFIX = "supervisor-visits", "XJ"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    held_on: Mapped[date]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    what: Mapped[str] = mapped_column(Text)

    project: Mapped[Project] = relationship()
    customer: Mapped[Customer] = relationship()
    by: Mapped[Party | None] = relationship()

    @property
    def title(self) -> str:
        """What it is about, in one line."""
        return self.what.splitlines()[0][:60]

    __table_args__ = (
        one_of("kind", SupervisorVisitKind),
        Index("ix_supervisor_visit_branch", "branch_id", "id"),
        Index("ix_supervisor_visit_held", "held_on", "id"),
    )


class OpenDay(Record, Base):
    """A day on which customers see sites (施工现场开放日). Seen by whoever sees one of its sites."""

    __tablename__ = "open_day"
    KIND, PREFIX = "open-days", "KF"

    held_on: Mapped[date]
    invited: Mapped[str] = mapped_column(Text)
    """The customers who were invited."""
    attended: Mapped[str | None] = mapped_column(Text)
    """Those who came, and what they said."""

    sites: Mapped[list[Project]] = relationship(secondary="open_day_site", order_by=Project.id)

    @property
    def title(self) -> str:
        """What it is about, in one line."""
        return self.invited.splitlines()[0][:60]

    __table_args__ = (Index("ix_open_day_branch", "branch_id", "id"), Index("ix_open_day_held", "held_on", "id"))


class OpenDaySite(Base):
    """A site that is shown on an open day."""

    __tablename__ = "open_day_site"

    open_day_id: Mapped[int] = mapped_column(ForeignKey("open_day.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True, index=True)
