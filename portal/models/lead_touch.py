"""Pre-sale messages: planned, sent, skipped. Source: `domain.md` 3.9, 4.2."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record, where
from portal.models.consultation import Consultation
from portal.models.customer import Customer, Property
from portal.models.notice import DeliveryState
from portal.models.org import User
from portal.processes import lead_touch as rules
from portal.terms import one_of


class LeadTouch(Record, Base):
    """One message to somebody who has not signed yet. Rules: `processes/lead_touch.py`."""

    __tablename__ = "lead_touch"
    KIND, PREFIX, PROCESS = "lead-touches", "GJ", rules.PROCESS

    @property
    def owner(self) -> User | None:
        """The specialist who answers for the customer."""
        return self.customer.owner

    state: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    property_id: Mapped[int | None] = mapped_column(ForeignKey("property.id"), index=True)
    """The home whose hand-over it hangs on."""
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"), index=True)
    """The visit it hangs on, or the contact that named the hand-over while no home was registered."""
    kind: Mapped[str] = mapped_column(String(20))
    hangs_on: Mapped[str] = mapped_column(String(20))
    """What made it, for example `visit:12`: with the kind there is never a second one."""
    due_on: Mapped[date]
    """On the company's calendar."""
    channel: Mapped[str | None] = mapped_column(String(10))
    text: Mapped[str | None] = mapped_column(Text)
    """As it was sent; before that the text of its kind counts."""
    response: Mapped[str | None] = mapped_column(Text)
    asked_to_stop: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime | None]
    sent_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    skip_reason: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(200))
    """In the words of whoever skipped it by hand."""
    mail_state: Mapped[str | None] = mapped_column(String(20))
    """What became of the e-mail, where it was sent as one."""
    mail_answer: Mapped[str | None] = mapped_column(String(500))
    mail_attempts: Mapped[int] = mapped_column(default=0)

    customer: Mapped[Customer] = relationship()
    property: Mapped[Property | None] = relationship()
    consultation: Mapped[Consultation | None] = relationship()
    sent_by: Mapped[User | None] = relationship(foreign_keys=[sent_by_id])

    __table_args__ = (
        one_of("state", rules.State),
        one_of("kind", rules.TouchKind),
        one_of("channel", rules.TouchChannel, nullable=True),
        one_of("skip_reason", rules.SkipReason, nullable=True),
        one_of("mail_state", DeliveryState, nullable=True),
        CheckConstraint("state <> 'SENT' OR sent_at IS NOT NULL", name="sent_has_a_time"),
        CheckConstraint("state <> 'SKIPPED' OR skip_reason IS NOT NULL", name="skipped_has_a_reason"),
        UniqueConstraint("hangs_on", "kind"),
        Index("ix_lead_touch_due", "due_on", "id", **where("state = 'DUE'")),
        Index("ix_lead_touch_order", "due_on", "id"),
        Index("ix_lead_touch_branch", "branch_id", "due_on", "id"),
        Index("ix_lead_touch_created_by", "created_by_id", "due_on", "id"),
    )
