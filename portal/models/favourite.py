"""A list as somebody wants to see it again, under a name; and the columns a person wants of a list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, where
from portal.models.org import User
from portal.terms import Term, one_of


class Shared(Term):
    """Who sees a favourite beside whoever keeps it."""

    ME = "ME", "Only me"
    ROLE = "ROLE", "A role"
    ALL = "ALL", "Everybody"


class Favourite(Base):
    """Search, filters, conditions, groups and view of a list under a name."""

    __tablename__ = "favourite"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    """The list, by the plural name of its records."""
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(Text)
    """The state as it stands in the URL of the list."""
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    shared: Mapped[str] = mapped_column(String(10), default=Shared.ME)
    role: Mapped[str] = mapped_column(String(20))
    """The role it is for when it is shared with one."""
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    """The branch it is shared in: the owner's; None: every branch."""
    is_default: Mapped[bool] = mapped_column(default=False)
    """The list opens so, for whoever sees it, unless the person has a default of their own."""
    is_counted: Mapped[bool] = mapped_column(default=True)
    """The menu says how many rows it has."""
    alert_over: Mapped[int | None]
    """The owner is told, once a day, when there are more rows than this."""
    created_at: Mapped[datetime]

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])

    __table_args__ = (
        UniqueConstraint("owner_id", "kind", "name"),
        one_of("shared", Shared),
        Index("ix_favourite_kind", "kind", "shared"),
        Index("ix_favourite_alert", "id", **where("alert_over IS NOT NULL")),
    )


class ListColumns(Base):
    """The columns a person wants of a list, in their order."""

    __tablename__ = "list_columns"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(30))
    columns: Mapped[list[str]] = mapped_column(JSON)

    __table_args__ = (UniqueConstraint("user_id", "kind"),)
