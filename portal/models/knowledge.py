"""Knowledge articles with their editions and who confirmed reading them. Rules: `processes/knowledge.py`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base, Record
from portal.models.org import User
from portal.processes import approval as approval_rules
from portal.processes.follow_up import CallStage, GradeClass
from portal.processes.knowledge import PROCESS, Category, State
from portal.terms import one_of


class Wording:
    """What an article says, in one edition of it."""

    title: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(20))
    grade: Mapped[str] = mapped_column(String(5), default=GradeClass.ALL)
    stage: Mapped[str | None] = mapped_column(String(20))
    """The call it is read beside; None: it belongs to none."""
    body: Mapped[str] = mapped_column(Text)
    """Plain text with headings and lists: `portal.prose`."""
    is_mandatory: Mapped[bool] = mapped_column(default=False)
    effective_from: Mapped[date | None]
    """The day it is published on; None: as soon as it is approved."""


WORDING = ("title", "category", "grade", "stage", "body", "is_mandatory", "effective_from")
"""What a person writes of an edition."""


def _known() -> tuple[CheckConstraint, ...]:
    return one_of("category", Category), one_of("grade", GradeClass), one_of("stage", CallStage, nullable=True)


class KnowledgeArticle(Wording, Record, Base):
    """A rule, a script, an answer (3.24), in the words that count: of the published edition, before there is one of the draft."""

    __tablename__ = "knowledge_article"
    KIND, PREFIX, PROCESS = "knowledge-articles", "ZS", PROCESS

    state: Mapped[str] = mapped_column(String(20))
    edition_no: Mapped[int] = mapped_column(default=0)
    """The edition that is read; 0: none is published yet."""
    published_at: Mapped[datetime | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """Whoever wrote the newest edition."""
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    """The request for consent to the newest edition."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was retired."""

    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    approval: Mapped[Approval | None] = relationship()
    editions: Mapped[list[KnowledgeEdition]] = relationship(
        back_populates="article", order_by="KnowledgeEdition.no", cascade="all, delete-orphan"
    )

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.title

    @property
    def newest(self) -> KnowledgeEdition:
        """The edition that was written last."""
        return self.editions[-1]

    @property
    def is_asked(self) -> bool:
        """Whether consent is being waited for."""
        return self.approval is not None and self.approval.state == approval_rules.State.WAITING

    @property
    def counts(self) -> bool:
        """Whether there is an edition that people go by."""
        return self.edition_no > 0 and self.state != State.RETIRED

    __table_args__ = (
        one_of("state", State),
        *_known(),
        CheckConstraint("state <> 'PUBLISHED' OR edition_no > 0", name="published_has_an_edition"),
        CheckConstraint("state <> 'RETIRED' OR reason IS NOT NULL", name="retired_has_a_reason"),
        Index("ix_knowledge_article_branch", "branch_id", "id"),
    )


class KnowledgeEdition(Wording, Base):
    """One version of an article. Once published it is never changed."""

    __tablename__ = "knowledge_edition"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("knowledge_article.id"))
    no: Mapped[int]
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    written_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(String(120))
    """Whoever consented, as its approval names them: A for B."""
    approved_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    """None: it is the draft."""

    article: Mapped[KnowledgeArticle] = relationship(back_populates="editions")
    written_by: Mapped[User | None] = relationship(foreign_keys=[written_by_id])

    __table_args__ = (
        *_known(),
        UniqueConstraint("article_id", "no"),
        CheckConstraint("published_at IS NULL OR approved_at IS NOT NULL", name="published_was_approved"),
    )


class KnowledgeReading(Base):
    """That somebody confirmed having read an edition. It stays."""

    __tablename__ = "knowledge_reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("knowledge_article.id"))
    edition_no: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    read_at: Mapped[datetime]

    user: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("article_id", "edition_no", "user_id"),)
