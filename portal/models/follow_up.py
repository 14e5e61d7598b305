"""Follow-up calls: plan, calls with their attempts and answers, scripts, liaison slips, leave to read. Source: `domain.md` 3.10, 3.19, 5."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.models.base import Base, Record, where
from portal.models.complaint import Complaint
from portal.models.customer import Customer, CustomerGrade
from portal.models.org import Branch, Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.models.survey import Survey
from portal.processes import follow_up as asked
from portal.processes import follow_up_call as call_rules
from portal.processes import follow_up_ticket as ticket_rules
from portal.processes import repair as repair_rules
from portal.processes.follow_up import OBLIGATORY, AnsweredBy, AttemptOutcome, CallStage, GradeClass, Manner, Overall
from portal.terms import Term, one_of

__all__ = ["OBLIGATORY", "CallStage"]

REPAIRED = frozenset({repair_rules.State.SIGNED_OFF, repair_rules.State.CLOSED})
"""A repair of which nobody has anything left to do but to ask the customer."""


class FollowUpPlan(Base):
    """The calls planned for a project, made when its archive is opened. One per project."""

    __tablename__ = "follow_up_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), unique=True)
    grade: Mapped[str] = mapped_column(String(1))
    made_at: Mapped[datetime]
    start_on: Mapped[date | None]
    """The day of the start it was made for."""
    finish_on: Mapped[date | None]
    """The day of the finish it was made for."""

    project: Mapped[Project] = relationship()
    calls: Mapped[list[FollowUpCall]] = relationship(back_populates="plan", order_by="FollowUpCall.id")

    __table_args__ = (one_of("grade", CustomerGrade),)


class CallScript(Base):
    """What is asked at a stage, as an edition that the manager approved; a call keeps the one it was made by."""

    __tablename__ = "call_script"

    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(20))
    grade_class: Mapped[str] = mapped_column(String(5))
    edition: Mapped[int]
    effective_from: Mapped[date]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Its questions in order: `processes.follow_up.Item`."""
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: it came with the portal."""
    created_at: Mapped[datetime]

    approved_by: Mapped[User | None] = relationship()

    __table_args__ = (
        one_of("stage", CallStage),
        one_of("grade_class", GradeClass),
        UniqueConstraint("stage", "grade_class", "edition"),
    )


def _end_of(day: date) -> datetime:
    return clock.at_local(day + timedelta(days=1)) - timedelta(minutes=1)


class FollowUpCall(Record, Base):
    """One call of a project at one stage. Rules: `processes/follow_up_call.py`."""

    __tablename__ = "follow_up_call"
    KIND, PREFIX, PROCESS = "follow-up-calls", "HF", call_rules.PROCESS
    OWNER_ROLE = "SPECIALIST"

    state: Mapped[str] = mapped_column(String(20), index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up_plan.id"), index=True)
    """None: made for an event of a project that has no plan."""
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"))
    """The works it is about; None: a call that asks again about a slip, or after a repair, without any."""
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    stage: Mapped[str] = mapped_column(String(20))
    occurrence: Mapped[int] = mapped_column(default=1)
    """Which call of this stage it is; a project has each once."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who calls."""
    grade: Mapped[str] = mapped_column(String(1))
    """As it was at the call."""
    expected_on: Mapped[date | None]
    """The day its window is expected to open, from the dates of the project."""
    window_from: Mapped[date | None]
    """Since when it may be made; None: the event has not happened yet."""
    due_on: Mapped[date | None]
    """The last day of its window (5.3); None: not open yet, or without limit."""
    again_until: Mapped[date | None]
    """A later last day for a call that could not be reached and was taken up again."""
    opened_kind: Mapped[str | None] = mapped_column(String(30))
    opened_id: Mapped[int | None]
    """The record whose event opened the window."""
    next_at: Mapped[datetime | None]
    """When to try next; None: at any time."""
    attempts_from: Mapped[datetime | None] = mapped_column(sort_order=1)
    """When it was taken up again; earlier tries count no more."""
    called_at: Mapped[datetime | None]
    caller_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    manner: Mapped[str | None] = mapped_column(String(10))
    answered_by: Mapped[str | None] = mapped_column(String(20))
    overall: Mapped[str | None] = mapped_column(String(20))
    customer_words: Mapped[str | None] = mapped_column(Text)
    is_effective: Mapped[bool] = mapped_column(default=False)
    """Counts toward the four (5.2)."""
    is_late: Mapped[bool] = mapped_column(default=False)
    """Made after its window."""
    script_id: Mapped[int | None] = mapped_column(ForeignKey("call_script.id"))
    visit_allowed_at: Mapped[datetime | None]
    """When the manager consented to a visit in place of the call."""
    visit_allowed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was missed, cancelled or taken up again."""

    plan: Mapped[FollowUpPlan | None] = relationship(back_populates="calls")
    project: Mapped[Project | None] = relationship()
    customer: Mapped[Customer] = relationship()
    branch: Mapped[Branch | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    caller: Mapped[User | None] = relationship(foreign_keys=[caller_id])
    visit_allowed_by: Mapped[User | None] = relationship(foreign_keys=[visit_allowed_by_id])
    script: Mapped[CallScript | None] = relationship()
    attempts: Mapped[list[CallAttempt]] = relationship(back_populates="call", order_by="CallAttempt.id")
    answers: Mapped[list[CallAnswer]] = relationship(back_populates="call", order_by="CallAnswer.id")
    tickets: Mapped[list[FollowUpTicket]] = relationship(back_populates="call", order_by="FollowUpTicket.id")
    revisit: Mapped[Revisit | None] = relationship(back_populates="call")
    after: Mapped[RepairFollowUp | None] = relationship(back_populates="call")

    @property
    def repair(self) -> RepairOrder | None:
        """The repair after which the customer is asked; None: it is another call."""
        return self.after.order if self.after is not None else None

    @property
    def sent_back(self) -> RepairOrder | None:
        """The repair that is done again because of what was said; None: none is."""
        return self.after.order if self.after is not None and self.after.is_sent_back else None

    @property
    def about(self) -> FollowUpTicket | None:
        """The slip whose measure the customer is asked about; None: it is a call about a stage."""
        return self.revisit.slip if self.stage == CallStage.REVISIT and self.revisit is not None else None

    @property
    def slips(self) -> list[FollowUpTicket]:
        """The problems this call depends on: those it found, and the one it asks about again."""
        about = self.about
        return [*([about] if about is not None else []), *self.tickets]

    @property
    def due_at(self) -> datetime | None:
        """The end of its last day; where the customer is asked again, the hour."""
        if self.stage == CallStage.REVISIT and self.revisit is not None:
            return self.revisit.due_at
        if self.after is not None and self.again_until is None:
            return self.after.due_at
        last = self.again_until or self.due_on
        return _end_of(last) if last else None

    @property
    def due_setting(self) -> str | None:
        """The setting that counted the days of its window; None: its last day was agreed, or there is none."""
        is_counted = self.window_from is not None and self.again_until is None
        return asked.DUE_SETTINGS.get(CallStage(self.stage)) if is_counted else None

    def due_with(self, days: int) -> datetime:
        """The end of its last day, had its window so many days."""
        assert self.window_from is not None
        return _end_of(self.window_from + timedelta(days=days))

    @property
    def missing_items(self) -> list[asked.Item]:
        """The required questions that have no answer yet."""
        return asked.missing(self.script.items, (answer.item_code for answer in self.answers)) if self.script else []

    @property
    def are_slips_done(self) -> bool:
        """Whether nobody has anything left to do: no department, and no captain where it is repaired again."""
        back = self.sent_back
        is_any = bool(self.slips) or back is not None
        return (
            is_any
            and all(slip.state not in ticket_rules.WITH_DEPARTMENT for slip in self.slips)
            and (back is None or back.state in REPAIRED)
        )

    @property
    def are_slips_verified(self) -> bool:
        """Whether the customer is content with every measure, and with the repair where it was done again."""
        back = self.sent_back
        is_any = bool(self.slips) or back is not None
        return (
            is_any
            and all(slip.state == ticket_rules.State.VERIFIED for slip in self.slips)
            and (back is None or back.state == repair_rules.State.CLOSED)
        )

    @property
    def is_slip_reopened(self) -> bool:
        """Whether a department or the captain has to do it again."""
        back = self.sent_back
        return any(slip.state in ticket_rules.WITH_DEPARTMENT for slip in self.slips) or (
            back is not None and back.state in repair_rules.OPEN - REPAIRED
        )

    @property
    def is_slip_escalated(self) -> bool:
        """Whether one of them became a complaint."""
        back = self.sent_back
        return any(slip.state == ticket_rules.State.ESCALATED for slip in self.slips) or (
            back is not None and back.state == repair_rules.State.COMPLAINT
        )

    __table_args__ = (
        one_of("state", call_rules.State),
        one_of("stage", CallStage),
        one_of("grade", CustomerGrade),
        one_of("manner", Manner, nullable=True),
        one_of("answered_by", AnsweredBy, nullable=True),
        one_of("overall", Overall, nullable=True),
        CheckConstraint("project_id IS NOT NULL OR stage IN ('REPAIR', 'REVISIT')", name="stage_of_a_project"),
        CheckConstraint("due_on IS NULL OR window_from IS NOT NULL", name="due_needs_a_window"),
        CheckConstraint("due_on IS NULL OR due_on >= window_from", name="window_in_order"),
        CheckConstraint(
            "state NOT IN ('DONE_SATISFIED', 'DONE_UNSATISFIED', 'RESOLVED', 'CLOSED', 'ESCALATED')"
            " OR (called_at IS NOT NULL AND overall IS NOT NULL)",
            name="called_has_a_time",
        ),
        UniqueConstraint("project_id", "stage", "occurrence"),
        Index("ix_follow_up_call_branch", "branch_id", "id"),
        Index("ix_follow_up_call_owner", "owner_id", "state", "due_on"),
        Index("ix_follow_up_call_due", "due_on", "id"),
        Index("ix_follow_up_call_called", "called_at", "id"),
        Index("ix_follow_up_call_stage", "stage", "id"),
    )


class CallAttempt(Base):
    """One time the number was dialled."""

    __tablename__ = "call_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("follow_up_call.id"), index=True)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(200))
    next_at: Mapped[datetime | None]
    """When it is tried again."""

    call: Mapped[FollowUpCall] = relationship(back_populates="attempts")
    by: Mapped[User | None] = relationship()

    __table_args__ = (one_of("outcome", AttemptOutcome),)


class CallAnswer(Base):
    """The answer to one question of the script."""

    __tablename__ = "call_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("follow_up_call.id"))
    item_code: Mapped[str] = mapped_column(String(30))
    value: Mapped[str | None] = mapped_column(Text)
    """YES or NO, a number or time as text, or what was said."""
    score: Mapped[int | None]
    """1 to 5, or 0 to 10 for a recommendation."""
    comment: Mapped[str | None] = mapped_column(Text)

    call: Mapped[FollowUpCall] = relationship(back_populates="answers")

    __table_args__ = (
        CheckConstraint("score IS NULL OR score BETWEEN 0 AND 10", name="score_in_range"),
        UniqueConstraint("call_id", "item_code"),
    )


class FollowUpTicket(Record, Base):
    """A liaison slip (回访联系单): a problem, who answers for it, until when. Rules: `processes/follow_up_ticket.py`."""

    __tablename__ = "follow_up_ticket"
    KIND, PREFIX, PROCESS = "follow-up-tickets", "LX", ticket_rules.PROCESS
    OWNER_ROLE = "SPECIALIST"

    state: Mapped[str] = mapped_column(String(20), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up_call.id"), index=True)
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("survey.id"), index=True)
    """The survey it comes from, where it comes from no call."""
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """The specialist who follows it to the end."""
    problem: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(20))
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    """Who of the department answers for it; None: its head."""
    handed_over_at: Mapped[datetime]
    limit_at: Mapped[datetime] = mapped_column(index=True)
    limit_from: Mapped[datetime]
    """When the present limit was set."""
    missed_count: Mapped[int] = mapped_column(default=0)
    """How many limits passed with nothing done."""
    received_at: Mapped[datetime | None]
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    measure: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    revisit_due_at: Mapped[datetime | None] = mapped_column(index=True)
    """Until when the customer is to be asked again."""
    revisit_at: Mapped[datetime | None]
    revisit_result: Mapped[str | None] = mapped_column(Text)
    material: Mapped[str | None] = mapped_column(String(40), sort_order=2)
    """What the problem is about, in a word of the setting; None: no material, or not known."""
    is_solved: Mapped[bool | None] = mapped_column(sort_order=1)
    """Whether the problem is solved, as the customer said when last asked; None: not asked yet."""
    round_no: Mapped[int] = mapped_column(default=1)
    rounds: Mapped[int]
    """How many rounds it may have before it becomes a complaint, as it was set when it was opened."""
    settled_at: Mapped[datetime | None]
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    penalty_id: Mapped[int | None] = mapped_column(ForeignKey("penalty_entry.id"))

    call: Mapped[FollowUpCall | None] = relationship(back_populates="tickets")
    customer: Mapped[Customer] = relationship()
    project: Mapped[Project | None] = relationship()
    branch: Mapped[Branch | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    responsible: Mapped[Party | None] = relationship(foreign_keys=[responsible_id])
    received_by: Mapped[Party | None] = relationship(foreign_keys=[received_by_id])
    survey: Mapped[Survey | None] = relationship()
    complaint: Mapped[Complaint | None] = relationship()
    penalty: Mapped[PenaltyEntry | None] = relationship()
    revisits: Mapped[list[Revisit]] = relationship(back_populates="slip", order_by="Revisit.round_no")

    replaced_at = None

    @property
    def revisit_call(self) -> FollowUpCall | None:
        """The call that is still to be made to ask again."""
        waiting = (each.call for each in self.revisits if each.call.state in call_rules.WAITING)
        return next(waiting, None)

    @property
    def is_refused(self) -> bool:
        """Whether the customer was asked after the measure and is not content, with no further round."""
        return (
            self.state == ticket_rules.State.DONE
            and self.revisit_at is not None
            and self.done_at is not None
            and self.revisit_at >= self.done_at
        )

    @property
    def departments(self) -> list[FollowUpTicket]:
        """The department that answers for DL-08, as the clocks want it."""
        return [self]

    @property
    def head_id(self) -> int | None:
        """Who answers for a miss."""
        return self.responsible_id

    __table_args__ = (
        one_of("state", ticket_rules.State),
        one_of("department", Department),
        CheckConstraint("(call_id IS NULL) <> (survey_id IS NULL)", name="one_source"),
        CheckConstraint("state <> 'ESCALATED' OR complaint_id IS NOT NULL", name="escalated_has_a_complaint"),
        CheckConstraint("state NOT IN ('DONE', 'VERIFIED') OR done_at IS NOT NULL", name="done_has_a_time"),
        CheckConstraint("state <> 'VERIFIED' OR is_solved", name="verified_is_solved"),
        Index("ix_follow_up_ticket_material", "material", "handed_over_at", "id"),
        Index("ix_follow_up_ticket_branch", "branch_id", "id"),
        Index("ix_follow_up_ticket_department", "department", "id"),
    )


class Revisit(Base):
    """The call that asks about the measure of a slip again (复访): one for each slip and round."""

    __tablename__ = "revisit"

    call_id: Mapped[int] = mapped_column(ForeignKey("follow_up_call.id"), primary_key=True)
    slip_id: Mapped[int] = mapped_column(ForeignKey("follow_up_ticket.id"))
    round_no: Mapped[int]
    due_at: Mapped[datetime]
    """Until when the customer is to be asked."""

    call: Mapped[FollowUpCall] = relationship(back_populates="revisit")
    slip: Mapped[FollowUpTicket] = relationship(back_populates="revisits")

    __table_args__ = (UniqueConstraint("slip_id", "round_no"),)


class RepairFollowUp(Base):
    """The call after a repair (维修回访): one for each round of it. Source: `domain.md` 3.16, 4.14, DL-23."""

    __tablename__ = "repair_follow_up"

    call_id: Mapped[int] = mapped_column(ForeignKey("follow_up_call.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("repair_order.id"))
    round_no: Mapped[int]
    due_at: Mapped[datetime]
    """Until when the customer is to be asked (DL-23)."""
    is_sent_back: Mapped[bool] = mapped_column(default=False)
    """Whether it is repaired again because of what was said."""

    call: Mapped[FollowUpCall] = relationship(back_populates="after")
    order: Mapped[RepairOrder] = relationship(back_populates="follow_ups")

    __table_args__ = (UniqueConstraint("order_id", "round_no"),)


class AccessState(Term):
    """What became of somebody's wish to read call records."""

    REQUESTED = "REQUESTED", "Waits for the manager"
    APPROVED = "APPROVED", "Allowed"
    REFUSED = "REFUSED", "Refused"
    EXPIRED = "EXPIRED", "Over"


class RecordAccess(Base):
    """Leave to read the call records of a project for a time and a purpose (R-20). Each look is an event of the record."""

    __tablename__ = "record_access"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    requester_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    """Who reads, for oneself or for the head of another department."""
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    """The head of the department on whose behalf it is asked."""
    purpose: Mapped[str] = mapped_column(Text)
    """What is in doubt."""
    requested_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(10), default=AccessState.REQUESTED)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decision_note: Mapped[str | None] = mapped_column(Text)
    valid_until: Mapped[datetime | None]
    first_viewed_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()

    project: Mapped[Project] = relationship()
    requester: Mapped[User] = relationship(foreign_keys=[requester_id])
    party: Mapped[Party | None] = relationship()
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        one_of("state", AccessState),
        CheckConstraint("state <> 'APPROVED' OR valid_until IS NOT NULL", name="leave_has_an_end"),
        Index("ix_record_access_reader", "requester_id", "state", "project_id"),
        Index("uq_record_access_waiting", "requester_id", "project_id", unique=True, **where("state = 'REQUESTED'")),
    )
