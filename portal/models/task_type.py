"""The sorts of work the company tells apart (待办类型), and what follows when one is done."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.org import User
from portal.permissions import Role
from portal.terms import Term, one_of


class DelayUnit(Term):
    """In what a delay is counted."""

    HOURS = "HOURS", "hours"
    DAYS = "DAYS", "days"
    WORKING_DAYS = "WORKING_DAYS", "working days"


class Chaining(Term):
    """What happens when a task of the type is done."""

    NONE = "NONE", "Nothing"
    SUGGEST = "SUGGEST", "Suggest the next one"
    TRIGGER = "TRIGGER", "Set the next one"


class CountedFrom(Term):
    """Where the delay of the next task begins."""

    COMPLETION = "COMPLETION", "From when it was done"
    DEADLINE = "DEADLINE", "From when it was due"


class TaskType(Base):
    """A sort of task people set by hand: its usual title, whose turn, how long, and what comes next."""

    __tablename__ = "task_type"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    """In the company's own words."""
    icon: Mapped[str] = mapped_column(String(30), default="checklist")
    summary: Mapped[str | None] = mapped_column(String(200))
    """The usual title of its tasks; None: its name."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    role: Mapped[str | None] = mapped_column(String(20))
    """Whose turn it usually is; without person and role whoever sets it."""
    delay: Mapped[int] = mapped_column(default=1)
    delay_unit: Mapped[str] = mapped_column(String(20), default=DelayUnit.WORKING_DAYS)
    chaining: Mapped[str] = mapped_column(String(10), default=Chaining.NONE)
    next_id: Mapped[int | None] = mapped_column(ForeignKey("task_type.id"))
    counted_from: Mapped[str] = mapped_column(String(20), default=CountedFrom.COMPLETION)
    """Where the delay of the next type begins when a task of this one is done."""
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    """Came with the portal and was not changed since."""
    version: Mapped[int] = mapped_column()

    person: Mapped[User | None] = relationship()
    next: Mapped[TaskType | None] = relationship(remote_side="TaskType.id")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        one_of("delay_unit", DelayUnit),
        one_of("chaining", Chaining),
        one_of("counted_from", CountedFrom),
        one_of("role", Role, nullable=True),
    )

    @property
    def title(self) -> str:
        """What a task of this type is called when nobody writes a title."""
        return self.summary or self.name
