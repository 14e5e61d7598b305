"""P10 Escalated complaint, its beginning: the hand-over to the manager. Source: domain.md 4.10, R-10.

Held so far: submission with its three texts and the manager taking the case. Visit, liability, money and payment
are not in the portal yet, so no clock of theirs runs.
"""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Process, Transition
from portal.terms import Term

CONTEXT = "escalation"


class State(StrEnum):
    """Where an escalation stands."""

    SUBMITTED = "SUBMITTED"
    ASSESSING = "ASSESSING"


class Action(StrEnum):
    """What can be done with an escalation."""

    SUBMIT = "submit"
    TAKE = "take"


class Ground(Term):
    """Why a complaint is escalated (R-10)."""

    COMPENSATION = "COMPENSATION", "Compensation or loss is claimed"
    BEYOND_SPECIALIST = "BEYOND_SPECIALIST", "The specialist cannot solve it"
    TWO_ROUNDS = "TWO_ROUNDS", "Two unsatisfied rounds"
    THIRD_TIME = "THIRD_TIME", "The same problem for the third time"
    DL13_TWICE = "DL13_TWICE", "Solving on site missed twice (DL-13)"
    SAFETY = "SAFETY", "Safety or injury"
    OUTSIDE_PRESSURE = "OUTSIDE_PRESSURE", "Media, authority, lawyer or a group is involved"
    GRADE_A_DEMANDS = "GRADE_A_DEMANDS", "A grade A customer demands it"


PROCESS = Process(
    code="P10",
    kind="escalations",
    title=N_("Escalated complaint"),
    purpose=N_("What the specialist cannot settle is settled by the manager."),
    states=(
        base.State(
            State.SUBMITTED, N_("Submitted to the manager", CONTEXT), N_("The specialist handed the case over.")
        ),
        base.State(State.ASSESSING, N_("Being assessed", CONTEXT), N_("The manager studies the case."), final=True),
    ),
    transitions=(
        Transition(
            Action.SUBMIT,
            N_("Escalate"),
            frozenset(),
            State.SUBMITTED,
            Permission.ESCALATION_SUBMIT,
            required=("why", "cause", "process_so_far", "customer_demand"),
            notify=("managers",),
        ),
        Transition(
            Action.TAKE,
            N_("Take the case"),
            frozenset({State.SUBMITTED}),
            State.ASSESSING,
            Permission.ESCALATION_WORK,
            notify=("owner",),
        ),
    ),
    field_labels={
        "why": N_("Ground for escalation"),
        "cause": N_("Cause"),
        "process_so_far": N_("What was done so far"),
        "customer_demand": N_("What the customer demands"),
    },
)
