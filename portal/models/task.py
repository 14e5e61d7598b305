"""What must be done and by when: one table, and the breaches that stay. Source: `domain.md` 0.2, 4.29."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, prefixed, where
from portal.models.org import User
from portal.models.task_type import TaskType
from portal.terms import Term, one_of


class TaskKind(Term):
    """What sort of task: a clock of a process, or one that people set."""

    DEADLINE = "DEADLINE", "Deadline"
    CALL_BACK = "CALL_BACK", "Call back"
    MESSAGE = "MESSAGE", "Message to pass on"
    PROMISE = "PROMISE", "Promise to a customer"
    TODO = "TODO", "To do"
    HAND = "HAND", "Set by hand"


OWN_WORDS = frozenset({TaskKind.PROMISE, TaskKind.HAND})
"""Kinds whose title is in the words of whoever set them; other titles are English message ids."""


class TaskOutcome(Term):
    """How a task ended."""

    DONE = "DONE", "Done"
    CANCELLED = "CANCELLED", "No longer needed"


class Task(Base):
    """One thing due (待办). Dashboards, reminders, chips and timeliness all read this table and nothing else."""

    __tablename__ = "task"
    KIND = "tasks"
    """Of its list and its texts; it is no record with a page of its own."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    code: Mapped[str | None] = mapped_column(String(10))
    """DL-xx for clocks of a process."""
    title: Mapped[str] = mapped_column(String(200))
    """An English message id for clocks, the person's words for other kinds."""
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(prefixed(40))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    customer_name: Mapped[str | None] = mapped_column(String(50))
    detail: Mapped[str | None] = mapped_column(String(200))
    type_name: Mapped[str | None] = mapped_column(String(20))
    """What sort of work it is, for tasks set by hand: the name of its type on the day it was set."""
    note: Mapped[str | None] = mapped_column(Text)
    """What whoever set it by hand wrote about it."""
    result: Mapped[str | None] = mapped_column(Text)
    """What came of it, in the words of whoever did it."""
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who set it by hand."""
    put_off_count: Mapped[int] = mapped_column(default=0)
    """How often it was put off: each new due time is warned of anew."""
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    role: Mapped[str | None] = mapped_column(String(20))
    """Whose turn it is when no person is named."""
    responsible: Mapped[str] = mapped_column(String(20), default="owner")
    """Who answers for a miss: owner, managers, department."""
    department: Mapped[str | None] = mapped_column(String(20))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    """None: no limit, or paused."""
    warn_at: Mapped[datetime | None]
    explanation: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """`calendar.Due.to_dict()`: the stretches counted and the calendar version."""
    next_check_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the sweep looks again: warn, due, then every 24 h. None: never."""
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[str | None] = mapped_column(String(20))
    round_no: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column()
    type_id: Mapped[int | None] = mapped_column(ForeignKey("task_type.id"))
    after_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    """The task whose end set this one by itself; there is never a second one."""

    type: Mapped[TaskType | None] = relationship()
    person: Mapped[User | None] = relationship(foreign_keys=[person_id])
    set_by: Mapped[User | None] = relationship(foreign_keys=[set_by_id])
    pauses: Mapped[list[TaskPause]] = relationship(back_populates="task", order_by="TaskPause.started_at")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        one_of("kind", TaskKind),
        one_of("outcome", TaskOutcome, nullable=True),
        Index(
            "ix_task_person_open", "person_id", "closed_at", "due_at", "record_kind", **where("person_id IS NOT NULL")
        ),
        Index(
            "ix_task_role_open",
            "role",
            "closed_at",
            "due_at",
            "record_kind",
            "person_id",
            "branch_id",
            **where("role IS NOT NULL"),
        ),
        Index("ix_task_open", "closed_at", "due_at"),
        Index("ix_task_due", "due_at", "id", "person_id", "set_by_id", "role", "branch_id"),
        Index("ix_task_promise", "due_at", "id", "closed_at", "outcome", "branch_id", **where("kind = 'PROMISE'")),
        Index("ix_task_load", "closed_at", "department", "person_id", "due_at", "branch_id"),
        Index("ix_task_clock", "record_kind", "due_at", "record_id", **where("closed_at IS NULL")),
        Index("ix_task_record_open", "record_kind", "record_id", "due_at", "id", **where("closed_at IS NULL")),
        Index("ix_task_record", "record_kind", "record_id"),
        Index("ix_task_no_limit", "id", **where("due_at IS NULL")),
        Index("ix_task_number", "record_number"),
        Index("ix_task_customer", "customer_id"),
        Index(
            "ix_task_met",
            "code",
            "closed_at",
            "department",
            "breached_at",
            "branch_id",
            "record_kind",
            "record_id",
            **where("code IS NOT NULL AND outcome = 'DONE'"),
        ),
        Index("uq_task_after", "after_id", unique=True, **where("after_id IS NOT NULL")),
        Index("ix_task_set_by", "set_by_id", "closed_at", "due_at", **where("set_by_id IS NOT NULL")),
    )


class TaskPause(Base):
    """A stretch in which a clock stood still, with the reason and who stopped it."""

    __tablename__ = "task_pause"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    task: Mapped[Task] = relationship(back_populates="pauses")


class DeadlineBreach(Base):
    """A missed deadline (逾期记录). A fact that stays, also when the work is done later.

    Only a manager who accepts that it was met without signal takes it away (`services/claims.py`).
    """

    __tablename__ = "deadline_breach"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), unique=True)
    code: Mapped[str] = mapped_column(String(10), index=True)
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(String(40))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    department: Mapped[str | None] = mapped_column(String(20))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    due_at: Mapped[datetime] = mapped_column(index=True)
    found_at: Mapped[datetime]
    met_at: Mapped[datetime | None]
    late_minutes: Mapped[int | None]
    """By how long, once it was met."""
    comment: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_deadline_breach_record", "record_kind", "record_id"),)


class Topic(Term):
    """What those who follow a record can be told of. To be named with @ is told in any case."""

    STEPS = "STEPS", "Steps"
    MESSAGES = "MESSAGES", "Messages"
    NOTES = "NOTES", "Internal notes"
    TASKS = "TASKS", "Tasks"
    FILES = "FILES", "Files"
    CHANGES = "CHANGES", "Changed fields"
    CALLS = "CALLS", "Calls"
    MISSES = "MISSES", "Missed deadlines"


class Follower(Base):
    """Somebody with a login who is told of what happens to a record. Customers never follow."""

    __tablename__ = "follower"

    record_kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    since: Mapped[datetime]
    topics: Mapped[str | None] = mapped_column(String(100))
    """Codes of Topic; None: what the person is told of by default."""
