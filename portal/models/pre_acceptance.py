"""Pre-acceptance: the lists of engineering, inspections with their lines and photos, notices. Source: `domain.md` 3.13, 4.11."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.models.attachment import Attachment
from portal.models.base import Base, Record, where
from portal.models.customer import Customer
from portal.models.org import Party, User
from portal.models.project import Project, ProjectStage
from portal.processes import pre_acceptance as rules
from portal.processes.pre_acceptance import Absent, CheckTrade, ItemResult, NoticeState, PhotoNeed, Result
from portal.terms import one_of

MEASURE = Numeric(10, 2)
WEEK = timedelta(days=7)


class CheckItem(Base):
    """A line that inspections ask, kept by the manager; an inspection copies it, so later changes touch no old one."""

    __tablename__ = "check_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    trade: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str | None] = mapped_column(String(10))
    """Of the measured value; None: nothing is measured."""
    low: Mapped[Decimal | None] = mapped_column(MEASURE)
    high: Mapped[Decimal | None] = mapped_column(MEASURE)
    """The tolerance; the limits themselves are still in order."""
    is_must: Mapped[bool]
    """Open, it fails the inspection."""
    photo_rule: Mapped[str] = mapped_column(String(20))
    position: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)
    asked_if_id: Mapped[int | None] = mapped_column(ForeignKey("check_item.id"), sort_order=1)
    asked_if_result: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    """It is asked only if that other line came out in this way; None: always."""
    version: Mapped[int] = mapped_column()

    asked_if: Mapped[CheckItem | None] = relationship(remote_side=[id])

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        one_of("trade", CheckTrade),
        one_of("photo_rule", PhotoNeed),
        one_of("asked_if_result", ItemResult, nullable=True),
        CheckConstraint("(asked_if_id IS NULL) = (asked_if_result IS NULL)", name="asked_if_whole"),
        CheckConstraint("unit IS NOT NULL OR (low IS NULL AND high IS NULL)", name="tolerance_has_a_unit"),
        CheckConstraint("low IS NULL OR high IS NULL OR low <= high", name="tolerance_in_order"),
    )


class PreAcceptanceList(Base):
    """Engineering's list of the projects to be inspected in one week (预验收申报名录)."""

    __tablename__ = "pre_acceptance_list"
    KIND = "pre-acceptance-lists"
    """By which its clock names it; its page is that of the week."""

    id: Mapped[int] = mapped_column(primary_key=True)
    week_from: Mapped[date] = mapped_column(unique=True)
    """The Monday of the week."""
    closes_at: Mapped[datetime]
    """Until then an entry is in time (DL-17), as it was set when the list was opened."""
    schedule_due_at: Mapped[datetime]
    """Until then its dates are published (DL-18)."""
    published_at: Mapped[datetime | None]
    """When dates of the week were published last; None: not yet."""
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    published_by: Mapped[User | None] = relationship()

    @property
    def number(self) -> str:
        """Its week, as in addresses: 2026-06-22."""
        return self.week_from.isoformat()

    @property
    def week_until(self) -> date:
        """The Sunday of the week."""
        return self.week_from + timedelta(days=6)


class PreAcceptance(Record, Base):
    """One project on its way through the inspections of the department. Rules: `processes/pre_acceptance.py`."""

    __tablename__ = "pre_acceptance"
    KIND, PREFIX, PROCESS = "pre-acceptances", "YY", rules.PROCESS
    OWNER_ROLE = "SPECIALIST"

    state: Mapped[str] = mapped_column(String(20), index=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("pre_acceptance_list.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    project_manager_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    foreman_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    replaced_foreman_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """Whose third inspection failed; another one goes on."""
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """The specialist of the project, who hears of every step."""
    inspector_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    listed_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """Who of engineering handed it in."""
    listed_at: Mapped[datetime]
    is_late: Mapped[bool] = mapped_column(default=False)
    """It came after the list was closed (DL-17)."""
    admitted_at: Mapped[datetime | None]
    """When the manager let it into the week all the same."""
    admitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    list_due_at: Mapped[datetime]
    schedule_due_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None] = mapped_column(index=True)
    """While it is only listed: planned, and known to nobody outside yet."""
    parties_told_at: Mapped[datetime | None]
    """When project manager and foreman were told of the date that holds now."""
    trades: Mapped[list[str]] = mapped_column(JSON)
    """Which trades the project has; lines of others are not asked."""
    fail_limit: Mapped[int]
    """How many failed inspections cost the foreman the site, as it was set when the project was listed."""
    cycle: Mapped[int] = mapped_column(default=1)
    """A new foreman begins a new one; its inspections are counted from 1 again."""
    round_no: Mapped[int] = mapped_column(default=1)
    """Which inspection of the cycle is held next, or was held last."""
    absent: Mapped[str | None] = mapped_column(String(20))
    """Who was absent from an inspection on which the manager has not decided yet."""
    recheck_due_at: Mapped[datetime | None]
    """Until when the agreed re-inspection is in time (DL-19)."""
    passed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was withdrawn."""

    week: Mapped[PreAcceptanceList] = relationship()
    customer: Mapped[Customer] = relationship()
    project: Mapped[Project] = relationship()
    project_manager: Mapped[Party] = relationship(foreign_keys=[project_manager_id])
    foreman: Mapped[Party] = relationship(foreign_keys=[foreman_id])
    replaced_foreman: Mapped[Party | None] = relationship(foreign_keys=[replaced_foreman_id])
    supervisor: Mapped[Party | None] = relationship(foreign_keys=[supervisor_id])
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    inspector: Mapped[User | None] = relationship(foreign_keys=[inspector_id])
    inspections: Mapped[list[Inspection]] = relationship(back_populates="pre_acceptance", order_by="Inspection.id")
    notices: Mapped[list[RectificationNotice]] = relationship(
        back_populates="pre_acceptance", order_by="RectificationNotice.id"
    )

    @property
    def is_project_at_work(self) -> bool:
        """Whether the works go on."""
        return self.project.stage == ProjectStage.IN_PROGRESS

    @property
    def scheduled_on(self) -> date | None:
        """The day of the inspection on the company's calendar."""
        return clock.local(self.scheduled_at).date() if self.scheduled_at else None

    @property
    def earliest_on(self) -> date:
        """The first day it may be inspected on: the week of its list, a late entry a week later unless it is admitted."""
        waits = self.is_late and self.admitted_at is None
        return self.week.week_from + WEEK if waits else self.week.week_from

    @property
    def inspection(self) -> Inspection | None:
        """The last inspection that was begun."""
        return self.inspections[-1] if self.inspections else None

    @property
    def running(self) -> Inspection | None:
        """The inspection that is being held now."""
        return next((held for held in reversed(self.inspections) if held.result is None), None)

    @property
    def notice(self) -> RectificationNotice | None:
        """The last rectification notice of this cycle."""
        return next((notice for notice in reversed(self.notices) if notice.cycle == self.cycle), None)

    @property
    def to_recheck(self) -> RectificationNotice | None:
        """The notice that the inspection being held, or held next, looks at again."""
        notice = self.notice
        return notice if notice is not None and notice.closed_at is None else None

    @property
    def is_recheck_in_order(self) -> bool:
        """Whether the last notice's dates follow each other."""
        notice = self.notice
        return notice is not None and notice.issued_on <= notice.limit_on <= clock.local(notice.recheck_at).date()

    __table_args__ = (
        one_of("state", rules.State),
        one_of("absent", Absent, nullable=True),
        CheckConstraint("state <> 'PASSED' OR passed_at IS NOT NULL", name="passed_has_a_time"),
        CheckConstraint("round_no BETWEEN 1 AND 3 AND fail_limit BETWEEN 1 AND 3", name="rounds_in_range"),
        Index("ix_pre_acceptance_branch", "branch_id", "id"),
        Index("uq_pre_acceptance_open", "project_id", unique=True, **where("state NOT IN ('PASSED', 'WITHDRAWN')")),
    )


class Inspection(Record, Base):
    """One inspection of a project, on which F-09 is written. Its number is that of the pre-acceptance and the how-manieth it is."""

    __tablename__ = "inspection"
    KIND, PREFIX = "inspections", "YY"

    pre_acceptance_id: Mapped[int] = mapped_column(ForeignKey("pre_acceptance.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    cycle: Mapped[int]
    round_no: Mapped[int]
    foreman_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    """Who led the works when it was held."""
    project_manager_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    inspector_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    inspected_at: Mapped[datetime] = mapped_column(index=True)
    manager_present: Mapped[bool | None]
    foreman_present: Mapped[bool | None]
    """None: not said yet."""
    is_rectified: Mapped[bool] = mapped_column(default=True)
    """False: the rectification was missed (DL-19); the inspection was held anyway and fails."""
    result: Mapped[str | None] = mapped_column(String(20))
    """None: it is being held."""
    absent: Mapped[str | None] = mapped_column(String(20))
    finished_at: Mapped[datetime | None]
    manager_signed: Mapped[bool] = mapped_column(default=False, sort_order=1)
    foreman_signed: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """Who signed F-09 on site, and F-10 where there is one."""
    manager_refusal: Mapped[str | None] = mapped_column(String(200), sort_order=1)
    foreman_refusal: Mapped[str | None] = mapped_column(String(200), sort_order=1)
    """Why somebody who was there refused to sign."""

    pre_acceptance: Mapped[PreAcceptance] = relationship(back_populates="inspections")
    customer: Mapped[Customer] = relationship()
    foreman: Mapped[Party] = relationship(foreign_keys=[foreman_id])
    project_manager: Mapped[Party] = relationship(foreign_keys=[project_manager_id])
    inspector: Mapped[User] = relationship(foreign_keys=[inspector_id])
    items: Mapped[list[InspectionItem]] = relationship(
        back_populates="inspection", order_by="InspectionItem.position", cascade="all, delete-orphan"
    )
    notice: Mapped[RectificationNotice | None] = relationship(
        back_populates="inspection", uselist=False, foreign_keys="RectificationNotice.inspection_id"
    )

    @property
    def both_present(self) -> bool:
        """Whether project manager and foreman were there."""
        return bool(self.manager_present and self.foreman_present)

    @property
    def verdict(self) -> Result:
        """How it ends as its lines stand now."""
        return rules.result_of(self.asked, is_rectified=self.is_rectified)

    @property
    def asked(self) -> list[InspectionItem]:
        """The lines that are asked as those stand on which others depend."""
        return [item for item in self.items if rules.IS_ASKED(item)]

    @property
    def failed(self) -> list[InspectionItem]:
        """The lines that are not in order."""
        return [item for item in self.asked if item.result == ItemResult.FAIL]

    @property
    def photos(self) -> list[InspectionPhoto]:
        """Its photos in the order of their numbers."""
        return sorted((photo for item in self.items for photo in item.photos), key=lambda photo: photo.number)

    __table_args__ = (
        one_of("result", Result, nullable=True),
        one_of("absent", Absent, nullable=True),
        CheckConstraint("result IS NULL OR finished_at IS NOT NULL", name="result_has_a_time"),
        CheckConstraint("(result = 'NOT_HELD') = (absent IS NOT NULL) OR result IS NULL", name="absence_is_named"),
        CheckConstraint(
            "(manager_refusal IS NULL OR NOT manager_signed) AND (foreman_refusal IS NULL OR NOT foreman_signed)",
            name="signed_or_refused",
        ),
        Index("ix_inspection_branch", "branch_id", "id"),
        Index("uq_inspection_running", "pre_acceptance_id", unique=True, **where("result IS NULL")),
    )


class InspectionItem(Base):
    """A line of an inspection with the words and tolerance that held when it was begun."""

    __tablename__ = "inspection_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"), index=True)
    position: Mapped[int]
    trade: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str | None] = mapped_column(String(10))
    low: Mapped[Decimal | None] = mapped_column(MEASURE)
    high: Mapped[Decimal | None] = mapped_column(MEASURE)
    is_must: Mapped[bool]
    photo_rule: Mapped[str] = mapped_column(String(20))
    before_id: Mapped[int | None] = mapped_column(ForeignKey("inspection_item.id"))
    """The same line in the inspection before, where it was not in order."""
    asked_if_position: Mapped[int | None] = mapped_column(sort_order=1)
    asked_if_result: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    """Asked only if the line at that place came out in this way; None: always."""
    result: Mapped[str | None] = mapped_column(String(20))
    measured: Mapped[Decimal | None] = mapped_column(MEASURE)
    comment: Mapped[str | None] = mapped_column(String(500))
    judged_at: Mapped[datetime | None]

    inspection: Mapped[Inspection] = relationship(back_populates="items")
    before: Mapped[InspectionItem | None] = relationship(remote_side="InspectionItem.id")
    all_photos: Mapped[list[InspectionPhoto]] = relationship(back_populates="item", order_by="InspectionPhoto.number")

    @property
    def asked_if(self) -> InspectionItem | None:
        """The line on which it depends whether this one is asked."""
        return next((item for item in self.inspection.items if item.position == self.asked_if_position), None)

    @property
    def photos(self) -> list[InspectionPhoto]:
        """Its photos that are not in the bin."""
        return [photo for photo in self.all_photos if photo.attachment.removed_at is None]

    __table_args__ = (
        one_of("trade", CheckTrade),
        one_of("photo_rule", PhotoNeed),
        one_of("result", ItemResult, nullable=True),
        one_of("asked_if_result", ItemResult, nullable=True),
    )


class InspectionPhoto(Base):
    """A photo of a line. Photos of an inspection are numbered as they are taken; F-10 names them by number."""

    __tablename__ = "inspection_photo"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("inspection_item.id"), index=True)
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id"), unique=True)
    number: Mapped[int]

    item: Mapped[InspectionItem] = relationship(back_populates="all_photos")
    attachment: Mapped[Attachment] = relationship(lazy="joined")


class RectificationNotice(Record, Base):
    """What the foreman has to put right, until when, and when it is looked at again (F-10)."""

    __tablename__ = "rectification_notice"
    KIND, PREFIX = "rectification-notices", "ZG"

    state: Mapped[str] = mapped_column(String(20), index=True)
    pre_acceptance_id: Mapped[int] = mapped_column(ForeignKey("pre_acceptance.id"), index=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    cycle: Mapped[int]
    round_no: Mapped[int]
    """Which inspection of the cycle it follows."""
    responsible_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    """The foreman."""
    requirement: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date]
    limit_on: Mapped[date]
    """The last day of the rectification."""
    recheck_at: Mapped[datetime] = mapped_column(index=True)
    """Agreed when it was issued."""
    manager_signed: Mapped[bool] = mapped_column(default=False)
    foreman_signed: Mapped[bool] = mapped_column(default=False)
    """Signed on paper, in front of the inspector. Why somebody refused to stands at the inspection."""
    reported_at: Mapped[datetime | None]
    """When the foreman said that it is done."""
    reported_note: Mapped[str | None] = mapped_column(String(500))
    rechecked_by_id: Mapped[int | None] = mapped_column(ForeignKey("inspection.id"))
    """The inspection that closed it, whatever it found."""
    closed_at: Mapped[datetime | None]

    pre_acceptance: Mapped[PreAcceptance] = relationship(back_populates="notices")
    inspection: Mapped[Inspection] = relationship(back_populates="notice", foreign_keys=[inspection_id])
    rechecked_by: Mapped[Inspection | None] = relationship(foreign_keys=[rechecked_by_id])
    customer: Mapped[Customer] = relationship()
    responsible: Mapped[Party] = relationship()

    @property
    def manager_refusal(self) -> str | None:
        """Why the project manager refused to sign, as noted with F-09."""
        return self.inspection.manager_refusal

    @property
    def foreman_refusal(self) -> str | None:
        """Why the foreman refused to sign, as noted with F-09."""
        return self.inspection.foreman_refusal

    @property
    def is_missed(self) -> bool:
        """Whether nobody said by the end of its limit that it is done (DL-19)."""
        done_on = clock.local(self.reported_at).date() if self.reported_at is not None else None
        return rules.was_missed(self.limit_on, done_on)

    @property
    def items(self) -> list[InspectionItem]:
        """What is to be rectified: the failed lines of the inspection, or of the one before where it was not held."""
        failed = self.inspection.failed
        if failed:
            return failed
        return [item for item in self.inspection.items if item.before_id is not None]

    __table_args__ = (
        one_of("state", NoticeState),
        CheckConstraint("limit_on >= issued_on", name="limit_follows"),
        CheckConstraint("state IN ('OPEN', 'REPORTED') OR closed_at IS NOT NULL", name="closed_has_a_time"),
        UniqueConstraint("inspection_id"),
        Index("ix_rectification_notice_branch", "branch_id", "id"),
    )
