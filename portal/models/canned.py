"""Texts people write again and again (常用语), their own and those the manager gives to all or to a role."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.favourite import Shared
from portal.models.org import User
from portal.permissions import Role
from portal.terms import Term, one_of


class Place(Term):
    """Where a text can be put in."""

    NOTE = "NOTE", "Internal note"
    MESSAGE = "MESSAGE", "Message"
    RESULT = "RESULT", "Result of a task"


class CannedText(Base):
    """A text under a title, with variables that are filled in from the record it is written on."""

    __tablename__ = "canned_text"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    """With variables like {客户}: `services.canned.VARIABLES`."""
    kinds: Mapped[str | None] = mapped_column(String(300))
    """Plural names of the records it is for, with commas; None: all."""
    places: Mapped[str | None] = mapped_column(String(100))
    """Codes of Place, with commas; None: everywhere."""
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    shared: Mapped[str] = mapped_column(String(10), default=Shared.ME)
    role: Mapped[str | None] = mapped_column(String(20))
    """The role it is for when it is shared with one."""
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    """The branch it is shared in: the owner's; None: every branch."""
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    owner: Mapped[User] = relationship()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        UniqueConstraint("owner_id", "title"),
        one_of("shared", Shared),
        one_of("role", Role, nullable=True),
        Index("ix_canned_text_shared", "shared", "role"),
    )
