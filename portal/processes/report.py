"""P19 Statistics and reports: from the day a report falls due to its recipients. Source: domain.md 4.19, 6.1, DL-29."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term

CONTEXT = "report"


class State(Term):
    """Where a report stands (4.19)."""

    DUE = "DUE", "To be drawn up"
    DRAFT = "DRAFT", "Draft"
    SIGNED = "SIGNED", "Signed by the manager"
    SENT = "SENT", "Delivered"
    LATE = "LATE", "Late"


class Action(StrEnum):
    """What can be done with a report."""

    MAKE = "make"
    ASK = "ask"
    DRAW_UP = "draw-up"
    REFRESH = "refresh"
    MISS = "miss"
    SIGN = "sign"
    DELIVER = "deliver"


class Recipient(Term):
    """Who gets a report (6.1)."""

    MANAGER = "MANAGER", "Department manager"
    GM = "GM", "General manager"
    DEPUTY_GM = "DEPUTY_GM", "Deputy general manager"
    HEADQUARTERS = "HEADQUARTERS", "Headquarters"
    CULTURE = "CULTURE", "Culture centre of the headquarters"
    HR = "HR", "Human resources"
    DESIGN = "DESIGN", "Design"
    ENGINEERING = "ENGINEERING", "Engineering"
    FINANCE = "FINANCE", "Finance"
    MARKETING = "MARKETING", "Marketing"
    DEPARTMENTS = "DEPARTMENTS", "Departments concerned"


class Way(Term):
    """How a report reached a recipient."""

    EMAIL = "EMAIL", "E-mail"
    PAPER = "PAPER", "On paper"
    CHAT = "CHAT", "Company chat"


class Delivered(Term):
    """Whether a recipient has the report."""

    WAITING = "WAITING", "Not sent yet"
    SENDING = "SENDING", "Being sent"
    SENT = "SENT", "Sent"
    FAILED = "FAILED", "Could not be sent"


DRAWN_UP = Guard("drawn-up", N_("the figures are drawn up"), lambda run: run.drafted_at is not None)
NOT_SIGNED = Guard("not-signed", N_("it is not signed yet", "report"), lambda run: not run.deliveries)
OVER = Guard(
    "all-sent",
    N_("every recipient has it"),
    lambda run: bool(run.deliveries) and all(each.state == Delivered.SENT for each in run.deliveries),
    needs_input=True,
)

PROCESS = Process(
    code="P19",
    kind="report-runs",
    title=N_("Statistics and reports"),
    purpose=N_("Each report is drawn up by its day, signed with its figures frozen, and delivered to everybody it is for."),
    states=(
        base.State(State.DUE, State.DUE.label, N_("Its day has come; the portal draws it up.")),
        base.State(State.DRAFT, State.DRAFT.label, N_("The figures are there; the manager comments and signs.")),
        base.State(State.SIGNED, State.SIGNED.label, N_("The figures are frozen; it goes to its recipients.")),
        base.State(State.SENT, State.SENT.label, N_("Every recipient has it."), final=True),
        base.State(
            State.LATE, State.LATE.label, N_("It was not with its recipients by its time; it is signed and delivered all the same."),
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.MAKE, N_("Put the report on the list"), frozenset(), State.DUE, Permission.REPORT_GENERATE,
            automatic=True, notify=("specialists",), source_note="DL-29",
        ),
        Transition(
            Action.ASK, N_("Have a report drawn up"), frozenset(), State.DUE, Permission.REPORT_GENERATE,
        ),
        Transition(
            Action.DRAW_UP, N_("Draw up"), frozenset({State.DUE}), State.DRAFT, Permission.REPORT_GENERATE,
            automatic=True, notify=("managers",),
        ),
        Transition(
            Action.DRAW_UP, N_("Draw up"), frozenset({State.LATE}), State.LATE, Permission.REPORT_GENERATE,
            automatic=True,
        ),
        Transition(
            Action.SIGN, N_("Sign and freeze"), frozenset({State.DRAFT, State.LATE}), State.SIGNED,
            Permission.REPORT_SIGN, optional=("analysis", "measures", "plan", "help"), guards=(DRAWN_UP, NOT_SIGNED),
            notify=("specialists",),
        ),
        Transition(
            Action.REFRESH, N_("Draw up again"), frozenset({State.DRAFT}), State.DRAFT, Permission.REPORT_GENERATE,
            primary=False,
        ),
        Transition(
            Action.REFRESH, N_("Draw up again"), frozenset({State.LATE}), State.LATE, Permission.REPORT_GENERATE,
            guards=(NOT_SIGNED,), primary=False,
        ),
        Transition(
            Action.MISS, N_("Its time is over"), frozenset({State.DUE, State.DRAFT, State.SIGNED}), State.LATE,
            Permission.REPORT_GENERATE, automatic=True, notify=("managers",), source_note="DL-29",
        ),
        Transition(
            Action.DELIVER, N_("Delivered to everybody"), frozenset({State.SIGNED, State.LATE}), State.SENT,
            Permission.REPORT_SEND, guards=(OVER,), automatic=True,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-29",
            N_("Sign and deliver the report"),
            starts=frozenset({State.DUE}),
            met_by=frozenset({State.SENT}),
            setting="report_due_time",
            starts_on=frozenset({Action.MAKE}),
            managers_in=frozenset({State.DRAFT, State.SIGNED, State.LATE}),
            due_field="due_at",
            due_words=N_("The day and time of the report calendar; holidays move it."),
        ),
    ),
    field_labels={
        "analysis": N_("Analysis"),
        "measures": N_("Measures proposed", "report"),
        "plan": N_("Plan for the next period"),
        "help": N_("Help needed"),
    },
)  # fmt: skip
