"""The ledger of penalties: who, by which rule, for what, with the evidence as it was. Source: `domain.md` 3.20."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import i18n
from portal.models.approval import Approval
from portal.models.base import Base, Record, where
from portal.models.org import Crew, Department, Party, User
from portal.processes.penalty import PROCESS, Executor, Kind, State, Subject
from portal.terms import one_of


class PenaltyEntry(Record, Base):
    """A penalty, proposed by the portal or by a person. Rules: `processes/penalty.py`."""

    __tablename__ = "penalty_entry"
    KIND, PREFIX, PROCESS = "penalties", "JC", PROCESS

    state: Mapped[str] = mapped_column(String(20), default=State.PROPOSED, index=True)
    kind: Mapped[str] = mapped_column(String(20))
    rule: Mapped[str] = mapped_column(String(10))
    """The line of the catalogue, K-xx."""
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    """The person, of a crew its foreman."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), sort_order=1)
    """A colleague with a login."""
    department: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    """Whose person it was when it was proposed; None: not known. Customer service decides about its own alone."""
    offended_on: Mapped[date] = mapped_column(sort_order=1)
    """The day of the offence, in the company's time zone."""
    rule_said: Mapped[dict[str, Any]] = mapped_column(JSON, sort_order=1)
    """The line of the catalogue as it was then: offence, edition, source. Never changed."""
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(String(40))
    """The record it is proposed for."""
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    """Yuan; None: to be decided, or a penalty without money."""
    percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3), sort_order=1)
    base: Mapped[Decimal | None] = mapped_column(Numeric(12, 2), sort_order=1)
    """Yuan, of which the amount is so many percent."""
    suspended_from: Mapped[date | None] = mapped_column(sort_order=1)
    suspended_until: Mapped[date | None] = mapped_column(sort_order=1)
    """First and last day without orders."""
    occurrence_no: Mapped[int]
    """How often within twelve months, this time counted."""
    cause: Mapped[str] = mapped_column(String(100))
    """What it is proposed for; no kind is proposed twice for the same."""
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was known when it was proposed: clock, limit, when it was found, who was told. Never changed."""
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: the portal."""
    is_ticket: Mapped[bool] = mapped_column(default=False, sort_order=1)
    """Written on site at once, on a ticket (F-27)."""

    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), sort_order=3)
    """The round of consent that counts now; None: a share that was decided with the compensation."""
    decision: Mapped[str | None] = mapped_column(Text, sort_order=1)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), sort_order=1)
    approved_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), sort_order=1)
    """The head of the other department, or HR, who confirmed it."""
    confirmed_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    executor: Mapped[str | None] = mapped_column(String(20), sort_order=1)
    """Who carries it out: HR, finance or engineering."""
    sent_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    executed_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    execution_note: Mapped[str | None] = mapped_column(Text, sort_order=1)
    recover_by: Mapped[datetime | None] = mapped_column(sort_order=2)
    """Of a share that is taken from the wage: by when (DL-16)."""
    appeal: Mapped[str | None] = mapped_column(Text, sort_order=1)
    appealed_at: Mapped[datetime | None] = mapped_column(sort_order=1)
    appeal_until: Mapped[datetime | None] = mapped_column(sort_order=1)
    """It may be appealed up to here."""
    appeal_result: Mapped[str | None] = mapped_column(Text, sort_order=1)
    appeal_decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), sort_order=1)
    appeal_decided_at: Mapped[datetime | None] = mapped_column(sort_order=1)

    crew: Mapped[Crew | None] = relationship()
    party: Mapped[Party | None] = relationship(foreign_keys=[party_id])
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    approval: Mapped[Approval | None] = relationship()
    proposed_by: Mapped[User | None] = relationship(foreign_keys=[proposed_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    confirmed_by: Mapped[Party | None] = relationship(foreign_keys=[confirmed_by_id])
    appeal_decided_by: Mapped[User | None] = relationship(foreign_keys=[appeal_decided_by_id])

    @property
    def person(self) -> str:
        """Whom it concerns."""
        named = self.crew or self.party or self.user
        return named.name if named else ""

    @property
    def owner(self) -> User | None:
        """Who proposed it and is told what becomes of it."""
        return self.proposed_by

    @property
    def offence(self) -> i18n.Text:
        """What was done, as the catalogue said it then."""
        return i18n.Text(self.rule_said.get("offence") or self.rule)

    @property
    def subject(self) -> str:
        """Whom it concerns and by which rule."""
        return f"{self.person} {self.rule}"

    __table_args__ = (
        one_of("state", State),
        one_of("kind", Kind),
        one_of("department", Department, nullable=True),
        one_of("executor", Executor, nullable=True),
        UniqueConstraint("cause", "kind"),
        CheckConstraint("crew_id IS NOT NULL OR party_id IS NOT NULL OR user_id IS NOT NULL", name="subject_known"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        CheckConstraint("percent IS NULL OR base IS NOT NULL", name="percent_has_a_base"),
        CheckConstraint(
            "kind <> 'ORDER_SUSPENSION' OR (suspended_from IS NOT NULL AND suspended_until IS NOT NULL"
            " AND suspended_until >= suspended_from)",
            name="suspension_has_its_days",
        ),
        CheckConstraint(
            "state NOT IN ('APPROVED', 'SENT', 'EXECUTED', 'APPEALED') OR approved_at IS NOT NULL",
            name="nothing_without_approval",
        ),
        CheckConstraint("state <> 'EXECUTED' OR executed_at IS NOT NULL", name="executed_has_a_time"),
        Index("ix_penalty_entry_suspended", "party_id", "suspended_until", **where("kind = 'ORDER_SUSPENSION'")),
        Index("ix_penalty_entry_branch", "branch_id", "id"),
        Index("ix_penalty_entry_record", "record_kind", "record_id"),
    )


class PenaltyRuleEdition(Base):
    """How the manager changed a line of the catalogue, or added one. Never changed: the newest edition of a code holds."""

    __tablename__ = "penalty_rule_edition"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10))
    edition: Mapped[int]
    """Counted from one; before that the papers hold."""
    subject: Mapped[str] = mapped_column(String(20))
    offence: Mapped[str] = mapped_column(String(200))
    """In the manager's words, or the message id of the papers' words."""
    times: Mapped[list[list[dict[str, Any]]]] = mapped_column(JSON)
    """What follows the first time, the second …: kind, amount, percent, months."""
    otherwise: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    note: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    changed_by: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("code", "edition"), one_of("subject", Subject))
