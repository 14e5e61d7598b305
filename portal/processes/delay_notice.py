"""P06 Delay forms: the finish moves only with the customer's signature. Source: domain.md 3.7, 4.6 (6)."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.processes.change_order import WORKS_OPEN

CONTEXT = "delay"


class State(StrEnum):
    """Where a delay form stands."""

    PROPOSED = "PROPOSED"
    SIGNED = "SIGNED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What can be done with a delay form."""

    PROPOSE = "propose"
    SIGN = "sign"
    WITHDRAW = "withdraw"


HAS_FINISH = Guard(
    "finish",
    N_("a finish is planned, so that it can move"),
    lambda notice: notice.project.planned_finish_on is not None,
)

PROCESS = Process(
    code="P06-2",
    kind="delays",
    title=N_("Delays", "works"),
    purpose=N_("A later finish is agreed on paper before it counts; the days and the cause are known to everybody."),
    states=(
        base.State(State.PROPOSED, N_("To be signed", CONTEXT), N_("Written; the finish stays where it is.")),
        base.State(
            State.SIGNED, N_("Signed", CONTEXT), N_("The customer signed: the planned finish moved."), final=True
        ),
        base.State(
            State.WITHDRAWN, N_("Withdrawn", CONTEXT), N_("It was not signed; the finish stays."),
            final=True, main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.PROPOSE,
            N_("Write a delay form"),
            frozenset(),
            State.PROPOSED,
            Permission.PROJECT_EDIT,
            required=("cause", "days"),
            optional=("stop",),
            guards=(WORKS_OPEN, HAS_FINISH),
        ),
        Transition(
            Action.SIGN,
            N_("Record the customer's signature"),
            frozenset({State.PROPOSED}),
            State.SIGNED,
            Permission.PROJECT_EDIT,
            required=("customer_signed_by", "signed_on"),
            guards=(WORKS_OPEN, HAS_FINISH),
            on_behalf=True,
        ),
        Transition(
            Action.WITHDRAW,
            N_("Withdraw", CONTEXT),
            frozenset({State.PROPOSED}),
            State.WITHDRAWN,
            Permission.PROJECT_EDIT,
            required=("withdrawn_why",),
            primary=False,
        ),
    ),
    field_labels={
        "cause": N_("Cause"),
        "days": N_("Days"),
        "stop": N_("For the stop of works"),
        "customer_signed_by": N_("Signed by the customer"),
        "signed_on": N_("Signed by the customer on"),
        "withdrawn_why": N_("Why it was withdrawn"),
    },
)  # fmt: skip
